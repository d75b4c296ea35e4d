/** Short command APDUs of ISO/IEC 7816-4 §5.1, as the card's side reads them. */

export interface CommandApdu {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Buffer
  /** Number of bytes asked for, 256 for 00; null when the field is absent. */
  readonly expected: number | null
}

const expectedLength = (le: number): number => (le === 0 ? 256 : le)

/** Null when the bytes are not one of the four short cases (an extended APDU is not either). */
export function parseCommandApdu(bytes: Uint8Array): CommandApdu | null {
  const command = Buffer.from(bytes)
  if (command.length < 4) return null
  const header = { cla: command[0]!, ins: command[1]!, p1: command[2]!, p2: command[3]! }
  const noData = Buffer.alloc(0)
  if (command.length === 4) return { ...header, data: noData, expected: null }
  if (command.length === 5) return { ...header, data: noData, expected: expectedLength(command[4]!) }
  const dataEnd = 5 + command[4]!
  if (command[4] === 0 || command.length < dataEnd || command.length > dataEnd + 1) return null
  return {
    ...header,
    data: command.subarray(5, dataEnd),
    expected: command.length === dataEnd ? null : expectedLength(command[dataEnd]!),
  }
}
