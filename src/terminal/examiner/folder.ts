/** What the data folder of a till says, or that it says nothing in its time. */
import { resolve } from 'node:path'
import { DataFolderError } from '../../sync/journal/data-folder.ts'
import type { JournalFigures } from '../../sync/journal/journal-figures.ts'
import { UnansweredError, type TillLook } from '../doctor/machine.ts'
import type { AskApart } from './apart.ts'
import type { TillIdentity } from './till-identity.ts'

/** `why`: what was said where it could not be looked at. */
export interface TillSeen {
  readonly data: string
  readonly holder: { readonly held: boolean; readonly pid: number | null } | { readonly why: string }
  readonly identity: { readonly kind: TillIdentity['kind'] } | { readonly why: string }
  readonly terminalId: string | null
}

/** `fault` is a `DataFolderError`'s code; `figures` null where there is no journal. */
export type JournalSeen =
  | { readonly figures: JournalFigures | null }
  | { readonly fault: DataFolderError['code'] }
  | { readonly why: string }

const [tillWithinMs, journalWithinMs] = [5_000, 7_000]

/** @returns null where the folder does not answer */
export async function lookAtTill(apart: AskApart, data: string, withinMs = tillWithinMs): Promise<TillSeen | null> {
  const answer = await apart(['till', data], withinMs)
  if (answer.kind === 'said') return answer.value as TillSeen
  if (answer.kind === 'silent') return null
  const { why } = answer
  return { data: resolve(data), holder: { why }, identity: { why }, terminalId: null }
}

/** @returns null where it is not read within that time */
export async function lookAtJournal(apart: AskApart, data: string, withinMs: number): Promise<JournalSeen | null> {
  const answer = await apart(['journal', data], withinMs)
  if (answer.kind === 'said') return answer.value as JournalSeen
  return answer.kind === 'silent' ? null : { why: answer.why }
}

/** For the doctor's checks. */
export function tillLookOf(apart: AskApart, data: string, till: TillSeen | null): TillLook {
  const told = <Value extends object>(value: Value | { readonly why: string } | undefined): Value => {
    if (value === undefined) throw new UnansweredError(tillWithinMs)
    if ('why' in value) throw new Error(value.why)
    return value
  }
  return {
    holder: async () => {
      const { held, pid } = told(till?.holder)
      return { held, pid: pid === null ? '?' : String(pid) }
    },
    identity: async () => told(till?.identity).kind,
    journal: async () => {
      const seen = till === null ? null : await lookAtJournal(apart, data, journalWithinMs)
      if (seen === null) throw new UnansweredError(till === null ? tillWithinMs : journalWithinMs)
      if ('fault' in seen) throw new DataFolderError(seen.fault, seen.fault)
      const { figures } = told<{ readonly figures: JournalFigures | null }>(seen)
      if (figures === null) return null
      const queued = (state: string): number =>
        figures.outbox.filter((items) => items.state === state).reduce((sum, { count }) => sum + count, 0)
      const { rows, undecided: unresolved, outbox } = figures
      const oldestAt = outbox.length === 0 ? null : Math.min(...outbox.map((items) => items.oldestAt))
      return { rows, waiting: queued('waiting'), parked: queued('parked'), unresolved, oldestAt }
    },
  }
}

/** What there is to look at where the folder does not say so itself. */
export const folderOf = (data: string, till: TillSeen | null): string => till?.data ?? resolve(data)
