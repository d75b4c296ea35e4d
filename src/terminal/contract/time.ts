/** What the screen shows of a time that is not trusted, and what a manager says about it. */
import { z } from 'zod'
import { instantSchema } from '../../voucher/identifiers.ts'
import { pinSchema } from './shift.ts'

export const timeCommands = [
  /** Shows the machine's clock as it is now. */
  z.strictObject({ command: z.literal('show_time') }),
  /** Cashier 1 says that the machine's clock is right. `shown`: the instant that they saw when they said so. */
  z.strictObject({ command: z.literal('confirm_time'), pin: pinSchema, shown: instantSchema }),
] as const

export const timeToConfirmSchema = z.strictObject({
  /** The machine's clock. */
  wall: instantSchema,
  /** The till's newest entry; null in an empty journal. */
  journalAt: instantSchema.nullable(),
  /** The ledger's last word; null when it never spoke. */
  ledgerAt: instantSchema.nullable(),
  /** The till's time would go back with it: taken once between two words of the ledger. */
  goesBack: z.boolean(),
  /** Why this clock cannot be confirmed, whoever says so. */
  obstacle: z.enum(['clock_behind_ledger', 'clock_back_again']).nullable(),
})
export type TimeToConfirm = z.infer<typeof timeToConfirmSchema>
