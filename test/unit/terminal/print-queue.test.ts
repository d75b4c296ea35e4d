/** The print queue on a real journal: whatever the printer, the disk or a receipt does, the till goes on. */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { EventSource } from '../../../src/drivers/event-source.ts'
import type { PrinterStatus, PrintResult } from '../../../src/drivers/ports.ts'
import type { Journal, PrintJob } from '../../../src/sync/journal/journal.ts'
import { JournalSales } from '../../../src/terminal/core/journal-sales.ts'
import { PrintQueue } from '../../../src/terminal/core/print-queue.ts'
import { FakeScheduler } from '../drivers/fake-scheduler.ts'
import { journalInMemory, noon, saleFrozen, saleOf, Seeded } from '../sync/world.ts'

const ready: PrinterStatus = { online: true, trouble: null, paperNearEnd: false }

const saleOfJob = ({ of }: PrintJob): string => ('saleId' in of ? of.saleId : '')

/** What a printer does to a job: how much of it comes onto the paper, and what the driver says of it. */
type Printing = () => PrintResult & { readonly cameOut?: boolean }

interface Bench {
  readonly render?: (job: PrintJob) => Uint8Array
  readonly print?: Printing
  readonly status?: () => PrinterStatus
  readonly after?: Promise<void>
}

function bench(of: Bench = {}) {
  const database = new Database(':memory:')
  const journal = journalInMemory({ database })
  const seeded = new Seeded('print queue')
  const scheduler = new FakeScheduler()
  const printed: string[] = []
  const status = new EventSource<PrinterStatus>()
  const queue = new PrintQueue({
    journal,
    printer: {
      onDidChangeStatus: status.event,
      status: async () => of.status?.() ?? ready,
      openDrawer: async () => ({ kind: 'opened' }),
      print: async (job) => {
        const { cameOut, ...result } = of.print?.() ?? { kind: 'printed' as const, cameOut: true }
        if (cameOut ?? result.kind === 'printed') printed.push(Buffer.from(job).toString())
        return result
      },
      dispose: () => undefined,
    },
    scheduler,
    render: (job, copy) => of.render?.(job) ?? Buffer.from(`${saleOfJob(job)}${copy ? ' copy' : ''}`),
    now: () => noon,
    onDidChange: () => undefined,
    retryMs: 3_000,
    after: of.after,
  })
  const request = (): string => {
    const sale = saleOf(seeded)
    const { saleId } = sale
    const jobId = seeded.uuid()
    journal.commit(saleFrozen(sale), { kind: 'receipt_requested', jobId, saleId, copy: false, language: 'kk' })
    return saleId
  }
  const fillDisk = () => {
    database.pragma(`max_page_count = ${database.pragma('page_count', { simple: true }) as number}`)
    expect(() => {
      for (;;) journal.commit({ kind: 'rollback_detected', by: 'ledger', seen: null })
    }).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }))
  }
  const emptyDisk = () => database.pragma('max_page_count = 1000000')
  return {
    journal,
    scheduler,
    queue,
    printed,
    request,
    fillDisk,
    emptyDisk,
    tellStatus: (now: PrinterStatus) => status.fire(now),
  }
}

const salesOf = (journal: Journal): JournalSales =>
  new JournalSales({
    journal,
    engine: { syncNow: async () => undefined },
    randomness: new Seeded('voids'),
    printQueue: { nudge: () => undefined, openDrawer: () => undefined },
    givenUp: (tenderId, reason) => ({ kind: 'tender_voided', tenderId, reason }),
  })

describe('the print queue', () => {
  it('leaves a receipt that cannot be made, and prints the next', async () => {
    const doomed: string[] = []
    const made = bench({
      render: (job) => {
        const saleId = saleOfJob(job)
        if (doomed.includes(saleId)) throw new RangeError('does not fit the paper')
        return Buffer.from(saleId)
      },
    })
    doomed.push(made.request())
    const next = made.request()
    made.queue.nudge()
    await made.scheduler.advance(10_000)
    expect(made.printed).toEqual([next])
    // Not shown as printed: it waits for a till that can make it.
    expect(made.journal.receiptState(doomed[0]!)).toBe('waiting')
    expect(made.journal.waitingPrintJobs(10)).toMatchObject([{ started: false }])
    const [saleId = ''] = doomed.splice(0)
    made.queue.tryAgain(next)
    await made.scheduler.advance(10_000)
    expect(made.printed).toEqual([next])
    made.queue.tryAgain(saleId)
    await made.scheduler.advance(10_000)
    expect(made.printed).toEqual([next, saleId])
  })

  it('prints nothing before it may, whatever the printer says', async () => {
    const { promise: after, resolve } = Promise.withResolvers<void>()
    const { request, queue, scheduler, printed, tellStatus } = bench({ after })
    const saleId = request()
    queue.nudge()
    tellStatus(ready)
    await scheduler.advance(10_000)
    expect(printed).toEqual([])
    resolve()
    await scheduler.advance(10_000)
    expect(printed).toEqual([saleId])
  })

  it('waits for a disk that is full, and prints then', async () => {
    const { request, queue, scheduler, printed, fillDisk, emptyDisk, journal } = bench()
    const saleId = request()
    fillDisk()
    queue.nudge()
    await scheduler.advance(10_000)
    expect(printed).toEqual([])
    emptyDisk()
    await scheduler.advance(3_000)
    expect(printed).toEqual([saleId])
    expect(journal.receiptState(saleId)).toBe('printed')
  })

  it('does not print again what a disk that filled up meanwhile could not record', async () => {
    const of: { print?: Printing } = {}
    const { request, queue, scheduler, printed, fillDisk, emptyDisk, journal } = bench(of)
    of.print = () => {
      fillDisk()
      return { kind: 'printed' }
    }
    const saleId = request()
    queue.nudge()
    await scheduler.advance(10_000)
    expect(printed).toEqual([saleId])
    expect(journal.receiptState(saleId)).toBe('waiting')
    emptyDisk()
    await scheduler.advance(3_000)
    expect(printed).toEqual([saleId])
    expect(journal.receiptState(saleId)).toBe('printed')
  })

  it.each([
    ['nothing came out', false],
    ['all of it came out', true],
  ])('prints a copy after an attempt of which bytes had left, though %s', async (_, cameOut) => {
    const attempts: Printing[] = [
      () => ({ kind: 'failed', trouble: 'paper-out', paper: 'uncertain', detail: '', cameOut }),
      () => ({ kind: 'failed', trouble: 'cover-open', paper: 'untouched', detail: '' }),
    ]
    const { request, queue, scheduler, printed, journal } = bench({
      print: () => attempts.shift()?.() ?? { kind: 'printed' },
    })
    const saleId = request()
    queue.nudge()
    await scheduler.advance(20_000)
    expect(printed).toEqual([...(cameOut ? [saleId] : []), `${saleId} copy`])
    expect(journal.receiptState(saleId)).toBe('printed')
  })

  it('leaves out a receipt that broke off three times, prints the next, and tries again when asked', async () => {
    let isBroken = true
    const attempts: string[] = []
    const broken = bench({
      render: (job) => Buffer.from(saleOfJob(job)),
      print: () =>
        isBroken && attempts.push('bytes left') <= 4
          ? { kind: 'failed', trouble: 'unreachable', paper: 'uncertain', detail: '' }
          : { kind: 'printed' },
    })
    const saleId = broken.request()
    broken.queue.nudge()
    await broken.scheduler.advance(3_600_000)
    expect(attempts).toHaveLength(3)
    expect(broken.journal.receiptState(saleId)).toBe('waiting')
    isBroken = false
    const next = broken.request()
    broken.queue.nudge()
    await broken.scheduler.advance(10_000)
    expect(broken.printed).toEqual([next])
    broken.queue.tryAgain(saleId)
    await broken.scheduler.advance(10_000)
    expect(broken.printed).toEqual([next, saleId])
  })

  it('prints the original after an attempt of which no byte had left, also in another life of the core', async () => {
    const attempts: Printing[] = [
      () => ({ kind: 'failed', trouble: 'cover-open', paper: 'untouched', detail: '' }),
      () => ({ kind: 'failed', trouble: 'unreachable', paper: 'untouched', detail: '' }),
    ]
    const { request, queue, scheduler, printed, journal } = bench({
      print: () => attempts.shift()?.() ?? { kind: 'printed' },
    })
    const saleId = request()
    queue.nudge()
    await scheduler.advance(100)
    // What the next life would read: as if never started.
    expect(journal.waitingPrintJobs(10)).toMatchObject([{ of: { saleId }, started: false }])
    await scheduler.advance(20_000)
    expect(printed).toEqual([saleId])
  })

  it('makes one void slip of a receipt that was never begun and a void', async () => {
    let isThere = false
    const { request, printed, queue, scheduler, journal } = bench({
      status: () => (isThere ? ready : { ...ready, online: false, trouble: 'unreachable' }),
    })
    const saleId = request()
    queue.nudge()
    await scheduler.advance(100)
    salesOf(journal).takeBack(saleId)
    isThere = true
    await scheduler.advance(20_000)
    expect(printed).toEqual([saleId])
    expect(journal.sale(saleId)?.state).toBe('cancelled')
  })

  it('makes a copy of what was begun before a void, and the slip of the void the original', async () => {
    const made: { journal?: Journal; saleId?: string } = {}
    const attempts: Printing[] = [
      () => {
        // The cashier voids while the printer is being asked.
        salesOf(made.journal!).takeBack(made.saleId!)
        return { kind: 'failed', trouble: 'cover-open', paper: 'untouched', detail: '' }
      },
    ]
    const { request, printed, queue, scheduler, journal } = bench({
      print: () => attempts.shift()?.() ?? { kind: 'printed' },
    })
    made.journal = journal
    const saleId = (made.saleId = request())
    queue.nudge()
    await scheduler.advance(20_000)
    expect(printed).toEqual([`${saleId} copy`, saleId])
  })

  it('keeps saying that the paper is nearly out', async () => {
    const { request, queue, scheduler, tellStatus } = bench({ status: () => ({ ...ready, paperNearEnd: true }) })
    tellStatus({ ...ready, paperNearEnd: true })
    request()
    queue.nudge()
    await scheduler.advance(1_000)
    expect(queue.trouble).toMatchObject({ level: 'limited', code: 'printer_paper_near_end' })
  })

  it('takes what a mute printer was handed as printed, once, and never calls that printer well', async () => {
    const mute = { ...ready, mute: true as const }
    const { request, queue, scheduler, printed, journal, tellStatus } = bench({
      status: () => mute,
      print: () => ({ kind: 'handed-over', cameOut: true }),
    })
    tellStatus(mute)
    const saleId = request()
    queue.nudge()
    await scheduler.advance(20_000)
    expect(printed).toEqual([saleId])
    expect(journal.receiptsWaiting()).toBe(0)
    expect(queue.trouble).toMatchObject({ level: 'limited', code: 'printer_no_status' })
  })

  it.each([
    ['cutter-error', 'printer_cutter'],
    ['busy', 'printer_offline'],
    ['no-access', 'printer_no_access'],
    ['in-use', 'printer_in_use'],
    ['not-a-device', 'printer_wrong_device'],
    ['timed-out', 'printer_silent'],
    ['error', 'printer_error'],
  ] as const)('shows %s as %s, and goes on when the printer is well again', async (trouble, code) => {
    const { request, queue, scheduler, printed, tellStatus } = bench()
    tellStatus({ online: false, trouble, paperNearEnd: false })
    expect(queue.trouble).toMatchObject({ level: 'limited', code })
    request()
    tellStatus(ready)
    await scheduler.advance(1_000)
    expect(queue.trouble.code).toBe('ok')
    expect(printed).toHaveLength(1)
  })

  it('reads what waits by an index, however much was printed before', () => {
    const database = new Database(':memory:')
    journalInMemory({ database })
    for (const sql of [
      `SELECT * FROM print_job WHERE state <> 'printed' ORDER BY sequence LIMIT 1`,
      `SELECT count(*) FROM print_job WHERE state <> 'printed'`,
    ]) {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]
      expect(plan.map(({ detail }) => detail).join()).toMatch(/USING (COVERING )?INDEX print_job_to_print/)
    }
  })
})
