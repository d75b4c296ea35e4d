/** What the work behind the payment machine remembers between its steps. Everything that matters is a journal row. */
import type { RowOf } from '../../sync/journal/rows.ts'
import type { DecisionRecord, Evidence } from '../../sync/protocol/messages.ts'
import { recordSourcesOf } from '../../sync/protocol/record-sources.ts'
import { profileOf } from '../../voucher/card-rules.ts'
import type { Decision, DecisionInput } from '../../voucher/decide.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import type { AppletProof, TenderTerms } from '../../voucher/tender.ts'
import type { Intent } from './work.ts'
import type { ReadCard } from './read-card.ts'

/**
 * A card as this presence showed it. The UID stays here, in memory, for as long as the tap (architecture.md, Privacy).
 */
export interface Tapped extends ReadCard {
  readonly presenceId: string
}

export interface ActivePackage {
  readonly package: TerminalPackage
  readonly hash: string
}

export interface OpenTender {
  readonly intent: Intent
  readonly terms: TenderTerms
  readonly card: string
  readonly leaseId: string | null
  readonly record: DecisionRecord
  readonly mode: 'online' | 'offline'
  /** Of a card that counts itself: what it is to sign. */
  readonly debit: AppletProof | null
  evidence: Evidence | null
  /** Why the authorisation certainly moved nothing, when that is certain. */
  notAsked: RefusalCode | null
}

/** A tender as its intent row says it: not proved yet, nothing asked. */
export function openTenderOf(row: RowOf<'tender_intent'>): OpenTender {
  const { terms, card, leaseId, record, mode, debit = null } = row
  const intent = { tenderId: terms.tenderId, amount: terms.amount.toString(), schemeId: terms.schemeId }
  return { intent, terms, card, leaseId, record, mode, debit, evidence: null, notAsked: null }
}

/** Whether the card that lies there is the tender's, and as good: its UID on a lesser card is another card. */
export function isSameCard(open: OpenTender, tapped: Tapped | undefined): boolean {
  return tapped?.card === open.card && tapped.profile === profileOf(open.record.input.card)
}

/** @throws when the card was not proved: a broken invariant. */
export function provedEvidence(open: OpenTender): Evidence {
  if (open.evidence === null) throw new Error('authorisation before the proof')
  return open.evidence
}

/**
 * What is signed of a decision. @throws when the lease is not of that package: a broken invariant
 */
export function recordOf(
  active: ActivePackage,
  leaseId: string | null,
  input: DecisionInput,
  decision: Decision,
  part: number,
): DecisionRecord {
  const { schemes: _named, ...recorded } = input
  const sources = recordSourcesOf(active.package, leaseId)
  if (sources === undefined) throw new Error(`lease ${leaseId} is not of the active package`)
  return {
    packageId: active.package.packageId,
    packageHash: active.hash,
    hotlistVersion: active.package.hotlist.version,
    sources,
    input: recorded,
    decision,
    part,
  }
}
