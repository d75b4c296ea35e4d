/**
 * Wrong clocks: a till an hour off still syncs by the ledger's signed time; one behind its own journal sells nothing
 * offline.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startClockService, type ClockService } from '../../../tools/demo/clock-service.ts'
import { mondayNoon } from '../../fixtures/demo-world.ts'
import { openTillAtWork, saying, type TillAtWork } from './till-at-work.ts'

const hourMs = 3_600_000
let clock: ClockService
let work: TillAtWork | undefined

beforeEach(() => {
  work = undefined
})
afterEach(async () => {
  await work?.close()
  clock.close()
})

test.each([
  ['ahead', hourMs],
  ['behind', -hourMs],
])('an hour %s: enrols, sells, settles, and shows the ledger’s time', async (_which, wrongByMs) => {
  clock = await startClockService(mondayNoon + wrongByMs)
  work = await openTillAtWork({ tillClockUrl: clock.url })
  const { time, lights } = await work.networkIsReached()
  // A snapshot may have stood a while; an hour it has not.
  expect(Math.abs(time.now - work.clock.now())).toBeLessThan(hourMs / 2)
  expect(time.trusted).toBe(true)
  expect(lights.till.level).toBe('ok')
  expect(saying(await work.sell('Pupil 01'))).toBe('approved settled')
  await work.clears()
  await work.panel.network({ mode: 'cut' })
  expect(saying(await work.sell('Pupil 02'))).toBe('approved pending')
  await work.clears()
  await work.panel.network({ mode: 'up' })
  await work.sees('settled', ({ recent, queue }) => recent[0]?.tenders[0]?.state === 'settled' && queue.waiting === 0)
  expect(await work.judge()).toMatchObject({ passed: true, lost: [], duplicates: [], balanced: true, settled: 2 })
})

test('behind the journal at start: said, nothing sold offline, right again with the ledger’s word', async () => {
  clock = await startClockService(mondayNoon)
  work = await openTillAtWork({ tillClockUrl: clock.url })
  expect(saying(await work.sell('Pupil 01'))).toBe('approved settled')
  await work.clears()
  await work.panel.network({ mode: 'cut' })
  await work.sees('it has noticed', ({ lights }) => lights.network.code === 'network_down')
  // Stopped first: this core must not journal a row under the new, wrong time.
  process.kill(work.corePid(), 'SIGSTOP')
  clock.advance(-48 * hourMs)
  await work.killsCore()
  const { lights, time, actions } = await work.sees(
    'distrust',
    (shown) => shown.lights.till.code === 'clock_not_trusted',
  )
  expect(lights.till.level).toBe('limited')
  expect(time.trusted).toBe(false)
  // This till has no cashiers: nobody's word is asked for, and none is taken.
  expect([time.toConfirm, actions.includes('confirm_time')]).toEqual([null, false])
  // Never earlier than what the journal has.
  expect(time.now).toBeGreaterThanOrEqual(mondayNoon)
  expect(saying(await work.sell('Pupil 02'))).toBe('refused CLOCK_NOT_TRUSTED')
  await work.clears()
  await work.panel.network({ mode: 'up' })
  await work.networkIsReached()
  await work.sees('trust', (shown) => shown.time.trusted && shown.lights.till.level === 'ok')
  expect(saying(await work.sell('Pupil 02'))).toBe('approved settled')
})
