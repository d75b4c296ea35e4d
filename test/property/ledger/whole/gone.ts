/** Tills that are gone: how they are ended, and receipts that claim what they sold (docs/design/04). */
import { isGone, isInOtherHands, type RevocationReason } from './gone-state.ts'
import { meet, need, refused, type Asked, type Tender, type Verdict, type Whole } from './state.ts'
import { arrivalOf, fresh } from './tills.ts'
import { closeDueLeases, file, settle, whoPays } from './vouchers.ts'

interface Revoking extends Asked {
  readonly body: { readonly terminalId: string; readonly reason: RevocationReason }
}

/** All tills were registered by the first agency. */
const registeredBy = 'education'

export function revoke(whole: Whole, { by, role, body }: Revoking): Verdict {
  const { terminalId, reason } = body
  const till = whole.tills.get(terminalId)
  const bank = whole.accounts.get(`merchant.${till?.merchant ?? ''}`)?.bank
  if (till === undefined || by !== (role === 'bank' ? bank : registeredBy)) return refused('not_found')
  const before = whole.gone.revoked.get(terminalId)
  const held = cardsHeldBy(whole, terminalId)
  if (before === reason) {
    const exposedCards = held.filter((card) => whole.gone.exposed.has(card)).length
    return { terminalId, exposedCards, arrival: 'exists' }
  }
  if (before !== undefined && (isInOtherHands(before) || !isInOtherHands(reason)))
    return refused('exists_with_different_terms')
  if (before !== undefined) meet(whole, 'a till that was thought destroyed was stolen')
  whole.gone.revoked.set(terminalId, reason)
  // Neither is served any more.
  till.isSuspended = true
  meet(whole, `a till is ${reason}`)
  const fresh_ = isInOtherHands(reason) ? held.filter((card) => !whole.gone.exposed.has(card)) : []
  for (const card of fresh_) whole.gone.exposed.add(card)
  return { terminalId, exposedCards: fresh_.length, arrival: 'created' }
}

/** Whose keys were ever sealed for it. */
function cardsHeldBy({ leases }: Whole, till: string): string[] {
  const own = [...leases.values()].filter((lease) => lease.till === till)
  return [...new Set(own.flatMap(({ slots }) => [...slots.values()].flatMap(({ cards }) => [...(cards ?? [])])))]
}

interface Claiming extends Asked {
  readonly body: { readonly text: string }
}

export function claimReceipt(whole: Whole, { by, body }: Claiming): Verdict {
  const receipt = whole.gone.receipts.get(body.text)
  if (receipt === undefined) return refused('rule_violated')
  const { till, sold, leaseId } = receipt
  const known = whole.tenders.get(sold.tender)
  const isNobodys = leaseId === null && known === undefined
  if (need(whole.tills, till).merchant !== by || isNobodys) return refused('rule_violated')
  if (!isGone(whole, till) || (known !== undefined && known.till !== till)) {
    meet(whole, 'a receipt of a till in service is claimed')
    return refused('rule_violated')
  }
  closeDueLeases(whole)
  const tender: Tender = known ?? { ...fresh(whole, till, sold.saleHash), sold: { ...sold }, state: 'refused' }
  whole.tenders.set(sold.tender, tender)
  const arrival = known === undefined ? 'created' : arrivalOf(tender, sold)
  const isJudged = known === undefined || (arrival === 'exists' && known.state === 'refused')
  if (isJudged && leaseId !== null) {
    if (known !== undefined) meet(whole, 'a receipt claims what was refused')
    const { fetchedAt } = need(whole.tills, till)
    if (fetchedAt > sold.decidedAt) meet(whole, 'a receipt is older than the last package of its till')
    tender.presented = sold
    tender.presentedAt = whole.now
    const { amount } = sold
    const bears = (code: string): void =>
      file(whole, { till, tender: sold.tender, code, owner: 'merchant', amount, leaseId })
    settle(whole, tender, whoPays(whole, sold.tender, sold, bears))
    meet(whole, `a receipt is claimed: ${tender.state}`)
  } else meet(whole, 'a receipt is claimed of what the ledger knows')
  const amount = tender.sold?.amount ?? tender.asked?.amount ?? 0n
  return { tenderId: sold.tender, state: tender.state, amount, loss: tender.loss, arrival }
}
