/**
 * Method: what card, journal, ledger and screen of a right till would show, damaged in one place at a time. The judge
 * is the same at a till in this process and at one of its own processes, in which nothing can be planted.
 */
import { expect, test } from 'vitest'
import type { TapView } from '../../src/terminal/contract/index.ts'
import { tiyn } from '../../src/voucher/money.ts'
import { disagreements, wrongOnScreen, type SeenTogether } from './judge.ts'

/** Two sales that a card paid, and one that was given up after a tear. */
const right: SeenTogether = {
  sales: [
    { isPaid: true, tenders: [settled('A1')] },
    { isPaid: false, tenders: [{ state: 'voided', atLedger: 'none', held: undefined }] },
    { isPaid: true, tenders: [{ state: 'reversed', atLedger: 'reversed', held: 'B2' }, settled('C3')] },
  ],
  said: ['A1', 'B2', 'C3'],
  isDebit: true,
  unresolved: 0,
}

function settled(held: string) {
  return { state: 'settled', atLedger: 'settled', held }
}

const tender = (state: string, atLedger: string, held?: string) => ({ state, atLedger, held })
const sales = (...more: SeenTogether['sales']) => ({ ...right, sales: [...right.sales, ...more] })

test('of a right till nothing is said, whether its card takes money or only proves', () => {
  expect(disagreements(right)).toEqual([])
  expect(disagreements({ ...right, isDebit: false, said: [...right.said, 'a proof that no sale needed'] })).toEqual([])
})

test.each([
  ['a closed sale that nothing paid', sales({ isPaid: true, tenders: [] }), 'a sale has the tenders '],
  [
    'a closed sale that was paid twice',
    sales({ isPaid: true, tenders: [tender('settled', 'settled'), tender('settled', 'settled')] }),
    'a sale has the tenders settled, settled',
  ],
  [
    'a sale that was given up and paid',
    sales({ isPaid: false, tenders: [tender('settled', 'settled')] }),
    'a sale has the tenders settled',
  ],
  [
    'a payment that is still open',
    sales({ isPaid: true, tenders: [tender('settled', 'settled'), tender('torn', 'none')] }),
    'a sale has the tenders settled, torn',
  ],
  [
    'one that the ledger has not paid',
    sales({ isPaid: true, tenders: [tender('settled', 'none')] }),
    'the journal says settled, the ledger none',
  ],
  [
    'one that the ledger pays and the till gave up',
    sales({ isPaid: false, tenders: [tender('voided', 'settled')] }),
    'the journal says voided, the ledger settled',
  ],
  ['a debit that the till does not know', { ...right, said: [...right.said, 'D4'] }, 'the till does not hold a debit'],
  [
    'words that the card never said',
    { ...right, said: right.said.filter((one) => one !== 'A1') },
    'the till holds what the card has not said',
  ],
  [
    'one debit for two sales',
    sales({ isPaid: true, tenders: [settled('A1')] }),
    'the till holds twice what the card has said once',
  ],
  ['a payment on the list', { ...right, unresolved: 1 }, 'something is left unresolved'],
])('%s is found', (_what, seen, found) => {
  expect(disagreements(seen)).toEqual([found])
})

const torn = (mayBeDebited: boolean): TapView => {
  return { state: 'torn', hint: null, mayBeDebited, amount: tiyn(1n), since: 0 }
}

test('a card that has paid is never called unpaid, and the screen says one thing', () => {
  expect(wrongOnScreen(torn(true), { debits: 1 })).toEqual([])
  expect(wrongOnScreen(torn(false), { debits: 0 })).toEqual([])
  expect(wrongOnScreen(torn(false), { debits: 1 })).toEqual(['the card has paid, and the screen says torn'])
  const refused: TapView = { state: 'refused', code: 'CARD_UNKNOWN' }
  expect(wrongOnScreen(refused, { debits: 0 })).toEqual([])
  expect(wrongOnScreen(refused, { debits: 1 })).toEqual([
    'the card has paid, and the screen says refused, CARD_UNKNOWN',
  ])
  expect(wrongOnScreen({ state: 'idle' }, { debits: 0 })).toEqual(['the screen says idle'])
})
