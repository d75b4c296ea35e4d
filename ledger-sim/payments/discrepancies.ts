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
  readonly evidence: unknown
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
      evidence: toJson(discrepancy.evidence),
      appeal: 'open',
      at: now,
    })
    .execute()
}
