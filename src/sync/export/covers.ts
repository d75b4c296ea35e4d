/** Whether an export says everything that a till's folder still owes the ledger: computed from both, not believed. */
import type { ClosedJournal, UnresolvedTender } from '../journal/closed-journal.ts'
import { canonicalText } from '../protocol/canonical.ts'
import type { VerifyingKey } from '../protocol/keys.ts'
import { syncItemIdOf, type JournalPosition } from '../protocol/messages.ts'
import { endOf } from '../protocol/terminal-export.ts'
import { withoutVoided } from './make-export.ts'
import { readExport } from './read-export.ts'

export type Coverage =
  | { readonly kind: 'everything' }
  /** The till went on after the export was made, or it is another till's. */
  | { readonly kind: 'not_all'; readonly detail: string }

/**
 * @param lines of the export's file
 * @param keys with which this till may have signed it
 * @throws ExportFileError when the file itself is not whole and genuine
 */
export async function coverageOf(
  journal: ClosedJournal,
  lines: AsyncIterable<string>,
  terminalId: string,
  keys: readonly VerifyingKey[],
): Promise<Coverage> {
  const { items, open } = journal.unsynced()
  const wanted = new Set(withoutVoided(items).map(({ item_id: id }) => id))
  let end: JournalPosition | null = null
  let openThere = ''
  for await (const { content } of readExport(lines, keys)) {
    if (content.terminalId !== terminalId) return notAll(`the export is of ${content.terminalId}`)
    for (const item of content.items) wanted.delete(syncItemIdOf(item))
    end = endOf(content)
    openThere = namesOf(content.open, ({ advice }) => advice !== undefined)
  }
  if (canonicalText(end) !== canonicalText(journal.head() ?? null))
    return notAll('the till went on after the export was made: make a new one')
  const [missing] = wanted
  if (missing !== undefined) return notAll(`${wanted.size} items are not in it, the first is ${missing}`)
  if (openThere !== namesOf(open, (tender) => journal.debitAsked(tender) !== undefined))
    return notAll('it names other unresolved payments')
  return { kind: 'everything' }
}

/** Signatures differ each time: whether there is an advice is compared, and its part says that it is of the tender. */
function namesOf<Open extends UnresolvedTender>(open: readonly Open[], hasAdvice: (tender: Open) => boolean): string {
  return canonicalText(
    open.map((tender) => {
      const { tenderId, state, amount } = tender
      return { tenderId, state, amount, hasAdvice: hasAdvice(tender) }
    }),
  )
}

function notAll(detail: string): Coverage {
  return { kind: 'not_all', detail }
}
