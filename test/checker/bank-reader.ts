/**
 * Reads all accounts of a ledger at work, again and again: what they hold together must never change while nobody
 * issues money, and none of them may be below its limit (the test "bank" of Jepsen). Each reading is one snapshot of
 * the file.
 */
import Database from 'better-sqlite3'

export interface BankReading {
  /** Of all DT accounts but the one that issues, tiyn. */
  readonly total: bigint
  /** Of every currency, with the accounts that money comes from: zero. */
  readonly sums: readonly bigint[]
  readonly belowLimit: readonly string[]
}

export function readBank(databaseFile: string): BankReading {
  const database = new Database(databaseFile, { readonly: true, fileMustExist: true })
  try {
    database.defaultSafeIntegers(true)
    const accounts = database.prepare('select account_id, currency, kind, balance, floor from account').all() as {
      account_id: string
      currency: string
      kind: string
      balance: bigint
      floor: bigint | null
    }[]
    const sumOf = (some: typeof accounts): bigint => some.reduce((sum, { balance }) => sum + balance, 0n)
    return {
      total: sumOf(accounts.filter(({ currency, kind }) => currency === 'DT' && kind !== 'central-bank-issue')),
      sums: [...Map.groupBy(accounts, ({ currency }) => currency).values()].map(sumOf),
      belowLimit: accounts
        .filter(({ balance, floor }) => floor !== null && balance < floor)
        .map(({ account_id }) => account_id),
    }
  } finally {
    database.close()
  }
}

/** The first reading says what is right; each later one is held against it. */
export class BankWatch {
  readonly #file: string
  readonly #total: bigint
  readonly faults: string[] = []
  readings = 0

  constructor(databaseFile: string) {
    this.#file = databaseFile
    this.#total = readBank(databaseFile).total
  }

  read(): void {
    const { total, sums, belowLimit } = readBank(this.#file)
    this.readings += 1
    if (total !== this.#total) this.faults.push(`reading ${this.readings}: ${total} instead of ${this.#total}`)
    if (sums.some((sum) => sum !== 0n)) this.faults.push(`reading ${this.readings}: a currency sums to ${sums.join()}`)
    if (belowLimit.length > 0) this.faults.push(`reading ${this.readings}: below the limit: ${belowLimit.join()}`)
  }
}
