/** Migration 0015: tenders of before are known by their sale (docs/design/19-rules.md, "A payment by QR"). */
import { sql, type Kysely } from 'kysely'
import { inRows } from './in-rows.ts'

/** As many as are in memory at a time. */
const tendersAtOnce = 1_000

interface SoldTender {
  readonly tenderId: string
  readonly saleHash: string
}

/**
 * A voucher's sale stands in its terms, a QR's in its request; a tombstone has neither. The terms are JSON, for which
 * each database has functions of its own: they are read here.
 */
export async function nameSalesOfTenders(database: Kysely<unknown>): Promise<void> {
  await sql`update tender set sale_hash = (
      select request.sale_hash from payment_request request where request.tender_id = tender.tender_id)`.execute(
    database,
  )
  for (let after = ''; ;) {
    const { rows } = await sql<{ readonly tender_id: string; readonly terms: string }>`
      select tender_id, terms from tender where tender_id > ${after} and terms is not null
      order by tender_id limit ${tendersAtOnce}`.execute(database)
    const last = rows.at(-1)
    if (last === undefined) return
    await inRows(rows.flatMap(soldBy), (some) => nameSales(database, some))
    after = last.tender_id
  }
}

function soldBy({ tender_id: tenderId, terms }: { readonly tender_id: string; readonly terms: string }): SoldTender[] {
  const { saleHash } = JSON.parse(terms) as { readonly saleHash?: unknown }
  return typeof saleHash === 'string' ? [{ tenderId, saleHash }] : []
}

/** One statement for many: each is prepared anew, and a ledger may have a hundred thousand tenders. */
async function nameSales(database: Kysely<unknown>, sold: readonly SoldTender[]): Promise<void> {
  const each = sold.map(({ tenderId, saleHash }) => sql`when ${tenderId} then ${saleHash}`)
  const ids = sold.map(({ tenderId }) => tenderId)
  await sql`update tender set sale_hash = case tender_id ${sql.join(each, sql` `)} end
    where tender_id in (${sql.join(ids)})`.execute(database)
}
