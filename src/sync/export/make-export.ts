/** Makes the parts of a terminal's export from the journal of a till that does not run. */
import type { ClosedJournal, UnresolvedTender } from '../journal/closed-journal.ts'
import type { StoredOutbox } from '../journal/records.ts'
import { canonicalText } from '../protocol/canonical.ts'
import type { SigningKey } from '../protocol/keys.ts'
import type { RowHead } from '../protocol/journal-chain.ts'
import type { Enrolment, JournalPosition, SyncItem } from '../protocol/messages.ts'
import { signEvidence } from '../protocol/sign-evidence.ts'
import {
  endOf,
  exportPartLimits,
  signExportPart,
  sumsOf,
  type ExportPart,
  type OpenTender,
  type SignedExportPart,
} from '../protocol/terminal-export.ts'

export interface ExportOf {
  readonly journal: ClosedJournal
  readonly enrolment: Pick<Enrolment, 'terminalId' | 'merchantId' | 'ledgerKey'>
  readonly key: SigningKey
  readonly madeAt: number
  /** Tests cut smaller. */
  readonly limits?: { readonly items: number; readonly rows: number; readonly bytes: number }
}

/** One after the other, so that a hundred thousand sales need no more memory than a few. */
export function* exportParts(of: ExportOf): Generator<SignedExportPart> {
  const { journal, key, madeAt, limits = exportPartLimits } = of
  const { terminalId, merchantId, ledgerKey } = of.enrolment
  const { items: queued, open } = journal.unsynced()
  const waiting = withoutVoided(queued)
  const head = journal.head()
  let after: JournalPosition | null = journal.countersignedBefore(waiting[0]?.sequence ?? Number.MAX_SAFE_INTEGER)
  let next = 0
  for (let part = 1; ; part += 1) {
    const cut = cutPart(journal, after, waiting.slice(next, next + limits.items), limits)
    next += cut.items.length + cut.unreadable.length
    const end = endOf({ after, rows: cut.rows })
    const isLast = (end?.sequence ?? 0) >= (head?.sequence ?? 0)
    const content: ExportPart = {
      version: 1,
      terminalId,
      merchantId,
      ledgerKey,
      madeAt,
      part,
      isLast,
      after,
      rows: cut.rows,
      items: [...cut.items],
      unreadable: [...cut.unreadable],
      open: isLast ? open.map((tender) => withAdvice(journal, tender, key)) : [],
      sums: sumsOf(cut.items),
    }
    yield signExportPart(content, key)
    if (isLast) return
    after = end
  }
}

/**
 * What was voided goes as its reversal alone: the sale must not be paid while the reversal is in a later part. Not so
 * what a card has paid by itself: the ledger owes the card what it counted down, and knows that by its record only.
 */
export function withoutVoided(queued: readonly StoredOutbox[]): readonly StoredOutbox[] {
  const reversed = new Set(queued.filter(({ kind }) => kind === 'reversal').map(({ tender_id: id }) => id))
  return queued.filter(
    ({ kind, tender_id: id, by_card: byCard }) => kind !== 'presentment' || byCard === 1 || !reversed.has(id),
  )
}

/** What the card was to sign goes along: a till that does not come back cannot ask the card itself. */
function withAdvice(journal: ClosedJournal, tender: UnresolvedTender, key: SigningKey): OpenTender {
  const intent = journal.debitAsked(tender)
  if (intent === undefined) return tender
  const { terms, record, debit } = intent
  const evidence = signEvidence(key, { terms, record }, debit)
  return { ...tender, advice: { terms, decidedAt: record.input.trustedTime, evidence } }
}

interface Cut {
  readonly rows: RowHead[]
  readonly items: readonly SyncItem[]
  readonly unreadable: readonly string[]
}

/** As many rows, with their items, as fit in one part. */
function cutPart(
  journal: ClosedJournal,
  after: JournalPosition | null,
  candidates: readonly StoredOutbox[],
  limits: NonNullable<ExportOf['limits']>,
): Cut {
  const heads = journal.headsAfter(after, limits.rows)
  const items: SyncItem[] = []
  const unreadable: string[] = []
  let bytes = 0
  let taken = 0
  for (const head of heads) {
    const stored = candidates[items.length + unreadable.length]
    const item = stored?.sequence === head.sequence ? itemOrFault(journal, stored) : undefined
    bytes += headBytes + (typeof item === 'object' ? Buffer.byteLength(canonicalText(item)) : 0)
    const isFull = items.length + unreadable.length >= limits.items || bytes > limits.bytes
    if (isFull && taken > 0) break
    taken += 1
    if (item === 'unreadable') unreadable.push(stored?.item_id ?? '')
    else if (item !== undefined) items.push(item)
  }
  return { rows: heads.slice(0, taken), items, unreadable }
}

/** One row that cannot be read must not keep the others from being handed over. */
function itemOrFault(journal: ClosedJournal, stored: StoredOutbox): SyncItem | 'unreadable' {
  try {
    return journal.syncItem(stored)
  } catch {
    return 'unreadable'
  }
}

/** At most this long in canonical JSON, with the comma. */
const headBytes = 420
