/** Pairs of scheme and cards that cannot be safe (`unsafePairOf`), asked of what the ledger has. */
import { countsOnCard, unsafePairOf, type CardProfile } from '../../src/voucher/card-rules.ts'
import type { Work } from '../context.ts'
import { entitlementsOf, holdersOf } from '../schemes/beneficiaries.ts'
import { findScheme } from '../schemes/schemes.ts'

/** Whether the beneficiary's holders have cards, not blocked, that cannot be together in this scheme. */
export async function isUnsafeFor(work: Work, schemeId: string, beneficiary: string): Promise<boolean> {
  const scheme = await findScheme(work, schemeId)
  if (scheme === undefined || !countsOnCard(scheme)) return false
  const holders = await holdersOf(work, schemeId, beneficiary)
  if (holders.length === 0) return false
  const rows = await work.connection
    .selectFrom('card')
    .select('profile')
    .where('holder', 'in', holders)
    .where('status', '=', 'active')
    .execute()
  return (
    unsafePairOf(
      scheme,
      rows.map(({ profile }): CardProfile => profile ?? 'ntag424'),
    ) !== undefined
  )
}

/** In whichever scheme: it may be another agency's than the holder's, which is not told of it. */
export async function isUnsafeForHolder(work: Work, holder: string): Promise<boolean> {
  for (const { schemeId, beneficiary } of await entitlementsOf(work, holder)) {
    if (await isUnsafeFor(work, schemeId, beneficiary)) return true
  }
  return false
}
