/** A slice of the crash run (docs/design/06-crash-proof.md): few kills of the real core, with a seed of its own. */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { points } from './points.ts'
import { crashRun } from './run.ts'

const kills = 12

test('killed at named points and at random moments: nothing is lost, doubled or unrecorded', async () => {
  const seed = String(randomInt(1_000_000))
  const folder = mkdtempSync(join(tmpdir(), 'tolem-crash-'))
  console.info(`crash slice: ${kills} kills of seed ${seed}; a whole run: npm run crash -- --kills 300 --seed ${seed}`)
  const only = points.filter((point) => point.opening !== true)
  const report = await crashRun({ kills, seed, folder, only })
  expect(report, `seed ${seed}, data in ${folder}`).toMatchObject({
    lost: 0,
    duplicated: 0,
    unrecorded: 0,
    balanced: true,
    ownDeaths: 0,
    faults: [],
  })
  expect(report.kills).toBeGreaterThanOrEqual(kills)
  expect(report.paidByCard).toBeGreaterThan(0)
  rmSync(folder, { recursive: true, force: true })
}, 600_000)
