/**
 * The table "Who pays for a presented sale" (money-rules.md), for a sale that is proved, by whichever way it came: a
 * batch of its till, an export, or the code on a receipt. Its reasons are the only ones why the merchant bears it.
 */
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import { zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { AnyScheme } from '../../src/voucher/scheme.ts'
import type { TenderTerms } from '../../src/voucher/tender.ts'
import type { Work } from '../context.ts'
import { post } from '../accounts/transfers.ts'
import { findLease, type LeaseRow } from '../leases/leases.ts'
import { leftIn } from '../leases/pools.ts'
import { hadEnded, timesEntitled, type TimeEntitled } from '../schemes/beneficiaries.ts'
import { wasBlockedAt } from '../schemes/cards.ts'
import { takeBackLent } from '../schemes/bridges.ts'
import { takeBackFor } from '../schemes/carrying.ts'
import { findScheme, schemeAccountOf, wasInactiveAt } from '../schemes/schemes.ts'
import {
  amountLeftIn,
  beyondSlot,
  chargeBridges,
  findSlot,
  fitsIn,
  setBridged,
  useSlot,
  type SlotState,
} from '../schemes/slots.ts'
import { statement } from '../store/statement.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { fileDiscrepancy } from './discrepancies.ts'
import type { LossBearing, SalePosition } from './loss-bearing.ts'
import { openReview } from './review-holds.ts'
import { pay } from './settlement.ts'
import type { TenderOutcome } from './tenders.ts'

export interface ProvenSale {
  readonly terms: TenderTerms
  readonly lease: LeaseRow
  readonly scheme: AnyScheme
  /** The payer's, as it is now. */
  readonly slot: SlotState
  /** When the card's holder was entitled to the slot. */
  readonly entitled: readonly TimeEntitled[]
  readonly cardId: string
  readonly position: SalePosition
  readonly decidedAt: number
  /** When it first came to the ledger, however often it is judged: `presentUntil` is about that. */
  readonly presentedAt: number
  readonly packageIssuedAt: number
  readonly isAllowedOffline: boolean
  /** Its agency looks at it before it is paid: its till may have been in other hands. */
  readonly review?: boolean
}

export async function whoPays(
  work: Work,
  terminal: Terminal,
  sale: ProvenSale,
  notPaid: LossBearing,
): Promise<TenderOutcome> {
  const { lease, scheme, entitled, cardId, decidedAt, packageIssuedAt } = sale
  const wasBarred =
    (await wasBlockedAt(work, cardId, decidedAt)) ||
    hadEnded(entitled, decidedAt) ||
    (await wasInactiveAt(work, scheme.schemeId, decidedAt))
  if (wasBarred && decidedAt - packageIssuedAt > scheme.offline.allowedPolicyAgeMs) {
    return notPaid(
      'BLOCKED_BEFORE_SALE',
      null,
      'barred before the sale, and the package was older than the scheme allows',
    )
  }
  if (decidedAt > lease.sellUntil)
    return notPaid('SOLD_AFTER_LEASE', null, `the lease was for sales until ${lease.sellUntil}`)
  if (!sale.isAllowedOffline)
    return notPaid('PROOF_MISSING_OR_FORGED', 'DECISION_MISMATCH', 'the offline rules do not allow it')
  const isPools = lease.isPool && sale.presentedAt <= lease.presentUntil
  return isPools ? payFromPool(work, terminal, sale, notPaid) : paySlot(work, terminal, sale, notPaid)
}

/**
 * What the till sold within its sum is paid, whatever other tills have paid the beneficiary meanwhile: its agency lent
 * the sum knowing that (docs/design/23-pools.md). Never more than the sum: an honest till comes to no end of it.
 */
async function payFromPool(
  work: Work,
  terminal: Terminal,
  sale: ProvenSale,
  notPaid: LossBearing,
): Promise<TenderOutcome> {
  const { terms, lease, scheme, slot: state, position, review = false } = sale
  const { tenderId, payerSlot, payeeAccount, amount } = terms
  if (amount > (await leftIn(work, lease.escrowAccount)))
    return notPaid('POOL_USED_UP', null, 'the pool has paid out its whole sum')
  const { slot } = await takeBackFor(work, terminal.terminalId, state, { amount, isLate: false })
  const beyond = beyondSlot(slot, amount)
  await useSlot(work, payerSlot, tenderId, amount, lease.leaseId)
  await chargeBridges(work, [payerSlot])
  if (beyond > 0n)
    await fileDiscrepancy(work, {
      terminalId: terminal.terminalId,
      tenderId,
      code: 'ALLOWANCE_EXCEEDED_IN_POOL',
      owner: 'agency',
      amount: beyond,
      evidence: { schemeId: scheme.schemeId, slotId: payerSlot, leaseId: lease.leaseId, position },
    })
  const payer = lease.escrowAccount
  if (review) return openReview(work, { tenderId, agencyId: scheme.agencyId, payer, paidBy: 'escrow', amount })
  if ((await pay(work, { tenderId, payer, payeeAccount, amount })) === 'short')
    throw new Error(`pool ${lease.leaseId} had less than it had`)
  return { state: 'settled', paidBy: 'escrow', refusal: null, loss: null }
}

async function paySlot(work: Work, terminal: Terminal, sale: ProvenSale, notPaid: LossBearing): Promise<TenderOutcome> {
  const { terms, lease, scheme, slot: state, position, review = false } = sale
  const holding = state.leaseId === null ? undefined : await holdingOf(work, state.leaseId, lease)
  const isElsewhere = holding !== undefined && holding.terminalId !== terminal.terminalId
  const isLate = sale.presentedAt > lease.presentUntil
  const isPaid =
    !isElsewhere &&
    (isLate ? await agencyBears(work, scheme, terms.amount) : holding !== undefined || (await hadLiveSlot(work, sale)))
  const room = isPaid ? await makeRoom(work, terminal, state, { amount: terms.amount, isLate }) : withRoom(state, terms)
  if (room === undefined) return notPaid('SLOT_ALREADY_USED', 'ALLOWANCE_USED', 'the slot has no room for it')

  if (isLate) {
    if (!isPaid)
      return notPaid('PRESENTED_TOO_LATE', null, `the lease was for presentments until ${lease.presentUntil}`)
    await fileDiscrepancy(work, {
      terminalId: terminal.terminalId,
      tenderId: terms.tenderId,
      code: 'PRESENTED_TOO_LATE',
      owner: 'agency',
      amount: terms.amount,
      evidence: { schemeId: scheme.schemeId, presentUntil: lease.presentUntil, position },
    })
  } else if (!isPaid) {
    return notPaid('SLOT_ALREADY_USED', null, 'the slot was given back or closed before this sale')
  }
  // The escrow covers what the slot allowed until now, which is less than the sale.
  const payers = room.fromAgency > 0n && holding !== undefined ? await giveBackCover(work, holding, state) : holding
  const outcome = review ? await setAside(work, sale, payers) : await payFromSlot(work, terms, payers)
  if (holding === undefined) await chargeBridges(work, [terms.payerSlot])
  return outcome
}

/** Its agency looks at it first: the slot is used, the money kept for it. */
async function setAside(
  work: Work,
  { terms, scheme }: ProvenSale,
  holding: LeaseRow | undefined,
): Promise<TenderOutcome> {
  const payer = holding?.escrowAccount ?? schemeAccountOf(scheme.schemeId)
  const paidBy = holding === undefined ? 'agency' : 'escrow'
  const { tenderId, amount } = terms
  await useSlot(work, terms.payerSlot, tenderId, amount)
  return openReview(work, { tenderId, agencyId: scheme.agencyId, payer, paidBy, amount })
}

interface Room {
  /** Of the sale, what its slot's bridge has lent before: the agency pays it once more. */
  readonly fromAgency: Tiyn
}

function withRoom({ slot }: SlotState, { amount }: Pick<TenderTerms, 'amount'>): Room | undefined {
  return fitsIn(slot, amount) ? { fromAgency: zeroTiyn } : undefined
}

/** What the slot does not allow any more, since its bridge lent it or it passed on, comes back where that may be. */
async function makeRoom(
  work: Work,
  { terminalId }: Terminal,
  state: SlotState,
  sale: { readonly amount: Tiyn; readonly isLate: boolean },
): Promise<Room | undefined> {
  const { state: withLent, taken } = await takeBackLent(work, state, sale.amount)
  const { slot } = await takeBackFor(work, terminalId, withLent, sale)
  if (fitsIn(slot, sale.amount)) return { fromAgency: taken.amount }
  await setBridged(work, slot.slotId, state.bridged)
  return undefined
}

/** @returns no lease: the agency's account pays */
async function giveBackCover(work: Work, { leaseId, escrowAccount, schemeId }: LeaseRow, { slot }: SlotState) {
  const credit = schemeAccountOf(schemeId)
  const leg = { debit: escrowAccount, credit, amount: amountLeftIn(slot), kind: 'lease-return' } as const
  if ((await post(work, [leg], leaseId)).kind === 'short')
    throw new Error(`escrow of ${leaseId} does not cover its slots`)
  return undefined
}

/** The lease that holds the slot now: mostly the one that the sale names. */
async function holdingOf(work: Work, leaseId: string, named: LeaseRow): Promise<LeaseRow | undefined> {
  return leaseId === named.leaseId ? named : findLease(work, leaseId)
}

/** From the escrow that holds the slot now, else from the scheme's account. The slot has room. */
export async function payFromSlot(
  work: Work,
  { tenderId, payerSlot, payeeAccount, amount, schemeId }: TenderTerms,
  holding: LeaseRow | undefined,
): Promise<TenderOutcome> {
  const payer = holding?.escrowAccount ?? schemeAccountOf(schemeId)
  const paid = await pay(work, { tenderId, payer, payeeAccount, amount })
  if (paid === 'short' && holding !== undefined)
    throw new Error(`escrow of ${holding.leaseId} does not cover its slots`)
  await useSlot(work, payerSlot, tenderId, amount)
  if (paid === 'short') return { state: 'awaiting_funds', paidBy: null, refusal: null, loss: null }
  return { state: 'settled', paidBy: holding === undefined ? 'agency' : 'escrow', refusal: null, loss: null }
}

/**
 * The order of arrival proves nothing: a sale that stands before the surrender in the journal had a live slot. So had
 * one that came before its lease was closed, and is judged after that. Where the slot moved on to the till's next
 * lease, what became of it there is what counts.
 */
async function hadLiveSlot(work: Work, { terms, lease, position, presentedAt }: ProvenSale): Promise<boolean> {
  const { epoch, sequence } = position
  const row = await lastHolding(work, terms.payerSlot, lease)
  if (row?.state === 'closed') return presentedAt <= lease.presentUntil
  if (row?.state !== 'surrendered' || row.surrender_epoch === null || row.surrender_sequence === null) return false
  return (
    epoch < Number(row.surrender_epoch) ||
    (epoch === Number(row.surrender_epoch) && sequence < Number(row.surrender_sequence))
  )
}

/** Of the slot under that lease, or under the one of the same terminal to which it moved in the end. */
async function lastHolding({ connection }: Work, slotId: string, lease: LeaseRow) {
  const later = await connection
    .selectFrom('lease as next')
    .innerJoin('lease as named', 'named.terminal_id', 'next.terminal_id')
    .select('next.lease_id')
    .where('named.lease_id', '=', lease.leaseId)
    .where('next.scheme_id', '=', lease.schemeId)
    .whereRef('next.granted_at', '>=', 'named.granted_at')
    .orderBy('next.granted_at')
    .execute()
  for (const { lease_id: leaseId } of later) {
    const holding = await connection
      .selectFrom('lease_slot')
      .select(['state', 'surrender_epoch', 'surrender_sequence'])
      .where('lease_id', '=', leaseId)
      .where('slot_id', '=', slotId)
      .executeTakeFirst()
    if (holding !== undefined && holding.state !== 'moved') return holding
  }
  return undefined
}

/** "Agency up to a funded sum": what the scheme's agency has taken over so far, or looks at, stays below it. */
export async function agencyBears(work: Work, scheme: AnyScheme, amount: bigint): Promise<boolean> {
  const { lossBearer } = scheme.offline
  if (lossBearer.kind === 'merchant') return false
  const rows = await work.connection
    .selectFrom('discrepancy')
    .innerJoin('tender', 'tender.tender_id', 'discrepancy.tender_id')
    .select('discrepancy.amount')
    .where('discrepancy.code', '=', 'PRESENTED_TOO_LATE')
    .where('discrepancy.owner', '=', 'agency')
    .where('tender.scheme_id', '=', scheme.schemeId)
    .where('tender.state', 'in', ['settled', 'awaiting_funds', 'in_review'])
    .execute()
  const borne = rows.reduce((sum, row) => sum + row.amount, 0n)
  return borne + amount <= lossBearer.upTo
}

export type LeasedSlot =
  | {
      readonly kind: 'leased'
      readonly lease: LeaseRow
      readonly scheme: AnyScheme
      readonly slot: SlotState
      readonly entitled: readonly TimeEntitled[]
    }
  | { readonly kind: 'fault'; readonly refusal: RefusalCode | null; readonly detail: string }

const slotInLease = statement((connection, { leaseId, slotId }: { leaseId: string; slotId: string }) =>
  connection.selectFrom('lease_slot').select('slot_id').where('lease_id', '=', leaseId).where('slot_id', '=', slotId),
)

/**
 * The lease that a sale names is this terminal's, held the slot, and the slot is of the card's holder, or was: what a
 * member sold before leaving comes after it. Whether the sale itself was before is asked in `whoPays`.
 */
export async function leasedSlotOf(
  work: Work,
  terminal: Terminal,
  leaseId: string,
  terms: TenderTerms,
  holder: string,
): Promise<LeasedSlot> {
  const fault = (refusal: RefusalCode | null, detail: string): LeasedSlot => ({ kind: 'fault', refusal, detail })
  const lease = await findLease(work, leaseId)
  const scheme = await findScheme(work, terms.schemeId)
  if (
    lease === undefined ||
    lease.terminalId !== terminal.terminalId ||
    lease.schemeId !== terms.schemeId ||
    scheme === undefined
  ) {
    return fault(null, 'the lease is not this terminal’s for this scheme')
  }
  const [leased] = await slotInLease(work.connection, { leaseId, slotId: terms.payerSlot })
  if (leased === undefined) return fault(null, 'the slot was not in that lease')
  const slot = await findSlot(work, terms.payerSlot)
  if (slot === undefined) throw new Error(`leased slot ${terms.payerSlot} vanished`)
  const { beneficiary } = slot.slot
  const entitled = await timesEntitled(work, { schemeId: terms.schemeId, beneficiary, holder })
  return entitled.length > 0
    ? { kind: 'leased', lease, scheme, slot, entitled }
    : fault('NO_ENTITLEMENT', 'the slot is another beneficiary’s')
}
