/** Schemes: what was funded, and where it is now. */
import type { TransferKind } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import type { StandingLease } from './leases.ts'

export interface StandingScheme {
  readonly schemeId: string
  readonly agencyId: string
  /** All that was ever marked for it, tiyn. */
  readonly funded: bigint
  /** Gone back to the agency, unused, by the date that the scheme names. */
  readonly returned: bigint
  /** Marked and neither in a lease nor spent. */
  readonly free: bigint
  /** In the accounts of its live leases. */
  readonly escrow: bigint
  /** In the escrows of cards that count themselves: loaded, and neither debited nor given back. */
  readonly onCards: bigint
  /** Set aside for sales that its agency looks at. */
  readonly inReview: bigint
  /** What is not with the scheme any more: paid to merchants, less what came back to it. */
  readonly spent: bigint
  /** Accepted sales that wait for money. */
  readonly awaitingFunds: bigint
  /** What bridges have lent (schemes/bridges.ts). */
  readonly bridged: bigint
  /** Of that, what slots do not allow any more. */
  readonly recovered: bigint
}

/** By id. @param leases the live ones of these schemes */
export async function standingSchemes(
  { connection }: Work,
  agencyId: string | undefined,
  leases: readonly StandingLease[],
): Promise<readonly StandingScheme[]> {
  const all = connection
    .selectFrom('scheme')
    .innerJoin('account', 'account.account_id', 'scheme.account_id')
    .select(['scheme.scheme_id', 'scheme.agency_id', 'scheme.account_id', 'account.balance'])
    .orderBy('scheme.scheme_id')
  const schemes = await (agencyId === undefined ? all : all.where('scheme.agency_id', '=', agencyId)).execute()
  const standing: StandingScheme[] = []
  for (const { scheme_id: schemeId, agency_id: agency, account_id: accountId, balance: free } of schemes) {
    const funded = await movedBy(connection, 'credit', accountId, 'scheme-funding')
    const returned = await movedBy(connection, 'debit', accountId, 'scheme-return')
    const waiting = await amountsByState(connection, schemeId)
    const escrow = leases.reduce((sum, lease) => (lease.schemeId === schemeId ? sum + lease.escrow : sum), 0n)
    const inReview = waiting.inReview
    const onCards = await heldByCards(connection, schemeId)
    const spent = funded - returned - free - escrow - onCards - inReview
    standing.push({
      schemeId,
      agencyId: agency,
      funded,
      returned,
      free,
      escrow,
      onCards,
      inReview,
      spent,
      awaitingFunds: waiting.awaitingFunds,
      ...(await bridgedIn(connection, schemeId)),
    })
  }
  return standing
}

async function heldByCards(connection: Work['connection'], schemeId: string): Promise<bigint> {
  const row = await connection
    .selectFrom('card_escrow')
    .innerJoin('account', 'account.account_id', 'card_escrow.account_id')
    .select((expression) => expression.fn.sum<bigint | number | string | null>('account.balance').as('held'))
    .where('card_escrow.scheme_id', '=', schemeId)
    .executeTakeFirst()
  return BigInt(row?.held ?? 0)
}

async function movedBy(
  connection: Work['connection'],
  side: 'debit' | 'credit',
  accountId: string,
  kind: TransferKind,
): Promise<bigint> {
  const row = await connection
    .selectFrom('transfer')
    .select((expression) => expression.fn.sum<bigint | number | string | null>('amount').as('moved'))
    .where(side, '=', accountId)
    .where('kind', '=', kind)
    .executeTakeFirst()
  return BigInt(row?.moved ?? 0)
}

async function bridgedIn(
  connection: Work['connection'],
  schemeId: string,
): Promise<{ readonly bridged: bigint; readonly recovered: bigint }> {
  const rows = await connection
    .selectFrom('slot as bridge')
    .innerJoin('slot', 'slot.slot_id', 'bridge.bridge_of')
    .leftJoin('slot_use', 'slot_use.slot_id', 'bridge.slot_id')
    .select(['slot.slot_id', 'slot.bridged_amount'])
    .select((expression) => expression.fn.sum<bigint | number | string | null>('slot_use.amount').as('lent'))
    .where('bridge.scheme_id', '=', schemeId)
    .where('bridge.bridge_of', 'is not', null)
    .groupBy(['slot.slot_id', 'slot.bridged_amount'])
    .execute()
  return rows.reduce(
    ({ bridged, recovered }, row) => ({
      bridged: bridged + BigInt(row.lent ?? 0),
      recovered: recovered + row.bridged_amount,
    }),
    { bridged: 0n, recovered: 0n },
  )
}

async function amountsByState(
  connection: Work['connection'],
  schemeId: string,
): Promise<{ readonly awaitingFunds: bigint; readonly inReview: bigint }> {
  const rows = await connection
    .selectFrom('tender')
    .leftJoin('review', 'review.tender_id', 'tender.tender_id')
    .select(['tender.state', 'tender.amount', 'review.held_in'])
    .where('tender.scheme_id', '=', schemeId)
    .where('tender.state', 'in', ['awaiting_funds', 'in_review'])
    .execute()
  let [awaitingFunds, inReview] = [0n, 0n]
  for (const { state, amount, held_in: heldIn } of rows) {
    if (state === 'awaiting_funds') awaitingFunds += amount
    else if (heldIn !== null) inReview += amount
  }
  return { awaitingFunds, inReview }
}
