/** A manager's word on the time where there is no manager, and a contradiction that a full disk does not take. */
import { beforeEach, describe, expect, it } from 'vitest'
import { TrustedTime } from '../../../src/sync/engine/trusted-time.ts'
import { TimeDesk } from '../../../src/terminal/core/time-desk.ts'
import { journalInMemory, noon } from '../sync/world.ts'

const hour = 3_600_000
let wall: number
let failure: Error | undefined
let hasMerchant: boolean

function desk() {
  const clock = { wall: () => wall, monotonic: () => 0 }
  const journal = journalInMemory({ now: () => noon })
  journal.commit({ kind: 'language_set', language: 'ru' })
  const commit = journal.commit.bind(journal)
  journal.commit = (...rows) => {
    if (failure !== undefined) throw failure
    return commit(...rows)
  }
  const time = new TrustedTime(clock, journal.latestAt())
  const shifts = {
    get hasMerchant() {
      return hasMerchant
    },
    checkMerchant: () => undefined,
  }
  return { journal, time, desk: new TimeDesk({ journal, time, shifts }) }
}

beforeEach(() => {
  wall = noon - hour
  failure = undefined
  hasMerchant = true
})

describe('a till without cashier 1', () => {
  it('has nobody who may confirm its time, until the merchant makes themselves one', () => {
    hasMerchant = false
    const { time, desk: times } = desk()
    expect([time.trusted, times.isOffered, times.view()]).toEqual([false, false, null])
    hasMerchant = true
    expect(times.isOffered).toBe(true)
    expect(times.view()).toEqual({ wall, journalAt: noon, ledgerAt: null, goesBack: true, obstacle: null })
  })
})

describe('a full disk', () => {
  const full = () => Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })

  it('confirms nothing that it did not take', () => {
    const { time, desk: times } = desk()
    failure = full()
    expect(() => times.confirm('0000', wall)).toThrow('disk is full')
    expect([time.trusted, time.now()]).toEqual([false, noon])
  })

  it('does not end what hears the ledger’s word; the contradiction is recorded with a later one', () => {
    const { journal, time, desk: times } = desk()
    times.confirm('0000', wall)
    failure = full()
    time.ledgerSaid(noon + hour)
    expect(journal.lastSequence('time_contradicted')).toBe(0)
    failure = undefined
    time.ledgerSaid(noon + hour)
    expect(journal.lastRow('time_contradicted')?.row).toMatchObject({ believed: noon - hour, ledger: noon + hour })
  })

  it('is the only failure that is passed over', () => {
    const { time, desk: times } = desk()
    times.confirm('0000', wall)
    failure = new Error('a broken invariant')
    expect(() => time.ledgerSaid(noon + hour)).toThrow('a broken invariant')
  })
})
