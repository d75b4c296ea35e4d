/**
 * The audit finds what was made wrong of pools behind the ledger's back (docs/design/23-pools.md). Method: one balanced
 * ledger with two pools that paid one beneficiary beyond the allowance; one damage a copy, found by its rule.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { poolWorld, type PoolWorld } from './pool-world.ts'

let world: PoolWorld

beforeAll(async () => {
  world = await poolWorld()
  const { 'till-1': till, 'till-2': other } = world.tills
  await world.give(till, 3_000n)
  await world.give(other, 3_000n)
  const [here, there] = [world.offline(till, 900n), world.offline(other, 800n)]
  await till.present(here)
  await other.present(there)
})
afterAll(() => world.end())

const ofTill = (terminal: string) => `(select lease_id from lease where kind = 'pool' and terminal_id = '${terminal}')`
const escrowOf = (terminal: string) =>
  `(select escrow_account from lease where kind = 'pool' and terminal_id = '${terminal}')`

test.each<readonly [string, string, string]>([
  [
    'a pool that says more than it was given',
    `update lease set amount = amount + 1 where lease_id = ${ofTill('till-1')}`,
    'a pool is funded with what it says, and nothing else comes into it',
  ],
  [
    'money that comes back into a pool',
    `update transfer set kind = 'voucher-reversal' where credit = ${escrowOf('till-1')}`,
    'a pool is funded with what it says, and nothing else comes into it',
  ],
  [
    'a closed pool that kept money',
    `update lease set state = 'closed' where lease_id = ${ofTill('till-1')}`,
    'a closed pool is empty',
  ],
  [
    'a use that names another pool than paid it',
    `update slot_use set pool = ${ofTill('till-2')} where pool = ${ofTill('till-1')}`,
    'what a pool has paid is what its sales use, or was taken back',
  ],
  ['a use beyond the slot that no pool paid', `update slot_use set pool = null`, 'no slot is oversold, but by pools'],
  [
    'what was paid beyond a slot and is not on file',
    `delete from discrepancy where code = 'ALLOWANCE_EXCEEDED_IN_POOL'`,
    'what pools paid beyond a slot is on file',
  ],
  [
    'two pools of a till',
    `update lease set terminal_id = 'till-1' where kind = 'pool'`,
    'a till has one pool of a scheme, and a scheme has pools or leased slots',
  ],
  [
    'slots leased beside a pool',
    `update lease set kind = null where lease_id = ${ofTill('till-1')}`,
    'a till has one pool of a scheme, and a scheme has pools or leased slots',
  ],
])('%s', async (_, change, rule) => {
  expect(await world.faultsAfter(change)).toContain(rule)
})

test('and nothing where nothing is wrong', async () => {
  expect(await world.faultsAfter('')).toEqual([])
})
