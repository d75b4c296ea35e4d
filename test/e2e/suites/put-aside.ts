/** A card that left too early is put aside, the next customer pays, and its sale is taken up again: by keys alone. */
import { expect } from 'vitest'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { DemoWorld } from '../../fixtures/demo-world.ts'
import type { Cashier } from './cashier.ts'
import { proves } from './in-a-tap.ts'

const { words } = texts.en

/**
 * The two slips, that of who was served meanwhile first.
 *
 * @param newSlip the slip that comes out after so many
 */
export async function putsAside(
  cashier: Cashier,
  demo: DemoWorld,
  newSlip: (before: number) => Promise<string>,
): Promise<string> {
  const { keyboard } = cashier.page
  const before = demo.slips().length
  const band = cashier.page.locator('.unresolved').filter({ hasText: `${words['unresolved.torn.title']}: 1` })
  const asksForCard = async (): Promise<void> => {
    await keyboard.press('F2')
    await keyboard.type('lunch', { delay: 60 })
    await keyboard.press('Enter')
    await cashier.page.locator('.line').first().waitFor()
    await keyboard.press('Escape')
    await keyboard.press('Enter')
    await cashier.sees('tap')
  }
  await asksForCard()
  await proves(cashier, demo, 'Pupil 17')
  await demo.panel.pull()
  await cashier.sees('torn')
  await demo.panel.readerTakes(0)
  await keyboard.press('F9')
  await cashier.sees('idle')
  await band.waitFor()

  await asksForCard()
  await demo.panel.lay('Pupil 18')
  await cashier.sees('approved')
  await demo.panel.pull()
  const meanwhile = await newSlip(before)
  await keyboard.press('Enter')
  await cashier.sees('idle')
  expect(await band.isVisible()).toBe(true)

  await keyboard.press('F3')
  await cashier.button(words['action.take_up_torn']).waitFor()
  await keyboard.press('F9')
  await cashier.sees('torn')
  await cashier.page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(await cashier.page.locator('.line').count()).toBe(1)
  await demo.panel.lay('Pupil 18')
  await cashier.reads(words['tap.torn.otherCard'])
  await demo.panel.pull()
  await demo.panel.lay('Pupil 17')
  await cashier.sees('approved')
  await band.waitFor({ state: 'detached' })
  const after = await newSlip(before + 1)
  expect(demo.slips()).toHaveLength(before + 2)
  await keyboard.press('Enter')
  await cashier.sees('idle')
  return meanwhile + after
}
