/** Method: any text as a purpose, read back by a reader of RFC 4180 of a few lines. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { statementCsv } from '../../../ledger-sim/transfers/statement-csv.ts'
import type { StatementEntry } from '../../../ledger-sim/transfers/statement.ts'

const entry: StatementEntry = {
  entry: 4,
  at: Date.UTC(2026, 10, 25, 5),
  kind: 'payment',
  amount: -5n,
  balance: 12n,
  counterparty: null,
  counterpartyKind: 'individual',
  reference: 'r',
  returnOf: 'p',
  purpose: null,
  paymentReference: null,
}
const csvOf = (purpose: string | null) =>
  statementCsv({ currency: 'DT', openingBalance: 17n, entries: [{ ...entry, purpose }], cursor: 4, hasMore: false })

/** Rows of cells. */
function read(csv: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}

test('a page as it is', () => {
  expect(csvOf(null)).toBe(
    [
      'entry,at,kind,amount,balance,currency,counterparty,counterpartyKind,reference,returnOf,purpose,paymentReference',
      '3,,opening-balance,,17,DT,,,,,,',
      '4,2026-11-25T05:00:00.000Z,payment,-5,12,DT,,individual,r,p,,',
      '4,,closing-balance,,12,DT,,,,,,',
      '',
    ].join('\r\n'),
  )
})

test('a page that is not the whole says so in the place of a closing balance', () => {
  const cut = statementCsv({ currency: 'DT', openingBalance: 17n, entries: [entry], cursor: 4, hasMore: true })
  expect(read(cut).at(-1)?.slice(0, 5)).toEqual(['4', '', 'more-entries', '', ''])
})

test('a page without entries has the opening balance under the number that it goes on from', () => {
  const empty = statementCsv({ currency: 'KZT', openingBalance: 17n, entries: [], cursor: 9, hasMore: false })
  expect(read(empty)[1]?.slice(0, 5)).toEqual(['9', '', 'opening-balance', '', '17'])
  expect(read(empty)[2]?.slice(0, 5)).toEqual(['9', '', 'closing-balance', '', '17'])
})

test('any purpose comes back, behind an apostrophe where a spreadsheet would calculate', () => {
  const beginnings = ['=', '+', '-', '@', '\t=', ' =', '\r', '\uFF1D', '%', '"=', '', "'"]
  fc.assert(
    fc.property(fc.constantFrom(...beginnings), fc.string({ unit: 'grapheme' }), (beginning, rest) => {
      const purpose = beginning + rest
      const rows = read(csvOf(purpose))
      expect(rows).toHaveLength(4)
      const cell = rows[2]?.[10] ?? ''
      expect(cell === purpose || cell === `'${purpose}`).toBe(true)
      expect(cell).not.toMatch(/^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/)
    }),
  )
})
