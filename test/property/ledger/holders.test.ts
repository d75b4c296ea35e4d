/**
 * Whose a holder is, on a real PostgreSQL with one connection for each transaction. Method: random transactions of
 * three agencies name the same holders at once, some aborted at their end. Of each holder the row says one agency,
 * which heard `own` wherever it committed; every other one heard `anothers`; and nobody is broken off. The migration
 * is run on it too.
 */
import * as fc from 'fast-check'
import { sql, type Kysely } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nameHolder } from '../../../ledger-sim/schemes/holders.ts'
import { giveHoldersToAgencies } from '../../../ledger-sim/store/holder-table.ts'
import { hasPostgres, startPostgres, type Postgres } from '../../fixtures/postgres.ts'

const agencies = ['education', 'social', 'sports'] as const
const holders = ['a', 'b'] as const

const plans = fc.array(
  fc.record({
    agency: fc.constantFrom(...agencies),
    holder: fc.constantFrom(...holders),
    /** How often it waits before its end. */
    waits: fc.nat({ max: 4 }),
    aborts: fc.boolean(),
  }),
  { minLength: 2, maxLength: 12 },
)

class Aborted extends Error {}

describe.skipIf(!hasPostgres('whose a holder is'))('on PostgreSQL', () => {
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres()
    const { database } = server
    await sql`create table holder (holder text primary key, agency_id text not null, since bigint not null)`.execute(
      database,
    )
  })
  afterAll(() => server?.stop())

  test('of agencies that name a holder at once, one has it and the others hear so', async () => {
    const { database } = server
    await fc.assert(
      fc.asyncProperty(plans, async (all) => {
        await sql`truncate holder`.execute(database)
        const heard = await Promise.all(
          all.map(async ({ agency, holder, waits, aborts }) => {
            try {
              return await database.transaction().execute(async (connection) => {
                const whose = await nameHolder({ connection, now: 1 }, holder, agency)
                for (let wait = 0; wait < waits; wait += 1) await sql`select pg_sleep(0.002)`.execute(connection)
                if (aborts) throw new Aborted()
                return { agency, holder, whose }
              })
            } catch (error) {
              if (error instanceof Aborted) return undefined
              throw error
            }
          }),
        )
        const rows = await database.selectFrom('holder').selectAll().execute()
        const committed = heard.filter((one) => one !== undefined)
        expect(rows.map((row) => row.holder).toSorted()).toEqual(
          [...new Set(committed.map(({ holder }) => holder))].toSorted(),
        )
        for (const { agency, holder, whose } of committed) {
          const owner = rows.find((row) => row.holder === holder)?.agency_id
          expect(whose).toBe(owner === agency ? 'own' : 'anothers')
        }
      }),
      { numRuns: 25 },
    )
  })

  test('the migration gives each holder to the agency that entitled it first, or issued its applet card', async () => {
    const { database } = server
    await sql`truncate holder`.execute(database)
    await sql`create table scheme (scheme_id text primary key, agency_id text not null)`.execute(database)
    for (const table of ['entitlement', 'former_entitlement'])
      await sql`create table ${sql.table(table)} (scheme_id text, holder text, since bigint)`.execute(database)
    await sql`create table card (card text, holder text)`.execute(database)
    await sql`create table applet_card (card text, agency_id text)`.execute(database)
    await sql`create table card_status (card text, change bigint, at bigint)`.execute(database)
    await sql`insert into scheme values ('lunch', 'education'), ('food', 'social')`.execute(database)
    await sql`insert into entitlement values ('lunch', 'a', 20), ('food', 'a', 10), ('lunch', 'b', 20)`.execute(
      database,
    )
    await sql`insert into former_entitlement values ('food', 'b', 5)`.execute(database)
    await sql`insert into entitlement values ('food', 'c', 0), ('lunch', 'c', 0)`.execute(database)
    await sql`insert into card values ('1', 'c'), ('2', 'd'), ('3', 'a')`.execute(database)
    await sql`insert into applet_card values ('1', 'social'), ('2', 'social'), ('3', 'education')`.execute(database)
    await sql`insert into card_status values ('1', 1, 30), ('2', 1, 30), ('3', 1, 30), ('2', 2, 40)`.execute(database)
    await giveHoldersToAgencies(database as unknown as Kysely<unknown>)
    const rows = await database.selectFrom('holder').selectAll().orderBy('holder').execute()
    expect(rows).toEqual([
      { holder: 'a', agency_id: 'social', since: 10n },
      { holder: 'b', agency_id: 'social', since: 5n },
      { holder: 'c', agency_id: 'social', since: 0n },
      { holder: 'd', agency_id: 'social', since: 30n },
    ])
  })
})
