/**
 * A card that counts itself in somebody's hand: now and then, when it is laid on a reader, it is lifted, mute or
 * misheard at some command, whichever that is, and as often at the one that pays (docs/design/02, "Tear cases").
 */
import { FaultyCard, type CardFault } from '../../hardware-mocks/cards/faults.ts'
import type { CardAnswer, VirtualCard } from '../../hardware-mocks/cards/virtual-card.ts'
import type { SeededRandom } from './random.ts'

/** A payment has some twelve commands, and each script that is carried some five more. */
const commandsLookedAt = 24
/** CLA and INS of SPEND (docs/design/22, "Commands"): the one command after which the card has paid. */
const spend = [0x84, 0x40] as const

export class CardInHand implements VirtualCard {
  readonly #card: FaultyCard
  readonly #random: SeededRandom
  readonly #isCareful: () => boolean
  #atSpend: CardFault | null = null

  /** @param isCareful while true nobody lifts it too early */
  constructor(card: VirtualCard, random: SeededRandom, isCareful: () => boolean) {
    this.#card = new FaultyCard(card, { random: (length) => random.bytes(length) })
    this.#random = random
    this.#isCareful = isCareful
  }

  get atr(): Uint8Array {
    return this.#card.atr
  }

  get uid(): Uint8Array {
    return this.#card.uid
  }

  get delayMs(): number {
    return this.#card.delayMs
  }

  enterField(): void {
    this.#card.disarm()
    this.#atSpend = null
    if (!this.#isCareful() && this.#random.chance(0.45)) {
      const fault = this.#fault()
      if (this.#random.chance(0.5)) this.#atSpend = fault
      else this.#card.arm(fault, this.#random.between(1, commandsLookedAt))
    }
    this.#card.enterField()
  }

  leaveField(): void {
    this.#card.leaveField()
  }

  reset(): void {
    this.#card.reset()
  }

  exchange(command: Uint8Array): CardAnswer {
    if (this.#atSpend !== null && command[0] === spend[0] && command[1] === spend[1]) {
      // At SPEND itself, or where the rest of its answer is fetched.
      this.#card.arm(this.#atSpend, this.#random.between(1, 2))
      this.#atSpend = null
    }
    return this.#card.exchange(command)
  }

  #fault(): CardFault {
    const random = this.#random
    return random.pick([
      { kind: 'lost-before' },
      { kind: 'lost-before' },
      { kind: 'answer-lost' },
      { kind: 'answer-lost' },
      { kind: 'truncated', bytes: random.between(0, 12) },
      { kind: 'mute', isExecuted: random.chance(0.5) },
      { kind: 'garbage' },
    ] as const)
  }
}
