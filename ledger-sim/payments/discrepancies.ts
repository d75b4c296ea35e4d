/** Where ledger and till disagree: a type, an owner, the evidence and an open appeal (money-rules.md, "Words"). */
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { newId, type Work } from '../context.ts'
import { tellOfDiscrepancy } from './discrepancy-news.ts'

export interface NewDiscrepancy {
  readonly terminalId: string
  readonly tenderId: string | null
  readonly code: string
  /** Who bears it, or has to explain it. */
  readonly owner: 'merchant' | 'agency'
  readonly amount: bigint
  /** The lease that the till named, where it named one: it may be anybody's. */
  readonly leaseId?: string
  readonly evidence: Readonly<Record<string, unknown>>
}

/** The same disagreement about one tender is filed once. */
export async function fileDiscrepancy(work: Work, discrepancy: NewDiscrepancy): Promise<void> {
  const { connection, now } = work
  if (discrepancy.tenderId !== null) {
    const filed = await connection
      .selectFrom('discrepancy')
      .select('discrepancy_id')
      .where('tender_id', '=', discrepancy.tenderId)
      .where('code', '=', discrepancy.code)
      .executeTakeFirst()
    if (filed !== undefined) return
  }
  const discrepancyId = newId(work)
  await connection
    .insertInto('discrepancy')
    .values({
      discrepancy_id: discrepancyId,
      terminal_id: discrepancy.terminalId,
      tender_id: discrepancy.tenderId,
      code: discrepancy.code,
      owner: discrepancy.owner,
      amount: discrepancy.amount,
      agency_id: await agencyOf(work, discrepancy),
      evidence: toJson(discrepancy.evidence),
      appeal: 'open',
      at: now,
    })
    .execute()
  await tellOfDiscrepancy(work, discrepancyId)
}

/**
 * Whose money it is about: that of the tender's scheme; where there is no tender, or only a tombstone, that of the
 * named lease, if it is the terminal's own. Null for neither.
 */
async function agencyOf(
  { connection }: Work,
  { terminalId, tenderId, leaseId }: NewDiscrepancy,
): Promise<string | null> {
  const tender =
    tenderId === null
      ? undefined
      : await connection.selectFrom('tender').select('scheme_id').where('tender_id', '=', tenderId).executeTakeFirst()
  const lease =
    leaseId === undefined
      ? undefined
      : await connection
          .selectFrom('lease')
          .select('scheme_id')
          .where('lease_id', '=', leaseId)
          .where('terminal_id', '=', terminalId)
          .executeTakeFirst()
  const schemeId = tender?.scheme_id ?? lease?.scheme_id
  if (schemeId === undefined) return null
  const scheme = await connection
    .selectFrom('scheme')
    .select('agency_id')
    .where('scheme_id', '=', schemeId)
    .executeTakeFirst()
  return scheme?.agency_id ?? null
}
