/**
 * Chromium as a person has it: Playwright watches, but keeps no page awake. (A page that Playwright opened itself is
 * never hidden and never frozen.) It runs as a process group of its own, so that a test can put all of it to sleep.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium, type BrowserContext } from 'playwright'
import { chromiumPath } from '../../../src/terminal/shell-browser/kiosk.ts'

export interface PlainChromium {
  readonly context: BrowserContext
  /** Every process of it stands still, or goes on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  close(): Promise<void>
}

const switches = [
  '--headless=new',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--window-size=1280,800',
  '--remote-debugging-port=0',
]

export async function openPlainChromium(): Promise<PlainChromium> {
  const profile = mkdtempSync(join(tmpdir(), 'tolem-chromium-'))
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child = spawn(chromiumPath, [...switches, ...asRoot, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const endpoint = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const found = /^DevTools listening on (ws:\S+)$/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('error', reject)
    void ended.then(() => reject(new Error('Chromium ended before it could be watched')))
  })
  const browser = await chromium.connectOverCDP(endpoint, { noDefaults: true })
  const context = browser.contexts()[0]
  if (context === undefined) throw new Error('Chromium opened no window')
  const signal = (name: NodeJS.Signals): void => void process.kill(-(child.pid as number), name)
  return {
    context,
    signal,
    close: async () => {
      await browser.close().catch(() => undefined)
      if (child.exitCode === null && child.signalCode === null) signal('SIGKILL')
      await ended
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    },
  }
}
