/**
 * Which part of each line payments by QR pay (docs/design/17-qr-payment.md, "Which lines it pays"). Method: random
 * baskets, partly paid by vouchers, then by up to three QRs, against rules of proportion that the code does not use:
 * how near each part is to its exact share, and who gets the tiyn that are left. `TOLEM_SEED` repeats a run.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tiyn } from '../../../src/voucher/money.ts'
import { partsByQr } from '../../../src/voucher/qr-parts.ts'
import type { CoveredLine, Sale } from '../../../src/voucher/sale.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? Date.now() % 2 ** 31)

const drawnLine = fc.record({
  category: fc.constantFrom('food', 'drinks', 'books'),
  itemId: fc.constantFrom('first', 'second'),
  quantity: fc.integer({ min: 1, max: 4 }),
  unitPrice: fc.oneof(fc.bigInt(0n, 12n), fc.bigInt(0n, 90_000n)),
  /** Parts in a thousand of the line that two vouchers pay. */
  covered: fc.tuple(fc.oneof(fc.constant(0), fc.nat(1_000)), fc.oneof(fc.constant(0), fc.nat(1_000))),
})
/** Often several lines alike: their remainders are equal, so that the rule for ties is asked. */
const drawnSale = fc.oneof(
  { weight: 4, arbitrary: fc.array(drawnLine, { minLength: 1, maxLength: 6 }) },
  { weight: 1, arbitrary: drawnLine.chain((line) => fc.array(fc.constant(line), { minLength: 2, maxLength: 4 })) },
)
/** Parts in a thousand of what is left. */
const drawnAmounts = fc.array(fc.oneof(fc.constant(1_000), fc.nat(1_000)), { minLength: 1, maxLength: 3 })
type Drawn = Parameters<Parameters<typeof drawnSale.map>[0]>[0]

const sum = (amounts: Iterable<bigint>): bigint => [...amounts].reduce((total, amount) => total + amount, 0n)
const costOf = ({ unitPrice, quantity }: Drawn[number]): bigint => unitPrice * BigInt(quantity)

function saleOf(drawn: Drawn): { readonly sale: Sale; readonly covered: readonly CoveredLine[]; left: bigint[] } {
  const lines = drawn.map(({ category, itemId, quantity, unitPrice }, index) => {
    const name = { kk: itemId, ru: itemId, en: itemId }
    return { line: index + 1, itemId, name, category, quantity, unitPrice: tiyn(unitPrice) }
  })
  const covered = drawn.flatMap((line, index) => {
    const first = (costOf(line) * BigInt(line.covered[0])) / 1_000n
    const second = ((costOf(line) - first) * BigInt(line.covered[1])) / 1_000n
    return [first, second].map((amount) => ({ line: index + 1, amount: tiyn(amount) }))
  })
  const left = drawn.map((line, index) => {
    return costOf(line) - sum(covered.filter((part) => part.line === index + 1).map(({ amount }) => amount))
  })
  return { sale: { saleId: '019aaaaa-0000-7000-8000-000000000001', lines }, covered, left }
}

const partOn = (parts: readonly CoveredLine[], line: number): bigint =>
  sum(parts.filter((part) => part.line === line).map(({ amount }) => amount))

test(`parts add up, none is above what is left of its line, each is the nearest; TOLEM_SEED=${seed}`, () => {
  const seen = { whole: 0, rounded: 0, tied: 0 }
  fc.assert(
    fc.property(drawnSale, drawnAmounts, (drawn, shares) => {
      const { sale, covered, left } = saleOf(drawn)
      let open = sum(left)
      const amounts = shares.map((share) => {
        const amount = (open * BigInt(share)) / 1_000n
        open -= amount
        return tiyn(amount)
      })
      const parts = partsByQr(sale, covered, amounts)
      expect(parts.length).toBe(amounts.length)
      for (const [index, own] of parts.entries()) {
        const amount = amounts[index] ?? 0n
        expect(sum(own.map((part) => part.amount))).toBe(amount)
        expect(own.map(({ line }) => line)).toEqual([...new Set(own.map(({ line }) => line))].toSorted((a, b) => a - b))
        const total = sum(left)
        const lines = left.map((of, place) => {
          const part = partOn(own, place + 1)
          expect(part >= 0n && part <= of).toBe(true)
          // Less than a tiyn beside its exact share, so it has the whole tiyn, or one more.
          if (total > 0n) expect((part * total - amount * of) ** 2n < total ** 2n).toBe(true)
          const over = total === 0n ? 0n : (amount * of) % total
          const isRaised = total > 0n && part * total > amount * of
          return { of, over, isRaised, what: `${drawn[place]?.category} ${drawn[place]?.itemId}` }
        })
        if (amount === total) seen.whole += 1
        // Whoever got one more has no smaller remainder than who did not; among equal ones it is no smaller line.
        for (const up of lines.filter(({ isRaised }) => isRaised)) {
          seen.rounded += 1
          for (const down of lines.filter(({ isRaised, over }) => !isRaised && over > 0n)) {
            expect(up.over >= down.over).toBe(true)
            if (up.over !== down.over) continue
            expect(up.of >= down.of).toBe(true)
            if (up.of !== down.of) continue
            seen.tied += 1
            expect(up.what <= down.what).toBe(true)
          }
        }
        for (const [place, of] of left.entries()) left[place] = of - partOn(own, place + 1)
      }
      expect(sum(left)).toBe(open)
    }),
    { seed, numRuns: 1_500 },
  )
  for (const [what, times] of Object.entries(seen)) expect([what, times > 20]).toEqual([what, true])
})

test(`the order of a basket decides nothing; TOLEM_SEED=${seed}`, () => {
  fc.assert(
    fc.property(drawnSale, fc.nat(1_000), fc.infiniteStream(fc.nat(1_000)), (drawn, share, keys) => {
      const shuffled = drawn
        .map((line) => ({ line, key: keys.next().value as number }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ line }) => line)
      const told = [drawn, shuffled].map((lines) => {
        const { sale, covered, left } = saleOf(lines)
        const [own = []] = partsByQr(sale, covered, [tiyn((sum(left) * BigInt(share)) / 1_000n)])
        return left
          .map((of, index) => `${lines[index]?.category} ${lines[index]?.itemId} ${of}: ${partOn(own, index + 1)}`)
          .toSorted()
      })
      expect(told[1]).toEqual(told[0])
    }),
    { seed, numRuns: 500 },
  )
})

test('more than is left pays what is left', () => {
  const { sale, covered } = saleOf([
    { category: 'food', itemId: 'first', quantity: 2, unitPrice: 50n, covered: [400, 0] },
    { category: 'books', itemId: 'first', quantity: 1, unitPrice: 7n, covered: [0, 0] },
  ])
  const parts = partsByQr(sale, covered, [tiyn(1_000n), tiyn(5n)])
  expect(parts).toEqual([
    [
      { line: 1, amount: 60n },
      { line: 2, amount: 7n },
    ],
    [],
  ])
})
