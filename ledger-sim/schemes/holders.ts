/**
 * Whose a holder is (docs/adr/0043-whose-a-holder-is.md): the agency's that first named it, by a card or by an
 * entitlement. That one alone acts upon the holder's cards, which spend what any agency entitles the holder to.
 */
import type { Work } from '../context.ts'

/**
 * The agency names a holder. Whom nobody has named is its own from now on; of two agencies at once the row's key lets
 * one in, and the other one reads who it was.
 *
 * @returns whose the holder is
 */
export async function nameHolder(
  { connection, now }: Pick<Work, 'connection' | 'now'>,
  holder: string,
  agencyId: string,
): Promise<'own' | 'anothers'> {
  await connection
    .insertInto('holder')
    .values({ holder, agency_id: agencyId, since: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const { agency_id: owner } = await connection
    .selectFrom('holder')
    .select('agency_id')
    .where('holder', '=', holder)
    .executeTakeFirstOrThrow()
  return owner === agencyId ? 'own' : 'anothers'
}
