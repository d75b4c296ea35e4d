/** Tills: when each was heard last, what it said of its queue, and whether its silence is its own. */
import type { Work } from '../context.ts'
import type { StandingLease } from './leases.ts'

/** A till syncs each minute; ten minutes without a word are no hiccup of the network. */
export const silentAfterMs = 10 * 60_000
/** A neighbour heard within this time shows that merchant and network are there. */
export const neighbourHeardWithinMs = 3 * 60_000

export const connectivities = [
  'never_heard',
  'heard',
  'silent',
  /** Silent while another till of the same merchant is heard: switched off or kept off line, not cut off. */
  'silent_by_choice',
  'gone',
] as const
export type TerminalConnectivity = (typeof connectivities)[number]

export interface StandingTerminal {
  readonly terminalId: string
  readonly merchantId: string
  readonly status: 'registered' | 'active' | 'suspended' | 'revoked'
  /** To the minute. */
  readonly lastSeenAt: number | null
  /** As its last head said it. */
  readonly queue: { readonly length: number; readonly since: number | null; readonly saidAt: number } | null
  /** What it may still sell off line, tiyn, under the leases that the reader sees. */
  readonly exposure: bigint
  readonly connectivity: TerminalConnectivity
}

/** By id. @param leases which of its leases the reader sees @param of which tills */
export async function standingTerminals(
  { connection, now }: Work,
  leases: readonly StandingLease[],
  of: { readonly merchantId?: string; readonly withLeaseOnly?: boolean },
): Promise<readonly StandingTerminal[]> {
  const rows = await connection
    .selectFrom('terminal')
    .leftJoin('terminal_queue', 'terminal_queue.terminal_id', 'terminal.terminal_id')
    .select(['terminal.terminal_id', 'terminal.merchant_id', 'terminal.status', 'terminal.last_seen_at'])
    .select(['terminal_queue.unsynced', 'terminal_queue.unsynced_since', 'terminal_queue.said_at'])
    .orderBy('terminal.terminal_id')
    .execute()
  const heard = rows.filter((row) => row.last_seen_at >= BigInt(now - neighbourHeardWithinMs))
  const exposures = new Map<string, bigint>()
  for (const { terminalId, exposure } of leases) exposures.set(terminalId, (exposures.get(terminalId) ?? 0n) + exposure)
  return rows
    .filter((row) => of.merchantId === undefined || row.merchant_id === of.merchantId)
    .filter((row) => of.withLeaseOnly !== true || exposures.has(row.terminal_id))
    .map((row) => ({
      terminalId: row.terminal_id,
      merchantId: row.merchant_id,
      status: row.status,
      lastSeenAt: row.last_seen_at === 0n ? null : Number(row.last_seen_at),
      queue:
        row.unsynced === null || row.said_at === null
          ? null
          : {
              length: Number(row.unsynced),
              since: row.unsynced_since === null ? null : Number(row.unsynced_since),
              saidAt: Number(row.said_at),
            },
      exposure: exposures.get(row.terminal_id) ?? 0n,
      connectivity: connectivityOf(
        row,
        now,
        heard.some((other) => other.merchant_id === row.merchant_id && other.terminal_id !== row.terminal_id),
      ),
    }))
}

function connectivityOf(
  row: { readonly status: StandingTerminal['status']; readonly last_seen_at: bigint },
  now: number,
  isNeighbourHeard: boolean,
): TerminalConnectivity {
  if (row.status === 'revoked') return 'gone'
  if (row.last_seen_at === 0n) return 'never_heard'
  if (Number(row.last_seen_at) > now - silentAfterMs) return 'heard'
  return isNeighbourHeard ? 'silent_by_choice' : 'silent'
}
