/**
 * Scenes of stories: acts that often follow each other. A scene fixes kinds and who it is about; all else is drawn, and
 * other acts may come in between by the next scene.
 */
import fc from 'fast-check'
import type { Act } from './acts.ts'
import { step, type Kind, type Step } from './requests.ts'
import { dayMs, hourMs, minuteMs } from './state.ts'
import { tillStep, type TillKind, type TillStep } from './till.ts'
import { owners } from './world.ts'

/** About whom a scene is. */
interface About {
  readonly who: number
  readonly whom: number
}
export type Part = fc.Arbitrary<(about: About) => Act>

export const asks = (kind: Kind, more: Partial<Step> = {}): Part =>
  step.map((each) => (about) => ({ act: 'ask', each: { ...each, stray: 9, ...about, ...more, kind } }))
export const till = (kind: TillKind, more: Partial<TillStep> = {}): Part =>
  tillStep.map((each) => (about) => ({ act: 'till', each: { ...each, stray: 9, who: about.who, ...more, kind } }))
export const wait = (...ms: readonly number[]): Part =>
  fc.constantFrom(...ms).map((of) => () => ({ act: 'wait', ms: of }))
const batch = (...kinds: readonly Kind[]): Part =>
  fc.tuple(...kinds.map(() => step)).map((steps) => ({ who, whom }) => ({
    act: 'batch',
    // A bank does it for its client.
    steps: steps.map((each, index) => ({ ...each, stray: 9, who, whom, which: 3, kind: kinds[index] ?? each.kind })),
  }))
/** Or nothing. */
export const perhaps = (part: Part): Part =>
  fc.oneof(
    part,
    part,
    fc.constant(() => ({ act: 'wait' as const, ms: 1 })),
  )

export const scene = (...parts: readonly Part[]): fc.Arbitrary<readonly Act[]> =>
  fc
    .record({ about: fc.record({ who: fc.nat(999), whom: fc.nat(999) }), parts: fc.tuple(...parts) })
    .map(({ about, parts: drawn }) => drawn.map((part) => part(about)))

const spends = asks('merchant_spends', { size: 'all' })
const handsOver = till('hand_over')
/** The first till holds lunches, the second groceries; of whom there are two. An odd card waits for the next. */
export const sells = (at: 0 | 1, holder: 0 | 1, more: Partial<TillStep> = {}): Part =>
  till('sell', { who: at, which: at + 2, whom: holder === 0 ? 2 : 1, ...more })
/** The third holder buys groceries, comes into the household of the first, and goes. */
const thirdSells = till('sell', { who: 1, which: 3, whom: 13, size: 'small' })
const thirdJoins = asks('join', { who: 1, whom: 1, which: 0 })
const thirdLeaves = asks('leave', { who: 1, whom: 1 })
export const at = (who: 0 | 1, kind: TillKind, more: Partial<TillStep> = {}): Part => till(kind, { who, ...more })
export const spendsAll = (who: number): Part => asks('merchant_spends', { who, size: 'all' })
export const reversesLast = (who: number): Part => till('reverse_tender', { who, whom: 0, which: 1 })
const shown = [till('ask_qr'), asks('pay_qr'), till('capture'), handsOver] as const
/** A person pays by QR what that person can. */
export const shownTo = (person: number): readonly Part[] => [
  till('ask_qr', { who: person, whom: person, size: 'small' }),
  asks('pay_qr', { who: person, whom: 0, which: 5 }),
]
/** To the last that a day allows. */
const reachesLimit = (person: number): readonly Part[] =>
  [0, 0, 0].map(() => asks('direct', { who: person, size: 'room' }))
/** Two sales on one slot, the first of which is taken back. */
const firstOfTwoGoes = (more: Partial<TillStep> = {}): readonly Part[] => [
  at(0, 'fetch'),
  sells(0, 0, more),
  sells(0, 0, more),
  at(0, 'hand_over'),
  at(0, 'reverse_tender', { whom: 1, which: 1 }),
  at(0, 'hand_over'),
]
/** Most of what is left of the lunches goes to the other till, for the next period. */
export const drained = [asks('closing'), asks('lease', { who: 0, whom: 1, which: 9, size: 'small' })] as const
/** The tax authority is the fifth of the entities. */
const taxSpends = asks('pay_entity', { who: 4, size: 'all' })
const personSpends = perhaps(asks('direct', { size: 'room' }))

export const scenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  // A voucher is sold, and comes back where there is little left.
  ...([0, 1] as const).flatMap((who) => [
    scene(
      at(who, 'fetch'),
      sells(who, 0, { size: 'all' }),
      at(who, 'hand_over'),
      perhaps(spendsAll(who)),
      reversesLast(who),
      at(who, 'hand_over'),
      perhaps(asks('direct', { whom: who, size: 'small' })),
      sells(who, 0),
      at(who, 'hand_over'),
    ),
    scene(
      at(who, 'fetch'),
      sells(who, 1),
      at(who, 'hand_over'),
      perhaps(spendsAll(who)),
      at(who, 'refund_tender', { size: 'small', which: 2, whom: 1 }),
      at(who, 'hand_over'),
      asks('direct', { whom: who, size: 'small' }),
      perhaps(spendsAll(who)),
      perhaps(wait(3 * dayMs)),
      at(who, 'refund_tender'),
      at(who, 'hand_over'),
    ),
    // What came late.
    scene(
      at(who, 'fetch'),
      sells(who, 0),
      wait(13 * hourMs, dayMs, 5 * dayMs, 6 * dayMs),
      perhaps(asks('lease')),
      at(who, 'hand_over'),
      asks('appeal'),
      asks('decide', { which: 1 }),
      perhaps(reversesLast(who)),
      at(who, 'hand_over'),
    ),
    // Or after its till gave the slot up, in whatever order.
    scene(
      at(who, 'fetch'),
      sells(who, 0),
      at(who, 'surrender', { whom: 1 }),
      perhaps(asks('fund', { who })),
      at(who, 'hand_over', { which: 4 }),
    ),
  ]),
  // Two lunches on one slot.
  scene(
    at(0, 'fetch'),
    sells(0, 0),
    sells(0, 0),
    at(0, 'hand_over'),
    asks('appeal'),
    asks('decide', { which: 1 }),
    perhaps(spendsAll(0)),
    perhaps(at(0, 'refund_tender', { whom: 0, which: 5, size: 'small' })),
    perhaps(reversesLast(0)),
    at(0, 'hand_over'),
  ),
  scene(...firstOfTwoGoes()),
  // The merchant owes for one of them, its agency has nothing, and money comes.
  scene(
    at(0, 'fetch'),
    sells(0, 0, { size: 'all' }),
    sells(0, 0, { size: 'all' }),
    at(0, 'hand_over'),
    asks('lease', { who: 0, whom: 1, which: 2, size: 'small' }),
    asks('lease', { who: 0, whom: 1, which: 19, size: 'small' }),
    spendsAll(0),
    at(0, 'reverse_tender', { whom: 1, which: 1 }),
    at(0, 'hand_over'),
    asks('direct', { whom: 0, size: 'half' }),
    perhaps(asks('fund', { who: 0 })),
  ),
  // A household buys, and who buys comes and goes.
  scene(thirdJoins, at(1, 'fetch'), sells(1, 0), thirdSells, perhaps(sells(1, 0)), at(1, 'hand_over')),
  scene(thirdJoins, at(1, 'fetch'), thirdSells, thirdLeaves, at(1, 'hand_over'), perhaps(thirdJoins), at(1, 'fetch')),
  scene(
    thirdJoins,
    at(1, 'fetch'),
    thirdLeaves,
    thirdSells,
    perhaps(thirdJoins),
    at(1, 'hand_over'),
    at(1, 'fetch'),
    till('sell_online', { who: 1, which: 3, whom: 13 }),
    at(1, 'hand_over'),
  ),
  scene(
    thirdJoins,
    at(1, 'fetch'),
    thirdLeaves,
    wait(dayMs + 1),
    till('sell_online', { who: 1, which: 3, whom: 13, size: 'half' }),
    at(1, 'hand_over'),
  ),
  scene(
    till('fetch'),
    asks('scheme'),
    till('sell_online'),
    wait(dayMs + 1),
    till('sell_online', { size: 'half' }),
    handsOver,
  ),
  // A payment by QR, by who may spend no more, back from a merchant who has nothing.
  scene(...shown, personSpends, perhaps(spends), till('reverse_tender'), handsOver, ...shown),
  scene(...shown, personSpends, till('refund_tender'), handsOver, perhaps(spends), till('refund_tender'), handsOver),
  ...[0, 2, 3].map((person) =>
    scene(
      ...shownTo(person),
      till('capture', { who: person }),
      till('hand_over', { who: person }),
      ...reachesLimit(person),
      perhaps(asks('merchant_spends', { who: person, size: 'all' })),
      till('reverse_tender', { who: person, whom: 0, which: 1 }),
      till('hand_over', { who: person }),
    ),
  ),
  ...[0, 2].map((person) =>
    scene(
      ...shownTo(person),
      wait(14 * dayMs, 15 * dayMs),
      ...reachesLimit(person),
      till('reverse_tender', { who: person, whom: 0, which: 1 }),
      till('hand_over', { who: person }),
    ),
  ),
  ...[0, 2].map((person) =>
    scene(
      ...shownTo(person),
      wait(14 * dayMs + hourMs),
      till('capture', { who: person, which: 1, whom: 0 }),
      till('hand_over', { who: person }),
    ),
  ),
  scene(
    till('ask_qr'),
    asks('pay_qr'),
    personSpends,
    wait(14 * dayMs, 15 * dayMs),
    till('capture'),
    till('reverse_tender'),
    handsOver,
  ),
  ...[0, 2, 3].map((person) =>
    scene(
      ...shownTo(person),
      ...reachesLimit(person),
      till('capture', { who: person, whom: 0, which: 1 }),
      till('hand_over', { who: person }),
      till('refund_tender', { who: person, whom: 0, which: 2, size: 'small' }),
      till('hand_over', { who: person }),
    ),
  ),
  scene(
    asks('cash_out', { stray: 2, whom: 1 }),
    asks('tier', { who: 1, which: 0, whom: 1 }),
    till('inquire'),
    fc.nat(3).map((which) => () => ({ act: 'again' as const, which, changed: 1 })),
  ),
  // An agency has nothing left, a sale waits for it, and another one comes back.
  scene(
    at(0, 'fetch'),
    sells(0, 0, { size: 'half' }),
    at(0, 'hand_over'),
    sells(0, 1, { size: 'all' }),
    wait(13 * hourMs),
    // What is still the scheme's goes to the other till, for the next period.
    asks('lease', { who: 0, whom: 1, which: 2, size: 'small' }),
    asks('lease', { who: 0, whom: 1, which: 19, size: 'small' }),
    at(0, 'hand_over'),
    perhaps(spendsAll(0)),
    at(0, 'reverse_tender', { whom: 1, which: 1 }),
    at(0, 'hand_over'),
    perhaps(asks('fund', { who: 0 })),
  ),
  // An id is disowned, and comes.
  scene(
    till('reverse_tender', { stray: 0 }),
    handsOver,
    till('fetch'),
    till('sell', { stray: 4 }),
    till('sell_online', { stray: 4 }),
    handsOver,
  ),
  scene(
    asks('reverse', { stray: 9, whom: 5, which: 5 }),
    asks('merchant_spends', { who: 0, stray: 4, size: 'half' }),
    asks('merchant_spends', { who: 0, size: 'half' }),
  ),
  scene(
    asks('reverse', { stray: 9, whom: 9, which: 5 }),
    asks('direct', { who: 0, which: 1, stray: 4, size: 'small' }),
  ),
  // What rules give and take.
  scene(
    asks('direct', { whom: 0, size: 'small' }),
    asks('direct', { whom: 0, size: 'tenth' }),
    perhaps(taxSpends),
    asks('direct_refund', { whom: 0, which: 3 }),
    perhaps(asks('person', { size: 'all' })),
    asks('direct_refund', { whom: 1 }),
    asks('direct', { whom: 0 }),
  ),
  // Up to what a bank gives in a period.
  ...[1, 3].map((who) =>
    scene(
      ...[0, 0, 0, 0].map(() => asks('direct', { who, whom: who, size: 'tenth' })),
      asks('direct_refund', { whom: 0 }),
    ),
  ),
  // And it is owed by who has nothing left, until the next.
  scene(
    ...shownTo(1),
    at(1, 'capture'),
    at(1, 'hand_over'),
    spendsAll(1),
    asks('pay_government', { who: 1, whom: 0, size: 'room' }),
    asks('pay_government', { who: 1, whom: 0, size: 'all' }),
    reversesLast(1),
    at(1, 'hand_over'),
    perhaps(asks('sell_person', { who: 1, size: 'tenth' })),
    asks('direct', { who: 1, whom: 1, size: 'small' }),
  ),
  scene(batch('direct', 'redeem', 'direct'), asks('issue'), asks('direct')),
  scene(batch('redeem', 'direct', 'cash_out', 'tier')),
  // A key goes, and is used.
  ...[0, 3_600].map((grace) =>
    scene(
      asks('cash_in', { who: 1 }),
      fc.constant(() => ({ act: 'key' as const, who: 3, grace, again: true })),
      fc.constant(() => ({ act: 'again' as const, which: 0, changed: 2 })),
    ),
  ),
  // People pay each other, to the limit, and to and fro.
  scene(
    asks('person', { size: 'room' }),
    asks('person', { size: 'single' }),
    asks('person', { size: 'one' }),
    asks('tier'),
  ),
  scene(asks('sell_person', { size: 'fill' }), asks('refund'), asks('reverse'), asks('person')),
  ...[0, 1].map((who) =>
    scene(
      asks('pay_government', { who, whom: 0, size: 'room', which: 1 }),
      asks('sell_person', { who, size: 'fill' }),
      asks('reverse', { whom: 0, which: 1 }),
      asks('cash_in', { who, size: 'one' }),
    ),
  ),
  scene(
    asks('person', { who: 1, whom: 2, size: 'single', which: 0 }),
    asks('cash_out', { who: 2, size: 'single' }),
    asks('person', { who: 2, whom: 1, size: 'small', which: 1 }),
  ),
  scene(...[0, 1, 0, 1].map((turn) => asks('person', { who: 1 + turn, whom: 2 - turn, size: 'small', which: 0 }))),
  scene(...[0, 1, 2].map(() => asks('person', { size: 'single' }))),
  // Two agencies name one whom nobody has named, and make the same card; the newest card is blocked by either.
  ...([0, 1] as const).map((first) =>
    scene(
      perhaps(asks('entitle', { who: first, whom: 1, which: 0 })),
      asks('card', { who: 1 - first, whom: 3, which: 3 }),
      asks('card', { who: first, whom: 3, which: 3 }),
      perhaps(asks('entitle', { who: 1 - first, whom: 1, which: 0 })),
      asks('block', { who: 1 - first, whom: 3 }),
      asks('block', { who: first, whom: 3 }),
    ),
  ),
]

/** When its first lease, which ends at once, is over, the first till gets one that is paid for four days. */
const promisedForDays = [asks('policy', { who: 0, whom: 0, which: 5 }), wait(13 * hourMs), at(0, 'fetch')] as const
/** The first agency pays the second. */
const paysSocial = asks('pay_entity', { who: 0, whom: 0, size: 'small' })

/**
 * Each a story of its own, before which nothing has happened, so that it comes out: faults that were planted
 * (`npm run ledger-faults`) had not been met by chance.
 */
export const aloneScenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  scene(
    paysSocial,
    fc.constant(() => ({ act: 'again' as const, which: 0, changed: 1 })),
  ),
  // Another one asks under the same id, with the same terms.
  scene(
    paysSocial,
    fc.constant(() => ({ act: 'again' as const, which: owners.indexOf('social'), changed: 3 })),
  ),
  // What was paid comes back in parts, and then what is left of it.
  scene(
    paysSocial,
    asks('refund', { whom: 0, which: 1, size: 'half' }),
    asks('refund', { whom: 0, which: 1, size: 'above' }),
    asks('refund', { whom: 0, which: 1, size: 'half' }),
    asks('reverse', { whom: 0, which: 1 }),
    asks('refund', { whom: 0, which: 1 }),
  ),
  // To the last moment of its day, and after it: each act takes a millisecond.
  scene(paysSocial, wait(dayMs - 2), asks('reverse', { whom: 0, which: 1 })),
  scene(paysSocial, wait(dayMs - 1), asks('reverse', { whom: 0, which: 1 })),
  scene(...firstOfTwoGoes({ size: 'small' })),
  scene(
    at(0, 'fetch'),
    sells(0, 0, { size: 'all' }),
    sells(0, 1, { size: 'all' }),
    wait(6 * dayMs),
    at(0, 'hand_over'),
  ),
  scene(at(0, 'fetch'), at(0, 'surrender', { whom: 0 }), sells(0, 0), at(0, 'hand_over', { which: 1 })),
  // Late for selling, in time for presenting; judged again when the lease is closed.
  scene(
    ...promisedForDays,
    sells(0, 0, { size: 'small' }),
    sells(0, 0, { size: 'small' }),
    wait(13 * hourMs),
    at(0, 'hand_over'),
    wait(6 * dayMs),
    asks('closing'),
    at(0, 'reverse_tender', { whom: 1, which: 1 }),
    at(0, 'hand_over'),
  ),
  // A lease that was promised for long goes on in one that is short.
  scene(
    ...promisedForDays,
    sells(0, 0),
    asks('policy', { who: 0, whom: 0, which: 9 }),
    wait(11 * hourMs),
    at(0, 'fetch'),
    wait(2 * dayMs),
    asks('closing'),
    at(0, 'hand_over'),
  ),
  scene(
    at(0, 'fetch'),
    sells(0, 0, { size: 'all' }),
    at(0, 'hand_over'),
    spendsAll(0),
    reversesLast(0),
    at(0, 'hand_over'),
    sells(0, 1, { size: 'small' }),
    at(0, 'hand_over'),
  ),
  scene(
    at(1, 'fetch'),
    sells(1, 1, { size: 'half' }),
    at(1, 'hand_over'),
    wait(3 * dayMs),
    at(1, 'refund_tender', { size: 'small', which: 2, whom: 0 }),
    at(1, 'hand_over'),
  ),
  scene(
    till('ask_qr', { who: 1, whom: 1, size: 'small' }),
    wait(6 * minuteMs),
    asks('pay_qr', { who: 1, whom: 0, which: 5 }),
  ),
  scene(
    ...shownTo(1),
    at(1, 'capture', { which: 1, whom: 0 }),
    at(1, 'hand_over'),
    at(1, 'refund_tender', { whom: 0, which: 2, size: 'small' }),
    at(1, 'hand_over'),
    reversesLast(1),
    at(1, 'hand_over'),
  ),
  // Of the two people with forty and fifty million the first has less than a day allows, the second more.
  scene(
    ...shownTo(1),
    asks('direct', { who: 1, size: 'single' }),
    asks('pay_government', { who: 1, whom: 0, size: 'above', which: 1 }),
  ),
  scene(asks('card', { who: 0, whom: 3, which: 3 })),
  // The tax authority has nothing left when goods come back.
  scene(asks('direct', { whom: 0, size: 'small' }), taxSpends, asks('direct_refund', { whom: 0, which: 3 })),
  scene(...reachesLimit(2), wait(13 * hourMs), asks('direct', { who: 2, size: 'one' })),
  scene(asks('pay_person', { whom: 2, size: 'small' }), asks('refund', { whom: 0, which: 3 }), ...reachesLimit(2)),
  scene(
    ...[0, 1, 2, 3, 4].flatMap(() => [
      asks('cash_in', { who: 0, size: 'fill' }),
      ...reachesLimit(0).slice(1),
      wait(dayMs + 1),
    ]),
    asks('direct', { who: 0, size: 'one' }),
  ),
  scene(
    asks('person', { who: 2, whom: 3, size: 'single', which: 0 }),
    asks('person', { who: 2, whom: 3, size: 'single', which: 0 }),
    asks('person', { who: 3, whom: 2, size: 'fill', which: 0 }),
    wait(dayMs + 1),
    asks('person', { who: 2, whom: 3, size: 'single', which: 0 }),
  ),
  // Three large sums within a week, one of them in cash.
  scene(
    asks('cash_out', { who: 2, size: 'single' }),
    asks('person', { who: 2, whom: 3, size: 'single', which: 0 }),
    asks('person', { who: 3, whom: 2, size: 'fill', which: 0 }),
    wait(dayMs + 1),
    asks('person', { who: 2, whom: 3, size: 'single', which: 0 }),
  ),
]
