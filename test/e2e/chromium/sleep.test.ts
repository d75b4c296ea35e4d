/**
 * Sleep and wake: of one tab that the browser freezes, and of the whole machine. Whatever happened meanwhile, the page
 * shows the truth once it is awake, and a machine whose clock stood still does not sell by it.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { builtUiFolder, ensureUiIsBuilt } from '../../../src/terminal/shell/build-ui.ts'
import type { BrowserShell } from '../../../src/terminal/shell-browser/browser-shell.ts'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import { openDemoWorld, type DemoWorld } from '../../fixtures/demo-world.ts'
import { processesWith } from '../../fixtures/processes-of.ts'
import { start } from '../../integration/shell/start-shell.ts'
import { answerWithinMs, Cashier } from '../suites/cashier.ts'
import { whyNoChromium } from './open-chromium.ts'
import { openPlainChromium, type PlainChromium } from './plain-chromium.ts'

const patient = { timeout: 40_000, interval: 100 }
const { words } = texts.en
const hourMs = 3_600_000

let chromium: PlainChromium

beforeEach(({ skip }) => {
  if (whyNoChromium !== null) skip(whyNoChromium)
})
beforeAll(async () => {
  if (whyNoChromium === null) chromium = await openPlainChromium()
})
afterAll(() => chromium?.close())

async function openPage(address: string): Promise<Page> {
  const page = await chromium.context.newPage()
  await page.goto(address)
  return page
}

/** Hides the page behind another tab and freezes it, as Chromium does with a tab left alone; `thaw` undoes both. */
async function freeze(page: Page): Promise<{ thaw(): Promise<void> }> {
  const session = await chromium.context.newCDPSession(page)
  const heard = page.evaluate(
    () => new Promise((resolve) => document.addEventListener('freeze', () => resolve('frozen'))),
  )
  heard.catch(() => undefined)
  const inFront = await chromium.context.newPage()
  await inFront.bringToFront()
  await expect.poll(() => page.evaluate(() => document.visibilityState), patient).toBe('hidden')
  await session.send('Page.setWebLifecycleState', { state: 'frozen' })
  return {
    thaw: async () => {
      await session.send('Page.setWebLifecycleState', { state: 'active' })
      expect(await heard).toBe('frozen')
      await page.bringToFront()
      await inFront.close()
      await session.detach()
    },
  }
}

describe('a frozen tab', () => {
  let shell: BrowserShell
  /** The host's ends of its connections, as long as they live. */
  const sockets = new Set<Socket>()
  const onSocket = (message: unknown): void => {
    const { socket } = message as { socket: Socket }
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }

  beforeAll(async () => {
    if (whyNoChromium !== null) return
    await ensureUiIsBuilt(() => undefined)
    subscribe('net.server.socket', onSocket)
    shell = await start({ uiFolder: builtUiFolder })
  })
  afterAll(async () => {
    unsubscribe('net.server.socket', onSocket)
    await shell?.stop()
  })

  test('whose connection died meanwhile is connected again, and shows what is so now', async () => {
    const page = await openPage(shell.tillUrl())
    const cashier = new Cashier(page)
    const merchant = page.locator('.whose')
    // In English the fake core shows there what its device host said last.
    await page.getByRole('button', { name: 'Eng', exact: true }).click()
    await merchant.filter({ hasText: 'attached' }).waitFor()
    const before = await merchant.textContent()
    const { thaw } = await freeze(page)
    const deviceHosts = processesWith('fake-device-host.ts').filter(({ parent }) => parent === process.pid)
    expect(deviceHosts).toHaveLength(1)
    for (const { pid } of deviceHosts) process.kill(pid, 'SIGKILL')
    for (const socket of sockets) socket.resetAndDestroy()
    await expect.poll(() => sockets.size, patient).toBe(0)
    expect(await merchant.textContent()).toBe(before)
    await thaw()
    await expect.poll(() => merchant.textContent(), patient).not.toBe(before)
    await page.locator('.connection-notice').waitFor({ state: 'detached' })
    expect(sockets.size).toBeGreaterThan(0)
    await page.getByRole('button', { name: 'Рус', exact: true }).click()
    await cashier.reads(texts.ru.words['tap.idle.word'])
    expect(cashier.complaints).toEqual([])
    await page.close()
  })
})

describe('the machine', () => {
  let demo: DemoWorld
  let cashier: Cashier
  let stopped = false

  beforeAll(async () => {
    if (whyNoChromium !== null) return
    demo = await openDemoWorld({ answerWithinMs })
    cashier = new Cashier(await openPage(demo.world.tillUrl))
    await cashier.page.locator('[data-item="school-lunch"]').waitFor()
    await cashier.page.getByRole('button', { name: 'Eng', exact: true }).click()
  })
  afterAll(() => demo?.close())
  beforeEach(async () => {
    if (whyNoChromium === null && !stopped) await cashier.clears()
  })
  afterEach(async () => {
    if (whyNoChromium !== null || stopped) return
    await demo.panel.pull()
    await demo.panel.network({ mode: 'up' })
    expect(cashier.complaints).toEqual([])
  })

  /** Till and browser stand still while time passes that their monotonic clocks do not count. */
  async function sleeps(ms: number, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const machine = processesWith(demo.world.folders.till).map(({ pid }) => pid)
    expect(machine.length).toBeGreaterThanOrEqual(2)
    chromium.signal('SIGSTOP')
    for (const pid of machine) process.kill(pid, 'SIGSTOP')
    try {
      demo.clock.sleep(ms)
      await meanwhile()
    } finally {
      for (const pid of machine) process.kill(pid, 'SIGCONT')
      chromium.signal('SIGCONT')
    }
  }

  async function asksForCard(): Promise<void> {
    await cashier.ringsUp('school-lunch')
    await cashier.touches('Pay by card')
    await cashier.sees('tap')
  }

  test('sleeps while the till waits for a card; the card that lies there when it wakes pays once', async () => {
    const before = demo.slips().length
    await asksForCard()
    await sleeps(hourMs, () => demo.panel.lay('Pupil 18'))
    await cashier.sees('approved')
    await cashier.light('queue', 'ok')
    await expect.poll(() => demo.slips().length, patient).toBe(before + 1)
  })

  test('only the browser sleeps: the payment goes on without it, and is on the screen when it wakes', async () => {
    const before = demo.slips().length
    await asksForCard()
    chromium.signal('SIGSTOP')
    try {
      await demo.panel.lay('Pupil 19')
      await expect.poll(() => demo.slips().length, patient).toBe(before + 1)
    } finally {
      chromium.signal('SIGCONT')
    }
    await cashier.sees('approved')
    await cashier.reads(words['tap.settled.word'])
  })

  test('a tab that was frozen for a payment shows its result as soon as it is seen again', async () => {
    const before = demo.slips().length
    await asksForCard()
    const { thaw } = await freeze(cashier.page)
    await demo.panel.lay('Pupil 17')
    await expect.poll(() => demo.slips().length, patient).toBe(before + 1)
    // Asleep indeed: the receipt is out, and the picture is still the old one.
    expect(await cashier.tap.getAttribute('data-tap')).toBe('tap')
    await thaw()
    await cashier.sees('approved')
    await cashier.reads(words['tap.settled.word'])
  })

  test('wakes without network: its time is not confirmed, nothing is sold by it until the ledger spoke', async () => {
    const before = demo.slips().length
    await demo.panel.network({ mode: 'cut' })
    await cashier.light('network', 'limited')
    await asksForCard()
    await sleeps(2 * hourMs)
    await cashier.page.getByText(words['time.untrusted']).first().waitFor()
    await cashier.light('till', 'limited')
    await demo.panel.lay('Pupil 20')
    await cashier.sees('refused')
    await demo.panel.pull()
    expect(demo.slips()).toHaveLength(before)
    await demo.panel.network({ mode: 'up' })
    await cashier.light('network', 'ok')
    await cashier.light('till', 'ok')
    await cashier.page.getByText(words['time.untrusted']).waitFor({ state: 'detached' })
    // Noon, and three hours of sleep in all.
    await cashier.page
      .locator('.status')
      .filter({ hasText: /15:\d\d/ })
      .waitFor()
  })

  test('wakes without network, and its merchant says by keys that the clock is right: it sells again', async () => {
    const { page } = cashier
    const { keyboard } = page
    const pin = '2468'
    const types = (text: string) => keyboard.type(text, { delay: 60 })
    const dialog = (text: string) => page.getByRole('dialog').filter({ hasText: text })
    await keyboard.press('F10')
    await dialog(words['cashier.first']).waitFor()
    await types(pin)
    await keyboard.press('Tab')
    await types(pin)
    await keyboard.press('Enter')
    await page.locator('.start').waitFor()
    await types(pin)
    await keyboard.press('Enter')
    await page.locator('.start').waitFor({ state: 'detached' })
    const before = demo.slips().length
    await demo.panel.network({ mode: 'cut' })
    await cashier.light('network', 'limited')
    await asksForCard()
    await sleeps(hourMs / 4)
    // The till asks the demonstration's clock now and then: a card before that would be paid by the old time.
    await page.getByText(words['time.untrusted']).first().waitFor()
    await demo.panel.lay('Pupil 20')
    await cashier.sees('refused')
    await demo.panel.pull()
    await keyboard.press('F10')
    await dialog(words['action.confirm_time']).waitFor()
    await keyboard.press('F9')
    const asked = dialog(words['time.ask'])
    await asked.filter({ hasText: /15:[1-5]\d/ }).waitFor()
    await types('1111')
    await keyboard.press('F8')
    await asked.filter({ hasText: texts.en.faults.pin_wrong.what }).waitFor()
    await types(pin)
    // Enter ends a PIN elsewhere; here it says nothing.
    await keyboard.press('Enter')
    expect(await asked.count()).toBe(1)
    await keyboard.press('F8')
    await asked.waitFor({ state: 'detached' })
    await cashier.light('till', 'ok')
    await cashier.touches('Pay by card')
    await cashier.sees('tap')
    await demo.panel.lay('Pupil 20')
    await cashier.sees('approved')
    await cashier.reads(words['tap.pending.word'])
    await expect.poll(() => demo.slips().length, patient).toBe(before + 1)
  })

  test('and the independent checker finds nothing lost or doubled', async () => {
    await cashier.light('queue', 'ok')
    stopped = true
    expect(await demo.judge()).toMatchObject({ passed: true, lost: [], duplicates: [], balanced: true })
  })
})
