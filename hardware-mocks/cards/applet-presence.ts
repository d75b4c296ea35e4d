/** What the commands inside the secure channel share: the card, the terminal at the other end, and how they answer. */
import type { AppletLogEntry } from './card-memory.ts'
import { unhex, type TerminalCertificate } from './applet-layout.ts'
import type { AppletState } from './applet-state.ts'
import type { Signer } from './applet-curve.ts'
import type { RandomSource } from './random.ts'

/** Status words of docs/design/22 "Status words". */
export const Status = {
  done: 0x9000,
  wrongLength: 0x6700,
  pinWrong: 0x63c0,
  pinBlocked: 0x6983,
  noPin: 0x6984,
  notNow: 0x6985,
  channelBroken: 0x6988,
  malformed: 0x6a80,
  reserved: 0x6a81,
  noSuchApplet: 0x6a82,
  noSuchRecord: 0x6a83,
  noRoom: 0x6a84,
  wrongParameters: 0x6a86,
  noSuchSlot: 0x6a88,
  debitedAlready: 0x6a89,
  beyondAnswer: 0x6b00,
  unknownInstruction: 0x6d00,
  unknownClass: 0x6e00,
  cardBlocked: 0x9a01,
  notThisTerminals: 0x9a02,
  impossibleTime: 0x9a03,
  slotNotYetValid: 0x9a04,
  slotOver: 0x9a05,
  onlineOnly: 0x9a06,
  aboveCap: 0x9a07,
  noUsesLeft: 0x9a08,
  aboveAmountLeft: 0x9a09,
  pinNeeded: 0x9a0a,
  counterUsedUp: 0x9a0b,
  scriptForAnotherCard: 0x9a10,
  scriptOutOfOrder: 0x9a11,
  scriptForAnotherEpoch: 0x9a12,
  scriptSignatureWrong: 0x9a13,
  certificateEnded: 0x9a20,
  certificateSignatureWrong: 0x9a21,
  authorityUnknown: 0x9a22,
  terminalSignatureWrong: 0x9a23,
} as const

export interface Outcome {
  readonly status: number
  /** With {@link Status.done} only. */
  readonly data?: Buffer
}

export const refused = (status: number): Outcome => ({ status })
export const done = (data?: Buffer): Outcome =>
  data === undefined ? { status: Status.done } : { status: Status.done, data }

/** One open channel, and the card behind it. Whatever is not in `state` is gone with the channel. */
export interface AppletPresence {
  readonly terminal: TerminalCertificate
  /** TH of the channel. */
  readonly transcriptHash: Buffer
  readonly random: RandomSource
  readonly signer: Signer
  /** The EEPROM as it is now. */
  state(): AppletState
  /** One atomic step; the log hears of it after it. */
  commit(next: AppletState, entry?: AppletLogEntry): void
  isPinVerified: boolean
  mayNewPin: boolean
  /** What was collected of a script, and the number of its next block. */
  script: { readonly collected: Buffer; readonly nextBlock: number } | null
}

/** Signed with the key that is active in this state. */
export function signedBy(presence: AppletPresence, state: AppletState, message: Buffer): Buffer {
  return Buffer.from(presence.signer(unhex(state.activeKey!), message))
}
