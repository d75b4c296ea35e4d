/** A page in Electron as its own scripts see it. */
import type { Page } from 'playwright'
import type { Bridge, BridgeView } from '../../../src/terminal/contract/bridge.ts'
import type { Command, CommandAnswer } from '../../../src/terminal/contract/commands.ts'
import type { WindowUnderTest } from '../../contract/bridge.suite.ts'
import { isLoaded } from './start-electron.ts'

export interface PageGlobals {
  readonly tolem: Bridge
  lastView?: BridgeView
}

export async function windowOf(page: Page): Promise<WindowUnderTest> {
  await isLoaded(page)
  await page.evaluate(() => {
    const globals = globalThis as unknown as PageGlobals
    globals.tolem.subscribe((view) => (globals.lastView = view))
  })
  const send = (command: unknown): Promise<CommandAnswer> =>
    page.evaluate((sent) => (globalThis as unknown as PageGlobals).tolem.send(sent as Command), command)
  return {
    view: () => page.evaluate(() => (globalThis as unknown as PageGlobals).lastView ?? null),
    send,
    sendAnything: send,
    close: () => page.close(),
  }
}
