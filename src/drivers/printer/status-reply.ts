import type { PrinterStatus, PrinterTrouble } from '../ports.ts'

/** `DLE EOT n`: asks at once, past whatever waits in the printer's buffer. Only between commands. */
export const statusQuestion = (n: 1 | 2 | 3 | 4): Uint8Array => Uint8Array.of(0x10, 0x04, n)
/** `GS r 1`: answered when all before it is printed, and not at all once the printer is off line. */
export const drainedQuestion = Uint8Array.of(0x1d, 0x72, 0x01)

/** A reply to `DLE EOT` is `0xx1xx10`; XON, XOFF and automatic status are not (Citizen iDP-3221 manual, p. 200). */
export const isStatusReply = (byte: number): boolean => (byte & 0b1001_0011) === 0b0001_0010
/** A reply to `GS r` is `0xx0xxxx`. */
export const isDrainedReply = (byte: number): boolean => (byte & 0b1001_0000) === 0

/** The replies to `DLE EOT` 1 (printer), 2 (cause of being off line) and 4 (paper). */
export interface StatusReplies {
  readonly printer: number
  readonly offline: number
  readonly paper: number
}

/**
 * What the replies mean, the fault that a person must mend first: an open cover also reads as no paper, and both as
 * off line. Off line for none of these reasons is a printer that is occupied (its feed button, its own recovery).
 */
export function readStatus({ printer, offline, paper }: StatusReplies): PrinterStatus {
  const has = (byte: number, bits: number) => (byte & bits) !== 0
  const trouble = ((): PrinterTrouble | null => {
    if (has(offline, 0x04)) return 'cover-open'
    if (has(offline, 0x20) || has(paper, 0x60)) return 'paper-out'
    if (has(offline, 0x40)) return 'error'
    if (has(printer, 0x08)) return 'busy'
    return null
  })()
  return { online: trouble === null, trouble, paperNearEnd: has(paper, 0x0c) }
}
