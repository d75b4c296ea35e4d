/** Each way in which `npm start` cannot start: a sentence with the remedy, exit code 2, no trace, nothing runs on. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TillClient } from '../../../tools/demo/till-client.ts'
import { newPlace, program, start, type Ended, type Place } from './start-command.ts'

const asRoot = process.getuid?.() === 0
/** A folder that a start has filled and left; each test damages a copy. */
let filled: Place
let place: Place

beforeAll(async () => {
  filled = newPlace()
  const { child, ready, ended } = start(filled)
  const till = await TillClient.connect((await ready).tillUrl)
  await till.does({ command: 'set_language', language: 'en' })
  till.close()
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 0 })
})
afterAll(() => filled.remove())
beforeEach(({ onTestFinished }) => {
  place = newPlace()
  const used = place
  onTestFinished(() => used.remove())
})

/** Ends without having been ready, says a remedy, and nothing of how it is made. */
async function expectRefused(more: readonly string[] = [], command?: Parameters<typeof start>[2]): Promise<string> {
  const { code, stdout, stderr }: Ended = await start(place, more, command).ended
  const said = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('tolem: starting '))
  expect({ code, stdout, lines: said.length }, stderr).toEqual({ code: 2, stdout: '', lines: 1 })
  expect(stderr).not.toMatch(/^\s+at |Error:|node:/m)
  expect(place.left()).toEqual([])
  return said[0] ?? ''
}

function fillFolder(damage: { readonly [file: string]: string | null }): void {
  for (const folder of ['till', 'ledger', 'ledger/issuing', 'hardware', 'hardware/cards']) {
    mkdirSync(join(place.data, folder), { recursive: true })
  }
  const kept = ['till/journal.sqlite', 'till/enrolment.json', 'till/terminal-keys.json', 'ledger/ledger.db']
  const keptOfLedger = [
    'issuer-keys.json',
    'issuing/cards.json',
    'issuing/role-keys.json',
    'issuing/enrolment.json',
  ].map((name) => `ledger/${name}`)
  for (const file of [...kept, ...keptOfLedger]) copyFileSync(join(filled.data, file), join(place.data, file))
  for (const [file, content] of Object.entries(damage)) {
    if (content === null) rmSync(join(place.data, file))
    else writeFileSync(join(place.data, file), content)
  }
}

describe('a data folder', () => {
  test('that lies on a read-only disk, or may not be written', async () => {
    mkdirSync(place.data, { mode: 0o500 })
    // Root may write anywhere but on a disk that is mounted read-only: one of its own, seen by this start alone.
    const script = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"'
    const onReadOnlyDisk = ['unshare', '-m', 'sh', '-c', script, place.data, process.execPath, program] as const
    const sentence = await expectRefused([], asRoot ? [...onReadOnlyDisk] : undefined)
    expect(sentence).toMatch(
      /data folder .* cannot be written .* Give this user the right to write there, or start with another --data/,
    )
    expect(sentence).toContain(place.data)
  })

  test('that is a file', async () => {
    writeFileSync(place.data, 'not a folder')
    expect(await expectRefused()).toMatch(
      /cannot be written \(E\w+\)\. Give this user the right .*another --data folder/,
    )
    expect(readFileSync(place.data, 'utf8')).toBe('not a folder')
  })

  test('with a journal that is no database: it is kept as it is', async () => {
    fillFolder({ 'till/journal.sqlite': 'this is no database, but somebody’s unsynced sales may be in it' })
    expect(await expectRefused()).toMatch(
      /journal .*is damaged .*Keep the folder as it is, do not delete it.*another --data folder/,
    )
    expect(readFileSync(join(place.data, 'till/journal.sqlite'), 'utf8')).toContain('unsynced sales')
  })

  test('with a journal in which one byte has changed', async () => {
    fillFolder({})
    const file = join(place.data, 'till/journal.sqlite')
    // In the newest row: a start proves those that the ledger has not countersigned, and an older one when it is read.
    const database = new Database(file, { readonly: true })
    const newest = database.prepare('SELECT json FROM payload ORDER BY sequence DESC LIMIT 1').pluck().get()
    database.close()
    const bytes = readFileSync(file)
    const at = bytes.indexOf(String(newest))
    expect(at).toBeGreaterThan(0)
    bytes.writeUInt8(bytes.readUInt8(at + 2) ^ 1, at + 2)
    writeFileSync(file, bytes)
    expect(await expectRefused()).toMatch(/journal is damaged at row \d+\. Keep the folder.*hand this one to support/)
  })

  test('with a ledger database that is none', async () => {
    fillFolder({ 'ledger/ledger.db': 'no database' })
    expect(await expectRefused()).toMatch(
      /database .*ledger\.db is damaged .*Restore it from a backup, or start with another --data/,
    )
  })

  test.each(['till/enrolment.json', 'till/terminal-keys.json'])('with a damaged %s', async (file) => {
    fillFolder({ [file]: '{"signing":' })
    const sentence = await expectRefused()
    expect(sentence).toContain(join(place.data, file))
    expect(sentence).toMatch(/Restore it from a backup\. Keep the folder as it is/)
  })

  test('with a journal whose keys are gone: none are made in their place', async () => {
    fillFolder({ 'till/terminal-keys.json': null })
    expect(await expectRefused()).toMatch(/who this terminal is, is missing or damaged\. Restore it/)
  })

  test('with cards of the virtual hardware that cannot be read', async () => {
    fillFolder({ 'ledger/issuing/cards.json': '[' })
    const { code, stderr } = await start(place).ended
    expect(code).toBe(2)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})

test('a port that is taken', async ({ onTestFinished }) => {
  const other = createServer()
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
  onTestFinished(() => void other.close())
  const { port } = other.address() as AddressInfo
  const sentence = await expectRefused(['--port', String(port)])
  expect(sentence).toBe(
    `tolem: Port ${port} of this machine is taken by another program. Stop that program, or choose another port.`,
  )
})

test('parameters that nobody understands', async () => {
  expect(await expectRefused(['--pört', '1'])).toMatch(/Unknown option '--pört'.* Use: npm start -- /)
  expect(await expectRefused(['--port', '99999'])).toMatch(/--port 99999 is no port\. Give a number from 0/)
  expect(await expectRefused(['--reader', 'usb'])).toMatch(/--reader usb is no choice\. Give virtual .* or pcsc /)
})
