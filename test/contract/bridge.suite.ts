/**
 * What the UI may rely on whichever shell it is in (src/terminal/contract/bridge.ts). Run against both bridges with
 * real processes: test/contract/bridge-browser.test.ts and test/e2e/electron/bridge-electron.test.ts.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BridgeView } from '../../src/terminal/contract/bridge.ts'
import type { Command, CommandAnswer } from '../../src/terminal/contract/commands.ts'
import { tiyn } from '../../src/voucher/money.ts'

/** A window as its page sees it. */
export interface WindowUnderTest {
  /** What the bridge last called its subscriber with, null before the first time. */
  view(): Promise<BridgeView | null>
  send(command: Command): Promise<CommandAnswer>
  /** The same for a page that does not keep to the types. */
  sendAnything(command: unknown): Promise<CommandAnswer>
  close(): Promise<void>
}

/** A shell with the fake core of test/fixtures/shell/, started and ready. */
export interface ShellUnderTest {
  openWindow(): Promise<WindowUnderTest>
  /** Ends everything. */
  stop(): Promise<void>
}

const patienceMs = 60_000

/** The first view that is as wanted. */
export async function until(
  window: WindowUnderTest,
  wanted: string,
  fits: (view: BridgeView) => boolean,
): Promise<BridgeView> {
  const deadline = performance.now() + patienceMs
  let last: BridgeView | null = null
  while (performance.now() < deadline) {
    last = await window.view()
    if (last !== null && fits(last)) return last
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const seen = last === null ? 'no view' : `${last.connection}, revision ${last.snapshot?.revision ?? 'none'}`
  throw new Error(`no view became: ${wanted}; last: ${seen}`)
}

const running = (view: BridgeView): boolean => view.connection === 'running' && view.snapshot !== null

/** The fake core shows its process id as the terminal's id. */
export const corePidOf = (view: BridgeView): number => Number(/^till-(\d+)$/.exec(view.snapshot?.terminalId ?? '')?.[1])
/** The fake device host answers with its process id, which the fake core shows as the merchant's name. */
export const devicePidOf = (view: BridgeView): number =>
  Number(/"pid":(\d+)/.exec(view.snapshot?.merchantName.en ?? '')?.[1])

export function describeBridge(shellName: string, startShell: () => Promise<ShellUnderTest>): void {
  describe(`the bridge in ${shellName}`, () => {
    /** Undefined where the file that runs this suite skips its tests. */
    let shell: ShellUnderTest | undefined
    let window: WindowUnderTest

    beforeEach(async () => {
      shell = await startShell()
      window = await shell.openWindow()
    })
    afterEach(() => shell?.stop())

    it('shows the newest snapshot, with amounts as bigint', async () => {
      const view = await until(window, 'running', running)
      expect(view.readOnly).toBe(false)
      expect(view.snapshot?.catalogue[0]?.unitPrice).toBe(115_000n)
    })

    it('answers a command, and the change comes as a snapshot', async () => {
      await until(window, 'running', running)
      expect(await window.send({ command: 'set_language', language: 'kk' })).toEqual({ ok: true })
      await until(window, 'in Kazakh', (view) => view.snapshot?.language === 'kk')
      expect(await window.send({ command: 'pay_cash' })).toEqual({ ok: false, fault: 'not_now' })
    })

    it('carries an amount to the core without a loss', async () => {
      await until(window, 'running', running)
      const amount = tiyn(999_999_999_999_999n)
      expect(await window.send({ command: 'add_amount', category: 'meals', amount })).toEqual({ ok: true })
      const shown = (view: BridgeView): boolean => view.snapshot?.merchantName.ru.includes('"999999999999999"') ?? false
      await until(window, 'the amount in the words of the core', shown)
    })

    it('refuses what is no command, and goes on', async () => {
      await until(window, 'running', running)
      const nonsense: unknown[] = [
        { command: 'open_the_drawer' },
        { command: 'set_language', language: 'de' },
        { command: 'set_quantity', line: 1, quantity: 10_000 },
        { command: 'pay_cash', more: true },
        {},
      ]
      for (const command of nonsense) {
        expect(await window.sendAnything(command)).toEqual({ ok: false, fault: 'malformed' })
      }
      expect(await window.send({ command: 'set_language', language: 'en' })).toEqual({ ok: true })
    })

    it('keeps the window when the core is killed, and comes back with a new snapshot', async () => {
      const before = await until(window, 'running', running)
      const neverAnswered = window.send({ command: 'pay_by_card' })
      process.kill(corePidOf(before), 'SIGKILL')
      expect(await neverAnswered).toEqual({ ok: false, fault: 'core_down' })
      const isNew = (view: BridgeView): boolean => running(view) && corePidOf(view) !== corePidOf(before)
      await until(window, 'running with another core', isNew)
      expect(await window.send({ command: 'set_language', language: 'en' })).toEqual({ ok: true })
    })

    it('says that the core is being restarted, with the old snapshot still there', async () => {
      await until(window, 'running', running)
      let seen = 0
      // Each death in a row is followed by a longer wait; the first is over before a busy machine looks.
      for (let killed = 0; killed < 3; killed += 1) {
        const before = await until(window, 'running', running)
        void window.send({ command: 'cancel_sale' })
        const isDown = ({ connection }: BridgeView): boolean => connection === 'core_restarting'
        const isAnother = (view: BridgeView): boolean => running(view) && corePidOf(view) !== corePidOf(before)
        const view = await until(window, 'restarting', (now) => isDown(now) || isAnother(now))
        if (!isDown(view)) continue
        expect(view.snapshot).not.toBeNull()
        seen += 1
      }
      expect(seen).toBeGreaterThan(0)
      await until(window, 'running again', running)
    })

    it('outlives a device host that is killed, and the core gets another one', async () => {
      const before = await until(window, 'attached to a device host', (view) => devicePidOf(view) > 0)
      expect(await window.send({ command: 'sync_now' })).toEqual({ ok: true })
      const isNew = (view: BridgeView): boolean => devicePidOf(view) > 0 && devicePidOf(view) !== devicePidOf(before)
      const after = await until(window, 'attached to another device host', isNew)
      expect(corePidOf(after)).toBe(corePidOf(before))
    })

    it('lets a second window only watch, until the first one leaves', async () => {
      await until(window, 'running', running)
      const second = (await shell?.openWindow()) as WindowUnderTest
      const watching = await until(second, 'running', running)
      expect(watching.readOnly).toBe(true)
      expect(await second.send({ command: 'set_language', language: 'en' })).toEqual({ ok: false, fault: 'read_only' })
      await window.send({ command: 'set_language', language: 'kk' })
      await until(second, 'showing what the first one did', (view) => view.snapshot?.language === 'kk')
      await window.close()
      await until(second, 'commanding', (view) => !view.readOnly)
      expect(await second.send({ command: 'set_language', language: 'en' })).toEqual({ ok: true })
    })

    it('leaves no process behind when it stops', async () => {
      const view = await until(window, 'attached to a device host', (shown) => devicePidOf(shown) > 0)
      await shell?.stop()
      for (const pid of [corePidOf(view), devicePidOf(view)]) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    })
  })
}
