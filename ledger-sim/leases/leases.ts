/** Leases as rows: escrow accounts with slots, given to one terminal each (money-rules.md, "Offline"). */
import type { Work } from '../context.ts'
import { statement } from '../store/statement.ts'

export interface LeaseRow {
  readonly leaseId: string
  readonly schemeId: string
  readonly terminalId: string
  readonly escrowAccount: string
  /** A sum, for whoever is listed (docs/design/23-pools.md); else the escrow is there for the slots, which it holds. */
  readonly isPool: boolean
  /** What was put into escrow: when it was granted, and of a pool since. */
  readonly amount: bigint
  readonly sellUntil: number
  readonly presentUntil: number
  readonly state: 'live' | 'closed'
}

export function escrowAccountOf(leaseId: string): string {
  return `escrow.${leaseId}`
}

const leaseWithId = statement((connection, { leaseId }: { leaseId: string }) =>
  connection.selectFrom('lease').selectAll().where('lease_id', '=', leaseId),
)

export async function findLease({ connection }: Work, leaseId: string): Promise<LeaseRow | undefined> {
  const [row] = await leaseWithId(connection, { leaseId })
  return row === undefined ? undefined : leaseOf(row)
}

const leasesOfTerminal = statement((connection, { terminalId }: { terminalId: string }) =>
  connection
    .selectFrom('lease')
    .selectAll()
    .where('terminal_id', '=', terminalId)
    .where('state', '=', 'live')
    .orderBy('lease_id'),
)

/** Not closed, oldest first. */
export async function liveLeasesOf({ connection }: Work, terminalId: string): Promise<readonly LeaseRow[]> {
  const rows = await leasesOfTerminal(connection, { terminalId })
  return rows.map(leaseOf)
}

function leaseOf(row: {
  readonly lease_id: string
  readonly scheme_id: string
  readonly terminal_id: string
  readonly escrow_account: string
  readonly amount: bigint
  readonly sell_until: bigint
  readonly present_until: bigint
  readonly state: 'live' | 'closed'
  readonly kind: 'pool' | null
}): LeaseRow {
  return {
    leaseId: row.lease_id,
    schemeId: row.scheme_id,
    terminalId: row.terminal_id,
    escrowAccount: row.escrow_account,
    isPool: row.kind === 'pool',
    amount: row.amount,
    sellUntil: Number(row.sell_until),
    presentUntil: Number(row.present_until),
    state: row.state,
  }
}

/** Slots that a terminal has given back: for good, so it gets them under no later lease (money-rules.md, "Words"). */
export async function surrenderedBy({ connection }: Work, terminalId: string): Promise<ReadonlySet<string>> {
  const rows = await connection
    .selectFrom('surrender')
    .select('slot_id')
    .where('terminal_id', '=', terminalId)
    .where('state', '=', 'done')
    .execute()
  return new Set(rows.map((row) => row.slot_id))
}
