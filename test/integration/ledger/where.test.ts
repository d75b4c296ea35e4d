/**
 * A scheme that pays in a region and at a kind of merchant: the bank registers where a merchant is, and packages,
 * leases and payments follow; what a sale off line goes by when the merchant has moved since.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { canteen, canteenTiles } from '../../../ledger-sim/scenarios/demo-merchants.ts'
import { findScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { schemeSchema } from '../../../src/voucher/scheme.ts'
import type { MerchantPlace, Where } from '../../../src/voucher/where.ts'
import { dayMs, demoLedger, temporaryFolder, type DemoLedger, type TestTill } from './demo-ledger.ts'

const almaty = '750000000'
const school = '8211'
const here: MerchantPlace = { region: '751210000', kind: school }

let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let till: TestTill

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  till = await demo.till('till-1')
})
afterEach(async () => {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
    expect(demo.recovered).toEqual([])
  } finally {
    await demo.close()
    folder.remove()
  }
})

async function publish(where: Partial<Where>, merchants: string[] = []): Promise<void> {
  const scheme = await inTransaction(demo.ports, (work) => findScheme(work, 'school-lunch'))
  if (scheme === undefined || !('goods' in scheme)) throw new Error('no scheme')
  const general = { regions: [], kinds: [], except: [], ...where }
  const next = schemeSchema.encode({ ...scheme, version: scheme.version + 1, merchants, where: general })
  const { status, body } = await demo.role('agency', 'almaly-education').post('/v1/schemes', next)
  expect([status, body['code']]).toEqual([200, undefined])
}

const register = (place: MerchantPlace) =>
  demo.role('bank').post('/v1/merchants', { merchant: { ...canteen, ...place }, ...canteenTiles })

const schemesOf = async (one: TestTill) => (await one.fetch()).schemes.map(({ schemeId }) => schemeId)

async function lease(): Promise<unknown> {
  const beneficiaries = (await demo.rows('entitlement')).filter((row) => row['scheme_id'] === 'school-lunch')
  const { body } = await demo.role('agency', 'almaly-education').post('/v1/leases', {
    grantId: till.id(),
    terminalId: 'till-1',
    schemeId: 'school-lunch',
    beneficiaries: beneficiaries.slice(0, 3).map((row) => row['beneficiary']),
    periodIds: ['2026-11-26'],
    sellUntil: demo.clock.now + dayMs,
    presentUntil: demo.clock.now + 2 * dayMs,
  })
  return body
}

describe('a merchant in the region and of the kind', () => {
  test('gets the scheme, leases and money as soon as its bank has registered where it is', async () => {
    await publish({ regions: [almaty], kinds: [school] })
    expect(await schemesOf(till)).not.toContain('school-lunch')
    expect(await lease()).toMatchObject({ code: 'rule_violated', detail: 'merchant_not_allowed' })

    expect(await register(here)).toMatchObject({ status: 200 })
    expect(await schemesOf(till)).toContain('school-lunch')
    expect(till.package?.merchant).toMatchObject(here)
    expect(await till.present(till.decide({ card: demo.card('Pupil 01') }))).toMatchObject({ paidBy: 'escrow' })
    expect(await till.authorise(till.decide({ card: demo.card('Pupil 02') }, 'online'))).toMatchObject({
      state: 'settled',
    })
    expect(await lease()).not.toHaveProperty('code')
  })

  test.each([
    ['another region', { regions: ['710000000'] }],
    ['another kind', { kinds: ['5411'] }],
    ['an exception', { regions: [almaty], except: [canteen.merchantId] }],
  ])('does not under %s', async (_why, where) => {
    await register(here)
    await publish(where)
    expect(await schemesOf(till)).not.toContain('school-lunch')
    expect(await lease()).toMatchObject({ detail: 'merchant_not_allowed' })
  })

  test('is in by name, whatever else', async () => {
    await publish({ regions: ['710000000'] }, [canteen.merchantId])
    expect(await schemesOf(till)).toContain('school-lunch')
  })

  test('is read with a place that is none', async () => {
    expect(await register({ ...here, region: '0' })).toMatchObject({ status: 422 })
    expect(await register({ ...here, kind: '82110' })).toMatchObject({ status: 422 })
  })
})

describe('a merchant that has moved', () => {
  beforeEach(async () => {
    await register(here)
    await publish({ regions: [almaty] })
    await till.fetch()
    expect(await register({ ...here, region: '711110000' })).toMatchObject({ status: 200 })
  })

  test('is paid nothing on line from that moment, under whatever package', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
    expect(await till.authorise(decided)).toMatchObject({ state: 'refused', refusal: 'MERCHANT_NOT_ALLOWED' })
    expect(await schemesOf(till)).not.toContain('school-lunch')
  })

  test('is paid from escrow for what its till sold off line by a package that is young enough', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') })
    expect(decided.evidence.record.input.merchantPlace).toEqual(here)
    expect(await till.present(decided)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('and whose till says that it is still there is not believed', async () => {
    const card = demo.card('Pupil 01')
    const slot = till.leased(card)?.slot
    if (slot === undefined) throw new Error('not leased')
    const before = till.input(card, till.sale(), slot, 'online', undefined)
    const { issuedAt } = await till.fetch()
    const lie = { ...before, terminal: { ...before.terminal, packageIssuedAt: issuedAt } }
    expect(await till.authorise(till.decided(lie, card, till.id()))).toMatchObject({
      state: 'refused',
      refusal: 'DECISION_MISMATCH',
    })
    expect(await demo.rows('discrepancy')).toMatchObject([
      { evidence: expect.stringContaining('another place of the merchant than the package names') as string },
    ])
  })
})
