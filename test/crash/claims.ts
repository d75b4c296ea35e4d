/**
 * What the till and the cashier say of a chapter, for the checker to hold against cards, paper and ledger: the till's
 * account from its journal, after its last stop, and what the cashier saw on the screen. Claims, not evidence.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Journal } from '../../src/sync/journal/journal.ts'
import { termsHashOf, toJson } from '../../src/sync/protocol/canonical.ts'

export function writeClaims(tillFolder: string, seenFile: string, claimsFile: string): void {
  const journal = new Journal(join(tillFolder, 'journal.sqlite'), { now: () => 0 })
  try {
    const rows = [...journal.rows()].map(({ row }) => row)
    const tenders = rows.flatMap((row) => {
      if (row.kind !== 'tender_intent') return []
      const { tenderId, amount } = row.terms
      const state = journal.tender(tenderId)?.state ?? 'missing'
      return [{ tenderId, saleId: row.saleId, termsHash: termsHashOf(row.terms), amount, state }]
    })
    const sales = rows.flatMap((row) => {
      if (row.kind !== 'sale_frozen') return []
      const { saleId } = row.sale
      return [{ saleId, state: journal.sale(saleId)?.state ?? 'missing', total: row.total }]
    })
    const returned = new Set(rows.flatMap((row) => (row.kind === 'cash_returned' ? [row.tenderId] : [])))
    const cash = rows.flatMap((row) => {
      if (row.kind !== 'cash_taken') return []
      const { tenderId, saleId, amount } = row
      return [{ tenderId, saleId, amount, returned: returned.has(tenderId) }]
    })
    const begun = new Set(rows.flatMap((row) => (row.kind === 'receipt_started' ? [row.jobId] : [])))
    const printed = rows.flatMap((row) =>
      row.kind === 'receipt_requested' && begun.has(row.jobId) ? [row.saleId] : [],
    )
    const copies = rows.flatMap((row) => (row.kind === 'receipt_requested' && row.copy ? [row.saleId] : []))
    const seen = existsSync(seenFile) ? readFileSync(seenFile, 'utf8').split('\n').slice(0, -1) : []
    const cashier = seen.map((line) => JSON.parse(line) as unknown)
    const till = { tenders, sales, cash, printed: [...new Set(printed)], copies: [...new Set(copies)] }
    writeFileSync(claimsFile, toJson({ till, cashier }))
  } finally {
    journal.close()
  }
}
