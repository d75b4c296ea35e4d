/** Whose till is asked for a slot, when, and that what a till gave up does not come back to it by another lease. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { demoLedger, dayMs, hourMs, type DemoLedger, type TestTill } from './demo-ledger.ts'

let demo: DemoLedger
let till: TestTill
let other: TestTill

beforeEach(async () => {
  demo = await demoLedger()
  till = await demo.till('till-1')
  await till.fetch()
  other = await demo.till('till-2')
  await other.fetch()
})
afterEach(() => demo.close())

const card = () => demo.card('Pupil 01')
function leased() {
  const found = till.leased(card())
  if (found === undefined) throw new Error('not leased')
  return found
}
const atOther = (slot = leased().slot) => other.authorise(other.decide({ card: card(), slot }, 'online'))
async function requests(of: TestTill) {
  const { events } = await of.call('/v1/terminal/events', { after: 0, limit: 100 })
  return events.flatMap(({ event }) => (event.kind === 'surrender_wanted' ? [event] : []))
}

test('the till that holds the slot is asked, by a card that was proved at another one', async () => {
  const { lease, slot } = leased()
  expect(await atOther(slot)).toMatchObject({ state: 'refused', refusal: 'LEASED_ELSEWHERE' })
  const { leaseId } = lease
  expect(await requests(till)).toEqual([{ kind: 'surrender_wanted', leaseId, slotId: slot.slotId }])
  expect(await requests(other)).toEqual([])
  expect(await till.batch(till.surrender(leaseId, slot.slotId))).toMatchObject([{ state: 'done' }])
  expect(await atOther(slot)).toMatchObject({ state: 'settled', paidBy: 'agency' })
})

test('what was given up comes back by no renewal and by no grant, and may be leased to the other till', async () => {
  const { lease, slot } = leased()
  await till.batch(till.surrender(lease.leaseId, slot.slotId))
  const leases = async () => (await demo.rows('lease')).length
  const before = await leases()
  for (let fetched = 0; fetched < 3; fetched += 1) await till.fetch()
  expect(await leases()).toBe(before)
  expect(till.leased(card())?.slot.slotId).not.toBe(slot.slotId)
  const grant = (terminalId: string) =>
    demo.role('agency', 'almaly-education').post('/v1/leases', {
      grantId: till.id(),
      terminalId,
      schemeId: 'school-lunch',
      beneficiaries: [slot.beneficiary],
      periodIds: [slot.periodId],
      sellUntil: demo.clock.now + 3 * hourMs,
      presentUntil: demo.clock.now + 2 * dayMs,
    })
  expect(await grant('till-1')).toMatchObject({ status: 409, body: { detail: 'nothing to lease: surrendered' } })
  expect(await grant('till-2')).toMatchObject({ status: 200, body: { slots: 1 } })
})

test('a slot that moved to the till’s next lease meanwhile is given up all the same', async () => {
  // A month's slot: it moves to the next lease twice a day.
  const family = demo.card('Family 01')
  const found = till.leased(family)
  if (found === undefined) throw new Error('not leased')
  const { lease, slot } = found
  const atOtherTill = () => other.authorise(other.decide({ card: family, slot }, 'online'))
  expect(await atOtherTill()).toMatchObject({ refusal: 'LEASED_ELSEWHERE' })
  demo.clock.now += 13 * hourMs
  await till.fetch()
  expect(await holding(slot.slotId)).not.toBe(lease.leaseId)
  expect(await till.batch(till.surrender(lease.leaseId, slot.slotId))).toMatchObject([{ state: 'done' }])
  expect(await holding(slot.slotId)).toBeNull()
  expect(await atOtherTill()).toMatchObject({ state: 'settled', paidBy: 'agency' })
})

const holding = async (slotId: string) =>
  (await demo.rows('slot')).find((row) => row['slot_id'] === slotId)?.['lease_id']
