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

  /** Draws what the ledger says with something else in it, in each language, and gives what is then cut off. */
  async function drawn(other: (state: Record<string, unknown>) => object, look: (language: string) => Promise<void>) {
    await page.route('**/operator/state', async (route) => {
      const answer = await route.fetch()
      const state = (await answer.json()) as Record<string, unknown>
      await route.fulfill({ response: answer, json: { ...state, ...other(state) } })
    })
    for (const language of ['kk', 'ru', 'en']) {
      await page.click(`[data-language=${language}]`)
      const answered = page.waitForResponse('**/operator/state')
      await page.clock.runFor(2_500)
      await (await answered).finished()
      await look(language)
    }
    await page.unroute('**/operator/state')
  }

  test.each([4_999, 5_001, 12_345, 200_000, 1_000_000])(
    '%i payments a minute have marks that are whole',
    async (most) => {
      const paymentsByMinute = Array.from({ length: 60 }, (_, minute) => (minute === 30 ? most : 1))
      await drawn(
        () => ({ paymentsByMinute }),
        async () => {
          const first = page.locator('#payments', {
            hasText: (most + 59).toString().replaceAll(/\B(?=(\d{3})+$)/g, '\u202F'),
          })
          await first.waitFor()
          const marks = await page.locator('#chart-payments text').evaluateAll((texts) =>
            texts.map((text) => {
              const { x, width } = (text as SVGTextElement).getBBox()
              return { x, end: x + width, words: text.textContent }
            }),
          )
          expect(marks).toHaveLength(6)
          expect(marks.filter(({ x, end }) => x < 0 || end > 600.5)).toEqual([])
          const bars = await page.locator('#chart-payments rect').evaluateAll((all) => {
            return all.map((bar) => (bar as SVGRectElement).getBBox()).map(({ x, width }) => [x, x + width] as const)
          })
          expect(Math.min(...bars.map(([x]) => x))).toBeGreaterThan(
            Math.max(...marks.slice(0, 3).map(({ end }) => end)),
          )
          expect(Math.max(...bars.map(([, end]) => end))).toBeLessThanOrEqual(600)
        },
      )
    },
  )

  test('tills of which none is in use are counted as the table shows them', async () => {
    const said: string[] = []
    const kinds = [['never_heard', 'never_heard', 'gone'], ['gone'], []]
    for (const [index, connectivities] of kinds.entries())
      await drawn(
        ({ terminals }) => {
          const [one] = terminals as { readonly terminalId: string }[]
          return {
            terminals: connectivities.map((connectivity, at) => ({ ...one, terminalId: `t-${at}`, connectivity })),
          }
        },
        async () => {
          const rows = Math.max(1, connectivities.length)
          await expect.poll(() => page.locator('#tills tr').count()).toBe(rows)
          await expect.poll(() => textOf('tills-heard')).toBe('0')
          said.push(`${index}: ${await textOf('tills-silent')}`)
        },
      )
    expect(said).toEqual([
      '0: әлі шықпағаны: 2, жойылғаны: 1',
      '0: ещё не выходили: 2, выведены: 1',
      '0: not started yet: 2, ended: 1',
      '1: жойылғаны: 1',
      '1: выведены: 1',
      '1: ended: 1',
      '2: Касса әлі жоқ',
      '2: Касс пока нет',
      '2: No till yet',
    ])
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
