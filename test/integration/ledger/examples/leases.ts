/** Examples of what an agency does with tills: bringing them in, leasing slots to them, closing leases. */
import { inTransaction } from '../../../../ledger-sim/context.ts'
import { publishScheme } from '../../../../ledger-sim/schemes/schemes.ts'
import { dayMs, hourMs } from '../demo-ledger.ts'
import { dailyFood } from '../period-world.ts'
import type { Story } from './stage.ts'

export const story: Story = async (stage) => {
  const { demo } = stage
  const agency = stage.as('agency')
  const terminals = '/v1/terminals'
  const kiosk = { terminalId: 'till-3', merchantId: 'school-7-canteen' }
  await agency.post('A terminal of a merchant', terminals, kiosk)
  await agency.post('It is another merchant’s', terminals, { ...kiosk, merchantId: 'kokbazar-shop' }, 409)
  await agency.post('There is no such merchant', terminals, { ...kiosk, merchantId: 'nobody' }, 404)

  const codes = '/v1/terminal-enrolment-codes'
  await agency.post('A code for the terminal', codes, { terminalId: 'till-3' })
  await agency.post('There is no such terminal', codes, { terminalId: 'till-9' }, 404)

  await demo.till('till-2')
  const entitlements = await demo.rows('entitlement')
  const pupil = entitlements.find((row) => row['scheme_id'] === 'school-lunch')?.['beneficiary']
  const leases = '/v1/leases'
  const grant = {
    grantId: stage.id(),
    terminalId: 'till-2',
    schemeId: 'school-lunch',
    beneficiaries: [pupil],
    periodIds: ['2026-11-25', '2026-11-26'],
    sellUntil: demo.clock.now + dayMs,
    presentUntil: demo.clock.now + 2 * dayMs,
  }
  await agency.post('Two lunches of one pupil, to one till', leases, grant)
  await agency.post('The id means another lease', leases, { ...grant, periodIds: ['2026-11-25'] }, 409)
  await agency.post('There is no such scheme', leases, { ...grant, grantId: stage.id(), schemeId: 'none' }, 404)
  const notEnrolled = { ...grant, grantId: stage.id(), terminalId: 'till-1' }
  await agency.post('The terminal is not enrolled yet', leases, notEnrolled, 409)

  const policies = '/v1/lease-policies'
  const policy = {
    terminalId: 'till-2',
    schemeId: 'school-lunch',
    beneficiaries: [pupil],
    sellForMs: 24 * hourMs,
    presentForMs: 14 * dayMs,
    periods: 1,
  }
  await agency.post('What a till is to hold from now on', policies, policy)
  await agency.post('There is no such terminal', policies, { ...policy, terminalId: 'till-9' }, 404)

  const groups = '/v1/groups'
  const form = {
    schemeId: 'school-lunch',
    groupId: 'class-3b',
    name: { kk: '3Б сыныбы', ru: '3Б класс', en: 'Class 3B' },
  }
  await agency.post('A group of a scheme’s beneficiaries', groups, form)
  await agency.post('There is no such scheme', groups, { ...form, schemeId: 'none' }, 404)
  const changes = '/v1/group-changes'
  const change = { schemeId: 'school-lunch', groupId: 'class-3b', joining: [pupil], leaving: [] }
  await agency.post('A pupil joins', changes, change)
  await agency.post('Nobody in the scheme has that pseudonym', changes, { ...change, joining: ['f'.repeat(32)] }, 409)
  await agency.post('There is no such group', changes, { ...change, groupId: 'class-9z' }, 404)
  await agency.get('The groups of a scheme', groups, { schemeId: 'school-lunch' })
  await agency.get('There is no such scheme', groups, { schemeId: 'none' }, 404)
  const inGroup = { schemeId: 'school-lunch', groupId: 'class-3b' }
  await agency.get('Who is in a group', '/v1/group-members', inGroup)
  await agency.get('There is no such group', '/v1/group-members', { ...inGroup, groupId: 'class-9z' }, 404)
  const { beneficiaries: _, ...unaddressed } = policy
  await agency.post('Whoever is in a group', policies, { ...unaddressed, groups: ['class-3b'] })
  await agency.post('It names nobody', policies, unaddressed, 409)
  const pooled = { ...dailyFood, offline: { ...dailyFood.offline, policy: 'lease-pool' as const } }
  await inTransaction(demo.ports, (work) => publishScheme(work, pooled))
  const pool = { ...unaddressed, schemeId: pooled.schemeId, everybody: true, pool: { sum: '5000000' } }
  await agency.post('A sum that a till may sell without network, to everybody of the scheme', policies, pool)
  await agency.post('The scheme sells from no pool', policies, { ...policy, pool: { sum: '5000000' } }, 409)

  demo.clock.now += 3 * dayMs
  await agency.post('Leases past their time are closed', '/v1/lease-closings', {})

  const revocations = '/v1/terminal-revocations'
  const lost = { terminalId: 'till-2', reason: 'lost' }
  await agency.post('A terminal is lost', revocations, lost)
  await agency.post('It was ended for another reason', revocations, { ...lost, reason: 'stolen' }, 409)
  await agency.post('There is no such terminal', revocations, { ...lost, terminalId: 'till-9' }, 404)
  await agency.post('An ended terminal gets no code', codes, { terminalId: 'till-2' }, 409)
  await agency.disowned(leases, grant, 'grantId')
}
