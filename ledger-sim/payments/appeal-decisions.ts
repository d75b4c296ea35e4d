/**
 * The agency's word on an appeal. Accepted, the sale is paid as the table would have it without the reason that stood
 * against it: from its slot, where the sale is proved, the slot has room and is at no other terminal; else beside it,
 * from the agency's free account. Refused, the discrepancy stands. Either is final, signed, and moves money once.
 */
import { signTagged } from '../../src/sync/protocol/keys.ts'
import type { LossCode } from '../../src/sync/protocol/loss-codes.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { Caller } from '../http/operation.ts'
import type { Work } from '../context.ts'
import { isOnCard } from '../applet/holdings.ts'
import { closeDueLeases } from '../leases/close.ts'
import { findLease } from '../leases/leases.ts'
import { findMerchant } from '../schemes/merchants.ts'
import { findSlot, fitsIn } from '../schemes/slots.ts'
import { appendEvent } from '../terminals/events.ts'
import { findTerminal } from '../terminals/terminals.ts'
import { payBeside } from './appeal-payments.ts'
import { standsUnpaid } from './appeals.ts'
import { tellOfDiscrepancy } from './discrepancy-news.ts'
import { tenderResult } from './results.ts'
import { findTender, settleTender, type Tender, type TenderOutcome } from './tenders.ts'
import { payFromSlot } from './who-pays.ts'

export type Verdict = 'accepted' | 'refused'

export interface AppealDecision {
  readonly discrepancyId: string
  readonly verdict: Verdict
  readonly amount: bigint
  /** The sale's slot, the agency's free account, or nothing. */
  readonly paidFrom: 'slot' | 'agency' | null
  readonly at: number
  /** The ledger's, over `{ agencyId, ...the fields above }`: tag `tolem/appeal-decision/1`. */
  readonly signature: string
}

export type AppealDecided =
  | { readonly kind: 'done'; readonly arrival: 'created' | 'exists'; readonly decision: AppealDecision }
  | { readonly kind: 'not_found' }
  /** Decided otherwise, or nothing is left to decide. */
  | { readonly kind: 'exists_with_different_terms' }
  | { readonly kind: 'insufficient_funds' }

/** @param caller only the agency whose money it is may decide; to others there is no such appeal */
export async function decideAppeal(
  work: Work,
  { owner: agencyId, keyId }: Pick<Caller, 'owner' | 'keyId'>,
  discrepancyId: string,
  verdict: Verdict,
  reason: string,
): Promise<AppealDecided> {
  await closeDueLeases(work)
  const { connection, now } = work
  const row = await connection
    .selectFrom('appeal')
    .innerJoin('discrepancy', 'discrepancy.discrepancy_id', 'appeal.discrepancy_id')
    .select(['appeal.state', 'appeal.paid_from', 'appeal.decided_at', 'appeal.signature'])
    .select(['discrepancy.code', 'discrepancy.tender_id', 'discrepancy.terminal_id', 'discrepancy.amount'])
    .where('appeal.discrepancy_id', '=', discrepancyId)
    .where('appeal.agency_id', '=', agencyId)
    .executeTakeFirst()
  if (row === undefined) return { kind: 'not_found' }
  const amount = tiyn(row.amount)
  if (row.state !== 'open') {
    const { signature, decided_at: at, paid_from: paidFrom } = row
    const was = row.state === 'given_back' ? 'accepted' : row.state
    if (was !== verdict || signature === null) return { kind: 'exists_with_different_terms' }
    const decision = { discrepancyId, verdict, amount, paidFrom, at: Number(at), signature }
    return { kind: 'done', arrival: 'exists', decision }
  }
  if (!(await standsUnpaid(work, row))) throw new Error(`appeal ${discrepancyId} is open, and its sale is paid`)
  const paidFrom = verdict === 'refused' ? null : await payAccepted(work, row)
  if (paidFrom === 'short') return { kind: 'insufficient_funds' }
  const decided = { discrepancyId, verdict, amount, paidFrom, at: now }
  const signature = signTagged(work.keys.signing, 'tolem/appeal-decision/1', { agencyId, ...decided })
  await connection
    .updateTable('appeal')
    .set({ state: verdict, answer: reason, decided_by: keyId, decided_at: now, paid_from: paidFrom, signature })
    .where('discrepancy_id', '=', discrepancyId)
    .execute()
  await connection
    .updateTable('discrepancy')
    .set({ appeal: 'closed' })
    .where('discrepancy_id', '=', discrepancyId)
    .execute()
  await tellOfDiscrepancy(work, discrepancyId)
  return { kind: 'done', arrival: 'created', decision: { ...decided, signature } }

  async function payAccepted(of: Work, filed: NonNullable<typeof row>): Promise<'slot' | 'agency' | 'short'> {
    const { tender_id: tenderId, code, terminal_id: terminalId } = filed
    const tender = tenderId === null ? undefined : await findTender(of, tenderId)
    const outcome = tender === undefined ? undefined : await payBySlot(of, tender, code)
    if (tender !== undefined && outcome !== undefined) {
      await settleTender(of, tender.tenderId, outcome)
      const item = await tenderResult(of, { ...tender, ...outcome, at: of.now }, 'exists', tender.tenderId)
      await appendEvent(of, tender.terminalId, { kind: 'item', item })
      return 'slot'
    }
    return (await payBeside(of, { discrepancyId, agencyId, terminalId, amount }, tenderId)) === 'paid'
      ? 'agency'
      : 'short'
  }
}

/** Reasons that were found after card, decision and journal had been proved: the slot is the one of that card. */
const proven: readonly LossCode[] = [
  'BLOCKED_BEFORE_SALE',
  'SOLD_AFTER_LEASE',
  'SLOT_ALREADY_USED',
  'PRESENTED_TOO_LATE',
  'POOL_USED_UP',
  'TERMINAL_LOST',
]

/** @returns undefined where the slot cannot pay it */
async function payBySlot(work: Work, tender: Tender, code: string): Promise<TenderOutcome | undefined> {
  const { terms, terminalId } = tender
  if (terms === null || !(proven as readonly string[]).includes(code)) return undefined
  const terminal = await findTerminal(work, terminalId)
  const merchant = terminal === undefined ? undefined : await findMerchant(work, terminal.merchantId)
  if (merchant?.merchant.accountId !== terms.payeeAccount) return undefined
  const state = await findSlot(work, terms.payerSlot)
  if (state === undefined || !fitsIn(state.slot, terms.amount)) return undefined
  // What a card holds of it is promised to its sales.
  if (await isOnCard(work, terms.payerSlot)) return undefined
  const holding = state.leaseId === null ? undefined : await findLease(work, state.leaseId)
  // Another till may have sold it by now, and nobody here has heard of that yet.
  if (holding !== undefined && holding.terminalId !== terminalId) return undefined
  return payFromSlot(work, terms, holding)
}
