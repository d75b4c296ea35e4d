/**
 * Amounts, dates and times as the engine of a shell really shows them: the same letters in Kazakh, Russian and English,
 * in Chromium and in Electron, whatever their ICU believes about Kazakh. Expected texts stand here literally. Receipts:
 * test/unit/voucher/receipt.test.ts.
 */
import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { languages, tiyn, type Snapshot } from '../../../src/terminal/contract/index.ts'
import { lunchAndJuice, madeUpSale, madeUpTender, quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import type { StillShell, StillTill } from './still-till.ts'

/** U+202F between groups, U+00A0 before the sign: neither breaks at the end of a line. */
const shown = (text: string): string => text.replaceAll('\u202F', '_').replaceAll('\u00A0', '~')

export function describeFormats({ name: shellName, whyNot, open }: StillShell): void {
  describe(`amounts and dates in ${shellName}`, () => {
    let till: StillTill

    beforeAll(async () => {
      if (whyNot !== null) return
      till = await open()
    }, 120_000)
    afterAll(() => till?.close())
    beforeEach(({ skip }) => {
      if (whyNot !== null) skip(whyNot)
    })
    afterEach(() => expect(till.complaints.splice(0)).toEqual([]))

    const textsOf = async (page: Page, selector: string): Promise<readonly string[]> =>
      (await page.locator(selector).allTextContents()).map(shown)

    test.each(languages)('in %s', async (language) => {
      const snapshot: Snapshot = {
        ...quietTill,
        language,
        // 31 December, 23:59 in Almaty: 18:59 in London.
        time: { ...quietTill.time, now: Date.UTC(2026, 11, 31, 18, 59) },
        sale: { ...madeUpSale(lunchAndJuice()), total: tiyn(123_456_789_005n), leftToPay: tiyn(5n) },
        unresolved: [{ ...madeUpTender(3, 742_050, 'unknown'), since: Date.UTC(2026, 11, 30, 19, 5) }],
      }
      const page = await till.show(snapshot, { width: 1024, height: 600 })
      await expect.poll(() => page.evaluate(() => document.documentElement.lang), { timeout: 20_000 }).toBe(language)
      expect(await textsOf(page, '.line .amount')).toEqual(['1_150,00~₸', '700,00~₸'])
      expect(await textsOf(page, '.total .amount')).toEqual(['1_234_567_890,05~₸'])
      expect(await textsOf(page, '.left-to-pay .amount')).toEqual(['0,05~₸'])
      expect(await textsOf(page, '.unresolved-item .amount')).toEqual(['7_420,50~₸'])
      expect((await textsOf(page, '.whose span')).join(' ')).toMatch(/31\.12\.2026 23:59F10/)
      expect((await textsOf(page, '.unresolved-item')).join(' ')).toMatch(/(?<!\d)00:05(?!\d)/)
      // All digits of an amount are equally wide, so that amounts stand under each other.
      const widths = await page.evaluate(() => {
        const probe = document.querySelector<HTMLElement>('.total .amount')!
        return ['1111', '8888', '0000'].map((digits) => {
          probe.textContent = digits
          return Math.round(probe.getBoundingClientRect().width * 10)
        })
      })
      expect(new Set(widths).size).toBe(1)
    })
  })
}
