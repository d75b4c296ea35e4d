/**
 * The entries of one account in the order of their numbers, which never changes: whoever goes on after the last number
 * neither skips nor repeats one, whatever is booked meanwhile (docs/design/18-platform-api.md, "Moves").
 */
import { findAccount, type Account, type AccountKind } from '../accounts/accounts.ts'
import { givesBack, type TransferKind } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { findWatched, watchedNames } from '../individuals/pseudonyms.ts'
import { seesAll } from './who-sees.ts'

export interface WantedStatement {
  readonly accountId: string
  /** The number of the last entry that was seen; 0 for none. */
  readonly after: number
  readonly limit: number
  /** Milliseconds since 1970: entries from the first one at that time or later. */
  readonly from?: number | undefined
  /** Entries before the first one at that time or later. */
  readonly to?: number | undefined
}

export interface StatementEntry {
  readonly entry: number
  readonly at: number
  readonly kind: TransferKind
  /** Tiyn; negative when it was taken from the account. */
  readonly amount: bigint
  /** After it. */
  readonly balance: bigint
  /** The other account; null where it is a person's who paid, a pseudonym of a person's for who watches all. */
  readonly counterparty: string | null
  readonly counterpartyKind: AccountKind
  /** What it moved for: a client's transfer, a tender, a lease. */
  readonly reference: string
  /** The payment that this gives back, wholly or in part: a transfer's id, a tender's, a discrepancy's. Else null. */
  readonly returnOf: string | null
  readonly purpose: string | null
  readonly paymentReference: string | null
}

export interface Statement {
  readonly currency: 'DT' | 'KZT'
  /** Before the first of the entries, tiyn. */
  readonly openingBalance: bigint
  readonly entries: readonly StatementEntry[]
  /** What to ask for after these. */
  readonly cursor: number
}

/** @returns undefined when the account is none of the caller's, or not there */
export async function statementOf(work: Work, caller: Caller, wanted: WantedStatement): Promise<Statement | undefined> {
  const { after, from, to, limit } = wanted
  const account = await (seesAll(caller) ? findWatched(work, wanted.accountId) : findAccount(work, wanted.accountId))
  if (account === undefined || !maySee(caller, account)) return undefined
  const { accountId } = account
  const newest = await newestEntry(work, accountId)
  const earlier = from === undefined ? 0 : await entriesBefore(work, accountId, newest, from)
  const start = Math.min(Math.max(after, earlier), newest)
  const rows = [
    ...(await entriesOfSide(work, accountId, 'debit', start, limit)),
    ...(await entriesOfSide(work, accountId, 'credit', start, limit)),
  ].toSorted((one, other) => Number(one.entry - other.entry))
  const end = to === undefined ? -1 : rows.findIndex(({ at }) => at >= BigInt(to))
  const page = rows.slice(0, end === -1 ? limit : Math.min(end, limit))
  const others = page.map((row) => ({
    accountId: row.otherId,
    kind: row.otherKind as AccountKind,
    owner: row.otherOwner,
  }))
  const names = seesAll(caller) ? await watchedNames(work, others) : undefined
  const entries = page.map((row) => entryOf(caller, { ...row, otherId: names?.get(row.otherId) ?? row.otherId }))
  const openingBalance = start === 0 ? 0n : (await entryAt(work, accountId, start)).balance
  return { currency: account.currency, openingBalance, entries, cursor: entries.at(-1)?.entry ?? start }
}

/** A page of the most entries that one is asked for at a time. */
export const statementPageMax = 500

/**
 * As many pages as there are entries wanted, each read by itself, so that nobody else waits for all of them: what
 * stands in an account under a number never changes.
 *
 * @param page reads one, with at most `statementPageMax` entries
 * @returns with whether there are entries after these; undefined when the account is none of the caller's, or not there
 */
export async function longStatement(
  wanted: WantedStatement,
  page: (wanted: WantedStatement) => Promise<Statement | undefined>,
): Promise<(Statement & { readonly hasMore: boolean }) | undefined> {
  const first = await page({ ...wanted, limit: Math.min(wanted.limit, statementPageMax) })
  if (first === undefined) return undefined
  const entries = [...first.entries]
  let { cursor } = first
  const next = async (limit: number): Promise<number> => {
    const found = await page({ accountId: wanted.accountId, to: wanted.to, after: cursor, limit })
    // An account is not taken away, nor given to another bank: nobody takes a part of it for the whole.
    if (found === undefined) throw new Error(`a statement broke off after entry ${cursor}`)
    entries.push(...found.entries)
    cursor = found.cursor
    return found.entries.length
  }
  let isFull = entries.length === Math.min(wanted.limit, statementPageMax)
  while (isFull && entries.length < wanted.limit) {
    const limit = Math.min(wanted.limit - entries.length, statementPageMax)
    isFull = (await next(limit)) === limit
  }
  const hasMore = isFull && (await next(1)) > 0
  return { ...first, entries: entries.slice(0, wanted.limit), cursor: hasMore ? cursor - 1 : cursor, hasMore }
}

/** The bank that serves an account shows it to its client. */
function maySee(caller: Caller, account: Account): boolean {
  return seesAll(caller) || account.owner === caller.owner || (caller.role === 'bank' && account.bank === caller.owner)
}

async function newestEntry({ connection }: Work, accountId: string): Promise<number> {
  const { entries } = await connection
    .selectFrom('account')
    .select('entries')
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow()
  return Number(entries)
}

/** How many entries are before the first one at that time or later: numbers and times rise together. */
async function entriesBefore(work: Work, accountId: string, newest: number, moment: number): Promise<number> {
  let [before, notBefore] = [0, newest + 1]
  while (notBefore - before > 1) {
    const middle = Math.floor((before + notBefore) / 2)
    if ((await entryAt(work, accountId, middle)).at < BigInt(moment)) before = middle
    else notBefore = middle
  }
  return before
}

async function entryAt(
  { connection }: Work,
  accountId: string,
  entry: number,
): Promise<{ readonly at: bigint; readonly balance: bigint }> {
  const debited = await connection
    .selectFrom('transfer')
    .select(['at', 'debit_balance as balance'])
    .where('debit', '=', accountId)
    .where('debit_entry', '=', BigInt(entry))
    .executeTakeFirst()
  if (debited !== undefined) return debited
  return connection
    .selectFrom('transfer')
    .select(['at', 'credit_balance as balance'])
    .where('credit', '=', accountId)
    .where('credit_entry', '=', BigInt(entry))
    .executeTakeFirstOrThrow()
}

type Side = 'debit' | 'credit'

interface EntryRow {
  readonly side: Side
  readonly entry: bigint
  readonly balance: bigint
  readonly amount: bigint
  readonly kind: string
  readonly reference: string
  readonly at: bigint
  readonly otherId: string
  readonly otherKind: string
  readonly otherOwner: string
  readonly otherBank: string | null
  readonly purpose: string | null
  /** What one person wrote to another; whoever watches all is not shown it, for it may hold a name. */
  readonly betweenPeople: string | null
  readonly returnedTransfer: string | null
  readonly refundedTender: string | null
  readonly refundedPayment: string | null
  readonly paymentReference: string | null
}

async function entriesOfSide(
  { connection }: Work,
  accountId: string,
  side: Side,
  after: number,
  limit: number,
): Promise<readonly EntryRow[]> {
  const other = side === 'debit' ? 'transfer.credit' : 'transfer.debit'
  const rows = await connection
    .selectFrom('transfer')
    .innerJoin('account as other', 'other.account_id', other)
    // Of this kind too: a client may take any id for its own, that of a tender as well.
    .leftJoin('client_transfer', (join) =>
      join
        .onRef('client_transfer.transfer_id', '=', 'transfer.reference')
        .onRef('client_transfer.kind', '=', 'transfer.kind'),
    )
    .leftJoin('individual_transfer', (join) =>
      join
        .onRef('individual_transfer.transfer_id', '=', 'transfer.reference')
        .on('transfer.kind', '=', 'individual-transfer'),
    )
    .leftJoin('client_return', (join) =>
      join
        .onRef('client_return.return_id', '=', 'transfer.reference')
        .on('transfer.kind', 'in', ['transfer-reversal', 'transfer-refund']),
    )
    .leftJoin('refund', (join) =>
      join
        .onRef('refund.refund_id', '=', 'transfer.reference')
        .on('transfer.kind', 'in', ['voucher-refund', 'payment-refund']),
    )
    .leftJoin('direct_refund', (join) =>
      join.onRef('direct_refund.refund_id', '=', 'transfer.reference').on('transfer.kind', '=', 'merchant-refund'),
    )
    .select([
      `transfer.${side}_entry as entry`,
      `transfer.${side}_balance as balance`,
      'transfer.amount',
      'transfer.kind',
      'transfer.reference',
      'transfer.at',
      'other.account_id as otherId',
      'other.kind as otherKind',
      'other.owner as otherOwner',
      'other.bank as otherBank',
      'client_transfer.purpose',
      'individual_transfer.purpose as betweenPeople',
      'client_return.transfer_id as returnedTransfer',
      'refund.tender_id as refundedTender',
      'direct_refund.payment_id as refundedPayment',
      'client_transfer.payment_reference as paymentReference',
    ])
    .where(`transfer.${side}`, '=', accountId)
    .where(`transfer.${side}_entry`, '>', BigInt(after))
    .orderBy(`transfer.${side}_entry`)
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...row, side }))
}

function entryOf(caller: Caller, row: EntryRow): StatementEntry {
  return {
    entry: Number(row.entry),
    at: Number(row.at),
    kind: row.kind as TransferKind,
    amount: row.side === 'debit' ? -row.amount : row.amount,
    balance: row.balance,
    counterparty: showsCounterparty(caller, row) ? row.otherId : null,
    counterpartyKind: row.otherKind as AccountKind,
    reference: row.reference,
    returnOf: returnOf(row),
    purpose: row.purpose ?? (seesAll(caller) ? null : row.betweenPeople),
    paymentReference: row.paymentReference,
  }
}

/** What a till disowns goes back under the tender's own id; a refund has one of its own. */
const disowned: readonly string[] = ['voucher-reversal', 'payment-reversal', 'appeal-reversal'] satisfies TransferKind[]

function returnOf({ kind, reference, returnedTransfer, refundedTender, refundedPayment }: EntryRow): string | null {
  return disowned.includes(kind) ? reference : (returnedTransfer ?? refundedTender ?? refundedPayment)
}

/** A person who pays is not shown to who is paid; whom somebody paid, that one knows. In returns, turned round. */
function showsCounterparty(caller: Caller, row: EntryRow): boolean {
  const isPerson = row.otherKind === 'individual' || row.otherKind === 'bank-client'
  if (!isPerson || seesAll(caller) || row.otherOwner === caller.owner) return true
  if (caller.role === 'bank' && row.otherBank === caller.owner) return true
  return (row.side === 'debit') !== givesBack[row.kind as TransferKind]
}
