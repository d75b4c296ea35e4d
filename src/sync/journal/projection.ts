/**
 * What follows from a row for the tables that the till reads. Runs inside the row's own commit, and again over all rows
 * when the tables are rebuilt: both must end the same, which a test checks.
 */
import type { Statement } from 'better-sqlite3'
import { sumOf } from '../../voucher/refund.ts'
import { dtByQr } from '../../voucher/tender.ts'
import { canonicalText, toJson } from '../protocol/canonical.ts'
import type { ItemResult } from '../protocol/messages.ts'
import type { ChainedRow } from './rows.ts'

/** The tender states of the journal. The first group counts as spent against the slot, the second does not. */
export const spentStates = [
  'in_progress',
  'settled',
  'held',
  'pending',
  'awaiting_funds',
  'not_paid',
  'unknown',
  'torn',
  'maybe_debited',
  'advised',
  'reversing',
] as const
export const freeStates = ['refused', 'reversed', 'voided'] as const
/** In these the ledger has not said how it ended, and may still pay it from its lease. */
export const unansweredStates = ['in_progress', 'torn', 'pending', 'reversing'] as const
/** In these the card left too soon, and is wanted again. */
export const tornStates = ['torn', 'maybe_debited'] as const
/** No result yet: the sale can neither be charged again nor be closed. */
export const undecidedStates: readonly string[] = ['in_progress', 'unknown', ...tornStates]
export const isTorn = ({ state }: { readonly state: string }): boolean =>
  (tornStates as readonly string[]).includes(state)
/** In these the customer has paid this part and may have the goods. */
export const paidStates = ['settled', 'held', 'pending', 'awaiting_funds', 'not_paid'] as const
export type PaidState = (typeof paidStates)[number]
export type JournalTenderState = (typeof spentStates)[number] | (typeof freeStates)[number]

/** The customer has paid with it. */
export const isPaid = ({ state }: { readonly state: string }): boolean =>
  (paidStates as readonly string[]).includes(state)

/** @param prepared the statement of this text; made once */
export function project(prepared: (sql: string) => Statement, chained: ChainedRow): void {
  const { row, sequence, at } = chained
  const tenderState = (tenderId: string, state: JournalTenderState, code: string | null = null): void => {
    prepared('UPDATE tender SET state = ?, code = ?, since = ?, outcome_sequence = ? WHERE tender_id = ?').run(
      state,
      code,
      at,
      sequence,
      tenderId,
    )
  }
  const saleState = (saleId: string, state: 'closed' | 'cancelled'): void => {
    prepared(`UPDATE sale SET state = ?, at = ?, ${state}_sequence = ? WHERE sale_id = ?`).run(
      state,
      at,
      sequence,
      saleId,
    )
  }
  const goodsAnswered = (saleId: string): void => {
    prepared('DELETE FROM goods_question WHERE sale_id = ?').run(saleId)
  }
  const fact = (name: string, value: unknown): void => {
    prepared('INSERT INTO fact (name, json) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET json = excluded.json').run(
      name,
      toJson(value),
    )
  }
  /** Whether it was one; a refused one counts as if it had never been asked for. Its return's slip says less now. */
  const refundAnswered = ({ itemId, state, refusal }: ItemResult): boolean => {
    prepared(
      `UPDATE goods_return SET slip = 0
         WHERE return_id = (SELECT return_id FROM refund WHERE refund_id = ? AND state = 'waiting')`,
    ).run(itemId)
    return (
      prepared('UPDATE refund SET state = ?, code = ?, since = ?, sequence = ? WHERE refund_id = ?').run(
        state === 'done' ? 'done' : 'refused',
        refusal,
        at,
        sequence,
        itemId,
      ).changes > 0
    )
  }
  const outbox = (kind: string, itemId: string, tenderId: string | null): void => {
    prepared(
      `INSERT INTO outbox (item_id, kind, tender_id, sequence, state, at)
         VALUES (?, ?, ?, ?, 'waiting', ?) ON CONFLICT DO NOTHING`,
    ).run(itemId, kind, tenderId, sequence, at)
  }
  const sent = (itemId: string): void => {
    prepared('DELETE FROM outbox WHERE item_id = ?').run(itemId)
  }

  const stateOf = (tenderId: string): string | undefined =>
    (prepared('SELECT state FROM tender WHERE tender_id = ?').get(tenderId) as { state: string } | undefined)?.state
  /** What goes up under this id is the card's own record, and no longer the advice of a torn payment. */
  const waitsWithRecord = (tenderId: string): boolean =>
    prepared(`SELECT 1 FROM outbox JOIN row USING (sequence) WHERE item_id = ? AND row.kind = 'approved_by_card'`).get(
      tenderId,
    ) !== undefined
  /** Presented, and by no lease: a card has paid it by itself. */
  const isDebit = (tenderId: string): boolean =>
    prepared(`SELECT 1 FROM tender WHERE tender_id = ? AND kind = 'voucher' AND lease_id IS NULL`).get(tenderId) !==
    undefined

  switch (row.kind) {
    case 'epoch_started':
    case 'connectivity':
    case 'key_rotated':
    case 'time_contradicted':
      return
    case 'enrolled':
      return fact('enrolment', row.enrolment)
    case 'package_activated':
      return fact('active_package', { packageId: row.packageId, version: row.version })
    case 'card_keys_erased':
      return fact('active_package', { packageId: row.packageId, version: row.version, textHash: row.textHash })
    case 'sale_frozen':
      prepared(
        `INSERT INTO sale (sale_id, json, total, state, sequence, at, shift_id)
           VALUES (?, ?, ?, 'open', ?, ?, (SELECT shift_id FROM shift WHERE closed_sequence IS NULL))`,
      ).run(row.sale.saleId, toJson(row.sale), row.total, sequence, at)
      return
    case 'tender_intent':
      prepared(
        `INSERT INTO tender (tender_id, sale_id, kind, state, amount, scheme_id, slot_id, lease_id, card, package_id,
                               intent_sequence, since)
           VALUES (?, ?, 'voucher', 'in_progress', ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        row.terms.tenderId,
        row.saleId,
        row.terms.amount,
        row.terms.schemeId,
        row.terms.payerSlot,
        row.leaseId,
        row.card,
        row.record.packageId,
        sequence,
        at,
      )
      return
    case 'approved_online':
      return applyItem(row.item.result, tenderState)
    case 'approved_offline':
      tenderState(row.tenderId, 'pending')
      prepared('UPDATE tender SET lease_id = ? WHERE tender_id = ?').run(row.leaseId, row.tenderId)
      return outbox('presentment', row.tenderId, row.tenderId)
    case 'approved_by_card':
      tenderState(row.tenderId, 'pending')
      // In place of what went, or was to go, while nobody knew.
      sent(row.tenderId)
      return outbox('presentment', row.tenderId, row.tenderId)
    case 'debit_advised':
      tenderState(row.tenderId, 'advised')
      return outbox('presentment', row.tenderId, row.tenderId)
    case 'tender_refused':
      return tenderState(row.tenderId, 'refused', row.code)
    case 'tender_unknown':
      return tenderState(row.tenderId, 'unknown')
    case 'tender_torn':
      return tenderState(row.tenderId, row.mayBeDebited === true ? 'maybe_debited' : 'torn')
    case 'tender_not_debited':
      return tenderState(row.tenderId, 'voided', 'not_debited')
    case 'tender_resumed':
      return tenderState(row.tenderId, 'in_progress')
    case 'tender_voided':
      return tenderState(row.tenderId, 'voided', row.reason)
    case 'reversal_requested':
      tenderState(row.tenderId, 'reversing')
      // Taken after all, the money might go to those whom the merchant owes, and not come back.
      sent(`capture:${row.tenderId}`)
      return outbox('reversal', `reversal:${row.tenderId}`, row.tenderId)
    case 'item_answered': {
      const { itemId } = row.item.result
      // Of a torn payment whose card has come back meanwhile: its record, which waits now, was not meant.
      if (row.item.result.state === 'awaiting_proof' && waitsWithRecord(itemId)) return
      sent(itemId)
      if (refundAnswered(row.item.result)) return
      const tenderId = itemId.replace(/^(reversal|capture):/, '')
      const was = stateOf(tenderId)
      // While a reversal is on its way, only the reversal's own answer says how the tender ended.
      if (was === 'reversing' && row.item.result.state !== 'reversed') return
      // And afterwards nothing under this id moves: what says otherwise is an older word that arrives late.
      if (was === 'reversed') return
      // Its payer set the money aside once: told again, later, it says nothing of what became of it since.
      if (row.item.result.state === 'held' && was !== 'unknown') return
      if (row.item.result.state === 'reversed') {
        // What a card has paid by itself goes up all the same: the ledger owes it what it counted down.
        if (!isDebit(tenderId)) sent(tenderId)
        sent(`capture:${tenderId}`)
      }
      prepared('UPDATE tender SET presented = 1 WHERE tender_id = ?').run(tenderId)
      return applyItem({ ...row.item.result, itemId: tenderId }, tenderState)
    }
    case 'item_parked':
      prepared(`UPDATE outbox SET state = 'parked', why = ? WHERE item_id = ?`).run(row.why, row.itemId)
      return
    case 'parked_tried_again':
      prepared(`UPDATE outbox SET state = 'waiting', why = NULL WHERE state = 'parked'`).run()
      return
    case 'discrepancy_told':
      prepared(
        `INSERT INTO discrepancy (discrepancy_id, json, sequence) VALUES (?, ?, ?)
           ON CONFLICT (discrepancy_id) DO UPDATE SET json = excluded.json, sequence = excluded.sequence`,
      ).run(row.discrepancy.discrepancyId, canonicalText(row.discrepancy), sequence)
      return
    case 'slot_surrendered':
      prepared('INSERT INTO surrendered (slot_id, sequence) VALUES (?, ?) ON CONFLICT DO NOTHING').run(
        row.slotId,
        sequence,
      )
      return outbox('surrender', row.surrenderId, null)
    case 'cash_taken':
      prepared(
        `INSERT INTO tender (tender_id, sale_id, kind, state, amount, intent_sequence, outcome_sequence, since)
           VALUES (?, ?, 'cash', 'settled', ?, ?, ?, ?)`,
      ).run(row.tenderId, row.saleId, row.amount, sequence, sequence, at)
      return
    case 'payment_requested':
      prepared(
        `INSERT INTO tender (tender_id, sale_id, kind, state, amount, scheme_id, intent_sequence, since)
           VALUES (?, ?, 'qr', 'in_progress', ?, ?, ?, ?)`,
      ).run(row.terms.tenderId, row.saleId, row.terms.amount, dtByQr, sequence, at)
      return
    case 'payment_request_open':
      return tenderState(row.tenderId, 'unknown')
    case 'capture_requested':
      return outbox('capture', `capture:${row.tenderId}`, row.tenderId)
    case 'cash_returned':
      return tenderState(row.tenderId, 'reversed')
    case 'sale_closed':
      prepared(`UPDATE tender SET paid_at_closing = 1 WHERE sale_id = ? AND state IN (${quoted(paidStates)})`).run(
        row.saleId,
      )
      return saleState(row.saleId, 'closed')
    case 'sale_cancelled':
      goodsAnswered(row.saleId)
      return saleState(row.saleId, 'cancelled')
    case 'goods_asked':
      prepared('INSERT INTO goods_question (sale_id, sequence) VALUES (?, ?)').run(row.saleId, sequence)
      return
    case 'goods_answered':
      return goodsAnswered(row.saleId)
    case 'goods_returned':
      prepared(
        `INSERT INTO goods_return (return_id, sale_id, sequence, at, shift_id, cash)
           VALUES (?, ?, ?, ?, (SELECT shift_id FROM shift WHERE closed_sequence IS NULL), ?)`,
      ).run(row.returnId, row.saleId, sequence, at, sumOf(row.cash))
      return
    case 'refund_requested':
      prepared(
        `INSERT INTO refund (refund_id, return_id, tender_id, amount, state, requested_sequence, sequence, since)
           SELECT ?, return_id, ?, ?, 'waiting', ?, ?, ?
           FROM goods_return WHERE sequence = (SELECT max(sequence) FROM goods_return)`,
      ).run(row.refundId, row.tenderId, row.amount, sequence, sequence, at)
      return outbox('refund', row.refundId, row.tenderId)
    case 'refund_slip_requested':
      prepared('UPDATE goods_return SET slip = 1 WHERE return_id = ?').run(row.returnId)
      prepared(
        `INSERT INTO print_job (job_id, return_id, copy, language, state, sequence) VALUES (?, ?, ?, ?, 'waiting', ?)`,
      ).run(row.jobId, row.returnId, row.copy ? 1 : 0, row.language, sequence)
      return
    case 'receipt_requested':
      prepared(
        `INSERT INTO print_job (job_id, sale_id, copy, language, state, sequence) VALUES (?, ?, ?, ?, 'waiting', ?)`,
      ).run(row.jobId, row.saleId, row.copy ? 1 : 0, row.language, sequence)
      return
    case 'receipt_started':
      prepared(`UPDATE print_job SET state = 'started' WHERE job_id = ?`).run(row.jobId)
      return
    case 'receipt_untouched':
      prepared(`UPDATE print_job SET state = 'waiting' WHERE job_id = ? AND state = 'started'`).run(row.jobId)
      return
    case 'receipt_printed':
      prepared(`UPDATE print_job SET state = 'printed' WHERE job_id = ?`).run(row.jobId)
      return
    case 'cashier_set':
      prepared(
        `INSERT INTO cashier (number, name, pin) VALUES (?, ?, ?) ON CONFLICT (number)
           DO UPDATE SET name = excluded.name, pin = excluded.pin, wrong_pins = 0`,
      ).run(row.cashier.number, row.cashier.name, toJson(row.pin))
      return
    case 'pin_refused':
      prepared('UPDATE cashier SET wrong_pins = wrong_pins + 1, wrong_at = ? WHERE number = ?').run(at, row.cashier)
      return
    case 'time_confirmed':
      prepared('UPDATE cashier SET wrong_pins = 0 WHERE number = ?').run(row.cashier)
      return
    case 'shift_opened':
      prepared(
        `INSERT INTO shift (shift_id, number, cashier, cashier_name, opening_float, opened_sequence, opened_at)
           SELECT ?, (SELECT coalesce(max(number), 0) + 1 FROM shift), number, name, ?, ?, ?
           FROM cashier WHERE number = ?`,
      ).run(row.shiftId, row.openingFloat, sequence, at, row.cashier)
      prepared('UPDATE cashier SET wrong_pins = 0 WHERE number = ?').run(row.cashier)
      return
    case 'shift_closed':
      prepared('UPDATE shift SET closed_sequence = ?, closed_at = ? WHERE shift_id = ?').run(sequence, at, row.shiftId)
      prepared(
        `INSERT INTO sale_at_close SELECT shift_id, sale_id, state, closed_sequence FROM sale WHERE shift_id = ?`,
      ).run(row.shiftId)
      prepared(
        `INSERT INTO tender_at_close SELECT shift_id, tender_id, tender.state, code
           FROM sale JOIN tender USING (sale_id) WHERE shift_id = ?`,
      ).run(row.shiftId)
      return
    case 'shift_report_requested':
      prepared(
        `INSERT INTO print_job (job_id, shift_id, copy, language, state, sequence) VALUES (?, ?, ?, ?, 'waiting', ?)`,
      ).run(row.jobId, row.shiftId, row.copy ? 1 : 0, row.language, sequence)
      return
    case 'head_countersigned':
      return fact('countersigned_head', row)
    case 'rollback_detected':
      return fact('rollback', row)
    case 'events_read':
      return fact('events_cursor', row.cursor)
    case 'suspension':
      return fact('suspended', row.suspended)
    case 'language_set':
      return fact('language', row.language)
    default:
      return row satisfies never
  }
}

/** Words of this program as a list for SQL. */
export function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(', ')
}

/** How a tender stands after the ledger's word. */
function applyItem(
  result: ItemResult,
  tenderState: (tenderId: string, state: JournalTenderState, code: string | null) => void,
): void {
  switch (result.state) {
    case 'settled':
    case 'held':
    case 'awaiting_funds':
    case 'reversed':
      return tenderState(result.itemId, result.state, null)
    case 'refused':
      return tenderState(result.itemId, 'refused', result.refusal)
    case 'not_paid':
      return tenderState(result.itemId, 'not_paid', result.loss)
    case 'done':
    // Nobody knows more of it than before.
    case 'awaiting_proof':
      return
    default:
      return result.state satisfies never
  }
}

/** The tables that `project` fills, for emptying before a rebuild. Children before parents. */
export const projectedTables = [
  'goods_question',
  'print_job',
  'discrepancy',
  'outbox',
  'surrendered',
  'refund',
  'goods_return',
  'tender_at_close',
  'sale_at_close',
  'tender',
  'sale',
  'shift',
  'cashier',
  'fact',
] as const
