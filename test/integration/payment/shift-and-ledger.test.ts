/**
 * A shift is closed without network: the Z-report prints what the till knows. After the sync every difference between
 * it and the ledger is named by its row, and with them the sums agree. The real processes of `npm start`; what the
 * ledger has settled is read by the independent checker (test/checker), which never reads the till.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addTiyn, zeroTiyn } from '../../../src/voucher/money.ts'
import { TillClient } from '../../../tools/demo/till-client.ts'
import { openDemoWorld, type DemoWorld } from '../../fixtures/demo-world.ts'

const patienceMs = 60_000
const pupils = ['Pupil 01', 'Pupil 02', 'Pupil 03']
let demo: DemoWorld
let till: TillClient

beforeAll(async () => {
  demo = await openDemoWorld()
  till = await TillClient.connect(demo.world.tillUrl)
}, 120_000)
afterAll(async () => {
  till?.close()
  await demo?.close()
})

async function sells(pupil: string): Promise<void> {
  await till.does({ command: 'add_item', itemId: 'school-lunch' })
  await till.does({ command: 'pay_by_card' })
  await demo.panel.lay(pupil)
  await till.sees(`${pupil} is accepted`, ({ tap }) => tap.state === 'approved', patienceMs)
  await demo.panel.pull()
  await till.sees('the sale is paid', ({ sale }) => sale === null || sale.leftToPay === 0n, patienceMs)
  await till.does({ command: 'next_customer' })
}

test('closed offline, printed, synced: Z and its differences are what the ledger has', async () => {
  await till.sees('the ledger is reached', ({ lights }) => lights.network.level === 'ok', patienceMs)
  await till.sees('goods', ({ catalogue }) => catalogue.length > 0, patienceMs)
  await till.opensShift()
  await demo.panel.network({ mode: 'cut' })
  for (const pupil of pupils) await sells(pupil)
  const { recent } = await till.sees('three sales', (shown) => shown.recent.length === pupils.length, patienceMs)
  const voided = recent[0]!
  await till.does({ command: 'void_sale', saleId: voided.saleId })
  await till.does({ command: 'close_shift', counted: zeroTiyn })
  const { shift: atClose } = await till.sees(
    'the Z-report',
    ({ shift }) => (shift.report?.closedAt ?? null) !== null,
    patienceMs,
  )
  const z = atClose.report!.figures
  expect(z).toMatchObject({ sales: { count: 2 }, voids: { count: 1 }, reversing: { count: 1 }, uncovered: 0n })
  expect(z.tenders).toMatchObject([{ state: 'pending', count: 2, amount: z.sales.amount }])
  await expect
    .poll(() => demo.slips().some((slip) => /Z-(REPORT|ЕСЕП|ОТЧЁТ)/.test(slip)), { timeout: patienceMs })
    .toBe(true)

  await demo.panel.network({ mode: 'up' })
  await till.does({ command: 'sync_now' })
  const { shift: synced } = await till.sees(
    'all is sent',
    ({ queue }) => queue.waiting + queue.parked === 0,
    patienceMs,
  )
  const { figures, differences } = synced.report!
  expect(figures).toEqual(z)
  const settled = differences.filter((one) => one.is === 'settled')
  expect(differences.map(({ is }) => is).toSorted()).toEqual(['reversed', 'settled', 'settled'])
  expect(addTiyn(...settled.map(({ amount }) => amount))).toBe(z.sales.amount)
  expect(differences.find(({ is }) => is === 'reversed')).toMatchObject({ was: 'reversing', saleId: voided.saleId })
  expect(new Set(differences.map(({ row }) => row)).size).toBe(differences.length)
  // Nobody sells before the next shift is opened, and no card is asked for.
  expect(await till.asks({ command: 'pay_by_card' })).toEqual({ ok: false, fault: 'no_shift' })

  const verdict = await demo.judge()
  expect(verdict).toMatchObject({ passed: true, lost: [], duplicates: [], balanced: true, settled: settled.length })
}, 240_000)
