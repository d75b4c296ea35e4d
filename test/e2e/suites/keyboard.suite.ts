/**
 * The built till on snapshots that never change: keys, touches and a scanner's burst as a browser really delivers them,
 * under the policy that the shells set. Run in both shells: test/e2e/chromium/keyboard.test.ts and
 * test/e2e/electron/keyboard.test.ts.
 */
import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { tiyn, type Snapshot } from '../../../src/terminal/contract/index.ts'
import {
  lunchAndJuice,
  lunchOnly,
  madeUpGoodsQuestion,
  madeUpSale,
  madeUpTender,
  quietTill,
} from '../../../src/terminal/ui/gallery/made-up.ts'
import { texts } from '../../../src/terminal/ui/texts/index.ts'
import { typedByScanner, type LayoutName } from '../../fixtures/keyboard-layouts.ts'
import type { StillShell, StillTill } from './still-till.ts'

export function describeKeyboard({ name: shellName, whyNot, open: openTill }: StillShell): void {
  describe(`keys and touches in ${shellName}`, () => {
    let till: StillTill
    let page: Page

    beforeAll(async () => {
      if (whyNot !== null) return
      till = await openTill()
    }, 120_000)
    afterAll(() => till?.close())
    beforeEach(({ skip }) => {
      if (whyNot !== null) skip(whyNot)
    })
    afterEach(() => expect(till.complaints.splice(0)).toEqual([]))

    const article = '4870000000067'
    const open: Snapshot = {
      ...quietTill,
      language: 'en',
      catalogue: quietTill.catalogue.map((item) => (item.itemId === 'juice' ? { ...item, gtin: `0${article}` } : item)),
      sale: madeUpSale(lunchAndJuice()),
      actions: ['edit_basket', 'pay_by_card', 'pay_cash', 'cancel_sale', 'print_again', 'void_sale'],
    }

    const small = { width: 1024, height: 600 }
    const show = async (snapshot: Snapshot): Promise<void> => void (page = await till.show(snapshot, small))
    const sent = (): Promise<readonly unknown[]> => till.sent()

    /**
     * Keys as a scanner sends them, far less than 30 ms apart: 5 ms by what is stamped on them.
     *
     * @param at when, by this machine's clock; now unless given
     */
    const scan = (barcode: string, at?: number): Promise<void> =>
      page.evaluate(
        ([characters, wall]) => {
          const start = new Event('now').timeStamp - (wall === undefined ? 0 : Date.now() - wall)
          for (const [place, key] of [...characters, 'Enter'].entries()) {
            const down = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
            Object.defineProperty(down, 'timeStamp', { value: start + 5 * place })
            const target = document.activeElement ?? document.body
            target.dispatchEvent(down)
          }
        },
        [barcode, at] as const,
      )

    /**
     * Keys pressed below the page, which writes, moves the focus and presses buttons by itself: as a scanner does where
     * the system has that layout, 5 ms apart by what is stamped on them.
     */
    const scanByKeys = async (barcode: string, layout: LayoutName, end: 'Enter' | 'Tab' | null): Promise<void> => {
      const session = await page.context().newCDPSession(page)
      const ends = end === null ? [] : [{ key: end, code: end, shiftKey: false, text: end === 'Enter' ? '\r' : '' }]
      const keys = [...typedByScanner(barcode, layout).map((one) => ({ ...one, text: one.key })), ...ends]
      const start = Date.now() - 5 * keys.length
      for (const [place, { key, code, shiftKey, text }] of keys.entries()) {
        const windowsVirtualKeyCode = { Enter: 13, Tab: 9 }[key] ?? 0
        const pressed = { key, code, modifiers: shiftKey ? 8 : 0, windowsVirtualKeyCode }
        const timestamp = (start + 5 * place) / 1_000
        await session.send('Input.dispatchKeyEvent', { ...pressed, type: 'keyDown', text, timestamp })
        await session.send('Input.dispatchKeyEvent', { ...pressed, type: 'keyUp', timestamp })
      }
      await session.detach()
    }

    const typeSlowly = (characters: string): Promise<void> => page.keyboard.type(characters, { delay: 60 })

    test('pays on Enter only when nothing is typed', async () => {
      await show(open)
      await typeSlowly('1150,5')
      await page.keyboard.press('Enter')
      await page.keyboard.press('Enter')
      expect(await sent()).toEqual([
        { command: 'add_amount', category: 'lunch', amount: '115050' },
        { command: 'pay_by_card' },
      ])
    })

    test('pays on Enter after a tile was touched, instead of ringing it up again', async () => {
      await show(open)
      await page.click('[data-item="lunch"]')
      await till.touch('[data-item="juice"]')
      await page.keyboard.press('Enter')
      expect(await sent()).toEqual([
        { command: 'add_item', itemId: 'lunch' },
        { command: 'add_item', itemId: 'juice' },
        { command: 'pay_by_card' },
      ])
    })

    test('a scanner and a keypad of the till itself mean what is typed', async () => {
      await show(open)
      await till.input({ kind: 'code', code: article })
      await page.waitForTimeout(600)
      for (const key of ['1', '2', ',', '5', 'Backspace', '7', 'Enter']) {
        await till.input({ kind: 'key', key })
        await page.waitForTimeout(60)
      }
      await till.input({ kind: 'key', key: 'Enter' })
      await expect
        .poll(sent)
        .toEqual([
          { command: 'add_item', itemId: 'juice' },
          { command: 'add_amount', category: 'lunch', amount: '1270' },
          { command: 'pay_by_card' },
        ])
    })

    test('a scanner that is read and types as well rings up once; a code that nobody sells is said', async () => {
      await show(open)
      await scan(article, await till.input({ kind: 'code', code: article }))
      await till.input({ kind: 'code', code: '4006381333931' })
      await page.waitForSelector('.notice')
      expect(await sent()).toEqual([{ command: 'add_item', itemId: 'juice' }])
    })

    test('digits of a keypad reach a field that has the keyboard', async () => {
      // A key that comes half a second after it was pressed means nothing, and a busy machine may take as long: then
      // all of them are pressed again.
      const pressed = async (): Promise<string> => {
        await show(open)
        await page.keyboard.press('F2')
        for (const key of ['4', '0', '7', 'Backspace', '1']) await till.input({ kind: 'key', key })
        await sent()
        return page.evaluate(() => (document.activeElement as HTMLInputElement).value)
      }
      await expect.poll(pressed).toBe('401')
    })

    test('leaves Enter to a control that Tab has reached', async () => {
      await show(open)
      // Where Tab starts on a page that nobody has touched differs between versions of Chromium.
      const reached = () => page.evaluate(() => document.activeElement?.closest('.status') !== null)
      for (let tabs = 0; tabs < 60 && !(await reached()); tabs += 1) await page.keyboard.press('Tab')
      expect(await reached()).toBe(true)
      await page.keyboard.press('Enter')
      await page.waitForSelector('.sheet')
      expect(await sent()).toEqual([])
    })

    test('takes a scanner anywhere: never an amount, never a payment, no button pressed', async () => {
      await show({ ...open, catalogue: open.catalogue.map((item) => ({ ...item, itemId: `48700-${item.itemId}` })) })
      await scan('4870000000017')
      expect(await page.textContent('.notice p')).toContain('4870000000017')
      await scan('48700-milk')
      await page.keyboard.press('F2')
      await scan('48700-tea')
      expect(await page.inputValue('.search-input')).toBe('')
      await page.keyboard.press('F7')
      await page.waitForSelector('.sheet')
      await scan('4870000000017')
      expect(await page.isVisible('.sheet')).toBe(true)
      expect(await sent()).toEqual([
        { command: 'add_item', itemId: '48700-milk' },
        { command: 'add_item', itemId: '48700-tea' },
      ])
    })

    test('takes a scanner under any layout, ended by Enter or Tab, which moves no focus', async () => {
      await show(open)
      await scanByKeys(article, 'kz', 'Enter')
      await scanByKeys(article, 'ru', 'Tab')
      expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true)
      await page.keyboard.press('F2')
      await scanByKeys(article, 'kz', 'Tab')
      expect(await page.inputValue('.search-input')).toBe('')
      expect(await page.evaluate(() => document.activeElement?.matches('.search-input'))).toBe(true)
      expect(await page.isVisible('.notice')).toBe(false)
      expect(await sent()).toEqual(Array.from({ length: 3 }, () => ({ command: 'add_item', itemId: 'juice' })))
    })

    test('opens the return of any card’s receipt that is scanned', async () => {
      for (const [code, layout] of [
        ['TOLEM1.aB-_9zQ4.Zz_-0', 'kz'],
        ['TOLEM2.aB-_9zQ4.Zz_-0', 'ru'],
      ] as const) {
        await show(open)
        await scanByKeys(code, layout, 'Tab')
        await till.input({ kind: 'code', code: code.replace('aB', 'Ab') })
        await expect.poll(sent).toEqual([
          { command: 'find_receipt', receipt: code },
          { command: 'find_receipt', receipt: code.replace('aB', 'Ab') },
        ])
      }
    })

    test('says that a scanner sends no end of its codes', async () => {
      await show(open)
      await scanByKeys(article, 'kz', null)
      await page.waitForSelector('.notice')
      expect(await page.textContent('.notice p')).toBe(
        texts.en.words['notice.scanBroken'].replace('{enter}', 'Enter').replace('{tab}', 'Tab'),
      )
      expect(await sent()).toEqual([])
    })

    test('asks before a sale is cancelled, by keys alone', async () => {
      await show(open)
      await page.keyboard.press('F6')
      await page.waitForSelector('.sheet')
      await page.keyboard.press('F4')
      await page.keyboard.press('Escape')
      await page.waitForSelector('.sheet', { state: 'detached' })
      expect(await sent()).toEqual([])
      await page.keyboard.press('F6')
      await page.keyboard.press('F8')
      await page.waitForSelector('.sheet', { state: 'detached' })
      expect(await sent()).toEqual([{ command: 'cancel_sale' }])
    })

    test('cancels a payment in doubt on a second key: the first one, held or pressed twice, is no yes', async () => {
      const tender = madeUpTender(1, 115_000, 'unknown')
      await show({
        ...open,
        sale: madeUpSale(lunchAndJuice(), [tender]),
        tap: { state: 'unknown', amount: tender.amount, since: tender.since, doing: 'asking' },
        actions: ['cancel_sale', 'wait_for_answer', 'cancel_unknown', 'serve_next_meanwhile'],
      })
      // Without an `up` between them, the later ones are the repeats of a key that is held.
      for (let times = 0; times < 5; times += 1) await page.keyboard.down('Delete')
      await page.keyboard.up('Delete')
      await page.waitForSelector('.question')
      await page.keyboard.press('Delete')
      await page.keyboard.press('Enter')
      expect(await page.isVisible('.question')).toBe(true)
      expect(await sent()).toEqual([])
      await page.keyboard.press('F8')
      await page.waitForSelector('.sheet', { state: 'detached' })
      expect(await sent()).toEqual([{ command: 'cancel_unknown', tenderId: tender.tenderId }])
    })

    test('gives a PIN that was typed or touched, once, and none of a scanner; Esc cancels at once', async () => {
      const tap = { state: 'pin', amount: tiyn(115_000), schemeName: quietTill.merchantName } as const
      await show({
        ...open,
        tap: { ...tap, wrong: false, triesLeft: 5, cardLies: true },
        actions: ['give_pin', 'cancel_payment'],
      })
      const shown = (): Promise<string | null> => page.getAttribute('.pin-dots', 'data-digits')
      await scan('48700')
      await scan('4870000000017')
      await scan('01jd4mzk8v3x')
      expect(await sent()).toEqual([])
      expect(await shown()).toBe('0')
      expect(await page.isVisible('.sheet, .notice')).toBe(false)
      await typeSlowly('40719')
      await page.keyboard.press('Backspace')
      await page.keyboard.press('Enter')
      await page.keyboard.press('Enter')
      expect(await shown()).toBe('0')
      for (const at of [1, 2, 3, 4]) await till.touch(`.pin-keys .keypad-key:nth-child(${at})`)
      await till.touch('.pin-shown .button')
      await typeSlowly('12')
      await page.keyboard.press('Escape')
      expect(await sent()).toEqual([
        { command: 'give_pin', pin: '4071' },
        { command: 'give_pin', pin: '1234' },
        { command: 'cancel_payment' },
      ])
    })

    test('searches, changes lines and languages by keys', async () => {
      await show(open)
      await page.keyboard.press('F2')
      await typeSlowly('нан')
      await page.keyboard.press('Enter')
      await page.keyboard.press('Escape')
      await page.keyboard.press('ArrowUp')
      await page.keyboard.press('ArrowUp')
      await page.keyboard.press('+')
      await page.keyboard.press('Delete')
      await page.keyboard.press('Alt+l')
      expect(await sent()).toEqual([
        { command: 'add_item', itemId: 'bread' },
        { command: 'set_quantity', line: 1, quantity: 2 },
        { command: 'set_quantity', line: 1, quantity: 0 },
        { command: 'set_language', language: 'kk' },
      ])
    })

    test('answers by keys whether goods were given, and gives money back only after a question', async () => {
      const goodsAsked = [31, 32].map((number) => madeUpGoodsQuestion(number, lunchOnly(), 'void'))
      const [first, second] = goodsAsked.map(({ saleId }) => saleId)
      await show({ ...open, goodsAsked })
      await page.keyboard.press('F3')
      await page.waitForSelector('.sheet-list')
      await page.keyboard.press('F6')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('F4')
      await page.waitForSelector('.question')
      await page.keyboard.press('F8')
      await page.waitForSelector('.sheet-list')
      expect(await sent()).toEqual([
        { command: 'goods_given', saleId: first },
        { command: 'void_sale', saleId: second },
      ])
    })

    test('reaches an unresolved payment by touch, and asks before cancelling it', async () => {
      const tender = madeUpTender(3, 115_000, 'unknown')
      await show({ ...open, unresolved: [tender] })
      await till.touch('.unresolved-item')
      await till.touch('.sheet-buttons .button:first-child')
      await till.touch('.sheet-buttons .button:last-child')
      await page.waitForSelector('.question')
      await till.touch('.button-warning')
      await page.waitForSelector('.sheet-list')
      expect(await sent()).toEqual([
        { command: 'wait_for_answer', tenderId: tender.tenderId },
        { command: 'cancel_unknown', tenderId: tender.tenderId },
      ])
    })
  })
}
