/**
 * AuthenticateEV2First and EV2 secure messaging with AES (NTAG 424 DNA datasheet NT4H2421Gx §9.1; worked examples in
 * AN12196 §5 and §6.6, AN12343). Pure steps: who sends the bytes, a till or a ledger behind a till, is not said here.
 *
 * The authentication is split so that it can be relayed: the card's E(RndB) travels to whoever holds the key, part 2
 * travels back, the card's part 3 travels again, and only session keys return. The card's own key never moves.
 */
import {
  aes128CbcDecrypt,
  aes128CbcEncrypt,
  aes128Cmac,
  aes128CmacTruncated,
  aes128EncryptBlock,
  aesBlockLength,
  equalInConstantTime,
} from './aes.ts'
import { concatBytes, littleEndian, rotateLeftOneByte, xorBytes } from './bytes.ts'
import { nativeCommand, splitAnswer, statusOk } from './status.ts'
import type { CardStatus } from './status.ts'

export const challengeLength = 16
export const part2Length = 32
export const part3Length = 32
export const transactionIdLength = 4
export const truncatedMacLength = 8

const commandCounterMax = 0xffff

/** What the key holder keeps between part 2 and part 3. As secret as the session keys that follow from it. */
export interface Ev2AuthenticationState {
  readonly rndA: Uint8Array
  readonly rndB: Uint8Array
}

export type Ev2Part2 =
  | { readonly kind: 'part2'; readonly part2: Uint8Array; readonly state: Ev2AuthenticationState }
  /** E(RndB) has not 16 bytes. */
  | { readonly kind: 'malformed' }

/** An authenticated state of one card. Immutable: each wrapped command gives the next one. */
export interface Ev2Session {
  /** TI, 4 bytes, chosen by the card. */
  readonly transactionId: Uint8Array
  readonly encKey: Uint8Array
  readonly macKey: Uint8Array
  /** CmdCtr: the number of commands sent in this session, 16 bits, never wraps. */
  readonly commandCounter: number
}

export type Ev2Completion =
  | { readonly kind: 'session'; readonly session: Ev2Session }
  /** Part 3 has not 32 bytes. */
  | { readonly kind: 'malformed' }
  /** The card did not return our RndA: it does not hold this key, or somebody replays an old presence. */
  | { readonly kind: 'not-authentic' }

/**
 * The answer to the card's challenge: part 2 = E(K, RndA ‖ RndB′), CBC with IV 0, RndB′ = RndB rotated left by one byte
 * (NT4H2421Gx §9.1.5).
 *
 * @param key 16 bytes, the card's key
 * @param encRndB what the card answered to part 1, without its status; checked
 * @param rndA 16 fresh random bytes, never used twice
 */
export function ev2Part2(key: Uint8Array, encRndB: Uint8Array, rndA: Uint8Array): Ev2Part2 {
  if (rndA.length !== challengeLength) throw new RangeError(`RndA has 16 bytes, not ${rndA.length}`)
  if (encRndB.length !== challengeLength) return { kind: 'malformed' }
  const rndB = aes128CbcDecrypt(key, encRndB)
  return {
    kind: 'part2',
    part2: aes128CbcEncrypt(key, concatBytes(rndA, rotateLeftOneByte(rndB))),
    state: { rndA, rndB },
  }
}

/**
 * Checks the card's part 3 = E(K, TI ‖ RndA′ ‖ PDcap2 (6) ‖ PCDcap2 (6)) and derives the session keys
 * (NT4H2421Gx §9.1.5 and §9.1.7).
 */
export function ev2Complete(key: Uint8Array, state: Ev2AuthenticationState, part3: Uint8Array): Ev2Completion {
  if (part3.length !== part3Length) return { kind: 'malformed' }
  const plain = aes128CbcDecrypt(key, part3)
  const returnedRndA = plain.subarray(transactionIdLength, transactionIdLength + challengeLength)
  if (!equalInConstantTime(returnedRndA, rotateLeftOneByte(state.rndA))) return { kind: 'not-authentic' }
  return {
    kind: 'session',
    session: {
      transactionId: plain.slice(0, transactionIdLength),
      encKey: aes128Cmac(key, sessionVector(0xa55a, state)),
      macKey: aes128Cmac(key, sessionVector(0x5aa5, state)),
      commandCounter: 0,
    },
  }
}

/** SV1 and SV2: label ‖ 0001 0080 ‖ RndA[0..1] ‖ RndA[2..7] ⊕ RndB[0..5] ‖ RndB[6..15] ‖ RndA[8..15]. */
function sessionVector(label: number, { rndA, rndB }: Ev2AuthenticationState): Uint8Array {
  return concatBytes(
    Uint8Array.of(label >> 8, label & 0xff, 0x00, 0x01, 0x00, 0x80),
    rndA.subarray(0, 2),
    xorBytes(rndA.subarray(2, 8), rndB.subarray(0, 6)),
    rndB.subarray(6),
    rndA.subarray(8),
  )
}

export type CommunicationMode = 'plain' | 'mac' | 'full'

export type WrappedCommand =
  | { readonly kind: 'wrapped'; readonly apdu: Uint8Array; readonly session: Ev2Session }
  /** CmdCtr has reached FFFF: the card would refuse, and a wrapped counter would repeat IVs. Authenticate anew. */
  | { readonly kind: 'counter-exhausted' }
  /** More than 255 bytes: an ACR122U takes no extended APDUs. */
  | { readonly kind: 'too-long' }

/**
 * A native command (CLA 90) under this session. The returned session is the one that `unwrapResponse` needs; the given
 * one must not be used again, whatever becomes of the command.
 *
 * - `plain`: header ‖ data; the counter still rises (NT4H2421Gx §9.1.8).
 * - `mac`: header ‖ data ‖ MACt over INS ‖ CmdCtr ‖ TI ‖ header ‖ data (§9.1.9).
 * - `full`: header ‖ E(data) ‖ MACt over the same with E(data); data padded 80 00… always, none when empty (§9.1.10).
 *
 * @param header the part that is never encrypted: file number, offset, length, key number
 */
export function wrapCommand(
  session: Ev2Session,
  instruction: number,
  header: Uint8Array,
  data: Uint8Array,
  mode: CommunicationMode,
): WrappedCommand {
  if (session.commandCounter >= commandCounterMax) return { kind: 'counter-exhausted' }
  const payload =
    mode === 'full' && data.length > 0 ? aes128CbcEncrypt(session.encKey, padded(data), commandIv(session)) : data
  const mac = mode === 'plain' ? new Uint8Array(0) : truncatedMac(session, instruction, concatBytes(header, payload))
  const body = concatBytes(header, payload, mac)
  if (body.length > 255) return { kind: 'too-long' }
  return {
    kind: 'wrapped',
    apdu: nativeCommand(instruction, body),
    session: { ...session, commandCounter: session.commandCounter + 1 },
  }
}

export type UnwrappedResponse =
  | { readonly kind: 'data'; readonly data: Uint8Array }
  /** The card executed nothing and said why. Such an answer carries no MAC, and ends the session on the card. */
  | { readonly kind: 'status'; readonly status: CardStatus }
  | { readonly kind: 'malformed'; readonly detail: 'too-short' | 'wrong-mac' | 'wrong-block-length' | 'wrong-padding' }

/**
 * Checks and opens the card's answer to the last wrapped command.
 *
 * MACt is over status ‖ CmdCtr ‖ TI ‖ data with the counter already risen (NT4H2421Gx §9.1.9); it is checked before
 * anything is decrypted.
 *
 * @param session the one that `wrapCommand` returned
 * @param response the whole answer, SW1 SW2 at its end
 */
export function unwrapResponse(session: Ev2Session, response: Uint8Array, mode: CommunicationMode): UnwrappedResponse {
  const answer = splitAnswer(response)
  if (answer === null) return { kind: 'malformed', detail: 'too-short' }
  if (answer.status.code !== statusOk) return { kind: 'status', status: answer.status }
  if (mode === 'plain') return { kind: 'data', data: answer.data }

  if (answer.data.length < truncatedMacLength) return { kind: 'malformed', detail: 'too-short' }
  const payload = answer.data.slice(0, -truncatedMacLength)
  const mac = answer.data.subarray(-truncatedMacLength)
  if (!equalInConstantTime(mac, truncatedMac(session, statusOk & 0xff, payload))) {
    return { kind: 'malformed', detail: 'wrong-mac' }
  }
  if (mode === 'mac' || payload.length === 0) return { kind: 'data', data: payload }

  if (payload.length % aesBlockLength !== 0) return { kind: 'malformed', detail: 'wrong-block-length' }
  const data = withoutPadding(aes128CbcDecrypt(session.encKey, payload, responseIv(session)))
  return data === null ? { kind: 'malformed', detail: 'wrong-padding' } : { kind: 'data', data }
}

/** IV of a command: E(KSesAuthENC, A55A ‖ TI ‖ CmdCtr ‖ 0^8) (NT4H2421Gx §9.1.4). */
export function commandIv(session: Ev2Session): Uint8Array {
  return initialisationVector(session, 0xa5, 0x5a)
}

/** IV of an answer: E(KSesAuthENC, 5AA5 ‖ TI ‖ CmdCtr ‖ 0^8), the counter already risen (NT4H2421Gx §9.1.4). */
export function responseIv(session: Ev2Session): Uint8Array {
  return initialisationVector(session, 0x5a, 0xa5)
}

function initialisationVector(session: Ev2Session, first: number, second: number): Uint8Array {
  return aes128EncryptBlock(
    session.encKey,
    concatBytes(
      Uint8Array.of(first, second),
      session.transactionId,
      littleEndian(session.commandCounter, 2),
      new Uint8Array(8),
    ),
  )
}

/** `first` is the instruction of a command, or the second status byte of an answer. */
function truncatedMac(session: Ev2Session, first: number, rest: Uint8Array): Uint8Array {
  return aes128CmacTruncated(
    session.macKey,
    concatBytes(Uint8Array.of(first), littleEndian(session.commandCounter, 2), session.transactionId, rest),
  )
}

/** ISO/IEC 9797-1 padding method 2: always at least one byte. */
function padded(data: Uint8Array): Uint8Array {
  const blocks = new Uint8Array((Math.floor(data.length / aesBlockLength) + 1) * aesBlockLength)
  blocks.set(data)
  blocks[data.length] = 0x80
  return blocks
}

function withoutPadding(plain: Uint8Array): Uint8Array | null {
  const end = plain.findLastIndex((byte) => byte !== 0)
  const isWithinLastBlock = end >= plain.length - aesBlockLength
  return plain[end] === 0x80 && isWithinLastBlock ? plain.slice(0, end) : null
}
