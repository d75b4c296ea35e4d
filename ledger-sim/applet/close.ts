/**
 * A period and the time for late sales of it are over: what a card still held of it is lost to the card, and its money
 * goes back to the scheme's account (docs/design/25, "Expiry"; docs/design/21).
 */
import type { Work } from '../context.ts'
import { settleWaiting } from '../payments/awaiting-funds.ts'
import { tenderResult } from '../payments/results.ts'
import { findTender, settleTender } from '../payments/tenders.ts'
import { lossBorneBy } from '../payments/loss-bearing.ts'
import { statement } from '../store/statement.ts'
import { appendEvent } from '../terminals/events.ts'
import { findTerminal } from '../terminals/terminals.ts'
import { firstShownOf } from './advice.ts'
import { findHolding, moveFunds, type Holding } from './holdings.ts'

const dueAt = statement((connection, { now, most }: { now: bigint; most: number }) =>
  connection
    .selectFrom('card_slot')
    .select(['card', 'slot_id'])
    .where('state', '=', 'open')
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('card')
    .orderBy('slot_id')
    .limit(most),
)

/** A school's cards are all due at once, and whoever asks first need not wait for all of them. */
const atOnce = 40

/** Closes what is due, some at a time. Cheap when there is nothing to do. @returns how many were closed */
export async function closeDueHoldings(work: Work): Promise<number> {
  const due = await dueAt(work.connection, { now: BigInt(work.now), most: atOnce })
  const schemes = new Set<string>()
  for (const { card, slot_id: slotId } of due) {
    const holding = await findHolding(work, card, slotId)
    if (holding === undefined) continue
    await closeHolding(work, holding)
    schemes.add(holding.schemeId)
  }
  for (const schemeId of schemes) await settleWaiting(work, schemeId)
  return due.length
}

/** What lies there goes back; a sale that comes after this is a late one. */
export async function closeHolding(work: Work, holding: Holding): Promise<void> {
  const { card, slotId, funds } = holding
  if (funds > 0n) await moveFunds(work, holding, funds, 'card-return')
  await work.connection
    .updateTable('card_slot')
    .set({ state: 'closed' })
    .where('card', '=', card)
    .where('slot_id', '=', slotId)
    .execute()
  await endWaiting(work, card, slotId)
}

/** Torn payments of which no record came. One that comes after this is judged as a late one. */
async function endWaiting(work: Work, card: string, slotId: string): Promise<void> {
  const rows = await work.connection
    .selectFrom('card_record')
    .innerJoin('tender', 'tender.tender_id', 'card_record.tender_id')
    .select(['card_record.tender_id', 'card_record.hash'])
    .where('card_record.card', '=', card)
    .where('card_record.slot_id', '=', slotId)
    .where('card_record.standing', '=', 'waits')
    .where('tender.state', '=', 'awaiting_proof')
    .orderBy('card_record.tender_id')
    .execute()
  for (const { tender_id: tenderId, hash } of rows) {
    const tender = await findTender(work, tenderId)
    const terminal = tender === undefined ? undefined : await findTerminal(work, tender.terminalId)
    if (tender === undefined || tender.terms === null || terminal === undefined)
      throw new Error(`torn tender ${tenderId} vanished`)
    // Of one tender two debits may wait: then it is not paid for the first.
    if (tender.state !== 'awaiting_proof') continue
    // What a till has shown must never keep a slot from being closed: nobody else's would be either.
    const position = (await firstShownOf(work, tenderId, hash))?.item.position ?? null
    const notPaid = lossBorneBy(work, terminal, { terms: tender.terms, position })
    const outcome = await notPaid('PROOF_NEVER_CAME', null, 'no record of the card has proved it')
    await settleTender(work, tenderId, outcome)
    const item = await tenderResult(work, { ...tender, ...outcome, at: work.now }, 'exists', tenderId)
    await appendEvent(work, terminal.terminalId, { kind: 'item', item })
  }
}
