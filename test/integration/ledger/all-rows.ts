import { sql } from 'kysely'
import type { LedgerPorts } from '../../../ledger-sim/context.ts'

/** All that a ledger has: of every table, each row with the table's name before it. */
export async function rowsOf({ store }: Pick<LedgerPorts, 'store'>): Promise<ReadonlySet<string>> {
  return store.read(async (database) => {
    const tables = await database.introspection.getTables()
    const rows = new Set<string>()
    for (const { name } of tables) {
      const found = await sql`select * from ${sql.table(name)}`.execute(database)
      for (const row of found.rows) rows.add(`${name} ${JSON.stringify(row, comparable)}`)
    }
    return rows
  })
}

/** What a card has signed is used up wherever it was heard: its counter goes on. */
function comparable(key: string, value: unknown): unknown {
  if (key === 'highest_counter') return undefined
  return typeof value === 'bigint' ? String(value) : value
}
