/**
 * Who somebody is, told to the auditor by law and never without a trace: the identity and the row that says so are one
 * transaction. Each row names the one before it and the head names the newest, so that the database itself refuses to
 * delete any of them; the audit counts them against the ids that were used.
 */
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { findPerson, type Person } from './people.ts'
import { accountOfPseudonym, accountPseudonym } from './pseudonyms.ts'
import { tellAfterMs, type LegalBasis } from './legal-bases.ts'

export interface WantedDisclosure {
  readonly disclosureId: string
  readonly subject:
    | { readonly kind: 'account'; readonly account: string }
    /** Who paid it. */
    | { readonly kind: 'transfer'; readonly transferId: string }
  readonly legalBasis: LegalBasis
  readonly reason: string
}

/** @returns undefined when nobody is meant: then nothing is written */
export async function disclose(work: Work, caller: Caller, wanted: WantedDisclosure): Promise<Person | undefined> {
  const { subject, disclosureId, legalBasis, reason } = wanted
  const transferId = subject.kind === 'transfer' ? subject.transferId : null
  const accountId =
    subject.kind === 'transfer'
      ? await payerOf(work, subject.transferId)
      : accountOfPseudonym(work.keys, subject.account)
  const person = accountId === undefined ? undefined : await findPerson(work, accountId)
  if (person === undefined) return undefined
  const { connection, now } = work
  const newest = await connection
    .selectFrom('disclosure')
    .select(['disclosure_id', 'number'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  await connection
    .insertInto('disclosure')
    .values({
      disclosure_id: disclosureId,
      number: (newest?.number ?? 0n) + 1n,
      previous: newest?.disclosure_id ?? null,
      account_id: person.accountId,
      transfer_id: transferId,
      legal_basis: legalBasis,
      reason,
      made_by: caller.owner,
      key_id: caller.keyId,
      at: now,
      tell_at: now + tellAfterMs[legalBasis],
    })
    .execute()
  await connection
    .insertInto('disclosure_head')
    .values({ name: 'newest', disclosure_id: disclosureId })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ disclosure_id: disclosureId }))
    .execute()
  return person
}

async function payerOf({ connection }: Work, transferId: string): Promise<string | undefined> {
  const row = await connection
    .selectFrom('individual_transfer')
    .select('payer')
    .where('transfer_id', '=', transferId)
    .executeTakeFirst()
  return row?.payer
}

export interface ListedDisclosure {
  readonly disclosureId: string
  /** For a bank its client's account, for others a pseudonym. */
  readonly account: string
  readonly transferId: string | null
  readonly legalBasis: LegalBasis
  /** Not told to a bank. */
  readonly reason: string | null
  readonly by: string
  readonly at: number
  readonly tellAt: number
}

/**
 * For a bank those about its clients that it may know of by now, in the order in which it may; for the auditor and the
 * central bank all, in the order in which they were made.
 *
 * @param after a later page begins after this one
 * @returns undefined when the caller has no such disclosure to begin after
 */
export async function listDisclosures(
  { connection, keys, now }: Work,
  { role, owner }: Caller,
  after: string | undefined,
  limit: number,
): Promise<readonly ListedDisclosure[] | undefined> {
  const isBank = role === 'bank'
  const order = isBank ? 'tell_at' : 'number'
  const all = connection
    .selectFrom('disclosure')
    .innerJoin('account', 'account.account_id', 'disclosure.account_id')
    .selectAll('disclosure')
  const seen = isBank ? all.where('account.bank', '=', owner).where('tell_at', '<=', BigInt(now)) : all
  const last = after === undefined ? null : await seen.where('disclosure_id', '=', after).executeTakeFirst()
  if (last === undefined) return undefined
  const from = last === null ? null : last[order]
  const rest =
    last === null || from === null
      ? seen
      : seen.where((row) =>
          row.or([row(order, '>', from), row.and([row(order, '=', from), row('number', '>', last.number)])]),
        )
  const rows = await rest.orderBy(order).orderBy('number').limit(limit).execute()
  return rows.map((row) => ({
    disclosureId: row.disclosure_id,
    account: isBank ? row.account_id : accountPseudonym(keys, row.account_id),
    transferId: row.transfer_id,
    legalBasis: row.legal_basis as LegalBasis,
    reason: isBank ? null : row.reason,
    by: row.made_by,
    at: Number(row.at),
    tellAt: Number(row.tell_at),
  }))
}
