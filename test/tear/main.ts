/**
 * `npm run tear -- [--at pcscd] [--profile P] [--way W] [--seed S] [--step N] [--bug NAME] [--document] [--json]`: the
 * tear matrix. Every fault at every command of a payment by every card profile, and whatever the customer does then:
 * the card's own log, the till's journal, the screen and the ledger say the same, exactly once. With `--at pcscd` the
 * till is a whole one (ledger, core, device host as processes) before the pcscd and vpcd of Debian, in namespaces of
 * its own; else it is in this process, in virtual time. The last line of `--json` has the figures; `--document` adds
 * them to docs/evidence/tear.md. Exit code 0 only when nothing failed, 2 where it cannot be played.
 */
import { randomInt } from 'node:crypto'
import { askedOf, askedWrongly, wholeNumber } from '../../tools/arguments.ts'
import { commitOf } from '../../tools/commit.ts'
import { addToEvidence } from './evidence.ts'
import { tearBugNames, tornPlaces, tornProfiles, tornWays } from './names.ts'
import type { TearReport } from './run.ts'

const usage =
  'Use: npm run tear -- [--at pcscd] [--profile P] [--way W] [--seed S] [--step N] [--bug NAME] [--document] ' +
  '[--json]\n' +
  '     --at pcscd: through the pcscd and vpcd of Debian, as root; about an hour\n' +
  `     profiles: ${tornProfiles.join(', ')}; --step N strikes every N-th command only\n` +
  `     ways: ${tornWays.join(', ')}\n` +
  `     bugs to plant, not at pcscd: ${tearBugNames.join(', ')}`
const { values } = askedOf(usage, {
  options: {
    at: { type: 'string', default: 'process' },
    profile: { type: 'string' },
    way: { type: 'string' },
    seed: { type: 'string' },
    step: { type: 'string', default: '1' },
    bug: { type: 'string' },
    document: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const place = tornPlaces.find((name) => name === values.at)
if (place === undefined) askedWrongly(usage, `There is no place ${values.at}; there are ${tornPlaces.join(', ')}.`)
const profile = tornProfiles.find((name) => name === values.profile)
if (values.profile !== undefined && profile === undefined)
  askedWrongly(usage, `There is no profile ${values.profile}; there are ${tornProfiles.join(', ')}.`)
const way = tornWays.find((name) => name === values.way)
if (values.way !== undefined && way === undefined)
  askedWrongly(usage, `There is no way ${values.way}; there are ${tornWays.join(', ')}.`)
const bug = tearBugNames.find((name) => name === values.bug)
if (values.bug !== undefined && bug === undefined) askedWrongly(usage, `There is no planted bug ${values.bug}.`)
if (bug !== undefined && place === 'pcscd')
  askedWrongly(usage, 'BUG_OUT_OF_REACH: nothing is planted in a till that is a process of its own.')
const step = wholeNumber(usage, 'step', values.step, 1)
const seed = values.seed ?? String(randomInt(1_000_000))
const say = (line: string): void => void process.stderr.write(`  ${line}\n`)
const isAsked = (one: { readonly profile: string; readonly way: string }): boolean =>
  (profile === undefined || one.profile === profile) && (way === undefined || one.way === way)

say(`seed ${seed}`)
// Now: at the end another commit may be here.
const commit = commitOf(import.meta.dirname)
const startedAt = performance.now()
const { cells, byProfile, failures } = await (place === 'pcscd' ? atPcscd() : inProcess())
const seconds = Math.round((performance.now() - startedAt) / 100) / 10
say(`${cells} cells, ${failures.length} failures, ${seconds} s`)
if (values.document) document()
if (values.json)
  process.stdout.write(
    `${JSON.stringify({ seed, commit, at: place, step, byProfile, cells, failures: failures.length, seconds })}\n`,
  )
process.exitCode = failures.length === 0 && cells > 0 ? 0 : 1

async function inProcess(): Promise<TearReport> {
  const { everySeries, tearRun } = await import('./run.ts')
  return tearRun({ seed, step, say, series: everySeries.filter(isAsked), ...(bug === undefined ? {} : { bug }) })
}

async function atPcscd(): Promise<TearReport> {
  const { whyNoPcscd } = await import('../fixtures/pcscd-namespace.ts')
  const whyNot = whyNoPcscd()
  if (whyNot !== null) {
    process.stderr.write(
      `tolem: ${whyNot}. Remedy: apt-get install pcscd vsmartcard-vpcd, and run this as root; ` +
        'or without --at pcscd.\n',
    )
    process.exit(2)
  }
  const { everyPcscdSeries } = await import('./at-pcscd/plan.ts')
  const { tearRunAtPcscd } = await import('./at-pcscd/run.ts')
  return tearRunAtPcscd({ seed, step, series: everyPcscdSeries.filter(isAsked) }, say)
}

/** One more row of the place's table in the document. */
function document(): void {
  const profiles = Object.entries(byProfile).map(([name, count]) => `${name} ${count}`)
  const asked = place === 'pcscd' ? [profile, way].filter((name) => name !== undefined).join(', ') || 'all' : bug
  const row = [new Date().toISOString().slice(0, 10), commit, seed, step, asked ?? 'none']
  const figures = [profiles.join(', '), cells, failures.length, Math.round(seconds)]
  addToEvidence(place === 'pcscd' ? 'pcscd' : 'process', [...row, ...figures])
}
