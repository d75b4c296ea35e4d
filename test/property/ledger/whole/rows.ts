/** Whether the ledger's rows are what the model has: after each step of a story. */
import { expect } from 'vitest'
import { compareGone } from './gone-rows.ts'
import { allowedIn } from './slots.ts'
import { isTenge, sum, type Whole } from './state.ts'
import type { WholeWorld } from './world.ts'

export async function compare(world: WholeWorld, whole: Whole): Promise<void> {
  const balances = (await world.rows('account')).map((row) => [row['account_id'], row['balance']] as const)
  const held = (all: Iterable<readonly [unknown, unknown]>) =>
    Object.fromEntries([...all].filter(([, of]) => of !== 0n))
  expect(held(balances)).toEqual(held([...whole.accounts].map(([id, { balance }]) => [id, balance])))
  // What was issued less what was redeemed is in circulation; of tenge none is lost.
  for (const tenge of [true, false])
    expect(sum(balances.filter(([id]) => isTenge(whole, String(id)) === tenge).map(([, of]) => of as bigint))).toBe(0n)
  const holders = (await world.rows('holder')).map((row) => [row['holder'], row['agency_id']] as const)
  expect(Object.fromEntries(holders)).toEqual(Object.fromEntries(whole.agencyOf))
  const slots = (await world.rows('slot')).map((row) =>
    ['slot_id', 'count_allowed', 'amount_allowed', 'lease_id', 'bridged_count', 'bridged_amount']
      .map((name) => row[name])
      .join(' '),
  )
  const allowing = [...whole.slots].map(([id, slot]) => {
    const { count, amount } = allowedIn(whole, slot)
    return [id, count, amount, slot.lease, slot.bridged.count, slot.bridged.amount].join(' ')
  })
  expect(slots.toSorted()).toEqual(allowing.toSorted())
  const activated = (await world.rows('activation')).map(
    (row) => `${String(row['scheme_id'])} ${String(row['beneficiary'])}`,
  )
  expect(activated.toSorted()).toEqual([...whole.activated].toSorted())
  const uses = (await world.rows('slot_use')).map(
    (row) => `${String(row['tender_id'])} ${String(row['slot_id'])} ${String(row['amount'])}`,
  )
  const modelled = [...whole.slots].flatMap(([slot, of]) =>
    [...of.uses].map(([id, amount]) => `${id} ${slot} ${amount}`),
  )
  expect(uses.toSorted()).toEqual(modelled.toSorted())
  const leases = (await world.rows('lease')).map((row) =>
    [row['lease_id'], row['sell_until'], row['present_until'], row['state'] === 'closed'].join(' '),
  )
  expect(leases.toSorted()).toEqual(
    [...whole.leases]
      .map(([id, lease]) => [id, lease.sellUntil, lease.presentUntil, lease.isClosed].join(' '))
      .toSorted(),
  )
  const tenders = (await world.rows('tender')).map((row) =>
    [row['tender_id'], row['state'], row['loss'], row['paid_by']].join(' '),
  )
  expect(tenders.toSorted()).toEqual(
    [...whole.tenders].map(([id, { state, loss, paidBy }]) => [id, state, loss, paidBy].join(' ')).toSorted(),
  )
  const owed = [...(await world.rows('merchant_debt')), ...(await world.rows('rule_debt'))].map((row) =>
    [row['account_id'] ?? row['debtor'], row['creditor'], row['amount']].join(' '),
  )
  expect(owed.toSorted()).toEqual(
    whole.debts.map(({ debtor, creditor, left }) => [debtor, creditor, left].join(' ')).toSorted(),
  )
  await compareGone(world, whole)
  const alerts = (await world.rows('alert')).map((row) => [row['rule'], row['account_id'], row['evidence']].join(' '))
  expect(alerts).toEqual(
    whole.alerts.map(({ rule, account, evidence }) => [rule, account, JSON.stringify(evidence)].join(' ')),
  )
}
