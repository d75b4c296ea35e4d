/**
 * The rest of a sale by QR (docs/design/17-qr-payment.md): mixed tenders with a leg that fails, a late payment, a
 * customer who walks away, the network gone and the power gone at each step. Method: `qr-bench.ts`.
 */
import { describe, expect, it } from 'vitest'
import { tiyn } from '../../../src/voucher/money.ts'
import { day, juice, qrBench } from './qr-bench.ts'

const bench = qrBench()
const { screen, does, pass, asksByQr, scanned, pays, spent, atLedgerOf, tendersOf, tapsLunch } = bench
const { goesOff, goesOffWhenHeld, comesBack, restarts } = bench

describe('the rest of a sale by QR', () => {
  it('is paid by the customer’s wallet, closes the sale, and becomes the merchant’s', async () => {
    await asksByQr()
    const id = scanned()
    expect(screen().actions).not.toContain('pay_cash')
    expect(await pays(id)).toBe('held')
    expect(spent()).toBe(juice)
    await pass(3_000)
    expect(screen().tap).toMatchObject({ state: 'approved', look: 'settled' })
    await pass(20_000)
    expect(tendersOf()).toEqual(['qr settled'])
    expect([atLedgerOf(id), spent(), screen().queue.waiting]).toEqual(['settled', juice, 0])
  })

  it('beside a voucher: the card pays its part, the wallet the rest', async () => {
    does({ command: 'add_item', itemId: 'school-lunch' })
    does({ command: 'add_item', itemId: 'juice' })
    await tapsLunch()
    await asksByQr()
    await pays(scanned())
    await pass(25_000)
    expect(tendersOf()).toEqual(['voucher settled', 'qr settled'])
    expect(spent()).toBe(juice)
  })

  it('that nobody pays in time is refused by name; the sale goes on, and what comes later goes back', async () => {
    await asksByQr()
    const id = scanned()
    await pass(4 * 60_000)
    expect(screen().tap.state).toBe('qr')
    await pass(65_000)
    expect(screen().tap).toEqual({ state: 'refused', code: 'QR_NOT_PAID' })
    expect(await pays(id)).toBe('paid back: expired')
    does({ command: 'pay_cash' })
    await pass(10_000)
    expect(tendersOf()).toEqual(['qr reversed', 'cash settled'])
    expect(spent()).toBe(0)
  })

  it('is asked for anew after one that nobody paid, and the two are never both paid', async () => {
    await asksByQr()
    const first = scanned()
    await pass(5 * 60_000 + 5_000)
    await asksByQr()
    const second = scanned()
    expect([await pays(first), await pays(second), await pays(second, 'individual-2')]).toEqual([
      'paid back: expired',
      'held',
      'paid back: already_paid',
    ])
    await pass(25_000)
    expect(tendersOf()).toEqual(['qr reversed', 'qr settled'])
    expect(spent()).toBe(juice)
  })

  it('of a customer who walks away leaves nothing half-done: the voucher goes back, a late payment too', async () => {
    does({ command: 'add_item', itemId: 'school-lunch' })
    does({ command: 'add_item', itemId: 'juice' })
    await tapsLunch()
    await asksByQr()
    const id = scanned()
    does({ command: 'cancel_sale' })
    await pass(5_000)
    expect(await pays(id)).toBe('paid back: released')
    await pass(20_000)
    expect(tendersOf()).toEqual(['voucher reversed', 'qr reversed'])
    expect([spent(), screen().sale]).toEqual([0, null])
    // Its lunch is as good as before.
    does({ command: 'add_item', itemId: 'school-lunch' })
    await tapsLunch()
  })

  it('given up after the wallet has paid: the money is free again, and the cash is the only payment', async () => {
    await asksByQr()
    const id = scanned()
    goesOff()
    await pays(id)
    await pass(3_000)
    does({ command: 'cancel_unknown', tenderId: id })
    does({ command: 'pay_cash' })
    expect(spent()).toBe(juice)
    comesBack()
    await pass(60_000)
    expect([tendersOf(), spent(), atLedgerOf(id)]).toEqual([['qr reversed', 'cash settled'], 0, 'reversed'])
  })

  it('waits on the list while the next is served, and is closed and printed when it is paid', async () => {
    await asksByQr()
    const id = scanned()
    does({ command: 'serve_next_meanwhile' })
    expect(screen().unresolved).toMatchObject([{ kind: 'qr', state: 'unknown' }])
    does({ command: 'add_item', itemId: 'bread' })
    does({ command: 'pay_cash' })
    await pays(id)
    await pass(30_000)
    expect([tendersOf(0), tendersOf(1)].toSorted()).toEqual([['cash settled'], ['qr settled']])
    expect([screen().unresolved, spent()]).toEqual([[], juice])
  })

  it('goes back to the wallet when the sale is voided, and part by part when goods come back', async () => {
    await asksByQr()
    await pays(scanned())
    await pass(25_000)
    const { saleId = '' } = screen().recent[0] ?? {}
    const half = juice / 2
    does({ command: 'refund_sale', saleId, lines: [{ line: 1, amount: tiyn(half) }], reason: 'not_as_sold' })
    await pass(20_000)
    expect(spent()).toBe(half)
    expect(screen().refund?.returns[0]).toMatchObject({ cash: 0n, refunds: [{ state: 'done' }] })
    does({ command: 'next_customer' })
    await asksByQr('bread')
    await pays(scanned())
    await pass(25_000)
    const { saleId: bread = '' } = screen().recent[0] ?? {}
    does({ command: 'void_sale', saleId: bread })
    await pass(20_000)
    expect([tendersOf(), spent()]).toEqual([['qr reversed'], half])
  })
})

describe('a QR and the network', () => {
  it('is not asked for without the ledger: refused, and nothing is begun', async () => {
    goesOff()
    await pass(60_000)
    await asksByQr()
    expect(screen().tap).toEqual({ state: 'refused', code: 'LEDGER_UNREACHABLE' })
    expect(screen().sale).toMatchObject({ open: true, tenders: [] })
  })

  it.each(['lose_request', 'lose_answer'] as const)(
    'asked for and not answered (%s) is shown to nobody and disowned; the sale can be paid otherwise',
    async (passage) => {
      does({ command: 'add_item', itemId: 'juice' })
      bench.world.network.all = passage
      does({ command: 'pay_by_qr' })
      await pass(3_000)
      expect(screen().tap).toEqual({ state: 'refused', code: 'LEDGER_UNREACHABLE' })
      const [tender] = screen().sale?.tenders ?? []
      comesBack()
      await pass(60_000)
      expect(atLedgerOf(tender?.tenderId ?? '')).toBe('reversed')
      does({ command: 'pay_cash' })
      await pass(1_000)
      expect(tendersOf()).toEqual(['qr reversed', 'cash settled'])
    },
  )

  it('says so while it cannot be seen, and hears of the payment when the network is back', async () => {
    await asksByQr()
    const id = scanned()
    goesOff()
    await pass(10_000)
    expect(screen().tap).toMatchObject({ state: 'qr', doing: 'waiting_for_network' })
    await pays(id)
    // Past its time: what was paid in time stays paid.
    await pass(10 * 60_000)
    expect(screen().tap.state).toBe('qr')
    comesBack()
    await pass(60_000)
    expect([tendersOf(), spent()]).toEqual([['qr settled'], juice])
  })

  it('captured only after the hold has ended is not paid, and said to be so', async () => {
    await asksByQr()
    goesOffWhenHeld()
    await pays(scanned())
    await pass(1_200)
    expect(screen().tap.state).toBe('approved')
    bench.till.kill()
    await pass(15 * day)
    comesBack()
    bench.till.start()
    await pass(120_000)
    expect(tendersOf()).toEqual(['qr not_paid'])
    expect(screen().discrepancies).toMatchObject([{ code: 'HOLD_ENDED' }])
    expect(spent()).toBe(0)
  })
})

describe('a QR and the power', () => {
  it('gone while the ledger is asked: unknown, as any payment that may have arrived', async () => {
    does({ command: 'add_item', itemId: 'juice' })
    bench.world.network.all = 'lose_answer'
    does({ command: 'pay_by_qr' })
    await pass(300)
    comesBack()
    await restarts()
    await pass(20_000)
    await pays(scanned())
    await pass(20_000)
    expect([tendersOf(), spent()]).toEqual([['qr settled'], juice])
  })

  it('gone before the request has left: what the ledger has never seen is disowned', async () => {
    does({ command: 'add_item', itemId: 'juice' })
    bench.world.network.all = 'lose_request'
    does({ command: 'pay_by_qr' })
    await pass(300)
    comesBack()
    await restarts()
    await pass(20_000)
    expect(screen().tap).toEqual({ state: 'refused', code: 'QR_NOT_PAID' })
    expect(screen().sale?.tenders).toMatchObject([{ kind: 'qr', state: 'reversed' }])
    expect(screen().actions).toContain('pay_cash')
  })

  it('gone while the QR is shown: the same QR comes back, and a payment meanwhile counts', async () => {
    await asksByQr()
    const id = scanned()
    await restarts()
    expect(scanned()).toBe(id)
    bench.till.kill()
    await pays(id)
    bench.till.start()
    await pass(30_000)
    expect([tendersOf(), spent()]).toEqual([['qr settled'], juice])
  })

  it('gone with the network after it was heard of: sold, and captured when both are back', async () => {
    await asksByQr()
    goesOffWhenHeld()
    await pays(scanned())
    await pass(1_300)
    await restarts()
    expect(tendersOf()).toEqual(['qr held'])
    comesBack()
    await pass(60_000)
    expect([tendersOf(), spent()]).toEqual([['qr settled'], juice])
  })
})
