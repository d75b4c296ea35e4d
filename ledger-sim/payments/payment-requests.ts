/**
 * A payment by QR at the ledger: opened by a terminal, paid by a wallet (`request-payments.ts`), captured when the sale
 * is closed (`captures.ts`), undone and refunded here (docs/design/17-qr-payment.md).
 */
import type { PaymentRequestTerms, SignedItemResult } from '../../src/sync/protocol/messages.ts'
import { smallestTiyn, subtractTiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import { voidHold } from '../accounts/holds.ts'
import type { Work } from '../context.ts'
import { takingBack, type Progress } from '../rules/returns.ts'
import { findMerchant } from '../schemes/merchants.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { keepEvidence } from './evidence.ts'
import { notYoursResult, tenderResult } from './results.ts'
import { oweRest } from './settlement.ts'
import {
  arrivalOfRequest,
  claimRequest,
  findTender,
  settleTender,
  type PaymentRequest,
  type Tender,
} from './tenders.ts'

/** How long what was set aside outlasts the request: the time in which a sale may be presented, as with a lease. */
export const heldAfterExpiryMs = 14 * 24 * 3_600_000

/** From this moment on the money is its payer's again, if the terminal has not captured it. */
export function heldUntil({ expiresAt }: Pick<PaymentRequestTerms, 'expiresAt'>): number {
  return expiresAt + heldAfterExpiryMs
}

export type OpenedRequest = { readonly kind: 'open' } | { readonly kind: 'known'; readonly item: SignedItemResult }

/** A request for another's account is refused, one whose time is over is reversed: each final for its id. */
export async function openRequest(work: Work, terminal: Terminal, terms: PaymentRequestTerms): Promise<OpenedRequest> {
  const { tenderId } = terms
  const claimed = await claimRequest(work, terms, terminal.terminalId)
  const tender = await findTender(work, tenderId)
  if (tender === undefined) throw new Error(`tender ${tenderId} vanished`)
  if (tender.terminalId !== terminal.terminalId) return { kind: 'known', item: notYoursResult(work, tenderId) }
  await keepEvidence(work, tenderId, 'payment-request', terms)
  const arrival = claimed ? 'created' : arrivalOfRequest(tender, terms)
  const judged = claimed && (await isForeign(work, terminal, terms)) ? await refuse(work, tender) : tender
  const standing = await standingOf(work, judged)
  const isOfThese = arrival === 'created' || arrival === 'exists'
  if (standing.state === 'requested' && isOfThese) return { kind: 'open' }
  return { kind: 'known', item: await tenderResult(work, standing, arrival, tenderId) }
}

async function isForeign(work: Work, terminal: Terminal, { payeeAccount }: PaymentRequestTerms): Promise<boolean> {
  return (await findMerchant(work, terminal.merchantId))?.merchant.accountId !== payeeAccount
}

async function refuse(work: Work, tender: Tender): Promise<Tender> {
  const outcome = { state: 'refused', paidBy: null, refusal: 'MERCHANT_NOT_ALLOWED', loss: null } as const
  await settleTender(work, tender.tenderId, outcome)
  return { ...tender, ...outcome, at: work.now }
}

/**
 * How a tender stands now. A request that nobody paid in time ends here, as reversed; what was held too long has gone
 * back by itself, and is told as reversed too. That is not written: a terminal that still captures it has given goods
 * that nobody pays (`captures.ts`).
 */
export async function standingOf(work: Work, tender: Tender): Promise<Tender> {
  const { request, state, tenderId } = tender
  if (request === null) return tender
  if (state === 'requested' && request.expiresAt <= work.now) {
    await close(work, tenderId, 'expired')
    await settleTender(work, tenderId, reversed)
    return { ...tender, ...reversed, request: { ...request, closedFor: 'expired' }, at: work.now }
  }
  if (state === 'held' && heldUntil(request) <= work.now) return { ...tender, ...reversed, at: heldUntil(request) }
  return tender
}

const reversed = { state: 'reversed', paidBy: null, refusal: null, loss: null } as const

async function close({ connection }: Work, tenderId: string, why: 'released' | 'expired'): Promise<void> {
  await connection.updateTable('payment_request').set({ closed_for: why }).where('tender_id', '=', tenderId).execute()
}

/**
 * Undoes a request that its terminal disowns: what is held is free again, what was captured goes back to the payer. A
 * merchant who has less owes the payer the rest.
 *
 * @param refunded what went back of it before
 */
export async function undoRequest(
  work: Work,
  { state, tenderId }: Tender,
  request: PaymentRequest,
  refunded: Tiyn,
): Promise<void> {
  const { payeeAccount, amount, held } = request
  await close(work, tenderId, 'released')
  if (state !== 'held' && state !== 'settled') return
  if (held === null) throw new Error(`tender ${tenderId} is ${state} without a hold`)
  if (state === 'held') {
    const resolved = await voidHold(work, held.holdId)
    // Not pending: its time was over.
    if (resolved !== 'resolved' && resolved !== 'not_pending') throw new Error(`hold ${held.holdId}: ${resolved}`)
    return
  }
  const due = subtractTiyn(amount, refunded)
  const ids = { paidAs: 'tender', paymentId: tenderId, returnedAs: 'reversal', returnId: tenderId } as const
  const taking = await takingBack(work, { ...ids, payeeAccount, paid: amount, progress: 'all' })
  const back = smallestTiyn(due, taking.available)
  const leg = { debit: payeeAccount, credit: held.payer, amount: back, kind: 'payment-reversal' } as const
  if ((await taking.post([leg])).kind === 'short') throw new Error('the merchant had less than was available')
  const owed = subtractTiyn(due, back)
  if (owed > 0n) await oweRest(work, { tenderId, payeeAccount }, held.payer, owed)
}

/**
 * Nobody stands in for a merchant who is short, as an agency does for a voucher: then nothing goes back.
 *
 * @param progress what has gone back of it, with this refund
 */
export async function refundRequest(
  work: Work,
  { payeeAccount, held, tenderId, amount: paid }: PaymentRequest,
  { refundId, amount }: { readonly refundId: string; readonly amount: Tiyn },
  progress: Progress,
): Promise<RefusalCode | undefined> {
  if (held === null) throw new Error(`tender ${tenderId} was paid without a hold`)
  const leg = { debit: payeeAccount, credit: held.payer, amount, kind: 'payment-refund' } as const
  const ids = { paidAs: 'tender', paymentId: tenderId, returnedAs: 'refund', returnId: refundId } as const
  const taking = await takingBack(work, { ...ids, payeeAccount, paid, progress })
  return (await taking.post([leg])).kind === 'short' ? 'INSUFFICIENT_FUNDS' : undefined
}
