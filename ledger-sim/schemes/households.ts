/**
 * A household is one beneficiary of a scheme with several holders, each with cards of their own. The slot is the
 * beneficiary's, so that all of them use one allowance (docs/adr/0027-households.md).
 *
 * Two strangers who share an allowance by a slip of an officer would be found by nobody, so joining names two things
 * that must fit each other: the beneficiary, and a holder who is in it already.
 */
import { sealNewCard } from '../leases/seal-anew.ts'
import { isUnsafeFor } from '../applet/pairs.ts'
import type { Work } from '../context.ts'
import { announcePackage } from '../terminals/events.ts'
import { beneficiaryOf, endEntitlement, holdersOf, insertEntitlement, type Entitlement } from './beneficiaries.ts'
import { leasableCardsOf } from './cards.ts'
import { leaveGroups } from './groups.ts'
import { findScheme } from './schemes.ts'

/** Every one's cards travel to the till that holds the slot. */
const holdersMax = 16

export type Joined =
  | { readonly kind: 'done'; readonly arrival: 'created' | 'exists'; readonly holders: number }
  | { readonly kind: 'exists_with_different_terms' }
  | { readonly kind: 'not_a_member' }
  | { readonly kind: 'household_full' }
  /** Two of its cards would each hold the allowance. */
  | { readonly kind: 'unsafe' }

/**
 * The holder uses the beneficiary's allowance from now on, off line too where a till holds the slot, as soon as it has
 * synced. Who is another beneficiary of the scheme has an allowance of their own, which must end first.
 *
 * @param member a holder who is in the household
 */
export async function joinHousehold(work: Work, joining: Entitlement, member: string): Promise<Joined> {
  const { schemeId, beneficiary, holder } = joining
  const present = await beneficiaryOf(work, schemeId, holder)
  if (present !== undefined && present !== beneficiary) return { kind: 'exists_with_different_terms' }
  const holders = await holdersOf(work, schemeId, beneficiary)
  if (present === beneficiary) return { kind: 'done', arrival: 'exists', holders: holders.length }
  if (!holders.includes(member)) return { kind: 'not_a_member' }
  if (holders.length >= holdersMax) return { kind: 'household_full' }
  await insertEntitlement(work, joining)
  if (await isUnsafeFor(work, schemeId, beneficiary)) return { kind: 'unsafe' }
  const scheme = await findScheme(work, schemeId)
  if (scheme === undefined) throw new Error(`scheme ${schemeId} vanished`)
  for (const { card } of await leasableCardsOf(work, scheme, holder)) await sealNewCard(work, card)
  return { kind: 'done', arrival: 'created', holders: holders.length + 1 }
}

export type Left =
  | { readonly kind: 'done'; readonly arrival: 'created' | 'exists'; readonly holders: number }
  | { readonly kind: 'not_found' }

/**
 * Ends what the holder is entitled to under that pseudonym, in a household or alone. On line the holder's cards pay
 * nothing of it any more; a till that holds the slot hears of it and has the keys no longer in its next package. What
 * it sold until then is paid as a sale to a card that was blocked meanwhile (payments/who-pays.ts).
 */
export async function leave(work: Work, leaving: Entitlement): Promise<Left> {
  const ended = await endEntitlement(work, leaving)
  if (ended === 'not_found') return { kind: 'not_found' }
  if (ended === 'ended')
    for (const terminalId of await tillsWithKeysOf(work, leaving)) await announcePackage(work, terminalId)
  const holders = await holdersOf(work, leaving.schemeId, leaving.beneficiary)
  if (holders.length === 0) await leaveGroups(work, leaving.schemeId, leaving.beneficiary)
  return { kind: 'done', arrival: ended === 'ended' ? 'created' : 'exists', holders: holders.length }
}

/** Tills whose packages open a slot of the beneficiary for a card of the holder. */
async function tillsWithKeysOf(
  { connection, now }: Work,
  { schemeId, beneficiary, holder }: Entitlement,
): Promise<readonly string[]> {
  const rows = await connection
    .selectFrom('card')
    .innerJoin('lease_card', 'lease_card.card', 'card.card')
    .innerJoin('slot', 'slot.slot_id', 'lease_card.slot_id')
    .innerJoin('lease', 'lease.lease_id', 'lease_card.lease_id')
    .select('lease.terminal_id')
    .distinct()
    .where('card.holder', '=', holder)
    .where('card.exposed_at', 'is', null)
    .where('slot.scheme_id', '=', schemeId)
    .where('slot.beneficiary', '=', beneficiary)
    .where('lease.state', '=', 'live')
    .where((row) => row.or([row('slot.lease_id', '=', row.ref('lease.lease_id')), row('lease.kind', '=', 'pool')]))
    .where('lease.sell_until', '>', BigInt(now))
    .orderBy('lease.terminal_id')
    .execute()
  return rows.map((row) => row.terminal_id)
}
