/** `npm start -- --headless`: gets ready, stops without a trace, goes on where it stopped. Real processes, sockets. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PanelClient } from '../../../tools/demo/panel-client.ts'
import { TillClient } from '../../../tools/demo/till-client.ts'
import { processesWith, processWith } from '../../fixtures/processes-of.ts'
import { newPlace, root, start, type Place, type Started } from './start-command.ts'

const patient = { timeout: 50_000, interval: 100 }
let place: Place
let started: Started[]

beforeEach(() => {
  place = newPlace()
  started = []
})
afterEach(async () => {
  for (const { child } of started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  await Promise.all(started.map(({ ended }) => ended))
  await expect.poll(place.left, patient).toEqual([])
  place.remove()
})

const run = (...parameters: Parameters<typeof start> extends [Place, ...infer Rest] ? Rest : never): Started => {
  const one = start(place, ...parameters)
  started.push(one)
  return one
}

/** As `ended unexpectedly` is said of the part; whatever else ran is gone. */
async function expectStoppedBy(killed: string, named: string, { ended }: Started): Promise<void> {
  process.kill(processWith(place.folder, killed).pid, 'SIGKILL')
  const { code, stderr } = await ended
  expect(code).toBe(1)
  expect(stderr).toContain(`tolem: ${named} ended unexpectedly. `)
  expect(stderr).toContain('start again to go on')
  await expect.poll(place.left, patient).toEqual([])
}

describe('npm start -- --headless', () => {
  test('prints one line of addresses that answer, and SIGTERM to npm ends everything', async () => {
    const { child, ready, ended } = run([], ['npm', 'start', '--silent', '--'])
    const line = await ready
    expect(Object.keys(line)).toEqual(['event', 'tillUrl', 'ledgerUrl', 'panelUrl'])
    const till = await TillClient.connect(line.tillUrl)
    await till.sees('the catalogue', ({ catalogue, lights }) => catalogue.length > 0 && lights.network.level === 'ok')
    till.close()
    expect(await (await fetch(`${line.ledgerUrl}/openapi.json`)).json()).toMatchObject({ openapi: '3.1.0' })
    expect((await fetch(line.panelUrl)).status).toBe(200)
    child.kill('SIGTERM')
    const { stdout, stderr } = await ended
    expect(stdout.trim().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(/^tolem: starting .*\n$/)
    // npm is gone with its own code; what it started takes the moment that a clean stop takes.
    await expect.poll(place.left, patient).toEqual([])
    expect(existsSync(join(place.data, 'till', 'journal.sqlite-wal'))).toBe(false)
  })

  test('a signal before it is ready gives the start up', async () => {
    const { child, ended } = run()
    await expect.poll(() => processesWith(place.folder, 'ledger-sim').length, patient).toBe(1)
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 0, stdout: '' })
    expect(place.left()).toEqual([])
  })

  test('killed with SIGKILL, it takes its parts with it, and the next goes on, until its ledger dies', async () => {
    const first = run()
    await first.ready
    const ownerFile = join(place.data, 'owner.json')
    const owner = JSON.parse(readFileSync(ownerFile, 'utf8')) as Record<string, unknown>
    expect(owner).toMatchObject({ name: 'npm start', pid: first.child.pid })
    first.child.kill('SIGKILL')
    await first.ended
    await expect.poll(place.left, patient).toEqual([])
    // A left-over name alone, as after a power cut, keeps nobody out: also where its number is another program's now.
    writeFileSync(ownerFile, JSON.stringify({ ...owner, pid: 1 }))
    const second = run()
    await second.ready
    await expectStoppedBy('ledger-sim/main.ts', 'ledger', second)
  })

  test('the virtual hardware dies: the start says so, and stops the rest', async () => {
    const one = run()
    await one.ready
    await expectStoppedBy('hardware-mocks/main.ts', 'virtual hardware', one)
  })
})

test('a second start at the same time is refused, a later one goes on where the first stopped', async () => {
  const first = run()
  const addresses = await first.ready
  const tooEarly = run()
  const { code, stdout, stderr } = await tooEarly.ended
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain(place.data)
  expect(stderr).toContain(`"pid":${first.child.pid}`)
  expect(stderr).toMatch(/Close that one, or start with another --data folder\.\n$/)

  // The first goes on: a sale without the network is pending.
  const panel = new PanelClient(addresses.panelUrl)
  const till = await TillClient.connect(addresses.tillUrl)
  await till.sees(
    'the ledger is reached',
    ({ catalogue, lights }) => catalogue.length > 0 && lights.network.level === 'ok',
  )
  await panel.network({ mode: 'cut' })
  await till.does({ command: 'add_item', itemId: 'bread' })
  await till.does({ command: 'pay_by_card' })
  await panel.lay('Family 01')
  const { recent } = await till.sees(
    'accepted, pending',
    ({ tap, recent: sales }) => tap.state === 'approved' && tap.look === 'pending' && sales.length === 1,
  )
  const saleId = recent[0]?.saleId
  expect(recent[0]?.tenders).toMatchObject([{ state: 'pending', amount: 18_000n }])
  till.close()
  first.child.kill('SIGTERM')
  expect(await first.ended).toMatchObject({ code: 0 })
  const enrolment = readFileSync(join(place.data, 'till', 'enrolment.json'), 'utf8')

  // Same terminal, and the sale settles.
  const second = run()
  const again = await TillClient.connect((await second.ready).tillUrl)
  const shown = await again.sees(
    'settled',
    (now) => now.recent[0]?.tenders[0]?.state === 'settled' && now.queue.waiting === 0,
    60_000,
  )
  expect(shown.recent.map((sale) => sale.saleId)).toEqual([saleId])
  expect(readFileSync(join(place.data, 'till', 'enrolment.json'), 'utf8')).toBe(enrolment)
  again.close()
  await expectStoppedBy('shell-browser/main.ts', 'till', second)
}, 180_000)

test('with neither --headless nor a display it prints the address; Ctrl-C twice, to all, ends it with 0', async () => {
  const throughBootstrap = [process.execPath, join(root, 'tools', 'bootstrap.mjs'), 'start'] as const
  const { child, ended } = run([], ['env', '-u', 'DISPLAY', '-u', 'WAYLAND_DISPLAY', ...throughBootstrap], [])
  let said = ''
  child.stderr?.on('data', (text: string) => (said += text))
  await expect.poll(() => said, patient).toMatch(/the till: +http:\/\/127\.0\.0\.1:\d+\/#t=.*[^]*Ctrl\+C stops/)
  // No Electron is tried, and no kiosk.
  expect(said).not.toMatch(/Electron/)
  expect(place.left().length).toBeGreaterThanOrEqual(6)
  process.kill(-(child.pid as number), 'SIGINT')
  process.kill(-(child.pid as number), 'SIGINT')
  expect(await ended).toMatchObject({ code: 0, stdout: '' })
  expect(place.left()).toEqual([])
  expect(existsSync(join(place.data, 'till', 'journal.sqlite-wal'))).toBe(false)
})
