/** How one tender stands, in the words of ui.md: "paid" only after the journal says so. */
import { z } from 'zod'

export const tenderStateSchema = z.enum([
  'in_progress',
  'settled', // the ledger has paid
  'held', // the customer's wallet has set it aside; captured when the sale is closed
  'pending', // accepted offline, not yet at the ledger
  'awaiting_funds', // presented; the ledger will pay when the agency has funds
  'not_paid', // presented, and nobody but the merchant bears it: has a loss code
  'refused',
  'unknown', // do not charge again
  'torn',
  'maybe_debited', // torn, and the card itself may have paid
  'advised', // that card did not come back; the ledger will find out
  'reversing', // cancelled here; the reversal is on its way to the ledger
  'reversed',
  'voided', // ended before anything was sent
])
export type TenderState = z.infer<typeof tenderStateSchema>
