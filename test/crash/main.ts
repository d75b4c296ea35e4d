/**
 * `npm run crash -- [--kills N] [--seed S] [--data DIR] [--bug NAME] [--document] [--json]`: kills the core of a real
 * till at every named point and at random moments, and lets the independent checker judge
 * (docs/design/06-crash-proof.md). The last line of `--json` has the figures; `--document` adds them to
 * docs/evidence/crash.md. Exit code 0 only when nothing is lost, duplicated or unrecorded, and every point was passed
 * (a run of fewer kills than there are points is not asked for that).
 */
import { randomInt } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { askedOf, askedWrongly, wholeNumber } from '../../tools/arguments.ts'
import { commitOf } from '../../tools/commit.ts'
import { plantedBugNames } from './planted-bugs.ts'

/** A run of this many kills is evidence: it must also have been of the usual mixture, and fast. */
const wholeRunKills = 500
/** From the SIGKILL to the next core saying that it is ready (issue 3). */
const readyP99MsMax = 2_000

const usage =
  'Use: npm run crash -- [--kills N] [--seed S] [--data DIR] [--bug NAME] [--document] [--json]\n' +
  `     bugs to plant: ${plantedBugNames.join(', ')}`
const { values } = askedOf(usage, {
  options: {
    kills: { type: 'string', default: '300' },
    seed: { type: 'string' },
    data: { type: 'string' },
    bug: { type: 'string' },
    document: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const bug = plantedBugNames.find((name) => name === values.bug)
if (values.bug !== undefined && bug === undefined) askedWrongly(usage, `There is no planted bug ${values.bug}.`)
const kills = wholeNumber(usage, 'kills', values.kills, 1)
const seed = values.seed ?? String(randomInt(1_000_000))
const folder = values.data === undefined ? mkdtempSync(join(tmpdir(), 'tolem-crash-')) : resolve(values.data)
const say = (line: string): void => void process.stderr.write(`  ${line}\n`)

say(`seed ${seed}, data in ${folder}`)
const commit = commitOf(import.meta.dirname)
const { crashRun, lastKills } = await import('./run.ts')
const startedAt = performance.now()
const report = await crashRun({
  kills,
  seed,
  folder,
  say,
  ...(bug === undefined ? {} : { bug }),
})
const { readyMs, neverReached, faults, ...figures } = report
const line = {
  seed,
  commit,
  ...figures,
  neverReached,
  readyP50Ms: percentile(readyMs, 0.5),
  readyP99Ms: percentile(readyMs, 0.99),
  seconds: Math.round((performance.now() - startedAt) / 100) / 10,
}
const allReached = neverReached.length === 0 || kills < report.points
/** Cards are what the run is about: of a long run's sales, they pay a third at least. */
const enoughByCard = report.paidByCard > 0 && (kills < wholeRunKills || report.paidByCard * 3 >= report.sales)
const isFastEnough = kills < wholeRunKills || (line.readyP99Ms !== null && line.readyP99Ms <= readyP99MsMax)
const isProven =
  faults.length === 0 &&
  allReached &&
  report.balanced &&
  report.kills >= kills &&
  enoughByCard &&
  isFastEnough &&
  bug === undefined
if (isProven && values.data === undefined) rmSync(folder, { recursive: true, force: true })
for (const fault of faults.slice(0, 50)) say(`NOT AS IT SHOULD BE: ${fault}`)
if (!enoughByCard) say(`TOO FEW BY CARD: ${report.paidByCard} of ${report.sales} sales`)
if (!isFastEnough) say(`READY TOO LATE: ${line.readyP99Ms} ms (p99), at most ${readyP99MsMax} ms is wanted`)
if (!allReached) say(`NEVER REACHED: ${neverReached.join(', ')}`)
if (!isProven) {
  say(`the data is kept in ${folder}; the same again: npm run crash -- --kills ${kills} --seed ${seed}`)
  for (const kill of lastKills(folder, 5)) say(`one of the last kills: ${kill}`)
}
say(
  `${report.kills} kills, ${report.sales} sales (${report.paidByCard} by card, ${report.paidOffline} off line), ` +
    `${report.lost} lost, ${report.duplicated} duplicated, ${report.unrecorded} unrecorded, ` +
    `${report.ownDeaths} own deaths; ready again after ${line.readyP50Ms} ms (p50), ${line.readyP99Ms} ms (p99).`,
)
if (values.document) document()
if (values.json) process.stdout.write(`${JSON.stringify(line)}\n`)
process.exitCode = isProven ? 0 : 1

/** One more row of the table with which the document ends. */
function document(): void {
  const reached = report.points - neverReached.length
  const named = Object.entries(report.killsByPoint).filter(([point]) => point !== 'random')
  const least = neverReached.length > 0 ? 0 : Math.min(...named.map(([, count]) => count))
  const cells = [
    new Date().toISOString().slice(0, 10),
    commit,
    seed,
    report.kills,
    `${reached} of ${report.points}, each at least ${least}×`,
    report.killsByPoint['random'] ?? 0,
    report.sales,
    report.lost,
    report.duplicated,
    report.unrecorded,
    `${line.readyP50Ms} / ${line.readyP99Ms}`,
    Math.round(line.seconds / 60),
    isProven ? 'passed' : 'FAILED',
  ]
  appendFileSync(join(import.meta.dirname, '../../docs/evidence/crash.md'), `| ${cells.join(' | ')} |\n`)
}

/** The nearest-rank percentile; of nothing there is none. */
function percentile(sample: readonly number[], share: number): number | null {
  const sorted = sample.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null
}
