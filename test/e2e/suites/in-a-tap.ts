/** The middle of a tap, long enough for whatever is to happen in it. */
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { DemoWorld } from '../../fixtures/demo-world.ts'
import type { Cashier } from './cashier.ts'

/**
 * A proof takes four commands and more (docs/design/02-sale-bound-sun.md), a page is looked at twice a second, and a
 * command that takes 3 s is a mute card's.
 */
const slowMs = 1_200

/** The card lies there and proves itself; who called goes on before it is done, and makes the reader quick again. */
export async function proves(cashier: Cashier, demo: DemoWorld, card: string): Promise<void> {
  await demo.panel.readerTakes(slowMs)
  await demo.panel.lay(card)
  await cashier.reads(texts.en.words['tap.step.proving'])
}
