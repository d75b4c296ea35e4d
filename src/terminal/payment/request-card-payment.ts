/**
 * A CBDC card pays an open request in the place of a wallet (docs/design/29-cbdc-card.md, "At the till"). It is work
 * beside the payment machine and writes no row: whatever it does or fails to do, the request is open, paid or over by
 * the ledger's word, and a core that dies in between comes back with the same QR.
 */
import type { LedgerClient } from '../../sync/engine/ledger-client.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import type { TrustedTime } from '../../sync/engine/trusted-time.ts'
import type { Journal } from '../../sync/journal/journal.ts'
import type { VerifyingKey } from '../../sync/protocol/keys.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import type { Sun } from '../../voucher/tender.ts'
import type { CardProofs } from './card-proof.ts'
import { onlineDeadlineMs } from './card-relay.ts'
import type { ActivePackage } from './open-tender.ts'
import { channelTo, type PresentCards } from './present-card.ts'
import { readCard } from './read-card.ts'
import type { RequestCardOutcome, RequestCardWork } from './work.ts'

export interface RequestCardPaymentParts extends PresentCards {
  readonly journal: Pick<Journal, 'tender' | 'requestOf'>
  readonly engine: Pick<SyncEngine, 'worthAsking' | 'suspended' | 'tapAsked' | 'syncNow'>
  readonly ledger: Pick<LedgerClient, 'call'>
  readonly ledgerKey: VerifyingKey
  readonly time: TrustedTime
  readonly proofs: CardProofs
  readonly activePackage: () => ActivePackage | undefined
  /** Its QR is on the screen: whoever laid the card there sees what for. */
  readonly isShown: (requestId: string) => boolean
}

export class RequestCardPayment implements RequestCardWork {
  readonly #parts: RequestCardPaymentParts

  constructor(parts: RequestCardPaymentParts) {
    this.#parts = parts
  }

  mayAsk(requestId: string): boolean {
    return this.#hindrance(requestId) === undefined
  }

  async payRequest(presenceId: string, requestId: string): Promise<RequestCardOutcome> {
    const hindrance = this.#hindrance(requestId)
    if (hindrance !== undefined) return hindrance
    const taken = await this.#takeMessage(presenceId, requestId)
    if (taken.kind !== 'sun') return this.#told(taken, requestId)
    // It may have been given up while the card was asked: then nobody agrees to it any more.
    return this.#isOpen(requestId) ? this.#send(requestId, taken.sun) : { kind: 'over' }
  }

  /** Why no card is asked, in this order: over, the till is stopped, nobody would answer. */
  #hindrance(requestId: string): RequestCardOutcome | undefined {
    const { engine } = this.#parts
    if (!this.#isOpen(requestId)) return { kind: 'over' }
    if (engine.suspended) return { kind: 'refused', code: 'TERMINAL_SUSPENDED' }
    return engine.worthAsking ? undefined : { kind: 'refused', code: 'LEDGER_UNREACHABLE' }
  }

  /** @returns false when the till was stopped meanwhile, also: it shows nothing then, and its journal is closed */
  #isOpen(requestId: string): boolean {
    const { journal, time, isShown } = this.#parts
    return (
      isShown(requestId) &&
      journal.tender(requestId)?.state === 'unknown' &&
      time.now() < journal.requestOf(requestId).expiresAt
    )
  }

  async #takeMessage(
    presenceId: string,
    requestId: string,
  ): Promise<{ readonly kind: 'sun'; readonly sun: Sun } | RequestCardOutcome> {
    const { journal, ledgerKey, proofs, activePackage } = this.#parts
    const active = activePackage()
    if (active === undefined) return refused('PACKAGE_MISSING')
    const channel = channelTo(this.#parts, presenceId)
    if (channel === undefined) return { kind: 'card_left' }
    const terms = journal.requestOf(requestId)
    const read = await readCard(channel, active.package, ledgerKey)
    if (read.kind === 'card_left' || read.kind === 'refused') return read
    if (read.kind !== 'card' || read.profile !== 'ntag424') return refused('CARD_OF_NO_ACCOUNT')
    const taken = await proofs.takeForRequest(channel, { presenceId, ...read }, terms)
    return taken.kind === 'torn' ? { kind: 'card_left' } : taken
  }

  /** The ledger may say already at the session that the request is over; the sync brings what became of it. */
  #told(outcome: RequestCardOutcome, requestId: string): RequestCardOutcome {
    if (outcome.kind !== 'refused' || outcome.code !== 'QR_NOT_OPENED' || !this.#parts.isShown(requestId))
      return outcome
    void this.#parts.engine.syncNow()
    return { kind: 'over' }
  }

  async #send(requestId: string, sun: Sun): Promise<RequestCardOutcome> {
    const { ledger, engine } = this.#parts
    const payment = { requestId, proof: { profile: 'ntag424' as const, sun } }
    const reply = await ledger.call('/v1/terminal/payment-requests/card-payments', payment, onlineDeadlineMs)
    engine.tapAsked(reply)
    if (reply.kind === 'not_sent') return refused('LEDGER_UNREACHABLE')
    if (reply.kind === 'problem')
      return refused(reply.code === 'terminal_suspended' ? 'TERMINAL_SUSPENDED' : 'LEDGER_UNREACHABLE')
    const outcome: RequestCardOutcome = reply.kind === 'answer' ? reply.answer : { kind: 'no_answer' }
    if (outcome.kind !== 'refused') void engine.syncNow()
    return outcome
  }
}

function refused(code: RefusalCode): RequestCardOutcome {
  return { kind: 'refused', code }
}
