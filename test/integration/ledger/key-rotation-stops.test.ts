/**
 * A till's real engine changes its keys at the real ledger, and is stopped at every step on the way: each write to the
 * key store, each row, each request, before it and after it. It starts again at once, or when the former key is heard
 * no more, and must then be able to talk, hold the keys that the ledger knows, and read what is sealed to it. The steps
 * are counted, not listed: the test ends when a run was through before its stop came.
 */
import Database from 'better-sqlite3'
import { afterEach, expect, test } from 'vitest'
import { KeyRing, newStoredPair } from '../../../src/sync/engine/key-ring.ts'
import { LedgerClient } from '../../../src/sync/engine/ledger-client.ts'
import type { LedgerTransport } from '../../../src/sync/engine/ports.ts'
import { SyncEngine } from '../../../src/sync/engine/sync-engine.ts'
import { standardSyncSettings } from '../../../src/sync/engine/sync-settings.ts'
import { TrustedTime } from '../../../src/sync/engine/trusted-time.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'
import { tillKeyContext } from '../../../src/sync/protocol/sealed-box.ts'
import { enrol } from '../../../src/terminal/core/identity.ts'
import { KeyStoreInMemory } from '../../fixtures/key-store.ts'
import { demoLedger, hourMs, type DemoLedger } from './demo-ledger.ts'

const ledgerUrl = 'http://127.0.0.1:8080'
const keyRotationAfterMs = hourMs

/** Ends the process between two steps: nothing after it happens. */
class PowerCut extends Error {}
class Power {
  steps = 0
  cutAt = Number.POSITIVE_INFINITY
  step(): void {
    this.steps += 1
    if (this.steps >= this.cutAt) throw new PowerCut(`at step ${this.steps}`)
  }
}

let demo: DemoLedger
afterEach(() => demo.close())

async function world() {
  demo = await demoLedger()
  const power = new Power()
  const disk = new Database(':memory:')
  const keyStore = new KeyStoreInMemory(newStoredPair(demo.random))
  const toLedger: LedgerTransport = async (request) => {
    power.step()
    const response = await demo.ledger.handle(request)
    power.step()
    return { kind: 'response', response }
  }
  const randomness = { bytes: demo.random, uuid: () => '019aaf00-0000-7000-8000-000000000001' }
  const code = demo.world.enrolmentCodes[0]?.code ?? ''
  const enrolment = await enrol(keyStore.load().current, code, ledgerUrl, toLedger, randomness, demo.clock.now)

  /** A process of the till. */
  const start = () => {
    const keys = new KeyRing(keyStore.stored, {
      keptBy: keyStore.keptBy,
      save(stored) {
        power.step()
        keyStore.save(stored)
        power.step()
      },
    })
    const clock = { wall: () => demo.clock.now, monotonic: () => demo.clock.now }
    const journal = new Journal(disk, { now: clock.wall })
    const commit = journal.commit.bind(journal)
    journal.commit = (...rows) => {
      power.step()
      const committed = commit(...rows)
      power.step()
      return committed
    }
    if (journal.fact('enrolment') === undefined) commit({ kind: 'enrolled', enrolment })
    const time = new TrustedTime(clock, journal.latestAt())
    const ledgerKey = demo.ports.keys.signing
    const parts = { terminalKey: keys.signing, ledgerKey, transport: toLedger, time, randomness }
    const engine = new SyncEngine({
      journal,
      ledger: new LedgerClient({ baseUrl: ledgerUrl, ...parts }),
      keys,
      ledgerKey,
      terminalId: 'till-1',
      time,
      scheduler: { setTimeout: () => 0, clearTimeout: () => undefined },
      randomness,
      settings: { ...standardSyncSettings, keyRotationAfterMs },
      customerWaits: () => false,
      onDidChange: () => undefined,
    })
    engine.start()
    return { keys, journal, engine }
  }
  const round = async (process: ReturnType<typeof start>): Promise<'done' | 'cut'> => {
    try {
      await process.engine.syncNow()
      return 'done'
    } catch (error) {
      if (error instanceof PowerCut) return 'cut'
      throw error
    } finally {
      process.engine.stop()
    }
  }
  return { power, keyStore, start, round }
}

/** What must be true of a till after a whole round: the ledger hears it, and it reads what is sealed to it. */
async function expectAble({ keys, journal, engine }: ReturnType<Awaited<ReturnType<typeof world>>['start']>) {
  expect(engine.connectivity.kind).toBe('reached')
  const [lease] = journal.activePackage()?.package.leases ?? []
  const card = lease?.slots[0]?.cards[0]
  expect(keys.open(card?.sealedTillKey ?? '', tillKeyContext(lease?.leaseId ?? '', card?.card ?? ''))).toBeDefined()
}

test.each([
  ['at once', 0],
  ['when the former key is heard no more', 25 * hourMs],
])('stopped at each step and started %s', async (_when, offMs) => {
  let cuts = 0
  for (let cutAt = 1; ; cutAt += 1) {
    const { power, keyStore, start, round } = await world()
    const first = keyStore.stored.signing
    await round(start())
    demo.clock.now += keyRotationAfterMs
    power.steps = 0
    power.cutAt = cutAt
    const outcome = await round(start())
    const wholeSteps = power.steps
    power.cutAt = Number.POSITIVE_INFINITY
    demo.clock.now += offMs

    // Each a life of its own: the change ends, the package is fetched, the former key is forgotten.
    for (let life = 0; life < 3; life += 1) {
      const again = start()
      expect(await round(again), `cut at ${cutAt}, life ${life}`).toBe('done')
      await expectAble(again)
    }
    const last = start()
    last.engine.stop()
    expect(last.keys.next).toBeUndefined()
    const [terminal] = (await demo.rows('terminal')).filter((row) => row['terminal_id'] === 'till-1')
    expect(terminal?.['key_id']).toBe(last.keys.signing.keyId)
    const rotations = [...last.journal.rows()].flatMap(({ row }) => (row.kind === 'key_rotated' ? [row] : []))
    expect(new Set(rotations.map((row) => row.terminalKey)).size).toBe(rotations.length)
    expect(rotations.at(-1)?.terminalKey).toBe(last.keys.signing.keyId)
    expect(keyStore.stored.signing).not.toEqual(first)
    expect(keyStore.stored.formerEncryption).toBeUndefined()
    if (outcome === 'done') {
      expect(wholeSteps).toBeLessThan(cutAt)
      break
    }
    cuts += 1
    await demo.close()
  }
  console.log(`${cuts} stops`)
  expect(cuts).toBeGreaterThan(10)
})
