/** `npm run ready`: what a change must pass before it is shown to anybody. Meant to stay under two minutes. */
import { askedOf } from './arguments.ts'
import { runStep, staticChecks, stopChildrenOnSignal, summary, type Step, type StepResult } from './steps.ts'

askedOf('Use: npm run ready', {})
stopChildrenOnSignal()
const tests: Step = {
  name: 'unit and property',
  command: ['vitest', 'run', '--project', 'unit', '--project', 'property'],
  limitSeconds: 300,
}

const unused: Step = { name: 'unused', command: ['npm', 'run', '--silent', 'unused'], limitSeconds: 60 }

const results: StepResult[] = await Promise.all([...staticChecks, unused].map((step) => runStep(step, 'onFailure')))
results.push(await runStep(tests, 'live'))

process.stdout.write(`\n${summary(results)}\n`)
process.exitCode = results.every((result) => result.passed) ? 0 : 1
