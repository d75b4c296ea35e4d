/**
 * `npm run sim -- [--seed N] [--seeds COUNT] [--hours H] [--bug NAME] [--json]`: runs the town. The last line of
 * `--json` has seed, traceHash, violations, simulatedHours, wallSeconds; a failure prints the command that replays it.
 */
import { askedOf, askedWrongly, wholeNumber } from '../../tools/arguments.ts'
import { plantedBugs, type PlantedBugName } from './planted-bugs.ts'
import { runTown } from './town.ts'

const usage = 'Use: npm run sim -- [--seed N] [--seeds COUNT] [--hours H] [--bug NAME] [--json]'
const { values } = askedOf(usage, {
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    hours: { type: 'string', default: '2' },
    bug: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
if (values.bug !== undefined && !Object.hasOwn(plantedBugs, values.bug))
  askedWrongly(usage, `No bug ${values.bug} can be planted; there are ${Object.keys(plantedBugs).join(', ')}.`)
const bug = values.bug === undefined ? undefined : plantedBugs[values.bug as PlantedBugName]
const firstSeed = wholeNumber(usage, 'seed', values.seed, 0)
const seedsEnd = firstSeed + wholeNumber(usage, 'seeds', values.seeds, 1)
let failures = 0
for (let seed = firstSeed; seed < seedsEnd; seed += 1) {
  const report = await runTown(seed, Number(values.hours), bug)
  if (report.violations.length > 0) {
    failures += 1
    for (const violation of report.violations) process.stderr.write(`seed ${seed}: ${violation}\n`)
    const withBug = values.bug === undefined ? '' : ` --bug ${values.bug}`
    process.stderr.write(`replay: npm run sim -- --seed ${seed} --hours ${values.hours}${withBug}\n`)
  }
  const line = {
    ...report,
    violations: report.violations.length,
    wallSeconds: Math.round(report.wallSeconds * 1000) / 1000,
  }
  process.stdout.write(
    values.json
      ? `${JSON.stringify(line)}\n`
      : `seed ${seed}: ${report.sales} sales, ${report.starts} starts, ${report.violations.length} violations, ` +
          `${line.traceHash.slice(0, 12)}\n`,
  )
}
process.exitCode = failures > 0 ? 1 : 0
