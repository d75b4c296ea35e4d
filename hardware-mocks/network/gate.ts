/** One direction of a connection: lets chunks through in order, later by the delay of the moment, or not while held. */

export interface GateRules {
  /** Milliseconds from some fixed point, never going back. */
  readonly now: () => number
  readonly delayMs: () => number
  readonly isHeld: () => boolean
}

export class Gate {
  readonly #rules: GateRules
  readonly #deliver: (chunk: Buffer) => void
  #queue: { readonly chunk: Buffer; readonly due: number }[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(rules: GateRules, deliver: (chunk: Buffer) => void) {
    this.#rules = rules
    this.#deliver = deliver
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  push(chunk: Buffer): void {
    this.#queue.push({ chunk, due: this.#rules.now() + this.#rules.delayMs() })
    this.pump()
  }

  /** Lets through what may pass now. Called again whenever the rules change. */
  pump(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    while (!this.#rules.isHeld()) {
      const next = this.#queue[0]
      if (next === undefined) return
      const wait = next.due - this.#rules.now()
      if (wait > 0) {
        this.#timer = setTimeout(() => this.pump(), Math.ceil(wait))
        return
      }
      this.#queue.shift()
      this.#deliver(next.chunk)
    }
  }

  /** Whatever has not passed never will. */
  drop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#queue = []
  }
}
