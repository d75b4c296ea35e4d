/**
 * Prints what the journal says is to be printed, in order, for as long as it takes. It reads and writes only its own
 * rows: whatever the printer does, no payment waits for it (architecture.md, "One tap, as data", step 6).
 */
import type { PrinterPort, PrintResult, PrinterStatus } from '../../drivers/ports.ts'
import type { Scheduler } from '../../sync/engine/ports.ts'
import { isStorageFault } from '../../sync/journal/data-folder.ts'
import type { Journal, PrintJob } from '../../sync/journal/journal.ts'
import type { Light } from '../contract/snapshot.ts'

export interface PrintQueueParts {
  readonly journal: Journal
  readonly printer: PrinterPort
  readonly scheduler: Scheduler
  /** The bytes of one job. `copy` marks it on the paper. */
  readonly render: (job: PrintJob, copy: boolean) => Uint8Array
  readonly now: () => number
  readonly onDidChange: () => void
  readonly retryMs: number
  /** Nothing is printed before: a damaged journal may name jobs that there are not (docs/adr/0034). */
  readonly after?: Promise<void> | undefined
}

/**
 * Attempts of one job of which bytes had left: the original and two copies. A printer that takes receipts and always
 * breaks off would else print copies for as long as it has paper.
 */
const uncertainAttemptsMax = 3

export class PrintQueue {
  readonly #parts: PrintQueueParts
  #isRunning = false
  #mayPrint: boolean
  #isNudged = false
  #timer: unknown
  #trouble: Light = { level: 'limited', code: 'printer_none', since: null, detail: '' }
  #paperNearEnd = false
  #isMute = false
  #drawerShutAt: number | null = null
  /** The newest word to the drawer: what became of an older one matters to nobody any more. */
  #drawerWord = 0
  #stopped = false
  readonly #subscription: { dispose(): void }
  /** Jobs that lie on the counter, and whose row a full disk would not take: they are not printed again for that. */
  readonly #printedHere = new Set<string>()
  /**
   * Jobs that are left out, by id with their sale or shift: their bytes cannot be made, or they were tried too often.
   * They keep their rows, and wait for the cashier's word or the next life.
   */
  readonly #leftOut = new Map<string, string>()
  readonly #uncertainAttempts = new Map<string, number>()

  constructor(parts: PrintQueueParts) {
    this.#parts = parts
    this.#mayPrint = parts.after === undefined
    void parts.after?.then(
      () => {
        this.#mayPrint = true
        this.nudge()
      },
      () => undefined,
    )
    this.#subscription = parts.printer.onDidChangeStatus((status) => this.#sawStatus(status))
    void parts.printer.status().then((status) => this.#sawStatus(status))
  }

  get trouble(): Light {
    return this.#trouble
  }

  /**
   * Cash has changed hands, and the rows that say so are on the disk. In memory only, and once: a pulse that was lost
   * with this core, or that the printer did not take, is not made up for, because a drawer must not open when nobody
   * expects it: the cashier is told, and has a key. Before `nudge`: the drawer does not wait for the receipt of its own
   * sale.
   */
  openDrawer(): void {
    if (this.#stopped) return
    this.forgetDrawer()
    this.#drawerWord += 1
    void this.#pulse(this.#drawerWord)
  }

  async #pulse(word: number): Promise<void> {
    const { kind } = await this.#parts.printer.openDrawer()
    if (kind !== 'failed' || this.#stopped || word !== this.#drawerWord) return
    this.#drawerShutAt = this.#parts.now()
    this.#parts.onDidChange()
  }

  /** When it was known that the drawer stays shut for cash that changed hands; null: nothing of that is to be said. */
  get drawerShutAt(): number | null {
    return this.#drawerShutAt
  }

  /** The cashier has gone on. */
  forgetDrawer(): void {
    if (this.#drawerShutAt === null) return
    this.#drawerShutAt = null
    this.#parts.onDidChange()
  }

  /** Prints what waits, if it is not already doing so. */
  nudge(): void {
    if (this.#stopped || !this.#mayPrint) return
    this.#isNudged = true
    if (!this.#isRunning) void this.#run()
  }

  /** The cashier asks for the paper of this sale or shift: what was left out is tried again. */
  tryAgain(id: string): void {
    for (const [jobId, leftOutOf] of this.#leftOut) {
      if (leftOutOf !== id) continue
      this.#leftOut.delete(jobId)
      this.#uncertainAttempts.delete(jobId)
    }
    this.nudge()
  }

  stop(): void {
    this.#stopped = true
    this.#subscription.dispose()
    if (this.#timer !== undefined) this.#parts.scheduler.clearTimeout(this.#timer)
  }

  /** Until nobody has nudged during the last look: what came in between is not left for the next customer. */
  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#isNudged && !this.#stopped) {
      this.#isNudged = false
      try {
        await this.#printWaiting()
      } catch (error) {
        // A disk that is full now: a receipt waits, the till goes on.
        if (!isStorageFault(error)) throw error
        this.#later()
      }
    }
    this.#isRunning = false
  }

  async #printWaiting(): Promise<void> {
    const { journal } = this.#parts
    for (;;) {
      // A till that never had a printer has as many waiting as it ever sold: only the first are read.
      const first = journal.waitingPrintJobs(this.#leftOut.size + 1)
      const job = first.find(({ jobId }) => !this.#leftOut.has(jobId))
      if (job === undefined || this.#stopped) return
      const result = this.#printedHere.has(job.jobId) ? ({ kind: 'printed' } as const) : await this.#print(job)
      if (this.#stopped) return
      if (result.kind === 'not_made') {
        this.#leftOut.set(job.jobId, subjectOf(job))
        this.#setTrouble({ level: 'limited', code: 'printer_error', detail: result.detail })
        continue
      }
      if (result.kind === 'failed') {
        this.#setTrouble(troubleLight(result.trouble, result.detail))
        if (result.paper === 'uncertain') this.#countAttempt(job)
        return this.#later()
      }
      this.#printedHere.add(job.jobId)
      journal.commit({ kind: 'receipt_printed', jobId: job.jobId })
      this.#printedHere.delete(job.jobId)
      this.#setWell()
    }
  }

  #countAttempt(job: PrintJob): void {
    const { jobId } = job
    const attempts = (this.#uncertainAttempts.get(jobId) ?? 0) + 1
    this.#uncertainAttempts.set(jobId, attempts)
    if (attempts >= uncertainAttemptsMax) this.#leftOut.set(jobId, subjectOf(job))
  }

  async #print(job: PrintJob): Promise<PrintResult | { readonly kind: 'not_made'; readonly detail: string }> {
    const { journal, printer } = this.#parts
    const status = await printer.status()
    if (!status.online || status.trouble !== null) {
      return { kind: 'failed', trouble: status.trouble ?? 'unreachable', paper: 'untouched', detail: '' }
    }
    this.#remember(status)
    // What was started may lie on the counter in full, whatever the printer said of it, or come out once there is
    // paper again: there is one original, and this one says that it is a copy (docs/design/07-printing.md).
    const copy = job.copy || job.started
    const bytes = this.#bytesOf(job, copy)
    if (!(bytes instanceof Uint8Array)) return { kind: 'not_made', detail: bytes.fault }
    if (!job.started) journal.commit({ kind: 'receipt_started', jobId: job.jobId })
    const result = await printer.print(bytes)
    if (result.kind === 'failed' && result.paper === 'untouched' && !copy && !this.#stopped) this.#takeBack(job)
    return result
  }

  /**
   * No byte has left, so that the next attempt is the original. Unless another job of the sale was asked for meanwhile:
   * the sale was voided, both will print the slip that says so, and one of them is a copy.
   */
  #takeBack(job: PrintJob): void {
    const { journal } = this.#parts
    // Each report and each slip of a refund is a paper of its own.
    const isOnly = !('saleId' in job.of) || journal.waitingPrintJobsOf(job.of.saleId).length === 1
    if (isOnly) journal.commit({ kind: 'receipt_untouched', jobId: job.jobId })
  }

  #bytesOf(job: PrintJob, copy: boolean): Uint8Array | { readonly fault: string } {
    try {
      return this.#parts.render(job, copy)
    } catch (error) {
      return { fault: error instanceof Error ? error.message : String(error) }
    }
  }

  #later(): void {
    const { scheduler, retryMs } = this.#parts
    // Its own question makes a printer say that it is well again: that is no reason to go on at once.
    this.#isNudged = false
    if (this.#timer !== undefined || this.#stopped) return
    this.#timer = scheduler.setTimeout(() => {
      this.#timer = undefined
      this.nudge()
    }, retryMs)
  }

  #sawStatus(status: PrinterStatus): void {
    if (this.#stopped) return
    if (status.trouble !== null || !status.online) this.#setTrouble(troubleLight(status.trouble ?? 'unreachable', ''))
    else {
      this.#remember(status)
      this.#setWell()
      this.nudge()
    }
  }

  #remember({ paperNearEnd, mute }: PrinterStatus): void {
    this.#paperNearEnd = paperNearEnd
    this.#isMute = mute === true
  }

  /**
   * The printer tells of changes only: that its paper is nearly out is still so after the next receipt. One that tells
   * nothing is never called well.
   */
  #setWell(): void {
    if (this.#isMute) this.#setTrouble({ level: 'limited', code: 'printer_no_status', detail: '' })
    else if (this.#paperNearEnd) this.#setTrouble({ level: 'limited', code: 'printer_paper_near_end', detail: '' })
    else this.#setTrouble({ level: 'ok', code: 'ok', detail: '' })
  }

  #setTrouble(next: Omit<Light, 'since'>): void {
    if (next.code === this.#trouble.code) return
    this.#trouble = { ...next, since: next.level === 'ok' ? null : this.#parts.now() }
    this.#parts.onDidChange()
  }
}

function subjectOf(job: PrintJob): string {
  if ('saleId' in job.of) return job.of.saleId
  return 'shiftId' in job.of ? job.of.shiftId : job.of.returnId
}

/** A till without a printer still sells: the light says "limited", never "off". */
function troubleLight(trouble: Exclude<PrinterStatus['trouble'], null>, detail: string): Omit<Light, 'since'> {
  const code = {
    unreachable: 'printer_unreachable',
    'paper-out': 'printer_paper_out',
    'cover-open': 'printer_cover_open',
    'cutter-error': 'printer_cutter',
    error: 'printer_error',
    'timed-out': 'printer_silent',
    busy: 'printer_offline',
    'no-access': 'printer_no_access',
    'in-use': 'printer_in_use',
    'not-a-device': 'printer_wrong_device',
  } as const satisfies Readonly<Record<typeof trouble, Light['code']>>
  return { level: 'limited', code: code[trouble], detail }
}
