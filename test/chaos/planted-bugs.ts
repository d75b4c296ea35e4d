/**
 * Wrong programs, to see that the run finds them. The product has no switch for any of them: they are planted in the
 * ledger's file or in the till's journal, and act as a wrong program would.
 */
import Database from 'better-sqlite3'

export interface PlantedBug {
  /** In the ledger's database, before the ledger starts. */
  readonly ledger?: string
  /** In each till's journal, after the queue was filled. */
  readonly till?: string
}

const newId = `lower(hex(randomblob(16)))`
/** What the first payment of a tender was, once more. */
const payAgain = `
  insert into transfer (transfer_id, group_id, debit, credit, amount, kind, reference, at)
    select ${newId}, ${newId}, debit, credit, amount, kind, reference, at from transfer
    where kind = 'voucher-payment' and reference = new.tender_id limit 1;`
const addToPayee = `
  update account set balance = balance + (select amount from tender where tender_id = new.tender_id)
    where account_id = (select credit from transfer where reference = new.tender_id limit 1);`
const takeFromPayer = `
  update account set balance = balance - (select amount from tender where tender_id = new.tender_id)
    where account_id = (select debit from transfer where reference = new.tender_id limit 1);`
const whenItExists = `
  create trigger planted before insert on tender
  when exists (select 1 from tender where tender_id = new.tender_id and state = 'settled')`

export const plantedBugs = {
  /** The ledger pays each time that a sale arrives, whatever its id. */
  'ids-ignored': { ledger: `${whenItExists} begin ${payAgain} ${addToPayee} ${takeFromPayer} end` },
  /** The payee's half of such a payment without the payer's. */
  'half-a-transfer': { ledger: `${whenItExists} begin ${addToPayee} end` },
  /** The till forgets items that wait. */
  'forgotten-items': {
    till: `delete from outbox where sequence in (select sequence from outbox order by sequence limit 3)`,
  },
} as const satisfies Record<string, PlantedBug>
export type PlantedBugName = keyof typeof plantedBugs
export const plantedBugNames = Object.keys(plantedBugs) as PlantedBugName[]

export function plant(file: string, sql: string | undefined): void {
  if (sql === undefined) return
  const database = new Database(file)
  database.exec(sql)
  database.close()
}
