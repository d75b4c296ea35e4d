/** Whoever watches the ledger at work: hears, and changes nothing. Never part of what is answered. */
import type { ItemResult } from '../../src/sync/protocol/messages.ts'
import type { ProblemCode } from '../../src/sync/protocol/problems.ts'
import type { Stream } from '../feed/streams.ts'

export interface LedgerWatch {
  /** One transaction was committed; these streams have something new. A hint: readers look again by themselves too. */
  committed(streams: readonly Stream[]): void
  /** A till handed over that many items at once. */
  batchReceived(items: number): void
  /** A till was answered so about one tender or item of a batch. */
  answered(state: ItemResult['state']): void
  /** A request, or an item of a batch, was answered with that problem. */
  refused(code: ProblemCode): void
}
