/** A merchant appeals against a loss, and the agency decides once (docs/design/04). */
import { keptOf, payWithShares } from './rules.ts'
import { fits, holding } from './slots.ts'
import { meet, need, refused, type Asked, type Discrepancy, type Verdict, type Whole } from './state.ts'
import { undoingProblems } from './undoing.ts'
import { closeDueLeases, netMerchant, payFromSlot, settle } from './vouchers.ts'

interface Appeal extends Asked {
  readonly body: { readonly discrepancyId: string; readonly reason: string; readonly verdict?: 'accepted' | 'refused' }
}

const losses = [
  'PROOF_MISSING_OR_FORGED',
  'CHAIN_BROKEN',
  'BLOCKED_BEFORE_SALE',
  'SOLD_AFTER_LEASE',
  'SLOT_ALREADY_USED',
  'PRESENTED_TOO_LATE',
  'POOL_USED_UP',
  'HOLD_ENDED',
  'TERMINAL_LOST',
]

export function openAppeal(whole: Whole, { by, body }: Appeal): Verdict {
  const { discrepancyId } = body
  const filed = whole.discrepancies.find(({ id }) => id === discrepancyId)
  if (filed === undefined || need(whole.tills, filed.till).merchant !== by) return refused('not_found')
  if (filed.appeal !== null) return { discrepancyId, arrival: 'exists' }
  const isLoss = filed.owner === 'merchant' && losses.includes(filed.code) && filed.amount > 0n
  const tender = filed.tender === null ? undefined : whole.tenders.get(filed.tender)
  const stands = tender?.state === 'not_paid' && tender.loss === filed.code
  const isAsked = whole.discrepancies.some(
    (each) => each.tender === filed.tender && (each.appeal === 'open' || each.appeal === 'accepted'),
  )
  if (!isLoss || filed.agency === null || filed.isClosed || !stands || isAsked) return refused('rule_violated')
  filed.appeal = 'open'
  return { discrepancyId, arrival: 'created' }
}

/** The agency pays after all: from the slot of a proved sale, if it has room here, else from its free account. */
export function decideAppeal(whole: Whole, asked: Appeal): Verdict {
  return undoingProblems(whole, () => {
    closeDueLeases(whole)
    const { discrepancyId, verdict } = asked.body
    const filed = whole.discrepancies.find(({ id, agency }) => id === discrepancyId && agency === asked.by)
    if (filed === undefined || filed.appeal === null) return refused('not_found')
    const { amount } = filed
    if (filed.appeal !== 'open') {
      const was = filed.appeal === 'given_back' ? 'accepted' : filed.appeal
      if (was !== verdict) return refused('exists_with_different_terms')
      return { discrepancyId, verdict, amount, paidFrom: filed.paidFrom, arrival: 'exists' }
    }
    const paidFrom = verdict === 'refused' ? null : payAppeal(whole, filed)
    if (paidFrom === 'short') return refused('insufficient_funds')
    filed.appeal = verdict ?? null
    filed.paidFrom = paidFrom
    filed.isClosed = true
    return { discrepancyId, verdict, amount, paidFrom, arrival: 'created' }
  })
}

function payAppeal(whole: Whole, { tender: id, code, till, agency, amount, ...filed }: Discrepancy) {
  const tender = need(whole.tenders, id ?? '')
  const { sold } = tender
  const isProved = !['PROOF_MISSING_OR_FORGED', 'CHAIN_BROKEN', 'HOLD_ENDED'].includes(code)
  const payee = `merchant.${need(whole.tills, till).merchant}`
  if (sold !== null && isProved && fits(whole, need(whole.slots, sold.slot), sold.amount)) {
    const lease = holding(whole, sold.slot)
    if (lease === undefined || lease.till === till) {
      meet(whole, 'an appeal is paid from the slot')
      settle(whole, tender, payFromSlot(whole, id ?? '', sold.slot, lease))
      return 'slot'
    }
  }
  const soldAt = sold?.decidedAt ?? whole.now
  const paid = {
    paidAs: 'appeal',
    id: filed.id,
    payee,
    payer: null,
    amount,
    soldAt,
    lines: sold?.lines ?? null,
  } as const
  if (payWithShares(whole, paid, [agency ?? '', payee, amount]) !== undefined) return 'short'
  meet(whole, 'an appeal is paid beside the slot')
  netMerchant(whole, payee, keptOf(whole, paid))
  return 'agency'
}
