/**
 * Method: random sales, paid by vouchers and cash, and random returns of them one after the other, against an oracle
 * that knows only coins: each tiyn of a line has a payer, and coins go back one by one.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { tiyn } from '../../../src/voucher/money.ts'
import { refundableLines, sharesOf, type VoucherShare } from '../../../src/voucher/refund.ts'
import type { CoveredLine, Sale } from '../../../src/voucher/sale.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 20_261_126)
const payers = ['first', 'second', 'cash'] as const
type Payer = (typeof payers)[number]

/** A line as the payers of its tiyn, in the order in which they go back. */
const coins = fc.array(fc.constantFrom(...payers), { minLength: 1, maxLength: 12 })
const basket = fc.array(coins, { minLength: 1, maxLength: 4 })
const wishes = fc.array(fc.array(fc.nat({ max: 14 }), { minLength: 4, maxLength: 4 }), { maxLength: 6 })

const sum = (lines: readonly CoveredLine[]): number => lines.reduce((total, { amount }) => total + Number(amount), 0)

test(`what goes back is what each paid, voucher before cash, and no tiyn twice; TOLEM_SEED=${seed}`, () => {
  let refused = 0
  let split = 0
  fc.assert(
    fc.property(basket, wishes, (drawn, asked) => {
      const left = drawn.map((line) => line.toSorted((a, b) => payers.indexOf(a) - payers.indexOf(b)))
      const name = { kk: 'x', ru: 'x', en: 'x' }
      const sale: Sale = {
        saleId: '019aaaaa-0000-7000-8000-000000000001',
        lines: drawn.map((line, index) => ({
          line: index + 1,
          itemId: 'x',
          name,
          category: 'x',
          quantity: 1,
          unitPrice: tiyn(line.length),
        })),
      }
      const paidBy = (payer: Payer): CoveredLine[] =>
        drawn.flatMap((line, index) => {
          const amount = line.filter((coin) => coin === payer).length
          return amount === 0 ? [] : [{ line: index + 1, amount: tiyn(amount) }]
        })
      const paid: VoucherShare[] = [
        { tenderId: 'first', lines: paidBy('first') },
        { tenderId: 'second', lines: paidBy('second') },
      ]
      const vouchers: VoucherShare[] = []
      const cash: CoveredLine[] = []
      for (const wish of asked) {
        const wanted = wish
          .slice(0, drawn.length)
          .flatMap((amount, index) => (amount === 0 ? [] : [{ line: index + 1, amount: tiyn(amount) }]))
        const refundable = refundableLines(sale, paid, { vouchers, cash })
        expect(refundable.map(({ voucherLeft, cashLeft }) => [voucherLeft, cashLeft])).toEqual(
          left.map((line) => [
            BigInt(line.filter((coin) => coin !== 'cash').length),
            BigInt(line.filter((coin) => coin === 'cash').length),
          ]),
        )
        const shares = sharesOf(refundable, wanted)
        if (wanted.some(({ line, amount }) => amount > (left[line - 1]?.length ?? 0))) {
          expect(shares).toBeUndefined()
          refused += 1
          continue
        }
        const back = wanted.flatMap(({ line, amount }) => left[line - 1]?.splice(0, Number(amount)) ?? [])
        const count = (payer: Payer): number => back.filter((coin) => coin === payer).length
        const of = (tenderId: Payer): number =>
          sum(shares?.vouchers.filter((share) => share.tenderId === tenderId).flatMap(({ lines }) => lines) ?? [])
        expect([of('first'), of('second'), sum(shares?.cash ?? [])]).toEqual(payers.map(count))
        if (new Set(back).size > 1) split += 1
        vouchers.push(...(shares?.vouchers ?? []))
        cash.push(...(shares?.cash ?? []))
      }
    }),
    { seed, numRuns: 3_000 },
  )
  expect(refused).toBeGreaterThan(500)
  expect(split).toBeGreaterThan(500)
})
