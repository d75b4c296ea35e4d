/**
 * The story of a lost card: what it sold before is paid, it is refused wherever the hotlist has arrived, and the card
 * in its place has at once what no till holds, at the till that holds a slot what is left of it, and at another till
 * the rest once the first has given it up (money-rules.md, "Offline": re-issue). Two tills of one canteen. Every step
 * says what it does and fails when the screen does not show it.
 */
import type { RefusalCode } from '../../src/terminal/contract/index.ts'
import { expectApproved, type Counter } from './counter.ts'
import { writesCard } from './issuing-desk.ts'
import { allowances, takings, type Ending, type Scenario, type Stage } from './scenario.ts'

/** Monday, 23 November 2026, noon in Almaty: the canteen sells lunches and food. */
export const cardReissue: Scenario = { startsAt: Date.UTC(2026, 10, 23, 7), play: playCardReissue }

/** Its food voucher is leased to the first till. */
const lostByFamily = 'Family 01'
/** Leased to no till. */
const lostByPupil = 'Pupil 21'

/** Whole tenge. */
const price = { 'school-lunch': 1_150, bread: 180, milk: 520, eggs: 780, rice: 650 } as const
type Item = keyof typeof price

async function playCardReissue(stage: Stage): Promise<Ending> {
  const { counter: first, world, agency, say } = stage
  const second = await stage.openCounter(await agency.enrolmentCode('till-2'))
  const refused: Partial<Record<RefusalCode, number>> = {}
  const refuses = async (counter: Counter, item: Item, card: string, code: RefusalCode): Promise<void> => {
    await counter.refuses({ [item]: 1 }, card, code)
    refused[code] = (refused[code] ?? 0) + 1
  }
  /** @returns the item's price in tenge, which the voucher must pay in full */
  const sells = async (counter: Counter, item: Item, card: string, look: 'settled' | 'pending'): Promise<number> => {
    expectApproved(await counter.sells({ [item]: 1 }, card), look, card, BigInt(price[item]) * 100n)
    return price[item]
  }
  const takesItsPlace = async (lost: string): Promise<string> => {
    const label = `${lost}, new card`
    await agency.reissues(lost, await writesCard(world, first.panel, label))
    return label
  }
  say('Monday noon in Almaty. Two tills of one canteen are open; the first holds the leases.')

  await first.losesNetwork()
  const before = await sells(first, 'milk', lostByFamily, 'pending')
  say(`The first till has no network. ${lostByFamily} buys milk there, under its lease.`)
  const familyCard = await takesItsPlace(lostByFamily)
  say(`${lostByFamily} loses the card. The agency blocks it and issues another one in its place.`)
  await second.hearsNews()
  await second.losesNetwork()
  await refuses(second, 'bread', lostByFamily, 'CARD_BLOCKED')
  await second.getsNetworkBack()
  say('A finder tries the lost card at the second till: its hotlist names it, also without network.')
  const byFinder = await sells(first, 'bread', lostByFamily, 'pending')
  say('The finder gets bread at the first till, which cannot have heard of it yet. The lease answers for that.')
  await refuses(first, 'eggs', familyCard, 'CARD_NOT_IN_LEASE')
  say('Nor does the first till know the new card yet.')

  await first.getsNetworkBack()
  await first.catchesUp()
  say('The network returns: what the lost card sold at the first till is presented and paid.')
  await first.losesNetwork()
  await refuses(first, 'bread', lostByFamily, 'CARD_BLOCKED')
  const atHolder = await sells(first, 'eggs', familyCard, 'pending')
  say('Without network again: the lost card is refused there now, and the new one pays from the slot that it holds.')

  await refuses(second, 'rice', familyCard, 'LEASED_ELSEWHERE')
  await refuses(second, 'rice', familyCard, 'LEASED_ELSEWHERE')
  say('The second till says that the allowance is leased to another till, which cannot be asked for it now.')
  await first.getsNetworkBack()
  await first.catchesUp()
  const elsewhere = await sells(second, 'rice', familyCard, 'settled')
  say('The first till is back, hands over its sale and gives the slot up. The new card pays at the second till.')
  await first.losesNetwork()
  await refuses(first, 'bread', familyCard, 'CARD_NOT_IN_LEASE')
  await first.getsNetworkBack()
  say('The first till sells nothing on that slot any more.')

  const pupilCard = await takesItsPlace(lostByPupil)
  const lunch = await sells(second, 'school-lunch', pupilCard, 'settled')
  say(`${lostByPupil} loses the card too: no till holds the lunch, so the new card pays it at once.`)
  await refuses(second, 'school-lunch', pupilCard, 'ALLOWANCE_USED')
  await refuses(second, 'school-lunch', lostByPupil, 'CARD_BLOCKED')
  say('There is no second lunch, neither by the new card nor by the lost one.')
  await first.endsWell()
  await second.endsWell()
  say('Everything is settled, every receipt is on paper.')

  const atFirst = before + byFinder + atHolder
  return {
    settled: 5,
    totals: {
      tills: { 'till-1': takings({ voucher: atFirst }), 'till-2': takings({ voucher: elsewhere + lunch }) },
      allowances: allowances({ 'food-voucher 2026-11': atFirst + elsewhere, 'school-lunch 2026-11-23': lunch }),
    },
    figures: () => ({ refused }),
  }
}
