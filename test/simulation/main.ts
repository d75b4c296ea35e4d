/**
 * `npm run sim -- [--seed N] [--seeds COUNT] [--hours H] [--pace hurried|everyday] [--counting-cards]
 * [--short-leases] [--bug NAME] [--bugs] [--json]`: runs the town, hurried or as on every day (`Pace`), with
 * `--counting-cards` one in which some people have cards that count themselves, with `--short-leases` one in which
 * leases end within minutes, or looks for each planted bug in up to 200 seeds. A bug in the handling of
 * such cards is looked for in a town that has them. Each line of `--json` has what one run came to and its speed, by
 * the wall clock and by the time of the processor; a failure prints the command that replays it.
 */
import { askedOf, askedWrongly, wholeNumber } from '../../tools/arguments.ts'
import { paceNames } from './pace.ts'
import { hoursOf, plantedBugNames, plantedBugs, type PlantedBug } from './planted-bugs.ts'
import { hoursOfCardBugs, plantedCardBugNames, plantedCardBugs } from './planted-card-bugs.ts'

const usage =
  'Use: npm run sim -- [--seed N] [--seeds COUNT] [--hours H] [--pace hurried|everyday] [--counting-cards]\n' +
  '     [--short-leases] [--bug NAME] [--bugs] [--json]'
const { values } = askedOf(usage, {
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    hours: { type: 'string', default: '2' },
    pace: { type: 'string', default: 'hurried' },
    bug: { type: 'string' },
    bugs: { type: 'boolean', default: false },
    'counting-cards': { type: 'boolean', default: false },
    'short-leases': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const ofCards: Readonly<Record<string, PlantedBug>> = plantedCardBugs
const everyBug: Readonly<Record<string, PlantedBug>> = { ...plantedBugs, ...ofCards }
if (values.bug !== undefined && !Object.hasOwn(everyBug, values.bug))
  askedWrongly(usage, `No bug ${values.bug} can be planted; there are ${Object.keys(everyBug).join(', ')}.`)
const pace =
  paceNames.find((name) => name === values.pace) ??
  askedWrongly(usage, `There is no pace ${values.pace}; there are ${paceNames.join(', ')}.`)
if (values.bugs && pace !== 'hurried') askedWrongly(usage, 'Planted bugs are looked for in the hurried town only.')
const seedsPerBug = 200
const hasCountingCards = values['counting-cards'] || Object.hasOwn(ofCards, values.bug ?? '')
const bug = values.bug === undefined ? undefined : everyBug[values.bug]
const firstSeed = wholeNumber(usage, 'seed', values.seed, 0)
const seedsEnd = firstSeed + wholeNumber(usage, 'seeds', values.seeds, 1)
const { runTown } = await import('./town.ts')
process.exitCode = (values.bugs ? await bugsNotFound() : await seedsThatFail()) > 0 ? 1 : 0

async function seedsThatFail(): Promise<number> {
  let failures = 0
  for (let seed = firstSeed; seed < seedsEnd; seed += 1) {
    const cpuBefore = process.cpuUsage()
    const options = { plantedBug: bug, hasCountingCards, pace, hasShortLeases: values['short-leases'] }
    const report = await runTown(seed, Number(values.hours), options)
    const { user, system } = process.cpuUsage(cpuBefore)
    const simulatedSeconds = report.simulatedHours * 3_600
    if (report.violations.length > 0) {
      failures += 1
      for (const violation of report.violations) process.stderr.write(`seed ${seed}: ${violation}\n`)
      const withPace = pace === 'hurried' ? '' : ` --pace ${pace}`
      const withCards = hasCountingCards ? ' --counting-cards' : ''
      const withLeases = values['short-leases'] ? ' --short-leases' : ''
      const withBug = values.bug === undefined ? '' : ` --bug ${values.bug}`
      process.stderr.write(
        `replay: npm run sim -- --seed ${seed} --hours ${values.hours}${withPace}${withCards}${withLeases}${withBug}\n`,
      )
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
  for (const name of bugsWanted()) {
    const isOfCards = Object.hasOwn(ofCards, name)
    const hours = isOfCards ? hoursOfCardBugs : hoursOf(name)
    const options = { plantedBug: everyBug[name], hasCountingCards: isOfCards }
    let seed = firstSeed
    let violation: string | undefined
    while (violation === undefined && seed < firstSeed + seedsPerBug) {
      ;[violation] = (await runTown(seed, hours, options)).violations
      if (violation === undefined) seed += 1
    }
    if (violation === undefined) missed += 1
    const found = violation === undefined ? { bug: name, hours, seed: null } : { bug: name, hours, seed, violation }
    process.stdout.write(values.json ? `${JSON.stringify(found)}\n` : `${name}: seed ${found.seed}, ${hours} h\n`)
  }
  return missed
}

function bugsWanted(): readonly string[] {
  if (values.bug !== undefined) return [values.bug]
  return values['counting-cards'] ? plantedCardBugNames : [...plantedBugNames, ...plantedCardBugNames]
}
