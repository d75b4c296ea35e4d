/**
 * `npm run demo`: plays a story against the real processes and lets the independent checker judge.
 *
 *     npm run demo -- [--scenario NAME] [--json] [--name NAME]
 *
 * The stories are in tools/demo/scenarios.ts. Leaves its data in `out/demo/NAME/`, the receipts of the school day in
 * `out/receipts/`, of another story in `out/receipts/SCENARIO/`. Exit code 1 when anything is not as it should be.
 */
import { join, relative, resolve } from 'node:path'
import { askedOf, askedWrongly } from './arguments.ts'
import { isScenario, scenarios } from './demo/scenarios.ts'

const names = Object.keys(scenarios)
const standard = 'school-day'
const usage = `Use: npm run demo -- [--scenario ${names.join('|')}] [--json] [--name NAME]`

const { values } = askedOf(usage, {
  options: {
    scenario: { type: 'string', default: standard },
    json: { type: 'boolean', default: false },
    name: { type: 'string' },
  },
})
const { scenario, name = scenario } = values
if (!isScenario(scenario)) askedWrongly(usage, `There is no scenario ${scenario}.`)
if (!/^[a-z0-9-]{1,40}$/.test(name)) askedWrongly(usage, '--name takes small letters, digits and hyphens.')

const root = resolve(import.meta.dirname, '..')
const data = join(root, 'out', 'demo', name)
const receipts = join(root, 'out', 'receipts', ...(scenario === standard ? [] : [scenario]))
const { runScenario } = await import('./demo/run-scenario.ts')
const { summary, problems, report } = await runScenario(await scenarios[scenario](), {
  name: scenario,
  data,
  anchorFolder: `${data}-anchors`,
  receipts,
  say: (sentence) => void process.stderr.write(`  ${sentence}\n`),
})

process.stderr.write(
  `\n${report.tenders.settledOnline} payments online, ${report.tenders.settledPresented} offline, ` +
    `${report.tenders.settledByQr} by QR, ${report.settled} settled; ` +
    `${report.lost.length} lost, ${report.duplicates.length} charged twice; ` +
    `the ledger ${report.balanced ? 'balances' : 'DOES NOT BALANCE'}.\n` +
    `Receipts in ${relative(root, receipts)}/, all data in ${relative(root, data)}/.\n`,
)
for (const problem of problems) process.stderr.write(`NOT AS IT SHOULD BE: ${problem}\n`)
if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`)
process.exitCode = problems.length === 0 ? 0 : 1
