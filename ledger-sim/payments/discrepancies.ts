/** Where ledger and till disagree: a type, an owner, the evidence and an open appeal (money-rules.md, "Words"). */
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { newId, type Work } from '../context.ts'

export interface NewDiscrepancy {
  readonly terminalId: string
  readonly tenderId: string | null
  readonly code: string
  /** Who bears it, or has to explain it. */
  readonly owner: 'merchant' | 'agency'
  readonly amount: bigint
  /** The lease that the till named, where it named one. */
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
  await connection
    .insertInto('discrepancy')
    .values({
      discrepancy_id: newId(work),
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
}

/** Whose money it is about: the scheme of the lease that was named, else that of the tender; null for neither. */
async function agencyOf({ connection }: Work, { tenderId, leaseId }: NewDiscrepancy): Promise<string | null> {
  const scheme = connection.selectFrom('scheme').select('scheme.agency_id')
  const ofLease =
    leaseId === undefined
      ? undefined
      : await scheme
          .innerJoin('lease', 'lease.scheme_id', 'scheme.scheme_id')
          .where('lease.lease_id', '=', leaseId)
          .executeTakeFirst()
  if (ofLease !== undefined || tenderId === null) return ofLease?.agency_id ?? null
  const ofTender = await scheme
    .innerJoin('tender', 'tender.scheme_id', 'scheme.scheme_id')
    .where('tender.tender_id', '=', tenderId)
    .executeTakeFirst()
  return ofTender?.agency_id ?? null
}
