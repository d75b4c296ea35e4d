/**
 * Who is entitled to what. The ledger knows no names: a holder is an opaque id from the agency, and each scheme sees
 * another pseudonym of it (architecture.md, "Trust", Privacy). A household is a beneficiary with several holders
 * (households.ts); a holder is one beneficiary of a scheme at a time.
 *
 * What was is kept: a sale counts by who was entitled when it was decided, whenever it comes.
 */
import type { Work } from '../context.ts'
import { statement } from '../store/statement.ts'
import { nameHolder } from './holders.ts'

export interface Entitlement {
  readonly schemeId: string
  readonly beneficiary: string
  readonly holder: string
}

/** A pseudonym that was ever another holder's is nobody else's by this: see `joinHousehold`. */
export async function entitle(
  work: Work,
  entitlement: Entitlement,
): Promise<'entitled' | 'exists' | 'exists_with_different_terms'> {
  const present = await beneficiaryOf(work, entitlement.schemeId, entitlement.holder)
  if (present !== undefined) return present === entitlement.beneficiary ? 'exists' : 'exists_with_different_terms'
  if (await isAnothers(work, entitlement)) return 'exists_with_different_terms'
  await insertEntitlement(work, entitlement)
  return 'entitled'
}

/** From now on. The holder must have none in this scheme; who is another agency's may be entitled too. */
export async function insertEntitlement(work: Work, entitlement: Entitlement): Promise<void> {
  const { connection, now } = work
  const { schemeId, beneficiary, holder } = entitlement
  const { agency_id: agencyId } = await connection
    .selectFrom('scheme')
    .select('agency_id')
    .where('scheme_id', '=', schemeId)
    .executeTakeFirstOrThrow()
  await nameHolder(work, holder, agencyId)
  await connection.insertInto('entitlement').values({ scheme_id: schemeId, holder, beneficiary, since: now }).execute()
}

/**
 * Until now. @returns `ended_before` when the holder was entitled under that pseudonym and is not any more
 */
export async function endEntitlement(
  work: Work,
  entitlement: Entitlement,
): Promise<'ended' | 'ended_before' | 'not_found'> {
  const { schemeId, beneficiary, holder } = entitlement
  const ended = await work.connection
    .deleteFrom('entitlement')
    .where('scheme_id', '=', schemeId)
    .where('holder', '=', holder)
    .where('beneficiary', '=', beneficiary)
    .returning('since')
    .executeTakeFirst()
  if (ended === undefined) return (await timesEntitled(work, entitlement)).length > 0 ? 'ended_before' : 'not_found'
  await work.connection
    .insertInto('former_entitlement')
    .values({ scheme_id: schemeId, holder, beneficiary, since: ended.since, ended_at: work.now })
    // Begun and ended twice within a millisecond: the same row, of no time at all.
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return 'ended'
}

/** Under which pseudonym the holder is entitled now. */
export async function beneficiaryOf(
  { connection }: Work,
  schemeId: string,
  holder: string,
): Promise<string | undefined> {
  const row = await connection
    .selectFrom('entitlement')
    .select('beneficiary')
    .where('scheme_id', '=', schemeId)
    .where('holder', '=', holder)
    .executeTakeFirst()
  return row?.beneficiary
}

/** Now, by scheme id. */
export async function entitlementsOf({ connection }: Work, holder: string): Promise<readonly Entitlement[]> {
  const rows = await connection
    .selectFrom('entitlement')
    .selectAll()
    .where('holder', '=', holder)
    .orderBy('scheme_id')
    .execute()
  return rows.map((row) => ({ schemeId: row.scheme_id, beneficiary: row.beneficiary, holder: row.holder }))
}

/** Whether somebody had that pseudonym when the moment came, and from before it. */
export async function wasEntitledBefore(
  { connection }: Work,
  schemeId: string,
  beneficiary: string,
  moment: number,
): Promise<boolean> {
  const present = await connection
    .selectFrom('entitlement')
    .select('holder')
    .where('scheme_id', '=', schemeId)
    .where('beneficiary', '=', beneficiary)
    .where('since', '<', BigInt(moment))
    .limit(1)
    .executeTakeFirst()
  if (present !== undefined) return true
  const former = await connection
    .selectFrom('former_entitlement')
    .select('holder')
    .where('scheme_id', '=', schemeId)
    .where('beneficiary', '=', beneficiary)
    .where('since', '<', BigInt(moment))
    .where('ended_at', '>=', BigInt(moment))
    .limit(1)
    .executeTakeFirst()
  return former !== undefined
}

/** Of a scheme, now, each once, by pseudonym. */
export async function firstBeneficiaries(
  { connection }: Work,
  schemeId: string,
  most: number,
): Promise<readonly string[]> {
  const rows = await connection
    .selectFrom('entitlement')
    .select('beneficiary')
    .distinct()
    .where('scheme_id', '=', schemeId)
    .orderBy('beneficiary')
    .limit(most)
    .execute()
  return rows.map((row) => row.beneficiary)
}

/** Who shares the allowance now. */
export async function holdersOf(
  { connection }: Work,
  schemeId: string,
  beneficiary: string,
): Promise<readonly string[]> {
  const rows = await connection
    .selectFrom('entitlement')
    .select('holder')
    .where('scheme_id', '=', schemeId)
    .where('beneficiary', '=', beneficiary)
    .orderBy('holder')
    .execute()
  return rows.map((row) => row.holder)
}

/** From when until when a holder was entitled; `endedAt` is null of the time that lasts. */
export interface TimeEntitled {
  readonly since: number
  readonly endedAt: number | null
}

/** Whether the entitlement had ended by that moment, and the holder had not come back. */
export function hadEnded(times: readonly TimeEntitled[], at: number): boolean {
  const isOver = times.some(({ endedAt }) => endedAt !== null && endedAt <= at)
  return isOver && !times.some(({ since, endedAt }) => since <= at && (endedAt === null || at < endedAt))
}

const entitledNow = statement((connection, { schemeId, beneficiary, holder }: Entitlement) =>
  connection
    .selectFrom('entitlement')
    .select('since')
    .where('scheme_id', '=', schemeId)
    .where('holder', '=', holder)
    .where('beneficiary', '=', beneficiary),
)
const entitledBefore = statement((connection, { schemeId, beneficiary, holder }: Entitlement) =>
  connection
    .selectFrom('former_entitlement')
    .select(['since', 'ended_at'])
    .where('scheme_id', '=', schemeId)
    .where('holder', '=', holder)
    .where('beneficiary', '=', beneficiary),
)

/** The times in which the holder was entitled under that pseudonym; none if never. */
export async function timesEntitled(
  { connection }: Work,
  { schemeId, beneficiary, holder }: Entitlement,
): Promise<readonly TimeEntitled[]> {
  const [present] = await entitledNow(connection, { schemeId, beneficiary, holder })
  const former = await entitledBefore(connection, { schemeId, beneficiary, holder })
  return [
    ...former.map(({ since, ended_at: endedAt }) => ({ since: Number(since), endedAt: Number(endedAt) })),
    ...(present === undefined ? [] : [{ since: Number(present.since), endedAt: null }]),
  ]
}

async function isAnothers({ connection }: Work, { schemeId, beneficiary, holder }: Entitlement): Promise<boolean> {
  for (const table of ['entitlement', 'former_entitlement'] as const) {
    const other = await connection
      .selectFrom(table)
      .select('holder')
      .where('scheme_id', '=', schemeId)
      .where('beneficiary', '=', beneficiary)
      .where('holder', '<>', holder)
      .limit(1)
      .executeTakeFirst()
    if (other !== undefined) return true
  }
  return false
}
