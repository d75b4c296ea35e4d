/**
 * Pending transfers: money set aside until it is posted, wholly or in part, voided, or its time runs out. A hold
 * resolves once (money-rules.md, "Words" and "Offline": a lease is therefore no hold).
 */
import type { Tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import { availableIn, post, type Leg, type Posted } from './transfers.ts'

export interface NewHold {
  readonly holdId: string
  readonly debit: string
  readonly credit: string
  readonly amount: Tiyn
  /** Milliseconds since 1970; from then on the money is free again. */
  readonly expiresAt: number
  readonly reference: string
}

export async function placeHold(work: Work, hold: NewHold): Promise<Posted> {
  const available = await availableIn(work, hold.debit)
  if (available !== null && available < hold.amount) return { kind: 'short', account: hold.debit }
  await work.connection
    .insertInto('hold')
    .values({
      hold_id: hold.holdId,
      debit: hold.debit,
      credit: hold.credit,
      amount: hold.amount,
      posted: 0,
      state: 'pending',
      expires_at: hold.expiresAt,
      reference: hold.reference,
    })
    .execute()
  return { kind: 'posted' }
}

export type HoldResolved =
  | 'resolved'
  | 'not_found'
  /** Posted, voided or expired before. */
  | 'not_pending'
  | 'amount_above_hold'

/**
 * Moves `amount` of the held money and frees the rest.
 *
 * @param besides legs that are booked in the same set: their givers must have the money
 */
export async function postHold(
  work: Work,
  holdId: string,
  amount: Tiyn,
  besides: readonly Leg[] = [],
): Promise<HoldResolved> {
  const hold = await work.connection.selectFrom('hold').selectAll().where('hold_id', '=', holdId).executeTakeFirst()
  if (hold === undefined) return 'not_found'
  if (hold.state !== 'pending') return 'not_pending'
  if (hold.expires_at <= BigInt(work.now)) {
    await close(work, holdId, 'expired', 0n)
    return 'not_pending'
  }
  if (amount > hold.amount) return 'amount_above_hold'
  // Closed first: the money that was set aside is what pays.
  await close(work, holdId, 'posted', amount)
  const posted = await post(
    work,
    [{ debit: hold.debit, credit: hold.credit, amount, kind: 'hold-post' }, ...besides],
    hold.reference,
  )
  if (posted.kind === 'short') throw new Error(`hold ${holdId} was not covered`)
  return 'resolved'
}

export async function voidHold(work: Work, holdId: string): Promise<HoldResolved> {
  const hold = await work.connection
    .selectFrom('hold')
    .select(['state', 'expires_at'])
    .where('hold_id', '=', holdId)
    .executeTakeFirst()
  if (hold === undefined) return 'not_found'
  if (hold.state !== 'pending') return 'not_pending'
  if (hold.expires_at <= BigInt(work.now)) {
    await close(work, holdId, 'expired', 0n)
    return 'not_pending'
  }
  await close(work, holdId, 'voided', 0n)
  return 'resolved'
}

async function close(
  work: Work,
  holdId: string,
  state: 'posted' | 'voided' | 'expired',
  posted: bigint,
): Promise<void> {
  await work.connection.updateTable('hold').set({ state, posted }).where('hold_id', '=', holdId).execute()
}

/**
 * What is set aside of accounts now, tiyn; an account of which nothing is has no entry.
 *
 * @param accounts which are asked about; all when none are named
 */
export async function heldIn(
  { connection, now }: Work,
  accounts?: readonly { readonly accountId: string }[],
): Promise<ReadonlyMap<string, bigint>> {
  const pending = connection
    .selectFrom('hold')
    .select(['debit', 'amount'])
    .where('state', '=', 'pending')
    .where('expires_at', '>', BigInt(now))
  const rows =
    accounts === undefined
      ? await pending.execute()
      : await inLists(accounts, (some) =>
          pending
            .where(
              'debit',
              'in',
              some.map(({ accountId }) => accountId),
            )
            .execute(),
        )
  const held = new Map<string, bigint>()
  for (const { debit, amount } of rows) held.set(debit, (held.get(debit) ?? 0n) + amount)
  return held
}

/** As long as a statement may be. */
const listMax = 500

async function inLists<One, Row>(
  all: readonly One[],
  read: (some: readonly One[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (let next = 0; next < all.length; next += listMax) rows.push(...(await read(all.slice(next, next + listMax))))
  return rows
}
