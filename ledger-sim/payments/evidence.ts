/** Everything that was ever shown for a tender is kept: evidence is an attachment, not part of its identity. */
import { createHash } from 'node:crypto'
import { canonicalBytes, toJson } from '../../src/sync/protocol/canonical.ts'
import type { Work } from '../context.ts'

export async function keepEvidence(work: Work, tenderId: string, kind: string, evidence: unknown): Promise<void> {
  await work.connection
    .insertInto('evidence')
    .values({
      tender_id: tenderId,
      content_hash: createHash('sha256').update(canonicalBytes(evidence)).digest('hex'),
      kind,
      content: toJson(evidence),
      at: work.now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
