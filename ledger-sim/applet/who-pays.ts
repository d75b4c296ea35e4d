/**
 * The table "Who pays for a presented sale" (money-rules.md) for a card that counts itself: the card's escrow, which
 * holds what the card was given and has not been debited for (docs/design/25, "Who pays").
 */
import type { LossCode } from '../../src/sync/protocol/loss-codes.ts'
import type { Work } from '../context.ts'
import { fileDiscrepancy } from '../payments/discrepancies.ts'
import { holdsOffline, replay } from '../payments/replay.ts'
import { openReview } from '../payments/review-holds.ts'
import { pay } from '../payments/settlement.ts'
import type { TenderOutcome } from '../payments/tenders.ts'
import type { LossBearing } from '../payments/loss-bearing.ts'
import { agencyBears } from '../payments/who-pays.ts'
import { hadEnded, timesEntitled } from '../schemes/beneficiaries.ts'
import { wasBlockedAt } from '../schemes/cards.ts'
import { findScheme, schemeAccountOf, wasInactiveAt } from '../schemes/schemes.ts'
import { findSlot, useSlot } from '../schemes/slots.ts'
import { waitsForReview } from '../terminals/revocation-reasons.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { closeHolding } from './close.ts'
import { changeFunds, escrowOfHolding, findHolding, freeIn, type Holding } from './holdings.ts'
import type { CardPresentment } from './advice.ts'
import type { ProvedDebit } from './proof.ts'
import type { Standing } from './records.ts'

/** A decision of the till as it was on line counts as one for as long, as with authorisations. */
const onlineForMs = 120_000

export interface FiledDebit {
  readonly debit: ProvedDebit
  readonly standing: Exclude<Standing, 'waits'>
  /** When it first came to the ledger. */
  readonly presentedAt: number
  /** The ledger had disowned it: what it took off the card may have gone back to it. */
  readonly wasDisowned: boolean
}

export async function whoPaysOnCard(
  work: Work,
  terminal: Terminal,
  { terms, evidence, position }: CardPresentment,
  { debit, standing, presentedAt, wasDisowned }: FiledDebit,
  notPaid: LossBearing,
): Promise<TenderOutcome> {
  const unproved = (refusal: Parameters<LossBearing>[1], detail: string): Promise<TenderOutcome> =>
    notPaid('PROOF_MISSING_OR_FORGED', refusal, detail)
  const replayed = await replay(work, terminal, terms, evidence, debit.card)
  if (replayed.kind === 'fault')
    return unproved(replayed.fault === 'decision_mismatch' ? 'DECISION_MISMATCH' : null, replayed.detail)
  const { record } = evidence
  const scheme = await findScheme(work, terms.schemeId)
  const slot = await findSlot(work, terms.payerSlot)
  const holding = await findHolding(work, debit.card.card, terms.payerSlot)
  if (standing === 'second') return notPaid('CARD_FORKED', null, 'another history of this card came before')
  if (standing === 'beyond' || scheme === undefined || slot === undefined || holding === undefined)
    return notPaid('SLOT_ALREADY_USED', 'ALLOWANCE_USED', 'the card was not given so much')
  if (wasDisowned && freeIn(holding) < terms.amount)
    return notPaid('SLOT_ALREADY_USED', 'ALLOWANCE_USED', 'given back to the card, since its till was ended without it')

  const decidedAt = record.input.trustedTime
  const { card, holder } = debit.card
  const entitled = await timesEntitled(work, { schemeId: terms.schemeId, beneficiary: slot.slot.beneficiary, holder })
  const wasBarred =
    (await wasBlockedAt(work, card, decidedAt)) ||
    hadEnded(entitled, decidedAt) ||
    (await wasInactiveAt(work, terms.schemeId, decidedAt))
  if (wasBarred && decidedAt - replayed.package.issuedAt > scheme.offline.allowedPolicyAgeMs)
    return notPaid(
      'BLOCKED_BEFORE_SALE',
      null,
      'barred before the sale, and the package was older than the scheme allows',
    )
  const wasOnline = record.input.mode === 'online' && Math.abs(presentedAt - decidedAt) <= onlineForMs
  if (!wasOnline && !holdsOffline(replayed.input, record))
    return unproved('DECISION_MISMATCH', 'the offline rules do not allow it')

  // A torn payment that was shown in time, and whose proof came when its money had gone back, is late too.
  const isLate = presentedAt >= holding.dueAt || holding.state === 'closed'
  if (isLate && !(await agencyBears(work, scheme, terms.amount)))
    return notPaid('PRESENTED_TOO_LATE', null, `it was to be presented before ${holding.dueAt}`)
  if (isLate)
    await fileDiscrepancy(work, {
      terminalId: terminal.terminalId,
      tenderId: terms.tenderId,
      code: 'PRESENTED_TOO_LATE' satisfies LossCode,
      owner: 'agency',
      amount: terms.amount,
      evidence: { schemeId: scheme.schemeId, presentUntil: holding.dueAt, position },
    })
  if (isLate && holding.state === 'open') await closeHolding(work, holding)
  // What is closed has given its money back: the scheme's own pays.
  const escrow = isLate ? null : { holding, account: await escrowOfHolding(work, holding) }
  const paying = { work, terms, escrow }
  return waitsForReview(terminal, position) ? setAside(paying, scheme.agencyId) : payNow(paying)
}

interface Paying {
  readonly work: Work
  readonly terms: CardPresentment['terms']
  /** Null: the scheme's own account pays. */
  readonly escrow: { readonly holding: Holding; readonly account: string } | null
}

async function payNow({ work, terms, escrow }: Paying): Promise<TenderOutcome> {
  const { tenderId, payeeAccount, amount, payerSlot, schemeId } = terms
  const payer = escrow?.account ?? schemeAccountOf(schemeId)
  const paid = await pay(work, { tenderId, payer, payeeAccount, amount })
  if (paid === 'short' && escrow !== null) throw new Error(`the escrow of a card does not cover ${payerSlot}`)
  await useSlot(work, payerSlot, tenderId, amount)
  if (escrow !== null) await changeFunds(work, escrow.holding, -amount)
  if (paid === 'short') return { state: 'awaiting_funds', paidBy: null, refusal: null, loss: null }
  return { state: 'settled', paidBy: escrow === null ? 'agency' : 'escrow', refusal: null, loss: null }
}

/** Its agency looks at it first. */
async function setAside({ work, terms, escrow }: Paying, agencyId: string): Promise<TenderOutcome> {
  const { tenderId, amount, payerSlot, schemeId } = terms
  await useSlot(work, payerSlot, tenderId, amount)
  if (escrow !== null) await changeFunds(work, escrow.holding, -amount)
  const payer = escrow?.account ?? schemeAccountOf(schemeId)
  return openReview(work, { tenderId, agencyId, payer, paidBy: escrow === null ? 'agency' : 'escrow', amount })
}
