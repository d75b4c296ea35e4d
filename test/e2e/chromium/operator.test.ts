/**
 * The ledger's operator page in Debian's Chromium: a person opens the link, sees a payment appear, changes language and
 * theme, and is told when the figures are old. The page asks nobody but its own ledger.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Browser, Page } from 'playwright'
import { startHttp, type RunningHttp } from '../../../ledger-sim/http/fastify.ts'
import { createLedger } from '../../../ledger-sim/ledger.ts'
import { LedgerMetrics } from '../../../ledger-sim/monitoring/metrics.ts'
import { OperatorAccess } from '../../../ledger-sim/monitoring/operator/access.ts'
import { demoLedger, type DemoLedger, type TestTill } from '../../integration/ledger/demo-ledger.ts'
import { openChromium, whyNoChromium } from './open-chromium.ts'

if (whyNoChromium !== null) process.stdout.write(`skipped: ${whyNoChromium}\n`)

describe.skipIf(whyNoChromium !== null)('the operator’s page', () => {
  let demo: DemoLedger
  let till: TestTill
  let http: RunningHttp
  let access: OperatorAccess
  let browser: Browser
  let page: Page
  const said: string[] = []
  const asked = new Set<string>()

  beforeAll(async () => {
    demo = await demoLedger()
    const metrics = new LedgerMetrics()
    const ledger = createLedger({ ...demo.ports, watch: metrics })
    till = await demo.till('till-1')
    await till.fetch()
    const { clock, random } = demo.ports
    access = new OperatorAccess({ clock, random })
    http = await startHttp({ ledger, port: 0, metrics, operator: access })
    browser = await openChromium()
  })
  afterAll(async () => {
    await browser.close()
    await http.close()
    await demo.close()
  })

  const textOf = (id: string) => page.locator(`#${id}`).textContent()

  test('opens by its link, and the token does not stay in the address', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' })
    page = await context.newPage()
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(String(error)))
    page.on('request', (request) => asked.add(new URL(request.url()).origin))
    await page.clock.install()
    await page.goto(`${http.url}/operator#t=${access.issueToken()}`)
    await page.locator('#figures').waitFor()
    expect(page.url()).toBe(`${http.url}/operator`)
  })

  test.each([
    ['kk', 'Айналымда', 'Айырмашылық жоқ'],
    ['ru', 'В обращении', 'Расхождений нет'],
    ['en', 'In circulation', 'No discrepancies'],
  ])('speaks %s, whole and within 1280×800', async (language, heading, nothing) => {
    await page.click(`[data-language=${language}]`)
    expect(await page.locator('h2').first().textContent()).toBe(heading)
    expect(await textOf('discrepancies')).toBe(nothing)
    expect(await textOf('circulation')).toBe('3\u202F150\u202F000,00\u202F₸')
    expect(await page.locator('html').getAttribute('lang')).toBe(language)
    const size = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.scrollHeight,
    ])
    expect([(size[0] ?? 0) <= 1280, (size[1] ?? 0) <= 800]).toEqual([true, true])
    // No word is missing in this language, and none is cut off.
    const faults = await page.evaluate(() =>
      [...document.querySelectorAll('body *')]
        .filter((one) => /undefined|null|NaN/.test(one.textContent) || one.scrollWidth > one.clientWidth + 1)
        .filter((one) => one.clientWidth > 0)
        .map((one) => one.outerHTML.slice(0, 80)),
    )
    expect(faults).toEqual([])
  })

  test('a payment and a discrepancy appear by themselves', async () => {
    expect(await textOf('payments')).toBe('0')
    const twice = [1, 2].map(() => till.decide({ card: demo.card('Pupil 01') }))
    for (const decided of twice) await till.present(decided)
    demo.clock.now += 2_000
    await page.clock.runFor(2_500)
    await page.locator('#discrepancies td', { hasText: 'Allowance was used before' }).waitFor()
    expect(await textOf('payments')).toBe('1')
    expect(await textOf('open-discrepancies')).toBe('unsettled: 1')
    expect(await page.locator('#chart-payments rect').count()).toBe(60)
  })

  test('the theme is the person’s, and stays after a reload', async () => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await ground()
    await page.click('#theme')
    const dark = await ground()
    expect(dark).not.toBe(light)
    await page.reload()
    await page.locator('#figures').waitFor()
    expect(await ground()).toBe(dark)
  })

  test('a link opens once; the page says where the next one is', async () => {
    const token = access.issueToken()
    access.exchange(token)
    const context = await browser.newContext()
    const second = await context.newPage()
    await second.goto(`${http.url}/operator#t=${token}`)
    await second.locator('#notice', { hasText: 'operator-link.json' }).waitFor()
    expect(await second.locator('#figures').isVisible()).toBe(false)
    await context.close()
  })

  test('nothing was complained of, and nobody else was asked', () => {
    expect(said.filter((text) => !text.includes('401'))).toEqual([])
    expect([...asked]).toEqual([http.url])
  })

  test('when the ledger is gone the figures stay, and it is said from when they are', async () => {
    await http.close()
    await page.clock.runFor(20_000)
    await page.locator('#notice', { hasText: 'The ledger does not answer' }).waitFor()
    expect(await textOf('payments')).toBe('1')
  })
})
