/** The journals of the tills of the stories: chains of heads, as exports have them, and what is printed on receipts. */
import { hashOf } from '../../../../src/sync/protocol/canonical.ts'
import { genesisHash, rowHashOf, type RowHead } from '../../../../src/sync/protocol/journal-chain.ts'
import type { JournalPosition, SyncItem } from '../../../../src/sync/protocol/messages.ts'
import { makeReceiptPresentment } from '../../../../src/sync/protocol/receipt-presentment.ts'
import type { TestTill } from '../../../integration/ledger/demo-ledger.ts'
import type { Whole } from './state.ts'
import type { Item, Sale_ } from './till.ts'

export interface Written {
  readonly row: RowHead
  readonly item: Item
}

const journals = new WeakMap<TestTill, Written[]>()

export const journalOf = (till: TestTill): readonly Written[] => journals.get(till) ?? []

/** Where an item stands that is not written yet. */
export const nowhere: JournalPosition = { epoch: 1, sequence: 1, hash: genesisHash }

/** Makes the item's row the till's next. @param made the item at its place */
export function write(till: TestTill, item: SyncItem, made: (position: JournalPosition) => Item): Item {
  const journal = journals.get(till) ?? []
  journals.set(till, journal)
  till.sequence += 1
  const { epoch, sequence } = till
  const payload = payloadOf(item)
  const head = {
    ...{ epoch, sequence, previous: journal.at(-1)?.row.hash ?? genesisHash, kind: payload.kind },
    at: item.kind === 'capture' && item.sold !== undefined ? item.sold.at : till.clock.now,
    payloadHash: hashOf('tolem/journal-payload/1', payload),
  }
  const hash = rowHashOf(head)
  const own = made({ epoch, sequence, hash })
  journal.push({ row: { ...head, hash }, item: own })
  return own
}

/** As docs/design/13 has it, "The file". */
function payloadOf(item: SyncItem): { readonly kind: string } & Readonly<Record<string, unknown>> {
  switch (item.kind) {
    case 'presentment': {
      const { terms, evidence, leaseId, decidedAt } = item
      return { kind: 'approved_offline', ...{ tenderId: terms.tenderId, evidence, leaseId, decidedAt } }
    }
    case 'reversal':
      return { kind: 'reversal_requested', ...{ tenderId: item.tenderId, reason: item.reason } }
    case 'capture': {
      const { at: _closedAt, ...sold } = item.sold ?? {}
      return { kind: 'capture_requested', tenderId: item.tenderId, ...(item.sold !== undefined && { sold }) }
    }
    case 'surrender': {
      const { surrenderId, leaseId, slotId } = item
      return { kind: 'slot_surrendered', ...{ surrenderId, leaseId, slotId } }
    }
    case 'refund': {
      const { refundId, tenderId, amount, lines, reason } = item
      return { kind: 'refund_requested', ...{ refundId, tenderId, amount, lines, reason } }
    }
    default:
      return item satisfies never
  }
}

/** @param leaseId null: the ledger has authorised it */
export function print(whole: Whole, till: TestTill, { decided, sold }: Sale_, leaseId: string | null): void {
  const { terms, decidedAt, evidence } = decided
  const { terminalId, epoch } = till
  const position = { epoch, sequence: Math.max(1, till.sequence) }
  const shown = { terms, leaseId, decidedAt, cardProof: evidence.cardProof, terminalId, position }
  const known = { ...sold, lines: null, isAllowedOffline: true, sequence: position.sequence }
  whole.gone.receipts.set(makeReceiptPresentment(shown, till.key), { till: terminalId, sold: known, leaseId })
}
