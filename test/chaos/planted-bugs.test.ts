/**
 * The chaos run over wrong programs (planted-bugs.ts): what it does not find in those, it would not find in ours. One
 * till and a small queue are enough, since sales are in every queue and come more than once.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PlantedBugName } from './planted-bugs.ts'
import { chaosRun, type ChaosReport } from './run.ts'

const found: readonly [PlantedBugName, (report: ChaosReport) => boolean][] = [
  ['ids-ignored', ({ duplicated, sumConstant }) => duplicated > 0 && sumConstant],
  ['half-a-transfer', ({ sumConstant }) => !sumConstant],
  ['forgotten-items', ({ lost }) => lost > 0],
]

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-chaos-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test.each(found)('%s is found', async (bug, isFound) => {
  const report = await chaosRun({ items: 12, seed: 'planted-bugs', folder, bug, deliveriesPerItem: 2 })
  expect(report.wrong).not.toEqual([])
  expect(isFound(report), JSON.stringify(report)).toBe(true)
})
