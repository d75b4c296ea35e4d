/** A slice of the disk run (docs/design/09-disk-proof.md, "A disk that fails"), and the wrong program it must find. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { whyNoTrace } from '../power/trace.ts'
import { damageRun } from './damage.ts'
import { runWithFault } from './failing-calls.ts'
import { sweep } from './sweep.ts'

const seed = 'slice'

let folder: string
beforeEach((context) => {
  const missing = whyNoTrace()
  if (missing !== null) context.skip(missing)
  folder = mkdtempSync(join(tmpdir(), 'tolem-disk-'))
})
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
})

test('one write or fsync fails: nothing is lost, doubled or made up, nor sold after a failed fsync', async () => {
  const { runs } = await sweep({ folder, seed, ways: 1, step: 97, workers: 1 })
  expect(runs.flatMap(({ failures }) => failures)).toEqual([])
  expect(runs.filter(({ happened }) => happened).length).toBeGreaterThan(7)
})

test('a till that sells on after a failed fsync is found out', async () => {
  const fault = { call: 'fsync', error: 'EIO', nth: 34, lasts: false } as const
  const { failures } = await runWithFault(join(folder, 'case'), { seed, bug: 'deaf-to-fsync' }, fault)
  expect(failures.join()).toMatch(/writes to the log after it/)
})

test('damaged, cut short, swapped: refused, noticed, or nothing is missing', async () => {
  const report = await damageRun({ folder: join(folder, 'damage'), seed, step: 12 })
  expect(report.failures).toEqual([])
  expect(report.noticed).toBeGreaterThan(0)
})
