/**
 * For `--check`, which always uses it and so needs no network: a folder of the same form as Electron's. Its program
 * runs nothing; it holds the marks between which fuses are turned, all as Electron ships them.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** From Electron's documentation, "Electron Fuses": sentinel, version 1, number of fuses, one character for each. */
const sentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
const asShipped = '111000011'

export async function layStandInElectron(folder: string): Promise<void> {
  const { version } = createRequire(import.meta.url)('electron/package.json') as { version: string }
  await mkdir(join(folder, 'resources'), { recursive: true })
  await mkdir(join(folder, 'locales'), { recursive: true })
  await writeFile(join(folder, 'version'), version)
  const wire = Buffer.concat([Buffer.from(sentinel), Buffer.from([1, asShipped.length]), Buffer.from(asShipped)])
  await writeFile(join(folder, 'electron'), wire, { mode: 0o755 })
  for (const licence of ['LICENSE', 'LICENSES.chromium.html']) await writeFile(join(folder, licence), '')
}
