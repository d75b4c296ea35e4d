/**
 * `npm run reader-soak -- --insertions N [--json]`: cards come and go at a whole till on Debian's real pcscd, in
 * namespaces of its own, and what the device host and pcscd hold is counted before and after. Ends with 1 on a leak or a
 * card that was not read, with 2 where pcscd cannot be played.
 */
import { execFile } from 'node:child_process'
import { parseArgs } from 'node:util'
import { namespaceCommand, whyNoPcscd } from '../test/fixtures/pcscd-namespace.ts'
import { leaksOf, type SoakResult } from '../test/integration/reader/insertions.ts'

const { values } = parseArgs({
  options: { insertions: { type: 'string', default: '1000' }, json: { type: 'boolean', default: false } },
})

function fail(sentence: string): never {
  process.stderr.write(`tolem: ${sentence}\n`)
  process.exit(2)
}

const insertions = Number(values.insertions)
if (!Number.isSafeInteger(insertions) || insertions < 1) fail('--insertions is a whole number of at least 1')
const whyNot = whyNoPcscd()
if (whyNot !== null) fail(`${whyNot}. Remedy: apt install pcscd vsmartcard-vpcd, and run this as root.`)

const script = new URL('../test/integration/reader/soak-main.ts', import.meta.url).pathname
const [program = '', ...parameters] = namespaceCommand(script, ['--insertions', String(insertions)])
const result = await new Promise<SoakResult>((resolve) => {
  const options = { encoding: 'utf8', timeout: 60_000 + insertions * 2_000, killSignal: 'SIGKILL' } as const
  execFile(program, parameters, options, (error, stdout, stderr) => {
    const line = stdout.split('\n').find((text) => text.startsWith('{'))
    if (error !== null || line === undefined) fail(`the run broke off: ${error?.message ?? ''}\n${stdout}${stderr}`)
    resolve(JSON.parse(line) as SoakResult)
  })
})
const leaks = leaksOf(result)
if (values.json) process.stdout.write(`${JSON.stringify({ ...result, leaks })}\n`)
else
  process.stdout.write(
    `${result.insertions} insertions in ${result.seconds} s, ${result.read} read. ` +
      `${leaks.length === 0 ? 'Nothing is left of them.' : leaks.join('; ')}\n`,
  )
process.exitCode = leaks.length === 0 ? 0 : 1
