/** A scheme of which tills hold slots, and then have pools, and the other way round; each a story of its own. */
import type fc from 'fast-check'
import type { Act } from './acts.ts'
import { turned, type Step } from './requests.ts'
import { asks, at, reversesLast, scene, wait, type Part } from './scenes.ts'
import { dayMs, hourMs } from './state.ts'
import type { TillStep } from './till.ts'

const fetches = at(0, 'fetch')
const handsOver = at(0, 'hand_over', { which: 1, size: 'all' })

/** All is about its first beneficiary. */
function of(scheme: 'milk' | 'bread') {
  return {
    funds: asks('fund', { which: 4, size: 'small', scheme }),
    /** Of slots, or of two hundred thousand tiyn: whichever the scheme is sold from. */
    order: (hours: 0 | 6 | 96, more: Partial<Step> = {}): Part =>
      asks('policy', { whom: 0, which: { 0: 0, 6: 4, 96: 8 }[hours], size: 'small', scheme, ...more }),
    /** By a version that says the other way of selling. */
    turns: asks('scheme', { whom: 1, stray: turned, scheme }),
    sells: (size: TillStep['size'] = 'all'): Part => at(0, 'sell', { whom: 2, which: 2, size, scheme }),
    online: (who: 0 | 1 = 1, size: TillStep['size'] = 'half'): Part =>
      at(who, 'sell_online', { whom: 2, which: 2, size, scheme }),
  } as const
}

/** Of an amount, of which a bridge lends; what is not used passes on. */
const { funds, order, turns, sells, online } = of('milk')
/** Which has to be activated, pays in one region, and whose money returns after six days. */
const bread = of('bread')
const moves = (place: number): Part => asks('merchant', { whom: 0, which: place })

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
  // Nobody is on its list before the first payment with network; nothing is filled where the merchant has moved away.
  scene(
    bread.funds,
    bread.turns,
    bread.order(96),
    fetches,
    bread.online(0, 'one'),
    fetches,
    // Both, of whom the other has not activated.
    bread.order(96, { which: 5 }),
    bread.sells('half'),
    handsOver,
    moves(1),
    fetches,
    bread.sells('small'),
    handsOver,
    moves(0),
    fetches,
    bread.sells('small'),
    handsOver,
  ),
  // Nor when its money has gone back: what is marked after that goes too.
  scene(
    bread.funds,
    bread.turns,
    bread.order(96),
    bread.online(0, 'one'),
    wait(4 * dayMs),
    fetches,
    bread.sells('half'),
    wait(2 * dayMs),
    asks('closing'),
    handsOver,
    bread.funds,
    fetches,
    asks('closing'),
    wait(4 * dayMs),
    asks('closing'),
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
  'a pool lists nobody before activation',
  'no pool is filled where the merchant has moved away',
  'no pool is filled of money that returns',
]
