/**
 * Each planted bug at a seed that shows it, and the same seed without the bug. Method: `town.test.ts`. The seeds were
 * found by `npm run sim -- --bugs --json`; when the town changes, that command finds them anew.
 */
import { expect, test } from 'vitest'
import { hoursOf, plantedBugNames, plantedBugs, type PlantedBugName } from './planted-bugs.ts'
import { runTown } from './town.ts'

const shows: Readonly<Record<PlantedBugName, number>> = {
  'slot-twice': 2,
  'unknown-is-refused': 5,
  'interrupted-is-void': 23,
  'reversal-dropped': 1,
  'queue-emptied-on-send': 1,
  'commit-not-synced': 1,
  'full-disk-ignored': 11,
  'ledger-time-ignored': 2,
  'rollback-ignored': 1,
  'row-not-found': 1,
  'return-forgotten': 1,
  'voucher-becomes-cash': 1,
  'void-not-in-drawer': 15,
  'differences-forgotten': 1,
  'heads-forgotten': 4,
  'no-tombstone': 135,
  'slot-free-online': 10,
  'ids-pruned': 1,
  'reversal-keeps-money': 1,
  'refund-keeps-money': 1,
  'half-booked': 1,
}

test('there are at least twelve of them', () => expect(plantedBugNames.length).toBeGreaterThanOrEqual(12))

test.each(plantedBugNames)('finds %s, and only when it is planted', async (name) => {
  const hours = hoursOf(name)
  expect(await withoutBug(shows[name], hours)).toEqual([])
  expect((await runTown(shows[name], hours, plantedBugs[name])).violations).not.toEqual([])
})

const known = new Map<string, readonly string[]>()

/** Several bugs show at one seed: without them it is played once. */
async function withoutBug(seed: number, hours: number): Promise<readonly string[]> {
  const key = `${seed}/${hours}`
  const violations = known.get(key) ?? (await runTown(seed, hours)).violations
  known.set(key, violations)
  return violations
}
