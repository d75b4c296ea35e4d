/**
 * The work behind the payment machine: reads the card, decides, journals, proves, asks the ledger, accepts offline.
 * The order is money-rules.md, "One payment", and architecture.md, "One tap, as data": the intent row is on the disk
 * before the card is written, and nothing is approved before its outcome row is.
 */
import type { CardPresence, CardReaderPort } from '../../drivers/ports.ts'
import type { KeyRing } from '../../sync/engine/key-ring.ts'
import type { LedgerClient } from '../../sync/engine/ledger-client.ts'
import type { Randomness } from '../../sync/engine/ports.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import type { TrustedTime } from '../../sync/engine/trusted-time.ts'
import { isStorageFault } from '../../sync/journal/data-folder.ts'
import type { Journal } from '../../sync/journal/journal.ts'
import { saleHashOf, termsHashOf } from '../../sync/protocol/canonical.ts'
import { signTagged, verifyTagged, type VerifyingKey } from '../../sync/protocol/keys.ts'
import type { Evidence, SignedItemResult } from '../../sync/protocol/messages.ts'
import { tillKeyContext } from '../../sync/protocol/sealed-box.ts'
import type { CardChannel } from '../../voucher/cards/card-channel.ts'
import type { Ev2Session } from '../../voucher/cards/ev2.ts'
import { readSun, takeSaleBoundProof, writeBinding } from '../../voucher/cards/ntag424.ts'
import { authenticate, keyHolder } from '../../voucher/cards/ntag424-authentication.ts'
import { notActivatedIn } from '../../voucher/activation.ts'
import { recogniseCard } from '../../voucher/cards/ntag424-recognition.ts'
import { acceptsCard, profileForDecision, profileOf } from '../../voucher/card-rules.ts'
import { decide, engineVersion, schemesThatFit, type Decision, type DecisionInput } from '../../voucher/decide.ts'
import { isListed } from '../../voucher/hotlist.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import type { CoveredLine, Sale } from '../../voucher/sale.ts'
import { saleTotal } from '../../voucher/sale.ts'
import type { Slot } from '../../voucher/slot.ts'
import type { CardProof, TenderTerms } from '../../voucher/tender.ts'
import { placeForDecision } from '../../voucher/where.ts'
import { askForSlots } from './card-inquiry.ts'
import { cardRelay, onlineDeadlineMs, refusalCodeOf, upperHex } from './card-relay.ts'
import {
  isSameCard,
  openTenderOf,
  provedEvidence,
  recordOf,
  type ActivePackage,
  type OpenTender,
  type Tapped,
} from './open-tender.ts'
import { isCurrentSlot, leasedSlots, leasesForDecision, localSpends, type Leased } from './leased-slots.ts'
import type {
  AcceptOutcome,
  AuthoriseOutcome,
  CardWork,
  IdentifyOutcome,
  PrepareOutcome,
  ProveOutcome,
} from './machine.ts'
import { readCard, saleBound, type TakenProof } from './read-card.ts'

const apduTimeoutMs = 3_000

export interface CardPaymentParts {
  readonly journal: Journal
  readonly engine: SyncEngine
  readonly ledger: LedgerClient
  readonly ledgerKey: VerifyingKey
  readonly keys: KeyRing
  readonly time: TrustedTime
  readonly randomness: Randomness
  readonly reader: CardReaderPort
  /** Presences that lie on a reader now. */
  readonly presence: (presenceId: string) => CardPresence | undefined
  readonly activePackage: () => ActivePackage | undefined
  /** The basket as it is now, and what earlier tenders cover of it. */
  readonly currentSale: () => {
    readonly sale: Sale
    readonly covered: readonly CoveredLine[]
    readonly frozen: boolean
  }
  /** The verdict is known: for the screen, before the card is proved. */
  readonly onDidDecide: (decision: Decision, input: DecisionInput) => void
}

export class CardPayment implements CardWork {
  readonly #parts: CardPaymentParts
  #tapped: Tapped | undefined
  #relayed: { readonly presenceId: string; readonly session: Ev2Session } | undefined
  #open: OpenTender | undefined
  /** Failed authentications by card since its last success: AN12196 §7.4, a till must never brick a card. */
  readonly #failedAuthentications = new Map<string, number>()

  constructor(parts: CardPaymentParts) {
    this.#parts = parts
  }

  now(): number {
    return this.#parts.time.now()
  }

  async identify(presenceId: string): Promise<IdentifyOutcome> {
    this.#open = undefined
    return this.#readCard(presenceId)
  }

  async #readCard(presenceId: string): Promise<IdentifyOutcome> {
    this.#tapped = undefined
    this.#relayed = undefined
    const active = this.#parts.activePackage()
    if (active === undefined) return { kind: 'refused', code: 'PACKAGE_MISSING' }
    const channel = this.#channel(presenceId)
    if (channel === undefined) return { kind: 'card_left' }
    const read = await readCard(channel, active.package, this.#parts.ledgerKey)
    if (read.kind !== 'card') return read
    if ((this.#failedAuthentications.get(read.card) ?? 0) >= 2)
      return { kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' }
    this.#tapped = { presenceId, ...read }
    return { kind: 'recognised' }
  }

  async prepare(presenceId: string): Promise<PrepareOutcome> {
    const { engine } = this.#parts
    const active = this.#parts.activePackage()
    const tapped = this.#tapped
    if (active === undefined) return { kind: 'refused', code: 'PACKAGE_MISSING' }
    if (tapped?.presenceId !== presenceId) return { kind: 'card_left' }
    const everyLeased = leasedSlots(this.#parts, active.package, tapped)
    const nowLeased = everyLeased.filter(({ slot }) => isCurrentSlot(active.package, slot, this.#parts.time.now()))
    const mode = engine.worthAsking ? 'online' : 'offline'
    // What is used of a pool's slots the ledger knows better: with network it is asked, as for a card of no lease.
    const held = mode === 'online' ? nowLeased.filter(({ lease }) => lease.pool === undefined) : nowLeased
    // Without the ledger, a slot of another period still tells better than "not in the lease" why nothing is paid now.
    const leased = nowLeased.length === 0 && mode === 'offline' ? everyLeased : held
    const slots = slotsOf(leased)
    const here = slots.length === 0 ? undefined : this.#decideAndRecord(active, tapped, slots, leased, mode)
    const isFinal = here?.kind !== 'refused' || mode === 'offline'
    if (here !== undefined && (isFinal || !this.#mayPayFrom(active, tapped, slots))) return here
    if (mode === 'offline') return this.#refuseUnleased(active, tapped)
    const session = await this.#openCardSession(presenceId, tapped)
    if (session.kind === 'card_left') return session
    if (session.kind === 'refused' && session.code === 'LEDGER_UNREACHABLE' && held.length < nowLeased.length) {
      const channel = this.#channel(presenceId)
      if (channel === undefined) return { kind: 'card_left' }
      // A card that proves itself waits for an answer, and would refuse all else once: with this it has.
      if (tapped.profile === 'ntag424') await recogniseCard(channel)
      return this.#decideAndRecord(active, tapped, slotsOf(nowLeased), nowLeased, 'offline')
    }
    if (session.kind === 'refused') return session.code === 'LEASED_ELSEWHERE' ? session : (here ?? session)
    const asked = this.#decideAndRecord(active, tapped, session.slots, [], 'online')
    return asked.kind === 'refused' && session.isElsewhere ? { kind: 'refused', code: 'LEASED_ELSEWHERE' } : asked
  }

  /** A scheme of which this till holds no slot for the card would pay for the basket; the ledger knows of one. */
  #mayPayFrom(active: ActivePackage, tapped: Tapped, held: readonly Slot[]): boolean {
    return this.#fitting(active, tapped).some((schemeId) => held.every((slot) => slot.schemeId !== schemeId))
  }

  #fitting({ package: { schemes } }: ActivePackage, { profile }: Tapped): readonly string[] {
    const { sale, covered } = this.#parts.currentSale()
    const accepting = schemes.filter((scheme) => acceptsCard(scheme, profile))
    return schemesThatFit({ schemes: accepting, sale, covered: [...covered] })
  }

  async prove(presenceId: string, tenderId: string): Promise<ProveOutcome> {
    const open = this.#openTender(tenderId)
    if (this.#tapped?.presenceId !== presenceId) {
      const read = await this.#readCard(presenceId)
      if (read.kind === 'card_left') return this.#torn(tenderId, 'select-application')
      if (read.kind === 'refused' || !isSameCard(open, this.#tapped)) return { kind: 'other_card' }
    }
    const channel = this.#channel(presenceId)
    if (channel === undefined) return this.#torn(tenderId, 'authenticate')
    // "Torn" says that nothing was sent, and a restart takes it at its word. That ends before the ledger can be asked.
    if (this.#parts.journal.tender(tenderId)?.state === 'torn')
      this.#parts.journal.commit({ kind: 'tender_resumed', tenderId })
    const proof = await this.#takeProof(channel, presenceId, open)
    if (proof.kind === 'torn') return this.#torn(tenderId, proof.step)
    if (proof.kind === 'refused') return this.#refuse(tenderId, proof.code)
    open.evidence = this.#signEvidence(open, proof.proof)
    return { kind: 'proved', mode: open.mode }
  }

  async authorise(tenderId: string): Promise<AuthoriseOutcome> {
    const { ledger, engine } = this.#parts
    const open = this.#openTender(tenderId)
    const evidence = provedEvidence(open)
    const reply = await ledger.call('/v1/terminal/authorisations', { terms: open.terms, evidence }, onlineDeadlineMs)
    engine.tapAsked(reply)
    if (reply.kind === 'answer') return this.#recordAnswer(tenderId, evidence, reply.answer)
    if (reply.kind === 'not_sent') open.notAsked = 'LEDGER_UNREACHABLE'
    if (reply.kind === 'problem')
      open.notAsked = reply.code === 'terminal_suspended' ? 'TERMINAL_SUSPENDED' : 'LEDGER_UNREACHABLE'
    return { kind: 'no_answer' }
  }

  /**
   * Goes on without the ledger's answer: under the till's own live slot and the same id, or, where that is not allowed,
   * as unknown. A request that may have left can not be called refused.
   */
  async acceptWithoutAnswer(tenderId: string): Promise<AcceptOutcome> {
    const { journal, time } = this.#parts
    const open = this.#openTender(tenderId)
    const evidence = provedEvidence(open)
    const offline = this.#offlineEvidence(open, evidence)
    if (offline.kind === 'accepted' && offline.leaseId !== null) {
      const { evidence: signed, leaseId } = offline
      journal.commit({ kind: 'approved_offline', tenderId, evidence: signed, leaseId, decidedAt: time.now() })
      return { kind: 'pending' }
    }
    if (open.notAsked !== null) return this.#refuse(tenderId, open.notAsked)
    if (open.mode === 'online') {
      journal.commit({ kind: 'tender_unknown', tenderId, evidence })
      return { kind: 'unknown' }
    }
    return this.#refuse(tenderId, offline.kind === 'refused' ? offline.code : 'LEDGER_UNREACHABLE')
  }

  voidTender(tenderId: string): void {
    const state = this.#parts.journal.tender(tenderId)?.state
    if (state !== 'torn' && state !== 'in_progress') return
    this.#parts.journal.commit({
      kind: 'tender_voided',
      tenderId,
      reason: state === 'torn' ? 'card_not_returned' : 'cancelled',
    })
  }

  reverse(tenderId: string): void {
    if (this.#parts.journal.tender(tenderId)?.state !== 'unknown') return
    this.#parts.journal.commit({ kind: 'reversal_requested', tenderId, reason: 'cashier_cancelled' })
    void this.#parts.engine.syncNow()
  }

  #decideAndRecord(
    active: ActivePackage,
    tapped: Tapped,
    slots: readonly Slot[],
    leased: readonly Leased[],
    mode: 'online' | 'offline',
  ): PrepareOutcome {
    const { journal, randomness, currentSale } = this.#parts
    if (mode === 'offline' && this.#parts.engine.rollbackOpen) return { kind: 'refused', code: 'ROLLBACK_DETECTED' }
    if (mode === 'offline' && this.#parts.engine.suspended) return { kind: 'refused', code: 'TERMINAL_SUSPENDED' }
    const { sale, frozen } = currentSale()
    const input = this.#decisionInput(active.package, tapped, slots, leased, mode, null)
    const decision = decide(input)
    this.#parts.onDidDecide(decision, input)
    if (decision.verdict === 'refuse') return { kind: 'refused', code: decision.code }
    const [part] = decision.parts
    if (part === undefined) throw new Error('an approval without parts')
    const leaseId = leased.find((entry) => entry.slot.slotId === part.slotId)?.lease.leaseId ?? null
    const record = recordOf(active, leaseId, input, decision, 0)
    const terms: TenderTerms = {
      tenderId: randomness.uuid(),
      payerSlot: part.slotId,
      payeeAccount: active.package.merchant.accountId,
      amount: part.amount,
      schemeId: part.schemeId,
      saleHash: saleHashOf(sale),
    }
    const intentRow = {
      kind: 'tender_intent',
      terms,
      saleId: sale.saleId,
      mode,
      card: tapped.card,
      leaseId,
      part,
      record,
    } as const
    try {
      if (frozen) journal.commit(intentRow)
      else journal.commit({ kind: 'sale_frozen', sale, total: saleTotal(sale) }, intentRow)
    } catch (error) {
      // Nothing irreversible has happened yet: a full or dying disk refuses the sale before the card is touched.
      if (isStorageFault(error)) return { kind: 'refused', code: 'JOURNAL_NOT_WRITABLE' }
      throw error
    }
    this.#open = openTenderOf(intentRow, active)
    return { kind: 'intent', intent: this.#open.intent }
  }

  /** @param without a tender that is not to be counted as spent: the one that is being decided again. */
  #decisionInput(
    active: TerminalPackage,
    { card, profile }: Pick<Tapped, 'card' | 'profile'>,
    slots: readonly Slot[],
    leased: readonly Leased[],
    mode: 'online' | 'offline',
    without: string | null,
  ): DecisionInput {
    const { journal, engine, time, currentSale } = this.#parts
    const { sale, covered } = currentSale()
    return {
      engineVersion,
      mode,
      trustedTime: time.now(),
      merchantId: active.merchant.merchantId,
      ...placeForDecision(active.merchant),
      card: {
        card,
        blocked: isListed(active.hotlist, card),
        ...profileForDecision(profile),
        ...notActivatedIn(active, card),
      },
      schemes: active.schemes,
      slots: [...slots],
      localSpends: slots.flatMap((slot) => localSpends(journal, slot, without)),
      leases: leasesForDecision(journal, active, leased),
      terminal: {
        clockTrusted: time.trusted,
        packageIssuedAt: active.issuedAt,
        lastSyncAt: engine.lastSyncAt,
        exposure: [...journal.exposure()],
      },
      sale,
      covered: [...covered],
    }
  }

  /** A card that this till has no lease for, and no ledger to ask. */
  #refuseUnleased(active: ActivePackage, tapped: Tapped): PrepareOutcome {
    const input = this.#decisionInput(active.package, tapped, [], [], 'offline', null)
    const decision = decide(input)
    this.#parts.onDidDecide(decision, input)
    return { kind: 'refused', code: decision.verdict === 'refuse' ? decision.code : 'CARD_NOT_IN_LEASE' }
  }

  /** Has the ledger say what the card may receive, and authenticate it where it can prove itself. */
  async #openCardSession(
    presenceId: string,
    tapped: Tapped,
  ): Promise<
    { kind: 'slots'; slots: readonly Slot[]; isElsewhere: boolean } | Exclude<PrepareOutcome, { kind: 'intent' }>
  > {
    const channel = this.#channel(presenceId)
    if (channel === undefined) return { kind: 'card_left' }
    const active = this.#parts.activePackage()
    const fitting = active === undefined ? [] : this.#fitting(active, tapped)
    if (tapped.identification !== null) return askForSlots(this.#parts, tapped, tapped.identification.profile, fitting)
    const relay = cardRelay(this.#parts, tapped.card, fitting)
    const authentication = await authenticate(channel, tapped.uid, relay.authenticator, (length) =>
      this.#parts.randomness.bytes(length),
    )
    this.#countAuthentication(tapped.card, authentication)
    if (authentication.kind === 'torn') return { kind: 'card_left' }
    if (authentication.kind === 'refused') {
      return { kind: 'refused', code: relay.refusal() ?? refusalCodeOf(authentication.code) }
    }
    const refusal = relay.refusal()
    if (refusal !== undefined) return { kind: 'refused', code: refusal }
    this.#relayed = { presenceId, session: authentication.session }
    return { kind: 'slots', slots: relay.slots(), isElsewhere: relay.isElsewhere() }
  }

  async #takeProof(channel: CardChannel, presenceId: string, open: OpenTender): Promise<TakenProof> {
    const tapped = this.#tapped
    if (tapped === undefined) throw new Error('proof without a card')
    if (tapped.identification !== null) return { kind: 'proof', proof: tapped.identification }
    const termsHash = Buffer.from(termsHashOf(open.terms), 'hex')
    const random = (length: number) => this.#parts.randomness.bytes(length)
    const leased = leasedSlots(this.#parts, open.active.package, tapped).find(
      (entry) => entry.slot.slotId === open.terms.payerSlot,
    )
    const context = tillKeyContext(leased?.lease.leaseId ?? '', open.card)
    const sealed = leased?.sealedTillKey
    const key = sealed === undefined ? undefined : this.#parts.keys.open(sealed, context)
    // A key that was sealed to the till before this one, under the same name, opens nothing: then the ledger is asked.
    if (key !== undefined) {
      const proof = await takeSaleBoundProof(
        channel,
        keyHolder(() => key),
        termsHash,
        random,
        { kind: 'ntag424', uid: tapped.uid },
      )
      this.#countAuthentication(tapped.card, proof)
      if (proof.kind === 'proof') return { kind: 'proof', proof: saleBound(proof.sun) }
      return proof.kind === 'torn' ? proof : { kind: 'refused', code: refusalCodeOf(proof.code) }
    }
    if (this.#relayed?.presenceId !== presenceId) {
      const opened = await this.#openCardSession(presenceId, tapped)
      if (opened.kind === 'card_left') return { kind: 'torn', step: 'authenticate' }
      if (opened.kind === 'refused') return opened
    }
    const session = this.#relayed?.session
    if (session === undefined) throw new Error('proof without a card session')
    this.#relayed = undefined
    const written = await writeBinding(channel, session, termsHash)
    if (written.kind !== 'written')
      return written.kind === 'torn' ? written : { kind: 'refused', code: refusalCodeOf(written.code) }
    const read = await readSun(channel)
    if (read.kind !== 'sun') return read.kind === 'torn' ? read : { kind: 'refused', code: refusalCodeOf(read.code) }
    if (read.message.b !== upperHex(termsHash)) return { kind: 'refused', code: 'CARD_BINDING_MISMATCH' }
    return { kind: 'proof', proof: saleBound(read.message) }
  }

  /** Decides again as an offline sale, with the facts of this moment and of a package that it names, and signs that. */
  #offlineEvidence(
    open: OpenTender,
    online: Evidence,
  ): { kind: 'accepted'; evidence: Evidence; leaseId: string | null } | { kind: 'refused'; code: RefusalCode } {
    // Also for a sale decided offline: a torn card may come back long after.
    if (this.#parts.engine.rollbackOpen) return { kind: 'refused', code: 'ROLLBACK_DETECTED' }
    if (this.#parts.engine.suspended) return { kind: 'refused', code: 'TERMINAL_SUSPENDED' }
    if (open.mode === 'offline') return { kind: 'accepted', evidence: online, leaseId: open.leaseId }
    const { active, terms } = open
    const card = { card: open.card, profile: profileOf(open.record.input.card) }
    const leased = leasedSlots(this.#parts, active.package, card)
    const input = this.#decisionInput(active.package, card, slotsOf(leased), leased, 'offline', terms.tenderId)
    const decision = decide(input)
    if (decision.verdict === 'refuse') return { kind: 'refused', code: decision.code }
    const part = decision.parts.findIndex(
      (candidate) => candidate.slotId === terms.payerSlot && candidate.amount === terms.amount,
    )
    // Other terms would be another tender; this id keeps its own.
    if (part < 0) return { kind: 'refused', code: 'OFFLINE_NOT_ALLOWED' }
    // A lease of this till holds the slot now, or the decision would not have it; it may be another than the intent's.
    const leaseId = leased.find((entry) => entry.slot.slotId === terms.payerSlot)?.lease.leaseId ?? null
    const record = recordOf(active, leaseId, input, decision, part)
    return { kind: 'accepted', evidence: this.#signEvidence({ terms, record }, online.cardProof), leaseId }
  }

  #recordAnswer(tenderId: string, evidence: Evidence, item: SignedItemResult): AuthoriseOutcome {
    const { journal, ledgerKey } = this.#parts
    const { result } = item
    if (!verifyTagged(ledgerKey, 'tolem/item-result/1', result, item.signature) || result.itemId !== tenderId)
      return { kind: 'no_answer' }
    if (result.arrival.startsWith('exists_with_different'))
      return this.#refuse(tenderId, 'EXISTS_WITH_DIFFERENT_TERMS', item)
    switch (result.state) {
      case 'settled':
        journal.commit({ kind: 'approved_online', tenderId, evidence, item })
        return { kind: 'settled' }
      case 'reversed':
        return this.#refuse(
          tenderId,
          result.arrival === 'reversed_before_arrival' ? 'REVERSED_BEFORE_ARRIVAL' : 'REVERSED',
          item,
        )
      case 'refused':
      case 'not_paid':
        return this.#refuse(tenderId, result.refusal ?? 'DECISION_MISMATCH', item)
      case 'awaiting_funds':
      case 'held':
      case 'done':
      case 'awaiting_proof':
        // No answer to an authorisation: such an answer says nothing that could be shown as paid.
        return { kind: 'no_answer' }
      default:
        return result.state satisfies never
    }
  }

  #refuse(
    tenderId: string,
    code: RefusalCode,
    item: SignedItemResult | null = null,
  ): { kind: 'refused'; code: RefusalCode } {
    this.#parts.journal.commit({ kind: 'tender_refused', tenderId, code, item })
    return { kind: 'refused', code }
  }

  /** A bad card that lies on the reader tears again every second: what is torn already needs no row for that. */
  #torn(tenderId: string, step: string): { kind: 'torn' } {
    const { journal } = this.#parts
    if (journal.tender(tenderId)?.state !== 'torn') journal.commit({ kind: 'tender_torn', tenderId, step })
    return { kind: 'torn' }
  }

  #countAuthentication(card: string, outcome: { readonly kind: string; readonly code?: string }): void {
    if (outcome.kind === 'session' || outcome.kind === 'proof') this.#failedAuthentications.delete(card)
    else if (outcome.kind === 'refused' && outcome.code === 'CARD_AUTHENTICATION_FAILED') {
      this.#failedAuthentications.set(card, (this.#failedAuthentications.get(card) ?? 0) + 1)
    }
  }

  #signEvidence({ terms, record }: Pick<OpenTender, 'terms' | 'record'>, cardProof: CardProof): Evidence {
    const signature = signTagged(this.#parts.keys.signing, 'tolem/decision-record/1', { record, cardProof, terms })
    return { cardProof, record, signature }
  }

  /**
   * The open tender, from memory or, for a torn one after a restart, from the journal: the *frozen* sale,
   * never today's.
   */
  #openTender(tenderId: string): OpenTender {
    if (this.#open?.terms.tenderId === tenderId) return this.#open
    const { row } = this.#parts.journal.intentOf(tenderId)
    const active = this.#parts.activePackage()
    if (active === undefined) throw new Error('an intent without a package')
    this.#open = openTenderOf(row, active)
    return this.#open
  }

  #channel(presenceId: string): CardChannel | undefined {
    const { reader, presence } = this.#parts
    const present = presence(presenceId)
    if (present === undefined) return undefined
    return { atr: present.atr, transmit: (command) => reader.transmit(presenceId, command, apduTimeoutMs) }
  }
}

const slotsOf = (leased: readonly Leased[]): readonly Slot[] => leased.map(({ slot }) => slot)
