/** Which shares moved by a rule: for whoever wrote it, for the merchant whose sales they were, and for the auditor. */
import { z } from 'zod'
import { tiyn, tiynSchema, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'

export interface ListedShare {
  readonly shareId: string
  readonly paymentId: string
  readonly ruleId: string
  readonly ruleVersion: number
  readonly merchantId: string
  readonly amount: Tiyn
  /** What of it went back, or is owed. */
  readonly returned: Tiyn
  readonly outcome: 'split' | 'no_lines'
  /** Bases and shares summed by tax class; null where the rule has none. */
  readonly classes: readonly { readonly taxClass: string | null; readonly base: Tiyn; readonly share: Tiyn }[]
  readonly saleAt: number
  readonly at: number
}

/** Who paid is nobody's business here: neither payers nor lines are told. */
export async function listShares(
  work: Work,
  { role, owner }: Caller,
  after: string | undefined,
  limit: number,
): Promise<readonly ListedShare[]> {
  const { connection, now } = work
  let query = connection
    .selectFrom('rule_share')
    .leftJoin('rule_return', 'rule_return.share_id', 'rule_share.share_id')
    .select(['rule_share.share_id', 'payment_id', 'rule_id', 'rule_version', 'merchant_id', 'rule_share.amount'])
    .select(['outcome', 'parts', 'sale_at', 'rule_share.at'])
    .select((expression) => expression.fn.sum<bigint | null>('rule_return.amount').as('returned'))
    // Ids rise with time, but not within a millisecond: one that is still running is not read yet.
    .where('rule_share.at', '<', BigInt(now))
    .groupBy(['rule_share.share_id', 'payment_id', 'rule_id', 'rule_version', 'merchant_id', 'rule_share.amount'])
    .groupBy(['outcome', 'parts', 'sale_at', 'rule_share.at'])
    .orderBy('rule_share.share_id')
    .limit(limit)
  if (after !== undefined) query = query.where('rule_share.share_id', '>', after)
  if (role === 'merchant') query = query.where('merchant_id', '=', owner)
  else if (role !== 'auditor' && role !== 'central-bank') {
    const own = connection.selectFrom('rule_version').select('rule_id').where('owner', '=', owner)
    query = query.where('rule_id', 'in', own)
  }
  return (await query.execute()).map((row) => ({
    shareId: row.share_id,
    paymentId: row.payment_id,
    ruleId: row.rule_id,
    ruleVersion: Number(row.rule_version),
    merchantId: row.merchant_id,
    amount: tiyn(row.amount),
    returned: tiyn(row.returned ?? 0n),
    outcome: row.outcome,
    classes: byClass(row.parts),
    saleAt: Number(row.sale_at),
    at: Number(row.at),
  }))
}

/** Of a payment, by tax class, as its payer and its payee may see it. */
export async function sharesOfPayment(
  { connection }: Work,
  paymentId: string,
): Promise<
  readonly (Pick<ListedShare, 'ruleId' | 'amount' | 'returned' | 'classes'> & { readonly receiver: string })[]
> {
  const rows = await connection
    .selectFrom('rule_share')
    .select(['share_id', 'rule_id', 'amount', 'receiver', 'parts'])
    .where('payment_id', '=', paymentId)
    .orderBy('rule_id')
    .execute()
  const listed = []
  for (const { share_id, rule_id: ruleId, amount, receiver, parts } of rows) {
    const back = await connection.selectFrom('rule_return').select('amount').where('share_id', '=', share_id).execute()
    const returned = tiyn(back.reduce((sum, row) => sum + row.amount, 0n))
    listed.push({ ruleId, amount: tiyn(amount), returned, receiver, classes: byClass(parts) })
  }
  return listed
}

const partsSchema = z.array(z.object({ taxClass: z.string().nullable(), base: tiynSchema, share: tiynSchema }))

function byClass(parts: string): ListedShare['classes'] {
  const groups = Map.groupBy(partsSchema.parse(JSON.parse(parts)), ({ taxClass }) => taxClass)
  return [...groups].map(([taxClass, own]) => ({
    taxClass,
    base: own.reduce((sum, { base }) => tiyn(sum + base), zeroTiyn),
    share: own.reduce((sum, { share }) => tiyn(sum + share), zeroTiyn),
  }))
}
