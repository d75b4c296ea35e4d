/** Applies what was handed over for a terminal: item by item, each under its own id, a few of them in one commit. */
import type { SignedItemResult, SyncItem } from '../../src/sync/protocol/messages.ts'
import type { Work } from '../context.ts'
import type { Services } from '../http/operation.ts'
import { surrender } from '../leases/surrender.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { capture } from './captures.ts'
import { present } from './presentment.ts'
import { refund } from './refunds.ts'
import { reverse } from './reversal.ts'

/** @param created the signer's time in seconds of what carried it */
export function applyItem(work: Work, terminal: Terminal, item: SyncItem, created: number): Promise<SignedItemResult> {
  switch (item.kind) {
    case 'presentment':
      return present(work, terminal, item, created)
    case 'reversal':
      return reverse(work, terminal, item, created)
    case 'surrender':
      return surrender(work, terminal, item, created)
    case 'refund':
      return refund(work, terminal, item, created)
    case 'capture':
      return capture(work, terminal, item, created)
    default:
      return item satisfies never
  }
}

/** A commit waits for the disk, and everybody else waits for the commit: a tap at another till among them. */
const itemsPerCommitOfATill = 10

/**
 * Where one of the items breaks the ledger, that commit never was, and each of them gets a commit of its own: those
 * before it stand.
 *
 * @param apply does some of them in one transaction
 */
export async function inSmallCommits<Item, Result>(
  services: Services,
  items: readonly Item[],
  apply: (some: readonly Item[]) => Promise<readonly Result[]>,
  itemsPerCommit = itemsPerCommitOfATill,
): Promise<Result[]> {
  const results: Result[] = []
  for (let first = 0; first < items.length; first += itemsPerCommit) {
    const some = items.slice(first, first + itemsPerCommit)
    try {
      results.push(...(await apply(some)))
    } catch (error) {
      if (some.length === 1) throw error
      for (const item of some) results.push(...(await apply([item])))
      // Each passed alone, so no answer tells of it: whoever looks after the ledger must hear what broke their commit.
      services.onDidRecover?.(error)
    }
  }
  return results
}
