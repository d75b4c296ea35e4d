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

/** What a card or a key has signed is used up wherever it was heard: its counter, its latest moment, goes on. */
function comparable(key: string, value: unknown): unknown {
  if (key === 'highest_counter' || key === 'latest_signed') return undefined
  return typeof value === 'bigint' ? String(value) : value
}
