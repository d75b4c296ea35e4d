/**
 * A scanner that types, under each layout of the system: it is read as it meant, its Enter or Tab presses nothing, and
 * what does not arrive whole is said. Method: the keys that a system with the layout would hand over go to the function
 * that hears every key of the window, on a store of the screen; times are the test's.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { lunchAndJuice, madeUpSale, quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import type { Intent } from '../../../src/terminal/ui/input/intent.ts'
import { hear, hearKeys, hearSilence } from '../../../src/terminal/ui/input/keyboard.ts'
import { offersOf } from '../../../src/terminal/ui/input/offers.ts'
import { scannedCharacter } from '../../../src/terminal/ui/input/scanned-character.ts'
import { createScreenStore, emptyScreen, type ScreenState } from '../../../src/terminal/ui/input/screen-state.ts'
import { layouts, typedByScanner, type LayoutName, type PressedKey } from '../../fixtures/keyboard-layouts.ts'

beforeEach(() => void vi.stubGlobal('document', { activeElement: null, body: null }))
afterEach(() => void vi.unstubAllGlobals())

const article = '4870000000067'
const receipt = 'TOLEM2.aB-_9zQ4.Zz_-0'
const everyKey = layouts.us.plain + layouts.us.shifted
const offers = offersOf({ ...quietTill, sale: madeUpSale(lunchAndJuice()), actions: ['edit_basket', 'pay_by_card'] })

/** The till's window with a basket that can be changed. What was meant, scanned and stopped is kept. */
function openWindow(state: ScreenState = emptyScreen) {
  const store = createScreenStore(state)
  const intents: Intent[] = []
  const scanned: string[] = []
  const stopped: string[] = []
  let at = 1_000
  const press = (pressed: Partial<KeyboardEvent> & { key: string }, gap: number): void => {
    at += gap
    const { key } = pressed
    const event = { code: '', ...pressed, timeStamp: at, preventDefault: () => void stopped.push(key) }
    const now = {
      ...{ store, searchField: { current: null }, offers, editable: true, asksPin: false, beneath: 'none' as const },
      onIntent: (intent: Intent) => void intents.push(intent),
      onBarcode: (barcode: string) => void scanned.push(barcode),
    }
    hear({ ...event, stopPropagation: () => {} } as KeyboardEvent, now, false)
  }
  /** @param pause before the first of them */
  const type = (keys: readonly PressedKey[], gap = 5, pause = gap): void =>
    keys.forEach((key, index) => press(key, index === 0 ? pause : gap))
  return {
    ...{ store, intents, scanned, stopped, press, type },
    end: (key: 'Enter' | 'Tab' = 'Enter', gap = 5) => press({ key, code: key }, gap),
    /** Half a second without a key. */
    hearNothing: () => hearSilence({ store, asksPin: false }, store.get().burst.lastAt),
    notice: () => store.get().notice?.kind ?? null,
    amount: () => store.get().typing.amount,
  }
}

describe.each(Object.keys(layouts) as LayoutName[])('under the layout %s', (layout) => {
  it.each([
    ['an article', article],
    ['a receipt', receipt],
    ['every key', everyKey],
    ['a web address', 'https://tolem.example/r/7?a=B_c+d-e:f'],
  ])('a scan is what the scanner meant: %s', (_, code) => {
    const { type, end, scanned, intents, amount, notice } = openWindow()
    type(typedByScanner(code, layout))
    end()
    expect(scanned).toEqual([code])
    expect([amount(), notice()]).toEqual(['', null])
    expect(intents).toEqual([])
  })

  it('Caps Lock changes nothing', () => {
    const { type, end, scanned } = openWindow()
    type(typedByScanner(receipt, layout, true))
    end()
    expect(scanned).toEqual([receipt])
  })

  it('what a person types goes by its letters', () => {
    const { type, amount } = openWindow()
    type(typedByScanner('1675', layout), 120)
    expect(amount()).toBe({ us: '1675', ru: '1675', kz: '0,' }[layout])
  })
})

describe('the layouts themselves', () => {
  it('spoil a scan that is read by its letters', () => {
    const lettersOf = (code: string, layout: LayoutName) =>
      typedByScanner(code, layout)
        .map(({ key }) => key)
        .join('')
    expect(lettersOf(article, 'kz')).toBe('ңү.ққққққққ,.')
    expect(lettersOf('TOLEM1.', 'ru')).toBe('ЕЩДУЬ1ю')
    expect(lettersOf('TOLEM1.', 'kz')).toBe('ЕЩДУЬ"ю')
    expect(lettersOf(everyKey, 'us')).toBe(everyKey)
    expect(typedByScanner('aB', 'us', true).map(({ key }) => key)).toEqual(['A', 'b'])
    expect(typedByScanner('4$', 'kz', true).map(({ key }) => key)).toEqual(['Ң', 'ң'])
  })
})

describe('a key of a scanner', () => {
  const pressed = (code: string, key: string, shiftKey = false) => scannedCharacter({ code, key, shiftKey })

  it('on the keypad is what is printed on it, with NumLock and without', () => {
    const keypad = [
      ...['Numpad0', 'Numpad4', 'Numpad9', 'NumpadAdd', 'NumpadSubtract', 'NumpadMultiply', 'NumpadDivide'],
      ...['NumpadDecimal', 'NumpadComma', 'NumpadEqual'],
    ]
    expect(keypad.map((code) => pressed(code, '?')).join('')).toBe('049+-*/.,=')
    expect([pressed('Numpad4', 'ArrowLeft'), pressed('NumpadDecimal', 'Delete')]).toEqual(['4', '.'])
    expect([pressed('NumpadEnter', 'Enter'), pressed('NumLock', 'NumLock')]).toEqual([null, null])
  })

  it('without a place that is known is its letter; one that types nothing is none', () => {
    expect([pressed('', '4'), pressed('Unidentified', 'a'), pressed('IntlBackslash', '<')]).toEqual(['4', 'a', '<'])
    expect(['Enter', 'Tab', 'F2', 'ShiftLeft', 'ArrowUp'].map((code) => pressed(code, code))).toEqual(
      Array.from({ length: 5 }, () => null),
    )
    expect(pressed('KeyE', 'Dead')).toBe('e')
  })
})

describe('a scanner on the keypad', () => {
  it('is read with NumLock and without it', () => {
    for (const numLock of [true, false]) {
      const { press, end, scanned } = openWindow()
      for (const digit of article) press({ key: numLock ? digit : 'Clear', code: `Numpad${digit}` }, 5)
      end()
      expect(scanned).toEqual([article])
    }
  })
})

describe('the end of a code', () => {
  it('is Tab as well as Enter: the focus stays, and a pressed Tab is the browser’s', () => {
    const { type, end, scanned, stopped } = openWindow()
    type(typedByScanner(article, 'kz'))
    end('Tab')
    expect(scanned).toEqual([article])
    expect(stopped.at(-1)).toBe('Tab')
    end('Tab', 600)
    expect(stopped.filter((key) => key === 'Tab')).toHaveLength(1)
    expect(scanned).toHaveLength(1)
  })

  it.each([
    ['Tab', 'Enter'],
    ['Enter', 'Enter'],
    ['Enter', 'Tab'],
  ] as const)('of two keys, %s and %s, presses nothing and pays nothing', (first, second) => {
    const { type, end, scanned, intents, stopped, notice } = openWindow()
    type(typedByScanner(article, 'us'))
    end(first)
    end(second, 29)
    expect(scanned).toEqual([article])
    expect(stopped.slice(-2)).toEqual([first, second])
    expect([intents, notice()]).toEqual([[], null])
    end('Enter', 30)
    expect(intents).toMatchObject([{ kind: 'offer', offer: { command: { command: 'pay_by_card' } } }])
  })

  it('is not Shift and Tab', () => {
    const { type, press, scanned } = openWindow()
    type(typedByScanner(article, 'us'))
    press({ key: 'Tab', code: 'Tab', shiftKey: true }, 5)
    expect(scanned).toEqual([])
  })
})

describe('a code that does not arrive whole', () => {
  it('is said when nothing ends it, and is no code', () => {
    const { type, hearNothing, scanned, notice, store } = openWindow()
    type(typedByScanner(article, 'kz'))
    expect(notice()).toBeNull()
    hearNothing()
    expect([notice(), scanned]).toEqual(['scan_broken', []])
    expect(store.get().typing).toEqual(emptyScreen.typing)
  })

  it('is one all the same when its keys only came late to a busy window', () => {
    const { type, end, hearNothing, scanned } = openWindow()
    type(typedByScanner('48700000', 'us'))
    hearNothing()
    type(typedByScanner('00067', 'us'))
    end()
    expect(scanned).toEqual([article])
  })

  it('is said when its Enter or Tab comes late, which pays nothing', () => {
    for (const key of ['Enter', 'Tab'] as const) {
      const { type, end, scanned, intents, notice, stopped } = openWindow()
      type(typedByScanner(article, 'ru'))
      end(key, 30)
      expect([notice(), scanned, intents, stopped.at(-1)]).toEqual(['scan_broken', [], [], key])
    }
  })

  it.each([
    ['long', '487000', '0000067'],
    ['short', '4870000000', '067'],
  ])('is no code of its rest, no amount and no payment, when it paused in the middle: %s', (_, head, rest) => {
    const { type, end, scanned, intents, amount, notice } = openWindow()
    type(typedByScanner('12', 'us'), 150)
    expect(amount()).toBe('12')
    type(typedByScanner(head, 'us'), 5, 400)
    type(typedByScanner(rest, 'us'), 5, 40)
    expect(amount()).toBe('12')
    end()
    expect([notice(), scanned, intents, amount()]).toEqual(['scan_broken', [], [], '12'])
  })

  it('leaves what a person types half a second later alone', () => {
    const { type, end, intents, amount, hearNothing } = openWindow()
    type(typedByScanner(article, 'us'))
    hearNothing()
    type(typedByScanner('150', 'us'), 120, 500)
    expect(amount()).toBe('150')
    end('Enter', 200)
    expect(intents).toEqual([{ kind: 'add_amount' }])
  })

  it('is not said of what a person typed, nor while a PIN is asked for, nor of a code that was ended', () => {
    const person = openWindow()
    person.type(typedByScanner('1150,50', 'us'), 60)
    person.hearNothing()
    expect(person.notice()).toBeNull()
    const ended = openWindow()
    ended.type(typedByScanner(article, 'us'))
    const { lastAt } = ended.store.get().burst
    ended.end()
    hearSilence({ store: ended.store, asksPin: false }, lastAt)
    expect(ended.notice()).toBeNull()
    const pad = openWindow()
    pad.type(typedByScanner(article, 'us'))
    hearSilence({ store: pad.store, asksPin: true }, pad.store.get().burst.lastAt)
    expect(pad.notice()).toBeNull()
  })
})

describe('where Tab has brought the cashier', () => {
  it('is told from a Tab that somebody stopped', () => {
    const page = new EventTarget()
    vi.stubGlobal('window', page)
    const heard: boolean[] = []
    const stop = hearKeys((event, way) => {
      if (event.key === 'Tab' && event.shiftKey) event.preventDefault()
      heard.push(way.byTab)
    })
    const press = (key: string, shiftKey = false) =>
      page.dispatchEvent(Object.assign(new Event('keydown', { cancelable: true }), { key, shiftKey }))
    press('Tab', true)
    press('a')
    press('Tab')
    press('Tab', true)
    press('a')
    page.dispatchEvent(new Event('pointerdown'))
    press('a')
    stop()
    expect(heard).toEqual([false, false, true, true, true, false])
  })
})
