import { EventSource } from '../event-source.ts'
import type { Event, PrinterPort, PrinterStatus, PrinterTrouble, PrintResult } from '../ports.ts'
import type { Scheduler, TimerHandle } from '../scheduler.ts'
import { openConnection } from './printer-connection.ts'
import type { PrinterConnection } from './printer-connection.ts'
import type { PrinterProfile } from './profile.ts'

export interface TcpPrinterOptions {
  readonly host: string
  /** 9100 on most printers: raw bytes in both directions. */
  readonly port: number
  readonly profile: Pick<PrinterProfile, 'answersWhenDrained'>
  readonly scheduler: Scheduler
  readonly timing?: Partial<TcpPrinterTiming>
}

/** All in milliseconds. */
export interface TcpPrinterTiming {
  readonly connectMaxMs: number
  /** One status reply of an idle printer. */
  readonly replyMaxMs: number
  /** One piece of a job: the printer takes bytes no faster than it prints. */
  readonly stallMaxMs: number
  /**
   * From the last byte to the end of printing. So long a status question may go unanswered too: in a slow printer with
   * a small buffer it waits behind the rest of the job, and to hang up there would leave half a receipt each time.
   */
  readonly finishMaxMs: number
  /** Between two looks at a printer that is still printing. */
  readonly finishPollMs: number
  /** Between two looks at an idle printer; 0: none. */
  readonly pollIntervalMs: number
}

export const defaultTcpPrinterTiming: TcpPrinterTiming = {
  connectMaxMs: 2000,
  replyMaxMs: 1500,
  stallMaxMs: 5000,
  finishMaxMs: 20_000,
  finishPollMs: 200,
  pollIntervalMs: 5000,
}

/**
 * An ESC/POS printer on TCP. Each job and each status question is a connection of its own, one after the other, because
 * many printers serve one client only. A printer that is known to be unable gets no byte of the job; one that stops
 * on the way is asked why on a fresh connection.
 */
export function createTcpPrinter(options: TcpPrinterOptions): PrinterPort {
  return new TcpPrinter(options)
}

class TcpPrinter implements PrinterPort {
  readonly #options: TcpPrinterOptions
  readonly #timing: TcpPrinterTiming
  readonly #statusChanged = new EventSource<PrinterStatus>()
  #lastStatus: PrinterStatus | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #pollTimer: TimerHandle = null
  #disposed = false

  readonly onDidChangeStatus: Event<PrinterStatus> = this.#statusChanged.event

  constructor(options: TcpPrinterOptions) {
    this.#options = options
    this.#timing = { ...defaultTcpPrinterTiming, ...options.timing }
    if (this.#timing.pollIntervalMs > 0) this.#pollLater()
  }

  status(): Promise<PrinterStatus> {
    return this.#inTurn(() => this.#look())
  }

  print(job: Uint8Array): Promise<PrintResult> {
    return this.#inTurn(async () => {
      const result = await this.#printNow(job)
      if (result.kind === 'failed') this.#learn(withTrouble(result.trouble))
      return result
    })
  }

  dispose(): void {
    this.#disposed = true
    this.#options.scheduler.clearTimeout(this.#pollTimer)
    this.#statusChanged.dispose()
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(operation)
    this.#queue = done
    return done
  }

  #pollLater(): void {
    this.#pollTimer = this.#options.scheduler.setTimeout(() => {
      void this.status().then(() => {
        if (!this.#disposed) this.#pollLater()
      })
    }, this.#timing.pollIntervalMs)
  }

  #learn(status: PrinterStatus): PrinterStatus {
    const changed = JSON.stringify(status) !== JSON.stringify(this.#lastStatus)
    this.#lastStatus = status
    if (changed && !this.#disposed) this.#statusChanged.fire(status)
    return status
  }

  async #look(): Promise<PrinterStatus> {
    const opened = await openConnection(this.#options, this.#options.scheduler, this.#timing.connectMaxMs)
    if (opened.kind === 'unreachable') return this.#learn(withTrouble('unreachable'))
    const asked = await opened.connection.askStatus(this.#timing.replyMaxMs)
    await opened.connection.close(this.#timing.replyMaxMs)
    if (asked.kind === 'status') return this.#learn(asked.status)
    return this.#learn(withTrouble(asked.kind === 'silent' ? 'timed-out' : 'unreachable'))
  }

  async #printNow(job: Uint8Array): Promise<PrintResult> {
    const opened = await openConnection(this.#options, this.#options.scheduler, this.#timing.connectMaxMs)
    if (opened.kind === 'unreachable') return failed('unreachable', 'untouched', opened.detail)
    const { connection } = opened

    const before = await connection.askStatus(this.#timing.replyMaxMs)
    if (before.kind === 'silent') {
      connection.discard()
      const detail = 'connected, but the printer does not answer (another program may be using it)'
      return failed('timed-out', 'untouched', detail)
    }
    if (before.kind === 'lost') return failed('unreachable', 'untouched', 'the printer closed the connection')
    if (before.status.trouble !== null) {
      await connection.close(this.#timing.replyMaxMs)
      return failed(before.status.trouble, 'untouched', 'before the first byte of the job')
    }

    const { kind, written } = await connection.write(job, this.#timing.stallMaxMs)
    if (kind === 'lost') {
      return failed('unreachable', 'uncertain', `the connection broke after ${written} of ${job.length} bytes`)
    }
    if (kind === 'stalled') return this.#findCause(connection, `stopped after ${written} of ${job.length} bytes`)
    return this.#waitForPaper(connection)
  }

  /** All bytes are handed over: waits until the printer says that it is well, and done where it can say that. */
  async #waitForPaper(connection: PrinterConnection): Promise<PrintResult> {
    const { scheduler, profile } = this.#options
    const deadlineMs = scheduler.now() + this.#timing.finishMaxMs
    if (profile.answersWhenDrained) connection.askWhenDrained()
    for (;;) {
      const drainedBefore = connection.drained
      const leftMs = Math.max(0, deadlineMs - scheduler.now())
      const asked = await connection.askStatus(Math.max(leftMs, this.#timing.replyMaxMs))
      if (asked.kind === 'lost') {
        return failed('unreachable', 'uncertain', 'the connection broke before the printer was done')
      }
      if (asked.kind === 'silent') return this.#findCause(connection, 'no answer after the job')
      const { trouble } = asked.status
      const late = scheduler.now() >= deadlineMs
      if (trouble !== null && (trouble !== 'busy' || late)) {
        connection.discard()
        return failed(trouble, 'uncertain', 'during the job')
      }
      if (trouble === null && (!profile.answersWhenDrained || drainedBefore || late)) {
        await connection.close(this.#timing.replyMaxMs)
        this.#learn(asked.status)
        return { kind: 'printed' }
      }
      await new Promise<void>((resolve) => scheduler.setTimeout(resolve, this.#timing.finishPollMs))
    }
  }

  /** The connection is stuck behind bytes that nobody takes, so the printer is asked on a fresh one. */
  async #findCause(connection: PrinterConnection, detail: string): Promise<PrintResult> {
    connection.discard()
    const { trouble } = await this.#look()
    return failed(trouble ?? 'timed-out', 'uncertain', detail)
  }
}

type Failed = Extract<PrintResult, { readonly kind: 'failed' }>
const failed = (trouble: PrinterTrouble, paper: Failed['paper'], detail: string): Failed => {
  return { kind: 'failed', trouble, paper, detail }
}
const withTrouble = (trouble: PrinterTrouble): PrinterStatus => ({ online: false, trouble, paperNearEnd: false })
