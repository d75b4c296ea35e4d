/** Builds the user interface when it is missing or older than its sources. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const uiSources = join(root, 'src', 'terminal', 'ui')
/** Everything that a build reads: what the UI may import, and the versions of its packages. */
const sources = [
  uiSources,
  join(root, 'src', 'terminal', 'contract'),
  join(root, 'src', 'voucher'),
  join(root, 'src', 'sync', 'protocol'),
  join(root, 'package-lock.json'),
]

/** Where a built UI is kept. */
export const builtUiFolder = join(root, 'out', 'ui')

/**
 * After this, `folder` holds the UI of the present sources. `say` gets a sentence before a build, which takes seconds.
 * The hash of the sources stands beside the folder, so that neither a checkout's new dates nor an old build's fool it.
 */
export async function ensureUiIsBuilt(say: (line: string) => void, folder: string = builtUiFolder): Promise<void> {
  const stampFile = `${folder}.stamp`
  const stamp = await hashOf(sources)
  const isBuilt = existsSync(join(folder, 'index.html'))
  if (isBuilt && (await readStamp(stampFile)) === stamp) return
  say(
    isBuilt
      ? 'building the user interface again, because its sources have changed'
      : 'building the user interface, because it has not been built yet',
  )
  const { build } = await import('vite')
  await build({
    configFile: join(uiSources, 'vite.config.ts'),
    root: uiSources,
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true },
  })
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

async function hashOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) {
    const files = path.endsWith('.json') ? [path] : await filesBelow(path)
    for (const file of files)
      hash
        .update(`${relative(root, file)}\0`)
        .update(await readFile(file))
        .update('\0')
  }
  return hash.digest('hex')
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return []
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}
