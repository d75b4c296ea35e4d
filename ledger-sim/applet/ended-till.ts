/**
 * What a till was paid for torn payments that it had given up, and that it can disown no more (docs/design/25, "Advice
 * of a torn payment"; money-rules.md, "One payment").
 *
 * A record of the card that proves such a payment pays the merchant while the till is in service: it may have the card
 * back and the sale paid by it, and else disowns it as soon as it hears of it. Of a till that was ended neither comes.
 */
import type { Work } from '../context.ts'
import { disown } from '../payments/reversal.ts'
import { findTender } from '../payments/tenders.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { recordLayout } from '../../src/voucher/cards/tolem-applet/record.ts'
import { signedShownOf } from './advice.ts'
import { checkDebit } from './proof.ts'

/**
 * What was paid, or is to be paid, on unsigned advices alone goes back to its card. What the till has of it with the
 * card's own signature, an export may still show (`presentOnCard`).
 */
export async function takeBackUnsigned(work: Work, terminal: Terminal): Promise<void> {
  for (const tenderId of await paidOnAdvice(work, terminal)) {
    const tender = await findTender(work, tenderId)
    if (tender === undefined) throw new Error(`advised tender ${tenderId} vanished`)
    if (!(await hasSigned(work, terminal, tenderId))) await disown(work, terminal, tender)
  }
}

/** In base64url: as long as no signed one is. */
const unsignedLength = Math.ceil((recordLayout.length * 4) / 3)

/** Those for which an advice was ever shown. Evidence is canonical JSON, so that a few are found among many sales. */
async function paidOnAdvice({ connection }: Work, { terminalId }: Terminal): Promise<readonly string[]> {
  const rows = await connection
    .selectFrom('card_record')
    .innerJoin('tender', 'tender.tender_id', 'card_record.tender_id')
    .innerJoin('evidence', 'evidence.tender_id', 'card_record.tender_id')
    .select('tender.tender_id')
    .distinct()
    .where('card_record.terminal_id', '=', terminalId)
    .where('card_record.standing', '=', 'counts')
    .where('tender.state', 'in', ['settled', 'awaiting_funds'])
    .where('evidence.kind', '=', 'presentment')
    .where('evidence.content', 'like', `%"record":"${'_'.repeat(unsignedLength)}"%`)
    .orderBy('tender.tender_id')
    .execute()
  return rows.map((row) => row.tender_id)
}

/** The card came back to its till, and has paid the sale by its own word. */
async function hasSigned(work: Work, terminal: Terminal, tenderId: string): Promise<boolean> {
  for (const { terms, evidence } of await signedShownOf(work, tenderId))
    if ((await checkDebit(work, terminal, terms, evidence)).kind === 'proved') return true
  return false
}
