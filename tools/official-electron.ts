/**
 * Electron's official binary for `npm start`. The npm package carries none: its own install script fetches it from
 * where Electron publishes it and checks it against checksums in the package. Where that place cannot be reached, the
 * till opens in a browser instead.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export type ElectronOutcome =
  | { readonly kind: 'ready'; readonly executable: string }
  /** `reason` completes the sentence "Electron is not used: …". */
  | { readonly kind: 'unavailable'; readonly reason: string }

const packageFolder = join(resolve(import.meta.dirname, '..'), 'node_modules', 'electron')

/** `fetchWithinMs` bounds the download; a partial one leaves nothing that looks finished. */
export async function officialElectron(
  fetchWithinMs: number,
  say: (line: string) => void,
  folder = packageFolder,
): Promise<ElectronOutcome> {
  const present = executableIn(folder)
  if (present !== null) return { kind: 'ready', executable: present }
  const script = join(folder, 'install.js')
  if (!existsSync(script)) return { kind: 'unavailable', reason: 'the npm package electron is not installed' }
  const seconds = fetchWithinMs / 1_000
  say(`fetching Electron, once; at most ${seconds} s (--browser leaves this out)`)
  const failed = await run(script, fetchWithinMs)
  const fetched = failed === null ? executableIn(folder) : null
  if (fetched !== null) return { kind: 'ready', executable: fetched }
  return { kind: 'unavailable', reason: failed ?? 'its download left no program behind' }
}

/** install.js names the program in path.txt as its last act. */
function executableIn(folder: string): string | null {
  const named = join(folder, 'path.txt')
  if (!existsSync(named)) return null
  const executable = join(folder, 'dist', readFileSync(named, 'utf8').trim())
  return existsSync(executable) ? executable : null
}

/** Null when the script ended well, else why not. A group of its own, so that nothing of it outlives the limit. */
function run(script: string, limitMs: number): Promise<string | null> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, 400)))
    const limit = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      done(`its binary could not be fetched within ${limitMs / 1_000} s`)
    }, limitMs)
    child.once('error', (error) => (clearTimeout(limit), done(error.message)))
    child.once('close', (code) => {
      clearTimeout(limit)
      done(
        code === 0 ? null : `its binary could not be fetched (${said.split('\n')[0]?.trim() || `exit code ${code}`})`,
      )
    })
  })
}
