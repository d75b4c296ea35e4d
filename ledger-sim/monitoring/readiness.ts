/** Whether the ledger can do its work now: /health says that the process lives, this that a request would be served. */
import { sql } from 'kysely'
import { z } from 'zod'
import type { LedgerPorts } from '../context.ts'
import { migrations } from '../store/migrations.ts'

export const readinessSchema = z.strictObject({
  ready: z.boolean().describe('All checks are passed.'),
  checks: z.strictObject({
    storeWritable: z.boolean().describe('A row can be written; it is rolled back again.'),
    migrated: z.boolean().describe('Every change of the tables that this program knows has been made, and no other.'),
    clockSane: z.boolean().describe('The time is not before what is booked already, nor outside of this century.'),
  }),
})
export type Readiness = z.output<typeof readinessSchema>

/** Clocks of two machines differ; more than this is no clock. */
const behindMsMax = 120_000
const [earliest, latest] = [Date.UTC(2024, 0, 1), Date.UTC(2100, 0, 1)]

class TakenBack extends Error {}

export async function readinessOf(ports: LedgerPorts): Promise<Readiness> {
  const storeWritable = await attempt(() => canWrite(ports))
  const migrated = await attempt(() => isMigrated(ports))
  const clockSane = await attempt(() => isClockSane(ports))
  return { ready: storeWritable && migrated && clockSane, checks: { storeWritable, migrated, clockSane } }
}

/** A store that fails is what is asked about. */
async function attempt(check: () => Promise<boolean>): Promise<boolean> {
  try {
    return await check()
  } catch {
    return false
  }
}

async function canWrite({ store }: LedgerPorts): Promise<boolean> {
  try {
    return await store.transaction(async (connection) => {
      await connection.insertInto('meta').values({ name: 'readiness', value: 'written and taken back' }).execute()
      throw new TakenBack()
    })
  } catch (error) {
    if (error instanceof TakenBack) return true
    throw error
  }
}

function isMigrated({ store }: LedgerPorts): Promise<boolean> {
  return store.transaction(async (connection) => {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(connection)
    const known = Object.keys(migrations).toSorted()
    const done = rows.map(({ name }) => name).toSorted()
    return done.length === known.length && done.every((name, index) => name === known[index])
  })
}

function isClockSane({ store, clock }: LedgerPorts): Promise<boolean> {
  const now = clock()
  if (now < earliest || now > latest) return Promise.resolve(false)
  return store.transaction(async (connection) => {
    // Ids begin with their moment (UUIDv7), so the greatest is the newest, and is found without a walk.
    const newest = await connection
      .selectFrom('transfer')
      .select('at')
      .orderBy('transfer_id', 'desc')
      .limit(1)
      .executeTakeFirst()
    return newest === undefined || Number(newest.at) <= now + behindMsMax
  })
}
