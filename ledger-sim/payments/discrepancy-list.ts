/** Who sees which discrepancies: each party those that are about its own money, tills or sales. */
import type { Caller } from '../http/operation.ts'
import type { Work } from '../context.ts'
import type { AppealTable } from '../store/schema.ts'
import { wayOutOf, type WayOut } from './way-out.ts'

const countMax = 1_000

export interface ListedDiscrepancy {
  readonly discrepancyId: string
  readonly terminalId: string
  readonly tenderId: string | null
  readonly code: string
  readonly owner: 'merchant' | 'agency'
  readonly amount: string
  readonly evidence: Record<string, unknown>
  readonly at: number
  readonly wayOut: WayOut
  /** What was asked of the agency, and its word. */
  readonly appeal: {
    readonly state: AppealTable['state']
    readonly reason: string
    readonly at: number
    readonly answer: string | null
    readonly decidedAt: number | null
    readonly paidFrom: 'slot' | 'agency' | null
    readonly signature: string | null
  } | null
}

/**
 * Newest first. An agency sees those of its schemes, and what is about a terminal as such where it has or had a lease;
 * a merchant those of its terminals, a terminal its own, the central bank and the auditor all. Anybody else none.
 *
 * @param terminalId only those of this terminal
 */
export async function listDiscrepancies(
  { connection }: Work,
  { role, owner }: Pick<Caller, 'role' | 'owner'>,
  terminalId: string | undefined,
): Promise<ListedDiscrepancy[]> {
  const all = connection
    .selectFrom('discrepancy')
    .leftJoin('appeal', 'appeal.discrepancy_id', 'discrepancy.discrepancy_id')
    .selectAll('discrepancy')
    .select(['appeal.state', 'appeal.reason', 'appeal.at as asked_at', 'appeal.answer'])
    .select(['appeal.decided_at', 'appeal.paid_from', 'appeal.signature'])
    .orderBy('discrepancy.discrepancy_id', 'desc')
    .limit(countMax)
  const asked = terminalId === undefined ? all : all.where('terminal_id', '=', terminalId)
  const rows = await seen().execute()
  return rows.map((row) => ({
    discrepancyId: row.discrepancy_id,
    terminalId: row.terminal_id,
    tenderId: row.tender_id,
    code: row.code,
    owner: row.owner as 'merchant' | 'agency',
    amount: row.amount.toString(),
    evidence: JSON.parse(row.evidence) as Record<string, unknown>,
    at: Number(row.at),
    // What is asked already is asked once.
    wayOut: row.state === null ? wayOutOf(row) : 'none',
    appeal:
      row.state === null
        ? null
        : {
            state: row.state,
            reason: row.reason ?? '',
            at: Number(row.asked_at),
            answer: row.answer,
            decidedAt: row.decided_at === null ? null : Number(row.decided_at),
            paidFrom: row.paid_from,
            signature: row.signature,
          },
  }))

  function seen(): typeof all {
    switch (role) {
      case 'central-bank':
      case 'auditor':
        return asked
      case 'agency':
        return asked.where((row) =>
          row.or([
            row('discrepancy.agency_id', '=', owner),
            row.and([
              row('discrepancy.agency_id', 'is', null),
              row.exists(
                row
                  .selectFrom('lease')
                  .innerJoin('scheme', 'scheme.scheme_id', 'lease.scheme_id')
                  .select('lease.lease_id')
                  .whereRef('lease.terminal_id', '=', 'discrepancy.terminal_id')
                  .where('scheme.agency_id', '=', owner),
              ),
            ]),
          ]),
        )
      case 'merchant':
        return asked.where(
          'terminal_id',
          'in',
          connection.selectFrom('terminal').select('terminal_id').where('merchant_id', '=', owner),
        )
      case 'terminal':
        return asked.where('terminal_id', '=', owner)
      case 'bank':
      case 'legal-entity':
      case 'individual':
        return asked.where('discrepancy.discrepancy_id', 'is', null)
      default:
        return role satisfies never
    }
  }
}
