/**
 * Method: the ledger plays a day of two tills on a database that tells each statement of the requests that come with
 * every sale; SQLite then explains its plan. All tills of a country wait for one ledger: a scan of a table that grows
 * with the sales is what makes each of them a little slower every day.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openAccount } from '../../../ledger-sim/accounts/accounts.ts'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { findScheme, publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { migrations } from '../../../ledger-sim/store/migrations.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { dayMs, demoLedger, drain, hourMs, temporaryFolder, type DemoLedger, type TestTill } from './demo-ledger.ts'
import { accountCard, openSession, payByCard, setBlocked } from './account-card-world.ts'
import { scansIn } from './plans-of.ts'
import { ask, partsOf, saleOf, termsOf, termsOfSale, Wallet } from './payment-by-qr.ts'
import { canteen, cashbackRule, done, taxAccount, vatRule, vatTerms } from './rules-world.ts'

const folder = temporaryFolder()
const path = join(folder.path, 'ledger.db')
const said = new Set<string>()
let listening = false
let demo: DemoLedger
let till: TestTill
let other: TestTill

beforeAll(async () => {
  demo = await demoLedger({ path, onDidRun: (statement) => void (listening && said.add(statement)) })
  till = await demo.till('till-1')
  other = await demo.till('till-2')
  await till.fetch()
  await other.fetch()
})
afterAll(async () => {
  await demo.close()
  folder.remove()
})

/** Every statement of what is played that goes through a growing table row by row, or through all of a scheme. */
async function scansOf(play: () => Promise<unknown>): Promise<readonly string[]> {
  said.clear()
  listening = true
  await play()
  listening = false
  return scansIn(path, said)
}

const pupil = (number: number) => demo.card(`Pupil ${String(number).padStart(2, '0')}`)
const offline = (number: number) => till.presentment(till.decide({ card: pupil(number) }))

describe('no statement scans a table that grows', () => {
  test('of a presentment: paid, shown again, with other terms, of a used slot', async () => {
    const scans = await scansOf(async () => {
      const items = [1, 2, 3].map(offline)
      const paid = { state: 'settled', paidBy: 'escrow' }
      expect(await till.batch(...items)).toMatchObject([paid, paid, paid])
      expect(await till.batch(...items)).toMatchObject([{ arrival: 'exists' }, { arrival: 'exists' }, {}])
      const twice = till.decide({ card: pupil(1), quantity: 2, tenderId: items[0]?.terms.tenderId ?? '' })
      expect(await till.present(twice)).toMatchObject({ arrival: 'exists_with_different_amount' })
      expect(await till.batch(offline(2))).toMatchObject([{ state: 'not_paid', loss: 'SLOT_ALREADY_USED' }])
    })
    expect(scans).toEqual([])
  })

  test('of an authorisation: under a lease, refused, shown again', async () => {
    const scans = await scansOf(async () => {
      const decided = till.decide({ card: pupil(4) }, 'online')
      expect(await till.authorise(decided)).toMatchObject({ state: 'settled' })
      expect(await till.authorise(decided)).toMatchObject({ arrival: 'exists' })
      expect(await till.authorise(till.decide({ card: pupil(4) }, 'online'))).toMatchObject({ state: 'refused' })
      await till.inquire(decided.terms.tenderId)
    })
    expect(scans).toEqual([])
  })

  test('of a card session for a card that is not leased here', async () => {
    const scans = await scansOf(() =>
      other.call('/v1/terminal/card-sessions', {
        cardSessionId: other.id(),
        card: demo.card('Family 01').pseudonym,
        encryptedRndB: '00'.repeat(16),
      }),
    )
    expect(scans).toEqual([])
  })

  test('of a reversal, before and after which a slot was found used', async () => {
    const first = offline(5)
    await till.batch(first)
    await till.batch(offline(5))
    const scans = await scansOf(async () => {
      expect(await till.reverse(first.terms.tenderId)).toMatchObject({ state: 'reversed' })
      expect(await till.reverse(till.id())).toMatchObject({ state: 'reversed' })
    })
    expect(scans).toEqual([])
  })

  test('of a re-keying, and of what its card sold before and after', async () => {
    const card = pupil(11)
    const sold = offline(11)
    const onDesk = { uid: Buffer.from(card.uid).toString('hex'), generation: 2 }
    const scans = await scansOf(async () => {
      for (const path of ['/v1/card-rekeyings', '/v1/card-rekeyings/done'])
        expect(await demo.role('agency').post(path, onDesk)).toMatchObject({ body: { arrival: 'created' } })
      expect(await till.batch(sold)).toMatchObject([{ state: 'settled' }])
      const rekeyed = { ...card, fileReadKey: demo.ports.keys.diversify(card.uid, 2, 2) }
      expect(await till.present(till.decide({ card: rekeyed }))).toMatchObject({ loss: 'SLOT_ALREADY_USED' })
    })
    expect(scans).toEqual([])
  })

  test('of a refund, whole and refused', async () => {
    const decided = till.decide({ card: pupil(9) })
    await till.present(decided)
    const { tenderId, amount } = decided.terms
    const scans = await scansOf(async () => {
      const lines = [{ line: 1, amount }]
      const results = await till.batch(till.refund(tenderId, lines), till.refund(tenderId, lines))
      expect(results.map(({ state }) => state)).toEqual(['done', 'refused'])
    })
    expect(scans).toEqual([])
  })

  test('of a payment by QR: paid, paid again, captured, refunded, given back, expired', async () => {
    const wallet = new Wallet(demo.role('individual', 'individual-1'), 'individual-1')
    const scans = await scansOf(async () => {
      const sale = saleOf(till, [{ category: 'drinks', unitPrice: 100_000n }])
      const terms = termsOfSale(till, sale, 100_000n)
      const { tenderId } = terms
      expect(await ask(till, terms)).toBe('open')
      const paymentId = till.id()
      expect(await wallet.look(tenderId)).toMatchObject({ state: 'open' })
      expect(await wallet.pay(paymentId, tenderId)).toMatchObject({ state: 'held' })
      expect(await wallet.pay(till.id(), tenderId)).toMatchObject({ state: 'paid_back' })
      const sold = { at: till.clock.now, sale, paid: partsOf(100_000n) }
      expect(await till.batch(till.capture(tenderId, sold))).toMatchObject([{ state: 'settled' }])
      await till.batch(till.refund(tenderId, [{ line: 1, amount: tiyn(1n) }]))
      expect(await till.reverse(tenderId)).toMatchObject({ state: 'reversed' })
      expect(await wallet.find(paymentId)).toMatchObject({ state: 'paid_back', reason: 'reversed' })
      const late = termsOf(till, 1n)
      await ask(till, { ...late, expiresAt: till.clock.now })
      expect(await till.inquire(late.tenderId)).toMatchObject({ state: 'reversed' })
    })
    expect(scans).toEqual([])
  })

  test('of a card of an account: bound, blocked, listed, paying a QR, again, too much, too late', async () => {
    const bank = demo.role('bank')
    const scans = await scansOf(async () => {
      const card = await accountCard(demo, 1, 'individual-1', 100_000n)
      for (const blocked of [true, false]) done(await setBlocked(bank, card, blocked))
      done(await bank.get('/v1/account-cards?accountId=individual-1'))
      const [terms, dear] = [termsOf(till, 100_000n), termsOf(till, 100_001n)]
      for (const asked of [terms, dear]) expect(await ask(till, asked)).toBe('open')
      expect(await openSession(till, card, terms.tenderId)).toMatchObject({ kind: 'open' })
      for (const answer of ['held', 'held']) expect(await payByCard(till, card, terms)).toBe(answer)
      expect(await payByCard(till, card, dear)).toBe('CARD_SUM_NOT_ALLOWED')
      await till.reverse(dear.tenderId)
      expect(await payByCard(till, card, dear)).toBe('over')
      done(await bank.get(`/v1/payment-requests/payments?paymentId=${terms.tenderId}`))
    })
    expect(scans).toEqual([])
  })

  test('of a sale under rules: at a till and without one, given back in part, reversed, listed', async () => {
    const bank = demo.role('bank')
    const account = { accountId: taxAccount, owner: 'tax-authority', name: 'State budget (demo)', kind: 'legal-entity' }
    done(await bank.post('/v1/accounts/legal-entities', account))
    done(await demo.role('central-bank').post('/v1/rules', vatRule(1)))
    done(await bank.post('/v1/rules', cashbackRule()))
    const from = demo.clock.now + 1
    const common = { merchantId: canteen, from, until: null }
    const vat = { assignmentId: till.id(), ruleId: 'vat', terms: vatTerms, ...common }
    const cashback = { assignmentId: till.id(), ruleId: 'dala-cashback', terms: { kind: 'cashback' }, ...common }
    done(await demo.role('central-bank').post('/v1/rule-assignments', vat))
    done(await bank.post('/v1/rule-assignments', cashback))
    demo.clock.now = from
    const scans = await scansOf(async () => {
      const sale = offline(10)
      const { tenderId } = sale.terms
      await till.batch(sale, till.refund(tenderId, [{ line: 1, amount: tiyn(50n) }]), till.reversal(tenderId))
      const lines = [{ itemId: 'bread', category: 'food', quantity: 1, unitPrice: '11600' }]
      const paymentId = till.id()
      const wanted = { paymentId, payer: 'individual-1', merchantId: canteen, amount: '11600', lines }
      const customer = demo.role('individual', 'individual-1')
      done(await customer.post('/v1/payments/individual-merchant', wanted))
      const refund = { refundId: till.id(), paymentId, amount: '600' }
      const merchant = demo.role('merchant', canteen)
      done(await merchant.post('/v1/payments/individual-merchant/refunds', refund))
      done(await customer.get(`/v1/payments/individual-merchant?paymentId=${paymentId}`))
      demo.clock.now += 1
      expect(done(await merchant.get('/v1/rule-shares?limit=5'))).toMatchObject({ shares: [{}, {}] })
      done(await bank.get('/v1/rule-shares?limit=5'))
    })
    expect(scans).toEqual([])
  })

  test('of a surrender, of a head and of the status feed', async () => {
    const leased = till.leased(pupil(6))
    if (leased === undefined) throw new Error('no lease')
    const scans = await scansOf(async () => {
      await till.batch(till.surrender(leased.lease.leaseId, leased.slot.slotId))
      await till.call('/v1/terminal/heads', { head: till.position(), unsynced: 0 })
      const { cursor } = await till.call('/v1/terminal/events', { after: 0, limit: 10 })
      await till.call('/v1/terminal/events', { after: cursor, limit: 10 })
    })
    expect(scans).toEqual([])
  })

  test('of a party’s feed and of its webhooks', async () => {
    const canteen = demo.role('merchant', 'school-7-canteen')
    const webhookId = till.id()
    await canteen.post('/v1/webhooks', { webhookId, url: 'http://127.0.0.1:9/', after: 0 })
    const scans = await scansOf(async () => {
      expect((await canteen.get('/v1/events?after=1&limit=2')).body['events']).toHaveLength(2)
      await canteen.get(`/v1/webhook-deliveries?webhookId=${webhookId}`)
    })
    await canteen.post('/v1/webhook-removals', { webhookId })
    expect(scans).toEqual([])
  })

  test('of a lease: each beneficiary’s holders and their cards', async () => {
    const { beneficiary, schemeId } = till.leased(demo.card('Family 01'))?.slot ?? {}
    const scans = await scansOf(async () => {
      const lease = { grantId: till.id(), terminalId: 'till-1', schemeId, beneficiaries: [beneficiary] }
      const until = { sellUntil: demo.clock.now + hourMs, presentUntil: demo.clock.now + dayMs }
      const periodIds = ['2026-11']
      done(await demo.role('agency', 'almaly-education').post('/v1/leases', { ...lease, ...until, periodIds }))
      await till.fetch()
    })
    // To open the escrow's account asks for whoever might refer to it.
    expect(scans.filter((scan) => !scan.includes('insert into "account"'))).toEqual([])
  })

  test('of a package that is fetched again', async () => {
    demo.clock.now += hourMs
    expect(await scansOf(() => till.fetch())).toEqual([])
  })

  test('of a sale that is presented too late, and of one that waits for money until it comes', async () => {
    const [paid, waiting] = [7, 8].map(offline)
    if (paid === undefined || waiting === undefined) throw new Error('no sale')
    demo.clock.now += 20 * dayMs
    const scans = await scansOf(async () => {
      expect(await till.batch(paid)).toMatchObject([{ state: 'settled', paidBy: 'agency' }])
      await drain(demo, 'scheme.school-lunch')
      expect(await till.batch(waiting)).toMatchObject([{ state: 'awaiting_funds' }])
      await inTransaction(demo.ports, (work) =>
        fundScheme(work, 'almaly-education', 'school-lunch', tiyn(200_000n), 'again'),
      )
      const inquired = await till.inquire(waiting.terms.tenderId)
      expect(inquired).toMatchObject({ state: 'settled', paidBy: 'agency' })
    })
    // The test's own look at the account that it empties.
    expect(scans.filter((scan) => !scan.endsWith('select * from "account"'))).toEqual([])
  })

  test('of an allowance that passes on, and of one that is taken back for a sale of before', async () => {
    const family = demo.card('Family 01')
    demo.clock.now = Date.UTC(2026, 11, 29)
    await inTransaction(demo.ports, async (work) => {
      const scheme = await findScheme(work, 'food-voucher')
      if (scheme === undefined || !('goods' in scheme)) throw new Error('no scheme')
      const atMost = { kind: 'amount', amount: tiyn(1_000_000n) } as const
      await publishScheme(work, { ...scheme, version: scheme.version + 1, unused: { kind: 'carries_over', atMost } })
    })
    await till.fetch()
    const leased = till.leased(family)
    if (leased === undefined) throw new Error('no lease')
    const sold = till.presentment(till.decide({ card: family, item: 'milk' }))
    const given = till.surrender(leased.lease.leaseId, leased.slot.slotId)
    const session = () => {
      const asked = { cardSessionId: other.id(), card: family.pseudonym, encryptedRndB: '00'.repeat(16) }
      return other.call('/v1/terminal/card-sessions', asked)
    }
    demo.clock.now += 5 * dayMs
    const scans = await scansOf(async () => {
      await session()
      await till.batch(given)
      expect(await session()).toMatchObject({ slots: [{ amountAllowed: 3_500_000n }] })
      expect(await till.batch(sold)).toMatchObject([{ state: 'settled' }])
    })
    expect(scans).toEqual([])
    expect((await demo.rows('carried')).length).toBe(1)
  })
})

test('a ledger of the first version has the indexes too, once it was opened', async () => {
  const old = temporaryFolder()
  const file = join(old.path, 'ledger.db')
  try {
    const { '0001-first': first } = migrations
    if (first === undefined) throw new Error('no first version')
    const before = new Kysely<unknown>({ dialect: new SqliteDialect({ database: new Database(file) }) })
    const migrator = new Migrator({ db: before, provider: { getMigrations: async () => ({ '0001-first': first }) } })
    expect((await migrator.migrateToLatest()).error).toBeUndefined()
    await before.destroy()
    const added = ['lease_due', 'lease_escrow', 'tender_slot', 'discrepancy_tender', 'discrepancy_borne'].toSorted()
    await (await openStore(file)).close()
    const database = new Database(file)
    const there = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'index'`).all() as { name: string }[]
    database.close()
    expect(
      there
        .map(({ name }) => name)
        .filter((name) => added.includes(name))
        .toSorted(),
    ).toEqual(added)
  } finally {
    old.remove()
  }
})

test('a scan would be found', async () => {
  const scans = await scansOf(async () => {
    await demo.rows('tender')
    await till.inquire(till.id())
  })
  expect(scans).toEqual([expect.stringMatching(/^SCAN tender: select \* from "tender"/)])
})

test('a list that pays three hundred accounts reads and moves each by its key', async () => {
  const own = join(folder.path, 'many.db')
  const all: string[] = []
  let ofBooking: readonly string[] = []
  const store = await openStore(own, (statement) => void all.push(statement))
  try {
    const ports = { ...demo.ports, store }
    const names = Array.from({ length: 300 }, (_, index) => `payee-${index}`)
    const booked = await inTransaction(ports, async (work) => {
      for (const accountId of ['payer', ...names]) {
        const account = { currency: 'DT', kind: 'legal-entity', owner: accountId, name: accountId } as const
        await openAccount(work, { ...account, accountId })
      }
      await work.connection.updateTable('account').set({ balance: 300n }).where('account_id', '=', 'payer').execute()
      all.length = 0
      const legs = names.map((credit) => ({ debit: 'payer', credit, amount: tiyn(1n), kind: 'payment' }) as const)
      return post(work, legs, 'wages')
    })
    ofBooking = [...all]
    expect(booked).toEqual({ kind: 'posted' })
    const balances = await store.read((connection) =>
      connection.selectFrom('account').select(['account_id', 'balance', 'entries']).execute(),
    )
    expect(balances.toSorted((one, other) => (one.account_id < other.account_id ? -1 : 1))).toEqual(
      [
        { account_id: 'payer', balance: 0n, entries: 300n },
        ...names.map((account_id) => ({ account_id, balance: 1n, entries: 1n })),
      ].toSorted((one, other) => (one.account_id < other.account_id ? -1 : 1)),
    )
  } finally {
    await store.close()
  }
  expect(scansIn(own, new Set(ofBooking))).toEqual([])
})
