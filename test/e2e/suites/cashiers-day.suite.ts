/**
 * A cashier's day in the real till: a shell shows the page, real processes stand behind it, the test acts on what is on
 * the screen and on the virtual hardware. Run in both shells: test/e2e/chromium/till.test.ts and
 * test/e2e/electron/till.test.ts. A failed test leaves its screenshot in out/e2e/.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formatTenge, tiyn, type TapView } from '../../../src/terminal/contract/index.ts'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import type { DemoWorld } from '../../fixtures/demo-world.ts'
import { takesGoodsBack } from './goods-back.ts'
import { clearScreenshots, type Cashier } from './cashier.ts'
import { proves } from './in-a-tap.ts'
import { paysByCbdcCard, paysByQr } from './pays-by-qr.ts'
import { putsAside } from './put-aside.ts'

/** The till of `npm start` with one window open. */
export interface OpenTill {
  readonly demo: DemoWorld
  readonly cashier: Cashier
  /** Another window of the same till. */
  openSecondWindow(): Promise<Cashier>
  /** The process of the page has ended; what the cashier sees as soon as there is a page again. */
  pageAfterCrash(): Promise<Cashier>
  close(): Promise<void>
}

export interface TillShellUnderTest {
  readonly name: string
  /** Why it cannot be opened here, or null. */
  readonly whyNot: string | null
  open(): Promise<OpenTill>
}

const patient = { timeout: 40_000, interval: 100 }
const { words } = texts.en
const lunch = formatTenge(tiyn(115_000n))

export function describeCashiersDay({ name: shellName, whyNot, open }: TillShellUnderTest): void {
  let till: OpenTill
  let demo: DemoWorld
  let cashier: Cashier
  /** The last test has stopped the till. */
  let stopped = false

  beforeAll(async () => {
    if (whyNot !== null) return
    clearScreenshots(shellName)
    till = await open()
    ;({ demo, cashier } = till)
    await cashier.page.locator('[data-item="school-lunch"]').waitFor()
    await cashier.page.getByRole('button', { name: 'Eng', exact: true }).click()
  }, 120_000)
  afterAll(() => till?.close())
  beforeEach(async ({ skip, onTestFailed, task }) => {
    if (whyNot !== null) skip(whyNot)
    onTestFailed(async () => {
      if (cashier.page.isClosed()) return
      process.stdout.write(`the screen when it failed: ${await cashier.screenshot(shellName, task.name)}\n`)
    })
    await cashier.clears()
    await cashier.light('network', 'ok')
  })
  afterEach(async () => {
    if (whyNot !== null || stopped) return
    await demo.panel.pull()
    await demo.panel.readerTakes(0)
    await demo.panel.network({ mode: 'up', loseNext: 0 })
    await demo.panel.printer({ paper: 'present' })
    expect(cashier.complaints).toEqual([])
  })

  /** A card is laid while the till waits for one, and taken off when the result is seen. */
  async function pays(pupil: string, ...results: readonly TapView['state'][]): Promise<void> {
    await cashier.touches('Pay by card')
    await cashier.sees('tap')
    await demo.panel.lay(pupil)
    await cashier.sees(...results)
    await demo.panel.pull()
  }

  const newSlip = async (before: number): Promise<string> => {
    await expect.poll(() => demo.slips().length, patient).toBeGreaterThan(before)
    return demo.slips()[before] ?? ''
  }

  describe(`the till in ${shellName}`, () => {
    test('takes a lunch by tile and a drink by the keypad: card, then cash, and the receipt says it', async () => {
      const before = demo.slips().length
      await cashier.ringsUp('school-lunch')
      for (const digit of ['3', '5', '0']) await cashier.page.getByRole('button', { name: digit, exact: true }).click()
      await cashier.touches('Drinks: add the amount')
      await cashier.page
        .locator('.total')
        .filter({ hasText: formatTenge(tiyn(150_000n)) })
        .waitFor()
      await pays('Pupil 01', 'approved')
      expect(await cashier.tap.getAttribute('data-face')).toBe('settled')
      expect(await cashier.sizeOf('.tap-word', words['tap.settled.word'])).toBeGreaterThanOrEqual(40)
      expect(await cashier.sizeOf('.tap .amount', lunch)).toBeGreaterThanOrEqual(40)
      await cashier.touches('Pay cash')
      const slip = await newSlip(before)
      expect(slip).toMatch(/NON-FISCAL RECEIPT/)
      expect(slip).toMatch(/School lunch +1 150,00/)
      expect(slip).toMatch(/Drinks +350,00/)
      expect(slip).toMatch(/TOTAL +1 500,00/)
      expect(slip).toMatch(/Cash +350,00/)
      expect(slip).toMatch(/\[QR TOLEM1\./)
      expect(slip).not.toMatch(/PENDING|COPY/)
    })

    test('speaks Kazakh, Russian and English at once, without a reload', async () => {
      const { page } = cashier
      for (const [name, language] of [
        ['Қаз', 'kk'],
        ['Рус', 'ru'],
        ['Eng', 'en'],
      ] as const) {
        await page.getByRole('button', { name, exact: true }).click()
        await cashier.reads(texts[language].words['tap.idle.word'])
        await expect.poll(() => page.locator('html').getAttribute('lang'), patient).toBe(language)
        await page.locator('.basket').filter({ hasText: texts[language].words['basket.empty'] }).waitFor()
      }
    })

    test('without network: accepted and pending, the queue says it, the receipt says it; back, it drains', async () => {
      const before = demo.slips().length
      await demo.panel.network({ mode: 'cut' })
      await cashier.ringsUp('school-lunch')
      await pays('Pupil 02', 'approved')
      expect(await cashier.tap.getAttribute('data-face')).toBe('pending')
      expect(await cashier.sizeOf('.tap-word', words['tap.pending.word'])).toBeGreaterThanOrEqual(40)
      await cashier.reads('Pending at the ledger')
      await cashier.light('queue', 'limited')
      await cashier.light('network', 'limited')
      await cashier.page.locator('[data-light="queue"]').click()
      await cashier.page.getByRole('dialog').filter({ hasText: texts.en.statuses.queue_waiting.what }).waitFor()
      await cashier.page.keyboard.press('Escape')
      const slip = await newSlip(before)
      expect(slip).toMatch(/PENDING AT THE LEDGER: the scheme pays/)
      expect(slip).toMatch(/of which pending +1 150,00/)
      await demo.panel.network({ mode: 'up' })
      await cashier.light('queue', 'ok')
      await cashier.page.keyboard.press('F7')
      await cashier.page
        .locator('.sheet-list > li')
        .first()
        .filter({ hasText: texts.en.tenderStates.settled })
        .waitFor()
      await cashier.page.keyboard.press('Escape')
    })

    test('refuses a blocked card with what to do, and the sale goes on with cash', async () => {
      const before = demo.slips().length
      const { what, todo } = texts.en.refusals.CARD_BLOCKED
      await cashier.ringsUp('school-lunch')
      await pays('Pupil 30', 'refused')
      await cashier.reads(what)
      await cashier.reads(todo)
      await cashier.reads('CARD_BLOCKED')
      expect(await cashier.sizeOf('.tap-word', words['tap.refused.word'])).toBeGreaterThanOrEqual(40)
      await cashier.touches('Pay cash')
      await newSlip(before)
      await cashier.clears()
    })

    test('a card pulled at once: "moved too soon", and the next tap pays', async () => {
      const before = demo.slips().length
      await cashier.ringsUp('school-lunch')
      await cashier.touches('Pay by card')
      await cashier.sees('tap')
      await demo.panel.lay('Pupil 03', { pullAfterCommands: 2 })
      await cashier.reads(words['tap.hint.card_moved_too_soon'])
      await demo.panel.pull()
      await demo.panel.lay('Pupil 03')
      await cashier.sees('approved')
      expect(await cashier.tap.getAttribute('data-face')).toBe('settled')
      await newSlip(before)
    })

    test('a torn tap wants the same card again, says so to another one, and pays once', async () => {
      const before = demo.slips().length
      await cashier.ringsUp('school-lunch')
      await cashier.touches('Pay by card')
      await cashier.sees('tap')
      await proves(cashier, demo, 'Pupil 04')
      await demo.panel.pull()
      await cashier.sees('torn')
      await cashier.reads(words['tap.torn.word'])
      await demo.panel.readerTakes(0)
      await demo.panel.lay('Pupil 05')
      await cashier.reads(words['tap.torn.otherCard'])
      await demo.panel.pull()
      await demo.panel.lay('Pupil 04')
      await cashier.sees('approved')
      expect(await newSlip(before)).toMatch(/Paid +1 150,00/)
      expect(demo.slips()).toHaveLength(before + 1)
    })

    test('a torn tap is put aside for the next customer and taken up again, by keys', async () => {
      expect(await putsAside(cashier, demo, newSlip)).toMatch(/Paid +1 150,00[^]*Paid +1 150,00/)
    })

    test('a lost answer: "do not charge again", then paid, without a second charge', async () => {
      await demo.panel.network({ loseNext: 1, path: '/v1/terminal/authorisations' })
      await cashier.ringsUp('school-lunch')
      await pays('Pupil 21', 'unknown', 'approved')
      await cashier.sees('approved')
      await cashier.reads(words['tap.settled.word'])
      await cashier.page.keyboard.press('F7')
      const paid = cashier.page.locator('.sheet-list > li').first().locator('.tender')
      await paid.filter({ hasText: texts.en.tenderStates.settled }).waitFor()
      expect(await paid.count()).toBe(1)
      await cashier.page.keyboard.press('Escape')
    })

    test('an unknown payment stays in sight while the next customer is served, until it has an answer', async () => {
      await cashier.ringsUp('school-lunch')
      await cashier.touches('Pay by card')
      await cashier.sees('tap')
      await proves(cashier, demo, 'Pupil 22')
      await demo.panel.network({ mode: 'black-hole' })
      await cashier.sees('unknown')
      await demo.panel.pull()
      await demo.panel.readerTakes(0)
      expect(await cashier.sizeOf('.tap-word', words['tap.unknown.word'])).toBeGreaterThanOrEqual(40)
      expect(await cashier.button('Pay by card').isVisible()).toBe(false)
      await cashier.touches('Next customer meanwhile')
      const band = cashier.page.locator('.unresolved')
      await band.filter({ hasText: `${words['unresolved.unknown.title']}: 1` }).waitFor()
      await cashier.ringsUp('school-lunch')
      await pays('Pupil 06', 'approved')
      expect(await band.isVisible()).toBe(true)
      await demo.panel.network({ mode: 'up' })
      await cashier.light('queue', 'ok')
      await cashier.light('network', 'ok')
      // The request never arrived, and the customer has gone: what to do with it is for the cashier to say.
      expect(await band.isVisible()).toBe(true)
      await cashier.page.keyboard.press('F3')
      const unresolved = cashier.page.getByRole('dialog').locator('.sheet-list > li')
      await unresolved.getByRole('button', { name: /^Cancel safely/ }).click()
      const question = cashier.page.getByRole('dialog').filter({ hasText: words['question.cancel_unknown.ask'] })
      await question.getByRole('button', { name: /^Cancel safely/ }).click()
      await band.waitFor({ state: 'detached' })
      await cashier.page.keyboard.press('Escape')
      await cashier.light('queue', 'ok')
      // Nothing was paid: the allowance is still there.
      await cashier.clears()
      await cashier.ringsUp('school-lunch')
      await pays('Pupil 22', 'approved')
    })

    test('cancels: the payment by Esc, the sale only after a question', async () => {
      await cashier.ringsUp('school-lunch', 'milk')
      await cashier.touches('Pay by card')
      await cashier.sees('tap')
      await cashier.page.keyboard.press('Escape')
      await cashier.sees('idle')
      expect(await cashier.page.locator('.line').count()).toBe(2)
      await cashier.touches('Cancel sale')
      await cashier.page.getByRole('dialog').filter({ hasText: words['question.cancel_sale.ask'] }).waitFor()
      await cashier.page.keyboard.press('Escape')
      expect(await cashier.page.locator('.line').count()).toBe(2)
      await cashier.touches('Cancel sale')
      await cashier.page
        .getByRole('dialog')
        .getByRole('button', { name: /^Cancel sale/ })
        .click()
      await cashier.page.locator('.basket').filter({ hasText: words['basket.empty'] }).waitFor()
    })

    test('the core is killed in a sale: the window stays, says so, comes back, and the card pays', async () => {
      await demo.panel.network({ mode: 'cut' })
      await cashier.light('network', 'limited')
      const before = demo.slips().length
      await cashier.ringsUp('school-lunch')
      await cashier.touches('Pay by card')
      await cashier.sees('tap')
      await proves(cashier, demo, 'Pupil 07')
      const corePid = demo.corePid()
      process.kill(corePid, 'SIGKILL')
      const notice = cashier.page.getByRole('alert').filter({ hasText: words['window.restarting.what'] })
      await notice.waitFor()
      expect(await cashier.page.locator('.line').count()).toBe(1)
      await notice.waitFor({ state: 'detached' })
      await cashier.sees('idle')
      expect(demo.corePid()).not.toBe(corePid)
      await demo.panel.pull()
      await demo.panel.readerTakes(0)
      await pays('Pupil 07', 'approved')
      expect(await newSlip(before)).toMatch(/Paid +1 150,00/)
      await demo.panel.network({ mode: 'up' })
      await cashier.light('queue', 'ok')
    })

    test('the device host is killed in a tap: the same card is asked for again and pays once', async () => {
      const before = demo.slips().length
      await cashier.ringsUp('school-lunch')
      await cashier.touches('Pay by card')
      await cashier.sees('tap')
      await proves(cashier, demo, 'Pupil 10')
      const host = demo.deviceHostPid()
      process.kill(host, 'SIGKILL')
      await cashier.sees('torn', 'approved')
      await cashier.light('reader', 'ok')
      await demo.panel.readerTakes(0)
      await demo.panel.pull()
      await demo.panel.lay('Pupil 10')
      await cashier.sees('approved')
      expect(demo.deviceHostPid()).not.toBe(host)
      expect(await newSlip(before)).toMatch(/Paid +1 150,00/)
      expect(demo.slips()).toHaveLength(before + 1)
    })

    test('the page crashes in a tap: it is back with the sale as it is, and the card pays once', async () => {
      const before = demo.slips().length
      await cashier.ringsUp('school-lunch')
      await cashier.touches('Pay by card')
      await cashier.sees('tap')
      await proves(cashier, demo, 'Pupil 11')
      const session = await cashier.page.context().newCDPSession(cashier.page)
      const crashed = cashier.page.waitForEvent('crash')
      // Never answered: who would answer has ended.
      session.send('Page.crash').catch(() => undefined)
      await crashed
      cashier = await till.pageAfterCrash()
      await cashier.sees('approved')
      expect(await newSlip(before)).toMatch(/Paid +1 150,00/)
      expect(demo.slips()).toHaveLength(before + 1)
      await demo.panel.pull()
    })

    test('paper out: the sale is paid all the same, and prints after the refill', async () => {
      // The slip of the sale before lies there, but until the printer has said that it is well, it may need a copy.
      await cashier.page.keyboard.press('F7')
      const newest = cashier.page.locator('.sheet-list > li').first()
      await newest.filter({ hasText: words['receipt.printed'] }).waitFor()
      await cashier.page.keyboard.press('Escape')
      await demo.panel.printer({ paper: 'out' })
      await cashier.light('printer', 'limited')
      const before = demo.slips().length
      await cashier.ringsUp('bread')
      await pays('Family 01', 'approved')
      await cashier.page.locator('[data-light="printer"]').click()
      await cashier.page.getByRole('dialog').filter({ hasText: texts.en.statuses.printer_paper_out.todo }).waitFor()
      await cashier.page.keyboard.press('Escape')
      expect(demo.slips()).toHaveLength(before)
      await demo.panel.printer({ paper: 'present' })
      const slip = await newSlip(before)
      expect(slip).toMatch(/Bread +180,00/)
      expect(slip).not.toMatch(/COPY/)
      await cashier.light('printer', 'ok')
    })

    test('prints a copy that says so, and voids: a slip, and the money back', async () => {
      await cashier.ringsUp('milk')
      const before = demo.slips().length
      await pays('Family 02', 'approved')
      await newSlip(before)
      await cashier.page.keyboard.press('F7')
      const sale = cashier.page.locator('.sheet-list > li').first()
      await sale.filter({ hasText: words['receipt.printed'] }).waitFor()
      await sale.getByRole('button', { name: /^Print a copy/ }).click()
      expect(await newSlip(before + 1)).toMatch(/COPY/)
      await sale.getByRole('button', { name: /^Void sale/ }).click()
      const dialog = cashier.page.getByRole('dialog')
      await dialog.filter({ hasText: words['question.void_sale.ask'] }).waitFor()
      await dialog.getByRole('button', { name: /^Void sale/ }).click()
      const slip = await newSlip(before + 2)
      expect(slip).toMatch(/PAYMENT CANCELLED/)
      expect(slip).not.toMatch(/\[QR/)
      await sale.filter({ hasText: texts.en.tenderStates.reversed }).waitFor()
      expect(await sale.getByRole('button', { name: /^Void sale/ }).count()).toBe(0)
      await cashier.page.keyboard.press('Escape')
      await cashier.clears()
      // The voided amount is there again.
      await cashier.ringsUp('milk')
      await pays('Family 02', 'approved')
      // Else it is counted among the next test's.
      await newSlip(before + 3)
    })

    test('takes goods back: to the scheme what a voucher paid, cash for the rest', async () => {
      await cashier.ringsUp('milk', 'juice')
      const before = demo.slips().length
      await pays('Family 02', 'approved')
      await cashier.touches('Pay cash')
      const receipt = await newSlip(before)
      expect(receipt).toMatch(/Sale No\./)
      await takesGoodsBack(cashier, receipt, (already) => newSlip(before + already))
    })

    test('by QR, which a wallet reads off the screen, and by a CBDC card in its place; next customer', async () => {
      for (const pays of [paysByQr, paysByCbdcCard])
        expect(await pays(cashier, demo, newSlip)).toMatch(/Digital Tenge \(QR\) +350,00/i)
    })

    test('a sale, its copy, its void, the lights and the languages by the keyboard alone', async () => {
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
      expect(await newSlip(before + 2)).toMatch(/PAYMENT CANCELLED/)
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
    })

    test('a key means what the screen shows, from the moment on that it shows it', async () => {
      const [kk, ru, en] = [texts.kk, texts.ru, texts.en].map(({ words: own }) => own['tap.idle.word'])
      await cashier.page.evaluate((shown) => {
        // Before the page can do anything else with what it has just put there.
        new MutationObserver((_, observer) => {
          if (!document.body.textContent.includes(shown)) return
          observer.disconnect()
          document.body.dispatchEvent(
            new KeyboardEvent('keydown', { key: 'l', code: 'KeyL', altKey: true, bubbles: true }),
          )
        }).observe(document.body, { subtree: true, childList: true, characterData: true })
      }, kk ?? '')
      await cashier.page.keyboard.press('Alt+l')
      await cashier.reads(ru ?? '')
      await cashier.page.keyboard.press('Alt+l')
      await cashier.reads(en ?? '')
      expect(new Set([kk, ru, en]).size).toBe(3)
    })

    test('a reload in the middle of a sale loses nothing; a second window only watches', async () => {
      await cashier.ringsUp('school-lunch')
      await cashier.page.reload()
      await cashier.page.locator('.line').first().waitFor()
      expect(new URL(cashier.page.url()).hash).toBe('')
      const second = await till.openSecondWindow()
      await second.page.locator('.read-only').filter({ hasText: words['window.readOnly.what'] }).waitFor()
      await second.page.locator('.line').first().waitFor()
      expect(await second.button('Pay by card').count()).toBe(0)
      await second.page.keyboard.press('Enter')
      await pays('Pupil 09', 'approved')
      await second.reads(words['tap.settled.word'])
      expect(second.complaints).toEqual([])
      await second.page.close()
    })
    test('at the end of the day all is settled; the independent checker finds nothing lost or doubled', async () => {
      await cashier.light('queue', 'ok')
      stopped = true
      const verdict = await demo.judge()
      expect(verdict).toMatchObject({ passed: true, lost: [], duplicates: [], balanced: true })
      expect(verdict.settled).toBeGreaterThanOrEqual(12)
    })
  })
}
