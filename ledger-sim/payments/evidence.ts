/** Everything that was ever shown for a tender is kept: evidence is an attachment, not part of its identity. */
import { hash } from 'node:crypto'
import { canonicalText } from '../../src/sync/protocol/canonical.ts'
import type { Work } from '../context.ts'
import { statement } from '../store/statement.ts'

interface Kept {
  readonly tenderId: string
  readonly contentHash: string
  readonly kind: string
  readonly content: string
  readonly at: number
}

const kept = statement((connection, { tenderId, contentHash, kind, content, at }: Kept) =>
  connection
    .insertInto('evidence')
    .values({ tender_id: tenderId, content_hash: contentHash, kind, content, at })
    .onConflict((conflict) => conflict.doNothing()),
)

export async function keepEvidence(work: Work, tenderId: string, kind: string, evidence: unknown): Promise<void> {
  const content = canonicalText(evidence)
  await kept(work.connection, { tenderId, contentHash: hash('sha256', content), kind, content, at: work.now })
}
