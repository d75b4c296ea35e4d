/**
 * Torn payments of cards that count, where tills show more than one thing of a tender, in any order, or of a card that
 * somebody has copied. Method: as in policy-card.test.ts; the audit looks at each world when it ends.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { balanceOf, dayMs, type TestTill } from './demo-ledger.ts'
import { countingWorld, type CountingCard, type CountingWorld, type Sold } from './counting-card-world.ts'
import { readCard } from './sun-message.ts'

let world: CountingWorld
let card: CountingCard
let till: TestTill
let other: TestTill
afterEach(() => world.end())

async function begin(): Promise<void> {
  world = await countingWorld()
  ;({ 'till-1': till, 'till-2': other } = world.tills)
  card = await world.issue()
  await world.carry(till, card)
}
const idOf = ({ sale }: Sold) => sale.terms.tenderId
const statusOf = async ({ name }: CountingCard) =>
  (await world.demo.rows('card')).find((row) => row['card'] === name)?.['status']
const advise = (at: TestTill, sold: Sold) => world.present(at, world.torn(at, sold))

/** The ledger refuses to authorise it; then its till says that another kind of card has paid twice as much. */
async function showWithOtherCard({ sale }: Sold): Promise<void> {
  expect(await till.authorise(sale)).toMatchObject({ state: 'refused' })
  const twice = { ...sale.terms, amount: tiyn(sale.terms.amount * 2n) }
  const proof = { profile: 'ntag424', sun: readCard(world.card, termsHashOf(twice)) } as const
  const evidence = till.evidenceOf(sale.evidence.record, twice, proof)
  const answer = await world.present(till, { ...sale, terms: twice, evidence })
  expect(answer).toMatchObject({ arrival: 'exists_with_different_amount' })
  world.demo.clock.now += 1_000
}

describe('what was shown under the id of a torn payment with other terms is no claim', () => {
  test('also where a card has debited it: what its own terms say is paid', async () => {
    await begin()
    const account = till.package?.merchant.accountId ?? ''
    const before = await balanceOf(world.demo, account)
    const tenderId = till.id()
    const large = await world.sell(till, card, 500n, { tenderId })
    // The card keeps eight records, and refuses an id that it still knows.
    for (let small = 0; small < 8; small += 1) await world.sell(till, card, 2n)
    const tiny = await world.sell(till, card, 1n, { tenderId })
    const next = await world.sell(till, card, 3n)
    expect(await till.authorise(tiny.sale)).toMatchObject({ state: 'refused' })
    expect(await world.present(till, large)).toMatchObject({ arrival: 'exists_with_different_amount' })
    world.demo.clock.now += 1_000
    expect(await advise(till, tiny)).toMatchObject({ arrival: 'exists', state: 'awaiting_proof', amount: 1n })
    expect(await world.present(till, next)).toMatchObject({ state: 'settled' })
    expect(await till.inquire(tenderId)).toMatchObject({ state: 'settled', amount: 1n })
    expect(await balanceOf(world.demo, account)).toBe(before + 4n)
  })

  test('nor is another debit of the same terms: the one that is proved is paid', async () => {
    await begin()
    const tenderId = till.id()
    const never = await world.sell(till, card, 10n, { tenderId, isSpent: false })
    const { sale } = never.sale.evidence.record.input
    const again = await world.sell(till, card, 10n, { tenderId, change: (input) => ({ ...input, sale }) })
    expect(await advise(till, never)).toMatchObject({ arrival: 'created', state: 'awaiting_proof' })
    expect(await advise(till, again)).toMatchObject({ arrival: 'exists', state: 'awaiting_proof' })
    expect(await world.present(other, await world.sell(other, card, 100n))).toMatchObject({ state: 'settled' })
    expect(await till.inquire(tenderId)).toMatchObject({ state: 'settled', amount: 10n })
  })

  test('and another kind of card keeps no slot from being closed', async () => {
    await begin()
    const torn = await world.sell(till, card, 300n, { isSpent: false })
    await showWithOtherCard(torn)
    expect(await advise(till, torn)).toMatchObject({ state: 'awaiting_proof' })
    world.demo.clock.now += 16 * dayMs
    // Nobody's script, sale or authorisation waits for that.
    expect(await other.call('/v1/terminal/card-scripts', { card: card.name, scriptCounter: 1 })).toMatchObject({
      kind: 'none',
    })
    expect(await till.inquire(idOf(torn))).toMatchObject({ state: 'not_paid', loss: 'PROOF_NEVER_CAME' })
    expect(await world.escrow(card)).toBe(0n)
  })

  test('nor from being proved', async () => {
    await begin()
    const torn = await world.sell(till, card, 300n)
    await showWithOtherCard(torn)
    expect(await advise(till, torn)).toMatchObject({ state: 'awaiting_proof' })
    expect(await world.present(other, await world.sell(other, card, 100n))).toMatchObject({ state: 'settled' })
    expect(await till.inquire(idOf(torn))).toMatchObject({ state: 'settled', amount: 300n })
  })
})

describe('a torn payment that is proved through another one', () => {
  test('is paid in whatever order both come', async () => {
    await begin()
    const [first, second] = [await world.sell(till, card, 100n), await world.sell(other, card, 200n)]
    const signed = await world.sell(till, card, 50n)
    expect(await advise(till, first)).toMatchObject({ state: 'awaiting_proof' })
    expect(await world.present(till, signed)).toMatchObject({ state: 'settled' })
    expect(await till.inquire(idOf(first))).toMatchObject({ state: 'awaiting_proof' })
    expect(await advise(other, second)).toMatchObject({ state: 'settled' })
    expect(await till.inquire(idOf(first))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await world.held(card)).toMatchObject({ 'day-1': { debited: 350n, funds: 650n } })
  })

  test('above what the card was given is not paid, and its merchant hears of it', async () => {
    await begin()
    const copy = world.copy(card)
    const torn = await world.sell(till, card, 800n)
    for (const amount of [10n, 20n, 30n]) await world.sell(other, copy, amount)
    const copied = await world.sell(other, copy, 500n)
    const signed = await world.sell(till, card, 200n)
    expect(await advise(till, torn)).toMatchObject({ state: 'awaiting_proof' })
    expect(await world.present(other, copied)).toMatchObject({ state: 'settled' })
    expect(await world.present(till, signed)).toMatchObject({ state: 'settled' })
    expect(await till.inquire(idOf(torn))).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
    const filed = (await world.demo.rows('discrepancy')).map((row) => [row['code'], row['amount'], row['appeal']])
    expect(filed).toEqual([['SLOT_ALREADY_USED', 800n, 'open']])
    expect(await statusOf(card)).toBe('blocked')
  })

  test('of a second history is not paid, though what proves it is not paid either', async () => {
    await begin()
    const copy = world.copy(card)
    const torn = await world.sell(till, card, 100n)
    expect(await world.present(other, await world.sell(other, copy, 150n))).toMatchObject({ state: 'settled' })
    expect(await advise(till, torn)).toMatchObject({ state: 'awaiting_proof' })
    const signed = await world.sell(till, card, 50n)
    expect(await world.present(till, signed)).toMatchObject({ state: 'not_paid', loss: 'CARD_FORKED' })
    expect(await till.inquire(idOf(torn))).toMatchObject({ state: 'not_paid', loss: 'CARD_FORKED' })
    // Its agency has looked into it. What was found then blocks nothing again when the sale is disowned later.
    expect(await statusOf(card)).toBe('blocked')
    expect(await world.agency('/v1/card-unblocks', { card: card.name })).toMatchObject({ status: 200 })
    expect(await till.reverse(idOf(signed))).toMatchObject({ state: 'reversed' })
    expect(await statusOf(card)).toBe('active')
  })
})

test('a sale of a forked journal is disowned: its card is owed what it counted down', async () => {
  await begin()
  const { funds: before, debited } = (await world.held(card))['day-1'] ?? { funds: 0n, debited: 0n }
  const position = till.position()
  await till.batch(till.presentment((await world.sell(till, card, 100n)).sale, position))
  const sold = await world.sell(till, card, 50n)
  const forked = till.presentment(sold.sale, { ...position, hash: 'f'.repeat(64) })
  expect(await till.batch(forked)).toMatchObject([{ state: 'not_paid', loss: 'CHAIN_BROKEN' }])
  expect(await till.reverse(idOf(sold))).toMatchObject({ state: 'reversed' })
  // Nothing of the second one was paid, and the card has counted it down: that much covers nothing any more.
  expect(await world.held(card)).toMatchObject({ 'day-1': { debited: debited + 150n, funds: before - 100n } })
  const standings = (await world.demo.rows('card_record')).map((row) => row['standing'])
  expect(standings).toEqual(['counts', 'counts'])
  // Its next script loads that again.
  expect(await world.carry(other, card)).toBe(1)
  const [slot] = (await world.content(other, card)).slots
  expect(slot?.amountLeft).toBe(before - 100n)
})
