/** Lists that grow are read in pages: `after` is the cursor of the last one that was read. */
import { z } from 'zod'
import type { Page } from './received.ts'

const limitWhenNotSaid = 100

export const cursorSchema = z.string().regex(/^\d{1,15}$/)
/** At most 500. */
export const pageLimitSchema = z.string().regex(/^([1-9]\d?|[1-4]\d\d|500)$/)
export const pageRequest = { after: cursorSchema.optional(), limit: pageLimitSchema.optional() }

export function pageOf({
  after,
  limit,
}: {
  readonly after?: string | undefined
  readonly limit?: string | undefined
}): Page {
  return { after: BigInt(after ?? 0), limit: pageLimitOf(limit) }
}

export function pageLimitOf(limit: string | undefined): number {
  return limit === undefined ? limitWhenNotSaid : Number(limit)
}
