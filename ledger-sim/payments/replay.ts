/**
 * Replays a recorded decision (money-rules.md, "The rule function and its replay"): the inputs were signed by us, and
 * the recorded inputs give the same verdict. That slots were not oversold is asked where the slot is used.
 */
import { canonicalBytes, canonicalText, saleHashOf } from '../../src/sync/protocol/canonical.ts'
import { verifyTagged } from '../../src/sync/protocol/keys.ts'
import type { DecisionRecord, Evidence } from '../../src/sync/protocol/messages.ts'
import { recordSourcesOf } from '../../src/sync/protocol/record-sources.ts'
import { profileOf } from '../../src/voucher/card-rules.ts'
import { decide, type Decision, type DecisionInput } from '../../src/voucher/decide.ts'
import { isListed } from '../../src/voucher/hotlist.ts'
import { terminalPackageSchema, type LeasedSlot, type TerminalPackage } from '../../src/voucher/package.ts'
import type { TenderTerms } from '../../src/voucher/tender.ts'
import { isSamePlace } from '../../src/voucher/where.ts'
import type { Work } from '../context.ts'
import type { Card } from '../schemes/cards.ts'
import { statement } from '../store/statement.ts'
import { wholePackage } from '../terminals/stored-package.ts'
import { signingKeysOf, type Terminal } from '../terminals/terminals.ts'

type ProofCard = Pick<Card, 'card' | 'profile'>

export type ReplayFault =
  /** No such package of this terminal, or it says something else. */
  | 'package_unknown'
  | 'signature_wrong'
  /** The record says something that the package it names does not. */
  | 'input_not_ours'
  /** The decision does not follow from the inputs, or is not about this tender. */
  | 'decision_mismatch'

export type Replayed =
  | {
      readonly kind: 'agrees'
      readonly package: TerminalPackage
      readonly input: DecisionInput
      /** The payer's slot as the package leases it, with the cards that open it there; undefined where it does not. */
      readonly leased: LeasedSlot | undefined
    }
  | { readonly kind: 'fault'; readonly fault: ReplayFault; readonly detail: string }

/** @param proofCard the card that gave the proof, or that the terminal says lay there */
export async function replay(
  work: Work,
  terminal: Terminal,
  terms: TenderTerms,
  evidence: Evidence,
  proofCard: ProofCard,
): Promise<Replayed> {
  const { record, cardProof, signature } = evidence
  const signed = { record, cardProof, terms }
  const keys = await signingKeysOf(work, terminal.terminalId)
  if (!keys.some((key) => verifyTagged(key, 'tolem/decision-record/1', signed, signature))) {
    return fault('signature_wrong', 'the decision record is not signed by this terminal')
  }
  const named = await findPackage(work, terminal.terminalId, record)
  if (named === undefined)
    return fault('package_unknown', `package ${record.packageId} was not issued to this terminal like that`)
  const issued = named.package
  const foreign = notOurs(record, named, proofCard) ?? sourcesNotOurs(record, issued, terms, proofCard)
  if (foreign !== undefined) return fault('input_not_ours', foreign)

  const input: DecisionInput = { ...record.input, schemes: issued.schemes }
  const unlike = notAbout(record, terms, issued)
  if (unlike !== undefined) return fault('decision_mismatch', unlike)
  const verdict = decideSafely(input)
  if (verdict === undefined) return fault('decision_mismatch', 'the amounts are beyond what can be decided')
  if (!sameDecision(verdict, record.decision))
    return fault('decision_mismatch', 'the rule function gives another verdict')
  return { kind: 'agrees', package: issued, input, leased: named.slots.get(terms.payerSlot) }
}

/** The rule function on what a stranger sent: amounts that no one can have are no decision. */
export function decideSafely(input: DecisionInput): Decision | undefined {
  try {
    return decide(input)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** What the offline rules would have said of an online decision that was accepted under the till's own lease. */
export function holdsOffline(input: DecisionInput, record: DecisionRecord): boolean {
  if (input.mode === 'offline') return true
  const verdict = decideSafely({ ...input, mode: 'offline' })
  const recorded = record.decision.verdict === 'approve' ? record.decision.parts[record.part] : undefined
  if (verdict?.verdict !== 'approve' || recorded === undefined) return false
  const part = verdict.parts.find((candidate) => candidate.slotId === recorded.slotId)
  return part !== undefined && part.amount >= recorded.amount
}

function fault(kind: ReplayFault, detail: string): Replayed {
  return { kind: 'fault', fault: kind, detail }
}

const hashOfPackage = statement((connection, { packageId, terminalId }: { packageId: string; terminalId: string }) =>
  connection
    .selectFrom('package')
    .select('hash')
    .where('package_id', '=', packageId)
    .where('terminal_id', '=', terminalId),
)

async function findPackage(work: Work, terminalId: string, record: DecisionRecord): Promise<NamedPackage | undefined> {
  const { packageId } = record
  const [row] = await hashOfPackage(work.connection, { packageId, terminalId })
  if (row === undefined || row.hash !== record.packageHash) return undefined
  const known = parsed.get(row.hash)
  if (known !== undefined) return known
  const stored = await work.connection
    .selectFrom('package')
    .select(['content', 'hotlist_version'])
    .where('package_id', '=', packageId)
    .where('terminal_id', '=', terminalId)
    .executeTakeFirstOrThrow()
  return parsedPackage(row.hash, await wholePackage(work, stored))
}

interface NamedPackage {
  readonly package: TerminalPackage
  /** Of all its leases, by id: a lease of a school has thousands. */
  readonly slots: ReadonlyMap<string, LeasedSlot>
}

// A package is large and immutable, and many records name the same one.
const parsed = new Map<string, NamedPackage>()
const parsedLimit = 32

function parsedPackage(hash: string, stored: unknown): NamedPackage {
  const issued = terminalPackageSchema.parse(stored)
  const leased = issued.leases.flatMap((lease) => lease.slots)
  const found = { package: issued, slots: new Map(leased.toReversed().map((own) => [own.slot.slotId, own])) }
  if (parsed.size >= parsedLimit) parsed.clear()
  parsed.set(hash, found)
  return found
}

function notOurs(
  record: DecisionRecord,
  { package: named, slots }: NamedPackage,
  proofCard: ProofCard,
): string | undefined {
  const { input } = record
  if (record.hotlistVersion !== named.hotlist.version) return 'another hotlist than the package carries'
  if (input.merchantId !== named.merchant.merchantId) return 'another merchant than the package names'
  if (!isSamePlace(input.merchantPlace ?? {}, named.merchant))
    return 'another place of the merchant than the package names'
  if (input.terminal.packageIssuedAt !== named.issuedAt) return 'another age than the package has'
  if (input.card.card !== proofCard.card) return 'another card than the one that gave the proof'
  if (profileOf(input.card) !== proofCard.profile) return 'another kind of card than the one that gave the proof'
  if (isListed(named.hotlist, input.card.card) && !input.card.blocked) return 'the package lists the card as blocked'
  for (const lease of input.leases) {
    const ours = named.leases.some(
      (own) =>
        own.schemeId === lease.schemeId && own.sellUntil === lease.sellUntil && own.pool?.left === lease.pool?.left,
    )
    // What was sold from a pool since is the till's own word, as its other sales are: the escrow ends what is untrue.
    if (!ours) return `no lease of ${lease.schemeId} in the package ends at ${lease.sellUntil}, with that pool`
  }
  // What a card holds itself, its own record says (applet/proof.ts).
  if (input.mode === 'online' || proofCard.profile === 'tolem-applet') return undefined
  for (const slot of input.slots) {
    const ours = slots.get(slot.slotId)?.slot
    const same =
      ours !== undefined &&
      ours.schemeId === slot.schemeId &&
      ours.beneficiary === slot.beneficiary &&
      ours.periodId === slot.periodId &&
      ours.countAllowed === slot.countAllowed &&
      ours.amountAllowed === slot.amountAllowed
    // Figures of use may come from later results than the package; overselling is judged by the ledger's own.
    if (!same) return `slot ${slot.slotId} is not leased like that in the package`
  }
  return undefined
}

/** Package version, hotlist and lease that the record names apart are those of the package, and of the payer's slot. */
function sourcesNotOurs(
  { sources, input }: DecisionRecord,
  named: TerminalPackage,
  terms: TenderTerms,
  { profile }: ProofCard,
): string | undefined {
  if (sources === undefined) return undefined
  const { lease } = sources
  const ours = recordSourcesOf(named, lease?.leaseId ?? null)
  if (ours === undefined || canonicalText(ours) !== canonicalText(sources))
    return 'package version, hotlist or lease are not those of the package'
  if (lease === null && profile === 'tolem-applet') return undefined
  if (lease === null) return input.mode === 'offline' ? 'a decision of the offline rules names no lease' : undefined
  const held = named.leases.find(({ leaseId }) => leaseId === lease.leaseId)?.slots ?? []
  return held.some(({ slot }) => slot.slotId === terms.payerSlot) ? undefined : 'the lease does not hold the slot'
}

function notAbout(record: DecisionRecord, terms: TenderTerms, named: TerminalPackage): string | undefined {
  const { decision } = record
  if (decision.verdict !== 'approve') return 'the recorded decision refuses'
  const part = decision.parts[record.part]
  if (part === undefined) return `the decision has no part ${record.part}`
  if (part.slotId !== terms.payerSlot || part.schemeId !== terms.schemeId) return 'the part pays from another slot'
  if (part.amount !== terms.amount) return 'the part is about another amount'
  if (named.merchant.accountId !== terms.payeeAccount) return 'the payee is not the merchant of the package'
  if (saleHashOf(record.input.sale) !== terms.saleHash) return 'the record is about another sale'
  return undefined
}

function sameDecision(first: Decision, second: Decision): boolean {
  return Buffer.compare(canonicalBytes(first), canonicalBytes(second)) === 0
}
