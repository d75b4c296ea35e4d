/** The ledger as a process: ready line, clean stop, the audit command, and each way in which it cannot start. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { temporaryFolder } from './demo-ledger.ts'

const program = join(import.meta.dirname, '../../../ledger-sim/main.ts')
let folder: ReturnType<typeof temporaryFolder>
const running: { stop(): Promise<number> }[] = []

beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
  folder.remove()
})

async function start(...parameters: readonly string[]): Promise<{ url: string; stop(): Promise<number> }> {
  const child = spawn(process.execPath, [program, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number>((done) => child.once('exit', (code) => done(code ?? -1)))
  let said = ''
  child.stderr.on('data', (text) => (said += String(text)))
  const line = await new Promise<string>((done, fail) => {
    createInterface({ input: child.stdout }).once('line', done)
    void ended.then((code) => fail(new Error(`ended with ${code}: ${said}`)))
  })
  const stop = () => {
    child.kill('SIGTERM')
    return ended
  }
  running.push({ stop })
  const ready = JSON.parse(line) as { event: string; ledgerUrl: string }
  expect(ready.event).toBe('ready')
  return { url: ready.ledgerUrl, stop }
}

async function refused(...parameters: readonly string[]): Promise<{ status: number; stderr: string }> {
  const child = spawn(process.execPath, [program, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  let stderr = ''
  let stdout = ''
  child.stderr.on('data', (text) => (stderr += String(text)))
  child.stdout.on('data', (text) => (stdout += String(text)))
  const status = await new Promise<number>((done) => child.once('close', (code) => done(code ?? -1)))
  expect(stderr).not.toMatch(/\n\s+at /)
  expect(stdout).toBe('')
  return { status, stderr }
}

const data = () => join(folder.path, 'data')

describe('a demonstration’s ledger', () => {
  test('gets ready, hands out cards and codes, stops cleanly, goes on where it stopped', async () => {
    const first = await start('--data', data(), '--seed', 'demo')
    expect(await (await fetch(`${first.url}/health`)).json()).toEqual({ status: 'up' })
    const cards = JSON.parse(readFileSync(join(data(), 'issuing/cards.json'), 'utf8')) as {
      label: string
      uid: string
    }[]
    expect(cards).toHaveLength(36)
    const secrets = ['issuer-keys.json', 'issuing/role-keys.json', 'issuing/cards.json', 'issuing/enrolment.json']
    expect(secrets.filter((file) => (statSync(join(data(), file)).mode & 0o077) !== 0)).toEqual([])
    const { code } = JSON.parse(readFileSync(join(data(), 'issuing/enrolment.json'), 'utf8')) as { code: string }
    expect(await first.stop()).toBe(0)

    const database = readFileSync(join(data(), 'ledger.db'))
    const forms = (uid: string) => [uid, uid.toLowerCase(), Buffer.from(uid, 'hex')]
    expect(cards.filter(({ uid }) => forms(uid).some((form) => database.includes(form)))).toEqual([])
    const second = await start('--data', data(), '--seed', 'demo')
    const renewed = JSON.parse(readFileSync(join(data(), 'issuing/enrolment.json'), 'utf8')) as { code: string }
    expect(renewed.code).not.toBe(code)
    expect(await second.stop()).toBe(0)
  })

  test('takes an injected clock', async () => {
    const now = Date.UTC(2030, 0, 2)
    const clock = createServer((_request, response) => response.end(JSON.stringify({ now })))
    await new Promise<void>((done) => clock.listen(0, '127.0.0.1', done))
    const clockUrl = `http://127.0.0.1:${(clock.address() as AddressInfo).port}/`
    try {
      await start('--data', data(), '--seed', 'demo', '--clock', clockUrl)
      const { expiresAt } = JSON.parse(readFileSync(join(data(), 'issuing/enrolment.json'), 'utf8')) as {
        expiresAt: number
      }
      expect(expiresAt).toBe(now + 600_000)
    } finally {
      clock.closeAllConnections()
      clock.close()
    }
  })
})

describe('it says in one sentence why it cannot start, and what to do', () => {
  test('the folder is in use; the port is taken', async () => {
    const first = await start('--data', data())
    const inUse = await refused('--data', data())
    expect(inUse.status).toBe(2)
    expect(inUse.stderr).toMatch(/in use by another ledger \(process \d+\)\. Stop that one/)
    const taken = await refused('--data', join(folder.path, 'other'), '--port', new URL(first.url).port)
    expect(taken.status).toBe(2)
    expect(taken.stderr).toMatch(
      /Port \d+ is taken by another program\. Stop that program, or start with another --port/,
    )
  }, 120_000)
  test('the folder cannot be written', async () => {
    writeFileSync(join(folder.path, 'file'), '')
    const { status, stderr } = await refused('--data', join(folder.path, 'file', 'data'))
    expect(status).toBe(2)
    expect(stderr).toMatch(/cannot be written \(ENOTDIR\)\. Give this user the right/)
  })
  test('an injected clock on real data; real data and --seed; the database is damaged', async () => {
    await (await start('--data', data())).stop()
    const withClock = await refused('--data', data(), '--clock', 'http://127.0.0.1:1/')
    expect(withClock.status).toBe(2)
    expect(withClock.stderr).toMatch(/was not made by --seed demo/)

    const database = new Database(join(data(), 'ledger.db'))
    database.exec(`insert into account (account_id, currency, kind, owner, name, balance, floor)
      values ('dala-bank', 'DT', 'bank', 'dala-bank', 'Dala Bank', 0, 0)`)
    database.close()
    expect((await refused('--data', data(), '--seed', 'demo')).stderr).toMatch(/was not made by --seed demo/)

    writeFileSync(join(data(), 'ledger.db'), 'this is no database, and long enough to be looked at as one'.repeat(100))
    const damaged = await refused('--data', data())
    expect(damaged.status).toBe(2)
    expect(damaged.stderr).toMatch(/is damaged .*Restore it from a backup/)
  }, 120_000)
  test('the parameters are wrong', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /A data folder is needed/],
      [['--data', 'x', '--port', 'many'], /is no port/],
      [['--data', 'x', '--unknown'], /--unknown/],
      [['sell', '--data', 'x'], /no command "sell"/],
      [['audit', '--data', '/nonexistent'], /no ledger in/],
    ]
    await Promise.all(
      cases.map(async ([parameters, sentence]) => {
        const { status, stderr } = await refused(...parameters)
        expect(status).toBe(2)
        expect(stderr).toMatch(sentence)
      }),
    )
  })
})

describe('the audit command', () => {
  const audit = (...more: readonly string[]) =>
    spawnSync(process.execPath, [program, 'audit', '--data', data(), ...more], { encoding: 'utf8' })

  test('says balanced, and where not', async () => {
    await (await start('--data', data(), '--seed', 'demo')).stop()
    expect(audit()).toMatchObject({ status: 0, stdout: expect.stringMatching(/^balanced: \d+ transfers/) })
    expect(JSON.parse(audit('--json').stdout)).toMatchObject({
      balanced: true,
      issued: '315000000',
      inCirculation: '315000000',
      faults: [],
    })

    const database = new Database(join(data(), 'ledger.db'))
    database.exec(`update account set balance = balance + 1 where account_id = 'dala-bank'`)
    database.close()
    const wrong = audit()
    expect(wrong.status).toBe(1)
    expect(wrong.stdout).toMatch(/^NOT balanced/)
    expect(wrong.stdout).toMatch(/each balance is the sum of its transfers: dala-bank/)
    expect(wrong.stdout).toMatch(/DT in circulation is DT issued/)
  })
})
