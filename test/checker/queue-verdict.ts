/**
 * What became of a queue: from the ledger's database and the list of what was queued, and from nothing else. Each item
 * must have had its effect once; whatever else happened is named. SQL of its own, one snapshot, read only.
 */
import Database from 'better-sqlite3'

export interface QueuedItem {
  readonly itemId: string
  readonly kind: 'tender' | 'surrender'
  /** Of the tender, or of the surrender; a sale and its reversal are two items of one tender. */
  readonly id: string
  /** The lease that pays a tender, or gets poorer by a surrender. */
  readonly lease: string | null
  /** Tiyn, as decimal text. Of a surrender: what is left in the slot when its sales arrived before it. */
  readonly amount: string
  /** Of a surrender: what is left when they arrive after it; then the agency pays them, and it comes to the same. */
  readonly amountMost?: string
  /** The account that a tender pays. */
  readonly payee: string | null
  /** How it must end, whatever the network did. */
  readonly expected: 'settled' | 'reversed' | 'not_paid' | 'refused' | 'done'
}

export interface QueueVerdict {
  /** Items without their effect. */
  readonly lost: readonly string[]
  /** Items whose effect happened more than once, or that moved money they must not move. */
  readonly duplicated: readonly string[]
  /** Whatever else is wrong: the books, or something that nobody queued. */
  readonly wrong: readonly string[]
}

interface TenderRow {
  readonly tender_id: string
  readonly state: string
  readonly amount: bigint
  readonly uses: bigint
}
interface Moved {
  readonly reference: string
  readonly kind: string
  readonly times: bigint
  readonly amount: bigint
}

/** @param queued of all tills of the ledger */
export function judgeQueue(databaseFile: string, queued: readonly QueuedItem[]): QueueVerdict {
  const database = new Database(databaseFile, { readonly: true, fileMustExist: true })
  try {
    database.defaultSafeIntegers(true)
    return database.transaction(() => new Judge(database).judge(queued))()
  } finally {
    database.close()
  }
}

class Judge {
  readonly #database: Database.Database
  readonly #lost: string[] = []
  readonly #duplicated: string[] = []
  readonly #wrong: string[] = []

  constructor(database: Database.Database) {
    this.#database = database
  }

  judge(queued: readonly QueuedItem[]): QueueVerdict {
    this.#judgeTenders(queued.filter(({ kind }) => kind === 'tender'))
    this.#judgeSurrenders(queued.filter(({ kind }) => kind === 'surrender'))
    this.#judgeBooks()
    return { lost: this.#lost, duplicated: this.#duplicated, wrong: this.#wrong }
  }

  #judgeTenders(queued: readonly QueuedItem[]): void {
    const rows = this.#rows<TenderRow>(
      `select tender_id, state, amount,
         (select count(*) from slot_use where slot_use.tender_id = tender.tender_id) as uses
       from tender`,
    )
    const tenders = new Map(rows.map((row) => [row.tender_id, row]))
    const moved = this.#moved()
    const known = new Set(queued.map(({ id }) => id))
    for (const id of [...tenders.keys(), ...moved.keys()])
      if (!known.has(id)) this.#wrong.push(`tender ${id} was never queued`)
    const owed = new Map<string, bigint>()
    for (const item of queued) {
      const row = tenders.get(item.id)
      const found = moved.get(item.id)
      if (row === undefined) {
        this.#lost.push(`${item.itemId}: the ledger has never heard of it`)
        continue
      }
      const [paid, back] = [found?.get('voucher-payment'), found?.get('voucher-reversal')]
      const net = (paid?.amount ?? 0n) - (back?.amount ?? 0n)
      const due = item.expected === 'settled' ? BigInt(item.amount) : 0n
      const payments = `paid ${paid?.times ?? 0n} times, given back ${back?.times ?? 0n} times`
      const is = `${item.itemId}: ${row.state}, ${payments}, ${net} of ${due}`
      if (row.state !== item.expected || net < due) this.#lost.push(`${is}, must be ${item.expected}`)
      const mayHaveBeenPaid = item.expected === 'settled' || item.expected === 'reversed' ? 1n : 0n
      if (net > due || (paid?.times ?? 0n) > mayHaveBeenPaid || (back?.times ?? 0n) > (paid?.times ?? 0n))
        this.#duplicated.push(is)
      if (row.uses !== (item.expected === 'settled' ? 1n : 0n))
        this.#wrong.push(`${item.itemId}: ${row.state}, and its slot counts it ${row.uses} times`)
      if (item.payee !== null && item.itemId === item.id) owed.set(item.payee, (owed.get(item.payee) ?? 0n) + due)
    }
    this.#judgePayees(owed)
  }

  /** A payee of these tenders is paid by nothing else. */
  #judgePayees(owed: ReadonlyMap<string, bigint>): void {
    for (const [account, due] of owed) {
      const [row] = this.#rows<{ balance: bigint }>('select balance from account where account_id = ?', account)
      if (row?.balance !== due) this.#wrong.push(`${account} has ${row?.balance}, its settled tenders are ${due}`)
    }
  }

  #judgeSurrenders(queued: readonly QueuedItem[]): void {
    const rows = this.#rows<{ surrender_id: string; state: string; amount: bigint }>('select * from surrender')
    const surrenders = new Map(rows.map((row) => [row.surrender_id, row]))
    const known = new Set(queued.map(({ id }) => id))
    for (const id of surrenders.keys()) if (!known.has(id)) this.#wrong.push(`surrender ${id} was never queued`)
    const givenBack = new Map<string, bigint>()
    for (const { id, lease, amount, amountMost = amount, expected } of queued) {
      const row = surrenders.get(id)
      const is = `surrender ${id}: ${row?.state} for ${row?.amount}, must be ${expected} for ${amount} to ${amountMost}`
      if (row === undefined || row.state !== expected || row.amount < BigInt(amount)) this.#lost.push(is)
      else if (row.amount > BigInt(amountMost)) this.#duplicated.push(is)
      if (lease !== null) givenBack.set(lease, (givenBack.get(lease) ?? 0n) + (row?.amount ?? 0n))
    }
    const returned = this.#rows<Moved>(
      `select reference, kind, count(*) as times, sum(amount) as amount from transfer
       where kind = 'lease-return' group by reference`,
    )
    for (const { reference, amount } of returned) {
      const due = givenBack.get(reference) ?? 0n
      if (amount > due) this.#duplicated.push(`lease ${reference} gave ${amount} back, its surrenders are ${due}`)
      if (amount < due) this.#lost.push(`lease ${reference} gave ${amount} back, its surrenders are ${due}`)
      givenBack.delete(reference)
    }
    for (const [lease, due] of givenBack) if (due > 0n) this.#lost.push(`lease ${lease} gave nothing of ${due} back`)
  }

  #judgeBooks(): void {
    const differing = this.#rows<{ account_id: string; balance: bigint; entries: bigint }>(
      `with entry as (
         select debit as account, -amount as amount from transfer union all select credit, amount from transfer)
       select account_id, balance, coalesce(sum(amount), 0) as entries from account
       left join entry on account = account_id group by account_id having balance <> coalesce(sum(amount), 0)`,
    )
    for (const { account_id, balance, entries } of differing)
      this.#wrong.push(`${account_id} says ${balance}, its transfers add up to ${entries}`)
  }

  /** What moved for tenders, by tender and kind. */
  #moved(): ReadonlyMap<string, ReadonlyMap<string, Moved>> {
    const rows = this.#rows<Moved>(
      `select reference, kind, count(*) as times, sum(amount) as amount from transfer
       where kind in ('voucher-payment', 'voucher-reversal', 'debt-netting') group by reference, kind`,
    )
    return new Map(
      [...Map.groupBy(rows, ({ reference }) => reference)].map(([reference, own]) => [
        reference,
        new Map(own.map((row) => [row.kind, row])),
      ]),
    )
  }

  #rows<Row>(sql: string, ...values: readonly unknown[]): readonly Row[] {
    return this.#database.prepare(sql).all(...values) as Row[]
  }
}

/** How the ledger says that each tender ended. */
export function tenderStates(databaseFile: string): ReadonlyMap<string, string> {
  const database = new Database(databaseFile, { readonly: true, fileMustExist: true })
  try {
    const rows = database.prepare('select tender_id, state from tender').all() as { tender_id: string; state: string }[]
    return new Map(rows.map((row) => [row.tender_id, row.state]))
  } finally {
    database.close()
  }
}
