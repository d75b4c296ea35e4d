/**
 * `npm run package`: a packaged till from these sources, for the system that it runs on.
 *
 *     npm run package                  installers into dist/: deb and AppImage on Linux, NSIS on Windows
 *     npm run package -- --dir         the program's folder alone
 *     npm run package -- --check       what a package will hold, checked, always on a stand-in for Electron
 *     npm run package -- --fuses FILE  the fuses of a finished program, read back
 *
 * Exit codes: 0 all as it should be; 1 something is wrong with the package; 2 it could not be made, and why.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { root } from '../src/terminal/shell/build-when-outdated.ts'
import { askedOf } from './arguments.ts'
import { officialElectron } from './official-electron.ts'
import type { FuseName } from './package/fuses.ts'

const usage = 'Use: npm run package [-- --dir | --check | --fuses FILE]'
const fetchElectronWithinMs = 300_000

const say = (line: string): void => void process.stderr.write(`tolem: ${line}\n`)

function stop(sentence: string): never {
  say(sentence)
  process.exit(2)
}

function readLine(): { dir: boolean; check: boolean; fuses?: string | undefined } {
  const { values } = askedOf(usage, {
    options: {
      dir: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      fuses: { type: 'string' },
    },
  })
  return values
}

async function showFuses(executable: string): Promise<void> {
  const readings = await readFuses(executable).catch((error: unknown) => stop(`${executable}: ${String(error)}`))
  for (const name of Object.keys(fuses) as FuseName[]) process.stdout.write(`${readings[name].padEnd(8)}${name}\n`)
  report(await wrongFuses(executable))
}

function report(findings: readonly string[]): void {
  for (const finding of findings) say(finding)
  say(findings.length === 0 ? 'the package is as it should be' : `${findings.length} findings`)
  process.exitCode = findings.length === 0 ? 0 : 1
}

/** Everything that needs no Electron: the same steps, on a file that carries nothing of it but fuses to be turned. */
async function check(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tolem-package-'))
  try {
    const electronDist = join(folder, 'electron')
    await layStandInElectron(electronDist)
    await stage(say)
    const output = join(folder, 'dist')
    await packTill({ electronDist, output, targets: ['dir'] })
    report(await findingsInPackage(unpackedFolder(output)))
    say('checked on a stand-in for Electron; not checked: Electron itself, and the installers made around the folder')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function make(targets: readonly string[]): Promise<void> {
  const electron = await officialElectron(fetchElectronWithinMs, say)
  if (electron.kind === 'unavailable') {
    return stop(
      `no package: Electron's official program is needed, and ${electron.reason}. Remedy: run this where github.com ` +
        'can be reached. npm run package -- --check does all that needs no Electron.',
    )
  }
  await stage(say)
  const output = join(root, 'dist')
  try {
    await packTill({ electronDist: resolve(electron.executable, '..'), output, targets })
  } catch (error) {
    return stop(`no package: ${error instanceof Error ? error.message : String(error)}`)
  }
  report(await findingsInPackage(unpackedFolder(output)))
}

const line = readLine()
// What makes packages is large: only for one that is wanted.
const { findingsInPackage } = await import('./package/check.ts')
const { fuses, readFuses, wrongFuses } = await import('./package/fuses.ts')
const { installers, packTill, unpackedFolder } = await import('./package/pack.ts')
const { stage } = await import('./package/stage.ts')
const { layStandInElectron } = await import('./package/stand-in-electron.ts')
if (line.fuses !== undefined) await showFuses(resolve(line.fuses))
else if (line.check) await check()
else await make(line.dir ? ['dir'] : installers())
