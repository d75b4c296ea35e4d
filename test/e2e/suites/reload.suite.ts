/**
 * The page is reloaded in every state of a payment, and shares the till with a second window: what it shows afterwards
 * is what the journal says, nothing is paid twice, nothing typed is done once more. The real processes of `npm start`;
 * at the end the independent checker judges the whole run. Run in both shells: test/e2e/chromium/reload.test.ts and
 * test/e2e/electron/reload.test.ts.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formatTenge, tiyn, type Language } from '../../../src/terminal/contract/index.ts'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { DemoWorld } from '../../fixtures/demo-world.ts'
import type { Cashier } from './cashier.ts'
import type { OpenTill, TillShellUnderTest } from './cashiers-day.suite.ts'
import { proves } from './in-a-tap.ts'
import { isAttentive } from './still-till.ts'

const patient = { timeout: 40_000, interval: 100 }
const { words } = texts.en

export function describeReloads({ name: shellName, whyNot, open }: TillShellUnderTest): void {
  let demo: DemoWorld
  let cashier: Cashier
  let till: OpenTill

  beforeAll(async () => {
    if (whyNot !== null) return
    till = await open()
    ;({ demo, cashier } = till)
    await cashier.page.locator('[data-item="school-lunch"]').waitFor()
    await speaks('Eng')
  }, 120_000)
  afterAll(() => till?.close())
  beforeEach(async ({ skip, onTestFailed, task }) => {
    if (whyNot !== null) skip(whyNot)
    onTestFailed(async () => {
      process.stdout.write(`the screen when it failed: ${await cashier.screenshot(`reload-${shellName}`, task.name)}\n`)
    })
    await cashier.clears()
    await cashier.light('network', 'ok')
  })
  afterEach(async () => {
    if (whyNot !== null || stopped) return
    await demo.panel.pull()
    await demo.panel.readerTakes(0)
    await demo.panel.network({ mode: 'up', loseNext: 0 })
    expect(cashier.complaints).toEqual([])
  })
  /** The last test has stopped the till. */
  let stopped = false

  const speaks = (name: 'Қаз' | 'Рус' | 'Eng'): Promise<void> =>
    cashier.page.getByRole('button', { name, exact: true }).click()

  /** Rings up and asks for the card. */
  async function asksForCard(...items: readonly string[]): Promise<void> {
    await cashier.ringsUp(...items)
    await cashier.touches('Pay by card')
    await cashier.sees('tap')
  }

  /** A reload comes back to a page that can be worked; in a browser without the token, by the cookie alone. */
  async function reloads(): Promise<void> {
    await cashier.page.reload()
    expect(new URL(cashier.page.url()).hash).toBe('')
    await cashier.page.locator('.tap').waitFor()
  }

  /** The newest sale in the list of sales: how many payments it shows, and how they stand. */
  async function newestSale(): Promise<readonly string[]> {
    await cashier.page.keyboard.press('F7')
    const newest = cashier.page.locator('.sheet-list > li').first()
    await newest.waitFor()
    const tenders = await newest.locator('.tender').allInnerTexts()
    await cashier.page.keyboard.press('Escape')
    return tenders
  }

  /** That sale was paid once: one payment, one receipt. */
  async function expectPaidOnce(slipsBefore: number): Promise<void> {
    await expect.poll(() => demo.slips().length, patient).toBe(slipsBefore + 1)
    expect(await newestSale()).toHaveLength(1)
    await cashier.light('queue', 'ok')
    expect(demo.slips()).toHaveLength(slipsBefore + 1)
  }

  const total = (amount: bigint) => cashier.page.locator('.total').filter({ hasText: formatTenge(tiyn(amount)) })

  describe(`a reload in ${shellName}`, () => {
    test('while nothing is paid yet keeps the basket, and forgets what was typed or asked', async () => {
      const { page } = cashier
      await cashier.ringsUp('school-lunch')
      await page.keyboard.type('350', { delay: 60 })
      await page.locator('.display').filter({ hasText: '350' }).waitFor()
      await reloads()
      await total(115_000n).waitFor()
      expect(await page.locator('.display-empty').count()).toBe(1)
      // Enter pays what is in the basket; an amount that came back from before the reload would be added instead.
      await cashier.touches('Cancel sale')
      await page.getByRole('dialog').filter({ hasText: words['question.cancel_sale.ask'] }).waitFor()
      await reloads()
      await total(115_000n).waitFor()
      expect(await page.getByRole('dialog').count()).toBe(0)
      await page.keyboard.press('F2')
      await page.keyboard.type('milk', { delay: 60 })
      await reloads()
      await cashier.button('Pay by card').waitFor()
      await isAttentive(page)
      await page.keyboard.press('Enter')
      await cashier.sees('tap')
      expect(await page.locator('.line').count()).toBe(1)
    })

    test('while the till waits for a card: it still waits, and the card pays once', async () => {
      const before = demo.slips().length
      await asksForCard('school-lunch')
      await reloads()
      await cashier.sees('tap')
      expect(await cashier.page.locator('.line').count()).toBe(1)
      await demo.panel.lay('Pupil 11')
      await cashier.sees('approved')
      await expectPaidOnce(before)
    })

    test('while the card proves itself: the tap goes on, its result is shown, and the card pays once', async () => {
      const before = demo.slips().length
      await asksForCard('school-lunch')
      await proves(cashier, demo, 'Pupil 12')
      await reloads()
      await cashier.sees('hold', 'approved')
      await cashier.sees('approved')
      await cashier.reads(words['tap.settled.word'])
      await expectPaidOnce(before)
    })

    test('on an approved payment: it stays in sight until the cashier moves on', async () => {
      const before = demo.slips().length
      await asksForCard('school-lunch')
      await demo.panel.lay('Pupil 13')
      await cashier.sees('approved')
      await demo.panel.pull()
      for (const again of [1, 2]) {
        await reloads()
        await cashier.sees('approved')
        await cashier.reads(words['tap.settled.word'])
        expect(await cashier.button('Pay by card').isVisible(), `reload ${again}`).toBe(false)
      }
      await cashier.page.keyboard.press('Enter')
      await cashier.sees('idle')
      await expectPaidOnce(before)
    })

    test('on a payment that is not known yet: "do not charge again" is still said, and the answer comes', async () => {
      const before = demo.slips().length
      await asksForCard('school-lunch')
      await proves(cashier, demo, 'Pupil 23')
      await demo.panel.network({ mode: 'black-hole' })
      await cashier.sees('unknown')
      await demo.panel.pull()
      await reloads()
      await cashier.sees('unknown')
      await cashier.reads(words['tap.unknown.word'])
      expect(await cashier.button('Pay by card').isVisible()).toBe(false)
      await demo.panel.readerTakes(0)
      await demo.panel.network({ mode: 'up' })
      await cashier.light('network', 'ok')
      await cashier.sees('approved')
      await expectPaidOnce(before)
    })

    test('on a torn tap: the same card is still wanted, another is told so, and it pays once', async () => {
      const before = demo.slips().length
      await asksForCard('school-lunch')
      await proves(cashier, demo, 'Pupil 15')
      await demo.panel.pull()
      await cashier.sees('torn')
      await reloads()
      await cashier.sees('torn')
      await cashier.reads(words['tap.torn.word'])
      await demo.panel.readerTakes(0)
      await demo.panel.lay('Pupil 16')
      await cashier.reads(words['tap.torn.otherCard'])
      await demo.panel.pull()
      await demo.panel.lay('Pupil 15')
      await cashier.sees('approved')
      await expectPaidOnce(before)
    })

    test('on a refused card: what to do is still said, nothing was paid, and cash pays the sale once', async () => {
      const before = demo.slips().length
      await asksForCard('school-lunch')
      await demo.panel.lay('Pupil 30')
      await cashier.sees('refused')
      await demo.panel.pull()
      await reloads()
      await cashier.sees('refused')
      await cashier.reads(texts.en.refusals.CARD_BLOCKED.todo)
      await total(115_000n).waitFor()
      expect(demo.slips()).toHaveLength(before)
      await cashier.touches('Pay cash')
      await cashier.page.locator('.tap:not([data-tap="refused"])').waitFor()
      await expectPaidOnce(before)
    })

    test('on a payment that was accepted offline: it stays accepted, and settles by itself later, once', async () => {
      const before = demo.slips().length
      await demo.panel.network({ mode: 'cut' })
      await cashier.light('network', 'limited')
      await asksForCard('school-lunch')
      await demo.panel.lay('Pupil 14')
      await cashier.sees('approved')
      await cashier.reads(words['tap.pending.word'])
      await demo.panel.pull()
      await reloads()
      await cashier.sees('approved')
      await cashier.reads(words['tap.pending.word'])
      await demo.panel.network({ mode: 'up' })
      await expectPaidOnce(before)
    })

    test('of a till that hangs, and the same button again: the sale is paid once', async () => {
      const before = demo.slips().length
      await cashier.ringsUp('milk')
      const core = demo.corePid()
      process.kill(core, 'SIGSTOP')
      try {
        await cashier.touches('Pay cash')
        await reloads()
        await cashier.touches('Pay cash')
      } finally {
        process.kill(core, 'SIGCONT')
      }
      await cashier.page.locator('.tap:not([data-tap="tap"])').waitFor()
      await expectPaidOnce(before)
    })

    test('and "back" to the till from another page shows the till of now, not a kept picture', async () => {
      const { page } = cashier
      const before = demo.slips().length
      await asksForCard('school-lunch')
      await page.goto('about:blank')
      await demo.panel.lay('Pupil 17')
      await page.goBack()
      await cashier.sees('approved')
      await cashier.reads(words['tap.settled.word'])
      await expectPaidOnce(before)
    })
  })

  describe(`a second window in ${shellName}`, () => {
    const watching = (language: Language) => texts[language].words['window.readOnly.what']

    test('only watches and says so in the cashier’s language; it takes over when the first closes', async () => {
      const second = await till.openSecondWindow()
      const notice = second.page.locator('.read-only')
      for (const [name, language] of [
        ['Қаз', 'kk'],
        ['Рус', 'ru'],
        ['Eng', 'en'],
      ] as const) {
        await speaks(name)
        await notice.filter({ hasText: watching(language) }).waitFor()
        await notice.filter({ hasText: texts[language].words['window.readOnly.todo'] }).waitFor()
      }
      await asksForCard('school-lunch')
      await second.sees('tap')
      // Neither its keys nor its language buttons reach the till.
      for (const key of ['Escape', 'Enter', 'F8']) await second.page.keyboard.press(key)
      await second.page.getByRole('button', { name: 'Рус', exact: true }).click()
      await second.page.locator('.notice').filter({ hasText: texts.en.faults.read_only.what }).waitFor()
      await cashier.sees('tap')
      const first = cashier
      cashier = second
      await first.page.close()
      await notice.waitFor({ state: 'detached' })
      await second.sees('tap')
      const before = demo.slips().length
      await demo.panel.lay('Pupil 18')
      await second.sees('approved')
      await second.page.keyboard.press('Enter')
      await second.sees('idle')
      await expectPaidOnce(before)
      expect(first.complaints).toEqual([])
    })

    test('that commands and is reloaded goes behind the one that watched: never two that command', async () => {
      const second = await till.openSecondWindow()
      await second.page.locator('.read-only').waitFor()
      await cashier.page.reload()
      await second.page.locator('.read-only').waitFor({ state: 'detached' })
      await cashier.page
        .locator('.read-only')
        .filter({ hasText: watching('en') })
        .waitFor()
      await cashier.page.close()
      cashier = second
      await second.ringsUp('milk')
      expect(await second.page.locator('.line').count()).toBe(1)
    })
  })

  test(`after all of it in ${shellName} the independent checker finds nothing lost or doubled`, async () => {
    await cashier.light('queue', 'ok')
    stopped = true
    const verdict = await demo.judge()
    expect(verdict).toMatchObject({ passed: true, lost: [], duplicates: [], balanced: true })
    expect(verdict.settled).toBeGreaterThanOrEqual(7)
  })
}
