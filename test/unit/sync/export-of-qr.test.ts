/** Sales by QR in an export of a stopped till, and what keeps such a till from being emptied. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Journal } from '../../../src/sync/journal/journal.ts'
import { syncItemIdOf, type Capture } from '../../../src/sync/protocol/messages.ts'
import {
  checkExportPart,
  exportLineOf,
  readExportLine,
  signExportPart,
  type SignedExportPart,
} from '../../../src/sync/protocol/terminal-export.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { saleTotal } from '../../../src/voucher/sale.ts'
import { stoppedTill, type StoppedTill } from './export-bench.ts'
import { noon, printedSeed, saleOf, terminalKey } from './world.ts'

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

describe('one whose capture says what was sold', () => {
  const paid = [{ line: 1, amount: saleTotal(sale) }]
  const withLines = (): SignedExportPart => {
    till.works((journal) => {
      held(journal)
      const capture = { kind: 'capture_requested', tenderId, sold: { sale, paid } } as const
      journal.commit({ kind: 'sale_closed', saleId }, capture)
    })
    const [signed] = till.exported()
    if (signed === undefined) throw new Error('no part')
    return signed
  }

  it('goes with it, and with the time of its row', () => {
    const signed = withLines()
    expect(signed.content.items).toMatchObject([{ kind: 'capture', tenderId, sold: { at: noon, sale, paid } }])
    expect(readExportLine(exportLineOf(signed))).toEqual({ kind: 'part', signed })
  })

  it.each<[string, (sold: NonNullable<Capture['sold']>) => Capture['sold']]>([
    ['another time', (sold) => ({ ...sold, at: sold.at - 1 })],
    ['another sale', (sold) => ({ ...sold, sale: saleOf(random) })],
    ['other parts', (sold) => ({ ...sold, paid: [{ line: 1, amount: tiyn(1n) }] })],
    ['nothing', () => undefined],
  ])('is found out with %s, whoever signed', (_what, change) => {
    const { content } = withLines()
    const items = content.items.map((item) => {
      if (item.kind !== 'capture' || item.sold === undefined) throw new Error('no capture')
      const { sold, ...rest } = item
      const changed = change(sold)
      return changed === undefined ? rest : { ...rest, sold: changed }
    })
    const signed = signExportPart({ ...content, items }, terminalKey)
    expect(checkExportPart(signed)).toMatchObject({ kind: 'fault', code: 'item_not_in_chain' })
  })
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
