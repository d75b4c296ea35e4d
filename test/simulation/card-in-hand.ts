/**
 * A card that counts itself in somebody's hand: now and then, each time that it is laid on a reader, it is lifted, mute
 * or misheard at some command, whichever that is (docs/design/02, "Tear cases").
 */
import { FaultyCard, type CardFault } from '../../hardware-mocks/cards/faults.ts'
import type { CardAnswer, VirtualCard } from '../../hardware-mocks/cards/virtual-card.ts'
import type { SeededRandom } from './random.ts'

/** A payment has some twelve commands, and each script that is carried some five more. */
const commandsLookedAt = 24

export class CardInHand implements VirtualCard {
  readonly #card: FaultyCard
  readonly #random: SeededRandom
  readonly #isCareful: () => boolean

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
    if (!this.#isCareful() && this.#random.chance(0.2))
      this.#card.arm(this.#fault(), this.#random.between(1, commandsLookedAt))
    this.#card.enterField()
  }

  leaveField(): void {
    this.#card.leaveField()
  }

  reset(): void {
    this.#card.reset()
  }

  exchange(command: Uint8Array): CardAnswer {
    return this.#card.exchange(command)
  }

  #fault(): CardFault {
    const random = this.#random
    return random.pick([
      { kind: 'lost-before' },
      { kind: 'answer-lost' },
      { kind: 'answer-lost' },
      { kind: 'truncated', bytes: random.between(0, 12) },
      { kind: 'mute', isExecuted: random.chance(0.5) },
      { kind: 'garbage' },
    ] as const)
  }
}
