/** Lists that grow are read in pages: `after` is the cursor of the last one that was read. */
import { z } from 'zod'
import { cursorIn, pageSizeIn } from '../http/query-numbers.ts'
import type { Page } from './received.ts'

export const cursorSchema = z.string().regex(/^\d{1,15}$/)
export const pageLimitSchema = pageSizeIn(500, 100)
export const pageRequest = {
  after: cursorIn.optional().describe('The `cursor` of the last one that you have read.'),
  limit: pageLimitSchema,
}

export function pageOf({ after, limit }: { readonly after?: number | undefined; readonly limit: number }): Page {
  return { after: BigInt(after ?? 0), limit }
}
