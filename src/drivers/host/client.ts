import { EventSource } from '../event-source.ts'
import type {
  CardPresence,
  CardReaderPort,
  CardRemoval,
  Disposable,
  DrawerResult,
  DisplayRow,
  EscapeResult,
  Event,
  HidPort,
  HidSight,
  HidStatus,
  KeypadPress,
  PrinterPort,
  PrinterStatus,
  PrintResult,
  ReaderStatus,
  Scan,
  TransmitResult,
} from '../ports.ts'
import type { Scheduler, TimerHandle } from '../scheduler.ts'
import type { MessageChannelPort } from './channel.ts'
import { protocolVersion, readHostMessage, toWire } from './protocol.ts'
import type { CoreMessage, HostMessage } from './protocol.ts'
import { settle, type Pending } from './pending.ts'

/** When the device host counts as hung. Defaults: `defaultWatchdog`. */
export interface WatchdogOptions {
  /** Between two pings. */
  readonly pingIntervalMs: number
  /** Pings in a row without any word from the host. Counted, not timed: a machine that slept kills nothing. */
  readonly missedPingsMax: number
  /** The same while the host is starting and opening its devices. */
  readonly missedPingsMaxWhileStarting: number
  /** A transmit's own time-out is the host's to keep; after it plus this the host is taken for hung. */
  readonly transmitGraceMs: number
  /**
   * A print that takes longer has failed, though the host may be well. Longer than the driver itself takes at its
   * worst (printer.ts: a stall before each KiB, and the wait at the end): a slow printer that is given up too
   * early prints the receipt all the same, and a copy of it after each attempt.
   */
  readonly printMaxMs: number
  /** Waits before the restarts that follow each other; the last one repeats. */
  readonly restartDelaysMs: readonly number[]
  /** A host that was well for so long starts again at the first delay. */
  readonly stableAfterMs: number
}

export const defaultWatchdog: WatchdogOptions = {
  pingIntervalMs: 500,
  missedPingsMax: 5,
  missedPingsMaxWhileStarting: 40,
  transmitGraceMs: 300,
  printMaxMs: 600_000,
  restartDelaysMs: [0, 500, 1000, 2000, 5000],
  stableAfterMs: 30_000,
}

export type HostFailure = 'transmit-timed-out' | 'silent' | 'channel-closed' | 'start-failed' | 'retired'

export interface ConnectOptions {
  readonly scheduler: Scheduler
  /**
   * Another one with each life of the core. A host outlives a core that dies, and what the old one had asked for is
   * answered to the new one: an APDU's answer, or `printed`, that belongs to no request of this life.
   */
  readonly life: string
  /**
   * Ends the host with SIGKILL (a mute card blocks it in a way that no request ends), starts another, and resolves with
   * the channel to it. Also called when the host has already died.
   * @param endsInARow how many have ended before it, each soon after its start; a mute card begins to count anew
   */
  readonly restartHost: (endsInARow: number) => Promise<MessageChannelPort>
  readonly watchdog?: Partial<WatchdogOptions>
  /** Where a message that does not fit is reported. */
  readonly reportMalformed?: (why: string) => void
}

export interface ConnectedDevices extends Disposable {
  readonly reader: CardReaderPort
  readonly printer: PrinterPort
  readonly hid: HidPort
  /** Each time that the host is given up, before the next one is started. */
  readonly onDidFailHost: Event<{ readonly failure: HostFailure; readonly detail: string }>
}

/**
 * The devices of a device host as ports, with its watchdog. A host that dies, falls silent or does not bring a transmit
 * back is replaced: commands under way answer `unknown`, all presences of the old host end, and a card that still lies
 * on the reader returns as a new presence of the new host. Disposing leaves the host itself to whoever started it.
 */
export function connectDevices(channel: MessageChannelPort, options: ConnectOptions): ConnectedDevices {
  return new DeviceClient(channel, options)
}

const unreachable: PrinterStatus = { online: false, trouble: 'unreachable', paperNearEnd: false }

class DeviceClient implements ConnectedDevices {
  readonly reader: CardReaderPort
  readonly printer: PrinterPort
  readonly hid: HidPort
  readonly onDidFailHost: Event<{ readonly failure: HostFailure; readonly detail: string }>

  readonly #scheduler: Scheduler
  readonly #life: string
  readonly #watchdog: WatchdogOptions
  readonly #restartHost: (endsInARow: number) => Promise<MessageChannelPort>
  readonly #reportMalformed: (why: string) => void

  readonly #inserted = new EventSource<CardPresence>()
  readonly #removed = new EventSource<CardRemoval>()
  readonly #readerStatusChanged = new EventSource<ReaderStatus>()
  readonly #printerStatusChanged = new EventSource<PrinterStatus>()
  readonly #scanned = new EventSource<Scan>()
  readonly #pressed = new EventSource<KeypadPress>()
  readonly #hidStatusChanged = new EventSource<HidStatus>()
  readonly #hidSeen = new EventSource<HidSight>()
  readonly #hostFailed = new EventSource<{ readonly failure: HostFailure; readonly detail: string }>()

  readonly #presences = new Map<string, CardPresence>()
  readonly #transmits = new Map<string, Pending<TransmitResult>>()
  readonly #escapes = new Map<string, Pending<EscapeResult>>()
  readonly #prints = new Map<string, Pending<PrintResult>>()
  readonly #printerQuestions = new Map<string, Pending<PrinterStatus>>()
  readonly #pulses = new Map<string, Pending<DrawerResult>>()
  #readerStatus: ReaderStatus = hostDown('the device host is starting')

  #hidStatus: HidStatus = { devices: [], trouble: null }
  /** Null until something was to be shown. */
  #rows: readonly DisplayRow[] | null = null

  #phase: 'starting' | 'attached' | 'restarting' | 'disposed' = 'starting'
  /** No other has died in this life of the core: a card that its host found there may be of before. */
  #isFirstHost = true
  #channel: MessageChannelPort | null = null
  #subscriptions: Disposable[] = []
  #timer: TimerHandle = null
  #requestCount = 0
  #pingCount = 0
  #missedPings = 0
  #failures = 0
  #attachedAtMs = 0

  constructor(channel: MessageChannelPort, options: ConnectOptions) {
    this.#scheduler = options.scheduler
    this.#life = options.life
    this.#watchdog = { ...defaultWatchdog, ...options.watchdog }
    this.#restartHost = options.restartHost
    this.#reportMalformed = options.reportMalformed ?? (() => undefined)
    this.onDidFailHost = this.#hostFailed.event
    this.reader = {
      onDidInsert: this.#inserted.event,
      onDidRemove: this.#removed.event,
      onDidChangeStatus: this.#readerStatusChanged.event,
      status: () => this.#readerStatus,
      transmit: (presenceId, command, timeoutMs) => this.#transmit(presenceId, command, timeoutMs),
      escape: (readerName, command, timeoutMs) => this.#escape(readerName, command, timeoutMs),
      dispose: () => this.dispose(),
    }
    this.printer = {
      onDidChangeStatus: this.#printerStatusChanged.event,
      status: () => this.#askPrinterStatus(),
      print: (job) => this.#print(job),
      openDrawer: () => this.#openDrawer(),
      dispose: () => this.dispose(),
    }
    this.hid = {
      onDidScan: this.#scanned.event,
      onDidPress: this.#pressed.event,
      onDidChangeStatus: this.#hidStatusChanged.event,
      watch: (listener) => {
        const subscription = this.#hidSeen.event(listener)
        this.#watchHid()
        return {
          dispose: () => {
            subscription.dispose()
            if (this.#hidSeen.listenerCount === 0) this.#watchHid()
          },
        }
      },
      status: () => this.#hidStatus,
      show: (rows) => {
        this.#rows = rows
        if (this.#phase === 'attached') this.#post({ type: 'show', rows: [...rows] })
      },
      dispose: () => this.dispose(),
    }
    this.#use(channel)
  }

  dispose(): void {
    if (this.#phase === 'disposed') return
    this.#phase = 'disposed'
    this.#letGo()
    this.#settleAll('the connection to the device host was closed')
  }

  #use(channel: MessageChannelPort): void {
    this.#phase = 'starting'
    this.#channel = channel
    this.#missedPings = 0
    this.#subscriptions = [
      channel.onMessage((raw) => this.#receive(raw)),
      channel.onDidClose(() => this.#fail('channel-closed', 'the device host ended')),
    ]
    this.#beat()
  }

  /** Asks to be attached until the host has answered, then whether it is still there. */
  #beat(): void {
    const starting = this.#phase === 'starting'
    const missedMax = starting ? this.#watchdog.missedPingsMaxWhileStarting : this.#watchdog.missedPingsMax
    if (this.#missedPings >= missedMax) {
      const detail = `${this.#missedPings} pings of ${this.#watchdog.pingIntervalMs} ms without an answer`
      this.#fail(starting ? 'start-failed' : 'silent', detail)
      return
    }
    this.#missedPings += 1
    if (starting) this.#post({ type: 'attach', version: protocolVersion })
    else this.#post({ type: 'ping', sequence: ++this.#pingCount })
    this.#timer = this.#scheduler.setTimeout(() => this.#beat(), this.#watchdog.pingIntervalMs)
  }

  #post(message: CoreMessage): void {
    this.#channel?.post(toWire(message))
  }

  #receive(raw: unknown): void {
    const received = readHostMessage(raw)
    if (received.kind === 'malformed') this.#reportMalformed(received.why)
    else this.#handle(received.message)
  }

  #handle(message: HostMessage): void {
    if (message.type === 'attached') {
      this.#attached(message.readerStatus, message.presences)
      return
    }
    // Before that, the answer to `attach` will tell everything that these told.
    if (this.#phase !== 'attached') return
    this.#missedPings = 0
    switch (message.type) {
      case 'pong':
        return
      case 'retiring':
        this.#fail('retired', 'PC/SC died so often under the device host that another takes its place')
        return
      case 'inserted':
        this.#begin(message.presence)
        return
      case 'removed':
        this.#end(message.presenceId, message.isUnseen === true ? { isUnseen: true } : {})
        return
      case 'readerStatus':
        this.#setReaderStatus(message.status)
        return
      case 'transmitted':
        this.#transmitted(message.requestId, message.result)
        return
      case 'escaped':
        settle(this.#scheduler, this.#escapes, message.requestId, message.result)
        return
      case 'printed':
        settle(this.#scheduler, this.#prints, message.requestId, message.result)
        return
      case 'printerStatus':
        if (message.requestId === null) this.#printerStatusChanged.fire(message.status)
        else settle(this.#scheduler, this.#printerQuestions, message.requestId, message.status)
        return
      case 'drawerOpened':
        settle(this.#scheduler, this.#pulses, message.requestId, message.result)
        return
      case 'scanned':
        this.#scanned.fire({ code: message.code, symbology: message.symbology, at: message.at })
        return
      case 'pressed':
        this.#pressed.fire({ key: message.key, at: message.at })
        return
      case 'hidStatus':
        this.#setHidStatus(message.status)
        return
      case 'hidListed':
        this.#hidSeen.fire({ kind: 'listing', listing: message.listing })
        return
      case 'hidReported':
        this.#hidSeen.fire({ kind: 'reports', at: message.at, reports: message.reports, skipped: message.skipped })
        return
    }
  }

  #attached(status: ReaderStatus, presences: readonly CardPresence[]): void {
    this.#missedPings = 0
    if (this.#phase === 'starting') this.#attachedAtMs = this.#scheduler.now()
    this.#phase = 'attached'
    this.#setReaderStatus(status)
    const present = new Set(presences.map(({ presenceId }) => presenceId))
    for (const presenceId of [...this.#presences.keys()]) if (!present.has(presenceId)) this.#end(presenceId)
    for (const presence of presences) this.#begin(this.#isFirstHost ? { ...presence, wasThere: 'unseen' } : presence)
    // A new host knows of no row that was shown, and of nobody who looks on.
    if (this.#rows !== null) this.#post({ type: 'show', rows: [...this.#rows] })
    if (this.#hidSeen.listenerCount > 0) this.#watchHid()
  }

  /** Tells the host whether anybody looks on. */
  #watchHid(): void {
    if (this.#phase === 'attached') this.#post({ type: 'watchHid', on: this.#hidSeen.listenerCount > 0 })
  }

  #begin(presence: CardPresence): void {
    if (this.#presences.has(presence.presenceId)) return
    const isOfBefore = presence.wasThere !== undefined && this.#isFirstHost
    const begun: CardPresence = isOfBefore ? { ...presence, wasThere: 'since-start' } : presence
    this.#presences.set(presence.presenceId, begun)
    this.#inserted.fire(begun)
  }

  #end(presenceId: string, unseen: Pick<CardRemoval, 'isUnseen'> = {}): void {
    if (this.#presences.delete(presenceId)) this.#removed.fire({ presenceId, ...unseen })
  }

  #setReaderStatus(status: ReaderStatus): void {
    const changed = JSON.stringify(status) !== JSON.stringify(this.#readerStatus)
    this.#readerStatus = status
    if (changed) this.#readerStatusChanged.fire(status)
  }

  #setHidStatus(status: HidStatus): void {
    const changed = JSON.stringify(status) !== JSON.stringify(this.#hidStatus)
    this.#hidStatus = status
    if (changed) this.#hidStatusChanged.fire(status)
  }

  #transmit(presenceId: string, command: Uint8Array, timeoutMs: number): Promise<TransmitResult> {
    if (this.#phase !== 'attached') {
      return Promise.resolve({ kind: 'notSent', reason: 'host-down', detail: 'the device host is not there' })
    }
    return new Promise((resolve) => {
      const requestId = this.#nextRequestId()
      const timer = this.#scheduler.setTimeout(() => {
        const detail = `the device host brought no answer back within ${timeoutMs} ms`
        this.#transmitted(requestId, { kind: 'unknown', reason: 'timed-out', detail })
      }, timeoutMs + this.#watchdog.transmitGraceMs)
      this.#transmits.set(requestId, { settle: resolve, timer })
      this.#post({ type: 'transmit', requestId, presenceId, command, timeoutMs })
    })
  }

  #transmitted(requestId: string, result: TransmitResult): void {
    if (!settle(this.#scheduler, this.#transmits, requestId, result)) return
    // Also when the host itself says so: its thread hangs in PC/SC, and no command reaches that reader any more.
    if (result.kind === 'unknown' && result.reason === 'timed-out') this.#fail('transmit-timed-out', result.detail)
  }

  #escape(readerName: string, command: Uint8Array, timeoutMs: number): Promise<EscapeResult> {
    if (this.#phase !== 'attached') return Promise.resolve(noEscape('the device host is not there'))
    return new Promise((resolve) => {
      const requestId = this.#nextRequestId()
      const timer = this.#scheduler.setTimeout(() => {
        const detail = `the device host brought no answer back within ${timeoutMs} ms`
        settle(this.#scheduler, this.#escapes, requestId, { kind: 'failed', reason: 'timed-out', detail })
      }, timeoutMs + this.#watchdog.transmitGraceMs)
      this.#escapes.set(requestId, { settle: resolve, timer })
      this.#post({ type: 'escape', requestId, readerName, command, timeoutMs })
    })
  }

  #print(job: Uint8Array): Promise<PrintResult> {
    if (this.#phase !== 'attached') {
      const detail = 'the device host is not there'
      return Promise.resolve({ kind: 'failed', trouble: 'unreachable', paper: 'untouched', detail })
    }
    return new Promise((resolve) => {
      const requestId = this.#nextRequestId()
      const timer = this.#scheduler.setTimeout(() => {
        const detail = `the print did not end within ${this.#watchdog.printMaxMs} ms`
        const late = { kind: 'failed', trouble: 'timed-out', paper: 'uncertain', detail } as const
        settle(this.#scheduler, this.#prints, requestId, late)
      }, this.#watchdog.printMaxMs)
      this.#prints.set(requestId, { settle: resolve, timer })
      this.#post({ type: 'print', requestId, job })
    })
  }

  #askPrinterStatus(): Promise<PrinterStatus> {
    if (this.#phase !== 'attached') return Promise.resolve(unreachable)
    return new Promise((resolve) => {
      const requestId = this.#nextRequestId()
      const timer = this.#scheduler.setTimeout(() => {
        const status: PrinterStatus = { ...unreachable, trouble: 'timed-out' }
        settle(this.#scheduler, this.#printerQuestions, requestId, status)
      }, this.#watchdog.printMaxMs)
      this.#printerQuestions.set(requestId, { settle: resolve, timer })
      this.#post({ type: 'askPrinterStatus', requestId })
    })
  }

  #openDrawer(): Promise<DrawerResult> {
    if (this.#phase !== 'attached') return Promise.resolve(noDrawer('the device host is not there'))
    return new Promise((resolve) => {
      const requestId = this.#nextRequestId()
      const timer = this.#scheduler.setTimeout(() => {
        settle(this.#scheduler, this.#pulses, requestId, { ...noDrawer('no answer'), trouble: 'timed-out' })
      }, this.#watchdog.printMaxMs)
      this.#pulses.set(requestId, { settle: resolve, timer })
      this.#post({ type: 'openDrawer', requestId })
    })
  }

  #nextRequestId(): string {
    this.#requestCount += 1
    return `${this.#life}/${this.#requestCount}`
  }

  /** Gives the host up. What it was doing ends as unknown, in this order: commands, presences, status. */
  #fail(failure: HostFailure, detail: string): void {
    if (this.#phase === 'restarting' || this.#phase === 'disposed') return
    const wasStable =
      this.#phase === 'attached' && this.#scheduler.now() - this.#attachedAtMs >= this.#watchdog.stableAfterMs
    // A mute card says nothing against the host that waited for it, and the next customer waits for the next host.
    const retires = failure === 'retired'
    if (wasStable || retires || failure === 'transmit-timed-out') this.#failures = 0
    if (this.#phase === 'attached') this.#isFirstHost = false
    const delays = this.#watchdog.restartDelaysMs
    const delayMs = delays[Math.min(this.#failures, delays.length - 1)] ?? 0
    if (!retires) this.#failures += 1
    this.#phase = 'restarting'
    this.#letGo()
    this.#timer = this.#scheduler.setTimeout(() => void this.#restart(), delayMs)
    this.#settleAll(detail)
    for (const presenceId of [...this.#presences.keys()]) this.#end(presenceId, { isUnseen: true })
    this.#setReaderStatus(hostDown(detail))
    this.#printerStatusChanged.fire(unreachable)
    this.#setHidStatus({ devices: this.#hidStatus.devices, trouble: { code: 'host-restarting', detail } })
    this.#hostFailed.fire({ failure, detail })
  }

  async #restart(): Promise<void> {
    try {
      const channel = await this.#restartHost(this.#failures)
      if (this.#phase === 'restarting') this.#use(channel)
    } catch (error) {
      if (this.#phase !== 'restarting') return
      this.#phase = 'starting'
      this.#fail('start-failed', error instanceof Error ? error.message : String(error))
    }
  }

  #letGo(): void {
    this.#scheduler.clearTimeout(this.#timer)
    for (const subscription of this.#subscriptions) subscription.dispose()
    this.#subscriptions = []
    this.#channel = null
  }

  #settleAll(detail: string): void {
    for (const requestId of [...this.#transmits.keys()]) {
      settle(this.#scheduler, this.#transmits, requestId, { kind: 'unknown', reason: 'host-died', detail })
    }
    for (const requestId of [...this.#escapes.keys()])
      settle(this.#scheduler, this.#escapes, requestId, noEscape(detail))
    for (const requestId of [...this.#prints.keys()]) {
      // What the host had handed to the system still goes to the printer.
      const ended = { kind: 'failed', trouble: 'error', paper: 'uncertain', detail } as const
      settle(this.#scheduler, this.#prints, requestId, ended)
    }
    for (const requestId of [...this.#printerQuestions.keys()]) {
      settle(this.#scheduler, this.#printerQuestions, requestId, unreachable)
    }
    for (const requestId of [...this.#pulses.keys()]) {
      settle(this.#scheduler, this.#pulses, requestId, noDrawer(detail))
    }
  }
}

const noDrawer = (detail: string): Extract<DrawerResult, { kind: 'failed' }> => {
  return { kind: 'failed', trouble: 'unreachable', detail }
}
const noEscape = (detail: string): EscapeResult => ({ kind: 'failed', reason: 'host-down', detail })
const hostDown = (detail: string): ReaderStatus => ({ readers: [], trouble: { code: 'host-restarting', detail } })
