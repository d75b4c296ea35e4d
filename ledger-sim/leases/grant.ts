/**
 * Grants a lease: one transfer from the agency's scheme account into escrow for everything the slots still allow, the
 * slots given to one terminal, and for each card of each beneficiary the till key sealed to that terminal
 * (money-rules.md, "Offline": a lease is escrow).
 */
import type { EncryptionJwk } from '../../src/sync/protocol/sealed-box.ts'
import { addTiyn, subtractTiyn, tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { countsOnCard } from '../../src/voucher/card-rules.ts'
import type { AnyScheme } from '../../src/voucher/scheme.ts'
import { slotIdOf } from '../../src/voucher/slot.ts'
import { isMerchantIn } from '../../src/voucher/where.ts'
import { openAccount } from '../accounts/accounts.ts'
import { availableIn, post, type Leg } from '../accounts/transfers.ts'
import { newId, type Work } from '../context.ts'
import { tellOfLeaseGranted } from '../feed/till-news.ts'
import { activationStanding } from '../schemes/activations.ts'
import { holdersOf } from '../schemes/beneficiaries.ts'
import { leasableCardsOf, type Card } from '../schemes/cards.ts'
import { sealedTillKeyOf } from './seal-anew.ts'
import { needSlot } from '../schemes/carrying.ts'
import { doWhatIsDue } from '../schemes/returning.ts'
import { placeOfMerchant } from '../schemes/merchants.ts'
import { findScheme, schemeAccountOf } from '../schemes/schemes.ts'
import { amountLeftIn, type SlotState } from '../schemes/slots.ts'
import { findTerminal, type Terminal } from '../terminals/terminals.ts'
import { escrowAccountOf, findLease, surrenderedBy } from './leases.ts'

export interface LeaseGrant {
  readonly terminalId: string
  readonly schemeId: string
  readonly beneficiaries: readonly string[]
  readonly periodIds: readonly string[]
  /** Milliseconds since 1970. */
  readonly sellUntil: number
  readonly presentUntil: number
}

/** Why one slot did not come into the lease. */
export type SlotLeftOut =
  | 'no_such_period'
  /** There is nothing to sell in it, and what it leaves may have passed on (schemes/carrying.ts). */
  | 'period_over'
  | 'not_entitled'
  | 'no_active_card'
  /** Its first payment has to be with network. */
  | 'not_activated'
  | 'leased_elsewhere'
  /** By this terminal, for good. */
  | 'surrendered'
  | 'allowance_used'
  | 'insufficient_funds'

export interface Granted {
  readonly kind: 'granted'
  readonly leaseId: string
  readonly amount: Tiyn
  readonly slots: number
  /** In the order asked: by period, then by beneficiary. */
  readonly leftOut: readonly { readonly beneficiary: string; readonly periodId: string; readonly reason: SlotLeftOut }[]
}

export type LeaseGranted =
  | Granted
  | { readonly kind: 'nothing_to_lease'; readonly leftOut: Granted['leftOut'] }
  | { readonly kind: 'refused'; readonly reason: LeaseRefusal }

export type LeaseRefusal =
  | 'no_such_terminal'
  | 'terminal_not_active'
  | 'no_such_scheme'
  | 'scheme_not_active'
  | 'merchant_not_allowed'
  | 'offline_not_allowed'
  /** Its tills get sums, by standing order. */
  | 'sold_from_pools'
  | 'deadlines_out_of_order'

/** What goes into the lease, found before anything moves. */
interface Candidate {
  readonly state: SlotState
  readonly amount: Tiyn
  /** The lease of the same terminal that it is taken over from. */
  readonly movedFrom: string | null
  readonly cards: readonly Card[]
}

/**
 * A slot that an earlier lease of the same terminal holds moves into the new one with its money, so that a month's
 * allowance can be leased day by day; presentments that name the old lease are paid from where the slot is.
 */
export async function grantLease(work: Work, grant: LeaseGrant): Promise<LeaseGranted> {
  const parties = await partiesOf(work, grant)
  if (parties.kind === 'refused') return parties
  const { terminal, scheme } = parties
  if (scheme.offline.policy === 'lease-pool') return { kind: 'refused', reason: 'sold_from_pools' }
  if (grant.sellUntil <= work.now || grant.presentUntil < grant.sellUntil)
    return { kind: 'refused', reason: 'deadlines_out_of_order' }
  await doWhatIsDue(work)

  const { candidates, leftOut } = await collect(work, scheme, grant)
  if (candidates.length === 0) return { kind: 'nothing_to_lease', leftOut }
  const leaseId = newId(work)
  const amount = addTiyn(...candidates.map((candidate) => candidate.amount))
  await fund(work, scheme, leaseId, candidates)
  await work.connection
    .insertInto('lease')
    .values({
      lease_id: leaseId,
      scheme_id: scheme.schemeId,
      terminal_id: terminal.terminalId,
      escrow_account: escrowAccountOf(leaseId),
      amount,
      sell_until: grant.sellUntil,
      present_until: await promisedUntil(work, grant.presentUntil, candidates),
      state: 'live',
      granted_at: work.now,
    })
    .execute()
  const sealed = new Map<string, string>()
  for (const candidate of candidates) {
    await giveSlot(work, leaseId, candidate)
    for (const card of candidate.cards) {
      const box = sealed.get(card.card) ?? sealedTillKeyOf(card, terminal.encryptionKey, leaseId, work.random)
      sealed.set(card.card, box)
      const of = { lease_id: leaseId, slot_id: candidate.state.slot.slotId, card: card.card, epoch: card.epoch }
      await work.connection
        .insertInto('lease_card')
        .values({ ...of, sealed_till_key: box })
        .execute()
    }
  }
  const slots = candidates.length
  const { schemeId, terminalId, sellUntil } = grant
  await tellOfLeaseGranted(work, { leaseId, schemeId, terminalId, amount, slots, sellUntil })
  return { kind: 'granted', leaseId, amount, slots, leftOut }
}

/**
 * What was sold under a former lease is paid from escrow for as long as that one promised: a slot that moves brings its
 * time along, and until then only a surrender frees it (money-rules.md, "Offline").
 */
async function promisedUntil(work: Work, asked: number, candidates: readonly Candidate[]): Promise<number> {
  let until = asked
  for (const former of new Set(candidates.map(({ movedFrom }) => movedFrom))) {
    const lease = former === null ? undefined : await findLease(work, former)
    until = Math.max(until, lease?.presentUntil ?? 0)
  }
  return until
}

export type Parties =
  | {
      readonly kind: 'parties'
      readonly terminal: Pick<Terminal, 'terminalId'> & { readonly encryptionKey: EncryptionJwk }
      readonly scheme: AnyScheme
    }
  | { readonly kind: 'refused'; readonly reason: LeaseRefusal }

/** The terminal and the scheme, if that one may sell for this one without the ledger. */
export async function partiesOf(
  work: Work,
  { terminalId, schemeId }: Pick<LeaseGrant, 'terminalId' | 'schemeId'>,
): Promise<Parties> {
  const terminal = await findTerminal(work, terminalId)
  if (terminal === undefined) return { kind: 'refused', reason: 'no_such_terminal' }
  const { status, encryptionKey, merchantId } = terminal
  if (status !== 'active' || encryptionKey === null) return { kind: 'refused', reason: 'terminal_not_active' }
  const scheme = await findScheme(work, schemeId)
  if (scheme === undefined) return { kind: 'refused', reason: 'no_such_scheme' }
  if (scheme.status !== 'active') return { kind: 'refused', reason: 'scheme_not_active' }
  if (!isMerchantIn(scheme, merchantId, await placeOfMerchant(work, merchantId)))
    return { kind: 'refused', reason: 'merchant_not_allowed' }
  // What cards hold themselves, no till does.
  if (scheme.offline.policy === 'deny' || countsOnCard(scheme))
    return { kind: 'refused', reason: 'offline_not_allowed' }
  return { kind: 'parties', terminal: { terminalId, encryptionKey }, scheme }
}

async function collect(
  work: Work,
  scheme: AnyScheme,
  grant: LeaseGrant,
): Promise<{ readonly candidates: readonly Candidate[]; readonly leftOut: Granted['leftOut'] }> {
  const given = await surrenderedBy(work, grant.terminalId)
  const asked: { readonly beneficiary: string; readonly periodId: string; readonly one: Candidate | SlotLeftOut }[] = []
  for (const periodId of new Set(grant.periodIds)) {
    for (const beneficiary of new Set(grant.beneficiaries)) {
      const isGiven = given.has(slotIdOf(scheme.schemeId, beneficiary, periodId))
      const one = isGiven ? 'surrendered' : await candidateOf(work, scheme, grant.terminalId, beneficiary, periodId)
      asked.push({ beneficiary, periodId, one })
    }
  }
  const candidates: Candidate[] = []
  const leftOut: { beneficiary: string; periodId: string; reason: SlotLeftOut }[] = []
  // What passed on to slots that a till holds has been paid out of it by now.
  let funds = tiyn((await availableIn(work, schemeAccountOf(scheme.schemeId))) ?? 0n)
  for (const { beneficiary, periodId, one } of asked) {
    if (typeof one === 'string') {
      leftOut.push({ beneficiary, periodId, reason: one })
      continue
    }
    const needed = one.movedFrom === null ? one.amount : zeroTiyn
    if (needed > funds) {
      leftOut.push({ beneficiary, periodId, reason: 'insufficient_funds' })
      continue
    }
    funds = subtractTiyn(funds, needed)
    candidates.push(one)
  }
  return { candidates, leftOut }
}

async function candidateOf(
  work: Work,
  scheme: AnyScheme,
  terminalId: string,
  beneficiary: string,
  periodId: string,
): Promise<Candidate | SlotLeftOut> {
  const cards = await payingCards(work, scheme, beneficiary)
  if (typeof cards === 'string') return cards
  const state = await needSlot(work, scheme, beneficiary, periodId)
  const period = scheme.periods.find((one) => one.periodId === periodId)
  if (state === undefined || period === undefined) return 'no_such_period'
  if (period.to <= work.now) return 'period_over'
  if (state.leaseId !== null) {
    const holding = await findLease(work, state.leaseId)
    if (holding?.terminalId !== terminalId) return 'leased_elsewhere'
  }
  const amount = amountLeftIn(state.slot)
  if (amount === 0n || state.slot.countSpent >= state.slot.countAllowed) return 'allowance_used'
  return { state, amount, movedFrom: state.leaseId, cards }
}

/** The cards by which the beneficiary may pay without the ledger, or why there are none. */
export async function payingCards(
  work: Work,
  scheme: AnyScheme,
  beneficiary: string,
): Promise<readonly Card[] | 'not_entitled' | 'no_active_card' | 'not_activated'> {
  const holders = await holdersOf(work, scheme.schemeId, beneficiary)
  if (holders.length === 0) return 'not_entitled'
  const cards: Card[] = []
  for (const holder of holders) cards.push(...(await leasableCardsOf(work, scheme, holder)))
  if (cards.length === 0) return 'no_active_card'
  return (await activationStanding(work, scheme, beneficiary)) === 'activated' ? cards : 'not_activated'
}

async function fund(work: Work, scheme: AnyScheme, leaseId: string, candidates: readonly Candidate[]): Promise<void> {
  const escrow = escrowAccountOf(leaseId)
  await openAccount(work, { accountId: escrow, currency: 'DT', kind: 'escrow', owner: scheme.agencyId, name: leaseId })
  const sources = Map.groupBy(candidates, (candidate) =>
    candidate.movedFrom === null ? schemeAccountOf(scheme.schemeId) : escrowAccountOf(candidate.movedFrom),
  )
  const legs = [...sources].map(([debit, taken]): Leg => {
    return {
      debit,
      credit: escrow,
      amount: addTiyn(...taken.map((candidate) => candidate.amount)),
      kind: 'lease-funding',
    }
  })
  const posted = await post(work, legs, leaseId)
  if (posted.kind === 'short') throw new Error(`${posted.account} no longer covers lease ${leaseId}`)
}

async function giveSlot({ connection }: Work, leaseId: string, { state, movedFrom }: Candidate): Promise<void> {
  const { slotId } = state.slot
  if (movedFrom !== null) {
    await connection
      .updateTable('lease_slot')
      .set({ state: 'moved' })
      .where('lease_id', '=', movedFrom)
      .where('slot_id', '=', slotId)
      .execute()
  }
  await connection
    .insertInto('lease_slot')
    .values({ lease_id: leaseId, slot_id: slotId, state: 'live', surrender_epoch: null, surrender_sequence: null })
    .execute()
  await connection.updateTable('slot').set({ lease_id: leaseId }).where('slot_id', '=', slotId).execute()
}
