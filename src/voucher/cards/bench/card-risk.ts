/**
 * What a command can cost the card: the bench asks before it sends one of these, and sends none by itself. A card of
 * ours counts failed authentications and closes a key, or the PIN, for ever (AN12196 §7.4 and shared facts §1.3;
 * docs/design/22, "PIN"); lock bits and keys cannot be put back.
 */
export const cardRisks = ['authentication', 'pin', 'key_change', 'lock'] as const
export type CardRisk = (typeof cardRisks)[number]

/** AuthenticateISO, AuthenticateAES, AuthenticateLegacy, EV2First, EV2NonFirst (DESFire command set). */
const nativeAuthentications: readonly number[] = [0x0a, 0x1a, 0xaa, 0x71, 0x77]
/**
 * ChangeKeySettings, ChangeKey, ChangeKeyEV2, FormatPICC, ChangeFileSettings, SetConfiguration, CreateApplication,
 * DeleteApplication, DeleteFile.
 */
const nativeChanges: readonly number[] = [0x54, 0xc4, 0xc6, 0xfc, 0x5f, 0x5c, 0xca, 0xda, 0xdf]
/** PWD_AUTH (NTAG213/215/216 data sheet §10.7), and AUTHENTICATE of an Ultralight C. */
const type2Authentications: readonly number[] = [0x1b, 0x1a]
const type2Write = 0xa2
/** Page 2 has the lock bits, page 3 the bits that are written once (NTAG213/215/216 data sheet §8.5). */
const lockPages: readonly number[] = [2, 3]
/** From here on NTAG213 to 216 keep dynamic lock bits, configuration and password (§8.5). */
const firstConfigurationPage = 0x28

/** Null: nothing that is known to cost a card anything. @param command a whole APDU */
export function cardRiskOf(command: Uint8Array): CardRisk | null {
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = command
  if (cla === 0xff) return riskOfReaderCommand(command, ins, p1, p2)
  if (cla === 0x90) return riskOfNative(ins)
  // VERIFY, CHANGE and RESET of ISO/IEC 7816-4, in the applet's class 84 as well; its 80 10 and 80 12 count nothing.
  if (ins === 0x20 || ins === 0x24 || ins === 0x2c) return 'pin'
  if (ins === 0x82 || ins === 0x86 || ins === 0x88) return 'authentication'
  if (cla === 0x80 && (ins === 0xe2 || ins === 0xe6 || ins === 0xe8 || ins === 0xf0)) return 'key_change'
  return null
}

function riskOfNative(instruction: number): CardRisk | null {
  if (nativeAuthentications.includes(instruction)) return 'authentication'
  return nativeChanges.includes(instruction) ? 'key_change' : null
}

/** PC/SC part 3 §3.2.2.1: FF 86 GENERAL AUTHENTICATE, FF 88 AUTHENTICATE, FF D6 UPDATE BINARY; FF 00 to a PN532. */
function riskOfReaderCommand(command: Uint8Array, ins: number, p1: number, p2: number): CardRisk | null {
  if (ins === 0x86 || ins === 0x88) return 'authentication'
  if (ins === 0xd6) return riskOfPage(p1 * 256 + p2)
  if (ins !== 0x00) return null
  const [frame, instruction, first = 0, second = 0] = command.subarray(5)
  if (frame !== 0xd4) return null
  // InCommunicateThru hands on what follows; InDataExchange has the target's number in between.
  const inner = instruction === 0x42 ? [first, second] : instruction === 0x40 ? [second, command[9] ?? 0] : null
  if (inner === null) return null
  const [code = 0, page = 0] = inner
  if (type2Authentications.includes(code)) return 'authentication'
  if (code === type2Write) return riskOfPage(page)
  // A processor card in its native form, without ISO/IEC 7816-4 around it.
  return riskOfNative(code)
}

function riskOfPage(page: number): CardRisk | null {
  return lockPages.includes(page) || page >= firstConfigurationPage ? 'lock' : null
}
