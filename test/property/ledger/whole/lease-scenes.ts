/**
 * What becomes of leases that are asked for again, and of slots whose money comes late: each a story of its own, before
 * which nothing has happened.
 */
import fc from 'fast-check'
import type { Act } from './acts.ts'
import { asks, at, drained, scene, sells, spendsAll, wait } from './scenes.ts'
import { hourMs } from './state.ts'

/** An hour before the first period is over; what was leased when the story began is closed by then. */
const periodNearlyOver = wait(35 * hourMs)

export const leaseScenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  // Refused for what another till holds, and for want of money; when both are there, the first period is over.
  scene(
    periodNearlyOver,
    asks('lease', { who: 0, whom: 0, which: 1, size: 'small' }),
    asks('lease', { who: 0, whom: 1, which: 2, size: 'small' }),
    at(0, 'surrender', { whom: 0 }),
    wait(2 * hourMs),
    fc.constant(() => ({ act: 'again' as const, which: 1, changed: 0 })),
  ),
  // Two lunches on one slot: the first comes back, and nobody has the money for it; then its merchant pays.
  scene(
    at(0, 'fetch'),
    sells(0, 0, { size: 'all' }),
    sells(0, 0, { size: 'all' }),
    at(0, 'hand_over'),
    ...drained,
    spendsAll(0),
    at(0, 'reverse_tender', { whom: 1, which: 1 }),
    at(0, 'hand_over'),
    asks('direct', { who: 2, whom: 0, size: 'single' }),
  ),
]

/** Stories of leases in which these never meet would prove little. */
export const hasToMeetOfLeases = ['nothing is leased of a period that is over']
