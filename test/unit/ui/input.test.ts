/** Typing, scanning and keys: what an amount is, what a barcode is, and what Enter and Esc mean when. */
import { describe, expect, test } from 'vitest'
import { tiyn } from '../../../src/terminal/contract/index.ts'
import {
  lunchAndJuice,
  madeUpId,
  madeUpSale,
  madeUpTender,
  quietTill,
} from '../../../src/terminal/ui/gallery/made-up.ts'
import {
  confirmKey,
  intentOf,
  screenKeys,
  sheetKeys,
  type Key,
  type Situation,
} from '../../../src/terminal/ui/input/intent.ts'
import {
  amountCap,
  backspaceAmount,
  formatTyped,
  typeAmount,
  typedAmount,
} from '../../../src/terminal/ui/input/keypad.ts'
import { offersOf } from '../../../src/terminal/ui/input/offers.ts'
import { burstGapMs, extendBurst, isScanner, noBurst, readEnd } from '../../../src/terminal/ui/input/scanner-burst.ts'
import { createScreenStore, emptyScreen, screenAfter } from '../../../src/terminal/ui/input/screen-state.ts'
import { foundItems, scannedItem } from '../../../src/terminal/ui/input/search.ts'

const type = (characters: string): string => [...characters].reduce((text, one) => typeAmount(text, one).text, '')

describe('typing an amount', () => {
  test.each([
    ['1150', '1150', 115_000n],
    ['1150,5', '1150,5', 115_050n],
    ['1150.05', '1150,05', 115_005n],
    ['0012', '12', 1_200n],
    [',5', '0,5', 50n],
    ['1,234', '1,23', 123n],
    ['1,2,3', '1,23', 123n],
    ['12a-', '12', 1_200n],
  ])('%s gives %s', (characters, text, amount) => {
    expect(type(characters)).toBe(text)
    expect(typedAmount(type(characters))).toBe(amount)
  })

  test('nothing, zero and a lone comma are no amount', () => {
    for (const text of ['', '0', '0,', '0,00']) expect(typedAmount(text)).toBeNull()
  })

  test('takes the cap and nothing above it', () => {
    expect(typedAmount(type('500000'))).toBe(amountCap)
    expect(typeAmount('500000', '0')).toEqual({ text: '500000', aboveCap: true })
    expect(typeAmount('500000,0', '1')).toEqual({ text: '500000,0', aboveCap: true })
    expect(typeAmount('50000', '0').aboveCap).toBe(false)
  })

  test('erases one character, and a comma with the zero it brought', () => {
    expect(backspaceAmount('1150,5')).toBe('1150,')
    expect(backspaceAmount('0,')).toBe('')
    expect(backspaceAmount('')).toBe('')
  })

  test('shows what is typed in the groups of every other amount', () => {
    expect(formatTyped('')).toBe('0\u00A0₸')
    expect(formatTyped('1150,')).toBe('1\u202F150,\u00A0₸')
    expect(formatTyped('123456,7')).toBe('123\u202F456,7\u00A0₸')
  })
})

/** A burst of `characters`, `gap` ms apart from time 1000 on. */
const burst = (characters: string, gap: number) =>
  [...characters].reduce((so, one, index) => extendBurst(so, one, 1_000 + index * gap), noBurst)

describe('a scanner', () => {
  test('is six characters less than 30 ms apart with Enter', () => {
    const six = burst('487000', burstGapMs - 1)
    expect(isScanner(six)).toBe(true)
    expect(readEnd(six, six.lastAt + 29)).toEqual({ kind: 'barcode', barcode: '487000' })
  })

  test('is not five characters, nor six with one gap of 30 ms', () => {
    const five = burst('48700', 5)
    expect(readEnd(five, five.lastAt + 5)).toEqual({ kind: 'key' })
    const slow = extendBurst(burst('48700', 5), '0', 1_020 + burstGapMs)
    expect(slow.characters).toBe('0')
    expect(readEnd(slow, slow.lastAt + 5)).toEqual({ kind: 'key' })
    expect(isScanner(burst('487000', burstGapMs))).toBe(false)
  })

  test('pays nothing with a late Enter, and leaves later Enters alone', () => {
    const scanned = burst('4870000000017', 4)
    expect(readEnd(scanned, scanned.lastAt + 30)).toEqual({ kind: 'broken' })
    expect(readEnd(scanned, scanned.lastAt + 499)).toEqual({ kind: 'broken' })
    expect(readEnd(scanned, scanned.lastAt + 500)).toEqual({ kind: 'key' })
  })

  test('puts nothing into an amount that was being typed', () => {
    const store = createScreenStore()
    for (const [index, character] of [...'12'].entries())
      store.dispatch({ type: 'character', character, scanned: character, at: index * 400, into: 'amount' })
    expect(store.get().typing.amount).toBe('12')
    for (const [index, character] of [...'4870000000017'].entries())
      store.dispatch({ type: 'character', character, scanned: character, at: 2_000 + index * 4, into: 'amount' })
    expect(store.get().typing.amount).toBe('12')
    store.dispatch({ type: 'burst_ended', at: 2_052 })
    const burst = { ...noBurst, lastAt: 2_052 }
    expect(store.get()).toMatchObject({ typing: { amount: '12', search: '' }, burst })
  })

  test('leaves a search as it was', () => {
    const store = createScreenStore({ ...emptyScreen, typing: { amount: '', search: 'нан', pin: '' } })
    for (const [index, character] of [...'ABC123'].entries()) {
      store.dispatch({ type: 'character', character, scanned: character, at: index * 4, into: 'nowhere' })
      if (index < 5) store.dispatch({ type: 'search', text: `нан${'ABC123'.slice(0, index + 1)}` })
    }
    expect(store.get().typing.search).toBe('нан')
  })

  test('finds an item by its article number, with or without the leading zeros', () => {
    const [milk] = quietTill.catalogue.filter(({ itemId }) => itemId === 'milk')
    const numbered = [...quietTill.catalogue, { ...milk!, itemId: 'milk-1', gtin: '04870000000029' }]
    for (const scanned of ['04870000000029', '4870000000029'])
      expect(scannedItem(numbered, scanned)?.itemId).toBe('milk-1')
    expect(scannedItem(numbered, '870000000029')).toBeNull()
    expect(scannedItem(numbered, '0')).toBeNull()
  })

  test('finds an item by its id, whatever the case', () => {
    expect(scannedItem(quietTill.catalogue, 'MILK')?.itemId).toBe('milk')
    expect(scannedItem(quietTill.catalogue, '4870000000017')).toBeNull()
  })
})

describe('the search', () => {
  test('reads every language, and all its words', () => {
    const found = (text: string): string[] => foundItems(quietTill.catalogue, text).map((item) => item.itemId)
    expect(found('СҮТ')).toEqual(['milk', 'tea'])
    expect(found('чай мол')).toEqual(['tea'])
    expect(found('juice')).toEqual(['juice'])
    expect(found('  ')).toHaveLength(quietTill.catalogue.length)
    expect(found('zzz')).toEqual([])
  })
})

describe('the screen remembers', () => {
  test('an amount above the cap only as a notice, until the next good key', () => {
    const full = { ...emptyScreen, typing: { amount: '500000', search: '', pin: '' } }
    const refused = screenAfter(full, { type: 'keypad', character: '1' })
    expect(refused).toMatchObject({ typing: { amount: '500000' }, notice: { kind: 'amount_above_cap' } })
    expect(screenAfter(refused, { type: 'backspace' })).toMatchObject({ typing: { amount: '50000' }, notice: null })
  })

  test('letters nowhere', () => {
    const after = screenAfter(emptyScreen, { type: 'character', character: 'q', scanned: 'q', at: 1, into: 'amount' })
    expect(after.typing.amount).toBe('')
  })
})

const key = (name: string, more: Partial<Key> = {}): Key => ({
  key: name,
  code: name,
  alt: false,
  control: false,
  repeat: false,
  ...more,
})
const sale = madeUpSale(lunchAndJuice())
const open = offersOf({ ...quietTill, sale, actions: ['edit_basket', 'pay_by_card', 'pay_cash', 'cancel_sale'] })
const still: Situation = {
  sheet: 'none',
  focus: 'page',
  typing: 'nothing',
  offers: open,
  editable: true,
  lineSelected: false,
  noticeShown: false,
}

const doubtful = offersOf({
  ...quietTill,
  sale: madeUpSale(lunchAndJuice(), [madeUpTender(1, 115_000, 'unknown')]),
  actions: ['cancel_sale', 'wait_for_answer', 'cancel_unknown', 'serve_next_meanwhile'],
})

describe('Enter', () => {
  test('pays when nothing is being typed', () => {
    expect(intentOf(key('Enter'), still)).toMatchObject({
      kind: 'offer',
      offer: { command: { command: 'pay_by_card' } },
    })
  })

  test.each([
    ['an amount is typed', { typing: 'amount' }, { kind: 'add_amount' }],
    ['a search is typed', { typing: 'search', focus: 'search' }, { kind: 'take_first_found' }],
    ['the search is empty', { focus: 'search' }, { kind: 'swallow' }],
    ['a control was reached by Tab', { focus: 'control' }, null],
    ['a sheet is open', { sheet: 'recent' }, null],
    ['a question is open', { sheet: 'question' }, null],
    ['nothing may be paid', { offers: { primary: null, others: [] } }, { kind: 'swallow' }],
  ] as const)('does not pay when %s', (_, change, intent) => {
    expect(intentOf(key('Enter'), { ...still, ...change })).toEqual(intent)
  })

  test('held down pays nothing', () => {
    expect(intentOf(key('Enter', { repeat: true }), still)).toEqual({ kind: 'swallow' })
  })
})

describe('Esc', () => {
  const cancelling = offersOf({ ...quietTill, sale, tap: { state: 'tap', hint: null }, actions: ['cancel_payment'] })

  test.each([
    [{ noticeShown: true, typing: 'amount' }, 'dismiss_notice'],
    [{ typing: 'amount', lineSelected: true }, 'clear_amount'],
    [{ typing: 'search', lineSelected: true }, 'clear_search'],
    [{ lineSelected: true }, 'clear_line'],
  ] as const)('steps back from the nearest: %o', (change, kind) => {
    expect(intentOf(key('Escape'), { ...still, offers: cancelling, ...change })).toEqual({ kind })
  })

  test('then cancels a payment, never a sale', () => {
    expect(intentOf(key('Escape'), { ...still, offers: cancelling })).toMatchObject({
      offer: { action: 'cancel_payment' },
    })
    expect(intentOf(key('Escape'), still)).toBeNull()
  })
})

describe('other keys', () => {
  test('do what stands on the buttons', () => {
    const done = (name: string): unknown => intentOf(key(name), still)
    expect(done('F4')).toMatchObject({ offer: { action: 'pay_cash' } })
    expect(done('F6')).toMatchObject({ offer: { action: 'cancel_sale' } })
    expect(done('F9')).toBeNull()
    expect(done('F1')).toEqual({ kind: 'open', sheet: 'status' })
    expect(done('F2')).toEqual({ kind: 'focus_search' })
    expect(done('F7')).toEqual({ kind: 'open', sheet: 'recent' })
    expect(done('+')).toEqual({ kind: 'change_quantity', by: 1 })
    expect(done('Delete')).toEqual({ kind: 'remove_line' })
  })

  test('leave a basket alone that may not change, and a search field its own keys', () => {
    expect(intentOf(key('Delete'), { ...still, editable: false })).toBeNull()
    expect(intentOf(key('Delete'), { ...still, focus: 'search' })).toBeNull()
    expect(intentOf(key('Delete'), { ...still, offers: doubtful, editable: false, focus: 'search' })).toBeNull()
    expect(intentOf(key('-'), { ...still, focus: 'search' })).toBeNull()
  })

  test('answer a question by F8 only, once', () => {
    const asked: Situation = { ...still, sheet: 'question' }
    expect(intentOf(key(confirmKey), asked)).toEqual({ kind: 'confirm' })
    expect(intentOf(key(confirmKey, { repeat: true }), asked)).toBeNull()
    expect(intentOf(key('F4'), asked)).toBeNull()
    expect(intentOf(key(confirmKey), { ...still, sheet: 'recent' })).toBeNull()
  })

  test('ask before a payment in doubt is cancelled, and never on the key that answers', () => {
    const inDoubt: Situation = { ...still, offers: doubtful, editable: false }
    expect(intentOf(key('Delete'), inDoubt)).toMatchObject({ offer: { action: 'cancel_unknown' } })
    expect(intentOf(key('Delete', { repeat: true }), inDoubt)).toBeNull()
    expect(intentOf(key('Delete'), { ...inDoubt, sheet: 'question' })).toBeNull()
    expect(intentOf(key(confirmKey), inDoubt)).toBeNull()
  })

  test('with Alt work under every keyboard layout', () => {
    expect(intentOf(key('д', { code: 'KeyL', alt: true }), still)).toEqual({ kind: 'next_language' })
    expect(intentOf(key('ь', { code: 'KeyM', alt: true }), still)).toEqual({ kind: 'toggle_sound' })
    expect(intentOf(key('l', { code: 'KeyL', control: true }), still)).toBeNull()
    expect(intentOf(key('и', { code: 'KeyB', alt: true }), still)).toEqual({ kind: 'open_bench' })
    expect(intentOf(key('b', { code: 'KeyB', alt: true, repeat: true }), still)).toBeNull()
  })
})

describe('offers', () => {
  const approved = {
    state: 'approved',
    look: 'pending',
    amount: tiyn(115_000),
    schemeName: sale.lines[0]!.name,
  } as const

  test('put the next customer on Enter after a whole payment, and the rest of a payment after a part of it', () => {
    const paid = madeUpSale(lunchAndJuice().slice(0, 1), [madeUpTender(1, 115_000, 'pending')])
    const whole = offersOf({ ...quietTill, sale: paid, tap: approved, actions: ['next_customer', 'pay_by_card'] })
    expect(whole.primary).toMatchObject({ action: 'next_customer', key: 'Enter' })
    const part = offersOf({ ...quietTill, sale, tap: approved, actions: ['next_customer', 'pay_by_card', 'pay_cash'] })
    expect(part.primary).toMatchObject({ action: 'pay_by_card', key: 'Enter' })
    expect(part.others.map((offer) => offer.key)).toEqual(['F4', 'F9'])
  })

  test('name the tender in doubt, and are none without one', () => {
    const tap = { state: 'unknown', amount: tiyn(1), since: 0, doing: 'asking' } as const
    const actions = ['wait_for_answer', 'cancel_unknown', 'serve_next_meanwhile'] as const
    const tender = madeUpTender(1, 115_000, 'unknown')
    const named = offersOf({
      ...quietTill,
      tap,
      sale: madeUpSale(lunchAndJuice(), [tender]),
      actions: [...actions],
      unresolved: [madeUpTender(9, 1, 'torn')],
    })
    expect(named.primary?.command).toEqual({ command: 'wait_for_answer', tenderId: tender.tenderId })
    expect(named.others.map((offer) => offer.action)).toEqual(['serve_next_meanwhile', 'cancel_unknown'])
    const nameless = offersOf({ ...quietTill, tap, actions: [...actions] })
    expect(nameless.primary).toBeNull()
    expect(nameless.others.map((offer) => offer.action)).toEqual(['serve_next_meanwhile'])
  })

  test('give no two buttons one key', () => {
    const everything = offersOf({
      ...quietTill,
      sale: madeUpSale(lunchAndJuice(), [madeUpTender(1, 1, 'unknown')]),
      actions: [
        'pay_by_card',
        'pay_cash',
        'cancel_payment',
        'cancel_sale',
        'wait_for_answer',
        'cancel_unknown',
        'next_customer',
      ],
    })
    const keys = [everything.primary, ...everything.others].map((offer) => offer?.key)
    expect(new Set(keys).size).toBe(keys.length)
    // A question is open before the key that opened it is up again: pressed twice, that key must not be the yes.
    expect([...keys, ...Object.values(sheetKeys), ...Object.values(screenKeys)]).not.toContain(confirmKey)
    expect(madeUpId(1)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  })
})
