/** Which card on the readers is for which sale. */
import { expect, it } from 'vitest'
import { LyingCards } from '../../../src/terminal/core/lying-cards.ts'

const presence = (presenceId: string, readerName = 'one', atr = 1) => ({
  presenceId,
  readerName,
  atr: Uint8Array.of(atr),
})

it('two cards of others on two readers are each asked once about a sale, and about another sale again', () => {
  const cards = new LyingCards()
  cards.add(presence('y'))
  cards.add(presence('z', 'two'))
  for (const id of ['y', 'z']) {
    cards.tried(id, 'torn sale')
    cards.askedFor(id, 'torn sale')
  }
  expect(cards.untriedFor('torn sale', 'y')).toBeUndefined()
  expect(cards.untriedFor('torn sale', null)).toBeUndefined()
  cards.remove({ presenceId: 'y' })
  cards.add(presence('y again'))
  expect(cards.untriedFor('torn sale', 'z')).toBe('y again')
})

it('what came while a sale was being paid is no card for the next one', () => {
  const cards = new LyingCards()
  cards.add(presence('second card'))
  expect(cards.untried()).toBe('second card')
  cards.belongTo('first')
  expect([cards.untried(), cards.untriedFor('second', null)]).toEqual([undefined, undefined])
  expect(cards.untriedFor('first', null)).toBe('second card')
})
