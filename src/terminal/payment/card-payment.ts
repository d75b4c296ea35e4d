/**
 * The work behind the payment machine: reads the card, decides, journals, proves, asks the ledger, accepts offline.
 * The order is money-rules.md, "One payment", and architecture.md, "One tap, as data": the intent row is on the disk
 * before the card is written, and nothing is approved before its outcome row is.
 */
import type { KeyRing } from '../../sync/engine/key-ring.ts'
import type { LedgerClient } from '../../sync/engine/ledger-client.ts'
import type { Randomness } from '../../sync/engine/ports.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import type { TrustedTime } from '../../sync/engine/trusted-time.ts'
import type { Journal } from '../../sync/journal/journal.ts'
import { isTorn } from '../../sync/journal/projection.ts'
import { saleHashOf } from '../../sync/protocol/canonical.ts'
import { verifyTagged, type VerifyingKey } from '../../sync/protocol/keys.ts'
import type { Evidence, SignedItemResult } from '../../sync/protocol/messages.ts'
import { signEvidence } from '../../sync/protocol/sign-evidence.ts'
import type { CardChannel } from '../../voucher/cards/card-channel.ts'
import { recogniseCard } from '../../voucher/cards/ntag424-recognition.ts'
import type { AppletCard } from '../../voucher/cards/tolem-applet/recognition.ts'
import { acceptsCard, profileOf } from '../../voucher/card-rules.ts'
import { decide, schemesThatFit, type Decision, type DecisionInput } from '../../voucher/decide.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import type { Slot } from '../../voucher/slot.ts'
import type { TenderTerms } from '../../voucher/tender.ts'
import { AppletPayment } from './applet-payment.ts'
import { CardProofs } from './card-proof.ts'
import { onlineDeadlineMs } from './card-relay.ts'
import { decisionInput, refusalOf, type CurrentSale } from './decision-input.ts'
import {
  isSameCard,
  openTenderOf,
  provedEvidence,
  recordOf,
  type ActivePackage,
  type OpenTender,
  type Tapped,
} from './open-tender.ts'
import type { LedgerSlots } from './asked-for-slots.ts'
import { isCurrentSlot, leasedSlots, type Leased } from './leased-slots.ts'
import type {
  AcceptOutcome,
  AuthoriseOutcome,
  CardWork,
  IdentifyOutcome,
  PrepareOutcome,
  PresentOutcome,
  ProveOutcome,
  VerifyPinOutcome,
  SettledRest,
} from './work.ts'
import { channelTo, type PresentCards } from './present-card.ts'
import { readCard } from './read-card.ts'
import { givenUp, recordIntent, recordRefusal, recordTear } from './tender-rows.ts'

export interface CardPaymentParts extends PresentCards {
  readonly journal: Journal
  readonly engine: SyncEngine
  readonly ledger: LedgerClient
  readonly ledgerKey: VerifyingKey
  readonly keys: KeyRing
  readonly time: TrustedTime
  readonly randomness: Randomness
  readonly activePackage: () => ActivePackage | undefined
  readonly currentSale: () => CurrentSale
  /** The verdict is known: for the screen, before the card is proved. */
  readonly onDidDecide: (decision: Decision, input: DecisionInput) => void
}

export class CardPayment implements CardWork {
  readonly #parts: CardPaymentParts
  /** Those of a CBDC card's payment too: a card's failures count together (docs/design/02, "One presence"). */
  readonly proofs: CardProofs
  readonly #applets: AppletPayment
  /** A card that counts itself, recognised and not asked who it is. */
  #applet: { readonly presenceId: string; readonly applet: AppletCard } | undefined
  #tapped: Tapped | undefined
  #open: OpenTender | undefined

  constructor(parts: CardPaymentParts) {
    this.#parts = parts
    this.proofs = new CardProofs(parts)
    this.#applets = new AppletPayment(parts)
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
    this.#applet = undefined
    this.proofs.forget()
    this.#applets.forget()
    const active = this.#parts.activePackage()
    if (active === undefined) return { kind: 'refused', code: 'PACKAGE_MISSING' }
    const channel = this.#channel(presenceId)
    if (channel === undefined) return { kind: 'card_left' }
    const read = await readCard(channel, active.package, this.#parts.ledgerKey)
    if (read.kind === 'applet') {
      this.#applet = { presenceId, applet: read.applet }
      return { kind: 'recognised' }
    }
    if (read.kind !== 'card') return read
    if (this.proofs.isGivenUp(read)) return { kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' }
    this.#tapped = { presenceId, ...read }
    return { kind: 'recognised' }
  }

  async prepare(presenceId: string, settled: SettledRest | null): Promise<PrepareOutcome> {
    const { engine } = this.#parts
    const active = this.#parts.activePackage()
    const tapped = this.#tapped
    if (active === undefined) return { kind: 'refused', code: 'PACKAGE_MISSING' }
    if (this.#applet?.presenceId === presenceId) {
      const channel = this.#channel(presenceId)
      if (channel === undefined) return { kind: 'card_left' }
      return this.#applets.prepare(presenceId, channel, this.#applet.applet, active, settled)
    }
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
    const session = await this.proofs.openSession(this.#channel(presenceId), tapped, {
      schemes: this.#fitting(active, tapped),
      hasPool: held.length < nowLeased.length,
    })
    if (session.kind === 'card_left') return session
    if (session.kind === 'refused' && session.code === 'LEDGER_UNREACHABLE' && held.length < nowLeased.length) {
      if (tapped.identification === null) {
        const channel = this.#channel(presenceId)
        if (channel === undefined) return { kind: 'card_left' }
        // A card that proves itself waits for an answer, and would refuse all else once: with this it has.
        await recogniseCard(channel)
      }
      return this.#decideAndRecord(active, tapped, slotsOf(nowLeased), nowLeased, 'offline')
    }
    if (session.kind === 'refused') return session.code === 'LEASED_ELSEWHERE' ? session : (here ?? session)
    const fromPool = this.#payFromPool(active, tapped, session, nowLeased)
    if (fromPool !== undefined) return fromPool
    const asked = this.#decideAndRecord(active, tapped, session.slots, [], 'online')
    return asked.kind === 'refused' && session.isElsewhere ? { kind: 'refused', code: 'LEASED_ELSEWHERE' } : asked
  }

  /**
   * Where the scheme that would pay can not pay that much but from this till's pool. What the card has left the ledger
   * has just said, and the pool's slots may be older: what they would allow beyond that is not paid from it.
   */
  #payFromPool(
    active: ActivePackage,
    tapped: Tapped,
    { slots, besidePools }: LedgerSlots,
    leased: readonly Leased[],
  ): PrepareOutcome | undefined {
    if (besidePools.length === 0) return undefined
    const partOf = (asked: { slots: readonly Slot[]; leased: readonly Leased[]; mode: 'online' | 'offline' }) => {
      const of = { active: active.package, card: tapped, without: null } as const
      const decision = decide(decisionInput(this.#parts, { ...of, ...asked }))
      return decision.verdict === 'approve' ? decision.parts[0] : undefined
    }
    const due = partOf({ slots, leased: [], mode: 'online' })
    const short = besidePools.find(({ schemeId }) => schemeId === due?.schemeId)
    if (due === undefined || short === undefined || due.amount <= short.canPay) return undefined
    const pooled = leased.filter(({ slot, lease }) => lease.pool !== undefined && slot.slotId === due.slotId)
    const paid = partOf({ slots: slotsOf(pooled), leased: pooled, mode: 'offline' })
    if (paid === undefined || paid.amount > due.amount) return undefined
    return this.#decideAndRecord(active, tapped, slotsOf(pooled), pooled, 'offline')
  }

  /** A scheme of which this till holds no slot for the card would pay for the basket; the ledger knows of one. */
  #mayPayFrom(active: ActivePackage, tapped: Tapped, held: readonly Slot[]): boolean {
    return this.#fitting(active, tapped).some((schemeId) => held.every((slot) => slot.schemeId !== schemeId))
  }

  #fittingNow(tapped: Tapped): readonly string[] {
    const active = this.#parts.activePackage()
    return active === undefined ? [] : this.#fitting(active, tapped)
  }

  #fitting({ package: { schemes } }: ActivePackage, { profile }: Tapped): readonly string[] {
    const { sale, covered } = this.#parts.currentSale()
    const accepting = schemes.filter((scheme) => acceptsCard(scheme, profile))
    return schemesThatFit({ schemes: accepting, sale, covered: [...covered] })
  }

  async verifyPin(presenceId: string, pin: string): Promise<VerifyPinOutcome> {
    const active = this.#parts.activePackage()
    if (active === undefined || this.#channel(presenceId) === undefined) return { kind: 'card_left' }
    return this.#applets.verifyPin(presenceId, pin, active)
  }

  async prove(presenceId: string, tenderId: string): Promise<ProveOutcome> {
    const { journal, keys } = this.#parts
    const open = this.#openTender(tenderId)
    if (open.debit !== null) return this.#proveByDebit(presenceId, open)
    if (this.#tapped?.presenceId !== presenceId) {
      const read = await this.#readCard(presenceId)
      if (read.kind === 'card_left') return recordTear(journal, tenderId, 'select-application')
      if (read.kind === 'refused') return { kind: 'other_card' }
    }
    const tapped = this.#tapped
    // Its UID is needed no longer, and what lies there is read anew for whatever comes next.
    this.#tapped = undefined
    if (!isSameCard(open, tapped)) return { kind: 'other_card' }
    const channel = this.#channel(presenceId)
    // A card that only says who it is has said it: it may leave before the ledger has answered.
    const isNeeded = tapped === undefined || tapped.identification === null
    if (tapped === undefined || (isNeeded && channel === undefined))
      return recordTear(journal, tenderId, 'authenticate')
    // "Torn" says that nothing was sent, and a restart takes it at its word. That ends before the ledger can be asked.
    if (journal.tender(tenderId)?.state === 'torn') journal.commit({ kind: 'tender_resumed', tenderId })
    const proof = await this.proofs.take(channel, tapped, open, () => this.#fittingNow(tapped))
    if (proof.kind === 'torn') return recordTear(journal, tenderId, proof.step)
    if (proof.kind === 'refused') return recordRefusal(journal, tenderId, proof.code)
    open.evidence = signEvidence(keys.signing, open, proof.proof)
    return { kind: 'proved', mode: open.mode }
  }

  async #proveByDebit(presenceId: string, open: OpenTender): Promise<ProveOutcome> {
    const { journal } = this.#parts
    const { tenderId } = open.terms
    if (this.#applet?.presenceId !== presenceId) {
      const read = await this.#readCard(presenceId)
      if (read.kind === 'card_left') return recordTear(journal, tenderId, 'select')
      if (read.kind === 'refused') return { kind: 'other_card' }
    }
    const channel = this.#channel(presenceId)
    const applet = this.#applet
    // Lifted before the debit was sent.
    if (channel === undefined) return recordTear(journal, tenderId, 'select', 'no')
    return applet === undefined ? { kind: 'other_card' } : this.#applets.prove(presenceId, channel, applet.applet, open)
  }

  present(tenderId: string): Promise<PresentOutcome> {
    return this.#applets.present(tenderId)
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
    if (open.notAsked !== null) return recordRefusal(journal, tenderId, open.notAsked)
    if (open.mode === 'online') {
      journal.commit({ kind: 'tender_unknown', tenderId, evidence })
      return { kind: 'unknown' }
    }
    return recordRefusal(journal, tenderId, offline.kind === 'refused' ? offline.code : 'LEDGER_UNREACHABLE')
  }

  giveUp(tenderId: string): void {
    const { journal, keys, engine } = this.#parts
    const tender = journal.tender(tenderId)
    if (tender === undefined || (tender.state !== 'in_progress' && !isTorn(tender))) return
    journal.commit(givenUp(journal, keys.signing, tenderId, isTorn(tender) ? 'card_not_returned' : 'cancelled'))
    if (tender.state === 'maybe_debited') void engine.syncNow()
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
    const now = currentSale()
    const { sale } = now
    const input = decisionInput(this.#parts, {
      active: active.package,
      card: tapped,
      slots,
      leased,
      mode,
      without: null,
    })
    const decision = decide(input)
    this.#parts.onDidDecide(decision, input)
    if (decision.verdict === 'refuse') return { kind: 'refused', code: refusalOf(input, slots, decision.code) }
    const [part] = decision.parts
    if (part === undefined) throw new Error('an approval without parts')
    if (part.amount > now.left) return { kind: 'refused', code: 'QR_LEAVES_LESS' }
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
    const unwritten = recordIntent(journal, now, intentRow)
    if (unwritten !== undefined) return { kind: 'refused', code: unwritten }
    this.#open = openTenderOf(intentRow)
    return { kind: 'intent', intent: this.#open.intent }
  }

  /** A card that this till has no lease for, and no ledger to ask. */
  #refuseUnleased(active: ActivePackage, tapped: Tapped): PrepareOutcome {
    const input = decisionInput(this.#parts, {
      ...{ active: active.package, card: tapped, slots: [], leased: [], mode: 'offline', without: null },
    })
    const decision = decide(input)
    this.#parts.onDidDecide(decision, input)
    return { kind: 'refused', code: decision.verdict === 'refuse' ? decision.code : 'CARD_NOT_IN_LEASE' }
  }

  /** Decides again as an offline sale, with the facts of this moment and of a package that it names, and signs that. */
  #offlineEvidence(
    open: OpenTender,
    online: Evidence,
  ): { kind: 'accepted'; evidence: Evidence; leaseId: string | null } | { kind: 'refused'; code: RefusalCode } {
    // All of it also for a sale decided offline: a torn card may come back long after.
    if (this.#parts.engine.rollbackOpen) return { kind: 'refused', code: 'ROLLBACK_DETECTED' }
    if (this.#parts.engine.suspended) return { kind: 'refused', code: 'TERMINAL_SUSPENDED' }
    // Of today: what was put aside may come back under a later package, with a later hotlist.
    const active = this.#parts.activePackage()
    if (active === undefined) return { kind: 'refused', code: 'PACKAGE_MISSING' }
    const { terms } = open
    const card = { card: open.card, profile: profileOf(open.record.input.card) }
    const leased = leasedSlots(this.#parts, active.package, card)
    const input = decisionInput(this.#parts, {
      ...{ active: active.package, card, slots: slotsOf(leased), leased, mode: 'offline', without: terms.tenderId },
    })
    const decision = decide(input)
    if (decision.verdict === 'refuse') return { kind: 'refused', code: decision.code }
    const part = decision.parts.findIndex(
      (candidate) => candidate.slotId === terms.payerSlot && candidate.amount === terms.amount,
    )
    // Other terms would be another tender; this id keeps its own.
    if (part < 0) return { kind: 'refused', code: 'OFFLINE_NOT_ALLOWED' }
    // A lease of this till holds the slot now, or the decision would not have it; it may be another than the intent's.
    const leaseId = leased.find((entry) => entry.slot.slotId === terms.payerSlot)?.lease.leaseId ?? null
    if (open.mode === 'offline' && leaseId === open.leaseId) return { kind: 'accepted', evidence: online, leaseId }
    const record = recordOf(active, leaseId, input, decision, part)
    return {
      kind: 'accepted',
      evidence: signEvidence(this.#parts.keys.signing, { terms, record }, online.cardProof),
      leaseId,
    }
  }

  #recordAnswer(tenderId: string, evidence: Evidence, item: SignedItemResult): AuthoriseOutcome {
    const { journal, ledgerKey } = this.#parts
    const { result } = item
    if (!verifyTagged(ledgerKey, 'tolem/item-result/1', result, item.signature) || result.itemId !== tenderId)
      return { kind: 'no_answer' }
    if (result.arrival.startsWith('exists_with_different'))
      return recordRefusal(journal, tenderId, 'EXISTS_WITH_DIFFERENT_TERMS', item)
    switch (result.state) {
      case 'settled':
        journal.commit({ kind: 'approved_online', tenderId, evidence, item })
        return { kind: 'settled' }
      case 'reversed':
        return recordRefusal(
          journal,
          tenderId,
          result.arrival === 'reversed_before_arrival' ? 'REVERSED_BEFORE_ARRIVAL' : 'REVERSED',
          item,
        )
      case 'refused':
      case 'not_paid':
        return recordRefusal(journal, tenderId, result.refusal ?? 'DECISION_MISMATCH', item)
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

  /**
   * The open tender, from memory or, for a torn one after a restart, from the journal: the *frozen* sale,
   * never today's.
   */
  #openTender(tenderId: string): OpenTender {
    if (this.#open?.terms.tenderId === tenderId) return this.#open
    this.#open = openTenderOf(this.#parts.journal.intentOf(tenderId).row)
    return this.#open
  }

  #channel(presenceId: string): CardChannel | undefined {
    return channelTo(this.#parts, presenceId)
  }
}

const slotsOf = (leased: readonly Leased[]): readonly Slot[] => leased.map(({ slot }) => slot)
