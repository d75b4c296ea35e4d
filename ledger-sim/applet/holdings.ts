/**
 * What a card holds of a slot, and the money that lies in its escrow for it (docs/design/25, "What the ledger keeps").
 *
 * What a card may still be debited for is what it was given, less what was taken from it, less what it is known to have
 * debited. At least so much lies in its escrow, from the commit that signs the script on: a record that comes is paid.
 */
import { smallestTiyn, tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { openAccount } from '../accounts/accounts.ts'
import { post, type TransferKind } from '../accounts/transfers.ts'
import { newId, type Work } from '../context.ts'
import { schemeAccountOf } from '../schemes/schemes.ts'
import type { Allowance } from '../schemes/slots.ts'
import { statement } from '../store/statement.ts'

export interface Holding {
  readonly card: string
  readonly slotId: string
  readonly schemeId: string
  readonly loaded: Allowance
  readonly removed: Allowance
  readonly debited: Allowance
  readonly funds: Tiyn
  readonly maxPerSpend: bigint
  /** Null: never. */
  readonly pinAbove: bigint | null
  /** Whether a script takes it away, or has. */
  readonly isTakenAway: boolean
  readonly dueAt: number
  readonly state: 'open' | 'closed'
}

const holdingWith = statement((connection, { card, slotId }: { card: string; slotId: string }) =>
  connection.selectFrom('card_slot').selectAll().where('card', '=', card).where('slot_id', '=', slotId),
)

export async function findHolding({ connection }: Work, card: string, slotId: string): Promise<Holding | undefined> {
  const [row] = await holdingWith(connection, { card, slotId })
  return row === undefined ? undefined : holdingOf(row)
}

/** Of every card that was ever given some of it, open ones and closed, by card. */
export async function holdingsOfSlot({ connection }: Work, slotId: string): Promise<readonly Holding[]> {
  const rows = await connection
    .selectFrom('card_slot')
    .selectAll()
    .where('slot_id', '=', slotId)
    .orderBy('card')
    .execute()
  return rows.map(holdingOf)
}

/** Of one card, those that are not closed, by slot. */
export async function openHoldingsOf({ connection }: Work, card: string): Promise<readonly Holding[]> {
  const rows = await connection
    .selectFrom('card_slot')
    .selectAll()
    .where('card', '=', card)
    .where('state', '=', 'open')
    .orderBy('slot_id')
    .execute()
  return rows.map(holdingOf)
}

function holdingOf(row: {
  readonly card: string
  readonly slot_id: string
  readonly scheme_id: string
  readonly loaded_count: bigint
  readonly loaded_amount: bigint
  readonly removed_count: bigint
  readonly removed_amount: bigint
  readonly debited_count: bigint
  readonly debited_amount: bigint
  readonly funds: bigint
  readonly max_per_spend: bigint
  readonly pin_above: bigint | null
  readonly removed_by: bigint | null
  readonly due_at: bigint
  readonly state: 'open' | 'closed'
}): Holding {
  return {
    card: row.card,
    slotId: row.slot_id,
    schemeId: row.scheme_id,
    loaded: { count: Number(row.loaded_count), amount: tiyn(row.loaded_amount) },
    removed: { count: Number(row.removed_count), amount: tiyn(row.removed_amount) },
    debited: { count: Number(row.debited_count), amount: tiyn(row.debited_amount) },
    funds: tiyn(row.funds),
    maxPerSpend: row.max_per_spend,
    pinAbove: row.pin_above,
    isTakenAway: row.removed_by !== null,
    dueAt: Number(row.due_at),
    state: row.state,
  }
}

/** What the card may still be debited for, by all that the ledger knows. */
export function leftOn({ loaded, removed, debited }: Holding): Allowance {
  return {
    count: loaded.count - removed.count - debited.count,
    amount: tiyn(loaded.amount - removed.amount - debited.amount),
  }
}

/** What has to lie in the escrow for it. Also where no use is left: a void may give one back. */
export function coverOf(holding: Holding): Tiyn {
  return holding.state === 'closed' ? zeroTiyn : leftOn(holding).amount
}

/** What lies there beyond that: a void or a refund came back, or the card gave something up. */
export function freeIn(holding: Holding): Tiyn {
  return tiyn(holding.funds - coverOf(holding))
}

/** One account for the money of one scheme on one card: marked money stays apart. */
export async function escrowOf(work: Work, card: string, schemeId: string, agencyId: string): Promise<string> {
  const { connection } = work
  const known = await connection
    .selectFrom('card_escrow')
    .select('account_id')
    .where('card', '=', card)
    .where('scheme_id', '=', schemeId)
    .executeTakeFirst()
  if (known !== undefined) return known.account_id
  const accountId = `escrow.${newId(work)}`
  await openAccount(work, { accountId, currency: 'DT', kind: 'escrow', owner: agencyId, name: `card of ${schemeId}` })
  await connection.insertInto('card_escrow').values({ card, scheme_id: schemeId, account_id: accountId }).execute()
  return accountId
}

/** The account that was opened with the first load. */
export async function escrowOfHolding({ connection }: Work, { card, schemeId }: Holding): Promise<string> {
  const row = await connection
    .selectFrom('card_escrow')
    .select('account_id')
    .where('card', '=', card)
    .where('scheme_id', '=', schemeId)
    .executeTakeFirstOrThrow()
  return row.account_id
}

/** Of what lies in the escrow for it, so much is paid out, or has come in: whoever posts the leg says so here. */
export async function changeFunds({ connection }: Work, { card, slotId }: Holding, by: bigint): Promise<void> {
  await connection
    .updateTable('card_slot')
    .set((expression) => ({ funds: expression('funds', '+', by) }))
    .where('card', '=', card)
    .where('slot_id', '=', slotId)
    .execute()
}

/** One debit more of this card and slot. */
export async function countDebit({ connection }: Work, { card, slotId }: Holding, amount: Tiyn): Promise<void> {
  await connection
    .updateTable('card_slot')
    .set((expression) => ({
      debited_count: expression('debited_count', '+', 1n),
      debited_amount: expression('debited_amount', '+', amount),
    }))
    .where('card', '=', card)
    .where('slot_id', '=', slotId)
    .execute()
}

/** What lies there and covers nothing goes back to the scheme's account. @returns how much */
export async function giveBackFree(work: Work, holding: Holding): Promise<Tiyn> {
  const free = freeIn(holding)
  if (free === 0n) return free
  await moveFunds(work, holding, free, 'card-return')
  return free
}

/** @returns false where the scheme has not so much */
export async function moveFunds(
  work: Work,
  holding: Holding,
  amount: Tiyn,
  kind: Extract<TransferKind, 'card-funding' | 'card-return'>,
): Promise<boolean> {
  const [scheme, escrow] = [schemeAccountOf(holding.schemeId), await escrowOfHolding(work, holding)]
  const isFunding = kind === 'card-funding'
  const leg = isFunding
    ? { debit: scheme, credit: escrow, amount, kind }
    : { debit: escrow, credit: scheme, amount, kind }
  if ((await post(work, [leg], holding.slotId)).kind === 'short') {
    if (isFunding) return false
    throw new Error(`the escrow of a card does not hold what it says for ${holding.slotId}`)
  }
  await changeFunds(work, holding, isFunding ? amount : -amount)
  return true
}

/** By a receipt: never more than the card can have had by what the ledger knows. */
export async function countRemoved(work: Work, holding: Holding, said: Allowance): Promise<void> {
  const left = leftOn(holding)
  await work.connection
    .updateTable('card_slot')
    .set({
      removed_count: holding.removed.count + Math.max(0, Math.min(said.count, left.count)),
      removed_amount: holding.removed.amount + (left.amount > 0n ? smallestTiyn(said.amount, left.amount) : 0n),
    })
    .where('card', '=', holding.card)
    .where('slot_id', '=', holding.slotId)
    .execute()
}

/** Whether a card was given some of it and its sales may still come: then nothing else pays from this slot. */
export async function isOnCard({ connection }: Work, slotId: string): Promise<boolean> {
  const row = await connection
    .selectFrom('card_slot')
    .select('card')
    .where('slot_id', '=', slotId)
    .where('state', '=', 'open')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** The holding that paid a tender, where a card's record did and it is not closed: a return goes back there. */
export async function holdingOfTender(work: Work, tenderId: string): Promise<Holding | undefined> {
  const record = await work.connection
    .selectFrom('card_record')
    .select(['card', 'slot_id'])
    .where('tender_id', '=', tenderId)
    .where('standing', '=', 'counts')
    .executeTakeFirst()
  const holding = record === undefined ? undefined : await findHolding(work, record.card, record.slot_id)
  return holding?.state === 'open' ? holding : undefined
}
