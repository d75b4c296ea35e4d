/**
 * The policy `card` from the issuing desk to the merchant's account. Method: virtual cards at the ledger's door; the
 * cards count by their own word, the ledger by its rows, and the audit looks at each world when it ends.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { balanceOf, dayMs } from './demo-ledger.ts'
import { countingWorld, type CountingWorld } from './counting-card-world.ts'
import { schemeId } from './period-world.ts'

let world: CountingWorld
afterEach(() => world.end())

const fund = 1_000_000n
const inScheme = () => balanceOf(world.demo, `scheme.${schemeId}`)

describe('a card that counts', () => {
  test('is loaded with the present day and the next, and the money moves when the script is signed', async () => {
    world = await countingWorld()
    const till = world.tills['till-1']
    const card = await world.issue()
    expect(await world.escrow(card)).toBe(0n)
    const asked = { card: card.name, scriptCounter: 0 }
    const first = await till.call('/v1/terminal/card-scripts', asked)
    expect(first.kind).toBe('script')
    // Nobody has carried it yet: the money is set aside all the same.
    expect(await world.escrow(card)).toBe(2_000n)
    expect(await inScheme()).toBe(fund - 2_000n)
    expect(await till.call('/v1/terminal/card-scripts', asked)).toEqual(first)
    expect(await world.escrow(card)).toBe(2_000n)

    expect(await world.carry(till, card)).toBe(1)
    expect(await world.content(till, card)).toMatchObject({ slots: [{ countLeft: 50, amountLeft: 1_000n }] })
    expect(await world.held(card)).toEqual({
      'day-1': { loaded: 1_000n, debited: 0n, funds: 1_000n },
      'day-2': { loaded: 1_000n, debited: 0n, funds: 1_000n },
    })
  })

  test('pays at each till, with network and without, and its escrow pays the merchant', async () => {
    world = await countingWorld()
    const { 'till-1': one, 'till-2': other } = world.tills
    const card = await world.issue()
    await world.carry(one, card)
    const before = await balanceOf(world.demo, one.package?.merchant.accountId ?? '')
    const first = await world.sell(one, card, 300n)
    const second = await world.sell(other, card, 200n, { mode: 'online' })
    // In another order than they were made.
    expect(await world.present(other, second)).toMatchObject({ arrival: 'created', state: 'settled', paidBy: 'escrow' })
    expect(await world.present(one, first)).toMatchObject({ state: 'settled', paidBy: 'escrow', amount: 300n })
    expect(await world.present(one, first)).toMatchObject({ arrival: 'exists', state: 'settled' })
    expect(await balanceOf(world.demo, one.package?.merchant.accountId ?? '')).toBe(before + 500n)
    expect(await world.held(card)).toMatchObject({ 'day-1': { debited: 500n, funds: 500n } })
    expect(card.log.filter(({ kind }) => kind === 'debit')).toHaveLength(2)
    // What it has debited is not loaded again.
    expect(await world.carry(one, card)).toBe(0)
    expect(await world.content(one, card)).toMatchObject({ slots: [{ amountLeft: 500n }] })
  })

  test('gets the next days one by one, each once', async () => {
    world = await countingWorld()
    const till = world.tills['till-1']
    const card = await world.issue()
    for (const day of [1, 2, 3, 4, 5]) {
      world.goToDay(day)
      await till.fetch()
      await world.carry(till, card)
      expect(await world.present(till, await world.sell(till, card, 1_000n))).toMatchObject({ state: 'settled' })
    }
    expect(await inScheme()).toBe(fund - 5_000n)
    expect(Object.keys(await world.held(card))).toHaveLength(5)
  })

  test('is given back what it did not spend when the time for late sales is over', async () => {
    world = await countingWorld()
    const till = world.tills['till-1']
    const card = await world.issue()
    await world.carry(till, card)
    await world.present(till, await world.sell(till, card, 400n))
    world.demo.clock.now += 13 * dayMs
    await till.fetch()
    expect(await world.held(card)).toMatchObject({ 'day-1': { funds: 600n }, 'day-2': { funds: 1_000n } })
    world.demo.clock.now += 4 * dayMs
    await till.call('/v1/terminal/card-scripts', { card: card.name, scriptCounter: 1 })
    expect(await world.escrow(card)).toBe(0n)
    expect(await inScheme()).toBe(fund - 400n)
  })
})
