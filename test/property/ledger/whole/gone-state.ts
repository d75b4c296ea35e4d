/** What the model keeps of tills that are gone (docs/design/04, "Tills that are gone"). */
import type { Sold } from './state.ts'

export const revocationReasons = ['lost', 'stolen', 'destroyed', 'retired'] as const
export type RevocationReason = (typeof revocationReasons)[number]

/** What is printed: the fixture's word of it, for the model reads no codes. */
export interface Receipt {
  readonly till: string
  readonly sold: Sold
  /** Null where the ledger had authorised it. */
  readonly leaseId: string | null
}
export interface Review {
  readonly agency: string
  /** Where the money was set aside; null where there was none. */
  readonly heldIn: string | null
  readonly paidBy: 'escrow' | 'agency'
  state: 'open' | 'paid' | 'refused'
}
export interface Gone {
  readonly revoked: Map<string, RevocationReason>
  /** The latest row of each till's journal that it showed while it was heard. */
  readonly heads: Map<string, number>
  /** When a till was last accused of showing another journal. */
  readonly accusedAt: Map<string, number>
  /** Cards whose keys may be in other hands. */
  readonly exposed: Set<string>
  /** By their text. */
  readonly receipts: Map<string, Receipt>
  /** By tender. */
  readonly reviews: Map<string, Review>
}

export const nothingGone = (): Gone => {
  const [revoked, heads, accusedAt, receipts, reviews] = [new Map(), new Map(), new Map(), new Map(), new Map()]
  return { revoked, heads, accusedAt, exposed: new Set(), receipts, reviews }
}

type Knowing = { readonly gone: Gone }

export const isGone = ({ gone }: Knowing, till: string): boolean => gone.revoked.has(till)

export const isInOtherHands = (reason: RevocationReason | undefined): boolean =>
  reason === 'lost' || reason === 'stolen'

/** A till that is not heard any more shows nothing. */
export function showsRow({ gone }: Knowing, till: string, sequence: number): void {
  if (!gone.revoked.has(till)) gone.heads.set(till, Math.max(sequence, gone.heads.get(till) ?? 0))
}

/** It stands after the last row that a till in other hands had shown. */
export const waitsForReview = ({ gone }: Knowing, till: string, sequence: number): boolean =>
  isInOtherHands(gone.revoked.get(till)) && sequence > (gone.heads.get(till) ?? 0)
