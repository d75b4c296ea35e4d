/** Trusted time over clocks that a test moves apart, and a manager's word on it (money-rules.md, "Time"; ADR 0022). */
import { describe, expect, it } from 'vitest'
import { TrustedTime, type Contradiction } from '../../../src/sync/engine/trusted-time.ts'
import { noon } from './world.ts'

const minute = 60_000
const hour = 60 * minute

function clocks() {
  const machine = { wall: noon, monotonic: 5_000 }
  const clock = { wall: () => machine.wall, monotonic: () => machine.monotonic }
  const pass = (ms: number) => {
    machine.wall += ms
    machine.monotonic += ms
  }
  return { machine, clock, pass }
}

describe('trusted time', () => {
  it.each([
    ['slept for a night: its monotonic clock stood still', 12 * hour],
    ['was set forward', 11 * minute],
    ['was set back', -11 * minute],
  ])('is in doubt when the machine %s, until the ledger speaks', (_what, jump) => {
    const { machine, clock, pass } = clocks()
    const time = new TrustedTime(clock, noon - hour)
    pass(hour)
    expect(time.trusted).toBe(true)
    machine.wall += jump
    expect(time.trusted).toBe(false)
    // The jump itself is not taken over.
    expect(time.now()).toBe(noon + hour)
    const right = noon + hour + Math.max(jump, 0)
    time.ledgerSaid(right)
    expect(time.trusted).toBe(true)
    pass(hour)
    expect(time.trusted).toBe(true)
    expect(time.now()).toBe(right + hour)
  })

  it('is not in doubt over the little that a clock is set by itself', () => {
    const { machine, clock, pass } = clocks()
    const time = new TrustedTime(clock, 0)
    pass(24 * hour)
    machine.wall += 9 * minute
    expect(time.trusted).toBe(true)
  })

  it('across a restart is the later of the journal’s and the wall clock’s; far behind it is in doubt', () => {
    const { machine, clock } = clocks()
    expect(new TrustedTime(clock, noon - hour).now()).toBe(noon)
    expect(new TrustedTime(clock, noon + minute).now()).toBe(noon + minute)
    expect(new TrustedTime(clock, noon + minute).trusted).toBe(true)
    machine.wall -= hour
    const behind = new TrustedTime(clock, noon)
    expect([behind.now(), behind.trusted]).toEqual([noon, false])
  })
})

describe('a manager’s word', () => {
  const written = () => undefined

  it('is trusted, runs on, and is in doubt again when the clocks come apart again', () => {
    const { machine, clock, pass } = clocks()
    machine.wall = 0
    const time = new TrustedTime(clock, noon)
    machine.wall = noon + hour
    expect([time.trusted, time.isWallBehindTill]).toEqual([false, false])
    time.confirm(written)
    expect([time.trusted, time.now()]).toEqual([true, noon + hour])
    pass(hour)
    expect([time.trusted, time.now()]).toEqual([true, noon + 2 * hour])
    machine.wall -= hour
    expect([time.trusted, time.now(), time.isWallBehindTill]).toEqual([false, noon + 2 * hour, true])
  })

  it('never sees a clock from before 1970, which no row could hold', () => {
    const { machine, clock } = clocks()
    machine.wall = -hour
    expect(new TrustedTime(clock, noon).wall).toBe(0)
  })

  it('takes the till’s time back behind its own rows, whose clock had run ahead', () => {
    const { clock, pass } = clocks()
    const time = new TrustedTime(clock, noon + 24 * hour, { ledgerAt: noon - hour, confirmed: null })
    expect([time.now(), time.isWallBehindTill, time.isWallBehindLedger]).toEqual([noon + 24 * hour, true, false])
    time.confirm(written)
    expect([time.trusted, time.now()]).toEqual([true, noon])
    pass(minute)
    expect(time.now()).toBe(noon + minute)
  })

  it('never takes it before the ledger’s last word and the time since, of this process or an earlier one', () => {
    const { machine, clock, pass } = clocks()
    const time = new TrustedTime(clock, noon, { ledgerAt: noon - hour, confirmed: null })
    pass(2 * hour)
    machine.wall = noon + hour - 11 * minute
    expect(time.isWallBehindLedger).toBe(true)
    // A few minutes are nothing, and are not taken either.
    machine.wall = noon + hour - 9 * minute
    expect([time.isWallBehindLedger, time.trusted]).toEqual([false, false])
    time.confirm(written)
    expect(time.now()).toBe(noon + hour)
    time.ledgerSaid(noon + 3 * hour)
    pass(hour)
    machine.wall = noon + 4 * hour - 11 * minute
    expect([time.ledgerAt, time.isWallBehindLedger]).toEqual([noon + 3 * hour, true])
  })

  it('is as if it had not been said when its row is not written', () => {
    const { machine, clock } = clocks()
    machine.wall = 0
    const time = new TrustedTime(clock, noon)
    machine.wall = noon + hour
    const during: number[] = []
    const write = () => {
      during.push(time.now())
      throw new Error('disk full')
    }
    expect(() => time.confirm(write)).toThrow('disk full')
    // The row would have been the first of the new time.
    expect(during).toEqual([noon + hour])
    expect([time.trusted, time.now()]).toEqual([false, noon])
  })

  it.each([
    ['no', 9 * minute, 0],
    ['a', 11 * minute, 0],
    ['a', -11 * minute, 0],
    ['a doubtful', 11 * minute, hour],
  ])('that is %s contradiction when the ledger says %i ms later, its clocks %i ms apart', (which, off, apart) => {
    const { machine, clock, pass } = clocks()
    machine.wall = 0
    const time = new TrustedTime(clock, noon)
    const told: Contradiction[] = []
    let isDiskFull = true
    time.onDidContradict((contradiction) => {
      told.push(contradiction)
      return !isDiskFull
    })
    machine.wall = noon + hour
    time.confirm(written)
    pass(hour)
    machine.wall += apart
    const ledger = noon + 2 * hour + off
    time.ledgerSaid(ledger)
    expect([time.trusted, time.now()]).toEqual([true, ledger])
    const contradiction = {
      confirmed: noon + hour,
      believed: noon + 2 * hour,
      ledger,
      clockHeld: which === 'a',
    }
    expect(told).toEqual(which === 'no' ? [] : [contradiction])
    // Told again while it could not be recorded, and once more at most.
    isDiskFull = false
    for (let answers = 0; answers < 3; answers += 1) time.ledgerSaid(ledger)
    expect(told).toEqual(which === 'no' ? [] : [contradiction, contradiction])
  })

  it('of an earlier process is contradicted too, but nobody says that the clock held meanwhile', () => {
    const { clock } = clocks()
    const time = new TrustedTime(clock, noon, { ledgerAt: noon - hour, confirmed: noon - minute })
    const told: Contradiction[] = []
    time.onDidContradict((contradiction) => told.push(contradiction) > 0)
    time.ledgerSaid(noon - hour)
    time.ledgerSaid(noon + hour)
    expect(told).toEqual([{ confirmed: noon - minute, believed: noon, ledger: noon - hour, clockHeld: false }])
  })

  it('is not what the ledger corrects without it', () => {
    const { clock } = clocks()
    const time = new TrustedTime(clock, noon)
    const told: Contradiction[] = []
    time.onDidContradict((contradiction) => told.push(contradiction) > 0)
    time.ledgerSaid(noon - hour)
    expect(told).toEqual([])
  })
})
