/**
 * Ledgers from before only losses could be appealed (migration 0005d) hold payments beside tenders that were paid,
 * refused or disowned. Method: such a payment is written as it was then, by rows; the till reverses the tender, and
 * every balance must be as if the appeal had never been. The audit names them until then.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { fileDiscrepancy } from '../../../ledger-sim/payments/discrepancies.ts'
import { migrations } from '../../../ledger-sim/store/migrations.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import {
  balanceOf,
  dayMs,
  demoLedger,
  drain,
  temporaryFolder,
  type Decided,
  type DemoLedger,
  type TestSigner,
  type TestTill,
} from './demo-ledger.ts'

const agencyAccount = 'almaly-education'
const merchantAccount = 'merchant.school-7-canteen'
const lunch = 115_000n
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let till: TestTill
let merchant: TestSigner

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  till = await demo.till('till-1')
  await till.fetch()
  merchant = demo.role('merchant', 'school-7-canteen')
})
afterEach(async () => {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
  } finally {
    await demo.close()
    folder.remove()
  }
})

async function listed(code: string): Promise<{ readonly discrepancyId: string; readonly appeal: unknown }> {
  const { body } = await merchant.get('/v1/discrepancies')
  const all = body['discrepancies'] as { readonly discrepancyId: string; readonly code: string; appeal: unknown }[]
  const found = all.find((one) => one.code === code)
  if (found === undefined) throw new Error(`no discrepancy ${code}`)
  return found
}

async function balances(): Promise<{ readonly agency: bigint; readonly merchant: bigint }> {
  return { agency: await balanceOf(demo, agencyAccount), merchant: await balanceOf(demo, merchantAccount) }
}

/** Accepted, and paid from the agency's free account. */
async function paidByFormerRule(code: string): Promise<string> {
  const { discrepancyId } = await listed(code)
  await inTransaction(demo.ports, async (work) => {
    const { connection, now: at } = work
    const row = { discrepancy_id: discrepancyId, agency_id: agencyAccount, opened_by: 'till-1', reason: 'asked', at }
    const paid = { state: 'accepted', paid_from: 'agency', decided_at: at, signature: 'A'.repeat(86) } as const
    await connection
      .insertInto('appeal')
      .values({ ...row, ...paid })
      .execute()
    const leg = { debit: agencyAccount, credit: merchantAccount, amount: tiyn(lunch), kind: 'appeal-payment' } as const
    await post(work, [leg], discrepancyId)
  })
  return discrepancyId
}

describe('what was paid by the former rule, beside the tender', () => {
  const audited = () => (auditFile(join(folder.path, 'ledger.db'))?.faults ?? []).map(({ rule }) => rule)

  test.each(['settled', 'awaiting_funds', 'refused', 'not_paid', 'reversed'])(
    'comes back when the till reverses it, also where it was %s',
    async (state) => {
      const card = demo.card('Pupil 01')
      const sold = till.decide({ card }, state === 'refused' ? 'online' : 'offline')
      const { tenderId } = sold.terms
      const before = await balances()
      if (state === 'reversed') await till.reverse(tenderId)
      if (state === 'not_paid') await till.present(till.decide({ card }))
      if (state === 'awaiting_funds') {
        demo.clock.now += 20 * dayMs
        await demo.role('agency').post('/v1/lease-closings', {})
        await drain(demo, 'scheme.school-lunch')
      }
      if (state === 'refused') {
        await inTransaction(demo.ports, (work) => setCardStatus(work, card.pseudonym, 'blocked'))
        expect(await till.authorise(sold)).toMatchObject({ state })
      } else expect(await till.present(sold)).toMatchObject({ state })
      const inBetween = await balances()
      if (state !== 'reversed') await presentOther(tenderId)
      const code = state === 'reversed' ? 'REVERSED_BEFORE_ARRIVAL' : 'EXISTS_WITH_DIFFERENT_SALE_HASH'
      await paidByFormerRule(code)
      if (state !== 'not_paid') expect(audited()).toContain('no tender is paid by its slot and by an appeal beside it')
      await till.reverse(tenderId)
      await till.reverse(tenderId)
      const expected = state === 'settled' ? before : inBetween
      expect(await balances()).toEqual(expected)
      expect(await listed(code)).toMatchObject({ appeal: { state: 'given_back' } })
    },
  )

  test('leaves nothing to ask for the same tender, and nothing for its slot to pay', async () => {
    const [first, second] = [0, 1].map(() => till.decide({ card: demo.card('Pupil 01') })) as [Decided, Decided]
    for (const sold of [first, second]) await till.present(sold)
    const { discrepancyId } = await listed('SLOT_ALREADY_USED')
    await presentOther(second.terms.tenderId)
    await paidByFormerRule('EXISTS_WITH_DIFFERENT_SALE_HASH')
    expect(await merchant.post('/v1/appeals', { discrepancyId, reason: 'asked' })).toMatchObject({ status: 409 })
    await till.reverse(first.terms.tenderId)
    expect(await till.inquire(second.terms.tenderId)).toMatchObject({ state: 'not_paid' })
    await till.reverse(second.terms.tenderId)
  })

  test('and where a sale that was judged again had got a second reason, the first is the one to appeal', async () => {
    const [first, second] = [0, 1].map(() => till.decide({ card: demo.card('Pupil 01') })) as [Decided, Decided]
    for (const sold of [first, second]) await till.present(sold)
    const { tenderId } = second.terms
    const reason = { tenderId, code: 'PRESENTED_TOO_LATE', owner: 'merchant', amount: lunch, evidence: {} } as const
    await inTransaction(demo.ports, (work) => fileDiscrepancy(work, { terminalId: 'till-1', ...reason }))
    for (const [code, status] of [
      ['PRESENTED_TOO_LATE', 409],
      ['SLOT_ALREADY_USED', 200],
    ] as const) {
      const { discrepancyId } = await listed(code)
      expect(await merchant.post('/v1/appeals', { discrepancyId, reason: 'asked' })).toMatchObject({ status })
    }
  })

  /** Another sale under the same id. */
  async function presentOther(tenderId: string): Promise<void> {
    const card = demo.card('Pupil 01')
    const { slot } = till.leased(card) ?? till.package?.leases[0]?.slots[0] ?? {}
    if (slot === undefined) throw new Error('no slot')
    const now = demo.clock.now
    const original = (await demo.rows('tender')).find((row) => row['tender_id'] === tenderId)
    demo.clock.now = Number(original?.['decided_at'])
    const other = till.decide({ card, tenderId })
    demo.clock.now = now
    expect(await till.present(other)).toMatchObject({ arrival: 'exists_with_different_sale_hash' })
  }
})

test('when such a ledger is opened, appeals that ask for what cannot be asked are withdrawn', async () => {
  const old = temporaryFolder()
  const file = join(old.path, 'ledger.db')
  try {
    const earlier = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < '0005d'))
    const before = new Kysely<unknown>({ dialect: new SqliteDialect({ database: new Database(file) }) })
    const migrator = new Migrator({ db: before, provider: { getMigrations: async () => earlier } })
    expect((await migrator.migrateToLatest()).error).toBeUndefined()
    await before.destroy()
    const database = new Database(file)
    const asked = [
      ['one', 'SLOT_ALREADY_USED', 'open', 'open'],
      ['two', 'EXISTS_WITH_DIFFERENT_AMOUNT', 'open', 'withdrawn'],
      ['three', 'REVERSED_BEFORE_ARRIVAL', 'open', 'withdrawn'],
      ['four', 'EXISTS_WITH_DIFFERENT_SALE_HASH', 'accepted', 'accepted'],
      ['four', 'SLOT_ALREADY_USED', 'open', 'withdrawn'],
      ['five', 'EXISTS_WITH_DIFFERENT_AMOUNT', 'refused', 'refused'],
      ['five', 'CHAIN_BROKEN', 'open', 'open'],
    ] as const
    for (const [place, [of, code, state]] of asked.entries()) {
      database.exec(`
        insert into discrepancy (discrepancy_id, terminal_id, tender_id, code, owner, amount, evidence, appeal, at)
          values ('${place}', 'till-1', '${of}', '${code}', 'merchant', 1, '{}', 'open', 0);
        insert into appeal (discrepancy_id, agency_id, opened_by, reason, at, state)
          values ('${place}', 'agency', 'till-1', 'asked', 0, '${state}')`)
    }
    database.close()
    const store = await openStore(file)
    const rows = await store.transaction((connection) =>
      connection.selectFrom('appeal').select('state').orderBy('discrepancy_id').execute(),
    )
    await store.close()
    expect(rows.map(({ state }) => state)).toEqual(asked.map(([, , , expected]) => expected))
  } finally {
    old.remove()
  }
})
