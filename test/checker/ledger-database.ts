/**
 * The ledger's SQLite database, read as rows by SQL of this checker's own. Read only, in one snapshot. Columns that
 * this checker needs and does not find are named; values that it does not know are not guessed at.
 */
import { closeSync, existsSync, openSync, readSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { CheckerInputError } from './input-error.ts'

const whole = z.bigint()
const text = z.string()
const textOrNull = z.string().nullable()

export const tenderStates = [
  'deciding',
  'requested',
  'held',
  'settled',
  'awaiting_funds',
  'awaiting_proof',
  'refused',
  'not_paid',
  'reversed',
] as const
export type TenderState = (typeof tenderStates)[number]

/** Every table and column that is read; columns beyond these are nobody's business here. */
const tables = {
  account: z.object({
    account_id: text,
    currency: z.enum(['DT', 'KZT']),
    kind: text,
    balance: whole,
    floor: whole.nullable(),
  }),
  transfer: z.object({
    transfer_id: text,
    group_id: text,
    debit: text,
    credit: text,
    amount: whole,
    kind: text,
    reference: text,
  }),
  tender: z.object({
    tender_id: text,
    terminal_id: text,
    terms: textOrNull,
    terms_hash: textOrNull,
    state: z.enum(tenderStates),
    paid_by: z.enum(['escrow', 'agency', 'individual']).nullable(),
    refusal: textOrNull,
    loss: textOrNull,
    slot_id: textOrNull,
    scheme_id: textOrNull,
    amount: whole,
    tombstone: whole,
  }),
  evidence: z.object({ tender_id: text, kind: text, content: text }),
  card: z.object({ card: text, profile: textOrNull }),
  card_counter: z.object({ card: text, epoch: whole, counter: whole, tender_id: text, mac: text }),
  slot: z.object({
    slot_id: text,
    scheme_id: text,
    period_id: text,
    count_allowed: whole,
    amount_allowed: whole,
    bridged_amount: whole,
    lease_id: textOrNull,
  }),
  slot_use: z.object({ slot_id: text, tender_id: text, amount: whole }),
  lease: z.object({
    lease_id: text,
    scheme_id: text,
    escrow_account: text,
    state: z.enum(['live', 'closed']),
    kind: z.literal('pool').nullable(),
  }),
  scheme: z.object({ scheme_id: text, account_id: text }),
  /** For what a card that counts itself may spend. */
  card_escrow: z.object({ card: text, scheme_id: text, account_id: text }),
  principal: z.object({ jwk: text, role: text, owner: text }),
  refund: z.object({
    refund_id: text,
    tender_id: text,
    terminal_id: text,
    amount: whole,
    state: z.enum(['done', 'refused']),
  }),
  payment_request: z.object({
    tender_id: text,
    payee_account: text,
    amount: whole,
    sale_hash: text,
    hold_id: textOrNull,
    payer: textOrNull,
    closed_for: z.enum(['released', 'expired']).nullable(),
    paid_lines: textOrNull,
  }),
  hold: z.object({
    hold_id: text,
    debit: text,
    credit: text,
    amount: whole,
    posted: whole,
    state: z.enum(['pending', 'posted', 'voided', 'expired']),
  }),
  merchant_debt: z.object({ kind: text, reference: text, amount: whole }),
  direct_payment: z.object({ payment_id: text, payer: text, payee_account: text, amount: whole }),
} as const

type Tables = typeof tables
export type LedgerRows = { readonly [Name in keyof Tables]: readonly z.infer<Tables[Name]>[] }
export type LedgerRow<Name extends keyof Tables> = LedgerRows[Name][number]

/** What this checker needs of the ledger's schema: columns by table. */
export const neededColumns: Readonly<Record<keyof Tables, readonly string[]>> = Object.fromEntries(
  Object.entries(tables).map(([name, row]) => [name, Object.keys(row.shape)]),
) as unknown as Record<keyof Tables, readonly string[]>

/**
 * Rows in the order in which they were written.
 *
 * @param folder holds the ledger's database and no second one that has a table `transfer`
 * @throws CheckerInputError
 */
export function readLedger(folder: string): LedgerRows {
  const database = new Database(databaseIn(folder), { readonly: true, fileMustExist: true })
  try {
    database.defaultSafeIntegers(true)
    return database.transaction(() => readTables(database))()
  } finally {
    database.close()
  }
}

function readTables(database: Database.Database): LedgerRows {
  const rows: Partial<Record<keyof Tables, readonly unknown[]>> = {}
  for (const name of Object.keys(tables) as (keyof Tables)[]) {
    const present = new Set(
      (database.pragma(`table_info(${name})`) as { readonly name: string }[]).map((column) => column.name),
    )
    if (present.size === 0) throw new CheckerInputError(`the ledger's database has no table "${name}"`)
    const missing = neededColumns[name].find((column) => !present.has(column))
    if (missing !== undefined) throw new CheckerInputError(`the ledger's table "${name}" has no column "${missing}"`)
    const columns = neededColumns[name].map((column) => `"${column}"`).join(', ')
    const found = z
      .array(tables[name])
      .safeParse(database.prepare(`select ${columns} from "${name}" order by rowid`).all())
    if (!found.success) {
      throw new CheckerInputError(
        `the ledger's table "${name}" holds what is not known: ${z.prettifyError(found.error)}`,
      )
    }
    rows[name] = found.data
  }
  return rows as LedgerRows
}

const magic = 'SQLite format 3\0'

function databaseIn(folder: string): string {
  if (!existsSync(folder)) throw new CheckerInputError(`there is no ledger: ${folder} does not exist`)
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(folder, entry.name))
    .filter((path) => beginningOf(path) === magic && hasTransfers(path))
  const [file] = files
  if (file === undefined) throw new CheckerInputError(`no ledger database with a table "transfer" in ${folder}`)
  if (files.length > 1) throw new CheckerInputError(`more than one ledger database in ${folder}: ${files.join(', ')}`)
  return file
}

function beginningOf(path: string): string {
  const file = openSync(path, 'r')
  try {
    const beginning = Buffer.alloc(magic.length)
    readSync(file, beginning, 0, beginning.length, 0)
    return beginning.toString('latin1')
  } finally {
    closeSync(file)
  }
}

function hasTransfers(path: string): boolean {
  const database = new Database(path, { readonly: true, fileMustExist: true })
  try {
    return (
      database.prepare(`select 1 from sqlite_master where type = 'table' and name = 'transfer'`).get() !== undefined
    )
  } finally {
    database.close()
  }
}
