/**
 * Who is entitled to what. The ledger knows no names: a holder is an opaque id from the agency, and each scheme sees
 * another pseudonym of it (architecture.md, "Trust", Privacy).
 */
import type { Work } from '../context.ts'

export interface Entitlement {
  readonly schemeId: string
  readonly beneficiary: string
  readonly holder: string
}

export async function entitle(
  { connection }: Work,
  entitlement: Entitlement,
): Promise<'entitled' | 'exists' | 'exists_with_different_terms'> {
  const { schemeId, beneficiary, holder } = entitlement
  const inserted = await connection
    .insertInto('entitlement')
    .values({ scheme_id: schemeId, beneficiary, holder })
    .onConflict((conflict) => conflict.doNothing())
    .returning('beneficiary')
    .executeTakeFirst()
  if (inserted !== undefined) return 'entitled'
  const same = await connection
    .selectFrom('entitlement')
    .select('holder')
    .where('scheme_id', '=', schemeId)
    .where('beneficiary', '=', beneficiary)
    .executeTakeFirst()
  return same?.holder === holder ? 'exists' : 'exists_with_different_terms'
}

/** By scheme id. */
export async function entitlementsOf({ connection }: Work, holder: string): Promise<readonly Entitlement[]> {
  const rows = await connection
    .selectFrom('entitlement')
    .selectAll()
    .where('holder', '=', holder)
    .orderBy('scheme_id')
    .execute()
  return rows.map((row) => ({ schemeId: row.scheme_id, beneficiary: row.beneficiary, holder: row.holder }))
}

export async function holderOf(
  { connection }: Work,
  schemeId: string,
  beneficiary: string,
): Promise<string | undefined> {
  const row = await connection
    .selectFrom('entitlement')
    .select('holder')
    .where('scheme_id', '=', schemeId)
    .where('beneficiary', '=', beneficiary)
    .executeTakeFirst()
  return row?.holder
}
