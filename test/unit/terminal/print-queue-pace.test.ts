/** A printer that is well when asked and fails each job is tried at the queue's pace, whatever it says of itself. */
import { expect, it } from 'vitest'
import { EventSource } from '../../../src/drivers/event-source.ts'
import type { PrinterStatus, PrintResult } from '../../../src/drivers/ports.ts'
import { PrintQueue } from '../../../src/terminal/core/print-queue.ts'
import { FakeScheduler } from '../drivers/fake-scheduler.ts'
import { journalInMemory, noon, saleFrozen, saleOf, Seeded } from '../sync/world.ts'

const retryMs = 3_000
/** More would be a loop without a pause. */
const attemptsMax = 50

it.each(['untouched', 'uncertain'] as const)('waits between two attempts when a failed one was %s', async (paper) => {
  const journal = journalInMemory()
  const seeded = new Seeded('pace')
  const scheduler = new FakeScheduler()
  const changed = new EventSource<PrinterStatus>()
  let last = ''
  let attempts = 0
  // As the TCP printer does: every change of what it knows is told before the answer.
  const learn = (status: PrinterStatus): PrinterStatus => {
    if (JSON.stringify(status) !== last) {
      last = JSON.stringify(status)
      changed.fire(status)
    }
    return status
  }
  const queue: PrintQueue = new PrintQueue({
    journal,
    printer: {
      onDidChangeStatus: changed.event,
      status: async () => learn({ online: true, trouble: null, paperNearEnd: false }),
      openDrawer: async () => ({ kind: 'opened' }),
      print: async (): Promise<PrintResult> => {
        attempts += 1
        if (attempts >= attemptsMax) queue.stop()
        learn({ online: false, trouble: 'unreachable', paperNearEnd: false })
        return { kind: 'failed', trouble: 'unreachable', paper, detail: '' }
      },
      dispose: () => undefined,
    },
    scheduler,
    render: () => new Uint8Array(1),
    now: () => noon,
    onDidChange: () => undefined,
    retryMs,
  })
  const sale = saleOf(seeded)
  const job = { jobId: seeded.uuid(), saleId: sale.saleId, copy: false, language: 'kk' } as const
  journal.commit(saleFrozen(sale), { kind: 'receipt_requested', ...job })
  queue.nudge()
  await scheduler.advance(2 * retryMs + 100)
  expect(attempts).toBe(3)
})
