/** What is done with pools in stories: single acts, and scenes in which they follow each other. */
import fc from 'fast-check'
import type { Act } from './acts.ts'
import { sums } from './orders.ts'
import { step, type Kind, type Step } from './requests.ts'
import { asks, at, perhaps, reversesLast, scene, spendsAll, wait, type Part } from './scenes.ts'
import { dayMs, hourMs } from './state.ts'
import { tillStep, type TillKind, type TillStep } from './till.ts'

const scheme = 'meals'
const agencyKinds: readonly Kind[] = ['fund', 'fund', 'policy', 'policy', 'policy', 'scheme', 'lease', 'join', 'leave']
const tillKinds: readonly TillKind[] = [
  'fetch',
  'fetch',
  'sell',
  'sell',
  'sell',
  'sell',
  'sell',
  'sell_online',
  'sell_online',
  'surrender',
  'hand_over',
  'hand_over',
]
/** About pools, whatever is drawn. */
export const poolActs: fc.Arbitrary<Act> = fc.oneof(
  { weight: 1, arbitrary: ofPool(step, agencyKinds).map((each): Act => ({ act: 'ask', each })) },
  { weight: 3, arbitrary: ofPool(tillStep, tillKinds).map((each): Act => ({ act: 'till', each })) },
)

function ofPool<One extends object, Kind_ extends string>(each: fc.Arbitrary<One>, kinds: readonly Kind_[]) {
  return fc.tuple(each, fc.constantFrom(...kinds)).map(([one, kind]) => ({ ...one, kind, scheme }) as const)
}

/** The order for a till, of a sum, for both beneficiaries; after the sale there are so many hours to present it. */
const order = (whom: 0 | 1, sum: (typeof sums)[number], hours: 0 | 6 | 96, more: Partial<Step> = {}): Part => {
  const which = [1, 5, 9].find((one) => [0, 6, 96][one % 3] === hours) ?? 1
  return asks('policy', { whom, which: 12 * sums.indexOf(sum) + which, size: 'small', scheme, ...more })
}
const funds = (more: Partial<Step> = {}): Part => asks('fund', { size: 'small', scheme, ...more })
export const sells = (who: 0 | 1, holder: 0 | 1, more: Partial<TillStep> = {}): Part =>
  at(who, 'sell', { whom: holder === 0 ? 2 : 1, which: 2, scheme, ...more })
/** Which of the till counts nothing of what it sold before. */
const sellsAgain = (who: 0 | 1, holder: 0 | 1, more: Partial<TillStep> = {}): Part =>
  sells(who, holder, { which: 8, ...more })
export const given = (who: 0 | 1, sum: (typeof sums)[number], hours: 0 | 6 | 96 = 96): readonly Part[] => [
  funds({ which: 4 }),
  order(who, sum, hours),
  at(who, 'fetch'),
]

export const poolScenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  // Two tills without network pay one beneficiary, who comes again.
  scene(
    ...given(0, 200_000n),
    ...given(1, 200_000n),
    sells(0, 0, { size: 'all' }),
    sells(1, 0, { size: 'all' }),
    sells(1, 0),
    at(0, 'hand_over'),
    at(1, 'hand_over'),
    at(0, 'fetch'),
    at(0, 'sell_online', { whom: 2, scheme }),
    perhaps(reversesLast(1)),
    at(1, 'hand_over'),
  ),
  // Of one who lies or was copied, more comes than its sum.
  scene(
    ...given(0, 90_000n),
    sells(0, 0, { size: 'half' }),
    sellsAgain(0, 1, { size: 'half' }),
    sellsAgain(0, 1, { size: 'half' }),
    at(0, 'hand_over'),
    perhaps(at(0, 'fetch')),
    asks('appeal'),
    asks('decide', { which: 1 }),
    perhaps(spendsAll(0)),
    perhaps(reversesLast(0)),
    at(0, 'hand_over'),
  ),
  // What is counted is never too much, and is filled up.
  ...([0, 1] as const).map((who) =>
    scene(
      ...given(who, 200_000n),
      sells(who, 0, { size: 'half' }),
      sells(who, 1),
      perhaps(at(who, 'hand_over')),
      wait(hourMs, 7 * hourMs),
      at(who, 'fetch'),
      sells(who, 1, { size: 'all' }),
      at(who, 'hand_over', { which: 4 }),
      at(who, 'refund_tender', { which: 2, whom: 1, size: 'small' }),
      at(who, 'hand_over'),
    ),
  ),
  // The agency ends it, changes it, lets it run out.
  ...([0n, 20_000n, 90_000n] as const).map((sum) =>
    scene(
      ...given(0, 200_000n, 6),
      sells(0, 0, { size: 'half' }),
      order(0, sum, 0),
      at(0, 'fetch'),
      sells(0, 1, { size: 'half' }),
      wait(7 * hourMs, 13 * hourMs, dayMs),
      at(0, 'fetch'),
      at(0, 'hand_over'),
      perhaps(asks('closing')),
      asks('appeal'),
      asks('decide', { which: 1 }),
    ),
  ),
  // Somebody is not on the list any more, and is again.
  scene(
    ...given(1, 200_000n),
    order(1, 200_000n, 96, { which: 8 }),
    sells(1, 1),
    at(1, 'fetch'),
    sells(1, 1),
    order(1, 200_000n, 96, { size: 'room' }),
    at(1, 'fetch'),
    sells(1, 1),
    at(1, 'hand_over'),
  ),
  scene(
    ...given(0, 200_000n),
    sells(0, 0),
    asks('leave', { whom: 0, which: 0, scheme }),
    perhaps(wait(dayMs + 1)),
    sells(0, 0),
    at(0, 'fetch'),
    sells(0, 0),
    at(0, 'hand_over'),
  ),
  // Its scheme is suspended, its card blocked.
  scene(
    ...given(0, 200_000n),
    asks('scheme', { whom: 1, scheme }),
    sells(0, 0, { size: 'half' }),
    perhaps(wait(dayMs + 1)),
    sells(0, 1, { size: 'half' }),
    at(0, 'hand_over'),
    at(0, 'fetch'),
  ),
  scene(
    ...given(0, 200_000n),
    asks('block', { who: 0, whom: 0 }),
    sells(0, 0, { size: 'half' }),
    perhaps(wait(dayMs + 1)),
    sells(0, 0),
    at(0, 'hand_over'),
    at(0, 'fetch'),
  ),
  // All of the scheme's money is in the pool.
  scene(
    ...given(1, 1_000_000n),
    at(1, 'sell_online', { whom: 2, which: 2, scheme, size: 'half' }),
    perhaps(sells(1, 0, { size: 'half' })),
    at(1, 'hand_over'),
    perhaps(funds()),
    at(1, 'fetch'),
  ),
]

/** Stories of pools in which these never meet would prove little. */
export const hasToMeetOfPools = [
  'a pool is opened',
  'a pool is lengthened',
  'a pool that was over for selling is lengthened',
  'a pool is filled up',
  'a pool is filled as far as the money of its scheme goes',
  'no pool is opened without money',
  'no pool is opened for nobody',
  'a pool knows somebody no more',
  'a pool has paid out its sum',
  'a pool pays more than a slot has left',
  'a pool pays where a slot has no use left',
  'a pool pays what its scheme could not',
  'a pool pays for a card that is blocked since',
  'a pool pays when its scheme is suspended',
  'a sale from a pool comes too late',
  'a sale from a pool takes back what had passed on',
]

/** Each a story of its own. */
export const poolAloneScenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  // Late for presenting: the first of two, which its agency bears, uses what the second would have.
  scene(
    ...given(0, 200_000n, 0),
    sells(0, 0, { size: 'all' }),
    sells(0, 1, { size: 'half' }),
    wait(13 * hourMs),
    at(0, 'hand_over'),
    reversesLast(0),
    at(0, 'hand_over'),
  ),
  // A slot that both have used, and one more.
  scene(
    ...given(0, 200_000n),
    sells(0, 0, { size: 'small' }),
    sells(0, 0, { size: 'small' }),
    sellsAgain(0, 0, { size: 'small' }),
    at(0, 'hand_over'),
  ),
  // Less than half a day is left, and so little that it is given again.
  scene(
    ...given(0, 90_000n),
    wait(5 * hourMs),
    at(0, 'fetch'),
    wait(2 * hourMs),
    at(0, 'fetch'),
    wait(11 * hourMs),
    sells(0, 0),
    at(0, 'hand_over'),
  ),
  scene(
    ...given(0, 90_000n, 6),
    order(0, 90_000n, 0),
    wait(7 * hourMs),
    at(0, 'fetch'),
    sells(0, 0),
    wait(13 * hourMs),
    at(0, 'hand_over'),
    asks('closing'),
  ),
  // When the first pools are over, the first till gets all, and the second has one to sell to whose card is blocked.
  scene(order(0, 1_000_000n, 0), wait(5 * dayMs), at(0, 'fetch'), at(1, 'fetch')),
  scene(order(1, 90_000n, 0, { which: 12 + 3 }), asks('block', { who: 0, whom: 1 }), wait(5 * dayMs), at(1, 'fetch')),
  // What is left of a period passes on from a slot that no pool holds, and a sale of that period comes.
  scene(
    ...given(1, 200_000n),
    sells(1, 0, { size: 'all' }),
    wait(2 * dayMs),
    at(0, 'sell_online', { whom: 2, which: 2, scheme, size: 'half' }),
    perhaps(at(1, 'fetch')),
    at(1, 'hand_over'),
    at(1, 'fetch'),
    sells(1, 0, { size: 'all' }),
    at(1, 'hand_over'),
  ),
  // What a till gave up it has not got again.
  scene(
    ...given(0, 200_000n),
    at(0, 'surrender', { whom: 0, scheme }),
    perhaps(sells(0, 0)),
    at(0, 'hand_over'),
    at(0, 'fetch'),
    sells(0, 0),
    at(0, 'hand_over'),
  ),
  // What comes back of a pool's sale goes to the scheme, what a merchant owes of it too.
  scene(
    ...given(0, 200_000n),
    sells(0, 0, { size: 'all' }),
    at(0, 'hand_over'),
    perhaps(spendsAll(0)),
    reversesLast(0),
    at(0, 'hand_over'),
    at(0, 'sell_online', { whom: 2, which: 2, scheme, size: 'half' }),
  ),
]
