/**
 * A store inside a transaction that is open already: what is done in it is a part of that transaction, committed with
 * it, and undone alone when it throws. So several units of work share one commit, and one that is refused harms none.
 */
import type { Connection, Store } from './open-store.ts'
import { inSavepoint } from './savepoint.ts'

/** Its units of work run one after the other. */
export function storeWithin(connection: Connection): Store {
  return {
    read: (work) => work(connection),
    transaction: (work) => inSavepoint(connection, work),
    // Who waits is a question for whoever opened it, and can end it.
    isAwaited: () => Promise.resolve(false),
    close: () => Promise.reject(new Error('a store within a transaction is closed by whoever opened it')),
  }
}
