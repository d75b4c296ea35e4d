/** What a till has shown of a sale of a card that counts itself. */
import { termsHashOf } from '../../src/sync/protocol/canonical.ts'
import { presentmentSchema, type Presentment } from '../../src/sync/protocol/messages.ts'
import { toHex } from '../../src/voucher/cards/bytes.ts'
import { recordHash, recordLayout } from '../../src/voucher/cards/tolem-applet/record.ts'
import type { AppletProof } from '../../src/voucher/tender.ts'
import type { Work } from '../context.ts'
import { fromBase64url } from './certificates.ts'

export type CardPresentment = Presentment & { readonly evidence: { readonly cardProof: AppletProof } }

export function isOfApplet(item: Presentment): item is CardPresentment {
  return item.evidence.cardProof.profile === 'tolem-applet'
}

/**
 * The presentment that first showed this debit, with the tender's own terms: whether it came in time is said by that.
 * What else was shown under the id, with other terms, of another debit or another kind of card, is evidence, no claim.
 *
 * @param debit the hash under which the debit is filed, as in `card_record`
 */
export async function firstShownOf(
  { connection }: Work,
  tenderId: string,
  debit: string,
): Promise<{ readonly item: CardPresentment; readonly at: number } | undefined> {
  const rows = await connection
    .selectFrom('evidence')
    .innerJoin('tender', 'tender.tender_id', 'evidence.tender_id')
    .select(['evidence.content', 'evidence.at', 'tender.terms_hash'])
    .where('evidence.tender_id', '=', tenderId)
    .where('evidence.kind', '=', 'presentment')
    .orderBy('evidence.at')
    .orderBy('evidence.content_hash')
    .execute()
  for (const { content, at, terms_hash: termsHash } of rows) {
    const item = presentmentSchema.parse(JSON.parse(content))
    if (isOfApplet(item) && termsHashOf(item.terms) === termsHash && debitOf(item) === debit)
      return { item, at: Number(at) }
  }
  return undefined
}

/** What was shown with the tender's own terms and the card's signature, in the order in which it came. */
export async function signedShownOf({ connection }: Work, tenderId: string): Promise<readonly CardPresentment[]> {
  const rows = await connection
    .selectFrom('evidence')
    .innerJoin('tender', 'tender.tender_id', 'evidence.tender_id')
    .select(['evidence.content', 'tender.terms_hash'])
    .where('evidence.tender_id', '=', tenderId)
    .where('evidence.kind', '=', 'presentment')
    .orderBy('evidence.at')
    .orderBy('evidence.content_hash')
    .execute()
  return rows.flatMap(({ content, terms_hash: termsHash }) => {
    const item = presentmentSchema.parse(JSON.parse(content))
    return isOfApplet(item) && isSigned(item) && termsHashOf(item.terms) === termsHash ? [item] : []
  })
}

/** The card itself has paid; else it is the advice of a torn payment, of which a later record of the card decides. */
export function isSigned({ evidence }: CardPresentment): boolean {
  return fromBase64url(evidence.cardProof.record).length > recordLayout.length
}

function debitOf({ evidence }: CardPresentment): string {
  return toHex(recordHash(fromBase64url(evidence.cardProof.record).slice(0, recordLayout.length))).toLowerCase()
}
