/**
 * Ids that name something which `POST /v1/reversals` does not reverse: sales of tills, payments by QR, payments from
 * people to people and to merchants, refunds of tills, and what the ledger or a till named itself. Who is told that
 * such an id never came would pay again, or deliver nothing for what was paid.
 */
import { findAccount } from '../accounts/accounts.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { transferStatus } from './transfer-status.ts'
import { seesAll } from './who-sees.ts'

/**
 * Of an id that is no transfer of `client_transfer`. Whether it was made under `once()` is not asked here.
 *
 * @returns `own` to its parties, `others` to everybody else, `nothing` when the id is none of these
 */
export async function whoseOtherId(work: Work, caller: Caller, id: string): Promise<'own' | 'others' | 'nothing'> {
  if (!seesAll(caller) && (await transferStatus(work, caller, id)) !== undefined) return 'own'
  const tenderId = await tenderOf(work, id)
  if (tenderId !== undefined) {
    const isOwn = (await isPartyOfTender(work, caller, tenderId)) || (await madePayment(work, caller, id))
    return isOwn ? 'own' : 'others'
  }
  return (await isKnown(work, id)) ? 'others' : 'nothing'
}

/** The tender of that id, or that was refunded or paid by a wallet under it. */
export async function tenderOf({ connection }: Work, id: string): Promise<string | undefined> {
  const tender = await connection
    .selectFrom('tender')
    .select('tender_id')
    .where('tender_id', '=', id)
    .executeTakeFirst()
  if (tender !== undefined) return tender.tender_id
  const refund = await connection
    .selectFrom('refund')
    .select('tender_id')
    .where('refund_id', '=', id)
    .executeTakeFirst()
  if (refund !== undefined) return refund.tender_id
  const payment = await connection
    .selectFrom('request_payment')
    .select('tender_id')
    .where('payment_id', '=', id)
    .executeTakeFirst()
  return payment?.tender_id
}

/**
 * The merchant of its till, the agency of its scheme, whose money pays it, and that one's bank. Whoever came too late
 * and was paid back at once is none: the sale was somebody else's (docs/design/17-qr-payment.md, "Late payment").
 */
export async function isPartyOfTender(work: Work, caller: Caller, tenderId: string): Promise<boolean> {
  const { connection } = work
  const { role, owner } = caller
  switch (role) {
    case 'merchant': {
      const till = await connection
        .selectFrom('tender')
        .innerJoin('terminal', 'terminal.terminal_id', 'tender.terminal_id')
        .select('merchant_id')
        .where('tender_id', '=', tenderId)
        .executeTakeFirst()
      return till?.merchant_id === owner
    }
    case 'agency': {
      const scheme = await connection
        .selectFrom('tender')
        .innerJoin('scheme', 'scheme.scheme_id', 'tender.scheme_id')
        .select('agency_id')
        .where('tender_id', '=', tenderId)
        .executeTakeFirst()
      return scheme?.agency_id === owner
    }
    case 'individual':
    case 'bank': {
      const payments = await connection
        .selectFrom('request_payment')
        .select(['payer', 'made_by'])
        .where('tender_id', '=', tenderId)
        .where('paid_back_for', 'is', null)
        .execute()
      for (const payment of payments) if (await isPayer(work, caller, payment)) return true
      return false
    }
    case 'legal-entity':
    case 'central-bank':
    case 'auditor':
    case 'terminal':
      return false
    default:
      return role satisfies never
  }
}

/** Under that id, and be it one that was paid back at once: whoever gave it to the ledger may go on asking about it. */
async function madePayment(work: Work, caller: Caller, paymentId: string): Promise<boolean> {
  const payment = await work.connection
    .selectFrom('request_payment')
    .select(['payer', 'made_by'])
    .where('payment_id', '=', paymentId)
    .executeTakeFirst()
  return payment !== undefined && (await isPayer(work, caller, payment))
}

/** Who made it, the owner of the account that pays, and the bank that serves that account. */
async function isPayer(
  work: Work,
  { role, owner }: Caller,
  { payer, made_by: madeBy }: { readonly payer: string; readonly made_by: string },
): Promise<boolean> {
  if (madeBy === owner) return true
  const account = await findAccount(work, payer)
  return account?.owner === owner || (role === 'bank' && account?.bank === owner)
}

/** What has an id of this form and no client of this method as its maker. */
async function isKnown({ connection }: Work, id: string): Promise<boolean> {
  const found = [
    () => connection.selectFrom('individual_transfer').select('transfer_id').where('transfer_id', '=', id),
    () => connection.selectFrom('direct_payment').select('payment_id').where('payment_id', '=', id),
    () => connection.selectFrom('surrender').select('surrender_id').where('surrender_id', '=', id),
    () => connection.selectFrom('discrepancy').select('discrepancy_id').where('discrepancy_id', '=', id),
    () => connection.selectFrom('lease').select('lease_id').where('lease_id', '=', id),
    () => connection.selectFrom('package').select('package_id').where('package_id', '=', id),
    () => connection.selectFrom('hold').select('hold_id').where('hold_id', '=', id),
    () => connection.selectFrom('transfer').select('transfer_id').where('transfer_id', '=', id),
  ]
  for (const query of found) if ((await query().executeTakeFirst()) !== undefined) return true
  return false
}
