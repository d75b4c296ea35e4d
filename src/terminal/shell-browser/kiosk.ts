/** The till full screen in Chromium, where there is one and a display to show it on. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const chromiumPath = '/usr/bin/chromium'

export type KioskOutcome =
  | { readonly kind: 'opened'; readonly kiosk: Kiosk }
  /** `reason` is a sentence for the person who started the till. */
  | { readonly kind: 'notOpened'; readonly reason: string }

export interface Kiosk {
  /** Resolves when the browser has ended, by `close` or by the person. */
  readonly ended: Promise<void>
  close(): Promise<void>
}

/** Nothing that the till does not need: no updates, no telemetry, no first-run pages, no QUIC. */
const switches = [
  '--kiosk',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--disable-extensions',
  '--disable-translate',
  '--disable-pinch',
  '--overscroll-history-navigation=0',
  '--password-store=basic',
]

/** Opens `url` in a profile of its own that is deleted afterwards. */
export async function openKiosk(url: string, environment: NodeJS.ProcessEnv = process.env): Promise<KioskOutcome> {
  if (process.platform !== 'linux') return { kind: 'notOpened', reason: 'a kiosk is opened on Linux only' }
  if (!existsSync(chromiumPath)) return { kind: 'notOpened', reason: `Chromium is not installed (${chromiumPath})` }
  const hasDisplay = [environment.WAYLAND_DISPLAY, environment.DISPLAY].some(
    (name) => name !== undefined && name !== '',
  )
  if (!hasDisplay) return { kind: 'notOpened', reason: 'there is no display (neither DISPLAY nor WAYLAND_DISPLAY)' }

  const profile = await mkdtemp(join(tmpdir(), 'tolem-kiosk-'))
  // Chromium's sandbox refuses to run as root.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const browser = spawn(chromiumPath, [...switches, ...asRoot, `--user-data-dir=${profile}`, `--app=${url}`], {
    stdio: 'ignore',
    env: environment,
    detached: true,
  })
  const ended = new Promise<void>((resolve) => {
    browser.once('error', () => resolve())
    browser.once('exit', () => resolve())
  }).then(() => rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }))
  if (browser.pid === undefined) {
    await ended
    return { kind: 'notOpened', reason: `${chromiumPath} could not be started` }
  }
  const group = -browser.pid
  const close = async (): Promise<void> => {
    signalGroup(group, 'SIGTERM')
    const impatience = setTimeout(() => signalGroup(group, 'SIGKILL'), 3_000)
    await ended
    clearTimeout(impatience)
  }
  return { kind: 'opened', kiosk: { ended, close } }
}

/** Chromium is a family of processes; a group that is gone already is what we want. */
function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(group, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
