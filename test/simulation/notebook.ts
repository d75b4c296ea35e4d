/**
 * What a cashier writes down by hand: who left with goods, which vouchers the screen called paid, what went into the
 * drawer and out of it, what came back, and what each Z-report said. Made of what the screen showed and of nothing
 * else, so that the auditor can hold it against the ledger's rows.
 */
import type { Snapshot, TenderView } from '../../src/terminal/contract/index.ts'
import type { ShiftDifference, ShiftReport } from '../../src/voucher/shift-report.ts'

export interface RefundNote {
  readonly saleId: string
  readonly shiftId: string | null
  readonly amount: bigint
  state: 'waiting' | 'done' | 'refused'
  /** A copy of the till came into use since: it may not know of this any more. */
  isDisturbed: boolean
}

export interface SaleNote {
  readonly shiftId: string | null
  /** Every tender by voucher or QR that was on the screen for it. */
  readonly tenders: Set<string>
  /** What the lunches of the basket cost. */
  lunches: bigint
  cashTaken: bigint
  cashGiven: bigint
  isDisturbed: boolean
}

export interface ShiftNote {
  openingFloat: bigint
  into: bigint
  out: bigint
  isDisturbed: boolean
  figures: ShiftReport | undefined
  differences: readonly ShiftDifference[]
}

const paidStates: readonly string[] = [
  'settled',
  'held',
  'pending',
  'awaiting_funds',
  'not_paid',
] satisfies TenderView['state'][]

export class Notebook {
  /** By sale: whether the customer left with the goods. A later entry replaces an earlier one (a void). */
  readonly goods = new Map<string, 'given' | 'kept'>()
  /** By sale, the tenders by voucher or QR that the screen called paid when it was closed. */
  readonly paid = new Map<string, ReadonlyMap<string, bigint>>()
  readonly sales = new Map<string, SaleNote>()
  readonly refunds = new Map<string, RefundNote>()
  readonly shifts = new Map<string, ShiftNote>()
  /** Cash tenders that lie in the drawer. */
  readonly #cash = new Set<string>()
  readonly #returns = new Set<string>()
  /** By sale, the shift in which goods of it were last brought back. */
  readonly #broughtBack = new Map<string, string>()

  /** What the drawer holds by the cashier's own count; undefined when the float of this shift is not known. */
  drawerOf(shiftId: string): bigint | undefined {
    const shift = this.shifts.get(shiftId)
    return shift === undefined ? undefined : shift.openingFloat + shift.into - shift.out
  }

  /** The power may go before the screen shows the return, and another shift may see it first. */
  goodsBroughtBack(saleId: string, shiftId: string | undefined): void {
    if (shiftId !== undefined) this.#broughtBack.set(saleId, shiftId)
  }

  shiftOpened(shiftId: string, openingFloat: bigint): void {
    this.shifts.set(shiftId, {
      openingFloat,
      into: 0n,
      out: 0n,
      isDisturbed: false,
      figures: undefined,
      differences: [],
    })
  }

  /** From here on the till may have forgotten what stands here, or another one may have it as well. */
  disturb(): void {
    for (const note of [...this.sales.values(), ...this.shifts.values(), ...this.refunds.values()])
      note.isDisturbed = true
  }

  /** Of the cashier at the till that this one was copied from. */
  inherit(other: Notebook): void {
    for (const [saleId, goods] of other.goods) this.goods.set(saleId, goods)
    for (const [saleId, note] of other.sales) this.sales.set(saleId, { ...note, isDisturbed: true })
    for (const [refundId, note] of other.refunds) this.refunds.set(refundId, { ...note, isDisturbed: true })
    for (const [shiftId, note] of other.shifts) this.shifts.set(shiftId, { ...note, isDisturbed: true })
    for (const tenderId of other.#cash) this.#cash.add(tenderId)
    for (const returnId of other.#returns) this.#returns.add(returnId)
  }

  look(snapshot: Snapshot): void {
    const shiftId = snapshot.shift.open?.shiftId ?? null
    if (shiftId !== null && !this.shifts.has(shiftId)) this.#openedUnseen(shiftId)
    const { sale } = snapshot
    if (sale !== null) {
      this.#lookAt(sale.saleId, sale.tenders, shiftId)
      const note = this.sales.get(sale.saleId)
      const lunches = sale.lines.filter(({ itemId }) => itemId === 'school-lunch')
      if (note !== undefined) note.lunches = lunches.reduce((sum, { total }) => sum + total, 0n)
    }
    for (const recent of snapshot.recent) {
      this.#lookAt(recent.saleId, recent.tenders, shiftId)
      const { voidable, refundable, wentBack, saleId } = recent
      const isClosed = voidable || refundable || wentBack > 0n
      // What a closed shift's sale came to is not looked at again: goods that come back do not change what was paid.
      if (!isClosed || (!voidable && this.paid.has(saleId))) continue
      const paid = recent.tenders.filter(({ kind, state }) => kind !== 'cash' && paidStates.includes(state))
      this.paid.set(saleId, new Map(paid.map(({ tenderId, amount }) => [tenderId, amount])))
    }
    this.#lookAtReturns(snapshot)
    this.#lookAtReport(snapshot)
  }

  /** The power went before the screen said so: nobody put a float in, or nobody remembers. */
  #openedUnseen(shiftId: string): void {
    this.shiftOpened(shiftId, 0n)
    const note = this.shifts.get(shiftId)
    if (note !== undefined) note.isDisturbed = true
  }

  #lookAt(saleId: string, tenders: readonly TenderView[], shiftId: string | null): void {
    const note = this.sales.get(saleId) ?? {
      shiftId,
      tenders: new Set<string>(),
      lunches: 0n,
      cashTaken: 0n,
      cashGiven: 0n,
      isDisturbed: false,
    }
    this.sales.set(saleId, note)
    const drawer = shiftId === null ? undefined : this.shifts.get(shiftId)
    for (const { tenderId, kind, state, amount } of tenders) {
      if (kind !== 'cash') {
        note.tenders.add(tenderId)
        continue
      }
      const isIn = paidStates.includes(state)
      if (isIn === this.#cash.has(tenderId)) continue
      if (isIn) this.#cash.add(tenderId)
      else this.#cash.delete(tenderId)
      note.cashTaken += isIn ? amount : -amount
      if (drawer === undefined) continue
      if (isIn) drawer.into += amount
      else drawer.out += amount
    }
  }

  #lookAtReturns({ refund }: Snapshot): void {
    if (refund === null) return
    const sale = this.sales.get(refund.saleId)
    const shiftId = this.#broughtBack.get(refund.saleId) ?? null
    const drawer = shiftId === null ? undefined : this.shifts.get(shiftId)
    for (const { returnId, cash, refunds } of refund.returns) {
      const isNew = !this.#returns.has(returnId)
      this.#returns.add(returnId)
      if (isNew && sale !== undefined) sale.cashGiven += cash
      if (isNew && drawer !== undefined) drawer.out += cash
      for (const { refundId, amount, state: shown } of refunds) {
        const state = shown === 'parked' ? 'waiting' : shown
        const known = this.refunds.get(refundId)
        if (known === undefined)
          this.refunds.set(refundId, { saleId: refund.saleId, shiftId, amount, state, isDisturbed: false })
        else known.state = state
      }
    }
  }

  #lookAtReport({ shift: { report } }: Snapshot): void {
    if (report === null || report.closedAt === null) return
    const note = this.shifts.get(report.figures.shiftId)
    if (note === undefined) return
    note.figures = report.figures
    note.differences = report.differences
  }
}
