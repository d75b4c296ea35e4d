/** A cashier without mouse and finger: a sale, its copy and its void, the lights, the languages. */
import { expect } from 'vitest'
import { formatTenge, tiyn } from '../../../src/terminal/contract/index.ts'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { DemoWorld } from '../../fixtures/demo-world.ts'
import type { Cashier } from './cashier.ts'

const { words } = texts.en
const lunch = formatTenge(tiyn(115_000n))

/**
 * @param newSlip the slip that follows so many
 * @returns the slip of the void
 */
export async function sellsByKeysAlone(
  cashier: Cashier,
  demo: DemoWorld,
  newSlip: (before: number) => Promise<string>,
): Promise<string> {
  const { keyboard } = cashier.page
  const before = demo.slips().length
  await keyboard.press('F2')
  await keyboard.type('lunch', { delay: 60 })
  await keyboard.press('Enter')
  await cashier.page.locator('.line').first().waitFor()
  await keyboard.press('Escape')
  await keyboard.type('350,5', { delay: 60 })
  await keyboard.press('Enter')
  await cashier.page.locator('.line').nth(1).waitFor()
  await keyboard.press('+')
  await cashier.page
    .locator('.total')
    .filter({ hasText: formatTenge(tiyn(185_100n)) })
    .waitFor()
  await keyboard.press('Delete')
  await cashier.page.locator('.total').filter({ hasText: lunch }).waitFor()
  await keyboard.press('Enter')
  await cashier.sees('tap')
  await demo.panel.lay('Pupil 08')
  await cashier.sees('approved')
  await demo.panel.pull()
  await keyboard.press('Enter')
  await cashier.sees('idle')
  expect(await cashier.page.locator('.line').count()).toBe(0)
  expect(await newSlip(before)).toMatch(/TOTAL +1 150,00/)
  await keyboard.press('F7')
  const sale = cashier.page.locator('.sheet-list > li').first()
  await sale.filter({ hasText: words['receipt.printed'] }).waitFor()
  await keyboard.press('F5')
  expect(await newSlip(before + 1)).toMatch(/COPY/)
  await keyboard.press('Delete')
  await cashier.page.getByRole('dialog').filter({ hasText: words['question.void_sale.ask'] }).waitFor()
  await keyboard.press('F8')
  const cancelled = await newSlip(before + 2)
  await sale.filter({ hasText: texts.en.tenderStates.reversed }).waitFor()
  await keyboard.press('Escape')
  // F1 opens the worst light, the till's own when all is well: what the void still had to send is sent first.
  for (const light of ['reader', 'hid', 'printer', 'network', 'queue'] as const) await cashier.light(light, 'ok')
  await keyboard.press('F1')
  for (const light of ['till', 'reader', 'hid', 'printer', 'network', 'queue', 'till'] as const) {
    await cashier.page
      .getByRole('dialog')
      .getByRole('heading', { name: words[`light.${light}`] })
      .waitFor()
    await keyboard.press('ArrowRight')
  }
  await keyboard.press('Escape')
  for (const language of ['kk', 'ru', 'en'] as const) {
    await keyboard.press('Alt+l')
    await cashier.reads(texts[language].words['tap.idle.word'])
  }
  return cancelled
}
