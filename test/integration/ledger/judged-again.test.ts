/**
 * A sale that found its slot used is judged again when a use is given back: by the terms of its own id, by its first
 * arrival, and without a word when it stays unpaid. The audit looks after each story.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { closeDueLeases } from '../../../ledger-sim/leases/close.ts'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { findScheme, publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
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

describe('a sale that is judged again', () => {
  test('is paid by the terms of its own id, whatever else was shown under it in the same batch', async () => {
    for (const label of ['Pupil 01', 'Pupil 02', 'Pupil 03', 'Pupil 04', 'Pupil 05', 'Pupil 06']) {
      const card = demo.card(label)
      const before = await balanceOf(demo, merchant)
      const first = till.decide({ card })
      const small = till.decide({ card })
      const large = till.decide({ card, quantity: 2, tenderId: small.terms.tenderId })
      await till.present(first)
      expect(await till.batch(till.presentment(small), till.presentment(large))).toMatchObject([
        { loss: 'SLOT_ALREADY_USED' },
        { arrival: 'exists_with_different_amount' },
      ])
      await till.reverse(first.terms.tenderId)
      expect((await balanceOf(demo, merchant)) - before).toBe(115_000n)
      await till.reverse(small.terms.tenderId)
      expect((await balanceOf(demo, merchant)) - before).toBe(0n)
    }
  })

  describe('after presentUntil', () => {
    const card = () => demo.card('Pupil 01')
    const codes = async () => (await discrepancies()).map(({ code, owner }) => `${String(code)} ${String(owner)}`)
    const lossBearer = (bearer: AnyScheme['offline']['lossBearer']) =>
      republish((scheme) => ({ ...scheme, offline: { ...scheme.offline, lossBearer: bearer } }))
    /** Two sales of one slot; the second is presented so much after the first. */
    async function soldTwice(laterMs = 0) {
      const [first, second] = [till.decide({ card: card() }), till.decide({ card: card() })]
      await till.present(first)
      demo.clock.now += laterMs
      expect(await till.present(second)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
      return { first: first.terms.tenderId, second: second.terms.tenderId }
    }

    test.each([
      ['live', 'escrow'],
      ['closed', 'agency'],
    ])('one that had come in time was in time: it is paid, also when its lease is %s', async (lease, paidBy) => {
      await lossBearer({ kind: 'merchant' })
      await till.fetch()
      const { first, second } = await soldTwice()
      demo.clock.now += 20 * dayMs
      if (lease === 'closed') await inTransaction(demo.ports, closeDueLeases)
      await till.reverse(first)
      expect(await till.inquire(second)).toMatchObject({ state: 'settled', paidBy, loss: null })
      expect(await codes()).toEqual(['SLOT_ALREADY_USED merchant'])
      expect(await balanceOf(demo, merchant)).toBe(115_000n)
    })

    test('one that had come late is late: it stays the merchant’s, for the reason that it was told', async () => {
      await lossBearer({ kind: 'merchant' })
      await till.fetch()
      const { first, second } = await soldTwice(20 * dayMs)
      await till.reverse(first)
      expect(await till.inquire(second)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
      expect(await codes()).toEqual(['SLOT_ALREADY_USED merchant'])
    })

    test('and where the agency bears what is late, it bears that one', async () => {
      const { first, second } = await soldTwice(20 * dayMs)
      await till.reverse(first)
      expect(await till.inquire(second)).toMatchObject({ state: 'settled', paidBy: 'agency' })
      expect(await codes()).toEqual(['SLOT_ALREADY_USED merchant', 'PRESENTED_TOO_LATE agency'])
    })
  })

  test('is paid when its slot is free because its merchant’s debt was netted, also in a batch', async () => {
    const card = demo.card('Pupil 01')
    const [first, second, other] = [
      till.decide({ card }),
      till.decide({ card }),
      till.decide({ card: demo.card('Pupil 02') }),
    ]
    await till.present(first)
    await till.present(second)
    await drain(demo, merchant)
    await drain(demo, 'scheme.school-lunch')
    // Nobody has the money for the lease’s slot, so it stays used.
    await till.reverse(first.terms.tenderId)
    expect(await till.inquire(second.terms.tenderId)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
    // What the merchant owes is netted of its next sale, in the same batch in which a further one of the slot comes.
    const third = till.decide({ card })
    expect(await till.batch(till.presentment(other), till.presentment(third))).toMatchObject([
      { state: 'settled' },
      { state: 'not_paid', loss: 'SLOT_ALREADY_USED' },
    ])
    expect(await till.inquire(second.terms.tenderId)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
    const told = await till.post('/v1/terminal/events', { after: 0, limit: 200 })
    expect(JSON.stringify(told.body)).toContain(second.terms.tenderId)
  })

  test('is paid when its slot is free because its agency has money again', async () => {
    const card = demo.card('Pupil 01')
    const [first, second] = [till.decide({ card }), till.decide({ card })]
    await till.present(first)
    await till.present(second)
    // After its period a refund goes to the agency’s free account, so a reversal brings less than the slot has used.
    demo.clock.now += dayMs
    const { tenderId } = first.terms
    expect(await till.batch(till.refund(tenderId, [{ line: 1, amount: tiyn(40_000n) }]))).toMatchObject([
      { state: 'done' },
    ])
    await drain(demo, 'scheme.school-lunch')
    await till.reverse(tenderId)
    expect(await till.inquire(second.terms.tenderId)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
    await demo.role('agency').post('/v1/scheme-fundings', {
      transferId: till.id(),
      accountId: 'almaly-education',
      schemeId: 'school-lunch',
      amount: '1000000',
    })
    expect(await till.inquire(second.terms.tenderId)).toMatchObject({ state: 'settled', loss: null })
  })

  test('is paid before a later one, whose request first ends the lease that frees the slot', async () => {
    const card = demo.card('Pupil 01')
    const [first, second, third] = [till.decide({ card }), till.decide({ card }), till.decide({ card })]
    await till.present(first)
    await till.present(second)
    demo.clock.now += dayMs
    const { tenderId } = first.terms
    await till.batch(till.refund(tenderId, [{ line: 1, amount: tiyn(40_000n) }]))
    await drain(demo, 'scheme.school-lunch')
    await till.reverse(tenderId)
    expect(await till.inquire(second.terms.tenderId)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
    // The lease ends; the next that is asked of the ledger is the third sale.
    demo.clock.now += 20 * dayMs
    expect(await till.present(third)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
    expect(await till.inquire(second.terms.tenderId)).toMatchObject({ state: 'settled', loss: null })
  })

  test('and stays unpaid, by a rule of today, keeps its reason: nothing new is filed', async () => {
    const card = demo.card('Pupil 01')
    await inTransaction(demo.ports, (work) => setCardStatus(work, card.pseudonym, 'blocked'))
    demo.clock.now += hourMs
    const [first, second] = [till.decide({ card }), till.decide({ card })]
    await till.present(first)
    await till.present(second)
    await republish((scheme) => ({ ...scheme, offline: { ...scheme.offline, allowedPolicyAgeMs: 0 } }))
    await till.reverse(first.terms.tenderId)
    expect(await till.inquire(second.terms.tenderId)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
    expect(await discrepancies()).toMatchObject([{ code: 'SLOT_ALREADY_USED' }])
  })
})
