/**
 * Who has activated an entitlement, with which card, where and when (src/voucher/activation.ts). A row is written in
 * the commit of the payment that was the act, and stays whatever becomes of that payment.
 */
import { activationOf, hasLapsed, type CardsNotActivated } from '../../src/voucher/activation.ts'
import type { AnyScheme } from '../../src/voucher/scheme.ts'
import type { Work } from '../context.ts'

export interface ActivationRow {
  readonly beneficiary: string
  readonly card: string
  readonly terminalId: string
  readonly tenderId: string
  /** Milliseconds since 1970, by the ledger's clock. */
  readonly at: number
}

/** How an entitlement stands now: `due` is activated by its next payment with network. */
export async function activationStanding(
  work: Work,
  scheme: AnyScheme,
  beneficiary: string,
): Promise<'activated' | 'due' | 'lapsed'> {
  if (activationOf(scheme) === undefined) return 'activated'
  const row = await work.connection
    .selectFrom('activation')
    .select('at')
    .where('scheme_id', '=', scheme.schemeId)
    .where('beneficiary', '=', beneficiary)
    .executeTakeFirst()
  if (row !== undefined) return 'activated'
  return hasLapsed(scheme, work.now) ? 'lapsed' : 'due'
}

/** For an entitlement that was `due` in this transaction. */
export async function recordActivation(
  { connection, now }: Work,
  schemeId: string,
  { beneficiary, card, terminalId, tenderId }: Omit<ActivationRow, 'at'>,
): Promise<void> {
  await connection
    .insertInto('activation')
    .values({ scheme_id: schemeId, beneficiary, card, terminal_id: terminalId, tender_id: tenderId, at: now })
    .execute()
}

/** Of these beneficiaries the cards of those who have not activated the scheme; none where it does not ask for it. */
export async function cardsNotActivated(
  { connection }: Work,
  scheme: AnyScheme,
  beneficiaries: readonly string[],
): Promise<readonly CardsNotActivated[]> {
  const { schemeId } = scheme
  if (activationOf(scheme) === undefined) return []
  const rows = await connection
    .selectFrom('entitlement')
    .innerJoin('card', 'card.holder', 'entitlement.holder')
    .leftJoin('activation', (join) =>
      join
        .onRef('activation.scheme_id', '=', 'entitlement.scheme_id')
        .onRef('activation.beneficiary', '=', 'entitlement.beneficiary'),
    )
    .select('card.card')
    .where('entitlement.scheme_id', '=', schemeId)
    .where('entitlement.beneficiary', 'in', beneficiaries)
    .where('activation.at', 'is', null)
    .where('card.status', '=', 'active')
    .orderBy('card.card')
    .execute()
  const cards = rows.map((row) => row.card)
  return cards.length === 0 ? [] : [{ schemeId, cards }]
}

/** How many are entitled to a scheme, and how many of them have activated it. */
export async function activationCounts(
  { connection }: Work,
  schemeId: string,
): Promise<{ readonly entitled: number; readonly activated: number }> {
  const row = await connection
    .selectFrom('entitlement')
    .leftJoin('activation', (join) =>
      join
        .onRef('activation.scheme_id', '=', 'entitlement.scheme_id')
        .onRef('activation.beneficiary', '=', 'entitlement.beneficiary'),
    )
    .select(({ fn }) => [
      // Of a household once.
      fn.count<bigint | number | string>('entitlement.beneficiary').distinct().as('entitled'),
      fn.count<bigint | number | string>('activation.beneficiary').distinct().as('activated'),
    ])
    .where('entitlement.scheme_id', '=', schemeId)
    .executeTakeFirstOrThrow()
  return { entitled: Number(row.entitled), activated: Number(row.activated) }
}

/** By beneficiary. @param after the last beneficiary of the page before */
export async function listActivations(
  { connection }: Work,
  schemeId: string,
  after: string,
  limit: number,
): Promise<readonly ActivationRow[]> {
  const rows = await connection
    .selectFrom('activation')
    .selectAll()
    .where('scheme_id', '=', schemeId)
    .where('beneficiary', '>', after)
    .orderBy('beneficiary')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    beneficiary: row.beneficiary,
    card: row.card,
    terminalId: row.terminal_id,
    tenderId: row.tender_id,
    at: Number(row.at),
  }))
}
