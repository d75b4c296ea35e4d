/**
 * Method: a till over a journal in memory is worked at random (cash, cards accepted offline, payments in doubt, voids,
 * answers of the ledger, shifts that open and close), and a book is kept beside it of what was done; it reads neither
 * journal nor till. After every step X must be what the book says; every Z must stay as it was, and what the book says
 * has changed since a closing must be the differences, each with a row that names its sale or tender.
 */
import { describe, expect, it } from 'vitest'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { saleTotal } from '../../../src/voucher/sale.ts'
import { testPin } from '../../fixtures/open-shift.ts'
import { settlePromises } from '../../unit/drivers/fake-scheduler.ts'
import { approvedOffline, evidenceOf, intentOf, itemOf, saleFrozen, saleOf, Seeded } from '../../unit/sync/world.ts'
import { tillBench } from '../../unit/terminal/till-bench.ts'

const seed = process.env['SEED'] ?? process.env['TOLEM_SEED'] ?? '20261126'
const runs = 12
const steps = 45

interface Booked {
  readonly saleId: string
  readonly tenderId: string | null
  readonly shift: number
  readonly amount: bigint
  sale: 'open' | 'closed' | 'cancelled'
  wasClosed: boolean
  /** Null for cash. */
  tender: string | null
}

/** What was done, as a bookkeeper would note it. */
class Book {
  readonly sales: Booked[] = []
  shift = 1
  float = 0n
  atClose = new Map<number, { readonly sales: readonly Booked[]; readonly figures: unknown }>()

  of(shift: number): readonly Booked[] {
    return this.sales.filter((sale) => sale.shift === shift)
  }

  figures(): object {
    const all = this.of(this.shift)
    const sum = (some: readonly Booked[]) => ({
      count: some.length,
      amount: some.reduce((total, { amount }) => total + amount, 0n),
    })
    const completed = all.filter(({ sale }) => sale === 'closed')
    const cash = all.filter(({ tender }) => tender === null)
    const returned = sum(cash.filter(({ sale }) => sale === 'cancelled')).amount
    const lines = (['settled', 'pending', 'not_paid'] as const).map((state) => ({
      state,
      ...sum(completed.filter(({ tender }) => tender === state)),
    }))
    const unfinished = all.filter(({ tender }) => tender === 'unknown' || tender === 'reversing')
    return {
      sales: sum(completed),
      voids: sum(all.filter(({ sale, wasClosed }) => sale === 'cancelled' && wasClosed)),
      cancelled: sum(all.filter(({ sale, wasClosed }) => sale === 'cancelled' && !wasClosed)),
      reversing: sum(all.filter(({ sale, tender }) => sale === 'cancelled' && tender === 'reversing')),
      open: sum(all.filter(({ sale }) => sale === 'open')),
      vouchers: lines.filter(({ count }) => count > 0),
      cash: sum(cash.filter(({ sale }) => sale === 'closed')),
      unfinished: unfinished.map(({ tenderId }) => tenderId).toSorted(),
      taken: sum(cash).amount,
      returned,
      expected: this.float + sum(cash).amount - returned,
    }
  }

  /** `id was is`, sorted. */
  changedSince(shift: number): readonly string[] {
    const then = new Map(this.atClose.get(shift)?.sales.map((sale) => [sale.saleId, sale]))
    return this.of(shift)
      .flatMap((now) => {
        const was = then.get(now.saleId)
        return [
          ...(was?.sale === now.sale ? [] : [`${now.saleId} ${was?.sale} ${now.sale}`]),
          ...(was?.tender === now.tender ? [] : [`${now.tenderId} ${was?.tender} ${now.tender}`]),
        ]
      })
      .toSorted()
  }
}

const idOf = (one: Report['differences'][number]): string =>
  one.kind === 'refund' ? one.refundId : one.kind === 'sale' ? one.saleId : one.tenderId

type Bench = ReturnType<typeof tillBench>
type Report = NonNullable<ReturnType<Bench['till']['snapshot']>['shift']['report']>

/** The till's report in the book's words. */
function inTheBooksWords({ figures }: Report): object {
  const { sales, voids, cancelled, reversing, open, tenders, unfinished, drawer } = figures
  const nothing = { count: 0, amount: 0n }
  const vouchers = tenders.filter(({ schemeId }) => schemeId !== null)
  const order = ['settled', 'pending', 'not_paid']
  const cash = tenders.filter(({ schemeId }) => schemeId === null).map(({ count, amount }) => ({ count, amount }))
  return {
    ...{ sales, voids, cancelled, reversing, open },
    vouchers: vouchers
      .map(({ state, count, amount }) => ({ state, count, amount }))
      .toSorted((one, other) => order.indexOf(one.state) - order.indexOf(other.state)),
    cash: cash[0] ?? nothing,
    unfinished: unfinished.map(({ tenderId }) => tenderId).toSorted(),
    taken: drawer.taken,
    returned: drawer.returned,
    expected: drawer.expected,
  }
}

class Day {
  readonly book = new Book()
  readonly #bench: Bench
  readonly #chance: Seeded

  constructor(name: string) {
    this.#chance = new Seeded(`${name} chance`)
    this.#bench = tillBench(name)
    this.#bench.start()
  }

  does(command: Command): void {
    expect([command.command, this.#bench.till.command(command)]).toEqual([command.command, { ok: true }])
  }

  step(): void {
    const { book } = this
    const steps: readonly (() => void)[] = [
      () => this.#cash(),
      () => this.#offline(),
      () => this.#doubt(),
      () => this.#voids(),
      () => this.#answer('pending', this.#chance.pick(['settled', 'not_paid'])),
      () => this.#answer('unknown', 'settled'),
      () => this.#answer('reversing', 'reversed'),
      () => this.#givesUp(),
      ...(this.#chance.int(3) === 0 ? [() => this.#nextShift()] : []),
    ]
    this.#chance.pick(steps)()
    for (const sale of book.sales) {
      if (sale.sale === 'open' && sale.tender === 'settled') Object.assign(sale, { sale: 'closed', wasClosed: true })
      if (sale.sale === 'open' && sale.tender === 'reversed') sale.sale = 'cancelled'
    }
  }

  check(): void {
    const { till, journal } = this.#bench
    this.does({ command: 'x_report' })
    expect(inTheBooksWords(till.snapshot().shift.report!)).toEqual(this.book.figures())
    for (const closed of till.snapshot().shift.closed) {
      this.does({ command: 'z_report', shiftId: closed.shiftId })
      const report = till.snapshot().shift.report!
      expect(report.figures).toEqual(this.book.atClose.get(closed.number)?.figures)
      const named = report.differences.map((one) => [idOf(one), one] as const)
      const said = named.map(([id, one]) => `${id} ${one.was} ${one.is}`)
      expect(said.toSorted()).toEqual(this.book.changedSince(closed.number))
      for (const [id, { row }] of named) expect(toJson(journal.rowAt(row).row)).toContain(id)
    }
    this.does({ command: 'put_report_away' })
  }

  stop(): void {
    const before = this.#bench.journal.dumpProjection()
    this.#bench.journal.rebuildProjection()
    expect(this.#bench.journal.dumpProjection()).toEqual(before)
    this.#bench.till.stop()
  }

  #booked(saleId: string, tenderId: string | null, amount: bigint, tender: string | null): Booked {
    const wasClosed = tender !== 'unknown'
    return { saleId, tenderId, shift: this.book.shift, amount, sale: wasClosed ? 'closed' : 'open', wasClosed, tender }
  }

  #cash(): void {
    this.does({ command: 'add_item', itemId: 'bread' })
    this.does({ command: 'pay_cash' })
    const { saleId } = this.#bench.till.snapshot().recent[0]!
    this.does({ command: 'next_customer' })
    this.book.sales.push(this.#booked(saleId, null, 20_000n, null))
  }

  #offline(): void {
    const { journal, seeded } = this.#bench
    const sale = saleOf(seeded)
    const intent = intentOf(seeded, sale, 'offline')
    journal.commit(saleFrozen(sale), intent)
    journal.commit(approvedOffline(intent), { kind: 'sale_closed', saleId: sale.saleId })
    this.book.sales.push(this.#booked(sale.saleId, intent.terms.tenderId, saleTotal(sale), 'pending'))
  }

  #doubt(): void {
    const { journal, seeded } = this.#bench
    const sale = saleOf(seeded)
    const intent = intentOf(seeded, sale, 'online')
    const { tenderId } = intent.terms
    journal.commit(saleFrozen(sale), intent)
    journal.commit({ kind: 'tender_unknown', tenderId, evidence: evidenceOf(intent) })
    this.book.sales.push(this.#booked(sale.saleId, tenderId, saleTotal(sale), 'unknown'))
  }

  #voids(): void {
    const sale = this.#one((one) => one.sale === 'closed' && one.shift === this.book.shift)
    if (sale === undefined) return
    this.does({ command: 'void_sale', saleId: sale.saleId })
    sale.sale = 'cancelled'
    if (sale.tender !== null) sale.tender = 'reversing'
  }

  #givesUp(): void {
    const sale = this.#one(({ tender }) => tender === 'unknown')
    if (sale === undefined || sale.tenderId === null) return
    this.does({ command: 'cancel_unknown', tenderId: sale.tenderId })
    sale.tender = 'reversing'
  }

  #answer(from: string, to: 'settled' | 'not_paid' | 'reversed'): void {
    const sale = this.#one(({ tender }) => tender === from)
    if (sale === undefined || sale.tenderId === null) return
    const itemId = to === 'reversed' ? `reversal:${sale.tenderId}` : sale.tenderId
    this.#bench.journal.commit({ kind: 'item_answered', item: itemOf(itemId, to), by: 'batch' })
    sale.tender = to
  }

  #nextShift(): void {
    const { book } = this
    const { till } = this.#bench
    const figures = book.figures()
    this.does({ command: 'close_shift', counted: tiyn(this.#chance.int(1_000_000)) })
    const report = till.snapshot().shift.report!
    expect(inTheBooksWords(report)).toEqual(figures)
    book.atClose.set(book.shift, { sales: book.of(book.shift).map((sale) => ({ ...sale })), figures: report.figures })
    book.shift += 1
    book.float = BigInt(this.#chance.int(1_000_000))
    this.does({ command: 'open_shift', cashier: 1, pin: testPin, openingFloat: tiyn(book.float) })
  }

  #one(fits: (sale: Booked) => boolean): Booked | undefined {
    const fitting = this.book.sales.filter(fits)
    return fitting.length === 0 ? undefined : this.#chance.pick(fitting)
  }
}

describe(`the figures of shifts, SEED=${seed}`, () => {
  it.each(Array.from({ length: runs }, (_, run) => run))(
    'day %i agrees with its book after every step',
    async (run) => {
      const day = new Day(`${seed} ${run}`)
      for (let step = 0; step < steps; step += 1) {
        day.step()
        await settlePromises()
        day.check()
      }
      expect(day.book.sales.length).toBeGreaterThan(5)
      day.stop()
    },
  )
})
