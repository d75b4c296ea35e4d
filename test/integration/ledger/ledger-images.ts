/**
 * Ledgers that many tests begin with. Each is made once in a worker and kept as the bytes of its database: migrations
 * and a seeded world take a hundred times as long to run as their outcome takes to copy.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { openStore, type Store } from '../../../ledger-sim/store/open-store.ts'
import type { Gather } from '../../../ledger-sim/store/group-commit.ts'
import { quickFolder } from '../../fixtures/quick-folder.ts'

export interface Image<World> {
  readonly bytes: Buffer
  /** What the filling said of it. Of all who begin with the image: nobody changes it. */
  readonly world: World
}

const images = new Map<string, Promise<Image<unknown>>>()

/** @param name of all that the outcome of the filling follows from */
export function imageOf<World>(name: string, fill: (store: Store) => Promise<World>): Promise<Image<World>> {
  const made = (images.get(name) as Promise<Image<World>> | undefined) ?? taken(fill)
  images.set(name, made)
  return made
}

async function taken<World>(fill: (store: Store) => Promise<World>): Promise<Image<World>> {
  const folder = quickFolder('tolem-image-')
  const file = join(folder.path, 'image.db')
  const store = await openStore(':memory:')
  try {
    const world = await fill(store)
    await store.read((database) => sql`vacuum into ${file}`.execute(database))
    return { bytes: readFileSync(file), world }
  } finally {
    await store.close()
    folder.remove()
  }
}

/** @param path of a file that there is not yet; in memory without it */
export function storeFrom(
  { bytes }: Image<unknown>,
  path?: string,
  onDidRun?: (statement: string) => void,
  gather?: Gather,
): Promise<Store> {
  if (path !== undefined) writeFileSync(path, bytes, { flag: 'wx' })
  return openStore(path ?? bytes, onDidRun, gather)
}

/** A new ledger of the latest version, with nobody in it. */
export const emptyLedger = (): Promise<Image<void>> => imageOf('empty', async () => {})
