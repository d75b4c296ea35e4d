/**
 * A cashier made of chance: looks at the screen, does one thing, looks again. Makes the mistakes that people make
 * (pulls cards too early, cancels, serves the next customer meanwhile) and keeps a notebook of the goods that were
 * given, which the auditor later compares with the ledger. Knows nothing but the screen.
 */
import type { Snapshot, TenderView } from '../../src/terminal/contract/index.ts'
import type { Command } from '../../src/terminal/contract/commands.ts'
import type { SeededRandom } from './random.ts'

/** What the cashier can touch: the screen and the reader. */
export interface Station {
  /** Undefined while the till is down. */
  readonly snapshot: Snapshot | undefined
  command(command: Command): boolean
  layCard(card: string): void
  pullCard(): void
  readonly cardOnReader: string | null
}

const items = ['school-lunch', 'juice', 'bread', 'milk'] as const

export class Cashier {
  /** By sale: whether the customer left with the goods. A later entry replaces an earlier one (a void). */
  readonly notebook = new Map<string, 'given' | 'kept'>()
  readonly #station: Station
  readonly #random: SeededRandom
  readonly #cards: readonly string[]
  readonly #note: (what: string) => void
  #card: string
  #lately: readonly string[]
  #waited = 0
  #closing = false

  constructor(station: Station, random: SeededRandom, cards: readonly string[], note: (what: string) => void) {
    this.#station = station
    this.#random = random
    this.#cards = cards
    this.#note = note
    this.#card = random.pick(cards)
    this.#lately = [this.#card]
  }

  /** The day is over: no new customer, but everything that is open gets its answer. */
  closeShift(): void {
    this.#closing = true
  }

  get isDone(): boolean {
    const { snapshot } = this.#station
    return (
      snapshot !== undefined &&
      snapshot.sale === null &&
      snapshot.tap.state === 'idle' &&
      snapshot.unresolved.length === 0
    )
  }

  /** Does one thing; returns how long it takes until the next look, in milliseconds. */
  act(): number {
    const { snapshot } = this.#station
    if (snapshot === undefined) return 1_000
    this.#settleNotebook(snapshot)
    switch (snapshot.tap.state) {
      case 'idle':
        return this.#idle(snapshot)
      case 'tap':
        return this.#present()
      case 'hold':
        return this.#hold()
      case 'torn':
        return this.#torn()
      case 'approved':
        return this.#approved(snapshot)
      case 'refused':
        return this.#refused(snapshot)
      case 'unknown':
        return this.#unknown(snapshot)
      default:
        return snapshot.tap satisfies never
    }
  }

  #idle(snapshot: Snapshot): number {
    this.#station.pullCard()
    const { sale, unresolved } = snapshot
    if (unresolved.length > 0 && (this.#closing || this.#random.chance(0.2))) return this.#answerOld(unresolved)
    if (sale === null) return this.#closing ? 5_000 : this.#nextCustomer()
    if (sale.leftToPay === 0n) return this.#do({ command: 'next_customer' }, 500)
    if (sale.open && this.#closing) return this.#do({ command: 'cancel_sale' }, 500)
    const choice = this.#random.fraction()
    if (choice < 0.75 && !this.#closing) return this.#do({ command: 'pay_by_card' }, this.#random.between(300, 1_500))
    if (choice < 0.9) return this.#payCash(snapshot)
    this.notebook.set(sale.saleId, 'kept')
    return this.#do({ command: 'cancel_sale' }, 500)
  }

  #nextCustomer(): number {
    // People come twice: a second lunch is the first thing that anybody tries.
    this.#card = this.#random.chance(0.3) ? this.#random.pick(this.#lately) : this.#random.pick(this.#cards)
    this.#lately = [this.#card, ...this.#lately].slice(0, 4)
    this.#waited = 0
    const basket = this.#random.between(1, 3)
    this.#command({ command: 'add_item', itemId: this.#random.chance(0.7) ? 'school-lunch' : this.#random.pick(items) })
    for (let line = 1; line < basket; line += 1)
      this.#command({ command: 'add_item', itemId: this.#random.pick(items) })
    return this.#random.between(2_000, 20_000)
  }

  #present(): number {
    this.#waited += 1
    if (this.#waited > 6) {
      this.#station.pullCard()
      this.#waited = 0
      return this.#do({ command: 'cancel_payment' }, 500)
    }
    this.#station.pullCard()
    this.#station.layCard(this.#card)
    return this.#hold()
  }

  /** Most hold the card long enough; some pull it away at once. */
  #hold(): number {
    if (this.#random.chance(0.15)) {
      const after = this.#random.between(5, 250)
      return -after
    }
    return this.#random.between(800, 3_000)
  }

  #torn(): number {
    this.#station.pullCard()
    const choice = this.#random.fraction()
    if (choice < 0.15) return this.#do({ command: 'cancel_payment' }, 500)
    this.#station.layCard(choice < 0.25 ? this.#random.pick(this.#cards) : this.#card)
    return this.#hold()
  }

  #approved(snapshot: Snapshot): number {
    const { sale } = snapshot
    this.#station.pullCard()
    if (sale === null || sale.leftToPay === 0n) return this.#do({ command: 'next_customer' }, 1_000)
    const choice = this.#random.fraction()
    if (choice < 0.7) return this.#payCash(snapshot)
    if (choice < 0.85) return this.#do({ command: 'next_customer' }, 500)
    this.notebook.set(sale.saleId, 'kept')
    return this.#do({ command: 'cancel_sale' }, 500)
  }

  #refused(snapshot: Snapshot): number {
    this.#station.pullCard()
    const choice = this.#random.fraction()
    if (choice < 0.4) return this.#payCash(snapshot)
    if (choice < 0.55) {
      this.#card = this.#random.pick(this.#cards)
      this.#station.layCard(this.#card)
      return this.#hold()
    }
    if (snapshot.sale !== null) this.notebook.set(snapshot.sale.saleId, 'kept')
    return this.#do({ command: 'cancel_sale' }, 500)
  }

  #unknown(snapshot: Snapshot): number {
    this.#station.pullCard()
    const saleId = snapshot.sale?.saleId
    const tender = snapshot.sale?.tenders.find((candidate) => candidate.state === 'unknown')
    const choice = this.#random.fraction()
    if (choice < 0.3 && !this.#closing) return 3_000
    if (tender === undefined || saleId === undefined) return 1_000
    if (choice < 0.8) return this.#do({ command: 'cancel_unknown', tenderId: tender.tenderId }, 500)
    // The customer leaves without goods; if the ledger turns out to have paid, the sale is voided later.
    this.notebook.set(saleId, 'kept')
    return this.#do({ command: 'serve_next_meanwhile' }, 500)
  }

  #answerOld(unresolved: readonly TenderView[]): number {
    const tender = this.#random.pick(unresolved)
    return this.#do({ command: 'cancel_unknown', tenderId: tender.tenderId }, 500)
  }

  #payCash(snapshot: Snapshot): number {
    if (snapshot.sale === null || !snapshot.actions.includes('pay_cash')) return 1_000
    return this.#do({ command: 'pay_cash' }, 1_000)
  }

  /** Whoever has paid in full gets the goods; a sale closed for somebody who had left without them is voided. */
  #settleNotebook(snapshot: Snapshot): void {
    for (const sale of snapshot.recent) {
      const noted = this.notebook.get(sale.saleId)
      if (!sale.voidable) continue
      if (noted === undefined) this.notebook.set(sale.saleId, 'given')
      if (noted === 'kept') this.#command({ command: 'void_sale', saleId: sale.saleId })
      else if (noted === undefined && this.#random.chance(0.03)) {
        this.notebook.set(sale.saleId, 'kept')
        this.#command({ command: 'void_sale', saleId: sale.saleId })
      }
    }
  }

  #do(command: Command, thenMs: number): number {
    this.#command(command)
    return thenMs
  }

  #command(command: Command): void {
    this.#note(`${command.command}${this.#station.command(command) ? '' : ' refused'}`)
  }
}
