/** Cards that pay from the accounts of the demonstration's people (docs/design/29-cbdc-card.md), for tests. */
import { demoBank } from '../../../ledger-sim/scenarios/demo.ts'
import { requestTermsHashOf } from '../../../src/sync/protocol/request-terms-hash.ts'
import type { PaymentRequestTerms } from '../../../src/sync/protocol/messages.ts'
import { toHex } from '../../../src/voucher/cards/bytes.ts'
import type { Sun } from '../../../src/voucher/tender.ts'
import type { DemoLedger, TestCard, TestSigner, TestTill } from './demo-ledger.ts'
import { freshCardOf } from './fresh-card.ts'
import { readCard } from './sun-message.ts'

/** What one tap may take in most tests, tiyn. */
export const tapMax = 3_000_000n

/** Binds a new card. @param number which one, 0 to 255 */
export async function accountCard(
  demo: DemoLedger,
  number: number,
  accountId: string,
  most = tapMax,
): Promise<TestCard> {
  const card = freshCardOf(demo, number)
  const { status, body } = await bind(demo.role('bank', demoBank), card, accountId, most)
  if (status !== 200 || body['card'] !== card.pseudonym) throw new Error(`not bound: ${JSON.stringify(body)}`)
  return card
}

export function bind(bank: TestSigner, card: TestCard, accountId: string, most = tapMax, bindingId = newId(bank)) {
  return bank.post('/v1/account-cards', { bindingId, uid: toHex(card.uid), accountId, tapMax: most })
}

function newId(signer: TestSigner): string {
  const hex = Buffer.from(signer.random(16)).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}

export function setBlocked(bank: TestSigner, card: TestCard, blocked: boolean) {
  return bank.post(blocked ? '/v1/account-card-blocks' : '/v1/account-card-unblocks', { card: card.pseudonym })
}

/** The card is held to the reader: a message for these terms, with the next counter. */
export function tapFor(card: TestCard, terms: PaymentRequestTerms): Sun {
  return readCard(card, requestTermsHashOf(terms))
}

export const cardPayments = '/v1/terminal/payment-requests/card-payments'

/** `held`, `over`, or why it is refused. */
export async function show(till: TestTill, requestId: string, sun: Sun): Promise<string> {
  const answer = await till.call(cardPayments, { requestId, proof: { profile: 'ntag424', sun } })
  return answer.kind === 'refused' ? answer.code : answer.kind
}

/** A tap and what the ledger says to it. */
export function payByCard(till: TestTill, card: TestCard, terms: PaymentRequestTerms): Promise<string> {
  return show(till, terms.tenderId, tapFor(card, terms))
}

export function openSession(till: TestTill, card: TestCard, paymentRequest?: string, cardSessionId = till.id()) {
  const request = paymentRequest === undefined ? {} : { paymentRequest }
  const asked = { cardSessionId, card: card.pseudonym, encryptedRndB: '11'.repeat(16), ...request }
  return till.call('/v1/terminal/card-sessions', asked)
}
