/**
 * The PIN of a customer's card on the screen: typed by keys and by touch, never by a scanner, given once, and no digit
 * of it kept. Method: the keys go to the function that hears every key of the window, on a store of the screen.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { lunchAndJuice, madeUpSale, quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import { intentOf, type Intent, type Key, type Situation } from '../../../src/terminal/ui/input/intent.ts'
import { hear } from '../../../src/terminal/ui/input/keyboard.ts'
import { isPin, isPinCharacter, typePin } from '../../../src/terminal/ui/input/keypad.ts'
import { offersOf } from '../../../src/terminal/ui/input/offers.ts'
import {
  createScreenStore,
  emptyScreen,
  newRefund,
  takePin,
  type ScreenState,
} from '../../../src/terminal/ui/input/screen-state.ts'

beforeEach(() => void vi.stubGlobal('document', { activeElement: null, body: null }))
afterEach(() => void vi.unstubAllGlobals())

const offers = offersOf({
  ...quietTill,
  sale: madeUpSale(lunchAndJuice()),
  tap: { state: 'tap', hint: null },
  actions: ['give_pin', 'cancel_payment'],
})

/** The till's window while the PIN is asked for, or `after` it. What was meant and scanned is kept. */
function pad(state: ScreenState = emptyScreen) {
  const store = createScreenStore(state)
  const intents: Intent[] = []
  const scanned: string[] = []
  let at = 1_000
  let asksPin = true
  const press = (key: string, gap: number): void => {
    at += gap
    const event = { key, code: key, timeStamp: at, preventDefault: () => {}, stopPropagation: () => {} }
    const now = {
      ...{ store, searchField: { current: null }, offers, editable: false, asksPin },
      beneath: asksPin ? ('pin' as const) : ('none' as const),
      onIntent: (intent: Intent) => void intents.push(intent),
      onBarcode: (barcode: string) => void scanned.push(barcode),
    }
    hear(event as KeyboardEvent, now, false)
  }
  const type = (characters: string, gap: number): void => {
    for (const character of characters) press(character, gap)
  }
  return {
    ...{ store, intents, scanned, press, type },
    typed: () => store.get().typing.pin,
    /** As the screen does when the snapshot asks for no PIN any more. */
    end: () => {
      asksPin = false
      store.dispatch({ type: 'pin', text: '' })
    },
  }
}

const digitsIn = (state: ScreenState): string =>
  JSON.stringify([state.typing, state.beforeBurst, state.burst.characters])

describe('a PIN', () => {
  test('is four to eight digits, and a ninth changes nothing', () => {
    const type = (characters: string): string => [...characters].reduce(typePin, '')
    expect(type('4071')).toBe('4071')
    expect(type('4,0.7-1a')).toBe('4071')
    expect(type('123456789')).toBe('12345678')
    expect(['407', '4071', '12345678', '123456789', '407a'].map(isPin)).toEqual([false, true, true, false, false])
    expect(['0', '9', ',', 'a', '', '12'].map(isPinCharacter)).toEqual([true, true, false, false, false, false])
  })

  test('is typed by keys, erased by Backspace, and given by Enter', () => {
    const { type, press, typed, intents } = pad()
    type('4a0,71', 120)
    expect(typed()).toBe('4071')
    press('Backspace', 200)
    press('Enter', 200)
    expect(intents).toEqual([{ kind: 'pin_backspace' }, { kind: 'give_pin' }])
  })

  test('goes into no amount, and an amount into no PIN', () => {
    const { type, store } = pad({ ...emptyScreen, typing: { amount: '12', search: '', pin: '' } })
    type('4071', 120)
    expect(store.get().typing).toEqual({ amount: '12', search: '', pin: '4071' })
  })

  test('does not come in under a sheet that lies over the pad', () => {
    const { type, typed } = pad({ ...emptyScreen, sheet: newRefund })
    type('4071', 120)
    expect(typed()).toBe('')
  })

  test('is given only by an Enter of its own: not by one that is held, nor by one for a button', () => {
    const situation: Situation = {
      ...{ sheet: 'pin', focus: 'page', typing: 'nothing', offers },
      ...{ editable: false, lineSelected: false, noticeShown: false },
    }
    const enter: Key = { key: 'Enter', code: 'Enter', alt: false, control: false, repeat: false }
    expect(intentOf(enter, situation)).toEqual({ kind: 'give_pin' })
    expect(intentOf({ ...enter, repeat: true }, situation)).toEqual({ kind: 'swallow' })
    expect(intentOf(enter, { ...situation, focus: 'control' })).toBeNull()
    const opened = ['F1', 'F2', 'F4', 'F7'].map((key) => intentOf({ ...enter, key, code: key }, situation))
    expect(opened).toEqual([{ kind: 'open', sheet: 'status' }, null, null, { kind: 'open', sheet: 'recent' }])
  })

  test('is cancelled by the first Esc, whatever lies hidden behind the pad; a notice goes first', () => {
    const hidden = { typing: { amount: '12', search: 'нан', pin: '40' }, selectedLine: 1 }
    const { press, intents, store } = pad({ ...emptyScreen, ...hidden })
    press('Escape', 200)
    expect(intents).toMatchObject([{ kind: 'offer', offer: { command: { command: 'cancel_payment' } } }])
    store.dispatch({ type: 'notice', notice: { kind: 'fault', fault: 'not_now' } })
    press('Escape', 200)
    expect(intents[1]).toEqual({ kind: 'dismiss_notice' })
  })
})

describe('a scanner at the pad', () => {
  test.each([
    ['a short code', '4870', 5],
    ['five characters', 'AB487', 5],
    ['an article number', '4870000000017', 5],
    ['a receipt', '01jd4mzk8v3x', 5],
    ['a slow one with a fast Enter', '48700012', 45],
  ])('gives no PIN and scans nothing: %s', (_, code, gap) => {
    const { type, press, typed, intents, scanned, store } = pad()
    type(code, gap)
    press('Enter', 29)
    expect(intents).toEqual([])
    expect(scanned).toEqual([])
    expect(typed()).toBe('')
    expect(store.get()).toMatchObject({ sheet: null, notice: null })
  })

  test('scans nothing under a sheet either', () => {
    const { type, press, scanned } = pad({ ...emptyScreen, sheet: newRefund })
    type('4870000000017', 5)
    press('Enter', 5)
    expect(scanned).toEqual([])
  })

  test('ends with a late Enter, which gives nothing', () => {
    const { type, press, intents, typed } = pad()
    type('40', 120)
    type('4870000000017', 5)
    press('Enter', 300)
    expect(intents).toEqual([])
    expect(typed()).toBe('')
  })

  test('takes nothing from a hand: 30 ms after the last digit Enter gives the PIN', () => {
    const { type, press, intents, typed } = pad()
    type('4071', 60)
    press('Enter', 30)
    expect(intents).toEqual([{ kind: 'give_pin' }])
    expect(typed()).toBe('4071')
  })

  test('that began at the pad pays nothing and is no goods when it ends after it', () => {
    const { type, press, intents, scanned, end } = pad()
    type('48700000', 5)
    end()
    type('00017', 5)
    press('Enter', 5)
    expect(intents).toEqual([])
    expect(scanned).toEqual(['••••••••00017'])
  })
})

describe('the screen forgets the PIN', () => {
  test.each([
    ['typed slowly', 120],
    ['rolled over the keys', 20],
  ])('when the asking ends: %s', (_, gap) => {
    const { type, store, end } = pad()
    type('4071', gap)
    expect(digitsIn(store.get())).toMatch(/\d/)
    end()
    expect(digitsIn(store.get())).not.toMatch(/\d/)
    // What was put aside for a scanner would come back here.
    store.dispatch({ type: 'burst_ended', at: 9_000 })
    expect(digitsIn(store.get())).not.toMatch(/\d/)
  })

  test('when it is given, once', () => {
    const { type, store } = pad()
    type('4071', 60)
    expect(takePin(store)).toBe('4071')
    expect(digitsIn(store.get())).not.toMatch(/\d/)
    expect(takePin(store)).toBeNull()
  })

  test('but keeps one that is not whole until it is', () => {
    const { type, store, typed } = pad()
    type('407', 60)
    expect(takePin(store)).toBeNull()
    expect(typed()).toBe('407')
  })

  test('as far as it is erased: a scan does not bring the digit back', () => {
    const { type, store, typed } = pad()
    type('4071', 120)
    store.dispatch({ type: 'pin', text: '40' })
    type('48700001', 5)
    expect(typed()).toBe('40')
  })
})
