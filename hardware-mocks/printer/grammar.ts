/**
 * Where one ESC/POS command ends and the next begins. Only lengths live here; meaning is the interpreter's. Lengths
 * follow Epson's ESC/POS command reference.
 *
 * Bytes come in any cut: `measure` says `incomplete` until the whole command is there, so the same stream gives the
 * same commands however TCP sliced it.
 */

export interface Command {
  /** The mnemonic of the command reference, such as `ESC t`; `text` for one printable byte. */
  readonly name: string
  readonly bytes: Uint8Array
  /** A command that no rule knows: its length is a guess (the lead bytes alone). */
  readonly known: boolean
}

export type Measured = { readonly name: string; readonly length: number; readonly known: boolean }

const incomplete = 'incomplete'
/** No printer buffers more than this for one command; a longer announcement is line noise. */
const longestCommand = 16 * 1024 * 1024

/** Total lengths, lead bytes included, of commands whose length never varies. */
const escapeLengths: Readonly<Record<string, number>> = {
  '@': 2,
  '2': 2,
  i: 2,
  m: 2,
  L: 2,
  S: 2,
  u: 3,
  v: 2,
  '\f': 2,
  '<': 2,
  '!': 3,
  '-': 3,
  E: 3,
  G: 3,
  M: 3,
  a: 3,
  d: 3,
  e: 3,
  J: 3,
  K: 3,
  t: 3,
  R: 3,
  '3': 3,
  ' ': 3,
  V: 3,
  '{': 3,
  '=': 3,
  r: 3,
  '%': 3,
  '?': 3,
  T: 3,
  U: 3,
  $: 4,
  '\\': 4,
  c: 4,
  B: 4,
  p: 5,
  W: 10,
}
const groupLengths: Readonly<Record<string, number>> = {
  '!': 3,
  B: 3,
  H: 3,
  f: 3,
  h: 3,
  w: 3,
  a: 3,
  r: 3,
  I: 3,
  '/': 3,
  T: 3,
  b: 3,
  j: 3,
  c: 2,
  ':': 2,
  E: 3,
  L: 4,
  W: 4,
  P: 4,
  $: 4,
  '\\': 4,
  '^': 5,
}
const fieldLengths: Readonly<Record<string, number>> = {
  '.': 2,
  '&': 2,
  '!': 3,
  '-': 3,
  C: 3,
  W: 3,
  S: 4,
  p: 4,
}

const fixed = (name: string, length: number): Measured => ({ name, length, known: true })

function measureDle(bytes: Uint8Array, at: number): Measured | typeof incomplete {
  const second = bytes[at + 1]
  const third = bytes[at + 2]
  if (second === undefined) return incomplete
  if (second === 0x04) {
    if (third === undefined) return incomplete
    return fixed('DLE EOT', third === 7 || third === 8 || third === 18 ? 4 : 3)
  }
  if (second === 0x05) return fixed('DLE ENQ', 3)
  if (second === 0x14) {
    if (third === undefined) return incomplete
    const length = { 1: 5, 2: 5, 3: 8, 7: 4, 8: 10 }[third]
    return length === undefined ? { name: 'DLE DC4', length: 3, known: false } : fixed('DLE DC4', length)
  }
  return { name: 'DLE ?', length: 2, known: false }
}

function measureUntilZero(bytes: Uint8Array, at: number, lead: number, name: string): Measured | typeof incomplete {
  const end = bytes.indexOf(0, at + lead)
  return end < 0 ? incomplete : fixed(name, end - at + 1)
}

/** `ESC &` carries, for each character, a width byte and width × height bytes of dots. */
function measureGlyphs(bytes: Uint8Array, at: number): Measured | typeof incomplete {
  const height = bytes[at + 2]
  const first = bytes[at + 3]
  const last = bytes[at + 4]
  if (height === undefined || first === undefined || last === undefined) return incomplete
  let length = 5
  for (let code = first; code <= last; code++) {
    const width = bytes[at + length]
    if (width === undefined) return incomplete
    length += 1 + width * height
  }
  return fixed('ESC &', length)
}

function measureEscape(bytes: Uint8Array, at: number): Measured | typeof incomplete {
  const second = bytes[at + 1]
  if (second === undefined) return incomplete
  const letter = String.fromCharCode(second)
  const name = `ESC ${letter === ' ' ? 'SP' : letter === '\f' ? 'FF' : letter}`
  const length = escapeLengths[letter]
  if (length !== undefined) return fixed(name, length)
  if (letter === 'D') return measureUntilZero(bytes, at, 2, name)
  if (letter === '&') return measureGlyphs(bytes, at)
  if (letter === '*') {
    const mode = bytes[at + 2]
    const low = bytes[at + 3]
    const high = bytes[at + 4]
    if (mode === undefined || low === undefined || high === undefined) return incomplete
    return fixed(name, 5 + (low + high * 256) * (mode >= 32 ? 3 : 1))
  }
  if (letter === '(') return measureParenthesis(bytes, at, 'ESC')
  return { name, length: 2, known: false }
}

function measureParenthesis(bytes: Uint8Array, at: number, lead: string): Measured | typeof incomplete {
  const letter = bytes[at + 2]
  const low = bytes[at + 3]
  const high = bytes[at + 4]
  if (letter === undefined || low === undefined || high === undefined) return incomplete
  return fixed(`${lead} ( ${String.fromCharCode(letter)}`, 5 + low + high * 256)
}

function measureGroup(bytes: Uint8Array, at: number): Measured | typeof incomplete {
  const second = bytes[at + 1]
  if (second === undefined) return incomplete
  const letter = String.fromCharCode(second)
  const name = `GS ${letter}`
  const length = groupLengths[letter]
  if (length !== undefined) return fixed(name, length)
  const third = bytes[at + 2]
  switch (letter) {
    case '(':
      return measureParenthesis(bytes, at, 'GS')
    case 'V':
      if (third === undefined) return incomplete
      return [0, 1, 48, 49].includes(third)
        ? fixed(name, 3)
        : [65, 66, 97, 98, 103, 104].includes(third)
          ? fixed(name, 4)
          : { name, length: 3, known: false }
    case 'v': {
      if (bytes.length - at < 8) return incomplete
      const bytesPerRow = (bytes[at + 4] ?? 0) + (bytes[at + 5] ?? 0) * 256
      const rows = (bytes[at + 6] ?? 0) + (bytes[at + 7] ?? 0) * 256
      return third === 0x30 ? fixed('GS v 0', 8 + bytesPerRow * rows) : { name, length: 3, known: false }
    }
    case '8': {
      if (bytes.length - at < 7) return incomplete
      const size = new DataView(bytes.buffer, bytes.byteOffset + at + 3, 4).getUint32(0, true)
      return third === 0x4c ? fixed('GS 8 L', 7 + size) : { name, length: 3, known: false }
    }
    case 'k': {
      if (third === undefined) return incomplete
      if (third <= 6) return measureUntilZero(bytes, at, 3, name)
      const count = bytes[at + 3]
      if (count === undefined) return incomplete
      return fixed(name, 4 + count)
    }
    case '*': {
      const width = bytes[at + 2]
      const height = bytes[at + 3]
      if (width === undefined || height === undefined) return incomplete
      return fixed(name, 4 + width * height * 8)
    }
    default:
      return { name, length: 2, known: false }
  }
}

function measureField(bytes: Uint8Array, at: number): Measured | typeof incomplete {
  const second = bytes[at + 1]
  if (second === undefined) return incomplete
  const letter = String.fromCharCode(second)
  const length = fieldLengths[letter]
  if (length !== undefined) return fixed(`FS ${letter}`, length)
  if (letter === '(') return measureParenthesis(bytes, at, 'FS')
  return { name: `FS ${letter}`, length: 2, known: false }
}

const controlNames: Readonly<Record<number, string>> = {
  0x00: 'NUL',
  0x09: 'HT',
  0x0a: 'LF',
  0x0c: 'FF',
  0x0d: 'CR',
  0x18: 'CAN',
}

function measure(bytes: Uint8Array, at: number): Measured | typeof incomplete {
  const first = bytes[at]
  if (first === undefined) return incomplete
  if (first === 0x10) return measureDle(bytes, at)
  if (first === 0x1b) return measureEscape(bytes, at)
  if (first === 0x1d) return measureGroup(bytes, at)
  if (first === 0x1c) return measureField(bytes, at)
  if (first >= 0x20) return fixed('text', 1)
  const name = controlNames[first]
  return name === undefined ? { name: 'control', length: 1, known: false } : fixed(name, 1)
}

/** Cuts a byte stream into commands, keeping what is not complete yet. */
export class CommandCutter {
  readonly #measure: typeof measure
  #waiting: Uint8Array = new Uint8Array(0)

  /** @param measureOf the commands of another language; ESC/POS unless given */
  constructor(measureOf: typeof measure = measure) {
    this.#measure = measureOf
  }

  /** Bytes of a command that has not come to its end. */
  get waitingBytes(): number {
    return this.#waiting.length
  }

  push(chunk: Uint8Array): Command[] {
    const bytes = this.#waiting.length === 0 ? chunk : joined(this.#waiting, chunk)
    const commands: Command[] = []
    let at = 0
    while (at < bytes.length) {
      const measured = this.#measure(bytes, at)
      if (measured === incomplete) break
      const { name, length, known } = measured
      if (length > longestCommand) {
        commands.push({ name, bytes: bytes.slice(at, at + 2), known: false })
        at += 2
        continue
      }
      if (at + length > bytes.length) break
      commands.push({ name, bytes: bytes.slice(at, at + length), known })
      at += length
    }
    this.#waiting = bytes.slice(at)
    return commands
  }

  /** Forgets an unfinished command and hands its bytes out, for the log. */
  abandon(): Uint8Array {
    const abandoned = this.#waiting
    this.#waiting = new Uint8Array(0)
    return abandoned
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  return whole
}
