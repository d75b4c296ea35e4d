/** Discrepancies and their appeals, as the merchant, the agency and the watchers are told of them. */
import { tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import type { AppealTable } from '../store/schema.ts'
import type { News } from './events.ts'
import { tell } from './outbox.ts'
import { streamOfOwner, watchers } from './streams.ts'

export interface Dispute {
  readonly discrepancy_id: string
  readonly terminal_id: string
  readonly tender_id: string | null
  readonly code: string
  readonly owner: string
  readonly amount: bigint
  readonly agency_id: string | null
  /** Whether anything can still be asked. */
  readonly appeal: 'open' | 'closed'
  /** Of its appeal; null while nobody has appealed. */
  readonly state: AppealTable['state'] | null
}

/** Filed, appealed, decided: what it is by how it stands now. */
export async function tellPartiesOfDispute(work: Work, dispute: Dispute): Promise<void> {
  const { merchant_id: merchantId } = await work.connection
    .selectFrom('terminal')
    .select('merchant_id')
    .where('terminal_id', '=', dispute.terminal_id)
    .executeTakeFirstOrThrow()
  const parties = dispute.agency_id === null ? [merchantId] : [merchantId, dispute.agency_id]
  tell(work, [...parties.map(streamOfOwner), ...watchers], newsOf(dispute))
}

function newsOf(dispute: Dispute): News {
  const about = {
    discrepancyId: dispute.discrepancy_id,
    terminalId: dispute.terminal_id,
    tenderId: dispute.tender_id,
    code: dispute.code,
    amount: tiyn(dispute.amount),
  }
  if (dispute.state === 'open') return { kind: 'appeal_opened', ...about }
  if (dispute.state !== null) return { kind: 'appeal_decided', ...about, verdict: dispute.state }
  if (dispute.appeal === 'closed') return { kind: 'discrepancy_decided', ...about }
  return { kind: 'discrepancy_filed', ...about, owner: dispute.owner === 'agency' ? 'agency' : 'merchant' }
}
