/**
 * What an ACR122U is told for itself, byte by byte, and what it answers (ACS, ACR122U API V2.04, §6: "Pseudo-APDUs").
 * With a card they travel as its commands do, without one as escape commands (§6.0; Appendix A). No other reader is
 * told anything: ACM1252U-Y3 documents the same commands, and nobody has tried it.
 */

/** By the name that PC/SC gives it. */
export function isAcr122u(readerName: string): boolean {
  return readerName.toUpperCase().includes('ACR122U')
}

/** As for any command: a reader that answers none is started anew. */
export const answerMaxMs = 3_000

/** §6.7. P2 00: silent, FF: beeps. Kept by the reader until it loses its power. */
export const beepOnDetection = (beeps: boolean): Uint8Array =>
  Uint8Array.of(0xff, 0x00, 0x52, beeps ? 0xff : 0x00, 0x00)

export const isDone = (response: Uint8Array): boolean => response[0] === 0x90

/** §6.3. Answered without a status word. */
export const askFirmware: Uint8Array = Uint8Array.of(0xff, 0x00, 0x48, 0x00, 0x00)

/** `ACR122U201`, say; null where it says something else. */
export function firmwareOf(response: Uint8Array): string | null {
  const said = Buffer.from(response).toString('latin1')
  return /^ACR122[ -~]{1,20}$/.test(said) ? said : null
}

/** §6.4. */
export const askParameter: Uint8Array = Uint8Array.of(0xff, 0x00, 0x50, 0x00, 0x00)
/** §6.5. */
export const tellParameter = (parameter: number): Uint8Array => Uint8Array.of(0xff, 0x00, 0x51, parameter, 0x00)

/** To either of the two: 90, then the parameter that holds now. Null: it failed. */
export function parameterOf(response: Uint8Array): number | null {
  return response.length === 2 && response[0] === 0x90 ? (response[1] ?? null) : null
}

/** §6.5. Out of its maker's hands all bits are set. */
const PiccParameter = {
  /** It looks for cards by itself: PC/SC hears of none without it. */
  polls: 0x80,
  /** It takes a card of ISO/IEC 14443-4 type A to that part: `ntag424` and the applet answer no command without it. */
  selectsPart4: 0x40,
  /** It looks each 250 ms, else each 500. */
  polls250Ms: 0x20,
  typeB: 0x02,
  typeA: 0x01,
} as const

/**
 * Every card of ISO/IEC 14443 may be somebody's `uid` card, of either type. FeliCa and Topaz are none of our cards;
 * those bits stay as they are found: another program may want them.
 */
const needed = Object.values(PiccParameter).reduce((bits, bit) => bits | bit, 0)

/** What the till has it set to; the same where nothing is to be changed. */
export const wantedParameter = (found: number): number => found | needed

export const pollingMsOf = (parameter: number): number => ((parameter & PiccParameter.polls250Ms) === 0 ? 500 : 250)
