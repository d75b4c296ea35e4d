import { EventSource } from '../event-source.ts'
import type { DrawerResult, Event, PrinterPort, PrinterStatus, PrinterTrouble, PrintResult } from '../ports.ts'
import type { Scheduler, TimerHandle } from '../scheduler.ts'
import { drawerPulse, realTimeDrawerPulse } from './drawer-pulse.ts'
import { DrawerRequest } from './drawer-request.ts'
import { lineEndsOf } from './line-ends.ts'
import { withoutAnswers } from './line.ts'
import type { PrinterLineOpener } from './line.ts'
import { PrinterConnection } from './printer-connection.ts'
import type { Asked, WriteOutcome } from './printer-connection.ts'
import { longestCommand } from './profile.ts'
import type { DrawerPulse, PrinterProfile } from './profile.ts'

export interface PrinterOptions {
  readonly opener: PrinterLineOpener
  readonly profile: PrinterProfile
  /** `none`: this printer is known to tell nothing of itself, though its line goes both ways. */
  readonly status?: 'asked' | 'none'
  readonly scheduler: Scheduler
  readonly timing?: Partial<PrinterTiming>
}

/** All in milliseconds. */
export interface PrinterTiming {
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

export const defaultPrinterTiming: PrinterTiming = {
  connectMaxMs: 2000,
  replyMaxMs: 1500,
  stallMaxMs: 5000,
  finishMaxMs: 20_000,
  finishPollMs: 200,
  pollIntervalMs: 5000,
}

/**
 * A printer on a line of any kind. Jobs and looks come one after the other. A printer that is known to be unable gets
 * no byte of a job; one that stops on the way is asked why on a fresh line (docs/design/07-printing.md).
 */
export function createPrinter(options: PrinterOptions): PrinterPort {
  return new Printer(options)
}

class Printer implements PrinterPort {
  readonly #options: PrinterOptions
  readonly #timing: PrinterTiming
  readonly #statusChanged = new EventSource<PrinterStatus>()
  #lastStatus: PrinterStatus | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #pollTimer: TimerHandle = null
  #disposed = false
  #kept: PrinterConnection | null = null
  /**
   * The printer may be inside a command that never came to its end, and take what follows for its data: zeros end it,
   * and mean nothing outside of one. Whoever had the cable before us may have left it so.
   */
  #brokeOff: boolean
  /** In the order of their words; each is pulsed between two lines of a job that is under way, or in its turn. */
  readonly #drawerRequests = new Set<DrawerRequest>()

  readonly onDidChangeStatus: Event<PrinterStatus> = this.#statusChanged.event

  constructor(options: PrinterOptions) {
    this.#options = options
    this.#timing = { ...defaultPrinterTiming, ...options.timing }
    this.#brokeOff = options.opener.keepsOpen
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

  openDrawer(): Promise<DrawerResult> {
    const { profile, scheduler } = this.#options
    const { drawer } = profile
    if (drawer === null) return Promise.resolve({ kind: 'none' })
    const request = new DrawerRequest(scheduler)
    this.#drawerRequests.add(request)
    void this.#inTurn(async () => {
      if (request.isWaiting) request.end(await this.#pulseNow(request, drawer))
    })
    return request.result.finally(() => this.#drawerRequests.delete(request))
  }

  dispose(): void {
    this.#disposed = true
    this.#options.scheduler.clearTimeout(this.#pollTimer)
    this.#statusChanged.dispose()
    for (const request of this.#drawerRequests)
      request.end({ kind: 'failed', trouble: 'unreachable', detail: 'the driver is closed' })
    this.#kept?.discard()
    this.#kept = null
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

  async #open(): Promise<
    | { readonly kind: 'open'; readonly connection: PrinterConnection }
    | { readonly kind: 'refused'; readonly trouble: PrinterTrouble; readonly detail: string }
  > {
    if (this.#kept !== null && !this.#kept.isLost) return { kind: 'open', connection: this.#kept }
    const { opener, scheduler, profile } = this.#options
    this.#kept = null
    const opened = await opener.open(scheduler, this.#timing.connectMaxMs)
    if (opened.kind === 'refused') return opened
    if (this.#disposed) {
      opened.line.discard()
      return { kind: 'refused', trouble: 'unreachable', detail: 'the driver is closed' }
    }
    const line = this.#options.status === 'none' ? withoutAnswers(opened.line) : opened.line
    const connection = new PrinterConnection(line, profile.language, scheduler, (told) => this.#learn(told))
    if (opener.keepsOpen) this.#kept = connection
    return { kind: 'open', connection }
  }

  /** Nothing of ours is under way on the line. */
  async #release(connection: PrinterConnection): Promise<void> {
    if (!this.#options.opener.keepsOpen) await connection.close(this.#timing.replyMaxMs)
  }

  /** The line is stuck, or what waits on it is not to be printed any more. */
  #giveUp(connection: PrinterConnection, insideJob: boolean): void {
    connection.discard()
    this.#kept = null
    if (insideJob && this.#options.opener.keepsOpen) this.#brokeOff = true
  }

  async #look(): Promise<PrinterStatus> {
    const opened = await this.#open()
    if (opened.kind === 'refused') return this.#learn(withTrouble(opened.trouble))
    const { connection } = opened
    if (!connection.answers) {
      await this.#release(connection)
      return this.#learn({ online: true, trouble: null, paperNearEnd: false, mute: true })
    }
    const asked = await this.#ask(connection)
    if (asked.kind === 'status') await this.#release(connection)
    else this.#giveUp(connection, false)
    if (asked.kind === 'status') return this.#learn(asked.status)
    return this.#learn(withTrouble(asked.kind === 'silent' ? 'timed-out' : 'unreachable'))
  }

  /** A printer that is silent inside a command that broke off is asked again behind the end of it. */
  async #ask(connection: PrinterConnection): Promise<Asked> {
    const asked = await connection.askStatus(this.#timing.replyMaxMs)
    if (asked.kind !== 'silent' || !this.#brokeOff) return asked
    if ((await this.#endBrokenCommand(connection)) !== 'written') return asked
    return connection.askStatus(this.#timing.replyMaxMs)
  }

  async #endBrokenCommand(connection: PrinterConnection): Promise<WriteOutcome['kind']> {
    const zeros = new Uint8Array(longestCommand(this.#options.profile))
    return (await connection.write(zeros, this.#timing.stallMaxMs)).kind
  }

  async #printNow(job: Uint8Array): Promise<PrintResult> {
    const opened = await this.#open()
    if (opened.kind === 'refused') return failed(opened.trouble, 'untouched', opened.detail)
    const { connection } = opened
    const unable = await this.#findUnable(connection)
    if (unable !== null) return unable

    let stoppedBy: PrinterTrouble | 'silent' | null = null
    const { kind, written } = await connection.write(job, this.#timing.stallMaxMs, {
      at: lineEndsOf(job, this.#options.profile.language),
      isWanted: () => this.#drawerIsWanted,
      use: async () => {
        stoppedBy = await this.#pulseInsideJob(connection)
        return stoppedBy === null ? 'go-on' : 'give-up'
      },
    })
    const sent = `${written} of ${job.length} bytes`
    if (kind === 'given-up') {
      if (stoppedBy === null || stoppedBy === 'silent') return this.#findCause(connection, `no answer after ${sent}`)
      this.#giveUp(connection, true)
      return failed(stoppedBy, 'uncertain', 'during the job')
    }
    if (kind === 'lost') {
      this.#giveUp(connection, true)
      return failed('unreachable', 'uncertain', `the line broke after ${sent}`)
    }
    if (kind === 'stalled') return this.#findCause(connection, `stopped after ${sent}`)
    if (connection.answers) return this.#waitForPaper(connection)
    await this.#release(connection)
    return { kind: 'handed-over' }
  }

  /** Why no byte of a job goes to this printer, or null: then the next byte begins a command. */
  async #findUnable(connection: PrinterConnection): Promise<Failed | null> {
    for (;;) {
      if (connection.answers) {
        const unable = await this.#askWhyUnable(connection)
        if (unable !== null) return unable
      }
      if (!this.#brokeOff) return null
      const ended = await this.#endBrokenCommand(connection)
      if (ended !== 'written') {
        this.#giveUp(connection, true)
        return failed(ended === 'lost' ? 'unreachable' : 'timed-out', 'untouched', 'the printer takes nothing')
      }
      this.#brokeOff = false
    }
  }

  async #askWhyUnable(connection: PrinterConnection): Promise<Failed | null> {
    const asked = await this.#ask(connection)
    if (asked.kind !== 'status') {
      this.#giveUp(connection, false)
      if (asked.kind === 'lost') return failed('unreachable', 'untouched', 'the printer closed the line')
      const detail = 'connected, but the printer does not answer (another program may be using it)'
      return failed('timed-out', 'untouched', detail)
    }
    if (asked.status.trouble === null) return null
    await this.#release(connection)
    return failed(asked.status.trouble, 'untouched', 'before the first byte of the job')
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
        this.#giveUp(connection, true)
        return failed('unreachable', 'uncertain', 'the line broke before the printer was done')
      }
      if (asked.kind === 'silent') return this.#findCause(connection, 'no answer after the job')
      // Opened and closed again between two questions: what lay under the head may be spoilt all the same.
      const trouble = connection.toldTrouble ?? asked.status.trouble
      const late = scheduler.now() >= deadlineMs
      if (trouble !== null && (trouble !== 'busy' || late)) {
        this.#giveUp(connection, true)
        return failed(trouble, 'uncertain', 'during the job')
      }
      if (trouble === null && (!profile.answersWhenDrained || drainedBefore || late)) {
        await this.#release(connection)
        this.#learn(asked.status)
        return { kind: 'printed' }
      }
      if (trouble === null && !(await this.#pulseWaiting(connection)))
        return this.#findCause(connection, 'the pulse of the drawer was not taken')
      await new Promise<void>((resolve) => scheduler.setTimeout(resolve, this.#timing.finishPollMs))
    }
  }

  /**
   * The line is stuck behind bytes that nobody takes: what the printer told by itself, or else says on a fresh line.
   * That question may become data of the command that broke off, which is lost in any case.
   */
  async #findCause(connection: PrinterConnection, detail: string): Promise<PrintResult> {
    const told = connection.toldTrouble
    this.#giveUp(connection, true)
    const trouble = told ?? (connection.answers ? (await this.#look()).trouble : null)
    return failed(trouble ?? 'timed-out', 'uncertain', detail)
  }

  get #drawerIsWanted(): boolean {
    return [...this.#drawerRequests].some(({ isWaiting }) => isWaiting)
  }

  /**
   * Between two lines of a job: the drawer does not wait for the rest of a slow receipt. The printer is asked first, as
   * behind a job, because a pulse must not lie in a printer that has stopped, and open the drawer whenever there is
   * paper again.
   *
   * @returns why the rest of the job is not to be sent either; `silent`: nobody said
   */
  async #pulseInsideJob(connection: PrinterConnection): Promise<Exclude<PrinterTrouble, 'busy'> | 'silent' | null> {
    if (connection.answers) {
      const asked = await connection.askStatus(this.#timing.finishMaxMs)
      // The next byte of the job finds that out.
      if (asked.kind === 'lost') return null
      if (asked.kind === 'silent') return 'silent'
      const trouble = connection.toldTrouble ?? asked.status.trouble
      if (trouble === 'busy') return null
      if (trouble !== null) return trouble
    }
    return (await this.#pulseWaiting(connection)) ? null : 'silent'
  }

  /** Between two commands, to a printer that is well. `false`: it does not take the pulse. */
  async #pulseWaiting(connection: PrinterConnection): Promise<boolean> {
    const { drawer, language } = this.#options.profile
    if (drawer === null) return true
    for (const request of this.#drawerRequests) {
      if (!request.begin()) continue
      const outcome = await connection.writeBetween(drawerPulse(language, drawer), this.#timing.stallMaxMs)
      request.end(outcome === 'taken' ? { kind: 'opened' } : pulseNotTaken(outcome))
      if (outcome === 'stalled') return false
    }
    return true
  }

  async #pulseNow(request: DrawerRequest, drawer: DrawerPulse): Promise<DrawerResult> {
    const { language, realTimePulse } = this.#options.profile
    const opened = await this.#open()
    if (opened.kind === 'refused') return { kind: 'failed', trouble: opened.trouble, detail: opened.detail }
    const unable = await this.#findUnable(opened.connection)
    if (unable === null) return this.#sendPulse(opened.connection, request, drawerPulse(language, drawer))
    const { trouble, detail } = unable
    if (!realTimePulse || !pulsesInRealTime.has(trouble)) return { kind: 'failed', trouble, detail }
    const again = await this.#open()
    if (again.kind === 'refused') return { kind: 'failed', trouble: again.trouble, detail: again.detail }
    return this.#sendPulse(again.connection, request, realTimeDrawerPulse(drawer))
  }

  async #sendPulse(connection: PrinterConnection, request: DrawerRequest, pulse: Uint8Array): Promise<DrawerResult> {
    if (!request.begin()) {
      await this.#release(connection)
      return request.result
    }
    const { kind } = await connection.write(pulse, this.#timing.stallMaxMs)
    if (kind === 'written') {
      await this.#release(connection)
      return { kind: 'opened' }
    }
    this.#giveUp(connection, true)
    return pulseNotTaken(kind === 'lost' ? 'lost' : 'stalled')
  }
}

/** The printer answers, and stands still for one of these reasons. */
const pulsesInRealTime = new Set<PrinterTrouble>(['paper-out', 'cover-open', 'cutter-error', 'error', 'busy'])

type Failed = Extract<PrintResult, { readonly kind: 'failed' }>
const failed = (trouble: PrinterTrouble, paper: Failed['paper'], detail: string): Failed => {
  return { kind: 'failed', trouble, paper, detail }
}
const pulseNotTaken = (outcome: 'stalled' | 'lost'): DrawerResult => {
  return {
    kind: 'failed',
    trouble: outcome === 'lost' ? 'unreachable' : 'timed-out',
    detail: 'the pulse was not taken',
  }
}
const withTrouble = (trouble: PrinterTrouble): PrinterStatus => ({ online: false, trouble, paperNearEnd: false })
