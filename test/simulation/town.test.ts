/**
 * The town of `town.ts`, a fixed slice of 40 seeds; the other half is `town-second-half.test.ts`, for the other core.
 * Method: the product's own core and ledger under virtual time with a hostile network, accidents and careless cashiers;
 * an auditor that reads only the ledger's rows, the cards' logs and the cashiers' notebooks. Replay a failure with the
 * command that it prints.
 */
import { expect, test } from 'vitest'
import { describeSeeds } from './seeds.ts'
import { runTown } from './town.ts'

describeSeeds(1, 20)

test('the same seed gives the same history, another seed another', async () => {
  const [first, again, other] = [await runTown(7, 0.25), await runTown(7, 0.25), await runTown(8, 0.1)]
  expect(again.traceHash).toBe(first.traceHash)
  expect(other.traceHash).not.toBe(first.traceHash)
})

test('at an everyday pace there are fewer customers and fewer misfortunes, and nothing is lost', async () => {
  const [seed, hours] = [3, 0.25]
  const hurried = await runTown(seed, hours)
  const everyday = await runTown(seed, hours, { pace: 'everyday' })
  expect(everyday.violations, `replay: npm run sim -- --seed ${seed} --hours ${hours} --pace everyday`).toEqual([])
  expect(everyday.sales).toBeGreaterThan(20)
  expect(everyday.sales).toBeLessThan(hurried.sales)
  expect(everyday.starts).toBeLessThan(hurried.starts)
})

test('where leases end within minutes, late sales are paid as promised, and no escrow is left', async () => {
  const [seed, hours] = [22, 1]
  const { violations, late } = await runTown(seed, hours, { hasShortLeases: true })
  expect(violations, `replay: npm run sim -- --seed ${seed} --hours ${hours} --short-leases`).toEqual([])
  // Else it is a day on which there was nothing to be wrong.
  expect(late?.byAgency).toBeGreaterThan(0)
  expect(late?.byMerchant).toBeGreaterThan(0)
})
