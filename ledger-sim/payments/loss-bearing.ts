/** Who bears a sale that no escrow pays: a discrepancy is filed, and a forged proof or a broken chain ends its till. */
import type { LossCode } from '../../src/sync/protocol/loss-codes.ts'
import type { JournalPosition } from '../../src/sync/protocol/messages.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import type { TenderTerms } from '../../src/voucher/tender.ts'
import type { Work } from '../context.ts'
import { suspendTerminal, type Terminal } from '../terminals/terminals.ts'
import { fileDiscrepancy } from './discrepancies.ts'
import type { TenderOutcome } from './tenders.ts'

/** Where a sale stands in the journal of its till; a receipt has no room for the row's hash. */
export type SalePosition = Pick<JournalPosition, 'epoch' | 'sequence'>

/** How a sale comes to be judged. */
export interface Hearing {
  /** When it first came to the ledger, however often it is judged. */
  readonly presentedAt: number
  readonly notPaid: LossBearing
}

export type LossBearing = (loss: LossCode, refusal: RefusalCode | null, detail: string) => Promise<TenderOutcome>

export interface ClaimedSale {
  readonly terms: Pick<TenderTerms, 'tenderId' | 'amount'>
  /** Null where it is not known. */
  readonly position: SalePosition | null
  /** Absent of a card that counts itself. */
  readonly leaseId?: string | undefined
}

/**
 * Nobody pays; the merchant bears it and can appeal. A forged proof or a broken chain suspends the terminal; a decision
 * that does not replay is a fault of its software, not of its holder.
 */
export function lossBorneBy(work: Work, terminal: Terminal, { terms, position, leaseId }: ClaimedSale): LossBearing {
  return async (loss, refusal, detail) => {
    await fileDiscrepancy(work, {
      terminalId: terminal.terminalId,
      tenderId: terms.tenderId,
      code: loss,
      owner: 'merchant',
      amount: terms.amount,
      ...(leaseId === undefined ? {} : { leaseId }),
      evidence: { refusal, detail, position, leaseId },
    })
    const isForged = loss === 'CHAIN_BROKEN' || (loss === 'PROOF_MISSING_OR_FORGED' && refusal !== 'DECISION_MISMATCH')
    if (isForged) await suspendTerminal(work, terminal.terminalId)
    return { state: 'not_paid', paidBy: null, refusal, loss }
  }
}

/** It stands unpaid already, and its merchant was told why: what would be the reason today is nobody's business. */
export const lossStands: LossBearing = (loss, refusal) =>
  Promise.resolve({ state: 'not_paid', paidBy: null, refusal, loss })
