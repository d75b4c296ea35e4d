/**
 * The hand that lays cards on the virtual reader and pulls them away: now, after a while, or after so many commands.
 * It keeps the reader's log: each presence, each command, each fault.
 */
import type { EventLog } from '../event-log.ts'
import type { CardFault, FaultyCard } from '../cards/faults.ts'
import type { CardAnswer, VirtualCard } from '../cards/virtual-card.ts'
import type { CardPlace } from '../reader/card-place.ts'
import type { ReaderLatencyName } from '../reader/latency.ts'
import type { ReaderKind } from '../reader/reader-commands.ts'
import type { Scheduler } from '../reader/scheduler.ts'
import type { CardBox } from './card-box.ts'

export interface ReaderState {
  readonly name: string
  /** Label of the card that lies there. */
  readonly card: string | null
  readonly plugged: boolean
  readonly delayMs: number
  readonly latency: ReaderLatencyName
  readonly kind: ReaderKind
  /** Commands in this presence. */
  readonly commands: number
  readonly pullsInMs: number | null
}

export type DeskRefusal =
  | 'no-such-card'
  | 'another-card-lies-there'
  | 'no-card-on-the-reader'
  | 'this-reader-has-no-cable'

const hex = (of: Uint8Array): string => Buffer.from(of).toString('hex').toUpperCase()

/** Passes everything on and tells what passed. */
class ObservedCard implements VirtualCard {
  readonly label: string
  readonly card: FaultyCard
  readonly #onExchange: (command: Uint8Array, answer: CardAnswer) => void

  constructor(label: string, card: FaultyCard, onExchange: (command: Uint8Array, answer: CardAnswer) => void) {
    this.label = label
    this.card = card
    this.#onExchange = onExchange
  }

  get atr(): Uint8Array {
    return this.card.atr
  }
  get uid(): Uint8Array {
    return this.card.uid
  }
  get takesReaderCommands(): boolean {
    return this.card.takesReaderCommands
  }
  get delayMs(): number {
    return this.card.delayMs
  }
  enterField(): void {
    this.card.enterField()
  }
  leaveField(): void {
    this.card.leaveField()
  }
  reset(): void {
    this.card.reset()
  }

  exchange(command: Uint8Array): CardAnswer {
    const answer = this.card.exchange(command)
    this.#onExchange(command, answer)
    return answer
  }
}

export class ReaderDesk {
  readonly #reader: CardPlace
  readonly #box: CardBox
  readonly #log: EventLog
  readonly #scheduler: Scheduler
  readonly #now: () => number
  readonly #subscription: { dispose(): void }
  #laid: ObservedCard | null = null
  #commands = 0
  #pull: { readonly timer: unknown; readonly at: number } | null = null

  constructor(of: {
    readonly reader: CardPlace
    readonly box: CardBox
    readonly log: EventLog
    readonly scheduler: Scheduler
    readonly now: () => number
  }) {
    this.#reader = of.reader
    this.#box = of.box
    this.#log = of.log
    this.#scheduler = of.scheduler
    this.#now = of.now
    this.#subscription = of.reader.onDidRemove(() => this.#noticeRemoval())
  }

  state(): ReaderState {
    return {
      name: this.#reader.name,
      card: this.#laid?.label ?? null,
      plugged: this.#reader.status().trouble === null,
      delayMs: this.#reader.delayMs,
      latency: this.#reader.latency.name,
      kind: this.#reader.commands.kind,
      commands: this.#commands,
      pullsInMs: this.#pull === null ? null : Math.max(0, this.#pull.at - this.#now()),
    }
  }

  /** A card that already lies there stays; another one must be pulled first. */
  lay(label: string): DeskRefusal | null {
    if (this.#laid?.label === label) return null
    if (this.#laid !== null) return 'another-card-lies-there'
    const card = this.#box.card(label)
    if (card === null) return 'no-such-card'
    const observed = new ObservedCard(label, card, (command, answer) => {
      this.#commands++
      const said = answer.kind === 'answered' ? { answer: hex(answer.response) } : { noAnswer: answer.kind }
      this.#log.write('command', { card: label, command: hex(command), ...said })
    })
    this.#laid = observed
    this.#commands = 0
    this.#log.write('laid', { card: label })
    void Promise.resolve(this.#reader.lay(observed)).catch((error: unknown) => {
      this.#log.write('not-laid', { card: label, detail: error instanceof Error ? error.message : String(error) })
      this.#noticeRemoval()
    })
    return null
  }

  pullNow(): void {
    this.#cancelPull()
    this.#reader.pull()
    this.#noticeRemoval()
  }

  pullAfter(delayMs: number): DeskRefusal | null {
    if (this.#laid === null) return 'no-card-on-the-reader'
    this.#cancelPull()
    this.#pull = { timer: this.#scheduler.setTimeout(() => this.pullNow(), delayMs), at: this.#now() + delayMs }
    this.#log.write('pull-armed', { afterMs: delayMs })
    return null
  }

  /** The card leaves after it has answered so many more commands, before the next one reaches it. */
  pullAfterCommands(count: number): DeskRefusal | null {
    return this.arm({ kind: 'lost-before' }, count + 1)
  }

  /** @param atCommand counts from 1, the next command */
  arm(fault: CardFault, atCommand: number): DeskRefusal | null {
    if (this.#laid === null) return 'no-card-on-the-reader'
    this.#laid.card.arm(fault, atCommand)
    this.#log.write('fault-armed', { card: this.#laid.label, fault, atCommand })
    return null
  }

  /** Arms a fault before the card lies there, so that it strikes however soon the till speaks to it. */
  armCard(label: string, fault: CardFault, atCommand: number): DeskRefusal | null {
    const card = this.#box.card(label)
    if (card === null) return 'no-such-card'
    card.arm(fault, atCommand)
    this.#log.write('fault-armed', { card: label, fault, atCommand })
    return null
  }

  disarm(): void {
    this.#cancelPull()
    this.#laid?.card.disarm()
    this.#log.write('faults-disarmed')
  }

  setPlugged(plugged: boolean): DeskRefusal | null {
    const { plug, unplug } = this.#reader
    if (plug === undefined || unplug === undefined) return 'this-reader-has-no-cable'
    ;(plugged ? plug : unplug).call(this.#reader)
    this.#log.write(plugged ? 'reader-plugged' : 'reader-unplugged')
    return null
  }

  setDelay(delayMs: number): void {
    this.#reader.delayMs = delayMs
    this.#log.write('reader-delay', { delayMs })
  }

  /** From the next command, and the next card, on. */
  setLatency(latency: ReaderLatencyName): void {
    this.#reader.latency.name = latency
    this.#log.write('reader-latency', { latency })
  }

  setKind(kind: ReaderKind): void {
    this.#reader.commands.kind = kind
    this.#log.write('reader-kind', { kind })
  }

  dispose(): void {
    this.#cancelPull()
    this.#subscription.dispose()
  }

  /** The card may also have left by a fault; an unplugged or reset reader still has it. */
  #noticeRemoval(): void {
    if (this.#laid === null || this.#reader.card !== null) return
    this.#log.write('pulled', { card: this.#laid.label, commands: this.#commands })
    this.#laid.card.disarm()
    this.#box.putBack(this.#laid.label)
    this.#laid = null
    this.#cancelPull()
  }

  #cancelPull(): void {
    if (this.#pull !== null) this.#scheduler.clearTimeout(this.#pull.timer)
    this.#pull = null
  }
}
