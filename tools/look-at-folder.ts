/**
 * A process of its own (doctor/folder.ts), because a dead network disk keeps hold of whoever reads it, and a long
 * journal takes its time: prints what a till's folder says, one line of JSON. Words: the folder, `till` or `journal`.
 */
import { DataFolderError, holderOf } from '../src/sync/journal/data-folder.ts'
import { journalFigures } from '../src/sync/journal/journal-figures.ts'
import { loadEnrolment } from '../src/terminal/core/identity.ts'
import { journalFileIn } from '../src/terminal/core/stopped-till.ts'
import type { JournalSeen, TillSeen } from './doctor/folder.ts'
import { tillIdentityIn } from './doctor/till-identity.ts'
import { tillFolderIn } from './till/folder.ts'

const [folder = '', what] = process.argv.slice(2)
const why = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function tillSeen(): TillSeen {
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

function journalSeen(): JournalSeen {
  try {
    return { figures: journalFigures(journalFileIn(folder)) }
  } catch (error) {
    return error instanceof DataFolderError ? { fault: error.code } : { why: why(error) }
  }
}

process.stdout.write(`${JSON.stringify(what === 'journal' ? journalSeen() : tillSeen())}\n`)
