/** What a voucher paid, line by line, by the decision that its tender stands on. */
import { saleHashOf, toJson } from '../../src/sync/protocol/canonical.ts'
import { authorisationSchema, presentmentSchema } from '../../src/sync/protocol/messages.ts'
import { addTiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import type { SaleSeen } from '../rules/shares.ts'
import type { SoldLine } from '../rules/share.ts'

interface PaidSale {
  readonly kind: string
  readonly lines: readonly SoldLine[]
}

/**
 * The sale as the rules see it, when its voucher pays. A presentment is what is paid where there is one: its
 * authorisation was refused then. Without lines where only a receipt proved it.
 */
export async function voucherSaleOf(work: Work, tenderId: string): Promise<SaleSeen> {
  const row = await work.connection
    .selectFrom('tender')
    .select(['terms', 'decided_at'])
    .where('tender_id', '=', tenderId)
    .executeTakeFirstOrThrow()
  const shown = row.terms === null ? [] : await paidSalesOf(work, tenderId, row.terms)
  const judged = shown.find(({ kind }) => kind === 'presentment') ?? shown[0]
  return { at: Number(row.decided_at ?? work.now), lines: judged?.lines ?? null }
}

/** In the order in which they were shown. What is of other terms, or of another sale than the terms name, is none. */
async function paidSalesOf({ connection }: Work, tenderId: string, terms: string): Promise<readonly PaidSale[]> {
  const rows = await connection
    .selectFrom('evidence')
    .select(['kind', 'content'])
    .where('tender_id', '=', tenderId)
    .where('kind', 'in', ['authorisation', 'presentment'])
    .orderBy('at')
    .execute()
  return rows.flatMap(({ kind, content }) => {
    const schema = kind === 'presentment' ? presentmentSchema : authorisationSchema
    const { terms: shown, evidence } = schema.parse(JSON.parse(content))
    const { decision, part, input } = evidence.record
    if (toJson(shown) !== terms || decision.verdict !== 'approve' || saleHashOf(input.sale) !== shown.saleHash)
      return []
    const sold = new Map(input.sale.lines.map((line) => [line.line, line]))
    const lines = (decision.parts[part]?.lines ?? []).flatMap(({ line, amount }) => {
      const known = sold.get(line)
      return known === undefined ? [] : [{ line, itemId: known.itemId, category: known.category, amount }]
    })
    if (addTiyn(...lines.map(({ amount }) => amount)) !== shown.amount) return []
    return [{ kind, lines }]
  })
}
