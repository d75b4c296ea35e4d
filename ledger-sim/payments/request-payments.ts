/**
 * What a wallet pays to a QR, and what became of it (docs/design/17-qr-payment.md, "Late payment"). The terminal hears
 * that it was paid, and never by whom.
 */
import { tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { placeHold } from '../accounts/holds.ts'
import { availableIn } from '../accounts/transfers.ts'
import { newId, type Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { limitFault, type LimitFault } from '../individuals/limits.ts'
import { personOfCaller } from '../individuals/people.ts'
import { findMerchant } from '../schemes/merchants.ts'
import { appendEvent } from '../terminals/events.ts'
import { findTerminal } from '../terminals/terminals.ts'
import { heldUntil, standingOf } from './payment-requests.ts'
import { tenderResult } from './results.ts'
import { findTender, settleTender, type PaymentRequest, type Tender } from './tenders.ts'

/** Why a payment went back in the commit that it came in: final for its id. */
export const lateReasons = ['released', 'expired', 'already_paid'] as const
export type LateReason = (typeof lateReasons)[number]

export type RequestPayment =
  | { readonly kind: 'held'; readonly reason: null }
  | { readonly kind: 'paid_back'; readonly reason: LateReason }
  | { readonly kind: 'not_found'; readonly what: 'payer' | 'request' }
  /** Nothing was done. */
  | { readonly kind: 'short' }
  | { readonly kind: 'limited'; readonly fault: LimitFault }

export interface WantedPayment {
  readonly paymentId: string
  readonly requestId: string
  /** The account that pays. */
  readonly payer: string
}

/** @param caller the owner of the payer's account, or the bank whose client that is */
export async function payRequest(work: Work, caller: Caller, wanted: WantedPayment): Promise<RequestPayment> {
  const { paymentId, requestId, payer } = wanted
  if ((await personOfCaller(work, caller, payer)) === undefined) return { kind: 'not_found', what: 'payer' }
  const standing = await openedRequest(work, requestId)
  if (standing === undefined) return { kind: 'not_found', what: 'request' }
  const late = await whyLate(work, standing)
  const payment = { paymentId, payer, madeBy: caller.owner, card: null }
  if (late === undefined) return payOpen(work, standing, payment)
  // What comes back in the same commit has not gone out.
  await keepPayment(work, requestId, payment, late)
  return { kind: 'paid_back', reason: late }
}

export interface Payment {
  readonly paymentId: string
  /** The account that pays. */
  readonly payer: string
  /** Its owner, or the bank whose client that is. */
  readonly madeBy: string
  /** Of a card that pays in the place of a wallet. */
  readonly card: string | null
}

/** @param standing nobody has paid it, and it is not too late */
export async function payOpen(
  work: Work,
  standing: OpenTender,
  payment: Payment,
): Promise<Extract<RequestPayment, { readonly kind: 'held' | 'short' | 'limited' }>> {
  const { payer } = payment
  const { amount } = standing.request
  const available = await availableIn(work, payer)
  if (available !== null && available < amount) return { kind: 'short' }
  const fault = await limitFault(work, { accountId: payer, direction: 'outgoing', amount })
  if (fault !== undefined) return { kind: 'limited', fault }
  if ((await hold(work, standing, payer)) === 'short') return { kind: 'short' }
  await keepPayment(work, standing.tenderId, payment, null)
  return { kind: 'held', reason: null }
}

async function keepPayment(
  { connection, now }: Work,
  tenderId: string,
  { paymentId, payer, madeBy, card }: Payment,
  late: LateReason | null,
): Promise<void> {
  await connection
    .insertInto('request_payment')
    .values({
      payment_id: paymentId,
      tender_id: tenderId,
      payer,
      made_by: madeBy,
      paid_back_for: late,
      at: now,
      card,
    })
    .execute()
}

/** One that was refused never was on a screen. */
export async function openedRequest(work: Work, requestId: string): Promise<OpenTender | undefined> {
  const tender = await findTender(work, requestId)
  if (tender === undefined || tender.state === 'refused') return undefined
  const { request, ...standing } = await standingOf(work, tender)
  return request === null ? undefined : { ...standing, request }
}

export type OpenTender = Tender & { readonly request: PaymentRequest }

/** Of a till that may do nothing, a revoked one say, nobody's money is set aside for two weeks. */
export async function whyLate(work: Work, { state, request, terminalId }: OpenTender): Promise<LateReason | undefined> {
  if (state === 'requested') return (await findTerminal(work, terminalId))?.status === 'active' ? undefined : 'released'
  if (state === 'held' || state === 'settled') return 'already_paid'
  return request.closedFor ?? 'expired'
}

async function hold(work: Work, tender: OpenTender, payer: string): Promise<'held' | 'short'> {
  const { request, terminalId, tenderId } = tender
  const holdId = newId(work)
  const placed = await placeHold(work, {
    holdId,
    debit: payer,
    credit: request.payeeAccount,
    amount: request.amount,
    expiresAt: heldUntil(request),
    reference: tenderId,
  })
  if (placed.kind === 'short') return 'short'
  await work.connection
    .updateTable('payment_request')
    .set({ hold_id: holdId, payer })
    .where('tender_id', '=', tenderId)
    .execute()
  const outcome = { state: 'held', paidBy: null, refusal: null, loss: null } as const
  await settleTender(work, tenderId, outcome)
  const item = await tenderResult(work, { ...tender, ...outcome, at: work.now }, 'exists', tenderId)
  await appendEvent(work, terminalId, { kind: 'item', item })
  return 'held'
}

export interface ShownRequest {
  readonly merchantId: string
  readonly merchantName: { readonly kk: string; readonly ru: string; readonly en: string }
  readonly amount: Tiyn
  readonly expiresAt: number
  readonly state: 'open' | 'paid' | 'released' | 'expired'
}

/** What a wallet shows before its owner agrees. */
export async function showRequest(work: Work, requestId: string): Promise<ShownRequest | undefined> {
  const tender = await openedRequest(work, requestId)
  const terminal = tender === undefined ? undefined : await findTerminal(work, tender.terminalId)
  const found = terminal === undefined ? undefined : await findMerchant(work, terminal.merchantId)
  if (tender === undefined || found === undefined) return undefined
  const { merchantId, name } = found.merchant
  const { amount, expiresAt } = tender.request
  const late = await whyLate(work, tender)
  const state = late === undefined ? 'open' : late === 'already_paid' ? 'paid' : late
  return { merchantId, merchantName: name, amount, expiresAt, state }
}

export interface FoundPayment extends WantedPayment {
  readonly amount: Tiyn
  readonly state: 'held' | 'settled' | 'paid_back'
  readonly reason: LateReason | 'reversed' | null
  /** What the merchant still owes of what was paid back. */
  readonly owed: Tiyn
}

/**
 * Who made it sees it, and the owner of the account that paid; nobody else. What a card paid goes by the id of its
 * request: that is the reference under which a statement and the feed tell of it.
 */
export async function findPayment(work: Work, { owner }: Caller, paymentId: string): Promise<FoundPayment | undefined> {
  const { connection } = work
  const payments = connection
    .selectFrom('request_payment')
    .innerJoin('account', 'account.account_id', 'request_payment.payer')
    .selectAll('request_payment')
    .where((row) => row.or([row('made_by', '=', owner), row('account.owner', '=', owner)]))
  const row =
    (await payments.where('payment_id', '=', paymentId).where('card', 'is', null).executeTakeFirst()) ??
    (await payments.where('tender_id', '=', paymentId).where('card', 'is not', null).executeTakeFirst())
  if (row === undefined) return undefined
  const tender = await openedRequest(work, row.tender_id)
  if (tender === undefined) throw new Error(`the request of payment ${paymentId} vanished`)
  const payment = { paymentId, requestId: row.tender_id, payer: row.payer, amount: tender.amount }
  if (row.paid_back_for !== null) return { ...payment, state: 'paid_back', reason: row.paid_back_for, owed: zeroTiyn }
  if (tender.state === 'held' || tender.state === 'settled')
    return { ...payment, state: tender.state, reason: null, owed: zeroTiyn }
  const { state } = await connection
    .selectFrom('hold')
    .innerJoin('payment_request', 'payment_request.hold_id', 'hold.hold_id')
    .select('hold.state')
    .where('payment_request.tender_id', '=', row.tender_id)
    .executeTakeFirstOrThrow()
  const reason = state === 'posted' ? 'reversed' : state === 'voided' ? 'released' : 'expired'
  return { ...payment, state: 'paid_back', reason, owed: await owedOf(work, row.tender_id) }
}

async function owedOf({ connection }: Work, tenderId: string): Promise<Tiyn> {
  const debt = await connection
    .selectFrom('merchant_debt')
    .select('amount')
    .where('kind', '=', 'reversal')
    .where('reference', '=', tenderId)
    .executeTakeFirst()
  return debt === undefined ? zeroTiyn : tiyn(debt.amount)
}
