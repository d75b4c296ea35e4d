import { z } from 'zod'
import { tiynSchema } from './money.ts'

/** The five caps (architecture.md, "Five caps, always"). The last two bound what is sold without the ledger. */
export const capsSchema = z.strictObject({
  perSale: tiynSchema,
  perBeneficiaryAndPeriod: tiynSchema,
  countPerBeneficiary: z.int().min(1),
  terminalExposure: tiynSchema,
  ageSinceSyncMs: z
    .int()
    .min(0)
    .max(72 * 3_600_000),
})
export type Caps = z.infer<typeof capsSchema>
