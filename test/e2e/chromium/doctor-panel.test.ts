/**
 * What the bench's panel "Doctor" does by the keyboard, on made-up snapshots. How it looks with each of its outcomes:
 * test/e2e/pictures; what it says of each: test/unit/ui/bench-doctor.test.ts.
 */
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BenchView } from '../../../src/terminal/contract/index.ts'
import { wordsOf } from '../../../src/terminal/doctor/texts.ts'
import { quietBench } from '../../../src/terminal/ui/gallery/made-up-bench.ts'
import { madeUpExamination } from '../../../src/terminal/ui/gallery/made-up-machine.ts'
import { quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import type { StillTill } from '../suites/still-till.ts'
import { whyNoChromium } from './open-chromium.ts'
import { stillTillInChromium } from './still-till.ts'

describe.skipIf(whyNoChromium !== null)('the panel "Doctor"', () => {
  let till: StillTill

  beforeAll(async () => {
    till = await stillTillInChromium.open()
  }, 120_000)
  afterAll(() => till?.close())

  const show = async (change: Partial<BenchView['doctor']>): Promise<Page> => {
    const bench: BenchView = { ...quietBench, doctor: { ...quietBench.doctor, ...change } }
    const page = await till.show({ ...quietTill, language: 'en', bench }, { width: 1024, height: 600 })
    await page.locator('.bench').waitFor()
    await page.keyboard.press('F12')
    await page.locator('.bench[data-panel="doctor"]').waitFor()
    return page
  }

  test('copies a remedy, reached by the keyboard alone', async () => {
    const page = await show({ examination: madeUpExamination })
    await page.evaluate(
      `document.addEventListener('copy', () => (globalThis.copied = document.activeElement.value), { once: true })`,
    )
    await page.locator('[data-code="reader-no-rights"] .copy-button').focus()
    await page.keyboard.press('Enter')
    const reader = madeUpExamination.findings.find(({ code }) => code === 'reader-no-rights')
    expect(await page.evaluate('globalThis.copied')).toBe(reader === undefined ? '' : wordsOf(reader, 'en').remedy)
    expect(till.complaints).toEqual([])
  })

  test('asks for an examination as it is opened, once, and for nothing while one goes on', async () => {
    const page = await show({})
    expect(await till.sent()).toEqual([{ command: 'examine_machine' }])
    await page.keyboard.press('F10')
    expect(await till.sent()).toEqual([{ command: 'examine_machine' }, { command: 'write_support_bundle' }])
    const busy = await show({ examination: madeUpExamination, doing: 'bundling' })
    for (const key of ['F5', 'F9', 'F10']) await busy.keyboard.press(key)
    expect(await till.sent()).toEqual([])
    expect(till.complaints).toEqual([])
  })
})
