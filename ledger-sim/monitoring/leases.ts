/** Live leases: what may still be sold under them (exposure), held against what lies in escrow for them. */
import type { Work } from '../context.ts'

export interface StandingLease {
  readonly leaseId: string
  readonly schemeId: string
  readonly agencyId: string
  readonly terminalId: string
  readonly merchantId: string
  readonly sellUntil: number
  readonly presentUntil: number
  /** What its slots still allow, tiyn; of a pool its sum, of which the till may have sold some. */
  readonly exposure: bigint
  /** What lies in its account, tiyn: the same, or the audit says so. */
  readonly escrow: bigint
}

/** Not closed, by id. @param of only one agency's schemes, or one merchant's tills */
export async function liveLeases(
  { connection }: Work,
  of: { readonly agencyId?: string; readonly merchantId?: string },
): Promise<readonly StandingLease[]> {
  let asked = connection
    .selectFrom('lease')
    .innerJoin('scheme', 'scheme.scheme_id', 'lease.scheme_id')
    .innerJoin('terminal', 'terminal.terminal_id', 'lease.terminal_id')
    .innerJoin('account', 'account.account_id', 'lease.escrow_account')
    .select(['lease.lease_id', 'lease.scheme_id', 'lease.terminal_id', 'lease.sell_until', 'lease.present_until'])
    .select(['lease.kind', 'scheme.agency_id', 'terminal.merchant_id', 'account.balance'])
    .where('lease.state', '=', 'live')
    .orderBy('lease.lease_id')
  if (of.agencyId !== undefined) asked = asked.where('scheme.agency_id', '=', of.agencyId)
  if (of.merchantId !== undefined) asked = asked.where('terminal.merchant_id', '=', of.merchantId)
  const rows = await asked.execute()
  const exposures = await exposureOfLiveLeases(connection)
  return rows.map((row) => ({
    leaseId: row.lease_id,
    schemeId: row.scheme_id,
    agencyId: row.agency_id,
    terminalId: row.terminal_id,
    merchantId: row.merchant_id,
    sellUntil: Number(row.sell_until),
    presentUntil: Number(row.present_until),
    exposure: row.kind === 'pool' ? row.balance : (exposures.get(row.lease_id) ?? 0n),
    escrow: row.balance,
  }))
}

async function exposureOfLiveLeases(connection: Work['connection']): Promise<ReadonlyMap<string, bigint>> {
  const slots = await connection
    .selectFrom('slot')
    .leftJoin('slot_use', 'slot_use.slot_id', 'slot.slot_id')
    .select(['slot.lease_id', 'slot.amount_allowed', 'slot.bridged_amount'])
    .select((expression) => expression.fn.sum<bigint | number | string | null>('slot_use.amount').as('used'))
    .where('slot.lease_id', 'is not', null)
    .groupBy(['slot.slot_id', 'slot.lease_id', 'slot.amount_allowed', 'slot.bridged_amount'])
    .execute()
  const exposures = new Map<string, bigint>()
  for (const { lease_id: leaseId, amount_allowed: allowed, bridged_amount: bridged, used } of slots) {
    const left = allowed - bridged - BigInt(used ?? 0)
    if (leaseId !== null && left > 0n) exposures.set(leaseId, (exposures.get(leaseId) ?? 0n) + left)
  }
  return exposures
}
