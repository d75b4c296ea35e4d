/** What the work behind the payment machine remembers between its steps. Everything that matters is a journal row. */
import type { RowOf } from '../../sync/journal/rows.ts'
import type { DecisionRecord, Evidence } from '../../sync/protocol/messages.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import type { TenderTerms } from '../../voucher/tender.ts'
import type { Intent } from './machine.ts'

/**
 * A card as this presence showed it. The UID stays here, in memory, for as long as the tap (architecture.md, Privacy).
 */
export interface Tapped {
  readonly presenceId: string
  readonly uid: Uint8Array
  readonly card: string
}

export interface OpenTender {
  readonly intent: Intent
  readonly terms: TenderTerms
  readonly card: string
  readonly leaseId: string | null
  readonly record: DecisionRecord
  readonly mode: 'online' | 'offline'
  readonly activePackage: TerminalPackage
  evidence: Evidence | null
  /** Why the authorisation certainly moved nothing, when that is certain. */
  notAsked: RefusalCode | null
}

/** A tender as its intent row says it: not proved yet, nothing asked. */
export function openTenderOf(row: RowOf<'tender_intent'>, activePackage: TerminalPackage): OpenTender {
  const { terms, card, leaseId, record, mode } = row
  const intent = { tenderId: terms.tenderId, amount: terms.amount.toString(), schemeId: terms.schemeId }
  return { intent, terms, card, leaseId, record, mode, activePackage, evidence: null, notAsked: null }
}

/** @throws when the card was not proved: a broken invariant. */
export function provedEvidence(open: OpenTender): Evidence {
  if (open.evidence === null) throw new Error('authorisation before the proof')
  return open.evidence
}
