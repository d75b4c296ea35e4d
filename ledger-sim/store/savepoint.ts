/** A unit of work inside a transaction that is open already: a part of it, committed with it, undone alone. */
import { sql, type Transaction } from 'kysely'

/**
 * Undone alone when it throws, and then it throws on. Where the database has given up the whole transaction, what it
 * says of that is thrown instead, and ends the transaction.
 */
export async function inSavepoint<Tables, Result>(
  connection: Transaction<Tables>,
  work: (connection: Transaction<Tables>) => Promise<Result>,
): Promise<Result> {
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
}
