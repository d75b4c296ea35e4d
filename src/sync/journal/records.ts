/** What the journal's tables hold, and what a reader gets of it. A row is proved again each time that it is read. */
import { hashOf, hashOfText } from '../protocol/canonical.ts'
import { rowHashOf, type RowHead } from '../protocol/journal-chain.ts'
import type { JournalPosition, SyncItem } from '../protocol/messages.ts'
import { tiyn, type Tiyn } from '../../voucher/money.ts'
import { saleSchema, type Sale } from '../../voucher/sale.ts'
import { DataFolderError } from './data-folder.ts'
import type { JournalTenderState } from './projection.ts'
import { journalRowSchema, type ChainedRow, type RowOf } from './rows.ts'

export interface TenderRecord {
  readonly tenderId: string
  readonly saleId: string
  readonly kind: 'voucher' | 'cash' | 'qr'
  readonly state: JournalTenderState
  readonly amount: Tiyn
  readonly schemeId: string | null
  readonly slotId: string | null
  readonly leaseId: string | null
  readonly card: string | null
  readonly code: string | null
  /** Whether it paid a part of its sale when that was closed, whatever has become of it since. */
  readonly paidAtClosing: boolean
  readonly since: number
}

export interface SaleRecord {
  readonly sale: Sale
  readonly total: Tiyn
  readonly state: 'open' | 'closed' | 'cancelled'
  readonly at: number
  /** The shift in which it was begun; none for sales from before the first one. */
  readonly shiftId: string | null
}

/** `waiting` until each of its print jobs is done; `none` where nothing was asked for. */
export type ReceiptState = 'none' | 'waiting' | 'printed'

/** A sale that has ended, as the list of the last ones shows it. */
export interface RecentSale {
  readonly saleId: string
  readonly total: Tiyn
  readonly at: number
  readonly state: 'closed' | 'cancelled'
  readonly shiftId: string | null
  readonly tenders: readonly TenderRecord[]
  /** By refunds that are done or on their way, and in cash for goods that came back. */
  readonly wentBack: Tiyn
  readonly receipt: ReceiptState
}

export interface PrintJob {
  readonly jobId: string
  /** The sale of a receipt, the shift of a report, the return of a refund's slip. */
  readonly of: { readonly saleId: string } | { readonly shiftId: string } | { readonly returnId: string }
  readonly copy: boolean
  readonly language: 'kk' | 'ru' | 'en'
  /** Some of it may be on paper already. */
  readonly started: boolean
}

/** An item of the queue, or why it cannot be made, with the sequence of its row. */
export type WaitingItem = { readonly itemId: string; readonly sequence: number } & (
  | { readonly item: SyncItem }
  | { readonly fault: string }
)

/** An item that was set aside, with what it is about. */
export interface ParkedItem {
  readonly itemId: string
  readonly kind: SyncItem['kind']
  /** When its row was written. */
  readonly at: number
  /** Of the sale or the refund; none for a slot that was given back. */
  readonly amount: Tiyn | null
  readonly why: string
}

export interface QueueFigures {
  readonly waiting: number
  readonly parked: number
  readonly oldestAt: number | null
}

export interface StoredRow {
  sequence: number
  epoch: number
  kind: string
  at: number
  previous: string
  payload_hash: string
  hash: string
  json: string | null
}

export interface StoredTender {
  tender_id: string
  sale_id: string
  kind: 'voucher' | 'cash' | 'qr'
  state: JournalTenderState
  amount: number
  scheme_id: string | null
  slot_id: string | null
  lease_id: string | null
  card: string | null
  code: string | null
  paid_at_closing: 0 | 1
  since: number
}

export interface StoredSale {
  sale_id: string
  json: string
  total: number
  state: SaleRecord['state']
  at: number
  shift_id: string | null
}

export interface StoredOutbox {
  item_id: string
  kind: SyncItem['kind']
  tender_id: string | null
  sequence: number
  /** A presentment under no lease: a card has paid it by itself. Asked where an export is made. */
  by_card?: 0 | 1
}

export interface StoredPrintJob {
  job_id: string
  sale_id: string | null
  shift_id: string | null
  return_id: string | null
  copy: number
  language: PrintJob['language']
  state: 'waiting' | 'started' | 'printed'
}

function subjectOf({ sale_id: saleId, shift_id: shiftId, return_id: returnId }: StoredPrintJob): PrintJob['of'] {
  if (saleId !== null) return { saleId }
  return shiftId === null ? { returnId: returnId ?? '' } : { shiftId }
}

export function printJobOf(stored: StoredPrintJob): PrintJob {
  return {
    jobId: stored.job_id,
    of: subjectOf(stored),
    copy: stored.copy === 1,
    language: stored.language,
    started: stored.state === 'started',
  }
}

/** The hash is over the canonical text: what was written in that form is proved as it lies there, without parsing. */
export function isPayload(json: string, payloadHash: string): boolean {
  if (hashOfText('tolem/journal-payload/1', json) === payloadHash) return true
  try {
    return payloadHash === hashOf('tolem/journal-payload/1', JSON.parse(json))
  } catch {
    return false
  }
}

export function damagedAt(sequence: number): DataFolderError {
  return new DataFolderError(
    'JOURNAL_CORRUPT',
    `The journal is damaged at row ${sequence}. Keep the folder as it is, do not delete it: unsynced sales may be ` +
      'in it. Start with another --data folder and hand this one to support.',
  )
}

/**
 * Every reading proves the row again: what lay damaged below the last countersigned head is not checked at start, and a
 * damaged row must not speak for money.
 *
 * @throws DataFolderError JOURNAL_CORRUPT
 */
export function chainedRow(stored: StoredRow): ChainedRow {
  const { sequence, json } = stored
  if (!isOwnHash(stored) || json === null || !isPayload(json, stored.payload_hash)) throw damagedAt(sequence)
  const { epoch, at, previous, payload_hash: payloadHash, hash } = stored
  return { sequence, epoch, at, previous, payloadHash, hash, row: journalRowSchema.parse(JSON.parse(json)) }
}

export function isOwnHash(stored: StoredRow): boolean {
  return stored.hash === rowHashOf(headOf(stored))
}

/** The row without its payload. */
export function headOf({ epoch, sequence, previous, kind, at, payload_hash: payloadHash, hash }: StoredRow): RowHead {
  return { epoch, sequence, previous, kind, at, payloadHash, hash }
}

/**
 * What a row of the queue says, as the ledger takes it.
 * @throws Error when it is no item for the ledger
 */
export function syncItemOf(chained: ChainedRow, intentOf: (tenderId: string) => RowOf<'tender_intent'>): SyncItem {
  const position = positionOf(chained)
  const { row, sequence } = chained
  if (row.kind === 'slot_surrendered') {
    const { surrenderId, leaseId, slotId } = row
    return { kind: 'surrender', surrenderId, leaseId, slotId, position }
  }
  if (row.kind === 'reversal_requested')
    return { kind: 'reversal', tenderId: row.tenderId, reason: row.reason, position }
  if (row.kind === 'capture_requested') {
    const { tenderId, sold } = row
    // The sale was closed in the row's own commit.
    return { kind: 'capture', tenderId, ...(sold === undefined ? {} : { sold: { ...sold, at: chained.at } }), position }
  }
  if (row.kind === 'refund_requested') {
    const { refundId, tenderId, amount, lines, reason } = row
    return { kind: 'refund', refundId, tenderId, amount, lines, reason, position }
  }
  if (row.kind === 'approved_by_card' || row.kind === 'debit_advised') {
    const { tenderId, decidedAt, evidence } = row
    return { kind: 'presentment', terms: intentOf(tenderId).terms, decidedAt, position, evidence }
  }
  if (row.kind !== 'approved_offline') throw new Error(`row ${sequence} (${row.kind}) is no item for the ledger`)
  const { terms } = intentOf(row.tenderId)
  const { leaseId, decidedAt, evidence } = row
  return { kind: 'presentment', terms, leaseId, decidedAt, position, evidence }
}

export function positionOf(chained: ChainedRow): JournalPosition {
  return { epoch: chained.epoch, sequence: chained.sequence, hash: chained.hash }
}

export function receiptStateOf(jobs: readonly Pick<StoredPrintJob, 'state'>[]): ReceiptState {
  if (jobs.length === 0) return 'none'
  return jobs.some((job) => job.state !== 'printed') ? 'waiting' : 'printed'
}

export function tenderRecord(stored: StoredTender): TenderRecord {
  return {
    tenderId: stored.tender_id,
    saleId: stored.sale_id,
    kind: stored.kind,
    state: stored.state,
    amount: tiyn(stored.amount),
    schemeId: stored.scheme_id,
    slotId: stored.slot_id,
    leaseId: stored.lease_id,
    card: stored.card,
    code: stored.code,
    paidAtClosing: stored.paid_at_closing === 1,
    since: stored.since,
  }
}

export function saleRecord(stored: StoredSale): SaleRecord {
  return {
    sale: saleSchema.parse(JSON.parse(stored.json)),
    total: tiyn(stored.total),
    state: stored.state,
    at: stored.at,
    shiftId: stored.shift_id,
  }
}
