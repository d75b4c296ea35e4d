/**
 * What a command can cost the card: the bench asks before it sends one of these, and sends none by itself. A card of
 * ours counts failed authentications and closes a key, or the PIN, for ever (AN12196 §7.4 and shared facts §1.3;
 * docs/design/22, "PIN"); lock bits and keys cannot be put back.
 */
export const cardRisks = [
  'authentication',
  'pin',
  'key_change',
  'lock',
  /** The reader hands it on to the card, and what it means there is not known. */
  'handed_on',
] as const
export type CardRisk = (typeof cardRisks)[number]

/** AuthenticateISO, AuthenticateAES, AuthenticateLegacy, EV2First, EV2NonFirst (DESFire command set). */
const nativeAuthentications: readonly number[] = [0x0a, 0x1a, 0xaa, 0x71, 0x77]
/**
 * ChangeKeySettings, ChangeKey, ChangeKeyEV2, FormatPICC, ChangeFileSettings, SetConfiguration, CreateApplication,
 * DeleteApplication, DeleteFile.
 */
const nativeChanges: readonly number[] = [0x54, 0xc4, 0xc6, 0xfc, 0x5f, 0x5c, 0xca, 0xda, 0xdf]
/**
 * DESFire's GetKeySettings, SelectApplication, GetVersion, GetKeyVersion, GetApplicationIDs, GetDFNames, GetFreeMemory,
 * GetFileIDs, GetFileSettings, GetCardUID, AdditionalFrame, ReadData, ReadRecords; READ, FAST_READ, READ_CNT, READ_SIG
 * of an NTAG21x, the last also Read_Sig of an NTAG 424 DNA; HLTA, REQA and WUPA.
 */
const harmlessHandedOn: readonly number[] = [
  ...[0x45, 0x5a, 0x60, 0x64, 0x6a, 0x6d, 0x6e, 0x6f, 0xf5, 0x51, 0xaf, 0xbd, 0xbb],
  ...[0x30, 0x3a, 0x39, 0x3c, 0x50, 0x26, 0x52],
]
/** PWD_AUTH (NTAG213/215/216 data sheet §10.7), and AUTHENTICATE of an Ultralight C. */
const type2Authentications: readonly number[] = [0x1b, 0x1a]
/** Authentication with key A and B of a MIFARE Classic; alone, the first is GET VERSION of others. */
const classicAuthentications: readonly number[] = [0x60, 0x61]
/** WRITE of a Type 2 tag, four bytes. */
const type2Write = 0xa2
/** WRITE of a MIFARE Classic, and COMPATIBILITY_WRITE of a Type 2 tag: sixteen bytes. */
const mifareWrite = 0xa0
/** Page 2 has the lock bits, page 3 the bits that are written once (NTAG213/215/216 data sheet §8.5). */
const lockPages: readonly number[] = [2, 3]
/** From here on NTAG213 to 216 keep dynamic lock bits, configuration and password (§8.5). */
const firstConfigurationPage = 0x28
/** DELETE, TERMINATE DF, TERMINATE EF and TERMINATE CARD USAGE (ISO/IEC 7816-9 §6); GlobalPlatform's DELETE to LOAD. */
const terminations: readonly number[] = [0xe4, 0xe6, 0xe8, 0xfe]
/** PUT KEY, STORE DATA and SET STATUS (GlobalPlatform Card Specification 2.3, table 11-1), in its own classes. */
const platformChanges: readonly number[] = [0xd8, 0xe2, 0xf0]

/** Null: nothing that is known to cost a card anything. @param command a whole APDU */
export function cardRiskOf(command: Uint8Array): CardRisk | null {
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = command
  if (cla === 0xff) return riskOfReaderCommand(dataOf(command), ins, p1, p2)
  if (terminations.includes(ins)) return 'key_change'
  if (cla === 0x90) return riskOfNative(ins)
  // VERIFY, CHANGE and RESET of ISO/IEC 7816-4, in the applet's class 84 as well; its 80 10 and 80 12 count nothing.
  if (ins === 0x20 || ins === 0x21 || ins === 0x24 || ins === 0x2c) return 'pin'
  if (ins === 0x82 || ins === 0x86 || ins === 0x87 || ins === 0x88) return 'authentication'
  if ((cla & 0x80) !== 0 && platformChanges.includes(ins)) return 'key_change'
  // ENVELOPE has a command in it.
  return ins === 0xc2 ? cardRiskOf(dataOf(command)) : null
}

/** The bytes after Lc, and Le with them where there is one. */
function dataOf(command: Uint8Array): Uint8Array {
  const isExtended = command[4] === 0 && command.length > 7
  return command.subarray(isExtended ? 7 : 5)
}

function riskOfNative(instruction: number): CardRisk | null {
  if (nativeAuthentications.includes(instruction)) return 'authentication'
  return nativeChanges.includes(instruction) ? 'key_change' : null
}

/**
 * PC/SC part 3 §3.2.2.1: FF 86 GENERAL AUTHENTICATE, FF 88 AUTHENTICATE, FF D6 UPDATE BINARY; FF C2 the transparent
 * session (§3.2.2.1.11 of its amendment); FF 00 to an ACR122U and its PN532.
 */
function riskOfReaderCommand(data: Uint8Array, ins: number, p1: number, p2: number): CardRisk | null {
  switch (ins) {
    case 0x82: // LOAD KEYS: into the reader
    case 0xb0: // READ BINARY
    case 0xca: // GET DATA
      return null
    case 0x86:
    case 0x88:
      return 'authentication'
    case 0xd6:
      return riskOfWrite(p1 * 256 + p2, data.length)
    case 0xc2:
      return riskOfTransparent(data, p2)
    case 0x00:
      // P1 names what is the ACR122U's own: lamps, firmware, parameters, buzzer (its API, §6.2 to §6.7).
      return p1 === 0 ? riskOfPn532(data) : [0x40, 0x41, 0x48, 0x50, 0x51, 0x52].includes(p1) ? null : 'handed_on'
    default:
      return 'handed_on'
  }
}

/**
 * Diagnose, GetFirmwareVersion, GetGeneralStatus, ReadRegister, RFConfiguration, InDeselect, InListPassiveTarget,
 * InRelease, InSelect, InAutoPoll (PN532 user manual §7).
 */
const harmlessOfPn532: readonly number[] = [0x00, 0x02, 0x04, 0x06, 0x32, 0x44, 0x4a, 0x52, 0x54, 0x60]

function riskOfPn532(frame: Uint8Array): CardRisk | null {
  const [direction, instruction = 0] = frame
  if (direction !== 0xd4) return frame.length === 0 ? null : 'handed_on'
  // InDataExchange has the target's number before what it hands on; InCommunicateThru adds nothing, and so not the
  // block's head of ISO/IEC 14443-4 either.
  if (instruction === 0x40) return riskOfHandedOn(frame.subarray(3))
  if (instruction === 0x42) return riskOfFrame(frame.subarray(2))
  return harmlessOfPn532.includes(instruction) ? null : 'handed_on'
}

/** Tags 93 (transmit) and 95 (transceive) hold what goes to the card; P2 = 0 and 2 begin and end a session. */
function riskOfTransparent(data: Uint8Array, p2: number): CardRisk | null {
  if (p2 !== 1) return p2 === 0 || p2 === 2 ? null : 'handed_on'
  for (let at = 0; at < data.length;) {
    const tag = data[at] ?? 0
    at += (tag & 0x1f) === 0x1f ? 2 : 1
    const first = data[at] ?? 0
    // At the end stands Le.
    if (at >= data.length) return tag === 0 ? null : 'handed_on'
    const lengthBytes = first < 0x80 ? 0 : first - 0x80
    if (lengthBytes > 2) return 'handed_on'
    const length = lengthBytes === 0 ? first : numberOf(data.subarray(at + 1, at + 1 + lengthBytes))
    at += 1 + lengthBytes
    const value = data.subarray(at, at + length)
    at += length
    const risk = tag === 0x93 || tag === 0x95 ? riskOfFrame(value) : null
    if (risk !== null) return risk
  }
  return null
}

const numberOf = (bytes: Uint8Array): number => bytes.reduce((number, byte) => number * 256 + byte, 0)

/** What goes over the air as it is: with or without the head of a block of ISO/IEC 14443-4 §7.1. */
function riskOfFrame(frame: Uint8Array): CardRisk | null {
  const [head = 0] = frame
  // An I-block: bit 4 says that the card's number follows, bit 3 a node address.
  if ((head & 0xe2) !== 0x02) return riskOfHandedOn(frame)
  // The same byte may begin a native command.
  if (type2Authentications.includes(head)) return 'authentication'
  const headBytes = 1 + ((head & 0x08) === 0 ? 0 : 1) + ((head & 0x04) === 0 ? 0 : 1)
  return riskOfNative(head) ?? riskOfHandedOn(frame.subarray(headBytes))
}

/** An APDU, a native command, or one of a Type 2 tag or a MIFARE Classic: which, only the card knows. */
function riskOfHandedOn(inner: Uint8Array): CardRisk | null {
  const [code = 0, page = 0] = inner
  if (type2Authentications.includes(code)) return 'authentication'
  if (classicAuthentications.includes(code) && inner.length > 2) return 'authentication'
  if (code === type2Write) return riskOfWrite(page, 4)
  if (code === mifareWrite) return riskOfWrite(page, 16)
  const native = riskOfNative(code)
  if (native !== null) return native
  // Classes of ISO/IEC 7816-4 §5.4.1, and the proprietary ones that cards of ours have.
  if (inner.length >= 4 && (code & 0x60) === 0) return cardRiskOf(inner)
  return harmlessHandedOn.includes(code) ? null : 'handed_on'
}

/** Nobody says whether the number is a page of a Type 2 tag or a block of a MIFARE Classic: the worse of both. */
function riskOfWrite(first: number, bytes: number): CardRisk | null {
  const lastPage = first + Math.max(1, Math.ceil(bytes / 4)) - 1
  if (lastPage >= firstConfigurationPage || lockPages.some((page) => page >= first && page <= lastPage)) return 'lock'
  // The last of four blocks has the sector's keys and access bits (MF1S50yyX data sheet §8.6.3).
  const lastBlock = first + Math.floor(bytes / 16) - 1
  for (let block = first; block <= lastBlock; block++) if (block % 4 === 3) return 'lock'
  return null
}
