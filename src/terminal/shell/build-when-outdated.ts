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

/** The result cannot be written; `message` holds the remedy. */
export class BuildError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'BuildError'
  }
}

/**
 * After this, `folder` holds what the present sources give. `say` gets a sentence before a build, which takes seconds.
 * A hash of the sources stands beside the folder: neither a checkout's new dates nor an older build fool it.
 * @throws BuildError where the checkout cannot be written to
 */
export async function buildWhenOutdated(build: Build, say: (line: string) => void): Promise<void> {
  try {
    await buildOrThrow(build, say)
  } catch (error) {
    const { code, syscall, path } = error as NodeJS.ErrnoException
    // Node's recursive mkdir says ENOENT where the disk is mounted read-only.
    const isUnwritable = code !== undefined && (unwritable.has(code) || (code === 'ENOENT' && syscall === 'mkdir'))
    if (!isUnwritable) throw error
    const remedy =
      code === 'ENOSPC' || code === 'EDQUOT'
        ? `its disk is full (${code}). Make room there, then run the command again.`
        : `it cannot be written (${code}). Give this user the right to write there, then run the command again.`
    throw new BuildError(`${build.what} cannot be built. ${path ?? dirname(build.folder)}: ${remedy}`, error)
  }
}

const unwritable: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'])

async function buildOrThrow(build: Build, say: (line: string) => void): Promise<void> {
  const { what, folder, results, run } = build
  const stampFile = `${folder}.stamp`
  const lockFile = `${folder}.lock`
  const stamp = await hashOf(build.sources)
  const isWhole = (): boolean => results.every((result) => existsSync(join(folder, result)))
  const isFresh = async (): Promise<boolean> => isWhole() && (await readText(stampFile)) === stamp
  if (await isFresh()) return

  await mkdir(dirname(folder), { recursive: true })
  await takeLock(lockFile)
  try {
    // Who held the lock may have built the same.
    if (await isFresh()) return
    say(`building ${what}, because ${isWhole() ? 'its sources have changed' : 'it has not been built yet'}`)
    await rm(stampFile, { force: true })
    await inProduction(run)
    await writeFile(stampFile, stamp)
  } finally {
    await rm(lockFile, { force: true })
  }
}

/**
 * What is built is what is sold, whoever asks for it. Vite believes NODE_ENV before its own mode: a test runner's
 * `test` gave a user interface with React's development build and this machine's paths in it.
 */
async function inProduction(run: () => Promise<unknown>): Promise<void> {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  try {
    await run()
  } finally {
    if (before === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = before
  }
}

/** Two programs that build into one folder at once destroy each other's work. The lock of a dead process is no lock. */
async function takeLock(lockFile: string): Promise<void> {
  for (;;) {
    try {
      return await writeFile(lockFile, `${process.pid}`, { flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = Number(await readText(lockFile))
    if (owner > 0 && !isAlive(owner)) await rm(lockFile, { force: true })
    else await new Promise((retry) => setTimeout(retry, 100))
  }
}

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** The text, or null when there is no such file. */
async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    return null
  }
}

async function hashOf(sources: readonly string[]): Promise<string> {
  // A stamp of the time when NODE_ENV had a say fits nothing any more.
  const hash = createHash('sha256').update('production\0')
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
