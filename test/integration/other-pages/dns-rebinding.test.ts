/**
 * DNS rebinding: a page of `evil.example` whose name now means 127.0.0.1, in a real Chromium. For the browser its
 * requests to our port are same-origin: no CORS, no CORP, no fetch metadata stands in the way. Only the Host does.
 */
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openChromium, whyNoChromium } from '../../e2e/chromium/open-chromium.ts'
import { openThreePorts, type AttackedPort, type ThreePorts } from './three-ports.ts'

const evil = 'evil.example'
const names = ['the till', 'the panel', 'the ledger'] as const

let three: ThreePorts
let browser: Browser

beforeEach(({ skip }) => {
  if (whyNoChromium !== null) skip(whyNoChromium)
})
beforeAll(async () => {
  if (whyNoChromium !== null) return
  three = await openThreePorts()
  // Chromium's own wall between the web and this machine is taken away: other browsers have none.
  browser = await openChromium(
    `--host-resolver-rules=MAP ${evil} 127.0.0.1`,
    '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
  )
})
afterAll(async () => {
  await browser?.close()
  await three?.close()
})

/** A page that evil.example served before its name was bound anew; everything else it asks for reaches our port. */
async function plantedPage(port: AttackedPort): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  const origin = `http://${evil}:${new URL(port.origin).port}`
  await page.route(`${origin}/planted`, (route) => route.fulfill({ contentType: 'text/html', body: '<p>planted' }))
  await page.goto(`${origin}/planted`)
  expect(await page.evaluate(() => window.location.origin)).toBe(origin)
  return page
}

describe.each(names)('a name that was bound to 127.0.0.1 anew, and %s', (name) => {
  const refusedWith = name === 'the till' ? 421 : 403

  test('reads nothing: each answer is the refusal, and none says more', async () => {
    const port = three.port(name)
    const page = await plantedPage(port)
    const answers = await page.evaluate(
      (paths) =>
        Promise.all(
          paths.map(async (path) => {
            const answer = await fetch(path, { credentials: 'include' })
            return { path, status: answer.status, text: await answer.text() }
          }),
        ),
      port.paths,
    )
    expect(answers.map(({ path, status }) => [path, status])).toEqual(port.paths.map((path) => [path, refusedWith]))
    for (const { text } of answers) {
      expect(text.length).toBeLessThan(400)
      expect(JSON.parse(text)).toMatchObject({ status: refusedWith })
    }
    const opened = await page.goto(`http://${evil}:${new URL(port.origin).port}/`)
    expect(opened?.status()).toBe(refusedWith)
    expect(await page.locator('script, h1, [data-item]').count()).toBe(0)
    await page.context().close()
  })

  test('changes nothing and gets no session', async () => {
    const port = three.port(name)
    const page = await plantedPage(port)
    const statuses = await page.evaluate(async ({ path, body }) => {
      const got: number[] = []
      for (let time = 0; time < 6; time += 1) {
        const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
        got.push(answer.status)
      }
      return got
    }, port.change)
    expect(statuses).toEqual(Array.from({ length: 6 }, () => refusedWith))
    expect(await page.context().cookies()).toEqual([])
    expect(await port.isUntouched()).toBe(true)
    await page.context().close()
  })
})

test('opens no WebSocket of the till, and a stream of the panel says nothing', async () => {
  const page = await plantedPage(three.port('the till'))
  const closed = await page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(`ws://${window.location.host}/bridge`)
        socket.onopen = () => resolve('open')
        socket.onclose = ({ code }) => resolve(`closed ${code}`)
      }),
  )
  expect(closed).toBe('closed 1006')
  const other = await plantedPage(three.port('the panel'))
  const heard = await other.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const stream = new EventSource('/api/events')
        stream.onmessage = () => resolve('a message')
        stream.onerror = () => resolve(`error, state ${stream.readyState}`)
      }),
  )
  expect(heard).toBe('error, state 2')
})
