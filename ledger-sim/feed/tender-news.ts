/** A sale that waits for its agency's money, and that was paid after it waited. */
import { tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import { tell } from './outbox.ts'
import { streamOfOwner } from './streams.ts'

/** To the merchant who waits and the agency that is waited for. */
export async function tellOfWaiting(
  work: Work,
  kind: 'presentment_awaiting_funds' | 'presentment_paid',
  tenderId: string,
): Promise<void> {
  const row = await work.connection
    .selectFrom('tender')
    .innerJoin('terminal', 'terminal.terminal_id', 'tender.terminal_id')
    .innerJoin('scheme', 'scheme.scheme_id', 'tender.scheme_id')
    .select(['tender.terminal_id', 'tender.amount', 'terminal.merchant_id', 'scheme.scheme_id', 'scheme.agency_id'])
    .where('tender.tender_id', '=', tenderId)
    .executeTakeFirstOrThrow()
  tell(work, [streamOfOwner(row.merchant_id), streamOfOwner(row.agency_id)], {
    kind,
    tenderId,
    terminalId: row.terminal_id,
    schemeId: row.scheme_id,
    amount: tiyn(row.amount),
  })
}
