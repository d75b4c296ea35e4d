/** What a core is started with, as one JSON argument: `--core JSON`. No secret: others read command lines. */
import { isAbsolute, relative, sep } from 'node:path'
import { z } from 'zod'
import { readerBeeps } from './reader-signals.ts'

/** A relative one would be another folder, and so another journal, wherever the till is started from. */
const absolutePath = z.string().refine(isAbsolute, 'an absolute path is wanted')

const dayMs = 86_400_000

const settingsSchema = z.strictObject({
  /** The terminal's data folder: journal, keys. */
  data: absolutePath,
  /** The anchor's file, outside the data folder (money-rules.md, "Journal"). */
  anchor: absolutePath,
  /** Where the ledger is, `http://127.0.0.1:…`; by way of a proxy where one stands between. */
  ledgerUrl: z.url(),
  /** Injected clock, for demonstrations only: refused on data that no demonstration made. */
  clockUrl: z.url().optional(),
  /** What keeps the terminal's keys: `auto`, `none`, or how tpm2-tools reach the TPM (tpm.ts). */
  tpm: z.string().min(1).default('auto'),
  /** When an ACR122U beeps (reader-signals.ts). */
  readerBeeps: z.enum(readerBeeps).default('result'),
  printerProfile: z.string().default('epson-tm-t20iii'),
  /** How old the terminal's keys become before it makes new ones (docs/design/14-trust.md). */
  keyRotationAfterMs: z
    .int()
    .min(60_000)
    .max(400 * dayMs)
    .default(90 * dayMs),
  /**
   * So long at least the ledger is waited for, also while a card lies there (architecture.md: 1.5 s). For tests on a
   * busy machine that are not about lateness.
   */
  answerWithinMs: z.int().min(0).max(60_000).optional(),
  syncIntervalMs: z.int().min(100).max(600_000).default(5_000),
})

export const settingsShape = settingsSchema.shape

/** An anchor within the data would come back with an older copy of them, and prove that nothing is missing. */
export const coreSettingsSchema = settingsSchema.refine(({ data, anchor }) => isOutside(anchor, data), {
  path: ['anchor'],
  message: 'the anchor must lie outside of the data folder',
})

function isOutside(file: string, folder: string): boolean {
  const way = relative(folder, file)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}
export type CoreSettings = z.infer<typeof coreSettingsSchema>
