/** Who sees which discrepancies: each party those that are about its own money, tills or sales. */
import type { Caller } from '../http/operation.ts'
import type { Work } from '../context.ts'

const countMax = 1_000

export interface ListedDiscrepancy {
  readonly discrepancyId: string
  readonly terminalId: string
  readonly tenderId: string | null
  readonly code: string
  readonly owner: 'merchant' | 'agency'
  readonly amount: string
  readonly evidence: Record<string, unknown>
  readonly appeal: 'open' | 'closed'
  readonly at: number
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
  const all = connection.selectFrom('discrepancy').selectAll().orderBy('discrepancy_id', 'desc').limit(countMax)
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
    appeal: row.appeal,
    at: Number(row.at),
  }))

  function seen(): typeof all {
    switch (role) {
      case 'central-bank':
      case 'auditor':
        return asked
      case 'agency':
        return asked.where((row) =>
          row.or([
            row('agency_id', '=', owner),
            row.and([
              row('agency_id', 'is', null),
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
        return asked.where('discrepancy_id', 'is', null)
      default:
        return role satisfies never
    }
  }
}
