/**
 * Electron's security checklist (docs/design/05-electron.md), item by item: each test does, in a real Electron, what
 * the item is there to prevent. The numbers are those of "Security" in Electron's documentation. Item 19, the fuses, is
 * fuses.test.ts.
 */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type * as Electron from 'electron'
import type { Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { electronMainFile, ensureElectronShellIsBuilt } from '../../../src/terminal/shell-electron/build.ts'
import { corePidOf, until } from '../../contract/bridge.suite.ts'
import { windowOf, type PageGlobals } from './page-in-electron.ts'
import { isLoaded, openDisplay, startAnsweringElectron, whyNoElectron } from './start-electron.ts'
import type { Display, ElectronUnderTest } from './start-electron.ts'

let display: Display
let shell: ElectronUnderTest
let page: Page
/** A server of this machine that no page may reach, and how often one did. */
let outside: Server
let asked = 0
let outsideAddress: string

beforeAll(async () => {
  if (whyNoElectron !== null) return
  await ensureElectronShellIsBuilt(() => undefined)
  display = await openDisplay()
  shell = await startAnsweringElectron(display)
  page = await shell.application.firstWindow()
  await isLoaded(page)
  outside = createServer((request, response) => {
    asked += 1
    if (request.url === '/redirect') response.writeHead(302, { location: '/arrived' })
    response.end()
  })
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve))
  outsideAddress = `http://127.0.0.1:${(outside.address() as AddressInfo).port}/`
}, 120_000)
afterAll(async () => {
  await shell?.stop()
  outside?.close()
  display?.close()
})
beforeEach(({ skip }) => {
  if (whyNoElectron !== null) skip(whyNoElectron)
})

/** What a flaw elsewhere could do: another page in the till's own session, without our policy. */
async function openStranger(content: string, preferences: object = {}): Promise<Page> {
  const opened = shell.application.waitForEvent('window')
  await shell.application.evaluate(
    ({ BrowserWindow, session }, [html, asked_]) => {
      const window = new BrowserWindow({ webPreferences: { session: session.fromPartition('till'), ...asked_ } })
      void window.loadURL(`data:text/html,${encodeURIComponent(html)}`)
    },
    [content, preferences] as const,
  )
  const stranger = await opened
  await isLoaded(stranger, 'data:')
  return stranger
}

const windowCount = (): Promise<number> =>
  shell.application.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)

/** Long enough for what was asked to have happened, had it been let. */
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300))

describe('the security checklist of Electron', () => {
  it('1, 2, 5, 7, 18, 20: the page is a file of ours under a strict policy, with the bridge and no more', async () => {
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
        outside: await Promise.all(
          ['..%2fpackage.json', '..%5cpackage.json', '%2e%2e%2f%2e%2e%2fetc/hostname', '/etc/hostname'].map((path) =>
            fetch(`app://till/${path}`).then(({ status }) => status),
          ),
        ),
        elsewhere: await fetch('app://other/').then(
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
      bridge: ['onInput', 'send', 'subscribe'],
      outside: [404, 404, 404, 404],
      elsewhere: 'failed',
      file: 'failed',
      permission: 'denied',
    })
  })

  it('2, 3, 4, 6, 8, 9, 10: the window runs sandboxed and isolated, with no weakened setting', async () => {
    const settings = await shell.application.evaluate(({ webContents }) => {
      const till = webContents.getAllWebContents().find((contents) => contents.getURL() === 'app://till/')
      return (till as unknown as { getLastWebPreferences(): Electron.WebPreferences }).getLastWebPreferences()
    })
    expect(settings).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
    })
    expect([settings.enableBlinkFeatures ?? '', settings.nodeIntegrationInWorker ?? false]).toEqual(['', false])
    expect(settings.nodeIntegrationInSubFrames ?? false).toBe(false)
  })

  it('3, 20: a page that spoils its own JavaScript spoils neither the bridge nor reaches behind it', async () => {
    await until(await windowOf(page), 'running', ({ connection }) => connection === 'running')
    const outcome = await page.evaluate(async () => {
      const { tolem } = globalThis as unknown as PageGlobals
      const kept = [Map.prototype.set, Array.prototype.push, JSON.stringify] as const
      let reached = 0
      const spoiled = (): never => {
        reached += 1
        throw new Error('spoiled')
      }
      Object.assign(Map.prototype, { set: spoiled })
      Object.assign(Array.prototype, { push: spoiled })
      Object.assign(JSON, { stringify: spoiled })
      const answer = await tolem.send({ command: 'set_language', language: 'kk' })
      Object.assign(Map.prototype, { set: kept[0] })
      Object.assign(Array.prototype, { push: kept[1] })
      Object.assign(JSON, { stringify: kept[2] })
      const replaced = Reflect.set(tolem, 'send', spoiled)
      return { answer, reached, replaced }
    })
    expect(outcome).toEqual({ answer: { ok: true }, reached: 0, replaced: false })
  })

  it('5: every permission is denied, asked for or looked up', async () => {
    const seen = await page.evaluate(async () => {
      const word = (promise: Promise<unknown>): Promise<string> =>
        promise.then(
          (value) => (typeof value === 'string' ? value : 'granted'),
          () => 'denied',
        )
      const names = ['geolocation', 'notifications', 'midi', 'clipboard-read', 'persistent-storage', 'storage-access']
      return {
        notifications: await word(Notification.requestPermission()),
        clipboard: await word(navigator.clipboard.readText()),
        midi: await word(navigator.requestMIDIAccess()),
        geolocation: await word(
          new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject)),
        ),
        storage: await navigator.storage.persist(),
        looked: await Promise.all(
          names.map((name) =>
            word(navigator.permissions.query({ name: name as PermissionName }).then(({ state }) => state)),
          ),
        ),
      }
    })
    expect(seen).toEqual({
      notifications: 'denied',
      clipboard: 'denied',
      midi: 'denied',
      geolocation: 'denied',
      storage: false,
      looked: Array.from({ length: 6 }, () => 'denied'),
    })
  })

  it('7: runs no text as code', async () => {
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

  it('1, 6: reaches no network, even where a page has no policy of its own', async () => {
    const before = asked
    const stranger = await openStranger('<title>no policy</title>')
    const outcome = await stranger.evaluate(
      (address) =>
        fetch(address, { mode: 'no-cors' }).then(
          () => 'answered',
          () => 'failed',
        ),
      outsideAddress,
    )
    expect([outcome, asked]).toEqual(['failed', before])
    await stranger.close()
  })

  it('13, 14: nothing in our page leads anywhere else', async () => {
    const before = asked
    await page.evaluate((address) => {
      window.open(address)
      const body = document.body
      const link = Object.assign(document.createElement('a'), { href: address, textContent: 'away' })
      const blank = Object.assign(document.createElement('a'), { href: address, target: '_blank' })
      const form = Object.assign(document.createElement('form'), { action: address, method: 'post' })
      const frame = Object.assign(document.createElement('iframe'), { src: address })
      const own = Object.assign(document.createElement('iframe'), { src: 'app://till/' })
      const refresh = Object.assign(document.createElement('meta'), {
        httpEquiv: 'refresh',
        content: `0;url=${address}`,
      })
      body.append(link, blank, form, frame, own)
      document.head.append(refresh)
      link.click()
      blank.click()
      form.submit()
      location.href = address
    }, outsideAddress)
    await aWhile()
    expect(page.url()).toBe('app://till/')
    expect(await windowCount()).toBe(1)
    expect(
      page
        .frames()
        .map((frame) => frame.url())
        .filter((url) => url === 'app://till/'),
    ).toHaveLength(1)
    expect(asked).toBe(before)
    await page.reload()
    await isLoaded(page)
  })

  it('13, 14: a page that is not ours cannot even go to ours: by itself, by a redirect, in a window', async () => {
    const stranger = await openStranger('<a id="ours" href="app://till/">ours</a>')
    const windows = await windowCount()
    await stranger.evaluate(() => {
      window.open('app://till/')
      document.querySelector<HTMLAnchorElement>('#ours')?.click()
    })
    await aWhile()
    expect(stranger.url()).toMatch(/^data:/)
    expect(await windowCount()).toBe(windows)
    const before = asked
    const outcome = await shell.application.evaluate(async ({ BrowserWindow, session }, address) => {
      // A session that nothing but the lock on every page guards.
      const window = new BrowserWindow({ show: false, webPreferences: { session: session.fromPartition('elsewhere') } })
      const went = await window.loadURL(`${address}redirect`).then(
        () => 'went',
        () => 'stopped',
      )
      window.destroy()
      return went
    }, outsideAddress)
    expect([outcome, asked]).toEqual(['stopped', before + 1])
    await stranger.close()
  })

  it('11, 12: a <webview> attaches to nothing, even where a window allows the tag', async () => {
    const stranger = await openStranger('<webview src="app://till/"></webview>', { webviewTag: true })
    await aWhile()
    const kinds = await shell.application.evaluate(({ webContents }) =>
      webContents.getAllWebContents().map((contents) => contents.getType()),
    )
    expect(kinds).not.toContain('webview')
    await stranger.close()
  })

  it('15: nothing of ours hands an address to the system or a script to a page', () => {
    const program = readFileSync(electronMainFile, 'utf8')
    expect(program).not.toMatch(/openExternal|openPath|executeJavaScript|insertCSS|allowpopups/)
    expect(program).not.toMatch(/appendSwitch|appendArgument|allowRunningInsecureContent: true|webSecurity: false/)
  })

  it('17: a page that is not ours is not heard', async () => {
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
})
