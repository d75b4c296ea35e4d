/**
 * One tender by card or QR, from "tap the card" to a result that the cashier clears
 * (docs/design/01-payment-lifecycle.md, 17-qr-payment.md).
 *
 * The machine says what may follow what and holds nothing that matters: every fact is a journal row, committed by the
 * work behind the actors before the state is entered. A restart makes a new machine and enters the state that the
 * journal asks for (`recoveredState`). Every state has a way out for the cashier, and a test walks them all.
 */
import { assign, fromPromise, setup } from 'xstate'
import type { RefusalCode } from '../../voucher/reasons.ts'
import {
  emptyContext,
  noRest,
  nothingAsked,
  type PaymentContext,
  type PaymentEvent,
  type RecoveredState,
} from './payment-context.ts'
import type { PaymentWork, SettledRest } from './work.ts'

/** The machine over its work. `recovered` is what the journal left open, if anything. */
export function paymentMachine(work: PaymentWork, recovered?: RecoveredState) {
  return setup({
    types: {} as { context: PaymentContext; events: PaymentEvent },
    actors: {
      identify: fromPromise(({ input }: { input: { presenceId: string } }) => work.identify(input.presenceId)),
      prepare: fromPromise(({ input }: { input: { presenceId: string; settled: SettledRest | null } }) =>
        work.prepare(input.presenceId, input.settled),
      ),
      verifyPin: fromPromise(({ input }: { input: { presenceId: string; pin: string } }) =>
        work.verifyPin(input.presenceId, input.pin),
      ),
      prove: fromPromise(({ input }: { input: { presenceId: string; tenderId: string } }) =>
        work.prove(input.presenceId, input.tenderId),
      ),
      authorise: fromPromise(({ input }: { input: { tenderId: string } }) => work.authorise(input.tenderId)),
      acceptWithoutAnswer: fromPromise(({ input }: { input: { tenderId: string } }) =>
        work.acceptWithoutAnswer(input.tenderId),
      ),
      present: fromPromise(({ input }: { input: { tenderId: string } }) => work.present(input.tenderId)),
      requestByQr: fromPromise(({ input }: { input: { rest: string | null } }) => work.requestByQr(input.rest)),
    },
    actions: {
      forget: assign(() => emptyContext),
      giveUp: ({ context }) => work.giveUp(known(context.tenderId)),
      reverse: ({ context }) => work.reverse(known(context.tenderId)),
      rememberTime: assign(() => ({ since: work.now() })),
    },
    guards: {
      isThisTender: ({ context, event }) => event.type === 'RESOLVED' && event.tenderId === context.tenderId,
      isSettled: ({ context, event }) =>
        event.type === 'RESOLVED' && event.tenderId === context.tenderId && event.as === 'settled',
      isRestSettled: ({ context, event }) =>
        event.type === 'RESOLVED' &&
        event.tenderId === context.tenderId &&
        event.as === 'settled' &&
        context.restBy === 'qr',
      isAccepted: ({ context, event }) =>
        event.type === 'RESOLVED' && event.tenderId === context.tenderId && event.as === 'pending',
      isRefused: ({ context, event }) =>
        event.type === 'RESOLVED' && event.tenderId === context.tenderId && event.as === 'refused',
    },
  }).createMachine({
    id: 'payment',
    context: recovered === undefined ? emptyContext : { ...emptyContext, ...recovered.intent, since: recovered.since },
    initial: recovered?.state ?? 'idle',
    states: {
      idle: {
        entry: 'forget',
        on: { PAY: 'awaitingCard', PAY_BY_QR: 'requesting' },
      },
      awaitingCard: {
        on: {
          CARD_INSERTED: {
            target: 'identifying',
            actions: assign(({ event }) => ({ presenceId: event.presenceId, hint: null })),
          },
          CANCEL: 'idle',
        },
      },
      identifying: {
        invoke: {
          src: 'identify',
          input: ({ context }) => ({ presenceId: known(context.presenceId) }),
          onDone: [
            {
              description: 'a card of ours',
              guard: ({ event }) => event.output.kind === 'recognised',
              target: 'preparing',
            },
            {
              description: 'the card left too soon',
              guard: ({ event }) => event.output.kind === 'card_left',
              target: 'awaitingCard',
              actions: assign({ hint: 'card_moved_too_soon' }),
            },
            {
              description: 'refused, with its code',
              target: 'refused',
              actions: assign(({ event }) => ({ code: codeOf(event.output) })),
            },
          ],
        },
        on: { CANCEL: 'idle' },
      },
      preparing: {
        invoke: {
          src: 'prepare',
          input: ({ context }) => ({
            presenceId: known(context.presenceId),
            settled: settledRest(context),
          }),
          onDone: [
            {
              description: 'approved by the rules; the intent row is on the disk',
              guard: ({ event }) => event.output.kind === 'intent',
              target: 'proving',
              actions: assign(({ event }) => (event.output.kind === 'intent' ? event.output.intent : {})),
            },
            {
              description: 'the card had paid before it left, and the ledger is worth telling now',
              guard: ({ event }) => event.output.kind === 'paid' && event.output.mode === 'online',
              target: 'presenting',
              actions: assign(({ event }) => (event.output.kind === 'paid' ? event.output.intent : {})),
            },
            {
              description: 'the card had paid before it left, offline',
              guard: ({ event }) => event.output.kind === 'paid',
              target: 'approved',
              actions: assign(({ event }) =>
                event.output.kind === 'paid' ? { ...event.output.intent, look: 'pending' as const } : {},
              ),
            },
            {
              description: 'the card counts itself and leaves something to pay',
              guard: ({ event }) => event.output.kind === 'rest',
              target: 'collectingRest',
              actions: assign(({ event }) =>
                event.output.kind === 'rest'
                  ? { ...event.output.asked, restBy: null, hint: null, since: work.now() }
                  : {},
              ),
            },
            {
              description: 'the card wants its PIN',
              guard: ({ event }) => event.output.kind === 'pin',
              target: 'askingPin',
              actions: assign(({ event }) => (event.output.kind === 'pin' ? event.output.asked : {})),
            },
            {
              description: 'the card left too soon',
              guard: ({ event }) => event.output.kind === 'card_left',
              target: 'awaitingCard',
              actions: assign({ hint: 'card_moved_too_soon' }),
            },
            {
              description: 'refused, with its code',
              target: 'refused',
              actions: assign(({ event }) => ({ code: codeOf(event.output) })),
            },
          ],
        },
      },
      /**
       * What this card would leave is collected first, and the card debited last (money-rules.md, "One payment"). No
       * tender of it exists: it may be taken away, and another one come.
       */
      collectingRest: {
        on: {
          REST_SETTLED: [
            {
              description: 'the card lies there',
              guard: ({ event }) => event.cardLies,
              target: 'preparing',
              actions: assign(({ event }) => ({ restBy: event.by })),
            },
            {
              description: 'the card was taken away',
              target: 'awaitingCard',
              actions: assign(({ event }) => ({ restBy: event.by, hint: 'card_again' as const })),
            },
          ],
          PAY_BY_QR: { target: 'requesting', actions: assign({ restBy: 'qr' }) },
          CARD_INSERTED: {
            target: 'identifying',
            actions: assign(({ event }) => ({ ...nothingAsked, ...noRest, presenceId: event.presenceId, hint: null })),
          },
          CANCEL: 'idle',
        },
      },
      /** Nothing is paid and no tender exists: the card may be taken away, and another one come. */
      askingPin: {
        on: {
          PIN_GIVEN: { target: 'verifyingPin', actions: assign({ hint: null }) },
          CARD_INSERTED: {
            target: 'identifying',
            actions: assign(({ event }) => ({ ...nothingAsked, presenceId: event.presenceId, hint: null })),
          },
          CANCEL: 'idle',
        },
      },
      verifyingPin: {
        invoke: {
          src: 'verifyPin',
          input: ({ context, event }) => ({ presenceId: known(context.presenceId), pin: pinOf(event) }),
          onDone: [
            {
              description: 'the PIN is right; the intent row is on the disk',
              guard: ({ event }) => event.output.kind === 'intent',
              target: 'proving',
              actions: assign(({ event }) =>
                event.output.kind === 'intent' ? { ...event.output.intent, pinTriesLeft: null } : {},
              ),
            },
            {
              description: 'the card leaves something else to pay by now',
              guard: ({ event }) => event.output.kind === 'rest',
              target: 'collectingRest',
              actions: assign(({ event }) =>
                event.output.kind === 'rest'
                  ? { ...event.output.asked, restBy: null, hint: null, pinTriesLeft: null, since: work.now() }
                  : {},
              ),
            },
            {
              description: 'the PIN is wrong',
              guard: ({ event }) => event.output.kind === 'pin_wrong',
              target: 'askingPin',
              actions: assign(({ event }) =>
                event.output.kind === 'pin_wrong'
                  ? { hint: 'pin_wrong' as const, pinTriesLeft: event.output.pinTriesLeft }
                  : {},
              ),
            },
            {
              description: 'the card left too soon',
              guard: ({ event }) => event.output.kind === 'card_left',
              target: 'awaitingCard',
              actions: assign({ ...nothingAsked, hint: 'card_moved_too_soon' }),
            },
            {
              description: 'refused, with its code',
              target: 'refused',
              actions: assign(({ event }) => ({ ...nothingAsked, code: codeOf(event.output) })),
            },
          ],
        },
      },
      proving: {
        invoke: {
          src: 'prove',
          input: ({ context }) => ({ presenceId: known(context.presenceId), tenderId: known(context.tenderId) }),
          onDone: [
            {
              description: 'proved, and the ledger is worth asking',
              guard: ({ event }) => event.output.kind === 'proved' && event.output.mode === 'online',
              target: 'authorising',
            },
            {
              description: 'proved, offline',
              guard: ({ event }) => event.output.kind === 'proved',
              target: 'accepting',
            },
            {
              description: 'the card has paid, and the ledger is worth telling now',
              guard: ({ event }) => event.output.kind === 'debited' && event.output.mode === 'online',
              target: 'presenting',
            },
            {
              description: 'the card has paid, offline',
              guard: ({ event }) => event.output.kind === 'debited',
              target: 'approved',
              actions: assign({ look: 'pending' }),
            },
            {
              description: 'the card has not paid: it is asked anew',
              guard: ({ event }) => event.output.kind === 'not_debited',
              target: 'preparing',
              actions: assign({ ...nothingAsked, tenderId: null, hint: null, since: 0 }),
            },
            {
              description: 'the card left in the middle',
              guard: ({ event }) => event.output.kind === 'torn',
              target: 'torn',
              actions: [assign({ hint: null }), 'rememberTime'],
            },
            {
              description: 'another card',
              guard: ({ event }) => event.output.kind === 'other_card',
              target: 'torn',
              actions: assign({ hint: 'other_card' }),
            },
            {
              description: 'the card cannot tell whether it has paid',
              guard: ({ event }) => event.output.kind === 'cannot_tell',
              target: 'torn',
              actions: assign({ hint: 'cannot_tell' }),
            },
            {
              description: 'refused, with its code',
              target: 'refused',
              actions: assign(({ event }) => ({ code: codeOf(event.output) })),
            },
          ],
        },
      },
      /**
       * "Hold the same card again". Nothing was sent to the ledger. To cancel is safe of a card that cannot have paid;
       * of one that may have, the ledger learns of it, and its next record tells.
       */
      torn: {
        // Whoever waits for the card takes their money back meanwhile.
        entry: assign(noRest),
        on: {
          CARD_INSERTED: {
            target: 'proving',
            actions: assign(({ event }) => ({ presenceId: event.presenceId, hint: null })),
          },
          CANCEL: { target: 'idle', actions: 'giveUp' },
          /** Put aside: the tender stays torn, in the visible list, until its card is taken up again or given up. */
          NEXT: 'idle',
        },
      },
      authorising: {
        invoke: {
          src: 'authorise',
          input: ({ context }) => ({ tenderId: known(context.tenderId) }),
          onDone: [
            {
              description: 'the ledger paid',
              guard: ({ event }) => event.output.kind === 'settled',
              target: 'approved',
              actions: assign({ look: 'settled' }),
            },
            {
              description: 'no answer in 1.5 s',
              guard: ({ event }) => event.output.kind === 'no_answer',
              target: 'accepting',
            },
            {
              description: 'refused, with its code',
              target: 'refused',
              actions: assign(({ event }) => ({ code: codeOf(event.output) })),
            },
          ],
        },
      },
      /** Offline from the start, or the ledger did not answer in time: the till's own live slot decides. */
      accepting: {
        invoke: {
          src: 'acceptWithoutAnswer',
          input: ({ context }) => ({ tenderId: known(context.tenderId) }),
          onDone: [
            {
              description: 'accepted under the own live slot, same id',
              guard: ({ event }) => event.output.kind === 'pending',
              target: 'approved',
              actions: assign({ look: 'pending' }),
            },
            {
              description: 'the ledger may have it, no own slot',
              guard: ({ event }) => event.output.kind === 'unknown',
              target: 'unknown',
              actions: [assign(noRest), 'rememberTime'],
            },
            {
              description: 'refused, with its code',
              target: 'refused',
              actions: assign(({ event }) => ({ code: codeOf(event.output) })),
            },
          ],
        },
      },
      /** The card has paid, and its outcome row is on the disk: whatever comes now, the tender is approved. */
      presenting: {
        invoke: {
          src: 'present',
          input: ({ context }) => ({ tenderId: known(context.tenderId) }),
          onDone: [
            {
              description: 'the ledger has paid',
              guard: ({ event }) => event.output.kind === 'settled',
              target: 'approved',
              actions: assign({ look: 'settled' }),
            },
            { description: 'no word in 1.5 s', target: 'approved', actions: assign({ look: 'pending' }) },
          ],
        },
      },
      /** Nobody has seen the QR yet. */
      requesting: {
        invoke: {
          src: 'requestByQr',
          input: ({ context }) => ({ rest: context.rest }),
          onDone: [
            {
              description: 'the ledger has opened it: the QR is shown',
              guard: ({ event }) => event.output.kind === 'open',
              target: 'unknown',
              actions: [
                assign(({ event }) => (event.output.kind === 'open' ? event.output.intent : {})),
                'rememberTime',
              ],
            },
            {
              description: 'refused, with its code',
              target: 'refused',
              actions: assign(({ event }) => ({ code: codeOf(event.output) })),
            },
          ],
        },
      },
      /** "Not known yet, do not charge again": ends by the ledger's word or by the cashier's act, never by itself. */
      unknown: {
        on: {
          RESOLVED: [
            {
              description: 'the rest is held: now the card',
              guard: 'isRestSettled',
              target: 'awaitingCard',
              actions: assign({ ...nothingAsked, ...noRest, tenderId: null, hint: 'card_again', since: 0 }),
            },
            {
              description: 'the ledger had paid',
              guard: 'isSettled',
              target: 'approved',
              actions: assign({ look: 'settled' }),
            },
            {
              description: 'the ledger will pay',
              guard: 'isAccepted',
              target: 'approved',
              actions: assign({ look: 'pending' }),
            },
            {
              description: 'the ledger had refused',
              guard: 'isRefused',
              target: 'refused',
              actions: assign(({ event }) => ({ code: event.code })),
            },
            { description: 'reversed: nothing moved', guard: 'isThisTender', target: 'idle' },
          ],
          CANCEL: { target: 'idle', actions: 'reverse' },
          /** Served next meanwhile: the tender stays in the visible list. */
          NEXT: 'idle',
        },
      },
      approved: {
        on: {
          NEXT: 'idle',
          PAY: {
            target: 'awaitingCard',
            actions: assign(({ context: { rest, restOf, restBy, presenceId }, event }) => ({
              ...emptyContext,
              ...(event.keepsRest === true ? { rest, restOf, restBy, presenceId, hint: 'card_again' as const } : {}),
            })),
          },
          PAY_BY_QR: { target: 'requesting', actions: 'forget' },
        },
      },
      refused: {
        on: {
          NEXT: 'idle',
          PAY: { target: 'awaitingCard', actions: 'forget' },
          PAY_BY_QR: { target: 'requesting', actions: 'forget' },
          CARD_INSERTED: {
            target: 'identifying',
            actions: ['forget', assign(({ event }) => ({ presenceId: event.presenceId }))],
          },
        },
      },
    },
  })
}

function settledRest({ rest, restOf, restBy }: PaymentContext): SettledRest | null {
  return rest === null || restOf === null || restBy === null ? null : { rest, card: restOf }
}

function known(value: string | null): string {
  if (value === null) throw new Error('the payment machine lost its tender or card')
  return value
}

function pinOf(event: { readonly type: string }): string {
  if (!('pin' in event) || typeof event.pin !== 'string') throw new Error('a PIN is verified that nobody has given')
  return event.pin
}

function codeOf(output: { readonly kind: string }): RefusalCode {
  if (!('code' in output)) throw new Error(`outcome ${output.kind} has no code`)
  return output.code as RefusalCode
}
