/** Accepted sales that wait for the agency's money are tried again whenever its scheme account receives some. */
import { schemeAccountOf } from '../schemes/schemes.ts'
import type { Work } from '../context.ts'
import { tellOfWaiting } from '../feed/tender-news.ts'
import { appendEvent } from '../terminals/events.ts'
import { tenderResult } from './results.ts'
import { freeGivenBack, pay } from './settlement.ts'
import { findTender, settleTender } from './tenders.ts'

/** In the order in which they were accepted; one that is still too large does not hold up smaller ones. */
export async function settleWaiting(work: Work, schemeId: string): Promise<void> {
  const waiting = await work.connection
    .selectFrom('tender')
    .select(['tender_id', 'terminal_id'])
    .where('scheme_id', '=', schemeId)
    .where('state', '=', 'awaiting_funds')
    .orderBy('at')
    .orderBy('tender_id')
    .execute()
  for (const row of waiting) {
    const tender = await findTender(work, row.tender_id)
    if (tender?.terms === null || tender === undefined) throw new Error(`tender ${row.tender_id} waits without terms`)
    const paid = await pay(work, {
      tenderId: tender.tenderId,
      payer: schemeAccountOf(schemeId),
      payeeAccount: tender.terms.payeeAccount,
      amount: tender.amount,
    })
    if (paid === 'short') continue
    const outcome = { state: 'settled', paidBy: 'agency', refusal: null, loss: null } as const
    await settleTender(work, tender.tenderId, outcome)
    const item = await tenderResult(work, { ...tender, ...outcome, at: work.now }, 'exists', tender.tenderId)
    await appendEvent(work, tender.terminalId, { kind: 'item', item })
    await tellOfWaiting(work, 'presentment_paid', tender.tenderId)
  }
  await freeGivenBack(work, schemeId)
  await work.judgeFreed()
}
