/** The payment machine over work that answers as a test tells it. */
import { createActor } from 'xstate'
import { paymentMachine } from '../../../src/terminal/payment/machine.ts'
import type { PaymentEvent, RecoveredState } from '../../../src/terminal/payment/payment-context.ts'
import type {
  AcceptOutcome,
  AuthoriseOutcome,
  IdentifyOutcome,
  PaymentWork,
  PrepareOutcome,
  PresentOutcome,
  ProveOutcome,
  RequestOutcome,
  SettledRest,
  VerifyPinOutcome,
} from '../../../src/terminal/payment/work.ts'
import { settlePromises } from '../drivers/fake-scheduler.ts'

export const tenderId = '019aaf6e-1c00-7000-8000-00000000a11d'
export const intent = { tenderId, amount: '115000', schemeId: 'school-lunch' }

/** Work whose answers a test gives one by one, and that remembers what it was asked. */
export function scriptedWork() {
  const asked: string[] = []
  const waiting: { readonly name: string; readonly answer: (value: never) => void }[] = []
  const ask =
    (name: string) =>
    (...args: readonly (string | SettledRest | null)[]): Promise<never> => {
      const words = args.flatMap((one) => (one === null ? [] : typeof one === 'string' ? [one] : [one.card, one.rest]))
      asked.push([name, ...words].join(' '))
      return new Promise<never>((answer) => waiting.push({ name, answer }))
    }
  const work: PaymentWork = {
    identify: ask('identify'),
    prepare: ask('prepare'),
    prove: ask('prove'),
    authorise: ask('authorise'),
    acceptWithoutAnswer: ask('accept'),
    verifyPin: ask('verify'),
    present: ask('present'),
    giveUp: (id) => void asked.push(`void ${id}`),
    reverse: (id) => void asked.push(`reverse ${id}`),
    requestByQr: ask('request'),
    now: () => 42,
  }
  return {
    work,
    asked,
    /** Answers the oldest question that is still open. */
    async answer(
      name: string,
      outcome:
        | IdentifyOutcome
        | PrepareOutcome
        | VerifyPinOutcome
        | ProveOutcome
        | AuthoriseOutcome
        | AcceptOutcome
        | PresentOutcome
        | RequestOutcome,
    ) {
      const next = waiting.shift()
      if (next?.name !== name) throw new Error(`asked for ${next?.name ?? 'nothing'}, not ${name}`)
      next.answer(outcome as never)
      await settlePromises()
    },
  }
}

/** A machine that was started, at rest or where a restarted till would begin. */
export function started(recovered?: RecoveredState) {
  const scripted = scriptedWork()
  const actor = createActor(paymentMachine(scripted.work, recovered))
  const errors: unknown[] = []
  actor.subscribe({ error: (error) => errors.push(error) })
  actor.start()
  return {
    ...scripted,
    errors,
    send: (event: PaymentEvent) => actor.send(event),
    state: () => actor.getSnapshot().value,
    context: () => actor.getSnapshot().context,
    status: () => actor.getSnapshot().status,
  }
}

export type Bench = ReturnType<typeof started>

export const insert = (presenceId: string) => ({ type: 'CARD_INSERTED', presenceId }) as const

export async function toProving(bench: Bench): Promise<void> {
  bench.send({ type: 'PAY' })
  bench.send(insert('p1'))
  await bench.answer('identify', { kind: 'recognised' })
  await bench.answer('prepare', { kind: 'intent', intent })
}

export async function toUnknown(bench: Bench): Promise<void> {
  await toProving(bench)
  await bench.answer('prove', { kind: 'proved', mode: 'online' })
  await bench.answer('authorise', { kind: 'no_answer' })
  await bench.answer('accept', { kind: 'unknown' })
}
