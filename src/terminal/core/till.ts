/**
 * The till: takes the cashier's commands, drives the payment machine with cards and results, and shows itself as
 * snapshots. What is true about money is read from the journal each time; this object holds only the open basket and
 * what is on the screen.
 */
import { createActor, type Actor } from 'xstate'
import type { PinHash } from '../shift/pin.ts'
import type { CardPresence, CardReaderPort, CardRemoval, HidPort, PrinterPort } from '../../drivers/ports.ts'
import type { Randomness } from '../../sync/engine/ports.ts'
import type { KeptBy } from '../../sync/engine/key-ring.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import type { TrustedTime } from '../../sync/engine/trusted-time.ts'
import { isStorageFault } from '../../sync/journal/data-folder.ts'
import type { Journal, TenderRecord } from '../../sync/journal/journal.ts'
import { isTorn, tornStates } from '../../sync/journal/projection.ts'
import type { Decision, DecisionInput } from '../../voucher/decide.ts'
import { lineOutcomes } from '../../voucher/line-outcomes.ts'
import { tiyn, type Tiyn } from '../../voucher/money.ts'
import type { CatalogueItem, TerminalPackage } from '../../voucher/package.ts'
import { dtByQr } from '../../voucher/tender.ts'
import { saleSchema, type Sale } from '../../voucher/sale.ts'
import type { Command, CommandAnswer, CommandFault } from '../contract/commands.ts'
import type { Action, Snapshot } from '../contract/snapshot.ts'
import type { GoodsQuestion } from '../contract/goods.ts'
import type { TornRecord } from '../contract/torn.ts'
import { paymentMachine } from '../payment/machine.ts'
import {
  emptyContext,
  type PaymentContext,
  type PaymentStateName,
  type RecoveredState,
} from '../payment/payment-context.ts'
import type { PaymentWork, RequestCardWork } from '../payment/work.ts'
import { isBenchCommand, type BenchDesk } from './bench/bench-desk.ts'
import { standingOf, withItem, withQuantity, type SaleStanding } from './basket.ts'
import { offeredActions } from './actions.ts'
import { GoodsDesk } from './goods-desk.ts'
import { JournalSales, type JournalSalesParts } from './journal-sales.ts'
import { LyingCards } from './lying-cards.ts'
import { endInterruptedTenders, recoveredStateOf } from './recovery.ts'
import { resolutionOf } from './resolution.ts'
import { QrCardDesk, type ShownRequest } from './qr-card-desk.ts'
import { RefundDesk } from './refund-desk.ts'
import { ShiftDesk } from './shift-desk.ts'
import { schemeName } from './scheme-name.ts'
import { composeSnapshot, discrepanciesView, recentView, type Decided } from './snapshot.ts'
import { TimeDesk } from './time-desk.ts'
import { tornView } from './torn-list.ts'

/** More than this is a slip of the finger, not a price: 1 000 000 ₸. */
const plausibleAmountMax = tiyn(100_000_000n)

/** So long what has just come to the screen is not read yet. */
const unreadMs = 700

export interface TillParts {
  readonly terminalId: string
  readonly journal: Journal
  readonly engine: SyncEngine
  readonly keysKeptBy: KeptBy
  readonly time: TrustedTime
  readonly randomness: Randomness
  readonly pinHash: PinHash
  readonly reader: CardReaderPort
  readonly printer: PrinterPort
  readonly hid: HidPort
  readonly activePackage: () => { readonly package: TerminalPackage; readonly hash: string } | undefined
  readonly printQueue: {
    openDrawer(): void
    nudge(): void
    tryAgain(saleId: string): void
    forgetDrawer(): void
    readonly trouble: Snapshot['lights']['printer']
    readonly drawerShutAt: number | null
  }
  readonly bench: BenchDesk
  readonly givenUp: JournalSalesParts['givenUp']
  /** Calls in a later turn, when what waits for this one's work has gone on. */
  readonly later: (call: () => void) => void
  readonly onDidChange: (snapshot: Snapshot) => void
}

/** What is sold, taken back or closed; the rest is as well done while nobody sells. */
const needsShift: ReadonlySet<Command['command']> = new Set([
  'add_item',
  'add_amount',
  'set_quantity',
  'pay_by_card',
  'pay_by_qr',
  'pay_cash',
  'rest_by_cash',
  'rest_by_qr',
  'rest_later',
  'cancel_payment',
  'give_pin',
  'cancel_sale',
  'next_customer',
  'serve_next_meanwhile',
  'take_up_torn',
  'void_sale',
  'goods_given',
  'goods_not_given',
  'refund_sale',
  'close_shift',
  'x_report',
])

/** What the till does beside the bench; everything else waits until it is closed. */
const besideBench: ReadonlySet<Command['command']> = new Set(['set_language', 'sync_now'])

type Machine = ReturnType<typeof paymentMachine>

/** What of a snapshot changes only with the journal's head. */
interface OfJournal extends Pick<Snapshot, 'recent' | 'discrepancies' | 'receiptsWaiting'> {
  readonly torn: readonly TornRecord[]
  readonly goodsAsked: readonly GoodsQuestion[]
}

export class Till {
  readonly #parts: TillParts
  readonly #sales: JournalSales
  readonly #shifts: ShiftDesk
  readonly #refunds: RefundDesk
  readonly #goods: GoodsDesk
  readonly #times: TimeDesk
  readonly #cards = new LyingCards()
  readonly #qrCards: QrCardDesk
  readonly #waitedFor = new Set<string>()
  readonly #subscriptions: (() => void)[] = []
  #sale: Sale
  #decided: Decided | null = null
  #payment: Actor<Machine> | undefined
  #revision = 0
  #ofJournal: (OfJournal & { readonly sequence: number }) | undefined
  #publishing = false
  #storageFault = false
  #recoveredTenderId: string | null = null
  #openAtStart: string | null = null
  #work: (PaymentWork & RequestCardWork) | undefined
  #stopped = false

  constructor(parts: TillParts) {
    this.#parts = parts
    this.#sales = new JournalSales(parts)
    this.#shifts = new ShiftDesk({ ...parts, now: () => parts.time.now() })
    this.#refunds = new RefundDesk({
      ...parts,
      schemeName: (schemeId) => schemeName(schemeId, parts.activePackage()?.package),
    })
    this.#goods = new GoodsDesk({ ...parts, mayGoBack: (sale) => this.#refunds.mayGoBack(sale) })
    this.#times = new TimeDesk({ ...parts, shifts: this.#shifts })
    this.#qrCards = new QrCardDesk({
      cards: this.#cards,
      shown: () => this.#shownRequest(),
      onDidChange: () => this.publish(),
    })
    this.#sale = this.#emptySale()
  }

  /** Closes what a stop left half-done, then takes cards and commands. */
  start(work: PaymentWork & RequestCardWork): void {
    const { journal, reader, printer, hid } = this.#parts
    this.#work = work
    this.#run(work, this.#recover())
    const inserted = reader.onDidInsert((presence) => this.#cardInserted(presence))
    const removed = reader.onDidRemove((removal) => this.#cardRemoved(removal))
    const readerStatus = reader.onDidChangeStatus(() => this.publish())
    const printerStatus = printer.onDidChangeStatus(() => this.publish())
    const hidStatus = hid.onDidChangeStatus(() => this.publish())
    const committed = journal.onDidCommit(() => this.#afterCommit())
    this.#subscriptions.push(
      committed,
      ...[inserted, removed, readerStatus, printerStatus, hidStatus].map(
        (subscription) => () => subscription.dispose(),
      ),
    )
    this.#afterwards(() => this.#refunds.printEnded())
    this.publish()
  }

  /** A payment machine of its own, in place of one that is at rest: in the state that the journal asks for. */
  #run(work: PaymentWork, recovered: RecoveredState | undefined): void {
    this.#payment?.stop()
    this.#payment = createActor(paymentMachine(work, recovered))
    this.#payment.subscribe({
      next: () => this.#afterTransition(),
      // Work resolves with values; a rejection is a broken invariant. The process ends and recovers from the journal.
      error: (error) => {
        throw error
      },
    })
    this.#payment.start()
  }

  stop(): void {
    this.#stopped = true
    this.#parts.bench.close()
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe()
    this.#payment?.stop()
  }

  presence(presenceId: string): CardPresence | undefined {
    return this.#cards.presence(presenceId)
  }

  /** The QR of this request is on the screen. */
  showsRequest(requestId: string): boolean {
    return !this.#stopped && this.#shownRequest()?.requestId === requestId
  }

  #shownRequest(): ShownRequest | null {
    const { tenderId, schemeId } = this.#context()
    if (this.#state() !== 'unknown' || schemeId !== dtByQr || tenderId === null) return null
    const { restBy, presenceId } = this.#context()
    return { requestId: tenderId, saleId: this.#sale.saleId, waiting: restBy === 'qr' ? presenceId : null }
  }

  currentSale(): SaleStanding {
    return this.#standing()
  }

  didDecide(decision: Decision, input: DecisionInput): void {
    this.#decided =
      decision.verdict === 'approve' ? { decision, lines: lineOutcomes(input, decision), slots: input.slots } : null
    this.publish()
  }

  /** The engine asks: does the customer of this unknown tender still wait? */
  customerWaits(tenderId: string): boolean {
    if (this.#waitedFor.has(tenderId)) return true
    // After a restart nobody knows whether the customer is still there: only the cashier's *wait* says so.
    // A QR is only asked about, whoever is there.
    const isOfThisProcess = tenderId !== this.#recoveredTenderId || this.#context().schemeId === dtByQr
    return this.#state() === 'unknown' && this.#context().tenderId === tenderId && isOfThisProcess
  }

  /** Does what the cashier asks, or says why not now. Nothing is half-done when it throws. */
  command(command: Command): CommandAnswer {
    try {
      const fault = this.#execute(command)
      this.publish()
      return fault === undefined ? { ok: true } : { ok: false, fault }
    } catch (error) {
      if (!isStorageFault(error)) throw error
      this.#storageFault = true
      this.publish()
      return { ok: false, fault: 'not_now' }
    }
  }

  /**
   * Sends the newest state of things, once for all changes of this turn and after its work: the next command goes to
   * the card first, and the screen is made while the card works.
   */
  publish(): void {
    if (this.#publishing) return
    this.#publishing = true
    this.#parts.later(() => {
      this.#publishing = false
      if (this.#payment !== undefined && !this.#stopped) this.#parts.onDidChange(this.snapshot())
    })
  }

  snapshot(): Snapshot {
    this.#revision += 1
    const standing = this.#standing()
    return composeSnapshot({
      ...this.#parts,
      revision: this.#revision,
      standing,
      decided: this.#decided,
      state: this.#state(),
      context: this.#context(),
      actions: this.#actions(standing),
      cardLies: this.#cardLies,
      removeCardFirst: this.#cards.someMustBeLaidAnew(this.#sale.saleId),
      cardUnderQr: this.#qrCards.card,
      storageFault: this.#storageFault,
      unresolved: this.#unresolved(),
      shift: this.#shifts.view(),
      refund: this.#refunds.view(),
      timeToConfirm: this.#times.view(),
      benchView: this.#parts.bench.view(),
      ...this.#readOfJournal(),
    })
  }

  /** What is read of the journal for the screen, once for each of its heads. */
  #readOfJournal(): OfJournal {
    const { journal, activePackage } = this.#parts
    const { sequence } = journal.head
    if (this.#ofJournal?.sequence !== sequence)
      this.#ofJournal = {
        sequence,
        recent: recentView(journal, activePackage()?.package),
        discrepancies: discrepanciesView(journal),
        torn: tornView(journal, activePackage()?.package),
        goodsAsked: this.#goods.view(),
        receiptsWaiting: journal.receiptsWaiting(),
      }
    return this.#ofJournal
  }

  #execute(command: Command): CommandFault | undefined {
    const standing = this.#standing()
    const allowed = this.#actions(standing)
    const may = (action: Action): boolean => allowed.includes(action)
    const { bench } = this.#parts
    if (isBenchCommand(command)) return command.command === 'close_bench' ? this.#closeBench() : bench.command(command)
    if (bench.isOpen && !besideBench.has(command.command)) return 'bench_is_open'
    if (!this.#shifts.maySell && needsShift.has(command.command)) return 'no_shift'
    switch (command.command) {
      case 'add_item':
        return this.#addItem(command.itemId)
      case 'add_amount':
        return this.#addAmount(command.category, tiyn(command.amount))
      case 'set_quantity':
        if (!may('edit_basket') || standing.frozen || !this.#sale.lines.some((line) => line.line === command.line))
          return 'not_now'
        this.#sale = withQuantity(this.#sale, command.line, command.quantity)
        return undefined
      case 'pay_by_card':
        if (!may('pay_by_card')) return 'not_now'
        this.#decided = null
        this.#send({ type: 'PAY' })
        return undefined
      case 'pay_by_qr':
        if (!may('pay_by_qr')) return 'not_now'
        this.#decided = null
        if (this.#state() === 'awaitingCard') this.#send({ type: 'CANCEL' })
        this.#send({ type: 'PAY_BY_QR' })
        return undefined
      case 'pay_cash':
        if (!may('pay_cash')) return 'not_now'
        return this.#payCash(standing)
      case 'rest_by_cash':
      case 'rest_later':
        if (!may(command.command) || this.#isRestNew) return 'not_now'
        this.#send({
          type: 'REST_SETTLED',
          by: command.command === 'rest_by_cash' ? 'cash' : 'later',
          cardLies: this.#cardLies,
        })
        return undefined
      case 'rest_by_qr':
        if (!may('rest_by_qr') || this.#isRestNew) return 'not_now'
        this.#decided = null
        this.#send({ type: 'PAY_BY_QR' })
        return undefined
      case 'cancel_payment':
        if (!may('cancel_payment')) return 'not_now'
        this.#cancelTenderOnScreen()
        this.#decided = null
        return undefined
      case 'give_pin':
        if (!may('give_pin')) return 'not_now'
        this.#send({ type: 'PIN_GIVEN', pin: command.pin })
        return undefined
      case 'cancel_sale':
        if (!may('cancel_sale')) return 'not_now'
        return this.#cancelSale(standing)
      case 'next_customer':
        if (!may('next_customer')) return 'not_now'
        this.#clearResult()
        return undefined
      case 'serve_next_meanwhile':
        if (!may('serve_next_meanwhile')) return 'not_now'
        this.#waitedFor.delete(this.#context().tenderId ?? '')
        this.#cards.belongTo(this.#sale.saleId)
        this.#send({ type: 'NEXT' })
        this.#startNextSale()
        return undefined
      case 'take_up_torn':
        return may('take_up_torn') ? this.#takeUpTorn(command.tenderId) : 'not_now'
      case 'wait_for_answer':
        if (!this.#isUnknown(command.tenderId)) return 'not_now'
        this.#waitedFor.add(command.tenderId)
        void this.#parts.engine.syncNow()
        return undefined
      case 'cancel_unknown':
        return this.#cancelUnknown(command.tenderId)
      case 'print_again':
        return this.#printAgain(command.saleId)
      case 'void_sale':
        return this.#voidSale(command.saleId)
      case 'goods_given':
      case 'goods_not_given':
        return this.#goods.answer(command.saleId, command.command === 'goods_given')
      case 'show_refund':
        return this.#refunds.show(command.saleId)
      case 'find_receipt':
        return this.#refunds.find(command.receipt)
      case 'put_refund_away':
        return this.#refunds.show(null)
      case 'refund_sale':
        return this.#refunds.refund(command.saleId, command.lines, command.reason)
      case 'print_refund':
        return this.#refunds.printAgain(command.returnId)
      case 'set_cashier':
        if (!may('open_shift')) return 'not_now'
        return this.#shifts.setCashier(command.cashier, command.pin, command.merchantPin)
      case 'open_shift':
        if (!may('open_shift')) return 'not_now'
        return this.#openShift(command.cashier, command.pin, command.openingFloat)
      case 'close_shift':
        if (this.#shifts.open === undefined) return 'no_shift'
        if (!may('close_shift')) return 'sale_open'
        return this.#closeShift(command.counted)
      case 'x_report':
        return this.#shifts.open === undefined ? 'no_shift' : this.#shifts.show(this.#shifts.open.shiftId)
      case 'z_report':
        return this.#shifts.show(command.shiftId)
      case 'put_report_away':
        return this.#shifts.show(null)
      case 'print_report':
        return this.#shifts.print(command.shiftId)
      case 'show_time':
        return may('confirm_time') ? undefined : 'not_now'
      case 'confirm_time':
        return may('confirm_time') ? this.#times.confirm(command.pin, command.shown) : 'not_now'
      case 'open_bench':
        if (!may('open_bench')) return 'bench_sale_open'
        this.#clearResult()
        return bench.open(this.#cards.lying)
      case 'set_language':
        this.#parts.journal.commit({ kind: 'language_set', language: command.language })
        return undefined
      case 'sync_now':
        if (this.#parts.journal.queue().parked > 0) this.#parts.journal.commit({ kind: 'parked_tried_again' })
        void this.#parts.engine.syncNow()
        return undefined
      default:
        return command satisfies never
    }
  }

  /** What was left for later comes to the screen of whoever is there now. */
  #openShift(cashier: number, pin: string, openingFloat: Tiyn): CommandFault | undefined {
    const fault = this.#shifts.openShift(cashier, pin, openingFloat)
    if (fault === undefined) this.#startNextSale()
    return fault
  }

  /** Its last command may still be with a card, and left it in some state: it is laid on again for a payment. */
  #closeBench(): undefined {
    if (!this.#parts.bench.isOpen) return
    this.#parts.bench.close()
    this.#cards.holdBack()
  }

  #closeShift(counted: Tiyn): CommandFault | undefined {
    this.#clearResult()
    // Paid in part and left for later, it may have come to the screen only now.
    if (this.#standing().frozen) return 'sale_open'
    return this.#shifts.closeShift(counted)
  }

  #addItem(itemId: string): CommandFault | undefined {
    const item = this.#parts.activePackage()?.package.catalogue.find((candidate) => candidate.itemId === itemId)
    if (item === undefined) return 'unknown_item'
    return this.#ringUp(item)
  }

  #addAmount(category: string, amount: ReturnType<typeof tiyn>): CommandFault | undefined {
    const known = this.#parts.activePackage()?.package.categories.find((candidate) => candidate.category === category)
    if (known === undefined) return 'unknown_item'
    if (amount === 0n || amount > plausibleAmountMax) return 'amount_implausible'
    return this.#ringUp({ itemId: `amount.${category}`, name: known.name, category, unitPrice: amount })
  }

  /** A basket that the journal could not take is refused here, line by line, not at the payment. */
  #ringUp(item: CatalogueItem): CommandFault | undefined {
    if (!this.#readyForLines()) return 'not_now'
    const sale = withItem(this.#sale, item)
    if (!saleSchema.safeEncode(sale).success) return 'amount_implausible'
    this.#sale = sale
    return undefined
  }

  /** The next item after a finished sale begins the next sale by itself: one touch less in a queue. */
  #readyForLines(): boolean {
    const standing = this.#standing()
    if (!this.#actions(standing).includes('edit_basket')) return false
    if (this.#sales.isFinished(standing.sale.saleId)) this.#clearResult()
    // A sale that was left for later may have come back instead of an empty one: nothing is rung up on that.
    return !this.#standing().frozen
  }

  #payCash(standing: SaleStanding): undefined {
    if (this.#state() !== 'idle') this.#send({ type: this.#state() === 'awaitingCard' ? 'CANCEL' : 'NEXT' })
    this.#sales.payCash(standing)
    this.#cards.belongTo(this.#sale.saleId)
  }

  /** Everything of the open sale is undone; nothing stays half-done when the customer walks away. */
  #cancelSale(standing: SaleStanding): undefined {
    const state = this.#state()
    if (state === 'awaitingCard' || state === 'torn' || state === 'unknown') this.#cancelTenderOnScreen()
    else if (state === 'approved' || state === 'refused') this.#send({ type: 'NEXT' })
    if (standing.frozen) this.#sales.cancel(standing.sale.saleId)
    this.#cards.belongTo(standing.sale.saleId)
    this.#startNextSale()
  }

  /** The row first: should the disk refuse it, the screen stays as it is and the command says so. */
  #cancelTenderOnScreen(): void {
    const { tenderId } = this.#context()
    if (tenderId !== null && this.#state() === 'torn') this.#work?.giveUp(tenderId)
    if (tenderId !== null && this.#state() === 'unknown') this.#work?.reverse(tenderId)
    this.#send({ type: 'CANCEL' })
  }

  /** As after a restart: its frozen sale is on the screen, and the same card goes on with it. */
  #takeUpTorn(tenderId: string): CommandFault | undefined {
    const { journal } = this.#parts
    const tender = journal.tender(tenderId)
    if (tender === undefined || !isTorn(tender) || this.#work === undefined) return 'not_now'
    this.#clearResult()
    // A sale that was left for later may have come back instead of an empty one: first things first.
    if (this.#standing().frozen) return 'not_now'
    const sale = journal.sale(tender.saleId)
    if (sale?.state !== 'open') return 'not_now'
    this.#sale = sale.sale
    this.#run(this.#work, recoveredStateOf(journal, tender.saleId))
    this.#offerLyingCard()
    return undefined
  }

  #cancelUnknown(tenderId: string): CommandFault | undefined {
    const { journal, engine } = this.#parts
    const tender = journal.tender(tenderId)
    if (tender === undefined || (tender.state !== 'unknown' && !isTorn(tender))) return 'not_now'
    const isOnScreen = this.#context().tenderId === tenderId
    // A torn card that is back is being proved: its tender is given up or goes on, never both.
    if (isOnScreen && this.#state() !== 'unknown' && this.#state() !== 'torn') return 'not_now'
    this.#waitedFor.delete(tenderId)
    if (isOnScreen) {
      this.#cancelTenderOnScreen()
      this.#decided = null
    } else if (isTorn(tender)) {
      this.#work?.giveUp(tenderId)
    } else {
      journal.commit({ kind: 'reversal_requested', tenderId, reason: 'cashier_cancelled' })
      void engine.syncNow()
    }
    return undefined
  }

  #printAgain(saleId: string): CommandFault | undefined {
    const { journal, printQueue } = this.#parts
    const state = journal.receiptState(saleId)
    if (state === 'none') return 'not_now'
    if (state === 'printed') this.#sales.requestCopy(saleId)
    printQueue.tryAgain(saleId)
    return undefined
  }

  #voidSale(saleId: string): CommandFault | undefined {
    const { journal, printQueue } = this.#parts
    const sale = journal.sale(saleId)
    if (sale?.state !== 'closed') return 'not_now'
    if (sale.shiftId !== (this.#shifts.open?.shiftId ?? null)) return 'other_shift'
    if (journal.returns.wentBackOf(saleId) > 0n) return 'was_refunded'
    this.#sales.takeBack(saleId)
    if (this.#sale.saleId === saleId) this.#clearResult()
    // Also where the receipt could not be made: the slip of the void is another paper under the same job.
    printQueue.tryAgain(saleId)
    return undefined
  }

  #actions(standing: SaleStanding): Action[] {
    return offeredActions({
      state: this.#state(),
      standing,
      isFinished: this.#sales.isFinished(standing.sale.saleId),
      maySell: this.#shifts.maySell,
      hasShift: this.#shifts.open !== undefined,
      canRecord: this.#parts.journal.isDiskTrusted,
      mayConfirmTime: this.#times.isOffered,
      isBenchOpen: this.#parts.bench.isOpen,
      isRestSettled: this.#context().restBy !== null,
      cardLies: this.#cardLies,
      hasTornAside: this.#unresolved().some(isTorn),
      canDecide: this.#parts.activePackage() !== undefined,
    })
  }

  /** The one that the payment is about. */
  get #cardLies(): boolean {
    return this.#cards.presence(this.#context().presenceId ?? '') !== undefined
  }

  #cardInserted(presence: CardPresence): void {
    this.#cards.add(presence, this.#openAtStart)
    this.#parts.bench.cardInserted(presence)
    const isOurs = this.#cards.isFor(presence.presenceId, this.#sale.saleId)
    if (this.#state() === 'refused' && isOurs) this.#offer(presence.presenceId)
    else this.#offerLyingCard()
    this.publish()
  }

  #cardRemoved(removal: CardRemoval): void {
    this.#cards.remove(removal)
    this.#parts.bench.cardRemoved(removal)
    this.publish()
  }

  /** Gives the machine a card that it waits for: one that lay there before, or came while it was busy. */
  #offerLyingCard(): void {
    this.#followQr()
    const state = this.#state()
    const isAsked = state === 'askingPin' || state === 'collectingRest'
    const isWanted = state === 'awaitingCard' || state === 'torn' || (isAsked && !this.#cardLies)
    const { presenceId, hint } = this.#context()
    // What it leaves has come meanwhile, and it lies there still.
    if (state === 'awaitingCard' && hint === 'card_again' && presenceId !== null && this.#cardLies)
      return this.#offer(presenceId)
    // Its holder took the one away that is refused now, and laid another one down while the ledger was asked about it.
    const isExchanged = state === 'refused' && presenceId !== null && !this.#cardLies
    const lying = isWanted
      ? this.#cards.untriedFor(this.#sale.saleId, presenceId)
      : isExchanged
        ? this.#cards.laidInItsPlace()
        : undefined
    if (lying !== undefined) this.#offer(lying)
  }

  #followQr(): void {
    if (this.#work !== undefined) this.#qrCards.follow(this.#work)
  }

  #offer(presenceId: string): void {
    this.#cards.tried(presenceId, this.#sale.saleId)
    this.#send({ type: 'CARD_INSERTED', presenceId })
  }

  #afterTransition(): void {
    const { presenceId } = this.#context()
    if (this.#state() === 'torn' && presenceId !== null) this.#cards.askedFor(presenceId, this.#sale.saleId)
    if (this.#state() === 'approved') this.#cards.belongTo(this.#sale.saleId)
    // Wanted is the card of which the rest was asked: another one that lies here may be somebody else's.
    if (this.#context().hint === 'card_again') this.#cards.othersAskedFor(presenceId, this.#sale.saleId)
    // After the machine has finished its step: it takes no event in the middle of one.
    this.#afterwards(() => {
      this.#tellResolution()
      this.#offerLyingCard()
      this.#goOnWithCard()
      this.#closeOnScreen()
    })
    this.publish()
  }

  /** The ledger's word on the unknown tender of the screen, or of the visible list. */
  #afterCommit(): void {
    this.#storageFault = false
    // After this commit has returned: the machine's own work commits too, and commits do not nest.
    this.#afterwards(() => {
      this.#tellResolution()
      this.#followQr()
      this.#closeResolvedSales()
      this.#refunds.printEnded()
      // Again, should a full disk have kept the paid sale on the screen from being closed.
      this.#closeOnScreen()
    })
    this.publish()
  }

  /** Pressed before anybody can have read it, it was meant for what the screen showed before. */
  get #isRestNew(): boolean {
    const shownMs = this.#parts.time.now() - this.#context().since
    // Put back meanwhile, the time says nothing.
    return shownMs >= 0 && shownMs < unreadMs
  }

  /**
   * A scheme of the card of which the rest was asked has paid. The next one pays at a tap of its own, at once where the
   * card lies there; after the last of them the cash that lies on the counter closes the sale.
   */
  #goOnWithCard(): void {
    const { rest, restBy } = this.#context()
    if (this.#state() !== 'approved' || restBy === null || rest === null) return
    const standing = this.#standing()
    if (this.#sales.isFinished(standing.sale.saleId)) return
    if (standing.left > BigInt(rest)) this.#send({ type: 'PAY', keepsRest: true })
    else if (restBy === 'cash' && standing.left === BigInt(rest)) this.#sales.payCash(standing)
  }

  /**
   * What an unanswered payment of before a stop has paid since then nobody may have seen: only the cashier's *wait*
   * says that its customer is there.
   */
  #closeOnScreen(): void {
    const { tenderId } = this.#context()
    const isUnseen = tenderId !== null && tenderId === this.#recoveredTenderId && !this.#waitedFor.has(tenderId)
    this.#sales.closeIfPaid(this.#sale.saleId, isUnseen ? 'unseen' : 'seen')
  }

  /** The ledger's word on the unknown tender of the screen became a row, perhaps before the screen said unknown. */
  #tellResolution(): void {
    const { tenderId } = this.#context()
    if (this.#state() !== 'unknown' || tenderId === null) return
    const tender = this.#parts.journal.tender(tenderId)
    const resolution = tender === undefined ? undefined : resolutionOf(tender)
    if (resolution !== undefined) this.#send({ type: 'RESOLVED', tenderId, ...resolution })
  }

  /** Runs when the present step is over, unless the till was stopped meanwhile. */
  #afterwards(task: () => void): void {
    queueMicrotask(() => {
      if (this.#stopped) return
      try {
        task()
      } catch (error) {
        if (!isStorageFault(error)) throw error
        this.#storageFault = true
        this.publish()
      }
    })
  }

  /** A sale that comes back, because it is paid in part, does so as soon as the screen is free. */
  #closeResolvedSales(): void {
    this.#sales.closeResolved(this.#sale.saleId)
    if (this.#shifts.maySell && this.#state() === 'idle' && this.#sale.lines.length === 0)
      this.#sale = this.#sales.leftOver(this.#sale.saleId) ?? this.#sale
  }

  /** The sale on the screen is the frozen one of the journal. */
  #recover(): RecoveredState | undefined {
    const { journal } = this.#parts
    endInterruptedTenders(journal)
    for (const { sale } of journal.openSales()) this.#sales.closeIfPaid(sale.saleId, 'unseen')
    const [open] = journal.openSales()
    // Without a shift nobody is there to go on with it: its tender stands among the unresolved ones.
    if (open === undefined || !this.#shifts.maySell) return undefined
    this.#sale = open.sale
    this.#openAtStart = open.sale.saleId
    const recovered = recoveredStateOf(journal, open.sale.saleId)
    // The holder of a torn card that comes back is there.
    this.#recoveredTenderId = recovered?.state === 'unknown' ? recovered.intent.tenderId : null
    return recovered
  }

  #unresolved(): readonly TenderRecord[] {
    const onScreen = this.#context().tenderId
    return this.#parts.journal.tendersInState('unknown', ...tornStates).filter((tender) => tender.tenderId !== onScreen)
  }

  #isUnknown(tenderId: string): boolean {
    return this.#parts.journal.tender(tenderId)?.state === 'unknown'
  }

  #clearResult(): void {
    const state = this.#state()
    if (state === 'approved' || state === 'refused') this.#send({ type: 'NEXT' })
    this.#decided = null
    this.#parts.printQueue.forgetDrawer()
    if (this.#sales.isFinished(this.#sale.saleId)) this.#startNextSale()
  }

  #startNextSale(): void {
    const leftOver = this.#shifts.maySell ? this.#sales.leftOver(this.#sale.saleId) : undefined
    this.#sale = leftOver ?? this.#emptySale()
    this.#decided = null
  }

  #standing(): SaleStanding {
    return standingOf(this.#parts.journal, this.#sale)
  }

  #emptySale(): Sale {
    return { saleId: this.#parts.randomness.uuid(), lines: [] }
  }

  #state(): PaymentStateName {
    return (this.#payment?.getSnapshot().value ?? 'idle') as PaymentStateName
  }

  #context(): PaymentContext {
    return this.#payment?.getSnapshot().context ?? emptyContext
  }

  #send(event: Parameters<Actor<Machine>['send']>[0]): void {
    this.#payment?.send(event)
  }
}
