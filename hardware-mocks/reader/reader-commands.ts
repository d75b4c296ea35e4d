/**
 * The commands of class FF that a reader answers by itself, and how it hands a command of ISO/IEC 14443-3 on to a card
 * of NFC Forum type 2. Such a card here stands behind a PN532 (`takesReaderCommands`); another kind of reader is put
 * before it.
 *
 * Sources: ACR122U API V2.04 §4.1, §5, §6.1 to §6.5, §6.7, Appendix A; PC/SC part 3 §3.2.2.1 and its supplement
 * 2.02.00; of transparent sessions, what ACS documents (ACR1252U API V1.09 §5.4; ACM1252U-Y3 reference manual V1.03
 * §5.2.3), and status 6401 and 6301 as somebody measured them on a Sony RC-S300.
 */
import { parseCommandApdu, type CommandApdu } from '../cards/command-apdu.ts'
import type { CardAnswer, VirtualCard } from '../cards/virtual-card.ts'

/**
 * - `acr122u`: hands on by its PN532 (`FF 00`).
 * - `part3`: hands on in a transparent session (`FF C2`), as ACR1252U and others.
 * - `plain`: reads and writes pages and says UIDs, and hands nothing on.
 */
export const readerKinds = ['acr122u', 'part3', 'plain'] as const

export type ReaderKind = (typeof readerKinds)[number]

/** ACR122U: short APDUs, 4 + 1 + 255 + 1 bytes. */
export const COMMAND_BYTES_MAX = 261

const READER_CLASS = 0xff
const Instruction = {
  directTransmit: 0x00,
  readPages: 0xb0,
  transparent: 0xc2,
  getData: 0xca,
  writePage: 0xd6,
} as const
const Session = { manage: 0x00, exchange: 0x01, switchProtocol: 0x02 } as const

const failed = Buffer.from('6300', 'hex')
const unknownInstruction = Buffer.from('6A81', 'hex')
const wrongLength = Buffer.from('6700', 'hex')

export class ReaderCommands {
  kind: ReaderKind = 'acr122u'
  /** Of an ACR122U: it beeps when it sees a card. */
  beepsOnDetection = true
  /** Of an ACR122U: whether the driver before it hands on escape commands. As Debian delivers libccid, it does not. */
  takesEscapes = false
  /** Of an ACR122U, as its maker sends it out (§6.5). */
  piccParameter = 0xff
  firmware = 'ACR122U201'
  /** What its lamps and buzzer were told since it was made, the last one last. */
  readonly blinks: Blinks[] = []
  #isInSession = false
  #isAtLayer3 = false

  /**
   * Behind PC/SC, where no driver of ours refuses it: what an ACR122U says instead of handing on a command that is too
   * long for it, whomever it is for. Null: it is not too long, or the reader is another.
   */
  tooLong(command: Uint8Array): Uint8Array | null {
    return this.kind === 'acr122u' && command.length > COMMAND_BYTES_MAX ? wrongLength : null
  }

  /** Null: not for the reader, hand it to the card. */
  answer(command: Uint8Array, card: VirtualCard): CardAnswer | null {
    if (command[0] !== READER_CLASS) return null
    if (this.kind !== 'acr122u') {
      const parsed = parseCommandApdu(command)
      if (parsed === null) return answered(wrongLength)
      if (parsed.ins === Instruction.transparent && this.kind === 'part3') return this.#transparent(parsed, card)
      // The session has the card for itself.
      if (this.#isInSession) return answered(failed)
      const isItsOwn = parsed.ins === Instruction.readPages || parsed.ins === Instruction.writePage
      if (!isItsOwn && parsed.ins !== Instruction.getData) return answered(unknownInstruction)
    } else {
      const signalled = this.#signal(command)
      if (signalled !== null) return answered(signalled)
    }
    return card.takesReaderCommands === true ? null : answered(dataOf(command, card))
  }

  /** To the reader itself, without a card. Null: nobody hands it on. */
  escape(command: Uint8Array): Uint8Array | null {
    if (this.kind !== 'acr122u' || !this.takesEscapes) return null
    return this.#signal(command) ?? failed
  }

  /** How often it looks for a card of ISO/IEC 14443-3 type A; null: never. */
  get looksEachMs(): number | null {
    if (this.kind !== 'acr122u') return 250
    const isLooking = (this.piccParameter & 0x81) === 0x81
    if (!isLooking) return null
    return (this.piccParameter & 0x20) === 0 ? 500 : 250
  }

  /** The card left, or the reader has lost its power: no session outlives that. */
  forget(): void {
    this.#isInSession = false
    this.#isAtLayer3 = false
  }

  /** Until the lamps have done, nothing is answered. */
  busyMs(command: Uint8Array): number {
    const blinks = this.kind === 'acr122u' ? blinksOf(command) : null
    return blinks === null ? 0 : (blinks.onTenths + blinks.offTenths) * blinks.times * 100
  }

  #signal(command: Uint8Array): Buffer | null {
    if (command[0] !== READER_CLASS || command[1] !== 0x00) return null
    if (command[2] === 0x52) {
      const [, , , state] = command
      if (command.length !== 5 || (state !== 0x00 && state !== 0xff)) return failed
      this.beepsOnDetection = state === 0xff
      return Buffer.from('9000', 'hex')
    }
    if (command[2] === 0x48 || command[2] === 0x50 || command[2] === 0x51) {
      if (command.length !== 5) return failed
      if (command[2] === 0x48) return Buffer.from(this.firmware, 'latin1')
      if (command[2] === 0x51) this.piccParameter = command[3]!
      return Buffer.of(0x90, this.piccParameter)
    }
    if (command[2] !== 0x40) return null
    const blinks = blinksOf(command)
    if (blinks === null) return failed
    this.blinks.push(blinks)
    // Green while a card lies there, unless the final state says otherwise.
    const green = (blinks.state & 0x08) === 0 ? 0x02 : blinks.state & 0x02
    const red = (blinks.state & 0x04) === 0 ? 0x00 : blinks.state & 0x01
    return Buffer.of(0x90, red | green)
  }

  #transparent({ p1, p2, data }: CommandApdu, card: VirtualCard): CardAnswer {
    const objects = dataObjects(data)
    if (p1 !== 0x00 || objects === null) return error(0x00, '6700')
    switch (p2) {
      case Session.manage:
        return this.#manage(objects, card)
      case Session.switchProtocol:
        return this.#switchProtocol(objects, card)
      case Session.exchange:
        return this.#exchange(objects, card)
      default:
        return answered(unknownInstruction)
    }
  }

  #manage(objects: readonly DataObject[], card: VirtualCard): CardAnswer {
    for (const [index, { tag }] of objects.entries()) {
      if (tag === 0x81 && !this.#isInSession) this.#isInSession = true
      else if (tag === 0x82 && this.#isInSession) {
        this.forget()
        // Back to polling: the card is selected anew.
        card.reset()
      } else return error(index + 1, tag === 0x81 || tag === 0x82 ? '6301' : '6A81')
    }
    return done()
  }

  #switchProtocol(objects: readonly DataObject[], card: VirtualCard): CardAnswer {
    if (!this.#isInSession) return error(0x01, '6301')
    if (objects.length !== 1 || objects[0]!.tag !== 0x8f) return error(0x01, '6A81')
    if (objects[0]!.value.length !== 2) return error(0x01, '6700')
    if (objects[0]!.value.toString('hex') !== '0003') return error(0x01, '6A81')
    card.reset()
    this.#isAtLayer3 = true
    // SAK of a type 2 card.
    return done('8F0100')
  }

  #exchange(objects: readonly DataObject[], card: VirtualCard): CardAnswer {
    if (!this.#isInSession || !this.#isAtLayer3) return error(0x01, '6301')
    const known = [0x5f46, 0x95]
    const unknown = objects.findIndex(({ tag }) => !known.includes(tag))
    if (unknown !== -1) return error(unknown + 1, '6A81')
    const frame = objects.find(({ tag }) => tag === 0x95)?.value
    if (frame === undefined || objects.find(({ tag }) => tag === 0x5f46)?.value.length !== 4) return error(0x01, '6401')
    const nothingAnswered = error(0x02, '6401')
    if (card.takesReaderCommands !== true) return nothingAnswered
    const behindPn532 = Buffer.concat([Buffer.of(READER_CLASS, 0, 0, 0, frame.length + 2, 0xd4, 0x42), frame])
    const said = card.exchange(behindPn532)
    if (said.kind !== 'answered') return said
    const { response } = said
    if (failed.equals(response)) return nothingAnswered
    // What a fault has left of an answer is handed over as it is.
    if (response.length < 5 || response[0] !== 0xd5 || response[1] !== 0x43) return said
    switch (response[2]) {
      case 0x00: {
        const data = Buffer.from(response.subarray(3, -2))
        return done(`92010096020000${objectHex(0x97, data)}`)
      }
      case 0x02:
        // Four bits, which have no CRC.
        return done('92010496020100970100')
      default:
        return nothingAnswered
    }
  }
}

/** Bi-colour LED and buzzer: P2 and the four bytes behind it. */
export interface Blinks {
  readonly state: number
  readonly onTenths: number
  readonly offTenths: number
  readonly times: number
  /** 0: never, 1: while it is on, 2: while it is off, 3: both. */
  readonly beeps: number
}

function blinksOf(command: Uint8Array): Blinks | null {
  const [cla, ins, p1, state, length, onTenths, offTenths, times, beeps] = command
  if (cla !== READER_CLASS || ins !== 0x00 || p1 !== 0x40 || command.length !== 9 || length !== 4) return null
  if (beeps! > 3) return null
  return { state: state!, onTenths: onTenths!, offTenths: offTenths!, times: times!, beeps: beeps! }
}

const answered = (response: Uint8Array): CardAnswer => ({ kind: 'answered', response })
const done = (objects = ''): CardAnswer => answered(Buffer.from(`C003009000${objects}9000`, 'hex'))
const error = (object: number, status: string): CardAnswer =>
  answered(Buffer.from(`C003${object.toString(16).padStart(2, '0')}${status}9000`, 'hex'))

/** What a reader says of a card by itself; the ATS is not modelled: it says the same of a card that has none. */
function dataOf(command: Uint8Array, card: VirtualCard): Buffer {
  if (command[1] !== Instruction.getData || command[3] !== 0x00) return failed
  if (command[2] === 0x00) return Buffer.concat([card.uid, Buffer.from('9000', 'hex')])
  return command[2] === 0x01 ? unknownInstruction : failed
}

interface DataObject {
  readonly tag: number
  readonly value: Buffer
}

/** Tags of one byte, or of two behind 5F; lengths of one byte, as a reader's short commands have them. */
function dataObjects(data: Buffer): readonly DataObject[] | null {
  const objects: DataObject[] = []
  let at = 0
  while (at < data.length) {
    const tagBytes = data[at] === 0x5f ? 2 : 1
    const length = data[at + tagBytes]
    const from = at + tagBytes + 1
    if (length === undefined || length > 0x7f || from + length > data.length) return null
    objects.push({ tag: data.readUIntBE(at, tagBytes), value: data.subarray(from, from + length) })
    at = from + length
  }
  return objects
}

function objectHex(tag: number, value: Buffer): string {
  return Buffer.concat([Buffer.of(tag, value.length), value]).toString('hex')
}
