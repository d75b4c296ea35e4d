/**
 * Method: random lives of a till with a clock that drifts, jumps, sleeps and starts in 1970, a ledger that now and then
 * speaks the true time, and somebody with the right PIN who confirms whatever the clock says, as often as it is let.
 * What is checked is computed here, from the true time and the list of what happened.
 */
import * as fc from 'fast-check'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { clockBehindMsMax, TrustedTime } from '../../../src/sync/engine/trusted-time.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'
import { TimeDesk } from '../../../src/terminal/core/time-desk.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 9_022)
const runs = { seed, numRuns: 400 }
const start = 1_795_417_200_000
const minute = 60_000
const day = 24 * 60 * minute

const span = fc.oneof(fc.integer({ min: 0, max: 20 * minute }), fc.integer({ min: 0, max: 3 * day }))
const event = fc.oneof(
  fc.record({ kind: fc.constant('passes' as const), ms: span }),
  fc.record({ kind: fc.constant('sleeps' as const), ms: span }),
  fc.record({ kind: fc.constant('clock_is_set' as const), offMs: fc.integer({ min: -3 * day, max: 3 * day }) }),
  fc.record({ kind: fc.constant('restarts' as const), offMs: fc.integer({ min: -3 * day, max: 3 * day }) }),
  fc.record({ kind: fc.constant('starts_in_1970' as const) }),
  fc.record({ kind: fc.constant('ledger_speaks' as const), leavesRow: fc.boolean() }),
  fc.record({ kind: fc.constant('confirms' as const) }),
  fc.record({ kind: fc.constant('writes' as const) }),
)

/** A till with its journal; the machine under it is the test's. */
function till() {
  const machine = { now: start, wallOff: 0, monotonicOff: 0 }
  const clock = { wall: () => machine.now + machine.wallOff, monotonic: () => machine.now + machine.monotonicOff }
  const database = new Database(':memory:')
  const life: { journal: Journal; time: TrustedTime; desk: TimeDesk } = {} as never
  const shifts = { hasMerchant: true, checkMerchant: () => undefined }
  const begin = (): void => {
    const journal = new Journal(database, { now: () => life.time.now() })
    const [confirmed] = journal.times.confirmedSince()
    life.time = new TrustedTime(clock, journal.latestAt(), {
      ledgerAt: journal.times.ledgerAt(),
      confirmed: confirmed?.wall ?? null,
    })
    life.journal = journal
    life.desk = new TimeDesk({ journal, time: life.time, shifts })
  }
  life.time = new TrustedTime(clock, 0)
  begin()
  return { machine, clock, life, begin }
}

describe('any life of a till', () => {
  test('never goes before the ledger’s word, and back on a person’s word once between two of them', () => {
    let backs = 0
    let refused = 0
    let contradictions = 0
    fc.assert(
      fc.property(fc.array(event, { minLength: 5, maxLength: 60 }), (events) => {
        const { machine, clock, life, begin } = till()
        /** The true time of the ledger's last word that left a row, or was heard in this process. */
        let word = 0
        let rowWord = 0
        let awakeSinceWord = 0
        let backsSinceWord = 0
        let confirmedSinceWord = false
        let confirmedSinceRow = false
        for (const one of events) {
          const before = life.time.now()
          switch (one.kind) {
            case 'passes':
              machine.now += one.ms
              awakeSinceWord += one.ms
              break
            case 'sleeps':
              machine.now += one.ms
              machine.monotonicOff -= one.ms
              break
            case 'clock_is_set':
              machine.wallOff = one.offMs
              break
            case 'restarts':
            case 'starts_in_1970':
              machine.wallOff = one.kind === 'restarts' ? one.offMs : -machine.now
              begin()
              word = rowWord
              confirmedSinceWord = confirmedSinceRow
              awakeSinceWord = 0
              break
            case 'ledger_speaks': {
              const off = Math.abs(machine.now - before) > clockBehindMsMax
              const rowsBefore = life.journal.lastSequence('time_contradicted')
              life.time.ledgerSaid(machine.now)
              word = machine.now
              awakeSinceWord = 0
              const isContradicted = life.journal.lastSequence('time_contradicted') > rowsBefore
              // Each word that corrects what stood on a person's is on record, and no other.
              expect(isContradicted).toBe(confirmedSinceWord && off)
              if (isContradicted) contradictions += 1
              if (one.leavesRow) life.journal.commit({ kind: 'events_read', cursor: 1 })
              if (one.leavesRow || isContradicted) {
                rowWord = word
                backsSinceWord = 0
                confirmedSinceRow = false
              }
              confirmedSinceWord = false
              expect(life.time.trusted).toBe(true)
              expect(Math.abs(life.time.now() - machine.now)).toBeLessThan(2_000)
              break
            }
            case 'confirms': {
              const fault = life.desk.isOffered ? life.desk.confirm('0000', Math.floor(clock.wall())) : 'not_now'
              if (fault !== undefined) {
                if (fault !== 'not_now') refused += 1
                expect(life.time.now()).toBe(before)
                break
              }
              expect(life.time.trusted).toBe(true)
              confirmedSinceWord = true
              confirmedSinceRow = true
              const isBack = clock.wall() < before - clockBehindMsMax
              expect(life.time.now()).toBeLessThanOrEqual(Math.max(clock.wall(), before, word + awakeSinceWord + 2_000))
              if (isBack) {
                backs += 1
                backsSinceWord += 1
              } else {
                expect(life.time.now()).toBeGreaterThanOrEqual(before)
              }
              expect(life.journal.latestAt()).toBe(life.time.now())
              break
            }
            case 'writes':
              life.journal.commit({ kind: 'language_set', language: 'kk' })
              break
          }
          expect(backsSinceWord).toBeLessThanOrEqual(1)
          // Whole seconds and two of them are the ledger's own grain.
          expect(life.time.now()).toBeGreaterThanOrEqual(word + awakeSinceWord - 2_000)
        }
      }),
      runs,
    )
    console.log(`seed ${seed}: ${backs} times back, ${refused} refused, ${contradictions} contradicted`)
    expect(Math.min(backs, refused, contradictions)).toBeGreaterThan(20)
  })
})
