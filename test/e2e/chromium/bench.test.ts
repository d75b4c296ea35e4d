/**
 * The test bench as a field tester uses it, by the keyboard alone: with a card, and on a machine without any reader.
 * Real processes stand behind it; the card, the reader and the printer are virtual. A failed test leaves its screenshot
 * in out/e2e/. How each panel looks: test/e2e/pictures.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { Cashier } from '../suites/cashier.ts'
import type { OpenTill } from '../suites/cashiers-day.suite.ts'
import { whyNoChromium } from './open-chromium.ts'
import { openTillInChromium } from './open-till.ts'

const { words, statuses, faults } = texts.en
let till: OpenTill
let cashier: Cashier

beforeAll(async () => {
  if (whyNoChromium !== null) return
  till = await openTillInChromium()
  ;({ cashier } = till)
  await cashier.page.locator('[data-item="school-lunch"]').waitFor()
  await cashier.button('Eng').click()
  await cashier.reads(words['tap.idle.word'])
}, 120_000)
afterAll(() => till?.close())
beforeEach(({ skip, onTestFailed, task }) => {
  if (whyNoChromium !== null) skip(whyNoChromium)
  onTestFailed(async () => {
    process.stdout.write(`the screen when it failed: ${await cashier.screenshot('bench-Chromium', task.name)}\n`)
  })
})

const press = (key: string) => cashier.page.keyboard.press(key)
const on = (text: string) => cashier.page.locator('.bench-panel').filter({ hasText: text }).waitFor()
const goTo = async (key: string, panel: string): Promise<void> => {
  await press(key)
  await cashier.page.locator(`.bench[data-panel="${panel}"]`).waitFor()
}

describe('the test bench in Chromium', () => {
  test('opens only while nothing is sold, and has each panel by its key; Esc goes back to selling', async () => {
    const { page } = cashier
    await cashier.ringsUp('bread')
    await press('Alt+KeyB')
    await page.locator('.notice').filter({ hasText: faults.bench_sale_open.what }).waitFor()
    await cashier.clears()
    await till.demo.panel.lay('Pupil 01')
    await press('Alt+KeyB')
    await page.locator('.bench-notice').filter({ hasText: words['bench.notice'] }).waitFor()
    await on('NTAG 424 DNA')
    await on(words['bench.card.taken'].replace('{profile}', 'ntag424'))

    await goTo('F2', 'console')
    await page.keyboard.type('00A4040007D276000085010100', { delay: 35 })
    await press('Shift+Enter')
    await page.keyboard.type('90FF000000', { delay: 35 })
    await press('Shift+Enter')
    await page.keyboard.type('9060000000', { delay: 35 })
    await press('F9')
    await on(words['bench.console.stopped'].replace('{number}', '2'))
    await on(words['bench.sw.ILLEGAL_COMMAND_CODE'])
    await press('ArrowUp')
    expect(await page.locator('textarea').inputValue()).toMatch(/^00A4.*\n90FF000000\n9060000000$/)
    await page.locator('textarea').fill('9071000002000000')
    await press('Enter')
    await on(words['bench.risk.authentication'])
    await press('Escape')
    expect(await page.locator('.exchange').count()).toBe(2)
    await press('F7')
    const written = await page.locator('.console-entry .bytes', { hasText: 'console-' }).textContent()
    const file = written?.replace(words['bench.console.exported'].replace('{path}', ''), '').trim() ?? ''
    expect(readFileSync(file, 'utf8')).toMatch(/> 90FF000000\n< 911C/)

    await goTo('F3', 'latency')
    await page.locator('input').fill('20')
    await press('F9')
    await page.locator('[data-taken="20"]').waitFor()
    expect(await page.locator('.histogram rect').count()).toBeGreaterThan(0)
    await on(words['bench.latency.cardByHost'])

    await goTo('F4', 'printer')
    const before = till.demo.slips().length
    await press('F9')
    await page.locator('[data-page="printed"]').waitFor()
    expect(till.demo.slips()[before]).toContain('Қуаныш')

    await goTo('F6', 'ledger')
    const finding = () => page.locator('[data-finding]').first().getAttribute('data-finding')
    // On a busy machine an answer may not come in its time: asked for again.
    while ((await finding()) === 'no_answer') await press('F9')
    expect(await finding()).toBe('well')
    await till.demo.panel.network({ mode: 'cut' })
    await press('F9')
    await page.locator('[data-finding]:not([data-finding="well"])').waitFor()
    await till.demo.panel.network({ mode: 'up' })

    await press('Escape')
    await cashier.reads(words['tap.idle.word'])
    // The card still lies there from the bench: it pays for nothing before it was taken off.
    await cashier.ringsUp('school-lunch')
    await press('Enter')
    await cashier.reads(words['tap.hint.remove_card_first'])
    await till.demo.panel.pull()
    await till.demo.panel.lay('Pupil 01')
    await cashier.sees('approved')
    expect(cashier.complaints).toEqual([])
  }, 120_000)

  test('says on a machine without a reader what is missing on each panel, and what to do', async () => {
    const { page } = cashier
    await cashier.clears()
    await till.demo.panel.pull()
    await till.demo.panel.readerIsPlugged(false)
    await cashier.light('reader', 'off')
    // By the sheet of the light that says so.
    await page.locator('[data-light="reader"]').click()
    await page.getByRole('dialog').getByRole('button', { name: words['bench.title'] }).click()
    await on(statuses.reader_none.what)
    await on(words['bench.readers.help'])
    await goTo('F2', 'console')
    await on(statuses.reader_none.what)
    await on(words['bench.readers.help'])
    await goTo('F3', 'latency')
    await on(statuses.reader_none.what)
    await till.demo.panel.readerIsPlugged(true)
    await on(words['bench.card.none'])
    await press('Escape')
    await cashier.light('reader', 'ok')
    expect(cashier.complaints).toEqual([])
  }, 60_000)
})
