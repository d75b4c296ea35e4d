/**
 * A page whose process ends again and again is loaded again at a bounded pace, with the core untouched. The payment in
 * such a window is the cashier's day (till.test.ts). docs/design/05-electron.md, "What may end".
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ensureElectronShellIsBuilt } from '../../../src/terminal/shell-electron/build.ts'
import { corePidOf, until } from '../../contract/bridge.suite.ts'
import { windowOf } from './page-in-electron.ts'
import { openDisplay, startElectron, whyNoElectron } from './start-electron.ts'
import type { Display, ElectronUnderTest } from './start-electron.ts'

let display: Display
let shell: ElectronUnderTest
let said = ''

beforeAll(async () => {
  if (whyNoElectron !== null) return
  await ensureElectronShellIsBuilt(() => undefined)
  display = await openDisplay()
  shell = await startElectron(display)
  shell.application.process().stderr?.on('data', (text: Buffer) => (said += text.toString()))
}, 120_000)
afterAll(async () => {
  await shell?.stop()
  display?.close()
})
beforeEach(({ skip }) => {
  if (whyNoElectron !== null) skip(whyNoElectron)
  said = ''
})

const patient = { timeout: 60_000, interval: 50 }
/** How often the window's page ended, and after which waits it was loaded again. */
const reloads = (): readonly string[] => [...said.matchAll(/is loaded again in (\d+) ms/g)].map(([, ms]) => `${ms}`)

/** Playwright loses a page with its process; the main process still reaches it. */
const tillSays = (): Promise<unknown> =>
  shell.application.evaluate(({ webContents }) => {
    const till = webContents.getAllWebContents().find((contents) => contents.getURL() === 'app://till/')
    return till?.executeJavaScript(`new Promise((answer) => {
      tolem.subscribe(({ connection, snapshot }) => connection === 'running' && answer(snapshot.terminalId))
    })`)
  })

describe('a page in Electron', () => {
  it('whose process is killed five times in a row is loaded again after longer and longer waits', async () => {
    const window = await windowOf(await shell.application.firstWindow())
    const core = `till-${corePidOf(await until(window, 'running', ({ connection }) => connection === 'running'))}`
    for (let kills = 1; kills <= 5; kills += 1) {
      const pid = await shell.application.evaluate(({ webContents }) =>
        webContents.getAllWebContents()[0]?.getOSProcessId(),
      )
      process.kill(pid as number, 'SIGKILL')
      await expect.poll(() => reloads().length, patient).toBe(kills)
      await expect.poll(() => Promise.race([tillSays(), aSecond()]), patient).toBe(core)
    }
    expect(reloads()).toEqual(['100', '250', '500', '1000', '2000'])
  })
})

const aSecond = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 1_000, 'no answer'))
