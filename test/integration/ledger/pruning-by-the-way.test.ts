/**
 * When a ledger forgets old events (docs/adr/0045). Method: the rounds alone, on a scheduler of the test and with a
 * pruner that does as a case says; and the ledger as a process, which is told that ninety days are over, and in which a
 * minute's wait is a tenth of a second.
 */
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { v7 } from 'uuid'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { pruneByTheWay, type PruningParts } from '../../../ledger-sim/feed/pruning-by-the-way.ts'
import { limits } from '../../../ledger-sim/http/limits.ts'
import type { RoleKey } from '../../../ledger-sim/scenarios/demo.ts'
import { signRequest } from '../../../src/sync/protocol/http-signature.ts'
import { signingKey } from '../../../src/sync/protocol/keys.ts'
import { startProcess } from '../../../tools/processes.ts'
import { FakeScheduler, settlePromises } from '../../unit/drivers/fake-scheduler.ts'
import { temporaryFolder } from './demo-ledger.ts'

describe('rounds', () => {
  /** What each call of the pruner did: ended its round, gave way, or failed; after the last one it ends them. */
  function rounds(...outcomes: ('ended' | 'gave way' | 'failed')[]) {
    const scheduler = new FakeScheduler()
    const [startedAt, failures]: [number[], string[]] = [[], []]
    let isUnderWay = false
    const pruner: PruningParts['pruner'] = {
      get isUnderWay() {
        return isUnderWay
      },
      prune: async () => {
        startedAt.push(scheduler.now() / 1_000)
        const outcome = outcomes.shift() ?? 'ended'
        if (outcome === 'failed') throw new Error('the disk is full')
        isUnderWay = outcome === 'gave way'
        return 0
      },
    }
    const { stop } = pruneByTheWay({ pruner, scheduler, onDidFail: (error) => failures.push(String(error)) })
    return { scheduler, startedAt, failures, stop }
  }

  test('begin a minute after the start, and each a minute after the last ended', async () => {
    const { scheduler, startedAt } = rounds()
    await scheduler.advance(59_999)
    expect(startedAt).toEqual([])
    await scheduler.advance(120_001)
    expect(startedAt).toEqual([60, 120, 180])
  })

  test('that gave way go on a second later, until they have ended', async () => {
    const { scheduler, startedAt } = rounds('gave way', 'gave way', 'ended')
    await scheduler.advance(130_000)
    expect(startedAt).toEqual([60, 61, 62, 122])
  })

  test('that fail are told, each once, and tried again after a minute, also in their midst', async () => {
    const { scheduler, startedAt, failures } = rounds('gave way', 'failed', 'failed', 'ended')
    await scheduler.advance(250_000)
    expect(startedAt).toEqual([60, 61, 121, 181, 241])
    expect(failures).toEqual(['Error: the disk is full', 'Error: the disk is full'])
  })

  test('begin no more once they are stopped', async () => {
    const { scheduler, startedAt, stop } = rounds()
    await scheduler.advance(60_000)
    await stop()
    await scheduler.advance(600_000)
    expect({ startedAt, timers: scheduler.pendingCount }).toEqual({ startedAt: [60], timers: 0 })
  })

  test('are waited for by a stop: the store is closed after it', async () => {
    const scheduler = new FakeScheduler()
    const order: string[] = []
    let endStep = (): void => undefined
    const step = new Promise<void>((done) => (endStep = done))
    const pruner: PruningParts['pruner'] = {
      isUnderWay: true,
      prune: async (stopped) => {
        await step
        order.push(`a step ends, ${stopped?.aborted === true ? 'told to stop' : 'not told'}`)
        return 1
      },
    }
    const { stop } = pruneByTheWay({ pruner, scheduler, onDidFail: (error) => order.push(String(error)) })
    await scheduler.advance(60_000)
    const stopped = stop().then(() => order.push('stopped'))
    await settlePromises()
    expect(order).toEqual([])
    endStep()
    await stopped
    expect(order).toEqual(['a step ends, told to stop', 'stopped'])
    expect(scheduler.pendingCount).toBe(0)
  })
})

/** What waits for a minute waits for a tenth of a second; all other times are as they were. */
const quickMinutes = `--import=data:text/javascript,${encodeURIComponent(`
  const { setTimeout: wait } = globalThis
  globalThis.setTimeout = (then, ms, ...more) => wait(then, ms === 60000 ? 100 : ms, ...more)
`)}`
const eventually = async (isSo: () => Promise<boolean>): Promise<boolean> => {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await isSo()) return true
    await new Promise((done) => setTimeout(done, 50))
  }
  return false
}

test('the process forgets by itself what is older than ninety days, and stops cleanly', async () => {
  const folder = temporaryFolder()
  const data = join(folder.path, 'data')
  let now = Date.UTC(2026, 10, 30)
  const clock = createServer((_request, response) => response.end(JSON.stringify({ now })))
  await new Promise<void>((done) => clock.listen(0, '127.0.0.1', done))
  const clockUrl = `http://127.0.0.1:${(clock.address() as AddressInfo).port}/`
  const parameters = ['--data', data, '--seed', 'demo', '--clock', clockUrl]
  const environment = { NODE_OPTIONS: quickMinutes }
  const ledger = await startProcess('ledger', join(import.meta.dirname, '../../../ledger-sim/main.ts'), parameters, {
    environment,
  })
  const ask = async (owner: string, method: 'GET' | 'POST', path: string, body = '') => {
    const keys = JSON.parse(readFileSync(join(data, 'issuing/role-keys.json'), 'utf8')) as RoleKey[]
    const created = Math.floor(now / 1_000)
    const moment = { created, expires: created + 60, nonce: v7() }
    const url = `${String(ledger.ready['ledgerUrl'])}${path}`
    const key = signingKey(keys.find((one) => one.owner === owner)?.privateJwk ?? {})
    const { headers } = signRequest({ method, url, body }, key, moment)
    return fetch(url, { method, headers, ...(method === 'POST' && { body }) })
  }
  const statusFromStart = async () => (await ask('dala-bank', 'GET', '/v1/events?after=0')).status
  try {
    const deposit = JSON.stringify({ transferId: v7(), accountId: 'dala-bank.reserve', amount: '100' })
    expect((await ask('central-bank', 'POST', '/v1/non-cash-deposits', deposit)).status).toBe(200)
    now += limits.eventsKeptSeconds * 1_000 - 1_000
    expect(await statusFromStart()).toBe(200)
    // Some rounds that must leave it.
    await new Promise((done) => setTimeout(done, 500))
    expect(await statusFromStart()).toBe(200)
    now += 2_000
    expect(await eventually(async () => (await statusFromStart()) === 410)).toBe(true)
  } finally {
    await ledger.stop()
    clock.closeAllConnections()
    clock.close()
  }
  expect(await ledger.ended).toBe(0)
  expect(auditFile(join(data, 'ledger.db'))).toMatchObject({ faults: [] })
  folder.remove()
}, 120_000)
