/**
 * Who sees which discrepancies. Two agencies, two merchants and two tills of theirs; one discrepancy of each kind: of
 * a scheme of either agency, of a till under lease as such, of a till without a lease. For each role the whole list is
 * compared, so that what it must not see is seen to be missing.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { migrations } from '../../../ledger-sim/store/migrations.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import type { JournalPosition } from '../../../src/sync/protocol/messages.ts'
import { demoLedger, p256, temporaryFolder, TestSigner, type DemoLedger, type TestTill } from './demo-ledger.ts'

let demo: DemoLedger
let tills: { readonly first: TestTill; readonly second: TestTill }
const otherAgency = 'other-agency'

beforeEach(async () => {
  demo = await demoLedger()
  await demo.ports.store.transaction(async (connection) => {
    const values = [
      ['agency', otherAgency],
      ['agency', 'agency-of-nothing'],
    ] as const
    for (const [role, owner] of values) {
      const { keyId, jwk } = p256(owner)
      await connection
        .insertInto('principal')
        .values({ key_id: keyId, jwk: JSON.stringify(jwk), role, owner, status: 'active' })
        .execute()
    }
    await connection
      .updateTable('scheme')
      .set({ agency_id: otherAgency })
      .where('scheme_id', '=', 'food-voucher')
      .execute()
    await connection
      .updateTable('terminal')
      .set({ merchant_id: 'kokbazar-shop' })
      .where('terminal_id', '=', 'till-2')
      .execute()
  })
  tills = { first: await demo.till('till-1'), second: await demo.till('till-2') }
  await tills.first.fetch()
  await happens()
})
afterEach(() => demo.close())

const signer = (owner: string): TestSigner => new TestSigner(demo.ledger, demo.clock, demo.random, p256(owner))

/** The restored journal of a till: an older head, signed later. */
async function rollsBack(till: TestTill): Promise<void> {
  const head = (sequence: number): JournalPosition => ({ epoch: 1, sequence, hash: 'a'.repeat(64) })
  for (const sequence of [900, 899]) {
    await till.call('/v1/terminal/heads', { head: head(sequence), unsynced: 0 })
    demo.clock.now += 2_000
  }
}

async function happens(): Promise<void> {
  const { first, second } = tills
  for (const sale of [{ card: demo.card('Pupil 01') }, { card: demo.card('Family 01'), item: 'milk' as const }]) {
    const decided = [0, 1].map(() => first.decide(sale))
    if (sale.item === undefined) for (const one of decided) await first.present(one)
    else await first.present({ ...decided[0]!, evidence: { ...decided[0]!.evidence, signature: 'A'.repeat(86) } })
  }
  await rollsBack(first)
  await rollsBack(second)
}

const ofLunch = 'SLOT_ALREADY_USED'
const ofFood = 'PROOF_MISSING_OR_FORGED'
const ofFirst = 'till-1 ROLLBACK_DETECTED'
const ofSecond = 'till-2 ROLLBACK_DETECTED'

async function seenBy(who: TestSigner, query = ''): Promise<readonly string[]> {
  const { status, body } = await who.get(`/v1/discrepancies${query}`)
  if (status !== 200) return [String(body['code'])]
  const listed = body['discrepancies'] as { readonly terminalId: string; readonly tenderId: string; code: string }[]
  return listed.map(({ terminalId, tenderId, code }) => (tenderId === null ? `${terminalId} ${code}` : code)).toSorted()
}

describe('discrepancies are seen', () => {
  test.each<[string, () => TestSigner, readonly string[]]>([
    ['by an agency: of its scheme, and of tills where it leases', () => demo.role('agency'), [ofLunch, ofFirst]],
    ['by the other agency: of its own', () => signer(otherAgency), [ofFood, ofFirst]],
    ['by an agency without schemes: none', () => signer('agency-of-nothing'), []],
    ['by a merchant: of its tills', () => demo.role('merchant', 'school-7-canteen'), [ofFood, ofLunch, ofFirst]],
    ['by the other merchant: of its till', () => demo.role('merchant', 'kokbazar-shop'), [ofSecond]],
    ['by a terminal: its own', () => tills.first, [ofFood, ofLunch, ofFirst]],
    ['by the other terminal: its own', () => tills.second, [ofSecond]],
    ['by the auditor: all', () => demo.role('auditor'), [ofFood, ofLunch, ofFirst, ofSecond]],
    ['by the central bank: all', () => demo.role('central-bank'), [ofFood, ofLunch, ofFirst, ofSecond]],
    ['by a bank: it may not ask', () => demo.role('bank'), ['role_not_allowed']],
  ])('%s', async (_who, who, expected) => {
    expect(await seenBy(who())).toEqual(expected.toSorted())
  })

  test('and to name another’s terminal shows nothing more', async () => {
    const ask = '?terminalId=till-2'
    expect(await seenBy(demo.role('agency'), ask)).toEqual([])
    expect(await seenBy(demo.role('merchant', 'school-7-canteen'), ask)).toEqual([])
    expect(await seenBy(tills.first, ask)).toEqual([])
    expect(await seenBy(demo.role('auditor'), ask)).toEqual([ofSecond])
  })

  test('with what the ledger saw, and nothing about the holder of the card', async () => {
    const { body } = await demo.role('merchant', 'school-7-canteen').get('/v1/discrepancies')
    const listed = body['discrepancies'] as { readonly code: string; readonly evidence: Record<string, unknown> }[]
    const slot = listed.find(({ code }) => code === ofLunch)
    expect(Object.keys(slot?.evidence ?? {})).toEqual(['refusal', 'detail', 'position', 'leaseId'])
    for (const label of ['Pupil 01', 'Family 01'])
      expect(JSON.stringify(body)).not.toContain(demo.card(label).pseudonym)
  })
})

describe('whose a discrepancy is', () => {
  const foodLease = () => leaseOf(tills.first, 'food-voucher')
  const filedAs = async (tenderId: string) =>
    (await demo.rows('discrepancy')).find((row) => row['tender_id'] === tenderId)
  const leaseOf = (till: TestTill, schemeId: string): string => {
    const lease = till.package?.leases.find((candidate) => candidate.schemeId === schemeId)
    if (lease === undefined) throw new Error(`no lease of ${schemeId}`)
    return lease.leaseId
  }

  test('that of the tender’s scheme, whatever lease the till names', async () => {
    const lunch = tills.first.decide({ card: demo.card('Pupil 02') })
    expect(await tills.first.present({ ...lunch, leaseId: foodLease() })).toMatchObject({ state: 'not_paid' })
    expect(await filedAs(lunch.terms.tenderId)).toMatchObject({ agency_id: 'almaly-education' })
  })

  test('for a tombstone that of the lease, where that is the till’s own', async () => {
    const { first } = tills
    const sold = [{ leaseId: foodLease() }, { leaseId: await leaseOfAnotherTill() }].map((named) => ({
      ...first.decide({ card: demo.card('Pupil 03') }),
      ...named,
    }))
    for (const one of sold) {
      await first.reverse(one.terms.tenderId)
      expect(await first.present(one)).toMatchObject({ arrival: 'reversed_before_arrival' })
    }
    const [own, foreign] = await Promise.all(sold.map(({ terms }) => filedAs(terms.tenderId)))
    expect([own?.['agency_id'], foreign?.['agency_id']]).toEqual([otherAgency, null])
  })

  async function leaseOfAnotherTill(): Promise<string> {
    const leaseId = tills.second.id()
    await demo.ports.store.transaction(async (connection) => {
      const like = await connection
        .selectFrom('lease')
        .selectAll()
        .where('lease_id', '=', foodLease())
        .executeTakeFirstOrThrow()
      await connection
        .insertInto('lease')
        .values({ ...like, lease_id: leaseId, terminal_id: 'till-2' })
        .execute()
    })
    return leaseId
  }
})

test('of a ledger from before there were agencies at discrepancies: each is its scheme’s', async () => {
  const old = temporaryFolder()
  const file = join(old.path, 'ledger.db')
  try {
    const earlier = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < '0005a'))
    const before = new Kysely<unknown>({ dialect: new SqliteDialect({ database: new Database(file) }) })
    const migrator = new Migrator({ db: before, provider: { getMigrations: async () => earlier } })
    expect((await migrator.migrateToLatest()).error).toBeUndefined()
    await before.destroy()
    const database = new Database(file)
    database.pragma('foreign_keys = OFF')
    database.exec(`
      insert into scheme (scheme_id, version, agency_id, account_id, content) values ('lunch', 1, 'one', 'a', '');
      insert into tender (tender_id, terminal_id, state, scheme_id, amount, tombstone, at)
        values ('t', 'till-1', 'not_paid', 'lunch', 1, 0, 0);
      insert into discrepancy (discrepancy_id, terminal_id, tender_id, code, owner, amount, evidence, appeal, at)
        values ('d', 'till-1', 't', 'SLOT_ALREADY_USED', 'merchant', 1, '{}', 'open', 0),
          ('e', 'till-1', null, 'ROLLBACK_DETECTED', 'merchant', 0, '{}', 'open', 0);`)
    database.close()
    const store = await openStore(file)
    const rows = await store.transaction((connection) =>
      connection.selectFrom('discrepancy').select(['discrepancy_id', 'agency_id']).orderBy('discrepancy_id').execute(),
    )
    await store.close()
    expect(rows).toEqual([
      { discrepancy_id: 'd', agency_id: 'one' },
      { discrepancy_id: 'e', agency_id: null },
    ])
  } finally {
    old.remove()
  }
})
