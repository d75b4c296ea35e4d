/** A build that runs only when its result is missing or of other sources. */
import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root. Builds run from sources only, never from a bundle. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

export interface Build {
  /** As in "building the user interface". */
  readonly what: string
  /** Files and folders that the build reads, from the root. */
  readonly sources: readonly string[]
  /** The folder that it makes. */
  readonly folder: string
  /** Files in it without which it is not whole. */
  readonly results: readonly string[]
  readonly run: () => Promise<unknown>
}

/**
 * After this, `folder` holds what the present sources give. `say` gets a sentence before a build, which takes seconds.
 * A hash of the sources stands beside the folder: neither a checkout's new dates nor an older build fool it.
 */
export async function buildWhenOutdated(build: Build, say: (line: string) => void): Promise<void> {
  const { what, folder, results, run } = build
  const stampFile = `${folder}.stamp`
  const stamp = await hashOf(build.sources)
  const isWhole = results.every((result) => existsSync(join(folder, result)))
  if (isWhole && (await readStamp(stampFile)) === stamp) return
  say(`building ${what}, because ${isWhole ? 'its sources have changed' : 'it has not been built yet'}`)
  await rm(stampFile, { force: true })
  await run()
  await mkdir(dirname(stampFile), { recursive: true })
  await writeFile(stampFile, stamp)
}

async function readStamp(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    return null
  }
}

async function hashOf(sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const source of sources) {
    for (const file of await filesOf(resolve(root, source))) {
      hash
        .update(`${relative(root, file)}\0`)
        .update(await readFile(file))
        .update('\0')
    }
  }
  return hash.digest('hex')
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (!statSync(path).isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}
