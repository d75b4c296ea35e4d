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
  cards.add(presence('y'), null)
  cards.add(presence('z', 'two'), null)
  for (const id of ['y', 'z']) {
    cards.tried(id, 'torn sale')
    cards.askedFor(id, 'torn sale')
  }
  expect(cards.untriedFor('torn sale', 'y')).toBeUndefined()
  expect(cards.untriedFor('torn sale', null)).toBeUndefined()
  cards.remove({ presenceId: 'y' })
  cards.add(presence('y again'), null)
  expect(cards.untriedFor('torn sale', 'z')).toBe('y again')
})

it('what lies here when a sale is paid or left is no card for the next one', () => {
  const cards = new LyingCards()
  cards.add(presence('second card'), null)
  cards.belongTo('first')
  expect(cards.untriedFor('second', null)).toBeUndefined()
  expect(cards.untriedFor('first', null)).toBe('second card')
})

it('a card laid in the place of one that was taken away is the next to be tried; one on another reader is not', () => {
  const cards = new LyingCards()
  cards.add(presence('refused'), null)
  cards.add(presence('stranger', 'two'), null)
  cards.tried('refused', 'sale')
  cards.remove({ presenceId: 'refused' })
  expect(cards.laidInItsPlace()).toBeUndefined()
  cards.add(presence('another'), null)
  expect(cards.laidInItsPlace()).toBe('another')
  cards.tried('another', 'sale')
  expect(cards.laidInItsPlace()).toBeUndefined()
})

it('a card that nobody saw leave is for the sale that it was for; one that left, or another one, is for any', () => {
  for (const [isUnseen, atr, wasThere, isForTheNext] of [
    [true, 1, 'unseen', false],
    // Another one; and one that the new device host saw laid down.
    [true, 2, 'unseen', true],
    [true, 1, undefined, true],
    [undefined, 1, undefined, true],
  ] as const) {
    const cards = new LyingCards()
    cards.add(presence('paid'), null)
    cards.tried('paid', 'first')
    cards.remove(isUnseen === undefined ? { presenceId: 'paid' } : { presenceId: 'paid', isUnseen })
    cards.add({ ...presence('anew', 'one', atr), wasThere }, null)
    expect(cards.untriedFor('next', null)).toBe(isForTheNext ? 'anew' : undefined)
    expect(cards.someMustBeLaidAnew('next')).toBe(!isForTheNext)
    expect(cards.untriedFor('first', 'paid')).toBe('anew')
  }
})

it('a card that lay there when the core began is for the sale that was found open, and for none without one', () => {
  const there = { ...presence('there'), wasThere: 'since-start' } as const
  const cards = new LyingCards()
  cards.add(there, 'open sale')
  expect([cards.untriedFor('open sale', null), cards.untriedFor('next', null)]).toEqual(['there', undefined])
  const others = new LyingCards()
  others.add(there, null)
  expect(others.untriedFor('any', null)).toBeUndefined()
  expect(others.someMustBeLaidAnew('any')).toBe(true)
})

it('a card that was asked about a sale is waited for in vain, until it is laid anew', () => {
  const cards = new LyingCards()
  cards.add(presence('card'), null)
  cards.tried('card', 'sale')
  expect(cards.someMustBeLaidAnew('sale')).toBe(false)
  cards.askedFor('card', 'sale')
  expect(cards.someMustBeLaidAnew('sale')).toBe(true)
  cards.remove({ presenceId: 'card' })
  cards.add(presence('card again'), null)
  expect(cards.someMustBeLaidAnew('sale')).toBe(false)
})

it('a card laid on an empty reader while the device host was away is the next customer’s', () => {
  const cards = new LyingCards()
  cards.add({ ...presence('laid meanwhile'), wasThere: 'unseen' }, null)
  expect(cards.untriedFor('next', null)).toBe('laid meanwhile')
})

it('while one card is wanted again, others that lie here are laid on anew first', () => {
  const cards = new LyingCards()
  cards.add(presence('wanted'), null)
  cards.add(presence('stranger', 'two'), null)
  cards.tried('wanted', 'sale')
  cards.othersAskedFor('wanted', 'sale')
  expect(cards.untriedFor('sale', null)).toBe('wanted')
  cards.remove({ presenceId: 'wanted' })
  expect(cards.untriedFor('sale', 'wanted')).toBeUndefined()
  expect(cards.someMustBeLaidAnew('sale')).toBe(true)
  cards.add(presence('wanted again'), null)
  expect(cards.untriedFor('sale', 'wanted')).toBe('wanted again')
})
