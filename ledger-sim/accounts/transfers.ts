/**
 * Transfers are the only primitive (architecture.md, "Ledger"): single, several legs at once, and pending ones that are
 * posted, voided or expire. Each leg takes from one account what it gives to another, so entries always sum to zero.
 */
import { sql, type Insertable } from 'kysely'
import type { Tiyn } from '../../src/voucher/money.ts'
import { newId, type Work } from '../context.ts'
import { tellOfLeg, type Side } from '../feed/money-news.ts'
import type { Tables } from '../store/schema.ts'
import { rowsStatement } from '../store/statement.ts'
import type { TransferKind } from './transfer-kinds.ts'

export type { TransferKind }

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
  'scheme-return': true,
  'lease-funding': false,
  'lease-return': true,
  'card-funding': false,
  'card-return': true,
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
  const books = await Books.open(
    work,
    moving.flatMap((leg) => [leg.debit, leg.credit]),
  )
  const posted = books.book(moving, reference)
  await books.write()
  return posted
}

/** What an account can give: its balance above its limit, without what is held. Null: without limit. */
export async function availableIn(work: Work, accountId: string): Promise<bigint | null> {
  const account = (await Books.open(work, [accountId])).account(accountId)
  if (account === undefined) throw new Error(`no account ${accountId}`)
  return account.floor === null ? null : account.balance - account.held - account.floor
}

export interface OpenAccount extends Side {
  /** With what was entered here so far. */
  readonly balance: bigint
  /** Null: without limit. */
  readonly floor: bigint | null
  /** What is set aside of it. */
  readonly held: bigint
}

/** @param asked the moment stands in each row, since a statement for rows has nothing beside them */
const accountsWithHeld = rowsStatement(
  ['id', 'now'],
  (connection, asked: readonly { readonly id: string; readonly now: bigint }[]) =>
    connection
      .selectFrom('account')
      .select(['account_id', 'currency', 'kind', 'owner', 'balance', 'floor', 'entries'])
      .select((account) =>
        account
          .selectFrom('hold')
          .select(({ fn }) => fn.sum<bigint | null>('amount').as('sum'))
          .whereRef('debit', '=', 'account.account_id')
          .where('state', '=', 'pending')
          .where('expires_at', '>', asked[0]?.now ?? 0n)
          .as('held'),
      )
      .where(
        'account_id',
        'in',
        asked.map(({ id }) => id),
      ),
)

type NewTransfer = Required<Insertable<Tables['transfer']>>

const transferred = rowsStatement(
  [
    'transfer_id',
    'group_id',
    'debit',
    'credit',
    'amount',
    'kind',
    'reference',
    'at',
    'debit_entry',
    'debit_balance',
    'credit_entry',
    'credit_balance',
  ],
  (connection, rows: readonly NewTransfer[]) => connection.insertInto('transfer').values(rows),
)

interface Moved {
  readonly id: string
  readonly balance: bigint
  readonly entries: bigint
}

/** From some 200 on, SQLite goes through all accounts and looks each up in this list. */
const movedAtOnce = 64

/** By how much, not to what: two at once would fail on the number of the entry, and never lose money. */
const accountsMoved = rowsStatement(
  ['id', 'balance', 'entries'],
  (connection, moved: readonly Moved[]) =>
    connection
      .updateTable('account')
      // Columns of such a list have these names in SQLite as in PostgreSQL, which also wants to be told their types.
      .from(
        sql<{ column1: string; column2: bigint; column3: bigint }>`(values ${sql.join(
          moved.map(
            ({ id, balance, entries }) =>
              sql`(cast(${id} as text), cast(${balance} as bigint), cast(${entries} as bigint))`,
          ),
        )})`.as('moved'),
      )
      .set(({ eb, ref }) => ({
        balance: eb('account.balance', '+', ref('moved.column2')),
        entries: eb('account.entries', '+', ref('moved.column3')),
      }))
      .whereRef('account_id', '=', 'moved.column1'),
  movedAtOnce,
)

interface Page extends OpenAccount {
  balance: bigint
  entries: bigint
  readonly before: { readonly balance: bigint; readonly entries: bigint }
}

/**
 * Accounts in memory for one unit of work: sets of legs are judged and entered one after the other, and written
 * together at its end. So a list of payments reads and writes each account once.
 */
export class Books {
  readonly #work: Work
  readonly #pages: ReadonlyMap<string, Page>
  readonly #transfers: NewTransfer[] = []

  private constructor(work: Work, pages: ReadonlyMap<string, Page>) {
    this.#work = work
    this.#pages = pages
  }

  /** @param accountIds all that will be booked; one that does not exist is none of the books */
  static async open(work: Work, accountIds: Iterable<string>): Promise<Books> {
    const now = BigInt(work.now)
    const rows = await accountsWithHeld(
      work.connection,
      Array.from(new Set(accountIds), (id) => ({ id, now })),
    )
    const pages = rows.map(({ account_id: id, held, ...account }): [string, Page] => {
      const { balance, entries } = account
      return [id, { ...account, held: held ?? 0n, before: { balance, entries } }]
    })
    return new Books(work, new Map(pages))
  }

  account(accountId: string): OpenAccount | undefined {
    return this.#pages.get(accountId)
  }

  /**
   * Enters all legs or none. Legs of zero are left out.
   *
   * @param reference what the money moves for: a tender's id, a lease's id, a client's transfer id
   * @throws Error when an account does not exist or currencies differ: callers resolve accounts first
   */
  book(legs: readonly Leg[], reference: string): Posted {
    const moving = legs.filter((leg) => leg.amount > 0n)
    const change = new Map<string, bigint>()
    for (const { debit, credit, amount } of moving) {
      if (this.#page(debit).currency !== this.#page(credit).currency)
        throw new Error(`${debit} → ${credit} would mix currencies`)
      change.set(debit, (change.get(debit) ?? 0n) - amount)
      change.set(credit, (change.get(credit) ?? 0n) + amount)
    }
    for (const [accountId, difference] of change) {
      const { balance, floor, held } = this.#page(accountId)
      if (floor === null || difference >= 0n) continue
      if (balance + difference - held < floor) return { kind: 'short', account: accountId }
    }
    let groupId: string | undefined
    for (const leg of moving) {
      const transferId = newId(this.#work)
      groupId ??= transferId
      this.#enter(leg, transferId, groupId, reference)
    }
    return { kind: 'posted' }
  }

  /** Once, in the unit of work that opened them. */
  async write(): Promise<void> {
    const { connection } = this.#work
    await transferred(connection, this.#transfers)
    const moved = [...this.#pages].flatMap(([id, { balance, entries, before }]) =>
      entries === before.entries ? [] : [{ id, balance: balance - before.balance, entries: entries - before.entries }],
    )
    await accountsMoved(connection, moved)
  }

  #page(accountId: string): Page {
    const page = this.#pages.get(accountId)
    if (page === undefined) throw new Error(`no account ${accountId}`)
    return page
  }

  /**
   * Each entry of an account has the next number of that account, taken with the account's row: whoever pages through
   * them by number neither skips nor repeats one, however many are written meanwhile.
   */
  #enter(leg: Leg, transferId: string, groupId: string, reference: string): void {
    const [debit, credit] = [this.#page(leg.debit), this.#page(leg.credit)]
    debit.balance -= leg.amount
    debit.entries += 1n
    const debited = { debit_entry: debit.entries, debit_balance: debit.balance }
    credit.balance += leg.amount
    credit.entries += 1n
    this.#transfers.push({
      transfer_id: transferId,
      group_id: groupId,
      debit: leg.debit,
      credit: leg.credit,
      amount: leg.amount,
      kind: leg.kind,
      reference: leg.reference ?? reference,
      at: this.#work.now,
      ...debited,
      credit_entry: credit.entries,
      credit_balance: credit.balance,
    })
    tellOfLeg(this.#work, { ...leg, transferId }, debit, credit, reference)
  }
}
