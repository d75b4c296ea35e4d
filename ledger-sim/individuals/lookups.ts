/**
 * How often somebody may ask whose a number is. Counted before the answer is known, in a transaction of its own, so
 * that a refusal does not take the count back; kept in the database, so that a restart does not either.
 */
import { inTransaction, type LedgerPorts, type Work } from '../context.ts'
import { limits } from '../http/limits.ts'
import type { Caller, ProblemOutcome } from '../http/operation.ts'

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
 * @returns why it may not be answered, and when one may be again
 */
export function countLookup(
  ports: LedgerPorts,
  caller: Caller,
  accountId: string,
  operationId?: string,
): Promise<ProblemOutcome | undefined> {
  return inTransaction(ports, async (work) => {
    if (operationId !== undefined && (await wasDone(work, operationId))) return undefined
    const byAccount = await count(work, `account/${accountId}`)
    const byBank = caller.role === 'bank' ? await count(work, `bank/${caller.owner}`) : 0
    return byAccount <= lookupsPerAccountMax && byBank <= lookupsPerBankMax ? undefined : tooMany(work)
  })
}

/** An item of a batch has no header, so the detail says the moment too. */
function tooMany({ now }: Work): ProblemOutcome {
  const again = (Math.floor(now / hourMs) + 1) * hourMs
  const next = new Date(again).toISOString()
  return {
    kind: 'problem',
    code: 'rate_limited',
    detail: `too many payees or numbers were asked for in this hour; the next begins at ${next}`,
    retryAfterSeconds: Math.ceil((again - now) / 1_000),
  }
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
