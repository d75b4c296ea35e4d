/**
 * Method: when the keys of ended leases are erased, by a clock of the test's own. What of the disk is erased is looked
 * for in test/integration/journal/erased-keys.test.ts.
 */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { KeyErasure } from '../../../src/sync/engine/key-erasure.ts'
import { TrustedTime } from '../../../src/sync/engine/trusted-time.ts'
import { holdsCardKeys } from '../../../src/sync/journal/stored-package.ts'
import { hashOf } from '../../../src/sync/protocol/canonical.ts'
import { FakeScheduler } from '../drivers/fake-scheduler.ts'
import { journalInMemory, leaseOf, noon, packageOf, Seeded } from './world.ts'

const minute = 60_000
const hour = 60 * minute

/** A till with one lease that ends in an hour and one that ends in three. */
function till(database = new Database(':memory:'), wallOff = 0) {
  const scheduler = new FakeScheduler()
  const machine = { wallOff }
  const clock = { wall: () => noon + scheduler.now() + machine.wallOff, monotonic: () => scheduler.now() }
  const journal = journalInMemory({ database })
  const time = new TrustedTime(clock, journal.latestAt())
  const seeded = new Seeded('leases')
  const leases = [leaseOf(seeded, noon + hour), leaseOf(seeded, noon + 3 * hour)]
  const signed = packageOf(1, { leases })
  if (journal.activePackage() === undefined) journal.activatePackage(signed, hashOf('tolem/package/1', signed))
  const erasure = new KeyErasure({ journal, time, scheduler, activePackage: () => journal.activePackage() })
  return {
    ...{ scheduler, machine, time, journal, database, erasure },
    held: () => journal.activePackage()?.package.leases.map(holdsCardKeys),
    erasures: () => [...journal.rows()].filter(({ row }) => row.kind === 'card_keys_erased').length,
  }
}

describe('the keys of a lease', () => {
  it('are there until it is over, and a minute later they are gone: each lease once', async () => {
    const { erasure, scheduler, held, erasures } = till()
    erasure.start()
    await scheduler.advance(hour)
    expect(held()).toEqual([true, true])
    await scheduler.advance(minute)
    expect(held()).toEqual([false, true])
    await scheduler.advance(hour)
    expect([held(), erasures()]).toEqual([[false, true], 1])
    await scheduler.advance(hour)
    expect([held(), erasures()]).toEqual([[false, false], 2])
    await scheduler.advance(24 * hour)
    expect(erasures()).toBe(2)
    erasure.stop()
    expect(scheduler.pendingCount).toBe(0)
  })

  it('are erased at a start, where it is over by then', () => {
    const { database } = till()
    const { erasure, held } = till(database, 2 * hour)
    expect(held()).toEqual([true, true])
    erasure.start()
    expect(held()).toEqual([false, true])
  })

  it('stay while the clock of a running till has jumped ahead, until the ledger says the time', async () => {
    const { erasure, scheduler, machine, time, held, erasures } = till()
    erasure.start()
    machine.wallOff = 365 * 24 * hour
    await scheduler.advance(30 * minute)
    expect(time.trusted).toBe(false)
    expect([held(), erasures()]).toEqual([[true, true], 0])
    // Neither do they go by a time that is not trusted, though it is the right one.
    await scheduler.advance(hour)
    expect(erasures()).toBe(0)
    time.ledgerSaid(noon + scheduler.now())
    await scheduler.advance(minute)
    expect(held()).toEqual([false, true])
  })

  it('stay at a start whose clock is behind the journal', () => {
    const { database, journal } = till()
    const late = journalInMemory({ database, now: () => noon + 10 * hour })
    late.commit({ kind: 'language_set', language: 'kk' })
    const { erasure, time, erasures } = till(database)
    expect([time.trusted, time.now()]).toEqual([false, noon + 10 * hour])
    erasure.start()
    expect(erasures()).toBe(0)
    expect(journal.activePackage()?.package.leases.map(holdsCardKeys)).toEqual([true, true])
  })

  it('stay erased when the time goes back', async () => {
    const { erasure, scheduler, time, held, erasures } = till()
    erasure.start()
    await scheduler.advance(2 * hour)
    time.ledgerSaid(noon)
    await scheduler.advance(minute)
    expect([held(), erasures()]).toEqual([[false, true], 1])
  })

  it('are erased as soon as the disk takes it again', async () => {
    const { database, erasure, scheduler, held } = till()
    erasure.start()
    const { transaction } = database
    database.transaction = () => {
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    }
    await scheduler.advance(2 * hour)
    expect(held()).toEqual([true, true])
    database.transaction = transaction
    await scheduler.advance(minute)
    expect(held()).toEqual([false, true])
  })
})
