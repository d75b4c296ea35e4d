/**
 * What a till's folder says. Looked at by a process of its own (`folder.ts`), because a dead network disk keeps hold of
 * whoever reads it, and a long journal takes its time.
 */
import { DataFolderError, holderOf } from '../../sync/journal/data-folder.ts'
import { journalFigures } from '../../sync/journal/journal-figures.ts'
import { loadEnrolment } from '../core/identity.ts'
import { journalFileIn } from '../core/stopped-till.ts'
import type { JournalSeen, TillSeen } from './folder.ts'
import { tillFolderIn } from './till-folder.ts'
import { tillIdentityIn } from './till-identity.ts'

const why = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export function tillSeen(folder: string): TillSeen {
  const data = tillFolderIn(folder)
  const seen = <Value>(look: () => Value): Value | { readonly why: string } => {
    try {
      return look()
    } catch (error) {
      return { why: why(error) }
    }
  }
  const enrolment = seen(() => loadEnrolment(data) ?? null)
  return {
    data,
    holder: seen(() => holderOf(data)),
    identity: seen(() => ({ kind: tillIdentityIn(data).kind })),
    terminalId: enrolment !== null && 'terminalId' in enrolment ? enrolment.terminalId : null,
  }
}

export function journalSeen(folder: string): JournalSeen {
  try {
    return { figures: journalFigures(journalFileIn(folder)) }
  } catch (error) {
    return error instanceof DataFolderError ? { fault: error.code } : { why: why(error) }
  }
}
