/**
 * The test bench's panel of HID devices as a field tester uses it, by the keyboard alone: scanner, keypad and display,
 * then a machine without any. Real processes stand behind it; the devices are virtual. A failed test leaves its
 * screenshot in out/e2e/. How the panel looks: test/e2e/pictures.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { Cashier } from '../suites/cashier.ts'
import type { OpenTill } from '../suites/cashiers-day.suite.ts'
import { whyNoChromium } from './open-chromium.ts'
import { openTillInChromium } from './open-till.ts'

const { words, statuses } = texts.en
let till: OpenTill
let cashier: Cashier

beforeAll(async () => {
  if (whyNoChromium !== null) return
  till = await openTillInChromium()
  ;({ cashier } = till)
  await cashier.page.locator('[data-item="school-lunch"]').waitFor()
  await cashier.button('Eng').click()
  await cashier.reads(words['tap.idle.word'])
  await cashier.light('hid', 'ok')
}, 120_000)
afterAll(() => till?.close())
beforeEach(({ skip, onTestFailed, task }) => {
  if (whyNoChromium !== null) skip(whyNoChromium)
  onTestFailed(async () => {
    process.stdout.write(`the screen when it failed: ${await cashier.screenshot('bench-hid-Chromium', task.name)}\n`)
  })
})

const press = (key: string) => cashier.page.keyboard.press(key)
const device = (name: string) => cashier.page.locator('[data-device]').filter({ hasText: name })
const reports = (kind: string) => cashier.page.locator(`[data-report][data-meaning="${kind}"]`)
const rows = async (): Promise<string> =>
  ((await till.demo.panel.state()) as { hid: { display: { rows: readonly string[] } } }).hid.display.rows
    .map((row) => row.trimEnd())
    .join(' | ')
const goesToPanel = async (): Promise<void> => {
  await cashier.page.locator('.bench').waitFor()
  await press('F11')
  await cashier.page.locator('.bench[data-panel="hid"]').waitFor()
}
const opensPanel = async (): Promise<void> => {
  await press('Alt+KeyB')
  await goesToPanel()
}

describe('the panel of HID devices in Chromium', () => {
  test('says what the till takes each device for, shows what it sends, and sells nothing of it', async () => {
    const { page } = cashier
    const { panel } = till.demo
    await opensPanel()
    await device('Virtual scanner').filter({ hasText: words['bench.hid.found'] }).waitFor()
    await device('Virtual keypad')
      .filter({ hasText: words['bench.hid.entry'].replace('{number}', '1') })
      .waitFor()
    await device('Virtual display').filter({ hasText: 'escpos-cp866' }).locator('[data-state="ok"]').waitFor()
    await page.locator('.bench-panel').filter({ hasText: words['bench.hid.empty'] }).waitFor()

    await panel.tells('/api/hid/scan', { code: '4870000000067' })
    await reports('code').filter({ hasText: '4870000000067' }).filter({ hasText: 'EAN-13' }).waitFor()
    const long = `TOLEM1.${'Ab9_-'.repeat(30)}`
    await panel.tells('/api/hid/scan', { code: long })
    await reports('code').filter({ hasText: long }).waitFor()
    expect(await reports('nothing').filter({ hasText: words['bench.hid.nothing.continued'] }).count()).toBe(2)
    await panel.tells('/api/hid/keys', { keys: ['5', 'Enter'] })
    await reports('keys').filter({ hasText: 'Enter' }).filter({ hasText: '00 00 58 00' }).waitFor()

    await press('F9')
    await reports('taken').first().waitFor()
    await expect.poll(rows).toBe('AGQNOUUHI tg | Total       1 850,00')
    await press('F7')
    const written = await page.locator('.bench-panel .bytes', { hasText: 'hid-' }).textContent()
    const file = written?.replace(words['bench.console.exported'].replace('{path}', ''), '').trim() ?? ''
    expect(readFileSync(file, 'utf8')).toMatch(/# device \d: 1209:0001, Virtual scanner[^]*# code 4870000000067, \]E0/)
    await press('F8')
    await page.locator('.bench-panel').filter({ hasText: words['bench.hid.empty'] }).waitFor()

    await press('F1')
    await page.locator('.bench[data-panel="cards"]').waitFor()
    await expect.poll(rows).toBe(' | ')
    await panel.tells('/api/hid/scan', { code: '96385074' })
    await press('F11')
    await page.locator('.bench-panel').filter({ hasText: words['bench.hid.empty'] }).waitFor()
    await press('Escape')
    await cashier.reads(words['tap.idle.word'])
    expect(await page.locator('.line').count()).toBe(0)
    expect(cashier.complaints).toEqual([])
  }, 120_000)

  test('hears a key from the moment that the bench is there', async () => {
    await cashier.page.evaluate(() => {
      const observer = new MutationObserver(() => {
        if (document.querySelector('.bench') === null) return
        observer.disconnect()
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'F11', bubbles: true, cancelable: true }))
      })
      observer.observe(document.body, { childList: true, subtree: true })
    })
    await press('Alt+KeyB')
    await cashier.page.locator('.bench[data-panel="hid"]').waitFor()
    await press('Escape')
    await cashier.reads(words['tap.idle.word'])
    expect(cashier.complaints).toEqual([])
  }, 120_000)

  test('says why a device is not used, and goes on when the device host has died', async () => {
    const { panel } = till.demo
    await opensPanel()
    await panel.tells('/api/hid', { device: 'keypad', access: 'denied' })
    await device('Virtual keypad').locator('[data-state="hid_no_access"]').waitFor()
    await panel.tells('/api/hid', { device: 'keypad', access: 'free' })
    await device('Virtual keypad').locator('[data-state="ok"]').waitFor()
    const before = till.demo.deviceHostPid()
    process.kill(before, 'SIGKILL')
    await expect.poll(() => till.demo.deviceHostPid(), { timeout: 30_000 }).not.toBe(before)
    await device('Virtual scanner').locator('[data-state="ok"]').waitFor()
    // A scanner that has just been opened is passed over for a moment.
    await expect
      .poll(
        async () => {
          await panel.tells('/api/hid/scan', { code: '96385074' })
          return reports('code').filter({ hasText: 'EAN-8' }).count()
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBeGreaterThan(0)
    await press('Escape')
    await cashier.reads(words['tap.idle.word'])
    expect(cashier.complaints).toEqual([])
  }, 120_000)

  test('of a page that was loaded anew it is closed: nothing is read for it', async () => {
    const { page } = cashier
    await opensPanel()
    await device('Virtual scanner').waitFor()
    await till.demo.panel.tells('/api/hid/scan', { code: '4870000000067' })
    await reports('code').waitFor()
    await page.reload()
    await page.locator('.bench[data-panel="cards"]').waitFor()
    await press('F11')
    await page.locator('.bench-panel').filter({ hasText: words['bench.hid.empty'] }).waitFor()
    expect(await reports('code').count()).toBe(0)
    await press('Escape')
    await cashier.reads(words['tap.idle.word'])
  }, 60_000)

  test('says on a machine without HID devices what to plug in and how to set it', async () => {
    const { page } = cashier
    const { panel } = till.demo
    for (const name of ['scanner', 'keypad', 'display']) await panel.tells('/api/hid', { device: name, plugged: false })
    await cashier.light('hid', 'limited')
    // By the sheet of the light that says so.
    await page.locator('[data-light="hid"]').click()
    await page
      .getByRole('dialog')
      .filter({ hasText: statuses.hid_unplugged.what })
      .getByRole('button', { name: words['bench.title'] })
      .click()
    await goesToPanel()
    await page.locator('[data-no-device]').filter({ hasText: words['bench.hid.none'] }).waitFor()
    await page.locator('.bench-panel').filter({ hasText: words['bench.hid.helpScanner'] }).waitFor()
    // What was found once and what the settings name is still awaited.
    expect(await page.locator('[data-state="hid_unplugged"]').count()).toBe(3)
    await panel.tells('/api/hid', { device: 'scanner', plugged: true })
    await device('Virtual scanner').locator('[data-state="ok"]').waitFor()
    await page.locator('[data-no-device]').waitFor({ state: 'detached' })
    await press('Escape')
    expect(cashier.complaints).toEqual([])
  }, 60_000)
})
