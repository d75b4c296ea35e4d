/**
 * Access that was good once: a token or a cookie of an earlier life of the host on the same port, or of another till of
 * this machine. Refused by the host, and the page that holds it says in the cashier's language what helps.
 */
import type { Browser, BrowserContext } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { BrowserShell } from '../../../src/terminal/shell-browser/browser-shell.ts'
import { tokenLifetimeMs } from '../../../src/terminal/shell-browser/access.ts'
import { thisMachine } from '../../../src/terminal/shell-browser/this-machine.ts'
import { builtUiFolder, ensureUiIsBuilt } from '../../../src/terminal/shell/build-ui.ts'
import { languages } from '../../../src/terminal/contract/index.ts'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import { openChromium, whyNoChromium } from '../../e2e/chromium/open-chromium.ts'
import { openSession, start, tokenOf, type Wishes } from './start-shell.ts'

const patient = { timeout: 30_000, interval: 50 }
const running: BrowserShell[] = []
afterEach(() => Promise.all(running.splice(0).map((shell) => shell.stop())))

async function startHere(wishes: Wishes = {}): Promise<BrowserShell> {
  const shell = await start(wishes)
  running.push(shell)
  return shell
}
const portOf = (shell: BrowserShell): number => Number(new URL(shell.origin).port)

/** 'open', or the status that refused. */
function bridge(shell: BrowserShell, cookie: string): Promise<string> {
  return new Promise((resolve) => {
    const address = `${shell.origin.replace('http', 'ws')}/bridge`
    const socket = new WebSocket(address, { origin: shell.origin, headers: { cookie } })
    socket.once('open', () => (resolve('open'), socket.terminate()))
    socket.once('unexpected-response', (_request, answer) => resolve(String(answer.statusCode)))
    socket.on('error', () => undefined)
  })
}

describe('the host', () => {
  test('of today takes no token and no cookie of yesterday’s, on the same port', async () => {
    const yesterday = await startHere()
    const unusedToken = tokenOf(yesterday.tillUrl())
    const { cookie } = await openSession(yesterday)
    expect(await bridge(yesterday, cookie)).toBe('open')
    await yesterday.stop()
    const today = await startHere({ port: portOf(yesterday) })
    expect(today.origin).toBe(yesterday.origin)
    expect(await openSession(today, unusedToken)).toMatchObject({ status: 401, setCookie: '' })
    expect(await bridge(today, cookie)).toBe('401')
    expect((await fetch(`${today.origin}/session`, { headers: { cookie } })).status).toBe(401)
  })

  test('takes nothing of another till of this machine, under its own name or ours', async () => {
    const ours = await startHere()
    const other = await startHere()
    const { cookie } = await openSession(other)
    expect((await openSession(ours, tokenOf(other.tillUrl()))).status).toBe(401)
    expect(await bridge(ours, cookie)).toBe('401')
    expect(await bridge(ours, cookie.replace(`${portOf(other)}`, `${portOf(ours)}`))).toBe('401')
    // Both in one browser: each till finds its own.
    const both = `${cookie}; ${(await openSession(ours)).cookie}`
    expect([await bridge(ours, both), await bridge(other, both)]).toEqual(['open', 'open'])
  })
})

describe('the page', () => {
  let browser: Browser
  let context: BrowserContext

  beforeEach(({ skip }) => {
    if (whyNoChromium !== null) skip(whyNoChromium)
  })
  beforeAll(async () => {
    if (whyNoChromium !== null) return
    await ensureUiIsBuilt(() => undefined)
    browser = await openChromium()
    context = await browser.newContext()
  })
  afterAll(() => browser?.close())

  test('of a host that came back says that it is lost, in the cashier’s language; a new address mends it', async () => {
    const first = await startHere({ uiFolder: builtUiFolder })
    const page = await context.newPage()
    await page.goto(first.tillUrl())
    await page.getByRole('button', { name: 'Қаз', exact: true }).click()
    await expect.poll(() => page.locator('html').getAttribute('lang'), patient).toBe('kk')
    await first.stop()
    await page.locator('.connection-notice[data-trouble="connecting"]').waitFor()
    const second = await startHere({ uiFolder: builtUiFolder, port: portOf(first) })
    const notice = page.locator('.connection-notice[data-trouble="lost"]')
    await notice.filter({ hasText: texts.kk.words['window.lost.what'] }).waitFor()
    await notice.filter({ hasText: texts.kk.words['window.lost.todo'] }).waitFor()
    // A reload has nothing but the stale cookie: nobody's language is known then, so all three speak.
    await page.reload()
    await page.locator('.first-screen[data-trouble="lost"]').waitFor()
    for (const language of languages) {
      await page
        .locator(`section[lang="${language}"]`, { hasText: texts[language].words['window.lost.todo'] })
        .waitFor()
    }
    await page.goto(second.tillUrl())
    await page.locator('[data-item="lunch"]').waitFor()
    expect(new URL(page.url()).hash).toBe('')
    await page.close()
  })

  test('opened with a token that was used or is older than a minute is no till and keeps no token', async () => {
    let laterMs = 0
    const { elapsedMs, after } = thisMachine.timers
    const timers = { elapsedMs: () => elapsedMs() + laterMs, after }
    const shell = await startHere({ uiFolder: builtUiFolder, timers })
    const used = shell.tillUrl()
    await openSession(shell, tokenOf(used))
    const tooOld = shell.tillUrl()
    laterMs += tokenLifetimeMs + 1
    for (const address of [used, tooOld]) {
      const page = await (await browser.newContext()).newPage()
      await page.goto(address)
      await page.locator('.first-screen[data-trouble="lost"]').waitFor()
      expect(new URL(page.url()).hash).toBe('')
      expect(await page.context().cookies()).toEqual([])
      await page.context().close()
    }
  })
})
