/**
 *     node test/checker/main.ts --data DIR [--json] [--waiting-print-jobs N] [--claims FILE]
 *
 * over the folders that `npm start` and `npm run demo` leave: `DIR/ledger`, `DIR/hardware` and of more tills
 * `DIR/hardware-2` and so on, never `DIR/till`. Exit code 0: nothing is lost, doubled, forged or out of balance; 1:
 * something is; 2: it cannot be said.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { checkRun } from './check-run.ts'
import { CheckerInputError } from './input-error.ts'
import { reportInWords } from './report-words.ts'

const usage = 'Usage: node test/checker/main.ts --data DIR [--json] [--waiting-print-jobs N] [--claims FILE]\n'

interface Asked {
  readonly data: string
  readonly json: boolean
  readonly waitingPrintJobs: number | undefined
  readonly claims: string | undefined
}

function asked(): Asked | undefined {
  try {
    const { values } = parseArgs({
      options: {
        data: { type: 'string' },
        json: { type: 'boolean' },
        'waiting-print-jobs': { type: 'string' },
        claims: { type: 'string' },
      },
    })
    const waiting = values['waiting-print-jobs']
    if (values.data === undefined || (waiting !== undefined && !/^\d+$/.test(waiting))) return undefined
    const waitingPrintJobs = waiting === undefined ? undefined : Number(waiting)
    return { data: values.data, json: values.json ?? false, waitingPrintJobs, claims: values.claims }
  } catch {
    return undefined
  }
}

function otherHardwareIn(data: string): string[] {
  if (!existsSync(data)) return []
  const names = readdirSync(data).filter((name) => /^hardware-\d+$/.test(name))
  return names.toSorted().map((name) => join(data, name))
}

function main(): number {
  const request = asked()
  if (request === undefined) {
    process.stderr.write(usage)
    return 2
  }
  const { data, json, waitingPrintJobs, claims } = request
  try {
    const report = checkRun({
      ledgerFolder: join(data, 'ledger'),
      hardwareFolder: join(data, 'hardware'),
      otherHardwareFolders: otherHardwareIn(data),
      ...(waitingPrintJobs === undefined ? {} : { waitingPrintJobs }),
      ...(claims === undefined ? {} : { claimsFile: claims }),
    })
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : reportInWords(report))
    return report.passed ? 0 : 1
  } catch (error) {
    if (!(error instanceof CheckerInputError)) throw error
    process.stderr.write(`The run cannot be checked: ${error.message}\n`)
    return 2
  }
}

process.exitCode = main()
