/**
 * Where one StarPRNT command ends and the next begins. Only lengths live here. They follow Star's "StarPRNT Command
 * Specifications" as far as receipts go: what stands in no table is reported as unknown.
 */
import { CommandCutter } from './grammar.ts'
import type { Measured } from './grammar.ts'

const incomplete = 'incomplete'
const fixed = (name: string, length: number): Measured => ({ name, length, known: true })

/** Total lengths, ESC included, by the byte behind ESC. */
const escapeLengths: Readonly<Record<number, { readonly name: string; readonly length: number }>> = {
  0x07: { name: 'ESC BEL', length: 4 },
  0x30: { name: 'ESC 0', length: 2 },
  0x40: { name: 'ESC @', length: 2 },
  0x45: { name: 'ESC E', length: 2 },
  0x46: { name: 'ESC F', length: 2 },
  0x4a: { name: 'ESC J', length: 3 },
  0x61: { name: 'ESC a', length: 3 },
  0x64: { name: 'ESC d', length: 3 },
  0x69: { name: 'ESC i', length: 4 },
  0x7a: { name: 'ESC z', length: 3 },
}

const controlNames: Readonly<Record<number, string>> = {
  0x00: 'NUL',
  0x07: 'BEL',
  0x09: 'HT',
  0x0a: 'LF',
  0x0d: 'CR',
  0x17: 'ETB',
  0x18: 'CAN',
  0x1a: 'SUB',
}

export function measureStar(bytes: Uint8Array, at: number): Measured | typeof incomplete {
  const first = bytes[at]
  if (first === undefined) return incomplete
  if (first >= 0x20) return fixed('text', 1)
  if (first !== 0x1b) {
    const name = controlNames[first]
    return name === undefined ? { name: 'control', length: 1, known: false } : fixed(name, 1)
  }
  const second = bytes[at + 1]
  const third = bytes[at + 2]
  if (second === undefined) return incomplete
  const known = escapeLengths[second]
  if (known !== undefined) return fixed(known.name, known.length)
  if (second === 0x06) {
    if (third === undefined) return incomplete
    return third === 0x01 ? fixed('ESC ACK SOH', 3) : { name: 'ESC ACK', length: 2, known: false }
  }
  if (second === 0x1d) {
    if (third === undefined) return incomplete
    if (third === 0x61) return fixed('ESC GS a', 4)
    return { name: 'ESC GS', length: 3, known: false }
  }
  if (second === 0x1e) {
    if (third === undefined) return incomplete
    if (third === 0x46) return fixed('ESC RS F', 4)
    return { name: 'ESC RS', length: 3, known: false }
  }
  if (second === 0x58) {
    const low = third
    const high = bytes[at + 3]
    if (low === undefined || high === undefined) return incomplete
    // Columns of 24 dots, three bytes each.
    return fixed('ESC X', 4 + (low + high * 256) * 3)
  }
  return { name: `ESC ${second.toString(16)}`, length: 2, known: false }
}

export const createStarCutter = (): CommandCutter => new CommandCutter(measureStar)
