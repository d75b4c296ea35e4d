/**
 * When the drawer is pulsed: after the commit that says that cash changed hands, once, and never to make up for a pulse
 * that a stop swallowed; and that a drawer which stays shut is told. Method: sales and returns on a real journal in
 * memory; the printer counts.
 */
import Database from 'better-sqlite3'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { IntlProvider } from 'react-intl'
import { describe, expect, it } from 'vitest'
import type { DrawerResult, PrinterPort, PrinterStatus } from '../../../src/drivers/ports.ts'
import type { Journal } from '../../../src/sync/journal/journal.ts'
import { standingOf } from '../../../src/terminal/core/basket.ts'
import { JournalSales } from '../../../src/terminal/core/journal-sales.ts'
import { PrintQueue } from '../../../src/terminal/core/print-queue.ts'
import { RefundDesk } from '../../../src/terminal/core/refund-desk.ts'
import { flatTexts } from '../../../src/terminal/ui/texts/index.ts'
import { NoticeBar } from '../../../src/terminal/ui/till/window-notices.tsx'
import { zeroTiyn } from '../../../src/voucher/money.ts'
import { FakeScheduler } from '../drivers/fake-scheduler.ts'
import { journalInMemory, noon, saleOf, Seeded } from '../sync/world.ts'

const seeded = new Seeded('cash drawer')
const ready: PrinterStatus = { online: true, trouble: null, paperNearEnd: false }

/** One life of a till: what it does to the journal on `database`, and to the drawer. */
function life(
  database: Database.Database,
  around: (journal: Journal) => Journal = (journal) => journal,
  opens: () => Promise<DrawerResult> = async () => ({ kind: 'failed', trouble: 'unreachable', detail: 'off' }),
) {
  const journal = journalInMemory({ database })
  const done: string[] = []
  journal.onDidCommit(() => void done.push('commit'))
  const printer: PrinterPort = {
    onDidChangeStatus: () => ({ dispose: () => undefined }),
    status: async () => ready,
    print: async () => {
      done.push('print')
      return { kind: 'printed' }
    },
    openDrawer: async () => {
      done.push('pulse')
      return opens()
    },
    dispose: () => undefined,
  }
  const scheduler = new FakeScheduler()
  const told: (number | null)[] = []
  const printQueue: PrintQueue = new PrintQueue({
    journal,
    printer,
    scheduler,
    render: () => new Uint8Array(10),
    now: () => noon + scheduler.now(),
    onDidChange: () => void told.push(printQueue.drawerShutAt),
    retryMs: 3_000,
  })
  const engine = { syncNow: () => Promise.resolve(), connectivity: { kind: 'reached' } as never }
  const parts = {
    journal: around(journal),
    randomness: seeded,
    engine,
    printQueue,
    schemeName: () => ({ kk: '', ru: '', en: '' }),
    givenUp: (tenderId: string) => ({ kind: 'tender_voided', tenderId, reason: 'cancelled' }) as const,
  }
  const sales = new JournalSales(parts)
  return {
    sales,
    desk: new RefundDesk(parts),
    scheduler,
    printQueue,
    pulses: () => done.filter((what) => what === 'pulse').length,
    done,
    told,
    takesCash: () => {
      const sale = saleOf(seeded)
      sales.payCash(standingOf(journal, sale))
      return sale
    },
  }
}

it('opens after the commit, before the receipt, once for one sale', async () => {
  const { takesCash, scheduler, done, pulses } = life(new Database(':memory:'))
  takesCash()
  expect(done.slice(0, 2)).toEqual(['commit', 'pulse'])
  await scheduler.advance(20_000)
  expect(done).toContain('print')
  expect(pulses()).toBe(1)
})

it('opens when cash goes back: once for a void, once for a return, never for a copy', async () => {
  const { sales, desk, takesCash, pulses } = life(new Database(':memory:'))
  const [voided, returned] = [takesCash(), takesCash()]
  expect(pulses()).toBe(2)
  sales.takeBack(voided.saleId)
  expect(pulses()).toBe(3)
  const [line] = returned.lines
  const all = [{ line: line?.line ?? 0, amount: line?.unitPrice ?? zeroTiyn }]
  expect(desk.refund(returned.saleId, all, 'goods_returned')).toBe(undefined)
  expect(pulses()).toBe(4)
  sales.requestCopy(returned.saleId)
  expect(pulses()).toBe(4)
})

it('a stop between the commit and the pulse: the sale is closed, and the next life opens nothing', async () => {
  const database = new Database(':memory:')
  const stopped = new Error('the core was killed')
  const first = life(
    database,
    (journal) =>
      new Proxy(journal, {
        get: (target, name) => {
          const value = Reflect.get(target, name) as unknown
          if (typeof value !== 'function') return value
          return (...given: readonly unknown[]) => {
            const result = Reflect.apply(value, target, given) as unknown
            if (name === 'commit') throw stopped
            return result
          }
        },
      }),
  )
  expect(() => first.takesCash()).toThrow(stopped)
  first.printQueue.stop()
  expect(first.pulses()).toBe(0)

  const second = life(database)
  second.printQueue.nudge()
  await second.scheduler.advance(60_000)
  expect(second.done).toContain('print')
  expect(second.pulses()).toBe(0)
})

it('a stop after the pulse, or a printer that did not take it: the next life opens nothing', async () => {
  const database = new Database(':memory:')
  const first = life(database)
  first.takesCash()
  await first.scheduler.advance(1_000)
  expect(first.pulses()).toBe(1)
  first.printQueue.stop()
  const second = life(database)
  second.printQueue.nudge()
  await second.scheduler.advance(60_000)
  expect(second.pulses()).toBe(0)
})

describe('a drawer that stays shut', () => {
  const failed: DrawerResult = { kind: 'failed', trouble: 'busy', detail: 'too late' }
  const till = (opens: () => Promise<DrawerResult>) => life(new Database(':memory:'), undefined, opens)

  it('is told when that is known, until the cashier goes on', async () => {
    const late = Promise.withResolvers<DrawerResult>()
    const { takesCash, scheduler, printQueue, told } = till(() => late.promise)
    takesCash()
    await scheduler.advance(5_000)
    expect(printQueue.drawerShutAt).toBe(null)
    late.resolve(failed)
    await scheduler.advance(1)
    expect(printQueue.drawerShutAt).toBe(noon + 5_000)
    expect(told).toContain(noon + 5_000)
    printQueue.forgetDrawer()
    expect([printQueue.drawerShutAt, told.at(-1)]).toEqual([null, null])
  })

  it.each(['opened', 'none'] as const)('is not told of when it was %s', async (kind) => {
    const { takesCash, scheduler, printQueue, told } = till(async () => ({ kind }))
    takesCash()
    await scheduler.advance(60_000)
    expect(printQueue.drawerShutAt).toBe(null)
    expect(told.filter((at) => at !== null)).toEqual([])
  })

  it('of the sale before is not told when a newer word has opened it', async () => {
    const first = Promise.withResolvers<DrawerResult>()
    const results = [first.promise, Promise.resolve<DrawerResult>({ kind: 'opened' })]
    const { takesCash, scheduler, printQueue } = till(() => results.shift() ?? Promise.resolve(failed))
    takesCash()
    await scheduler.advance(4_000)
    takesCash()
    await scheduler.advance(1_000)
    first.resolve(failed)
    await scheduler.advance(60_000)
    expect(printQueue.drawerShutAt).toBe(null)
    takesCash()
    await scheduler.advance(1)
    expect(printQueue.drawerShutAt).not.toBe(null)
  })

  it('is told in three languages, with the key as the way out', () => {
    const shut = (language: 'kk' | 'ru' | 'en') => {
      const bar = createElement(NoticeBar, { notice: { kind: 'drawer_shut' }, onClose: () => undefined })
      return renderToString(createElement(IntlProvider, { locale: language, messages: flatTexts(language) }, bar))
    }
    expect(shut('kk')).toContain('кілтімен ашыңыз')
    expect(shut('ru')).toContain('Откройте его ключом')
    expect(shut('en')).toContain('Open it with its key')
  })
})
