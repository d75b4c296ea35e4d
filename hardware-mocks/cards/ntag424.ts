/**
 * A virtual NTAG 424 DNA that computes: NXP data sheet NT4H2421Gx rev. 3.0 (sections named below) and AN12196.
 *
 * Every command either changes the EEPROM as a whole or not at all (§10.8.2: a single frame is protected against
 * tearing), and the change is handed to the card's memory before the answer leaves the card. Any error ends the
 * authenticated state (§9.1.9).
 *
 * Not modelled: LRP mode, random UID, AUTHENTICATION_DELAY (SeqFailCtr), ISO 14443-4 chaining, options of
 * SetConfiguration other than 0Ah.
 */
import { crc32 } from 'node:zlib'
import type { CardMemory } from './card-memory.ts'
import { decryptCbc, encryptCbc, xor } from './aes.ts'
import { parseCommandApdu, type CommandApdu } from './command-apdu.ts'
import { renderDynamicFile, type DynamicFile } from './ntag424-dynamic-messaging.ts'
import {
  FREE,
  NEVER,
  encodeFileSettings,
  parseFileSettings,
  type AccessCondition,
  type CommunicationMode,
} from './ntag424-file-settings.ts'
import { signatureOfChip } from './ntag424-originality.ts'
import { SecureSession, rotateLeft, sessionKeys } from './ntag424-session.ts'
import type { FileNumber, FileState, KeyState, Ntag424State } from './ntag424-state.ts'
import type { RandomSource } from './random.ts'
import type { CardAnswer, VirtualCard } from './virtual-card.ts'

export interface VirtualNtag424Options {
  readonly random: RandomSource
  readonly memory?: CardMemory<Ntag424State>
  /** See {@link VirtualCard.delayMs}; 0 unless given. */
  readonly delayMs?: number
}

/** Second status byte under CLA 90, data sheet table 23. */
const Status = {
  done: 0x00,
  /** Read_Sig, table 95. */
  commandNotFound: 0x0b,
  /** Read_Sig, table 95. */
  commandFormatError: 0x0c,
  illegalCommand: 0x1c,
  integrityError: 0x1e,
  noSuchKey: 0x40,
  lengthError: 0x7e,
  /** With what Read_Sig has read: AN12196 §8.2, and what chips answer; table 22 has 00. */
  signature: 0x90,
  permissionDenied: 0x9d,
  parameterError: 0x9e,
  authenticationError: 0xae,
  additionalFrame: 0xaf,
  boundaryError: 0xbe,
  commandAborted: 0xca,
  fileNotFound: 0xf0,
} as const

const successes: readonly number[] = [Status.done, Status.additionalFrame, Status.signature]

interface NativeAnswer {
  readonly status: number
  readonly data: Uint8Array
}

interface IsoAnswer {
  readonly statusWord: number
  readonly data: Uint8Array
}

const NOTHING = Buffer.alloc(0)
const failed = (status: number): NativeAnswer => ({ status, data: NOTHING })
const iso = (statusWord: number, data: Uint8Array = NOTHING): IsoAnswer => ({ statusWord, data })

const READ_COUNTER_MAX = 0xffffff
const RESPONSE_BYTES_MAX = 256
const MASTER_FILE_NAME = 'D2760000850100'
const APPLICATION_NAME = 'D2760000850101'
const MASTER_FILE_IDENTIFIER = 0x3f00
const APPLICATION_IDENTIFIER = 0xe110
const ELEMENTARY_FILES: ReadonlyMap<number, FileNumber> = new Map([
  [0xe103, 1],
  [0xe104, 2],
  [0xe105, 3],
])
const SHORT_FILE_IDENTIFIERS: ReadonlyMap<number, FileNumber> = new Map([
  [0x03, 1],
  [0x04, 2],
  [0x05, 3],
])
const HARDWARE_VERSION = Buffer.from('04040230001105', 'hex')
const SOFTWARE_VERSION = Buffer.from('04040201021105', 'hex')
/** Batch, fabrication key, week and year of production. */
const PRODUCTION = Buffer.from('CD65935D400922', 'hex')

type Pending =
  | {
      readonly kind: 'authentication'
      readonly keyNumber: number
      readonly rndB: Buffer
      /** Null for AuthenticateEV2NonFirst, which goes on with the transaction there is. */
      readonly first: { readonly transactionId: Buffer; readonly capabilities: Buffer } | null
    }
  | { readonly kind: 'version'; readonly part: 2 | 3 }

/** Reads of one file by one command without another command between them: one counter value, one padding (§9.3.1). */
interface Reading {
  readonly file: FileNumber
  readonly instruction: number
  readonly dynamic: DynamicFile
  isLogged: boolean
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

export class VirtualNtag424 implements VirtualCard {
  /** The same as a DESFire's: the ATR does not tell them apart. */
  readonly atr: Uint8Array = Buffer.from('3B8180018080', 'hex')
  delayMs: number
  readonly #random: RandomSource
  readonly #memory: CardMemory<Ntag424State> | null
  #state: Ntag424State
  #isInField = false
  #isApplicationSelected = false
  #selectedFile: FileNumber | null = null
  #session: SecureSession | null = null
  #pending: Pending | null = null
  #reading: Reading | null = null

  private constructor(state: Ntag424State, options: VirtualNtag424Options) {
    this.#state = state
    this.#random = options.random
    this.#memory = options.memory ?? null
    this.delayMs = options.delayMs ?? 0
  }

  /** A card with this EEPROM, outside any field. */
  static fromState(state: Ntag424State, options: VirtualNtag424Options): VirtualNtag424 {
    return new VirtualNtag424(structuredClone(state), options)
  }

  /** The EEPROM as it is now. */
  state(): Ntag424State {
    return structuredClone(this.#state)
  }

  get uid(): Uint8Array {
    return Buffer.from(this.#state.uid, 'hex')
  }

  enterField(): void {
    if (this.#isInField) throw new Error('a card cannot lie in two fields')
    this.#isInField = true
    this.#forget()
    this.#memory?.append({ kind: 'field', isOn: true })
  }

  leaveField(): void {
    if (!this.#isInField) return
    this.#isInField = false
    this.#forget()
    this.#memory?.append({ kind: 'field', isOn: false })
  }

  reset(): void {
    this.#forget()
  }

  exchange(command: Uint8Array): CardAnswer {
    if (!this.#isInField) throw new Error('a card without a field cannot be asked')
    const response = this.#respond(command)
    this.#memory?.append({ kind: 'command', command: hex(command), answer: hex(response) })
    return { kind: 'answered', response }
  }

  #forget(): void {
    this.#isApplicationSelected = false
    this.#selectedFile = null
    this.#session = null
    this.#pending = null
    this.#reading = null
  }

  #respond(bytes: Uint8Array): Uint8Array {
    const command = parseCommandApdu(bytes)
    if (command === null) return this.#afterError(Buffer.from('6700', 'hex'))
    const isContinuation = this.#reading !== null && this.#reading.instruction === command.ins
    if (!isContinuation) this.#reading = null

    if (command.cla === 0x00) {
      const answer = this.#interindustry(command)
      const statusWord = Buffer.of(answer.statusWord >> 8, answer.statusWord & 0xff)
      return answer.statusWord === 0x9000 ? Buffer.concat([answer.data, statusWord]) : this.#afterError(statusWord)
    }
    if (command.cla !== 0x90) return this.#afterError(Buffer.from('6E00', 'hex'))

    const answer = this.#native(command)
    const statusWord = Buffer.of(0x91, answer.status)
    return successes.includes(answer.status) ? Buffer.concat([answer.data, statusWord]) : this.#afterError(statusWord)
  }

  #afterError(statusWord: Buffer): Buffer {
    this.#session = null
    this.#pending = null
    this.#reading = null
    return statusWord
  }

  #commit(change: Partial<Pick<Ntag424State, 'keys' | 'files' | 'failureLimit'>>): void {
    this.#state = { ...this.#state, ...change }
    this.#memory?.save(this.#state)
  }

  #commitKey(keyNumber: number, key: KeyState): void {
    const keys = this.#state.keys.map((old, index) => (index === keyNumber ? key : old))
    this.#commit({ keys: keys as unknown as Ntag424State['keys'] })
  }

  #commitFile(file: FileNumber, state: FileState): void {
    this.#commit({ files: { ...this.#state.files, [file]: state } })
  }

  #keyBytes(keyNumber: number): Buffer {
    return Buffer.from(this.#state.keys[keyNumber]!.value, 'hex')
  }

  #file(fileNumber: number): { readonly number: FileNumber; readonly state: FileState; readonly size: number } | null {
    if (fileNumber !== 1 && fileNumber !== 2 && fileNumber !== 3) return null
    const state = this.#state.files[fileNumber]
    return { number: fileNumber, state, size: state.content.length / 2 }
  }

  // ---- Inter-industry commands, §10.9

  #interindustry(command: CommandApdu): IsoAnswer {
    if (this.#pending !== null) return iso(0x6985)
    switch (command.ins) {
      case 0xa4:
        return this.#isoSelectFile(command)
      case 0xb0:
        return this.#isoReadBinary(command)
      case 0xd6:
        return this.#isoUpdateBinary(command)
      default:
        return iso(0x6d00)
    }
  }

  #isoSelectFile(command: CommandApdu): IsoAnswer {
    if (command.p2 !== 0x00 && command.p2 !== 0x0c) return iso(0x6a86)
    const { data } = command
    if (command.p1 === 0x04) {
      if (data.length === 0 || data.length > 16) return iso(0x6a87)
      if (hex(data) === MASTER_FILE_NAME) return this.#select('master file')
      return hex(data) === APPLICATION_NAME ? this.#select('application') : iso(0x6a82)
    }
    if (command.p1 > 0x04) return iso(0x6a86)
    if (data.length === 0) {
      return command.p1 === 0x00 || command.p1 === 0x03 ? this.#select('master file') : iso(0x6a87)
    }
    if (data.length !== 2 || command.p1 === 0x03) return iso(0x6a87)
    const identifier = data.readUInt16BE()
    if (command.p1 === 0x00 && identifier === MASTER_FILE_IDENTIFIER) return this.#select('master file')
    if (command.p1 !== 0x02 && identifier === APPLICATION_IDENTIFIER) return this.#select('application')
    const file = command.p1 === 0x01 ? undefined : ELEMENTARY_FILES.get(identifier)
    if (file === undefined || !this.#isApplicationSelected) return iso(0x6a82)
    this.#selectedFile = file
    return iso(0x9000)
  }

  #select(target: 'master file' | 'application'): IsoAnswer {
    this.#forget()
    this.#isApplicationSelected = target === 'application'
    return iso(0x9000)
  }

  /** The file and offset that P1 and P2 name; a short file identifier also selects. */
  #isoTarget(command: CommandApdu): { readonly file: FileNumber; readonly offset: number } | number {
    if ((command.p1 & 0x80) === 0) {
      return this.#selectedFile === null ? 0x6985 : { file: this.#selectedFile, offset: (command.p1 << 8) | command.p2 }
    }
    if ((command.p1 & 0x60) !== 0 || (command.p1 & 0x1f) === 0x1f) return 0x6a86
    const identifier = command.p1 & 0x1f
    if (identifier !== 0) {
      const file = SHORT_FILE_IDENTIFIERS.get(identifier)
      if (file === undefined || !this.#isApplicationSelected) return 0x6a82
      this.#selectedFile = file
    }
    return this.#selectedFile === null ? 0x6985 : { file: this.#selectedFile, offset: command.p2 }
  }

  #isoReadBinary(command: CommandApdu): IsoAnswer {
    if (command.expected === null || command.data.length > 0) return iso(0x6700)
    const target = this.#isoTarget(command)
    if (typeof target === 'number') return iso(target)
    if (this.#session !== null) return iso(0x6982)
    const file = this.#file(target.file)!
    if (!this.#mayReadFreely(file.state)) return iso(0x6982)
    if (target.offset >= file.size) return iso(0x6a86)
    const length = Math.min(command.expected, file.size - target.offset)
    const content = this.#readUnauthenticated(file.number, 0xb0, target.offset, length)
    return content === null ? iso(0x6982) : iso(0x9000, content)
  }

  #isoUpdateBinary(command: CommandApdu): IsoAnswer {
    if (command.data.length === 0) return iso(0x6700)
    const target = this.#isoTarget(command)
    if (typeof target === 'number') return iso(target)
    const file = this.#file(target.file)!
    const { rights } = file.state.settings
    if (this.#session !== null || (rights.write !== FREE && rights.readWrite !== FREE)) return iso(0x6982)
    if (target.offset + command.data.length > file.size) return iso(0x6700)
    this.#writeContent(file.number, target.offset, command.data)
    return iso(0x9000)
  }

  // ---- Reading and writing content

  #mayReadFreely(state: FileState): boolean {
    const { rights, dynamicMessaging } = state.settings
    return (
      rights.read === FREE ||
      rights.readWrite === FREE ||
      (dynamicMessaging !== null && dynamicMessaging.fileRead !== NEVER)
    )
  }

  /** Null when SDMReadCtr or its limit allows no further reading (§9.3.1, §9.3.2). */
  #readUnauthenticated(fileNumber: FileNumber, instruction: number, offset: number, length: number): Buffer | null {
    const { settings, content } = this.#state.files[fileNumber]
    const messaging = settings.dynamicMessaging
    if (messaging === null) return Buffer.from(content, 'hex').subarray(offset, offset + length)
    const reading = this.#reading?.file === fileNumber ? this.#reading : this.#startReading(fileNumber, instruction)
    if (reading === null) return null
    const { mac, content: rendered } = reading.dynamic
    if (mac !== null && !reading.isLogged && offset < mac.offset + 16 && offset + length > mac.offset) {
      reading.isLogged = true
      const macInput = mac.input.toString('latin1')
      this.#memory?.append({
        kind: 'sun',
        counter: this.#state.files[fileNumber].readCounter,
        bindingHex: /^[0-9A-F]*/.exec(macInput)![0],
        mac: hex(mac.value),
        macInput,
      })
    }
    return rendered.subarray(offset, offset + length)
  }

  #startReading(fileNumber: FileNumber, instruction: number): Reading | null {
    const file = this.#state.files[fileNumber]
    const messaging = file.settings.dynamicMessaging!
    if (file.readCounter >= (messaging.counterLimit ?? READ_COUNTER_MAX)) return null
    const counter = file.readCounter + 1
    this.#commitFile(fileNumber, { ...file, readCounter: counter })
    const dynamic = renderDynamicFile(messaging, Buffer.from(file.content, 'hex'), {
      uid: this.uid,
      counter,
      padding: this.#random(16),
      keys: this.#state.keys.map((key) => Buffer.from(key.value, 'hex')),
    })
    this.#reading = { file: fileNumber, instruction, dynamic, isLogged: false }
    return this.#reading
  }

  #writeContent(fileNumber: FileNumber, offset: number, data: Uint8Array): void {
    const file = this.#state.files[fileNumber]
    const content = Buffer.from(file.content, 'hex')
    content.set(data, offset)
    this.#commitFile(fileNumber, { ...file, content: hex(content) })
  }

  // ---- Native commands in ISO wrapping, §10.4 to §10.8

  #native(command: CommandApdu): NativeAnswer {
    if (command.p1 !== 0 || command.p2 !== 0) return failed(Status.parameterError)
    if (command.expected === null) return failed(Status.lengthError)
    const pending = this.#pending
    this.#pending = null
    if (pending !== null && command.ins !== 0xaf) return failed(Status.commandAborted)
    const { ins, data } = command
    switch (ins) {
      case 0xaf:
        if (pending === null) return failed(Status.illegalCommand)
        return pending.kind === 'version'
          ? this.#continueVersion(pending.part, data)
          : this.#finishAuthentication(pending, data)
      case 0x60:
        return this.#startVersion(data)
      case 0x71:
        return this.#startAuthenticationFirst(data)
      case 0x77:
        return this.#startAuthenticationNonFirst(data)
      case 0x3c:
        return this.#readSignature(data)
      case 0x51:
        return this.#getCardUid(data)
      case 0x5c:
        return this.#setConfiguration(data)
      case 0x64:
        return this.#getKeyVersion(data)
      case 0xc4:
        return this.#changeKey(data)
      case 0xf5:
      case 0xf6:
      case 0x5f:
      case 0xad:
      case 0x8d:
        if (data.length === 0) return failed(Status.lengthError)
        if (!this.#isApplicationSelected) return failed(Status.permissionDenied)
        return this.#fileCommand(ins, data)
      default:
        return failed(Status.illegalCommand)
    }
  }

  #fileCommand(ins: number, data: Buffer): NativeAnswer {
    const file = this.#file(data[0]!)
    if (file === null) return failed(Status.fileNotFound)
    switch (ins) {
      case 0xf5:
        return this.#getFileSettings(file, data)
      case 0xf6:
        return this.#getFileCounters(file, data)
      case 0x5f:
        return this.#changeFileSettings(file, data)
      case 0xad:
        return this.#readData(file, data)
      default:
        return this.#writeData(file, data)
    }
  }

  /** The command's data without secure messaging; null when its MAC or padding is wrong. */
  #open(mode: CommunicationMode, ins: number, data: Buffer, headerBytes: number): Buffer | null {
    if (this.#session === null) return data
    if (mode === 'plain') return this.#session.countPlain() ? data : null
    return mode === 'mac' ? this.#session.openMac(ins, data) : this.#session.openFull(ins, data, headerBytes)
  }

  #answer(mode: CommunicationMode, data: Uint8Array): NativeAnswer {
    const session = this.#session
    if (session === null || mode === 'plain') return { status: Status.done, data }
    return { status: Status.done, data: mode === 'mac' ? session.sealMac(data) : session.sealFull(data) }
  }

  #startVersion(data: Buffer): NativeAnswer {
    if (this.#session === null ? data.length > 0 : data.length !== 8) return failed(Status.lengthError)
    if (this.#open('mac', 0x60, data, 0) === null) return failed(Status.integrityError)
    this.#pending = { kind: 'version', part: 2 }
    return { status: Status.additionalFrame, data: HARDWARE_VERSION }
  }

  #continueVersion(part: 2 | 3, data: Buffer): NativeAnswer {
    if (data.length > 0) return failed(Status.lengthError)
    if (part === 2) {
      this.#pending = { kind: 'version', part: 3 }
      return { status: Status.additionalFrame, data: SOFTWARE_VERSION }
    }
    const production = Buffer.concat([this.uid, PRODUCTION])
    const sealed = this.#answer('mac', Buffer.concat([HARDWARE_VERSION, SOFTWARE_VERSION, production]))
    return { status: Status.done, data: sealed.data.subarray(HARDWARE_VERSION.length + SOFTWARE_VERSION.length) }
  }

  #startAuthenticationFirst(data: Buffer): NativeAnswer {
    this.#session = null
    if (data.length < 2 || data.length !== 2 + data[1]!) return failed(Status.lengthError)
    if (data[1]! > 6) return failed(Status.parameterError)
    const capabilities = Buffer.alloc(6)
    capabilities.set(data.subarray(2))
    return this.#challenge(data[0]!, (rndB) => ({
      kind: 'authentication',
      keyNumber: data[0]!,
      rndB,
      first: { transactionId: Buffer.from(this.#random(4)), capabilities },
    }))
  }

  #startAuthenticationNonFirst(data: Buffer): NativeAnswer {
    if (data.length !== 1) return failed(Status.lengthError)
    if (this.#session === null) return failed(Status.authenticationError)
    return this.#challenge(data[0]!, (rndB) => ({ kind: 'authentication', keyNumber: data[0]!, rndB, first: null }))
  }

  #challenge(keyNumber: number, pendingWith: (rndB: Buffer) => Pending): NativeAnswer {
    if (keyNumber > 4 || !this.#isApplicationSelected) return failed(Status.noSuchKey)
    const limit = this.#state.failureLimit
    if (limit !== null && this.#state.keys[keyNumber]!.totalFailures >= limit.limit) {
      return failed(Status.permissionDenied)
    }
    const rndB = Buffer.from(this.#random(16))
    this.#pending = pendingWith(rndB)
    return { status: Status.additionalFrame, data: encryptCbc(this.#keyBytes(keyNumber), rndB) }
  }

  #finishAuthentication(pending: Pending & { kind: 'authentication' }, data: Buffer): NativeAnswer {
    if (data.length !== 32) return failed(Status.lengthError)
    const { keyNumber, rndB, first } = pending
    const key = this.#keyBytes(keyNumber)
    const keyState = this.#state.keys[keyNumber]!
    const limit = this.#state.failureLimit
    const plain = decryptCbc(key, data)
    const rndA = plain.subarray(0, 16)
    if (!plain.subarray(16).equals(rotateLeft(rndB))) {
      if (limit !== null) this.#commitKey(keyNumber, { ...keyState, totalFailures: keyState.totalFailures + 1 })
      return failed(Status.authenticationError)
    }
    if (limit !== null && keyState.totalFailures > 0) {
      const totalFailures = Math.max(0, keyState.totalFailures - limit.decrement)
      this.#commitKey(keyNumber, { ...keyState, totalFailures })
    }
    const before = this.#session
    this.#session = new SecureSession({
      keyNumber,
      transactionId: first?.transactionId ?? before!.transactionId,
      keys: sessionKeys(key, rndA, rndB),
      counter: first === null ? before!.counter : 0,
    })
    const proof =
      first === null
        ? rotateLeft(rndA)
        : Buffer.concat([first.transactionId, rotateLeft(rndA), Buffer.alloc(6), first.capabilities])
    return { status: Status.done, data: encryptCbc(key, proof) }
  }

  /** Table 22: in plain, or in CommMode.Full for who is authenticated. The MAC of the answer covers its status 90. */
  #readSignature(data: Buffer): NativeAnswer {
    const session = this.#session
    if (data.length !== (session === null ? 1 : 9) || data[0] !== 0x00) return failed(Status.commandFormatError)
    if (this.#open('full', 0x3c, data, 1) === null) return failed(Status.commandNotFound)
    const signature = Buffer.from(this.#state.signature ?? signatureOfChip(this.#state.uid), 'hex')
    return {
      status: Status.signature,
      data: session === null ? signature : session.sealFull(signature, Status.signature),
    }
  }

  #getCardUid(data: Buffer): NativeAnswer {
    if (this.#session === null) return failed(Status.authenticationError)
    if (data.length !== 8) return failed(Status.lengthError)
    if (this.#open('full', 0x51, data, 0) === null) return failed(Status.integrityError)
    return this.#answer('full', this.uid)
  }

  #setConfiguration(data: Buffer): NativeAnswer {
    if (data.length === 0) return failed(Status.lengthError)
    if (this.#session?.keyNumber !== 0) return failed(Status.authenticationError)
    const body = this.#open('full', 0x5c, data, 1)
    if (body === null) return failed(Status.integrityError)
    if (body[0] !== 0x0a) return failed(Status.permissionDenied)
    if (body.length !== 6) return failed(Status.lengthError)
    const isEnabled = (body[1]! & 1) === 1
    const limit = body.readUInt16LE(2)
    if (isEnabled && limit === 0) return failed(Status.parameterError)
    this.#commit({ failureLimit: isEnabled ? { limit, decrement: body.readUInt16LE(4) } : null })
    return this.#answer('full', NOTHING)
  }

  #getKeyVersion(data: Buffer): NativeAnswer {
    if (data.length !== (this.#session === null ? 1 : 9)) return failed(Status.lengthError)
    if (data[0]! > 4 || !this.#isApplicationSelected) return failed(Status.noSuchKey)
    const body = this.#open('mac', 0x64, data, 1)
    if (body === null) return failed(Status.integrityError)
    return this.#answer('mac', Buffer.of(this.#state.keys[body[0]!]!.version))
  }

  #changeKey(data: Buffer): NativeAnswer {
    if (data.length === 0) return failed(Status.lengthError)
    const keyNumber = data[0]!
    if (keyNumber > 4) return failed(Status.noSuchKey)
    if (this.#session?.keyNumber !== 0) return failed(Status.authenticationError)
    const body = this.#open('full', 0xc4, data, 1)
    if (body === null) return failed(Status.integrityError)
    const keyData = body.subarray(1)
    if (keyData.length !== (keyNumber === 0 ? 17 : 21)) return failed(Status.lengthError)
    const sent = keyData.subarray(0, 16)
    const value = keyNumber === 0 ? sent : xor(sent, this.#keyBytes(keyNumber))
    if (keyNumber !== 0 && !checksum(value).equals(keyData.subarray(17))) return failed(Status.integrityError)
    this.#commitKey(keyNumber, { value: hex(value), version: keyData[16]!, totalFailures: 0 })
    if (keyNumber !== 0) return this.#answer('full', NOTHING)
    // The session was made with the key that is gone: it ends, and nothing is left to make a MAC with.
    this.#session = null
    return { status: Status.done, data: NOTHING }
  }

  #getFileSettings(file: TargetedFile, data: Buffer): NativeAnswer {
    if (data.length !== (this.#session === null ? 1 : 9)) return failed(Status.lengthError)
    if (this.#open('mac', 0xf5, data, 1) === null) return failed(Status.integrityError)
    return this.#answer('mac', encodeFileSettings(file.state.settings, file.size))
  }

  #getFileCounters(file: TargetedFile, data: Buffer): NativeAnswer {
    if (data.length !== (this.#session === null ? 1 : 9)) return failed(Status.lengthError)
    const messaging = file.state.settings.dynamicMessaging
    if (messaging === null || messaging.counterRetrieval === NEVER) return failed(Status.permissionDenied)
    if (messaging.counterRetrieval !== FREE && messaging.counterRetrieval !== this.#session?.keyNumber) {
      return failed(Status.authenticationError)
    }
    if (this.#open('full', 0xf6, data, 1) === null) return failed(Status.integrityError)
    const counters = Buffer.alloc(5)
    counters.writeUIntLE(file.state.readCounter, 0, 3)
    return this.#answer('full', counters)
  }

  #changeFileSettings(file: TargetedFile, data: Buffer): NativeAnswer {
    const access = this.#access([file.state.settings.rights.change])
    if (access === 'never') return failed(Status.permissionDenied)
    if (access === 'missing') return failed(Status.authenticationError)
    const mode = access === 'free' ? 'plain' : 'full'
    const body = this.#open(mode, 0x5f, data, 1)
    if (body === null) return failed(Status.integrityError)
    const settings = parseFileSettings(body.subarray(1), { size: file.size, readCounter: file.state.readCounter })
    if (settings === 'length') return failed(Status.lengthError)
    if (settings === 'parameter') return failed(Status.parameterError)
    if (settings.dynamicMessaging !== null && file.number !== 2) return failed(Status.permissionDenied)
    const isBeingEnabled = settings.dynamicMessaging !== null && file.state.settings.dynamicMessaging === null
    this.#commitFile(file.number, {
      ...file.state,
      settings,
      readCounter: isBeingEnabled ? 0 : file.state.readCounter,
    })
    return this.#answer(mode, NOTHING)
  }

  #readData(file: TargetedFile, data: Buffer): NativeAnswer {
    const { rights, communication } = file.state.settings
    const access = this.#access([rights.read, rights.readWrite])
    const mayReadDynamically = this.#session === null && this.#mayReadFreely(file.state)
    if (access === 'never' && !mayReadDynamically) return failed(Status.permissionDenied)
    if (access === 'missing' && !mayReadDynamically) return failed(Status.authenticationError)
    const mode = access === 'key' ? communication : 'plain'
    if (data.length !== (mode === 'plain' ? 7 : 15)) return failed(Status.lengthError)
    const body = this.#open(mode, 0xad, data, 7)
    if (body === null) return failed(Status.integrityError)
    const offset = body.readUIntLE(1, 3)
    if (offset >= file.size) return failed(Status.boundaryError)
    const asked = body.readUIntLE(4, 3)
    const length = asked === 0 ? file.size - offset : asked
    if (offset + length > file.size) return failed(Status.boundaryError)
    if (this.#session === null) {
      const content = this.#readUnauthenticated(file.number, 0xad, offset, length)
      return content === null ? failed(Status.permissionDenied) : { status: Status.done, data: content }
    }
    const answer = this.#answer(mode, Buffer.from(file.state.content, 'hex').subarray(offset, offset + length))
    return answer.data.length > RESPONSE_BYTES_MAX ? failed(Status.lengthError) : answer
  }

  #writeData(file: TargetedFile, data: Buffer): NativeAnswer {
    const { rights, communication } = file.state.settings
    const access = this.#access([rights.write, rights.readWrite])
    if (access === 'never') return failed(Status.permissionDenied)
    if (access === 'missing') return failed(Status.authenticationError)
    const mode = access === 'key' ? communication : 'plain'
    if (data.length < 8) return failed(Status.lengthError)
    const body = this.#open(mode, 0x8d, data, 7)
    if (body === null) return failed(Status.integrityError)
    if (body.length < 7) return failed(Status.lengthError)
    const offset = body.readUIntLE(1, 3)
    const length = body.readUIntLE(4, 3)
    if (length === 0) return failed(Status.parameterError)
    if (offset + length > file.size) return failed(Status.boundaryError)
    if (body.length !== 7 + length) return failed(Status.lengthError)
    this.#writeContent(file.number, offset, body.subarray(7))
    return this.#answer(mode, NOTHING)
  }

  /**
   * By which of these access conditions the command may go on (§8.2.3.3). A condition fulfilled by the authenticated
   * key outranks free access; only under free access alone is the command sent in plain.
   */
  #access(conditions: readonly AccessCondition[]): 'key' | 'free' | 'never' | 'missing' {
    if (this.#session !== null && conditions.includes(this.#session.keyNumber)) return 'key'
    if (conditions.includes(FREE)) return 'free'
    return conditions.every((condition) => condition === NEVER) ? 'never' : 'missing'
  }
}

interface TargetedFile {
  readonly number: FileNumber
  readonly state: FileState
  readonly size: number
}

/** CRC32NK of ChangeKey (§10.6.1, table 63): the frame check sequence of IEEE 802.3 without its last inversion. */
function checksum(key: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE((crc32(key) ^ 0xffffffff) >>> 0)
  return bytes
}
