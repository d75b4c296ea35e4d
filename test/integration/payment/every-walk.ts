/**
 * Method: every walk through the payment machine up to a stated number of steps (`xstate/graph`), done with the real
 * core over a journal on disk and a real ledger on disk, in virtual time: each step is what a cashier, a virtual card
 * or the network does. After each step screen, offers and journal are what the walk says; at the end a cashier clears
 * the screen by what is offered and the auditor finds nothing (docs/design/01-payment-lifecycle.md).
 */
import { expect } from 'vitest'
import { inWords, walks } from '../../fixtures/payment-graph.ts'
import { lifecycleRows } from '../../fixtures/lifecycle-rows.ts'
import { PreparedWorld } from './prepared-world.ts'
import { cannotHappen, WalkedTill } from './walked-till.ts'

/** What only a restart (stops.test.ts) or nothing at all brings about. */
export const notWalked = [
  'unknown | RESOLVED | the ledger will pay | approved',
  'unknown | RESOLVED | reversed: nothing moved | idle',
]

/** What each half plays: how many walks, and the rows of the lifecycle table that none of them goes. */
export const halves = [
  {
    walked: 192,
    notWalked: [
      'unknown | RESOLVED | the ledger will pay | approved',
      'unknown | RESOLVED | the ledger had refused | refused',
      'unknown | RESOLVED | reversed: nothing moved | idle',
      'unknown | NEXT |  | idle',
    ],
  },
  {
    walked: 192,
    notWalked: [
      'unknown | RESOLVED | the ledger had paid | approved',
      'unknown | RESOLVED | the ledger will pay | approved',
      'unknown | RESOLVED | reversed: nothing moved | idle',
      'unknown | CANCEL |  | idle',
    ],
  },
] as const

/** One whole tap that ends unknown, and the ledger's word on it; or an approved one and the beginning of the next. */
export const steps = 8

/**
 * Plays every second walk, so that two cores share them. Each half must be exactly what `halves` says of it; what both
 * leave out is what no walk goes.
 */
export async function walkHalf(half: 0 | 1): Promise<{ walked: number; notWalked: readonly string[] }> {
  const prepared = new PreparedWorld()
  try {
    await prepared.prepare()
    const possible = [...walks(steps)].filter((walk) => !cannotHappen(walk))
    const started = performance.now()
    const rows = new Set<string>()
    let walked = 0
    for (const [index, walk] of possible.entries()) {
      if (index % 2 !== half) continue
      const till = await WalkedTill.begin(prepared, walk, index)
      try {
        await till.walk()
        expect(await till.finishAndJudge(), inWords(walk)).toEqual([])
      } finally {
        await till.world.close()
      }
      for (const { row } of walk) rows.add(row)
      walked += 1
    }
    const each = ((performance.now() - started) / walked).toFixed(0)
    process.stdout.write(
      `walks of ${steps} steps: half ${half + 1}, ${walked} of ${possible.length}, ${each} ms each\n`,
    )
    return { walked, notWalked: lifecycleRows('cards').filter((row) => !rows.has(row)) }
  } finally {
    prepared.remove()
  }
}
