/** The till of `npm start` with the browser host, in Debian's Chromium. */
import { openDemoWorld } from '../../fixtures/demo-world.ts'
import { answerWithinMs, Cashier } from '../suites/cashier.ts'
import type { OpenTill } from '../suites/cashiers-day.suite.ts'
import { openChromium } from './open-chromium.ts'

export async function openTillInChromium(): Promise<OpenTill> {
  const demo = await openDemoWorld({ answerWithinMs })
  const browser = await openChromium()
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const openPage = async (address: string): Promise<Cashier> => {
    const cashier = new Cashier(await context.newPage())
    await cashier.page.goto(address)
    return cashier
  }
  const { origin } = new URL(demo.world.tillUrl)
  return {
    demo,
    cashier: await openPage(demo.world.tillUrl),
    openSecondWindow: () => openPage(origin),
    pageAfterCrash: async () => {
      for (const page of context.pages()) await page.close()
      return openPage(origin)
    },
    close: async () => {
      await browser.close()
      await demo.close()
    },
  }
}
