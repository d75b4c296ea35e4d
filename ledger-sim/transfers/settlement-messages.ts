/**
 * What the platform tells the settlement system of each conversion at the central bank: one message, written with the
 * legs, in one order for good (docs/design/18-platform-api.md, "Moves").
 */
import type { Work } from '../context.ts'
import { settlementDocument, type NonCashLeg } from './settlement-document.ts'

/** Called after the legs are booked: these hold the central bank's account, so no two messages take one number. */
export async function leaveSettlementMessage(work: Work, leg: Omit<NonCashLeg, 'at'>): Promise<void> {
  const { connection, now } = work
  const newest = await connection
    .selectFrom('settlement_message')
    .select('sequence')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  await connection
    .insertInto('settlement_message')
    .values({
      sequence: (newest?.sequence ?? 0n) + 1n,
      transfer_id: leg.transferId,
      bank: leg.bank,
      direction: leg.direction,
      amount: leg.amount,
      at: now,
      document: settlementDocument({ ...leg, at: now }),
    })
    .execute()
}

export interface SettlementMessage {
  readonly transferId: string
  readonly bank: string
  readonly direction: 'issue' | 'redemption'
  /** Tiyn. */
  readonly amount: bigint
  readonly at: number
  readonly document: string
}

export interface WantedMessages {
  /** Whose; all banks' when undefined. */
  readonly bank: string | undefined
  /** The transfer of the last message that was seen. Numbers would tell a bank how much others convert. */
  readonly after: string | undefined
  readonly limit: number
}

/** In their order. @returns undefined when there is no such message to go on from */
export async function listSettlementMessages(
  { connection }: Work,
  { bank, after, limit }: WantedMessages,
): Promise<readonly SettlementMessage[] | undefined> {
  const own = connection
    .selectFrom('settlement_message')
    .$if(bank !== undefined, (query) => query.where('bank', '=', bank ?? ''))
  const last =
    after === undefined
      ? { sequence: 0n }
      : await own.select('sequence').where('transfer_id', '=', after).executeTakeFirst()
  if (last === undefined) return undefined
  const rows = await own
    .select(['transfer_id as transferId', 'bank', 'direction', 'amount', 'at', 'document'])
    .where('sequence', '>', last.sequence)
    .orderBy('sequence')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...row, at: Number(row.at) }))
}
