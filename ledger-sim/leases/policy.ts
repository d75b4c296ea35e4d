/**
 * The agency's standing order for a till: whose slots it holds, or from what sum it sells to whom, for how long. Asked
 * whenever the terminal asks for a package, so that a till that syncs can always sell today and in the next periods.
 */
import { z } from 'zod'
import { ownSchemeSchema } from '../http/request-fields.ts'
import { nameSchema, pseudonymSchema } from '../../src/voucher/identifiers.ts'
import { tiynSchema } from '../../src/voucher/money.ts'
import type { AnyScheme } from '../../src/voucher/scheme.ts'
import { slotIdOf } from '../../src/voucher/slot.ts'
import type { Work } from '../context.ts'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { firstBeneficiaries } from '../schemes/beneficiaries.ts'
import { membersOf, unknownGroups } from '../schemes/groups.ts'
import { findScheme } from '../schemes/schemes.ts'
import { findSlots } from '../schemes/slots.ts'
import { grantLease } from './grant.ts'
import { liveLeasesOf } from './leases.ts'
import { renewPool } from './pools.ts'
import { statement } from '../store/statement.ts'

/** The most that one standing order, or one lease by hand, is about: a school. */
const beneficiariesMost = 5_000

/** Whose slots: some by name, those who are in some groups, or both, or everybody's. At least one says something. */
export const leasedToSchema = z.strictObject({
  beneficiaries: z.array(pseudonymSchema).min(1).max(beneficiariesMost).optional().describe('Some by name.'),
  groups: z.array(nameSchema).min(1).max(50).optional().describe('Those who are in these groups at that time.'),
  everybody: z.literal(true).optional().describe('Of the scheme, at each time: the first five thousand by pseudonym.'),
})
export type LeasedTo = z.infer<typeof leasedToSchema>

export const leasePolicySchema = z.strictObject({
  terminalId: nameSchema.describe('The till that is to hold them.'),
  schemeId: ownSchemeSchema,
  ...leasedToSchema.shape,
  // money-rules.md, "Offline": default 24 h, never above 72 h.
  sellForMs: z
    .int()
    .min(60_000)
    .max(72 * 3_600_000)
    .describe('How long the till may sell under one lease, ms.'),
  presentForMs: z
    .int()
    .min(0)
    .max(90 * 24 * 3_600_000)
    .describe('How long after that it may present what it sold, ms.'),
  periods: z
    .int()
    .min(1)
    .max(31)
    .describe(
      'How many periods, the present or coming one first; one that begins while the lease is sold from is always in.',
    ),
  pool: z
    .strictObject({ sum: tiynSchema })
    .optional()
    .describe(
      'Of a scheme whose policy is `lease-pool`, and only there: up to what sum the pool is filled. Zero ends it.',
    ),
})
export type LeasePolicy = z.infer<typeof leasePolicySchema>

/** Each once: those named in their order, then those in the groups now. Everybody is in order of pseudonym. */
export async function beneficiariesOf(work: Work, schemeId: string, of: LeasedTo): Promise<readonly string[]> {
  if (of.everybody === true) return firstBeneficiaries(work, schemeId, beneficiariesMost)
  return [...new Set([...(of.beneficiaries ?? []), ...(await membersOf(work, schemeId, of.groups ?? []))])]
}

export type Misaddressed =
  | { readonly kind: 'names_nobody' }
  | { readonly kind: 'no_such_group'; readonly groups: readonly string[] }
  | { readonly kind: 'too_many'; readonly most: number }

/** What is wrong with whom an order or a lease is for, if something is. A group that is empty may fill. */
export async function misaddressed(work: Work, schemeId: string, of: LeasedTo): Promise<Misaddressed | undefined> {
  if (of.beneficiaries === undefined && of.groups === undefined && of.everybody === undefined)
    return { kind: 'names_nobody' }
  const groups = await unknownGroups(work, schemeId, of.groups ?? [])
  if (groups.length > 0) return { kind: 'no_such_group', groups }
  const all = await beneficiariesOf(work, schemeId, of)
  return all.length > beneficiariesMost ? { kind: 'too_many', most: beneficiariesMost } : undefined
}

/** The standing orders that name the group. */
export async function policiesNaming(
  { connection }: Work,
  schemeId: string,
  groupId: string,
): Promise<readonly LeasePolicy[]> {
  const rows = await connection
    .selectFrom('lease_policy')
    .select('content')
    .where('scheme_id', '=', schemeId)
    .orderBy('terminal_id')
    .execute()
  return rows
    .map((row) => leasePolicySchema.parse(JSON.parse(row.content)))
    .filter((policy) => policy.groups?.includes(groupId) === true)
}

/** What the order is of does not fit how the scheme sells without the ledger; undefined where it does. */
export function unfitOrder({ offline }: AnyScheme, { pool }: LeasePolicy): string | undefined {
  if (offline.policy === 'card') return 'its cards hold the allowance: nothing is lent to tills'
  if (offline.policy === 'lease-pool' && pool === undefined) return 'the scheme sells from pools: say the pool’s sum'
  if (offline.policy !== 'lease-pool' && pool !== undefined) return 'the scheme sells from no pool'
  return undefined
}

export async function setLeasePolicy({ connection }: Work, policy: LeasePolicy): Promise<void> {
  const content = toJson(policy)
  await connection
    .insertInto('lease_policy')
    .values({ terminal_id: policy.terminalId, scheme_id: policy.schemeId, content })
    .onConflict((conflict) => conflict.columns(['terminal_id', 'scheme_id']).doUpdateSet({ content }))
    .execute()
}

const policiesOfTerminal = statement((connection, { terminalId }: { terminalId: string }) =>
  connection.selectFrom('lease_policy').select('content').where('terminal_id', '=', terminalId).orderBy('scheme_id'),
)

/** The terminal's standing orders, by scheme id. */
export async function leasePoliciesOf({ connection }: Work, terminalId: string): Promise<readonly LeasePolicy[]> {
  const rows = await policiesOfTerminal(connection, { terminalId })
  return rows.map((row) => leasePolicySchema.parse(JSON.parse(row.content)))
}

/** Grants what the terminal's policies want and it does not hold for half of `sellForMs` more. */
export async function renewLeases(work: Work, terminalId: string): Promise<void> {
  for (const policy of await leasePoliciesOf(work, terminalId)) await renew(work, policy)
}

async function renew(work: Work, policy: LeasePolicy): Promise<void> {
  const scheme = await findScheme(work, policy.schemeId)
  if (scheme === undefined || scheme.status !== 'active') return
  // The scheme may have changed since the order.
  if (unfitOrder(scheme, policy) !== undefined) return
  const periodIds = wantedPeriods(scheme, policy, work.now)
  const beneficiaries = await beneficiariesOf(work, policy.schemeId, policy)
  if (policy.pool !== undefined) return renewPool(work, { ...policy, sum: policy.pool.sum, beneficiaries, periodIds })
  const lasting = new Set(
    (await liveLeasesOf(work, policy.terminalId))
      .filter((lease) => lease.sellUntil - work.now >= policy.sellForMs / 2)
      .map((lease) => lease.leaseId),
  )
  for (const periodId of periodIds) {
    const slotIds = beneficiaries.map((beneficiary) => slotIdOf(scheme.schemeId, beneficiary, periodId))
    const held = await findSlots(work, slotIds)
    const lacking = beneficiaries.filter((beneficiary) => {
      const leaseId = held.get(slotIdOf(scheme.schemeId, beneficiary, periodId))?.leaseId
      return leaseId === undefined || leaseId === null || !lasting.has(leaseId)
    })
    if (lacking.length === 0) continue
    const sellUntil = work.now + policy.sellForMs
    await grantLease(work, {
      terminalId: policy.terminalId,
      schemeId: scheme.schemeId,
      beneficiaries: lacking,
      periodIds: [periodId],
      sellUntil,
      presentUntil: sellUntil + policy.presentForMs,
    })
  }
}

function wantedPeriods(scheme: AnyScheme, policy: LeasePolicy, now: number): readonly string[] {
  return scheme.periods
    .filter((period) => period.to > now)
    .toSorted((a, b) => a.from - b.from)
    .filter((period, index) => index < policy.periods || period.from < now + policy.sellForMs)
    .map((period) => period.periodId)
}
