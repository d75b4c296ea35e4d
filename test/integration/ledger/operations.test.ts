/** The report's methods over the signed door: by role, idempotent by the client's id, conserved on both sides. */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import {
  balanceOf,
  dayMs,
  demoLedger,
  hourMs,
  temporaryFolder,
  type DemoLedger,
  type TestSigner,
} from './demo-ledger.ts'
import { v7 } from 'uuid'

let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let bank: TestSigner
let agency: TestSigner
beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  bank = demo.role('bank')
  agency = demo.role('agency')
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

const id = () => v7({ msecs: demo.clock.now, random: demo.random(16) })
const balance = (account: string) => balanceOf(demo, account)

describe('money comes in by the real path', () => {
  test('non-cash to reserve, reserve to DT, DT to a new legal entity', async () => {
    const centralBank = demo.role('central-bank')
    const amount = '500000'
    expect(
      await bank.post('/v1/accounts/legal-entities', {
        accountId: 'stock-farm',
        owner: 'stock-farm',
        name: 'Stock farm',
        kind: 'legal-entity',
      }),
    ).toMatchObject({ status: 200, body: { arrival: 'created' } })
    const issued = { transferId: id(), bank: 'dala-bank', amount }
    expect(await bank.post('/v1/conversions/non-cash-to-dt/bank-central-bank', issued)).toMatchObject({
      status: 409,
      body: { code: 'insufficient_funds' },
    })
    expect(
      await centralBank.post('/v1/non-cash-deposits', { transferId: id(), accountId: 'dala-bank.reserve', amount }),
    ).toMatchObject({ status: 200 })
    expect(await bank.post('/v1/conversions/non-cash-to-dt/bank-central-bank', issued)).toMatchObject({
      status: 200,
      body: { arrival: 'created' },
    })
    expect(await bank.post('/v1/conversions/non-cash-to-dt/bank-central-bank', issued)).toMatchObject({
      status: 200,
      body: { arrival: 'exists' },
    })
    expect(await balance('dala-bank')).toBe(500_000n)
    const sold = { transferId: id(), bank: 'dala-bank', accountId: 'stock-farm', amount }
    expect(await bank.post('/v1/conversions/non-cash-to-dt/legal-entity-bank', sold)).toMatchObject({
      body: { code: 'insufficient_funds' },
    })
    await bank.post('/v1/conversions/non-cash-to-dt/legal-entity-bank', { ...sold, amount: '1' })
    expect(await balance('stock-farm')).toBe(0n)
  })

  test('the same transfer id with another amount is refused, and moves nothing', async () => {
    const transferId = id()
    const funding = { transferId, accountId: 'almaly-education', schemeId: 'school-lunch', amount: '1000' }
    await agency.post('/v1/scheme-fundings', funding)
    expect(await agency.post('/v1/scheme-fundings', { ...funding, amount: '2000' })).toMatchObject({
      status: 409,
      body: { code: 'exists_with_different_terms' },
    })
    expect(await balance('scheme.school-lunch')).toBe(100_001_000n)
  })
})

describe('a role does only its own', () => {
  test('no bank acts for another, no agency funds another’s scheme, a merchant pays from its own', async () => {
    expect(
      await bank.post('/v1/conversions/non-cash-to-dt/bank-central-bank', {
        transferId: id(),
        bank: 'other-bank',
        amount: '1',
      }),
    ).toMatchObject({ status: 403 })
    expect(
      await agency.post('/v1/scheme-fundings', {
        transferId: id(),
        accountId: 'almaly-education',
        schemeId: 'other',
        amount: '1',
      }),
    ).toMatchObject({ status: 404 })
    const merchant = demo.role('merchant', 'kokbazar-shop')
    const theft = {
      transferId: id(),
      payer: 'almaly-education',
      payee: 'merchant.kokbazar-shop',
      amount: '1',
      purpose: 'mine',
    }
    expect(await merchant.post('/v1/payments/legal-entity-legal-entity', theft)).toMatchObject({ status: 404 })
    expect(await agency.post('/v1/payments/legal-entity-legal-entity', { ...theft, transferId: id() })).toMatchObject({
      status: 200,
    })
    expect(await balance('merchant.kokbazar-shop')).toBe(1n)
  })

  test('balances: one’s own; all for the central bank and the auditor', async () => {
    const own = (await agency.get('/v1/balances')).body['balances'] as { owner: string }[]
    expect(new Set(own.map((account) => account.owner))).toEqual(new Set(['almaly-education']))
    expect(await agency.get('/v1/balances?owner=dala-bank')).toMatchObject({ status: 403 })
    const all = (await demo.role('auditor').get('/v1/balances')).body['balances'] as {
      accountId: string
      balance: string
    }[]
    expect(all.find((account) => account.accountId === 'central-bank.issue')?.balance).toBe('-315000000')
  })
})

describe('marked money', () => {
  test('is refused by the conversion to non-cash until it has reached a merchant', async () => {
    const back = (accountId: string) => ({ transferId: id(), bank: 'dala-bank', accountId, amount: '1000' })
    for (const account of ['almaly-education', 'scheme.school-lunch']) {
      expect(await bank.post('/v1/conversions/dt-to-non-cash/legal-entity-bank', back(account))).toMatchObject({
        status: 409,
        body: { code: 'rule_violated' },
      })
    }
    const till = await demo.till('till-1')
    await till.fetch()
    await till.authorise(till.decide({ card: demo.card('Pupil 01') }, 'online'))
    expect(
      await bank.post('/v1/conversions/dt-to-non-cash/legal-entity-bank', back('merchant.school-7-canteen')),
    ).toMatchObject({ status: 200 })
    expect(await balance('merchant.school-7-canteen')).toBe(114_000n)
    expect(await balance('dala-bank.client.school-7-canteen')).toBe(1_000n)
  })
})

describe('an agency’s work', () => {
  test('publishes versions in order, safe ones only', async () => {
    const till = await demo.till('till-1')
    const scheme = (await till.fetch()).schemes.find((candidate) => candidate.schemeId === 'school-lunch')
    if (scheme === undefined) throw new Error('no scheme')
    expect(await agency.post('/v1/schemes', scheme)).toMatchObject({ status: 200, body: { arrival: 'exists' } })
    expect(await agency.post('/v1/schemes', { ...scheme, order: 9 })).toMatchObject({ status: 409 })
    expect(await agency.post('/v1/schemes', { ...scheme, version: 3 })).toMatchObject({ status: 409 })
    const [first] = scheme.periods
    expect(await agency.post('/v1/schemes', { ...scheme, version: 2, periods: [first, first] })).toMatchObject({
      body: { code: 'rule_violated' },
    })
    // Where a till names who paid, this stands for no scheme.
    expect(await agency.post('/v1/schemes', { ...scheme, version: 1, schemeId: 'dt-by-qr' })).toMatchObject({
      body: { code: 'rule_violated' },
    })
    expect(await agency.post('/v1/schemes', { ...scheme, version: 2, agencyId: 'other' })).toMatchObject({
      status: 403,
    })
    expect(await agency.post('/v1/schemes', { ...scheme, version: 2, status: 'suspended' })).toMatchObject({
      status: 200,
    })
  })

  test('hears of a version that it published what it heard then, whatever came since', async () => {
    const till = await demo.till('till-1')
    const { schemes, version } = await till.fetch()
    const first = schemes.find((candidate) => candidate.schemeId === 'school-lunch')
    if (first === undefined) throw new Error('no scheme')
    const second = { ...first, version: 2, order: 9 }
    const twice = [first.periods[0], first.periods[0]]
    expect(await agency.post('/v1/schemes', second)).toMatchObject({ status: 200, body: { arrival: 'created' } })
    const fetched = await till.fetch()
    const before = await demo.rows('scheme_version')
    for (const again of [first, second])
      expect(await agency.post('/v1/schemes', again)).toMatchObject({
        status: 200,
        body: { version: again.version, arrival: 'exists' },
      })
    for (const other of [
      { ...first, order: 8 },
      { ...second, order: 8 },
      { ...first, periods: twice },
    ])
      expect(await agency.post('/v1/schemes', other)).toMatchObject({ body: { code: 'exists_with_different_terms' } })
    for (const [gap, next] of [
      [{ ...first, version: 4 }, 3],
      [{ ...first, version: 2, schemeId: 'another' }, 1],
    ] as const) {
      const { body } = await agency.post('/v1/schemes', gap)
      expect(body).toMatchObject({ code: 'rule_violated' })
      expect(body['detail']).toContain(`the next is ${next}`)
    }
    expect(await demo.rows('scheme_version')).toEqual(before)
    expect(fetched.version).toBeGreaterThan(version)
    const now = await till.fetch()
    expect(now.version, 'nothing is announced to tills').toBe(fetched.version)
    expect(now.schemes.find(({ schemeId }) => schemeId === 'school-lunch')).toMatchObject({ version: 2, order: 9 })
    const stranger = { ...first, agencyId: 'medeu-education' }
    expect(await agency.post('/v1/schemes', stranger)).toMatchObject({ body: { code: 'role_not_allowed' } })
  })

  test('brings in a person, a card and a till, and leases a slot by hand', async () => {
    const [holder, beneficiary] = ['a'.repeat(32), 'b'.repeat(32)]
    const registered = await agency.post('/v1/cards', { uid: '04AABBCCDDEEFF', holder })
    expect(registered).toMatchObject({ status: 200, body: { arrival: 'created' } })
    expect(await agency.post('/v1/cards', { uid: '04aabbccddeeff', holder: 'c'.repeat(32) })).toMatchObject({
      status: 409,
    })
    expect(await agency.post('/v1/beneficiaries', { schemeId: 'school-lunch', beneficiary, holder })).toMatchObject({
      status: 200,
    })
    expect(
      await agency.post('/v1/beneficiaries', { schemeId: 'school-lunch', beneficiary: 'd'.repeat(32), holder }),
    ).toMatchObject({ status: 409 })
    expect(await agency.post('/v1/terminals', { terminalId: 'till-9', merchantId: 'school-7-canteen' })).toMatchObject({
      status: 200,
    })
    const grant = {
      grantId: id(),
      terminalId: 'till-2',
      schemeId: 'school-lunch',
      beneficiaries: [beneficiary],
      periodIds: ['2026-11-26'],
      sellUntil: demo.clock.now + dayMs,
      presentUntil: demo.clock.now + 2 * dayMs,
    }
    expect(await agency.post('/v1/leases', grant)).toMatchObject({
      status: 409,
      body: { detail: 'terminal_not_active' },
    })
    const till = await demo.till('till-2')
    expect(await agency.post('/v1/leases', grant)).toMatchObject({
      status: 200,
      body: { slots: 1, amount: '120000', arrival: 'created' },
    })
    expect(await agency.post('/v1/leases', grant)).toMatchObject({ body: { arrival: 'exists' } })
    expect((await till.fetch()).leases).toMatchObject([
      { amount: 120_000n, slots: [{ cards: [{ card: registered.body['card'] }] }] },
    ])
    expect(await agency.post('/v1/leases', { ...grant, grantId: id(), sellUntil: demo.clock.now })).toMatchObject({
      body: { code: 'rule_violated' },
    })
  })

  test('unused lease money comes back by surrender at once and by closing after the deadline', async () => {
    const before = await balance('scheme.food-voucher')
    const till = await demo.till('till-1')
    await till.fetch()
    expect(await balance('scheme.food-voucher')).toBe(before - 7_500_000n)
    const leased = till.leased(demo.card('Family 01'))
    if (leased === undefined) throw new Error('not leased')
    const returned = till.surrender(leased.lease.leaseId, leased.slot.slotId)
    expect(await till.batch(returned, returned)).toMatchObject([
      { state: 'done', arrival: 'created' },
      { state: 'done', arrival: 'exists' },
    ])
    expect(await balance('scheme.food-voucher')).toBe(before - 5_000_000n)
    demo.clock.now = leased.lease.presentUntil + hourMs
    expect((await agency.post('/v1/lease-closings', {})).body['closed']).toBeGreaterThan(0)
    expect(await balance('scheme.food-voucher')).toBe(before)
  })
})

describe('a sale that found its slot used', () => {
  test('is paid when the use is given back, and the till is told', async () => {
    const till = await demo.till('till-1')
    await till.fetch()
    const card = demo.card('Pupil 01')
    const first = till.decide({ card })
    const second = till.decide({ card })
    expect(await till.present(first)).toMatchObject({ state: 'settled' })
    expect(await till.present(second)).toMatchObject({ state: 'not_paid' })
    const { cursor } = await till.call('/v1/terminal/events', { after: 0, limit: 100 })
    await till.reverse(first.terms.tenderId)
    expect(await till.inquire(second.terms.tenderId)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    const { events } = await till.call('/v1/terminal/events', { after: cursor, limit: 100 })
    expect(events.map(({ event }) => event)).toMatchObject([
      { kind: 'discrepancy', discrepancy: { tenderId: second.terms.tenderId, wayOut: 'none' } },
      { kind: 'item', item: { result: { itemId: second.terms.tenderId, state: 'settled' } } },
    ])
    expect(await demo.rows('discrepancy')).toMatchObject([{ code: 'SLOT_ALREADY_USED', appeal: 'closed' }])
  })
})
