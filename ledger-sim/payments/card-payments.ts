/**
 * A CBDC card pays a till's QR in the place of a wallet (docs/design/29-cbdc-card.md, "At the ledger"). What follows
 * (hold, capture, refund, reversal) is that of any payment by QR; the terminal hears `held`, and never from which
 * account.
 */
import type { z } from 'zod'
import type { requestCardPaymentAnswerSchema, requestCardPaymentSchema } from '../../src/sync/protocol/messages.ts'
import { requestTermsHashOf } from '../../src/sync/protocol/request-terms-hash.ts'
import type { Hash } from '../../src/voucher/identifiers.ts'
import { newId, type Work } from '../context.ts'
import { bankOfCard, findAccountCard } from '../individuals/account-cards.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { counterStanding, isOfOtherTerms, openMessage, useCounter, type MessageChecked } from './card-proof.ts'
import { keepEvidence } from './evidence.ts'
import { openedRequest, payOpen, whyLate, type OpenTender } from './request-payments.ts'
import type { PaymentRequest } from './tenders.ts'

type CardPayment = z.output<typeof requestCardPaymentSchema>
export type CardPaymentAnswer = z.output<typeof requestCardPaymentAnswerSchema>

/**
 * The request is the payment's identity: asked again, by the same message or a later one of the same card, it moves
 * nothing more and says what became of it. What is refused leaves the request open, to another tap and to a wallet.
 *
 * @returns undefined when the terminal has asked for no such payment
 */
export async function payByCard(
  work: Work,
  terminal: Terminal,
  payment: CardPayment,
): Promise<CardPaymentAnswer | undefined> {
  const { requestId, proof } = payment
  const standing = await openedRequest(work, requestId)
  if (standing?.terminalId !== terminal.terminalId) return undefined
  const checked = await openMessage(work, proof.sun, boundTo(standing.request), 'present')
  if (await hasPaid(work, standing, checked)) return { kind: 'held' }
  if (checked.card?.status === 'blocked') return refused('CARD_BLOCKED')
  if (checked.kind === 'refused') return refused(checked.code)
  if (isOfOtherTerms(checked)) return refused('CARD_BINDING_MISMATCH')
  const counter = await counterStanding(work, checked, requestId)
  if (counter === 'replayed') return refused('CARD_PROOF_REPLAYED')
  if (counter === 'behind') return refused('CARD_COUNTER_WENT_BACK')
  const own = await findAccountCard(work, checked.card.card)
  if (own === undefined) return refused('CARD_OF_NO_ACCOUNT')
  if ((await whyLate(work, standing)) !== undefined) return { kind: 'over' }
  // A message is for one try: it was refused before, and money that came since is not taken by it.
  if (counter === 'own') return refused('CARD_SUM_NOT_ALLOWED')
  await useCounter(work, checked, requestId)
  if (standing.amount > own.tapMax) return refused('CARD_SUM_NOT_ALLOWED')
  const made = { paymentId: newId(work), payer: own.accountId, madeBy: await bankOfCard(work, own), card: own.card }
  const paid = await payOpen(work, standing, made)
  // Told alike: a merchant must not learn a balance by trying sums.
  if (paid.kind !== 'held') return refused('CARD_SUM_NOT_ALLOWED')
  await keepEvidence(work, requestId, 'card-payment', payment)
  return { kind: 'held' }
}

/** What the terminal asked for, word by word. */
function boundTo({ tenderId, payeeAccount, amount, saleHash, expiresAt }: PaymentRequest): Hash {
  return requestTermsHashOf({ tenderId, payeeAccount, amount, saleHash, expiresAt })
}

/** Whether this very card has paid the request and its money is there: true also of a card that is blocked since. */
async function hasPaid({ connection }: Work, { state, tenderId }: OpenTender, checked: MessageChecked) {
  if (checked.kind !== 'proven' || isOfOtherTerms(checked) || (state !== 'held' && state !== 'settled')) return false
  const payment = await connection
    .selectFrom('request_payment')
    .select('card')
    .where('tender_id', '=', tenderId)
    .where('paid_back_for', 'is', null)
    .executeTakeFirst()
  return payment?.card === checked.card.card
}

function refused(code: Extract<CardPaymentAnswer, { readonly kind: 'refused' }>['code']): CardPaymentAnswer {
  return { kind: 'refused', code }
}
