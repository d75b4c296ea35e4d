/**
 * The bench's panel "Doctor" by the keyboard alone, at a till that has sold. Real processes stand behind it, and look
 * at the machine that the test runs on: of what they find, only what the till itself makes so is looked at. Run in both
 * shells: test/e2e/chromium/doctor.test.ts and test/e2e/electron/doctor.test.ts. A failed test leaves its screenshot in
 * out/e2e/.
 */
import { readFileSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { levels, type FindingCode } from '../../../src/terminal/doctor/finding.ts'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import { foundIn } from '../../integration/support/searched.ts'
import type { Cashier } from './cashier.ts'
import type { OpenTill, TillShellUnderTest } from './cashiers-day.suite.ts'

const patient = { timeout: 90_000, interval: 100 }

export function describeDoctor({ name: shellName, whyNot, open }: TillShellUnderTest): void {
  const { words } = texts.en
  let till: OpenTill
  let cashier: Cashier

  beforeAll(async () => {
    if (whyNot !== null) return
    till = await open()
    ;({ cashier } = till)
    await cashier.page.locator('[data-item="school-lunch"]').waitFor()
    await cashier.button('Eng').click()
    await cashier.reads(words['tap.idle.word'])
  }, 120_000)
  afterAll(() => till?.close())
  beforeEach(({ skip, onTestFailed, task }) => {
    if (whyNot !== null) skip(whyNot)
    onTestFailed(async () => {
      process.stdout.write(`the screen when it failed: ${await cashier.screenshot(`doctor-${shellName}`, task.name)}\n`)
    })
  })

  const press = (key: string) => cashier.page.keyboard.press(key)
  const does = (doing: 'examining' | 'bundling' | 'nothing') =>
    cashier.page.locator(`[data-doing="${doing}"]`).waitFor()

  describe(`the doctor in ${shellName}`, () => {
    test('examines this machine as it is opened, says what it found, worst first, and once more', async () => {
      const { page } = cashier
      await cashier.ringsUp('school-lunch')
      await press('Enter')
      await till.demo.panel.lay('Pupil 01')
      await cashier.sees('approved')
      await till.demo.panel.pull()
      await cashier.clears()
      await press('Alt+KeyB')
      await page.locator('.bench-notice').waitFor()
      await press('F12')
      await does('examining')
      await page.locator('.finding').first().waitFor()
      await does('nothing')
      // On a machine that is busy with other tests a check may be late.
      await vi.waitFor(async () => {
        await press('F9')
        await does('examining')
        await does('nothing')
        const codes = await page
          .locator('.finding')
          .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-code') ?? ''))
        const grave = codes.map((code) => ['fault', 'warning', 'ok'].indexOf(levels[code as FindingCode]))
        expect(grave).toEqual(grave.toSorted())
        const ofTill = ['folder-in-use', 'journal-ok', 'ledger-ok', 'terminal-active', 'printer-with-till']
        expect(codes).toEqual(expect.arrayContaining(ofTill))
      }, patient)
      expect(cashier.complaints).toEqual([])
    }, 180_000)

    test('writes a file for support beside the till’s data, nobody in it, and never over another', async () => {
      const { page } = cashier
      const fileWritten = (): Promise<string> =>
        vi.waitFor(async () => {
          await press('F10')
          await does('bundling')
          await does('nothing')
          const written = page.locator('[data-bundle="written"] .bytes')
          expect(await written.count()).toBe(1)
          return (await written.textContent()) ?? ''
        }, patient)
      const file = await fileWritten()
      expect(file).toMatch(/[/\\]bench[/\\]support-[\dTZ-]+\.zip$/)
      expect(statSync(file).mode & 0o777).toBe(0o600)
      const parts = unzipSync(readFileSync(file))
      expect(Object.keys(parts)).toHaveLength(6)
      const bytes = Buffer.concat([readFileSync(file), ...Object.values(parts)])
      expect(foundIn(bytes, ['Pupil 01', userInfo().homedir, file.replace(/[/\\]bench[/\\].*/, '')])).toEqual([])
      for (const key of ['bench.doctor.inside', 'bench.doctor.outside'] as const)
        await page.locator('.bench-panel').filter({ hasText: words[key] }).waitFor()
      const before = readFileSync(file)
      expect(await fileWritten()).not.toBe(file)
      expect(readFileSync(file).equals(before)).toBe(true)
      await press('Escape')
      await cashier.reads(words['tap.idle.word'])
      expect(cashier.complaints).toEqual([])
    }, 240_000)
  })
}
