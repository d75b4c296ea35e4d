/** The contract of the bridge in Electron, and what its pages cannot do. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type * as Electron from 'electron'
import type { Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { builtUiFolder, ensureUiIsBuilt } from '../../../src/terminal/shell/build-ui.ts'
import { ensureElectronShellIsBuilt } from '../../../src/terminal/shell-electron/build.ts'
import type { Bridge, BridgeView } from '../../../src/terminal/contract/bridge.ts'
import type { Command, CommandAnswer } from '../../../src/terminal/contract/commands.ts'
import { corePidOf, describeBridge, devicePidOf, until } from '../../contract/bridge.suite.ts'
import type { ShellUnderTest, WindowUnderTest } from '../../contract/bridge.suite.ts'
import { isLoaded, openDisplay, startAgain, startElectron, whyNoElectron } from './start-electron.ts'
import type { Display, ElectronUnderTest } from './start-electron.ts'

/** The page as a script in it sees it. */
interface PageGlobals {
  readonly tolem: Bridge
  lastView?: BridgeView
}

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

async function windowOf(page: Page): Promise<WindowUnderTest> {
  await isLoaded(page)
  await page.evaluate(() => {
    const globals = globalThis as unknown as PageGlobals
    globals.tolem.subscribe((view) => (globals.lastView = view))
  })
  const send = (command: unknown): Promise<CommandAnswer> =>
    page.evaluate((sent) => (globalThis as unknown as PageGlobals).tolem.send(sent as Command), command)
  return {
    view: () => page.evaluate(() => (globalThis as unknown as PageGlobals).lastView ?? null),
    send,
    sendAnything: send,
    close: () => page.close(),
  }
}

describeBridge('Electron', async (): Promise<ShellUnderTest> => {
  const shell = await startElectron(display)
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

describe('a page in Electron', () => {
  let shell: ElectronUnderTest
  let page: Page

  beforeAll(async () => {
    if (whyNoElectron !== null) return
    shell = await startElectron(display)
    page = await shell.application.firstWindow()
    await isLoaded(page)
  })
  afterAll(() => shell?.stop())

  it('is a file of ours under a strict policy, with the bridge and nothing of Node or Electron', async () => {
    const seen = await page.evaluate(async () => {
      const answer = await fetch('app://till/')
      const missing = ['require', 'process', 'Buffer', 'electron'].filter((name) => name in globalThis)
      const bridge = Object.keys((globalThis as unknown as PageGlobals).tolem).toSorted()
      return {
        address: location.href,
        policy: answer.headers.get('content-security-policy'),
        script: document.documentElement.dataset.script,
        style: getComputedStyle(document.querySelector('h1') as Element).color,
        missing,
        bridge,
        outside: await fetch('app://till/../package.json').then(({ status }) => status),
        elsewhere: await fetch('app://other/').then(
          () => 'answered',
          () => 'failed',
        ),
        network: await fetch('http://127.0.0.1:9/').then(
          () => 'answered',
          () => 'failed',
        ),
        file: await fetch('file:///etc/hostname').then(
          () => 'answered',
          () => 'failed',
        ),
        permission: await navigator.mediaDevices?.getUserMedia({ audio: true }).then(
          () => 'granted',
          () => 'denied',
        ),
      }
    })
    expect(seen).toEqual({
      address: 'app://till/',
      policy:
        `default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; ` +
        `img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
      script: 'ran',
      style: 'rgb(1, 2, 3)',
      missing: [],
      bridge: ['send', 'subscribe'],
      outside: 404,
      elsewhere: 'failed',
      network: 'failed',
      file: 'failed',
      permission: 'denied',
    })
  })

  it('runs no text as code', async () => {
    // In a timer: page.evaluate itself is above the policy.
    const outcome = await page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          setTimeout(() => {
            try {
              resolve(String(Reflect.construct(Function, ['return 1 + 1'])()))
            } catch (error) {
              resolve((error as Error).name)
            }
          }, 0)
        }),
    )
    expect(outcome).toBe('EvalError')
  })

  it('goes nowhere and opens nothing', async () => {
    await page.evaluate(() => {
      window.open('https://evil.example/')
      location.href = 'https://evil.example/'
    })
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)))
    expect(page.url()).toBe('app://till/')
    expect(shell.application.windows()).toHaveLength(1)
  })

  it('that is not ours is not heard', async () => {
    const before = await until(await windowOf(page), 'running', ({ connection }) => connection === 'running')
    const foreign = shell.application.waitForEvent('window')
    await shell.application.evaluate(({ BrowserWindow }) => {
      // What a flaw elsewhere could do: a page with access to Electron's IPC.
      const window = new BrowserWindow({
        webPreferences: { nodeIntegration: true, contextIsolation: false, sandbox: false },
      })
      void window.loadURL('data:text/html,<title>foreign</title>')
    })
    const stranger = await foreign
    await isLoaded(stranger, 'data:')
    const heard = await stranger.evaluate(
      () =>
        new Promise<number | 'sandboxed'>((resolve) => {
          const { require } = globalThis as unknown as { require?: (name: string) => typeof Electron }
          if (require === undefined) return resolve('sandboxed')
          const { ipcRenderer } = require('electron')
          let frames = 0
          ipcRenderer.on('tolem:down', () => (frames += 1))
          ipcRenderer.send('tolem:hello')
          ipcRenderer.send('tolem:up', { type: 'command', id: 'x', command: { command: 'cancel_sale' } })
          setTimeout(() => resolve(frames), 500)
        }),
    )
    // Root has no sandbox, so there the sender check alone must hold; for anybody else no page gets at IPC at all.
    expect(heard).toBe(process.getuid?.() === 0 ? 0 : 'sandboxed')
    // cancel_sale kills the fake core.
    const after = await until(await windowOf(page), 'running', ({ connection }) => connection === 'running')
    expect(corePidOf(after)).toBe(corePidOf(before))
  })

  it('reaches no network, even where a page has no policy of its own', async () => {
    let asked = 0
    const server = createServer((_request, response) => {
      asked += 1
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const foreign = shell.application.waitForEvent('window')
    await shell.application.evaluate(({ BrowserWindow, session }) => {
      const window = new BrowserWindow({ webPreferences: { session: session.fromPartition('till') } })
      void window.loadURL('data:text/html,<title>no policy</title>')
    })
    const stranger = await foreign
    await isLoaded(stranger, 'data:')
    const outcome = await stranger.evaluate(
      (address) =>
        fetch(address, { mode: 'no-cors' }).then(
          () => 'answered',
          () => 'failed',
        ),
      `http://127.0.0.1:${port}/`,
    )
    server.close()
    expect([outcome, asked]).toEqual(['failed', 0])
  })

  it('is loaded again after a crash, and commands as before', async () => {
    const { application } = shell
    await application.evaluate(({ webContents }) => {
      const till = webContents.getAllWebContents().find((contents) => contents.getURL() === 'app://till/')
      till?.once('render-process-gone', () => till.once('did-finish-load', () => (process.title = 'loaded again')))
      till?.forcefullyCrashRenderer()
    })
    await expect.poll(() => application.evaluate(() => process.title), { timeout: 10_000 }).toBe('loaded again')
    // Playwright lost this page with its process; the main process still reaches it.
    const command = (): Promise<unknown> =>
      application.evaluate(({ webContents }) =>
        webContents
          .getAllWebContents()
          .find((contents) => contents.getURL() === 'app://till/')
          ?.executeJavaScript(`tolem.send({ command: 'set_language', language: 'kk' })`),
      )
    await expect.poll(command, { timeout: 10_000 }).toEqual({ ok: true })
  })
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
      await expect.poll(left, { timeout: 10_000 }).toEqual([])
      await shell.stop()
    }
  })

  it('shows why the core cannot start, and exits with 2', async () => {
    const shell = await startElectron(display, { behaviour: 'fatal' })
    const child = shell.application.process()
    let printed = ''
    child.stdout?.on('data', (text: Buffer) => (printed += text.toString()))
    await expect.poll(() => printed, { timeout: 10_000 }).toContain('"event":"failed","code":"data_folder_in_use"')
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    expect(await ended).toBe(2)
    await shell.stop()
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
