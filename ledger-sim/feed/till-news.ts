/** Tills and their leases, as merchants, agencies and the watchers are told of them. */
import { tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import type { RevocationReason } from '../terminals/revocation-reasons.ts'
import { tell } from './outbox.ts'
import { streamOfOwner, watchers, type Stream } from './streams.ts'

/** Who has to do with a till as such: its merchant, and every agency with a live lease there. */
async function concernedBy({ connection }: Work, terminalId: string, merchantId: string): Promise<Stream[]> {
  const agencies = await connection
    .selectFrom('lease')
    .innerJoin('scheme', 'scheme.scheme_id', 'lease.scheme_id')
    .select('scheme.agency_id')
    .distinct()
    .where('lease.terminal_id', '=', terminalId)
    .where('lease.state', '=', 'live')
    .orderBy('scheme.agency_id')
    .execute()
  return [streamOfOwner(merchantId), ...agencies.map((row) => streamOfOwner(row.agency_id)), ...watchers]
}

export async function tellOfSuspension(work: Work, terminalId: string, merchantId: string): Promise<void> {
  const streams = await concernedBy(work, terminalId, merchantId)
  tell(work, streams, { kind: 'terminal_suspended', terminalId, merchantId })
}

export async function tellOfRevocation(
  work: Work,
  terminalId: string,
  merchantId: string,
  reason: RevocationReason,
): Promise<void> {
  const streams = await concernedBy(work, terminalId, merchantId)
  tell(work, streams, { kind: 'terminal_revoked', terminalId, merchantId, reason })
}

interface LeaseNews {
  readonly leaseId: string
  readonly schemeId: string
  readonly terminalId: string
  /** Put into escrow, or given back from it. */
  readonly amount: bigint
}

/** The agency, whose money it is, and the merchant, who can sell with it. */
async function partiesOf({ connection }: Work, { schemeId, terminalId }: LeaseNews): Promise<Stream[]> {
  const scheme = await connection
    .selectFrom('scheme')
    .select('agency_id')
    .where('scheme_id', '=', schemeId)
    .executeTakeFirstOrThrow()
  const terminal = await connection
    .selectFrom('terminal')
    .select('merchant_id')
    .where('terminal_id', '=', terminalId)
    .executeTakeFirstOrThrow()
  return [streamOfOwner(scheme.agency_id), streamOfOwner(terminal.merchant_id)]
}

export async function tellOfLeaseGranted(
  work: Work,
  lease: LeaseNews & { readonly slots: number; readonly sellUntil: number },
): Promise<void> {
  tell(work, await partiesOf(work, lease), { kind: 'lease_granted', ...lease, amount: tiyn(lease.amount) })
}

export async function tellOfLeaseClosed(work: Work, lease: LeaseNews): Promise<void> {
  tell(work, await partiesOf(work, lease), { kind: 'lease_closed', ...lease, amount: tiyn(lease.amount) })
}
