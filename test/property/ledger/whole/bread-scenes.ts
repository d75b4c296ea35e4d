/**
 * What is done in stories with a scheme that its beneficiaries activate, that pays in one region at some kinds of
 * merchants, and whose money returns: single acts, and scenes of them.
 */
import fc from 'fast-check'
import type { Act } from './acts.ts'
import { step, type Kind } from './requests.ts'
import { asks, at, perhaps, reversesLast, scene, spendsAll, wait, type Part } from './scenes.ts'
import { dayMs, hourMs } from './state.ts'
import { tillStep, type TillKind, type TillStep } from './till.ts'

const scheme = 'bread'
const agencyKinds: readonly Kind[] = ['fund', 'fund', 'policy', 'policy', 'lease', 'scheme', 'merchant', 'merchant']
const tillKinds: readonly TillKind[] = ['fetch', 'sell', 'sell_online', 'sell_online', 'hand_over']
/** About this scheme, whatever is drawn. */
export const breadActs: fc.Arbitrary<Act> = fc.oneof(
  fc
    .tuple(step, fc.constantFrom(...agencyKinds))
    .map(([each, kind]): Act => ({ act: 'ask', each: { ...each, kind, scheme } })),
  fc
    .tuple(tillStep, fc.constantFrom(...tillKinds))
    .map(([each, kind]): Act => ({ act: 'till', each: { ...each, kind, scheme } })),
)

const funds = (halves: 1 | 5 = 5): Part => asks('fund', { which: halves - 1, size: 'small', scheme })
/** Of the first beneficiary, to be presented for four days. */
const orders = asks('policy', { whom: 0, which: 8, size: 'small', scheme })
const online = (who: 0 | 1, size: TillStep['size'] = 'small'): Part =>
  at(who, 'sell_online', { whom: 2, which: 2, size, scheme })
export const sells = (size: TillStep['size'] = 'half'): Part => at(0, 'sell', { whom: 2, which: 2, size, scheme })
const handsOver = at(0, 'hand_over', { which: 1, size: 'all' })
const moves = (merchant: 0 | 1, place: number): Part => asks('merchant', { whom: merchant, which: place })
const nextVersion = asks('scheme', { whom: 1, scheme })
export const closes = asks('closing')
/** One who has activated buys without network, too. */
export const leased = [funds(), orders, online(0, 'one'), at(0, 'fetch')] as const

export const breadScenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  // Before the first payment nothing is leased; after it, whatever becomes of it.
  scene(
    funds(),
    orders,
    at(0, 'fetch'),
    sells(),
    asks('lease', { whom: 0, which: 2, size: 'small', scheme }),
    online(0, 'one'),
    perhaps(spendsAll(0)),
    perhaps(reversesLast(0)),
    handsOver,
    at(0, 'fetch'),
    sells(),
    handsOver,
  ),
  // A payment that is refused is none.
  scene(
    orders,
    online(0, 'one'),
    funds(),
    at(0, 'fetch'),
    sells(),
    online(1, 'one'),
    at(0, 'fetch'),
    sells(),
    handsOver,
  ),
  // In time, and not.
  scene(funds(), wait(5 * dayMs - hourMs), online(0, 'one'), wait(hourMs), online(0), at(0, 'fetch')),
  scene(funds(), wait(5 * dayMs), online(0), orders, at(0, 'fetch'), sells(), handsOver),
  // A till that does not know that its merchant has moved.
  ...[1, 2, 4, 5].map((place) =>
    scene(
      ...leased,
      moves(0, place),
      sells(),
      online(0),
      asks('lease', { whom: 0, which: 2, size: 'small', scheme }),
      handsOver,
      at(0, 'fetch'),
      sells(),
      online(0),
      moves(0, 3),
      at(0, 'fetch'),
      sells('small'),
      online(0),
      handsOver,
    ),
  ),
  // The day comes; what was sold before waits for what is marked after it.
  scene(
    ...leased,
    sells('half'),
    wait(6 * dayMs),
    online(1),
    handsOver,
    funds(1),
    closes,
    funds(5),
    closes,
    asks('appeal'),
    asks('decide', { which: 1 }),
  ),
  scene(...leased, sells('all'), wait(6 * dayMs), closes, handsOver, funds(1), closes, perhaps(funds()), closes),
  // It is in escrow on that day, or the next version has none.
  scene(funds(), online(0, 'one'), wait(5 * dayMs), orders, at(0, 'fetch'), sells(), wait(dayMs), closes, handsOver),
  scene(funds(), nextVersion, nextVersion, wait(6 * dayMs), closes, nextVersion, nextVersion, closes),
]

/** Stories of this scheme in which these never meet would prove little. */
export const hasToMeetOfBread = [
  'a beneficiary activates',
  'a beneficiary has not activated in time',
  'nothing is leased before it is activated',
  'a merchant moves',
  'a sale with network where the merchant has moved away',
  'a sale without network where the merchant has moved away',
  'money returns to its agency',
  'what waits keeps its money',
]
