/**
 * How often somebody may ask whose a number is. Counted before the answer is known, in a transaction of its own, so
 * that a refusal does not take the count back; kept in the database, so that a restart does not either.
 */
import { inTransaction, type LedgerPorts, type Work } from '../context.ts'
import { limits } from '../http/limits.ts'
import type { Caller } from '../http/operation.ts'

const hourMs = 3_600_000
/** Decided by us: more friends than anybody pays within an hour, too few to try out a block of numbers. */
export const lookupsPerAccountMax = limits.payeeLookupsPerAccountAndHourMax
/** Decided by us: for all clients of one bank, who are each held to the limit above. */
export const lookupsPerBankMax = limits.payeeLookupsPerBankAndHourMax

/**
 * Counts one question.
 *
 * @param accountId for whom the caller asks, and may ask: else a stranger could use up somebody's questions
 * @param operationId of what was done before, the answer is known to who asks, and nothing is counted
 * @returns whether it may be answered
 */
export function countLookup(
  ports: LedgerPorts,
  caller: Caller,
  accountId: string,
  operationId?: string,
): Promise<boolean> {
  return inTransaction(ports, async (work) => {
    if (operationId !== undefined && (await wasDone(work, operationId))) return true
    const byAccount = await count(work, `account/${accountId}`)
    if (caller.role !== 'bank') return byAccount <= lookupsPerAccountMax
    const byBank = await count(work, `bank/${caller.owner}`)
    return byAccount <= lookupsPerAccountMax && byBank <= lookupsPerBankMax
  })
}

async function wasDone({ connection }: Work, operationId: string): Promise<boolean> {
  const done = await connection
    .selectFrom('operation')
    .select('operation_id')
    .where('operation_id', '=', operationId)
    .executeTakeFirst()
  return done !== undefined
}

async function count({ connection, now }: Work, looker: string): Promise<number> {
  const hour = Math.floor(now / hourMs)
  await connection.deleteFrom('payee_lookup').where('looker', '=', looker).where('hour', '<', BigInt(hour)).execute()
  const counted = await connection
    .insertInto('payee_lookup')
    .values({ looker, hour, count: 1 })
    .onConflict((conflict) =>
      conflict.columns(['looker', 'hour']).doUpdateSet((row) => ({ count: row('payee_lookup.count', '+', 1n) })),
    )
    .returning('count')
    .executeTakeFirstOrThrow()
  return Number(counted.count)
}
