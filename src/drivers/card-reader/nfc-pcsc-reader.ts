import nfcPcsc from 'nfc-pcsc'
import type { NFC, PcscFailure, Reader } from 'nfc-pcsc'
import { EventSource } from '../event-source.ts'
import type {
  CardPresence,
  CardReaderPort,
  CardRemoval,
  EscapeFailure,
  EscapeResult,
  Event,
  ReaderStatus,
  ReaderTrouble,
  TransmitResult,
} from '../ports.ts'
import type { Scheduler } from '../scheduler.ts'
import { CommandQueue } from './command-queue.ts'
import { describeFailure, escapeFailureOf, failureCode, resultOfFailure } from './pcsc-failures.ts'

/** An ACR122U takes short APDUs only: header 4, Lc 1, data 255, Le 1 (CCID message length 271). */
export const commandLengthMax = 261
/** The longest short response: 256 bytes and the status word. */
const responseLengthMax = 258

/** How many ended presences are remembered, so that a late command can be told why it was not sent. */
const endedPresencesMax = 64

/**
 * After so many deaths of PC/SC's service under one process it is worn out (docs/design/08-reader.md, "What an outage
 * leaves behind"). At four tries a second they take half a minute at the least.
 */
const outagesMax = 128

export interface NfcPcscReaderOptions {
  readonly scheduler: Scheduler
  /** A new id each time, also across restarts of the process (for example a UUID). */
  readonly createPresenceId: () => string
}

interface PresentCard {
  readonly presence: CardPresence
  readonly reader: Reader
  readonly queue: CommandQueue
}

/**
 * Card readers through nfc-pcsc (PC/SC), raw APDUs only: the library's own card handling is off. A presence begins
 * when the library has connected to the card and its ATR is known, and ends with the reader's EMPTY state; a
 * reconnect that succeeds proves nothing (PC/SC answers it without a card).
 */
export function createNfcPcscReader(options: NfcPcscReaderOptions): CardReaderPort {
  return new NfcPcscReader(options)
}

class NfcPcscReader implements CardReaderPort {
  readonly #options: NfcPcscReaderOptions
  readonly #inserted = new EventSource<CardPresence>()
  readonly #removed = new EventSource<CardRemoval>()
  readonly #statusChanged = new EventSource<ReaderStatus>()
  readonly #library: NFC
  readonly #readers = new Map<string, Reader>()
  readonly #cards = new Map<string, PresentCard>()
  readonly #ended = new Map<string, string>()
  readonly #readerTrouble = new Map<string, { code: ReaderTrouble; detail: string }>()
  /** Readers on which a card lay that nobody saw leave: what lies there next was not seen to be laid down. */
  readonly #lostSight = new Set<string>()
  /** Readers that were seen empty, by name, whatever became of them since. */
  readonly #wereEmpty = new Set<string>()
  #serviceTrouble: string | null = null
  #lastStatus = ''
  #disposed = false

  readonly onDidInsert: Event<CardPresence> = this.#inserted.event
  readonly onDidRemove: Event<CardRemoval> = this.#removed.event
  readonly onDidChangeStatus: Event<ReaderStatus> = this.#statusChanged.event

  constructor(options: NfcPcscReaderOptions) {
    this.#options = options
    this.#library = new nfcPcsc.NFC()
    this.#library.on('reader', (reader) => this.#attach(reader))
    this.#library.on('error', (error) => {
      const service = process.platform === 'win32' ? 'SCardSvr' : 'pcscd'
      this.#serviceTrouble = `PC/SC does not answer (${describeFailure(error)}); is ${service} running?`
      this.#reportStatus()
    })
    this.#library.pcsc.on('service', (up) => {
      if (up) this.#serviceTrouble = null
      else this.#serviceTrouble ??= 'PC/SC does not answer'
      this.#reportStatus()
    })
  }

  status(): ReaderStatus {
    const readers = [...this.#readers.keys()]
    if (this.#serviceTrouble !== null) return { readers, trouble: { code: 'no-service', detail: this.#serviceTrouble } }
    if (readers.length === 0) return { readers, trouble: { code: 'no-reader', detail: 'PC/SC knows no card reader' } }
    const troubles = [...this.#readerTrouble.values()]
    const worst = troubles.find((trouble) => trouble.code === 'sharing-violation') ?? troubles[0]
    return { readers, trouble: worst ?? null }
  }

  transmit(presenceId: string, command: Uint8Array, timeoutMs: number): Promise<TransmitResult> {
    if (command.length > commandLengthMax) {
      const detail = `${command.length} bytes; readers take at most ${commandLengthMax}`
      return Promise.resolve({ kind: 'notSent', reason: 'too-long', detail })
    }
    const card = this.#cards.get(presenceId)
    if (card === undefined) return Promise.resolve(this.#notSentToEnded(presenceId))
    return card.queue.send(async () => {
      if (!this.#cards.has(presenceId)) return this.#notSentToEnded(presenceId)
      try {
        const response = await card.reader.transmit(Buffer.from(command), responseLengthMax)
        if (response.length < 2) {
          return { kind: 'unknown', reason: 'short-response', detail: `${response.length} bytes came back` }
        }
        return { kind: 'answered', response: new Uint8Array(response) }
      } catch (error) {
        return resultOfFailure(error as PcscFailure)
      }
    }, timeoutMs)
  }

  escape(readerName: string, command: Uint8Array, timeoutMs: number): Promise<EscapeResult> {
    const failed = (reason: EscapeFailure, detail: string): EscapeResult => ({ kind: 'failed', reason, detail })
    const reader = this.#readers.get(readerName)
    if (reader === undefined) return Promise.resolve(failed('no-reader', `${readerName} is not there`))
    const { scheduler } = this.#options
    const latestMs = scheduler.now() + timeoutMs / 2
    return new Promise((resolve) => {
      let isSent = false
      const hung = { code: 'reader-error', detail: `${readerName}: no answer within ${timeoutMs} ms` } as const
      const timer = scheduler.setTimeout(() => {
        // Until it comes back nothing else reaches this reader, cards neither; no new process would change that.
        if (isSent && this.#readers.get(readerName) === reader) this.#setReaderTrouble(readerName, hung)
        resolve(failed(isSent ? 'timed-out' : 'busy', hung.detail))
      }, timeoutMs)
      const end = (result: EscapeResult): void => {
        scheduler.clearTimeout(timer)
        if (this.#readerTrouble.get(readerName) === hung) this.#setReaderTrouble(readerName, null)
        resolve(result)
      }
      const isWanted = (): boolean => (isSent = scheduler.now() <= latestMs)
      reader.reader.escape(command, isWanted).then(
        (response) => end({ kind: 'answered', response: new Uint8Array(response) }),
        (error: PcscFailure) => end(failed(escapeFailureOf(error), describeFailure(error))),
      )
    })
  }

  isWornOut(): boolean {
    return this.#library.pcsc.outages >= outagesMax
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#library.close()
    for (const source of [this.#inserted, this.#removed, this.#statusChanged]) source.dispose()
  }

  #attach(reader: Reader): void {
    reader.autoProcessing = false
    this.#readers.set(reader.name, reader)
    const queue = new CommandQueue(this.#options.scheduler)
    let current: CardPresence | null = null
    /** When the reader first spoke of the card that is being connected. */
    let heardAt: number | null = null

    /** Of the card that is told next as gone, and of the reader's next word that it is empty. */
    let isUnseen = false
    let isTold = false

    const leave = (wasSeen: boolean) => {
      if (current === null) return
      const { presenceId } = current
      current = null
      this.#cards.delete(presenceId)
      this.#rememberEnded(presenceId, reader.name)
      if (!wasSeen) this.#lostSight.add(reader.name)
      this.#removed.fire(wasSeen ? { presenceId } : { presenceId, isUnseen: true })
    }
    reader.on('card', (card) => {
      leave(false)
      current = {
        presenceId: this.#options.createPresenceId(),
        readerName: reader.name,
        atr: new Uint8Array(card.atr ?? []),
        ...(heardAt === null ? {} : { activationMs: this.#options.scheduler.now() - heardAt }),
        ...(this.#lostSight.has(reader.name) || !this.#wereEmpty.has(reader.name) ? { wasThere: 'unseen' } : {}),
      }
      this.#lostSight.delete(reader.name)
      heardAt = null
      this.#cards.set(current.presenceId, { presence: current, reader, queue })
      this.#setReaderTrouble(reader.name, null)
      this.#inserted.fire(current)
    })
    reader.on('card.off', () => {
      leave(!isUnseen)
      isUnseen = false
    })
    reader.reader.on('unseen', () => {
      isUnseen = true
      isTold = true
    })
    reader.reader.on('left', () => this.#sawEmpty(reader.name))
    reader.reader.on('heard', () => {
      heardAt = this.#options.scheduler.now()
    })
    reader.reader.on('status', ({ state }) => {
      if ((state & reader.reader.SCARD_STATE_EMPTY) === 0) return
      if (!isTold) this.#sawEmpty(reader.name)
      isTold = false
      // Also told when a card leaves that could never be connected to.
      this.#setReaderTrouble(reader.name, null)
    })
    reader.on('error', (error) => {
      const code = failureCode(error) === 'SharingViolation' ? 'sharing-violation' : 'reader-error'
      this.#setReaderTrouble(reader.name, { code, detail: `${reader.name}: ${describeFailure(error)}` })
    })
    reader.on('end', () => {
      // No card.off comes after this.
      if (this.#readers.get(reader.name) === reader) this.#readers.delete(reader.name)
      this.#readerTrouble.delete(reader.name)
      leave(false)
      this.#reportStatus()
    })
    this.#reportStatus()
  }

  #sawEmpty(readerName: string): void {
    this.#wereEmpty.add(readerName)
    this.#lostSight.delete(readerName)
  }

  #rememberEnded(presenceId: string, readerName: string): void {
    this.#ended.set(presenceId, readerName)
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= endedPresencesMax) break
      this.#ended.delete(oldest)
    }
  }

  #notSentToEnded(presenceId: string): TransmitResult {
    const readerName = this.#ended.get(presenceId)
    if (readerName !== undefined && !this.#readers.has(readerName)) {
      return { kind: 'notSent', reason: 'reader-gone', detail: `${readerName} is gone` }
    }
    const others = [...this.#cards.values()].map(({ presence }) => presence)
    const other = others.find((presence) => readerName === undefined || presence.readerName === readerName)
    if (other === undefined) return { kind: 'notSent', reason: 'no-card', detail: 'the card of this presence has left' }
    const detail = `presence ${presenceId} has ended; on ${other.readerName} lies ${other.presenceId}`
    return { kind: 'notSent', reason: 'another-presence', detail }
  }

  #setReaderTrouble(readerName: string, trouble: { code: ReaderTrouble; detail: string } | null): void {
    if (trouble === null) this.#readerTrouble.delete(readerName)
    else this.#readerTrouble.set(readerName, trouble)
    this.#reportStatus()
  }

  #reportStatus(): void {
    if (this.#disposed) return
    const status = this.status()
    const key = JSON.stringify(status)
    if (key === this.#lastStatus) return
    this.#lastStatus = key
    this.#statusChanged.fire(status)
  }
}
