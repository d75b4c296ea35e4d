/**
 * Input reports of keyboards in the layout of the boot protocol (HID 1.11, appendix B.1): modifiers, a reserved byte,
 * up to six usages of the keys that are down (HID Usage Tables, page 0x07). For scanners that can nothing but type, and
 * numeric keypads; both only where the settings name the device.
 */
import type { KeypadKey } from '../ports.ts'
import { quietMs, type ScanReading } from './pos-scanner.ts'

const reportBytes = 8
const firstKeyAt = 2
/** ErrorRollOver, POSTFail, ErrorUndefined: no keys. */
const lastErrorUsage = 0x03
const shiftModifiers = 0x22

/** The report without its id, which a device that numbers its reports puts first. Undefined: not of this layout. */
function withoutId(report: Uint8Array): Uint8Array | undefined {
  const plain = report.length === reportBytes + 1 ? report.subarray(1) : report
  return plain.length === reportBytes && plain[1] === 0 ? plain : undefined
}

/** The id of a report, where the device numbers its reports. */
export const keyboardReportId = (report: Uint8Array): number | null =>
  report.length === reportBytes + 1 ? (report[0] ?? null) : null

/** The keys that went down with each report. */
export class PressedKeys {
  #down: readonly number[] = []

  /** In the order of the report. Undefined for what is no report of this layout, or when the device lost count. */
  read(report: Uint8Array): readonly number[] | undefined {
    const plain = withoutId(report)
    if (plain === undefined) return undefined
    const keys = [...plain.slice(firstKeyAt)].filter((usage) => usage !== 0)
    if (keys.some((usage) => usage <= lastErrorUsage)) return undefined
    const pressed = keys.filter((usage) => !this.#down.includes(usage))
    this.#down = keys
    return pressed
  }
}

/** Enter, Tab, Keypad Enter: what a scanner may be set to end a code with. */
const endUsages: readonly number[] = [0x28, 0x2b, 0x58]
const digits = '1234567890'
const shiftedDigits = '!@#$%^&*()'
/** From 0x2d on, without and with Shift, on the US layout that scanners type in; a blank has no key there. */
const signs = "-=[]\\\0;'`,./"
const shiftedSigns = '_+{}|\0:"~<>?'

function characterOf(usage: number, shifted: boolean): string | undefined {
  if (usage >= 0x04 && usage <= 0x1d) return String.fromCharCode((shifted ? 0x41 : 0x61) + usage - 0x04)
  if (usage >= 0x1e && usage <= 0x27) return (shifted ? shiftedDigits : digits)[usage - 0x1e]
  if (usage === 0x2c) return ' '
  const sign = (shifted ? shiftedSigns : signs)[usage - 0x2d]
  if (usage >= 0x2d && sign !== undefined && sign !== '\0') return sign
  return usage >= 0x59 && usage <= 0x62 ? digits[usage - 0x59] : undefined
}

/** As in the till's window: what is shorter was typed by a hand. */
const codeLengthMin = 6
const codeLengthMax = 4_096
/** Between two keys of one code. */
const gapMs = 100

/** Puts codes together out of what a scanner types; Enter or Tab ends one. Never throws. */
export class KeyboardScannerParser {
  readonly #keys = new PressedKeys()
  #typed = ''
  #lastAt = Number.NEGATIVE_INFINITY
  #deafUntil: number

  constructor(openedAt: number) {
    this.#deafUntil = openedAt + quietMs
  }

  read(report: Uint8Array, at: number): ScanReading {
    const pressed = this.#keys.read(report)
    if (at < this.#deafUntil) {
      if (pressed === undefined || pressed.length > 0) this.#deafUntil = at + quietMs
      return { kind: 'nothing', why: 'quiet' }
    }
    if (pressed === undefined) return this.#malformed(at, `a report of ${report.length} bytes that is no keyboard's`)
    const [usage, ...others] = pressed
    if (usage === undefined) return { kind: 'nothing', why: 'released' }
    // Two keys in one report have no order, and of Ctrl, Alt and their like no code is made.
    const modifiers = withoutId(report)?.[0] ?? 0
    if (others.length > 0 || (modifiers & ~shiftModifiers) !== 0) return this.#malformed(at, 'keys that are no code')
    if (this.#typed !== '' && at - this.#lastAt > gapMs) return this.#malformed(at, 'a code that broke off')
    this.#lastAt = at
    if (endUsages.includes(usage)) return this.#ended()
    const character = characterOf(usage, (modifiers & shiftModifiers) !== 0)
    if (character === undefined || this.#typed.length >= codeLengthMax) return this.#malformed(at, 'a key of no code')
    this.#typed += character
    return { kind: 'nothing', why: 'typed' }
  }

  #ended(): ScanReading {
    const code = this.#typed
    this.#typed = ''
    return code.length < codeLengthMin ? { kind: 'nothing', why: 'short' } : { kind: 'code', code, symbology: null }
  }

  #malformed(at: number, why: string): ScanReading {
    this.#typed = ''
    this.#deafUntil = at + quietMs
    return { kind: 'malformed', why }
  }
}

const others: Readonly<Record<number, readonly KeypadKey[]>> = {
  0x28: ['Enter'],
  0x58: ['Enter'],
  0x2a: ['Backspace'],
  0xbb: ['Backspace'], // Keypad Backspace
  0x36: [','],
  0x37: [','],
  0x63: [','], // Keypad . and Delete
  0x85: [','], // Keypad Comma
  0xb0: ['0', '0'], // Keypad 00
  0xb1: ['0', '0', '0'], // Keypad 000
}

/** The key or keys of a till that a usage means; none for the others (+, −, NumLock). */
export function keypadKeysOf(usage: number): readonly KeypadKey[] {
  const ofRow = usage >= 0x1e && usage <= 0x27 ? digits[usage - 0x1e] : undefined
  const digit = usage >= 0x59 && usage <= 0x62 ? digits[usage - 0x59] : ofRow
  return digit === undefined ? (others[usage] ?? []) : [digit as KeypadKey]
}
