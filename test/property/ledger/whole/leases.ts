/** Leases, which hold slots (docs/design/04, "Leases"): a lease's escrow is what its slots still allow. */
import { needSlot } from './carrying.ts'
import { doWhatIsDue } from './closing.ts'
import { isActivated } from './activations.ts'
import { isMerchantIn } from './places.ts'
import { holdersNow, isLeasable } from './households.ts'
import { accountOfScheme, amountLeft, escrowOf, hasUseLeft, holding, isSuspendedAt, leaves, slotIdOf } from './slots.ts'
import {
  available,
  meet,
  mustMove,
  need,
  once,
  refused,
  sum,
  type Asked,
  type Lease,
  type Scheme,
  type Slot,
  type Verdict,
  type Whole,
} from './state.ts'
import { undoingProblems } from './undoing.ts'

export interface Grant {
  readonly terminalId: string
  readonly schemeId: string
  readonly beneficiaries: readonly string[]
  readonly periodIds: readonly string[]
  readonly sellUntil: number
  readonly presentUntil: number
}
interface LeftOut {
  readonly beneficiary: string
  readonly periodId: string
  readonly reason: string
}

/** @param settle tries again what waits for money of a scheme: a lease that ends brings some */
export function grant(whole: Whole, wanted: Grant, settle: (scheme: string) => void): Verdict {
  const { terminalId, schemeId, sellUntil } = wanted
  const till = need(whole.tills, terminalId)
  const scheme = need(whole.schemes, schemeId)
  const isActive = !isSuspendedAt(scheme, whole.now)
  if (scheme.policy === 'lease-pool') return refused('rule_violated')
  if (till.isSuspended || !isActive || !isMerchantIn(whole, scheme, till.merchant)) return refused('rule_violated')
  if (sellUntil <= whole.now || wanted.presentUntil < sellUntil) return refused('rule_violated')
  doWhatIsDue(whole, settle)
  const leftOut: LeftOut[] = []
  const taken: { readonly slotId: string; readonly amount: bigint; readonly from: string | null }[] = []
  let funds = available(whole, accountOfScheme(schemeId))
  for (const period of wanted.periodIds) {
    for (const beneficiary of wanted.beneficiaries) {
      const found = candidate(whole, wanted, beneficiary, period)
      const out = (reason: string): void => void leftOut.push({ beneficiary, periodId: period, reason })
      if (typeof found === 'string') {
        out(found)
        continue
      }
      const needed = found.lease === null ? amountLeft(whole, found) : 0n
      if (needed > funds) {
        meet(whole, 'a lease without the slots that its agency cannot fund')
        out('insufficient_funds')
        continue
      }
      funds -= needed
      const slotId = slotIdOf(schemeId, beneficiary, period)
      taken.push({ slotId, amount: amountLeft(whole, found), from: found.lease })
    }
  }
  if (taken.length === 0) return refused('rule_violated')
  const leaseId = openEscrow(whole, scheme)
  const slots: Lease['slots'] = new Map()
  const formers = taken.flatMap(({ from }) => (from === null ? [] : [need(whole.leases, from).presentUntil]))
  const presentUntil = Math.max(wanted.presentUntil, ...formers)
  const lease = { scheme: schemeId, till: terminalId, sellUntil, presentUntil, isPool: false }
  whole.leases.set(leaseId, { ...lease, grantedAt: whole.now, isClosed: false, slots })
  for (const { slotId, amount, from } of taken) {
    if (from !== null) {
      leaves(need(whole.leases, from), slotId, 'moved')
      meet(whole, 'a slot moves into the next lease of its till')
    }
    mustMove(whole, [from === null ? accountOfScheme(schemeId) : escrowOf(from), escrowOf(leaseId), amount])
    slots.set(slotId, { state: 'live', cards: cardsFor(whole, schemeId, slotId.split('/')[1] ?? '') })
    need(whole.slots, slotId).lease = leaseId
  }
  return { amount: sum(taken.map((each) => each.amount)), slots: taken.length, leftOut }
}

/** @returns the name of a lease that is new: the ledger gives it another one */
export function openEscrow(whole: Whole, { agency }: Scheme): string {
  const leaseId = `new-${whole.leases.size}`
  const { bank } = need(whole.accounts, agency)
  whole.accounts.set(escrowOf(leaseId), { kind: 'marked', owner: agency, bank, name: leaseId, balance: 0n })
  return leaseId
}

/** All that any of the holders can pay with. */
export function cardsFor(whole: Whole, schemeId: string, beneficiary: string): Set<string> {
  const holders = holdersNow(whole, schemeId, beneficiary)
  const own = [...whole.cards].filter(([card, { holder }]) => holders.includes(holder) && isLeasable(whole, card))
  return new Set(own.map(([card]) => card))
}

/** Why the slot does not come into the lease, or the slot. */
function candidate(whole: Whole, { terminalId, schemeId }: Grant, beneficiary: string, period: string): Slot | string {
  const slotId = slotIdOf(schemeId, beneficiary, period)
  if (need(whole.tills, terminalId).surrendered.has(slotId)) return 'surrendered'
  if (holdersNow(whole, schemeId, beneficiary).length === 0) return 'not_entitled'
  if (cardsFor(whole, schemeId, beneficiary).size === 0) return 'no_active_card'
  if (!isActivated(whole, schemeId, beneficiary)) {
    meet(whole, 'nothing is leased before it is activated')
    return 'not_activated'
  }
  const slot = needSlot(whole, schemeId, beneficiary, period)
  if (slot === undefined) return 'no_such_period'
  // There is nothing to sell in it, and its rest may have passed on (docs/design/21, "When").
  if (slot.periodTo <= whole.now) {
    meet(whole, 'nothing is leased of a period that is over')
    return 'period_over'
  }
  const holder_ = holding(whole, slotId)
  if (holder_ !== undefined && holder_.till !== terminalId) return 'leased_elsewhere'
  const isUsed = !hasUseLeft(whole, slot) || amountLeft(whole, slot) === 0n
  return isUsed ? 'allowance_used' : slot
}

interface Granting extends Asked {
  readonly body: Grant & { readonly grantId: string } & Verdict
}

export function lease(whole: Whole, asked: Granting, settle: (scheme: string) => void): Verdict {
  return undoingProblems(whole, () =>
    once(whole, asked, 'lease', asked.body.grantId, () => {
      if (whole.schemes.get(asked.body.schemeId)?.agency !== asked.by) return refused('not_found')
      return grant(whole, asked.body, settle)
    }),
  )
}

/** The ledger names its leases: one that is new is known by the slots that came into it. */
export function learnLease(whole: Whole, leaseId: string, slotIds: readonly string[]): void {
  const found = [...whole.leases].find(
    ([name, { slots }]) => name.startsWith('new-') && slots.has(slotIds[0] ?? '') && slots.size === slotIds.length,
  )
  if (found === undefined) throw new Error(`the model has granted no lease of ${slotIds.join(', ')}`)
  const [name, own] = found
  const account = need(whole.accounts, escrowOf(name))
  whole.leases.delete(name)
  whole.leases.set(leaseId, own)
  whole.accounts.delete(escrowOf(name))
  whole.accounts.set(escrowOf(leaseId), { ...account, name: leaseId })
  for (const slot of whole.slots.values()) if (slot.lease === name) slot.lease = leaseId
}
