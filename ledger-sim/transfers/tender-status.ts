/**
 * What became of a sale's tender at a till, for who is party to it: a statement names a voucher's or a QR's payment by
 * the tender's id (docs/design/18-platform-api.md, "Moves").
 */
import { addTiyn, tiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { paidBesideOf } from '../payments/appeal-payments.ts'
import { findTender, type Tender } from '../payments/tenders.ts'
import { isPartyOfTender, tenderOf } from './other-ids.ts'
import { seesAll } from './who-sees.ts'

export interface TenderStatus extends Pick<Tender, 'tenderId' | 'amount' | 'refusal' | 'loss' | 'paidBy'> {
  readonly state: Exclude<Tender['state'], 'deciding'>
  readonly kind: 'voucher' | 'qr'
  /** By refunds, without what a reversal gave back. */
  readonly refunded: Tiyn
  /** Of a voucher. */
  readonly schemeId: string | null
  /** The discrepancy whose appeal has paid it after all, from the agency's own account. */
  readonly paidByAppeal: string | null
  readonly terminalId: string
  readonly at: number
}

/**
 * @param id of the tender, of a refund of it, or of the payment by which a wallet paid it
 * @returns undefined to whoever is no party
 */
export async function tenderStatus(work: Work, caller: Caller, id: string): Promise<TenderStatus | undefined> {
  const tenderId = await tenderOf(work, id)
  if (tenderId === undefined) return undefined
  if (!seesAll(caller) && !(await isPartyOfTender(work, caller, tenderId))) return undefined
  const tender = await findTender(work, tenderId)
  if (tender === undefined) throw new Error(`tender ${tenderId} vanished`)
  const { terms, request, state, amount, refusal, loss, paidBy, terminalId, at } = tender
  if (state === 'deciding') throw new Error(`tender ${tenderId} was left undecided`)
  const rows = await work.connection
    .selectFrom('refund')
    .select('amount')
    .where('tender_id', '=', tenderId)
    .where('state', '=', 'done')
    .execute()
  const refunded = addTiyn(...rows.map((row) => tiyn(row.amount)))
  const beside = state === 'not_paid' ? await paidBesideOf(work, tenderId) : undefined
  const kind = request === null ? 'voucher' : 'qr'
  return {
    tenderId,
    kind,
    state,
    amount,
    refunded,
    refusal,
    loss,
    paidBy,
    schemeId: terms?.schemeId ?? null,
    paidByAppeal: beside?.discrepancyId ?? null,
    terminalId,
    at,
  }
}
