/**
 * The status bytes of Epson's ESC/POS reference (facts/virtual-hardware-and-printers.md §3.3). Answers to DLE EOT match
 * `0xx1xx10`, the first byte of an automatic status `0xx1xx00`, its other bytes and GS r `0xx0xxxx`: that is how a
 * driver tells them apart on one wire.
 */

export type PaperState = 'present' | 'near-end' | 'out'

export interface PrinterCondition {
  readonly paper: PaperState
  readonly cover: 'closed' | 'open'
  readonly online: boolean
  /** The cutter stands still with paper in it. */
  readonly cutterError: boolean
  readonly drawer: 'closed' | 'open'
}

/** Nothing prints while any of these holds. */
export function isOffline(condition: PrinterCondition): boolean {
  return !condition.online || condition.cover === 'open' || condition.paper === 'out' || condition.cutterError
}

const bit = (number: number, on: boolean): number => (on ? 1 << number : 0)

/** The answer byte to `DLE EOT n`, or `null` for an `n` this printer does not know. */
export function realTimeStatus(n: number, condition: PrinterCondition): number | null {
  switch (n) {
    case 1:
      return 0x12 | bit(2, condition.drawer === 'open') | bit(3, isOffline(condition)) | bit(5, condition.cutterError)
    case 2:
      return (
        0x12 | bit(2, condition.cover === 'open') | bit(5, condition.paper === 'out') | bit(6, condition.cutterError)
      )
    case 3:
      return 0x12 | bit(3, condition.cutterError)
    case 4:
      return 0x12 | (condition.paper === 'present' ? 0 : 0x0c) | (condition.paper === 'out' ? 0x60 : 0)
    default:
      return null
  }
}

/** The answer byte to `GS r n` (1 paper, 2 drawer), or `null`. */
export function queuedStatus(n: number, condition: PrinterCondition): number | null {
  if (n === 1 || n === 49) {
    return (condition.paper === 'present' ? 0 : 0x03) | (condition.paper === 'out' ? 0x0c : 0)
  }
  if (n === 2 || n === 50) return bit(0, condition.drawer === 'open')
  return null
}

/** The four bytes of the automatic status that `GS a` switches on. */
export function automaticStatus(condition: PrinterCondition): Uint8Array {
  return Uint8Array.of(
    0x10 | bit(2, condition.drawer === 'open') | bit(3, isOffline(condition)) | bit(5, condition.cover === 'open'),
    bit(3, condition.cutterError),
    (condition.paper === 'present' ? 0 : 0x03) | (condition.paper === 'out' ? 0x0c : 0),
    0x0f,
  )
}

/**
 * The packet that a StarPRNT printer answers to `ESC ACK SOH`, seven bytes: two headers and five of status (Star Line
 * Mode command specification, "Automatic Status"). `counted`: an ETB was reached since the last packet.
 */
export function starStatus(condition: PrinterCondition, counted: boolean): Uint8Array {
  const { paper, cover, drawer, cutterError } = condition
  return Uint8Array.of(
    0x0f,
    0x02,
    bit(1, counted) | bit(2, drawer === 'open') | bit(3, isOffline(condition)) | bit(5, cover === 'open'),
    bit(3, cutterError),
    0,
    bit(2, paper !== 'present') | bit(3, paper === 'out'),
    0,
  )
}

/** Whether the change concerns what `GS a n` asked to hear about: b0 drawer, b1 online, b2 error, b3 paper. */
export function concernsSubscriber(mask: number, before: PrinterCondition, after: PrinterCondition): boolean {
  return (
    ((mask & 1) !== 0 && before.drawer !== after.drawer) ||
    ((mask & 2) !== 0 && (isOffline(before) !== isOffline(after) || before.cover !== after.cover)) ||
    ((mask & 4) !== 0 && before.cutterError !== after.cutterError) ||
    ((mask & 8) !== 0 && before.paper !== after.paper)
  )
}
