/**
 * AuthenticateEV2First with a card, the key being here or elsewhere (docs/design/02, step 4). One call, one attempt:
 * failed attempts add up in the card for ever and end in a dead key (AN12196 §7.4), so nothing here retries.
 */
import type { CardChannel, RandomBytes } from './card-channel.ts'
import { diversifyCardKey, cardKeyNumber } from './card-keys.ts'
import { challengeLength, ev2Complete, ev2Part2, part2Length, part3Length, transactionIdLength } from './ev2.ts'
import type { Ev2Session } from './ev2.ts'
import { exchange } from './exchange.ts'
import type { Torn } from './exchange.ts'
import { describeStatus, nativeCommand, statusMoreFrames, statusOk } from './status.ts'
import type { CardStatus } from './status.ts'

const authenticateEv2First = 0x71
const additionalFrame = 0xaf
const statusAuthenticationDelay = 0x91ad
const authenticationRefusals: readonly number[] = [0x91ae, 0x919d, 0x9140]

/** In the order in which a presence can meet them. */
export type AuthenticationRefusalCode =
  /** The card still waits after earlier failures: leave it in the field a little, then try once more. */
  | 'CARD_AUTHENTICATION_DELAYED'
  /** Who holds the key cannot be reached. The card is unharmed: nothing was answered to it. */
  | 'CARD_AUTHENTICATION_UNAVAILABLE'
  /** Who holds the key will not use it for this card. */
  | 'CARD_AUTHENTICATION_REFUSED'
  /** The card does not know this key, or is not the card it says it is. Counts as a failed attempt. */
  | 'CARD_AUTHENTICATION_FAILED'
  /** An answer that no NTAG 424 DNA gives. */
  | 'CARD_ANSWER_MALFORMED'

export interface AuthenticationRefusal {
  readonly kind: 'refused'
  readonly step: 'authenticate'
  readonly code: AuthenticationRefusalCode
  readonly detail: string
}

export type AuthenticationFailure = AuthenticationRefusal | Torn<'authenticate'>

export type Challenge = { readonly kind: 'challenge'; readonly encRndB: Uint8Array } | AuthenticationFailure
export type Part3 = { readonly kind: 'part3'; readonly part3: Uint8Array } | AuthenticationFailure
export type Authentication = { readonly kind: 'session'; readonly session: Ev2Session } | AuthenticationFailure

/** Asks the card for its challenge E(RndB). `keyNumber` is the till's key unless the issuing desk says otherwise. */
export async function beginRelayedAuthentication(
  channel: CardChannel,
  keyNumber: number = cardKeyNumber.till,
): Promise<Challenge> {
  const answer = await exchange(
    channel,
    'authenticate',
    nativeCommand(authenticateEv2First, Uint8Array.of(keyNumber, 0)),
  )
  if (answer.kind === 'torn') return answer
  if (answer.status.code !== statusMoreFrames) return refusedByCard(answer.status)
  if (answer.data.length !== challengeLength) return refusal('CARD_ANSWER_MALFORMED', 'challenge-length')
  return { kind: 'challenge', encRndB: answer.data }
}

/** Gives the card part 2 and takes its part 3, 32 bytes that only the holder of the key can check. */
export async function finishRelayedAuthentication(channel: CardChannel, part2: Uint8Array): Promise<Part3> {
  if (part2.length !== part2Length) throw new RangeError(`part 2 has 32 bytes, not ${part2.length}`)
  const answer = await exchange(channel, 'authenticate', nativeCommand(additionalFrame, part2))
  if (answer.kind === 'torn') return answer
  if (answer.status.code !== statusOk) return refusedByCard(answer.status)
  if (answer.data.length !== part3Length) return refusal('CARD_ANSWER_MALFORMED', 'part-3-length')
  return { kind: 'part3', part3: answer.data }
}

/** The whole authentication with a key that is here: a till's sealed lease key, or the issuing desk. */
export async function authenticateLocally(
  channel: CardChannel,
  key: Uint8Array,
  random: RandomBytes,
  keyNumber: number = cardKeyNumber.till,
): Promise<Authentication> {
  return authenticate(
    channel,
    new Uint8Array(0),
    keyHolder(() => key),
    random,
    keyNumber,
  )
}

/** What a ledger returns after a relayed authentication: session keys, never the card's key. */
export interface SessionKeys {
  /** TI, 4 bytes. */
  readonly ti: Uint8Array
  readonly encKey: Uint8Array
  readonly macKey: Uint8Array
}

/** A session at its first command; null if a length is wrong (the keys came over a network). */
export function sessionFromKeys({ ti, encKey, macKey }: SessionKeys): Ev2Session | null {
  if (ti.length !== transactionIdLength || encKey.length !== 16 || macKey.length !== 16) return null
  return { transactionId: ti, encKey, macKey, commandCounter: 0 }
}

/** Who holds the card's key. Answers as values; the time limit is its own. */
export interface CardAuthenticator {
  /**
   * Part 2 for this card's challenge.
   *
   * @param random for RndA, where it is made on this side
   */
  answer(uid: Uint8Array, encRndB: Uint8Array, random: RandomBytes): Promise<AuthenticatorAnswer>
}

export type AuthenticatorAnswer =
  | {
      readonly kind: 'part2'
      readonly part2: Uint8Array
      readonly complete: (part3: Uint8Array) => Promise<SessionAnswer>
    }
  | AuthenticatorFailure

export type SessionAnswer =
  | { readonly kind: 'session'; readonly session: Ev2Session }
  /** The card's part 3 was not made with this card's key. */
  | { readonly kind: 'not-authentic' }
  | AuthenticatorFailure

export type AuthenticatorFailure =
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * The key is here.
 *
 * @param keyOf the 16-byte key 3 of the card with this UID; null if it is not ours to use
 */
export function keyHolder(keyOf: (uid: Uint8Array) => Uint8Array | null): CardAuthenticator {
  return {
    async answer(uid, encRndB, random) {
      const key = keyOf(uid)
      if (key === null) return { kind: 'refused', reason: 'no-key-for-card' }
      const part2 = ev2Part2(key, encRndB, random(challengeLength))
      if (part2.kind === 'malformed') return { kind: 'refused', reason: 'challenge-length' }
      return {
        kind: 'part2',
        part2: part2.part2,
        complete: async (part3) => {
          const completion = ev2Complete(key, part2.state, part3)
          return completion.kind === 'session' ? completion : { kind: 'not-authentic' }
        },
      }
    },
  }
}

/** For an issuer or a ledger: every card's key 3, from the master of that slot. */
export function masterKeyHolder(tillMasterKey: Uint8Array): CardAuthenticator {
  return keyHolder((uid) => diversifyCardKey(tillMasterKey, uid, cardKeyNumber.till))
}

/** The two round trips to a ledger that holds the key. `handle` names the ledger's memory of the first one. */
export interface AuthenticationRelay {
  challenge(
    uid: Uint8Array,
    encRndB: Uint8Array,
  ): Promise<{ readonly kind: 'part2'; readonly part2: Uint8Array; readonly handle: string } | AuthenticatorFailure>
  complete(
    handle: string,
    part3: Uint8Array,
  ): Promise<({ readonly kind: 'keys' } & SessionKeys) | { readonly kind: 'not-authentic' } | AuthenticatorFailure>
}

/** The key is at the ledger. What it sends is checked for its lengths before the card sees it. */
export function relayedAuthenticator(relay: AuthenticationRelay): CardAuthenticator {
  return {
    async answer(uid, encRndB) {
      const challenge = await relay.challenge(uid, encRndB)
      if (challenge.kind !== 'part2') return challenge
      if (challenge.part2.length !== part2Length) return { kind: 'unavailable', reason: 'part-2-length' }
      return {
        kind: 'part2',
        part2: challenge.part2,
        complete: async (part3) => {
          const keys = await relay.complete(challenge.handle, part3)
          if (keys.kind !== 'keys') return keys
          const session = sessionFromKeys(keys)
          return session === null ? { kind: 'unavailable', reason: 'session-key-length' } : { kind: 'session', session }
        },
      }
    },
  }
}

/** One attempt with whoever holds the key. */
export async function authenticate(
  channel: CardChannel,
  uid: Uint8Array,
  authenticator: CardAuthenticator,
  random: RandomBytes,
  keyNumber: number = cardKeyNumber.till,
): Promise<Authentication> {
  const challenge = await beginRelayedAuthentication(channel, keyNumber)
  if (challenge.kind !== 'challenge') return challenge
  const answer = await authenticator.answer(uid, challenge.encRndB, random)
  if (answer.kind !== 'part2') return notAnswered(answer)
  const part3 = await finishRelayedAuthentication(channel, answer.part2)
  if (part3.kind !== 'part3') return part3
  const completion = await answer.complete(part3.part3)
  switch (completion.kind) {
    case 'session':
      return completion
    case 'not-authentic':
      return refusal('CARD_AUTHENTICATION_FAILED', 'card-not-authentic')
    default:
      return notAnswered(completion)
  }
}

function notAnswered({ kind, reason }: AuthenticatorFailure): AuthenticationRefusal {
  return refusal(kind === 'refused' ? 'CARD_AUTHENTICATION_REFUSED' : 'CARD_AUTHENTICATION_UNAVAILABLE', reason)
}

function refusedByCard(status: CardStatus): AuthenticationRefusal {
  if (status.code === statusAuthenticationDelay) return refusal('CARD_AUTHENTICATION_DELAYED', describeStatus(status))
  const isRefusal = authenticationRefusals.includes(status.code)
  return refusal(isRefusal ? 'CARD_AUTHENTICATION_FAILED' : 'CARD_ANSWER_MALFORMED', describeStatus(status))
}

function refusal(code: AuthenticationRefusalCode, detail: string): AuthenticationRefusal {
  return { kind: 'refused', step: 'authenticate', code, detail }
}
