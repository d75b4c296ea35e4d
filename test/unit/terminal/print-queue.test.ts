/** The print queue on a real journal: whatever the printer, the disk or a receipt does, the till goes on. */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { PrintResult } from '../../../src/drivers/ports.ts'
import type { PrintJob } from '../../../src/sync/journal/journal.ts'
import { PrintQueue } from '../../../src/terminal/core/print-queue.ts'
import { FakeScheduler } from '../drivers/fake-scheduler.ts'
import { journalInMemory, noon, saleFrozen, saleOf, Seeded } from '../sync/world.ts'

function bench(of: { render?: (job: PrintJob) => Uint8Array; print?: () => PrintResult } = {}) {
  const database = new Database(':memory:')
  const journal = journalInMemory({ database })
  const seeded = new Seeded('print queue')
  const scheduler = new FakeScheduler()
  const printed: string[] = []
  const ready = { online: true, trouble: null, paperNearEnd: false } as const
  const queue = new PrintQueue({
    journal,
    printer: {
      onDidChangeStatus: () => ({ dispose: () => undefined }),
      status: async () => ready,
      print: async (job) => {
        const result = of.print?.() ?? { kind: 'printed' as const }
        if (result.kind === 'printed') printed.push(Buffer.from(job).toString())
        return result
      },
      dispose: () => undefined,
    },
    scheduler,
    render: (job, copy) => of.render?.(job) ?? Buffer.from(`${job.saleId}${copy ? ' copy' : ''}`),
    now: () => noon,
    onDidChange: () => undefined,
    retryMs: 3_000,
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
  return { journal, scheduler, queue, printed, request, fillDisk, emptyDisk }
}

describe('the print queue', () => {
  it('leaves a receipt that cannot be made, and prints the next', async () => {
    const doomed: string[] = []
    const made = bench({
      render: ({ saleId }) => {
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
    expect(made.journal.waitingPrintJobs()).toMatchObject([{ started: false }])
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
    const of: { print?: () => PrintResult } = {}
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
})
