/**
 * The signed code on a receipt proves a sale of a till that is gone (money-rules.md, "Who pays": till destroyed or
 * stolen before it synced). It carries no decision record, so nothing is replayed: the terminal's signature, the card's
 * own word, the lease and its slot speak, and the payee is the terminal's own merchant.
 */
import { termsHashOf } from '../../src/sync/protocol/canonical.ts'
import {
  readReceiptPresentment,
  verifyReceiptPresentment,
  type ReceiptPresentment,
} from '../../src/sync/protocol/receipt-presentment.ts'
import { acceptsCardOffline } from '../../src/voucher/card-rules.ts'
import { findAccount } from '../accounts/accounts.ts'
import type { Work } from '../context.ts'
import { closeDueLeases } from '../leases/close.ts'
import { schemeAt } from '../schemes/schemes.ts'
import { isInOtherHands, waitsForReview } from '../terminals/revocation-reasons.ts'
import { findTerminal, signingKeysOf, type Terminal } from '../terminals/terminals.ts'
import { checkCardProof, counterStanding, isOfOtherTerms, useCounter } from './card-proof.ts'
import { keepEvidence } from './evidence.ts'
import { arrivalAt, claimTender, findTender, settleTender, type Tender, type TenderOutcome } from './tenders.ts'
import { lossBorneBy, type Hearing } from './loss-bearing.ts'
import { leasedSlotOf, whoPays } from './who-pays.ts'

export type ReceiptClaim =
  | { readonly kind: 'judged'; readonly arrival: ReturnType<typeof arrivalAt> | 'created'; readonly tender: Tender }
  /** It cannot be judged at all: nothing was claimed, nothing is on file. */
  | {
      readonly kind: 'not_a_claim'
      readonly why:
        | 'not_readable'
        | 'not_this_merchants'
        | 'terminal_presents_itself'
        | 'signature_wrong'
        | 'ledger_authorised_it'
    }

/** @param text what the code says. @param merchantId who claims it: the terminal's own merchant only */
export async function claimReceipt(work: Work, merchantId: string, text: string): Promise<ReceiptClaim> {
  const read = readReceiptPresentment(text)
  if (read.kind === 'fault') return { kind: 'not_a_claim', why: 'not_readable' }
  const { terminalId, terms, leaseId, decidedAt } = read.presentment
  const terminal = await findTerminal(work, terminalId)
  if (terminal?.merchantId !== merchantId) return { kind: 'not_a_claim', why: 'not_this_merchants' }
  const keys = await signingKeysOf(work, terminalId)
  if (!keys.some((key) => verifyReceiptPresentment(text, key).kind === 'presentment'))
    return { kind: 'not_a_claim', why: 'signature_wrong' }
  if (terminal.revokedFor === null) return { kind: 'not_a_claim', why: 'terminal_presents_itself' }
  const known = await findTender(work, terms.tenderId)
  // Paid while the customer waited, or never: its till had the answer before it printed.
  if (leaseId === null && known === undefined) return { kind: 'not_a_claim', why: 'ledger_authorised_it' }

  await closeDueLeases(work)
  const { isNew, tender } = await claimTender(work, terms, terminalId, decidedAt)
  if (tender.terminalId !== terminalId) return { kind: 'not_a_claim', why: 'not_this_merchants' }
  await keepEvidence(work, terms.tenderId, 'receipt', { text })
  const arrival = isNew ? 'created' : arrivalAt(tender, terms)
  const isRefusalNeverHeard = arrival === 'exists' && tender.state === 'refused'
  const isToBeJudged = isNew || isRefusalNeverHeard
  if (!isToBeJudged || leaseId === null) return { kind: 'judged', arrival, tender }
  const notPaid = lossBorneBy(work, terminal, { terms, position: read.presentment.position, leaseId })
  const outcome = await judgeReceipt(work, terminal, read.presentment, { presentedAt: work.now, notPaid })
  await settleTender(work, terms.tenderId, outcome)
  return { kind: 'judged', arrival, tender: { ...tender, ...outcome, at: work.now } }
}

/** What the table says of it, now. */
export async function judgeReceipt(
  work: Work,
  terminal: Terminal,
  presentment: ReceiptPresentment,
  { presentedAt, notPaid }: Hearing,
): Promise<TenderOutcome> {
  const { terms, leaseId, decidedAt, cardProof, position } = presentment
  if (leaseId === null) throw new Error(`receipt of ${terms.tenderId} names no lease`)
  const forged = (detail: string): Promise<TenderOutcome> => notPaid('PROOF_MISSING_OR_FORGED', null, detail)
  const proof = await checkCardProof(work, cardProof, termsHashOf(terms), 'any')
  if (proof.kind === 'refused') return notPaid('PROOF_MISSING_OR_FORGED', proof.code, 'the card proof does not open')
  if (isOfOtherTerms(proof)) return forged('the card said this for other terms')
  // Of other sales the replay sees it, in the package; here only the key of a till speaks that may be in other hands.
  const payee = await findAccount(work, terms.payeeAccount)
  if (payee?.kind !== 'merchant' || payee.owner !== terminal.merchantId)
    return notPaid('PROOF_MISSING_OR_FORGED', 'MERCHANT_NOT_ALLOWED', 'the payee is not the merchant of the till')
  if ((await counterStanding(work, proof, terms.tenderId)) === 'replayed')
    return forged('the card said this for another sale')
  const leased = await leasedSlotOf(work, terminal, leaseId, terms, proof.card.holder)
  if (leased.kind === 'fault') return notPaid('PROOF_MISSING_OR_FORGED', leased.refusal, leased.detail)
  await useCounter(work, proof, terms.tenderId)
  const packageIssuedAt = await packageIssuedBefore(work, terminal.terminalId, decidedAt)
  // What its agency has chosen since is not what the till sold by.
  const soldBy = (await schemeAt(work, terms.schemeId, packageIssuedAt)) ?? leased.scheme
  return whoPays(
    work,
    terminal,
    {
      terms,
      lease: leased.lease,
      scheme: leased.scheme,
      slot: leased.slot,
      entitled: leased.entitled,
      cardId: proof.card.card,
      position,
      decidedAt,
      presentedAt,
      packageIssuedAt,
      isAllowedOffline: soldBy.offline.policy !== 'deny' && acceptsCardOffline(soldBy, proof.card.profile),
      // Of a card that only says who it is, the place in the journal is the word of whoever has the till's key.
      review: proof.message === null ? isInOtherHands(terminal.revokedFor) : waitsForReview(terminal, position),
    },
    notPaid,
  )
}

/** A receipt names no package: the till had at best the newest one that it had fetched by then. */
async function packageIssuedBefore({ connection }: Work, terminalId: string, decidedAt: number): Promise<number> {
  const row = await connection
    .selectFrom('package')
    .select('issued_at')
    .where('terminal_id', '=', terminalId)
    .where('issued_at', '<=', BigInt(decidedAt))
    .orderBy('version', 'desc')
    .executeTakeFirst()
  return row === undefined ? 0 : Number(row.issued_at)
}
