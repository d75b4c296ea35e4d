/**
 * A pool: a sum of money that one till may sell without the ledger, to whomever its standing order lists
 * (money-rules.md, "Offline": `lease-pool`; docs/design/23-pools.md). It is a lease whose escrow is there for the sum:
 * its slots are listed, so that the till knows their cards, and are held for nobody. There is one for each scheme of a
 * till. It lasts for as long as that till asks for its package, and is filled up each time.
 */
import { remainderTiyn, smallestTiyn, tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { unusedOf, type AnyScheme } from '../../src/voucher/scheme.ts'
import { slotIdOf, type Slot } from '../../src/voucher/slot.ts'
import { openAccount } from '../accounts/accounts.ts'
import { availableIn, post } from '../accounts/transfers.ts'
import { newId, type Work } from '../context.ts'
import { tellOfLeaseGranted } from '../feed/till-news.ts'
import { needSlot } from '../schemes/carrying.ts'
import { schemeAccountOf } from '../schemes/schemes.ts'
import { amountLeftIn } from '../schemes/slots.ts'
import { inRows } from '../store/in-rows.ts'
import { partiesOf, payingCards, type Parties } from './grant.ts'
import { escrowAccountOf, liveLeasesOf, surrenderedBy, type LeaseRow } from './leases.ts'
import { sealedTillKeyOf } from './seal-anew.ts'

export interface PoolOrder {
  readonly terminalId: string
  readonly schemeId: string
  /** What the till may sell without the ledger; zero ends the pool with its deadlines. */
  readonly sum: Tiyn
  readonly sellForMs: number
  readonly presentForMs: number
  readonly beneficiaries: readonly string[]
  readonly periodIds: readonly string[]
}

type Leased = Extract<Parties, { kind: 'parties' }>

/** Opens the till's pool or lengthens it, fills it up to its sum, and lists whom the order lists now. */
export async function renewPool(work: Work, order: PoolOrder): Promise<void> {
  const parties = await partiesOf(work, order)
  if (parties.kind === 'refused' || !isPoolDue(parties.scheme, order, work.now)) return
  const live = (await liveLeasesOf(work, order.terminalId)).find(
    (lease) => lease.isPool && lease.schemeId === order.schemeId,
  )
  const wanted = await wantedBy(work, order)
  const pool = live ?? (await openPool(work, parties, order, wanted))
  if (pool === undefined) return
  const isLengthened = live !== undefined && (await lengthen(work, live, order))
  const amount = await fillUp(work, pool, order.sum)
  const listed = await strikeOff(work, pool.leaseId, wanted)
  // Now and then all are looked at again: what passed on meanwhile, and cards that were blocked.
  const unlisted = isLengthened ? wanted : wanted.filter(({ slotId }) => !listed.has(slotId))
  const slots = await listSlots(work, parties, pool.leaseId, unlisted)
  if (live !== undefined) return
  const { leaseId, schemeId, terminalId, sellUntil } = pool
  await tellOfLeaseGranted(work, { leaseId, schemeId, terminalId, amount, slots, sellUntil })
}

/** After its last period, or the day on which its money returns, a scheme's pools run out. */
function isPoolDue(scheme: AnyScheme, { periodIds, sum }: PoolOrder, now: number): boolean {
  const unused = unusedOf(scheme)
  return periodIds.length > 0 && sum > 0n && !(unused.kind === 'returns' && unused.by <= now)
}

/** An empty pool would sell nothing, and one that lists nobody neither. */
async function openPool(
  work: Work,
  { scheme, terminal }: Leased,
  { schemeId, sellForMs, presentForMs }: PoolOrder,
  wanted: readonly Wanted[],
): Promise<LeaseRow | undefined> {
  const { terminalId } = terminal
  const isFunded = ((await availableIn(work, schemeAccountOf(schemeId))) ?? 0n) > 0n
  if (!isFunded || !(await isAnyoneListable(work, scheme, wanted))) return undefined
  const leaseId = newId(work)
  const escrowAccount = escrowAccountOf(leaseId)
  await openAccount(work, {
    accountId: escrowAccount,
    currency: 'DT',
    kind: 'escrow',
    owner: scheme.agencyId,
    name: leaseId,
  })
  const sellUntil = work.now + sellForMs
  const presentUntil = sellUntil + presentForMs
  await work.connection
    .insertInto('lease')
    .values({
      lease_id: leaseId,
      scheme_id: schemeId,
      terminal_id: terminalId,
      escrow_account: escrowAccount,
      amount: 0,
      sell_until: sellUntil,
      present_until: presentUntil,
      state: 'live',
      granted_at: work.now,
      kind: 'pool',
    })
    .execute()
  const terms = { leaseId, schemeId, terminalId, escrowAccount, sellUntil, presentUntil }
  return { ...terms, isPool: true, amount: 0n, state: 'live' }
}

/** Deadlines only ever move on: what the till was promised stays. @returns whether they moved */
async function lengthen(
  work: Work,
  { leaseId, sellUntil, presentUntil }: LeaseRow,
  { sellForMs, presentForMs }: PoolOrder,
): Promise<boolean> {
  if (sellUntil - work.now >= sellForMs / 2) return false
  const until = work.now + sellForMs
  await work.connection
    .updateTable('lease')
    .set({ sell_until: until, present_until: Math.max(presentUntil, until + presentForMs) })
    .where('lease_id', '=', leaseId)
    .execute()
  return true
}

/**
 * As far as the scheme's money goes. What was sold and has not come yet lies in the escrow, a part of the sum.
 *
 * @returns what was put in
 */
async function fillUp(work: Work, { leaseId, schemeId, escrowAccount }: LeaseRow, sum: Tiyn): Promise<Tiyn> {
  const lacking = remainderTiyn(sum, await leftIn(work, escrowAccount))
  const scheme = schemeAccountOf(schemeId)
  const amount = smallestTiyn(lacking, tiyn((await availableIn(work, scheme)) ?? 0n))
  if (amount === 0n) return amount
  const leg = { debit: scheme, credit: escrowAccount, amount, kind: 'lease-funding' } as const
  if ((await post(work, [leg], leaseId)).kind === 'short') throw new Error(`${scheme} gave less than it had`)
  await work.connection
    .updateTable('lease')
    .set((expression) => ({ amount: expression('amount', '+', amount) }))
    .where('lease_id', '=', leaseId)
    .execute()
  return amount
}

/** What lies in a pool's escrow. */
export async function leftIn(work: Work, escrowAccount: string): Promise<Tiyn> {
  return tiyn((await availableIn(work, escrowAccount)) ?? zeroTiyn)
}

/** What a scheme can still pay, but for what lies in pools. */
export interface BesidePool {
  readonly schemeId: string
  readonly canPay: Tiyn
}

/**
 * Of these slots' schemes that have lent the terminal a live pool: what each can pay by itself, where that is less than
 * the slot has left. No more than that is told of what an agency has.
 */
export async function besidePools(work: Work, terminalId: string, slots: readonly Slot[]): Promise<BesidePool[]> {
  const pools = (await liveLeasesOf(work, terminalId)).filter(({ isPool }) => isPool)
  const short: BesidePool[] = []
  for (const slot of slots) {
    const { schemeId } = slot
    if (!pools.some((pool) => pool.schemeId === schemeId)) continue
    const canPay = tiyn((await availableIn(work, schemeAccountOf(schemeId))) ?? 0n)
    if (canPay < amountLeftIn(slot)) short.push({ schemeId, canPay })
  }
  return short
}

interface Wanted {
  readonly beneficiary: string
  readonly periodId: string
  readonly slotId: string
}

/** What the order lists, without what its till gave up under a lease of slots before. */
async function wantedBy(work: Work, order: PoolOrder): Promise<readonly Wanted[]> {
  const { schemeId, terminalId, beneficiaries, periodIds } = order
  const given = await surrenderedBy(work, terminalId)
  const all = periodIds.flatMap((periodId) =>
    beneficiaries.map((beneficiary) => {
      const slotId = slotIdOf(schemeId, beneficiary, periodId)
      return { beneficiary, periodId, slotId }
    }),
  )
  return all.filter(({ slotId }) => !given.has(slotId))
}

/** Who is not wanted any more is known to the till no more. @returns the slots that stay on the list */
async function strikeOff({ connection }: Work, leaseId: string, wanted: readonly Wanted[]): Promise<Set<string>> {
  const rows = await connection
    .selectFrom('lease_slot')
    .select('slot_id')
    .where('lease_id', '=', leaseId)
    .where('state', '=', 'live')
    .execute()
  const stays = new Set(wanted.map(({ slotId }) => slotId))
  const slotIds = rows.map((row) => row.slot_id)
  const unwanted = slotIds.filter((slotId) => !stays.has(slotId))
  await inRows(unwanted, (some) =>
    connection
      .updateTable('lease_slot')
      .set({ state: 'closed' })
      .where('lease_id', '=', leaseId)
      .where('slot_id', 'in', some)
      .execute(),
  )
  return new Set(slotIds.filter((slotId) => stays.has(slotId)))
}

async function isAnyoneListable(work: Work, scheme: AnyScheme, wanted: readonly Wanted[]): Promise<boolean> {
  for (const { beneficiary } of wanted)
    if (typeof (await payingCards(work, scheme, beneficiary)) !== 'string') return true
  return false
}

/**
 * The till learns the cards of the slots. Who has none, or has to activate first, is looked at again next time.
 *
 * @returns how many slots are on the list for it
 */
async function listSlots(
  work: Work,
  { scheme, terminal }: Leased,
  leaseId: string,
  slots: readonly Wanted[],
): Promise<number> {
  const { connection } = work
  let count = 0
  for (const { beneficiary, periodId, slotId } of slots) {
    const cards = await payingCards(work, scheme, beneficiary)
    if (typeof cards === 'string') continue
    const state = await needSlot(work, scheme, beneficiary, periodId)
    if (state === undefined || state.leaseId !== null) continue
    await connection
      .insertInto('lease_slot')
      .values({ lease_id: leaseId, slot_id: slotId, state: 'live', surrender_epoch: null, surrender_sequence: null })
      .onConflict((conflict) => conflict.columns(['lease_id', 'slot_id']).doUpdateSet({ state: 'live' }))
      .execute()
    const of = { lease_id: leaseId, slot_id: slotId }
    const sealed = cards.map((card) => {
      const box = sealedTillKeyOf(card, terminal.encryptionKey, leaseId, work.random)
      return { ...of, card: card.card, sealed_till_key: box, epoch: card.epoch }
    })
    await inRows(sealed, (some) =>
      connection
        .insertInto('lease_card')
        .values(some)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    )
    count += 1
  }
  return count
}
