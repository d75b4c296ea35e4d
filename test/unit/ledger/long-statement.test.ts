/**
 * A long statement put together of pages. Method: an account of numbered entries is made up in the test, which answers
 * each page as the ledger does; what comes out is held against a plain slice of the entries.
 */
import { expect, test } from 'vitest'
import {
  longStatement,
  statementPageMax,
  type Statement,
  type StatementEntry,
  type WantedStatement,
} from '../../../ledger-sim/transfers/statement.ts'

const entryOf = (entry: number): StatementEntry => ({
  entry,
  at: entry,
  kind: 'payment',
  amount: 1n,
  balance: BigInt(entry),
  counterparty: 'other',
  counterpartyKind: 'legal-entity',
  reference: `payment-${entry}`,
  returnOf: null,
  purpose: null,
  paymentReference: null,
})

/** An account with so many entries, the nth of which is at n and leaves n behind. */
function accountOf(total: number) {
  const all = Array.from({ length: total }, (_, index) => entryOf(index + 1))
  const asked: WantedStatement[] = []
  const within = ({ after, from = 0, to = Infinity }: WantedStatement) =>
    all.slice(Math.max(after, from - 1)).filter(({ at }) => at < to)
  const page = async (wanted: WantedStatement): Promise<Statement> => {
    asked.push(wanted)
    const start = Math.min(Math.max(wanted.after, (wanted.from ?? 1) - 1), total)
    const entries = within(wanted).slice(0, wanted.limit)
    return { currency: 'DT', openingBalance: BigInt(start), entries, cursor: entries.at(-1)?.entry ?? start }
  }
  return { page, asked, within }
}

const edges = [499, 500, 501, 10_000, 10_001]

test.each([0, 1, ...edges])('of %i entries: what a slice has, and whether there are more', async (total) => {
  for (const limit of [1, ...edges]) {
    for (const after of new Set([0, 1, ...edges.filter((each) => each <= total), Math.max(0, total - 1), total])) {
      for (const times of [{}, { from: 2 }, { to: 501 }, { from: 3, to: 10_001 }]) {
        const { page, asked, within } = accountOf(total)
        const wanted = { accountId: 'farm', after, limit, ...times }
        const found = await longStatement(wanted, page)
        const expected = within(wanted)
        const entries = expected.slice(0, limit)
        const start = Math.min(Math.max(after, (wanted.from ?? 1) - 1), total)
        const about = JSON.stringify({ total, ...wanted })
        expect(
          found?.entries.map(({ entry }) => entry),
          about,
        ).toEqual(entries.map(({ entry }) => entry))
        expect(found, about).toMatchObject({
          currency: 'DT',
          openingBalance: BigInt(start),
          cursor: entries.at(-1)?.entry ?? start,
          hasMore: expected.length > limit,
        })
        expect(Math.max(...asked.map((each) => each.limit)), about).toBeLessThanOrEqual(statementPageMax)
      }
    }
  }
})

test('of an account that is none of the caller’s there is no statement', async () => {
  expect(await longStatement({ accountId: 'farm', after: 0, limit: 10_000 }, async () => undefined)).toBeUndefined()
})

test.each([
  ['the second page', 2, 10_000],
  ['the third page', 3, 10_000],
  ['the look whether there are more', 2, 500],
])('of an account that is gone with %s there is none: a part is not taken for the whole', async (_, gone, limit) => {
  const { page } = accountOf(10_001)
  let pages = 0
  const breaksOff = async (wanted: WantedStatement) => (++pages === gone ? undefined : page(wanted))
  await expect(longStatement({ accountId: 'farm', after: 0, limit }, breaksOff)).rejects.toThrow(
    'broke off after entry',
  )
  expect(pages).toBe(gone)
})
