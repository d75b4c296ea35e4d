/**
 * By keys alone, in light and in dark: Tab reaches every control, and whoever looks sees which one has the keyboard.
 * Run in both shells: test/e2e/chromium/focus.test.ts and, in brief, test/e2e/electron/focus.test.ts.
 */
import type { Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Snapshot } from '../../../src/terminal/contract/index.ts'
import { pictures } from '../../../src/terminal/ui/gallery/pictures.ts'
import type { StillShell, StillTill } from './still-till.ts'
import { tabThrough } from './visible-focus.ts'

/** The gallery's snapshots on which the till has every kind of control, and the keys that open what stands over it. */
type State = readonly [name: string, ...keys: string[]]
const allStates: readonly State[] = [
  ['unresolved'],
  ['idle-long-basket', 'ArrowUp'],
  ['unknown'],
  ['not-paid'],
  ['idle-basket', ...'5000000'],
  ['unresolved', 'F3'],
  ['sheet-recent', 'F7'],
  ['troubled', 'F1', 'ArrowRight', 'ArrowRight'],
  ['idle-basket', 'F6'],
]

function snapshotOf(name: string): Snapshot {
  const snapshot = pictures.find((picture) => picture.name === name)?.view.snapshot
  if (snapshot === undefined || snapshot === null) throw new Error(`the gallery has no snapshot ${name}`)
  return snapshot
}

async function inTheme(page: Page, theme: 'light' | 'dark'): Promise<void> {
  const now = await page.evaluate(() => document.documentElement.dataset['theme'])
  if (now !== theme) await page.keyboard.press('Alt+t')
  await page.waitForSelector(`html[data-theme="${theme}"]`)
}

/** One with lines, tiles, keypad and what is unresolved, and one under a sheet. */
export const statesInBrief: readonly State[] = [['unresolved'], ['sheet-recent', 'F7']]

/** @param states those that are looked at */
export function describeFocus({ name: shellName, whyNot, open }: StillShell, states = allStates): void {
  describe(`the keyboard's place in ${shellName}`, () => {
    let till: StillTill
    const good = new Set<string>()

    beforeAll(async () => {
      if (whyNot === null) till = await open()
    }, 120_000)
    afterAll(() => till?.close())
    beforeEach(({ skip }) => {
      if (whyNot !== null) skip(whyNot)
    })

    test.each(states.map(([name, ...keys]) => ({ name, keys })))('can be seen: $name $keys', async ({ name, keys }) => {
      const page = await till.show(snapshotOf(name), { width: 1024, height: 600 })
      const faults: string[] = []
      for (const theme of ['light', 'dark'] as const) {
        await inTheme(page, theme)
        if (theme === 'light') for (const key of keys) await page.keyboard.press(key, { delay: 60 })
        const findings = await tabThrough(page, good)
        expect(findings.reached.length).toBeGreaterThan(0)
        faults.push(...findings.faults)
      }
      expect(faults).toEqual([])
    })

    test('that cannot be seen, or not be reached, is found', async () => {
      const page = await till.show(snapshotOf('idle-basket'), { width: 1024, height: 600 })
      await inTheme(page, 'light')
      await page.evaluate(() => {
        document.querySelector<HTMLElement>('.button-primary')!.style.outline = 'none'
        document.querySelector<HTMLElement>('.search-input')!.style.outlineColor = '#eeeeee'
        document.querySelector('.tile')!.addEventListener('focus', (event) => (event.target as HTMLElement).blur())
      })
      const { faults } = await tabThrough(page, new Set())
      expect(faults).toEqual([
        expect.stringMatching(/^Tab does not reach button\.tile/),
        expect.stringMatching(/on the top, right, bottom, left of input\.search-input/),
        expect.stringMatching(/on the top, right, bottom, left of button\.button button-primary/),
      ])
    })
  })
}
