/**
 * The ledger's data folder: one owner at a time, the database, the issuer's secrets, and what a demonstration hands to
 * the issuing desk and the virtual hardware.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ledgerSecretsSchema, newLedgerSecrets, type LedgerSecrets } from './keys.ts'
import { lockFile } from './store/folder-lock.ts'
import { openStore, StoreDamagedError, type Store } from './store/open-store.ts'
import { StartFailure } from './start-failure.ts'

const orElsewhere = 'or start with another --data folder.'

export interface DataFolder {
  readonly path: string
  readonly store: Store
  readonly secrets: LedgerSecrets
  /** Nothing has ever been booked or registered in it. */
  readonly isEmpty: boolean
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
  const release = lockFolder(path)
  try {
    const isNew = !existsSync(databasePath(path))
    const secrets = loadSecrets(path, isNew, () => seededSecrets ?? newLedgerSecrets(random))
    // What has come in at all sockets by then shares a commit.
    const store = await openStore(databasePath(path), undefined, setImmediate)
    const isEmpty = await isUntouched(store)
    return {
      path,
      store,
      secrets,
      isEmpty,
      close: async () => {
        await store.close()
        release()
      },
    }
  } catch (error) {
    release()
    if (error instanceof StoreDamagedError) {
      throw new StartFailure(
        `The database ${databasePath(path)} is damaged (${error.message}). Restore it from a backup, ` + orElsewhere,
        'folder_damaged',
      )
    }
    throw error
  }
}

/** The sentence for a disk on which nothing more can be written; null when `error` says something else. */
export function diskFull(path: string, error: unknown): StartFailure | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (!['SQLITE_FULL', 'ENOSPC', 'EDQUOT'].includes(code)) return null
  return new StartFailure(
    `The disk of the data folder ${path} is full. Make room there and start again, ${orElsewhere}`,
    'disk_full',
  )
}

export function databasePath(path: string): string {
  return join(path, 'ledger.db')
}

function isUntouched(store: Store): Promise<boolean> {
  return store.transaction(async (connection) => {
    const account = await connection.selectFrom('account').select('account_id').limit(1).executeTakeFirst()
    return account === undefined
  })
}

function makeWritable(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const trial = join(path, '.trial')
    writeFileSync(trial, '')
    rmSync(trial)
  } catch (error) {
    const full = diskFull(path, error)
    if (full !== null) throw full
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new StartFailure(
      `The data folder ${path} cannot be written (${code}). Give this user the right to write to it, ` + orElsewhere,
      'folder_not_writable',
    )
  }
}

/** The text beside the lock names its owner. */
function lockFolder(path: string): () => void {
  const ownerPath = join(path, 'owner.json')
  const lockPath = join(path, 'lock.db')
  const locked = lockFile(lockPath)
  if (locked.kind === 'locked') {
    writeFileSync(ownerPath, JSON.stringify({ process: process.pid }))
    return locked.release
  }
  if (locked.kind === 'damaged') {
    throw new StartFailure(`The lock file in ${path} is damaged. Delete ${lockPath} and start again.`, 'folder_damaged')
  }
  throw new StartFailure(
    `The data folder ${path} is in use by another ledger (${ownerOf(ownerPath)}). Stop that one, ` + orElsewhere,
    'folder_in_use',
  )
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
      throw new StartFailure(
        `The secrets of this ledger, ${file}, are missing. Restore the file: without it no card can be verified.`,
        'folder_damaged',
      )
    }
    writeSecret(file, make())
  }
  try {
    return ledgerSecretsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new StartFailure(
      `The secrets in ${file} cannot be read. Restore the file from a backup, ${orElsewhere}`,
      'folder_damaged',
    )
  }
}

/** Readable by this user only. */
export function writeSecret(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
}
