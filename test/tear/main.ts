/**
 * `npm run tear -- [--profile P] [--seed S] [--step N] [--bug NAME] [--document] [--json]`: the tear matrix. Every
 * fault at every command of a payment by every card profile, and whatever the customer does then: the card's own log,
 * the till's journal, the screen and the ledger say the same, exactly once. The last line of `--json` has the figures;
 * `--document` adds them to docs/evidence/tear.md. Exit code 0 only when nothing failed.
 */
import { randomInt } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { askedOf, askedWrongly, wholeNumber } from '../../tools/arguments.ts'
import { commitOf } from '../../tools/commit.ts'
import { tearBugNames, tornProfiles } from './names.ts'

const usage =
  'Use: npm run tear -- [--profile P] [--seed S] [--step N] [--bug NAME] [--document] [--json]\n' +
  `     profiles: ${tornProfiles.join(', ')}; --step N strikes every N-th command only\n` +
  `     bugs to plant: ${tearBugNames.join(', ')}`
const { values } = askedOf(usage, {
  options: {
    profile: { type: 'string' },
    seed: { type: 'string' },
    step: { type: 'string', default: '1' },
    bug: { type: 'string' },
    document: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const profile = tornProfiles.find((name) => name === values.profile)
if (values.profile !== undefined && profile === undefined)
  askedWrongly(usage, `There is no profile ${values.profile}; there are ${tornProfiles.join(', ')}.`)
const bug = tearBugNames.find((name) => name === values.bug)
if (values.bug !== undefined && bug === undefined) askedWrongly(usage, `There is no planted bug ${values.bug}.`)
const step = wholeNumber(usage, 'step', values.step, 1)
const seed = values.seed ?? String(randomInt(1_000_000))
const say = (line: string): void => void process.stderr.write(`  ${line}\n`)

say(`seed ${seed}`)
const { everySeries, tearRun } = await import('./run.ts')
const startedAt = performance.now()
const { cells, byProfile, failures } = await tearRun({
  ...{ seed, step, say },
  series: everySeries.filter((one) => profile === undefined || one.profile === profile),
  ...(bug === undefined ? {} : { bug }),
})
const seconds = Math.round((performance.now() - startedAt) / 100) / 10
const commit = commitOf(import.meta.dirname)
say(`${cells} cells, ${failures.length} failures, ${seconds} s`)
if (values.document) document()
if (values.json)
  process.stdout.write(
    `${JSON.stringify({ seed, commit, step, byProfile, cells, failures: failures.length, seconds })}\n`,
  )
process.exitCode = failures.length === 0 && cells > 0 ? 0 : 1

/** One more row of the table with which the document ends. */
function document(): void {
  const profiles = Object.entries(byProfile).map(([name, count]) => `${name} ${count}`)
  const row = [new Date().toISOString().slice(0, 10), commit, seed, step, bug ?? 'none']
  const cellsOfRow = [...row, profiles.join(', '), cells, failures.length, Math.round(seconds)]
  appendFileSync(join(import.meta.dirname, '../../docs/evidence/tear.md'), `| ${cellsOfRow.join(' | ')} |\n`)
}
