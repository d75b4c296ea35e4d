/**
 * What an ESC/POS printer says of itself, and how its bytes are told apart on one wire. By their fixed bits (Citizen
 * iDP-3221 manual p. 200; Epson TM-L90 … command manual p. 319; facts/virtual-hardware-and-printers.md §3.3):
 *
 * | byte | is |
 * |---|---|
 * | `0xx1xx10` | a reply to `DLE EOT` |
 * | `0xx1xx00` | the first byte of an automatic status (`GS a`), of four |
 * | `00010001`, `00010011` | XON, XOFF: not for us, the system's flow control |
 * | `0xx0xxxx` | a later byte of an automatic status, or a reply to `GS r` |
 *
 * A reply to `DLE EOT` may come between the bytes of an automatic status; a reply to `GS r` does not, because both wait
 * in one line.
 */
import type { PrinterStatus, PrinterTrouble } from '../ports.ts'

/** `DLE EOT n`: asks at once, past whatever waits in the printer's buffer. Only between commands. */
export const statusQuestion = (n: 1 | 2 | 3 | 4): Uint8Array => Uint8Array.of(0x10, 0x04, n)
/** `GS r 1`: answered when all before it is printed, and not at all once the printer is off line. */
export const drainedQuestion = Uint8Array.of(0x1d, 0x72, 0x01)

/** What one byte, or several together, turned out to be. */
export type StatusEvent =
  /** To `DLE EOT`; which one was asked, only the asker knows. */
  | { readonly kind: 'reply'; readonly byte: number }
  /** A whole status: an automatic one, or StarPRNT's only answer. */
  | { readonly kind: 'status'; readonly status: PrinterStatus }
  /** All before the question is printed. */
  | { readonly kind: 'drained' }
  | { readonly kind: 'fault'; readonly fault: StatusFault }

/**
 * - `unknown_byte`: of no kind that a printer sends: noise on the line, a wrong baud rate, another language.
 * - `broken_status`: a status of several bytes began and was not finished.
 */
export type StatusFault = 'unknown_byte' | 'broken_status'

/** Reads the bytes of one connection, in any cut. Never throws. */
export interface StatusReader {
  push(bytes: Uint8Array): StatusEvent[]
}

const isReply = (byte: number): boolean => (byte & 0b1001_0011) === 0b0001_0010
const isFirstOfAutomatic = (byte: number): boolean => (byte & 0b1001_0011) === 0b0001_0000
const isQueued = (byte: number): boolean => (byte & 0b1001_0000) === 0
const isFlowControl = (byte: number): boolean => byte === 0x11 || byte === 0x13

export function createEscposStatusReader(): StatusReader {
  /** The bytes of an automatic status that has begun. */
  let begun: number[] = []
  const read = (byte: number): StatusEvent[] => {
    if (isFlowControl(byte)) return []
    if (isReply(byte)) return [{ kind: 'reply', byte }]
    if (isFirstOfAutomatic(byte)) {
      const broken = begun.length > 0
      begun = [byte]
      return broken ? [{ kind: 'fault', fault: 'broken_status' }] : []
    }
    if (!isQueued(byte)) {
      const broken: StatusEvent[] = begun.length > 0 ? [{ kind: 'fault', fault: 'broken_status' }] : []
      begun = []
      return [...broken, { kind: 'fault', fault: 'unknown_byte' }]
    }
    if (begun.length === 0) return [{ kind: 'drained' }]
    begun.push(byte)
    const [printer = 0, error = 0, paper = 0] = begun
    if (begun.length < 4) return []
    begun = []
    return [{ kind: 'status', status: readAutomaticStatus({ printer, error, paper }) }]
  }
  return { push: (bytes) => [...bytes].flatMap(read) }
}

/** The replies to `DLE EOT` 1 (printer), 2 (cause of being off line), 4 (paper), and 3 (error) where 2 tells of one. */
export interface StatusReplies {
  readonly printer: number
  readonly offline: number
  readonly error: number
  readonly paper: number
}

/** The reply to `DLE EOT` 2 tells of an error: 3 says of which. */
export const tellsOfError = (offline: number): boolean => has(offline, 0x40)

/** What the replies to `DLE EOT` mean. */
export function readStatus({ printer, offline, error, paper }: StatusReplies): PrinterStatus {
  return statusOf({
    coverOpen: has(offline, 0x04),
    paperOut: has(offline, 0x20) || has(paper, 0x60),
    cutterError: has(offline, 0x40) && has(error, 0x08),
    otherError: has(offline, 0x40),
    offline: has(printer, 0x08),
    paperNearEnd: has(paper, 0x0c),
  })
}

/** The first three bytes of an automatic status; the fourth says nothing that we ask. */
function readAutomaticStatus(bytes: {
  readonly printer: number
  readonly error: number
  readonly paper: number
}): PrinterStatus {
  return statusOf({
    coverOpen: has(bytes.printer, 0x20),
    paperOut: has(bytes.paper, 0x0c),
    cutterError: has(bytes.error, 0x08),
    otherError: has(bytes.error, 0x60),
    offline: has(bytes.printer, 0x08),
    paperNearEnd: has(bytes.paper, 0x03),
  })
}

/** What a printer may say, whatever its language. */
export interface PrinterSigns {
  readonly coverOpen: boolean
  readonly paperOut: boolean
  readonly cutterError: boolean
  readonly otherError: boolean
  readonly offline: boolean
  readonly paperNearEnd: boolean
}

/**
 * The trouble that a person must mend first: an open cover also reads as no paper, and both as off line. Off line for
 * none of these reasons is a printer that is occupied (its feed button, its own recovery, a switch).
 */
export function statusOf(signs: PrinterSigns): PrinterStatus {
  const trouble = ((): PrinterTrouble | null => {
    if (signs.coverOpen) return 'cover-open'
    if (signs.paperOut) return 'paper-out'
    if (signs.cutterError) return 'cutter-error'
    if (signs.otherError) return 'error'
    if (signs.offline) return 'busy'
    return null
  })()
  return { online: trouble === null, trouble, paperNearEnd: signs.paperNearEnd }
}

const has = (byte: number, bits: number): boolean => (byte & bits) !== 0
