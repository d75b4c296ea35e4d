/** What the cashier takes back: pieces up to what is left, their sums as the core splits them, and by which keys. */
import { describe, expect, it } from 'vitest'
import { tiyn, type RefundView } from '../../../src/terminal/contract/index.ts'
import { madeUpRefund } from '../../../src/terminal/ui/gallery/made-up.ts'
import { intentOf, type Situation } from '../../../src/terminal/ui/input/intent.ts'
import { receiptCodeOf, typeReceiptNumber } from '../../../src/terminal/ui/input/receipt-number.ts'
import {
  amountOf,
  changedBy,
  nothingChosen,
  piecesLeft,
  refundCommand,
  wantedOf,
  type RefundChoice,
} from '../../../src/terminal/ui/input/refund-choice.ts'

const of = (line: number): RefundView['lines'][number] => {
  const found = madeUpRefund.lines.find((candidate) => candidate.line === line)
  if (found === undefined) throw new Error('no such line')
  return found
}
const choosing = (quantities: RefundChoice['quantities']): RefundChoice => ({ ...nothingChosen, quantities })

describe('pieces', () => {
  it('are as many as are left, and the last is worth what is left of it', () => {
    expect([1, 2, 3].map((line) => piecesLeft(of(line)))).toEqual([1, 1, 1])
    const two = { ...of(2), voucherLeft: tiyn(10_000), cashLeft: tiyn(35_000) }
    expect(piecesLeft(two)).toBe(2)
    expect([0, 1, 2].map((pieces) => amountOf(two, pieces))).toEqual([0n, 35_000n, 45_000n])
    expect(piecesLeft({ ...of(2), unitPrice: tiyn(0) })).toBe(0)
  })

  it('go up and down on the chosen line alone, and over neither end', () => {
    const chosen = { ...nothingChosen, chosen: '3' }
    const once = changedBy(madeUpRefund, chosen, 1)
    expect(once.quantities).toEqual({ 3: 1 })
    expect(changedBy(madeUpRefund, once, 1).quantities).toEqual({ 3: 1 })
    expect(changedBy(madeUpRefund, changedBy(madeUpRefund, once, -1), -1).quantities).toEqual({ 3: 0 })
    expect(changedBy(madeUpRefund, nothingChosen, 1)).toBe(nothingChosen)
  })
})

describe('what is asked for', () => {
  it('says what goes to vouchers and what is given in cash', () => {
    expect(wantedOf(madeUpRefund, choosing({ 1: 1, 2: 1, 3: 1 }))).toEqual({
      lines: [
        { line: 1, amount: 115_000n },
        { line: 2, amount: 35_000n },
        { line: 3, amount: 60_000n },
      ],
      toVouchers: 155_000n,
      inCash: 55_000n,
    })
  })

  it('never is more than is left, though more had been chosen before', () => {
    expect(wantedOf(madeUpRefund, choosing({ 2: 9 })).lines).toEqual([{ line: 2, amount: 35_000n }])
  })

  it('is nothing while nothing is chosen, and needs the ledger for a voucher only', () => {
    expect(refundCommand(madeUpRefund, nothingChosen)).toBeNull()
    const offline = { ...madeUpRefund, obstacles: ['no_ledger' as const] }
    expect(refundCommand(offline, choosing({ 1: 1 }))).toBeNull()
    expect(refundCommand(offline, choosing({ 2: 1 }))).toMatchObject({ command: 'refund_sale' })
  })
})

describe('the number of a receipt', () => {
  it('takes its own characters, eight at most, and gives the last one back', () => {
    const type = (...keys: readonly string[]): string => keys.reduce(typeReceiptNumber, '')
    expect(type('0', 'A', 'g', 'f', 'Enter')).toBe('0af')
    expect(type(...'0123456789')).toBe('01234567')
    expect(type('1', '2', 'Backspace')).toBe('1')
    expect(type('Backspace')).toBe('')
  })
})

describe('a receipt’s code', () => {
  it.each(['TOLEM1.aB-_9.Zz', 'TOLEM2.aB-_9.Zz', 'TOLEM3.of-a-later-till'])('%s is one, as it stands', (scanned) => {
    expect(receiptCodeOf(scanned)).toBe(scanned)
  })

  it('is one with every case turned round, and turned back', () => {
    expect(receiptCodeOf('tolem2.Ab-_9.zZ')).toBe('TOLEM2.aB-_9.Zz')
  })

  it.each(['4870000000017', 'TOLEM', 'TOLEM2', 'TOLEM.a', 'Tolem2.a', 'xTOLEM2.a', ''])('%s is none', (scanned) => {
    expect(receiptCodeOf(scanned)).toBeNull()
  })
})

describe('keys', () => {
  const press = (key: string, sheet: Situation['sheet'], repeat = false) =>
    intentOf(
      { key, code: '', alt: false, control: false, repeat },
      {
        sheet,
        focus: 'page',
        typing: 'nothing',
        offers: { primary: null, others: [] },
        editable: true,
        lineSelected: false,
        noticeShown: false,
      },
    )

  it('of a return: + and - for pieces, arrows for lines, F9 asks', () => {
    expect(press('+', 'refund')).toEqual({ kind: 'change_quantity', by: 1 })
    expect(press('-', 'refund')).toEqual({ kind: 'change_quantity', by: -1 })
    expect(press('ArrowDown', 'refund')).toEqual({ kind: 'step_sheet', by: 1 })
    expect(press('F9', 'refund')).toEqual({ kind: 'sheet_action', action: 'refund_sale' })
    expect(press('F9', 'refund', true)).toBeNull()
    expect(press('Enter', 'refund')).toBeNull()
  })

  it('of a number: its characters, Backspace and Enter, no others', () => {
    for (const key of ['0', 'f', 'F', 'Backspace', 'Enter'])
      expect(press(key, 'receipt_number')).toEqual({ kind: 'receipt_number', key })
    for (const key of ['g', 'F8', '+']) expect(press(key, 'receipt_number')).toBeNull()
  })
})
