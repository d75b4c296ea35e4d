/**
 * An agency says "the class 3B eats at the canteen's second till" once, and changes who is in the class. Method: the
 * demonstration's ledger on disk and that till, whose packages show whose slots it holds; the audit looks after each.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import {
  dayMs,
  demoLedger,
  hourMs,
  p256,
  temporaryFolder,
  TestSigner,
  type DemoLedger,
  type TestTill,
} from './demo-ledger.ts'

const schemeId = 'school-lunch'
const groupId = 'class-3b'
const name = { kk: '3Б сыныбы', ru: '3Б класс', en: 'Class 3B' }
const pupils = ['Pupil 25', 'Pupil 26', 'Pupil 27', 'Pupil 28'] as const
type Pupil = (typeof pupils)[number]
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let till: TestTill
const pseudonyms = new Map<Pupil, { readonly beneficiary: string; readonly holder: string }>()

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  till = await demo.till('till-2')
  const [cards, entitlements] = [await demo.rows('card'), await demo.rows('entitlement')]
  for (const label of pupils) {
    const holder = String(cards.find((row) => row['card'] === demo.card(label).pseudonym)?.['holder'])
    const own = entitlements.find((row) => row['scheme_id'] === schemeId && row['holder'] === holder)
    pseudonyms.set(label, { beneficiary: String(own?.['beneficiary']), holder })
  }
  expect(await post('/v1/groups', { groupId, name })).toMatchObject({ status: 200, body: { arrival: 'created' } })
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

const post = (path: string, body: object) => demo.role('agency', 'almaly-education').post(path, { schemeId, ...body })
const get = async (path: string) =>
  (await demo.role('agency', 'almaly-education').get(`${path}?schemeId=${schemeId}&groupId=${groupId}`)).body
const inScheme = (...of: readonly Pupil[]) => of.map((label) => pseudonyms.get(label)?.beneficiary ?? '')
const change = (joining: readonly string[], leaving: readonly string[] = []) =>
  post('/v1/group-changes', { groupId, joining, leaving })
const order = (to: object) =>
  post('/v1/lease-policies', {
    ...{ terminalId: 'till-2', sellForMs: 24 * hourMs, presentForMs: 14 * dayMs, periods: 1 },
    ...to,
  })

/** Whose lunch of today the till's newest package holds. */
async function held(): Promise<readonly Pupil[]> {
  const { leases } = await till.fetch()
  const slots = leases.filter((lease) => lease.schemeId === schemeId).flatMap((lease) => lease.slots)
  const day = new Date(demo.clock.now + 5 * hourMs).toISOString().slice(0, 10)
  return pupils.filter((label) =>
    slots.some(({ slot }) => slot.periodId === day && slot.beneficiary === inScheme(label)[0]),
  )
}
const packagesAnnounced = async (): Promise<number> =>
  (await till.call('/v1/terminal/events', { after: 0, limit: 100 })).events.filter(
    ({ event }) => event.kind === 'package_available',
  ).length

describe('a till that is to hold a group’s slots', () => {
  test('holds them, hears of who joins, and has who left in its next lease no more', async () => {
    expect(await change(inScheme('Pupil 25', 'Pupil 26'))).toMatchObject({ status: 200, body: { members: 2 } })
    expect((await order({ groups: [groupId] })).status).toBe(200)
    expect(await held()).toEqual(['Pupil 25', 'Pupil 26'])
    const sold = till.decide({ card: demo.card('Pupil 25') })
    expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })

    const before = await packagesAnnounced()
    expect(await change(inScheme('Pupil 27'), inScheme('Pupil 26'))).toMatchObject({ body: { members: 2 } })
    expect(await packagesAnnounced()).toBe(before + 1)
    // Who left is not served elsewhere off line while the till may have sold to them.
    expect(await held()).toEqual(['Pupil 25', 'Pupil 26', 'Pupil 27'])
    demo.clock.now += dayMs
    expect(await held()).toEqual(['Pupil 25', 'Pupil 27'])
  })

  test('holds beside them who is named, each once', async () => {
    await change(inScheme('Pupil 25'))
    expect((await order({ groups: [groupId], beneficiaries: inScheme('Pupil 28', 'Pupil 25') })).status).toBe(200)
    expect(await held()).toEqual(['Pupil 25', 'Pupil 28'])
  })

  test('holds nobody of an empty group, until somebody is in it', async () => {
    expect((await order({ groups: [groupId] })).status).toBe(200)
    expect(await held()).toEqual([])
    await change(inScheme('Pupil 26'))
    expect(await held()).toEqual(['Pupil 26'])
  })

  test('is not to hold more than a package carries, by its order or by who joins', async () => {
    const named = Array.from({ length: 4_999 }, (_, index) => index.toString(16).padStart(32, '0'))
    await change(inScheme('Pupil 25'))
    expect((await order({ groups: [groupId], beneficiaries: named })).status).toBe(200)
    const refused = { status: 409, body: { code: 'rule_violated', detail: expect.stringContaining('at most 5000') } }
    expect(await change(inScheme('Pupil 26'))).toMatchObject(refused)
    expect(await get('/v1/group-members')).toMatchObject({ members: [{ beneficiary: inScheme('Pupil 25')[0] }] })
    const one = 'f'.repeat(32)
    expect(await order({ groups: [groupId], beneficiaries: [...named, one] })).toMatchObject(refused)
  })
})

test('a lease by hand may be for a group', async () => {
  await change(inScheme('Pupil 25', 'Pupil 26'))
  const periodIds = [new Date(demo.clock.now + 5 * hourMs).toISOString().slice(0, 10)]
  const lease = { grantId: till.id(), terminalId: 'till-2', groups: [groupId], periodIds }
  const until = { sellUntil: demo.clock.now + hourMs, presentUntil: demo.clock.now + dayMs }
  expect(await post('/v1/leases', { ...lease, ...until })).toMatchObject({ status: 200, body: { slots: 2 } })
  const nobody = { ...lease, ...until, grantId: till.id(), groups: undefined }
  expect(await post('/v1/leases', nobody)).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
})

describe('a group', () => {
  test('is one under its id, whatever it is called, and a list says how many are in it', async () => {
    await change(inScheme('Pupil 25', 'Pupil 26', 'Pupil 25'))
    const renamed = { ...name, en: 'Class 4B' }
    expect(await post('/v1/groups', { groupId, name: renamed })).toMatchObject({ body: { arrival: 'exists' } })
    const list = await demo.role('agency', 'almaly-education').get(`/v1/groups?schemeId=${schemeId}`)
    expect(list.body).toEqual({ groups: [{ groupId, name: renamed, members: 2 }] })
    expect(await change(inScheme('Pupil 25'), inScheme('Pupil 28'))).toMatchObject({ body: { members: 2 } })
  })

  test('takes nobody who is not in the scheme, and not half of a list', async () => {
    const stranger = 'e'.repeat(32)
    const refused = { status: 409, body: { code: 'rule_violated', detail: expect.stringContaining(stranger) } }
    expect(await change([...inScheme('Pupil 25'), stranger])).toMatchObject(refused)
    expect(await get('/v1/group-members')).toEqual({ members: [] })
    const both = await change(inScheme('Pupil 25'), inScheme('Pupil 25'))
    expect(both).toMatchObject({ status: 409, body: { detail: expect.stringContaining('joins and leaves at once') } })
  })

  test('loses who is in the scheme no more', async () => {
    await change(inScheme('Pupil 25', 'Pupil 26'))
    const ending = await post('/v1/entitlement-endings', { ...pseudonyms.get('Pupil 26') })
    expect(ending).toMatchObject({ status: 200, body: { holders: 0 } })
    expect(await get('/v1/group-members')).toMatchObject({ members: [{ beneficiary: inScheme('Pupil 25')[0] }] })
  })

  test('is its own agency’s business', async () => {
    const { keyId, jwk } = p256('other-agency')
    await inTransaction(demo.ports, ({ connection }) =>
      connection
        .insertInto('principal')
        .values({ key_id: keyId, jwk: JSON.stringify(jwk), role: 'agency', owner: 'other-agency', status: 'active' })
        .execute(),
    )
    const stranger = new TestSigner(demo.ledger, demo.clock, demo.random, p256('other-agency'))
    const asked = [
      stranger.post('/v1/groups', { schemeId, groupId, name }),
      stranger.post('/v1/group-changes', { schemeId, groupId, joining: [], leaving: [] }),
      stranger.get(`/v1/groups?schemeId=${schemeId}`),
      stranger.get(`/v1/group-members?schemeId=${schemeId}&groupId=${groupId}`),
    ]
    for (const { status } of await Promise.all(asked)) expect(status).toBe(404)
    const elsewhere = await order({ groups: ['class-9z'] })
    expect(elsewhere).toMatchObject({ status: 404, body: { detail: expect.stringContaining('class-9z') } })
  })
})
