/** What became of every sale that the paper proves (money-rules.md, "Who pays for a presented sale"). */
import { lossCodes, type LedgerTender } from './ledger-tenders.ts'
import type { CardDebit } from './card-debits.ts'
import type { ProvedTender } from './paper-proofs.ts'
import type { PaperSlip } from './paper.ts'

export interface LostTender {
  readonly tenderId: string
  readonly saleHash: string
  /** Decimal string of tiyn. */
  readonly amount: string
  readonly slips: readonly number[]
  /**
   * - `not_at_ledger`: the ledger never heard of it.
   * - `other_terms`: the ledger has other terms under its id.
   * - `paid_less`: settled, and the payee did not get exactly its amount.
   * - `refused`, `left_undecided`: goods were given, and the ledger says no or nothing.
   * - `not_paid_without_reason`: nobody pays, and it is none of the reasons that there are.
   * - `reversed_without_record`: nobody asked for the reversal.
   */
  readonly reason:
    | 'not_at_ledger'
    | 'other_terms'
    | 'paid_less'
    | 'refused'
    | 'left_undecided'
    | 'not_paid_without_reason'
    | 'reversed_without_record'
}

export interface PaperOutcomes {
  readonly lost: readonly LostTender[]
  /** Nobody pays, for one of the closed list's reasons: tenders by loss code. */
  readonly notPaid: Readonly<Record<string, number>>
  readonly awaitingFunds: number
  readonly settled: number
  readonly reversed: number
  /** Cancelled on paper, and the ledger has not heard of the sale or has refused it: nothing moved. */
  readonly voidedOnly: number
  /** Ids of those that the ledger reversed while no void slip says so. */
  readonly reversedWithoutVoidSlip: readonly string[]
  /** Ids of those that a void slip cancels while the ledger still pays them. */
  readonly paidThoughVoided: readonly string[]
}

/** A card that counts itself has debited it, and that is what its holder has paid, whatever a till says. */
export interface LostDebit {
  readonly tenderId: string
  readonly card: string
  readonly atc: number
  /** Decimal string of tiyn. */
  readonly amount: string
  readonly reason: LostTender['reason'] | 'other_amount'
}

/**
 * Debits of which the ledger does not know, or not the same, or which it neither pays nor gives back.
 *
 * @param twice tenders that were debited more than once, which is told apart
 */
export function lostDebits(
  debits: readonly CardDebit[],
  tenders: ReadonlyMap<string, LedgerTender>,
  twice: ReadonlySet<string>,
): readonly LostDebit[] {
  return debits.flatMap(({ tenderId, card, atc, amount, termsHash }): LostDebit[] => {
    if (twice.has(tenderId)) return []
    const lost = (reason: LostDebit['reason']): LostDebit[] => [{ tenderId, card, atc, amount: String(amount), reason }]
    const tender = tenders.get(tenderId)
    if (tender !== undefined && tender.row.amount !== amount) return lost('other_amount')
    // The card did not come back to its till, which has said so: it counts as spent until a later record proves it.
    if (tender?.row.state === 'awaiting_proof' && tender.termsHash === termsHash.toLowerCase()) return []
    const outcome = outcomeOf(tender, termsHash.toLowerCase(), false)
    const isHeard = ['settled', 'awaitingFunds', 'reversed', 'notPaid'].includes(outcome)
    return isHeard ? [] : lost(outcome as LostTender['reason'])
  })
}

export function outcomesOf(
  proved: Iterable<ProvedTender>,
  tenders: ReadonlyMap<string, LedgerTender>,
  slips: readonly PaperSlip[],
): PaperOutcomes {
  const voids = new Set(slips.flatMap((slip) => slip.voids))
  const lost: LostTender[] = []
  const notPaid: Record<string, number> = {}
  const reversedWithoutVoidSlip: string[] = []
  const paidThoughVoided: string[] = []
  const counts = { awaitingFunds: 0, settled: 0, reversed: 0, voidedOnly: 0 }
  for (const { code, slips } of proved) {
    const { tenderId, saleHash, amount } = code.terms
    const tender = tenders.get(tenderId)
    const isVoided = voids.has(tenderId.slice(-8))
    const outcome = outcomeOf(tender, code.termsHash, isVoided)
    switch (outcome) {
      case 'settled':
      case 'awaitingFunds':
        counts[outcome] += 1
        if (isVoided) paidThoughVoided.push(tenderId)
        break
      case 'reversed':
        counts.reversed += 1
        if (!isVoided) reversedWithoutVoidSlip.push(tenderId)
        break
      case 'voidedOnly':
        counts.voidedOnly += 1
        break
      case 'notPaid': {
        const loss = tender?.row.loss ?? ''
        notPaid[loss] = (notPaid[loss] ?? 0) + 1
        break
      }
      default:
        lost.push({ tenderId, saleHash, amount, slips, reason: outcome })
    }
  }
  return { lost, notPaid, ...counts, reversedWithoutVoidSlip, paidThoughVoided }
}

type Outcome = LostTender['reason'] | 'settled' | 'awaitingFunds' | 'reversed' | 'voidedOnly' | 'notPaid'

function outcomeOf(tender: LedgerTender | undefined, hash: string, isVoided: boolean): Outcome {
  if (tender === undefined) return isVoided ? 'voidedOnly' : 'not_at_ledger'
  const { row, paid, returned } = tender
  if (row.state === 'reversed') return tender.hasReversal ? 'reversed' : 'reversed_without_record'
  if (tender.termsHash !== hash) return 'other_terms'
  switch (row.state) {
    case 'settled':
      // Paid more than once is no loss: it is a duplicate.
      return paid - returned >= row.amount ? 'settled' : 'paid_less'
    case 'awaiting_funds':
      return 'awaitingFunds'
    case 'not_paid':
      return lossCodes.includes(row.loss ?? '') ? 'notPaid' : 'not_paid_without_reason'
    case 'refused':
      return isVoided ? 'voidedOnly' : 'refused'
    case 'deciding':
    case 'requested':
    case 'held':
    // A torn payment has no receipt.
    case 'awaiting_proof':
      return 'left_undecided'
  }
}
