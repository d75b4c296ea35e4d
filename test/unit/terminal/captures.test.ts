/**
 * What a till says of the lines that a QR paid, when it closes the sale and when goods come back
 * (docs/design/17-qr-payment.md, "Which lines it pays"). Method: the rows of a sale in a journal in memory, closed by
 * `JournalSales`; the item that waits for the ledger, and what `RefundDesk` offers, held against figures by hand.
 */
import { expect, it } from 'vitest'
import type { Journal } from '../../../src/sync/journal/journal.ts'
import type { RowOf } from '../../../src/sync/journal/rows.ts'
import { saleHashOf, toJson } from '../../../src/sync/protocol/canonical.ts'
import { syncItemSchema, type Capture } from '../../../src/sync/protocol/messages.ts'
import { standingOf } from '../../../src/terminal/core/basket.ts'
import { JournalSales } from '../../../src/terminal/core/journal-sales.ts'
import { RefundDesk } from '../../../src/terminal/core/refund-desk.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Sale } from '../../../src/voucher/sale.ts'
import { evidenceOf, intentOf, itemOf, journalInMemory, noon, printedSeed, saleFrozen, saleOf } from '../sync/world.ts'

const random = printedSeed('captures')

/** Food that a voucher pays up to 120 000, and what it pays nothing of. */
function basket(food: bigint, ...others: readonly bigint[]): Sale {
  const sale = saleOf(random)
  const [one] = sale.lines
  if (one === undefined) throw new Error('no line')
  return {
    ...sale,
    lines: [food, ...others].map((price, index) => {
      const category = index === 0 ? 'food' : 'books'
      return { ...one, line: index + 1, itemId: `item-${index + 1}`, category, unitPrice: tiyn(price) }
    }),
  }
}

let now = noon
function opened(sale: Sale) {
  now = noon
  const journal = journalInMemory({ now: () => now })
  const connectivity = { kind: 'reached' } as never
  const parts = {
    journal,
    randomness: random,
    engine: { syncNow: () => Promise.resolve(), connectivity },
    printQueue: { nudge: () => undefined, openDrawer: () => undefined, tryAgain: () => undefined },
    schemeName: () => ({ kk: '', ru: '', en: '' }),
    givenUp: (tenderId: string) => ({ kind: 'tender_voided', tenderId, reason: 'cancelled' }) as const,
  }
  journal.commit(saleFrozen(sale))
  return { journal, sales: new JournalSales(parts), desk: new RefundDesk(parts) }
}

function tapped(journal: Journal, sale: Sale): RowOf<'tender_intent'> {
  const intent = intentOf(random, sale, 'online')
  const { tenderId, amount } = intent.terms
  journal.commit(intent)
  journal.commit({
    kind: 'approved_online',
    tenderId,
    evidence: evidenceOf(intent),
    item: itemOf(tenderId, 'settled', { amount }),
  })
  return intent
}

/** All that is left is asked for by QR, and its payer holds it. */
function held(journal: Journal, sale: Sale): string {
  const tenderId = random.uuid()
  const { left: amount } = standingOf(journal, sale)
  const terms = { tenderId, payeeAccount: 'canteen-1-dt', amount, saleHash: saleHashOf(sale), expiresAt: noon }
  journal.commit({ kind: 'payment_requested', terms, saleId: sale.saleId })
  journal.commit({ kind: 'payment_request_open', tenderId })
  journal.commit({ kind: 'item_answered', by: 'status_feed', item: itemOf(tenderId, 'held', { amount }) })
  return tenderId
}

const waiting = (journal: Journal): readonly Capture[] =>
  journal.waitingItems(10).flatMap((entry) => ('item' in entry && entry.item.kind === 'capture' ? [entry.item] : []))
const partsOf = (capture: Capture | undefined) => capture?.sold?.paid.map(({ line, amount }) => [line, Number(amount)])

it('beside a voucher: the rest of each line, with the sale, and when it was closed', () => {
  const sale = basket(200_000n, 500n, 1_000n)
  const { journal, sales } = opened(sale)
  tapped(journal, sale)
  const tenderId = held(journal, sale)
  now = noon + 7_000
  sales.closeIfPaid(sale.saleId, 'seen')
  const [capture] = waiting(journal)
  expect(capture).toMatchObject({ tenderId, sold: { at: noon + 7_000, sale } })
  expect(partsOf(capture)).toEqual([
    [1, 80_000],
    [2, 500],
    [3, 1_000],
  ])
  expect(syncItemSchema.parse(JSON.parse(toJson(capture)))).toEqual(capture)
})

it('a part of the rest, in proportion, where the voucher was taken back meanwhile: cash pays what is left', () => {
  const sale = basket(200_000n, 1_000n, 1_000n)
  const { journal, sales, desk } = opened(sale)
  const { terms } = tapped(journal, sale)
  held(journal, sale)
  journal.commit({ kind: 'item_answered', by: 'status_feed', item: itemOf(terms.tenderId, 'reversed') })
  sales.payCash(standingOf(journal, sale))
  // 82 000 of 202 000: 81 188.1, 405.94 and 405.94.
  expect(partsOf(waiting(journal)[0])).toEqual([
    [1, 81_188],
    [2, 406],
    [3, 406],
  ])
  desk.show(sale.saleId)
  const capture = waiting(journal)[0]
  journal.commit({
    kind: 'item_answered',
    by: 'batch',
    item: itemOf(`capture:${capture?.tenderId}`, 'settled', { paidBy: 'individual' }),
  })
  const left = desk.view()?.lines.map(({ voucherLeft, cashLeft }) => [Number(voucherLeft), Number(cashLeft)])
  expect(left).toEqual([
    [81_188, 118_812],
    [406, 594],
    [406, 594],
  ])
})

it('a second QR: each has parts of its own, and together they pay each line once', () => {
  const sale = basket(200_000n, 1_000n, 1_000n)
  const { journal, sales } = opened(sale)
  const { terms } = tapped(journal, sale)
  held(journal, sale)
  journal.commit({ kind: 'item_answered', by: 'status_feed', item: itemOf(terms.tenderId, 'reversed') })
  held(journal, sale)
  sales.closeIfPaid(sale.saleId, 'seen')
  expect(waiting(journal).map(partsOf)).toEqual([
    [
      [1, 81_188],
      [2, 406],
      [3, 406],
    ],
    [
      [1, 118_812],
      [2, 594],
      [3, 594],
    ],
  ])
})

it('a row of an older till says nothing of lines, and its item neither', () => {
  const sale = basket(1_000n)
  const { journal } = opened(sale)
  const tenderId = held(journal, sale)
  journal.commit({ kind: 'sale_closed', saleId: sale.saleId }, { kind: 'capture_requested', tenderId })
  const [capture] = waiting(journal)
  expect(capture).toEqual({ kind: 'capture', tenderId, position: capture?.position })
})
