/**
 * Input reports of a bar code scanner of usage page 0x8C (HID Point of Sale Usage Tables 1.02, 3.3: Scanned Data
 * Report). The tables name the fields and leave their places to each device's descriptor, which hidapi does not hand
 * over; the places are those that manufacturers document.
 */
import type { HidNothing, ScannedCode } from '../ports.ts'

export const posUsagePage = 0x8c

/** Where a scanner puts the fields of its 64 bytes, report id included. */
interface PosLayout {
  /** Three characters of the AIM symbology identifier, or null where the report has none. */
  readonly symbologyAt: number | null
  readonly dataAt: number
  readonly source: string
}

const reportId = 0x02
const reportBytes = 64
const lengthAt = 1
const dataBytesMax = 56
/** Bit 0 of the last byte: the code goes on in the next report. */
const continuedAt = 63

export const posLayouts = {
  aim: {
    symbologyAt: 2,
    dataAt: 5,
    source: "Hand Held Products (Honeywell), USB Interfaces User's Guide, p. 1-11; Access-IS LSR118 manual, appendix B",
  },
  newland: {
    symbologyAt: null,
    dataAt: 2,
    source: 'Newland NLS-FM420 integration guide, p. 47; ID TECH 2DScan FX100 manual, p. 43',
  },
} as const satisfies Readonly<Record<string, PosLayout>>
export type PosLayoutName = keyof typeof posLayouts

/** Newland's vendor id (the same guide, "VID and PID Table"); everybody else documents the other layout. */
const newlandVendorId = 0x1eab
export const layoutOfVendor = (vendorId: number): PosLayoutName => (vendorId === newlandVendorId ? 'newland' : 'aim')

/**
 * Reports carry no number: the tail of a code whose head was lost looks like a whole one. So what comes within so long
 * after the opening, or after a report that was no good, is passed over. The reports of one code follow each other
 * within a few milliseconds, and no hand scans twice in this time.
 */
export const quietMs = 200
const codeBytesMax = 4_096

export type ScanReading =
  | ({ readonly kind: 'code' } & ScannedCode)
  /** A part of a code, another kind of report, or what is passed over. */
  | { readonly kind: 'nothing'; readonly why: HidNothing }
  | { readonly kind: 'malformed'; readonly why: string }

/** Puts codes together out of reports. Times are those of the drivers' scheduler. Never throws. */
export class PosScannerParser {
  readonly #layout: PosLayout
  #deafUntil: number
  #lastAt = 0
  #parts: Uint8Array[] = []
  #symbology: string | null = null

  constructor(layout: PosLayoutName, openedAt: number) {
    this.#layout = posLayouts[layout]
    this.#deafUntil = openedAt + quietMs
  }

  read(report: Uint8Array, at: number): ScanReading {
    // Trigger, status and settings reports have other ids.
    if (report[0] !== reportId) return { kind: 'nothing', why: 'other-report' }
    if (at < this.#deafUntil) {
      this.#deafUntil = at + quietMs
      return { kind: 'nothing', why: 'quiet' }
    }
    // The rest of a code, too late, or another code: nobody can tell.
    if (this.#parts.length > 0 && at - this.#lastAt >= quietMs) return this.#malformed(at, 'a code that broke off')
    this.#lastAt = at
    const length = report[lengthAt] ?? 0
    if (report.length < reportBytes) return this.#malformed(at, `a report of ${report.length} bytes`)
    if (length === 0 || length > dataBytesMax) return this.#malformed(at, `a length of ${length}`)
    const symbology = this.#symbologyOf(report)
    if (symbology === undefined) return this.#malformed(at, 'no AIM symbology identifier')
    if (this.#parts.length > 0 && symbology !== this.#symbology) return this.#malformed(at, 'two symbologies in a code')
    const { dataAt } = this.#layout
    this.#parts.push(report.slice(dataAt, dataAt + length))
    this.#symbology = symbology
    if (this.#parts.length * dataBytesMax > codeBytesMax) return this.#malformed(at, 'a code without an end')
    if (((report[continuedAt] ?? 0) & 1) === 1) return { kind: 'nothing', why: 'continued' }
    const code = codeOf(Buffer.concat(this.#parts), symbology)
    this.#forget()
    return code === undefined ? this.#malformed(at, 'data that are no code') : { kind: 'code', code, symbology }
  }

  #symbologyOf(report: Uint8Array): string | null | undefined {
    const at = this.#layout.symbologyAt
    if (at === null) return null
    const text = String.fromCharCode(...report.slice(at, at + 3))
    return /^\][A-Za-z][0-9A-Za-z]$/.test(text) ? text : undefined
  }

  #malformed(at: number, why: string): ScanReading {
    this.#forget()
    this.#deafUntil = at + quietMs
    return { kind: 'malformed', why }
  }

  #forget(): void {
    this.#parts = []
    this.#symbology = null
  }
}

const groupSeparator = '\u001d'

/** The text of a code, without the Enter that scanners may be set to add. Undefined for what cannot be one. */
function codeOf(data: Uint8Array, symbology: string | null): string | undefined {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data)
  } catch {
    return undefined
  }
  const code = text.replace(/[\r\n\t]+$/u, '')
  if (code === '' || /\p{Cc}/u.test(code.replaceAll(groupSeparator, ''))) return undefined
  const isGtin = (symbology === ']E0' && code.length === 13) || (symbology === ']E4' && code.length === 8)
  return isGtin && !hasGtinCheckDigit(code) ? undefined : code
}

/** GS1 General Specifications, 7.9: from the right, weights 3 and 1 in turn. */
function hasGtinCheckDigit(code: string): boolean {
  if (!/^\d+$/.test(code)) return false
  const sum = [...code]
    .toReversed()
    .reduce((total, digit, index) => total + Number(digit) * (index % 2 === 1 ? 3 : 1), 0)
  return sum % 10 === 0
}
