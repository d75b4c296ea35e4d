/**
 * `npm run chaos -- [--items N] [--seed S] [--data DIR] [--bug NAME] [--document] [--json]`: drains queues of N items
 * through a network that loses, doubles, reorders, delays, cuts, changes and replays, into a ledger that is killed
 * between its commit and its answer (docs/design/10-chaos-proof.md). The last line of `--json` has the figures;
 * `--document` adds them to docs/evidence/chaos.md. Exit code 0 only when nothing is lost or duplicated, every reading
 * of the accounts gave the same sum, and tills and ledger agree.
 */
import { randomInt } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { askedOf, askedWrongly, wholeNumber } from '../../tools/arguments.ts'
import { commitOf } from '../../tools/commit.ts'
import { plantedBugNames } from './planted-bugs.ts'

const usage =
  'Use: npm run chaos -- [--items N] [--seed S] [--data DIR] [--bug NAME] [--document] [--json]\n' +
  `     bugs to plant: ${plantedBugNames.join(', ')}`
const { values } = askedOf(usage, {
  options: {
    items: { type: 'string', default: '2000' },
    seed: { type: 'string' },
    data: { type: 'string' },
    bug: { type: 'string' },
    document: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const bug = plantedBugNames.find((name) => name === values.bug)
if (values.bug !== undefined && bug === undefined) askedWrongly(usage, `There is no planted bug ${values.bug}.`)
const asked = wholeNumber(usage, 'items', values.items, 1)
const seed = values.seed ?? String(randomInt(1_000_000))
const folder = values.data === undefined ? mkdtempSync(join(tmpdir(), 'tolem-chaos-')) : resolve(values.data)
const { chaosRun, isUsed } = await import('./run.ts')
if (isUsed(folder)) askedWrongly(usage, `There is a run in ${folder} already: name an empty folder.`)
const say = (line: string): void => void process.stderr.write(`  ${line}\n`)

say(`seed ${seed}, data in ${folder}`)
const commit = commitOf(import.meta.dirname)
const startedAt = performance.now()
const report = await chaosRun({ items: asked, seed, folder, say, ...(bug === undefined ? {} : { bug }) })
const { items, deliveries, lost, duplicated, sumConstant, wrong, ...figures } = report
const seconds = Math.round((performance.now() - startedAt) / 100) / 10
const isProven = wrong.length === 0 && bug === undefined

for (const fault of wrong.slice(0, 50)) say(`NOT AS IT SHOULD BE: ${fault}`)
say(
  `${items} items, ${deliveries} deliveries (${figures.taken.judged} judged by their ids), ${lost} lost, ` +
    `${duplicated} duplicated, the sum ${sumConstant ? 'constant' : 'NOT CONSTANT'} in ${figures.readings} readings, ` +
    `${figures.kills} kills; ${seconds} s.`,
)
if (isProven && values.data === undefined) rmSync(folder, { recursive: true, force: true })
if (!isProven) say(`the data is kept in ${folder}; the same again: npm run chaos -- --items ${asked} --seed ${seed}`)
if (values.document) document()
const line = {
  items,
  deliveries,
  lost,
  duplicated,
  sumConstant,
  seed,
  commit,
  ...figures,
  wrong: wrong.length,
  seconds,
}
if (values.json) process.stdout.write(`${JSON.stringify(line)}\n`)
process.exitCode = isProven ? 0 : 1

/** One more row of the table with which the document ends. */
function document(): void {
  const { taken, perItem, kills, readings, tillRestarts } = figures
  const counted = Object.entries(figures.faults).map(([fault, count]) => `${fault} ${count}`)
  const cells = [
    new Date().toISOString().slice(0, 10),
    commit,
    seed,
    items,
    deliveries,
    taken.judged,
    `${perItem.least}–${perItem.most}`,
    kills,
    tillRestarts,
    readings,
    lost,
    duplicated,
    sumConstant ? 'yes' : 'NO',
    seconds,
    isProven ? 'passed' : 'FAILED',
    counted.toSorted().join(', '),
  ]
  appendFileSync(join(import.meta.dirname, '../../docs/evidence/chaos.md'), `| ${cells.join(' | ')} |\n`)
}
