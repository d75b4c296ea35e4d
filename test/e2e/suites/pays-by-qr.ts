/** A customer pays by QR: their wallet reads the code as the page draws it, and the till closes the sale by itself. */
import { PNG } from 'pngjs'
import { decodeQR } from 'qr/decode.js'
import { expect } from 'vitest'
import { demoCbdcCard } from '../../../ledger-sim/scenarios/demo.ts'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { DemoWorld } from '../../fixtures/demo-world.ts'
import type { Cashier } from './cashier.ts'

const { words } = texts.en

/** The slip that came out after so many. */
type NewSlip = (before: number) => Promise<string>

/** @returns the receipt */
export async function paysByQr(cashier: Cashier, demo: DemoWorld, newSlip: NewSlip): Promise<string> {
  const before = demo.slips().length
  await cashier.ringsUp('juice')
  await cashier.touches(words['action.pay_by_qr'])
  await cashier.sees('qr')
  await cashier.reads(words['tap.qr.word'])
  // The whole screen, as a telephone sees it and a field tester pastes it.
  const { data, width, height } = PNG.sync.read(await cashier.page.screenshot())
  const text = decodeQR({ data, width, height })
  expect(text).toBe(await cashier.page.locator('.payment-qr').getAttribute('data-qr'))
  const { paymentId, state } = await demo.panel.payQr('individual-1', text)
  expect(state).toBe('held')
  await cashier.sees('approved')
  await cashier.reads(words['tap.settled.word'])
  await expect.poll(() => demo.panel.payment(paymentId), { timeout: 20_000 }).toMatchObject({ state: 'settled' })
  await cashier.touches(words['action.next_customer'])
  await cashier.sees('idle')
  return newSlip(before)
}

/** In the place of the wallet: a CBDC card, held on the reader while the code is shown. */
export async function paysByCbdcCard(cashier: Cashier, demo: DemoWorld, newSlip: NewSlip): Promise<string> {
  const before = demo.slips().length
  await cashier.ringsUp('juice')
  await cashier.touches(words['action.pay_by_qr'])
  await cashier.sees('qr')
  // The card of a scheme pays no QR; the code stays.
  await demo.panel.lay('Pupil 01')
  await cashier.page.getByText(texts.en.refusals.CARD_OF_NO_ACCOUNT.what).waitFor()
  await demo.panel.pull()
  expect(await cashier.page.locator('.payment-qr').getAttribute('data-qr')).not.toBeNull()
  await demo.panel.lay(demoCbdcCard)
  await cashier.sees('approved')
  await cashier.reads(words['tap.settled.word'])
  await demo.panel.pull()
  await cashier.touches(words['action.next_customer'])
  await cashier.sees('idle')
  return newSlip(before)
}
