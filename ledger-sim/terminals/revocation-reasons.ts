/** Why a till was ended, and what that says of what it sold (money-rules.md, "Who pays"; architecture.md, "Trust"). */
import type { Terminal } from './terminals.ts'

/**
 * - `lost`, `stolen`: somebody else may have it. Every card whose key it ever held is exposed, and what it sold after
 *   its last countersigned head is looked at by the agency before it is paid.
 * - `destroyed`: nobody has it.
 * - `retired`: it was emptied and handed in.
 */
export const revocationReasons = ['lost', 'stolen', 'destroyed', 'retired'] as const
export type RevocationReason = (typeof revocationReasons)[number]

/** Whether somebody else may have the till, and with it the keys that were on it. */
export function isInOtherHands(reason: RevocationReason | null): boolean {
  return reason === 'lost' || reason === 'stolen'
}

/** Whether the agency looks at a sale first: it stands after the last head that a till in other hands had shown. */
export function waitsForReview(
  { revokedFor, head }: Terminal,
  { epoch, sequence }: { readonly epoch: number; readonly sequence: number },
): boolean {
  const isBelowHead = epoch < head.epoch || (epoch === head.epoch && sequence <= head.sequence)
  return isInOtherHands(revokedFor) && !isBelowHead
}
