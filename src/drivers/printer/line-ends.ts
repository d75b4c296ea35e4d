/**
 * Where in a job a printed line has just ended: behind a line feed that is a command, and no byte of a picture's or a
 * QR code's data. There, and only there, a drawer's pulse may stand among the bytes of a job: no command is open, and
 * nothing waits in the printer's line (docs/design/07-printing.md, "The drawer"). Knows the commands that our encoder
 * writes, by the command references of Epson and Star; behind one that it does not know, no place is safe any more.
 */
import type { PrinterLanguage } from './profile.ts'

const lineFeed = 0x0a

/** The length of the command that begins at `at`; `undefined`: unknown, or the job ends inside it. */
type LengthOf = (job: Uint8Array, at: number) => number | undefined

/** What is not below it is a letter. */
const firstLetter = 0x20
/** LF, CR, CAN. */
const controls: ReadonlySet<number> = new Set([lineFeed, 0x0d, 0x18])

/** Total lengths by the two bytes that such a command begins with. */
const escposLengths: Readonly<Record<string, number>> = {
  'ESC @': 2,
  'ESC 2': 2,
  'ESC 3': 3,
  'ESC E': 3,
  'ESC M': 3,
  'ESC a': 3,
  'ESC d': 3,
  'ESC t': 3,
  'FS .': 2,
  'GS !': 3,
  'GS a': 3,
}
/** `GS V m`, by m; functions B have a distance behind them. */
const cutLengths: Readonly<Record<number, number>> = { 0: 3, 1: 3, 48: 3, 49: 3, 65: 4, 66: 4 }
const starLengths: Readonly<Record<string, number>> = {
  'ESC @': 2,
  'ESC 0': 2,
  'ESC d': 3,
  'ESC z': 3,
}
const leads: Readonly<Record<number, string>> = { 0x1b: 'ESC', 0x1c: 'FS', 0x1d: 'GS' }

const nameAt = (job: Uint8Array, at: number): string =>
  `${leads[job[at] ?? 0] ?? ''} ${String.fromCharCode(job[at + 1] ?? 0)}`

/** A number of two bytes, the low one first. */
const wordAt = (job: Uint8Array, at: number): number => (job[at] ?? 0) + (job[at + 1] ?? 0) * 256

const escposLengthOf: LengthOf = (job, at) => {
  const name = nameAt(job, at)
  if (name === 'GS v') return job[at + 2] === 0x30 ? 8 + wordAt(job, at + 4) * wordAt(job, at + 6) : undefined
  if (name === 'GS (') return 5 + wordAt(job, at + 3)
  if (name === 'GS V') return cutLengths[job[at + 2] ?? -1]
  return escposLengths[name]
}

/** `ESC X n1 n2`: columns of 24 dots, three bytes each. */
const starLengthOf: LengthOf = (job, at) => {
  const name = nameAt(job, at)
  return name === 'ESC X' ? 4 + wordAt(job, at + 2) * 3 : starLengths[name]
}

/** The offsets into `job` at which the byte before ended a line, in rising order. */
export function lineEndsOf(job: Uint8Array, language: PrinterLanguage): number[] {
  const commandLength = language === 'escpos' ? escposLengthOf : starLengthOf
  const ends: number[] = []
  for (let at = 0; at < job.length;) {
    const first = job[at] ?? 0
    const length = first >= firstLetter || controls.has(first) ? 1 : commandLength(job, at)
    if (length === undefined || at + length > job.length) break
    at += length
    if (first === lineFeed) ends.push(at)
  }
  return ends
}
