/**
 * A card reader that exists only in this process. It shows the driver port what PC/SC shows: a card that leaves during
 * a command makes that command `unknown`, later ones `notSent`; a mute card answers nobody until it is pulled; an
 * ACR122U takes no command above 261 bytes.
 *
 * With a delay, half of it passes before the card executes a command and half before the answer is back, so that
 * `pull()` in between hits either side of the execution. With the latency of a kind of reader (latency.ts) a card is
 * seen only at the next poll: one that was pulled before then was never there.
 *
 * A command for the reader itself takes as long as one for a card; a card that is laid down meanwhile is seen after it.
 */
import type {
  CardPresence,
  CardReaderPort,
  CardRemoval,
  EscapeFailure,
  EscapeResult,
  Event,
  ReaderStatus,
  ReaderTrouble,
  TransmitNotSentReason,
  TransmitResult,
  TransmitUnknownReason,
} from '../../src/drivers/ports.ts'
import type { VirtualCard } from '../cards/virtual-card.ts'
import { Emitter } from './emitter.ts'
import { COMMAND_BYTES_MAX, ReaderCommands } from './reader-commands.ts'
import { DrawnLatency } from './latency.ts'
import type { Scheduler } from './scheduler.ts'

export interface VirtualReaderOptions {
  readonly scheduler: Scheduler
  /** "Virtual Reader 00 00" unless given. */
  readonly name?: string
  /** Of the reader and the air, for each command, on top of the card's own; 0 unless given. */
  readonly delayMs?: number
  /** From 0, 1 excluded: what the latency is drawn from; always 0 unless given. */
  readonly random?: () => number
  /** Unique for ever; unless given a count behind the reader's name, unique in this object only. */
  readonly newPresenceId?: () => string
}

interface Command {
  readonly bytes: Uint8Array
  readonly settle: (result: TransmitResult) => void
  /** Runs while the command or its answer is under way. */
  travel: unknown
}

interface Laid {
  readonly card: VirtualCard
  hasField: boolean
  /** It was told before: nobody saw it leave, nor come. */
  wasSeen: boolean
  /** Null while trouble keeps the driver from seeing the card. */
  presence: CardPresence | null
  /** Runs until the next poll. */
  untilSeen: unknown
}

const unknown = (reason: TransmitUnknownReason, detail: string): TransmitResult => ({ kind: 'unknown', reason, detail })
const notSent = (reason: TransmitNotSentReason, detail: string): TransmitResult => ({ kind: 'notSent', reason, detail })

const UNKNOWN_REASONS: Readonly<Record<ReaderTrouble, TransmitUnknownReason>> = {
  'no-service': 'reader-error',
  'no-reader': 'reader-error',
  'reader-error': 'reader-error',
  'sharing-violation': 'reset-by-other',
  'host-restarting': 'host-died',
}

const NOT_SENT_REASONS: Readonly<Record<ReaderTrouble, TransmitNotSentReason>> = {
  'no-service': 'reader-gone',
  'no-reader': 'reader-gone',
  'reader-error': 'reader-gone',
  'sharing-violation': 'no-card',
  'host-restarting': 'host-down',
}

const ESCAPE_FAILURES: Readonly<Record<ReaderTrouble, EscapeFailure>> = {
  'no-service': 'no-reader',
  'no-reader': 'no-reader',
  'reader-error': 'reader-error',
  'sharing-violation': 'held',
  'host-restarting': 'host-down',
}

export class VirtualReader implements CardReaderPort {
  /** As PC/SC would have it. */
  name: string
  delayMs: number
  readonly latency: DrawnLatency
  readonly commands = new ReaderCommands()
  readonly #scheduler: Scheduler
  readonly #newPresenceId: () => string
  readonly #didInsert = new Emitter<CardPresence>()
  readonly #didRemove = new Emitter<CardRemoval>()
  readonly #didChangeStatus = new Emitter<ReaderStatus>()
  #laid: Laid | null = null
  #trouble: ReaderStatus['trouble'] = null
  #active: Command | null = null
  #queue: Command[] = []
  /** What it answers to a command for itself is under way. */
  #isTelling = false
  /** A card would have been seen meanwhile. */
  #isDue = false
  #isDisposed = false

  constructor(options: VirtualReaderOptions) {
    this.name = options.name ?? 'Virtual Reader 00 00'
    this.delayMs = options.delayMs ?? 0
    this.latency = new DrawnLatency(options.random ?? (() => 0))
    this.#scheduler = options.scheduler
    let insertions = 0
    this.#newPresenceId = options.newPresenceId ?? (() => `${this.name}/${(insertions += 1)}`)
  }

  get onDidInsert(): Event<CardPresence> {
    return this.#didInsert.event
  }

  get onDidRemove(): Event<CardRemoval> {
    return this.#didRemove.event
  }

  get onDidChangeStatus(): Event<ReaderStatus> {
    return this.#didChangeStatus.event
  }

  status(): ReaderStatus {
    const code = this.#trouble?.code
    const isSeen = code === undefined || code === 'sharing-violation' || code === 'reader-error'
    return { readers: isSeen ? [this.name] : [], trouble: this.#trouble }
  }

  /** The card lying here as the driver sees it, if it does. */
  get presence(): CardPresence | null {
    return this.#laid?.presence ?? null
  }

  /** The card lying here, whether or not the driver sees it. */
  get card(): VirtualCard | null {
    return this.#laid?.card ?? null
  }

  /** Lays a card down. A second card on the same reader is a mistake of the caller's. */
  lay(card: VirtualCard): void {
    if (this.#isDisposed) throw new Error('the virtual reader is disposed')
    if (this.#laid !== null) throw new Error(`a card already lies on ${this.name}`)
    this.#laid = { card, hasField: false, wasSeen: false, presence: null, untilSeen: null }
    this.#poll()
  }

  /** Takes the card away, also in the middle of a command. Returns it; null when none lay here. */
  pull(): VirtualCard | null {
    const laid = this.#laid
    if (laid === null) return null
    this.#laid = null
    this.#scheduler.clearTimeout(laid.untilSeen)
    if (laid.hasField) laid.card.leaveField()
    this.commands.forget()
    this.#endPresence(
      laid.presence,
      unknown('card-left', 'the card left during the command (SCardTransmit: success with 0 bytes)'),
      notSent('no-card', 'the card left before this command'),
      'seen',
    )
    return laid.card
  }

  /** Another program resets the card, or the last one that used it disconnects with a reset: a new presence. */
  resetCard(): void {
    const laid = this.#laid
    if (laid === null || laid.presence === null) return
    laid.card.reset()
    this.commands.forget()
    const { presence } = laid
    laid.presence = null
    this.#endPresence(
      presence,
      unknown('reset-by-other', 'the card was reset (SCARD_W_RESET_CARD)'),
      notSent('another-presence', 'the card was reset before this command'),
      'unseen',
    )
    this.#offer()
  }

  /** The reader's cable is pulled. */
  unplug(): void {
    this.setTrouble({ code: 'no-reader', detail: `${this.name} was unplugged` })
  }

  /** The cable is back; a card still lying there is a new presence. */
  plug(): void {
    this.setTrouble(null)
  }

  /** Puts the driver into this trouble, or (null) out of it. Without field the card forgets its session. */
  setTrouble(trouble: ReaderStatus['trouble']): void {
    if (this.#isDisposed) return
    this.#trouble = trouble
    const laid = this.#laid
    if (trouble !== null && laid !== null) {
      if (laid.hasField && (trouble.code === 'no-reader' || trouble.code === 'reader-error')) {
        laid.card.leaveField()
        laid.hasField = false
      } else if (laid.presence !== null) {
        laid.card.reset()
      }
      this.commands.forget()
      const { presence } = laid
      laid.presence = null
      this.#endPresence(
        presence,
        unknown(UNKNOWN_REASONS[trouble.code], trouble.detail),
        notSent(NOT_SENT_REASONS[trouble.code], trouble.detail),
        'unseen',
      )
    }
    this.#didChangeStatus.fire(this.status())
    if (trouble === null) this.#poll()
  }

  transmit(presenceId: string, command: Uint8Array, timeoutMs: number): Promise<TransmitResult> {
    const refusal = this.#refusal(presenceId, command)
    if (refusal !== null) return Promise.resolve(refusal)
    return new Promise((resolve) => {
      const entry: Command = {
        bytes: Uint8Array.from(command),
        travel: null,
        settle: (result) => {
          this.#scheduler.clearTimeout(timer)
          resolve(result)
        },
      }
      const timer = this.#scheduler.setTimeout(() => {
        const isWaiting = this.#queue.includes(entry)
        this.#queue = this.#queue.filter((waiting) => waiting !== entry)
        const detail = isWaiting ? 'still waiting behind another command' : 'the card has not answered'
        resolve(unknown('timed-out', `${detail} after ${timeoutMs} ms`))
      }, timeoutMs)
      this.#queue.push(entry)
      this.#sendNext()
    })
  }

  async escape(readerName: string, command: Uint8Array, timeoutMs: number): Promise<EscapeResult> {
    const failed = (reason: EscapeFailure, detail: string): EscapeResult => ({ kind: 'failed', reason, detail })
    if (this.#isDisposed) return failed('host-down', 'the virtual reader is disposed')
    if (this.#trouble !== null) return failed(ESCAPE_FAILURES[this.#trouble.code], this.#trouble.detail)
    if (readerName !== this.name) return failed('no-reader', `${readerName} is not there`)
    if (this.presence !== null) return failed('card-there', 'a card lies on the reader')
    if (this.#isTelling) return failed('busy', 'another command is under way')
    const travelMs = this.delayMs + this.latency.ofCommandMs() + this.commands.busyMs(command)
    const looksEachMs = this.commands.looksEachMs
    this.#isTelling = true
    const response = await new Promise<Uint8Array | null | 'late'>((resolve) => {
      const end = (): void => resolve(this.commands.escape(command))
      if (travelMs === 0) end()
      else this.#scheduler.setTimeout(travelMs > timeoutMs ? () => resolve('late') : end, Math.min(travelMs, timeoutMs))
    })
    this.#isTelling = false
    const isDue = this.#isDue
    this.#isDue = false
    if (this.commands.looksEachMs !== looksEachMs) this.#poll()
    else if (isDue) this.#offer()
    if (response === 'late') return failed('timed-out', `no answer after ${timeoutMs} ms`)
    if (response === null) return failed('refused', 'the driver hands on no commands for the reader itself')
    return { kind: 'answered', response: Uint8Array.from(response) }
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.pull()
    this.#didInsert.dispose()
    this.#didRemove.dispose()
    this.#didChangeStatus.dispose()
  }

  #refusal(presenceId: string, command: Uint8Array): TransmitResult | null {
    if (this.#isDisposed) return notSent('host-down', 'the virtual reader is disposed')
    if (command.length > COMMAND_BYTES_MAX) {
      return notSent('too-long', `${command.length} bytes; an ACR122U takes ${COMMAND_BYTES_MAX}`)
    }
    if (this.#trouble !== null) return notSent(NOT_SENT_REASONS[this.#trouble.code], this.#trouble.detail)
    const present = this.#laid?.presence ?? null
    if (present === null) return notSent('no-card', 'no card lies on the reader')
    if (present.presenceId === presenceId) return null
    return notSent('another-presence', `presence ${presenceId} has ended, ${present.presenceId} lies there now`)
  }

  /** The card is seen at the next poll. */
  #poll(): void {
    const laid = this.#laid
    if (laid === null) return
    this.#scheduler.clearTimeout(laid.untilSeen)
    const { looksEachMs } = this.commands
    if (looksEachMs === null) return
    // What the latency is drawn from is a reader that looks each 250 ms.
    const untilSeenMs = this.latency.untilSeenMs() * (looksEachMs / 250)
    if (untilSeenMs === 0) this.#offer()
    else laid.untilSeen = this.#scheduler.setTimeout(() => this.#offer(), untilSeenMs)
  }

  #offer(): void {
    const laid = this.#laid
    if (laid === null || this.#trouble !== null || laid.presence !== null) return
    if (this.#isTelling) {
      this.#isDue = true
      return
    }
    if (!laid.hasField) laid.card.enterField()
    laid.hasField = true
    const { name: readerName } = this
    const presence = { presenceId: this.#newPresenceId(), readerName, atr: Uint8Array.from(laid.card.atr) }
    laid.presence = laid.wasSeen ? { ...presence, wasThere: 'unseen' } : presence
    laid.wasSeen = true
    this.#didInsert.fire(laid.presence)
  }

  /** @param how whether the driver saw it leave, or may find the same card again */
  #endPresence(
    presence: CardPresence | null,
    forActive: TransmitResult,
    forWaiting: TransmitResult,
    how: 'seen' | 'unseen',
  ): void {
    const active = this.#active
    const waiting = this.#queue
    this.#active = null
    this.#queue = []
    if (active !== null) {
      this.#scheduler.clearTimeout(active.travel)
      active.settle(forActive)
    }
    for (const command of waiting) command.settle(forWaiting)
    if (presence === null) return
    const { presenceId } = presence
    this.#didRemove.fire(how === 'seen' ? { presenceId } : { presenceId, isUnseen: true })
  }

  #sendNext(): void {
    const laid = this.#laid
    if (this.#active !== null || laid === null) return
    const command = this.#queue.shift()
    if (command === undefined) return
    this.#active = command
    const { latency } = this
    const halfway = (this.delayMs + laid.card.delayMs + latency.ofCommandMs()) / 2
    const until = halfway + latency.ofBytesMs(command.bytes.length) + this.commands.busyMs(command.bytes)
    this.#after(until, command, () => {
      const answer = this.commands.answer(command.bytes, laid.card) ?? laid.card.exchange(command.bytes)
      if (answer.kind === 'torn') {
        this.pull()
        return
      }
      // A mute card keeps the reader: nothing else is sent until it is pulled.
      if (answer.kind === 'mute') return
      const { response } = answer
      this.#after(halfway + latency.ofBytesMs(response.length), command, () => {
        this.#active = null
        command.settle(
          response.length < 2
            ? unknown('short-response', `${response.length} bytes came back`)
            : { kind: 'answered', response: Uint8Array.from(response) },
        )
        this.#sendNext()
      })
    })
  }

  #after(delayMs: number, command: Command, run: () => void): void {
    if (delayMs === 0) run()
    else command.travel = this.#scheduler.setTimeout(run, delayMs)
  }
}
