/**
 * The data folder of a till that does not run: whose it is and what it still owes the ledger. The folder's lock is held
 * while it is looked at, so that nobody sells meanwhile; the journal is only read.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ClosedJournal } from '../../sync/journal/closed-journal.ts'
import { DataFolderError, journalOfAnother, lockDataFolder } from '../../sync/journal/data-folder.ts'
import { verifyingKey, type VerifyingKey } from '../../sync/protocol/keys.ts'
import type { KeyRing } from '../../sync/engine/key-ring.ts'
import { EnrolmentError, loadEnrolment } from './identity.ts'
import { readTerminalKeys } from './key-file.ts'
import { tpmOfThisMachine } from './tpm.ts'

export interface StoppedTill {
  readonly folder: string
  readonly journal: ClosedJournal
  close(): void
}

export function journalFileIn(folder: string): string {
  return join(folder, 'journal.sqlite')
}

/**
 * @param startedAt for whoever finds the folder locked
 * @throws DataFolderError JOURNAL_MISSING (before anything is made there), FOLDER_IN_USE, JOURNAL_CORRUPT, …
 */
export function openStoppedTill(folder: string, startedAt: string): StoppedTill {
  const file = journalFileIn(folder)
  if (!existsSync(file))
    throw new DataFolderError('JOURNAL_MISSING', `There is no till’s journal in ${folder}. Name a till’s data folder.`)
  const lock = lockDataFolder(folder, { name: 'tolem till command', pid: process.pid, startedAt })
  try {
    const journal = new ClosedJournal(file)
    return {
      folder,
      journal,
      close() {
        journal.close()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/**
 * The keys of the till whose journal this is: the present ones or, from a copy of the file, earlier ones. The ledger
 * takes an export that any of them signed.
 * @throws DataFolderError JOURNAL_OF_ANOTHER_TILL; EnrolmentError IDENTITY_DAMAGED, KEYS_SEALED
 */
export function keysOf({ folder, journal }: StoppedTill): KeyRing {
  const enrolment = journal.enrolment()
  const isThere = loadEnrolment(folder) !== undefined
  if (enrolment === undefined || !isThere) throw journalOfAnother(enrolment?.terminalId ?? 'nobody')
  const keys = readTerminalKeys(folder, tpmOfThisMachine())
  if (!journal.signingKeys().includes(keys.signing.keyId)) throw journalOfAnother(enrolment.terminalId)
  return keys
}

/** With which an export of this till may be signed, as far as that can be known here without its key file. */
export function exportKeysOf(till: StoppedTill): readonly VerifyingKey[] {
  const enrolment = till.journal.enrolment()
  const enrolled = enrolment === undefined ? [] : [verifyingKey(enrolment.terminalKey)]
  try {
    return [...enrolled, keysOf(till).signing]
  } catch (error) {
    if (error instanceof DataFolderError || error instanceof EnrolmentError) return enrolled
    throw error
  }
}

/**
 * For a folder that says no longer who its till is: before a new identity is made there.
 * @throws DataFolderError JOURNAL_OF_ANOTHER_TILL
 */
export function refuseForeignJournal(file: string): void {
  if (!existsSync(file)) return
  const journal = new ClosedJournal(file)
  try {
    const enrolment = journal.enrolment()
    if (enrolment !== undefined) throw journalOfAnother(enrolment.terminalId)
  } finally {
    journal.close()
  }
}
