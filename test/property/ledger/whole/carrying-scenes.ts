/** What is done in stories with allowances that pass on to the next period: single acts, and scenes of them. */
import fc from 'fast-check'
import type { Act } from './acts.ts'
import { step, type Kind } from './requests.ts'
import { asks, at, perhaps, reversesLast, scene, spendsAll, wait, type Part } from './scenes.ts'
import { dayMs, hourMs } from './state.ts'
import { tillStep, type TillKind, type TillStep } from './till.ts'

/** Of the one an amount passes on, of the other payments. */
const carrying = ['milk', 'fruit'] as const
const agencyKinds: readonly Kind[] = ['fund', 'fund', 'policy', 'policy', 'lease', 'scheme', 'closing', 'join', 'leave']
const tillKinds: readonly TillKind[] = ['fetch', 'sell', 'sell', 'sell_online', 'sell_online', 'surrender', 'hand_over']
const ofOne = fc.constantFrom(...carrying)
/** About these schemes, whatever is drawn. */
export const carryingActs: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc
      .tuple(step, ofOne, fc.constantFrom(...agencyKinds))
      .map(([each, scheme, kind]): Act => ({ act: 'ask', each: { ...each, kind, scheme } })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(tillStep, ofOne, fc.constantFrom(...tillKinds))
      .map(([each, scheme, kind]): Act => ({ act: 'till', each: { ...each, kind, scheme } })),
  },
)

/** All is about the first holder, unless something else is said. */
function of(scheme: (typeof carrying)[number]) {
  const funds = asks('fund', { which: 4, size: 'small', scheme })
  /** For one period, to be presented for so many hours after half a day of selling. */
  const order = (whom: 0 | 1, hours: 0 | 6 | 96): Part =>
    asks('policy', { whom, which: hours === 0 ? 0 : hours === 6 ? 4 : 8, size: 'small', scheme })
  const sells = (who: 0 | 1, size: TillStep['size'] = 'all'): Part =>
    at(who, 'sell', { whom: 2, which: 2, size, scheme })
  const online = (who: 0 | 1, size: TillStep['size'] = 'all'): Part =>
    at(who, 'sell_online', { whom: 2, which: 2, size, scheme })
  /** Of the newest lease, or of the one before. */
  const surrenders = (which: 'newest' | 'before'): Part =>
    at(0, 'surrender', { whom: which === 'newest' ? 2 : 1, which: 2, scheme })
  const handsOver = (who: 0 | 1): Part => at(who, 'hand_over', { which: 1, size: 'all' })
  const handsOverLast = at(0, 'hand_over', { which: 1, size: 'single' })
  const handsOverTurned = at(0, 'hand_over', { which: 4, size: 'all' })
  const nextVersion = asks('scheme', { whom: 1, scheme })
  const given = (hours: 0 | 6 | 96): readonly Part[] => [funds, order(0, hours), at(0, 'fetch')]
  return [
    // The lease is over when the next period begins, and what is left is sold in it.
    scene(
      ...given(0),
      sells(0, 'half'),
      handsOver(0),
      wait(2 * dayMs, 3 * dayMs),
      funds,
      at(0, 'fetch'),
      sells(0),
      sells(0, 'room'),
      sells(0, 'half'),
      handsOver(0),
      perhaps(at(0, 'refund_tender', { which: 2, whom: 1, size: 'small' })),
      perhaps(reversesLast(0)),
      handsOver(0),
      online(0, 'half'),
    ),
    // The till still holds what is over, and gives it up.
    scene(
      ...given(96),
      perhaps(sells(0, 'half')),
      wait(2 * dayMs),
      funds,
      at(0, 'fetch'),
      surrenders('before'),
      handsOver(0),
      perhaps(at(0, 'fetch')),
      sells(0),
      sells(0, 'room'),
      handsOver(0),
      wait(3 * dayMs),
      online(1, 'room'),
    ),
    // A sale comes after the surrender that it stands before, and takes back what had passed on to its till.
    scene(
      ...given(96),
      sells(0),
      surrenders('newest'),
      wait(2 * dayMs),
      funds,
      at(0, 'fetch'),
      perhaps(sells(0, 'half')),
      handsOverTurned,
    ),
    // Or does not, since it was spent; until that comes back.
    scene(
      ...given(96),
      sells(0),
      perhaps(sells(0, 'half')),
      surrenders('newest'),
      handsOverLast,
      wait(2 * dayMs),
      funds,
      online(1, 'room'),
      online(1),
      online(1, 'half'),
      handsOver(0),
      at(1, 'reverse_tender', { whom: 0, which: 1 }),
      handsOver(1),
      perhaps(spendsAll(1)),
      at(1, 'reverse_tender', { whom: 0, which: 1 }),
      handsOver(1),
      asks('appeal'),
      asks('decide', { which: 1 }),
    ),
    // Or since another till may have sold it.
    scene(
      ...given(96),
      sells(0),
      surrenders('newest'),
      handsOverLast,
      wait(2 * dayMs),
      funds,
      order(1, 0),
      at(1, 'fetch'),
      handsOver(0),
      perhaps(at(1, 'sell', { whom: 2, which: 2, size: 'room', scheme })),
      wait(13 * hourMs),
      asks('closing'),
      handsOver(1),
    ),
    // What comes late takes back what its till cannot know of.
    scene(
      wait(dayMs),
      ...given(6),
      sells(0, 'half'),
      wait(13 * hourMs),
      funds,
      at(0, 'fetch'),
      wait(6 * hourMs),
      asks('closing'),
      perhaps(at(0, 'fetch')),
      handsOver(0),
      sells(0),
      handsOver(0),
    ),
    // A part of it has passed on since its till was told of the rest, which it may have sold.
    ...(scheme === 'milk'
      ? [
          scene(
            wait(dayMs),
            ...given(6),
            sells(0, 'small'),
            handsOver(0),
            sells(0),
            wait(13 * hourMs),
            funds,
            at(0, 'fetch'),
            wait(6 * hourMs),
            asks('closing'),
            at(0, 'fetch'),
            at(0, 'reverse_tender', { whom: 1, which: 1 }),
            handsOverLast,
            online(1, 'half'),
            handsOver(0),
            sells(0, 'room'),
            handsOver(0),
          ),
        ]
      : []),
    // And what lapsed first.
    scene(
      ...given(0),
      sells(0, 'small'),
      wait(2 * dayMs),
      online(1, 'half'),
      handsOver(0),
      at(0, 'reverse_tender', { whom: 0, which: 1 }),
      handsOver(0),
      online(1, 'half'),
    ),
    scene(...given(0), sells(0), wait(2 * dayMs), at(0, 'fetch'), handsOver(0)),
    // Nobody needed the former slot, nor all of this one.
    scene(funds, wait(2 * dayMs), online(0, 'room'), wait(3 * dayMs), online(1, 'room'), wait(3 * dayMs), online(0)),
    // A sale of the former period goes back when its rest has passed on.
    scene(
      funds,
      online(0),
      wait(2 * dayMs),
      online(0, 'half'),
      at(0, 'reverse_tender', { whom: 1, which: 1 }),
      handsOver(0),
      online(0, 'room'),
      online(0),
    ),
    // The scheme did not carry over when the period ended, and does again.
    scene(
      funds,
      nextVersion,
      nextVersion,
      wait(2 * dayMs),
      online(0, 'half'),
      nextVersion,
      nextVersion,
      online(0, 'room'),
      wait(3 * dayMs),
      online(0, 'room'),
    ),
  ] as const
}

export const carryingScenes = carrying.flatMap((scheme) => of(scheme))

/** Stories of these schemes in which these never meet would prove little. */
export const hasToMeetOfCarrying = [
  'an amount passes on',
  'payments pass on',
  'an allowance passes on to a till',
  'a slot passes on whole',
  'an allowance passes on from a slot to which one had passed on',
  'more of a slot passes on',
  'a part of an allowance lapses',
  'nothing passes on while a till holds the former slot',
  'what had lapsed before its scheme carried over stays lapsed',
  'what had passed on comes back',
  'what had passed on comes back from a till',
  'what had passed on is spent',
  'nothing comes back from another till',
  'nothing comes back from its till for a late sale',
  'nothing comes back of what its till was told, though more has passed on since',
  'what lapsed of a slot pays a sale that comes later',
  'a sale of the former period is paid after all',
]
