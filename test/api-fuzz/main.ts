/**
 * `npm run api-fuzz -- [--requests N] [--seed S] [--document] [--json]`: sends N requests that are made of the OpenAPI
 * document to the real server (docs/design/18-platform-api.md, "Door"). The last line of `--json` has the figures;
 * `--document` adds them to docs/evidence/api-fuzz.md. Exit code 0 only when there was no failure.
 */
import { randomInt } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { askedOf, wholeNumber } from '../../tools/arguments.ts'
import { commitOf } from '../../tools/commit.ts'
import type { FuzzReport } from './run.ts'

const usage = 'Use: npm run api-fuzz -- [--requests N] [--seed S] [--document] [--json]'
const { values } = askedOf(usage, {
  options: {
    requests: { type: 'string', default: '2000' },
    seed: { type: 'string' },
    document: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const count = wholeNumber(usage, 'requests', values.requests, 1)
const seed = values.seed ?? String(randomInt(1_000_000))
const say = (line: string): void => void process.stderr.write(`  ${line}\n`)

say(`seed ${seed}`)
const commit = commitOf(import.meta.dirname)
const { fuzz } = await import('./run.ts')
const startedAt = performance.now()
const report = await fuzz(count, seed, say)
const seconds = Math.round((performance.now() - startedAt) / 1_000)
const { failures, ...figures } = report
for (const failure of failures.slice(0, 50)) say(`NOT AS IT SHOULD BE: ${failure}`)
say(
  `${count} requests, ${figures.answered} operations answered, ` +
    `${failures.length} failures, ${figures.transfers} transfers, ${seconds} s`,
)
if (failures.length > 0) say(`the same again: npm run api-fuzz -- --requests ${count} --seed ${seed}`)
if (values.document) document(report)
if (values.json) process.stdout.write(`${JSON.stringify({ ...figures, commit, failures: failures.length, seconds })}\n`)
process.exitCode = failures.length === 0 ? 0 : 1

/** One more row of the table with which the document ends. */
function document({ byKind, byCode, answered, transfers, balanced, slowestMs, grownMiB }: FuzzReport): void {
  const counted = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .toSorted(([one], [other]) => one.localeCompare(other))
      .map(([name, times]) => `${name} ${times}`)
      .join(', ')
  const cells = [
    new Date().toISOString().slice(0, 10),
    commit,
    seed,
    count,
    counted(byKind),
    answered,
    counted(byCode),
    transfers,
    balanced ? 'balanced' : 'NOT BALANCED',
    slowestMs,
    grownMiB,
    failures.length,
    seconds,
    failures.length === 0 ? 'passed' : 'FAILED',
  ]
  appendFileSync(join(import.meta.dirname, '../../docs/evidence/api-fuzz.md'), `| ${cells.join(' | ')} |\n`)
}
