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

/** Both tills ask for the same people's slots: whoever asks first has them until the lease has ended. */
export async function shortenLeases(work: Work): Promise<void> {
  const times = { sellForMs: 10 * minuteMs, presentForMs: minuteMs }
  for (const policy of await leasePoliciesOf(work, demoTerminals[0]))
    for (const terminalId of demoTerminals) await setLeasePolicy(work, { ...policy, ...times, terminalId })
  // The agency bears one late lunch. What is later still, and food, is at the merchant's risk.
  await bears(work, 'school-lunch', { kind: 'agency', upTo: tiyn(115_000n) })
  await bears(work, 'food-voucher', { kind: 'merchant' })
}

async function bears(work: Work, schemeId: string, lossBearer: AnyScheme['offline']['lossBearer']): Promise<void> {
  const scheme = await findScheme(work, schemeId)
  if (scheme === undefined) throw new Error(`no scheme ${schemeId}`)
  await publishScheme(work, { ...scheme, version: scheme.version + 1, offline: { ...scheme.offline, lossBearer } })
}

/** The reasons for which the merchant bears a sale that came late. */
const lossesOfLateness = ['PRESENTED_TOO_LATE', 'SLOT_ALREADY_USED']

/** Whether the ledger first heard of the sale after the lease that it names had ended, and says so. */
export function isLossOfLateness(database: Database.Database, tenderId: string, loss: string): boolean {
  if (!lossesOfLateness.includes(loss)) return false
  const row = database
    .prepare(
      `SELECT min(evidence.at) > present_until AS isLate FROM evidence
       JOIN lease ON lease_id = json_extract(content, '$.leaseId')
       WHERE tender_id = ? AND evidence.kind = 'presentment'`,
    )
    .get(tenderId) as { isLate: bigint | null }
  return row.isLate === 1n
}

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

/**
 * Sales that came late, and were never asked about on line, are paid up to what their scheme's agency bears, and no
 * further.
 *
 * @param net what merchants have of each tender
 */
export function lateBeyondPromise(database: Database.Database, net: ReadonlyMap<string, bigint>): readonly string[] {
  const rows = database
    .prepare(
      `SELECT tender_id AS tenderId, tender.scheme_id AS schemeId FROM evidence JOIN tender USING (tender_id)
       JOIN lease ON lease_id = json_extract(content, '$.leaseId') WHERE evidence.kind = 'presentment' AND tender_id
         NOT IN (SELECT tender_id FROM evidence WHERE kind = 'authorisation')
       GROUP BY 1, 2 HAVING min(evidence.at) > present_until`,
    )
    .all() as { tenderId: string; schemeId: string }[]
  const borne = Map.groupBy(rows, ({ schemeId }) => schemeId)
  return [...borne].flatMap(([schemeId, late]) => {
    const sum = late.reduce((total, { tenderId }) => total + (net.get(tenderId) ?? 0n), 0n)
    const most = mostBorneBy(database, schemeId)
    return sum > most ? [`LATE ${schemeId}: ${sum} paid of sales that came late, its agency bears ${most}`] : []
  })
}

function mostBorneBy(database: Database.Database, schemeId: string): bigint {
  const row = database
    .prepare(
      `SELECT json_extract(content, '$.offline.lossBearer.upTo') AS most FROM scheme_version
       WHERE scheme_id = ? ORDER BY version DESC LIMIT 1`,
    )
    .get(schemeId) as { most: string | null } | undefined
  return BigInt(row?.most ?? 0)
}
