/**
 * A cashier made of chance: looks at the screen, does one thing, looks again. Makes the mistakes that people make
 * (pulls cards too early, cancels, serves the next customer meanwhile, puts a torn sale aside) and keeps a notebook of
 * the goods that were given, which the auditor later compares with the ledger. Knows nothing but the screen.
 */
import type { GoodsQuestion, Snapshot, TenderView } from '../../src/terminal/contract/index.ts'
import type { Command } from '../../src/terminal/contract/commands.ts'
import { tiyn } from '../../src/voucher/money.ts'
import { testPin } from '../fixtures/open-shift.ts'
import { Notebook } from './notebook.ts'
import { atPad } from './pin-pad.ts'
import type { SeededRandom } from './random.ts'

/** What the cashier can touch: the screen and the reader. */
export interface Station {
  /** Undefined while the till is down. */
  readonly snapshot: Snapshot | undefined
  command(command: Command): boolean
  layCard(card: string): void
  pullCard(): void
  readonly cardOnReader: string | null
}

const items = ['school-lunch', 'juice', 'bread', 'milk'] as const

export class Cashier {
  readonly notebook = new Notebook()
  /** How long it takes on average until the next customer comes: nothing in a rush. */
  customerEveryMs = 0
  readonly #station: Station
  readonly #random: SeededRandom
  readonly #asideRandom: SeededRandom
  readonly #goodsRandom: SeededRandom
  readonly #cards: readonly string[]
  readonly #note: (what: string) => void
  readonly #showsQr: (text: string) => void
  readonly #pinRandom: SeededRandom
  readonly #restRandom: SeededRandom
  readonly #pinOf: (card: string) => string | undefined
  #card: string
  #lately: readonly string[]
  #waited = 0
  #closing = false
  #hasCome = false
  /** By sale that was put aside, the card in the hand of who waits for it. */
  readonly #aside = new Map<string, string>()
  /** Sales at which the cashier has to look again: a return was asked for, or goods stayed and money may have come. */
  readonly #toLookAt = new Set<string>()

  /**
   * @param showsQr to the customer: they pay it when and if they like
   * @param pinOf what the customer with this card types, where they know it
   */
  constructor(
    station: Station,
    random: SeededRandom,
    cards: readonly string[],
    note: (what: string) => void,
    showsQr: (text: string) => void,
    pinOf: (card: string) => string | undefined = () => undefined,
  ) {
    this.#station = station
    this.#random = random
    this.#asideRandom = random.branch('aside')
    this.#goodsRandom = random.branch('goods')
    this.#cards = cards
    this.#note = note
    this.#showsQr = showsQr
    this.#pinRandom = random.branch('pin')
    this.#restRandom = random.branch('rest')
    this.#pinOf = pinOf
    this.#card = random.pick(cards)
    this.#lately = [this.#card]
  }

  /** The day is over: no new customer, but everything that is open gets its answer. */
  closeShift(): void {
    this.#closing = true
  }

  /** Another day. */
  openShift(): void {
    this.#closing = false
  }

  get isDone(): boolean {
    const { snapshot } = this.#station
    return (
      snapshot !== undefined &&
      snapshot.sale === null &&
      snapshot.tap.state === 'idle' &&
      snapshot.unresolved.length === 0 &&
      snapshot.shift.open === null &&
      this.#toLookAt.size === 0
    )
  }

  /** What each closed shift's report says now, and how each return stands. */
  readAll(): void {
    const { notebook } = this
    for (const shiftId of notebook.shifts.keys()) this.#show({ command: 'z_report', shiftId })
    for (const saleId of new Set([...notebook.refunds.values()].map((refund) => refund.saleId)))
      this.#show({ command: 'show_refund', saleId })
  }

  /** Does one thing; returns how long it takes until the next look, in milliseconds. */
  act(): number {
    const { snapshot } = this.#station
    if (snapshot === undefined) return 1_000
    this.notebook.look(snapshot)
    this.#settleNotebook(snapshot)
    const pause = this.#actOn(snapshot)
    if (this.#station.snapshot !== undefined) this.notebook.look(this.#station.snapshot)
    return pause
  }

  #actOn(snapshot: Snapshot): number {
    switch (snapshot.tap.state) {
      case 'idle':
        return this.#idle(snapshot)
      case 'tap':
        return this.#present()
      case 'hold':
        return this.#hold()
      case 'torn':
        return this.#torn(snapshot)
      case 'approved':
        return this.#approved(snapshot)
      case 'refused':
        return this.#refused(snapshot)
      case 'unknown':
        return this.#unknown(snapshot)
      case 'rest':
        return this.#rest()
      case 'pin':
        return this.#pin(snapshot.tap)
      case 'qr':
        return this.#qr(snapshot, snapshot.tap.text)
      default:
        return snapshot.tap satisfies never
    }
  }

  #idle(snapshot: Snapshot): number {
    this.#station.pullCard()
    const { sale, unresolved } = snapshot
    if (unresolved.length > 0 && (this.#closing || this.#random.chance(0.2))) return this.#answerOld(snapshot)
    if (sale === null) return this.#betweenCustomers(snapshot)
    if (sale.leftToPay === 0n) return this.#do({ command: 'next_customer' }, 500)
    if (sale.open && this.#closing) return this.#do({ command: 'cancel_sale' }, 500)
    const choice = this.#random.fraction()
    if (choice < 0.75 && !this.#closing) return this.#do({ command: 'pay_by_card' }, this.#random.between(300, 1_500))
    if (choice < 0.9) return this.#payOtherwise(snapshot)
    this.#write(sale.saleId, 'kept')
    return this.#do({ command: 'cancel_sale' }, 500)
  }

  #betweenCustomers(snapshot: Snapshot): number {
    this.#clearScreen(snapshot)
    if (snapshot.shift.open === null) return this.#withoutShift(snapshot)
    const [asked] = snapshot.goodsAsked
    if (asked !== undefined && this.#goodsRandom.chance(0.5)) return this.#answerGoods(asked)
    const [first] = this.#toLookAt
    if (first !== undefined && (this.#closing || this.#random.chance(0.3))) return this.#lookAgain(first)
    if (this.#closing || this.#random.chance(0.01)) return this.#endShift(snapshot.shift.open.shiftId)
    if (this.#random.chance(0.15)) return this.#takeBack(snapshot)
    if (this.#random.chance(0.005)) return this.#do({ command: 'x_report' }, 2_000)
    return this.#waitForCustomer()
  }

  #withoutShift(snapshot: Snapshot): number {
    const isOver = this.#closing && this.#toLookAt.size === 0 && snapshot.unresolved.length === 0
    if (isOver || !snapshot.actions.includes('open_shift')) return 5_000
    const openingFloat = tiyn(BigInt(this.#random.between(0, 50)) * 100_000n)
    this.#command({ command: 'open_shift', cashier: 1, pin: testPin, openingFloat })
    const shiftId = this.#station.snapshot?.shift.open?.shiftId
    if (shiftId !== undefined) this.notebook.shiftOpened(shiftId, openingFloat)
    return 2_000
  }

  /** A sale was paid while nobody saw it; what its customer never got goes back. */
  #answerGoods({ saleId, back }: GoodsQuestion): number {
    if (this.notebook.goods.get(saleId) === 'given') return this.#do({ command: 'goods_given', saleId }, 1_000)
    this.#write(saleId, 'kept')
    if (back === 'refund') return this.#refund(saleId, true)
    return this.#do({ command: back === 'void' ? 'void_sale' : 'goods_not_given', saleId }, 1_000)
  }

  /** With what the cashier put in and took out, whatever the till believes. */
  #endShift(shiftId: string): number {
    const counted = this.notebook.drawerOf(shiftId) ?? 0n
    // A drawer can not hold less than nothing: who gave more than was in it took it out of their own pocket.
    return this.#do({ command: 'close_shift', counted: tiyn(counted < 0n ? 0n : counted) }, 3_000)
  }

  /** A customer brings goods back: all of them or some, of one of the last sales, or of any. */
  #takeBack({ recent }: Snapshot): number {
    const refundable = recent.filter((sale) => sale.refundable)
    // What a voucher paid can be bought again afterwards, so a day of many lunches needs lunches that come back.
    const byVoucher = refundable.filter(({ tenders }) => tenders.some(({ kind }) => kind === 'voucher'))
    const choice = this.#random.fraction()
    const sales =
      choice < 0.1
        ? [...this.notebook.goods.keys()]
        : (choice < 0.9 && byVoucher.length > 0 ? byVoucher : refundable).map(({ saleId }) => saleId)
    const given = sales.filter((saleId) => this.notebook.goods.get(saleId) === 'given')
    if (given.length === 0) return 1_000
    const saleId = this.#random.pick(given)
    const isWhole = this.#random.chance(0.6)
    const pause = this.#refund(saleId, isWhole)
    // Pressed twice: the second must give nothing back that the first did.
    if (this.#random.chance(0.2)) this.#refund(saleId, isWhole)
    return pause
  }

  #refund(saleId: string, isWhole: boolean): number {
    this.#show({ command: 'show_refund', saleId })
    const shown = this.#station.snapshot?.refund
    if (shown === undefined || shown === null || shown.saleId !== saleId) return 1_000
    const lines = shown.lines.flatMap(({ line, unitPrice, voucherLeft, cashLeft }) => {
      const left = voucherLeft + cashLeft
      const amount = isWhole || left < unitPrice ? left : unitPrice
      return amount > 0n && (isWhole || this.#random.chance(0.5)) ? [{ line, amount: tiyn(amount) }] : []
    })
    if (lines.length === 0) return 1_000
    this.#toLookAt.add(saleId)
    this.notebook.goodsBroughtBack(saleId, this.#station.snapshot?.shift.open?.shiftId)
    this.#command({ command: 'refund_sale', saleId, lines, reason: 'goods_returned' })
    return 1_500
  }

  /** Whether a return was taken down, and whether money came for goods that stayed: that goes back. */
  #lookAgain(saleId: string): number {
    this.#show({ command: 'show_refund', saleId })
    const { snapshot } = this.#station
    if (snapshot === undefined) return 1_000
    const { refund } = snapshot
    const isOpen = snapshot.unresolved.some((tender) => tender.saleId === saleId)
    const tenders = snapshot.recent.find((sale) => sale.saleId === saleId)?.tenders ?? []
    if (isOpen || tenders.some(({ state }) => ['unknown', 'torn', 'held', 'reversing'].includes(state))) return 5_000
    if (refund === null || refund.saleId !== saleId || this.notebook.goods.get(saleId) === 'given') {
      this.#toLookAt.delete(saleId)
      return 500
    }
    // A till that was put back does not know what it gave back before; the ledger does, and the slip says so.
    const isBack = refund.returns.some(({ refunds }) => refunds.some(({ code }) => code === 'REFUND_ABOVE_ORIGINAL'))
    if (isBack) {
      this.#toLookAt.delete(saleId)
      return 500
    }
    if (refund.lines.some(({ voucherLeft, cashLeft }) => voucherLeft + cashLeft > 0n)) {
      if (!this.#station.command({ command: 'void_sale', saleId })) this.#refund(saleId, true)
      return 5_000
    }
    // A refund that the ledger refuses is asked for again.
    if (refund.returns.every(({ refunds }) => refunds.every(({ state }) => state !== 'waiting')))
      this.#toLookAt.delete(saleId)
    return 5_000
  }

  #show(command: Command): void {
    this.#station.command(command)
    if (this.#station.snapshot !== undefined) this.notebook.look(this.#station.snapshot)
  }

  /** What was looked at goes away before the next customer. */
  #clearScreen({ refund, shift }: Snapshot): void {
    if (refund !== null) this.#station.command({ command: 'put_refund_away' })
    if (shift.report !== null) this.#station.command({ command: 'put_report_away' })
  }

  #waitForCustomer(): number {
    if (this.#hasCome || this.customerEveryMs === 0) return this.#nextCustomer()
    this.#hasCome = true
    return 1_000 + this.#random.waiting(this.customerEveryMs)
  }

  #nextCustomer(): number {
    this.#hasCome = false
    // People come twice: a second lunch is the first thing that anybody tries.
    this.#card = this.#random.chance(0.3) ? this.#random.pick(this.#lately) : this.#random.pick(this.#cards)
    this.#lately = [this.#card, ...this.#lately].slice(0, 4)
    this.#waited = 0
    const basket = this.#random.between(1, 3)
    this.#command({ command: 'add_item', itemId: this.#random.chance(0.7) ? 'school-lunch' : this.#random.pick(items) })
    for (let line = 1; line < basket; line += 1)
      this.#command({ command: 'add_item', itemId: this.#random.pick(items) })
    return this.#random.between(2_000, 20_000)
  }

  #present(): number {
    this.#waited += 1
    if (this.#waited > 6) {
      this.#station.pullCard()
      this.#waited = 0
      return this.#do({ command: 'cancel_payment' }, 500)
    }
    this.#station.pullCard()
    this.#station.layCard(this.#card)
    return this.#hold()
  }

  /** Most hold the card long enough; some pull it away at once. */
  #hold(): number {
    if (this.#random.chance(0.15)) {
      const after = this.#random.between(5, 250)
      return -after
    }
    return this.#random.between(800, 3_000)
  }

  /** What the card leaves: most pay it, by what they have there; some want the card to pay first, or nothing at all. */
  #rest(): number {
    const choice = this.#restRandom.fraction()
    if (this.#restRandom.chance(0.2)) this.#station.pullCard()
    if (this.#closing) return this.#do({ command: choice < 0.5 ? 'rest_by_cash' : 'cancel_payment' }, 1_000)
    if (choice < 0.5) return this.#do({ command: 'rest_by_cash' }, 1_000)
    if (choice < 0.75) return this.#do({ command: 'rest_by_qr' }, this.#restRandom.between(500, 3_000))
    return this.#do({ command: choice < 0.9 ? 'rest_later' : 'cancel_payment' }, 1_000)
  }

  /** The customer at the pad, who knows the PIN of their own card. */
  #pin(tap: Extract<Snapshot['tap'], { state: 'pin' }>): number {
    if (this.#closing && this.#pinRandom.chance(0.3)) return this.#do({ command: 'cancel_payment' }, 500)
    const next = atPad(tap, this.#pinOf(this.#card), this.#pinRandom)
    switch (next.kind) {
      case 'command':
        return this.#do(next.command, next.thenMs)
      case 'command_and_lift':
        this.#command(next.command)
        return -next.afterMs
      case 'lift':
        this.#station.pullCard()
        return 1_000
      case 'lay':
        this.#station.pullCard()
        this.#station.layCard(this.#card)
        return this.#hold()
      case 'wait':
        return next.forMs
      default:
        return next satisfies never
    }
  }

  /** Most hold the card again; for some the next customer is served meanwhile. */
  #torn({ sale }: Snapshot): number {
    this.#station.pullCard()
    if (sale !== null && !this.#closing && this.#asideRandom.chance(0.25)) {
      this.#aside.set(sale.saleId, this.#card)
      return this.#do({ command: 'serve_next_meanwhile' }, 500)
    }
    const choice = this.#random.fraction()
    if (choice < 0.15) return this.#do({ command: 'cancel_payment' }, 500)
    this.#station.layCard(choice < 0.25 ? this.#random.pick(this.#cards) : this.#card)
    return this.#hold()
  }

  #approved(snapshot: Snapshot): number {
    const { sale } = snapshot
    this.#station.pullCard()
    if (sale === null || sale.leftToPay === 0n) return this.#do({ command: 'next_customer' }, 1_000)
    const choice = this.#random.fraction()
    if (choice < 0.7) return this.#payOtherwise(snapshot)
    if (choice < 0.85) return this.#do({ command: 'next_customer' }, 500)
    this.#write(sale.saleId, 'kept')
    return this.#do({ command: 'cancel_sale' }, 500)
  }

  #refused(snapshot: Snapshot): number {
    this.#station.pullCard()
    const choice = this.#random.fraction()
    if (choice < 0.4) return this.#payOtherwise(snapshot)
    if (choice < 0.55) {
      this.#card = this.#random.pick(this.#cards)
      this.#station.layCard(this.#card)
      return this.#hold()
    }
    if (snapshot.sale !== null) this.#write(snapshot.sale.saleId, 'kept')
    return this.#do({ command: 'cancel_sale' }, 500)
  }

  /** Most wait for the customer's telephone; some lose patience, also when it has just paid. */
  #qr(snapshot: Snapshot, text: string | null): number {
    this.#station.pullCard()
    if (text !== null) this.#showsQr(text)
    if (!this.#closing && this.#random.chance(0.85)) return this.#random.between(2_000, 8_000)
    const sale = snapshot.sale
    const tender = sale?.tenders.find((candidate) => candidate.state === 'unknown')
    if (sale === null || tender === undefined) return 1_000
    const choice = this.#random.fraction()
    if (choice < 0.5) return this.#do({ command: 'cancel_unknown', tenderId: tender.tenderId }, 500)
    this.#write(sale.saleId, 'kept')
    if (choice < 0.75) return this.#do({ command: 'cancel_sale' }, 500)
    return this.#do({ command: 'serve_next_meanwhile' }, 500)
  }

  #unknown(snapshot: Snapshot): number {
    this.#station.pullCard()
    const saleId = snapshot.sale?.saleId
    const tender = snapshot.sale?.tenders.find((candidate) => candidate.state === 'unknown')
    const choice = this.#random.fraction()
    if (choice < 0.3 && !this.#closing) return 3_000
    if (tender === undefined || saleId === undefined) return 1_000
    if (choice < 0.8) return this.#do({ command: 'cancel_unknown', tenderId: tender.tenderId }, 500)
    // The customer leaves without goods; if the ledger turns out to have paid, the sale is voided later.
    this.#write(saleId, 'kept')
    return this.#do({ command: 'serve_next_meanwhile' }, 500)
  }

  #answerOld({ unresolved, actions }: Snapshot): number {
    const tender = this.#random.pick(unresolved)
    if (tender.state === 'torn' || tender.state === 'maybe_debited')
      return this.#answerTorn(tender, actions.includes('take_up_torn'))
    return this.#do({ command: 'cancel_unknown', tenderId: tender.tenderId }, 500)
  }

  /** Its customer is back with the card, or with another one, or has gone without the goods. */
  #answerTorn({ tenderId, saleId }: TenderView, mayTakeUp: boolean): number {
    if (mayTakeUp && this.#asideRandom.chance(0.7)) {
      this.#card = this.#aside.get(saleId) ?? this.#card
      this.#waited = 0
      return this.#do({ command: 'take_up_torn', tenderId }, this.#asideRandom.between(500, 3_000))
    }
    if (!this.#closing && this.#asideRandom.chance(0.5)) return 1_000
    this.#write(saleId, 'kept')
    return this.#do({ command: 'cancel_unknown', tenderId }, 500)
  }

  /** What no card pays. */
  #payOtherwise(snapshot: Snapshot): number {
    if (this.#closing || !snapshot.actions.includes('pay_by_qr') || !this.#random.chance(0.4))
      return this.#payCash(snapshot)
    return this.#do({ command: 'pay_by_qr' }, this.#random.between(500, 3_000))
  }

  #payCash(snapshot: Snapshot): number {
    if (snapshot.sale === null || !snapshot.actions.includes('pay_cash')) return 1_000
    return this.#do({ command: 'pay_cash' }, 1_000)
  }

  /** Whoever has paid in full gets the goods; a sale closed for somebody who had left without them is voided. */
  #settleNotebook(snapshot: Snapshot): void {
    for (const sale of snapshot.recent) {
      const noted = this.notebook.goods.get(sale.saleId)
      const isClosed = sale.voidable || sale.refundable || sale.wentBack > 0n
      if (isClosed && noted === undefined) this.#write(sale.saleId, 'given')
      // Of an earlier shift: it is refunded.
      if (noted === 'kept' && sale.refundable) this.#toLookAt.add(sale.saleId)
      if (!sale.voidable) continue
      if (noted === 'kept') this.#command({ command: 'void_sale', saleId: sale.saleId })
      else if (noted === undefined && this.#random.chance(0.03)) {
        this.#write(sale.saleId, 'kept')
        this.#command({ command: 'void_sale', saleId: sale.saleId })
      }
    }
  }

  #write(saleId: string, goods: 'given' | 'kept'): void {
    this.notebook.goods.set(saleId, goods)
    if (goods === 'kept') this.#toLookAt.add(saleId)
  }

  #do(command: Command, thenMs: number): number {
    this.#command(command)
    return thenMs
  }

  #command(command: Command): void {
    this.#note(`${command.command}${this.#station.command(command) ? '' : ' refused'}`)
  }
}
