/**
 * A journal's head as the ledger is shown it: with the row where the ledger saw this journal last, so that a restored
 * copy that grew past what it lost is noticed (docs/invariants/09-a-copy-is-noticed.md).
 */
import type { Journal } from '../journal/journal.ts'
import type { JournalPosition } from '../protocol/messages.ts'
import type { AnswerOf, LedgerReply, RequestOf } from './ledger-client.ts'

export interface ShownHead {
  readonly head: JournalPosition
  readonly reply: LedgerReply<AnswerOf<'/v1/terminal/heads'>>
}

/**
 * Shows it, and once more with another row when the ledger saw the journal at another place last. A rollback that the
 * ledger sees ends the epoch.
 */
export async function showHeadOf(
  journal: Journal,
  ask: (body: RequestOf<'/v1/terminal/heads'>) => Promise<ShownHead['reply']>,
): Promise<ShownHead> {
  const showWith = async ({ epoch, sequence }: Pick<JournalPosition, 'epoch' | 'sequence'>): Promise<ShownHead> => {
    const { head } = journal
    const { waiting, parked } = journal.queue()
    const before = { epoch, sequence, hash: journal.hashAt({ epoch, sequence }) }
    return { head, reply: await ask({ head, unsynced: waiting + parked, before }) }
  }
  const first = await showWith(journal.lastRow('head_countersigned')?.row.head ?? journal.head)
  const { reply } = first
  const shown = reply.kind === 'answer' && reply.answer.kind === 'show_row' ? await showWith(reply.answer.at) : first
  if (shown.reply.kind === 'answer' && shown.reply.answer.kind === 'rollback_detected')
    journal.startEpochAfterRollback('ledger', shown.reply.answer.seen)
  return shown
}
