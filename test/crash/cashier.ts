/**
 * A cashier made of code who knows only what is on the screen. Acts by what it shows now, never by where a script
 * stands, since the till may die and come back at any moment; writes down what the screen said and what was handed
 * over, for the checker (test/checker/claims.ts).
 */
import { appendFileSync } from 'node:fs'
import { toJson } from '../../src/sync/protocol/canonical.ts'
import type { Command, Snapshot, TenderView } from '../../src/terminal/contract/index.ts'
import type { Stage } from './stage.ts'
import type { CardKind, Visit } from './visits.ts'

const visitWithinMs = 60_000
const lookEveryMs = 100
const paperWithinMs = 3_000
/** Of one card in one visit: it may have been the till that died. */
const triesMax = 3
/** So that the network can be cut between two commands. */
const slowReaderMs = 40
const paidStates = ['settled', 'pending', 'awaiting_funds', 'not_paid']
const authorisations = '/v1/terminal/authorisations'

type RecentSale = Snapshot['recent'][number]

export class Cashier {
  readonly #stage: Stage
  readonly #seenFile: string
  /** Gives the label of a card of this kind that has something left today, or nothing. */
  readonly #nextCard: (kind: CardKind) => string | undefined
  readonly #approved = new Set<string>()
  readonly #seenPending = new Set<string>()
  #laid: string | undefined

  constructor(stage: Stage, seenFile: string, nextCard: (kind: CardKind) => string | undefined) {
    this.#stage = stage
    this.#seenFile = seenFile
    this.#nextCard = nextCard
  }

  /** Sales that were paid, however, and handed over. */
  sales = 0
  /** Those of `sales` of which a card paid something. */
  paidByCard = 0
  /** Those of `paidByCard` with a payment that the screen showed as still to be sent. */
  paidOffline = 0
  /** Those of `sales` of which something was paid in cash. One of card and cash counts in both. */
  paidInCash = 0

  /** @throws Error when the visit does not end: the till is stuck, which is a fault of its own. */
  async serve(visit: Visit): Promise<void> {
    const { panel } = this.#stage
    const until = performance.now() + visitWithinMs
    if (visit.network === 'cut') await this.#cutNetwork(until)
    if (visit.network === 'cut_while_proving') await panel.readerTakes(slowReaderMs)
    if (visit.network === 'lost') await panel.network({ loseNext: 1, path: authorisations })
    const { paperEndsAfterLines } = visit
    if (paperEndsAfterLines !== undefined) await panel.printer({ paperEndsAfterLines })
    const customer = new Customer(visit)
    while (!customer.isGone) {
      if (performance.now() > until) throw new Error(`stuck with ${JSON.stringify(visit)}: ${this.#described()}`)
      const { snapshot } = this.#stage
      if (snapshot !== undefined) {
        this.#see(snapshot)
        await this.#act(snapshot, customer)
      }
      if (!customer.isGone) await this.#stage.change(lookEveryMs)
    }
    await this.#pull()
    await panel.readerTakes(0)
    await panel.network({ mode: 'up', loseNext: 0 })
    if (paperEndsAfterLines !== undefined) await this.#changePaper()
  }

  /** Resolves when nothing waits any more: no payment, no message to the ledger, no receipt. */
  async drain(withinMs: number): Promise<void> {
    const { panel } = this.#stage
    await this.#pull()
    await panel.network({ mode: 'up', loseNext: 0 })
    const until = performance.now() + withinMs
    let askedAt = 0
    for (;;) {
      if (performance.now() > until) throw new Error(`not drained: ${this.#described()}`)
      const { snapshot } = this.#stage
      if (snapshot !== undefined) {
        this.#see(snapshot)
        if (isAtRest(snapshot)) return
        if (snapshot.sale !== null || snapshot.tap.state !== 'idle') await this.#settleLeftOver(snapshot)
        else if (performance.now() - askedAt > 1_000) {
          askedAt = performance.now()
          await this.#does({ command: 'sync_now' })
        }
      }
      await this.#stage.change(lookEveryMs)
    }
  }

  async #act(snapshot: Snapshot, customer: Customer): Promise<void> {
    const { sale, tap } = snapshot
    const finished = snapshot.recent.find((recent) => recent.saleId === customer.saleId)
    if (finished !== undefined) return this.#finish(snapshot, finished, customer)
    const isTheirs = sale !== null && sale.saleId === customer.saleId
    const isOfAnother = sale !== null && !isTheirs
    const isBasketLost = customer.saleId !== null && !isTheirs && !customer.isLeftForLater
    // The basket was not paid in part and went with the core: it is rung up again.
    if (isBasketLost) customer.saleId = null
    if (customer.isLeftForLater && !isTheirs) return this.#goAfterLeaving(snapshot, customer)
    if (isOfAnother) return this.#settleLeftOver(snapshot)
    switch (tap.state) {
      case 'idle':
        if (sale === null || customer.unrung.length > 0) return this.#ringUp(snapshot, customer)
        return this.#takePayment(snapshot, customer)
      case 'tap':
        return this.#present(snapshot, customer)
      case 'hold':
        if (customer.visit.network === 'cut_while_proving' && tap.step === 'proving' && !customer.hasCut) {
          customer.hasCut = true
          await this.#stage.panel.network({ mode: 'cut' })
        }
        return
      case 'torn':
        if (isPutAside(customer.visit) && !customer.wasAside) {
          await this.#pull()
          customer.wasAside = true
          customer.isLeftForLater = true
          return this.#does({ command: 'serve_next_meanwhile' })
        }
        if (customer.visit.onTorn === 'cancel') {
          customer.isCancelled = true
          return this.#does({ command: 'cancel_payment' })
        }
        customer.tears = false
        return this.#lay(customer.card)
      case 'approved':
        await this.#pull()
        if (sale === null || sale.leftToPay === 0n) return this.#does({ command: 'next_customer' })
        return this.#takePayment(snapshot, customer)
      case 'refused':
        await this.#pull()
        return this.#takePayment(snapshot, customer)
      case 'unknown':
        return this.#resolve(snapshot, customer)
    }
  }

  /** Items are rung up one by one; the sale gets its id with the first. */
  async #ringUp(snapshot: Snapshot, customer: Customer): Promise<void> {
    if (customer.saleId === null) customer.unrung = customer.visit.items
    const [item] = customer.unrung
    if (item === undefined) return
    const { revision } = snapshot
    if (!(await this.#tries({ command: 'add_item', itemId: item }))) return
    customer.unrung = customer.unrung.slice(1)
    const shown = await this.#shows((now) => now.revision > revision && now.sale !== null)
    customer.saleId = shown?.sale?.saleId ?? customer.saleId
  }

  async #takePayment({ sale, actions }: Snapshot, customer: Customer): Promise<void> {
    if (sale === null || sale.leftToPay === 0n) return
    if (customer.isCancelled) return this.#does({ command: 'cancel_sale' })
    const paidByCard = sale.tenders.filter(({ kind, state }) => kind === 'voucher' && paidStates.includes(state)).length
    if (paidByCard !== customer.cardsDone) customer.takesOutCard(paidByCard)
    const kind = customer.visit.cards[customer.cardsDone]
    const label = kind === undefined ? undefined : (customer.card ?? this.#nextCard(kind))
    if (label !== undefined && actions.includes('pay_by_card') && customer.triesOfCard < triesMax) {
      customer.card = label
      customer.triesOfCard += 1
      await this.#pull()
      return this.#does({ command: 'pay_by_card' })
    }
    if (actions.includes('pay_cash')) return this.#doesFor(sale.saleId, { command: 'pay_cash' })
    // Nothing can be taken now: what was paid is given back, the customer goes.
    if (actions.includes('cancel_sale')) return this.#does({ command: 'cancel_sale' })
  }

  async #present({ tap }: Snapshot, customer: Customer): Promise<void> {
    if (tap.state !== 'tap') return
    if (customer.card === undefined) return this.#does({ command: 'cancel_payment' })
    if (tap.hint === 'remove_card_first' || tap.hint === 'card_moved_too_soon') await this.#pull()
    if (this.#laid !== undefined) return
    const tearAfter = customer.tears ? customer.visit.tearAfter : undefined
    customer.tears = false
    await this.#lay(customer.card, tearAfter)
  }

  async #resolve({ sale, unresolved }: Snapshot, customer: Customer): Promise<void> {
    await this.#pull()
    // Only an answer ends this: the network that was cut is mended.
    await this.#stage.panel.network({ mode: 'up', loseNext: 0 })
    const unknown = [...(sale?.tenders ?? []), ...unresolved].find((tender) => tender.state === 'unknown')
    switch (customer.visit.onUnknown) {
      case 'serve_next':
        customer.isLeftForLater = true
        return this.#does({ command: 'serve_next_meanwhile' })
      case 'cancel':
        if (unknown === undefined) return
        await this.#does({ command: 'cancel_unknown', tenderId: unknown.tenderId })
        customer.isCancelled = true
        return
      default:
        if (unknown !== undefined && !customer.hasAsked)
          await this.#does({ command: 'wait_for_answer', tenderId: unknown.tenderId })
        customer.hasAsked = true
    }
  }

  /** The customer waits aside. Their sale closes by itself, is cancelled, or comes back to the screen. */
  async #goAfterLeaving(snapshot: Snapshot, customer: Customer): Promise<void> {
    const known = snapshot.unresolved.find((tender) => tender.saleId === customer.saleId)
    if (snapshot.sale !== null) return this.#settleLeftOver(snapshot)
    if (known === undefined && snapshot.tap.state === 'idle') return
    if (known?.state === 'torn') return this.#answerTorn(known, customer)
    await this.#does({ command: 'sync_now' })
  }

  /** A sale that was put aside is on the screen again, or its customer has gone. */
  async #answerTorn({ tenderId }: TenderView, { visit }: Customer): Promise<void> {
    const isGivenUp = visit.onTorn === 'put_aside_and_give_up'
    await this.#does({ command: isGivenUp ? 'cancel_unknown' : 'take_up_torn', tenderId })
  }

  /** A sale whose customer has gone. Nothing was handed over for it, so what was paid goes back. */
  async #settleLeftOver(snapshot: Snapshot): Promise<void> {
    const { tap, actions, sale } = snapshot
    if (tap.state === 'hold') return
    if (tap.state === 'unknown') {
      const unknown = sale?.tenders.find((tender) => tender.state === 'unknown')
      if (unknown !== undefined) return this.#does({ command: 'wait_for_answer', tenderId: unknown.tenderId })
      return
    }
    if (tap.state === 'tap') return this.#does({ command: 'cancel_payment' })
    if (actions.includes('next_customer')) return this.#does({ command: 'next_customer' })
    if (actions.includes('cancel_sale')) return this.#does({ command: 'cancel_sale' })
  }

  async #finish(snapshot: Snapshot, finished: RecentSale, customer: Customer): Promise<void> {
    await this.#pull()
    if (snapshot.actions.includes('next_customer')) await this.#does({ command: 'next_customer' })
    if (!finished.voidable) {
      this.#writeSale(finished, customer.isVoided ? 'voided' : 'cancelled')
      customer.isGone = true
      return
    }
    if (customer.visit.after === 'void') {
      customer.isVoided = true
      return this.#doesFor(finished.saleId, { command: 'void_sale', saleId: finished.saleId })
    }
    if (customer.visit.after === 'reprint' && !customer.hasReprinted) {
      if (finished.receipt !== 'printed') return
      customer.hasReprinted = true
      return this.#doesFor(finished.saleId, { command: 'print_again', saleId: finished.saleId })
    }
    this.#count(finished)
    this.#writeSale(finished, 'handed_over')
    customer.isGone = true
  }

  #count({ tenders }: RecentSale): void {
    const paid = tenders.filter(({ state }) => paidStates.includes(state))
    this.sales += 1
    if (paid.some(({ kind }) => kind === 'voucher')) this.paidByCard += 1
    if (paid.some(({ tenderId }) => this.#seenPending.has(tenderId))) this.paidOffline += 1
    if (paid.some(({ kind }) => kind === 'cash')) this.paidInCash += 1
  }

  /** The till must know that it is off line: then it decides so before the card is proved. */
  async #cutNetwork(until: number): Promise<void> {
    await this.#stage.panel.network({ mode: 'cut' })
    while (performance.now() < until) {
      const { snapshot } = this.#stage
      if (snapshot !== undefined && snapshot.lights.network.level !== 'ok') return
      await this.#stage.change(lookEveryMs)
    }
  }

  /** A new roll when the till says that there is none, or after a while: it may have been killed before it printed. */
  async #changePaper(): Promise<void> {
    const until = performance.now() + paperWithinMs
    while (this.#stage.snapshot?.lights.printer.code !== 'printer_paper_out' && performance.now() < until)
      await this.#stage.change(lookEveryMs)
    await this.#stage.panel.printer({ paper: 'present' })
  }

  async #lay(card: string | undefined, pullAfterCommands?: number): Promise<void> {
    if (card === undefined) return
    await this.#pull()
    await this.#stage.panel.lay(card, pullAfterCommands === undefined ? {} : { pullAfterCommands })
    this.#laid = pullAfterCommands === undefined ? card : undefined
  }

  async #pull(): Promise<void> {
    this.#laid = undefined
    await this.#stage.panel.pull()
  }

  async #does(command: Command): Promise<void> {
    await this.#tries(command)
  }

  /** What the till answers *done* to is written down: on that word cash changes hands. */
  async #doesFor(
    saleId: string,
    command: Extract<Command, { command: 'pay_cash' | 'void_sale' | 'print_again' }>,
  ): Promise<void> {
    if (await this.#tries(command)) this.#write({ kind: 'done', command: command.command, saleId })
  }

  /** False when the till said no, or died over it: the next look at the screen says how things stand. */
  async #tries(command: Command): Promise<boolean> {
    const answer = await this.#stage.does(command)
    return answer.ok
  }

  async #shows(what: (snapshot: Snapshot) => boolean): Promise<Snapshot | undefined> {
    const until = performance.now() + 2_000
    for (;;) {
      const { snapshot } = this.#stage
      if (snapshot === undefined || performance.now() > until) return undefined
      if (what(snapshot)) return snapshot
      await this.#stage.change(lookEveryMs)
    }
  }

  /** Each payment that the screen shows as approved is written down once, when it is first seen. */
  #see(snapshot: Snapshot): void {
    const shown: readonly TenderView[] = [
      ...(snapshot.sale?.tenders ?? []),
      ...snapshot.recent.flatMap((sale) => sale.tenders),
    ]
    for (const { kind, state, tenderId, amount } of shown) {
      if (state === 'pending') this.#seenPending.add(tenderId)
      if (kind !== 'voucher' || !paidStates.includes(state) || this.#approved.has(tenderId)) continue
      this.#approved.add(tenderId)
      this.#write({ kind: 'approved', tenderId, amount })
    }
  }

  #writeSale(sale: RecentSale, end: 'handed_over' | 'cancelled' | 'voided'): void {
    const tenders = sale.tenders.map(({ tenderId, kind, amount, state }) => ({ tenderId, kind, amount, state }))
    this.#write({ kind: 'sale', saleId: sale.saleId, end, total: sale.total, tenders })
  }

  #write(line: object): void {
    appendFileSync(this.#seenFile, `${toJson(line)}\n`)
  }

  #described(): string {
    const { snapshot } = this.#stage
    if (snapshot === undefined) return 'there is no till'
    const { tap, sale, actions, unresolved, queue, lights } = snapshot
    return toJson({ tap, sale, actions, unresolved, queue, network: lights.network, printer: lights.printer })
  }
}

/** What the cashier remembers of the person before them. */
class Customer {
  readonly visit: Visit
  saleId: string | null = null
  unrung: readonly string[]
  /** The card in their hand. */
  card: string | undefined
  /** Cards that have paid. */
  cardsDone = 0
  triesOfCard = 0
  tears: boolean
  hasCut = false
  hasAsked = false
  hasReprinted = false
  isCancelled = false
  isVoided = false
  isLeftForLater = false
  /** Once for each: then the card is held again. */
  wasAside = false
  isGone = false

  constructor(visit: Visit) {
    this.visit = visit
    this.unrung = visit.items
    this.tears = visit.tearAfter !== undefined
  }

  takesOutCard(number: number): void {
    this.cardsDone = number
    this.card = undefined
    this.triesOfCard = 0
  }
}

function isPutAside({ onTorn }: Visit): boolean {
  return onTorn === 'put_aside' || onTorn === 'put_aside_and_give_up'
}

function isAtRest({ sale, tap, queue, unresolved, recent }: Snapshot): boolean {
  return (
    sale === null &&
    tap.state === 'idle' &&
    queue.waiting === 0 &&
    queue.parked === 0 &&
    unresolved.length === 0 &&
    recent.every(({ receipt, tenders }) => receipt !== 'waiting' && tenders.every(({ state }) => isFinal(state)))
  )
}

function isFinal(state: TenderView['state']): boolean {
  return ['settled', 'awaiting_funds', 'not_paid', 'refused', 'reversed', 'voided'].includes(state)
}
