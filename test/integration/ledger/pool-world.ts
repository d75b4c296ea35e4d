/** The scheme of five days, sold off line from pools: standing orders for the two tills, and the audit's files. */
import { expect } from 'vitest'
import { demoAgency } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import type { LeasePolicy } from '../../../ledger-sim/leases/policy.ts'
import { makeReceiptPresentment } from '../../../src/sync/protocol/receipt-presentment.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Lease } from '../../../src/voucher/package.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { hourMs, type Decided, type TestTill } from './demo-ledger.ts'
import { beneficiary, dailyFood, judgedWorld, schemeId, type JudgedWorld } from './period-world.ts'

export const fromPools: Scheme['offline'] = { ...dailyFood.offline, policy: 'lease-pool' }

export interface PoolWorld extends JudgedWorld {
  /** The answer's status. */
  order(till: TestTill, sum: bigint, change?: Partial<LeasePolicy>): Promise<number>
  /** An order, and the till's package after it. */
  give(till: TestTill, sum: bigint, change?: Partial<LeasePolicy>): Promise<Lease>
  poolOf(till: TestTill): Lease | undefined
  /** What lies in the till's pool. */
  escrow(till: TestTill): Promise<bigint>
  /** Code, owner and amount of each discrepancy, as they were filed. */
  filed(): Promise<readonly [string, string, bigint][]>
  receiptOf(till: TestTill, decided: Decided): string
}

export async function poolWorld(change: Partial<Scheme> = {}, funded?: bigint): Promise<PoolWorld> {
  const judged = await judgedWorld({ offline: fromPools, ...change }, funded)
  const { demo } = judged
  const pools: Omit<PoolWorld, keyof JudgedWorld> = {
    order: async (till, sum, of = {}) => {
      const { status } = await demo.role('agency', demoAgency).post('/v1/lease-policies', {
        terminalId: till.terminalId,
        schemeId,
        ...(of.groups === undefined && of.everybody === undefined ? { beneficiaries: [beneficiary] } : {}),
        sellForMs: 20 * hourMs,
        presentForMs: 14 * 24 * hourMs,
        periods: 1,
        pool: { sum: tiyn(sum) },
        ...of,
      })
      return status
    },
    give: async (till, sum, of) => {
      expect(await pools.order(till, sum, of)).toBe(200)
      await till.fetch()
      const pool = pools.poolOf(till)
      if (pool === undefined) throw new Error('the till got no pool')
      return pool
    },
    poolOf: (till) => till.package?.leases.find((lease) => lease.schemeId === schemeId),
    escrow: async (till) => {
      const leases = await demo.rows('lease')
      const own = leases.filter((row) => row['terminal_id'] === till.terminalId && row['kind'] === 'pool').at(-1)
      const accounts = await demo.rows('account')
      return accounts.find((row) => row['account_id'] === own?.['escrow_account'])?.['balance'] as bigint
    },
    filed: async () => {
      const rows = await demo.rows('discrepancy')
      return rows.map((row) => [row['code'] as string, row['owner'] as string, row['amount'] as bigint])
    },
    receiptOf: (till, { terms, leaseId, decidedAt, evidence }) => {
      const { terminalId, key } = till
      const { epoch, sequence } = till.position()
      const { cardProof } = evidence
      return makeReceiptPresentment(
        { terms, leaseId, decidedAt, cardProof, terminalId, position: { epoch, sequence } },
        key,
      )
    },
  }
  return Object.assign(judged, pools)
}
