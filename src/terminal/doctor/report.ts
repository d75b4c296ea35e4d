/** The doctor's findings as a person reads them, and as a program does. */
import type { Language } from '../../voucher/identifiers.ts'
import { levelOf, type Finding, type Level } from './finding.ts'
import { doctorTexts, filled, wordsOf } from './texts.ts'

export interface Counts {
  readonly checks: number
  readonly warnings: number
  readonly faults: number
}

export function countsOf(findings: readonly Finding[]): Counts {
  const count = (level: Level): number => findings.filter((finding) => levelOf(finding) === level).length
  return { checks: findings.length, warnings: count('warning'), faults: count('fault') }
}

/** One line of JSON for each finding, and a last one with the counts. */
export function jsonLines(findings: readonly Finding[], language: Language): string {
  const lines = findings.map((finding) => {
    const { check, code, seen } = finding
    return { check, level: levelOf(finding), code, seen, ...wordsOf(finding, language) }
  })
  return [...lines, countsOf(findings)].map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** What a terminal shows without breaking lines by itself. */
export const columns = 80

/** Each finding with its level first, and below it what to do. */
export function readable(findings: readonly Finding[], language: Language): string {
  const { checks, levels, end } = doctorTexts[language]
  const widthOf = (words: object): number => Math.max(...Object.values(words).map(({ length }) => length))
  const [levelWidth, nameWidth] = [widthOf(levels), widthOf(checks)]
  const indent = ' '.repeat(levelWidth + nameWidth + 4)
  const room = columns - indent.length
  const lines = findings.flatMap((finding) => {
    const { says, remedy } = wordsOf(finding, language)
    const head = `${levels[levelOf(finding)].padEnd(levelWidth)}  ${checks[finding.check].padEnd(nameWidth)}  `
    const [first = '', ...more] = brokenAt(room, says)
    const todo = remedy === null ? [] : brokenAt(room - 2, remedy)
    return [
      head + first,
      ...more.map((line) => indent + line),
      ...todo.map((line, index) => `${indent}${index === 0 ? '→' : ' '} ${line}`),
    ]
  })
  const { warnings, faults } = countsOf(findings)
  const worst: Level = faults > 0 ? 'fault' : warnings > 0 ? 'warning' : 'ok'
  const last = filled(end[worst], { warnings: String(warnings), faults: String(faults) })
  return `${[...lines, '', ...brokenAt(columns, last)].join('\n')}\n`
}

/** Between words; a word that is longer than a line (a path) is left whole, to be copied. */
function brokenAt(width: number, text: string): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
