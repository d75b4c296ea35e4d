import { z } from 'zod'
import { tiynSchema } from './money.ts'

/** The five caps (architecture.md, "Five caps, always"). The last two bound what is sold without the ledger. */
export const capsSchema = z.strictObject({
  perSale: tiynSchema.describe('Of one sale.'),
  perBeneficiaryAndPeriod: tiynSchema.describe('To one beneficiary in one period.'),
  countPerBeneficiary: z.int().min(1).describe('How often one beneficiary is paid for in one period.'),
  terminalExposure: tiynSchema.describe('What one till may sell before the ledger has seen it.'),
  ageSinceSyncMs: z
    .int()
    .min(0)
    .max(72 * 3_600_000)
    .describe('How long after its last word with the ledger a till still sells, ms: 72 hours at most.'),
})
export type Caps = z.infer<typeof capsSchema>
