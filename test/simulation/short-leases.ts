/**
 * A town in which leases are over within minutes, so that what a fortnight without network does happens each hour:
 * slots are freed while their sales wait, are lent to the other till or sold there, and sales come after
 * `presentUntil` (money-rules.md, "Who pays for a presented sale").
 */
import type Database from 'better-sqlite3'
import type { Work } from '../../ledger-sim/context.ts'
import { leasePoliciesOf, setLeasePolicy } from '../../ledger-sim/leases/policy.ts'
import { demoTerminals } from '../../ledger-sim/scenarios/demo.ts'
import { findScheme, publishScheme } from '../../ledger-sim/schemes/schemes.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { AnyScheme } from '../../src/voucher/scheme.ts'

const minuteMs = 60_000
const shortTimes = { sellForMs: 10 * minuteMs, presentForMs: minuteMs }
const promisedForMs = shortTimes.sellForMs + shortTimes.presentForMs

/** Both tills ask for the same people's slots: whoever asks first has them until the lease has ended. */
export async function shortenLeases(work: Work): Promise<void> {
  for (const policy of await leasePoliciesOf(work, demoTerminals[0]))
    for (const terminalId of demoTerminals) await setLeasePolicy(work, { ...policy, ...shortTimes, terminalId })
  // The agency bears one late lunch. What is later still, and food, is at the merchant's risk.
  await bears(work, 'school-lunch', { kind: 'agency', upTo: tiyn(115_000n) })
  await bears(work, 'food-voucher', { kind: 'merchant' })
}

async function bears(work: Work, schemeId: string, lossBearer: AnyScheme['offline']['lossBearer']): Promise<void> {
  const scheme = await findScheme(work, schemeId)
  if (scheme === undefined) throw new Error(`no scheme ${schemeId}`)
  await publishScheme(work, { ...scheme, version: scheme.version + 1, offline: { ...scheme.offline, lossBearer } })
}

/** How many sales came when their lease had ended, and who bore them. */
export interface LateSales {
  readonly byAgency: number
  readonly byMerchant: number
}

interface LateSale {
  readonly tenderId: string
  readonly schemeId: string
  readonly slotId: string
  readonly amount: bigint
  readonly loss: string | null
  /** A merchant received money for it, whatever became of that. */
  readonly wasPaid: boolean
  /** When it came, its slot was lent to the other till. */
  readonly isElsewhere: boolean
}

/** How long after its end a lease may stay: both tills ask for packages each minute. */
const closedWithinMs = 5 * minuteMs

/**
 * What must be true of leases and late sales, by when each lease was granted and what its order said, not by the
 * deadlines that the ledger keeps.
 */
export class LatenessAudit {
  readonly #database: Database.Database
  readonly #late: ReadonlyMap<string, LateSale>

  constructor(database: Database.Database) {
    this.#database = database
    const rows = database
      .prepare(
        `WITH first AS (
           SELECT tender_id, min(evidence.at) AS came, granted_at FROM evidence
           JOIN lease ON lease_id = json_extract(content, '$.leaseId')
           WHERE evidence.kind = 'presentment' GROUP BY tender_id)
         SELECT tender_id AS tenderId, scheme_id AS schemeId, slot_id AS slotId, amount, loss,
                EXISTS (${paidFor('tender.tender_id')}) AS wasPaid,
                EXISTS (SELECT 1 FROM lease_slot JOIN lease AS other USING (lease_id)
                        WHERE lease_slot.slot_id = tender.slot_id AND other.terminal_id <> tender.terminal_id
                          AND came BETWEEN other.granted_at AND other.granted_at + ${promisedForMs}) AS isElsewhere
         FROM first JOIN tender USING (tender_id) WHERE came > granted_at + ${promisedForMs}
           AND NOT EXISTS (${paidFor('tender.tender_id')} AND transfer.at < came)`,
      )
      .all() as (Omit<LateSale, 'wasPaid' | 'isElsewhere'> & { wasPaid: bigint; isElsewhere: bigint })[]
    const late = rows.map((row) => ({ ...row, wasPaid: row.wasPaid === 1n, isElsewhere: row.isElsewhere === 1n }))
    this.#late = new Map(late.map((sale) => [sale.tenderId, sale]))
  }

  get sales(): LateSales {
    const late = [...this.#late.values()]
    const byAgency = late.filter(({ wasPaid }) => wasPaid).length
    return { byAgency, byMerchant: late.filter(({ tenderId }) => this.isLoss(tenderId)).length }
  }

  /** Whether the merchant bears the sale by right: it came late, and was not to be paid all the same. */
  isLoss(tenderId: string): boolean {
    const sale = this.#late.get(tenderId)
    if (sale === undefined || sale.wasPaid) return false
    if (sale.loss === 'SLOT_ALREADY_USED') return this.#isUsed(sale)
    if (sale.loss !== 'PRESENTED_TOO_LATE') return false
    return sale.isElsewhere || this.#borne(sale.schemeId) + sale.amount > this.#most(sale.schemeId)
  }

  /** @param endedAt when the last till had closed, in milliseconds since 1970 */
  found(endedAt: number): readonly string[] {
    const wrong = this.#database
      .prepare(
        `SELECT lease_id AS id, present_until - granted_at AS promised FROM lease
         WHERE present_until <> granted_at + ${promisedForMs}`,
      )
      .all() as { id: string; promised: bigint }[]
    const kept = this.#database
      .prepare(`SELECT lease_id AS id FROM lease WHERE state = 'live' AND granted_at + ${promisedForMs} < ?`)
      .all(endedAt - closedWithinMs) as { id: string }[]
    const schemes = new Set([...this.#late.values()].map(({ schemeId }) => schemeId))
    return [
      ...wrong.map(({ id, promised }) => `LEASE ${id}: promised for ${promised} ms, its order says ${promisedForMs}`),
      ...kept.map(({ id }) => `LEASE ${id}: is over, and still live`),
      ...[...schemes]
        .filter((schemeId) => this.#borneInTheEnd(schemeId) > this.#most(schemeId))
        .map((schemeId) => `LATE ${schemeId}: its agency bears ${this.#most(schemeId)} at most of what came late`),
    ]
  }

  #isUsed({ slotId, tenderId }: LateSale): boolean {
    const row = this.#database
      .prepare(`SELECT 1 FROM tender WHERE slot_id = ? AND tender_id <> ? AND EXISTS (${paidFor('tender.tender_id')})`)
      .get(slotId, tenderId)
    return row !== undefined
  }

  /** All that was ever paid late, though it was reversed later: then there was no room when another one came. */
  #borne(schemeId: string): bigint {
    return this.#sum(schemeId, (sale) => (sale.wasPaid ? sale.amount : 0n))
  }

  #borneInTheEnd(schemeId: string): bigint {
    const net = this.#database.prepare(
      `SELECT coalesce(sum(CASE WHEN c.kind = 'merchant' THEN amount ELSE 0 END)
                       - sum(CASE WHEN d.kind = 'merchant' THEN amount ELSE 0 END), 0) AS net
       FROM transfer JOIN account AS c ON c.account_id = credit JOIN account AS d ON d.account_id = debit
       WHERE reference = ?`,
    )
    return this.#sum(schemeId, ({ tenderId }) => (net.get(tenderId) as { net: bigint }).net)
  }

  #sum(schemeId: string, of: (sale: LateSale) => bigint): bigint {
    return [...this.#late.values()]
      .filter((sale) => sale.schemeId === schemeId)
      .reduce((total, sale) => total + of(sale), 0n)
  }

  #most(schemeId: string): bigint {
    const row = this.#database
      .prepare(
        `SELECT json_extract(content, '$.offline.lossBearer.upTo') AS most FROM scheme_version
         WHERE scheme_id = ? ORDER BY version DESC LIMIT 1`,
      )
      .get(schemeId) as { most: string | null } | undefined
    return BigInt(row?.most ?? 0)
  }
}

const paidFor = (tender: string): string =>
  `SELECT 1 FROM transfer JOIN account ON account_id = credit
   WHERE reference = ${tender} AND account.kind = 'merchant'`

/** Money that stays in the escrow of a lease that has ended belongs to nobody any more. */
export function leftInEscrow(database: Database.Database): readonly string[] {
  const rows = database
    .prepare(
      `SELECT lease_id AS id, balance FROM lease JOIN account ON account_id = escrow_account
       WHERE state = 'closed' AND balance <> 0`,
    )
    .all() as { id: string; balance: bigint }[]
  return rows.map(({ id, balance }) => `ESCROW ${id}: has ended, and ${balance} is in it`)
}
