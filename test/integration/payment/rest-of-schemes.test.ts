/**
 * What the schemes of a card that counts itself leave together, and that each of them pays a sale once (docs/design/26,
 * "The rest first"; ADR 42). Method: `rest-bench.ts`.
 */
import { beforeEach, describe, expect, it } from 'vitest'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { cardFood, issued, openScheme, pin, schemeId } from './counting-chip.ts'
import { bread, juice, label, lunch, otherLabel, restBench, twinLabel } from './rest-bench.ts'

const bench = restBench()
const { core, screen, does, pass, lays, debited, tenders, asksForRest, shownRequest, walletPays } = bench

describe('a card that pays at several taps', () => {
  const drinks = 'card-drinks'
  beforeEach(async () => {
    await bench.world.atLedger(async (work) => {
      const food = cardFood(work.now)
      const goods: Scheme['goods'] = [
        { goods: { by: 'category', categories: ['drinks'] }, unitsPerPiece: 1, pays: { kind: 'whole' } },
      ]
      const offline = { ...food.offline, pinAbove: null }
      // Before food: it pays first.
      await openScheme(work, { ...food, schemeId: drinks, order: 8, goods, offline } as Scheme)
      await issued(work, bench.other, 'Another card holder', [schemeId, drinks])
    })
    await pass(60_000)
  })

  it('leaves what none of its schemes pays: they pay one after the other, and then the cash is taken', async () => {
    for (const itemId of ['bread', 'juice', 'school-lunch']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    expect(screen().tap).toMatchObject({ state: 'rest', amount: BigInt(bread + juice), rest: BigInt(lunch) })
    // Two schemes pay it: none is named.
    expect(screen().tap).toMatchObject({ schemeName: null })
    does({ command: 'rest_by_cash' })
    await pass(12_000)
    expect(debited(bench.other)).toEqual([juice, bread])
    expect(tenders()).toEqual([`voucher ${juice} settled`, `voucher ${bread} settled`, `cash ${lunch} settled`])
  })

  it('is another card than the one of which the rest was asked: its own rest is asked for', async () => {
    for (const itemId of ['bread', 'juice', 'school-lunch']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    bench.world.station.pullCard()
    await pass(500)
    does({ command: 'rest_by_cash' })
    await lays(label)
    expect(screen().tap).toMatchObject({ state: 'rest', amount: BigInt(bread), rest: BigInt(juice + lunch) })
    // And laid in its place while the rest is asked for.
    await lays(otherLabel)
    expect(screen().tap).toMatchObject({ state: 'rest', rest: BigInt(lunch) })
    expect([debited(), debited(bench.other)]).toEqual([[], []])
  })

  it('is another pupil’s, who leaves as much: the word was about one card', async () => {
    await bench.world.atLedger((work) => issued(work, bench.twin, 'A third card holder', [schemeId]))
    await pass(60_000)
    await asksForRest('bread', 'juice')
    bench.world.station.pullCard()
    await pass(500)
    does({ command: 'rest_by_cash' })
    await lays(twinLabel)
    expect(screen().tap).toMatchObject({ state: 'rest', rest: BigInt(juice) })
    expect([debited(), debited(bench.twin)]).toEqual([[], []])
  })

  it('pays with the schemes that need no PIN where its PIN is blocked; the others’ part is rest', async () => {
    for (const itemId of ['bread', 'bread']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    for (let tries = 0; tries < 5; tries += 1) {
      does({ command: 'give_pin', pin: '1111' })
      await pass(3_000)
    }
    does({ command: 'cancel_sale' })
    for (const itemId of ['bread', 'bread', 'juice']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    expect(screen().tap).toMatchObject({ state: 'rest', amount: BigInt(juice), rest: BigInt(2 * bread) })
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(debited(bench.other)).toEqual([juice])
    expect(tenders()).toEqual([`voucher ${juice} settled`, `cash ${2 * bread} settled`])
  })

  it('pays no more than a QR leaves, also where that is less than its first scheme would pay', async () => {
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    bench.world.station.pullCard()
    expect(await walletPays(shownRequest())).toBe('held')
    await lays(otherLabel)
    expect(screen().tap).toEqual({ state: 'refused', code: 'QR_LEAVES_LESS' })
    expect(debited(bench.other)).toEqual([])
    does({ command: 'pay_by_card' })
    await lays()
    expect(debited()).toEqual([bread])
  })

  it('is asked anew where what it leaves changes while its PIN is typed', async () => {
    for (const itemId of ['bread', 'bread', 'juice', 'school-lunch']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    does({ command: 'rest_by_cash' })
    await pass(12_000)
    expect(debited(bench.other)).toEqual([juice])
    expect(screen().tap.state).toBe('pin')
    const { till } = core()
    const real = till.currentSale.bind(till)
    // As if a tiyn of it had been paid meanwhile.
    till.currentSale = () => ({ ...real(), left: tiyn(real().left - 1n) })
    does({ command: 'give_pin', pin })
    await pass(3_000)
    expect(screen().tap).toMatchObject({ state: 'rest', rest: BigInt(lunch - 1) })
    till.currentSale = real
    expect(debited(bench.other)).toEqual([juice])
    await pass(700)
    does({ command: 'rest_by_cash' })
    await pass(3_000)
    expect(screen().tap).toMatchObject({ state: 'rest', rest: BigInt(lunch) })
  })
})

describe('a scheme pays a sale once', () => {
  it('however often the card is laid: what a co-payment leaves stays the customer’s', async () => {
    const half: Scheme['goods'] = [
      {
        goods: { by: 'category', categories: ['drinks'] },
        unitsPerPiece: 1,
        pays: { kind: 'percent', percent: 50, roundedTo: 'tiyn' },
      },
    ]
    await bench.world.atLedger(async (work) => {
      const food = cardFood(work.now)
      const offline = { ...food.offline, pinAbove: null }
      await openScheme(work, { ...food, schemeId: 'card-half', goods: half, offline } as Scheme)
      await issued(work, bench.other, 'Another card holder', ['card-half'])
    })
    await pass(60_000)
    does({ command: 'add_item', itemId: 'juice' })
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    expect(screen().tap).toMatchObject({ state: 'rest', amount: BigInt(juice / 2), rest: BigInt(juice / 2) })
    does({ command: 'rest_later' })
    await pass(8_000)
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    expect(screen().tap).toEqual({ state: 'refused', code: 'CARD_PAID_ITS_PART' })
    expect(debited(bench.other)).toEqual([juice / 2])
    does({ command: 'pay_cash' })
    expect(tenders()).toEqual([`voucher ${juice / 2} settled`, `cash ${juice / 2} settled`])
  })

  it('also by a card of which the ledger is asked, and again once that was taken back', async () => {
    for (const itemId of ['school-lunch', 'juice']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays('Pupil 01')
    expect(screen().tap.state).toBe('approved')
    does({ command: 'pay_by_card' })
    await lays('Pupil 01')
    expect(screen().tap).toEqual({ state: 'refused', code: 'CARD_PAID_ITS_PART' })
    does({ command: 'cancel_sale' })
    await pass(10_000)
    for (const itemId of ['school-lunch', 'juice']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays('Pupil 01')
    expect(screen().tap.state).toBe('approved')
  })
})
