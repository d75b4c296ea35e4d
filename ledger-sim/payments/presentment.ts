/**
 * A presentment: the goods are given. It is never refused for lack of funds; once it is proved, the table of
 * `who-pays.ts` says who pays.
 */
import { termsHashOf } from '../../src/sync/protocol/canonical.ts'
import type { Presentment, SignedItemResult } from '../../src/sync/protocol/messages.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import type { Work } from '../context.ts'
import { closeDueLeases } from '../leases/close.ts'
import { recordPosition } from '../terminals/heads.ts'
import { waitsForReview } from '../terminals/revocation-reasons.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { isOfApplet } from '../applet/advice.ts'
import { presentOnCard } from '../applet/present.ts'
import { checkCardProof, counterStanding, isOfOtherTerms, useCounter } from './card-proof.ts'
import { fileDiscrepancy } from './discrepancies.ts'
import { keepEvidence } from './evidence.ts'
import { holdsOffline, replay } from './replay.ts'
import { notYoursResult, tenderResult } from './results.ts'
import { arrivalAt, claimTender, settleTender, type TenderOutcome } from './tenders.ts'
import { lossBorneBy, type Hearing } from './loss-bearing.ts'
import { leasedSlotOf, whoPays, type ProvenSale } from './who-pays.ts'

/** @param created the signer's time in seconds of the request that carried it */
export async function present(
  work: Work,
  terminal: Terminal,
  item: Presentment,
  created: number,
): Promise<SignedItemResult> {
  if (isOfApplet(item)) return presentOnCard(work, terminal, item, created)
  const { terms } = item
  await closeDueLeases(work)
  const decidedAt = item.evidence.record.input.trustedTime
  const { isNew, tender } = await claimTender(work, terms, terminal.terminalId, decidedAt)
  if (tender.terminalId !== terminal.terminalId) return notYoursResult(work, terms.tenderId)
  await keepEvidence(work, terms.tenderId, 'presentment', item)
  const arrival = isNew ? 'created' : arrivalAt(tender, terms)
  if (arrival !== 'created' && arrival !== 'exists') {
    await fileDifference(work, terminal, item, arrival)
    return tenderResult(work, tender, arrival, terms.tenderId)
  }
  // A refusal was final for the authorisation. If its answer never came and the till sold under its own live slot, the
  // goods are given, and only the table's reasons count.
  if (!isNew && tender.state !== 'refused') return tenderResult(work, tender, arrival, terms.tenderId)

  const hearing = { presentedAt: work.now, notPaid: lossBorneBy(work, terminal, item) }
  const outcome = await judgePresentment(work, terminal, item, created, hearing)
  await settleTender(work, terms.tenderId, outcome)
  return tenderResult(work, { ...tender, ...outcome, at: work.now }, arrival, terms.tenderId)
}

/** Goods were given under an id that means something else, or was reversed: nothing moves, and it is on file. */
async function fileDifference(work: Work, terminal: Terminal, item: Presentment, arrival: string): Promise<void> {
  await fileDiscrepancy(work, {
    terminalId: terminal.terminalId,
    tenderId: item.terms.tenderId,
    code: arrival.toUpperCase(),
    owner: 'merchant',
    amount: item.terms.amount,
    ...(item.leaseId === undefined ? {} : { leaseId: item.leaseId }),
    evidence: { position: item.position, leaseId: item.leaseId },
  })
}

/** Proves it and asks the table. @param created as in `present` */
export async function judgePresentment(
  work: Work,
  terminal: Terminal,
  item: Presentment,
  created: number,
  { presentedAt, notPaid }: Hearing,
): Promise<TenderOutcome> {
  const proven = await checkEvidence(work, terminal, item, presentedAt)
  if (proven.kind === 'fault') return notPaid('PROOF_MISSING_OR_FORGED', proven.refusal, proven.detail)
  const chain = await recordPosition(work, terminal.terminalId, item.position, created)
  if (chain === 'conflict') return notPaid('CHAIN_BROKEN', null, 'another row was seen at this place of the journal')
  return whoPays(work, terminal, proven.sale, notPaid)
}

type CheckedEvidence =
  | { readonly kind: 'valid'; readonly sale: ProvenSale }
  | { readonly kind: 'fault'; readonly refusal: RefusalCode | null; readonly detail: string }

async function checkEvidence(
  work: Work,
  terminal: Terminal,
  item: Presentment,
  presentedAt: number,
): Promise<CheckedEvidence> {
  const { terms, evidence } = item
  const fault = (refusal: RefusalCode | null, detail: string): CheckedEvidence => ({ kind: 'fault', refusal, detail })
  const proof = await checkCardProof(work, evidence.cardProof, termsHashOf(terms), 'any')
  if (proof.kind === 'refused') return fault(proof.code, 'the card proof does not open')
  // Whatever its scheme says and whatever the till decided (architecture.md, "Cards").
  if (proof.card.profile === 'ntag21x') return fault('CARD_ONLINE_ONLY', 'such a card proves nothing without network')
  const standing = await counterStanding(work, proof, terms.tenderId)
  if (standing === 'replayed') return fault('CARD_PROOF_REPLAYED', 'the card said this for another sale')
  if (isOfOtherTerms(proof)) return fault('CARD_BINDING_MISMATCH', 'the card said this for other terms')
  const { record } = evidence
  const replayed = await replay(work, terminal, terms, evidence, proof.card)
  if (replayed.kind === 'fault') {
    return fault(replayed.fault === 'decision_mismatch' ? 'DECISION_MISMATCH' : null, replayed.detail)
  }

  const { card } = proof.card
  if (replayed.leased?.cards.some((own) => own.card === card) !== true)
    return fault('CARD_NOT_IN_LEASE', 'in the package that slot opens for other cards')

  if (item.leaseId === undefined) return fault('CARD_NOT_IN_LEASE', 'no lease is named')
  const leased = await leasedSlotOf(work, terminal, item.leaseId, terms, proof.card.holder)
  if (leased.kind === 'fault') return leased
  await useCounter(work, proof, terms.tenderId)
  return {
    kind: 'valid',
    sale: {
      terms,
      lease: leased.lease,
      scheme: leased.scheme,
      slot: leased.slot,
      entitled: leased.entitled,
      cardId: card,
      position: item.position,
      // The moment that the terminal signed with the decision; when the goods were handed over says less.
      decidedAt: record.input.trustedTime,
      presentedAt,
      packageIssuedAt: replayed.package.issuedAt,
      isAllowedOffline: holdsOffline(replayed.input, record),
      review: waitsForReview(terminal, item.position),
    },
  }
}
