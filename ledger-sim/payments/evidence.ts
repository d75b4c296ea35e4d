/** Everything that was ever shown for a tender is kept: evidence is an attachment, not part of its identity. */
import { hash } from 'node:crypto'
import { canonicalText } from '../../src/sync/protocol/canonical.ts'
import type { Work } from '../context.ts'

export async function keepEvidence(work: Work, tenderId: string, kind: string, evidence: unknown): Promise<void> {
  const content = canonicalText(evidence)
  await work.connection
    .insertInto('evidence')
    .values({
      tender_id: tenderId,
      content_hash: hash('sha256', content),
      kind,
      content,
      at: work.now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
