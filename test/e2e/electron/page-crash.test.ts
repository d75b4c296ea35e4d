/**
 * The page of a window always comes back, whatever took it: at a bounded pace, with the core untouched. The payment in
 * such a window is the cashier's day (till.test.ts). docs/design/05-electron.md, "What may end".
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ensureElectronShellIsBuilt } from '../../../src/terminal/shell-electron/build.ts'
import { corePidOf, until } from '../../contract/bridge.suite.ts'
import { processWith } from '../../fixtures/processes-of.ts'
import { windowOf } from './page-in-electron.ts'
import { openDisplay, startAnsweringElectron, startPlainElectron, whyNoElectron } from './start-electron.ts'
import type { Display, ElectronUnderTest } from './start-electron.ts'
import { XKeyboard } from './x-keyboard.ts'

let display: Display
let shell: ElectronUnderTest | null = null
let said = ''
let folder = ''

beforeAll(async () => {
  if (whyNoElectron !== null) return
  await ensureElectronShellIsBuilt(() => undefined)
  display = await openDisplay()
}, 120_000)
afterAll(() => display?.close())
beforeEach(async ({ skip }) => {
  if (whyNoElectron !== null) skip(whyNoElectron)
  folder = await mkdtemp(join(tmpdir(), 'tolem-page-'))
})
afterEach(async () => {
  await shell?.stop()
  shell = null
  if (folder !== '') await rm(folder, { recursive: true, force: true })
})

const patient = { timeout: 60_000, interval: 50 }
/** How often the window's page was lost, how, and after which waits it was loaded again. */
const losses = (): readonly string[] =>
  [...said.matchAll(/the page of a window (.+) and is loaded again in (\d+) ms/g)].map(([, how, ms]) => `${how} ${ms}`)

/** The till with its page in sight; answers how its core names itself there. */
async function start(): Promise<string> {
  said = ''
  shell = await startAnsweringElectron(display)
  shell.application.process().stderr?.on('data', (text: Buffer) => (said += text.toString()))
  const window = await windowOf(await shell.application.firstWindow())
  return `till-${corePidOf(await until(window, 'running', ({ connection }) => connection === 'running'))}`
}

const application = () => (shell as ElectronUnderTest).application

const pagePid = (): Promise<number> =>
  application().evaluate(({ webContents }) => webContents.getAllWebContents()[0]?.getOSProcessId() as number)

/** Playwright loses a page with its process; the main process still reaches it. */
const tillSays = (): Promise<unknown> =>
  application().evaluate(({ webContents }) => {
    const till = webContents.getAllWebContents().find((contents) => contents.getURL() === 'app://till/')
    return till?.executeJavaScript(`new Promise((answer) => {
      tolem.subscribe(({ connection, snapshot }) => connection === 'running' && answer(snapshot.terminalId))
    })`)
  })

const aSecond = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 1_000, 'no answer'))

/** The page works, over the same core as before. */
async function isBackOver(core: string): Promise<void> {
  await expect.poll(() => Promise.race([tillSays(), aSecond()]), patient).toBe(core)
}

describe('a page in Electron', () => {
  it('whose process is killed five times in a row is loaded again after longer and longer waits', async () => {
    const core = await start()
    for (let kills = 1; kills <= 5; kills += 1) {
      process.kill(await pagePid(), 'SIGKILL')
      await expect.poll(() => losses().length, patient).toBe(kills)
      await isBackOver(core)
    }
    expect(losses()).toEqual([100, 250, 500, 1_000, 2_000].map((ms) => `ended (killed) ${ms}`))
  })

  it('that Electron reports as cleanly ended is loaded again', async () => {
    const core = await start()
    // No signal and no door of a test ends a sandboxed page with 0: what Electron would say is said in its place.
    await application().evaluate(({ webContents }) => {
      const [till] = webContents.getAllWebContents()
      return till?.executeJavaScript('document.title = "before"').then(() => {
        till.emit('render-process-gone', {}, { reason: 'clean-exit', exitCode: 0 })
      })
    })
    const title = (): Promise<unknown> =>
      application().evaluate(({ webContents }) => webContents.getAllWebContents()[0]?.getTitle())
    await expect.poll(title, patient).toBe("A page of the shells' tests")
    await isBackOver(core)
    expect(losses()).toEqual(['ended (clean-exit) 100'])
  })

  it('that can not be loaded is tried again after longer and longer waits, until it can', async () => {
    const core = await start()
    const serves = (does: boolean): Promise<void> =>
      application().evaluate(({ session }, isServed) => {
        session.fromPartition('till').webRequest.onBeforeRequest((_request, decide) => decide({ cancel: !isServed }))
      }, does)
    await serves(false)
    process.kill(await pagePid(), 'SIGKILL')
    await expect.poll(() => losses().length, patient).toBeGreaterThanOrEqual(4)
    await serves(true)
    await isBackOver(core)
    const failed = (ms: number): string => `did not load (ERR_BLOCKED_BY_CLIENT) ${ms}`
    expect(losses().slice(0, 4)).toEqual(['ended (killed) 100', failed(250), failed(500), failed(1_000)])
  })

  it('that hangs has a moment to answer, and is then ended and loaded again', async () => {
    // Without a debugger, at which Chromium would never call a page unresponsive: keys go in, and stderr comes out.
    await writeFile(
      join(folder, 'index.html'),
      '<!doctype html><title>till</title><script type="module" src="./page.js"></script>',
    )
    await writeFile(
      join(folder, 'page.js'),
      `addEventListener('keydown', ({ key }) => {
         if (key === 'F4') tolem.send({ command: 'cancel_sale' })
         if (key === 'Enter') for (;;);
       })`,
    )
    const plain = await startPlainElectron(display, {}, folder)
    const keyboard = await XKeyboard.open(display.name)
    try {
      const count = (text: string): number => plain.said().split(text).length - 1
      /** cancel_sale kills the fake core, and the shell says so. */
      const takesKeys = async (): Promise<void> => {
        const before = count('core ended (')
        const isHeard = async (): Promise<boolean> => (await keyboard.press('F4'), count('core ended (') > before)
        await expect.poll(isHeard, patient).toBe(true)
      }
      await takesKeys()
      // One that is only slow: its process stands still until Chromium has complained.
      const { pid } = processWith('--type=renderer', plain.profile)
      process.kill(pid, 'SIGSTOP')
      await keyboard.press('Escape')
      await expect.poll(() => count('does not answer and has 5 s'), patient).toBe(1)
      process.kill(pid, 'SIGCONT')
      await takesKeys()

      await keyboard.press('Enter', 'Escape')
      await expect.poll(() => count('does not answer and has 5 s'), patient).toBe(2)
      await expect.poll(() => count('and is loaded again in'), patient).toBe(1)
      expect(count('still does not answer and is ended')).toBe(1)
      await takesKeys()
      expect(processWith('--type=renderer', plain.profile).pid).not.toBe(pid)
    } finally {
      keyboard.close()
      await plain.stop()
    }
  })
})
