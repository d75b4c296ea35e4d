/** Facts about the database itself. */
import type { Store } from './open-store.ts'

export function readMeta(store: Store, name: 'origin'): Promise<string | undefined> {
  return store.transaction(async (connection) => {
    const row = await connection.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst()
    return row?.value
  })
}

/** Written once. @throws when it is there already */
export function writeMeta(store: Store, name: 'origin', value: string): Promise<void> {
  return store.transaction(async (connection) => {
    await connection.insertInto('meta').values({ name, value }).execute()
  })
}
