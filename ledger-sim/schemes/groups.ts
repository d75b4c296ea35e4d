/**
 * Groups of a scheme's beneficiaries, as its agency has them: the class 3B, the village. A till's standing order may
 * name groups in place of pseudonyms (leases/policy.ts); whoever joins or leaves is in its next lease, or is not.
 *
 * A group has no allowance: each beneficiary in it has their own. A beneficiary may be in several.
 */
import type { Texts } from '../../src/voucher/identifiers.ts'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import type { Work } from '../context.ts'
import { inRows } from '../store/in-rows.ts'

export interface Group {
  readonly groupId: string
  readonly name: Texts
  /** How many beneficiaries are in it. */
  readonly members: number
}

/** Makes the group, or calls it otherwise. */
export async function putGroup(
  { connection }: Work,
  schemeId: string,
  groupId: string,
  name: Texts,
): Promise<'created' | 'exists'> {
  const row = { scheme_id: schemeId, group_id: groupId, name: toJson(name) }
  const inserted = await connection
    .insertInto('beneficiary_group')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning('group_id')
    .executeTakeFirst()
  if (inserted !== undefined) return 'created'
  await connection
    .updateTable('beneficiary_group')
    .set({ name: row.name })
    .where('scheme_id', '=', schemeId)
    .where('group_id', '=', groupId)
    .execute()
  return 'exists'
}

/** Those of the named groups that the scheme has not. */
export async function unknownGroups(
  { connection }: Work,
  schemeId: string,
  groupIds: readonly string[],
): Promise<readonly string[]> {
  if (groupIds.length === 0) return []
  const rows = await connection
    .selectFrom('beneficiary_group')
    .select('group_id')
    .where('scheme_id', '=', schemeId)
    .where('group_id', 'in', groupIds)
    .execute()
  const known = new Set(rows.map((row) => row.group_id))
  return groupIds.filter((groupId) => !known.has(groupId))
}

/** Of all these groups together, each beneficiary once, in order. */
export async function membersOf(
  { connection }: Work,
  schemeId: string,
  groupIds: readonly string[],
): Promise<readonly string[]> {
  if (groupIds.length === 0) return []
  const rows = await connection
    .selectFrom('group_member')
    .select('beneficiary')
    .distinct()
    .where('scheme_id', '=', schemeId)
    .where('group_id', 'in', groupIds)
    .orderBy('beneficiary')
    .execute()
  return rows.map((row) => row.beneficiary)
}

export interface MembersChange {
  readonly schemeId: string
  readonly groupId: string
  readonly joining: readonly string[]
  readonly leaving: readonly string[]
}

/**
 * Who is in already, or is not in, stays so.
 *
 * @returns those who join and are no beneficiaries of the scheme: then nothing is written
 */
export async function changeMembers(
  { connection, now }: Work,
  { schemeId, groupId, joining, leaving }: MembersChange,
): Promise<readonly string[]> {
  const entitled = new Set<string>()
  await inRows(joining, async (some) => {
    const rows = await connection
      .selectFrom('entitlement')
      .select('beneficiary')
      .where('scheme_id', '=', schemeId)
      .where('beneficiary', 'in', some)
      .execute()
    for (const row of rows) entitled.add(row.beneficiary)
  })
  const strangers = joining.filter((beneficiary) => !entitled.has(beneficiary))
  if (strangers.length > 0) return strangers
  await inRows(leaving, (some) =>
    connection
      .deleteFrom('group_member')
      .where('scheme_id', '=', schemeId)
      .where('group_id', '=', groupId)
      .where('beneficiary', 'in', some)
      .execute(),
  )
  await inRows(joining, (some) =>
    connection
      .insertInto('group_member')
      .values(some.map((beneficiary) => ({ scheme_id: schemeId, group_id: groupId, beneficiary, since: now })))
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
  )
  return []
}

/** Nobody is that beneficiary any more. */
export async function leaveGroups({ connection }: Work, schemeId: string, beneficiary: string): Promise<void> {
  await connection
    .deleteFrom('group_member')
    .where('scheme_id', '=', schemeId)
    .where('beneficiary', '=', beneficiary)
    .execute()
}

/** By id. @param after the last group of the page before */
export async function listGroups(
  { connection }: Work,
  schemeId: string,
  after: string,
  limit: number,
): Promise<readonly Group[]> {
  const rows = await connection
    .selectFrom('beneficiary_group')
    .leftJoin('group_member', (join) =>
      join
        .onRef('group_member.scheme_id', '=', 'beneficiary_group.scheme_id')
        .onRef('group_member.group_id', '=', 'beneficiary_group.group_id'),
    )
    .select(['beneficiary_group.group_id', 'beneficiary_group.name'])
    .select(({ fn }) => fn.count<bigint | number | string>('group_member.beneficiary').as('members'))
    .where('beneficiary_group.scheme_id', '=', schemeId)
    .where('beneficiary_group.group_id', '>', after)
    .groupBy(['beneficiary_group.group_id', 'beneficiary_group.name'])
    .orderBy('beneficiary_group.group_id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    groupId: row.group_id,
    name: JSON.parse(row.name) as Texts,
    members: Number(row.members),
  }))
}

export interface Member {
  readonly beneficiary: string
  /** Milliseconds since 1970. */
  readonly since: number
}

/** By beneficiary. @param after the last one of the page before */
export async function listMembers(
  { connection }: Work,
  schemeId: string,
  groupId: string,
  after: string,
  limit: number,
): Promise<readonly Member[]> {
  const rows = await connection
    .selectFrom('group_member')
    .select(['beneficiary', 'since'])
    .where('scheme_id', '=', schemeId)
    .where('group_id', '=', groupId)
    .where('beneficiary', '>', after)
    .orderBy('beneficiary')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ beneficiary: row.beneficiary, since: Number(row.since) }))
}
