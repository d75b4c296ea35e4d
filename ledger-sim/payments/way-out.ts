/** What can be done about a discrepancy. */
import { lossCodes } from '../../src/sync/protocol/loss-codes.ts'
import type { Discrepancy } from '../../src/sync/protocol/messages.ts'

/**
 * - `appeal_to_agency`: a sale that was given and stands unpaid for a reason of the table.
 * - `look_into_till`: no money is asked for; its journal or its program is not as it was.
 * - `none`: decided, or the agency bears it.
 */
export type WayOut = Discrepancy['wayOut']

interface Filed {
  readonly code: string
  readonly owner: string
  readonly amount: bigint
  readonly agency_id: string | null
  readonly appeal: 'open' | 'closed'
}

function isLoss(code: string): boolean {
  return (lossCodes as readonly string[]).includes(code)
}

export function wayOutOf({ code, owner, amount, agency_id: agencyId, appeal }: Filed): WayOut {
  if (owner !== 'merchant') return 'none'
  if (!isLoss(code) || amount === 0n || agencyId === null) return 'look_into_till'
  return appeal === 'closed' ? 'none' : 'appeal_to_agency'
}
