/**
 * What a scanner in HID POS mode and a numeric keypad send, as their makers' manuals and the HID Usage Tables have it.
 * Written for the virtual devices alone: the terminal's parsers share nothing with it.
 */

const reportSize = 64
const dataMost = 56

/**
 * A code as input reports of the Bar Code Scanner page (0x8C): id 2, length, AIM identifier, up to 56 bytes, and in the
 * last byte whether more follows (Access-IS LSR118 product manual, appendix B).
 */
export function scanReports(code: string, symbology: string): Uint8Array[] {
  const data = Buffer.from(code, 'utf8')
  const reports: Uint8Array[] = []
  for (let from = 0; from < data.length; from += dataMost) {
    const part = data.subarray(from, from + dataMost)
    const report = Buffer.alloc(reportSize)
    report[0] = 0x02
    report[1] = part.length
    report.write(symbology, 2, 'latin1')
    part.copy(report, 5)
    report[63] = from + dataMost < data.length ? 1 : 0
    reports.push(new Uint8Array(report))
  }
  return reports
}

/** As a scanner would tell: EAN-13, EAN-8, else a QR code (ISO/IEC 15424). */
export function symbologyOf(code: string): string {
  if (/^\d{13}$/.test(code)) return ']E0'
  return /^\d{8}$/.test(code) ? ']E4' : ']Q1'
}

/** Usages of page 0x07 of a numeric keypad. */
const keypadUsages: Readonly<Record<string, number>> = {
  '1': 0x59,
  '2': 0x5a,
  '3': 0x5b,
  '4': 0x5c,
  '5': 0x5d,
  '6': 0x5e,
  '7': 0x5f,
  '8': 0x60,
  '9': 0x61,
  '0': 0x62,
  ',': 0x63,
  Enter: 0x58,
  Backspace: 0x2a,
}
export const keypadKeys = Object.keys(keypadUsages)

/** The key goes down and comes up: two reports of the boot protocol (HID 1.11, appendix B.1). */
export function keyReports(key: string): Uint8Array[] {
  return [Uint8Array.of(0, 0, keypadUsages[key] ?? 0, 0, 0, 0, 0, 0), new Uint8Array(8)]
}
