/**
 * A scheme that its beneficiary has to activate: nothing off line before the first payment with network by the card
 * itself, which is the act and is on file; nothing at all when that comes too late. The audit looks after each.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { findScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import type { Activation } from '../../../src/voucher/activation.ts'
import { decide } from '../../../src/voucher/decide.ts'
import { schemeSchema } from '../../../src/voucher/scheme.ts'
import { fullSlot, type Slot } from '../../../src/voucher/slot.ts'
import {
  dayMs,
  demoLedger,
  drain,
  hourMs,
  temporaryFolder,
  type DemoLedger,
  type TestCard,
  type TestTill,
} from './demo-ledger.ts'
import { readCard } from './sun-message.ts'

const schemeId = 'school-lunch'
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

const agency = () => demo.role('agency', 'almaly-education')

async function publish(activation: Activation | undefined): Promise<void> {
  const scheme = await inTransaction(demo.ports, (work) => findScheme(work, schemeId))
  if (scheme === undefined || !('goods' in scheme)) throw new Error('no scheme')
  const { activation: _before, ...terms } = scheme
  const next = { ...terms, version: scheme.version + 1, ...(activation === undefined ? {} : { activation }) }
  const { status, body } = await agency().post('/v1/schemes', schemeSchema.encode(next))
  expect([status, body['code']]).toEqual([200, undefined])
}

/** Today's slot of a pupil, of which nothing is used. */
async function slotOf(card: TestCard): Promise<Slot> {
  const [row] = (await demo.rows('card')).filter((one) => one['card'] === card.pseudonym)
  const entitled = (await demo.rows('entitlement')).find(
    (one) => one['scheme_id'] === schemeId && one['holder'] === row?.['holder'],
  )
  const scheme = till.package?.schemes.find((one) => one.schemeId === schemeId)
  if (scheme === undefined) throw new Error('no scheme at the till')
  return fullSlot(scheme, entitled?.['beneficiary'] as string, '2026-11-25')
}

/** The verdict on a card for which this till has no slot and no network. */
function withoutNetwork(card: TestCard, slot: Slot) {
  const input = till.input(card, till.sale(), slot, 'offline', undefined)
  return decide({ ...input, slots: [] })
}

const list = async (query = '') => (await agency().get(`/v1/activations?schemeId=${schemeId}${query}`)).body

const leaseFor = (slot: Slot) =>
  agency().post('/v1/leases', {
    grantId: till.id(),
    terminalId: 'till-1',
    schemeId,
    beneficiaries: [slot.beneficiary],
    periodIds: [slot.periodId],
    sellUntil: demo.clock.now + dayMs,
    presentUntil: demo.clock.now + 2 * dayMs,
  })

test('what was leased before the scheme asked for it is paid, and is no activation', async () => {
  await till.fetch()
  await publish({ by: 'beneficiary' })
  expect((await till.fetch()).notActivated).toBeDefined()
  expect(await till.present(till.decide({ card: demo.card('Pupil 01') }))).toMatchObject({ paidBy: 'escrow' })
  expect(await list()).toMatchObject({ activated: 0 })
})

describe('a scheme that asks for activation', () => {
  beforeEach(async () => {
    await publish({ by: 'beneficiary' })
    await till.fetch()
  })

  test('gives no slot to a till before, and says why, to the agency and to the cashier', async () => {
    const card = demo.card('Pupil 01')
    const slot = await slotOf(card)
    expect(till.leased(card)).toBeUndefined()
    expect(till.package?.notActivated).toMatchObject([
      { schemeId, cards: expect.arrayContaining([card.pseudonym]) as string[] },
    ])
    expect(withoutNetwork(card, slot)).toMatchObject({ verdict: 'refuse', code: 'NOT_ACTIVATED' })
    expect(await leaseFor(slot)).toMatchObject({ body: { detail: 'nothing to lease: not_activated' } })
    expect(await list()).toMatchObject({ activated: 0, activations: [] })
  })

  test('is activated by the first payment with network, once, and then sold off line', async () => {
    const card = demo.card('Pupil 01')
    const slot = await slotOf(card)
    const first = till.decide({ card, slot }, 'online')
    expect(await till.authorise(first)).toMatchObject({ state: 'settled', paidBy: 'agency' })
    const act = {
      beneficiary: slot.beneficiary,
      card: card.pseudonym,
      terminalId: 'till-1',
      tenderId: first.terms.tenderId,
      at: demo.clock.now,
    }
    expect(await list()).toMatchObject({ activated: 1, activations: [act] })
    expect(await list(`&after=${slot.beneficiary}`)).toMatchObject({ activated: 1, activations: [] })

    // Taken back: the lunch is there again, and the card has been there all the same.
    await till.reverse(first.terms.tenderId)
    expect(await till.authorise(till.decide({ card, slot }, 'online'))).toMatchObject({ state: 'settled' })
    expect(await list()).toMatchObject({ activated: 1, activations: [act] })

    demo.clock.now += dayMs
    await till.fetch()
    expect(till.leased(card)).toBeDefined()
    expect(till.package?.notActivated?.flatMap(({ cards }) => cards)).not.toContain(card.pseudonym)
    expect(await till.present(till.decide({ card }))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('is not activated by what was not paid, nor without the card', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card, slot: await slotOf(card) }, 'online')
    const { terms, evidence } = decided
    const stranger = { ...card, fileReadKey: demo.card('Pupil 02').fileReadKey }
    const forged = till.evidence(evidence.record, terms, readCard(stranger, termsHashOf(terms)))
    expect(await till.authorise({ terms, evidence: forged })).toMatchObject({ state: 'refused' })
    await drain(demo, `scheme.${schemeId}`)
    expect(await till.authorise(till.decide({ card, slot: await slotOf(card) }, 'online'))).toMatchObject({
      refusal: 'INSUFFICIENT_FUNDS',
    })
    expect(await list()).toMatchObject({ activated: 0, activations: [] })
  })

  test('shows who has activated to its own agency only', async () => {
    const { status, body } = await demo.role('bank').get(`/v1/activations?schemeId=${schemeId}`)
    expect([status, body['code']]).toEqual([403, 'role_not_allowed'])
    expect(await agency().get('/v1/activations?schemeId=other-scheme')).toMatchObject({ status: 404 })
  })
})

describe('a beneficiary who was not in time', () => {
  test('gets nothing, by session, payment and off line, while who was in time goes on', async () => {
    await publish({ by: 'beneficiary', until: demo.clock.now + hourMs })
    await till.fetch()
    const [early, late] = [demo.card('Pupil 01'), demo.card('Pupil 02')]
    const paid = till.decide({ card: early, slot: await slotOf(early) }, 'online')
    expect(await till.authorise(paid)).toMatchObject({ state: 'settled' })

    demo.clock.now += hourMs
    const slot = await slotOf(late)
    expect(await till.authorise(till.decide({ card: late, slot }, 'online'))).toMatchObject({
      state: 'refused',
      refusal: 'ACTIVATION_LAPSED',
    })
    expect(withoutNetwork(late, slot)).toMatchObject({ code: 'ACTIVATION_LAPSED' })
    const session = { cardSessionId: till.id(), card: late.pseudonym, encryptedRndB: 'AB'.repeat(16) }
    expect(await till.call('/v1/terminal/card-sessions', session)).toEqual({
      kind: 'refused',
      code: 'ACTIVATION_LAPSED',
    })

    // The agency gives them more time by the next version.
    await publish({ by: 'beneficiary', until: demo.clock.now + dayMs })
    await till.fetch()
    expect(await till.authorise(till.decide({ card: late, slot }, 'online'))).toMatchObject({ state: 'settled' })
    expect(await list()).toMatchObject({ activated: 2 })
  })
})
