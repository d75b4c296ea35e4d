/**
 * A till whose ledger is started again and hears nothing that was signed before (docs/adr/0044). Method: a real core
 * and journal, the real ledger on the disk; somebody with the till's key and a clock that is ahead makes that moment
 * one that the till reaches two minutes later. For so long each of its requests is refused at the door.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { signRequest } from '../../../src/sync/protocol/http-signature.ts'
import type { TillStation } from '../../simulation/till-station.ts'
import { CanteenTills } from './canteen-tills.ts'

let canteen: CanteenTills
beforeEach(async () => void (canteen = await CanteenTills.open('ledger started again')))
afterEach(() => canteen.close())

const aheadSeconds = 120
const byLease = { state: 'settled', paid_by: 'escrow', loss: null }

async function restartBehind(till: TillStation): Promise<void> {
  const { key, ledger } = canteen.holderOf(till.keys.signing)
  const created = Math.floor(canteen.time.now / 1_000) + aheadSeconds
  const moment = { created, expires: created + 60, nonce: 'of-a-clock-that-is-ahead' }
  const ahead = signRequest({ method: 'GET', url: 'http://127.0.0.1:1/v1/nothing', body: '' }, key, moment)
  expect((await ledger.handle(ahead)).status).toBe(404)
  canteen.restartLedger()
}

/** What of the till was refused for its moment, as the ledger keeps it. */
async function refusedPaths(): Promise<readonly string[]> {
  const { body } = await canteen.role('auditor').get('/v1/refusals?after=0&limit=500')
  const refusals = body['refusals'] as readonly { readonly code: string; readonly path: string }[]
  return refusals.filter(({ code }) => code === 'dated_before_restart').map(({ path }) => path)
}

test('a tap with network falls back to the till’s lease, as when no answer comes, and is paid once', async () => {
  const till = await canteen.enrolled('till', canteen.firstCode)
  expect(await canteen.sellsLunch(till, 'Pupil 01')).toBe('approved')
  await restartBehind(till)
  expect(till.core?.journal.queue()).toMatchObject({ waiting: 0 })
  expect(await canteen.sellsLunch(till, 'Pupil 02')).toBe('approved')
  expect(await refusedPaths()).toContain('/v1/terminal/authorisations')
  expect(till.core?.journal.queue()).toMatchObject({ waiting: 1, parked: 0 })

  await canteen.pass(300)
  expect(till.core?.journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
  expect(await canteen.tenders()).toHaveLength(2)
  expect((await canteen.tenders())[1]).toEqual(byLease)
  expect(await canteen.sellsLunch(till, 'Pupil 03')).toBe('approved')
  expect(await canteen.audited()).toEqual([])
})

test('a queue of sales is sent again until it is heard: nothing is parked, and nothing is final', async () => {
  const till = await canteen.enrolled('till', canteen.firstCode)
  canteen.networkIsUp = false
  for (const pupil of ['Pupil 01', 'Pupil 02', 'Pupil 03']) await canteen.sellsLunch(till, pupil)
  await canteen.pass(60)
  await restartBehind(till)
  canteen.networkIsUp = true
  await canteen.pass(60)
  expect(await refusedPaths()).toContain('/v1/terminal/batches')
  expect(till.core?.journal.queue()).toMatchObject({ waiting: 3, parked: 0 })
  expect(till.snapshot?.recent.flatMap(({ tenders }) => tenders.map(({ state }) => state))).toEqual(
    Array.from({ length: 3 }, () => 'pending'),
  )

  await canteen.pass(300)
  expect(till.core?.journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
  expect(await canteen.tenders()).toEqual([byLease, byLease, byLease])
  expect(await canteen.audited()).toEqual([])
})
