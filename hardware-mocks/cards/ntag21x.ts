/**
 * A virtual NTAG213, NTAG215 or NTAG216: NXP data sheet NTAG213_215_216 rev. 3.2 (sections named below), behind the
 * pseudo-APDUs of an ACR122U (API V2.04 §5.3, §5.4, §6.1), as a till meets it. It keeps its memory, and a log of its
 * own.
 *
 * A command that a Type 2 card does not know, or refuses, is answered by silence or by four bits; a PN532 makes of both
 * an error in place of data.
 *
 * Not modelled: mirrors, the NFC counter, AUTHLIM, lock bits, FAST_READ, and that a card falls idle after an error.
 */
import type { CardMemory } from './card-memory.ts'
import { parseCommandApdu, type CommandApdu } from './command-apdu.ts'
import { storageCardAtr } from './otherCards.ts'
import type { CardAnswer, VirtualCard } from './virtual-card.ts'

export type Ntag21xModelName = 'NTAG213' | 'NTAG215' | 'NTAG216'

export interface Ntag21xState {
  readonly kind: 'ntag21x'
  readonly model: Ntag21xModelName
  /** 7 bytes. Bytes are upper-case hex. */
  readonly uid: string
  /** The originality signature, 32 bytes. */
  readonly signature: string
  /** All pages, 4 bytes each, from page 0 on. */
  readonly pages: readonly string[]
}

/** §8.5, §8.8, §10.1: size byte of GET_VERSION, number of pages, size in the capability container. */
const models = {
  NTAG213: { size: 0x0f, pages: 45, capability: 0x12 },
  NTAG215: { size: 0x11, pages: 135, capability: 0x3e },
  NTAG216: { size: 0x13, pages: 231, capability: 0x6d },
} as const

/**
 * Two signatures that NXP made, of chips whose readings were published (shared/vectors/cards-and-crypto.json,
 * `originality_ecdsa`; proxmark3 tools/recover_pk.py): nobody else can make one.
 */
export const publishedSignatures: Readonly<Record<string, string>> = {
  '04E10CDA993C80': '8B76052EE42F5567BEB53238B3E3F9950707C0DCC956B5C5EFCFDB709B2D82B3',
  '04DB0BDA993C80': '6048EFD9417CD10F6B7F1818D471A7FE5B46868D2EABDC6307A1E0AAE139D8D0',
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** As delivered (§8.5): an empty message. A UID of which no signature is published makes a copy without a true one. */
export function factoryNtag21x(of: { readonly model: Ntag21xModelName; readonly uid: string }): Ntag21xState {
  const uid = Buffer.from(of.uid, 'hex')
  if (uid.length !== 7) throw new RangeError(`a UID of ${of.model} has 7 bytes, not ${uid.length}`)
  const { pages: count, capability } = models[of.model]
  const check = (bytes: Uint8Array, start: number) => bytes.reduce((sum, byte) => sum ^ byte, start)
  const pages = Array.from({ length: count }, () => '00000000')
  pages[0] = hex(Buffer.concat([uid.subarray(0, 3), Buffer.of(check(uid.subarray(0, 3), 0x88))]))
  pages[1] = hex(uid.subarray(3))
  pages[2] = hex(Buffer.of(check(uid.subarray(3), 0), 0x48, 0, 0))
  pages[3] = hex(Buffer.of(0xe1, 0x10, capability, 0x00))
  pages[4] = '0103A00C'
  pages[5] = '340300FE'
  // CFG0 with AUTH0 = FF (nothing protected), CFG1, PWD, PACK (§8.5.7).
  pages[count - 4] = '040000FF'
  pages[count - 3] = '00050000'
  pages[count - 2] = 'FFFFFFFF'
  return {
    kind: 'ntag21x',
    model: of.model,
    uid: hex(uid),
    signature: publishedSignatures[hex(uid)] ?? '5A'.repeat(32),
    pages,
  }
}

const failed = Buffer.from('6300', 'hex')
const done = Buffer.from('9000', 'hex')

/** What the PN532 says of a card's answer (user manual §7.3.9): error 01 of silence, 02 of four bits without CRC. */
type FrameAnswer = Buffer | 'silence' | 'nak' | 'ack'

export class VirtualNtag21x implements VirtualCard {
  readonly takesReaderCommands = true
  readonly atr = storageCardAtr(0x0003)
  readonly delayMs: number
  readonly #memory: CardMemory<Ntag21xState> | undefined
  #state: Ntag21xState
  #isAuthenticated = false

  constructor(state: Ntag21xState, of: { readonly memory?: CardMemory<Ntag21xState>; readonly delayMs?: number } = {}) {
    this.#state = state
    this.#memory = of.memory
    this.delayMs = of.delayMs ?? 0
  }

  get uid(): Uint8Array {
    return Buffer.from(this.#state.uid, 'hex')
  }

  state(): Ntag21xState {
    return this.#state
  }

  enterField(): void {
    this.#memory?.append({ kind: 'field', isOn: true })
  }

  leaveField(): void {
    this.#isAuthenticated = false
    this.#memory?.append({ kind: 'field', isOn: false })
  }

  reset(): void {
    this.#isAuthenticated = false
  }

  exchange(bytes: Uint8Array): CardAnswer {
    const command = parseCommandApdu(bytes)
    const response = command === null ? Buffer.from('6700', 'hex') : this.#respond(command)
    this.#memory?.append({ kind: 'command', command: hex(bytes), answer: hex(response) })
    return { kind: 'answered', response }
  }

  #respond({ cla, ins, p1, p2, data, expected }: CommandApdu): Buffer {
    if (cla !== 0xff || p1 !== 0x00) return failed
    switch (ins) {
      case 0xca:
        return p2 === 0x00 ? Buffer.concat([this.uid, done]) : failed
      case 0xb0: {
        const read = expected === 16 ? this.#frame(Buffer.of(0x30, p2)) : 'nak'
        return read instanceof Buffer ? Buffer.concat([read, done]) : failed
      }
      case 0xd6:
        return data.length === 4 && this.#frame(Buffer.concat([Buffer.of(0xa2, p2), data])) === 'ack' ? done : failed
      case 0x00:
        return p2 === 0x00 && data[0] === 0xd4 && data[1] === 0x42 ? this.#passThrough(data.subarray(2)) : failed
      default:
        return failed
    }
  }

  #passThrough(frame: Buffer): Buffer {
    const answer = this.#frame(frame)
    const error = answer === 'silence' ? 0x01 : answer instanceof Buffer ? 0x00 : 0x02
    return Buffer.concat([Buffer.of(0xd5, 0x43, error), answer instanceof Buffer ? answer : Buffer.alloc(0), done])
  }

  /** What the chip itself answers (§10). */
  #frame(frame: Buffer): FrameAnswer {
    const { model, signature, pages } = this.#state
    const configuration = Buffer.from(pages.slice(-4).join(''), 'hex')
    switch (frame[0]) {
      case 0x60:
        return frame.length === 1 ? Buffer.of(0x00, 0x04, 0x04, 0x02, 0x01, 0x00, models[model].size, 0x03) : 'nak'
      case 0x3c:
        return frame.length === 2 && frame[1] === 0x00 ? Buffer.from(signature, 'hex') : 'nak'
      case 0x30:
        return frame.length === 2 ? this.#read(frame[1]!, configuration) : 'nak'
      case 0xa2:
        return frame.length === 6 ? this.#write(frame[1]!, frame.subarray(2), configuration) : 'nak'
      case 0x1b: {
        if (frame.length !== 5 || !frame.subarray(1).equals(configuration.subarray(8, 12))) {
          this.#isAuthenticated = false
          return 'nak'
        }
        this.#isAuthenticated = true
        return configuration.subarray(12, 14)
      }
      default:
        return 'silence'
    }
  }

  /** §10.2: four pages, going on from page 0 after the last; PWD and PACK are never shown (§8.5.7). */
  #read(page: number, configuration: Buffer): FrameAnswer {
    const { pages } = this.#state
    const isReadProtected = (configuration[4]! & 0x80) !== 0
    if (page >= pages.length || (isReadProtected && this.#isClosed(page + 3, configuration))) return 'nak'
    const shown = [0, 1, 2, 3].map((step) => {
      const index = (page + step) % pages.length
      return index >= pages.length - 2 ? '00000000' : pages[index]!
    })
    return Buffer.from(shown.join(''), 'hex')
  }

  /** §10.4. The serial number and the capability container are left as they are delivered. */
  #write(page: number, content: Buffer, configuration: Buffer): FrameAnswer {
    const { pages } = this.#state
    if (page < 4 || page >= pages.length || this.#isClosed(page, configuration)) return 'nak'
    this.#state = { ...this.#state, pages: pages.with(page, hex(content)) }
    this.#memory?.save(this.#state)
    return 'ack'
  }

  /** §8.8: from page AUTH0 on, for who has not given the password in this field. */
  #isClosed(page: number, configuration: Buffer): boolean {
    return page >= configuration[3]! && !this.#isAuthenticated
  }
}
