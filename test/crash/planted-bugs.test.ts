/**
 * The crash run over wrong programs (planted-bugs.ts), each killed once where it hurts: what the run does not find in
 * those, it would not find in ours.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PlantedBugName } from './planted-bugs.ts'
import { points, type Point } from './points.ts'
import { crashRun } from './run.ts'
import type { VisitName } from './visits.ts'

const seed = 'planted-bugs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-crash-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const wrong: readonly [PlantedBugName, string, RegExp, VisitName?][] = [
  ['intent-after-card', 'send/authorisation/answered', /paid_unknown_to_till/],
  ['commit-before-disk', 'send/authorisation/answered', /paid_unknown_to_till/],
  // A program without the row that a print was begun takes each for one that an earlier life had begun.
  ['receipt-without-row', 'reprint/after', /original_printed_twice/],
  ['new-id-on-retry', 'send/authorisation/answered', /paid_against_till/],
  // The cash is in the drawer, the till has forgotten it and asks for it again.
  ['commit-before-disk', 'print/before', /done_without_record.*pay_cash/, 'cash'],
  ['queue-in-memory', 'send/presentment/before', /handed_over_unpaid/],
]

test.each(wrong)('%s is found when it is killed at %s', async (bug, name, finding, visit) => {
  const { visits } = pointOf(name)
  const only = [{ name, visits: visit === undefined ? visits : [visit] }]
  const report = await crashRun({ kills: 1, seed, folder, only, bug, drainWithinMs: 5_000 })
  expect(report.killsByPoint).toMatchObject({ [name]: 1 })
  expect(report.faults.join('\n')).toMatch(finding)
  expect(report.lost + report.duplicated + report.unrecorded).toBeGreaterThan(0)
})

test('a core that dies by itself is found, though it comes back and all is paid in cash', async () => {
  const only: readonly Point[] = [{ name: 'commit/sale_closed/after', visits: ['online'] }]
  const report = await crashRun({ kills: 1, seed, folder, only, bug: 'dies-of-cards' })
  expect(report).toMatchObject({ kills: 0, ownDeaths: 3, lost: 0, duplicated: 0, unrecorded: 0 })
  expect(report.faults.join('\n')).toMatch(/the core ended by itself: exit code 70/)
})

test('nothing is found in the right program, killed at the same points', async () => {
  // A torn sale that is taken up again, and one that is given up, among them.
  const aside: readonly Point[] = [
    { name: 'commit/tender_resumed/before', visits: ['torn-aside'] },
    { name: 'commit/tender_voided/after', visits: ['torn-aside-given-up'] },
  ]
  const only = [pointOf('send/authorisation/answered'), pointOf('print/after'), ...aside]
  const report = await crashRun({ kills: 4, seed, folder, only })
  expect(report).toMatchObject({ neverReached: [], faults: [] })
})

/** By itself, without a first kill before it. */
function pointOf(name: string): Point {
  const point = points.find((candidate) => candidate.name === name)
  if (point === undefined) throw new Error(`there is no point ${name}`)
  return { name, visits: point.visits }
}
