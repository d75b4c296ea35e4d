/**
 * Who pays for what was sold from a pool (docs/design/23-pools.md): the table of money-rules.md row by row, as stories
 * of two tills and one card on the whole ledger, with its audit after each.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { demoAgency } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { balanceOf, drain, hourMs, type TestTill } from './demo-ledger.ts'
import { dailyFood, schemeId, slotOfDay } from './period-world.ts'
import { fromPools, poolWorld, type PoolWorld } from './pool-world.ts'

let world: PoolWorld
let till: TestTill
let other: TestTill
const schemeAccount = `scheme.${schemeId}`
const merchantAccount = 'merchant.school-7-canteen'

async function begin(...of: Parameters<typeof poolWorld>): Promise<void> {
  world = await poolWorld(...of)
  till = world.tills['till-1']
  other = world.tills['till-2']
}
afterEach(() => world.end())

const agency = () => world.demo.role('agency', demoAgency)
const claim = (text: string) => world.demo.role('merchant', 'school-7-canteen').post('/v1/receipt-claims', { text })
const revoke = (reason: string) => agency().post('/v1/terminal-revocations', { terminalId: 'till-1', reason })
async function online(at: TestTill, amount: bigint) {
  const decided = await world.online(at, amount)
  if (decided === undefined) throw new Error('the ledger shows no slot')
  return at.authorise(decided)
}

describe('a sale from the pool', () => {
  test('is paid from its escrow, within the sum', async () => {
    await begin()
    const pool = await world.give(till, 5_000n)
    expect(pool).toMatchObject({ amount: 5_000n, pool: { left: 5_000n } })
    expect(await world.figures(1)).toMatchObject({ leased: false })
    const { leases } = (await agency().get('/v1/monitoring')).body as { leases: { leaseId: string }[] }
    const shown = leases.find(({ leaseId }) => leaseId === pool.leaseId)
    expect(shown).toMatchObject({ exposure: '5000', escrow: '5000' })
    const before = await balanceOf(world.demo, merchantAccount)
    expect(await till.present(world.offline(till, 700n))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await world.escrow(till)).toBe(4_300n)
    expect((await balanceOf(world.demo, merchantAccount)) - before).toBe(700n)
    expect(await world.figures(1)).toMatchObject({ allowed: 1_000n, spent: 700n })
    expect(await world.filed()).toEqual([])
  })

  test('is paid at two tills beyond the allowance; that is on file, and nothing is left on line', async () => {
    await begin()
    await world.give(till, 5_000n)
    await world.give(other, 5_000n)
    const [here, there] = [world.offline(till, 900n), world.offline(other, 800n)]
    expect(await till.present(here)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await other.present(there)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await world.filed()).toEqual([['ALLOWANCE_EXCEEDED_IN_POOL', 'agency', 700n]])
    expect(await world.figures(1)).toMatchObject({ allowed: 1_000n, spent: 1_700n })
    expect(await world.slotAt(till)).toMatchObject({ amountSpent: 1_700n })
    await expect(world.online(till, 1n)).rejects.toThrow('ALLOWANCE_USED')
    // The next day is whole.
    world.goToDay(2)
    expect(await online(till, 1_000n)).toMatchObject({ state: 'settled', paidBy: 'agency' })
  })

  test('of a count: a second payment is beyond the allowance as a whole', async () => {
    await begin({ benefit: { kind: 'count', perPeriod: 1, maximumPerTap: tiyn(1_000n) } })
    await world.give(till, 5_000n)
    await world.give(other, 5_000n)
    const [here, there] = [world.offline(till, 300n), world.offline(other, 200n)]
    await till.present(here)
    expect(await other.present(there)).toMatchObject({ state: 'settled' })
    expect(await world.filed()).toEqual([['ALLOWANCE_EXCEEDED_IN_POOL', 'agency', 200n]])
  })

  test('is not paid once the pool has paid its sum: a till that lies about what it has sold', async () => {
    await begin()
    await world.give(till, 1_500n)
    await world.give(other, 1_500n)
    const sold = [world.offline(till, 900n), world.offline(till, 600n), world.offline(till, 100n)]
    for (const decided of sold.slice(0, 2)) expect(await till.present(decided)).toMatchObject({ state: 'settled' })
    expect(await till.present(sold[2]!)).toMatchObject({ state: 'not_paid', loss: 'POOL_USED_UP' })
    expect(await world.escrow(till)).toBe(0n)
    // The other till's pool is not touched by it.
    expect(await world.escrow(other)).toBe(1_500n)
    expect(await world.filed()).toEqual([
      ['ALLOWANCE_EXCEEDED_IN_POOL', 'agency', 500n],
      ['POOL_USED_UP', 'merchant', 100n],
    ])
    // It stays unpaid when there is money again: a till that is honest comes to no such sale.
    await till.fetch()
    expect(await till.inquire(sold[2]!.terms.tenderId)).toMatchObject({ state: 'not_paid' })
    const merchant = world.demo.role('merchant', 'school-7-canteen')
    expect(await merchant.get('/v1/discrepancies')).toMatchObject({
      body: { discrepancies: expect.arrayContaining([expect.objectContaining({ wayOut: 'appeal_to_agency' })]) },
    })
  })

  test('is paid though the agency has run dry since, and the pool is not filled', async () => {
    await begin()
    await world.give(till, 3_000n)
    await drain(world.demo, schemeAccount)
    expect(await till.present(world.offline(till, 900n))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    await till.fetch()
    expect(world.poolOf(till)).toMatchObject({ amount: 3_000n, pool: { left: 2_100n } })
  })

  test('is not paid when it was sold after the last moment for selling', async () => {
    await begin()
    const { sellUntil } = await world.give(till, 3_000n)
    const before = world.offline(till, 900n)
    world.demo.clock.now = sellUntil + 1
    expect(() => world.offline(till, 900n)).toThrow(/LEASE_EXPIRED|nothing is leased/)
    // What the rules refuse, a receipt can still say: nobody replays it.
    const code = world.receiptOf(till, { ...before, decidedAt: sellUntil + 1 })
    await revoke('destroyed')
    expect((await claim(code)).body).toMatchObject({ state: 'not_paid', loss: 'SOLD_AFTER_LEASE' })
    expect(await world.escrow(till)).toBe(3_000n)
  })

  test('that comes too late is paid from the scheme’s money where the slot has room', async () => {
    await begin({ offline: { ...fromPools, lossBearer: { kind: 'agency', upTo: tiyn(1_000n) } } })
    await world.give(other, 3_000n)
    const { presentUntil } = await world.give(till, 3_000n)
    const sold = [world.offline(till, 400n), world.offline(till, 300n)]
    await other.present(world.offline(other, 400n))
    world.demo.clock.now = presentUntil + 1
    expect(await till.batch(...sold.map((decided) => till.presentment(decided)))).toMatchObject([
      { state: 'settled', paidBy: 'agency' },
      { state: 'not_paid', loss: 'SLOT_ALREADY_USED' },
    ])
    // Closed, and all that it had is the scheme's again.
    expect(await world.escrow(till)).toBe(0n)
  })
})

describe('what was barred before the sale', () => {
  const block = () => inTransaction(world.demo.ports, (work) => setCardStatus(work, world.card.pseudonym, 'blocked'))
  const young = { ...fromPools, allowedPolicyAgeMs: 2 * hourMs }

  test('a card that was blocked: escrow, while the package was young enough; then the merchant', async () => {
    await begin({ offline: young })
    await world.give(till, 3_000n)
    await block()
    world.demo.clock.now += hourMs
    expect(await till.present(world.offline(till, 300n))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    const last = world.offline(till, 300n)
    world.demo.clock.now += hourMs + 1
    expect(() => world.offline(till, 300n)).toThrow('PACKAGE_TOO_OLD')
    const code = world.receiptOf(till, { ...last, decidedAt: world.demo.clock.now })
    await revoke('destroyed')
    expect((await claim(code)).body).toMatchObject({ state: 'not_paid', loss: 'BLOCKED_BEFORE_SALE' })
  })

  test('a scheme that is suspended gives no more pools and fills none; what was promised is paid', async () => {
    await begin()
    const { sellUntil } = await world.give(till, 3_000n)
    const sold = world.offline(till, 300n)
    const suspended = { ...dailyFood, offline: fromPools, version: 2, status: 'suspended' as const }
    expect(await inTransaction(world.demo.ports, (work) => publishScheme(work, suspended))).toBe('published')
    const after = world.offline(till, 200n)
    expect(await till.batch(till.presentment(sold), till.presentment(after))).toMatchObject([
      { state: 'settled' },
      { state: 'settled' },
    ])
    world.demo.clock.now += 19 * hourMs
    await till.fetch()
    expect(world.poolOf(till)).toMatchObject({ sellUntil, pool: { left: 2_500n } })
    expect(() => world.offline(till, 100n)).toThrow('SCHEME_SUSPENDED')
  })
})

describe('beside the pool', () => {
  test('what is paid on line at its till is not taken from it', async () => {
    await begin()
    await world.give(till, 3_000n)
    expect(await online(till, 600n)).toMatchObject({ state: 'settled', paidBy: 'agency' })
    expect(await world.escrow(till)).toBe(3_000n)
  })

  test('an attempt that had no answer and was accepted off line is paid once, under its id', async () => {
    await begin()
    await world.give(till, 3_000n)
    const attempt = await world.online(till, 600n)
    if (attempt === undefined) throw new Error('no slot')
    const { tenderId } = attempt.terms
    expect(await till.authorise(attempt)).toMatchObject({ state: 'settled' })
    expect(await till.present({ ...attempt, leaseId: world.poolOf(till)?.leaseId ?? '' })).toMatchObject({
      state: 'settled',
      paidBy: 'agency',
      arrival: 'exists',
    })
    expect(await world.escrow(till)).toBe(3_000n)
    expect((await world.demo.rows('slot_use')).filter((use) => use['tender_id'] === tenderId)).toHaveLength(1)
  })

  test('an attempt that never arrived is paid by the pool, under its id', async () => {
    await begin()
    const { leaseId, sellUntil, pool } = await world.give(till, 3_000n)
    const attempt = await world.online(till, 600n)
    if (attempt === undefined || pool === undefined) throw new Error('no slot')
    const { record, cardProof } = attempt.evidence
    const slots = [{ ...record.input.slots[0]!, countSpent: 0, amountSpent: tiyn(0n), booked: [] }]
    const leases = [{ schemeId, sellUntil, pool: { left: pool.left, sold: tiyn(0n) } }]
    const input = { ...record.input, schemes: till.package?.schemes ?? [], mode: 'offline' as const, slots, leases }
    const again = till.decided(input, world.card, leaseId, attempt.terms.tenderId)
    const evidence = till.evidenceOf(again.evidence.record, attempt.terms, cardProof)
    expect(again.terms).toEqual(attempt.terms)
    expect(await till.present({ ...again, evidence })).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('a void gives the slot back and the money to the scheme, from which the pool is filled again', async () => {
    await begin()
    await world.give(till, 3_000n)
    const sold = world.offline(till, 600n)
    await till.present(sold)
    expect(await till.reverse(sold.terms.tenderId)).toMatchObject({ state: 'reversed' })
    expect(await world.figures(1)).toMatchObject({ spent: 0n })
    expect(await world.escrow(till)).toBe(2_400n)
    await till.fetch()
    expect(world.poolOf(till)).toMatchObject({ amount: 3_600n, pool: { left: 3_000n } })
  })

  test('a refund does so too', async () => {
    await begin()
    await world.give(till, 3_000n)
    const sold = world.offline(till, 600n)
    await till.present(sold)
    const refund = till.refund(sold.terms.tenderId, [{ line: 1, amount: tiyn(200n) }])
    expect(await till.batch(refund)).toMatchObject([{ state: 'done' }])
    expect(await world.figures(1)).toMatchObject({ spent: 400n })
    expect(await world.escrow(till)).toBe(2_400n)
  })
})

describe('a till that is gone', () => {
  test('destroyed: each receipt is paid from the pool, to the end of its sum, then it is the merchant’s', async () => {
    await begin()
    await world.give(till, 1_000n)
    const codes = [600n, 300n, 200n].map((amount) => world.receiptOf(till, world.offline(till, amount)))
    await revoke('destroyed')
    const answers = []
    for (const code of codes) answers.push((await claim(code)).body)
    expect(answers).toMatchObject([
      { state: 'settled' },
      { state: 'settled' },
      { state: 'not_paid', loss: 'POOL_USED_UP' },
    ])
    expect(await world.escrow(till)).toBe(100n)
  })

  test('stolen: its cards are exposed, its sales are looked at, refused money is the scheme’s', async () => {
    await begin()
    await world.give(till, 1_000n)
    const codes = [600n, 300n].map((amount) => world.receiptOf(till, world.offline(till, amount)))
    await revoke('stolen')
    const exposed = (await world.demo.rows('card')).find((row) => row['card'] === world.card.pseudonym)
    expect(exposed).toMatchObject({ exposed_at: expect.any(BigInt) })
    for (const code of codes) expect((await claim(code)).body).toMatchObject({ state: 'in_review' })
    expect(await world.escrow(till)).toBe(100n)
    const [first, second] = (await world.demo.rows('review')).map((row) => row['tender_id'] as string)
    const decide = (tenderId: string | undefined, verdict: string) =>
      agency().post('/v1/review-decisions', { tenderId, verdict, reason: 'looked at it' })
    expect((await decide(first, 'paid')).body).toMatchObject({ state: 'settled' })
    expect((await decide(second, 'refused')).body).toMatchObject({ state: 'not_paid' })
    expect(await world.escrow(till)).toBe(100n)
    // No till gets the key of that card any more.
    await world.order(other, 1_000n)
    await other.fetch()
    expect(world.poolOf(other)).toBeUndefined()
  })

  test('destroyed: its receipts are paid, whatever its agency has chosen since', async () => {
    await begin()
    await world.give(till, 1_000n)
    const code = world.receiptOf(till, world.offline(till, 600n))
    await revoke('destroyed')
    world.demo.clock.now += hourMs
    const denying = { ...dailyFood, offline: { ...fromPools, policy: 'deny' as const }, version: 2 }
    expect(await inTransaction(world.demo.ports, (work) => publishScheme(work, denying))).toBe('published')
    expect((await claim(code)).body).toMatchObject({ state: 'settled' })
  })

  test('stolen: a sale that its agency would not pay, and paid on an appeal after all', async () => {
    await begin()
    await world.give(till, 1_000n)
    const code = world.receiptOf(till, world.offline(till, 600n))
    await revoke('stolen')
    await claim(code)
    const tenderId = (await world.demo.rows('review'))[0]?.['tender_id']
    const refusing = { tenderId, verdict: 'refused', reason: 'looked at it' }
    expect(await agency().post('/v1/review-decisions', refusing)).toMatchObject({ status: 200 })
    const of = { discrepancyId: (await world.demo.rows('discrepancy'))[0]?.['discrepancy_id'] }
    const merchant = world.demo.role('merchant', 'school-7-canteen')
    expect(await merchant.post('/v1/appeals', { ...of, reason: 'the child ate' })).toMatchObject({ status: 200 })
    const accepting = { ...of, verdict: 'accepted', reason: 'it did' }
    expect(await agency().post('/v1/appeal-decisions', accepting)).toMatchObject({ status: 200 })
  })

  test('cloned: what the first of the two presented is paid, a row at the same place is the merchant’s', async () => {
    await begin()
    await world.give(till, 3_000n)
    const [one, two] = [world.offline(till, 300n), world.offline(till, 400n)]
    const position = till.position()
    expect(await till.present(one, position)).toMatchObject({ state: 'settled' })
    expect(await till.present(two, { ...position, hash: 'ab'.repeat(32) })).toMatchObject({ loss: 'CHAIN_BROKEN' })
    expect(await world.escrow(till)).toBe(2_700n)
  })
})

test('what a bridge had lent is taken off less, where pools pay beyond the slot afterwards', async () => {
  const bridge = { kind: 'amount', amount: tiyn(300n) } as const
  await begin({ bridge, offline: dailyFood.offline })
  await world.lease(till, [1], 2, 1)
  await world.reissue()
  const advanced = await world.online(other, 300n)
  if (advanced === undefined) throw new Error('no bridge')
  expect(await other.authorise(advanced)).toMatchObject({ state: 'settled' })
  world.demo.clock.now += 4 * hourMs
  const pooled = { ...dailyFood, bridge, offline: fromPools, version: 2 }
  expect(await inTransaction(world.demo.ports, (work) => publishScheme(work, pooled))).toBe('published')
  await world.give(till, 5_000n)
  await world.give(other, 5_000n)
  const [one, two] = [world.offline(till, 600n), world.offline(other, 300n)]
  expect(await till.present(one)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  expect(await other.present(two)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  expect(await world.filed()).toEqual([['ALLOWANCE_EXCEEDED_IN_POOL', 'agency', 200n]])
})

describe('the record', () => {
  test('that says another sum than the package, or none, is not paid', async () => {
    await begin()
    const pool = await world.give(till, 1_000n)
    const leased = till.leased(world.card)
    if (leased === undefined) throw new Error('not listed')
    const sale = till.sale('bread')
    const lines = sale.lines.map((line) => ({ ...line, unitPrice: tiyn(500n) }))
    const input = till.input(world.card, { ...sale, lines }, leased.slot, 'offline', leased.lease)
    const [lease] = input.leases
    if (lease === undefined) throw new Error('no lease')
    const { pool: _pool, ...without } = lease
    for (const leases of [[{ ...lease, pool: { left: tiyn(9_000n), sold: tiyn(0n) } }], [without]]) {
      const told = till.decided({ ...input, leases }, world.card, pool.leaseId)
      expect(await till.present(told)).toMatchObject({ state: 'not_paid', loss: 'PROOF_MISSING_OR_FORGED' })
    }
    expect(await world.figures(1)).toMatchObject({ spent: 0n })
    expect(slotOfDay(1)).toBe(leased.slot.slotId)
  })
})
