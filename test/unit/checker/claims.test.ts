/** What a till and its cashier claim, held against a made-up run: each contradiction is found, and counted once. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkRun, type Report } from '../../checker/check-run.ts'
import { CheckerInputError } from '../../checker/input-error.ts'
import { reportInWords } from '../../checker/report-words.ts'
import { MadeUpRun, type Sale } from './made-up-run.ts'

let run: MadeUpRun
beforeEach(() => {
  run = new MadeUpRun()
})
afterEach(() => run.remove())

const saleIdOf = ({ number }: Sale): string => `019aaf6e-2c00-7000-8000-${String(number).padStart(12, '0')}`
const numberOnPaper = (sale: Sale): string => `Sale No.      ${saleIdOf(sale).slice(-8)}`

/** All that a till and a cashier say of a sale that went well, with what is to be wrong about it. */
function claimsOf(
  sale: Sale,
  wrong: {
    state?: string
    end?: string
    unknown?: true
    unprinted?: true
    cash?: string
    returned?: true
    done?: 'pay_cash' | 'void_sale' | 'print_again'
    copied?: true
    approved?: true
  } = {},
): { till: Record<string, unknown[]>; cashier: unknown[] } {
  const { tenderId, amount } = sale.terms
  const saleId = saleIdOf(sale)
  const { state = 'settled', end = 'handed_over' } = wrong
  const cash =
    wrong.cash === undefined ? [] : [{ tenderId: 'cash', kind: 'cash', amount: wrong.cash, state: 'settled' }]
  const ended = {
    kind: 'sale',
    saleId,
    end,
    total: amount,
    tenders: [{ tenderId, kind: 'voucher', amount, state }, ...cash],
  }
  return {
    till: {
      tenders: wrong.unknown ? [] : [{ tenderId, saleId, termsHash: sale.hash, amount, state }],
      sales: [{ saleId, state: end === 'handed_over' ? 'closed' : 'cancelled', total: amount }],
      cash: cash.map((own) => ({
        tenderId: own.tenderId,
        saleId,
        amount: own.amount,
        returned: wrong.returned ?? false,
      })),
      printed: wrong.unprinted ? [] : [saleId],
      copies: wrong.copied ? [saleId] : [],
    },
    cashier: [
      ...(wrong.approved ? [{ kind: 'approved', tenderId, amount }] : []),
      ...(wrong.done === undefined ? [] : [{ kind: 'done', command: wrong.done, saleId }]),
      ended,
    ],
  }
}

function checked(claims: unknown): Report {
  const claimsFile = join(run.folder, 'claims.json')
  writeFileSync(claimsFile, JSON.stringify(claims))
  return checkRun({ ...run, claimsFile })
}

const reasonsOf = ({ lost, unrecorded, duplicates }: Report): readonly string[] => [
  ...lost.map((one) => one.reason),
  ...unrecorded.map((one) => one.reason),
  ...duplicates.map((one) => one.kind),
]

test('claims that agree with the evidence pass', () => {
  const sale = run.wholeSale(1)
  run.slip(numberOnPaper(sale), [])
  const report = checked(claimsOf(sale, { approved: true }))
  expect(report).toMatchObject({ passed: true, unrecorded: [] })
  expect(reportInWords(report)).toContain('PASSED')
})

test('claims that cannot be read are no verdict', () => {
  run.wholeSale(1)
  expect(() => checked({ till: {} })).toThrow(CheckerInputError)
  expect(() => checkRun({ ...run, claimsFile: join(run.folder, 'nowhere.json') })).toThrow(CheckerInputError)
})

describe('lost', () => {
  test('the till says paid and the screen showed it, goods left, and the ledger has nothing', () => {
    const sale = run.sale(1)
    run.tap(sale)
    const report = checked(claimsOf(sale, { approved: true }))
    expect(report.passed).toBe(false)
    expect(reasonsOf(report)).toEqual(['till_says_paid', 'approved_on_screen', 'handed_over_unpaid'])
    expect(reportInWords(report)).toContain('handed_over_unpaid')
  })
})

describe('unrecorded', () => {
  test.each([
    ['the ledger paid what the till does not know', { unknown: true }, ['paid_unknown_to_till']],
    ['the ledger paid what the till says is void', { state: 'voided' }, ['paid_against_till']],
    ['the customer left with nothing, and the ledger paid', { end: 'cancelled' }, ['paid_without_goods']],
  ] as const)('%s', (_, wrong, reasons) => {
    const report = checked(claimsOf(run.wholeSale(1), wrong))
    expect(report.passed).toBe(false)
    expect(reasonsOf(report)).toEqual(reasons)
    expect(reportInWords(report)).toContain(reasons[0])
  })

  test.each([
    ['cash that was taken', { done: 'pay_cash' }],
    ['a void', { done: 'void_sale' }],
    ['a copy', { done: 'print_again' }],
  ] as const)('the till answered done, and has no row of %s', (_, wrong) => {
    expect(reasonsOf(checked(claimsOf(run.wholeSale(1), wrong)))).toEqual(['done_without_record'])
  })

  test('the customer left with nothing, and their cash stayed in the drawer', () => {
    const sale = run.sale(1)
    const claims = claimsOf(sale, { unknown: true, end: 'voided', cash: '1', done: 'pay_cash' })
    expect(reasonsOf(checked(claims))).toEqual(['cash_kept'])
  })

  test('what was done and has its row is well', () => {
    const sale = run.wholeSale(1)
    expect(checked(claimsOf(sale, { done: 'print_again', copied: true }))).toMatchObject({ passed: true })
  })

  test('cash that was returned is well', () => {
    const returned = claimsOf(run.sale(1), {
      unknown: true,
      end: 'voided',
      cash: '1',
      returned: true,
      done: 'void_sale',
    })
    expect(reasonsOf(checked(returned))).toEqual([])
  })

  test('a card signed what nobody has a record of', () => {
    const sale = run.wholeSale(1)
    run.tap(run.sale(2))
    expect(reasonsOf(checked(claimsOf(sale)))).toEqual(['proof_without_record'])
  })

  test('a sale was closed, and the cashier never saw its end', () => {
    const { till } = claimsOf(run.wholeSale(1))
    expect(reasonsOf(checked({ till, cashier: [] }))).toEqual(['closed_unseen'])
  })

  test('a receipt lies on the counter, and no row says that one was begun', () => {
    const sale = run.wholeSale(1)
    run.slip(numberOnPaper(sale), [])
    expect(reasonsOf(checked(claimsOf(sale, { unprinted: true })))).toEqual(['paper_without_record'])
  })
})

describe('duplicated', () => {
  test('ledger and drawer together got more than the total', () => {
    expect(reasonsOf(checked(claimsOf(run.wholeSale(1), { cash: '1' })))).toEqual(['sale_overpaid'])
  })

  test('two originals of a sale that was paid in cash', () => {
    const sale = run.sale(1)
    run.slip(numberOnPaper(sale), [])
    run.slip(`COPY\n${numberOnPaper(sale)}`, [])
    expect(checkRun(run).duplicates).toEqual([])
    run.slip(numberOnPaper(sale), [])
    expect(checkRun(run).duplicates).toMatchObject([{ kind: 'original_printed_twice', detail: 'slips 1, 3' }])
  })
})

test('a payment whose receipt has no code, for want of the card’s proof, is on paper all the same', () => {
  const sale = run.sale(1)
  run.tap(sale)
  run.tender(sale, 'settled')
  run.pay(sale)
  run.slip(`Payment No.   ${sale.terms.tenderId.slice(-8)}`, [])
  const { tenderId } = sale.terms
  expect(checkRun({ ...run, waitingPrintJobs: 0 })).toMatchObject({
    passed: true,
    paidWithoutPaper: [],
    paidWithoutCode: [tenderId],
  })
})
