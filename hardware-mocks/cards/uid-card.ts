/**
 * A card that people carry for something else, a bus for instance, and that shows only its UID to whoever does not know
 * its keys. Stands for the card together with what a reader makes of it: the reader has the UID of the anti-collision
 * (ISO/IEC 14443-3 §6.4) and answers `FF CA` with it (PC/SC part 3 §3.2.2.1.3).
 */
import type { CardMemory } from './card-memory.ts'
import { parseCommandApdu } from './command-apdu.ts'
import { storageCardAtr } from './otherCards.ts'
import type { RandomSource } from './random.ts'
import type { CardAnswer, VirtualCard } from './virtual-card.ts'

export interface UidCardState {
  readonly kind: 'uid'
  /**
   * 4, 7 or 10 bytes, upper-case hex; of type B, the PUPI, 4. Null: another one in each field, 08 and three random
   * bytes; of type B four random bytes.
   */
  readonly uid: string | null
  /**
   * How it speaks: as a MIFARE Classic 1K, or by ISO/IEC 14443-4 with an application of somebody else, activated as a
   * card of type A or of type B.
   */
  readonly speaks: 'classic' | 'iso-dep' | 'type-b'
}

const processorCardAtr = Buffer.from('3B80800101', 'hex')
/**
 * What a card of type B says of itself: in its ATQB (ISO/IEC 14443-3 §7.9) four bytes of application data and three of
 * protocol info, here 106 to 424 kbit/s, frames of 256 bytes, ISO/IEC 14443-4, a frame waiting time of 77 ms; in its
 * answer to ATTRIB no limit of buffers (MBLI 0).
 */
const typeBSays = Buffer.from('0000000033818100', 'hex')
const sizes: readonly number[] = [4, 7, 10]
const pupiSize = 4

export class VirtualUidCard implements VirtualCard {
  readonly takesReaderCommands = true
  readonly delayMs: number
  readonly #state: UidCardState
  readonly #random: RandomSource
  readonly #memory: CardMemory<UidCardState> | undefined
  #uid: Buffer

  constructor(
    state: UidCardState,
    of: { readonly random: RandomSource; readonly memory?: CardMemory<UidCardState>; readonly delayMs?: number },
  ) {
    this.#state = state
    this.#random = of.random
    this.#memory = of.memory
    this.delayMs = of.delayMs ?? 0
    this.#uid = this.#shownUid()
    if (!sizes.includes(this.#uid.length)) throw new RangeError(`a UID has 4, 7 or 10 bytes, not ${this.#uid.length}`)
    if (state.speaks === 'type-b' && this.#uid.length !== pupiSize)
      throw new RangeError(`a PUPI has 4 bytes, not ${this.#uid.length}`)
  }

  get atr(): Uint8Array {
    switch (this.#state.speaks) {
      case 'classic':
        return storageCardAtr(0x0001)
      case 'iso-dep':
        return processorCardAtr
      case 'type-b':
        return typeBAtr()
    }
  }

  get uid(): Uint8Array {
    return this.#uid
  }

  enterField(): void {
    this.#uid = this.#shownUid()
    this.#memory?.append({ kind: 'field', isOn: true })
  }

  leaveField(): void {
    this.#memory?.append({ kind: 'field', isOn: false })
  }

  reset(): void {
    this.#uid = this.#shownUid()
  }

  exchange(bytes: Uint8Array): CardAnswer {
    const response = this.#respond(bytes)
    const hex = (of: Uint8Array) => Buffer.from(of).toString('hex').toUpperCase()
    this.#memory?.append({ kind: 'command', command: hex(bytes), answer: hex(response) })
    return { kind: 'answered', response }
  }

  #respond(bytes: Uint8Array): Buffer {
    const command = parseCommandApdu(bytes)
    if (command === null) return Buffer.from('6700', 'hex')
    if (command.cla === 0xff) {
      const isUidAsked = command.ins === 0xca && command.p1 === 0x00 && command.p2 === 0x00
      return isUidAsked ? Buffer.concat([this.#uid, Buffer.from('9000', 'hex')]) : Buffer.from('6300', 'hex')
    }
    if (this.#state.speaks === 'classic') return Buffer.from('6300', 'hex')
    if (command.cla !== 0x00) return Buffer.from('6E00', 'hex')
    return Buffer.from(command.ins === 0xa4 ? '6A82' : '6D00', 'hex')
  }

  #shownUid(): Buffer {
    const { uid, speaks } = this.#state
    if (uid !== null) return Buffer.from(uid, 'hex')
    return speaks === 'type-b' ? Buffer.from(this.#random(pupiSize)) : Buffer.concat([Buffer.of(0x08), this.#random(3)])
  }
}

/** As a reader makes it up of what the card said (PC/SC part 3 §3.1.3.2.3). */
function typeBAtr(): Buffer {
  const atr = Buffer.concat([Buffer.from('3B888001', 'hex'), typeBSays])
  const checksum = atr.subarray(1).reduce((sum, byte) => sum ^ byte, 0)
  return Buffer.concat([atr, Buffer.of(checksum)])
}
