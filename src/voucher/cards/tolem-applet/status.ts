/** The applet's status words, outside of its channel and inside (docs/design/22, "Status words"). */

export const statusOk = 0x9000

/** What a status says, for logs and the cashier's detail line. */
export function describeAppletStatus(code: number): string {
  return `${appletStatusName(code)} (${code.toString(16).toUpperCase().padStart(4, '0')})`
}

/** The name in the document's table. */
export function appletStatusName(code: number): string {
  return (code & 0xfff0) === 0x63c0 ? 'PIN_WRONG' : (names[code] ?? 'UNKNOWN')
}

/** Null: not a wrong PIN. Otherwise the tries that are left. */
export function pinTriesIn(code: number): number | null {
  return (code & 0xfff0) === 0x63c0 ? code & 0x0f : null
}

const names: Readonly<Record<number, string>> = {
  0x9000: 'OK',
  0x6700: 'WRONG_LENGTH',
  0x6983: 'PIN_BLOCKED',
  0x6984: 'PIN_NOT_SET',
  0x6985: 'CONDITIONS_NOT_SATISFIED',
  0x6988: 'CHANNEL_BROKEN',
  0x6a80: 'DATA_MALFORMED',
  0x6a81: 'RESERVED',
  0x6a82: 'NO_SUCH_APPLICATION',
  0x6a83: 'NO_SUCH_RECORD',
  0x6a84: 'NO_ROOM_FOR_SLOT',
  0x6a86: 'WRONG_PARAMETERS',
  0x6a88: 'NO_SUCH_SLOT',
  0x6a89: 'ALREADY_DEBITED',
  0x6b00: 'OFFSET_BEYOND_ANSWER',
  0x6d00: 'INSTRUCTION_NOT_SUPPORTED',
  0x6e00: 'CLASS_NOT_SUPPORTED',
  0x6f00: 'CARD_FAILED',
  0x9a01: 'CARD_BLOCKED',
  0x9a02: 'NOT_FOR_THIS_TERMINAL',
  0x9a03: 'TIME_REFUSED',
  0x9a04: 'SLOT_NOT_YET_VALID',
  0x9a05: 'SLOT_OVER',
  0x9a06: 'ONLINE_ONLY',
  0x9a07: 'ABOVE_CAP',
  0x9a08: 'NO_USES_LEFT',
  0x9a09: 'ABOVE_WHAT_IS_LEFT',
  0x9a0a: 'PIN_NEEDED',
  0x9a0b: 'COUNTER_USED_UP',
  0x9a10: 'SCRIPT_FOR_OTHER_CARD',
  0x9a11: 'SCRIPT_OUT_OF_ORDER',
  0x9a12: 'SCRIPT_FOR_OTHER_EPOCH',
  0x9a13: 'SCRIPT_SIGNATURE_WRONG',
  0x9a20: 'TERMINAL_CERTIFICATE_ENDED',
  0x9a21: 'TERMINAL_CERTIFICATE_WRONG',
  0x9a22: 'AUTHORITY_UNKNOWN',
  0x9a23: 'TERMINAL_SIGNATURE_WRONG',
}
