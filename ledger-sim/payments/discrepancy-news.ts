/** A terminal hears of its discrepancies through its status feed: when one is filed, and of each turn of its appeal. */
import type { Work } from '../context.ts'
import { tellPartiesOfDispute } from '../feed/dispute-news.ts'
import { appendEvent } from '../terminals/events.ts'
import { wayOutOf } from './way-out.ts'
import { tiyn } from '../../src/voucher/money.ts'

export async function tellOfDiscrepancy(work: Work, discrepancyId: string): Promise<void> {
  const row = await work.connection
    .selectFrom('discrepancy')
    .leftJoin('appeal', 'appeal.discrepancy_id', 'discrepancy.discrepancy_id')
    .selectAll('discrepancy')
    .select('appeal.state')
    .where('discrepancy.discrepancy_id', '=', discrepancyId)
    .executeTakeFirstOrThrow()
  await tellPartiesOfDispute(work, row)
  await appendEvent(work, row.terminal_id, {
    kind: 'discrepancy',
    discrepancy: {
      discrepancyId,
      tenderId: row.tender_id,
      code: row.code,
      owner: row.owner as 'merchant' | 'agency',
      amount: tiyn(row.amount),
      at: Number(row.at),
      wayOut: row.state === null ? wayOutOf(row) : 'none',
      appeal: row.state,
    },
  })
}
