/** Scenes of cards that are issued in place of others while a till holds the allowance. */
import type fc from 'fast-check'
import type { Act } from './acts.ts'
import { asks, at, perhaps, reversesLast, scene, spendsAll, wait, type Part } from './scenes.ts'
import { dayMs, hourMs } from './state.ts'
import type { TillStep } from './till.ts'

/** Of the one an amount is lent, of the other a payment; what is not used of both passes on. */
const lending = ['milk', 'fruit'] as const

/** All is about the first holder. */
function of(scheme: (typeof lending)[number]): readonly fc.Arbitrary<readonly Act[]>[] {
  const funds = asks('fund', { which: 4, size: 'small', scheme })
  const order = (hours: 0 | 96): Part => asks('policy', { whom: 0, which: hours === 0 ? 0 : 8, size: 'small', scheme })
  const sells = (size: TillStep['size'] = 'all'): Part => at(0, 'sell', { whom: 2, which: 2, size, scheme })
  const online = (who: 0 | 1, size: TillStep['size'] = 'half'): Part =>
    at(who, 'sell_online', { whom: 2, which: 2, size, scheme })
  const surrenders = at(0, 'surrender', { whom: 2, which: 2, scheme })
  const handsOver = (who: 0 | 1): Part => at(who, 'hand_over', { which: 1, size: 'all' })
  const handsOverLast = at(0, 'hand_over', { which: 1, size: 'single' })
  const reissues = asks('reissue', { which: 0 })
  const given = (hours: 0 | 96): readonly Part[] => [funds, order(hours), at(0, 'fetch')]
  return [
    // Part of it is sold, part is lent, the till gives the rest up.
    scene(
      ...given(96),
      perhaps(sells('half')),
      perhaps(handsOver(0)),
      reissues,
      online(1),
      online(1),
      perhaps(at(0, 'fetch')),
      perhaps(sells('small')),
      surrenders,
      handsOver(0),
      online(1),
      online(0),
    ),
    // What was sold comes after what was lent has come off.
    scene(
      ...given(96),
      sells(),
      sells(),
      surrenders,
      reissues,
      online(1),
      handsOverLast,
      online(1, 'small'),
      handsOver(0),
      perhaps(spendsAll(0)),
      reversesLast(0),
      handsOver(0),
      reversesLast(1),
      handsOver(1),
    ),
    // The till has the slot again by then, under a lease that covers less.
    scene(
      ...given(0),
      sells(),
      reissues,
      online(1),
      wait(13 * hourMs),
      at(0, 'fetch'),
      handsOver(0),
      perhaps(sells('small')),
      at(0, 'reverse_tender', { whom: 0, which: 1 }),
      handsOver(0),
      wait(13 * hourMs),
      asks('closing'),
      online(1, 'small'),
    ),
    // A payment from the bridge comes back, while the till holds the slot and after that.
    ...[reversesLast(1), at(1, 'refund_tender', { whom: 2, which: 2, size: 'small' })].map((returns) =>
      scene(
        ...given(96),
        reissues,
        online(1),
        perhaps(surrenders),
        handsOver(0),
        perhaps(spendsAll(1)),
        returns,
        handsOver(1),
        surrenders,
        handsOver(0),
        online(1, 'all'),
        online(1),
      ),
    ),
    // Nothing is lent beside what no till holds, nor of what is known to be sold.
    scene(
      funds,
      online(1, 'small'),
      reissues,
      ...given(96),
      sells('room'),
      sells(),
      handsOver(0),
      reissues,
      online(1),
      online(1, 'small'),
    ),
    // The first card is lost, and the next one too.
    scene(
      ...given(96),
      asks('block', { who: 0, whom: 0 }),
      reissues,
      online(1),
      reissues,
      asks('unblock', { who: 0, whom: 0 }),
      online(1),
      at(1, 'sell_online', { whom: 2, which: 2, size: 'small', stray: 8, scheme }),
      at(0, 'fetch'),
      sells(),
      handsOver(0),
    ),
    // What was lent of a period does not pass on to the next.
    scene(
      ...given(96),
      perhaps(sells('small')),
      reissues,
      online(1),
      wait(2 * dayMs),
      funds,
      perhaps(at(0, 'fetch')),
      surrenders,
      at(0, 'surrender', { whom: 1, which: 2, scheme }),
      handsOver(0),
      online(1, 'room'),
      online(1),
    ),
    // A till holds the next slot, of which was lent, when the former one's rest passes on to it.
    scene(
      wait(dayMs),
      funds,
      asks('policy', { whom: 0, which: 4, size: 'small', scheme }),
      at(0, 'fetch'),
      sells('half'),
      wait(13 * hourMs),
      funds,
      at(0, 'fetch'),
      reissues,
      online(1),
      wait(6 * hourMs),
      asks('closing'),
      handsOver(0),
      wait(13 * hourMs),
      online(1, 'small'),
      online(0, 'room'),
    ),
  ]
}

export const bridgeScenes = lending.flatMap((scheme) => of(scheme))

/** Stories of cards that are issued anew in which these never meet would prove little. */
export const hasToMeetOfBridges = [
  'a card is issued in place of another',
  'a card that was replaced stays blocked',
  'a bridge is opened',
  'a bridge is there already',
  'a bridge pays',
  'a bridge lends no more',
  'what a bridge lent comes off its slot',
  'not all that a bridge lent comes off its slot',
  'what a bridge lent is its agency’s loss',
  'a scheme pays a sale whole, for its escrow covers less',
  'a payment from a bridge comes back',
]
