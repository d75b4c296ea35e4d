/**
 * A statement as CSV (RFC 4180) for a spreadsheet. A first row holds the opening balance. The last one holds the
 * closing balance, or says that there is more: a list that was cut cannot be taken for the whole. Its number is the
 * cursor.
 */
import type { Statement } from './statement.ts'

const columns = [
  'entry',
  'at',
  'kind',
  'amount',
  'balance',
  'currency',
  'counterparty',
  'counterpartyKind',
  'reference',
  'returnOf',
  'purpose',
  'paymentReference',
] as const

/** With a header; lines end as RFC 4180 says. Amounts are tiyn, moments ISO 8601 in UTC. */
export function statementCsv({
  currency,
  openingBalance,
  entries,
  cursor,
  hasMore,
}: Statement & { readonly hasMore: boolean }): string {
  const opening: Row = {
    entry: (entries[0]?.entry ?? cursor + 1) - 1,
    kind: 'opening-balance',
    balance: openingBalance,
    currency,
  }
  const rows = entries.map((entry): Row => ({ ...entry, at: new Date(entry.at).toISOString(), currency }))
  const last: Row = hasMore
    ? { entry: cursor, kind: 'more-entries', currency }
    : { entry: cursor, kind: 'closing-balance', balance: entries.at(-1)?.balance ?? openingBalance, currency }
  return [columns, ...[opening, ...rows, last].map((row) => columns.map((column) => cell(row[column])))]
    .map((cells) => `${cells.join(',')}\r\n`)
    .join('')
}

type Row = { readonly [column in (typeof columns)[number]]?: string | number | bigint | null }

/** With or without white space before it; full-width forms count in some spreadsheets. */
const formula = /^[\s\u0000-\u0020\uFEFF]*[=+\-@|%\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/

/** Numbers are ours. Text that a spreadsheet would calculate begins with an apostrophe, which shows it as text. */
function cell(value: string | number | bigint | null | undefined): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'string') return String(value)
  const text = formula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
