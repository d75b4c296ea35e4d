/**
 * `npm run applet-check -- [--json]`: the card on the first PC/SC reader is held against docs/design/22, and every
 * command is measured. A blank applet is personalised with keys that everybody has: it is a check's card from then on.
 * Ends with 1 where the card does not keep to the document, with 2 where there is no reader or no card.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { CommandTimes } from './applet-check/check.ts'
import type { CheckLine } from './applet-check/on-reader.ts'
import { askedOf } from './arguments.ts'

const usage = 'Use: npm run applet-check -- [--json]'
const { values } = askedOf(usage, { options: { json: { type: 'boolean', default: false } } })
const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`)

/** Of the times of one command: how many, and milliseconds. */
function summaryOf({ command, ms }: CommandTimes) {
  const sorted = ms.toSorted((a, b) => a - b)
  const at = (part: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * part)] ?? 0)
  return { command, times: sorted.length, medianMs: at(0.5), worstMs: at(1) }
}

say('Lay the card on the reader and leave it there.')
const program = join(import.meta.dirname, 'applet-check', 'on-reader.ts')
const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
let code = 2
for await (const text of createInterface({ input: child.stdout })) {
  const line = JSON.parse(text) as CheckLine
  switch (line.kind) {
    case 'step':
      say(line.fault === null ? `ok      ${line.step}` : `FAILED  ${line.step}\n        ${line.fault}`)
      break
    case 'no-card':
      process.stderr.write(`tolem: no card came (${line.why}).\n`)
      break
    case 'end': {
      const commands = line.times.map(summaryOf)
      code = line.passed ? 0 : 1
      if (values.json) {
        process.stdout.write(`${JSON.stringify({ passed: line.passed, commands })}\n`)
        break
      }
      for (const { command, times, medianMs, worstMs } of commands) {
        say(`${command.padEnd(20)} ${`${times}`.padStart(4)} times, median ${medianMs} ms, worst ${worstMs} ms`)
      }
      say('Not tried: tears. Cut the field inside SPEND and UPDATE (docs/design/22, "To be confirmed on real cards").')
      break
    }
  }
}
process.exitCode = code
