/**
 * A merchant asks the agency to pay what the table left with the merchant (money-rules.md, "Who pays": each reason has
 * a code, an owner and an appeal row). A tender has at most one appeal that is open or was accepted, and only while it
 * stands unpaid for one of those reasons; so what an appeal pays, nothing else has paid. What came under an id that
 * means other terms, or was disowned before, is no sale of that id ("Identity"): its till is looked into, no agency is
 * asked (docs/design/04-ledger.md, "Discrepancies and appeals"). The agency's word is `appeal-decisions.ts`.
 */
import type { Caller } from '../http/operation.ts'
import type { Work } from '../context.ts'
import { findTerminal } from '../terminals/terminals.ts'
import { tellOfDiscrepancy } from './discrepancy-news.ts'
import { findTender } from './tenders.ts'
import { wayOutOf } from './way-out.ts'

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
  if (wayOutOf(filed) !== 'appeal_to_agency' || agencyId === null || !(await canBeAsked(work, filed)))
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
  await tellOfDiscrepancy(work, discrepancyId)
  return { kind: 'done', arrival: 'created' }
}

interface OfTender {
  readonly code: string
  readonly tender_id: string | null
}

async function canBeAsked(work: Work, filed: OfTender): Promise<boolean> {
  if (filed.tender_id === null || !(await standsUnpaid(work, filed))) return false
  const { connection } = work
  const standing = await appealsOf(connection, filed.tender_id)
    .where('appeal.state', 'in', ['open', 'accepted'])
    .executeTakeFirst()
  return standing === undefined
}

/** Its tender stands unpaid, and for this very reason. */
export async function standsUnpaid(work: Work, { code, tender_id: tenderId }: OfTender): Promise<boolean> {
  const tender = tenderId === null ? undefined : await findTender(work, tenderId)
  return tender?.state === 'not_paid' && tender.loss === code
}

/** The agency has paid it beside its slot, which must not pay it again. */
export async function isPaidBeside({ connection }: Work, tenderId: string): Promise<boolean> {
  const paid = await appealsOf(connection, tenderId).where('appeal.state', '=', 'accepted').executeTakeFirst()
  return paid !== undefined
}

function appealsOf(connection: Work['connection'], tenderId: string) {
  return connection
    .selectFrom('discrepancy')
    .innerJoin('appeal', 'appeal.discrepancy_id', 'discrepancy.discrepancy_id')
    .select('appeal.discrepancy_id')
    .where('discrepancy.tender_id', '=', tenderId)
}

/** The tender was paid or reversed by other means: nothing is left to ask for. */
export async function closeAppealsOf(work: Work, tenderId: string): Promise<void> {
  const { connection } = work
  const closed = await connection
    .updateTable('discrepancy')
    .set({ appeal: 'closed' })
    .where('tender_id', '=', tenderId)
    .where('appeal', '=', 'open')
    .returning('discrepancy_id')
    .execute()
  for (const { discrepancy_id: discrepancyId } of closed) {
    await connection
      .updateTable('appeal')
      .set({ state: 'withdrawn' })
      .where('state', '=', 'open')
      .where('discrepancy_id', '=', discrepancyId)
      .execute()
    await tellOfDiscrepancy(work, discrepancyId)
  }
}
