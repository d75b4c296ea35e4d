/** What a page of another origin, in the very browser that is logged in to the till, can do to it: nothing. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { BrowserShell } from '../../../src/terminal/shell-browser/browser-shell.ts'
import { openChromium, whyNoChromium } from '../../e2e/chromium/open-chromium.ts'
import { start, tokenOf } from './start-shell.ts'

describe('a hostile page on another port of this machine', () => {
  let shell: BrowserShell
  let server: Server
  let browser: Browser
  let till: Page
  let hostile: Page

  beforeEach(({ skip }) => {
    if (whyNoChromium !== null) skip(whyNoChromium)
  })
  beforeAll(async () => {
    if (whyNoChromium !== null) return
    shell = await start()
    server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>hello</p>'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    browser = await openChromium()
    const context = await browser.newContext()
    till = await context.newPage()
    await till.goto(`${shell.origin}/`)
    const token = tokenOf(shell.tillUrl())
    const status = await till.evaluate(async (secret) => {
      const headers = { 'content-type': 'application/json' }
      return (await fetch('/session', { method: 'POST', headers, body: JSON.stringify({ token: secret }) })).status
    }, token)
    if (status !== 204) throw new Error(`the till's own page got no session: ${status}`)
    hostile = await context.newPage()
    await hostile.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  })
  afterAll(async () => {
    await browser?.close()
    server?.close()
    await shell?.stop()
  })

  /** 'open' or the close code. */
  const openBridge = (page: Page): Promise<string> =>
    page.evaluate(
      (address) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(address)
          socket.onopen = () => resolve('open')
          socket.onclose = ({ code }) => resolve(`closed ${code}`)
        }),
      `${shell.origin.replace('http', 'ws')}/bridge`,
    )

  it('is no till: its WebSocket stays shut, though the browser sends our cookie; ours opens', async () => {
    expect(await openBridge(till)).toBe('open')
    expect(await openBridge(hostile)).toBe('closed 1006')
  })

  it('reads nothing and gets no session', async () => {
    const token = tokenOf(shell.tillUrl())
    const outcomes = await hostile.evaluate(
      async ({ origin, secret }) => {
        const body = JSON.stringify({ token: secret })
        const tries = [
          () => fetch(`${origin}/`),
          () => fetch(`${origin}/session`),
          () => fetch(`${origin}/`, { mode: 'no-cors' }),
          () => fetch(`${origin}/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
          () => fetch(`${origin}/session`, { method: 'POST', mode: 'no-cors', credentials: 'include', body }),
        ]
        return Promise.all(
          tries.map((one) =>
            one().then(
              ({ type }) => type,
              () => 'failed',
            ),
          ),
        )
      },
      { origin: shell.origin, secret: token },
    )
    expect(outcomes).toEqual(['failed', 'failed', 'failed', 'failed', 'failed'])
  })

  it('cannot frame the till', async () => {
    await hostile.evaluate((origin) => {
      const frame = document.createElement('iframe')
      frame.src = origin
      document.body.append(frame)
      return new Promise((resolve) => (frame.onload = resolve))
    }, shell.origin)
    const framed = hostile.frames().find((frame) => frame !== hostile.mainFrame())
    expect(framed?.url()).toBe('chrome-error://chromewebdata/')
  })

  it('and not even our own page runs a script that is not a file of ours', async () => {
    const outcome = await till.evaluate(
      () =>
        new Promise<string>((resolve) => {
          document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(effectiveDirective))
          const script = document.createElement('script')
          script.textContent = 'document.title = "inline ran"'
          document.head.append(script)
        }),
    )
    expect(outcome).toBe('script-src-elem')
    expect(await till.title()).not.toBe('inline ran')
  })
})
