/**
 * `npm run sim -- [--seed N] [--seeds COUNT] [--hours H] [--bug NAME] [--bugs] [--json]`: runs the town, or looks for
 * each planted bug in up to 200 seeds. Each line of `--json` has what one run came to and its speed, by the wall clock
 * and by the time of the processor; a failure prints the command that replays it.
 */
import { askedOf, askedWrongly, wholeNumber } from '../../tools/arguments.ts'
import { hoursOf, plantedBugNames, plantedBugs, type PlantedBug, type PlantedBugName } from './planted-bugs.ts'

const usage = 'Use: npm run sim -- [--seed N] [--seeds COUNT] [--hours H] [--bug NAME] [--bugs] [--json]'
const { values } = askedOf(usage, {
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    hours: { type: 'string', default: '2' },
    bug: { type: 'string' },
    bugs: { type: 'boolean', default: false },
    'counting-cards': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
if (values.bug !== undefined && !Object.hasOwn(plantedBugs, values.bug))
  askedWrongly(usage, `No bug ${values.bug} can be planted; there are ${Object.keys(plantedBugs).join(', ')}.`)
const seedsPerBug = 200
const hasCountingCards = values['counting-cards']
const bug: PlantedBug | undefined = values.bug === undefined ? undefined : plantedBugs[values.bug as PlantedBugName]
const firstSeed = wholeNumber(usage, 'seed', values.seed, 0)
const seedsEnd = firstSeed + wholeNumber(usage, 'seeds', values.seeds, 1)
const { runTown } = await import('./town.ts')
process.exitCode = (values.bugs ? await bugsNotFound() : await seedsThatFail()) > 0 ? 1 : 0

async function seedsThatFail(): Promise<number> {
  let failures = 0
  for (let seed = firstSeed; seed < seedsEnd; seed += 1) {
    const cpuBefore = process.cpuUsage()
    const report = await runTown(seed, Number(values.hours), { plantedBug: bug, hasCountingCards })
    const { user, system } = process.cpuUsage(cpuBefore)
    const simulatedSeconds = report.simulatedHours * 3_600
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
      timesRealTime: Math.round(simulatedSeconds / report.wallSeconds),
      // What a core that does nothing else would come to.
      timesRealTimeOfCpu: Math.round(simulatedSeconds / ((user + system) / 1e6)),
    }
    process.stdout.write(
      values.json
        ? `${JSON.stringify(line)}\n`
        : `seed ${seed}: ${report.sales} sales, ${report.refunds} refunds, ${report.shifts} shifts, ` +
            `${report.starts} starts, ${report.violations.length} violations, ` +
            `${line.timesRealTime} times real time, ${line.traceHash.slice(0, 12)}\n`,
    )
  }
  return failures
}

/** Looks for each planted bug from the first seed on; returns how many were not found. */
async function bugsNotFound(): Promise<number> {
  let missed = 0
  const wanted = values.bug === undefined ? plantedBugNames : [values.bug as PlantedBugName]
  for (const name of wanted) {
    const hours = hoursOf(name)
    let seed = firstSeed
    let violation: string | undefined
    while (violation === undefined && seed < firstSeed + seedsPerBug) {
      ;[violation] = (await runTown(seed, hours, { plantedBug: plantedBugs[name] })).violations
      if (violation === undefined) seed += 1
    }
    if (violation === undefined) missed += 1
    const found = violation === undefined ? { bug: name, hours, seed: null } : { bug: name, hours, seed, violation }
    process.stdout.write(values.json ? `${JSON.stringify(found)}\n` : `${name}: seed ${found.seed}, ${hours} h\n`)
  }
  return missed
}
