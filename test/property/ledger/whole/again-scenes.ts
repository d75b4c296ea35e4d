/** What is asked for once more, or by who may not, each a story of its own: see `lease-scenes.ts`. */
import type fc from 'fast-check'
import type { Act } from './acts.ts'
import { asks, scene } from './scenes.ts'

const publishes = asks('scheme', { who: 0, whom: 1 })
/** The version `which + 1`, in the words that it had, or where it is `stray` 1 in others. */
const publishesAgain = (which: number, stray = 9) => asks('scheme', { who: 0, whom: 5, which, stray })
/** By the other party of the last payment. */
const askOfTheOther = { whom: 0, which: 4, size: 'small' } as const

export const againScenes: readonly fc.Arbitrary<readonly Act[]>[] = [
  // A scheme is suspended and goes on; its first and second version come again, in other words, and the fifth before
  // the fourth.
  scene(
    publishes,
    publishes,
    publishesAgain(0),
    publishesAgain(1),
    publishesAgain(2),
    publishesAgain(2, 1),
    publishesAgain(4),
  ),
  scene(
    asks('pay_person', { whom: 2, size: 'small' }),
    asks('reverse', askOfTheOther),
    asks('refund', askOfTheOther),
    asks('pay_government', { who: 2, whom: 0, size: 'small', which: 1 }),
    asks('reverse', askOfTheOther),
    asks('refund', askOfTheOther),
    asks('fund', { who: 0 }),
    asks('refund', { ...askOfTheOther, which: 7 }),
  ),
]

/** Stories in which these never meet would prove little. */
export const hasToMeetOfAgain = ['a former version of a scheme', 'a party asks for what another one may give back']
