/**
 * A presentment: the goods are given. It is never refused for lack of funds; who pays is the table "Who pays for a
 * presented sale" of money-rules.md, row by row, and its six reasons are the only ones why the merchant bears it.
 */
import { termsHashOf } from '../../src/sync/protocol/canonical.ts'
import type { LossCode } from '../../src/sync/protocol/loss-codes.ts'
import { presentmentSchema, type Presentment, type SignedItemResult } from '../../src/sync/protocol/messages.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import type { Scheme } from '../../src/voucher/scheme.ts'
import type { Work } from '../context.ts'
import { closeDueLeases } from '../leases/close.ts'
import { findLease, type LeaseRow } from '../leases/leases.ts'
import { entitlementsOf } from '../schemes/beneficiaries.ts'
import { wasBlockedAt } from '../schemes/cards.ts'
import { findScheme, schemeAccountOf, wasInactiveAt } from '../schemes/schemes.ts'
import { findSlot, fitsIn, useSlot } from '../schemes/slots.ts'
import { recordPosition } from '../terminals/heads.ts'
import { appendEvent } from '../terminals/events.ts'
import { findTerminal, suspendTerminal, type Terminal } from '../terminals/terminals.ts'
import { checkCardProof, counterStanding, useCounter } from './card-proof.ts'
import { fileDiscrepancy } from './discrepancies.ts'
import { keepEvidence } from './evidence.ts'
import { holdsOffline, replay } from './replay.ts'
import { notYoursResult, tenderResult } from './results.ts'
import { pay } from './settlement.ts'
import { arrivalAt, claimTender, findTender, settleTender, type TenderOutcome } from './tenders.ts'

/** @param created the signer's time in seconds of the request that carried it */
export async function present(
  work: Work,
  terminal: Terminal,
  item: Presentment,
  created: number,
): Promise<SignedItemResult> {
  const { terms } = item
  await closeDueLeases(work)
  const claimed = await claimTender(work, terms, terminal.terminalId, item.evidence.record.input.trustedTime)
  const tender = await findTender(work, terms.tenderId)
  if (tender === undefined) throw new Error(`tender ${terms.tenderId} vanished`)
  if (tender.terminalId !== terminal.terminalId) return notYoursResult(work, terms.tenderId)
  await keepEvidence(work, terms.tenderId, 'presentment', item)
  const arrival = claimed ? 'created' : arrivalAt(tender, terms)
  if (arrival !== 'created' && arrival !== 'exists') {
    await fileDifference(work, terminal, item, arrival)
    return tenderResult(work, tender, arrival, terms.tenderId)
  }
  // A refusal was final for the authorisation. If its answer never came and the till sold under its own live slot, the
  // goods are given, and only the table's reasons count.
  if (!claimed && tender.state !== 'refused') return tenderResult(work, tender, arrival, terms.tenderId)

  const outcome = await decideWhoPays(work, terminal, item, created)
  await settleTender(work, terms.tenderId, outcome)
  return tenderResult(work, { ...tender, ...outcome, at: work.now }, arrival, terms.tenderId)
}

/**
 * A use of the slot was given back: a sale that had found it used is judged again, as if it had come after. So the
 * order in which a till's sales and reversals arrive does not decide who is paid (money-rules.md, "Identity": a batch
 * has no identity).
 */
export async function reconsider(work: Work, slotId: string): Promise<void> {
  const refused = await work.connection
    .selectFrom('tender')
    .select(['tender_id', 'terminal_id'])
    .where('slot_id', '=', slotId)
    .where('state', '=', 'not_paid')
    .where('loss', '=', 'SLOT_ALREADY_USED')
    .orderBy('tender_id')
    .execute()
  for (const row of refused) {
    const terminal = await findTerminal(work, row.terminal_id)
    const tender = await findTender(work, row.tender_id)
    const item = await presentmentOf(work, row.tender_id)
    if (terminal === undefined || tender === undefined || item === undefined) continue
    const outcome = await decideWhoPays(work, terminal, item, 0)
    if (outcome.state === 'not_paid') continue
    await settleTender(work, row.tender_id, outcome)
    await work.connection
      .updateTable('discrepancy')
      .set({ appeal: 'closed' })
      .where('tender_id', '=', row.tender_id)
      .execute()
    const result = await tenderResult(work, { ...tender, ...outcome, at: work.now }, 'exists', row.tender_id)
    await appendEvent(work, row.terminal_id, { kind: 'item', item: result })
  }
}

/** The first with the tender's own terms: what was shown under its id with other terms is evidence, no claim. */
async function presentmentOf({ connection }: Work, tenderId: string): Promise<Presentment | undefined> {
  const rows = await connection
    .selectFrom('evidence')
    .innerJoin('tender', 'tender.tender_id', 'evidence.tender_id')
    .select(['evidence.content', 'tender.terms_hash'])
    .where('evidence.tender_id', '=', tenderId)
    .where('evidence.kind', '=', 'presentment')
    .orderBy('evidence.at')
    .execute()
  return rows
    .map((row) => ({ item: presentmentSchema.parse(JSON.parse(row.content)), termsHash: row.terms_hash }))
    .find(({ item, termsHash }) => termsHashOf(item.terms) === termsHash)?.item
}

/** Goods were given under an id that means something else, or was reversed: nothing moves, and it is on file. */
async function fileDifference(work: Work, terminal: Terminal, item: Presentment, arrival: string): Promise<void> {
  await fileDiscrepancy(work, {
    terminalId: terminal.terminalId,
    tenderId: item.terms.tenderId,
    code: arrival.toUpperCase(),
    owner: 'merchant',
    amount: item.terms.amount,
    evidence: { position: item.position, leaseId: item.leaseId },
  })
}

async function decideWhoPays(
  work: Work,
  terminal: Terminal,
  item: Presentment,
  created: number,
): Promise<TenderOutcome> {
  const notPaid = (loss: LossCode, refusal: RefusalCode | null, detail: string) =>
    bearLoss(work, terminal, item, { loss, refusal, detail })

  const proven = await checkEvidence(work, terminal, item)
  if (proven.kind === 'fault') return notPaid('PROOF_MISSING_OR_FORGED', proven.refusal, proven.detail)
  const chain = await recordPosition(work, terminal.terminalId, item.position, created)
  if (chain === 'conflict') return notPaid('CHAIN_BROKEN', null, 'another row was seen at this place of the journal')

  const { lease, scheme, cardId, packageIssuedAt } = proven
  // The moment that the terminal signed with the decision; when the goods were handed over says less.
  const decidedAt = item.evidence.record.input.trustedTime
  const wasBarred =
    (await wasBlockedAt(work, cardId, decidedAt)) || (await wasInactiveAt(work, scheme.schemeId, decidedAt))
  if (wasBarred && decidedAt - packageIssuedAt > scheme.offline.allowedPolicyAgeMs) {
    return notPaid(
      'BLOCKED_BEFORE_SALE',
      null,
      'barred before the sale, and the package was older than the scheme allows',
    )
  }
  if (decidedAt > lease.sellUntil)
    return notPaid('SOLD_AFTER_LEASE', null, `the lease was for sales until ${lease.sellUntil}`)
  if (!proven.isAllowedOffline)
    return notPaid('PROOF_MISSING_OR_FORGED', 'DECISION_MISMATCH', 'the offline rules do not allow it')
  return paySlot(work, terminal, item, lease, scheme, notPaid)
}

type LossBearing = (loss: LossCode, refusal: RefusalCode | null, detail: string) => Promise<TenderOutcome>

async function paySlot(
  work: Work,
  terminal: Terminal,
  item: Presentment,
  lease: LeaseRow,
  scheme: Scheme,
  notPaid: LossBearing,
): Promise<TenderOutcome> {
  const { terms } = item
  const state = await findSlot(work, terms.payerSlot)
  if (state === undefined) throw new Error(`leased slot ${terms.payerSlot} vanished`)
  const holding = state.leaseId === null ? undefined : await findLease(work, state.leaseId)
  const isElsewhere = holding !== undefined && holding.terminalId !== terminal.terminalId
  if (!fitsIn(state.slot, terms.amount))
    return notPaid('SLOT_ALREADY_USED', 'ALLOWANCE_USED', 'the slot has no room for it')

  const isLate = work.now > lease.presentUntil
  if (isLate) {
    const allowed = !isElsewhere && (await agencyBears(work, scheme, terms.amount))
    if (!allowed)
      return notPaid('PRESENTED_TOO_LATE', null, `the lease was for presentments until ${lease.presentUntil}`)
    await fileDiscrepancy(work, {
      terminalId: terminal.terminalId,
      tenderId: terms.tenderId,
      code: 'PRESENTED_TOO_LATE',
      owner: 'agency',
      amount: terms.amount,
      evidence: { schemeId: scheme.schemeId, presentUntil: lease.presentUntil, position: item.position },
    })
  } else if (isElsewhere || (holding === undefined && !(await wasSoldBeforeSurrender(work, item)))) {
    return notPaid('SLOT_ALREADY_USED', null, 'the slot was given back or closed before this sale')
  }
  const payer = holding?.escrowAccount ?? schemeAccountOf(scheme.schemeId)
  const { tenderId, payeeAccount, amount } = terms
  const paid = await pay(work, { tenderId, payer, payeeAccount, amount })
  if (paid === 'short' && holding !== undefined)
    throw new Error(`escrow of ${holding.leaseId} does not cover its slots`)
  await useSlot(work, terms.payerSlot, tenderId, amount)
  if (paid === 'short') return { state: 'awaiting_funds', paidBy: null, refusal: null, loss: null }
  return { state: 'settled', paidBy: holding === undefined ? 'agency' : 'escrow', refusal: null, loss: null }
}

/** The order of arrival proves nothing: a sale that stands before the surrender in the journal had a live slot. */
async function wasSoldBeforeSurrender(work: Work, item: Presentment): Promise<boolean> {
  const row = await work.connection
    .selectFrom('lease_slot')
    .select(['state', 'surrender_epoch', 'surrender_sequence'])
    .where('slot_id', '=', item.terms.payerSlot)
    .where('lease_id', '=', item.leaseId)
    .executeTakeFirst()
  if (row?.state !== 'surrendered' || row.surrender_epoch === null || row.surrender_sequence === null) return false
  const { epoch, sequence } = item.position
  return (
    epoch < Number(row.surrender_epoch) ||
    (epoch === Number(row.surrender_epoch) && sequence < Number(row.surrender_sequence))
  )
}

/** "Agency up to a funded sum": what the scheme's agency has taken over so far stays below it. */
async function agencyBears(work: Work, scheme: Scheme, amount: bigint): Promise<boolean> {
  const { lossBearer } = scheme.offline
  if (lossBearer.kind === 'merchant') return false
  const rows = await work.connection
    .selectFrom('discrepancy')
    .innerJoin('tender', 'tender.tender_id', 'discrepancy.tender_id')
    .select('discrepancy.amount')
    .where('discrepancy.code', '=', 'PRESENTED_TOO_LATE')
    .where('discrepancy.owner', '=', 'agency')
    .where('tender.scheme_id', '=', scheme.schemeId)
    .where('tender.state', 'in', ['settled', 'awaiting_funds'])
    .execute()
  const borne = rows.reduce((sum, row) => sum + row.amount, 0n)
  return borne + amount <= lossBearer.upTo
}

type CheckedEvidence =
  | {
      readonly kind: 'valid'
      readonly lease: LeaseRow
      readonly scheme: Scheme
      readonly cardId: string
      readonly packageIssuedAt: number
      readonly isAllowedOffline: boolean
    }
  | { readonly kind: 'fault'; readonly refusal: RefusalCode | null; readonly detail: string }

async function checkEvidence(work: Work, terminal: Terminal, item: Presentment): Promise<CheckedEvidence> {
  const { terms, evidence } = item
  const fault = (refusal: RefusalCode | null, detail: string): CheckedEvidence => ({ kind: 'fault', refusal, detail })
  const proof = await checkCardProof(work, evidence.cardProof, termsHashOf(terms))
  if (proof.kind === 'refused') return fault(proof.code, 'the card proof does not open')
  const standing = await counterStanding(work, proof, terms.tenderId)
  if (standing === 'replayed') return fault('CARD_PROOF_REPLAYED', 'the card said this for another sale')
  if (!proof.isBound) return fault('CARD_BINDING_MISMATCH', 'the card said this for other terms')
  const { record } = evidence
  const replayed = await replay(work, terminal, terms, evidence, proof.card.card)
  if (replayed.kind === 'fault') {
    return fault(replayed.fault === 'decision_mismatch' ? 'DECISION_MISMATCH' : null, replayed.detail)
  }

  const lease = await findLease(work, item.leaseId)
  const scheme = await findScheme(work, terms.schemeId)
  if (
    lease === undefined ||
    lease.terminalId !== terminal.terminalId ||
    lease.schemeId !== terms.schemeId ||
    scheme === undefined
  ) {
    return fault(null, 'the lease is not this terminal’s for this scheme')
  }
  const leased = await work.connection
    .selectFrom('lease_slot')
    .select('slot_id')
    .where('lease_id', '=', lease.leaseId)
    .where('slot_id', '=', terms.payerSlot)
    .executeTakeFirst()
  if (leased === undefined) return fault(null, 'the slot was not in that lease')
  const state = await findSlot(work, terms.payerSlot)
  const isOwn = (await entitlementsOf(work, proof.card.holder)).some(
    (own) => own.schemeId === terms.schemeId && own.beneficiary === state?.slot.beneficiary,
  )
  if (!isOwn) return fault('NO_ENTITLEMENT', 'the slot is another beneficiary’s')
  await useCounter(work, proof, terms.tenderId)
  return {
    kind: 'valid',
    lease,
    scheme,
    cardId: proof.card.card,
    packageIssuedAt: replayed.package.issuedAt,
    isAllowedOffline: holdsOffline(replayed.input, record),
  }
}

interface Loss {
  readonly loss: LossCode
  readonly refusal: RefusalCode | null
  readonly detail: string
}

/**
 * Nobody pays; the merchant bears it and can appeal. A forged proof or a broken chain suspends the terminal; a decision
 * that does not replay is a fault of its software, not of its holder.
 */
async function bearLoss(
  work: Work,
  terminal: Terminal,
  item: Presentment,
  { loss, refusal, detail }: Loss,
): Promise<TenderOutcome> {
  await fileDiscrepancy(work, {
    terminalId: terminal.terminalId,
    tenderId: item.terms.tenderId,
    code: loss,
    owner: 'merchant',
    amount: item.terms.amount,
    evidence: { refusal, detail, position: item.position, leaseId: item.leaseId },
  })
  const isForged = loss === 'CHAIN_BROKEN' || (loss === 'PROOF_MISSING_OR_FORGED' && refusal !== 'DECISION_MISMATCH')
  if (isForged) await suspendTerminal(work, terminal.terminalId)
  return { state: 'not_paid', paidBy: null, refusal, loss }
}
