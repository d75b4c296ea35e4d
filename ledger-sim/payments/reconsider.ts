/** A slot has room again: who was refused for want of it is judged again. */
import { z } from 'zod'
import { termsHashOf } from '../../src/sync/protocol/canonical.ts'
import { presentmentSchema, type Presentment } from '../../src/sync/protocol/messages.ts'
import { readReceiptPresentment, type ReceiptPresentment } from '../../src/sync/protocol/receipt-presentment.ts'
import { isOfApplet } from '../applet/advice.ts'
import type { Work } from '../context.ts'
import { appendEvent } from '../terminals/events.ts'
import { findTerminal } from '../terminals/terminals.ts'
import { closeAppealsOf, isPaidBeside } from './appeals.ts'
import { judgePresentment } from './presentment.ts'
import { judgeReceipt } from './receipt-claims.ts'
import { tenderResult } from './results.ts'
import { findTender, settleTender } from './tenders.ts'
import { lossStands } from './loss-bearing.ts'

const receiptEvidenceSchema = z.strictObject({ text: z.string() })

/**
 * Judges again who was refused for want of the slots that this unit of work has made free, by whatever: a reversal, a
 * refund, a review, a merchant's debt that was netted, an agency's money that came. Asked for (`Work.judgeFreed`) where
 * each of these is done, before anything else can use the slot; after each item of several; and at the end of each
 * unit of work.
 */
export async function judgeFreed(work: Work): Promise<void> {
  // Paying one may net a debt, and free another.
  for (const slotId of work.freed) {
    work.freed.delete(slotId)
    await reconsider(work, slotId)
  }
}

/**
 * A use of the slot was given back: a sale that had found it used is judged again, as if it had come after; whether it
 * came in time is said by its first arrival. So is one of a period before, the rest of which was carried to this slot:
 * what it needed was used here (docs/design/21-unused-allowances.md). So the order in which a till's sales and
 * reversals arrive does not decide who is paid (money-rules.md, "Identity": a batch has no identity). What stays unpaid
 * keeps its reason, and nothing more is filed.
 */
async function reconsider(work: Work, slotId: string): Promise<void> {
  const refused = await work.connection
    .selectFrom('tender')
    .select(['tender_id', 'terminal_id'])
    .where((row) => row.or([row('slot_id', '=', slotId), row('slot_id', 'in', carriedTo(work, slotId))]))
    .where('state', '=', 'not_paid')
    .where('loss', '=', 'SLOT_ALREADY_USED')
    .orderBy('tender_id')
    .execute()
  for (const row of refused) {
    if (await isPaidBeside(work, row.tender_id)) continue
    const terminal = await findTerminal(work, row.terminal_id)
    const tender = await findTender(work, row.tender_id)
    const shown = await shownFor(work, row.tender_id)
    if (terminal === undefined || tender === undefined || shown === undefined) continue
    // What is above that which a card was given stays above it, whatever is free.
    if (shown.kind === 'presentment' && isOfApplet(shown.item)) continue
    const hearing = { presentedAt: shown.at, notPaid: lossStands }
    const outcome =
      shown.kind === 'presentment'
        ? await judgePresentment(work, terminal, shown.item, 0, hearing)
        : await judgeReceipt(work, terminal, shown.receipt, hearing)
    if (outcome.state === 'not_paid') continue
    await settleTender(work, row.tender_id, outcome)
    await closeAppealsOf(work, row.tender_id)
    const result = await tenderResult(work, { ...tender, ...outcome, at: work.now }, 'exists', row.tender_id)
    await appendEvent(work, row.terminal_id, { kind: 'item', item: result })
  }
}

/** The slots whose rest passed on to this one; of a bridge, to the slot against which it lends. */
function carriedTo({ connection }: Work, slotId: string) {
  return connection
    .selectFrom('carried')
    .innerJoin('slot', (join) =>
      join.on((on) =>
        on.or([
          on('slot.slot_id', '=', on.ref('carried.to_slot')),
          on('slot.bridge_of', '=', on.ref('carried.to_slot')),
        ]),
      ),
    )
    .select('carried.from_slot')
    .where('slot.slot_id', '=', slotId)
}

type Shown =
  | { readonly kind: 'presentment'; readonly item: Presentment; readonly at: number }
  | { readonly kind: 'receipt'; readonly receipt: ReceiptPresentment; readonly at: number }

/** The first with the tender's own terms: what was shown under its id with other terms is evidence, no claim. */
async function shownFor({ connection }: Work, tenderId: string): Promise<Shown | undefined> {
  const rows = await connection
    .selectFrom('evidence')
    .innerJoin('tender', 'tender.tender_id', 'evidence.tender_id')
    .select(['evidence.kind', 'evidence.content', 'evidence.at', 'tender.terms_hash'])
    .where('evidence.tender_id', '=', tenderId)
    .where('evidence.kind', 'in', ['presentment', 'receipt'])
    .orderBy('evidence.at')
    .execute()
  return rows
    .map((row) => ({ shown: row.kind === 'receipt' ? receiptOf(row) : itemOf(row), row }))
    .find(
      ({ shown, row }) =>
        termsHashOf(shown.kind === 'receipt' ? shown.receipt.terms : shown.item.terms) === row.terms_hash,
    )?.shown
}

interface Kept {
  readonly content: string
  readonly at: bigint
}

function itemOf({ content, at }: Kept): Shown {
  return { kind: 'presentment', item: presentmentSchema.parse(JSON.parse(content)), at: Number(at) }
}

function receiptOf({ content, at }: Kept): Shown {
  const read = readReceiptPresentment(receiptEvidenceSchema.parse(JSON.parse(content)).text)
  if (read.kind === 'fault') throw new Error(`a receipt was kept that cannot be read: ${read.code}`)
  return { kind: 'receipt', receipt: read.presentment, at: Number(at) }
}
