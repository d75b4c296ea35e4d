/**
 * `npm run ledger-faults -- [--fault NAME] [--stories N] [--seed S] [--json]`: plants each fault of `faults.ts` in the
 * ledger and plays the stories of the model of the whole to it until one shows the fault; all of them after the ledger
 * as it is, of which nothing may be found. Exit code 0 only when each was found.
 */
import { askedOf, askedWrongly, wholeNumber } from '../../tools/arguments.ts'
import { commitOf } from '../../tools/commit.ts'
import { faultNames, faults, type FaultName } from './faults.ts'

const usage = 'Use: npm run ledger-faults -- [--fault NAME] [--stories N] [--seed S] [--json]'
const { values } = askedOf(usage, {
  options: {
    fault: { type: 'string' },
    stories: { type: 'string', default: '40' },
    seed: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
})
const count = wholeNumber(usage, 'stories', values.stories, 0)
const seed = wholeNumber(usage, 'seed', values.seed, 0)
const wanted = values.fault
if (wanted !== undefined && !isFault(wanted)) askedWrongly(usage, `There is no fault "${wanted}".`)
const { play } = await import('./play.ts')

const say = (line: string): void => void process.stderr.write(`  ${line}\n`)
const commit = commitOf(import.meta.dirname)
say(`${count} stories drawn at most, seed ${seed}`)
if (wanted === undefined) {
  const asItIs = await play(undefined, count, seed)
  if (asItIs.seen !== undefined) throw new Error(`the stories fail without a fault: ${asItIs.seen}`)
}
let missed = 0
for (const name of wanted === undefined ? faultNames : [wanted as FaultName]) {
  const startedAt = performance.now()
  const { foundAt, seen } = await play(faults[name], count, seed)
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  if (foundAt === undefined) missed += 1
  say(
    foundAt === undefined ? `NOT FOUND: ${name} (${seen ?? ''})` : `found by story ${foundAt}: ${name} (${seen ?? ''})`,
  )
  if (values.json)
    process.stdout.write(`${JSON.stringify({ fault: name, foundAt: foundAt ?? null, seen, seed, seconds, commit })}\n`)
}
process.exitCode = missed === 0 ? 0 : 1

function isFault(name: string): name is FaultName {
  return Object.hasOwn(faults, name)
}
