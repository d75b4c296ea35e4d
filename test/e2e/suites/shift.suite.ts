/**
 * Cashiers and shifts at the real till of `npm start`: the first cashier is made, a shift opened, sold in, looked at
 * and closed, once by touch and once by the keyboard alone. The screens are looked at by axe in the gallery
 * (test/e2e/pictures/gallery.test.ts). A failed test leaves its screenshot in out/e2e/.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formatTenge, tiyn } from '../../../src/terminal/contract/index.ts'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { Cashier } from './cashier.ts'
import type { OpenTill, TillShellUnderTest } from './cashiers-day.suite.ts'

const patient = { timeout: 60_000, interval: 100 }
const { words, faults } = texts.en
const pin = '2468'

export function describeShift({ name: shellName, whyNot, open }: TillShellUnderTest): void {
  let till: OpenTill
  let cashier: Cashier

  beforeAll(async () => {
    if (whyNot !== null) return
    till = await open()
    ;({ cashier } = till)
    await cashier.page.locator('[data-item="school-lunch"]').waitFor()
    await cashier.page.getByRole('button', { name: 'Eng', exact: true }).click()
    await cashier.reads(words['tap.idle.word'])
  }, 120_000)
  afterAll(() => till?.close())
  beforeEach(({ skip, onTestFailed, task }) => {
    if (whyNot !== null) skip(whyNot)
    onTestFailed(async () => {
      process.stdout.write(`the screen when it failed: ${await cashier.screenshot(`shift-${shellName}`, task.name)}\n`)
    })
  })

  const dialog = (text: string) => cashier.page.getByRole('dialog').filter({ hasText: text })
  const slip = async (before: number): Promise<string> => {
    await expect.poll(() => till.demo.slips().length, patient).toBeGreaterThan(before)
    return till.demo.slips()[before] ?? ''
  }
  const digit = (one: string) => cashier.page.locator('.number-pad').getByRole('button', { name: one, exact: true })
  const start = () => cashier.page.locator('.start')

  describe(`shifts in ${shellName}`, () => {
    test('by touch: the first cashier, a wrong PIN, an open shift, a sale, X, closing with Z', async () => {
      const { page } = cashier
      await page.locator('.whose').click()
      const form = dialog(words['cashier.first'])
      await form.waitFor()
      await form.getByLabel(words['cashier.pin']).click()
      for (const one of pin) await digit(one).click()
      await form.getByLabel(words['cashier.pinAgain']).click()
      for (const one of pin) await digit(one).click()
      await form.getByRole('button', { name: words['cashier.save'] }).click()
      await start().waitFor()
      expect(await page.locator('[data-item]').count()).toBe(0)
      for (const one of '1111') await digit(one).click()
      await cashier.touches(words['start.open'])
      await start().filter({ hasText: faults.pin_wrong.what }).waitFor()
      for (const one of pin) await digit(one).click()
      await start().getByLabel(words['start.float']).click()
      for (const one of '5000') await digit(one).click()
      await cashier.touches(words['start.open'])
      await start().waitFor({ state: 'detached' })
      const before = till.demo.slips().length
      await cashier.ringsUp('bread')
      await cashier.touches('Pay cash')
      await slip(before)
      await page.locator('.whose').click()
      await page.getByRole('dialog').getByRole('button', { name: words['shift.x'] }).click()
      await dialog('X-report · shift 1')
        .filter({ hasText: formatTenge(tiyn(518_000n)) })
        .waitFor()
      await page.getByRole('dialog').getByRole('button', { name: words['report.print'] }).click()
      expect(await slip(before + 1)).toMatch(/X-REPORT/)
      await page.getByRole('dialog').getByRole('button', { name: words['sheet.close'] }).click()
      await page.locator('.whose').click()
      await page.getByRole('dialog').getByRole('button', { name: words['shift.close'] }).click()
      await dialog(words['close.title']).waitFor()
      for (const one of '5180') await digit(one).click()
      await page.getByRole('dialog').getByRole('button', { name: words['shift.close'] }).click()
      await dialog('Z-report · shift 1').filter({ hasText: words['report.noDifferences'] }).waitFor()
      const paper = await slip(before + 2)
      expect(paper).toMatch(/Z-REPORT No\. 1/)
      expect(paper).toMatch(/EXPECTED IN DRAWER +5 180,00/)
      expect(paper).toMatch(/COUNTED +5 180,00/)
    })

    test('by keys alone: the next shift, a card, X and Z, and the Z of the first is still there', async () => {
      const { keyboard } = cashier.page
      await keyboard.press('Tab')
      await keyboard.press('Escape')
      await cashier.page.getByRole('dialog').waitFor({ state: 'detached' })
      // The browser gives the keyboard back to what had opened the sheet, sooner or later: on a slow machine in the
      // middle of the PIN.
      await keyboard.type(pin.slice(0, 2), { delay: 60 })
      await cashier.page.locator('.whose').focus()
      await keyboard.type(pin.slice(2), { delay: 60 })
      await cashier.page.locator('.whose').focus()
      await keyboard.press('Enter')
      await start().waitFor({ state: 'detached' })
      const before = till.demo.slips().length
      await keyboard.press('F2')
      await keyboard.type('lunch', { delay: 60 })
      await keyboard.press('Enter')
      await cashier.page.locator('.line').first().waitFor()
      await keyboard.press('Escape')
      await keyboard.press('Enter')
      await cashier.sees('tap')
      await till.demo.panel.lay('Pupil 12')
      await cashier.sees('approved')
      await till.demo.panel.pull()
      await slip(before)
      await keyboard.press('F10')
      await dialog(words['shift.closed']).waitFor()
      await keyboard.press('F5')
      await dialog('X-report · shift 2').waitFor()
      await keyboard.press('Escape')
      await cashier.page.getByRole('dialog').waitFor({ state: 'detached' })
      await keyboard.press('F10')
      await dialog(words['shift.closed']).waitFor()
      await keyboard.press('F6')
      await dialog(words['close.title']).waitFor()
      await keyboard.type('0', { delay: 60 })
      // Enter closes nothing that stays closed.
      await keyboard.press('Enter')
      await dialog(words['close.title']).waitFor()
      await keyboard.press('F8')
      await dialog('Z-report · shift 2').waitFor()
      expect(await slip(before + 1)).toMatch(/Z-REPORT No\. 2[\s\S]*School lunch[\s\S]*1 150,00/)
      await keyboard.press('Escape')
      // The start screen stands beneath the report already: only without it the keys are the screen's.
      await cashier.page.getByRole('dialog').waitFor({ state: 'detached' })
      await start().waitFor()
      await keyboard.press('F10')
      await dialog(words['shift.closed']).waitFor()
      await keyboard.press('ArrowDown')
      await keyboard.press('F7')
      await dialog('Z-report · shift 1')
        .filter({ hasText: formatTenge(tiyn(518_000n)) })
        .waitFor()
      await keyboard.press('Escape')
      await start().waitFor()
      expect(cashier.complaints).toEqual([])
    })
  })
}
