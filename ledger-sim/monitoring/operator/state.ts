/** What the operator's page shows: the central bank's view, payments by minute, the newest discrepancies. */
import { inTransaction, type LedgerPorts, type Work } from '../../context.ts'
import { waitingForWebhooks } from '../../feed/webhook-courier.ts'
import { PaymentsByMinute } from '../payments-by-minute.ts'
import { standingFor, type Standing } from '../standing.ts'

export interface OperatorState extends Standing {
  /** The last 60 minutes, the oldest first; the last one is still going on. */
  readonly paymentsByMinute: readonly number[]
  readonly discrepancies: readonly RecentDiscrepancy[]
  /** How many discrepancies can still be asked about. */
  readonly openDiscrepancies: number
  readonly eventStreams: number
  readonly webhookQueue: number
}

export interface RecentDiscrepancy {
  readonly discrepancyId: string
  readonly terminalId: string
  readonly code: string
  readonly owner: string
  readonly amount: bigint
  readonly appeal: string | null
  readonly at: number
}

const discrepanciesShown = 8
/** However many pages look, the figures are counted once in this time. */
const countedAgainAfterMs = 1_000

export class OperatorView {
  readonly #ports: LedgerPorts
  readonly #startedAt: number
  readonly #eventStreams: () => number
  readonly #now: () => number
  readonly #payments = new PaymentsByMinute()
  #counted: { readonly at: number; readonly state: Promise<OperatorState> } | undefined

  /** @param now the time of people who look, ms */
  constructor(ports: LedgerPorts, eventStreams: () => number, now: () => number) {
    this.#ports = ports
    this.#startedAt = ports.clock()
    this.#eventStreams = eventStreams
    this.#now = now
  }

  state(): Promise<OperatorState> {
    const now = this.#now()
    if (this.#counted !== undefined && Math.abs(now - this.#counted.at) < countedAgainAfterMs)
      return this.#counted.state
    const state = inTransaction(this.#ports, (work) => this.#count(work))
    this.#counted = { at: now, state }
    // A failure is answered to who asked, and forgotten.
    state.catch(() => (this.#counted = undefined))
    return state
  }

  async #count(work: Work): Promise<OperatorState> {
    return {
      ...(await standingFor(work, { role: 'central-bank', owner: '' }, this.#startedAt)),
      paymentsByMinute: await this.#payments.last(work, 60),
      discrepancies: await recentDiscrepancies(work),
      openDiscrepancies: await countOpen(work),
      eventStreams: this.#eventStreams(),
      webhookQueue: await waitingForWebhooks(work),
    }
  }
}

async function recentDiscrepancies({ connection }: Work): Promise<readonly RecentDiscrepancy[]> {
  const rows = await connection
    .selectFrom('discrepancy')
    .leftJoin('appeal', 'appeal.discrepancy_id', 'discrepancy.discrepancy_id')
    .select(['discrepancy.discrepancy_id', 'discrepancy.terminal_id', 'discrepancy.code', 'discrepancy.owner'])
    .select(['discrepancy.amount', 'discrepancy.at', 'appeal.state'])
    .orderBy('discrepancy.discrepancy_id', 'desc')
    .limit(discrepanciesShown)
    .execute()
  return rows.map((row) => ({
    discrepancyId: row.discrepancy_id,
    terminalId: row.terminal_id,
    code: row.code,
    owner: row.owner,
    amount: row.amount,
    appeal: row.state,
    at: Number(row.at),
  }))
}

async function countOpen({ connection }: Work): Promise<number> {
  const row = await connection
    .selectFrom('discrepancy')
    .select((expression) => expression.fn.countAll<bigint | number | string>().as('open'))
    .where('appeal', '=', 'open')
    .executeTakeFirst()
  return Number(row?.open ?? 0)
}
