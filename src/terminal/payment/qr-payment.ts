/**
 * Asks for the rest of a sale by QR (docs/design/17-qr-payment.md). The row comes first, then the ledger is asked, and
 * only when it has opened the request does anybody see the QR: until then nobody can have paid it.
 */
import type { AnswerOf, LedgerClient } from '../../sync/engine/ledger-client.ts'
import type { Randomness } from '../../sync/engine/ports.ts'
import type { SyncEngine } from '../../sync/engine/sync-engine.ts'
import type { TrustedTime } from '../../sync/engine/trusted-time.ts'
import { isStorageFault } from '../../sync/journal/data-folder.ts'
import type { Journal } from '../../sync/journal/journal.ts'
import { saleHashOf } from '../../sync/protocol/canonical.ts'
import type { PaymentRequestTerms } from '../../sync/protocol/messages.ts'
import { smallestTiyn, tiyn, type Tiyn } from '../../voucher/money.ts'
import type { RefusalCode } from '../../voucher/reasons.ts'
import { saleTotal, type Sale } from '../../voucher/sale.ts'
import { dtByQr } from '../../voucher/tender.ts'
import { onlineDeadlineMs } from './card-relay.ts'
import type { RequestOutcome } from './work.ts'
import type { ActivePackage } from './open-tender.ts'

/** Time to take out a telephone and find the wallet; the cashier can give up sooner. */
const payableMs = 5 * 60_000

export interface QrPaymentParts {
  readonly journal: Journal
  readonly engine: Pick<SyncEngine, 'worthAsking' | 'suspended' | 'rollbackOpen' | 'tapAsked' | 'syncNow'>
  readonly ledger: Pick<LedgerClient, 'call'>
  readonly time: TrustedTime
  readonly randomness: Randomness
  readonly activePackage: () => ActivePackage | undefined
  readonly currentSale: () => { readonly sale: Sale; readonly left: Tiyn; readonly frozen: boolean }
}

export class QrPayment {
  readonly #parts: QrPaymentParts

  constructor(parts: QrPaymentParts) {
    this.#parts = parts
  }

  /**
   * Rejects when the journal cannot take what the ledger has said: the process ends and recovers from the journal.
   *
   * @param rest tiyn: what a card leaves that pays after it; null for all that is left
   */
  async request(rest: string | null): Promise<RequestOutcome> {
    const { journal, engine, ledger } = this.#parts
    const terms = this.#begin(rest)
    if (typeof terms === 'string') return { kind: 'refused', code: terms }
    const { tenderId } = terms
    const reply = await ledger.call('/v1/terminal/payment-requests', { terms }, onlineDeadlineMs)
    engine.tapAsked(reply)
    if (reply.kind === 'answer' && reply.answer.kind === 'open') {
      journal.commit({ kind: 'payment_request_open', tenderId })
      void engine.syncNow()
      return { kind: 'open', intent: { tenderId, amount: terms.amount.toString(), schemeId: dtByQr } }
    }
    if (reply.kind === 'not_sent') return this.#refuse(tenderId, 'LEDGER_UNREACHABLE')
    if (reply.kind === 'problem')
      return this.#refuse(tenderId, reply.code === 'terminal_suspended' ? 'TERMINAL_SUSPENDED' : 'QR_NOT_OPENED')
    // The ledger may have opened it. Nobody has seen the QR, so to disown it takes nothing from anybody.
    journal.commit({ kind: 'reversal_requested', tenderId, reason: 'interrupted' })
    void engine.syncNow()
    return { kind: 'refused', code: reply.kind === 'answer' ? refusalOf(reply.answer) : 'LEDGER_UNREACHABLE' }
  }

  #refuse(tenderId: string, code: RefusalCode): RequestOutcome {
    this.#parts.journal.commit({ kind: 'tender_refused', tenderId, code, item: null })
    return { kind: 'refused', code }
  }

  /** @returns what is asked for, or why nothing is; then there is no row either */
  #begin(rest: string | null): PaymentRequestTerms | RefusalCode {
    const { journal, engine, time, randomness, activePackage, currentSale } = this.#parts
    const active = activePackage()
    if (active === undefined) return 'PACKAGE_MISSING'
    if (engine.suspended) return 'TERMINAL_SUSPENDED'
    if (engine.rollbackOpen) return 'ROLLBACK_DETECTED'
    if (!engine.worthAsking) return 'LEDGER_UNREACHABLE'
    const { sale, left, frozen } = currentSale()
    const terms: PaymentRequestTerms = {
      tenderId: randomness.uuid(),
      payeeAccount: active.package.merchant.accountId,
      amount: rest === null ? left : smallestTiyn(tiyn(BigInt(rest)), left),
      saleHash: saleHashOf(sale),
      expiresAt: time.now() + payableMs,
    }
    const row = { kind: 'payment_requested', terms, saleId: sale.saleId } as const
    try {
      if (frozen) journal.commit(row)
      else journal.commit({ kind: 'sale_frozen', sale, total: saleTotal(sale) }, row)
    } catch (error) {
      if (isStorageFault(error)) return 'JOURNAL_NOT_WRITABLE'
      throw error
    }
    return terms
  }
}

/** Of an id that was new to the till and is not open: the answer itself is signed, and nothing else follows from it. */
function refusalOf(answer: AnswerOf<'/v1/terminal/payment-requests'>): RefusalCode {
  return answer.kind === 'known' ? (answer.item.result.refusal ?? 'QR_NOT_OPENED') : 'QR_NOT_OPENED'
}
