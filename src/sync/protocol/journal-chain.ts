/**
 * How the rows of a journal hang together: what anybody can check who has their heads, without what is in them
 * (money-rules.md, "Journal": the chain covers hashes of payloads).
 */
import { z } from 'zod'
import { hashSchema, instantSchema, type Hash } from '../../voucher/identifiers.ts'
import { hashOf } from './canonical.ts'
import type { JournalPosition } from './messages.ts'

/** What stands before the first row. */
export const genesisHash = '0'.repeat(64)

/** A row without its payload. */
export const rowHeadSchema = z.strictObject({
  epoch: z.int().min(1),
  sequence: z.int().min(1),
  previous: hashSchema,
  kind: z.string().regex(/^[a-z_]{1,64}$/),
  at: instantSchema,
  payloadHash: hashSchema,
  hash: hashSchema,
})
export type RowHead = z.infer<typeof rowHeadSchema>

export function rowHashOf({ epoch, sequence, previous, kind, at, payloadHash }: Omit<RowHead, 'hash'>): Hash {
  return hashOf('tolem/journal-row/1', { epoch, sequence, previous, kind, at, payloadHash })
}

/**
 * @param after the row before the first of these; null at the beginning of a journal
 * @returns the sequence of the first row that does not follow from the one before it
 */
export function whereChainBreaks(after: JournalPosition | null, rows: readonly RowHead[]): number | undefined {
  let { epoch, sequence, hash }: JournalPosition = after ?? { epoch: 1, sequence: 0, hash: genesisHash }
  for (const row of rows) {
    const follows = row.sequence === sequence + 1 && row.previous === hash && row.epoch >= epoch
    if (!follows || row.hash !== rowHashOf(row)) return row.sequence
    ;({ epoch, sequence, hash } = row)
  }
  return undefined
}
