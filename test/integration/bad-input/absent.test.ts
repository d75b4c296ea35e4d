/**
 * A till that starts while its ledger or its printer is away: it opens, says so, sells what it may, and loses nothing.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTillAtWork, saying, type TillAtWork } from './till-at-work.ts'

let work: TillAtWork

beforeAll(async () => {
  work = await openTillAtWork()
})
afterAll(() => work?.close())

test('no ledger at start: the till opens, refuses an unleased card, sells to a leased one, settles later', async () => {
  await work.panel.network({ mode: 'cut' })
  const { lights } = await work.killsCore()
  expect(lights.network.level).toBe('limited')
  await work.sees('it has noticed', (shown) => shown.lights.network.code === 'network_down')
  expect(saying(await work.sell('Pupil 21'))).toBe('refused CARD_NOT_IN_LEASE')
  await work.clears()
  expect(saying(await work.sell('Pupil 01'))).toBe('approved pending')
  await work.clears()
  await work.panel.network({ mode: 'up' })
  await work.sees('settled', ({ recent, queue }) => recent[0]?.tenders[0]?.state === 'settled' && queue.waiting === 0)
  await work.networkIsReached()
  expect(saying(await work.sell('Pupil 21'))).toBe('approved settled')
  await work.clears()
})

test('no printer at start: sales go on, receipts wait, and print when it comes', async () => {
  await work.sees('every receipt so far is printed', ({ recent }) =>
    recent.every(({ receipt }) => receipt === 'printed'),
  )
  const before = work.slips().length
  await work.printerPower('off')
  await work.killsCore()
  const { lights } = await work.sees('it has noticed', (shown) => shown.lights.printer.code === 'printer_unreachable')
  expect(lights.printer.level).toBe('limited')
  await work.networkIsReached()
  expect(saying(await work.sell('Pupil 02'))).toBe('approved settled')
  await work.clears()
  expect(work.till.snapshot.recent[0]?.receipt).toBe('waiting')
  expect(work.slips()).toHaveLength(before)
  await work.printerPower('on')
  await work.sees(
    'it prints',
    ({ recent, lights: shown }) => recent[0]?.receipt === 'printed' && shown.printer.level === 'ok',
  )
  expect(work.slips()).toHaveLength(before + 1)
})

test('no reader: the till says so, and takes cash', async () => {
  await work.readerPlugged(false)
  const { lights } = await work.sees('it has noticed', (shown) => shown.lights.reader.level === 'off')
  expect(lights.reader.code).toBe('reader_none')
  await work.till.does({ command: 'add_item', itemId: 'bread' })
  await work.till.does({ command: 'pay_cash' })
  await work.sees('paid', ({ recent }) => recent[0]?.tenders[0]?.kind === 'cash')
  await work.readerPlugged(true)
  await work.sees('it is back', (shown) => shown.lights.reader.level === 'ok')
})

test('no scanner and no display: the till says so, sells all the same, and uses both when they are back', async () => {
  await work.sees('they are there', ({ lights }) => lights.hid?.level === 'ok')
  await work.scans('4870000000067')
  await expect.poll(() => work.till.heard).toMatchObject([{ kind: 'code', code: '4870000000067' }])
  await work.hidPlugged('scanner', false)
  await work.hidPlugged('display', false)
  const { lights } = await work.sees('it has noticed', (shown) => shown.lights.hid?.level === 'limited')
  expect(lights.hid?.code).toBe('hid_unplugged')
  await work.till.does({ command: 'set_language', language: 'en' })
  await work.till.does({ command: 'add_item', itemId: 'bread' })
  await work.hidPlugged('display', true)
  await expect.poll(() => work.customerReads()).toEqual(['Bread         180,00', 'Total         180,00'])
  await work.till.does({ command: 'pay_cash' })
  await expect.poll(async () => (await work.customerReads())[0].trimEnd()).toBe('Thank you!')
  await work.clears()
  await work.hidPlugged('scanner', true)
  await work.sees('both are back', (shown) => shown.lights.hid?.level === 'ok')
})

test('devices that kill their program again and again are left out, and the till sells on', async () => {
  for (let count = 0; count < 3; count += 1) {
    await work.sees('devices that work', (shown) => shown.lights.hid?.level === 'ok')
    process.kill(work.deviceHostPid(), 'SIGKILL')
    await work.sees('that they are gone', (shown) => shown.lights.hid?.code === 'device_host_restarting')
  }
  const { lights } = await work.sees('they are left out', (shown) => shown.lights.hid?.code === 'hid_left_out')
  expect(lights.hid).toMatchObject({ level: 'limited', detail: '3 ends in a row' })
  await work.sees('the reader works', (shown) => shown.lights.reader.level === 'ok')
  expect(saying(await work.sell('Pupil 03'))).toBe('approved settled')
  await work.clears()
})

test('nothing is lost or doubled, by the independent checker', async () => {
  await work.sees('every receipt is printed', ({ recent }) => recent.every(({ receipt }) => receipt === 'printed'))
  expect(await work.judge()).toMatchObject({ passed: true, lost: [], duplicates: [], balanced: true, settled: 4 })
})
