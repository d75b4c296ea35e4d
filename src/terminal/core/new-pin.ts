/**
 * A way back for a merchant who has forgotten the PIN of cashier 1, with which everything at the till is made
 * (docs/design/12-shift.md). Whoever may write the data folder of a stopped till may do this: they could also try all
 * PINs at its hash (ADR 0019).
 */
import { existsSync } from 'node:fs'
import type { Randomness } from '../../sync/engine/ports.ts'
import { DataFolderError, lockDataFolder } from '../../sync/journal/data-folder.ts'
import { Journal } from '../../sync/journal/journal.ts'
import { storedPin, type PinHash } from '../shift/pin.ts'
import { journalFileIn } from './stopped-till.ts'

export class NewPinRefused extends Error {
  readonly code = 'NO_CASHIERS'
  constructor() {
    super('This till has no cashiers yet: whoever types a PIN at it first is cashier 1. Nothing was changed.')
    this.name = 'NewPinRefused'
  }
}

/**
 * Gives cashier 1 another PIN, by a row like any other; wrong tries are forgotten. Everything else stays as it is.
 * @param wall the machine's clock, milliseconds since 1970
 * @returns six digits
 * @throws NewPinRefused; DataFolderError JOURNAL_MISSING, FOLDER_IN_USE, JOURNAL_CORRUPT, …
 */
export function giveNewPin(folder: string, wall: number, randomness: Randomness, hash: PinHash): string {
  const file = journalFileIn(folder)
  if (!existsSync(file))
    throw new DataFolderError('JOURNAL_MISSING', `There is no till’s journal in ${folder}. Name a till’s data folder.`)
  const startedAt = new Date(wall).toISOString()
  const lock = lockDataFolder(folder, { name: 'tolem till command', pid: process.pid, startedAt })
  try {
    const late: { journal?: Journal } = {}
    // Without its anchor: a journal that was put back is found by the till's own start, as ever.
    const journal = new Journal(file, { now: () => Math.max(wall, late.journal?.latestAt() ?? 0) })
    late.journal = journal
    try {
      const merchant = journal.shifts.cashiers().find(({ number }) => number === 1)
      if (merchant === undefined) throw new NewPinRefused()
      const digits = Buffer.from(randomness.bytes(6)).readUIntBE(0, 6) % 1_000_000
      const pin = String(digits).padStart(6, '0')
      const { number, name } = merchant
      journal.commit({
        kind: 'cashier_set',
        cashier: { number, name },
        pin: storedPin(pin, randomness.bytes(16), hash),
      })
      return pin
    } finally {
      journal.close()
    }
  } finally {
    lock.release()
  }
}
