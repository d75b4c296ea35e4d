/**
 * What a card that counts itself leaves to pay is collected before the card is debited (money-rules.md, "One payment";
 * docs/design/26, "The rest first"). Method: `rest-bench.ts`. What several schemes of a card leave:
 * `rest-of-schemes.test.ts`.
 */
import { describe, expect, it } from 'vitest'
import type { CardFault } from '../../../hardware-mocks/cards/faults.ts'
import { pin } from './counting-chip.ts'
import { bread, juice, label, restBench } from './rest-bench.ts'

const bench = restBench()
const { core, screen, does, pass, lays, debited, onScreen, tenders, asksForRest, shownRequest, walletPays, wallet } =
  bench

describe('what a card that counts itself leaves', () => {
  it('is taken in cash before the card is debited, and both close the sale', async () => {
    await asksForRest('bread', 'juice')
    expect(screen().tap).toMatchObject({ amount: BigInt(bread), rest: BigInt(juice) })
    expect(screen().actions).toEqual(expect.arrayContaining(['rest_by_cash', 'rest_by_qr', 'rest_later']))
    expect(debited()).toEqual([])
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(screen().tap).toMatchObject({ state: 'approved', look: 'settled' })
    expect(debited()).toEqual([bread])
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })

  it('is nothing where the card pays for all of it', async () => {
    does({ command: 'add_item', itemId: 'bread' })
    does({ command: 'pay_by_card' })
    await lays()
    expect(screen().tap.state).toBe('approved')
    expect(debited()).toEqual([bread])
  })

  it('is asked for once: the card may be taken away meanwhile, and asks for its PIN when it is back', async () => {
    await asksForRest('bread', 'bread', 'juice')
    bench.world.station.pullCard()
    await pass(500)
    does({ command: 'rest_by_cash' })
    await pass(500)
    expect(screen().tap).toEqual({ state: 'tap', hint: 'card_again' })
    await lays()
    expect(screen().tap).toMatchObject({ state: 'pin', amount: BigInt(2 * bread) })
    does({ command: 'give_pin', pin })
    await pass(8_000)
    expect(debited()).toEqual([2 * bread])
    expect(tenders()).toEqual([`voucher ${2 * bread} settled`, `cash ${juice} settled`])
  })

  it('is paid after the card where the cashier says so', async () => {
    await asksForRest('bread', 'juice')
    does({ command: 'rest_later' })
    await pass(8_000)
    expect(debited()).toEqual([bread])
    expect(screen().sale).toMatchObject({ leftToPay: BigInt(juice), open: false })
    does({ command: 'pay_cash' })
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })

  it('and is not there: nothing is debited, and nothing is written down', async () => {
    const { sequence } = core().journal.head
    await asksForRest('bread', 'juice')
    does({ command: 'cancel_payment' })
    does({ command: 'cancel_sale' })
    await pass(5_000)
    expect(debited()).toEqual([])
    const kinds = [...core().journal.rows()].filter((row) => row.sequence > sequence).map(({ row }) => row.kind)
    expect(kinds.filter((kind) => /^(sale|tender|cash)/.test(kind))).toEqual([])
  })

  it('is the customer’s again while a torn card is looked for, and is asked for when it has paid', async () => {
    await asksForRest('bread', 'juice')
    const lost: CardFault = { kind: 'answer-lost' }
    // It lies there in its presence still: slots are read again, and SPEND is the second of its commands.
    bench.card.faulty.arm(lost, 2)
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(screen().tap).toMatchObject({ state: 'torn', mayBeDebited: true })
    expect(onScreen()).toEqual(['voucher maybe_debited'])
    bench.card.faulty.disarm()
    await lays()
    expect(debited()).toEqual([bread])
    expect(onScreen()).toEqual(['voucher settled'])
    does({ command: 'pay_cash' })
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })

  it('is nobody’s word any more after a stop: the paid part stands, and the rest is asked for', async () => {
    await asksForRest('bread', 'juice')
    bench.card.faulty.arm({ kind: 'answer-lost' }, 2)
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    bench.card.faulty.disarm()
    bench.world.station.kill()
    bench.world.station.start()
    await pass(3_000)
    await lays()
    expect(debited()).toEqual([bread])
    expect(screen().sale).toMatchObject({ leftToPay: BigInt(juice) })
    does({ command: 'pay_cash' })
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })
})

describe('by QR, what the card leaves', () => {
  it('is held first, then the card is wanted, and the sale is closed with both', async () => {
    const had = wallet()
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    expect(screen().tap).toMatchObject({ state: 'qr', amount: BigInt(juice) })
    bench.world.station.pullCard()
    expect(await walletPays(shownRequest())).toBe('held')
    expect(screen().tap).toEqual({ state: 'tap', hint: 'card_again' })
    expect(debited()).toEqual([])
    await lays()
    expect(debited()).toEqual([bread])
    await pass(20_000)
    expect(tenders()).toEqual([`qr ${juice} settled`, `voucher ${bread} settled`])
    expect(had - wallet()).toBe(juice)
  })

  it('is held, and the card that lies there still pays by itself', async () => {
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    // Nobody is told to move it, and it is asked for nothing.
    expect(screen().tap).toMatchObject({ state: 'qr', card: null })
    expect(await walletPays(shownRequest())).toBe('held')
    await pass(20_000)
    expect(debited()).toEqual([bread])
    expect(tenders()).toEqual([`qr ${juice} settled`, `voucher ${bread} settled`])
  })

  it('goes back to the wallet whole where the card does not come', async () => {
    const had = wallet()
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    bench.world.station.pullCard()
    expect(await walletPays(shownRequest())).toBe('held')
    expect(had - wallet()).toBe(juice)
    does({ command: 'cancel_sale' })
    await pass(20_000)
    expect([had - wallet(), debited(), screen().sale]).toEqual([0, [], null])
  })

  it('that nobody pays leaves card and sale as they were', async () => {
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(5 * 60_000 + 5_000)
    expect(screen().tap).toEqual({ state: 'refused', code: 'QR_NOT_PAID' })
    does({ command: 'pay_by_card' })
    await lays()
    expect(screen().tap).toMatchObject({ state: 'rest', rest: BigInt(juice) })
    expect(debited()).toEqual([])
  })

  it('without network is refused, and the card is not debited', async () => {
    await asksForRest('bread', 'juice')
    bench.world.network.all = 'refused'
    await pass(60_000)
    does({ command: 'rest_by_qr' })
    await pass(3_000)
    expect(screen().tap).toEqual({ state: 'refused', code: 'LEDGER_UNREACHABLE' })
    expect(debited()).toEqual([])
  })

  it('is held over a stop: the sale is on the screen again, and the card pays its part', async () => {
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    bench.world.station.pullCard()
    await walletPays(shownRequest())
    bench.world.station.kill()
    bench.world.station.start()
    await pass(3_000)
    expect(screen().sale).toMatchObject({ leftToPay: BigInt(bread), open: false })
    does({ command: 'pay_by_card' })
    await lays()
    expect(debited()).toEqual([bread])
    await pass(20_000)
    expect(tenders()).toEqual([`qr ${juice} settled`, `voucher ${bread} settled`])
  })

  it('is not paid twice: a card that comes in its place and would pay more than is left is refused', async () => {
    const had = wallet()
    await asksForRest('bread', 'school-lunch')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    bench.world.station.pullCard()
    expect(await walletPays(shownRequest())).toBe('held')
    // A pupil's only lunch, 1 150 ₸, where 180 ₸ are left: it would be used up for them.
    await lays('Pupil 01')
    expect(screen().tap).toEqual({ state: 'refused', code: 'QR_LEAVES_LESS' })
    expect(onScreen()).toEqual(['qr held'])
    does({ command: 'cancel_sale' })
    await pass(20_000)
    expect([had - wallet(), debited()]).toEqual([0, []])
  })
})

describe('the cashier’s word', () => {
  it('is not heard before anybody can have read what it is about', async () => {
    for (const itemId of ['bread', 'juice']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    bench.world.station.layCard(label)
    while (screen().tap.state !== 'rest') await pass(20)
    for (const word of ['rest_by_cash', 'rest_by_qr', 'rest_later'] as const)
      expect(core().till.command({ command: word }), word).toEqual({ ok: false, fault: 'not_now' })
    expect(screen().tap.state).toBe('rest')
    await pass(700)
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })

  it('is heard once: a second press is no cash for the whole sale', async () => {
    await asksForRest('bread', 'juice')
    bench.world.station.pullCard()
    await pass(500)
    does({ command: 'rest_by_cash' })
    for (const word of ['pay_cash', 'pay_by_qr', 'rest_by_cash'] as const)
      expect(core().till.command({ command: word }), word).toEqual({ ok: false, fault: 'not_now' })
    await lays()
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })

  it('is not asked for where the card cannot pay: its PIN is blocked', async () => {
    for (const itemId of ['bread', 'bread']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays()
    for (let tries = 0; tries < 5; tries += 1) {
      does({ command: 'give_pin', pin: '1111' })
      await pass(3_000)
    }
    expect(screen().tap).toEqual({ state: 'refused', code: 'CARD_PIN_BLOCKED' })
    does({ command: 'cancel_sale' })
    for (const itemId of ['bread', 'bread', 'juice']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays()
    expect(screen().tap).toEqual({ state: 'refused', code: 'CARD_PIN_BLOCKED' })
  })

  it('is given once: cash that a full disk could not take is taken by the cashier, and never by itself', async () => {
    await asksForRest('bread', 'juice')
    const { journal } = core()
    const real = journal.commit.bind(journal)
    journal.commit = (...rows) => {
      if (rows.some(({ kind }) => kind === 'cash_taken'))
        throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
      return real(...rows)
    }
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(screen().lights.till.code).toBe('journal_not_writable')
    expect(screen().sale).toMatchObject({ leftToPay: BigInt(juice), open: false })
    journal.commit = real
    await pass(10 * 60_000)
    expect(onScreen()).toEqual(['voucher settled'])
    does({ command: 'pay_cash' })
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })
})
