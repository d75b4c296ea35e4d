/**
 * What a booked leg is to the owners of its two accounts. Judged by the accounts, not by a list of transfer kinds, so
 * that money which moves for a new reason is told of as well; only what stays within one owner (escrow, review) is not.
 */
import type { AccountKind } from '../accounts/accounts.ts'
import type { Leg } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { tell } from './outbox.ts'
import { streamOfAccount, streamOfOwner } from './streams.ts'

/** As much of an account as its news needs. */
export interface Side {
  readonly currency: string
  readonly kind: string
  readonly owner: string
}

export interface BookedLeg extends Leg {
  readonly transferId: string
}

/** @param reference what the money moves for */
export function tellOfLeg(
  work: Pick<Work, 'told'>,
  leg: BookedLeg,
  debit: Side,
  credit: Side,
  reference: string,
): void {
  const moved = { entryId: leg.transferId, reference, amount: leg.amount }
  const movement = leg.kind
  if (debit.currency === 'KZT') return tellOfNonCash(work, leg, debit, credit, moved)
  if (leg.kind === 'scheme-funding') {
    const schemeId = leg.credit.slice('scheme.'.length)
    tell(work, [streamOfAccount(debit)], { kind: 'scheme_funded', schemeId, ...moved, accountId: leg.debit })
    return
  }
  if (debit.owner === credit.owner) return
  // A share of a rule is a payment, also where a bank gives it.
  const direction = leg.kind.startsWith('rule-') ? undefined : conversionBetween(debit.kind, credit.kind)
  if (direction !== undefined) {
    const converted = { kind: 'conversion_done', direction, movement, ...moved } as const
    tell(work, [streamOfAccount(debit)], { ...converted, accountId: leg.debit })
    tell(work, [streamOfAccount(credit)], { ...converted, accountId: leg.credit })
    return
  }
  tell(work, [streamOfAccount(debit)], { kind: 'payment_sent', movement, ...moved, accountId: leg.debit })
  tell(work, [streamOfAccount(credit)], { kind: 'payment_received', movement, ...moved, accountId: leg.credit })
}

/** Tiers of the platform: Digital Tenge comes down from the central bank by the banks, and goes back up. */
function tierOf(kind: string): number {
  if (kind === ('central-bank-issue' satisfies AccountKind)) return 2
  return kind === ('bank' satisfies AccountKind) ? 1 : 0
}

function conversionBetween(debit: string, credit: string): 'into_dt' | 'out_of_dt' | undefined {
  const [from, to] = [tierOf(debit), tierOf(credit)]
  if (from === to) return undefined
  return from > to ? 'into_dt' : 'out_of_dt'
}

/** Only what crosses the platform's border: every other non-cash leg is the other half of a conversion. */
function tellOfNonCash(
  work: Pick<Work, 'told'>,
  leg: BookedLeg,
  debit: Side,
  credit: Side,
  moved: { readonly entryId: string; readonly reference: string; readonly amount: Leg['amount'] },
): void {
  const outside: AccountKind = leg.kind === 'cash-supply' ? 'cash-outside' : 'non-cash-outside'
  if ((debit.kind === outside) === (credit.kind === outside)) return
  const isReceived = debit.kind === outside
  const [own, accountId] = isReceived ? [credit, leg.credit] : [debit, leg.debit]
  // A client's account is at a bank, whose name is the first part of the account's id.
  const bank = own.kind === ('bank-client' satisfies AccountKind) ? accountId.split('.client.')[0] : undefined
  const streams = [streamOfAccount(own), ...(bank === undefined ? [] : [streamOfOwner(bank)])]
  tell(work, streams, { kind: 'settlement', direction: isReceived ? 'received' : 'sent', ...moved, accountId })
}
