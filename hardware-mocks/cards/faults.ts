/** A card that misbehaves on order: the tears and silences of docs/design/02 "Tear cases", for tests and the panel. */
import type { RandomSource } from './random.ts'
import type { CardAnswer, VirtualCard } from './virtual-card.ts'

/**
 * - `lost-before`: the card leaves before the command reaches it.
 * - `answer-lost`: the card executes and leaves before it can answer.
 * - `truncated`: executed; only the first `bytes` of the answer arrive.
 * - `mute`: from this command on silent until it is pulled; `isExecuted` says whether this one still was executed.
 * - `garbage`: executed; as many bytes as the answer had arrive, all of them random.
 */
export type CardFault =
  | { readonly kind: 'lost-before' }
  | { readonly kind: 'answer-lost' }
  | { readonly kind: 'truncated'; readonly bytes: number }
  | { readonly kind: 'mute'; readonly isExecuted: boolean }
  | { readonly kind: 'garbage' }

export class FaultyCard implements VirtualCard {
  readonly #card: VirtualCard
  readonly #random: RandomSource
  readonly #armed: { commandsLeft: number; readonly fault: CardFault }[] = []
  readonly #onDidFail: (fault: CardFault) => void
  #isMute = false
  #extraDelayMs = 0

  /** `onDidFail` hears of each fault when it strikes, before the reader does. */
  constructor(
    card: VirtualCard,
    of: { readonly random: RandomSource; readonly onDidFail?: (fault: CardFault) => void },
  ) {
    this.#card = card
    this.#random = of.random
    this.#onDidFail = of.onDidFail ?? (() => {})
  }

  /** Strikes at the n-th command from now (1 is the next), once. Several may be armed. */
  arm(fault: CardFault, atCommand: number): void {
    if (!Number.isInteger(atCommand) || atCommand < 1) throw new RangeError('atCommand counts from 1')
    this.#armed.push({ commandsLeft: atCommand, fault })
  }

  /** Forgets every fault that has not struck. A mute card stays mute until it is pulled. */
  disarm(): void {
    this.#armed.length = 0
  }

  /** Slower by that many milliseconds for each command, until set again. */
  slowDown(extraDelayMs: number): void {
    this.#extraDelayMs = extraDelayMs
  }

  get atr(): Uint8Array {
    return this.#card.atr
  }

  get uid(): Uint8Array {
    return this.#card.uid
  }

  get takesReaderCommands(): boolean {
    return this.#card.takesReaderCommands ?? false
  }

  get delayMs(): number {
    return this.#card.delayMs + this.#extraDelayMs
  }

  enterField(): void {
    this.#card.enterField()
  }

  leaveField(): void {
    this.#isMute = false
    this.#card.leaveField()
  }

  reset(): void {
    this.#card.reset()
  }

  exchange(command: Uint8Array): CardAnswer {
    if (this.#isMute) return { kind: 'mute' }
    const fault = this.#nextFault()
    if (fault === null) return this.#card.exchange(command)
    this.#onDidFail(fault)
    if (fault.kind === 'lost-before') return { kind: 'torn' }
    if (fault.kind === 'mute') {
      this.#isMute = true
      if (fault.isExecuted) this.#card.exchange(command)
      return { kind: 'mute' }
    }
    const answer = this.#card.exchange(command)
    if (fault.kind === 'answer-lost') return { kind: 'torn' }
    if (answer.kind !== 'answered') return answer
    const { response } = answer
    return {
      kind: 'answered',
      response: fault.kind === 'truncated' ? response.slice(0, fault.bytes) : this.#random(response.length),
    }
  }

  #nextFault(): CardFault | null {
    for (const armed of this.#armed) armed.commandsLeft -= 1
    const index = this.#armed.findIndex((armed) => armed.commandsLeft <= 0)
    return index === -1 ? null : this.#armed.splice(index, 1)[0]!.fault
  }
}
