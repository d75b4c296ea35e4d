/**
 * Cards that are not what they should be, on the real till: each ends in a code that the screen has words for, nothing
 * is lost or charged twice, and the next honest card pays.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { hasEnded, nobodysKey, openTillAtWork, saying, type TillAtWork } from './till-at-work.ts'

let work: TillAtWork

beforeAll(async () => {
  work = await openTillAtWork()
  await work.addsCards([
    { label: 'Factory-new', kind: 'ntag424', uid: '04AABBCCDD1122' },
    { label: 'Bank card', kind: 'desfire' },
    { label: 'Bus card', kind: 'mifare-classic' },
    { label: 'Noise', kind: 'garbage' },
    // Knows the till's key, so that the till believes it; the key that makes the proof is a guess.
    work.copyOf('Pupil 11', 'Forger of Pupil 11', { 2: nobodysKey }),
    work.copyOf('Pupil 12', 'Wrong till key of Pupil 12', { 3: nobodysKey }),
    work.copyOf('Pupil 21', 'Forger of Pupil 21', { 2: nobodysKey }),
    work.copyOf('Family 01', 'Clone of Family 01'),
    work.copyOf('Family 02', 'Clone of Family 02'),
  ])
})
afterAll(() => work?.close())
beforeEach(async () => {
  await work.networkIsReached()
})

const cardCodes = 'UNKNOWN|ANSWER_MALFORMED|AUTHENTICATION_FAILED|BINDING_MISMATCH|PROOF_FORGED'
const knownOutcome = new RegExp(`^(approved settled|torn|tap|refused CARD_(${cardCodes}))$`)

test.each([
  ['Factory-new', 'refused CARD_UNKNOWN'],
  ['Bank card', 'refused CARD_UNKNOWN'],
  ['Bus card', 'refused CARD_UNKNOWN'],
])('an unknown card: %s', async (card, expected) => {
  expect(saying(await work.sell(card))).toBe(expected)
  expect(work.till.snapshot.sale?.tenders).toEqual([])
  await work.clears()
})

test('a card that answers noise: a code, or, where its answer is too short, hold it again', async () => {
  const endings: string[] = []
  // About one answer in fourteen is so short.
  for (let tap = 1; tap <= 20; tap += 1) {
    endings.push(saying(await work.sell('Noise')))
    expect(endings.at(-1)).toMatch(/^(tap|refused CARD_(UNKNOWN|ANSWER_MALFORMED))$/)
    await work.clears()
  }
  expect(endings).toContain('refused CARD_UNKNOWN')
})

test('a card of another scheme, and one whose scheme pays for nothing in the basket', async () => {
  expect(saying(await work.sell('Family 03'))).toBe('refused NOTHING_ELIGIBLE')
  await work.clears()
  expect(saying(await work.sell('Pupil 14', 'bread'))).toBe('refused NOTHING_ELIGIBLE')
  await work.clears()
  expect(saying(await work.sell('Family 04', 'school-lunch'))).toBe('refused NOTHING_ELIGIBLE')
  await work.clears()
})

test('a blocked card, on line and off', async () => {
  expect(saying(await work.sell('Pupil 30'))).toBe('refused CARD_BLOCKED')
  await work.clears()
})

describe('a forged proof', () => {
  test.each(['Forger of Pupil 11', 'Forger of Pupil 21'])(
    'on line, %s: refused by the ledger, the true card still pays',
    async (card) => {
      expect(saying(await work.sell(card))).toBe('refused CARD_PROOF_FORGED')
      await work.clears()
      expect(saying(await work.sell(card.replace('Forger of ', '')))).toBe('approved settled')
      await work.clears()
    },
  )
})

test('a card that cannot prove itself to the till is asked twice and no more, so that it is not bricked', async () => {
  for (let tap = 1; tap <= 3; tap += 1) {
    expect(saying(await work.sell('Wrong till key of Pupil 12'))).toBe('refused CARD_AUTHENTICATION_FAILED')
    await work.clears()
  }
})

test('a proof whose counter was used before: a copied card pays nothing', async () => {
  expect(saying(await work.sell('Family 01', 'bread'))).toBe('approved settled')
  await work.clears()
  expect(saying(await work.sell('Clone of Family 01', 'bread'))).toBe('refused CARD_PROOF_REPLAYED')
  await work.clears()
})

test('a counter that goes back: neither does one that skipped what the original used', async () => {
  // The original's first message is made and lost on the way to the till: the ledger never sees counter 1.
  const commandsOfATap = 11
  const lost = { fault: { kind: 'answer-lost', atCommand: commandsOfATap } }
  expect(saying(await work.sell('Family 02', 'bread', lost))).toBe('torn')
  await work.lays('Family 02')
  await work.sees('the same card pays', ({ tap }) => tap.state === 'approved')
  await work.panel.pull()
  await work.clears()
  expect(saying(await work.sell('Clone of Family 02', 'bread'))).toBe('refused CARD_COUNTER_WENT_BACK')
  await work.clears()
})

describe('answers spoilt at every command of a tap', () => {
  const faults = [{ kind: 'garbage' }, { kind: 'truncated', bytes: 1 }, { kind: 'truncated', bytes: 5 }] as const
  test.each(faults.map((fault) => [JSON.stringify(fault), fault] as const))(
    '%s: a code, or the same card again; it pays once',
    async (_name, fault) => {
      const endings: string[] = []
      // A tap of a leased card is eleven commands: the twelfth fault strikes nobody.
      for (let atCommand = 1; atCommand <= 12; atCommand += 1) {
        // Its own item in each round, so that the charges can be counted.
        await work.till.does({ command: 'add_item', itemId: 'juice' })
        await work.till.does({ command: 'add_item', itemId: 'bread' })
        await work.till.does({ command: 'pay_by_card' })
        await work.lays('Family 03', { fault: { ...fault, atCommand } })
        const { tap } = await work.sees(`an end with ${JSON.stringify(fault)} at command ${atCommand}`, hasEnded)
        endings.push(saying(tap))
        expect(saying(tap)).toMatch(knownOutcome)
        await work.panel.pull()
        await work.disarm()
        if (tap.state !== 'approved') {
          if (tap.state === 'refused') await work.till.does({ command: 'pay_by_card' })
          await work.lays('Family 03')
          await work.sees('the honest tap pays', ({ tap: shown }) => shown.state === 'approved')
          await work.panel.pull()
        }
        const paid = work.till.snapshot.sale?.tenders.filter(({ state }) => state === 'settled' || state === 'pending')
        expect(paid).toHaveLength(1)
        await work.till.does({ command: 'pay_cash' })
        await work.clears()
      }
      expect(endings.at(-1)).toBe('approved settled')
      expect(new Set(endings).size).toBeGreaterThan(1)
    },
  )
})

test('after all of it nothing is lost or doubled, by the independent checker', async () => {
  await work.sees('everything is answered', ({ queue, unresolved }) => queue.waiting === 0 && unresolved.length === 0)
  const verdict = await work.judge()
  expect(verdict).toMatchObject({ lost: [], duplicates: [], balanced: true })
})
