/** Goods of the sale before come back, in two goes: from the list by keys, then by its receipt's number by touch. */
import { expect } from 'vitest'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { Cashier } from './cashier.ts'

const { words } = texts.en

/**
 * @param receipt of a sale that a voucher paid the first line of and cash the second
 * @param slipAfter the slip that comes out after so many of this sale's
 */
export async function takesGoodsBack(
  cashier: Cashier,
  receipt: string,
  slipAfter: (already: number) => Promise<string>,
): Promise<void> {
  const { keyboard } = cashier.page
  await keyboard.press('F7')
  await cashier.page.locator('.sheet-list > li').first().filter({ hasText: words['receipt.printed'] }).waitFor()
  await cashier.page.locator('.sheet-list > li').first().filter({ hasText: texts.en.tenderStates.settled }).waitFor()
  await keyboard.press('F6')
  const dialog = cashier.page.getByRole('dialog')
  await dialog.getByRole('heading', { name: /^Refund, sale No\./ }).waitFor()
  await keyboard.press('ArrowDown')
  await keyboard.press('+')
  await dialog
    .locator('.refund-sums')
    .filter({ hasText: words['refund.toVouchers'].replace('{amount} ', '') })
    .waitFor()
  await keyboard.press('F9')
  await dialog.filter({ hasText: words['question.refund_sale.ask'] }).waitFor()
  await keyboard.press('F8')
  await dialog.filter({ hasText: words['refund.state.done'] }).waitFor()
  const slip = await slipAfter(1)
  expect(slip).toMatch(/REFUND/)
  expect(slip).toMatch(/Back with the scheme/)
  expect(slip).not.toMatch(/Cash returned/)
  await keyboard.press('Escape')

  await cashier.touches(words['action.recent'])
  await dialog.getByRole('button', { name: /^Find a receipt/ }).click()
  const number = /Sale No\. +([0-9a-f]{8})/.exec(receipt)?.[1] ?? ''
  for (const character of number) await dialog.getByRole('button', { name: character, exact: true }).click()
  await dialog.getByRole('button', { name: /^Find a receipt/ }).click()
  await dialog.getByRole('heading', { name: `Refund, sale No. ${number}` }).waitFor()
  await dialog.getByRole('button', { name: /^One more: / }).click()
  await dialog.getByRole('button', { name: /^Refund/ }).click()
  await dialog.filter({ hasText: words['question.refund_sale.ask'] }).waitFor()
  await dialog.getByRole('button', { name: /^Refund/ }).click()
  await dialog.filter({ hasText: words['refund.nothingLeft'] }).waitFor()
  expect(await slipAfter(2)).toMatch(/Cash returned/)
  await keyboard.press('Escape')
  await cashier.clears()
}
