/** What a till has shown of a sale of a card that counts itself. */
import { presentmentSchema, type Presentment } from '../../src/sync/protocol/messages.ts'
import type { AppletProof } from '../../src/voucher/tender.ts'
import type { Work } from '../context.ts'

export type CardPresentment = Presentment & { readonly evidence: { readonly cardProof: AppletProof } }

export function isOfApplet(item: Presentment): item is CardPresentment {
  return item.evidence.cardProof.profile === 'tolem-applet'
}

/** As it came first: whether it came in time is said by that. */
export async function firstShownOf(
  { connection }: Work,
  tenderId: string,
): Promise<{ readonly item: CardPresentment; readonly at: number } | undefined> {
  const row = await connection
    .selectFrom('evidence')
    .select(['content', 'at'])
    .where('tender_id', '=', tenderId)
    .where('kind', '=', 'presentment')
    .orderBy('at')
    .limit(1)
    .executeTakeFirst()
  const item = row === undefined ? undefined : presentmentSchema.parse(JSON.parse(row.content))
  return row !== undefined && item !== undefined && isOfApplet(item) ? { item, at: Number(row.at) } : undefined
}
