/**
 * Method: random sales, paid by two vouchers of random standing and by cash that may be less than the rest, and random
 * returns of them one after the other, against an oracle that knows only coins: each tiyn of a line has a payer, coins
 * go back one by one, and a coin that nobody paid, or of which nothing is known yet, does not.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { tiyn } from '../../../src/voucher/money.ts'
import { refundableLines, sharesOf, type VoucherShare, type VoucherStanding } from '../../../src/voucher/refund.ts'
import type { CoveredLine, Sale } from '../../../src/voucher/sale.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 20_261_126)
const payers = ['first', 'second', 'cash'] as const
type Payer = (typeof payers)[number]

/** A line as the payers of its tiyn, in the order in which they go back. */
const coins = fc.array(fc.constantFrom(...payers), { minLength: 1, maxLength: 12 })
const basket = fc.array(coins, { minLength: 1, maxLength: 4 })
const wishes = fc.array(fc.array(fc.nat({ max: 14 }), { minLength: 4, maxLength: 4 }), { maxLength: 6 })
const standings: fc.Arbitrary<VoucherStanding> = fc.oneof(
  { weight: 3, arbitrary: fc.constant('settled' as const) },
  { weight: 1, arbitrary: fc.constantFrom('undecided', 'not_paid') },
)
const payment = fc.record({ first: standings, second: standings, cash: fc.oneof(fc.constant(48), fc.nat({ max: 12 })) })

const sum = (lines: readonly CoveredLine[]): number => lines.reduce((total, { amount }) => total + Number(amount), 0)

function saleOf(drawn: readonly Payer[][]): Sale {
  const name = { kk: 'x', ru: 'x', en: 'x' }
  return {
    saleId: '019aaaaa-0000-7000-8000-000000000001',
    lines: drawn.map(({ length }, index) => ({
      line: index + 1,
      itemId: 'x',
      name,
      category: 'x',
      quantity: 1,
      unitPrice: tiyn(length),
    })),
  }
}

test(`what goes back is what each paid, voucher before cash, and no tiyn twice; TOLEM_SEED=${seed}`, () => {
  const seen = { refused: 0, split: 0, short: 0, undecided: 0, notPaid: 0 }
  fc.assert(
    fc.property(basket, payment, wishes, (drawn, { first, second, cash: taken }, asked) => {
      const standing = { first, second, cash: 'settled' } as const
      let cashCoins = taken
      const isUndecided = drawn.map((line) => line.some((payer) => standing[payer] === 'undecided'))
      const left = drawn.map((line, index) =>
        line
          .toSorted((a, b) => payers.indexOf(a) - payers.indexOf(b))
          .filter((payer) => {
            if (payer !== 'cash') return standing[payer] === 'settled'
            const isThere = cashCoins > 0
            cashCoins -= 1
            return isThere && isUndecided[index] === false
          }),
      )
      if (cashCoins < 0) seen.short += 1
      const paidBy = (payer: Payer): CoveredLine[] =>
        drawn.flatMap((line, index) => {
          const amount = line.filter((coin) => coin === payer).length
          return amount === 0 ? [] : [{ line: index + 1, amount: tiyn(amount) }]
        })
      const paid = {
        vouchers: (['first', 'second'] as const).map((tenderId) => ({
          tenderId,
          standing: standing[tenderId],
          lines: paidBy(tenderId),
        })),
        cash: tiyn(Math.min(taken, sum(paidBy('cash')))),
      }
      const vouchers: VoucherShare[] = []
      const cash: CoveredLine[] = []
      for (const wish of asked) {
        const wanted = wish
          .slice(0, drawn.length)
          .flatMap((amount, index) => (amount === 0 ? [] : [{ line: index + 1, amount: tiyn(amount) }]))
        const refundable = refundableLines(saleOf(drawn), paid, { vouchers, cash })
        expect(refundable.map(({ voucherLeft, cashLeft }) => [voucherLeft, cashLeft])).toEqual(
          left.map((line) => [
            BigInt(line.filter((coin) => coin !== 'cash').length),
            BigInt(line.filter((coin) => coin === 'cash').length),
          ]),
        )
        refundable.forEach(({ held }, index) => {
          const has = (wantedStanding: VoucherStanding): boolean =>
            drawn[index]?.some((payer) => standing[payer] === wantedStanding) === true
          expect(held).toBe(has('undecided') ? 'undecided' : has('not_paid') ? 'not_paid' : null)
          if (held === 'undecided') seen.undecided += 1
          if (held === 'not_paid') seen.notPaid += 1
        })
        const shares = sharesOf(refundable, wanted)
        if (wanted.some(({ line, amount }) => amount > (left[line - 1]?.length ?? 0))) {
          expect(shares).toBeUndefined()
          seen.refused += 1
          continue
        }
        const back = wanted.flatMap(({ line, amount }) => left[line - 1]?.splice(0, Number(amount)) ?? [])
        const count = (payer: Payer): number => back.filter((coin) => coin === payer).length
        const of = (tenderId: Payer): number =>
          sum(shares?.vouchers.filter((share) => share.tenderId === tenderId).flatMap(({ lines }) => lines) ?? [])
        expect([of('first'), of('second'), sum(shares?.cash ?? [])]).toEqual(payers.map(count))
        if (new Set(back).size > 1) seen.split += 1
        vouchers.push(...(shares?.vouchers ?? []))
        cash.push(...(shares?.cash ?? []))
      }
    }),
    { seed, numRuns: 3_000 },
  )
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(150)
})
