/** Applies what was handed over for a terminal: item by item, each under its own id. */
import type { SignedItemResult, SyncItem } from '../../src/sync/protocol/messages.ts'
import type { Work } from '../context.ts'
import { surrender } from '../leases/surrender.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { capture } from './captures.ts'
import { present } from './presentment.ts'
import { refund } from './refunds.ts'
import { reverse } from './reversal.ts'

/** @param created the signer's time in seconds of what carried it */
export async function applyItem(
  work: Work,
  terminal: Terminal,
  item: SyncItem,
  created: number,
): Promise<SignedItemResult> {
  const result = await applied(work, terminal, item, created)
  await work.judgeFreed()
  return result
}

function applied(work: Work, terminal: Terminal, item: SyncItem, created: number): Promise<SignedItemResult> {
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

/** Some 15 to 30 ms of work. */
export const itemsPerStepOfATill = 10
