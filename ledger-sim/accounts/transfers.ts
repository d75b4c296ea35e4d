/**
 * Transfers are the only primitive (architecture.md, "Ledger"): single, several legs at once, and pending ones that are
 * posted, voided or expire. Each leg takes from one account what it gives to another, so entries always sum to zero.
 */
import type { Tiyn } from '../../src/voucher/money.ts'
import { newId, type Work } from '../context.ts'
import { tellOfLeg, type Side } from '../feed/money-news.ts'

export type TransferKind =
  | 'non-cash-deposit'
  | 'issue'
  | 'issue-non-cash'
  | 'sale-of-dt'
  | 'sale-of-dt-non-cash'
  | 'redemption-of-dt'
  | 'redemption-of-dt-non-cash'
  | 'payment'
  | 'scheme-funding'
  | 'lease-funding'
  | 'lease-return'
  | 'voucher-payment'
  | 'voucher-reversal'
  | 'debt-netting'
  | 'refund-netting'
  | 'appeal-netting'
  | 'voucher-refund'
  | 'review-hold'
  | 'review-release'
  | 'appeal-payment'
  | 'appeal-reversal'
  | 'hold-post'
  | 'payment-reversal'
  | 'payment-refund'
  | 'issue-return'
  | 'issue-return-non-cash'
  | 'cash-withdrawal'
  | 'cash-withdrawal-cash'
  | 'cash-deposit'
  | 'cash-deposit-cash'
  | 'cash-supply'
  | 'payment-to-individual'
  | 'payment-to-government'
  | 'transfer-reversal'
  | 'transfer-refund'
  | 'merchant-payment'
  | 'merchant-refund'
  | 'rule-share'
  | 'rule-return'
  | 'rule-netting'
  | 'individual-transfer'

/** What goes back to who paid, or is paid of what was owed for it: nobody spends by it. */
export const givesBack: Readonly<Record<TransferKind, boolean>> = {
  'non-cash-deposit': false,
  issue: false,
  'issue-non-cash': false,
  'sale-of-dt': false,
  'sale-of-dt-non-cash': false,
  'redemption-of-dt': false,
  'redemption-of-dt-non-cash': false,
  payment: false,
  'scheme-funding': false,
  'lease-funding': false,
  'lease-return': true,
  'voucher-payment': false,
  'voucher-reversal': true,
  'debt-netting': true,
  'refund-netting': true,
  'appeal-netting': true,
  'voucher-refund': true,
  'review-hold': false,
  'review-release': true,
  'appeal-payment': false,
  'appeal-reversal': true,
  'hold-post': false,
  'payment-reversal': true,
  'payment-refund': true,
  'issue-return': false,
  'issue-return-non-cash': false,
  'cash-withdrawal': false,
  'cash-withdrawal-cash': false,
  'cash-deposit': false,
  'cash-deposit-cash': false,
  'cash-supply': false,
  'payment-to-individual': false,
  'payment-to-government': false,
  'transfer-reversal': true,
  'transfer-refund': true,
  'merchant-payment': false,
  'merchant-refund': true,
  'rule-share': false,
  'rule-return': true,
  'rule-netting': true,
  'individual-transfer': false,
}

export interface Leg {
  readonly debit: string
  readonly credit: string
  readonly amount: Tiyn
  readonly kind: TransferKind
  /** What this leg moves for, where that is not what its whole set moves for: the share of a rule. */
  readonly reference?: string
}

export type Posted =
  | { readonly kind: 'posted' }
  /** That account would fall below its limit. Nothing was booked. */
  | { readonly kind: 'short'; readonly account: string }

/**
 * Books all legs or none. Legs of zero are left out.
 *
 * @param reference what the money moves for: a tender's id, a lease's id, a client's transfer id
 * @throws Error when an account does not exist or currencies differ: callers resolve accounts first
 */
export async function post(work: Work, legs: readonly Leg[], reference: string): Promise<Posted> {
  const moving = legs.filter((leg) => leg.amount > 0n)
  if (moving.length === 0) return { kind: 'posted' }
  const accounts = await loadAccounts(work, moving)
  const change = new Map<string, bigint>()
  for (const leg of moving) {
    const debit = accounts.get(leg.debit)
    const credit = accounts.get(leg.credit)
    if (debit === undefined || credit === undefined) throw new Error(`no account for ${leg.debit} → ${leg.credit}`)
    if (debit.currency !== credit.currency) throw new Error(`${leg.debit} → ${leg.credit} would mix currencies`)
    change.set(leg.debit, (change.get(leg.debit) ?? 0n) - leg.amount)
    change.set(leg.credit, (change.get(leg.credit) ?? 0n) + leg.amount)
  }
  for (const [accountId, difference] of change) {
    const account = accounts.get(accountId)
    if (account === undefined || account.floor === null || difference >= 0n) continue
    if (account.balance + difference - account.held < account.floor) return { kind: 'short', account: accountId }
  }
  await write(work, moving, accounts, reference)
  return { kind: 'posted' }
}

/** What an account can give: its balance above its limit, without what is held. Null: without limit. */
export async function availableIn(work: Work, accountId: string): Promise<bigint | null> {
  const account = (await loadByIds(work, [accountId])).get(accountId)
  if (account === undefined) throw new Error(`no account ${accountId}`)
  return account.floor === null ? null : account.balance - account.held - account.floor
}

interface LoadedAccount extends Side {
  readonly balance: bigint
  readonly floor: bigint | null
  readonly held: bigint
  readonly entries: bigint
}

function loadAccounts(work: Work, legs: readonly Leg[]): Promise<ReadonlyMap<string, LoadedAccount>> {
  return loadByIds(work, [...new Set(legs.flatMap((leg) => [leg.debit, leg.credit]))])
}

async function loadByIds(
  { connection, now }: Work,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LoadedAccount>> {
  const rows = await connection
    .selectFrom('account')
    .select(['account_id', 'currency', 'kind', 'owner', 'balance', 'floor', 'entries'])
    .where('account_id', 'in', ids)
    .execute()
  const holds = await connection
    .selectFrom('hold')
    .select(['debit', 'amount'])
    .where('debit', 'in', ids)
    .where('state', '=', 'pending')
    .where('expires_at', '>', BigInt(now))
    .execute()
  const held = new Map<string, bigint>()
  for (const hold of holds) held.set(hold.debit, (held.get(hold.debit) ?? 0n) + hold.amount)
  return new Map(rows.map(({ account_id: id, ...account }) => [id, { ...account, held: held.get(id) ?? 0n }]))
}

/**
 * Each entry of an account has the next number of that account, taken with the account's row: whoever pages through
 * them by number neither skips nor repeats one, however many are written meanwhile.
 */
async function write(
  work: Work,
  legs: readonly Leg[],
  accounts: ReadonlyMap<string, LoadedAccount>,
  reference: string,
): Promise<void> {
  const { connection, now } = work
  const groupId = newId(work)
  const newest = new Map<string, { readonly entry: bigint; readonly balance: bigint }>()
  const enter = (accountId: string, difference: bigint) => {
    const before = newest.get(accountId)
    const account = accounts.get(accountId)
    if (account === undefined) throw new Error(`no account ${accountId}`)
    const entry = (before?.entry ?? account.entries) + 1n
    const balance = (before?.balance ?? account.balance) + difference
    newest.set(accountId, { entry, balance })
    return { entry, balance }
  }
  for (const [index, leg] of legs.entries()) {
    const transferId = index === 0 ? groupId : newId(work)
    const debited = enter(leg.debit, -leg.amount)
    const credited = enter(leg.credit, leg.amount)
    await connection
      .insertInto('transfer')
      .values({
        transfer_id: transferId,
        group_id: groupId,
        debit: leg.debit,
        credit: leg.credit,
        amount: leg.amount,
        kind: leg.kind,
        reference: leg.reference ?? reference,
        at: now,
        debit_entry: debited.entry,
        debit_balance: debited.balance,
        credit_entry: credited.entry,
        credit_balance: credited.balance,
      })
      .execute()
    const [debit, credit] = [accounts.get(leg.debit), accounts.get(leg.credit)]
    if (debit !== undefined && credit !== undefined) tellOfLeg(work, { ...leg, transferId }, debit, credit, reference)
  }
  for (const [accountId, { entry, balance }] of newest) {
    const account = accounts.get(accountId)
    if (account === undefined) throw new Error(`no account ${accountId}`)
    // By how much, not to what: two at once would fail on the number of the entry, and never lose money.
    await connection
      .updateTable('account')
      .set((expression) => ({
        balance: expression('balance', '+', balance - account.balance),
        entries: expression('entries', '+', entry - account.entries),
      }))
      .where('account_id', '=', accountId)
      .execute()
  }
}
