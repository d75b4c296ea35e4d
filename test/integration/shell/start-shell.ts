/** A browser host in this process, with fake core and device host as real child processes. */
import { fileURLToPath } from 'node:url'
import {
  startBrowserShell,
  type BrowserShell,
  type BrowserShellStart,
} from '../../../src/terminal/shell-browser/browser-shell.ts'
import { spawnChildProcesses } from '../../../src/terminal/shell-browser/child-processes.ts'
import { thisMachine } from '../../../src/terminal/shell-browser/this-machine.ts'
import type { Timers } from '../../../src/terminal/shell/children.ts'
import type { ShellFailure } from '../../../src/terminal/shell/supervisor.ts'

export const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/shell/${name}`, import.meta.url))

export interface Wishes {
  readonly port?: number
  readonly core?: object
  /** Another user interface than the page of these tests: the built one, say. */
  readonly uiFolder?: string
  readonly timers?: Timers
  readonly onDidFail?: (failure: ShellFailure) => void
  readonly abort?: AbortSignal
}

export function tryToStart(wishes: Wishes = {}): Promise<BrowserShellStart> {
  return startBrowserShell({
    port: wishes.port ?? 0,
    uiFolder: wishes.uiFolder ?? fixture('ui'),
    spawn: spawnChildProcesses({
      core: { file: fixture('fake-core.ts'), parameters: ['--core', JSON.stringify(wishes.core ?? {})] },
      'device-host': { file: fixture('fake-device-host.ts'), parameters: [] },
      examiner: { file: fixture('fake-device-host.ts'), parameters: [] },
    }),
    timers: wishes.timers ?? thisMachine.timers,
    randomName: thisMachine.randomName,
    log: () => undefined,
    onDidFail: wishes.onDidFail ?? ((failure) => expectNone(failure)),
    ...(wishes.abort === undefined ? {} : { abort: wishes.abort }),
  })
}

function expectNone(failure: ShellFailure): void {
  throw new Error(`the shell failed: ${failure.code}: ${failure.message}`)
}

export async function start(wishes: Wishes = {}): Promise<BrowserShell> {
  const outcome = await tryToStart(wishes)
  if (outcome.kind !== 'ready') throw new Error(`the shell did not start: ${JSON.stringify(outcome)}`)
  return outcome.shell
}

export const tokenOf = (tillUrl: string): string => new URL(tillUrl).hash.replace('#t=', '')

/** Exchanges the token as a page would; the answer and, when it came, the cookie as a request header. */
export async function openSession(
  shell: BrowserShell,
  token: string = tokenOf(shell.tillUrl()),
): Promise<{ status: number; cookie: string; setCookie: string }> {
  const answer = await fetch(`${shell.origin}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: shell.origin },
    body: JSON.stringify({ token }),
  })
  await answer.arrayBuffer()
  const setCookie = answer.headers.get('set-cookie') ?? ''
  return { status: answer.status, cookie: setCookie.split(';', 1)[0] as string, setCookie }
}
