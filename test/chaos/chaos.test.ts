/** A slice of the chaos run (docs/design/10-chaos-proof.md): a small queue through all of the weather, seed printed. */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { chaosRun } from './run.ts'

const items = 50

test('a queue through the worst of networks: each item has its effect once, and the sum never changes', async () => {
  const seed = process.env['SEED'] ?? String(randomInt(1_000_000))
  const folder = mkdtempSync(join(tmpdir(), 'tolem-chaos-'))
  console.info(`chaos slice: ${items} items, seed ${seed}; again: npm run chaos -- --items ${items} --seed ${seed}`)
  const report = await chaosRun({ items, seed, folder, deliveriesPerItem: 3 })
  expect(report, `seed ${seed}, data in ${folder}`).toMatchObject({
    wrong: [],
    lost: 0,
    duplicated: 0,
    sumConstant: true,
  })
  expect(report.items).toBeGreaterThanOrEqual(items)
  expect(report.taken.judged).toBeGreaterThanOrEqual(items * 3)
  expect(report.readings).toBeGreaterThan(0)
  rmSync(folder, { recursive: true, force: true })
})
