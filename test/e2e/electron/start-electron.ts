/** The Electron shell with fake core and device host, driven by Playwright on a display of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { _electron, type ElectronApplication, type Page } from 'playwright'
import { expect, vi } from 'vitest'
import { electronMainFile } from '../../../src/terminal/shell-electron/build.ts'
import { electronChoice, electronForTests } from '../../../tools/electron-for-tests.ts'
import { fixture } from '../../integration/shell/start-shell.ts'

const binary = electronForTests()
const xvfb = '/usr/bin/Xvfb'

/** Why the tests in Electron cannot run here, or null. */
export const whyNoElectron: string | null =
  binary === null
    ? `no Electron: ${electronChoice.variable}=${electronChoice.value} is not set, or npm test has not fetched it yet`
    : existsSync(xvfb)
      ? null
      : `no display: ${xvfb} is not installed`

export interface Display {
  readonly name: string
  close(): void
}

/** A virtual screen on a number that Xvfb finds free by itself. */
export async function openDisplay(): Promise<Display> {
  const server: ChildProcess = spawn(
    xvfb,
    ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp', '-noreset'],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    },
  )
  const number = await new Promise<string>((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)))
    server.stdio[3]?.once('data', (text: Buffer) => resolve(text.toString().trim()))
  })
  return { name: `:${number}`, close: () => void server.kill() }
}

export interface ElectronUnderTest {
  readonly application: ElectronApplication
  readonly profile: string
  readonly parameters: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Ends the application and its profile. */
  stop(): Promise<void>
}

function parametersOf(profile: string, core: object, uiFolder: string): readonly string[] {
  const programs = ['--core-program', fixture('fake-core.ts'), '--devices-program', fixture('fake-device-host.ts')]
  return [
    electronMainFile,
    `--user-data-dir=${profile}`,
    ...programs,
    ...['--core', JSON.stringify(core), '--ui-folder', uiFolder],
  ]
}

const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
const environmentOn = (display: Display): Record<string, string> => ({
  ...(process.env as Record<string, string>),
  DISPLAY: display.name,
})

export async function startElectron(
  display: Display,
  core: object = {},
  uiFolder = fixture('ui'),
): Promise<ElectronUnderTest> {
  const profile = await mkdtemp(join(tmpdir(), 'tolem-electron-'))
  const parameters = [...parametersOf(profile, core, uiFolder)]
  const environment = environmentOn(display)
  const application = await _electron.launch({
    executablePath: binary as string,
    args: parameters,
    env: environment,
    chromiumSandbox: process.getuid?.() !== 0,
  })
  let stopped: Promise<void> | null = null
  const stop = async (): Promise<void> => {
    await application.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
  return { application, profile, parameters, environment, stop: () => (stopped ??= stop()) }
}

const answersWithinMs = 60_000

/**
 * The same, with a page that has answered Playwright. Its launch of Electron is known to wait for ever now and then
 * (microsoft/playwright #9351, #29386); here it did so three times in some hundred launches, each time the first of its
 * test process and beside other work. Such a one is ended and made once more, and what it hung at is said.
 */
export async function startAnsweringElectron(
  display: Display,
  core: object = {},
  uiFolder = fixture('ui'),
): Promise<ElectronUnderTest> {
  for (let isLast = false; ; isLast = true) {
    let stage = 'the launch'
    const starting = (async () => {
      const shell = await startElectron(display, core, uiFolder)
      stage = 'its first window'
      const page = await shell.application.firstWindow()
      stage = 'its page'
      await page.evaluate(() => undefined)
      return shell
    })()
    if (isLast) return starting
    const started = await Promise.race([starting, pause(answersWithinMs, undefined, { ref: false })])
    if (started !== undefined) return started
    starting.catch(() => undefined)
    const ended = endElectronsOf(display)
    console.warn(`Electron: ${stage} did not answer within a minute; ended and started again: ${ended.join(' | ')}`)
  }
}

/** @returns what each of them was */
function endElectronsOf({ name }: Display): readonly string[] {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1').replaceAll('\0', ' ')
    } catch {
      return ''
    }
  }
  const found = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && read(entry, 'environ').includes(`DISPLAY=${name} `))
    .map((pid) => ({ pid, was: `${read(pid, 'wchan')} ${read(pid, 'cmdline').slice(0, 200)}` }))
    .filter(({ was }) => was.includes('electron'))
  for (const { pid } of found) process.kill(Number(pid), 'SIGKILL')
  return found.map(({ pid, was }) => `${pid} ${was}`)
}

/** The shell without Playwright: nothing looks into it, and it says what it says. */
export interface PlainElectron {
  readonly profile: string
  /** What it wrote to both of its outputs. */
  said(): string
  /** SIGTERM; answers the exit code. Its profile is gone afterwards. */
  stop(): Promise<number | null>
}

export async function startPlainElectron(
  display: Display,
  core: object = {},
  uiFolder = fixture('ui'),
): Promise<PlainElectron> {
  const profile = await mkdtemp(join(tmpdir(), 'tolem-electron-'))
  const child = spawn(binary as string, [...asRoot, ...parametersOf(profile, core, uiFolder)], {
    env: environmentOn(display),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return {
    profile,
    said: () => said,
    stop: async () => {
      child.kill('SIGTERM')
      // Longer than the shell gives its core.
      const limit = setTimeout(() => child.kill('SIGKILL'), 20_000)
      const code = await ended
      clearTimeout(limit)
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
      return code
    },
  }
}

/** Without Playwright, which may come too late for what is said first: until it says this; SIGTERM ends it then. */
export async function runUntilItSays(display: Display, core: object, text: string): Promise<number | null> {
  const shell = await startPlainElectron(display, core)
  try {
    await expect.poll(() => shell.said(), { timeout: 30_000 }).toContain(text)
  } catch (error) {
    await shell.stop()
    throw error
  }
  return shell.stop()
}

/** Starts the program a second time with the same profile and waits for its end; answers its exit code. */
export function startAgain(shell: ElectronUnderTest, ...more: string[]): Promise<number | null> {
  const second = spawn(binary as string, [...asRoot, ...shell.parameters, ...more], {
    env: shell.environment,
    stdio: 'ignore',
  })
  return new Promise((resolve, reject) => {
    second.once('error', reject)
    second.once('exit', (code) => resolve(code))
  })
}

/**
 * Asks the page itself, again and again. A window is told to Playwright before it has left its first empty page for
 * ours, in another process: what is asked in between is lost with that process, or never answered.
 */
export async function isLoaded(page: Page, protocol = 'app:'): Promise<void> {
  const asked = () => page.evaluate(() => `${location.protocol} ${document.readyState}`).catch(() => 'not there')
  const late = () => new Promise<string>((resolve) => setTimeout(resolve, 2_000, 'no answer'))
  const isThere = async () => expect(await Promise.race([asked(), late()])).toBe(`${protocol} complete`)
  await vi.waitFor(isThere, { timeout: 30_000, interval: 50 })
}
