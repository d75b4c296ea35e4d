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
import { acceptsCard } from '../../src/voucher/card-rules.ts'
import { periodAt } from '../../src/voucher/scheme.ts'
import type { Slot } from '../../src/voucher/slot.ts'
import { isMerchantIn } from '../../src/voucher/where.ts'
import type { Work } from '../context.ts'
import { closeDueLeases } from '../leases/close.ts'
import { askForSurrender } from '../leases/ask-for-surrender.ts'
import { findLease } from '../leases/leases.ts'
import { activationStanding } from '../schemes/activations.ts'
import { entitlementsOf } from '../schemes/beneficiaries.ts'
import { findCard, type Card } from '../schemes/cards.ts'
import { bridgeOver } from '../schemes/bridges.ts'
import { needSlot } from '../schemes/carrying.ts'
import { placeOfMerchant } from '../schemes/merchants.ts'
import { findScheme } from '../schemes/schemes.ts'
import { amountLeftIn } from '../schemes/slots.ts'
import type { Terminal } from './terminals.ts'

type OpenRequest = z.output<typeof cardSessionRequestSchema>
export type OpenAnswer = z.output<typeof cardSessionAnswerSchema>
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
    const { slots, heldElsewhere, without } = await slotsFor(work, terminal, card)
    if (slots.length + heldElsewhere.length === 0) return { kind: 'refused', code: without }
    const leasedElsewhere = heldElsewhere
      .filter(({ schemeId }) => !slots.some((slot) => slot.schemeId === schemeId))
      .map(({ schemeId }) => schemeId)
    const wanted = wantedOf(request, slots, heldElsewhere)
    if (card.secrets === null || request.encryptedRndB === undefined) {
      // Nothing more will prove that the card is here: the terminal's signed word is the reason to ask.
      for (const slotId of wanted) await askForSurrender(work, slotId)
      return { kind: 'identified', slots, leasedElsewhere }
    }

    const challenge = ev2Part2(card.secrets.tillKey, fromHex(request.encryptedRndB), work.random(challengeLength))
    if (challenge.kind === 'malformed') throw new Error('the schema lets only 16 bytes of E(RndB) through')
    const answer: OpenAnswer = {
      kind: 'open',
      blocked: false,
      slots,
      leasedElsewhere,
      authenticationPart2: toHex(challenge.part2),
    }
    this.#open.set(request.cardSessionId, {
      terminalId: terminal.terminalId,
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

/** A till that does not say what its basket needs gets another one's slot where the card has nothing else. */
function wantedOf({ schemes }: OpenRequest, slots: readonly Slot[], heldElsewhere: readonly Slot[]): readonly string[] {
  const isWanted = ({ schemeId }: Slot): boolean =>
    schemes === undefined ? slots.length === 0 : schemes.includes(schemeId)
  return heldElsewhere.filter(isWanted).map(({ slotId }) => slotId)
}

/**
 * The card's slots of the present periods at this merchant, and those that another till holds; and why it has none
 * where it has none.
 */
async function slotsFor(
  work: Work,
  terminal: Terminal,
  card: Card,
): Promise<{
  /** With a bridge in the place of one that another till holds, where there is one. */
  readonly slots: Slot[]
  readonly heldElsewhere: Slot[]
  readonly without: WithoutSlots
}> {
  await closeDueLeases(work)
  const slots: Slot[] = []
  const heldElsewhere: Slot[] = []
  let without: WithoutSlots = 'NO_ENTITLEMENT'
  const { merchantId } = terminal
  const place = await placeOfMerchant(work, merchantId)
  for (const entitlement of await entitlementsOf(work, card.holder)) {
    const scheme = await findScheme(work, entitlement.schemeId)
    const period = scheme === undefined ? undefined : periodAt(scheme, work.now)
    if (scheme === undefined || period === undefined || !isMerchantIn(scheme, merchantId, place)) continue
    if (!acceptsCard(scheme, card.profile)) {
      without = 'CARD_KIND_NOT_ACCEPTED'
      continue
    }
    if ((await activationStanding(work, scheme, entitlement.beneficiary)) === 'lapsed') {
      without = 'ACTIVATION_LAPSED'
      continue
    }
    const state = await needSlot(work, scheme, entitlement.beneficiary, period.periodId)
    if (state === undefined) continue
    const lease = state.leaseId === null ? undefined : await findLease(work, state.leaseId)
    const isElsewhere = lease !== undefined && lease.terminalId !== terminal.terminalId
    // One in which nothing is left is no use here either, and says so itself.
    if (!isElsewhere || isUsedUp(state.slot)) {
      slots.push(state.slot)
      continue
    }
    heldElsewhere.push(state.slot)
    const bridge = await bridgeOver(work, state)
    if (bridge !== undefined && !isUsedUp(bridge.slot)) slots.push(bridge.slot)
  }
  return { slots, heldElsewhere, without }
}

type WithoutSlots = 'CARD_KIND_NOT_ACCEPTED' | 'NO_ENTITLEMENT' | 'ACTIVATION_LAPSED'

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

function isUsedUp(slot: Slot): boolean {
  return slot.countSpent >= slot.countAllowed || amountLeftIn(slot) === 0n
}
