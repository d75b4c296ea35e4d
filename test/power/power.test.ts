/**
 * A slice of the power run (docs/design/09-disk-proof.md): few cuts of the real core's own writes, and the wrong
 * program that must be found out.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { powerRun, unsyncedRun } from './run.ts'
import { whyNoTrace } from './trace.ts'

const seed = 'slice'

let folder: string
beforeEach((context) => {
  const missing = whyNoTrace()
  if (missing !== null) context.skip(missing)
  folder = mkdtempSync(join(tmpdir(), 'tolem-power-'))
})
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
})

test('the power goes while it sells: nothing is lost, doubled, unrecorded or damaged', async () => {
  const report = await powerRun({ cuts: 30, seed, folder })
  expect(report).toMatchObject({ lost: 0, duplicated: 0, unrecorded: 0, damaged: 0, faults: [] })
  expect(report.cuts).toBeGreaterThanOrEqual(30)
  expect(report.restarts).toBeGreaterThanOrEqual(3)
})

test('with synchronous=NORMAL it is lost, and found to be', async () => {
  const report = await unsyncedRun({ cuts: 20, seed, folder })
  expect(report.faults.filter((fault) => fault.includes('stuck'))).toEqual([])
  expect(report.sales).toBeGreaterThan(0)
  expect(report.lost).toBeGreaterThan(0)
})
