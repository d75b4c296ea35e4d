/**
 * The sale is closed: what was held for its tender by QR becomes the merchant's (docs/design/17-qr-payment.md). Goods
 * were given, so where the hold has ended nobody pays, and that is on file.
 */
import { syncItemIdOf, type Capture, type SignedItemResult } from '../../src/sync/protocol/messages.ts'
import { postHold } from '../accounts/holds.ts'
import type { Work } from '../context.ts'
import { sharesOf } from '../rules/shares.ts'
import { recordPosition } from '../terminals/heads.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { fileDiscrepancy } from './discrepancies.ts'
import { keepEvidence } from './evidence.ts'
import { heldUntil, standingOf } from './payment-requests.ts'
import { qrSaleOf } from './qr-sale.ts'
import { notYoursResult, refusedResult, tenderResult } from './results.ts'
import { netDebts } from './settlement.ts'
import { findTender, keepSale, settleTender, type PaymentRequest, type Tender, type TenderOutcome } from './tenders.ts'

/**
 * Of an id that is no payment by QR of this terminal, or that nobody has paid, it moves nothing and leaves nothing:
 * what comes later under that id is judged as if there had been no capture.
 *
 * @param created the signer's time in seconds of the request that carried it
 */
export async function capture(
  work: Work,
  terminal: Terminal,
  item: Capture,
  created: number,
): Promise<SignedItemResult> {
  const { tenderId } = item
  const { terminalId } = terminal
  const itemId = syncItemIdOf(item)
  const tender = await findTender(work, tenderId)
  if (tender?.terminalId !== terminalId || tender.terms !== null) return notYoursResult(work, itemId)
  await keepEvidence(work, tenderId, 'capture', item)
  if ((await recordPosition(work, terminalId, item.position, created)) === 'conflict') {
    // The customer has agreed to pay, so the capture holds; that the journal forked is on file.
    await fileDiscrepancy(work, {
      terminalId,
      tenderId,
      code: 'CHAIN_BROKEN',
      owner: 'merchant',
      amount: 0n,
      evidence: { position: item.position },
    })
  }
  if (tender.tombstone) return tenderResult(work, tender, 'reversed_before_arrival', itemId)
  const { request, state } = tender
  if (state === 'held' && request !== null) {
    const outcome = await take(work, tender, request, item)
    await settleTender(work, tenderId, outcome)
    return tenderResult(work, { ...tender, ...outcome, at: work.now }, 'created', itemId)
  }
  const standing = await standingOf(work, tender)
  if (standing.state === 'requested') return refusedResult(work, itemId, 'created', 'INSUFFICIENT_FUNDS')
  return tenderResult(work, standing, 'exists', itemId)
}

async function take(
  work: Work,
  tender: Tender,
  request: PaymentRequest,
  { position, sold }: Capture,
): Promise<TenderOutcome> {
  const { tenderId, held, payeeAccount, amount } = request
  if (held === null) throw new Error(`tender ${tenderId} is held without a hold`)
  const sale = await qrSaleOf(work, tender, request, sold)
  const payment = { paidAs: 'tender', paymentId: tenderId, payeeAccount, payer: held.payer } as const
  const shares = await sharesOf(work, { ...payment, amount, sale: () => Promise.resolve(sale) })
  const resolved = await postHold(work, held.holdId, amount, shares.legs)
  if (resolved === 'resolved') {
    await keepSale(work, tenderId, sale)
    await shares.keep()
    await netDebts(work, payeeAccount, shares.merchantKeeps)
    return { state: 'settled', paidBy: 'individual', refusal: null, loss: null }
  }
  if (resolved !== 'not_pending') throw new Error(`hold ${held.holdId}: ${resolved}`)
  await fileDiscrepancy(work, {
    terminalId: tender.terminalId,
    tenderId,
    code: 'HOLD_ENDED',
    owner: 'merchant',
    amount,
    evidence: { detail: 'what was set aside has gone back to its payer', heldUntil: heldUntil(request), position },
  })
  return { state: 'not_paid', paidBy: null, refusal: null, loss: 'HOLD_ENDED' }
}
