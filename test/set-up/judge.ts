/** Whether a case of the set-up matrix ended as it must. */
import type { SetUpCase } from './cases.ts'

/** What a command did. */
export interface Ending {
  readonly exitCode: number | null
  /** It had to be killed at its limit. */
  readonly isLate: boolean
  /** stdout and stderr as they came. */
  readonly output: string
  /** Lines by which `npm start` says that it is ready. */
  readonly readyLines: number
  /** The status with which the till answered; empty when nobody asked. */
  readonly answered: string
  /** Command lines of what still ran a while after the end. */
  readonly left: string
  readonly seconds: number
}

const lastLinesCount = 25
const prompt = /\[y\/n\]|\(y\/n\)|ok to proceed|password for|password:/i
const stackTrace = /^\s+at .*:\d+:\d+\)?$/m

/** The end of what a command said, without empty lines. */
export function lastLines(output: string, count: number = lastLinesCount): readonly string[] {
  return output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-count)
}

/** What is wrong, one sentence each; empty when the case ended as it must. */
export function judge(one: Pick<SetUpCase, 'command' | 'ends'>, ending: Ending): readonly string[] {
  const { exitCode, output } = ending
  const wrong: string[] = []
  if (exitCode === 97) return [`the machine of the case could not be made: ${lastLines(output, 3).join(' ')}`]
  if (ending.isLate) wrong.push('it hung until it was killed')
  if (ending.left !== '') wrong.push(`it left running: ${ending.left}`)
  if (prompt.test(output)) wrong.push(`it asked: ${prompt.exec(output)?.[0]}`)
  const last = lastLines(output).join('\n')
  if (one.ends.how === 'says') {
    if (exitCode === 0) wrong.push('it ended with code 0')
    if (ending.readyLines > 0) wrong.push('it said that it was ready')
    if (stackTrace.test(output)) wrong.push(`it showed a stack trace: ${stackTrace.exec(output)?.[0].trim()}`)
    for (const sentence of one.ends.sentences) if (!matches(sentence, last)) wrong.push(`it did not say ${sentence}`)
    return wrong
  }
  if (one.command === 'start') {
    if (ending.readyLines !== 1) wrong.push(`it was ready ${ending.readyLines} times`)
    if (ending.answered !== '200') wrong.push(`the till answered "${ending.answered}"`)
    return wrong
  }
  if (exitCode !== 0) wrong.push(`it ended with code ${exitCode}`)
  if (!/^[1-9]\d* passed, 0 failed$/.test(lastLines(output, 1)[0] ?? '')) wrong.push('its last line is no success')
  const leftOut = linesLeftOut(output)
  const expected = one.ends.leavesOut
  for (const line of leftOut)
    if (!expected.some((pattern) => pattern.test(line))) wrong.push(`it left out, unexpected: ${line}`)
  for (const pattern of expected)
    if (!leftOut.some((line) => pattern.test(line))) wrong.push(`it did not say that it left out ${pattern}`)
  return wrong
}

const matches = (sentence: RegExp, text: string): boolean => new RegExp(sentence, 'm').test(text)

function linesLeftOut(output: string): readonly string[] {
  const lines = output.split('\n')
  const head = lines.findLastIndex((line) => line.startsWith('LEFT OUT ('))
  if (head === -1) return []
  const rest = lines.slice(head + 1)
  return rest.slice(0, rest.indexOf('')).map((line) => line.trim())
}
