/**
 * Method: `xstate/graph` gives the graph of the payment machine without starting it; every walk of so many steps from
 * rest is then played with a real actor over work that answers as told, and what must hold holds after each step
 * (docs/design/01-payment-lifecycle.md). The bound is stated and the number of walks printed; no chance is involved.
 */
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { inWords, walks, type Step, type Walk } from '../../fixtures/payment-graph.ts'
import { lifecycleRows } from '../../fixtures/lifecycle-rows.ts'
import { paymentMachine } from '../../../src/terminal/payment/machine.ts'
import type { PaymentEvent } from '../../../src/terminal/payment/payment-context.ts'
import type { SettledRest } from '../../../src/terminal/payment/work.ts'
import { offeredActions } from '../../../src/terminal/core/actions.ts'
import type { Action } from '../../../src/terminal/contract/snapshot.ts'
import { addTiyn, tiyn } from '../../../src/voucher/money.ts'

/** Long enough for two tenders of one sale, and for a card that is torn twice. */
const steps = 11
/** Long enough for a QR beside a card, in either order. */
const stepsWithQrs = 8
/** Long enough for a wrong PIN and a right one, and for a card that comes back and has not paid. */
const stepsWithDebits = 10

/** One till: an actor, what it asked of its work, and what the outside has told it. */
class Played {
  readonly asked: string[] = []
  readonly errors: unknown[] = []
  readonly #waiting: { readonly name: string; readonly answer: (value: unknown) => void }[] = []
  readonly #actor
  /** Tenders for which no card is asked to prove or debit anything: by QR, or paid before the card had left. */
  readonly unasked = new Set<string>()
  #presences = 0
  #tenders = 0

  constructor() {
    this.#actor = createActor(machine)
    this.#actor.subscribe({ error: (error) => this.errors.push(error) })
  }

  /** At rest, and heard from now on: one plays at a time. */
  static begin(): Played {
    playing = new Played()
    playing.#actor.start()
    return playing
  }

  /** What the machine orders, until it is told the outcome. */
  isAsked(name: string, args: readonly (string | SettledRest | null)[]): Promise<never> {
    const words = args.flatMap((one) => (one === null ? [] : typeof one === 'string' ? [one] : [one.card, one.rest]))
    this.asked.push([name, ...words].join(' '))
    return new Promise((answer) => this.#waiting.push({ name, answer: answer as (value: unknown) => void }))
  }

  get snapshot() {
    return this.#actor.getSnapshot()
  }

  /** The tender that the newest intent made. */
  get tenderId(): string {
    return `tender-${this.#tenders}`
  }

  get isWorking(): boolean {
    return this.#waiting.length > 0
  }

  async take(step: Step): Promise<void> {
    if (step.type === 'done') {
      // Work whose end nobody awaits any more (the tap was cancelled) stays unanswered, as a removed card's does.
      const work = this.#waiting.splice(0).at(-1)
      if (work === undefined) throw new Error(`${step.from} orders no work`)
      work.answer(this.#outcome(step))
      for (let turn = 0; turn < 6; turn += 1) await Promise.resolve()
    } else this.send(this.#event(step))
    if (this.errors.length > 0) throw this.errors[0]
  }

  send(event: PaymentEvent): void {
    this.#actor.send(event)
  }

  insert(): void {
    this.#presences += 1
    this.send({ type: 'CARD_INSERTED', presenceId: `presence-${this.#presences}` })
  }

  #event(step: Step): PaymentEvent {
    if (step.type === 'CARD_INSERTED') {
      this.#presences += 1
      return { type: 'CARD_INSERTED', presenceId: `presence-${this.#presences}` }
    }
    return { ...step.event, ...(step.type === 'RESOLVED' ? { tenderId: this.tenderId } : {}) } as PaymentEvent
  }

  #outcome({ event }: Step): unknown {
    const output = event.output as { readonly kind: string; readonly intent?: object }
    if (output.intent === undefined) return output
    this.#tenders += 1
    if (output.kind === 'open' || output.kind === 'paid') this.unasked.add(this.tenderId)
    return { ...output, intent: { ...output.intent, tenderId: this.tenderId } }
  }
}

let playing: Played
const ask =
  (name: string) =>
  (...args: readonly (string | SettledRest | null)[]) =>
    playing.isAsked(name, args)
/** Made once, because that takes longer than a walk: it is the actor that walks. */
const machine = paymentMachine({
  identify: ask('identify'),
  prepare: ask('prepare'),
  prove: ask('prove'),
  authorise: ask('authorise'),
  acceptWithoutAnswer: ask('accept'),
  verifyPin: ask('verify'),
  present: ask('present'),
  giveUp: (id) => void playing.asked.push(`void ${id}`),
  reverse: (id) => void playing.asked.push(`reverse ${id}`),
  requestByQr: ask('request'),
  now: () => 42,
})

const said = (step: Step | undefined): string =>
  step === undefined ? '' : `${step.from} ${step.type} ${step.as}`.trim()

/** The only words upon which a state that speaks of money may be entered. */
const entries: Readonly<Record<string, readonly string[]>> = {
  approved: [
    'authorising done settled',
    'accepting done pending',
    'unknown RESOLVED settled',
    'unknown RESOLVED pending',
    'proving done debited offline',
    'preparing done paid offline',
    'presenting done settled',
    'presenting done pending',
  ],
  refused: [
    ...['identifying', 'preparing', 'verifyingPin', 'proving', 'authorising', 'accepting', 'requesting'].map(
      (state) => `${state} done refused`,
    ),
    'unknown RESOLVED refused',
  ],
  unknown: ['accepting done unknown', 'requesting done open'],
  torn: ['proving done torn', 'proving done other_card', 'proving done cannot_tell'],
  collectingRest: ['preparing done rest', 'verifyingPin done rest'],
  askingPin: ['preparing done pin', 'verifyingPin done pin_wrong'],
  verifyingPin: ['askingPin PIN_GIVEN'],
  presenting: ['proving done debited online', 'preparing done paid online'],
  authorising: ['proving done proved online'],
  accepting: ['proving done proved offline', 'authorising done no_answer'],
}
/** And the only words by which what a person must answer leaves the screen. */
const exits: Readonly<Record<string, readonly string[]>> = {
  unknown: ['CANCEL', 'NEXT', 'RESOLVED'],
  torn: ['CARD_INSERTED', 'CANCEL', 'NEXT'],
  collectingRest: ['REST_SETTLED', 'PAY_BY_QR', 'CARD_INSERTED', 'CANCEL'],
  askingPin: ['PIN_GIVEN', 'CARD_INSERTED', 'CANCEL'],
}
const working = [
  'identifying',
  'preparing',
  'verifyingPin',
  'presenting',
  'proving',
  'authorising',
  'accepting',
  'requesting',
]
/** Between the intent and the end of its tender. */
const withTender = ['proving', 'presenting', 'torn', 'authorising', 'accepting', 'unknown', 'approved']

/** The event that the till gives the machine for what the cashier asks (src/terminal/core/till.ts). */
const eventsOf: Partial<Record<Action, (state: string) => PaymentEvent['type'] | undefined>> = {
  give_pin: () => 'PIN_GIVEN',
  rest_by_cash: () => 'REST_SETTLED',
  rest_by_qr: () => 'PAY_BY_QR',
  rest_later: () => 'REST_SETTLED',
  pay_by_card: () => 'PAY',
  pay_by_qr: (state) => (state === 'awaitingCard' ? 'CANCEL' : 'PAY_BY_QR'),
  pay_cash: (state) => (state === 'idle' ? undefined : state === 'awaitingCard' ? 'CANCEL' : 'NEXT'),
  cancel_payment: () => 'CANCEL',
  cancel_unknown: () => 'CANCEL',
  serve_next_meanwhile: () => 'NEXT',
  next_customer: (state) => (state === 'approved' || state === 'refused' ? 'NEXT' : undefined),
  cancel_sale: (state) =>
    ['awaitingCard', 'torn', 'unknown'].includes(state) ? 'CANCEL' : state === 'idle' ? undefined : 'NEXT',
}

const standings = [
  { lines: 0, frozen: false, left: 0n, undecided: false },
  { lines: 1, frozen: false, left: 100n, undecided: false },
  { lines: 1, frozen: true, left: 50n, undecided: false },
  { lines: 1, frozen: true, left: 50n, undecided: true },
  { lines: 1, frozen: true, left: 0n, undecided: false },
].map(({ lines, frozen, left, undecided }) => ({
  sale: { saleId: 'sale', lines: Array.from({ length: lines }, () => ({})) } as never,
  frozen,
  total: tiyn(100n),
  paid: tiyn(0n),
  left: addTiyn(tiyn(left)),
  covered: [],
  paidSlots: [],
  tenders: [],
  undecided,
}))

const offeredIn = new Map<string, ReadonlySet<Action>>()

/** Asked after each step, and the same each time. */
function offeredAnywhere(state: string): ReadonlySet<Action> {
  const known = offeredIn.get(state)
  if (known !== undefined) return known
  const offered = new Set(
    standings.flatMap((standing) =>
      [true, false].flatMap((isFinished) =>
        offeredActions({
          state: state as never,
          standing,
          isFinished,
          maySell: true,
          hasShift: true,
          canDecide: true,
          canRecord: true,
          isBenchOpen: false,
          mayConfirmTime: false,
          isRestSettled: false,
          hasTornAside: true,
          cardLies: true,
        }),
      ),
    ),
  )
  offeredIn.set(state, offered)
  return offered
}

function holds(played: Played, walked: Walk): void {
  const last = walked.at(-1) as Step
  const { value, context, status } = played.snapshot
  const must = (isSo: boolean, what: string): void => {
    if (!isSo) throw new Error(`${what}: ${inWords(walked)}; asked: ${played.asked.join(', ')}`)
  }
  // One state, never two, and the one that the graph says.
  must(status === 'active' && value === last.to, `is in ${JSON.stringify(value)}, not ${last.to}`)
  for (const key of [
    'amount',
    'schemeId',
    'look',
    'code',
    'hint',
    'pinTriesLeft',
    'rest',
    'restOf',
    'restBy',
    'since',
  ] as const)
    must(context[key] === last.context[key], `${key} is ${context[key]}, not ${last.context[key]}`)

  if (last.to in entries) must(entries[last.to]!.includes(said(last)), `${last.to} by ${said(last)}`)
  if (last.from in exits) must(exits[last.from]!.includes(last.type), `${last.from} left by ${said(last)}`)
  if (last.to === 'refused') must(context.code !== null, 'refused without a code')

  // One tender from its intent to its end; none before and none after.
  if (withTender.includes(last.to)) must(context.tenderId === played.tenderId, `speaks of ${context.tenderId}`)
  if (['idle', 'awaitingCard', 'identifying', 'collectingRest', 'askingPin', 'verifyingPin'].includes(last.to))
    must(context.tenderId === null, 'keeps a tender')

  // What was ordered of the work: each once for a tender, and nothing that contradicts it.
  const of = (name: string, tenderId: string) =>
    played.asked.filter((one) => one.startsWith(name) && one.endsWith(` ${tenderId}`))
  for (let tender = 1; tender <= Number(played.tenderId.slice(7)); tender += 1) {
    const id = `tender-${tender}`
    const [voided, reversed, authorised, accepted, presented] = [
      'void',
      'reverse',
      'authorise',
      'accept',
      'present',
    ].map((name) => of(name, id).length) as [number, number, number, number, number]
    must(authorised <= 1 && accepted <= 1 && presented <= 1 && voided + reversed <= 1, `${id} ordered twice`)
    must(voided === 0 || authorised + accepted + presented === 0, `${id} voided although the ledger was asked`)
    const isUnasked = played.unasked.has(id)
    must(reversed === 0 || accepted === 1 || isUnasked, `${id} reversed before it was unknown`)
    must(of('prove', id).length >= 1 || isUnasked, `${id} has an intent and was never proved`)
  }
  // No card is debited beside a rest that nobody spoke of: the work is told what was settled, and of which payment.
  if (last.to === 'preparing') {
    const at = walked.findLastIndex(({ type }) => type === 'REST_SETTLED')
    const [since, told] = [at < 0 ? [] : walked.slice(at), played.asked.at(-1)]
    const [settled] = since
    const isOver = since.some(({ to }) =>
      ['idle', 'refused', 'approved', 'collectingRest', 'torn', 'unknown'].includes(to),
    )
    const isOf = settled !== undefined && !isOver
    must(told?.endsWith(' a-card 70000') === isOf, `prepares by ${told}`)
    must(context.restBy === (isOf ? settled?.as : null), `rest by ${context.restBy}`)
  }
  // What the cashier gives up is ended in the journal too, by the one row that fits what had left this till.
  const ended = played.asked.at(-1) ?? ''
  const owed: Readonly<Record<string, string>> = { 'torn CANCEL': 'void', 'unknown CANCEL': 'reverse' }
  const row = owed[said(last)]
  if (row !== undefined) must(ended === `${row} ${played.tenderId}`, `${said(last)} ordered ${ended}`)
  else if (last.from === 'unknown') must(!ended.startsWith('reverse'), 'reversed although the cashier did not cancel')
  must(played.isWorking || !working.includes(last.to), `${last.to} orders no work`)

  // Nothing that the cashier is offered is swallowed: each action reaches the machine by an event that it hears.
  for (const action of offeredAnywhere(last.to)) {
    const type = eventsOf[action]?.(last.to)
    must(
      type === undefined || played.snapshot.can({ type } as PaymentEvent),
      `${action} sends ${type}, which ${last.to} does not hear`,
    )
  }
  // And the other way round: what the cashier could tell the machine here is offered in some standing of the sale.
  for (const type of ['PAY', 'PAY_BY_QR', 'CANCEL', 'NEXT', 'PIN_GIVEN', 'REST_SETTLED'] as const) {
    const isOffered = [...offeredAnywhere(last.to)].some((action) => eventsOf[action]?.(last.to) === type)
    must(isOffered || !played.snapshot.can({ type } as PaymentEvent), `${last.to} hears ${type}, and nothing offers it`)
  }
}

/** From wherever a walk ends: the cashier waits for the work, then clears the screen, and nothing else is needed. */
async function comesToRest(played: Played): Promise<number> {
  for (let acts = 0; acts < 12; acts += 1) {
    const state = played.snapshot.value
    if (state === 'idle') return acts
    if (played.isWorking && working.includes(state)) {
      const [worst] = {
        identifying: ['card_left'],
        preparing: ['card_left'],
        verifyingPin: ['card_left'],
        presenting: ['pending'],
        proving: ['torn'],
        authorising: ['no_answer'],
        accepting: ['unknown'],
        requesting: ['refused'],
      }[state as 'proving']!
      const output = { kind: worst, ...(worst === 'refused' ? { code: 'LEDGER_UNREACHABLE' } : {}) }
      await played.take({ from: state, type: 'done', event: { type: '', output } } as unknown as Step)
    } else played.send({ type: played.snapshot.can({ type: 'CANCEL' }) ? 'CANCEL' : 'NEXT' })
  }
  throw new Error(`stays in ${String(played.snapshot.value)}`)
}

describe('every walk through the payment machine', () => {
  it.each([
    ['cards', steps],
    ['cards and QRs', stepsWithQrs],
    ['cards that count themselves', stepsWithDebits],
  ] as const)('with %s, of %i steps, keeps what must hold, after each step', async (means, length) => {
    const rows = new Set<string>()
    let walked = 0
    let ends = 0
    let before: Walk = []
    for (const walk of walks(length, means)) {
      const played = Played.begin()
      const parted = walk.findIndex((step, index) => step !== before[index])
      for (const [index, step] of walk.entries()) {
        await played.take(step)
        // What the walk before began with too was looked at then.
        if (index < parted) continue
        holds(played, walk.slice(0, index + 1))
        rows.add(step.row)
      }
      before = walk
      ends += await comesToRest(played)
      walked += 1
    }
    process.stdout.write(
      `walks of ${length} steps with ${means}: ${walked}; acts to rest: ${ends}; rows walked: ${rows.size}\n`,
    )
    expect(walked).toBeGreaterThan(2_000)
    // Every transition of the document is walked, and none that it does not have.
    expect([...rows].toSorted()).toEqual([...lifecycleRows(means)].toSorted())
  })

  it('hears another tender’s resolution nowhere, and a card only where it waits for one', async () => {
    const hearsCards = new Set<string>()
    const states = new Set<string>()
    const debits = [5, 6].flatMap((length) => [...walks(length, 'cards that count themselves')])
    for (const walk of [...walks(7, 'cards and QRs'), ...debits]) {
      const played = Played.begin()
      for (const step of walk) await played.take(step)
      const { value } = played.snapshot
      states.add(value)
      const before = JSON.stringify(played.snapshot.context)
      for (const as of ['settled', 'pending', 'refused', 'reversed'] as const)
        played.send({ type: 'RESOLVED', tenderId: 'another', as, code: as === 'refused' ? 'ALLOWANCE_USED' : null })
      expect([played.snapshot.value, JSON.stringify(played.snapshot.context)], inWords(walk)).toEqual([value, before])
      played.insert()
      if (played.snapshot.value !== value) hearsCards.add(value)
    }
    expect([...states].toSorted()).toEqual(Object.keys(machine.states).toSorted())
    expect([...hearsCards].toSorted()).toEqual(['askingPin', 'awaitingCard', 'collectingRest', 'refused', 'torn'])
  })
})
