/** Whenever a till asks for its package its leases are renewed and its pools filled, as its agencies have ordered. */
import { renewPool } from './pools.ts'
import { closeDue } from './closing.ts'
import { grant } from './leases.ts'
import { isSuspendedAt, periodFrom, periodId, periodsOfScheme, slotIdOf } from './slots.ts'
import { meet, need, type Policy, type Scheme, type Whole } from './state.ts'

export function renew(whole: Whole, tillId: string, settle: (scheme: string) => void): void {
  closeDue(whole, settle)
  const own = [...whole.policies.values()].filter(({ till }) => till === tillId)
  for (const policy of own.toSorted((one, other) => (one.scheme < other.scheme ? -1 : 1))) {
    const scheme = need(whole.schemes, policy.scheme)
    if (isSuspendedAt(scheme, whole.now)) continue
    // The order of a former version.
    if ((policy.pool !== undefined) !== (scheme.policy === 'lease-pool')) {
      const isOfPool = policy.pool !== undefined
      if (isOfPool) meet(whole, 'an order of a pool of a scheme whose slots are leased')
      else meet(whole, 'an order of slots of a scheme that is sold from pools')
      continue
    }
    const periods = wantedPeriods(scheme, policy, whole.now)
    if (policy.pool === undefined) renewLeases(whole, policy, periods, settle)
    else renewPool(whole, policy, policy.pool.sum, periods)
  }
}

/** The present or coming ones, and each that begins while the till sells. */
function wantedPeriods(scheme: Scheme, { sellForMs, periods }: Policy, now: number): readonly string[] {
  const coming = Array.from({ length: periodsOfScheme }, (_, index) => index).filter(
    (index) => periodFrom(scheme, index + 1) > now,
  )
  return coming
    .filter((index, place) => place < periods || periodFrom(scheme, index) < now + sellForMs)
    .map((index) => periodId(index))
}

/** What the agency wants the till to hold and it does not hold for long enough. */
function renewLeases(whole: Whole, policy: Policy, periods: readonly string[], settle: (scheme: string) => void): void {
  const { scheme: schemeId, till, beneficiaries = [], sellForMs, presentForMs } = policy
  const lasting = [...whole.leases]
    .filter(([, each]) => each.till === till && !each.isClosed && each.sellUntil - whole.now >= sellForMs / 2)
    .map(([leaseId]) => leaseId)
  for (const period of periods) {
    const lacking = beneficiaries.filter((beneficiary) => {
      const lease = whole.slots.get(slotIdOf(schemeId, beneficiary, period))?.lease
      return lease === undefined || lease === null || !lasting.includes(lease)
    })
    if (lacking.length === 0) continue
    const sellUntil = whole.now + sellForMs
    const wanted = { terminalId: till, schemeId, beneficiaries: lacking, periodIds: [period], sellUntil }
    grant(whole, { ...wanted, presentUntil: sellUntil + presentForMs }, settle)
  }
}
