/** Facts about the database itself. */
import type { Connection, Store } from './open-store.ts'

export function readMeta(store: Store, name: 'origin'): Promise<string | undefined> {
  return store.transaction(async (connection) => {
    const row = await connection.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst()
    return row?.value
  })
}

/** Written once, in the transaction that makes it true. @throws when it is there already */
export async function writeMeta(connection: Connection, name: 'origin', value: string): Promise<void> {
  await connection.insertInto('meta').values({ name, value }).execute()
}
