/**
 * `npm run reader-soak -- [--insertions N] [--plugs N] [--rounds R] [--seed S] [--json] [--plant-leak]`: cards come and
 * go at a whole till on Debian's real pcscd, in namespaces of its own, or its readers do (`--plugs`, alone unless
 * `--insertions` is given too), and what the device host and pcscd hold is counted before and after; then R rounds of
 * faults (mute card, another program, pcscd killed, readers gone), each with the time until a tap is paid again. The
 * last line is JSON. Ends with 1 on a leak, a card that was not read, a return to service of more than 2 s, or money
 * that the independent checker misses; with 2 where pcscd cannot be played, or the till did not come back.
 * `--plant-leak` makes the device host leak, to see that it is found.
 */
import { randomBytes } from 'node:crypto'
import { playInNamespace, whyNoPcscd } from '../test/fixtures/pcscd-namespace.ts'
import type { Verdict } from '../test/fixtures/demo-world.ts'
import { leaksOf, type SoakResult } from '../test/integration/reader/insertions.ts'
import { leaksOfPlugs, type PlugsResult } from '../test/integration/reader/plugs.ts'
import { askedOf, wholeNumber } from './arguments.ts'
import { commitOf } from './commit.ts'

/** Issue 3, item 5: from the end of a fault to a paid tap. */
const backInServiceMaxMs = 2_000
const script = new URL('../test/integration/reader/soak-main.ts', import.meta.url).pathname

const usage = 'Use: npm run reader-soak -- [--insertions N] [--plugs N] [--rounds R] [--seed S] [--json] [--plant-leak]'
const { values } = askedOf(usage, {
  options: {
    insertions: { type: 'string' },
    plugs: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: randomBytes(4).toString('hex') },
    json: { type: 'boolean', default: false },
    'plant-leak': { type: 'boolean', default: false },
  },
})

function fail(sentence: string): never {
  process.stderr.write(`tolem: ${sentence}\n`)
  process.exit(2)
}

const plugs = wholeNumber(usage, 'plugs', values.plugs, 0)
// Whoever asks for plugs alone wants no insertions beside them.
const insertions = wholeNumber(usage, 'insertions', values.insertions ?? (plugs > 0 ? '0' : '1000'), plugs > 0 ? 0 : 2)
const rounds = wholeNumber(usage, 'rounds', values.rounds, 0)
const whyNot = whyNoPcscd()
if (whyNot !== null) fail(`${whyNot}. Remedy: apt-get install pcscd vsmartcard-vpcd, and run this as root.`)

// Now: at the end another commit may be here.
const commit = commitOf(import.meta.dirname)
const withinMs = 120_000 + insertions * 2_000 + plugs * 10_000 + rounds * 120_000
const numbers = { insertions, plugs, rounds }
const parameters = Object.entries(numbers).flatMap(([name, number]) => [`--${name}`, String(number)])
parameters.push('--seed', values.seed)
if (values['plant-leak']) parameters.push('--plant-leak')
const steps = await playInNamespace(script, withinMs, parameters).catch((error: unknown) =>
  fail(`the run with seed ${values.seed} broke off: ${error instanceof Error ? error.message : String(error)}`),
)

const result = steps.get('insertions') as SoakResult | undefined
const plugged = steps.get('plugs') as PlugsResult | undefined
const backInServiceMs = steps.get('back in service') as Readonly<Record<string, readonly number[]>>
const verdict = steps.get('verdict') as Verdict
const late = Object.entries(backInServiceMs).filter(([, samples]) => Math.max(...samples) > backInServiceMaxMs)
const problems = [
  ...(result === undefined ? [] : leaksOf(result)),
  ...(plugged === undefined ? [] : leaksOfPlugs(plugged)),
  ...late.map(([fault, samples]) => `${fault}: back in service after ${Math.max(...samples)} ms`),
  ...(verdict.passed ? [] : [`the checker: ${JSON.stringify(verdict)}`]),
]
const summary = {
  ...(result === undefined ? {} : ofInsertions(result)),
  ...(plugged === undefined ? {} : { plugs: plugged }),
  backInServiceMs,
  backInServiceWorstMs: Math.max(...Object.values(backInServiceMs).flat()),
  lost: verdict.lost.length,
  duplicates: verdict.duplicates.length,
  settled: verdict.settled,
  balanced: verdict.balanced,
  seed: values.seed,
  commit,
  problems,
}
if (!values.json) {
  const word = problems.length === 0 ? 'Nothing is left of them.' : problems.join('; ')
  const cards = result === undefined ? [] : [`${insertions} insertions in ${result.seconds} s, ${result.read} read.`]
  const readers = plugged === undefined ? [] : [`${plugs} plugs in ${plugged.seconds} s.`]
  process.stdout.write(`${[...cards, ...readers, word].join(' ')}\n`)
}
process.stdout.write(`${JSON.stringify(summary)}\n`)
process.exitCode = problems.length === 0 ? 0 : 1

function ofInsertions({ read, seconds, before, halfway, after }: SoakResult): object {
  return {
    insertions,
    read,
    missed: insertions - read,
    seconds,
    leakedFileDescriptors: after.fileDescriptors - before.fileDescriptors,
    leakedThreads: after.threads - before.threads,
    leakedListeners: after.listeners - before.listeners,
    leakedFilesOfPcscd: (after.filesOfPcscd ?? 0) - (before.filesOfPcscd ?? 0),
    heapGrowthBytes: after.heapBytes - before.heapBytes,
    residentGrowthBytes: after.residentBytes - before.residentBytes,
    residentGrowthSecondHalfBytes: after.residentBytes - halfway.residentBytes,
  }
}
