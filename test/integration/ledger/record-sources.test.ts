/**
 * What a decision record names of the package that it was made under: version, hotlist, lease, their hashes and ages.
 * Method: one of them is changed and the terminal signs the record like that, so that only the comparison with the
 * package that the ledger issued can tell; and a real till's records are read from its journal and compared with that
 * package by hand.
 */
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import canonicalize from 'canonicalize'
import type { DecisionRecord } from '../../../src/sync/protocol/messages.ts'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { recordSourcesOf } from '../../../src/sync/protocol/record-sources.ts'
import { PreparedWorld } from '../payment/prepared-world.ts'
import { demoLedger, type DemoLedger, type TestTill } from './demo-ledger.ts'
import { sunOf } from '../../fixtures/sun-of.ts'

type Sources = NonNullable<DecisionRecord['sources']>

describe('a record that names', () => {
  let demo: DemoLedger
  let till: TestTill

  beforeEach(async () => {
    demo = await demoLedger()
    till = await demo.till('till-1')
    await till.fetch()
  })
  afterEach(() => demo.close())

  async function presentedWith(change: (sources: Sources) => Sources | undefined) {
    const item = till.presentment(till.decide({ card: demo.card('Pupil 01') }))
    const { record, cardProof } = item.evidence
    const { sources, ...rest } = record
    if (sources === undefined || sources.lease === null) throw new Error('a record without sources')
    const changed = change(sources)
    const other = changed === undefined ? rest : { ...rest, sources: changed }
    const [result] = await till.batch({ ...item, evidence: till.evidence(other, item.terms, sunOf(cardProof)) })
    return result
  }
  const status = async () => (await demo.rows('terminal')).find((row) => row['terminal_id'] === 'till-1')?.['status']

  /** As it should be named, but of a lease that does not hold the sale's slot. */
  function otherLease(): NonNullable<Sources['lease']> {
    const lease = till.package?.leases.find(({ schemeId }) => schemeId === 'food-voucher')
    const named = till.package === undefined ? undefined : recordSourcesOf(till.package, lease?.leaseId ?? '')
    if (named === undefined || named.lease === null) throw new Error('no lease of the other scheme')
    return named.lease
  }

  test.each<[string, (sources: Sources) => Sources]>([
    ['another version of the package', (sources) => ({ ...sources, packageVersion: sources.packageVersion + 1 })],
    ['another hotlist', (sources) => ({ ...sources, hotlist: { ...sources.hotlist, hash: '0'.repeat(64) } })],
    ['a younger hotlist', (sources) => ({ ...sources, hotlist: { ...sources.hotlist, issuedAt: demo.clock.now + 1 } })],
    ['another lease', (sources) => ({ ...sources, lease: { ...otherLease(), hash: '0'.repeat(64) } })],
    ['a lease without this slot', (sources) => ({ ...sources, lease: otherLease() })],
    ['no lease', (sources) => ({ ...sources, lease: null })],
  ])('%s is not ours: nobody pays, and the terminal is suspended', async (_what, change) => {
    expect(await presentedWith(change)).toMatchObject({ state: 'not_paid', loss: 'PROOF_MISSING_OR_FORGED' })
    expect(await status()).toBe('suspended')
  })

  test('an engine that is not known here is turned away at the door, and the till is not accused', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') })
    const named = structuredClone(till.presentment(decided)) as { evidence: { record: { input: object } } }
    Object.assign(named.evidence.record.input, { engineVersion: 2 })
    const answer = await till.post('/v1/terminal/batches', { items: [named] })
    expect([answer.status, answer.body['code']]).toEqual([422, 'schema_mismatch'])
    expect([await demo.rows('tender'), await demo.rows('discrepancy')]).toEqual([[], []])
    expect(await till.present(decided)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('none of them, as before they were named, is paid; and so is one that names them as they are', async () => {
    expect(await presentedWith(() => undefined)).toMatchObject({ state: 'settled' })
    expect(await till.present(till.decide({ card: demo.card('Pupil 02') }))).toMatchObject({ state: 'settled' })
  })
})

describe('a real till', () => {
  const prepared = new PreparedWorld()
  beforeAll(() => prepared.prepare())
  afterAll(() => prepared.remove())

  /** Written out here, so that both sides cannot be wrong in the same way. */
  const hashOf = (tag: string, value: unknown): string =>
    createHash('sha256')
      .update(`${tag}\0${canonicalize(JSON.parse(toJson(value)))}`)
      .digest('hex')

  test.each([
    ['online', 'Pupil 21', false],
    ['online, with a card that is leased to it', 'Pupil 01', true],
    ['offline', 'Pupil 02', true],
  ])('names them in each record: %s', async (mode, card, isLeased) => {
    const world = await prepared.open()
    try {
      const { core } = world.station
      if (core === undefined) throw new Error('the till is off')
      if (mode === 'offline') world.network.all = 'refused'
      await world.time.runUntil(world.time.now + 60_000)
      core.till.command({ command: 'add_item', itemId: 'school-lunch' })
      core.till.command({ command: 'pay_by_card' })
      world.station.layCard(card)
      await world.time.runUntil(world.time.now + 10_000)
      const [sold] = core.till.snapshot().recent
      const { row } = core.journal.intentOf(sold?.tenders[0]?.tenderId ?? '')
      const active = core.journal.activePackage()?.package
      if (active === undefined) throw new Error('no package')
      const lease = active.leases.find(({ leaseId }) => leaseId === row.leaseId)
      expect(lease !== undefined).toBe(isLeased)
      expect(row.record.sources).toEqual({
        packageVersion: active.version,
        hotlist: { hash: hashOf('tolem/hotlist/1', active.hotlist), issuedAt: active.hotlist.issuedAt },
        lease:
          lease === undefined
            ? null
            : {
                leaseId: lease.leaseId,
                hash: hashOf('tolem/lease/1', lease),
                presentUntil: lease.presentUntil,
              },
      })
    } finally {
      await world.close()
    }
  })
})
