/** What a core is started with, as one JSON argument: `--core JSON`. */
import { z } from 'zod'

export const coreSettingsSchema = z.strictObject({
  /** The terminal's data folder: journal, keys. */
  data: z.string().min(1),
  /** The anchor's file, outside the data folder (money-rules.md, "Journal"). */
  anchor: z.string().min(1),
  /** Where the ledger is, `http://127.0.0.1:…`; by way of a proxy where one stands between. */
  ledgerUrl: z.url(),
  /** One-time enrolment code, needed only while the data folder holds no enrolment. */
  enrolmentCode: z.string().optional(),
  /** Injected clock, for demonstrations only: refused on data that no demonstration made. */
  clockUrl: z.url().optional(),
  printerProfile: z.string().default('epson-tm-t20iii'),
  syncIntervalMs: z.int().min(100).max(600_000).default(5_000),
})
export type CoreSettings = z.infer<typeof coreSettingsSchema>
