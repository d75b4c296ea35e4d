/** A scheme of which tills hold slots, and then have pools, and the other way round; each a story of its own. */
import type fc from 'fast-check'
import type { Act } from './acts.ts'
import { turned } from './requests.ts'
import { asks, at, reversesLast, scene, wait, type Part } from './scenes.ts'
import { hourMs } from './state.ts'
import type { TillStep } from './till.ts'

/** Of an amount, of which a bridge lends; what is not used passes on. */
const scheme = 'milk'
const funds = asks('fund', { which: 4, size: 'small', scheme })
/** Of the first beneficiary's slots, or of two hundred thousand tiyn: whichever the scheme is sold from. */
const order = (hours: 0 | 6 | 96): Part =>
  asks('policy', { whom: 0, which: { 0: 0, 6: 4, 96: 8 }[hours], size: 'small', scheme })
/** By a version that says the other way of selling. */
const turns = asks('scheme', { whom: 1, stray: turned, scheme })
const fetches = at(0, 'fetch')
const sells = (size: TillStep['size'] = 'all'): Part => at(0, 'sell', { whom: 2, which: 2, size, scheme })
const online = (size: TillStep['size'] = 'half'): Part => at(1, 'sell_online', { whom: 2, which: 2, size, scheme })
const handsOver = at(0, 'hand_over', { which: 1, size: 'all' })

export const policyScenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  // A bridge lent beside a slot that a till held; a pool and another till pay what was left of it.
  scene(
    funds,
    order(0),
    fetches,
    asks('reissue', { which: 0 }),
    online(),
    wait(13 * hourMs),
    turns,
    funds,
    order(96),
    fetches,
    // By the slot, and by its bridge, which has too little.
    online(),
    online(),
    sells(),
    handsOver,
    reversesLast(0),
    handsOver,
  ),
  // Not before what the one kind promised is over, and orders of that kind come to nothing.
  scene(
    funds,
    order(6),
    fetches,
    turns,
    sells('half'),
    wait(13 * hourMs),
    turns,
    handsOver,
    wait(6 * hourMs),
    turns,
    fetches,
    order(0),
    fetches,
    sells('small'),
    turns,
    handsOver,
    wait(13 * hourMs),
    turns,
    fetches,
    order(0),
    fetches,
    sells('small'),
    handsOver,
  ),
]

/** Stories of such schemes in which these never meet would prove little. */
export const hasToMeetOfPolicies = [
  'a scheme is sold from pools',
  'a scheme’s slots are leased',
  'no pools while tills hold slots',
  'no leases of slots while tills have pools',
  'an order of slots of a scheme that is sold from pools',
  'an order of a pool of a scheme whose slots are leased',
  'a pool pays what a bridge had lent',
]
