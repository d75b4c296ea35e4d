/** How long a till counts the failed authentications of a card. Method: a journal in memory whose time is moved. */
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { countedForMs, mostAttempts, mostRefusedAttempts } from '../../../src/sync/journal/card-attempts.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'

const start = 1_795_000_000_000

it('a card that was refused twice is asked again a day after the first of them, and not before', () => {
  let now = start
  const { cardAttempts } = new Journal(new Database(':memory:'), { now: () => now })
  for (let again = 0; again < mostRefusedAttempts; again += 1) {
    expect(cardAttempts.begin('card', 'key')).toBe(true)
    cardAttempts.refused('card')
    now += 3_600_000
  }
  now = start + countedForMs - 1
  expect(cardAttempts.isUsedUp('card', 'key')).toBe(true)
  expect(cardAttempts.begin('card', 'key')).toBe(false)
  now = start + countedForMs
  expect(cardAttempts.isUsedUp('card', 'key')).toBe(false)
  for (let again = 0; again < mostAttempts; again += 1) expect(cardAttempts.begin('card', 'key')).toBe(true)
  expect(cardAttempts.begin('card', 'key')).toBe(false)
})

it('a clock that was set back lets no card off', () => {
  let now = start
  const { cardAttempts } = new Journal(new Database(':memory:'), { now: () => now })
  for (let again = 0; again < mostAttempts; again += 1) cardAttempts.begin('card', null)
  now = 0
  expect(cardAttempts.begin('card', null)).toBe(false)
})
