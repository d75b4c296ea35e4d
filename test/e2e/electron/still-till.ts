/**
 * The till on made-up snapshots in Electron: the real shell, window, preload and IPC; the main process answers in the
 * place of a core.
 */
import type { Page } from 'playwright'
import { ensureUiIsBuilt, builtUiFolder } from '../../../src/terminal/shell/build-ui.ts'
import { ensureElectronShellIsBuilt } from '../../../src/terminal/shell-electron/build.ts'
import { downChannel, helloChannel, upChannel } from '../../../src/terminal/shell-electron/channels.ts'
import type { Bridge, Command } from '../../../src/terminal/contract/index.ts'
import {
  complaintsOf,
  isAttentive,
  onTheWire,
  touchWith,
  type StillShell,
  type StillTill,
} from '../suites/still-till.ts'
import { isLoaded, openDisplay, startAnsweringElectron, whyNoElectron } from './start-electron.ts'

/** What the main process keeps for the test. */
interface Kept {
  tolemSnapshot: unknown
  tolemCommands: unknown[]
  tolemSend: (frame: unknown) => void
}

async function open(): Promise<StillTill> {
  await ensureUiIsBuilt(() => undefined)
  await ensureElectronShellIsBuilt(() => undefined)
  const display = await openDisplay()
  const { application, stop } = await startAnsweringElectron(display, {}, builtUiFolder)
  const page: Page = await application.firstWindow()
  await isLoaded(page)
  const complaints: string[] = []
  complaintsOf(page, complaints)
  await application.evaluate(
    ({ BrowserWindow, ipcMain }, [hello, up, down]) => {
      const kept = globalThis as unknown as Kept
      kept.tolemCommands = []
      kept.tolemSend = (frame) => send(down, frame)
      const contents = BrowserWindow.getAllWindows()[0]!.webContents
      const send = contents.send.bind(contents)
      // What the shell itself has to tell would come in between, whenever it happens.
      contents.send = () => undefined
      ipcMain.removeAllListeners(hello).on(hello, () => {
        send(down, { type: 'snapshot', snapshot: kept.tolemSnapshot })
        send(down, { type: 'shell', core: 'running', readOnly: false })
      })
      ipcMain.removeAllListeners(up).on(up, (_, { id, command }: { id: string; command: unknown }) => {
        kept.tolemCommands.push(command)
        send(down, { type: 'answer', id, answer: { ok: true } })
      })
    },
    [helloChannel, upChannel, downChannel] as const,
  )
  return {
    complaints,
    show: async (snapshot, size) => {
      await application.evaluate(
        ({ BrowserWindow }, shown) => {
          const kept = globalThis as unknown as Kept
          kept.tolemSnapshot = shown.snapshot
          kept.tolemCommands = []
          BrowserWindow.getAllWindows()[0]?.setContentSize(shown.size.width, shown.size.height)
        },
        { snapshot: onTheWire(snapshot), size },
      )
      await page.waitForFunction(({ width, height }) => innerWidth === width && innerHeight === height, size)
      await page.reload()
      await page.waitForSelector('.tap')
      await isAttentive(page)
      return page
    },
    sent: async () => {
      // Commands travel: the answer to a last one says that all before it have arrived.
      await page.evaluate(() =>
        (globalThis as unknown as { tolem: Bridge }).tolem.send({ command: 'set_language', language: 'en' }),
      )
      return application.evaluate(() => {
        const { tolemCommands } = globalThis as unknown as Kept
        // Not the last one always: what a key has just sent may have come in behind it.
        const asked = tolemCommands.findLastIndex((sent) => (sent as Command).command === 'set_language')
        tolemCommands.splice(asked, 1)
        return [...tolemCommands]
      })
    },
    input: (input) =>
      application.evaluate((_, said) => {
        const at = Date.now()
        ;(globalThis as unknown as Kept).tolemSend({ type: 'input', input: { ...said, at } })
        return at
      }, input),
    touch: async (selector) => touchWith(await page.context().newCDPSession(page), page, selector),
    close: async () => {
      await stop()
      display.close()
    },
  }
}

export const stillTillInElectron: StillShell = { name: 'Electron', whyNot: whyNoElectron, open }
