/** Scenes of one person with accounts at two banks: Dana has one limit of a day, of a month and of what is held. */
import type fc from 'fast-check'
import type { Act } from './acts.ts'
import { asks, scene, till, wait } from './scenes.ts'
import { dayMs } from './state.ts'

const [first, second, richest] = [2, 4, 3]
const buys = (who: number, size: 'one' | 'room' | 'single' | 'beyond') => asks('direct', { who, size })
const getsAsMuchAsAllowed = (who: number) => asks('pay_person', { who: 0, whom: who, size: 'fill' })
const isKnown = (who: number, tier: 0 | 1 | 2) => asks('tier', { who, which: tier, whom: 1 })

export const personScenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  // A day's limit, spent from both; then from one that another bank knows better.
  scene(
    buys(first, 'single'),
    buys(second, 'single'),
    buys(second, 'one'),
    buys(first, 'one'),
    asks('person', { who: second, whom: richest, size: 'one', which: 0 }),
    asks('cash_out', { who: first, size: 'one' }),
    isKnown(first, 2),
    buys(first, 'one'),
    buys(second, 'one'),
    isKnown(first, 1),
    buys(second, 'one'),
    wait(dayMs),
    buys(second, 'one'),
  ),
  // What is set aside of the one is spent for the other.
  scene(
    buys(first, 'single'),
    till('ask_qr', { who: 1, whom: first, size: 'single' }),
    asks('pay_qr', { who: first, whom: 0, which: 5 }),
    buys(second, 'one'),
  ),
  // What is set aside does not leave by the bank either.
  scene(
    till('ask_qr', { who: 1, whom: first, size: 'small' }),
    asks('pay_qr', { who: first, whom: 0, which: 5 }),
    asks('buy_person', { who: first, size: 'above' }),
    asks('cash_out', { who: first, size: 'above' }),
  ),
  // A month's.
  scene(
    ...[0, 1, 2, 3, 4].flatMap(() => [
      asks('cash_in', { who: first, size: 'fill' }),
      buys(first, 'single'),
      buys(second, 'single'),
      asks('person', { who: first, whom: second, size: 'single', which: 0 }),
      wait(dayMs + 1),
    ]),
    buys(second, 'one'),
    buys(first, 'room'),
    buys(second, 'one'),
  ),
  // Both hold what one may; what is hers moves between them all the same.
  scene(
    asks('sell_person', { who: first, size: 'fill' }),
    asks('sell_person', { who: second, size: 'one' }),
    asks('cash_in', { who: second, size: 'one' }),
    getsAsMuchAsAllowed(second),
    asks('person', { who: richest, whom: second, size: 'one', which: 0 }),
    asks('person', { who: first, whom: second, size: 'small', which: 0 }),
    isKnown(second, 2),
    asks('cash_in', { who: second, size: 'one' }),
    asks('cash_in', { who: first, size: 'one' }),
  ),
  // Structuring, in three payments from two accounts, named once; what she moves to herself is none.
  scene(
    asks('person', { who: first, whom: richest, size: 'single', which: 0 }),
    asks('person', { who: second, whom: richest, size: 'single', which: 0 }),
    wait(dayMs),
    asks('person', { who: richest, whom: second, size: 'fill', which: 0 }),
    asks('person', { who: second, whom: first, size: 'single', which: 0 }),
    wait(dayMs),
    asks('person', { who: second, whom: richest, size: 'single', which: 0 }),
    asks('person', { who: first, whom: richest, size: 'single', which: 0 }),
  ),
  // What is near the limit of an account that is less known is not near that of one that is known well.
  scene(
    asks('person', { who: second, whom: richest, size: 'single', which: 0 }),
    asks('person', { who: richest, whom: second, size: 'fill', which: 0 }),
    wait(dayMs),
    asks('person', { who: second, whom: richest, size: 'single', which: 0 }),
    isKnown(second, 2),
    asks('person', { who: first, whom: richest, size: 'single', which: 0 }),
    isKnown(second, 1),
    wait(dayMs),
    asks('person', { who: second, whom: richest, size: 'single', which: 0 }),
  ),
  // There is room for one of two sums that come at once: a tenth of what she paid came back.
  scene(
    asks('sell_person', { who: first, size: 'fill' }),
    asks('direct', { who: first, size: 'small', which: 13 }),
    asks('pay_out', { who: 0, size: 'small', which: 9 }),
  ),
]

/** Stories in which these never meet would prove little. */
export const hasToMeetOfPeople = [
  'a person’s daily limit over two accounts',
  'a person’s monthly limit over two accounts',
  'a person’s balance limit over two accounts',
  'who may hold no more moves what they have',
  'an alert over two accounts',
]
