/**
 * The ledger's side of AuthenticateEV2First for a card that is not leased to the till: the till relays, the card's key
 * stays here, and only session keys go back, sealed (docs/design/02-sale-bound-sun.md, "One presence at the till").
 *
 * Open sessions are held in memory only: they are as secret as session keys, and live for ten seconds.
 */
import type { z } from 'zod'
import type {
  cardSessionAnswerSchema,
  cardSessionKeysAnswerSchema,
  cardSessionKeysRequestSchema,
  cardSessionRequestSchema,
} from '../../src/sync/protocol/messages.ts'
import { cardSessionContext, seal } from '../../src/sync/protocol/sealed-box.ts'
import { concatBytes, fromHex, toHex } from '../../src/voucher/cards/bytes.ts'
import { challengeLength, ev2Complete, ev2Part2, type Ev2AuthenticationState } from '../../src/voucher/cards/ev2.ts'
import type { Work } from '../context.ts'
import { findAccountCard } from '../individuals/account-cards.ts'
import { askForSurrender } from '../leases/ask-for-surrender.ts'
import { besidePools } from '../leases/pools.ts'
import { standingOf } from '../payments/payment-requests.ts'
import { findTender } from '../payments/tenders.ts'
import { findCard, type Card } from '../schemes/cards.ts'
import { slotsFor, wantedOf } from './session-slots.ts'
import type { Terminal } from './terminals.ts'

type OpenRequest = z.output<typeof cardSessionRequestSchema>
export type OpenAnswer = z.output<typeof cardSessionAnswerSchema>
type Opened = Extract<OpenAnswer, { readonly kind: 'open' }>
type KeysRequest = z.output<typeof cardSessionKeysRequestSchema>
export type KeysAnswer = z.output<typeof cardSessionKeysAnswerSchema>

const sessionMs = 10_000
const failuresPerDay = 5
const dayMs = 86_400_000

interface OpenSession {
  readonly terminalId: string
  readonly request: OpenRequest
  readonly answer: OpenAnswer
  /** Slots at other tills that would pay for the basket here. */
  readonly wanted: readonly string[]
  readonly state: Ev2AuthenticationState
  readonly expiresAt: number
  used: { readonly part3: string; readonly answer: KeysAnswer } | undefined
}

export class CardSessions {
  readonly #open = new Map<string, OpenSession>()

  /** @returns undefined when the id is in use for something else */
  async open(work: Work, terminal: Terminal, request: OpenRequest): Promise<OpenAnswer | undefined> {
    this.#forgetExpired(work.now)
    const known = this.#open.get(request.cardSessionId)
    if (known !== undefined) {
      const isSame =
        known.terminalId === terminal.terminalId &&
        known.request.card === request.card &&
        known.request.encryptedRndB === request.encryptedRndB &&
        known.request.paymentRequest === request.paymentRequest &&
        request.profile === undefined
      return isSame ? known.answer : undefined
    }
    const card = await findCard(work, request.card)
    // One kind of card is never taken for another: a copied UID opens nothing of a card that proves itself.
    if (card === undefined || card.profile !== (request.profile ?? 'ntag424'))
      return { kind: 'refused', code: 'CARD_UNKNOWN' }
    if (card.status === 'blocked' || (await failuresToday(work, card.card)) >= failuresPerDay) {
      return { kind: 'refused', code: 'CARD_BLOCKED' }
    }
    const paysFromAccount = (await findAccountCard(work, card.card)) !== undefined
    if (request.paymentRequest !== undefined) {
      if (!paysFromAccount) return { kind: 'refused', code: 'CARD_OF_NO_ACCOUNT' }
      if (!(await isOpenRequestOf(work, terminal, request.paymentRequest)))
        return { kind: 'refused', code: 'QR_NOT_OPENED' }
      return this.#challenge(work, terminal, request, card, { slots: [], leasedElsewhere: [], wanted: [] })
    }
    if (paysFromAccount) return { kind: 'refused', code: 'CARD_OF_ACCOUNT' }
    const { slots, heldElsewhere, without } = await slotsFor(work, terminal, card)
    if (slots.length + heldElsewhere.length === 0) return { kind: 'refused', code: without }
    const leasedElsewhere = heldElsewhere
      .filter(({ schemeId }) => !slots.some((slot) => slot.schemeId === schemeId))
      .map(({ schemeId }) => schemeId)
    const wanted = wantedOf(request.schemes, slots, heldElsewhere)
    const pool = request.hasPool === true ? { besidePools: await besidePools(work, terminal.terminalId, slots) } : {}
    if (request.profile !== undefined) {
      // Nothing more will prove that the card is here: the terminal's signed word is the reason to ask.
      for (const slotId of wanted) await askForSurrender(work, slotId)
      return { kind: 'identified', slots, ...pool, leasedElsewhere }
    }
    return this.#challenge(work, terminal, request, card, { slots, ...pool, leasedElsewhere, wanted })
  }

  #challenge(
    work: Work,
    { terminalId }: Terminal,
    request: OpenRequest,
    { secrets }: Card,
    { wanted, ...told }: Pick<Opened, 'slots' | 'besidePools' | 'leasedElsewhere'> & Pick<OpenSession, 'wanted'>,
  ): OpenAnswer {
    if (secrets === null || request.encryptedRndB === undefined) throw new Error('a card without keys was challenged')
    const challenge = ev2Part2(secrets.tillKey, fromHex(request.encryptedRndB), work.random(challengeLength))
    if (challenge.kind === 'malformed') throw new Error('the schema lets only 16 bytes of E(RndB) through')
    const answer: Opened = {
      kind: 'open',
      blocked: false,
      ...told,
      authenticationPart2: toHex(challenge.part2),
    }
    this.#open.set(request.cardSessionId, {
      terminalId,
      request,
      answer,
      wanted,
      state: challenge.state,
      expiresAt: work.now + sessionMs,
      used: undefined,
    })
    return answer
  }

  /** A session is used once; the same part 3 again, because the answer was lost, is answered the same. */
  async complete(work: Work, terminal: Terminal, request: KeysRequest): Promise<KeysAnswer> {
    this.#forgetExpired(work.now)
    const failed: KeysAnswer = { kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' }
    const session = this.#open.get(request.cardSessionId)
    if (session === undefined || session.terminalId !== terminal.terminalId || terminal.encryptionKey === null)
      return failed
    if (session.used !== undefined)
      return session.used.part3 === request.authenticationPart3 ? session.used.answer : failed
    const card = await findCard(work, session.request.card)
    if (card === undefined || card.secrets === null) return failed
    const completion = ev2Complete(card.secrets.tillKey, session.state, fromHex(request.authenticationPart3))
    if (completion.kind !== 'session') await countFailure(work, card.card)
    else for (const slotId of session.wanted) await askForSurrender(work, slotId)
    const answer: KeysAnswer =
      completion.kind !== 'session'
        ? failed
        : {
            kind: 'session',
            sealedSession: seal(
              concatBytes(completion.session.transactionId, completion.session.encKey, completion.session.macKey),
              terminal.encryptionKey,
              cardSessionContext(request.cardSessionId),
              work.random(32),
            ),
          }
    session.used = { part3: request.authenticationPart3, answer }
    return answer
  }

  #forgetExpired(now: number): void {
    for (const [id, session] of this.#open) if (session.expiresAt < now) this.#open.delete(id)
  }
}

/** Whether this terminal asked for that payment, and nobody has paid it yet, nor is it too late. */
async function isOpenRequestOf(work: Work, { terminalId }: Terminal, requestId: string): Promise<boolean> {
  const tender = await findTender(work, requestId)
  if (tender?.terminalId !== terminalId) return false
  return (await standingOf(work, tender)).state === 'requested'
}

async function failuresToday({ connection, now }: Work, card: string): Promise<number> {
  const row = await connection
    .selectFrom('card_failure')
    .select('failures')
    .where('card', '=', card)
    .where('day', '=', BigInt(Math.floor(now / dayMs)))
    .executeTakeFirst()
  return Number(row?.failures ?? 0n)
}

async function countFailure(work: Work, card: string): Promise<void> {
  const failures = (await failuresToday(work, card)) + 1
  await work.connection
    .insertInto('card_failure')
    .values({ card, day: Math.floor(work.now / dayMs), failures })
    .onConflict((conflict) => conflict.columns(['card', 'day']).doUpdateSet({ failures }))
    .execute()
}
