/**
 * Takes shares back with a refund or a reversal, in the same set of legs: of each line round(share × refunded ÷ paid),
 * cumulatively, so that the last part gives the remainder (money-rules.md, "Marked money, VAT").
 */
import { z } from 'zod'
import { addTiyn, smallestTiyn, subtractTiyn, tiyn, tiynSchema, type Tiyn } from '../../src/voucher/money.ts'
import { roundedPart } from '../../src/voucher/proportion.ts'
import { availableIn, post, type Leg, type Posted } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import type { SharePart } from './share.ts'
import type { PaidAs, ReturnedAs } from './tables.ts'

/** What went back of a payment so far, this time included. */
export interface Progress {
  /** Of each line; of lines that nobody knows, nothing. */
  readonly byLine: ReadonlyMap<number, bigint>
  readonly amount: bigint
}

export interface TakenBack {
  readonly paidAs: PaidAs
  readonly paymentId: string
  readonly returnedAs: ReturnedAs
  /** The refund's id, or the payment's where it is reversed. */
  readonly returnId: string
  readonly payeeAccount: string
  /** What was paid. */
  readonly paid: Tiyn
  /** `all`: it is undone. */
  readonly progress: Progress | 'all'
}

export interface TakingBack {
  /** What the merchant can give back, with the shares that come back to it. */
  readonly available: Tiyn
  /** Books these legs together with those of the shares. Nothing is booked when it is short. */
  post(legs: readonly Leg[]): Promise<Posted>
}

/** Of a payment without shares it is just the merchant's money. */
export async function takingBack(work: Work, taken: TakenBack): Promise<TakingBack> {
  const { payeeAccount, returnId } = taken
  const own = tiyn((await availableIn(work, payeeAccount)) ?? 0n)
  const dues = await duesOf(work, taken)
  const toMerchant = await funded(
    work,
    dues.filter(({ giver }) => giver === payeeAccount),
    [],
  )
  return {
    available: addTiyn(own, ...toMerchant.map(({ now }) => now)),
    post: async (legs) => {
      const toOthers = await funded(
        work,
        dues.filter(({ giver }) => giver !== payeeAccount),
        legs,
      )
      const returns = [...toMerchant, ...toOthers]
      const posted = await post(work, [...returns.map(legOf), ...legs], returnId)
      if (posted.kind === 'posted') await keepReturns(work, taken, returns)
      return posted
    },
  }
}

interface Due {
  readonly shareId: string
  readonly giver: string
  readonly receiver: string
  readonly amount: Tiyn
}

interface Funded extends Due {
  /** What moves now; the rest is owed. */
  readonly now: Tiyn
}

async function duesOf({ connection }: Work, taken: TakenBack): Promise<readonly Due[]> {
  const { paidAs, paymentId, paid, progress } = taken
  const shares = await connection
    .selectFrom('rule_share')
    .select(['share_id', 'giver', 'receiver', 'amount', 'parts'])
    .where('payment_id', '=', paymentId)
    .where('paid_as', '=', paidAs)
    .where('amount', '>', 0n)
    .orderBy('rule_id')
    .execute()
  const dues: Due[] = []
  for (const { share_id: shareId, giver, receiver, amount, parts } of shares) {
    const rows = await connection.selectFrom('rule_return').select('amount').where('share_id', '=', shareId).execute()
    const before = addTiyn(...rows.map((row) => tiyn(row.amount)))
    const isWhole = progress === 'all' || progress.amount === paid
    const target = isWhole ? tiyn(amount) : returnedBy(partsSchema.parse(JSON.parse(parts)), progress)
    if (target > before) dues.push({ shareId, giver, receiver, amount: subtractTiyn(target, before) })
  }
  return dues
}

const partsSchema = z.array(
  z.strictObject({
    line: z.int().nullable(),
    taxClass: z.string().nullable(),
    base: tiynSchema,
    share: tiynSchema,
  }),
)

/** What of a share is to be back when that much of its payment is. It never falls as more goes back. */
export function returnedBy(parts: readonly SharePart[], progress: Progress): Tiyn {
  return addTiyn(
    ...parts
      .filter(({ base }) => base > 0n)
      .map(({ line, base, share }) => {
        const refunded = line === null ? progress.amount : (progress.byLine.get(line) ?? 0n)
        return roundedPart(share, refunded < base ? refunded : base, base)
      }),
  )
}

/** @param legs that are booked with it: what they bring an account, it can give */
async function funded(work: Work, dues: readonly Due[], legs: readonly Leg[]): Promise<readonly Funded[]> {
  const left = new Map<string, Tiyn>()
  const result: Funded[] = []
  for (const due of dues) {
    const { receiver } = due
    const available = left.get(receiver) ?? (await withLegs(work, receiver, legs))
    const now = smallestTiyn(due.amount, available)
    left.set(receiver, subtractTiyn(available, now))
    result.push({ ...due, now })
  }
  return result
}

async function withLegs(work: Work, account: string, legs: readonly Leg[]): Promise<Tiyn> {
  const own = tiyn((await availableIn(work, account)) ?? 0n)
  return addTiyn(own, ...legs.filter(({ credit }) => credit === account).map(({ amount }) => amount))
}

function legOf({ shareId, giver, receiver, now }: Funded): Leg {
  return { debit: receiver, credit: giver, amount: now, kind: 'rule-return', reference: shareId }
}

async function keepReturns(work: Work, { returnedAs, returnId }: TakenBack, returns: readonly Funded[]): Promise<void> {
  const { connection, now: at } = work
  for (const { shareId, giver, receiver, amount, now } of returns) {
    const ids = { share_id: shareId, returned_as: returnedAs, return_id: returnId }
    await connection
      .insertInto('rule_return')
      .values({ ...ids, amount, at })
      .execute()
    const owed = subtractTiyn(amount, now)
    if (owed === 0n) continue
    await connection
      .insertInto('rule_debt')
      .values({ ...ids, debtor: receiver, creditor: giver, amount: owed, at })
      .execute()
  }
}
