/**
 * "Who pays for a presented sale" (money-rules.md), row by row, with the audit after each: whoever bears a loss, the
 * books balance.
 */
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { closeDueLeases } from '../../../ledger-sim/leases/close.ts'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { findScheme, publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import type { SyncItem } from '../../../src/sync/protocol/messages.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { AnyScheme } from '../../../src/voucher/scheme.ts'
import {
  balanceOf,
  dayMs,
  demoLedger,
  drain,
  hourMs,
  temporaryFolder,
  type DemoLedger,
  type TestTill,
} from './demo-ledger.ts'
import { readCard } from './sun-message.ts'
import { sunOf } from '../../fixtures/sun-of.ts'

const merchant = 'merchant.school-7-canteen'
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let till: TestTill

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  till = await demo.till('till-1')
  await till.fetch()
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

async function republish(change: (scheme: AnyScheme) => AnyScheme): Promise<void> {
  await inTransaction(demo.ports, async (work) => {
    const scheme = await findScheme(work, 'school-lunch')
    if (scheme === undefined) throw new Error('no scheme')
    expect(await publishScheme(work, { ...change(scheme), version: scheme.version + 1 })).toBe('published')
  })
}

const discrepancies = () => demo.rows('discrepancy')
const status = async () => (await demo.rows('terminal')).find((row) => row['terminal_id'] === 'till-1')?.['status']

describe('row 1: valid proof, own live slot, in time', () => {
  test('escrow pays', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') })
    demo.clock.now += 5 * hourMs
    expect(await till.present(decided)).toMatchObject({ arrival: 'created', state: 'settled', paidBy: 'escrow' })
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
  })

  test('also when the card was blocked, the scheme ended and the agency ran dry since', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card })
    demo.clock.now += hourMs
    await inTransaction(demo.ports, (work) => setCardStatus(work, card.pseudonym, 'blocked'))
    await republish((scheme) => ({ ...scheme, status: 'ended' }))
    await drain(demo, 'scheme.school-lunch')
    expect(await till.present(decided)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('the same tender refused on line before, its answer lost, is paid: the goods are given', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card })
    await republish((scheme) => ({ ...scheme, status: 'suspended' }))
    expect(await till.authorise(decided)).toMatchObject({ state: 'refused', refusal: 'SCHEME_SUSPENDED' })
    expect(await till.present(decided)).toMatchObject({ arrival: 'exists', state: 'settled', paidBy: 'escrow' })
    expect(await till.present(decided)).toMatchObject({ arrival: 'exists', state: 'settled' })
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
  })

  test('the same tender paid on line before is not paid again', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') })
    expect(await till.authorise(decided)).toMatchObject({ state: 'settled' })
    expect(await till.present(decided)).toMatchObject({ arrival: 'exists', state: 'settled' })
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
  })

  test('a slot that moved to the next lease still pays what was sold under the last one', async () => {
    const card = demo.card('Family 01')
    const decided = till.decide({ card, item: 'milk' })
    demo.clock.now += 20 * hourMs
    await till.fetch()
    expect(till.leased(card)?.lease.leaseId).not.toBe(decided.leaseId)
    expect(await till.present(decided)).toMatchObject({
      state: 'settled',
      paidBy: 'escrow',
      slot: { amountSpent: 52_000n },
    })
  })

  test('also when the next lease was asked for a shorter time, and the agency is dry', async () => {
    const card = demo.card('Family 01')
    const decided = till.decide({ card, item: 'milk' })
    const { slot, lease } = till.leased(card) ?? {}
    const { now } = demo.clock
    const next = { sellUntil: now + 3 * hourMs, presentUntil: now + dayMs }
    const { beneficiary, periodId } = slot ?? {}
    const which = { schemeId: 'food-voucher', beneficiaries: [beneficiary], periodIds: [periodId] }
    const asked = { grantId: till.id(), terminalId: 'till-1', ...which, ...next }
    const agency = demo.role('agency', 'almaly-education')
    expect(await agency.post('/v1/leases', asked)).toMatchObject({ status: 200, body: { slots: 1 } })
    demo.clock.now += 3 * dayMs
    expect(demo.clock.now).toBeLessThan(lease?.presentUntil ?? 0)
    await drain(demo, 'scheme.food-voucher')
    expect(await till.present(decided)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })
})

describe('a batch in which one item breaks the ledger', () => {
  const sqlOf = (text: string) => demo.ports.store.transaction(async (connection) => sql.raw(text).execute(connection))

  test('stands up to that item, and is paid once, whole, when it is sent again', async () => {
    const decided = ['Pupil 01', 'Pupil 02', 'Pupil 03'].map((label) => till.decide({ card: demo.card(label) }))
    const items = decided.map((one) => till.presentment(one))
    const broken = decided[1]?.terms.tenderId
    await sqlOf(
      `CREATE TRIGGER planted BEFORE INSERT ON tender WHEN NEW.tender_id = '${broken}'
       BEGIN SELECT RAISE(ABORT, 'planted'); END`,
    )
    await expect(till.batch(...items)).rejects.toThrow('planted')
    expect((await demo.rows('tender')).map((row) => row['tender_id'])).toEqual([decided[0]?.terms.tenderId])
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
    await sqlOf('DROP TRIGGER planted')
    const settled = { state: 'settled', paidBy: 'escrow' }
    expect(await till.batch(...items)).toMatchObject([
      { arrival: 'exists', ...settled },
      { arrival: 'created', ...settled },
      { arrival: 'created', ...settled },
    ])
    expect(await balanceOf(demo, merchant)).toBe(3n * 115_000n)
  })

  test('and each passes alone is paid, and what broke their commit is told', async () => {
    const items = ['Pupil 01', 'Pupil 02', 'Pupil 03'].map((label) =>
      till.presentment(till.decide({ card: demo.card(label) })),
    )
    // Each commit has a moment of its own, so that the trigger knows the third item of one.
    let now = demo.clock.now
    Object.defineProperty(demo.clock, 'now', { get: () => (now += 1) })
    await sqlOf(
      `CREATE TRIGGER planted BEFORE INSERT ON tender WHEN (SELECT count(*) FROM tender WHERE at = NEW.at) = 2
       BEGIN SELECT RAISE(ABORT, 'planted'); END`,
    )
    const paid = { arrival: 'created', state: 'settled', paidBy: 'escrow' }
    expect(await till.batch(...items)).toMatchObject([paid, paid, paid])
    expect(demo.recovered.splice(0)).toEqual([expect.objectContaining({ message: 'planted' })])
    expect(await balanceOf(demo, merchant)).toBe(3n * 115_000n)
  })
})

describe('row 2: barred before the sale', () => {
  test('merchant, when the till’s package was older than the scheme allows', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card })
    await inTransaction(demo.ports, (work) => setCardStatus(work, card.pseudonym, 'blocked'))
    await republish((scheme) => ({ ...scheme, offline: { ...scheme.offline, allowedPolicyAgeMs: 0 } }))
    demo.clock.now += hourMs
    const late = till.decide({ card })
    expect(await till.present(decided)).toMatchObject({ state: 'settled' })
    expect(await till.present(late)).toMatchObject({ state: 'not_paid', loss: 'BLOCKED_BEFORE_SALE' })
    expect(await discrepancies()).toMatchObject([
      { code: 'BLOCKED_BEFORE_SALE', owner: 'merchant', amount: 115_000n, appeal: 'open' },
    ])
    expect(await status()).toBe('active')
  })

  test('merchant too, where the scheme was suspended and an old package sold it all the same', async () => {
    const [first, second] = [demo.card('Pupil 01'), demo.card('Pupil 02')]
    const before = till.decide({ card: first })
    const suspend = { allowedPolicyAgeMs: 0 }
    await republish((scheme) => ({ ...scheme, status: 'suspended', offline: { ...scheme.offline, ...suspend } }))
    demo.clock.now += hourMs
    // The till has not heard of it: its package says that the scheme is active.
    const after = till.decide({ card: second })
    expect(await till.present(before)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await till.present(after)).toMatchObject({ state: 'not_paid', loss: 'BLOCKED_BEFORE_SALE' })
    expect(await discrepancies()).toMatchObject([
      { code: 'BLOCKED_BEFORE_SALE', owner: 'merchant', amount: 115_000n, appeal: 'open' },
    ])
  })

  test('escrow, when the package was young enough', async () => {
    const card = demo.card('Pupil 01')
    await inTransaction(demo.ports, (work) => setCardStatus(work, card.pseudonym, 'blocked'))
    demo.clock.now += hourMs
    expect(await till.present(till.decide({ card }))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })
})

describe('row 3: slot already used, surrendered or closed', () => {
  test('the first presented is paid, the second is the merchant’s', async () => {
    const card = demo.card('Pupil 01')
    const first = till.decide({ card })
    const second = till.decide({ card })
    const results = await till.batch(till.presentment(first), till.presentment(second))
    expect(results).toMatchObject([
      { state: 'settled', paidBy: 'escrow' },
      { state: 'not_paid', loss: 'SLOT_ALREADY_USED' },
    ])
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
  })

  test('sold after it was given back', async () => {
    const card = demo.card('Pupil 01')
    const leased = till.leased(card)
    if (leased === undefined) throw new Error('not leased')
    expect(await till.batch(till.surrender(leased.lease.leaseId, leased.slot.slotId))).toMatchObject([
      { state: 'done', amount: 120_000n },
    ])
    expect(await till.present(till.decide({ card }))).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
  })

  test('sold before it was given back is paid, in whatever order they arrive', async () => {
    const card = demo.card('Family 01')
    const leased = till.leased(card)
    if (leased === undefined) throw new Error('not leased')
    const sold = till.presentment(till.decide({ card, item: 'milk' }))
    const returned = till.surrender(leased.lease.leaseId, leased.slot.slotId)
    expect(await till.batch(returned, sold)).toMatchObject([{ state: 'done' }, { state: 'settled', paidBy: 'agency' }])
    expect(await balanceOf(demo, merchant)).toBe(52_000n)
  })

  test('sold before it was given back by way of the next lease', async () => {
    const card = demo.card('Family 01')
    const { lease, slot } = till.leased(card) ?? {}
    const sold = till.presentment(till.decide({ card, item: 'milk' }))
    demo.clock.now += 13 * hourMs
    await till.fetch()
    const returned = till.surrender(lease?.leaseId ?? '', slot?.slotId ?? '')
    expect(await till.batch(returned, sold)).toMatchObject([{ state: 'done' }, { state: 'settled', paidBy: 'agency' }])
  })

  test('a surrendered slot can be used elsewhere', async () => {
    const card = demo.card('Pupil 01')
    const leased = till.leased(card)
    if (leased === undefined) throw new Error('not leased')
    await till.batch(till.surrender(leased.lease.leaseId, leased.slot.slotId))
    const other = await demo.till('till-2')
    await other.fetch()
    expect(await other.authorise(other.decide({ card, slot: leased.slot }, 'online'))).toMatchObject({
      state: 'settled',
      paidBy: 'agency',
    })
  })
})

describe('row 4: after presentUntil', () => {
  const late = 20 * dayMs

  test('the agency, where the scheme says so and money is free', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') })
    demo.clock.now += late
    expect(await till.present(decided)).toMatchObject({ state: 'settled', paidBy: 'agency' })
    expect(await discrepancies()).toMatchObject([{ code: 'PRESENTED_TOO_LATE', owner: 'agency' }])
  })

  test('waits for the agency’s money, and is paid and told when it comes', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') })
    demo.clock.now += late
    await inTransaction(demo.ports, closeDueLeases)
    await drain(demo, 'scheme.school-lunch')
    expect(await till.present(decided)).toMatchObject({ state: 'awaiting_funds', paidBy: null })
    expect(await balanceOf(demo, merchant)).toBe(0n)
    const before = await till.call('/v1/terminal/events', { after: 0, limit: 100 })
    await inTransaction(demo.ports, (work) =>
      fundScheme(work, 'almaly-education', 'school-lunch', tiyn(200_000n), 'again'),
    )
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
    const { events, cursor } = await till.call('/v1/terminal/events', { after: before.cursor, limit: 100 })
    expect(events.map(({ event }) => event)).toMatchObject([
      { kind: 'item', item: { result: { itemId: decided.terms.tenderId, state: 'settled', paidBy: 'agency' } } },
    ])
    expect((await till.call('/v1/terminal/events', { after: cursor, limit: 100 })).events).toEqual([])
  })

  test('reversed while it waits: cancelled, the slot is free', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') })
    demo.clock.now += late
    await inTransaction(demo.ports, closeDueLeases)
    await drain(demo, 'scheme.school-lunch')
    await till.present(decided)
    expect(await till.reverse(decided.terms.tenderId)).toMatchObject({ state: 'reversed', slot: { countSpent: 0 } })
    await inTransaction(demo.ports, (work) =>
      fundScheme(work, 'almaly-education', 'school-lunch', tiyn(200_000n), 'again'),
    )
    expect(await balanceOf(demo, merchant)).toBe(0n)
  })

  test('the merchant, above what the agency takes over', async () => {
    await republish((scheme) => ({
      ...scheme,
      offline: { ...scheme.offline, lossBearer: { kind: 'agency', upTo: tiyn(200_000n) } },
    }))
    await till.fetch()
    const first = till.decide({ card: demo.card('Pupil 01') })
    const second = till.decide({ card: demo.card('Pupil 02') })
    demo.clock.now += late
    expect(await till.present(first)).toMatchObject({ state: 'settled', paidBy: 'agency' })
    expect(await till.present(second)).toMatchObject({ state: 'not_paid', loss: 'PRESENTED_TOO_LATE' })
  })

  test('the merchant, where the scheme says so', async () => {
    await republish((scheme) => ({ ...scheme, offline: { ...scheme.offline, lossBearer: { kind: 'merchant' } } }))
    await till.fetch()
    const decided = till.decide({ card: demo.card('Pupil 01') })
    demo.clock.now += late
    expect(await till.present(decided)).toMatchObject({ state: 'not_paid', loss: 'PRESENTED_TOO_LATE' })
    expect(await discrepancies()).toMatchObject([{ owner: 'merchant' }])
  })
})

describe('row 5: proof missing or forged, chain broken', () => {
  const forged = async (change: (item: Extract<SyncItem, { kind: 'presentment' }>) => SyncItem) => {
    const [result] = await till.batch(change(till.presentment(till.decide({ card: demo.card('Pupil 01') }))))
    return result
  }

  test('a wrong MAC: nobody pays, the terminal is suspended, and may still present', async () => {
    const result = await forged((item) => {
      const { cardProof, record } = item.evidence
      const m = sunOf(cardProof).m === '0'.repeat(16) ? '1'.repeat(16) : '0'.repeat(16)
      return { ...item, evidence: till.evidence(record, item.terms, { ...sunOf(cardProof), m }) }
    })
    expect(result).toMatchObject({ state: 'not_paid', loss: 'PROOF_MISSING_OR_FORGED', refusal: 'CARD_PROOF_FORGED' })
    expect(await status()).toBe('suspended')
    const other = till.decide({ card: demo.card('Pupil 02') })
    expect(
      await till.post('/v1/terminal/authorisations', { terms: other.terms, evidence: other.evidence }),
    ).toMatchObject({
      status: 403,
      body: { code: 'terminal_suspended' },
    })
    expect(await till.present(other)).toMatchObject({ state: 'settled' })
  })

  test('a record that the terminal did not sign', async () => {
    const result = await forged((item) => ({ ...item, evidence: { ...item.evidence, signature: 'A'.repeat(86) } }))
    expect(result).toMatchObject({ state: 'not_paid', loss: 'PROOF_MISSING_OR_FORGED' })
  })

  test('inputs that the ledger never signed', async () => {
    const result = await forged((item) => {
      const { record, cardProof } = item.evidence
      const input = {
        ...record.input,
        terminal: { ...record.input.terminal, packageIssuedAt: record.input.terminal.packageIssuedAt + 1 },
      }
      return { ...item, evidence: till.evidence({ ...record, input }, item.terms, sunOf(cardProof)) }
    })
    expect(result).toMatchObject({ state: 'not_paid', loss: 'PROOF_MISSING_OR_FORGED' })
    expect(await status()).toBe('suspended')
  })

  test('a decision that does not replay is not paid, but suspends nobody', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card })
    const { record } = decided.evidence
    if (record.decision.verdict !== 'approve') throw new Error('approved')
    const amount = tiyn(120_000n)
    const terms = { ...decided.terms, amount }
    const parts = record.decision.parts.map((part) => ({ ...part, amount }))
    const evidence = till.evidence(
      { ...record, decision: { ...record.decision, parts } },
      terms,
      readCard(card, termsHashOf(terms)),
    )
    expect(await till.present({ ...decided, terms, evidence })).toMatchObject({
      state: 'not_paid',
      loss: 'PROOF_MISSING_OR_FORGED',
      refusal: 'DECISION_MISMATCH',
    })
    expect(await status()).toBe('active')
  })

  test('the proof of another sale', async () => {
    const card = demo.card('Family 01')
    const first = till.decide({ card })
    await till.present(first)
    const second = till.decide({ card })
    const evidence = till.evidence(second.evidence.record, second.terms, sunOf(first.evidence.cardProof))
    expect(await till.present({ ...second, evidence })).toMatchObject({
      loss: 'PROOF_MISSING_OR_FORGED',
      refusal: 'CARD_PROOF_REPLAYED',
    })
  })

  test('a message harvested from the card for nothing', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card })
    const evidence = till.evidence(decided.evidence.record, decided.terms, readCard(card, '0'.repeat(64)))
    expect(await till.present({ ...decided, evidence })).toMatchObject({
      loss: 'PROOF_MISSING_OR_FORGED',
      refusal: 'CARD_BINDING_MISMATCH',
    })
    expect(await balanceOf(demo, merchant)).toBe(0n)
  })

  test('another row at the same place of the journal', async () => {
    const position = till.position()
    await till.present(till.decide({ card: demo.card('Pupil 01') }), position)
    const cloned = till.presentment(till.decide({ card: demo.card('Pupil 02') }), { ...position, hash: 'f'.repeat(64) })
    expect(await till.batch(cloned)).toMatchObject([{ state: 'not_paid', loss: 'CHAIN_BROKEN' }])
    expect(await status()).toBe('suspended')
  })

  test('a lease that is not the terminal’s', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') })
    expect(await till.present({ ...decided, leaseId: till.id() })).toMatchObject({ loss: 'PROOF_MISSING_OR_FORGED' })
  })
})

describe('beyond the table', () => {
  test('sold after the lease', async () => {
    const card = demo.card('Family 01')
    const leased = till.leased(card)
    if (leased === undefined) throw new Error('not leased')
    const sellUntil = leased.lease.sellUntil
    demo.clock.now = sellUntil
    const inTime = till.decide({ card })
    expect(await till.present(inTime)).toMatchObject({ state: 'settled' })
    // The till's own rules refuse this; a till that went on anyway is not paid.
    demo.clock.now = sellUntil + 1
    const sale = till.sale('bread')
    const honest = till.input(card, sale, leased.slot, 'online', undefined)
    expect(await till.present(till.decided(honest, card, leased.lease.leaseId))).toMatchObject({
      state: 'not_paid',
      loss: 'SOLD_AFTER_LEASE',
    })
  })

  test('counters arrive in any order', async () => {
    const card = demo.card('Family 01')
    const first = till.decide({ card })
    const second = till.decide({ card })
    expect(await till.present(second)).toMatchObject({ state: 'settled' })
    expect(await till.present(first)).toMatchObject({ state: 'settled' })
  })

  test('one bad item does not hold up the others', async () => {
    const good = till.decide({ card: demo.card('Pupil 01') })
    const bad = till.decide({ card: demo.card('Pupil 02') })
    const other = till.decide({ card: demo.card('Pupil 03') })
    const results = await till.batch(
      till.presentment(good),
      till.presentment({ ...bad, evidence: { ...bad.evidence, signature: 'A'.repeat(86) } }),
      till.presentment(other),
    )
    expect(results.map((result) => result.state)).toEqual(['settled', 'not_paid', 'settled'])
  })

  test('other terms under a settled id move nothing and are on file', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') })
    await till.present(decided)
    const changed = { ...decided, terms: { ...decided.terms, saleHash: '1'.repeat(64) } }
    expect(await till.present(changed)).toMatchObject({ arrival: 'exists_with_different_sale_hash', state: 'settled' })
    expect(await discrepancies()).toMatchObject([{ code: 'EXISTS_WITH_DIFFERENT_SALE_HASH' }])
  })

  test('a reversal of a presented sale returns to the escrow that holds the slot', async () => {
    const card = demo.card('Pupil 01')
    const leased = till.leased(card)
    if (leased === undefined) throw new Error('not leased')
    const escrow = `escrow.${leased.lease.leaseId}`
    const before = await balanceOf(demo, escrow)
    const decided = till.decide({ card })
    await till.present(decided)
    expect(await balanceOf(demo, escrow)).toBe(before - 115_000n)
    await till.reverse(decided.terms.tenderId)
    expect(await balanceOf(demo, escrow)).toBe(before)
  })
})
