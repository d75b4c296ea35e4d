/**
 * Pools: a sum at one till, for whomever its agency's order lists, of whom no slot is held for it
 * (docs/design/23-pools.md). What such a sale is paid from is in `vouchers.ts`.
 */
import { isActivated } from './activations.ts'
import { needSlot } from './carrying.ts'
import { cardsFor, openEscrow } from './leases.ts'
import { isMerchantIn } from './places.ts'
import { accountOfScheme, escrowOf, holding, slotIdOf } from './slots.ts'
import { available, least, meet, most, mustMove, need, type Lease, type Policy, type Whole } from './state.ts'

interface Wanted {
  readonly beneficiary: string
  readonly period: string
}

/** Opens the till's pool or lets it last longer, fills it up, and lists whom the order lists now. */
export function renewPool(whole: Whole, policy: Policy, sum: bigint, periods: readonly string[]): void {
  if (sum === 0n || periods.length === 0 || hasEnded(whole, policy)) return
  const wanted = wantedBy(whole, policy, periods)
  const live = [...whole.leases].find(
    ([, { scheme, till, isPool, isClosed }]) => isPool && !isClosed && scheme === policy.scheme && till === policy.till,
  )
  const [leaseId, pool] = live ?? open(whole, policy, wanted) ?? []
  if (leaseId === undefined || pool === undefined) return
  const isLonger = live !== undefined && lasts(whole, pool, policy)
  fill(whole, leaseId, pool, sum)
  list(whole, pool, wanted, isLonger)
}

/** Where the merchant has moved away, or the money goes back by now, it runs out. */
function hasEnded(whole: Whole, { scheme: schemeId, till }: Policy): boolean {
  const scheme = need(whole.schemes, schemeId)
  const returnsBy = scheme.states.at(-1)?.returnsBy ?? null
  const isOver = returnsBy !== null && returnsBy <= whole.now
  const isOut = !isMerchantIn(whole, scheme, need(whole.tills, till).merchant)
  if (isOver) meet(whole, 'no pool is filled of money that returns')
  if (isOut) meet(whole, 'no pool is filled where the merchant has moved away')
  return isOver || isOut
}

/** Who may buy without network has a card, and has activated. */
const canBuy = (whole: Whole, scheme: string, beneficiary: string): boolean =>
  cardsFor(whole, scheme, beneficiary).size > 0 && isActivated(whole, scheme, beneficiary)

/** Whom the order is about, but for slots that this till once gave up. */
function wantedBy(whole: Whole, policy: Policy, periods: readonly string[]): ReadonlyMap<string, Wanted> {
  const everybody = whole.entitled.filter(({ scheme, endedAt }) => scheme === policy.scheme && endedAt === null)
  const named = policy.beneficiaries ?? everybody.map(({ beneficiary }) => beneficiary)
  const { surrendered } = need(whole.tills, policy.till)
  const all = periods.flatMap((period) =>
    named.map((beneficiary) => [slotIdOf(policy.scheme, beneficiary, period), { beneficiary, period }] as const),
  )
  return new Map(all.filter(([slotId]) => !surrendered.has(slotId)))
}

/** None where the scheme has nothing, or nobody could buy. */
function open(whole: Whole, policy: Policy, wanted: ReadonlyMap<string, Wanted>): [string, Lease] | undefined {
  const { scheme, till, sellForMs, presentForMs } = policy
  const isAnybody = [...wanted.values()].some(({ beneficiary }) => canBuy(whole, scheme, beneficiary))
  if (!isAnybody || available(whole, accountOfScheme(scheme)) <= 0n) {
    meet(whole, isAnybody ? 'no pool is opened without money' : 'no pool is opened for nobody')
    return undefined
  }
  const sellUntil = whole.now + sellForMs
  const leaseId = openEscrow(whole, need(whole.schemes, scheme))
  const terms = { scheme, till, isPool: true, sellUntil, presentUntil: sellUntil + presentForMs }
  const pool: Lease = { ...terms, grantedAt: whole.now, isClosed: false, slots: new Map() }
  whole.leases.set(leaseId, pool)
  meet(whole, 'a pool is opened')
  return [leaseId, pool]
}

/** What a till was promised is never made shorter. */
function lasts(whole: Whole, pool: Lease, { sellForMs, presentForMs }: Policy): boolean {
  if (2 * (pool.sellUntil - whole.now) >= sellForMs) return false
  meet(whole, pool.sellUntil < whole.now ? 'a pool that was over for selling is lengthened' : 'a pool is lengthened')
  pool.sellUntil = whole.now + sellForMs
  pool.presentUntil = Math.max(pool.presentUntil, pool.sellUntil + presentForMs)
  return true
}

/** Nothing is taken out of a pool that has more than its sum by now. */
function fill(whole: Whole, leaseId: string, { scheme, grantedAt }: Lease, sum: bigint): void {
  const lacks = most(sum - available(whole, escrowOf(leaseId)), 0n)
  const amount = least(lacks, available(whole, accountOfScheme(scheme)))
  if (amount < lacks) meet(whole, 'a pool is filled as far as the money of its scheme goes')
  if (amount > 0n && grantedAt < whole.now) meet(whole, 'a pool is filled up')
  mustMove(whole, [accountOfScheme(scheme), escrowOf(leaseId), amount])
}

/** @param isAnew whether those who are on the list are looked at as well */
function list(whole: Whole, { scheme, slots }: Lease, wanted: ReadonlyMap<string, Wanted>, isAnew: boolean): void {
  for (const [slotId, { state, cards }] of slots) {
    if (state !== 'live' || wanted.has(slotId)) continue
    slots.set(slotId, { state: 'closed', ...(cards !== undefined && { cards }) })
    meet(whole, 'a pool knows somebody no more')
  }
  for (const [slotId, { beneficiary, period }] of wanted) {
    const known = slots.get(slotId)
    if (known?.state === 'live' && !isAnew) continue
    const cards = cardsFor(whole, scheme, beneficiary)
    if (cards.size > 0 && !isActivated(whole, scheme, beneficiary)) meet(whole, 'a pool lists nobody before activation')
    if (!canBuy(whole, scheme, beneficiary)) continue
    if (needSlot(whole, scheme, beneficiary, period) === undefined) continue
    if (holding(whole, slotId) !== undefined) continue
    slots.set(slotId, { state: 'live', cards: new Set([...(known?.cards ?? []), ...cards]) })
  }
}
