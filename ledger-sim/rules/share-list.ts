/** Which shares moved by a rule: for whoever wrote it, for the merchant whose sales they were, and for the auditor. */
import { z } from 'zod'
import { tiyn, tiynSchema, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import type { PaidAs } from './tables.ts'

export interface ListedShare {
  readonly shareId: string
  readonly paidAs: PaidAs
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
    .select(['share_id', 'paid_as', 'payment_id', 'rule_id', 'rule_version', 'merchant_id', 'amount'])
    .select(['outcome', 'parts', 'sale_at', 'at'])
    // Ids rise with time, but not within a millisecond: one that is still running is not read yet.
    .where('at', '<', BigInt(now))
    .orderBy('share_id')
    .limit(limit)
  if (after !== undefined) query = query.where('share_id', '>', after)
  if (role === 'merchant') {
    // Of a share that somebody else gives, a cashback say, it would learn whose client its customer is.
    const own = connection.selectFrom('account').select('account_id').where('owner', '=', owner)
    query = query.where('merchant_id', '=', owner).where('giver', 'in', own)
  } else if (role !== 'auditor' && role !== 'central-bank') {
    const own = connection.selectFrom('rule_version').select('rule_id').where('owner', '=', owner)
    query = query.where('rule_id', 'in', own)
  }
  const rows = await query.execute()
  const returned = await returnedOf(
    work,
    rows.map((row) => row.share_id),
  )
  return rows.map((row) => ({
    shareId: row.share_id,
    paidAs: row.paid_as,
    paymentId: row.payment_id,
    ruleId: row.rule_id,
    ruleVersion: Number(row.rule_version),
    merchantId: row.merchant_id,
    amount: tiyn(row.amount),
    returned: returned.get(row.share_id) ?? zeroTiyn,
    outcome: row.outcome,
    classes: byClass(row.parts),
    saleAt: Number(row.sale_at),
    at: Number(row.at),
  }))
}

async function returnedOf({ connection }: Work, shareIds: readonly string[]): Promise<ReadonlyMap<string, Tiyn>> {
  const sums = new Map<string, Tiyn>()
  if (shareIds.length === 0) return sums
  const rows = await connection
    .selectFrom('rule_return')
    .select(['share_id', 'amount'])
    .where('share_id', 'in', shareIds)
    .execute()
  for (const row of rows) sums.set(row.share_id, tiyn((sums.get(row.share_id) ?? zeroTiyn) + row.amount))
  return sums
}

interface ShareOfPayment extends Pick<ListedShare, 'amount' | 'returned' | 'classes'> {
  readonly receiver: string
}

/** Of a payment, by tax class, as its payer and its payee may see it. */
export async function sharesOfPayment(
  work: Work,
  paidAs: PaidAs,
  paymentId: string,
): Promise<readonly ShareOfPayment[]> {
  const rows = await work.connection
    .selectFrom('rule_share')
    .select(['share_id', 'amount', 'receiver', 'parts'])
    .where('payment_id', '=', paymentId)
    .where('paid_as', '=', paidAs)
    .orderBy('rule_id')
    .execute()
  const returned = await returnedOf(
    work,
    rows.map((row) => row.share_id),
  )
  return rows.map(({ share_id, amount, receiver, parts }) => {
    return { amount: tiyn(amount), returned: returned.get(share_id) ?? zeroTiyn, receiver, classes: byClass(parts) }
  })
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
