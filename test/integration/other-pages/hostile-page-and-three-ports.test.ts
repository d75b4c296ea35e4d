/**
 * What a page on another port of 127.0.0.1 can try in the very browser that is logged in to the till: every way in
 * which a page can send, embed, open or listen, against each of our ports. To the browser such a page is "same-site":
 * cookies go along, SameSite stops nothing. (First tries: test/integration/shell/hostile-page-and-the-till.test.ts.)
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openChromium, whyNoChromium } from '../../e2e/chromium/open-chromium.ts'
import { openThreePorts, type ThreePorts } from './three-ports.ts'

const names = ['the till', 'the panel', 'the ledger'] as const

let three: ThreePorts
let browser: Browser
let context: BrowserContext
let server: Server
let hostileOrigin: string
/** The till's own page, with its session. */
let till: Page

/** A worker that answers everything in its reach, and tries the same from where it stands. */
const worker = `
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => {
  if (event.request.url.includes('/intercepted')) event.respondWith(new Response('by the worker'))
})
self.addEventListener('message', async ({ data, ports }) => {
  const outcome = (work) => work.then(({ type }) => type, () => 'failed')
  const asked = [fetch(data, { credentials: 'include' }), fetch(data, { mode: 'no-cors' })]
  ports[0].postMessage(await Promise.all(asked.map(outcome)))
})
`

beforeEach(({ skip }) => {
  if (whyNoChromium !== null) skip(whyNoChromium)
})
beforeAll(async () => {
  if (whyNoChromium !== null) return
  three = await openThreePorts()
  const tillPort = new URL(three.port('the till').origin).port
  server = createServer((request, response) => {
    if (request.url === '/worker.js') return response.setHeader('content-type', 'text/javascript').end(worker)
    // Cookies do not know ports: this server can put one beside the till's, under a path that comes first.
    if (request.url === '/shadow') {
      const cookie = `tolem-till-${tillPort}=${'A'.repeat(43)}`
      response.setHeader('set-cookie', [`${cookie}; Path=/bridge`, `${cookie}; Path=/session`])
    }
    return response.setHeader('content-type', 'text/html').end('<p>hello')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  hostileOrigin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await openChromium()
  context = await browser.newContext()
  till = await context.newPage()
  const { origin, hash } = new URL(three.tillUrl())
  await till.goto(`${origin}/`)
  const status = await till.evaluate(
    async (token) => {
      const headers = { 'content-type': 'application/json' }
      return (await fetch('/session', { method: 'POST', headers, body: JSON.stringify({ token }) })).status
    },
    hash.replace('#t=', ''),
  )
  expect(status).toBe(204)
})
afterAll(async () => {
  await browser?.close()
  server?.close()
  await three?.close()
})

async function hostilePage(): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${hostileOrigin}/`)
  return page
}

describe.each(names)('a page on another port, and %s', (name) => {
  test('fetches nothing, with or without credentials', async () => {
    const { origin, paths } = three.port(name)
    const page = await hostilePage()
    const outcomes = await page.evaluate(
      (addresses) =>
        Promise.all(
          addresses.flatMap((address) =>
            (['include', 'omit'] as const).flatMap((credentials) =>
              (['cors', 'no-cors'] as const).map((mode) =>
                fetch(address, { credentials, mode }).then(
                  ({ type, status }) => `${address} ${credentials} ${mode}: ${type} ${status}`,
                  () => 'failed',
                ),
              ),
            ),
          ),
        ),
      paths.map((path) => origin + path),
    )
    expect(new Set(outcomes)).toEqual(new Set(['failed']))
    await page.close()
  })

  test('embeds nothing: no script, style, picture, frame, object; what exists fails like what does not', async () => {
    const { origin, paths } = three.port(name)
    const page = await hostilePage()
    const outcomes = await page.evaluate(
      async (addresses) => {
        const tries = [
          ['script', 'src'],
          ['img', 'src'],
          ['video', 'src'],
          ['link', 'href'],
        ] as const
        const one = (tag: string, attribute: string, address: string): Promise<string> =>
          new Promise((resolve) => {
            const element = document.createElement(tag)
            if (tag === 'link') element.setAttribute('rel', 'stylesheet')
            element.addEventListener('load', () => resolve(`${tag} loaded ${address}`))
            element.addEventListener('loadeddata', () => resolve(`${tag} loaded ${address}`))
            element.addEventListener('error', () => resolve('error'))
            element.setAttribute(attribute, address)
            document.body.append(element)
          })
        const all = addresses.flatMap((address) => tries.map(([tag, attribute]) => one(tag, attribute, address)))
        return Promise.all(all)
      },
      [...paths, '/does-not-exist'].map((path) => origin + path),
    )
    expect(new Set(outcomes)).toEqual(new Set(['error']))
    const framed = await page.evaluate(async (address) => {
      const seen: string[] = []
      for (const tag of ['iframe', 'embed', 'object'] as const) {
        const element = document.createElement(tag)
        const settled = new Promise((resolve) => {
          for (const event of ['load', 'error']) element.addEventListener(event, resolve)
        })
        element.setAttribute(tag === 'object' ? 'data' : 'src', address)
        document.body.append(element)
        await settled
        const inner = (element as HTMLIFrameElement).contentDocument
        seen.push(inner?.body?.textContent ?? '')
      }
      return seen
    }, `${origin}${paths[0]}`)
    expect(framed).toEqual(['', '', ''])
    const frames = page.frames().filter((frame) => frame !== page.mainFrame())
    expect(frames.map((frame) => frame.url()).filter((url) => url.startsWith(origin))).toEqual([])
    await page.close()
  })

  test('opens it in a window, and neither sees into it nor is heard by it', async () => {
    const { origin, paths } = three.port(name)
    const page = await hostilePage()
    const opening = context.waitForEvent('page')
    const seen = await page.evaluate(async (address) => {
      const opened = window.open(address)
      const answers: unknown[] = []
      window.addEventListener('message', ({ data }) => answers.push(data))
      const until = performance.now() + 30_000
      while (opened?.closed === false && performance.now() < until)
        await new Promise((resolve) => setTimeout(resolve, 50))
      let text: string
      try {
        text = opened?.document.body.textContent ?? ''
      } catch (error) {
        text = (error as Error).name
      }
      opened?.postMessage({ type: 'command', id: 'a', command: { command: 'pay_cash' } }, '*')
      await new Promise((resolve) => setTimeout(resolve, 300))
      return { text, isCutOff: opened === null || opened.closed, answers }
    }, `${origin}${paths[0]}`)
    // Cross-Origin-Opener-Policy gives the window away with its answer: the opener holds the handle of a closed one.
    expect(seen).toEqual({ text: expect.stringMatching(/^(SecurityError|)$/) as unknown, isCutOff: true, answers: [] })
    const opened = await opening
    expect(await opened.evaluate(() => window.opener === null)).toBe(true)
    await opened.close()
    await page.close()
  })

  test('listens to no stream and opens no WebSocket', async () => {
    const { origin, paths } = three.port(name)
    const page = await hostilePage()
    const heard = await page.evaluate(
      async ({ http, several }) => {
        const stream = (address: string): Promise<string> =>
          new Promise((resolve) => {
            const source = new EventSource(address, { withCredentials: true })
            source.onopen = () => resolve('open')
            source.onmessage = () => resolve('a message')
            source.onerror = () => resolve('refused')
          })
        const socket = (address: string): Promise<string> =>
          new Promise((resolve) => {
            const opened = new WebSocket(address)
            opened.onopen = () => resolve('open')
            opened.onclose = () => resolve('refused')
          })
        const ws = http.replace('http', 'ws')
        return Promise.all(several.flatMap((path) => [stream(http + path), socket(ws + path)]))
      },
      { http: origin, several: paths },
    )
    expect(new Set(heard)).toEqual(new Set(['refused']))
    await page.close()
  })

  test('a service worker of its own stands in front of nothing of ours and gets no further than the page', async () => {
    const { origin, paths } = three.port(name)
    const page = await hostilePage()
    const outcomes = await page.evaluate(async (address) => {
      await navigator.serviceWorker.register('/worker.js')
      const { active } = await navigator.serviceWorker.ready
      const channel = new MessageChannel()
      const told = new Promise<unknown>((resolve) => (channel.port1.onmessage = ({ data }) => resolve(data as unknown)))
      active?.postMessage(address, [channel.port2])
      return told
    }, `${origin}${paths[0]}`)
    expect(outcomes).toEqual(['failed', 'failed'])
    const visited = await context.newPage()
    const answer = await visited.goto(`${origin}/intercepted`)
    expect(answer?.fromServiceWorker()).toBe(false)
    expect(await visited.textContent('body')).not.toContain('by the worker')
    const registered = await page.evaluate((address) => {
      return navigator.serviceWorker.register(`${address}/page.js`).then(
        () => 'registered',
        (error: Error) => error.name,
      )
    }, origin)
    expect(registered).toBe('SecurityError')
    await visited.close()
    await page.close()
  })

  test('sends by form, beacon and fetch, and nothing is changed', async () => {
    const { origin, change } = three.port(name)
    const page = await hostilePage()
    const seenBefore = three.answered.length
    const arrived = () =>
      three.answered
        .slice(seenBefore)
        .filter(({ port, path, method }) => origin.endsWith(`:${port}`) && path === change.path && method === 'POST')
    await page.evaluate(
      async ({ address, body }) => {
        const settled = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined)
        for (let time = 0; time < 3; time += 1) {
          await settled(fetch(address, { method: 'POST', mode: 'no-cors', credentials: 'include', body }))
          const json = { 'content-type': 'application/json' }
          await settled(fetch(address, { method: 'POST', credentials: 'include', headers: json, body }))
          navigator.sendBeacon(address, body)
          navigator.sendBeacon(address, new Blob([body], { type: 'application/json' }))
          for (const encoding of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
            const frame = document.createElement('iframe')
            frame.name = `target-${time}-${encoding}`
            const form = document.createElement('form')
            Object.assign(form, { method: 'post', action: address, enctype: encoding, target: frame.name })
            // The trick that makes JSON of a form: the name is the body, and the value closes it.
            const field = document.createElement('input')
            Object.assign(field, { name: `${body.slice(0, -1)},"x":"`, value: '"}' })
            form.append(field)
            document.body.append(frame, form)
            const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
            form.submit()
            await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, 3_000))])
          }
        }
      },
      { address: origin + change.path, body: change.body },
    )
    // They arrived, and were refused: otherwise this would prove nothing. (What is preflighted does not arrive.)
    await expect.poll(() => arrived().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(15)
    expect(arrived().filter(({ status }) => status < 400)).toEqual([])
    await page.close()
    expect(await three.port(name).isUntouched()).toBe(true)
  })
})

test('a cookie that another port puts beside the till’s locks nobody out', async () => {
  const page = await context.newPage()
  await page.goto(`${hostileOrigin}/shadow`)
  const opened = await till.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(`ws://${window.location.host}/bridge`)
        socket.onopen = () => resolve('open')
        socket.onclose = ({ code }) => resolve(`closed ${code}`)
      }),
  )
  expect(opened).toBe('open')
  expect(await till.evaluate(async () => (await fetch('/session')).status)).toBe(204)
  await page.close()
})
