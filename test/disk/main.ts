/**
 * `npm run disk -- [--ways N] [--step N] [--seed S] [--data DIR] [--damages-only] [--bug deaf-to-fsync] [--document]
 * [--json]`: one story of sales, again and again, each time with one call of the journal on its disk failing; then the
 * story's files damaged, cut short and swapped for older ones (docs/design/09-disk-proof.md, "A disk that fails").
 * `--damages-only` leaves out the first part. The last line of `--json` has the figures; `--document` adds them to
 * docs/evidence/disk.md. Exit code 0 only when all is as it should be.
 */
import { randomInt } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { askedOf, askedWrongly, wholeNumber } from '../../tools/arguments.ts'
import { commitOf } from '../../tools/commit.ts'
import { installDebianPackages, isDebian, traceNeeds } from '../../tools/debian-packages.ts'
import { whyNoTrace } from '../power/trace.ts'

const usage =
  'Use: npm run disk -- [--ways 1…6] [--step N] [--seed S] [--data DIR] [--damages-only] [--bug deaf-to-fsync] ' +
  '[--document] [--json]'
const { values } = askedOf(usage, {
  options: {
    ways: { type: 'string', default: '1' },
    step: { type: 'string', default: '10' },
    seed: { type: 'string' },
    data: { type: 'string' },
    'damages-only': { type: 'boolean', default: false },
    bug: { type: 'string' },
    document: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const ways = wholeNumber(usage, 'ways', values.ways, 1)
const step = wholeNumber(usage, 'step', values.step, 1)
const seed = values.seed ?? String(randomInt(1_000_000))
const { bug } = values
if (bug !== undefined && bug !== 'deaf-to-fsync') askedWrongly(usage, `--bug knows no "${bug}".`)
const say = (line: string): void => void process.stderr.write(`  ${line}\n`)
if (isDebian()) installDebianPackages(traceNeeds, say)
const missing = whyNoTrace()
if (missing !== null) {
  say(missing)
  process.exit(2)
}

const folder = values.data === undefined ? mkdtempSync(join(tmpdir(), 'tolem-disk-')) : resolve(values.data)
say(`seed ${seed}, data in ${folder}`)
const commit = commitOf(import.meta.dirname)
const [{ damageRun }, { sweep }] = await Promise.all([import('./damage.ts'), import('./sweep.ts')])
const startedAt = performance.now()
const planted = bug === undefined ? {} : { bug: 'deaf-to-fsync' as const }
const isWhole = !values['damages-only']
const swept = isWhole
  ? await sweep({ folder, seed, ...planted, ways, step, workers: Math.min(2, availableParallelism()), say })
  : { runs: [], writes: 0, syncs: 0 }
const damaged = await damageRun({ folder: join(folder, 'damage'), seed, step })
const { runs, writes, syncs } = swept
const faults = [...runs.flatMap(({ failures }) => failures), ...damaged.failures]
for (const fault of damaged.failures.slice(0, 50)) say(`NOT AS IT SHOULD BE: ${fault}`)
const happened = runs.filter((run) => run.happened)
const figures = {
  cases: happened.length + damaged.cases,
  failures: faults.length,
  failedWrites: happened.filter(({ call }) => call === 'pwrite64').length,
  failedSyncs: happened.filter(({ call }) => call === 'fsync').length,
  writes,
  syncs,
  restarts: happened.filter(({ died }) => died).length,
  refusedStarts: happened.filter(({ refusedStart }) => refusedStart !== null).length,
  damaged: damaged.cases,
  damageRefused: damaged.refused,
  damageNoticed: damaged.noticed,
  damageFound: damaged.found,
  damageHarmless: damaged.harmless,
}
const seconds = Math.round((performance.now() - startedAt) / 100) / 10
const hasFailedCalls = figures.failedWrites > 0 && figures.failedSyncs > 0
const isProven = faults.length === 0 && figures.damaged > 0 && (hasFailedCalls || !isWhole)
if (values.data === undefined) rmSync(folder, { recursive: true, force: true })
if (!isProven) say(`the same again: npm run disk -- --ways ${ways} --step ${step} --seed ${seed}`)
say(`${figures.cases} cases, ${figures.failures} failures.`)
if (values.document) document()
if (values.json)
  process.stdout.write(`${JSON.stringify({ ...figures, bug: bug ?? null, ways, step, seed, commit, seconds })}\n`)
// A story's till waits for answers that never come; the figures are what is left to say.
process.exitCode = isProven ? 0 : 1

/** One more row of the table with which the document ends. */
function document(): void {
  const cells = [
    new Date().toISOString().slice(0, 10),
    commit,
    seed,
    `${ways} / ${step}`,
    `${figures.failedWrites} of ${writes}`,
    `${figures.failedSyncs} of ${syncs}`,
    figures.restarts,
    figures.refusedStarts,
    `${figures.damaged} (${[damaged.refused, damaged.noticed, damaged.found, damaged.harmless].join(' / ')})`,
    figures.cases,
    figures.failures,
    Math.ceil(seconds / 60),
    isProven ? 'passed' : 'FAILED',
  ]
  appendFileSync(join(import.meta.dirname, '../../docs/evidence/disk.md'), `| ${cells.join(' | ')} |\n`)
}
