/**
 * A store inside a transaction that is open already: what is done in it is a part of that transaction, committed with
 * it, and undone alone when it throws. So several units of work share one commit, and one that is refused harms none.
 */
import { sql } from 'kysely'
import type { Connection, Store } from './open-store.ts'

/** Its units of work run one after the other. */
export function storeWithin(connection: Connection): Store {
  return {
    transaction: async (work) => {
      await sql`savepoint unit_of_work`.execute(connection)
      try {
        const result = await work(connection)
        await sql`release savepoint unit_of_work`.execute(connection)
        return result
      } catch (error) {
        await sql`rollback to savepoint unit_of_work`.execute(connection)
        await sql`release savepoint unit_of_work`.execute(connection)
        throw error
      }
    },
    close: () => Promise.reject(new Error('a store within a transaction is closed by whoever opened it')),
  }
}
