/**
 * The story of a discount: an agency writes a programme, publishes it while the till is open, and the till applies it
 * line by line: a capped price, a part in percent, an exclusion, goods that it does not name. Every step says what it
 * does and fails when the screen does not show it.
 */
import { demoAgency, demoCanteen, months } from '../../ledger-sim/scenarios/demo-schemes.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { Scheme } from '../../src/voucher/scheme.ts'
import { expectApproved, inWords, type Counter } from './counter.ts'
import { allowances, takings, type Ending, type Scenario, type Stage } from './scenario.ts'

/** Monday, 23 November 2026, noon in Almaty. */
export const discount: Scenario = { startsAt: Date.UTC(2026, 10, 23, 7), play: playDiscount }

const schemeId = 'family-discount'
const tenge = (amount: number) => tiyn(BigInt(amount) * 100n)
/** In no lease: on line only. */
const onlineCard = 'Pupil 21'
const leasedCard = 'Pupil 22'
const eggs = '04870000000036'
const bread = '04870000000012'

function familyDiscount(now: number): Scheme {
  return {
    schemeId,
    version: 1,
    agencyId: demoAgency,
    name: { kk: 'Отбасы жеңілдігі', ru: 'Скидка для семьи', en: 'Family discount' },
    status: 'active',
    benefit: { kind: 'amount', perPeriod: tenge(2_000) },
    periods: months(now),
    merchants: [demoCanteen],
    goods: [
      { goods: { by: 'gtin', gtins: [eggs] }, unitsPerPiece: 1, pays: { kind: 'nothing' } },
      { goods: { by: 'gtin', gtins: [bread] }, unitsPerPiece: 1, pays: { kind: 'above', perUnit: tenge(150) } },
      {
        goods: { by: 'category', categories: ['food'] },
        unitsPerPiece: 1,
        pays: { kind: 'percent', percent: 20, roundedTo: 'tenge' },
      },
    ],
    caps: {
      perSale: tenge(2_000),
      perBeneficiaryAndPeriod: tenge(2_000),
      countPerBeneficiary: 30,
      terminalExposure: tenge(50_000),
      ageSinceSyncMs: 24 * 3_600_000,
    },
    offline: {
      policy: 'lease-listed',
      allowedPolicyAgeMs: 24 * 3_600_000,
      lossBearer: { kind: 'agency', upTo: tenge(50_000) },
    },
    order: 3,
  }
}

async function playDiscount({ counter, agency, clock, say }: Stage): Promise<Ending> {
  say('Monday noon in Almaty. The till in the canteen is open.')
  await agency.publishes(familyDiscount(clock.now()), tenge(1_000_000))
  await agency.entitles(schemeId, [onlineCard, leasedCard])
  await agency.leases('till-1', schemeId, [leasedCard])
  await counter.hearsNews()
  say('The agency publishes a family discount: bread at 150 tenge, a fifth off other food, nothing off eggs.')

  const first = await buys(counter, onlineCard, 'settled', 294, [
    // Each bread costs 180: the agency pays what is above 150.
    { item: 'bread', quantity: 2, pays: 60, why: 'own_part' },
    { item: 'milk', quantity: 1, pays: 104, why: 'own_part' },
    { item: 'rice', quantity: 1, pays: 130, why: 'own_part' },
    { item: 'eggs', quantity: 1, pays: 0, why: 'excluded' },
    { item: 'juice', quantity: 1, pays: 0, why: 'not_listed' },
  ])
  say(`${onlineCard}: the agency pays 294 tenge, line by line, and the screen says of each line why not the rest.`)

  const back = await counter.takesBack(first, 2)
  if (back.voucher !== tenge(104) || back.cash !== tenge(416))
    throw new Error(`104 tenge must go back to the scheme and 416 in cash, the screen says ${inWords(back)} tiyn`)
  say('The milk comes back: its fifth goes back to the programme, the rest to the customer in cash.')

  await buys(counter, onlineCard, 'settled', 1_810, [
    { item: 'rice', quantity: 20, pays: 1_810, why: 'allowance_used' },
  ])
  say('Twenty bags of rice: a fifth would be 2 600 tenge, the month has 1 810 left. The customer pays the rest.')

  await counter.losesNetwork()
  await buys(counter, leasedCard, 'pending', 148, [
    { item: 'bread', quantity: 1, pays: 30, why: 'own_part' },
    { item: 'apples', quantity: 1, pays: 118, why: 'own_part' },
  ])
  say(`The network is down. ${leasedCard} has the same discount under the lease of this till.`)
  await counter.getsNetworkBack()
  await counter.endsWell()
  say('The network returns. Everything is settled, every slip is on paper.')

  const paid = { voucher: 294 + 1_810 + 148, cash: 2_366 + 11_190 + 622 }
  return {
    settled: 3,
    totals: {
      tills: { 'till-1': takings(paid, { voucher: 104, cash: 416 }) },
      allowances: allowances({ [`${schemeId} 2026-11`]: paid.voucher - 104 }),
    },
    figures: () => ({}),
  }
}

interface BoughtLine {
  readonly item: string
  readonly quantity: number
  /** Whole tenge that the card pays of it. */
  readonly pays: number
  /** What the screen says of the rest. */
  readonly why: string
}

/** Rings up, taps, looks at every line, and takes the rest in cash. @returns the sale's id */
async function buys(
  counter: Counter,
  card: string,
  look: 'settled' | 'pending',
  pays: number,
  lines: readonly BoughtLine[],
): Promise<string> {
  await counter.ringsUp(Object.fromEntries(lines.map(({ item, quantity }) => [item, quantity])))
  expectApproved(await counter.taps(card), look, card, tenge(pays))
  const { cardPays } = await counter.till.sees('what the card pays', (shown) => shown.cardPays !== null)
  const shown = cardPays?.lines.map((line) => [line.line, line.pays, line.why])
  const expected = lines.map((line, index) => [index + 1, tenge(line.pays), line.why])
  if (inWords(shown) !== inWords(expected))
    throw new Error(`beside the lines must stand ${inWords(expected)}, the screen says ${inWords(shown)}`)
  await counter.takesCash()
  return counter.finishes()
}
