/** The till on made-up snapshots in Debian's Chromium: the files that both shells serve, and a bridge of the test's. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Snapshot } from '../../../src/terminal/contract/index.ts'
import { contentSecurityPolicy, securityHeaders } from '../../../src/terminal/shell/content-security-policy.ts'
import { builtUiFolder, ensureUiIsBuilt } from '../../../src/terminal/shell/build-ui.ts'
import { readUiFiles } from '../../../src/terminal/shell/ui-files.ts'
import {
  complaintsOf,
  isAttentive,
  onTheWire,
  touchWith,
  type StillShell,
  type StillTill,
} from '../suites/still-till.ts'
import { openChromium, whyNoChromium } from './open-chromium.ts'

/** What the page keeps for the test. */
interface Watched {
  tolemCommands: unknown[]
  tolemInput: (input: unknown) => void
}

async function open(): Promise<StillTill> {
  await ensureUiIsBuilt(() => undefined)
  const files = await readUiFiles(builtUiFolder)
  const headers = securityHeaders(contentSecurityPolicy())
  const server = createServer((request, response) => {
    const file = files.find((request.url ?? '/').split('?', 1)[0] ?? '/')
    if (file === null) response.writeHead(404).end()
    else response.writeHead(200, { ...headers, 'content-type': file.type }).end(file.content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const browser = await openChromium()
  // One for all that is shown, loaded anew each time as Electron's is: the process of another takes a second to make.
  const page = await browser.newPage()
  const session = await page.context().newCDPSession(page)
  await session.send('Page.enable')
  const complaints: string[] = []
  complaintsOf(page, complaints)
  let bridge: string | undefined
  return {
    complaints,
    show: async (snapshot, size) => {
      await page.setViewportSize(size)
      // What the core could not send is no picture of it.
      onTheWire(snapshot)
      if (bridge !== undefined) await session.send('Page.removeScriptToEvaluateOnNewDocument', { identifier: bridge })
      const source = `(${putBridge.toString()})(${JSON.stringify(marked(snapshot))})`
      bridge = (await session.send('Page.addScriptToEvaluateOnNewDocument', { source })).identifier
      await page.goto(address)
      await page.waitForSelector('.tap, .bench')
      await isAttentive(page)
      return page
    },
    sent: () =>
      page.evaluate(() =>
        (window as unknown as Watched).tolemCommands.map((command) =>
          JSON.parse(JSON.stringify(command, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))),
        ),
      ),
    input: (input) =>
      page.evaluate((said) => {
        const at = Date.now()
        ;(window as unknown as Watched).tolemInput({ ...said, at })
        return at
      }, input),
    touch: (selector) => touchWith(session, page, selector),
    close: async () => {
      await browser.close()
      server.close()
    },
  }
}

/** As text that keeps which values are amounts. */
function marked(snapshot: Snapshot): string {
  return JSON.stringify(snapshot, (_, value: unknown) => (typeof value === 'bigint' ? { amount$: `${value}` } : value))
}

/** In the page, before its own script: what Electron's preload would put there. */
function putBridge(text: string): void {
  const snapshot: unknown = JSON.parse(text, (_, value: unknown) => {
    const { amount$: amount } = (value ?? {}) as { amount$?: unknown }
    return typeof amount === 'string' ? BigInt(amount) : value
  })
  const commands: unknown[] = []
  const listeners = new Set<(input: unknown) => void>()
  Object.assign(window, {
    tolemCommands: commands,
    tolemInput: (input: unknown) => listeners.forEach((listener) => listener(input)),
    tolem: {
      subscribe: (listener: (view: unknown) => void) => {
        listener({ snapshot, connection: 'running', readOnly: false })
        return () => undefined
      },
      send: (command: unknown) => {
        commands.push(command)
        return Promise.resolve({ ok: true })
      },
      onInput: (listener: (input: unknown) => void) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
  })
}

export const stillTillInChromium: StillShell = { name: 'Chromium', whyNot: whyNoChromium, open }
