/** What a till has shown of a sale of a card that counts itself. */
import { termsHashOf } from '../../src/sync/protocol/canonical.ts'
import { presentmentSchema, type Presentment } from '../../src/sync/protocol/messages.ts'
import type { AppletProof } from '../../src/voucher/tender.ts'
import type { Work } from '../context.ts'

export type CardPresentment = Presentment & { readonly evidence: { readonly cardProof: AppletProof } }

export function isOfApplet(item: Presentment): item is CardPresentment {
  return item.evidence.cardProof.profile === 'tolem-applet'
}

/** As it came first with the tender's own terms: whether it came in time is said by that. */
export async function firstShownOf(
  { connection }: Work,
  tenderId: string,
): Promise<{ readonly item: CardPresentment; readonly at: number } | undefined> {
  const rows = await connection
    .selectFrom('evidence')
    .innerJoin('tender', 'tender.tender_id', 'evidence.tender_id')
    .select(['evidence.content', 'evidence.at', 'tender.terms_hash'])
    .where('evidence.tender_id', '=', tenderId)
    .where('evidence.kind', '=', 'presentment')
    .orderBy('evidence.at')
    .execute()
  for (const { content, at, terms_hash: termsHash } of rows) {
    const item = presentmentSchema.parse(JSON.parse(content))
    if (isOfApplet(item) && termsHashOf(item.terms) === termsHash) return { item, at: Number(at) }
  }
  return undefined
}
