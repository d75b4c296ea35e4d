/**
 * Method: every walk through the payment machine up to a stated number of steps (`xstate/graph`), done with the real
 * core over a journal on disk and a real ledger on disk, in virtual time: each step is what a cashier, a virtual card or
 * the network does. After each step screen, offers and journal are what the walk says; at the end a cashier clears the
 * screen by what is offered and the auditor finds nothing (docs/design/01-payment-lifecycle.md).
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { inWords, walks } from '../../fixtures/payment-graph.ts'
import { lifecycleRows } from '../../fixtures/lifecycle-rows.ts'
import { PreparedWorld } from './prepared-world.ts'
import { cannotHappen, WalkedTill } from './walked-till.ts'

/** One whole tap that ends unknown, and the ledger's word on it; or an approved one and the beginning of the next. */
const steps = 8

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

it(`every walk of ${steps} steps with a real till`, async () => {
  const rows = new Set<string>()
  let walked = 0
  let left = 0
  const started = performance.now()
  for (const walk of walks(steps)) {
    if (cannotHappen(walk)) {
      left += 1
      continue
    }
    const till = await WalkedTill.begin(prepared, walk, walked)
    try {
      await till.walk()
      expect(await till.finishAndJudge(), inWords(walk)).toEqual([])
    } finally {
      await till.world.close()
    }
    for (const step of walk) rows.add(step.row)
    walked += 1
  }
  process.stdout.write(
    `walks of ${steps} steps: ${walked} done, ${left} cannot happen, ${((performance.now() - started) / walked).toFixed(0)} ms each\n`,
  )
  const never = lifecycleRows().filter((row) => !rows.has(row))
  expect(never).toEqual([
    'unknown | RESOLVED | the ledger will pay | approved',
    'unknown | RESOLVED | reversed: nothing moved | idle',
  ])
}, 300_000)
