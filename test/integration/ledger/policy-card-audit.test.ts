/**
 * What the audit says of cards that count. Method: a world in which each thing has happened is balanced; in copies of
 * its file one thing is changed, and the rule that is about it says so.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { countingWorld, type CountingWorld } from './counting-card-world.ts'

let world: CountingWorld

beforeAll(async () => {
  world = await countingWorld()
  const { 'till-1': till, 'till-2': other } = world.tills
  const card = await world.issue()
  await world.carry(till, card)
  const copy = world.copy(card)
  const voided = await world.sell(till, card, 100n)
  await till.batch(till.presentment(voided.sale), till.reversal(voided.sale.terms.tenderId))
  await world.carry(till, card)
  await world.present(till, await world.sell(till, card, 200n))
  const never = await world.sell(till, card, 50n, { isSpent: false })
  await world.present(till, world.torn(till, never))
  await world.present(other, await world.sell(other, copy, 300n))
})
afterAll(() => world.end())

const escrow = 'the escrow of a card is what lies there for its slots, and at least what it may still be debited for'
const said = 'what a card was given and debited is what its scripts and records say'
const debits = 'every debit of a card is a tender of that amount from that slot, or waits'
const once = 'one debit of a card counts under each of its numbers'
const moves = 'only loads, sales and what came back of them move the escrow of a card'
const alone = 'what cards hold of a slot, no till holds and no bridge lends, and nothing of it is promised twice'
const numbers = 'scripts of a card are numbered one by one'

test('nothing is wrong as it is', async () => {
  expect(await world.faultsAfter('select 1')).toEqual([])
  const standings = (await world.demo.rows('card_record')).map((row) => row['standing'])
  expect(standings.toSorted()).toEqual(['counts', 'counts', 'second', 'waits'])
})

test.each<readonly [what: string, change: string, rule: string]>([
  ['money that is not there', `update card_slot set funds = funds + 1 where slot_id like '%day-1'`, escrow],
  [
    'less than the card may still be debited for',
    `update card_slot set loaded_amount = loaded_amount + 1 where slot_id like '%day-1'`,
    escrow,
  ],
  ['a load that no script has', `update card_slot set loaded_amount = loaded_amount + 1, funds = funds + 1`, said],
  ['a debit that no record has', `update card_slot set debited_count = debited_count + 1`, said],
  ['a record of another amount', `update card_record set amount = amount + 1 where standing = 'waits'`, debits],
  ['a record of another till', `update card_record set terminal_id = 'till-9'`, debits],
  ['a second history that is paid', `update card_record set standing = 'second' where standing = 'counts'`, debits],
  ['a torn payment that forgot its record', `delete from card_record where standing = 'waits'`, debits],
  ['two debits under one number', `update card_record set standing = 'counts'`, once],
  ['a payment by somebody else from it', `update transfer set kind = 'payment' where kind = 'card-funding'`, moves],
  ['a slot that a till holds too', `update slot set lease_id = (select min(lease_id) from lease)`, alone],
  ['more than the slot allows', `update slot set amount_allowed = amount_allowed - 1`, alone],
  ['a script that is missing', `delete from card_script where counter = 1`, numbers],
])('%s', async (_what, change, rule) => {
  expect(await world.faultsAfter(change)).toContain(rule)
})
