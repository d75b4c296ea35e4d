/**
 * `npm run power -- [--cuts N] [--seed S] [--data DIR] [--document] [--json]`: writes down what the core of a real till
 * asks of its disk, cuts the power at N places of that, and judges what a start on the rest still knows
 * (docs/design/09-disk-proof.md). Then the same with `synchronous=NORMAL`, in which something must be found lost. The
 * last line of `--json` has the figures; `--document` adds them to docs/evidence/power.md. Exit code 0 only when
 * nothing is lost, duplicated, unrecorded or damaged, and the wrong program was found out.
 */
import { randomInt } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { askedOf, wholeNumber } from '../../tools/arguments.ts'
import { commitOf } from '../../tools/commit.ts'
import { installDebianPackages, isDebian, traceNeeds } from '../../tools/debian-packages.ts'
import { whyNoTrace } from './trace.ts'

const usage = 'Use: npm run power -- [--cuts N] [--seed S] [--data DIR] [--document] [--json]'
const { values } = askedOf(usage, {
  options: {
    cuts: { type: 'string', default: '200' },
    seed: { type: 'string' },
    data: { type: 'string' },
    document: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const cuts = wholeNumber(usage, 'cuts', values.cuts, 1)
const seed = values.seed ?? String(randomInt(1_000_000))
const say = (line: string): void => void process.stderr.write(`  ${line}\n`)
if (isDebian()) installDebianPackages(traceNeeds, say)
const missing = whyNoTrace()
if (missing !== null) {
  say(missing)
  process.exit(2)
}

const folder = values.data === undefined ? mkdtempSync(join(tmpdir(), 'tolem-power-')) : resolve(values.data)
say(`seed ${seed}, data in ${folder}`)
const commit = commitOf(import.meta.dirname)
const { powerRun, unsyncedRun } = await import('./run.ts')
const startedAt = performance.now()
const { faults, ...figures } = await powerRun({ cuts, seed, folder, say })
const unsynced = await unsyncedRun({ cuts, seed, folder, say })
const seconds = Math.round((performance.now() - startedAt) / 100) / 10
const line = {
  ...figures,
  lostWithNormal: unsynced.lost,
  cutsWithNormal: unsynced.cuts,
  seed,
  commit,
  seconds,
}
const isProven = faults.length === 0 && figures.cuts >= cuts && figures.paidByCard > 0 && unsynced.lost > 0
for (const fault of faults.slice(0, 50)) say(`NOT AS IT SHOULD BE: ${fault}`)
if (unsynced.lost === 0) say('NOT PROVEN: with synchronous=NORMAL nothing was lost, so this run would not see a loss')
if (isProven && values.data === undefined) rmSync(folder, { recursive: true, force: true })
if (!isProven) say(`the data is kept in ${folder}; the same again: npm run power -- --cuts ${cuts} --seed ${seed}`)
say(
  `${figures.cuts} cuts (${figures.restarts} with the whole core), ${figures.sales} sales, ${figures.lost} lost, ` +
    `${figures.duplicated} duplicated, ${figures.unrecorded} unrecorded, ${figures.damaged} damaged; with NORMAL ` +
    `${unsynced.lost} of ${unsynced.cuts} cuts lost something.`,
)
if (values.document) document()
if (values.json) process.stdout.write(`${JSON.stringify(line)}\n`)
process.exitCode = isProven ? 0 : 1

/** One more row of the table with which the document ends. */
function document(): void {
  const cells = [
    new Date().toISOString().slice(0, 10),
    commit,
    seed,
    `${figures.cuts} (${figures.restarts})`,
    `${figures.onlySynced} / ${figures.torn}`,
    `${figures.sales} (${figures.paidByCard} / ${figures.paidOffline} / ${figures.paidInCash})`,
    `${figures.writes} / ${figures.fsyncs} / ${figures.checkpointWrites}`,
    figures.lost,
    figures.duplicated,
    figures.unrecorded,
    figures.damaged,
    figures.anchorUnreadable,
    `${unsynced.lost} of ${unsynced.cuts}`,
    Math.ceil(seconds / 60),
    isProven ? 'passed' : 'FAILED',
  ]
  appendFileSync(join(import.meta.dirname, '../../docs/evidence/power.md'), `| ${cells.join(' | ')} |\n`)
}
