/** Sales by QR in an export of a stopped till, and what keeps such a till from being emptied. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Journal } from '../../../src/sync/journal/journal.ts'
import { syncItemIdOf } from '../../../src/sync/protocol/messages.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { saleTotal } from '../../../src/voucher/sale.ts'
import { stoppedTill, type StoppedTill } from './export-bench.ts'
import { printedSeed, saleOf } from './world.ts'

let till: StoppedTill
beforeEach(() => void (till = stoppedTill()))
afterEach(() => till.remove())

const random = printedSeed('exports of QRs')
const sale = saleOf(random)
const { saleId } = sale
const tenderId = random.uuid()

function held(journal: Journal): void {
  const amount = saleTotal(sale)
  const terms = { tenderId, payeeAccount: 'merchant-1', amount, saleHash: '0'.repeat(64), expiresAt: 1 }
  journal.commit({ kind: 'sale_frozen', sale, total: amount }, { kind: 'payment_requested', terms, saleId })
  journal.commit({ kind: 'payment_request_open', tenderId })
  const said = { itemId: tenderId, arrival: 'exists', state: 'held', paidBy: null, amount } as const
  const item = { result: { ...said, refusal: null, loss: null, slot: null, at: 1 }, signature: 'A'.repeat(86) }
  journal.commit({ kind: 'item_answered', by: 'status_feed', item })
}
const closes = (journal: Journal) =>
  journal.commit({ kind: 'sale_closed', saleId }, { kind: 'capture_requested', tenderId })
const exported = () =>
  till.exported({ items: 1, rows: 1_000, bytes: 1e6 }).flatMap(({ content }) => content.items.map(syncItemIdOf))

it('a closed one goes as its capture', () => {
  till.works((journal) => {
    held(journal)
    closes(journal)
  })
  expect(exported()).toEqual([`capture:${tenderId}`])
  expect(till.reads((journal) => journal.unsynced().open)).toEqual([])
})

it('a voided one goes as its reversal alone, so that no earlier part takes the money', () => {
  till.works((journal) => {
    held(journal)
    closes(journal)
    journal.commit({ kind: 'reversal_requested', tenderId, reason: 'void' }, { kind: 'sale_cancelled', saleId })
  })
  expect(exported()).toEqual([`reversal:${tenderId}`])
})

it('one that is held while its sale is still open is unresolved: the till is not emptied', () => {
  till.works(held)
  const { items, open } = till.reads((journal) => journal.unsynced())
  expect([items, open]).toEqual([[], [{ tenderId, state: 'held', amount: tiyn(saleTotal(sale)) }]])
})
