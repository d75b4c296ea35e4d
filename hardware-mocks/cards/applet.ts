/**
 * A virtual card with a tolem-applet that computes (docs/design/22): one applet, kind 01 or 02, alone on its card.
 *
 * Every command changes the EEPROM in whole atomic steps, each handed to the card's memory before the answer leaves the
 * card: a card that is read again from its memory after a tear stands before or after a step, never inside it. A step
 * that the memory could not keep has not happened.
 *
 * Not modelled: other applets of the card, ISO 14443-4 chaining and waiting times.
 */
import type { AppletLogEntry, CardMemory } from './card-memory.ts'
import { AppletChannel, channelKeys } from './applet-channel.ts'
import {
  isSignedBy,
  newPrivateKey,
  publicKeyOf,
  sha256,
  sharedSecret,
  signWithNode,
  type Signer,
} from './applet-curve.ts'
import {
  TERMINAL_CERTIFICATE_BYTES,
  applicationIdentifier,
  hex,
  readTerminalCertificate,
  tagged,
  uint16,
  uint64,
  unhex,
  type TerminalCertificate,
} from './applet-layout.ts'
import { activate, generateKey, isStored, storeData, type PersonalisationOutcome } from './applet-personalisation.ts'
import { Status, done, refused, type AppletPresence, type Outcome } from './applet-presence.ts'
import { Instruction, obey, type ProtectedCommand } from './applet-protected.ts'
import { authorityIdOf, type AppletState } from './applet-state.ts'
import type { RandomSource } from './random.ts'
import type { CardAnswer, VirtualCard } from './virtual-card.ts'

export interface VirtualAppletOptions {
  readonly random: RandomSource
  readonly memory?: CardMemory<AppletState>
  /** How the card signs; node:crypto unless given. */
  readonly signer?: Signer
  /** See {@link VirtualCard.delayMs}; 0 unless given. */
  readonly delayMs?: number
}

const CHALLENGE_BYTES = 16
const HEADER_BYTES = 4
/** Of an answer in one frame; the rest is fetched with GET DATA. */
const FRAME_BYTES = 235
const NOTHING = Buffer.alloc(0)

interface OpenChannel {
  readonly channel: AppletChannel
  readonly presence: AppletPresence
  answer: Buffer | null
}

/** From SELECT to the next SELECT, or to the loss of power. */
interface Selection {
  readonly answer: Buffer
  isChallengeUsed: boolean
  certificate: TerminalCertificate | null
  open: OpenChannel | null
}

/** A command as its bytes came; `data` is null when they do not have the form of a short APDU. */
interface Received {
  readonly header: Buffer
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Buffer | null
}

/** Le may be there or not: the card does not look at it. */
function dataOf(command: Buffer): Buffer | null {
  if (command.length <= HEADER_BYTES + 1) return NOTHING
  const length = command[HEADER_BYTES]!
  const end = HEADER_BYTES + 1 + length
  return length > 0 && (command.length === end || command.length === end + 1) ? command.subarray(5, end) : null
}

interface PlainRule {
  readonly isP1P2: (command: Received) => boolean
  readonly isForState: (state: AppletState['state']) => boolean
  readonly run: (command: Received & { readonly data: Buffer }, selection: Selection) => Outcome
}

export class VirtualApplet implements VirtualCard {
  /** What readers make up for a card of ISO 14443-4 without historical bytes (PC/SC part 3 §3.1.3.2.3.2). */
  readonly atr: Uint8Array = unhex('3B80800101')
  readonly delayMs: number
  readonly #random: RandomSource
  readonly #memory: CardMemory<AppletState> | null
  readonly #signer: Signer
  readonly #plainRules: ReadonlyMap<number, PlainRule>
  #state: AppletState
  #uid: Buffer
  #isInField = false
  #selection: Selection | null = null

  private constructor(state: AppletState, options: VirtualAppletOptions) {
    this.#state = state
    this.#random = options.random
    this.#memory = options.memory ?? null
    this.#signer = options.signer ?? signWithNode
    this.delayMs = options.delayMs ?? 0
    this.#uid = this.#drawUid()
    this.#plainRules = this.#rulesOutside()
  }

  /** A card with this EEPROM, outside any field. */
  static fromState(state: AppletState, options: VirtualAppletOptions): VirtualApplet {
    return new VirtualApplet(structuredClone(state), options)
  }

  /** The EEPROM as it is now. */
  state(): AppletState {
    return structuredClone(this.#state)
  }

  get uid(): Uint8Array {
    return Buffer.from(this.#uid)
  }

  enterField(): void {
    if (this.#isInField) throw new Error('a card cannot lie in two fields')
    this.#isInField = true
    this.#selection = null
    this.#uid = this.#drawUid()
    this.#memory?.append({ kind: 'field', isOn: true })
  }

  leaveField(): void {
    if (!this.#isInField) return
    this.#isInField = false
    this.#selection = null
    this.#memory?.append({ kind: 'field', isOn: false })
  }

  reset(): void {
    this.#selection = null
  }

  exchange(command: Uint8Array): CardAnswer {
    if (!this.#isInField) throw new Error('a card without a field cannot be asked')
    const { status, data } = this.#respond(Buffer.from(command))
    const response = Buffer.concat([data ?? NOTHING, uint16(status)])
    this.#memory?.append({ kind: 'command', command: hex(command), answer: hex(response) })
    return { kind: 'answered', response }
  }

  /** ISO 14443-3: a random UID has 4 bytes and begins with 08. */
  #drawUid(): Buffer {
    const { uid } = this.#state
    return uid === null ? Buffer.concat([Buffer.of(0x08), this.#random(3)]) : unhex(uid)
  }

  #commit(next: AppletState, entry?: AppletLogEntry): void {
    this.#memory?.save(next)
    this.#state = next
    if (entry !== undefined) this.#memory?.append(entry)
  }

  // ---- Outside the channel

  #respond(bytes: Buffer): Outcome {
    if (bytes.length < HEADER_BYTES) {
      this.#endChannel()
      return refused(Status.wrongLength)
    }
    const [cla, ins, p1, p2] = [bytes[0]!, bytes[1]!, bytes[2]!, bytes[3]!]
    const command: Received = { header: bytes.subarray(0, HEADER_BYTES), cla, ins, p1, p2, data: dataOf(bytes) }
    if (cla === 0x84) return this.#respondProtected(command)
    this.#endChannel()
    if (cla === 0x00 && ins === 0xa4) return this.#select(command)
    if (this.#selection === null) return refused(Status.notNow)
    if (cla !== 0x00 && cla !== 0x80) return refused(Status.unknownClass)
    const rule = cla === 0x80 ? this.#plainRules.get(ins) : undefined
    if (rule === undefined) return refused(Status.unknownInstruction)
    if (!rule.isP1P2(command)) return refused(Status.wrongParameters)
    if (!rule.isForState(this.#state.state)) return refused(Status.notNow)
    if (command.data === null) return refused(Status.wrongLength)
    return rule.run({ ...command, data: command.data }, this.#selection)
  }

  #rulesOutside(): ReadonlyMap<number, PlainRule> {
    const zeros = ({ p1, p2 }: Received): boolean => p1 === 0 && p2 === 0
    const isActivated = (state: AppletState['state']): boolean => state !== 'personalisation'
    const isPersonalisation = (state: AppletState['state']): boolean => state === 'personalisation'
    const keeping = ({ next, ...outcome }: PersonalisationOutcome): Outcome => {
      if (next !== undefined) this.#commit(next)
      return outcome
    }
    return new Map<number, PlainRule>([
      [0x10, { isP1P2: zeros, isForState: isActivated, run: ({ data }, on) => this.#presentCertificate(data, on) }],
      [0x12, { isP1P2: zeros, isForState: isActivated, run: ({ data }, on) => this.#openChannel(data, on) }],
      [
        0xe2,
        {
          isP1P2: ({ p1, p2 }) => isStored(p1) && p2 === 0,
          isForState: isPersonalisation,
          run: ({ p1, data }) => keeping(storeData(this.#state, p1, data)),
        },
      ],
      [
        0xe6,
        {
          isP1P2: zeros,
          isForState: isPersonalisation,
          run: ({ data }) => keeping(generateKey(this.#state, data, this.#random)),
        },
      ],
      [
        0xe8,
        {
          isP1P2: zeros,
          isForState: isPersonalisation,
          run: ({ data }) => keeping(activate(this.#state, data, this.#signer)),
        },
      ],
    ])
  }

  #select({ p1, p2, data }: Received): Outcome {
    if (p1 !== 0x04 || p2 !== 0x00) return refused(Status.wrongParameters)
    if (data === null) return refused(Status.wrongLength)
    this.#selection = null
    const identifier = applicationIdentifier(this.#state.cardKind)
    if (!data.equals(identifier)) return refused(Status.noSuchApplet)
    const { cardKind, state, authorityKeys } = this.#state
    const [present, next] = state === 'personalisation' ? [null, null] : authorityKeys
    const template = Buffer.concat([
      unhex('C00101C101'),
      Buffer.of(cardKind),
      unhex('C210'),
      authorityIdOf(present),
      authorityIdOf(next),
      unhex('C310'),
      this.#random(CHALLENGE_BYTES),
    ])
    const answer = Buffer.concat([unhex('6F358407'), identifier, Buffer.of(0xa5, template.length), template])
    this.#selection = { answer, isChallengeUsed: false, certificate: null, open: null }
    return done(answer)
  }

  #presentCertificate(data: Buffer, selection: Selection): Outcome {
    selection.certificate = null
    if (data.length !== TERMINAL_CERTIFICATE_BYTES) return refused(Status.wrongLength)
    const certificate = readTerminalCertificate(data)
    if (certificate === null) return refused(Status.malformed)
    const authority = this.#state.authorityKeys.find(
      (key) => key !== null && authorityIdOf(key).equals(certificate.authorityId),
    )
    if (authority === undefined || authority === null) return refused(Status.authorityUnknown)
    if (certificate.notAfter < BigInt(`0x${this.#state.lowestTime}`)) return refused(Status.certificateEnded)
    if (!isSignedBy(unhex(authority), certificate.signed, certificate.signature))
      return refused(Status.certificateSignatureWrong)
    selection.certificate = certificate
    return done()
  }

  #openChannel(data: Buffer, selection: Selection): Outcome {
    if (data.length !== 128) return refused(Status.wrongLength)
    const { certificate: terminal, answer } = selection
    if (terminal === null || selection.isChallengeUsed) return refused(Status.notNow)
    selection.isChallengeUsed = true
    const terminalKey = data.subarray(0, 64)
    const certificateHash = sha256(terminal.bytes)
    const signed = Buffer.concat([tagged('TLMTAU01'), answer, certificateHash, terminalKey])
    if (!isSignedBy(terminal.publicKey, signed, data.subarray(64))) return refused(Status.terminalSignatureWrong)
    const ownKey = newPrivateKey(this.#random)
    const secret = sharedSecret(ownKey, terminalKey)
    if (secret === null) return refused(Status.malformed)
    if (terminal.notBefore > BigInt(`0x${this.#state.lowestTime}`))
      this.#commit({ ...this.#state, lowestTime: hex(uint64(terminal.notBefore)) })
    const ownPublicKey = publicKeyOf(ownKey)
    const transcriptHash = sha256(tagged('TLMCHN01'), answer, certificateHash, terminalKey, ownPublicKey)
    selection.open = {
      channel: new AppletChannel(channelKeys(secret, transcriptHash)),
      answer: null,
      presence: {
        terminal,
        transcriptHash,
        random: this.#random,
        signer: this.#signer,
        state: () => this.#state,
        commit: (next, entry) => this.#commit(next, entry),
        isPinVerified: false,
        mayNewPin: false,
        script: null,
      },
    }
    return done(ownPublicKey)
  }

  // ---- Inside the channel

  #endChannel(): void {
    if (this.#selection !== null) this.#selection.open = null
  }

  #respondProtected({ header, ins, p1, p2, data }: Received): Outcome {
    const open = this.#selection?.open ?? null
    if (open === null) return refused(Status.notNow)
    const plaintext = data === null ? null : open.channel.open(header, data)
    if (plaintext === null) {
      this.#endChannel()
      return refused(Status.channelBroken)
    }
    const command = { ins, p1, p2, plaintext }
    return done(open.channel.seal(ins === Instruction.getData ? getData(open, command) : run(open, command)))
  }
}

/** Runs a command and keeps its answer for GET DATA: its first frame. */
function run(open: OpenChannel, command: ProtectedCommand): Buffer {
  open.answer = null
  const { status, data } = obey(open.presence, command)
  if (data === undefined) return uint16(status)
  open.answer = data
  return frameOf(data, 0)
}

function getData({ answer }: OpenChannel, { p1, p2, plaintext }: ProtectedCommand): Buffer {
  if (plaintext.length > 0) return uint16(Status.wrongLength)
  const offset = (p1 << 8) | p2
  if (answer === null || offset >= answer.length) return uint16(Status.beyondAnswer)
  return frameOf(answer, offset)
}

/** 9000 ‖ total ‖ bytes from that offset. */
function frameOf(answer: Buffer, offset: number): Buffer {
  return Buffer.concat([uint16(Status.done), uint16(answer.length), answer.subarray(offset, offset + FRAME_BYTES)])
}
