/**
 * What a card says of one tender: the sale-bound message of a card that proves each sale, with a key that this till
 * was lent or through the ledger, or what a card that only says who it is has said already. A CBDC card says the same
 * of the request that it pays.
 */
import type { KeyRing } from '../../sync/engine/key-ring.ts'
import type { TrustedTime } from '../../sync/engine/trusted-time.ts'
import type { Journal } from '../../sync/journal/journal.ts'
import { termsHashOf } from '../../sync/protocol/canonical.ts'
import type { PaymentRequestTerms } from '../../sync/protocol/messages.ts'
import { requestTermsHashOf } from '../../sync/protocol/request-terms-hash.ts'
import { tillKeyContext } from '../../sync/protocol/sealed-box.ts'
import type { CardChannel } from '../../voucher/cards/card-channel.ts'
import type { Ev2Session } from '../../voucher/cards/ev2.ts'
import { readSun, takeSaleBoundProof, writeBinding, type CardRefusalCode } from '../../voucher/cards/ntag424.ts'
import { authenticate, keyHolder, type CardAuthenticator } from '../../voucher/cards/ntag424-authentication.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import type { Sun } from '../../voucher/tender.ts'
import type { AskedForSlots, LedgerSlots } from './asked-for-slots.ts'
import { askForSlots } from './card-inquiry.ts'
import { cardRelay, refusalCodeOf, upperHex, type CardRelay, type CardRelayParts } from './card-relay.ts'
import { counted, nameOfKey, uncountable } from './counted-authentication.ts'
import { leasedSlots, type Leased } from './leased-slots.ts'
import type { ActivePackage, OpenTender, Tapped } from './open-tender.ts'
import { saleBound, type ReadCard, type TakenProof } from './read-card.ts'

export interface CardProofParts extends CardRelayParts {
  readonly journal: Journal
  readonly time: TrustedTime
  readonly keys: KeyRing
  readonly activePackage: () => ActivePackage | undefined
}

export type CardSession =
  | LedgerSlots
  | { readonly kind: 'card_left' }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

/** It was torn, or refused. */
type NotTaken = Exclude<TakenProof, { kind: 'proof' }>
type Authenticated = { readonly kind: 'session'; readonly session: Ev2Session } | NotTaken
type TakenMessage = { readonly kind: 'sun'; readonly sun: Sun } | NotTaken

export class CardProofs {
  readonly #parts: CardProofParts
  #relayed: { readonly presenceId: string; readonly session: Ev2Session } | undefined

  constructor(parts: CardProofParts) {
    this.#parts = parts
  }

  /** Another card may lie there: what was open with the one before is over. */
  forget(): void {
    this.#relayed = undefined
  }

  /** Asked as often as a card may be at one till without a success (docs/design/02, "Failed authentications"). */
  isGivenUp(read: ReadCard): boolean {
    return (
      read.profile === 'ntag424' &&
      this.#parts.journal.cardAttempts.isUsedUp(this.#attemptsOf(read.card), this.#keyNameOf(read))
    )
  }

  /** Of the key that this till holds of the card now: another one after a re-keying (design/30, "Leases"). */
  #keyNameOf(read: ReadCard): string | null {
    const active = this.#parts.activePackage()
    if (active === undefined) return null
    for (const leased of leasedSlots(this.#parts, active.package, read)) {
      const key = this.#tillKeyOf(leased, read.card)
      if (key !== undefined) return nameOfKey(key)
    }
    return null
  }

  /** Undefined where there is none that opens: it may be sealed to the till before this one, of the same name. */
  #tillKeyOf({ lease, sealedTillKey }: Leased, card: string): Uint8Array | undefined {
    if (sealedTillKey === undefined) return undefined
    return this.#parts.keys.open(sealedTillKey, tillKeyContext(lease.leaseId, card))
  }

  /** Under which name they are counted: a CBDC card leaves nothing here that says whose it is (design/29). */
  #attemptsOf(card: string): string {
    return this.#parts.keys.ownNameOf('tolem/card-attempts/1', card)
  }

  #counted(tapped: Tapped, authenticator: CardAuthenticator): CardAuthenticator {
    const asked = { card: this.#attemptsOf(tapped.card), key: this.#keyNameOf(tapped) }
    return counted(this.#parts.journal.cardAttempts, asked, authenticator)
  }

  /**
   * Has the ledger say what the card may receive, and authenticate it where it can prove itself.
   *
   * @param channel undefined when the card has left, which a card that only says who it is may do
   */
  async openSession(channel: CardChannel | undefined, tapped: Tapped, asked: AskedForSlots): Promise<CardSession> {
    if (tapped.identification !== null) {
      const answer = await askForSlots(this.#parts, tapped, tapped.identification.profile, asked)
      const isHidden = tapped.isHidden === true && answer.kind === 'refused' && answer.code === 'CARD_UNKNOWN'
      return isHidden ? { kind: 'refused', code: 'READER_HIDES_CARD' } : answer
    }
    if (channel === undefined) return { kind: 'card_left' }
    const relay = cardRelay(this.#parts, tapped.card, asked)
    const authenticated = await this.#authenticate(channel, tapped, relay)
    if (authenticated.kind === 'torn') return { kind: 'card_left' }
    if (authenticated.kind === 'refused') return authenticated
    this.#relayed = { presenceId: tapped.presenceId, session: authenticated.session }
    return {
      kind: 'slots',
      slots: relay.slots(),
      isElsewhere: relay.isElsewhere(),
      besidePools: relay.besidePools(),
    }
  }

  /**
   * The whole presence of a CBDC card: a session that names the request, the binding, the message. It shares nothing
   * with a voucher's session that may be open, but counts the card's failures with those of its vouchers.
   */
  async takeForRequest(channel: CardChannel, tapped: Tapped, terms: PaymentRequestTerms): Promise<TakenMessage> {
    if (this.isGivenUp(tapped)) return { kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' }
    const relay = cardRelay(this.#parts, tapped.card, { paymentRequest: terms.tenderId })
    const authenticated = await this.#authenticate(channel, tapped, relay)
    if (authenticated.kind !== 'session') return authenticated
    return boundMessage(channel, authenticated.session, Buffer.from(requestTermsHashOf(terms), 'hex'))
  }

  async #authenticate(channel: CardChannel, tapped: Tapped, relay: CardRelay): Promise<Authenticated> {
    const authenticator = this.#counted(tapped, relay.authenticator)
    const authentication = await authenticate(channel, tapped.uid, authenticator, (length) =>
      this.#parts.randomness.bytes(length),
    )
    if (authentication.kind === 'torn') return authentication
    if (authentication.kind === 'refused') return this.#notProved(tapped.card, authentication, relay.refusal())
    const refusal = relay.refusal()
    return refusal === undefined ? authentication : { kind: 'refused', code: refusal }
  }

  /**
   * @param channel as for `openSession`, should the ledger have to be asked
   * @param schemes those that would pay for something of the basket
   */
  async take(
    channel: CardChannel | undefined,
    tapped: Tapped,
    open: OpenTender,
    schemes: () => readonly string[],
  ): Promise<TakenProof> {
    if (tapped.identification !== null) return { kind: 'proof', proof: tapped.identification }
    if (channel === undefined) return { kind: 'torn', step: 'authenticate' }
    // Of now: a torn card may come back under a later lease.
    const active = this.#parts.activePackage()
    if (active === undefined) throw new Error('an intent without a package')
    const termsHash = Buffer.from(termsHashOf(open.terms), 'hex')
    const random = (length: number) => this.#parts.randomness.bytes(length)
    const leased = leasedSlots(this.#parts, active.package, tapped).find(
      (entry) => entry.slot.slotId === open.terms.payerSlot,
    )
    const key = leased === undefined ? undefined : this.#tillKeyOf(leased, open.card)
    // Without one the ledger is asked.
    if (key !== undefined) {
      const authenticator = this.#counted(
        tapped,
        keyHolder(() => key),
      )
      const recognised = { kind: 'ntag424', uid: tapped.uid } as const
      const proof = await takeSaleBoundProof(channel, authenticator, termsHash, random, recognised)
      if (proof.kind === 'proof') return { kind: 'proof', proof: saleBound(proof.sun) }
      return proof.kind === 'torn' ? proof : this.#notProved(tapped.card, proof, undefined)
    }
    if (this.#relayed?.presenceId !== tapped.presenceId) {
      const opened = await this.openSession(channel, tapped, { schemes: schemes(), hasPool: false })
      if (opened.kind === 'card_left') return { kind: 'torn', step: 'authenticate' }
      if (opened.kind === 'refused') return opened
    }
    const session = this.#relayed?.session
    if (session === undefined) throw new Error('proof without a card session')
    this.#relayed = undefined
    const message = await boundMessage(channel, session, termsHash)
    return message.kind === 'sun' ? { kind: 'proof', proof: saleBound(message.sun) } : message
  }

  /** @param byLedger why the ledger would not have it, where it was asked and has said so */
  #notProved(
    card: string,
    { code, detail }: { readonly code: CardRefusalCode; readonly detail: string },
    byLedger: RefusalCode | undefined,
  ): { readonly kind: 'refused'; readonly code: RefusalCode } {
    if (code === 'CARD_AUTHENTICATION_FAILED') this.#parts.journal.cardAttempts.refused(this.#attemptsOf(card))
    const own = detail === uncountable ? 'JOURNAL_NOT_WRITABLE' : refusalCodeOf(code)
    return { kind: 'refused', code: byLedger ?? own }
  }
}

/** Steps 5 to 8 of docs/design/02, "One presence at the till". */
async function boundMessage(channel: CardChannel, session: Ev2Session, termsHash: Uint8Array): Promise<TakenMessage> {
  const written = await writeBinding(channel, session, termsHash)
  if (written.kind !== 'written')
    return written.kind === 'torn' ? written : { kind: 'refused', code: refusalCodeOf(written.code) }
  const read = await readSun(channel)
  if (read.kind !== 'sun') return read.kind === 'torn' ? read : { kind: 'refused', code: refusalCodeOf(read.code) }
  if (read.message.b !== upperHex(termsHash)) return { kind: 'refused', code: 'CARD_BINDING_MISMATCH' }
  return { kind: 'sun', sun: read.message }
}
