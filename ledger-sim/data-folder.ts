/**
 * The ledger's data folder: one owner at a time, the database, the issuer's secrets, and what a demonstration hands to
 * the issuing desk and the virtual hardware.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { ledgerSecretsSchema, newLedgerSecrets, type LedgerSecrets } from './keys.ts'
import { openStore, StoreDamagedError, type Store } from './store/open-store.ts'

/** Why the ledger cannot start, in one sentence with the remedy. */
export class StartFailure extends Error {}

export interface DataFolder {
  readonly path: string
  readonly store: Store
  readonly secrets: LedgerSecrets
  /** The folder was empty when it was opened. */
  readonly isNew: boolean
  /** Frees the folder for the next owner. */
  close(): Promise<void>
}

/**
 * @param seededSecrets secrets for a folder that has none yet
 * @throws StartFailure
 */
export async function openDataFolder(
  path: string,
  random: (length: number) => Uint8Array,
  seededSecrets?: LedgerSecrets,
): Promise<DataFolder> {
  makeWritable(path)
  const lock = lockFolder(path)
  try {
    const isNew = !existsSync(databasePath(path))
    const secrets = loadSecrets(path, isNew, () => seededSecrets ?? newLedgerSecrets(random))
    const store = await openStore(databasePath(path))
    return {
      path,
      store,
      secrets,
      isNew,
      close: async () => {
        await store.close()
        lock.close()
      },
    }
  } catch (error) {
    lock.close()
    if (error instanceof StoreDamagedError) {
      throw new StartFailure(
        `The database ${databasePath(path)} is damaged (${error.message}). Restore it from a backup, or start with another --data folder.`,
      )
    }
    throw error
  }
}

export function databasePath(path: string): string {
  return join(path, 'ledger.db')
}

function makeWritable(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const trial = join(path, '.trial')
    writeFileSync(trial, '')
    rmSync(trial)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new StartFailure(
      `The data folder ${path} cannot be written (${code}). Give this user the right to write to it, or start with another --data folder.`,
    )
  }
}

/** SQLite's own lock: it ends with the process, however that dies. The text beside it names the owner. */
function lockFolder(path: string): Database.Database {
  const ownerPath = join(path, 'owner.json')
  const lock = new Database(join(path, 'lock.db'), { timeout: 0 })
  try {
    lock.pragma('locking_mode = EXCLUSIVE')
    lock.exec('BEGIN EXCLUSIVE')
    writeFileSync(ownerPath, JSON.stringify({ process: process.pid }))
    return lock
  } catch (error) {
    lock.close()
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')) {
      throw new StartFailure(
        `The data folder ${path} is in use by another ledger (${ownerOf(ownerPath)}). Stop that one, or start with another --data folder.`,
      )
    }
    throw new StartFailure(`The lock file in ${path} is damaged. Delete ${join(path, 'lock.db')} and start again.`)
  }
}

function ownerOf(ownerPath: string): string {
  try {
    const owner = JSON.parse(readFileSync(ownerPath, 'utf8')) as { process?: unknown }
    return `process ${String(owner.process)}`
  } catch {
    return 'its process is not known'
  }
}

function loadSecrets(path: string, isNew: boolean, make: () => LedgerSecrets): LedgerSecrets {
  const file = join(path, 'issuer-keys.json')
  if (!existsSync(file)) {
    if (!isNew) {
      throw new StartFailure(`The secrets of this ledger, ${file}, are missing. Restore the file: without it no card can be verified.`)
    }
    writeSecret(file, make())
  }
  try {
    return ledgerSecretsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new StartFailure(`The secrets in ${file} cannot be read. Restore the file from a backup, or start with another --data folder.`)
  }
}

/** Readable by this user only. */
export function writeSecret(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
}
