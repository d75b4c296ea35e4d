/**
 * What a StarPRNT printer says of itself: one packet, asked for by `ESC ACK SOH` (Star Line Mode command specification,
 * "Automatic Status", pp. 5-7 to 5-9; TSP700 manual p. 43). Header 1 is `0xx0xxx1` and holds the length of the packet;
 * header 2 the version and one more bit of length; then the status bytes, in each of which bits 0, 4 and 7 are 0.
 */
import { statusOf } from './status-reply.ts'
import type { StatusEvent, StatusReader } from './status-reply.ts'

/** Asks for the packet; real-time, so only between commands. */
export const starStatusQuestion = Uint8Array.of(0x1b, 0x06, 0x01)
/** ETB: when all before it is printed, the packet says so once. */
export const starDrainedQuestion = Uint8Array.of(0x17)

const isFirstHeader = (byte: number): boolean => (byte & 0b1001_0001) === 0b0000_0001
const isSecondHeader = (byte: number): boolean => (byte & 0b1001_0001) === 0
const isStatusByte = isSecondHeader
/** Two headers and five status bytes: no printer sends fewer (SP2000 programmer manual p. 52). */
const lengthMin = 7

/** Bits 1 to 3 and 5, 6 of header 1 are bits 0 to 4 of the length of the packet with its headers. */
const lengthOf = (header: number): number => ((header >> 1) & 0x07) | ((header >> 2) & 0x18)

export function createStarStatusReader(): StatusReader {
  let begun: number[] = []
  const read = (byte: number): StatusEvent[] => {
    if (isFirstHeader(byte)) {
      const broken = begun.length > 0
      begun = lengthOf(byte) < lengthMin ? [] : [byte]
      return broken || begun.length === 0 ? [{ kind: 'fault', fault: 'broken_status' }] : []
    }
    if (begun.length === 0) return [{ kind: 'fault', fault: 'unknown_byte' }]
    if (!isStatusByte(byte)) {
      begun = []
      return [
        { kind: 'fault', fault: 'broken_status' },
        { kind: 'fault', fault: 'unknown_byte' },
      ]
    }
    begun.push(byte)
    if (begun.length < lengthOf(begun[0] ?? 0)) return []
    const packet = begun
    begun = []
    return readPacket(packet)
  }
  return { push: (bytes) => [...bytes].flatMap(read) }
}

function readPacket([, , printer = 0, error = 0, paperError = 0, paper = 0]: readonly number[]): StatusEvent[] {
  const has = (byte: number, bits: number): boolean => (byte & bits) !== 0
  const status = statusOf({
    coverOpen: has(printer, 0x20),
    paperOut: has(paper, 0x08),
    cutterError: has(error, 0x08),
    // Head too hot, cannot recover, mechanical; presenter jam, head up (bits 2 and 1 of the fifth byte).
    otherError: has(error, 0x64) || has(paperError, 0x06),
    offline: has(printer, 0x08),
    paperNearEnd: has(paper, 0x06),
  })
  const event: StatusEvent = { kind: 'status', status }
  return has(printer, 0x02) ? [{ kind: 'drained' }, event] : [event]
}
