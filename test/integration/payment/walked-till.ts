/**
 * A walk through the payment machine, done with a real till: each step becomes what a cashier, a card or the network
 * does, and after each the screen, the offered actions and the journal are what the walk says.
 */
import { freeStates, spentStates, type JournalTenderState } from '../../../src/sync/journal/projection.ts'
import type { JournalRowKind } from '../../../src/sync/journal/rows.ts'
import type { Action, Command, Snapshot } from '../../../src/terminal/contract/index.ts'
import type { Core } from '../../../src/terminal/core/core.ts'
import type { PaymentStateName } from '../../../src/terminal/payment/payment-context.ts'
import { inWords, type Step, type Walk } from '../../fixtures/payment-graph.ts'
import type { AuditSources } from '../../simulation/auditor.ts'
import { saying } from '../bad-input/till-at-work.ts'
import type { PreparedWorld, WalkWorld } from './prepared-world.ts'

/**
 * What cannot happen to a real till, and why. The machine hears it all the same: it does not know the work behind it.
 * - What was decided offline was never sent, so that it can not become unknown.
 * - The card that was decided about is proved in the same presence: only one that comes to a torn tender is another.
 * - Unknown is an authorisation: nobody presented it, so the ledger never answers that it *will* pay.
 * - A reversal is the cashier's, which has left the screen by then, or that of a restart (walked with the stops).
 */
export function cannotHappen(walk: Walk): boolean {
  let offline = false
  return walk.some((step, index) => {
    if (step.as === 'other_card' && walk[index - 1]?.from === 'preparing') return true
    if (step.from === 'proving' && step.type === 'done') offline = step.as === 'proved offline'
    if (step.from === 'accepting' && step.as === 'unknown' && offline) return true
    return step.type === 'RESOLVED' && (step.as === 'pending' || step.as === 'reversed')
  })
}

/** How a tender may go on (docs/design/01, "A tender in the journal"). */
const goesOn: Readonly<Record<JournalTenderState, readonly JournalTenderState[]>> = {
  in_progress: ['settled', 'pending', 'refused', 'unknown', 'torn', 'voided'],
  settled: ['reversing'],
  held: ['settled', 'not_paid', 'reversing'],
  pending: ['settled', 'awaiting_funds', 'not_paid', 'reversing'],
  awaiting_funds: ['settled', 'not_paid', 'reversing'],
  not_paid: ['settled', 'reversing'],
  unknown: ['settled', 'refused', 'reversing', 'reversed'],
  torn: ['in_progress', 'voided'],
  maybe_debited: ['pending', 'voided', 'advised'],
  advised: ['pending', 'settled', 'awaiting_funds', 'not_paid', 'reversing'],
  reversing: ['reversed'],
  reversed: [],
  refused: [],
  voided: [],
}
const everyState = [...spentStates, ...freeStates]

/** How the journal has the tender on the screen, by the state of the screen. */
const onScreen: Partial<Record<PaymentStateName, readonly JournalTenderState[]>> = {
  // A torn one is resumed once its card has said who it is.
  proving: ['in_progress', 'torn'],
  authorising: ['in_progress'],
  torn: ['torn'],
  unknown: ['unknown'],
  approved: ['settled', 'pending'],
}
/** Work without a card's or a ledger's answer is over within one turn: nobody outside the core can see the state. */
const isBetweenTurns = (state: PaymentStateName): boolean => state === 'preparing' || state === 'accepting'
const working: readonly PaymentStateName[] = ['identifying', 'preparing', 'proving', 'authorising', 'accepting']

interface Tap {
  readonly card: string
  readonly offline: boolean
}

export class WalkedTill {
  readonly #walk: Walk
  readonly #world: WalkWorld
  /** Varies what a walk leaves open: which card, which of two ways to cancel, which half of the way loses. */
  readonly #variant: number
  readonly #states = new Map<string, JournalTenderState>()
  #tenders = 0
  #taps = 0
  #tap: Tap = { card: '', offline: false }
  #suspended = false
  #tendersOnScreen: string | undefined

  private constructor(walk: Walk, world: WalkWorld, variant: number) {
    this.#walk = walk
    this.#world = world
    this.#variant = variant
  }

  /** @param stopBefore the power fails before the first commit that has one of these rows */
  static async begin(
    prepared: PreparedWorld,
    walk: Walk,
    variant: number,
    stopBefore: readonly JournalRowKind[] = [],
  ): Promise<WalkedTill> {
    const late: { till?: WalkedTill } = {}
    let isStopped = false
    const world = await prepared.open((core) => {
      core.journal.onDidCommit(() => late.till?.watch(core))
      if (isStopped || stopBefore.length === 0) return
      const { journal } = core
      const commit = journal.commit.bind(journal)
      journal.commit = (...rows) => {
        if (!isStopped && rows.some(({ kind }) => stopBefore.includes(kind))) {
          isStopped = true
          world.station.kill()
        }
        // What a dead process goes on to think reaches no disk.
        return isStopped ? [] : commit(...rows)
      }
    })
    const till = new WalkedTill(walk, world, variant)
    late.till = till
    return till
  }

  get world(): WalkWorld {
    return this.#world
  }

  get snapshot(): Snapshot {
    const core = this.#core
    return core.till.snapshot()
  }

  get state(): PaymentStateName {
    return stateOf(this.snapshot)
  }

  get #core(): Core {
    const { core } = this.#world.station
    if (core === undefined) throw new Error('the till is off')
    return core
  }

  /** After every commit: each tender goes on as the table allows, or stays. */
  watch(core: Core): void {
    for (const { tenderId, state, kind } of core.journal.tendersInState(...everyState)) {
      if (kind === 'cash') continue
      const before = this.#states.get(tenderId)
      this.#states.set(tenderId, state)
      const isFirst = before === undefined && state === 'in_progress'
      const isLegal = before === state || isFirst || (before !== undefined && goesOn[before].includes(state))
      if (!isLegal) this.#fail(`tender ${tenderId} went from ${before ?? 'nothing'} to ${state}`)
    }
  }

  async walk(): Promise<void> {
    for (const [index, step] of this.#walk.entries()) {
      await this.#prepareFor(index)
      if (step.type === 'done') await this.#endOfWork(step)
      else await this.#act(step, index)
      if (this.#world.station.core === undefined) return
      if (!isBetweenTurns(step.to)) this.#compare(step)
    }
  }

  /**
   * The power fails, unless it has already, so many events after the walk's last step if the state lasts so long; the
   * till starts again on what is on the disk. Returns how the tender stood there.
   */
  async stopAndStart(after: number): Promise<JournalTenderState | undefined> {
    const { station, time } = this.#world
    const last = this.#walk.at(-1)
    for (let events = 0; events < after && station.core !== undefined; events += 1) {
      if (last === undefined || this.state !== last.to || !working.includes(last.to)) break
      await time.step()
    }
    station.kill()
    station.pullCard()
    const [tenderId, onDisk] = [...this.#states].at(-1) ?? []
    this.#tendersOnScreen = tenderId
    station.start()
    this.watch(this.#core)
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
    return onDisk
  }

  get decidedOffline(): boolean {
    return this.#tap.offline
  }

  /** A cashier who only looks at the screen ends everything, on a healed network. Returns what the auditor found. */
  async finishAndJudge(): Promise<string[]> {
    const { network, station, time } = this.#world
    station.pullCard()
    network.all = 'up'
    network.authorisations = null
    if (this.#suspended) await this.#world.takeTillBack()
    for (let acts = 0; !this.#isAtRest(); acts += 1) {
      if (acts > 40) this.#fail(`no way out: tap ${this.snapshot.tap.state}, ${this.snapshot.actions.join(' ')}`)
      const command = this.#wayOut()
      if (command !== undefined) this.#command(command)
      await time.runUntil(time.now + 2_000)
    }
    const { recent } = this.snapshot
    const sales: AuditSources['sales'] = recent.map(({ saleId, tenders, voidable }) => ({
      saleId,
      goods: voidable ? 'given' : 'kept',
      tenders: tenders.filter(({ kind, state }) => kind === 'voucher' && (state === 'settled' || !voidable)),
    }))
    return this.#world.judge(sales)
  }

  /** The tender of the last intent, as the journal has it. */
  tenderState(): JournalTenderState | undefined {
    return this.#tendersOnScreen === undefined ? undefined : this.#core.journal.tender(this.#tendersOnScreen)?.state
  }

  #isAtRest(): boolean {
    const { sale, tap, queue, unresolved } = this.snapshot
    const isEmpty = sale === null || sale.leftToPay === 0n
    return isEmpty && tap.state === 'idle' && queue.waiting + queue.parked === 0 && unresolved.length === 0
  }

  #wayOut(): Command | undefined {
    const { actions, sale, unresolved, tap } = this.snapshot
    const may = (action: Action): boolean => actions.includes(action)
    const unknown = sale?.tenders.find(({ state }) => state === 'unknown')
    if (may('cancel_unknown') && unknown !== undefined) return { command: 'cancel_unknown', tenderId: unknown.tenderId }
    if (may('cancel_payment')) return { command: 'cancel_payment' }
    if (may('pay_cash') && this.#variant % 2 === 0) return { command: 'pay_cash' }
    if (may('cancel_sale')) return { command: 'cancel_sale' }
    if (may('next_customer') && tap.state !== 'idle') return { command: 'next_customer' }
    const [old] = unresolved
    return old === undefined ? undefined : { command: 'cancel_unknown', tenderId: old.tenderId }
  }

  /** What must be so before the step, for it to end as the walk says. */
  async #prepareFor(index: number): Promise<void> {
    const { station, network } = this.#world
    const step = this.#walk[index] as Step
    const next = this.#walk[index + 1]
    const { from, type, as } = step
    if (from === 'preparing' && as === 'card_left') station.pullCard()
    if (from === 'identifying' && as === 'card_left') station.pullCard()
    if (from === 'proving' && as === 'torn') station.pullCard()
    if (from === 'proving' && as === 'proved online') {
      network.authorisations = next === undefined ? this.#pick(['up', 'lose_request', 'lose_answer']) : 'up'
      if (next?.as === 'refused') await this.#world.blockCard(this.#tap.card)
      if (next?.as === 'no_answer') network.authorisations = this.#lossOf(this.#walk.slice(index))
    }
    if (from === 'proving' && as === 'proved offline' && next?.as === 'refused') {
      // The till hears between two commands of the card that it is suspended.
      await this.#world.suspendTill()
      this.#suspended = true
      network.all = 'up'
      void this.#core.engine.syncNow()
    }
    // Whoever was not answered is not answered by anything else either, until the walk says so.
    if (from === 'authorising' && as === 'no_answer') network.all = network.authorisations ?? 'lose_request'
    if (type === 'RESOLVED') {
      if (as === 'refused') await this.#world.blockCard(this.#tap.card)
      network.all = 'up'
      network.authorisations = 'up'
    }
  }

  #pick<T>(ways: readonly T[]): T {
    return ways[this.#variant % ways.length] as T
  }

  /** Which half of the way loses an authorisation that is not answered. */
  #lossOf(rest: Walk): 'refused' | 'lose_request' | 'lose_answer' {
    const ending = rest.find(({ from }) => from === 'accepting')
    if (ending?.as === 'refused') return 'refused'
    const resolved = rest.find(({ from }) => from === 'unknown')
    if (resolved?.type === 'RESOLVED') return resolved.as === 'settled' ? 'lose_answer' : 'lose_request'
    return this.#pick(['lose_request', 'lose_answer'])
  }

  async #endOfWork({ from, to }: Step): Promise<void> {
    const { time } = this.#world
    for (let events = 0; this.#world.station.core !== undefined && this.state === from; events += 1) {
      if (events > 500 || !(await time.step())) this.#fail(`${from} does not end`)
    }
    if (to === 'proving' && this.#world.station.core !== undefined) this.#noteTender()
  }

  #noteTender(): void {
    const tenders = this.#core.journal.tendersInState(...everyState)
    this.#tenders += 1
    const vouchers = tenders.filter(({ kind }) => kind === 'voucher')
    if (vouchers.length !== this.#tenders) this.#fail(`${vouchers.length} voucher tenders, not ${this.#tenders}`)
    this.#tendersOnScreen = vouchers.at(-1)?.tenderId
  }

  async #act(step: Step, index: number): Promise<void> {
    const { station, time } = this.#world
    switch (step.type) {
      case 'PAY':
        station.pullCard()
        await this.#ringUp(index)
        this.#command({ command: 'pay_by_card' })
        break
      case 'CARD_INSERTED':
        station.pullCard()
        if (step.from !== 'torn') await this.#takeCard(index)
        station.layCard(this.#cardFor(step, this.#walk[index + 1]))
        break
      case 'RESOLVED':
        if (this.#variant % 2 === 0 || step.as === 'refused') this.#command(this.#unknown('wait_for_answer'))
        for (let events = 0; this.state === 'unknown'; events += 1)
          if (events > 5_000 || !(await time.step())) this.#fail('the ledger’s word does not come')
        break
      default:
        this.#clear(step)
    }
    // What the act brings about happens in the same turn of the event loop.
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
  }

  /** Cards are taken for what the walk wants of them; a slot is used once, so each tap has another one. */
  async #takeCard(index: number): Promise<void> {
    const { network, time } = this.#world
    const rest = this.#walk.slice(index + 1)
    const upTo = rest.findIndex(({ to }) => ['idle', 'awaitingCard', 'refused', 'approved', 'unknown'].includes(to))
    const tap = upTo < 0 ? rest : rest.slice(0, upTo + 1)
    const says = (from: string, as: string): boolean => tap.some((step) => step.from === from && step.as === as)
    const number = String((this.#taps += 1)).padStart(2, '0')
    const leased = `Pupil ${number}`
    const unleased = `Pupil ${20 + this.#taps}`
    const offline =
      says('proving', 'proved offline') ||
      (!tap.some(({ from, as }) => from === 'proving' && as.startsWith('proved')) &&
        tap.some(({ from }) => from === 'preparing') &&
        !says('preparing', 'card_left') &&
        this.#variant % 3 === 2)
    this.#tap = { offline, card: says('authorising', 'no_answer') || this.#variant % 2 === 1 ? unleased : leased }
    if (offline || says('accepting', 'pending') || says('authorising', 'refused')) this.#tap = { offline, card: leased }
    if (says('preparing', 'card_left')) this.#tap = { offline, card: unleased }
    if (says('proving', 'refused')) this.#tap = { offline, card: `Forged ${leased}` }
    if (says('preparing', 'refused')) this.#tap = { offline, card: 'Pupil 30' }
    if (says('identifying', 'refused')) this.#tap = { offline, card: 'Stranger' }
    network.authorisations = null
    network.all = offline ? 'refused' : 'up'
    if (this.#suspended && !offline) {
      await this.#world.takeTillBack()
      this.#suspended = false
    }
    void this.#core.engine.syncNow()
    // Long enough for a round that was under way to end, and for another.
    await time.runUntil(time.now + 25_000)
    const { network: light } = this.snapshot.lights
    if ((light.code === 'ok') === offline) this.#fail(`the network is ${light.code}`)
  }

  #cardFor(step: Step, next: Step | undefined): string {
    if (step.from !== 'torn' || next?.as !== 'other_card') return this.#tap.card
    return this.#pick(['Pupil 29', 'Stranger'])
  }

  /** A sale of one lunch is paid in full by one card; one of three lunches and a juice by none. */
  async #ringUp(index: number): Promise<void> {
    if (this.snapshot.actions.includes('pay_by_card')) return
    const again = this.#walk.slice(index).some(({ from, type }) => from === 'approved' && type === 'PAY')
    const items =
      again || this.#variant % 2 === 0 ? ['school-lunch', 'school-lunch', 'school-lunch', 'juice'] : ['school-lunch']
    for (const itemId of items) this.#command({ command: 'add_item', itemId })
  }

  #unknown(command: 'cancel_unknown' | 'wait_for_answer'): Command {
    if (this.#tendersOnScreen === undefined) this.#fail('nothing is unknown')
    return { command, tenderId: this.#tendersOnScreen as string }
  }

  /** Each offered action that leads where the walk goes is some variant's way. */
  #clear({ from, type }: Step): void {
    const ways: Readonly<Record<string, readonly Command[]>> = {
      'awaitingCard CANCEL': [{ command: 'cancel_payment' }, { command: 'cancel_sale' }, { command: 'pay_cash' }],
      'identifying CANCEL': [{ command: 'cancel_payment' }],
      'torn NEXT': [{ command: 'serve_next_meanwhile' }],
      'torn CANCEL': [{ command: 'cancel_payment' }, { command: 'cancel_sale' }],
      'approved NEXT': [{ command: 'next_customer' }, { command: 'cancel_sale' }, { command: 'pay_cash' }],
      'refused NEXT': [{ command: 'pay_cash' }, { command: 'cancel_sale' }],
    }
    const { actions } = this.snapshot
    const ofUnknown = (): readonly Command[] =>
      type === 'NEXT'
        ? [{ command: 'serve_next_meanwhile' }]
        : [this.#unknown('cancel_unknown'), { command: 'cancel_sale' }]
    const fitting = (from === 'unknown' ? ofUnknown() : (ways[`${from} ${type}`] ?? [])).filter(({ command }) =>
      actions.includes(command as Action),
    )
    if (fitting.length === 0) this.#fail(`${from} offers no ${type}: ${actions.join(' ')}`)
    this.#world.station.pullCard()
    this.#command(this.#pick(fitting))
  }

  #command(command: Command): void {
    if (!this.#world.station.command(command)) this.#fail(`${command.command} is refused`)
  }

  /** The screen, the offers and the journal after a step. */
  #compare({ to, from, type, context }: Step): void {
    const { snapshot } = this
    if (stateOf(snapshot) !== to) this.#fail(`shows ${saying(snapshot.tap)}, not ${to}`)
    const wrong = offersWrong(snapshot, to)
    if (wrong !== undefined) this.#fail(wrong)
    const state = this.tenderState()
    const expected = onScreen[to]
    if (expected !== undefined && (state === undefined || !expected.includes(state)))
      this.#fail(`the journal has the tender as ${state ?? 'none'} in ${to}`)
    // What is being proved is not for the list of what a person must answer: it would be given up and go on at once.
    if (
      to === 'proving' &&
      (snapshot.unresolved.length > 0 || this.#world.station.command(this.#unknown('cancel_unknown')))
    )
      this.#fail('the tender under way can be given up')
    if (to === 'approved' && snapshot.tap.state === 'approved' && snapshot.tap.look !== context.look)
      this.#fail(`shown as ${snapshot.tap.look}`)
    if (to === 'refused' && ['proving', 'authorising', 'accepting', 'unknown'].includes(from) && state !== 'refused')
      this.#fail(`refused on the screen, ${state ?? 'none'} in the journal`)
    if (from === 'torn' && type === 'CANCEL' && state !== 'voided') this.#fail(`given up, and ${state ?? 'none'}`)
    if (from === 'unknown' && type === 'CANCEL' && !['reversing', 'reversed'].includes(state ?? ''))
      this.#fail(`cancelled, and ${state ?? 'none'}`)
    if ((from === 'unknown' || from === 'torn') && type === 'NEXT' && state !== from)
      this.#fail(`left, and ${state ?? 'none'}`)
  }

  #fail(what: string): never {
    throw new Error(`${what}; variant ${this.#variant} of ${inWords(this.#walk)}`)
  }
}

/** Which state of the machine the screen shows: each has a look of its own, and the tap area shows one. */
export function stateOf({ tap }: Snapshot): PaymentStateName {
  switch (tap.state) {
    case 'tap':
      return 'awaitingCard'
    case 'hold':
      if (tap.step === 'reading') return tap.progress < 30 ? 'identifying' : 'preparing'
      return (
        {
          checking_pin: 'verifyingPin',
          proving: 'proving',
          asking_ledger: 'authorising',
          recording: 'accepting',
        } as const
      )[tap.step]
    case 'rest':
      return 'collectingRest'
    case 'pin':
      return 'askingPin'
    case 'qr':
      return 'unknown'
    default:
      return tap.state
  }
}

/**
 * The offers follow from the state and the sale by docs/design/01 and docs/cashier.md, written down here once more:
 * what is wrong with them, if anything.
 */
function offersWrong({ actions, sale }: Snapshot, state: PaymentStateName): string | undefined {
  const must = new Set<Action>(['print_again', 'void_sale'])
  const isPaid = sale !== null && sale.leftToPay === 0n
  if (!working.includes(state) && state !== 'torn' && state !== 'unknown') {
    if (sale !== null && !isPaid && state !== 'awaitingCard') must.add('pay_by_card')
    if (sale !== null && !isPaid) must.add('pay_cash')
  }
  if (state === 'awaitingCard' || state === 'identifying' || state === 'torn') must.add('cancel_payment')
  if (state === 'torn') must.add('serve_next_meanwhile')
  if (state === 'unknown')
    for (const action of ['wait_for_answer', 'cancel_unknown', 'serve_next_meanwhile'] as const) must.add(action)
  const never: readonly Action[] = working.includes(state)
    ? ['pay_by_card', 'pay_cash', 'cancel_sale', 'next_customer', 'edit_basket', 'cancel_unknown']
    : state === 'torn' || state === 'unknown'
      ? ['pay_by_card', 'pay_cash', 'next_customer', 'edit_basket']
      : ['cancel_unknown', 'serve_next_meanwhile']
  const missing = [...must].filter((action) => !actions.includes(action))
  const extra = never.filter((action) => actions.includes(action))
  return missing.length + extra.length === 0
    ? undefined
    : `in ${state} offers ${actions.join(' ')}: missing ${missing.join(' ')}, not to be offered ${extra.join(' ')}`
}
