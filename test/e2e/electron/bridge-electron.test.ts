/** The contract of the bridge in Electron, and how the shell starts and ends. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { builtUiFolder, ensureUiIsBuilt } from '../../../src/terminal/shell/build-ui.ts'
import { ensureElectronShellIsBuilt } from '../../../src/terminal/shell-electron/build.ts'
import { corePidOf, describeBridge, devicePidOf, until } from '../../contract/bridge.suite.ts'
import type { ShellUnderTest } from '../../contract/bridge.suite.ts'
import { windowOf } from './page-in-electron.ts'
import {
  isLoaded,
  openDisplay,
  runUntilItSays,
  startAgain,
  startAnsweringElectron,
  startElectron,
  whyNoElectron,
} from './start-electron.ts'
import type { Display } from './start-electron.ts'

let display: Display

beforeAll(async () => {
  if (whyNoElectron !== null) return
  await ensureElectronShellIsBuilt(() => undefined)
  display = await openDisplay()
}, 120_000)
afterAll(() => display?.close())
beforeEach(({ skip }) => {
  if (whyNoElectron !== null) skip(whyNoElectron)
})

describeBridge('Electron', async (): Promise<ShellUnderTest> => {
  const shell = await startAnsweringElectron(display)
  let opened = 0
  return {
    openWindow: async () => {
      opened += 1
      if (opened === 1) return windowOf(await shell.application.firstWindow())
      const another = shell.application.waitForEvent('window')
      await startAgain(shell, '--watch')
      return windowOf(await another)
    },
    stop: shell.stop,
  }
})

describe('the Electron shell', () => {
  it('leaves nothing behind, stopped by a signal or killed', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const shell = await startElectron(display)
      const window = await windowOf(await shell.application.firstWindow())
      const view = await until(window, 'attached to a device host', (shown) => devicePidOf(shown) > 0)
      const pids = [corePidOf(view), devicePidOf(view)]
      shell.application.process().kill(signal)
      const left = (): readonly number[] =>
        pids.filter((pid) => {
          try {
            return process.kill(pid, 0)
          } catch {
            return false
          }
        })
      await expect.poll(left, { timeout: 30_000 }).toEqual([])
      await shell.stop()
    }
  })

  it('shows why the core cannot start, and exits with 2', async () => {
    const why = '"event":"failed","code":"data_folder_in_use"'
    expect(await runUntilItSays(display, { behaviour: 'fatal' }, why)).toBe(2)
  })

  it('shows the till itself under its policy, with no complaint', async () => {
    await ensureUiIsBuilt(() => undefined)
    const shell = await startElectron(display, {}, builtUiFolder)
    const page = await shell.application.firstWindow()
    await isLoaded(page)
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    await page.reload()
    await page.waitForFunction(() => document.body.textContent.includes('till-'))
    await shell.stop()
    expect(complaints).toEqual([])
  })

  it('is there once: a second start ends by itself', async () => {
    const shell = await startElectron(display)
    await shell.application.firstWindow()
    expect(await startAgain(shell)).toBe(0)
    expect(shell.application.windows()).toHaveLength(1)
    await shell.stop()
  })
})
