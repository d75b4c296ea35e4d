/** Trusted time over clocks that a test moves apart (money-rules.md, "Time"). */
import { describe, expect, it } from 'vitest'
import { TrustedTime } from '../../../src/sync/engine/trusted-time.ts'
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
