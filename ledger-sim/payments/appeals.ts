/**
 * A merchant asks the agency to pay what the table left with the merchant (money-rules.md, "Who pays": each reason has
 * a code, an owner and an appeal row). The agency's word is `appeal-decisions.ts`.
 */
import { lossCodes } from '../../src/sync/protocol/loss-codes.ts'
import type { Caller } from '../http/operation.ts'
import type { Work } from '../context.ts'
import { findTerminal } from '../terminals/terminals.ts'
import { findTender } from './tenders.ts'

export const wayOuts = ['appeal_to_agency', 'look_into_till', 'none'] as const

/**
 * - `appeal_to_agency`: a sale that was given and not paid.
 * - `look_into_till`: no money is asked for; its journal or its program is not as it was.
 * - `none`: decided, or the agency bears it.
 */
export type WayOut = (typeof wayOuts)[number]

interface Filed {
  readonly code: string
  readonly owner: string
  readonly amount: bigint
  readonly agency_id: string | null
  readonly appeal: 'open' | 'closed'
}

export function isLoss(code: string): boolean {
  return (lossCodes as readonly string[]).includes(code)
}

export function wayOutOf({ code, owner, amount, agency_id: agencyId, appeal }: Filed): WayOut {
  if (owner !== 'merchant' || appeal === 'closed') return 'none'
  const isUnpaidSale = isLoss(code) || code.startsWith('EXISTS_WITH_DIFFERENT') || code === 'REVERSED_BEFORE_ARRIVAL'
  return isUnpaidSale && amount > 0n && agencyId !== null ? 'appeal_to_agency' : 'look_into_till'
}

export type Opened =
  | { readonly kind: 'done'; readonly arrival: 'created' | 'exists' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'not_to_be_appealed' }

/** Opens it once; the first reason stays. @param caller the merchant whose terminal it is, or the terminal itself */
export async function openAppeal(
  work: Work,
  { role, owner }: Pick<Caller, 'role' | 'owner'>,
  discrepancyId: string,
  reason: string,
): Promise<Opened> {
  const { connection } = work
  const filed = await connection
    .selectFrom('discrepancy')
    .selectAll()
    .where('discrepancy_id', '=', discrepancyId)
    .executeTakeFirst()
  const terminal = filed === undefined ? undefined : await findTerminal(work, filed.terminal_id)
  const isOwn = owner === (role === 'merchant' ? terminal?.merchantId : terminal?.terminalId)
  if (filed === undefined || !isOwn) return { kind: 'not_found' }
  const there = await connection
    .selectFrom('appeal')
    .select('discrepancy_id')
    .where('discrepancy_id', '=', discrepancyId)
    .executeTakeFirst()
  if (there !== undefined) return { kind: 'done', arrival: 'exists' }
  const agencyId = filed.agency_id
  if (wayOutOf(filed) !== 'appeal_to_agency' || agencyId === null || !(await isUnpaid(work, filed)))
    return { kind: 'not_to_be_appealed' }
  await connection
    .insertInto('appeal')
    .values({
      discrepancy_id: discrepancyId,
      agency_id: agencyId,
      opened_by: owner,
      reason,
      at: work.now,
      state: 'open',
    })
    .execute()
  return { kind: 'done', arrival: 'created' }
}

/** A loss is one as long as its tender stands unpaid for that reason; other discrepancies are about no tender. */
export async function isUnpaid(
  work: Work,
  { code, tender_id: tenderId }: { readonly code: string; readonly tender_id: string | null },
): Promise<boolean> {
  if (!isLoss(code)) return true
  const tender = tenderId === null ? undefined : await findTender(work, tenderId)
  return tender?.state === 'not_paid' && tender.loss === code
}

/** The tender was paid or reversed by other means: nothing is left to ask for. */
export async function closeAppealsOf({ connection }: Work, tenderId: string): Promise<void> {
  await connection
    .updateTable('appeal')
    .set({ state: 'withdrawn' })
    .where('state', '=', 'open')
    .where('discrepancy_id', 'in', discrepanciesOf(tenderId))
    .execute()
  await connection.updateTable('discrepancy').set({ appeal: 'closed' }).where('tender_id', '=', tenderId).execute()

  function discrepanciesOf(id: string) {
    return connection.selectFrom('discrepancy').select('discrepancy_id').where('tender_id', '=', id)
  }
}
