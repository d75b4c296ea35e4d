/**
 * The story of a food voucher at the turn of the month: two tills of two merchants, baskets that the voucher pays in
 * part, goods that come back, an allowance that is used up, sales without network, and midnight of the 31st. Every step
 * says what it does and fails when the screen does not show it.
 */
import { demoShop } from '../../ledger-sim/scenarios/demo-schemes.ts'
import { expectApproved, expectRefused, inWords, type Counter } from './counter.ts'
import { allowances, takings, type Ending, type Scenario, type Stage } from './scenario.ts'

/** Saturday, 31 October 2026, 21:00 in Almaty (UTC+5): three hours before the month changes. */
export const foodVoucher: Scenario = { startsAt: Date.UTC(2026, 9, 31, 16), play: playFoodVoucher }

const scheme = 'food-voucher'
const shopTill = 'kokbazar-till'
/** Its allowance is leased to the canteen's till. */
const canteenFamily = 'Family 01'
/** Leased to the shop's till by the agency when the story begins. */
const shopFamily = 'Family 04'
/** Leased to no till: on line only. */
const onlineFamily = 'Family 05'
const payer = 'individual-1'
/** What the scheme gives for a month. */
const monthly = 25_000
/** 1 November in Almaty. */
const midnight = Date.UTC(2026, 9, 31, 19)

/** Whole tenge: what the catalogue asks, of which the voucher pays everything but the juice. */
const price = { bread: 180, milk: 520, eggs: 780, rice: 650, apples: 590, juice: 350 } as const
type Basket = Partial<Record<keyof typeof price, number>>

async function playFoodVoucher(stage: Stage): Promise<Ending> {
  const { counter: canteen, agency, clock, say } = stage
  say('Saturday evening in Almaty, the last of October. The till in the canteen is open.')
  const code = await agency.bringsIn(shopTill, demoShop)
  await agency.leases(shopTill, scheme, [shopFamily])
  const shop = await stage.openCounter(code)
  const { snapshot } = shop.till
  if (snapshot.terminalId !== shopTill) throw new Error(`the shop's till is ${snapshot.terminalId}`)
  say(`The agency brings in a till of the shop, and leases it the allowance of ${shopFamily}.`)

  const mixed = await buys(shop, onlineFamily, { bread: 1, milk: 1, juice: 1 }, 'settled')
  const firstSale = await paysRestInCash(shop, mixed.left)
  say(`${onlineFamily}: the voucher pays bread and milk, cash the juice, on one receipt.`)
  const byWallet = await buys(shop, shopFamily, { eggs: 1, apples: 1, juice: 1 }, 'settled')
  await shop.takesFromWallet(payer)
  say(`${shopFamily}: the voucher pays eggs and apples, ${payer}'s wallet the juice by QR.`)

  const milk = await shop.takesBack(firstSale, 2)
  expectBack(milk, { voucher: price.milk, cash: 0 })
  say('The milk comes back: its price is in the allowance again, and nobody gets cash for it.')
  const juice = await shop.takesBack(firstSale, 3)
  expectBack(juice, { voucher: 0, cash: price.juice })
  say('The juice comes back: it was paid in cash, and cash is given back.')

  const left = monthly - mixed.voucher + price.milk
  const large = await buys(shop, onlineFamily, { rice: 40 }, 'settled', left)
  await paysRestInCash(shop, large.left)
  say(
    `Forty bags of rice: the voucher pays the ${left} tenge that are left of the month, cash the other ${large.left}.`,
  )
  await shop.ringsUp({ bread: 1 })
  expectRefused(await shop.taps(onlineFamily), 'ALLOWANCE_USED', onlineFamily)
  await paysRestInCash(shop, price.bread)
  say(`A bread more: ${onlineFamily}'s allowance is used up. It is paid in cash.`)

  await shop.losesNetwork()
  await canteen.losesNetwork()
  say('The network goes down in the shop and in the canteen.')
  const late = await buys(shop, shopFamily, { rice: 1, juice: 1 }, 'pending')
  await paysRestInCash(shop, late.left)
  const inCanteen = await buys(canteen, canteenFamily, { milk: 1, bread: 1 }, 'pending')
  await canteen.finishes()
  await shop.refuses({ bread: 1 }, onlineFamily, 'CARD_NOT_IN_LEASE')
  say(`${shopFamily} and ${canteenFamily} buy under the leases of these tills; ${onlineFamily} is in none of them.`)

  clock.advance(midnight - clock.now() + 60_000)
  await shop.seesTime(midnight)
  say('Midnight. The network is still down, and nothing of October has been presented.')
  const november = await buys(shop, shopFamily, { eggs: 1 }, 'pending')
  await shop.finishes()
  expectLeft(november, monthly - november.voucher, '2026-11')
  say(`${shopFamily} buys eggs: the whole allowance of November is there, off line too.`)

  await shop.getsNetworkBack()
  await canteen.getsNetworkBack()
  const whole = await buys(shop, onlineFamily, { bread: 1, milk: 1 }, 'settled')
  await shop.finishes()
  expectLeft(whole, monthly - whole.voucher, '2026-11')
  say(`The network returns. ${onlineFamily}, who had nothing left, has a new month.`)
  await shop.endsWell()
  await canteen.endsWell()
  say('Everything is settled, every slip is on paper. What was sold in October counts against October.')

  const october = mixed.voucher - price.milk + large.voucher + byWallet.voucher + late.voucher + inCanteen.voucher
  const paid = {
    voucher: mixed.voucher + byWallet.voucher + large.voucher + late.voucher + november.voucher + whole.voucher,
    cash: mixed.left + large.left + price.bread + late.left,
    qr: byWallet.left,
  }
  return {
    settled: 8,
    totals: {
      tills: {
        [shopTill]: takings(paid, { voucher: price.milk, cash: price.juice }),
        'till-1': takings({ voucher: inCanteen.voucher }),
      },
      allowances: allowances({
        [`${scheme} 2026-10`]: october,
        [`${scheme} 2026-11`]: november.voucher + whole.voucher,
      }),
    },
    figures: () => ({ refused: { ALLOWANCE_USED: 1, CARD_NOT_IN_LEASE: 1 } }),
  }
}

/** Whole tenge, as the prices say and the screen has shown. */
interface Bought {
  readonly voucher: number
  /** For the customer to pay in another way. */
  readonly left: number
  /** What the screen said of the allowance. */
  readonly allowance: { readonly periodId: string; readonly left: number }
}

/**
 * Rings up and taps. The voucher must pay what of the basket is food, line by line, and no more than `atMost` tenge.
 */
async function buys(
  counter: Counter,
  card: string,
  basket: Basket,
  look: 'settled' | 'pending',
  atMost = monthly,
): Promise<Bought> {
  const entries = Object.entries(basket) as [keyof typeof price, number][]
  const costs = entries.map(([item, quantity]) => ({ item, cost: price[item] * quantity }))
  const total = costs.reduce((sum, { cost }) => sum + cost, 0)
  const food = costs.reduce((sum, { item, cost }) => sum + (item === 'juice' ? 0 : cost), 0)
  const voucher = Math.min(food, atMost)
  await counter.ringsUp(basket)
  const tap = await counter.taps(card)
  expectApproved(tap, look, card, tiynOf(voucher))
  const { sale, cardPays } = await counter.till.sees('what the voucher paid', (shown) => shown.sale?.open === false)
  const leftToPay = total - voucher
  if (sale?.leftToPay !== tiynOf(leftToPay))
    throw new Error(`${leftToPay} tenge must be left to pay, the screen says ${sale?.leftToPay} tiyn`)
  const covered = (sale?.lines ?? []).map((line) => [line.itemId, line.covered])
  const expected = costs.map(({ item, cost }) => [item, tiynOf(item === 'juice' ? 0 : Math.min(cost, voucher))])
  if (inWords(covered) !== inWords(expected))
    throw new Error(`the voucher must pay ${inWords(expected)}, the screen says ${inWords(covered)}`)
  const [part] = cardPays?.parts ?? []
  if (part === undefined) throw new Error('the screen does not say what the voucher pays')
  return { voucher, left: leftToPay, allowance: { periodId: part.periodId, left: Number(part.amountLeft / 100n) } }
}

/** @returns the sale's id */
async function paysRestInCash(counter: Counter, tenge: number): Promise<string> {
  await counter.till.sees(`${tenge} tenge left to pay`, ({ sale }) => sale?.leftToPay === tiynOf(tenge))
  await counter.takesCash()
  return counter.finishes()
}

const tiynOf = (tenge: number): bigint => BigInt(tenge) * 100n

function expectBack(
  back: { readonly voucher: bigint; readonly cash: bigint },
  must: { readonly voucher: number; readonly cash: number },
): void {
  if (back.voucher === tiynOf(must.voucher) && back.cash === tiynOf(must.cash)) return
  throw new Error(`${inWords(must)} tenge must go back, the screen says ${inWords(back)} tiyn`)
}

function expectLeft({ allowance }: Bought, left: number, periodId: string): void {
  if (allowance.left === left && allowance.periodId === periodId) return
  throw new Error(`${left} tenge of ${periodId} must be left, the screen says ${inWords(allowance)}`)
}
