/**
 * The payment machine: every state can be reached, and the cashier can leave every one of them. The graph is
 * walked without starting an actor (docs/design/01-payment-lifecycle.md); then paths are played with work that
 * answers as told.
 */
import { describe, expect, it } from 'vitest'
import { createActor, transition } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { paymentMachine } from '../../../src/terminal/payment/machine.ts'
import { settlePromises } from '../drivers/fake-scheduler.ts'
import { insert, intent, scriptedWork, started, tenderId, toProving, toUnknown, type Bench } from './machine-bench.ts'

describe('the graph', () => {
  const machine = paymentMachine(scriptedWork().work)
  const states = Object.keys(machine.states)
  /** Everything that the cashier, a card, the ledger and the work behind the invokes can say. */
  const pin = { type: 'PIN_GIVEN', pin: '4071' } as const
  const rest = { type: 'REST_SETTLED', by: 'cash', cardLies: true } as const
  const cashier = [{ type: 'PAY' }, { type: 'PAY_BY_QR' }, { type: 'CANCEL' }, { type: 'NEXT' }, pin, rest] as const
  const cards = [insert('p1')]
  const ledger = (['settled', 'refused', 'reversed'] as const).map(
    (as) =>
      ({ type: 'RESOLVED', tenderId, as, code: as === 'refused' ? ('INSUFFICIENT_FUNDS' as const) : null }) as const,
  )
  const outcomes: Readonly<Record<string, readonly unknown[]>> = {
    identifying: [{ kind: 'recognised' }, { kind: 'card_left' }, { kind: 'refused', code: 'CARD_UNKNOWN' }],
    preparing: [
      { kind: 'intent', intent },
      { kind: 'rest', asked: { amount: '115000', schemeId: 'school-lunch', rest: '70000', restOf: 'a-card' } },
      { kind: 'pin', asked: { amount: '115000', schemeId: 'school-lunch', pinTriesLeft: 5 } },
      { kind: 'card_left' },
      { kind: 'refused', code: 'ALLOWANCE_USED' },
    ],
    verifyingPin: [
      { kind: 'intent', intent },
      { kind: 'pin_wrong', pinTriesLeft: 4 },
      { kind: 'card_left' },
      { kind: 'refused', code: 'CARD_PIN_BLOCKED' },
    ],
    presenting: [{ kind: 'settled' }, { kind: 'pending' }],
    proving: [
      { kind: 'debited', mode: 'online' },
      { kind: 'debited', mode: 'offline' },
      { kind: 'not_debited' },
      { kind: 'cannot_tell' },
      { kind: 'proved', mode: 'online' },
      { kind: 'proved', mode: 'offline' },
      { kind: 'torn' },
      { kind: 'other_card' },
      { kind: 'refused', code: 'CARD_BINDING_MISMATCH' },
    ],
    authorising: [{ kind: 'settled' }, { kind: 'refused', code: 'INSUFFICIENT_FUNDS' }, { kind: 'no_answer' }],
    accepting: [{ kind: 'pending' }, { kind: 'unknown' }, { kind: 'refused', code: 'OFFLINE_NOT_ALLOWED' }],
    requesting: [
      { kind: 'open', intent },
      { kind: 'refused', code: 'LEDGER_UNREACHABLE' },
    ],
  }
  const doneOf = (state: string, output: unknown) => ({ type: `xstate.done.actor.0.payment.${state}`, output })
  const done = Object.entries(outcomes).flatMap(([state, outputs]) => outputs.map((output) => doneOf(state, output)))
  const events = [...cashier, ...cards, ...ledger, ...done] as never
  const walk = { events, serializeState: ({ value }: { value: unknown }) => JSON.stringify(value), limit: 20_000 }
  const reached = (paths: readonly { state: { value: unknown } }[]) =>
    new Set(paths.map(({ state }) => String(state.value)))

  it('reaches every state', () => {
    expect([...reached(getShortestPaths(machine, walk))].toSorted()).toEqual(states.toSorted())
  })

  it('has a way out of every state: the cashier’s own act, or an end of the work that is under way', () => {
    const leads = (state: string, event: unknown): string => {
      const context = { ...started({ state: 'torn', intent, since: 0 }).context(), presenceId: 'p1' }
      const [next] = transition(machine, machine.resolveState({ value: state as never, context }), event as never)
      return String(next.value)
    }
    const byHand = states.filter((state) => cashier.some((event) => leads(state, event) !== state))
    expect(byHand.toSorted()).toEqual([
      ...[
        'approved',
        'askingPin',
        'awaitingCard',
        'collectingRest',
        'identifying',
        'idle',
        'refused',
        'torn',
        'unknown',
      ],
    ])
    // The others are work that ends by itself (each APDU and each request has its limit), and every end leads on.
    const byWork = states.filter((state) => !byHand.includes(state))
    expect(byWork.toSorted()).toEqual([
      ...['accepting', 'authorising', 'preparing', 'presenting', 'proving', 'requesting', 'verifyingPin'],
    ])
    for (const state of byWork) {
      for (const output of outcomes[state]!) {
        expect(leads(state, doneOf(state, output)), `${state} after ${JSON.stringify(output)}`).not.toBe(state)
      }
    }
  })

  it('reaches rest from every state', () => {
    for (const value of states) {
      const context = { ...started({ state: 'torn', intent, since: 0 }).context(), presenceId: 'p1' }
      const fromState = machine.resolveState({ value: value as never, context })
      const paths = getShortestPaths(machine, { ...walk, fromState } as never)
      expect(reached(paths).has('idle') || value === 'idle', value).toBe(true)
    }
  })
})

describe('approved', () => {
  it('online', async () => {
    const bench = started()
    await toProving(bench)
    await bench.answer('prove', { kind: 'proved', mode: 'online' })
    await bench.answer('authorise', { kind: 'settled' })
    expect(bench.state()).toBe('approved')
    expect(bench.context()).toMatchObject({ look: 'settled', tenderId, amount: '115000' })
    expect(bench.asked).toEqual(['identify p1', 'prepare p1', `prove p1 ${tenderId}`, `authorise ${tenderId}`])
    bench.send({ type: 'NEXT' })
    expect(bench.state()).toBe('idle')
    expect(bench.context().tenderId).toBeNull()
  })

  it('offline, without asking the ledger', async () => {
    const bench = started()
    await toProving(bench)
    await bench.answer('prove', { kind: 'proved', mode: 'offline' })
    await bench.answer('accept', { kind: 'pending' })
    expect(bench.state()).toBe('approved')
    expect(bench.context().look).toBe('pending')
    expect(bench.asked).not.toContain(`authorise ${tenderId}`)
  })

  it('the next tender of the same sale forgets the one before', async () => {
    const bench = started()
    await toProving(bench)
    await bench.answer('prove', { kind: 'proved', mode: 'offline' })
    await bench.answer('accept', { kind: 'pending' })
    bench.send({ type: 'PAY' })
    expect(bench.state()).toBe('awaitingCard')
    expect(bench.context()).toMatchObject({ tenderId: null, presenceId: null, look: 'settled' })
  })

  it('a card on the reader pays nothing by itself', async () => {
    const bench = started()
    await toProving(bench)
    await bench.answer('prove', { kind: 'proved', mode: 'offline' })
    await bench.answer('accept', { kind: 'pending' })
    bench.send(insert('p2'))
    expect(bench.state()).toBe('approved')
    bench.send({ type: 'NEXT' })
    bench.send(insert('p3'))
    expect(bench.state()).toBe('idle')
    expect(bench.asked.filter((one) => one.startsWith('identify'))).toEqual(['identify p1'])
  })
})

describe('torn', () => {
  it('→ another card → the same card: one tender all the way', async () => {
    const bench = started()
    await toProving(bench)
    await bench.answer('prove', { kind: 'torn' })
    expect(bench.state()).toBe('torn')
    expect(bench.context()).toMatchObject({ hint: null, since: 42, tenderId })
    bench.send(insert('p2'))
    await bench.answer('prove', { kind: 'other_card' })
    expect(bench.state()).toBe('torn')
    expect(bench.context()).toMatchObject({ hint: 'other_card', tenderId })
    bench.send(insert('p3'))
    expect(bench.context().hint).toBeNull()
    await bench.answer('prove', { kind: 'proved', mode: 'online' })
    await bench.answer('authorise', { kind: 'settled' })
    expect(bench.state()).toBe('approved')
    expect(bench.asked.filter((one) => one.startsWith('prove'))).toEqual([
      `prove p1 ${tenderId}`,
      `prove p2 ${tenderId}`,
      `prove p3 ${tenderId}`,
    ])
    expect(bench.asked.filter((one) => one.startsWith('prepare'))).toHaveLength(1)
  })

  it('given up is voided once', async () => {
    const bench = started()
    await toProving(bench)
    await bench.answer('prove', { kind: 'torn' })
    bench.send({ type: 'CANCEL' })
    bench.send({ type: 'CANCEL' })
    expect(bench.state()).toBe('idle')
    expect(bench.asked.filter((one) => one.startsWith('void'))).toEqual([`void ${tenderId}`])
  })

  it('another card that comes while one is asked changes nothing by itself', async () => {
    const bench = started()
    await toProving(bench)
    bench.send(insert('p2'))
    expect(bench.state()).toBe('proving')
    expect(bench.context().presenceId).toBe('p1')
  })
})

describe('unknown', () => {
  it.each([
    ['settled', 'approved'],
    ['refused', 'refused'],
    ['reversed', 'idle'],
  ] as const)('resolved as %s → %s', async (as, state) => {
    const bench = started()
    await toUnknown(bench)
    bench.send({ type: 'RESOLVED', tenderId, as, code: as === 'refused' ? 'INSUFFICIENT_FUNDS' : null })
    expect(bench.state()).toBe(state)
    if (as === 'refused') expect(bench.context().code).toBe('INSUFFICIENT_FUNDS')
    expect(bench.asked.filter((one) => one.startsWith('reverse'))).toEqual([])
  })

  it('is not ended by another tender’s resolution, nor by a card', async () => {
    const bench = started()
    await toUnknown(bench)
    bench.send({ type: 'RESOLVED', tenderId: '019aaf6e-1c00-7000-8000-00000000beef', as: 'settled', code: null })
    bench.send(insert('p9'))
    bench.send({ type: 'PAY' })
    expect(bench.state()).toBe('unknown')
  })

  it('cancelled by the cashier is reversed, once', async () => {
    const bench = started()
    await toUnknown(bench)
    bench.send({ type: 'CANCEL' })
    bench.send({ type: 'CANCEL' })
    expect(bench.state()).toBe('idle')
    expect(bench.asked.filter((one) => one.startsWith('reverse'))).toEqual([`reverse ${tenderId}`])
  })

  it('left for the next customer is neither voided nor reversed; its late word does not touch the next', async () => {
    const bench = started()
    await toUnknown(bench)
    bench.send({ type: 'NEXT' })
    expect(bench.state()).toBe('idle')
    bench.send({ type: 'PAY' })
    bench.send({ type: 'RESOLVED', tenderId, as: 'settled', code: null })
    expect(bench.state()).toBe('awaitingCard')
    expect(bench.asked.filter((one) => /void|reverse/.test(one))).toEqual([])
  })

  it('is where a restarted till begins when its journal says so', () => {
    const bench = started({ state: 'unknown', intent, since: 7 })
    expect(bench.state()).toBe('unknown')
    expect(bench.context()).toMatchObject({ tenderId, amount: '115000', since: 7 })
    bench.send({ type: 'CANCEL' })
    expect(bench.asked).toEqual([`reverse ${tenderId}`])
  })

  it('and a torn one goes on with its card', async () => {
    const bench = started({ state: 'torn', intent, since: 7 })
    bench.send(insert('p1'))
    expect(bench.asked).toEqual([`prove p1 ${tenderId}`])
    await bench.answer('prove', { kind: 'proved', mode: 'offline' })
    await bench.answer('accept', { kind: 'pending' })
    expect(bench.state()).toBe('approved')
  })
})

describe('refused', () => {
  async function refused(): Promise<Bench> {
    const bench = started()
    bench.send({ type: 'PAY' })
    bench.send(insert('p1'))
    await bench.answer('identify', { kind: 'refused', code: 'CARD_UNKNOWN' })
    expect(bench.state()).toBe('refused')
    expect(bench.context().code).toBe('CARD_UNKNOWN')
    return bench
  }

  it('→ the next card, with nothing left of the one before', async () => {
    const bench = await refused()
    bench.send(insert('p2'))
    expect(bench.state()).toBe('identifying')
    expect(bench.context()).toMatchObject({ presenceId: 'p2', code: null, tenderId: null })
    expect(bench.asked).toEqual(['identify p1', 'identify p2'])
  })

  it('→ idle by NEXT', async () => {
    const bench = await refused()
    bench.send({ type: 'NEXT' })
    expect(bench.state()).toBe('idle')
  })

  it('→ again by PAY', async () => {
    const bench = await refused()
    bench.send({ type: 'PAY' })
    expect(bench.state()).toBe('awaitingCard')
    expect(bench.context().code).toBeNull()
  })

  it.each(['prove', 'authorise', 'accept'] as const)('by %s keeps its code', async (step) => {
    const bench = started()
    await toProving(bench)
    if (step !== 'prove') await bench.answer('prove', { kind: 'proved', mode: 'online' })
    if (step === 'accept') await bench.answer('authorise', { kind: 'no_answer' })
    await bench.answer(step, { kind: 'refused', code: 'LEASE_EXPIRED' })
    expect(bench.state()).toBe('refused')
    expect(bench.context().code).toBe('LEASE_EXPIRED')
  })
})

describe('cancel', () => {
  it('while the till waits for a card', () => {
    const bench = started()
    bench.send({ type: 'PAY' })
    bench.send({ type: 'CANCEL' })
    expect(bench.state()).toBe('idle')
    expect(bench.asked).toEqual([])
  })

  it('while the card is recognised: what the card says afterwards is not heard', async () => {
    const bench = started()
    bench.send({ type: 'PAY' })
    bench.send(insert('p1'))
    bench.send({ type: 'CANCEL' })
    expect(bench.state()).toBe('idle')
    await bench.answer('identify', { kind: 'recognised' })
    expect(bench.state()).toBe('idle')
    expect(bench.asked).toEqual(['identify p1'])
  })

  it.each(['preparing', 'proving', 'authorising', 'accepting'] as const)(
    'is not heard in %s: a row may be on its way',
    async (state) => {
      const bench = started()
      bench.send({ type: 'PAY' })
      bench.send(insert('p1'))
      await bench.answer('identify', { kind: 'recognised' })
      if (state !== 'preparing') await bench.answer('prepare', { kind: 'intent', intent })
      if (state === 'authorising' || state === 'accepting')
        await bench.answer('prove', { kind: 'proved', mode: 'online' })
      if (state === 'accepting') await bench.answer('authorise', { kind: 'no_answer' })
      expect(bench.state()).toBe(state)
      for (const type of ['CANCEL', 'NEXT', 'PAY'] as const) bench.send({ type })
      bench.send(insert('p2'))
      expect(bench.state()).toBe(state)
      expect(bench.asked.filter((one) => /void|reverse/.test(one))).toEqual([])
    },
  )

  it('a card that moved too soon is asked for again', async () => {
    const bench = started()
    bench.send({ type: 'PAY' })
    bench.send(insert('p1'))
    await bench.answer('identify', { kind: 'card_left' })
    expect(bench.state()).toBe('awaitingCard')
    expect(bench.context().hint).toBe('card_moved_too_soon')
    bench.send(insert('p2'))
    await bench.answer('identify', { kind: 'recognised' })
    await bench.answer('prepare', { kind: 'card_left' })
    expect(bench.state()).toBe('awaitingCard')
    expect(bench.asked).toEqual(['identify p1', 'identify p2', 'prepare p2'])
  })
})

it('keeps a context that survives JSON', async () => {
  const bench = started()
  await toUnknown(bench)
  expect(JSON.parse(JSON.stringify(bench.context()))).toEqual(bench.context())
})

it('work that rejects is a broken invariant: the machine ends with the error and does not go on', async () => {
  const { work } = scriptedWork()
  const broken = new Error('a broken invariant')
  const actor = createActor(paymentMachine({ ...work, identify: () => Promise.reject(broken) }))
  const errors: unknown[] = []
  actor.subscribe({ error: (error) => errors.push(error) })
  actor.start()
  actor.send({ type: 'PAY' })
  actor.send(insert('p1'))
  await settlePromises()
  expect(errors).toEqual([broken])
  expect(actor.getSnapshot().status).toBe('error')
})
