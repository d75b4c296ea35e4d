/** Who pays a voucher, and where its money goes back to (docs/design/04; money-rules.md, "Who pays"). */
import { beneficiaryNow, hadEnded, isBlockedAt } from './households.ts'
import { waitsForReview } from './gone-state.ts'
import { setAside } from './review-holds.ts'
import { isMerchantIn } from './places.ts'
import { keptOf, payDebts, payWithShares, takingBack, type Progress } from './rules.ts'
import { makeRoom } from './room.ts'
import { isAtTurnoverLimit } from './limits.ts'
import {
  available,
  least,
  meet,
  most,
  move,
  mustMove,
  need,
  sum,
  type Discrepancy,
  type Lease,
  type Scheme,
  type Sold,
  type Tender,
  type Whole,
} from './state.ts'
import { activate, hasLapsed } from './activations.ts'
import { besideIdOf, charge, free, isBridge, reduce, toLend } from './bridges.ts'
import { needSlot, passedOnTo, takeBack } from './carrying.ts'
import { closeDue } from './closing.ts'
import { accountOfScheme, amountLeft, escrowOf, fits, holding, isSuspendedAt, hasUseLeft } from './slots.ts'

export type Outcome = Pick<Tender, 'state' | 'paidBy' | 'refusal' | 'loss'>

const outcome = (state: Tender['state'], more: Partial<Outcome> = {}): Outcome => {
  return { state, paidBy: null, refusal: null, loss: null, ...more }
}
export const refusal = (code: string): Outcome => outcome('refused', { refusal: code })

export function settle(whole: Whole, tender: Tender, to: Outcome): void {
  Object.assign(tender, to, { at: whole.now })
}

export interface Filing {
  readonly till: string
  readonly tender: string | null
  readonly code: string
  readonly owner: 'merchant' | 'agency'
  readonly amount: bigint
  readonly leaseId?: string
}

/** The same about one tender is filed once. */
export function file(whole: Whole, { leaseId, ...filed }: Filing): void {
  const isKnown = whole.discrepancies.some(
    ({ tender, code }) => tender !== null && tender === filed.tender && code === filed.code,
  )
  if (isKnown) return
  const sold = filed.tender === null ? null : (whole.tenders.get(filed.tender)?.sold ?? null)
  const lease = leaseId === undefined ? undefined : whole.leases.get(leaseId)
  const scheme = sold?.scheme ?? (lease?.till === filed.till ? lease.scheme : undefined)
  const agency = scheme === undefined ? null : need(whole.schemes, scheme).agency
  whole.discrepancies.push({ ...filed, id: '', agency, isClosed: false, appeal: null, paidFrom: null })
}

/** Takes what a merchant owes of what it keeps of a payment, the oldest debt first. */
export function netMerchant(whole: Whole, account: string, kept: bigint): void {
  const own = whole.debts.filter((debt) => debt.debtor === account && debt.kind !== 'share' && debt.left > 0n)
  const inOrder = own.toSorted(
    (one, other) =>
      one.at - other.at ||
      (one.kind < other.kind ? -1 : one.kind > other.kind ? 1 : one.reference < other.reference ? -1 : 1),
  )
  payDebts(whole, inOrder, kept, ({ kind, reference, creditor }) => {
    const slotId = whole.tenders.get(reference)?.sold?.slot
    const use = slotId === undefined ? undefined : need(whole.slots, slotId).uses.get(reference)
    if (kind === 'reversal' && slotId !== undefined && use !== undefined) {
      freeWhenCovered(whole, reference, slotId, creditor, use)
      if (whole.freed.has(slotId)) meet(whole, 'a slot is free again, for a debt was netted')
    }
  })
}

/** With the shares of what was sold, by the rules of its time. @returns whether there was money for it */
export function payVoucher(whole: Whole, tender: string, payer: string): boolean {
  const { sold } = need(whole.tenders, tender)
  if (sold === null) throw new Error(`${tender} is no voucher`)
  const { payee, amount, decidedAt: soldAt, lines } = sold
  const paid = { paidAs: 'tender', id: tender, payee, payer: null, amount, soldAt, lines } as const
  if (payWithShares(whole, paid, [payer, payee, amount]) !== undefined) return false
  netMerchant(whole, payee, keptOf(whole, paid))
  return true
}

/** From the escrow that holds the slot, else from the scheme's account. */
export function payFromSlot(whole: Whole, tender: string, slotId: string, lease: Lease | undefined): Outcome {
  const slot = need(whole.slots, slotId)
  const { sold } = need(whole.tenders, tender)
  const isPaid = payVoucher(
    whole,
    tender,
    lease === undefined ? accountOfScheme(slot.scheme) : escrowOf(slot.lease ?? ''),
  )
  if (!isPaid && lease !== undefined) throw new Error(`in the model the escrow of ${slotId} does not cover it`)
  if ([...slot.uses.keys()].some((other) => whole.tenders.get(other)?.sold?.card !== sold?.card))
    meet(whole, 'two cards on one slot')
  slot.uses.set(tender, sold?.amount ?? 0n)
  if (!isPaid) meet(whole, 'a presentment waits for its agency’s money')
  return isPaid ? outcome('settled', { paidBy: lease === undefined ? 'agency' : 'escrow' }) : outcome('awaiting_funds')
}

/** The ledger's own facts, which are what counts for goods that are not given yet. */
export function authorise(whole: Whole, tender: string, sold: Sold): Outcome {
  if (isBlockedAt(whole, sold.card, whole.now)) return refusal('CARD_BLOCKED')
  const scheme = need(whole.schemes, sold.scheme)
  const [, beneficiary = '', period = ''] = sold.slot.split('/')
  if (beneficiaryNow(whole, sold.scheme, need(whole.cards, sold.card).holder) !== beneficiary)
    return refusal('NO_ENTITLEMENT')
  if (hasLapsed(whole, sold.scheme, beneficiary)) {
    meet(whole, 'a beneficiary has not activated in time')
    return refusal('ACTIVATION_LAPSED')
  }
  const slot = needSlot(whole, sold.scheme, beneficiary, period)
  if (slot === undefined) return refusal('NO_ENTITLEMENT')
  if (isSuspendedAt(scheme, whole.now)) return refusal('SCHEME_SUSPENDED')
  const { till } = need(whole.tenders, tender)
  if (!isMerchantIn(whole, scheme, need(whole.tills, till).merchant)) {
    meet(whole, 'a sale with network where the merchant has moved away')
    return refusal('MERCHANT_NOT_ALLOWED')
  }
  if (isBridge(sold.slot)) return payFromBridge(whole, tender, sold)
  if (!fits(whole, slot, sold.amount)) {
    // Of an amount there may be something left, and no payment more.
    const isCounted = scheme.perTap === null && amountLeft(whole, slot) > 0n && !hasUseLeft(whole, slot)
    return refusal(isCounted ? 'CAP_COUNT_PER_BENEFICIARY' : 'ALLOWANCE_USED')
  }
  const lease = holding(whole, sold.slot)
  if (lease !== undefined && lease.till !== till) return refusal('LEASED_ELSEWHERE')
  if (lease === undefined && available(whole, accountOfScheme(sold.scheme)) < sold.amount)
    return refusal('INSUFFICIENT_FUNDS')
  const paid = payFromSlot(whole, tender, sold.slot, lease)
  activate(whole, sold.scheme, beneficiary)
  return paid
}

/** Up to what it may lend, of the scheme's own money. */
function payFromBridge(whole: Whole, tender: string, { slot, scheme, amount }: Sold): Outcome {
  if (!whole.slots.has(slot)) return refusal('NO_ENTITLEMENT')
  const left = toLend(whole, slot)
  if (left.count === 0 || left.amount < amount) {
    meet(whole, 'a bridge lends no more')
    return refusal('ALLOWANCE_USED')
  }
  if (available(whole, accountOfScheme(scheme)) < amount) return refusal('INSUFFICIENT_FUNDS')
  meet(whole, 'a bridge pays')
  const paid = payFromSlot(whole, tender, slot, undefined)
  charge(whole, besideIdOf(slot))
  return paid
}

/** @param bears is told of a loss */
export function whoPays(whole: Whole, tender: string, sold: Sold, bears: (loss: string) => void): Outcome {
  const { till, presentedAt } = need(whole.tenders, tender)
  const named = need(whole.leases, sold.leaseId)
  const scheme = need(whole.schemes, sold.scheme)
  const notPaid = (loss: string, code: string | null = null): Outcome => {
    bears(loss)
    return outcome('not_paid', { loss, refusal: code })
  }
  const hasLeft = hadLeft(whole, sold)
  const isBarred = hasLeft || isBlockedAt(whole, sold.card, sold.decidedAt) || isSuspendedAt(scheme, sold.decidedAt)
  if (hasLeft) meet(whole, 'a sale to who had left')
  if (!isMerchantIn(whole, scheme, need(whole.tills, till).merchant))
    meet(whole, 'a sale without network where the merchant has moved away')
  if (isBarred && sold.decidedAt - sold.packageAt > scheme.allowedPolicyAgeMs) return notPaid('BLOCKED_BEFORE_SALE')
  if (sold.decidedAt > named.sellUntil) return notPaid('SOLD_AFTER_LEASE')
  if (!sold.isAllowedOffline) return notPaid('PROOF_MISSING_OR_FORGED', 'DECISION_MISMATCH')
  if (named.isPool && presentedAt <= named.presentUntil) return payFromPool(whole, tender, sold, notPaid)
  if (named.isPool) meet(whole, 'a sale from a pool comes too late')
  const lease = holding(whole, sold.slot)
  const isElsewhere = lease !== undefined && lease.till !== till
  const isLate = presentedAt > named.presentUntil
  const isBorne = isLate && !isElsewhere && agencyBears(whole, scheme, sold)
  const isTillsOwn = !isLate && !isElsewhere && (lease !== undefined || hadLiveSlot(whole, till, sold, presentedAt))
  const cover = amountLeft(whole, need(whole.slots, sold.slot))
  const isPayable = isBorne || isTillsOwn
  const room = isPayable ? makeRoom(whole, sold.slot, { till, amount: sold.amount, isLate }) : undefined
  const hasRoom = isPayable ? room !== undefined : fits(whole, need(whole.slots, sold.slot), sold.amount)
  if (!hasRoom) return notPaid('SLOT_ALREADY_USED', 'ALLOWANCE_USED')
  if (isLate) {
    if (!isBorne) return notPaid('PRESENTED_TOO_LATE')
    meet(whole, 'an agency bears what came too late')
    file(whole, { till, tender, code: 'PRESENTED_TOO_LATE', owner: 'agency', amount: sold.amount })
  } else if (!isTillsOwn) {
    return notPaid('SLOT_ALREADY_USED')
  }
  // An escrow that covers less than the sale gives that back, and the scheme pays all of it.
  const isCovered = lease === undefined || room === undefined || room === 0n
  if (!isCovered) {
    meet(whole, 'a scheme pays a sale whole, for its escrow covers less')
    mustMove(whole, [escrowOf(need(whole.slots, sold.slot).lease ?? ''), accountOfScheme(sold.scheme), cover])
  }
  const paid = waitsForReview(whole, till, sold.sequence)
    ? setAside(whole, tender, sold, isCovered ? need(whole.slots, sold.slot).lease : null)
    : payFromSlot(whole, tender, sold.slot, isCovered ? lease : undefined)
  if (lease === undefined) charge(whole, sold.slot)
  return paid
}

/** Up to its sum, by what it bears of this scheme already. */
function agencyBears(whole: Whole, { agencyBears: most_ }: Scheme, sold: Sold): boolean {
  const { discrepancies, tenders } = whole
  const borne = discrepancies.filter(
    ({ code, owner, tender }) =>
      code === 'PRESENTED_TOO_LATE' &&
      owner === 'agency' &&
      need(tenders, tender ?? '').sold?.scheme === sold.scheme &&
      ['settled', 'awaiting_funds', 'in_review'].includes(need(tenders, tender ?? '').state),
  )
  const inReview = borne.filter(({ tender }) => need(tenders, tender ?? '').state === 'in_review')
  const sumOf = (some: typeof borne): bigint => sum(some.map(({ amount }) => amount))
  const left = most_ - sumOf(borne)
  if (sold.amount > left && sold.amount <= left + sumOf(inReview))
    meet(whole, 'an agency bears no more, for what it bears is in review')
  return sold.amount <= left
}

/** To the end of its sum, whatever others have paid of the slot: its agency bears what is beyond (docs/design/23). */
function payFromPool(whole: Whole, tender: string, sold: Sold, notPaid: (loss: string) => Outcome): Outcome {
  const { leaseId, amount, card } = sold
  const escrow = escrowOf(leaseId)
  if (amount > available(whole, escrow)) {
    meet(whole, 'a pool has paid out its sum')
    return notPaid('POOL_USED_UP')
  }
  const slot = need(whole.slots, sold.slot)
  const { till } = need(whole.tenders, tender)
  const before = slot.passed.amount
  takeBack(whole, sold.slot, { till, amount, isLate: false })
  if (slot.passed.amount < before) meet(whole, 'a sale from a pool takes back what had passed on')
  const hasUse = hasUseLeft(whole, slot)
  const beyond = hasUse ? most(amount - amountLeft(whole, slot), 0n) : amount
  if (beyond > 0n) {
    file(whole, { till, tender, code: 'ALLOWANCE_EXCEEDED_IN_POOL', owner: 'agency', amount: beyond })
    meet(whole, hasUse ? 'a pool pays more than a slot has left' : 'a pool pays where a slot has no use left')
  }
  if (available(whole, accountOfScheme(sold.scheme)) < amount) meet(whole, 'a pool pays what its scheme could not')
  if (isBlockedAt(whole, card, whole.now)) meet(whole, 'a pool pays for a card that is blocked since')
  if (isSuspendedAt(need(whole.schemes, sold.scheme), whole.now))
    meet(whole, 'a pool pays when its scheme is suspended')
  slot.uses.set(tender, amount)
  const lent = slot.bridged.amount
  charge(whole, sold.slot)
  if (slot.bridged.amount < lent) meet(whole, 'a pool pays what a bridge had lent')
  if (waitsForReview(whole, till, sold.sequence)) {
    meet(whole, 'a sale from a pool waits for its agency’s word')
    return setAside(whole, tender, sold, leaseId)
  }
  if (!payVoucher(whole, tender, escrow)) throw new Error(`in the model the pool ${leaseId} has not got what it has`)
  return outcome('settled', { paidBy: 'escrow' })
}

function hadLeft(whole: Whole, { slot, scheme, card, decidedAt }: Sold): boolean {
  const [, beneficiary = ''] = slot.split('/')
  const { holder } = need(whole.cards, card)
  const isBy = (at: number): boolean => hadEnded(whole, scheme, beneficiary, holder, at)
  if (isBy(whole.now) && !isBy(decidedAt)) meet(whole, 'a sale to who has left since')
  return isBy(decidedAt)
}

/** By what became of the slot in the end, under the named lease or the one of the same till to which it moved. */
function hadLiveSlot(whole: Whole, till: string, sold: Sold, presentedAt: number): boolean {
  const named = need(whole.leases, sold.leaseId)
  const last = [...whole.leases.values()]
    .filter((each) => each.till === till && each.scheme === sold.scheme && each.grantedAt >= named.grantedAt)
    .toSorted((one, other) => one.grantedAt - other.grantedAt)
    .map(({ slots }) => slots.get(sold.slot))
    .find((leased) => leased !== undefined && leased.state !== 'moved')
  if (last?.state === 'closed') return presentedAt <= named.presentUntil
  const wasBefore = last?.state === 'surrendered' && sold.sequence < (last.sequence ?? 0)
  if (wasBefore) meet(whole, 'a sale that stands before the surrender which came first')
  return wasBefore
}

/** Sales that were accepted and wait, whenever their scheme's account gets money. */
export function settleWaiting(whole: Whole, schemeId: string): void {
  const waiting = [...whole.tenders]
    .filter(([, { state, sold }]) => state === 'awaiting_funds' && sold?.scheme === schemeId)
    .toSorted(([one, first], [other, second]) => first.at - second.at || (one < other ? -1 : 1))
  for (const [id, tender] of waiting) {
    if (!payVoucher(whole, id, accountOfScheme(schemeId))) continue
    meet(whole, 'what waited is paid')
    settle(whole, tender, outcome('settled', { paidBy: 'agency' }))
  }
  freeGivenBack(whole, schemeId)
  judgeFreed(whole)
}

export const closeDueLeases = (whole: Whole): number => closeDue(whole, (scheme) => settleWaiting(whole, scheme))

/** A leased slot gets its allowance back only together with the money for it. */
export function freeWhenCovered(whole: Whole, tender: string, slotId: string, from: string, amount: bigint): void {
  const slot = need(whole.slots, slotId)
  if (slot.lease !== null && move(whole, [from, escrowOf(slot.lease), amount]) !== undefined) {
    meet(whole, 'a slot stays used, for nobody covers it')
    return
  }
  free(whole, slotId, tender)
}

function freeGivenBack(whole: Whole, schemeId: string): void {
  const back = [...whole.tenders]
    .filter(([id, { state, sold }]) => state === 'reversed' && sold?.scheme === schemeId && !isOwed(whole, id))
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
  for (const [id, { sold }] of back) {
    const use = sold === null ? undefined : need(whole.slots, sold.slot).uses.get(id)
    if (sold === null || use === undefined) continue
    freeWhenCovered(whole, id, sold.slot, accountOfScheme(schemeId), use)
    if (whole.freed.has(sold.slot)) meet(whole, 'a slot is free again, for its agency has money')
  }
}

const isOwed = (whole: Whole, tender: string): boolean =>
  whole.debts.some(({ kind, reference, left }) => kind === 'reversal' && reference === tender && left > 0n)

/** Of a settled voucher, what was not refunded: to where its slot is now, else to the scheme's account. */
export function payBack(whole: Whole, id: string, sold: Sold, amount: bigint): void {
  const slot = need(whole.slots, sold.slot)
  const scheme = accountOfScheme(sold.scheme)
  const { payee } = sold
  const taking = takingBack(whole, { paidAs: 'tender', id, payee, paid: amount, progress: 'all' })
  const back = least(amount, taking.available)
  const owed = amount - back
  const use = slot.uses.get(id) ?? 0n
  const isWhole = owed === 0n && use === amount
  const target = isWhole && slot.lease !== null ? escrowOf(slot.lease) : scheme
  mustPost(taking.post([payee, target, back]))
  if (isWhole) {
    // What was refunded whole has been free since then.
    free(whole, sold.slot, id)
    return
  }
  if (owed > 0n) {
    whole.debts.push({ kind: 'reversal', reference: id, debtor: payee, creditor: scheme, left: owed, at: whole.now })
    meet(whole, 'a merchant owes for a voucher that was reversed')
    if (available(whole, scheme) < use) meet(whole, 'a voucher is reversed while its agency is dry')
  }
  freeWhenCovered(whole, id, sold.slot, scheme, use)
}

function mustPost(short: string | undefined): void {
  if (short !== undefined) throw new Error(`in the model ${short} is short of what it has to have`)
}

/** Of a payment by QR that was captured: to its payer, and what the merchant has not it owes. */
export function undoCaptured(whole: Whole, id: string, payee: string, payer: string, due: bigint): void {
  const shares = whole.shares.get(`tender ${id}`) ?? []
  if (isAtTurnoverLimit(whole, payer) && shares.some(({ receiver }) => receiver === payer))
    meet(whole, 'a rule’s share in the reversed payment of a person at the limit')
  const taking = takingBack(whole, { paidAs: 'tender', id, payee, paid: due, progress: 'all' })
  const back = least(due, taking.available)
  mustPost(taking.post([payee, payer, back]))
  if (back === due) return
  whole.debts.push({ kind: 'reversal', reference: id, debtor: payee, creditor: payer, left: due - back, at: whole.now })
  meet(whole, 'a merchant owes for a payment by QR that was reversed')
}

/** What a refund of a voucher gives back. @returns why it does not */
export function refundVoucher(
  whole: Whole,
  id: string,
  sold: Sold,
  refundId: string,
  progress: Progress,
  amount: bigint,
) {
  const slot = need(whole.slots, sold.slot)
  const scheme = need(whole.schemes, sold.scheme)
  const beside = paidBeside(whole, id)
  const payment =
    beside === undefined ? ({ paidAs: 'tender', id } as const) : ({ paidAs: 'appeal', id: beside.id } as const)
  const taking = takingBack(whole, { ...payment, payee: sold.payee, paid: sold.amount, progress })
  const back = least(amount, taking.available)
  const owed = amount - back
  const marked = accountOfScheme(sold.scheme)
  const isOver = slot.periodTo <= whole.now
  const goesToSlot = beside === undefined && !isOver
  const credit = !goesToSlot ? scheme.agency : slot.lease === null ? marked : escrowOf(slot.lease)
  const creditor = goesToSlot ? marked : scheme.agency
  if (taking.post([sold.payee, credit, back], [creditor, credit, creditor === credit ? 0n : owed]) !== undefined)
    return 'INSUFFICIENT_FUNDS'
  if (owed > 0n) {
    const debt = {
      kind: 'refund',
      reference: refundId,
      debtor: sold.payee,
      creditor,
      left: owed,
      at: whole.now,
    } as const
    whole.debts.push(debt)
    meet(whole, 'a merchant owes for a refund')
  }
  if (isOver) meet(whole, 'a refund after the period of its slot')
  if (!goesToSlot) return undefined
  if (progress.amount === sold.amount) free(whole, sold.slot, id)
  else reduce(whole, sold.slot, id, amount)
  return undefined
}

/** The appeal that an agency paid from its free account. */
export function paidBeside({ discrepancies }: Whole, tender: string): Discrepancy | undefined {
  return discrepancies.find(
    (each) => each.tender === tender && each.appeal === 'accepted' && each.paidFrom === 'agency',
  )
}

/** Where a slot has room again, by whatever, who was refused for want of it is judged as if it had come after. */
export function judgeFreed(whole: Whole, isByMoney = true): void {
  for (const slotId of whole.freed) {
    whole.freed.delete(slotId)
    reconsider(whole, slotId, isByMoney)
  }
}

function reconsider(whole: Whole, slotId: string, isByMoney: boolean): void {
  const former = passedOnTo(whole, slotId) ?? slotId
  const refused = [...whole.tenders]
    .filter(
      ([, { state, loss, sold }]) =>
        state === 'not_paid' && loss === 'SLOT_ALREADY_USED' && (sold?.slot === slotId || sold?.slot === former),
    )
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
  for (const [id, tender] of refused) {
    if (whole.discrepancies.some((each) => each.tender === id && each.appeal === 'accepted')) continue
    if (tender.presented === null) continue
    const again = whoPays(whole, id, tender.presented, () => undefined)
    if (again.state === 'not_paid') continue
    meet(whole, 'a sale is paid after all, when the slot was free again')
    if (tender.presented.slot !== slotId) meet(whole, 'a sale of the former period is paid after all')
    if (isByMoney) meet(whole, 'a sale is paid after all, when money made its slot free')
    settle(whole, tender, again)
    closeAppeals(whole, id)
  }
}

export function closeAppeals(whole: Whole, tender: string): void {
  for (const each of whole.discrepancies) {
    if (each.tender !== tender || each.isClosed) continue
    each.isClosed = true
    if (each.appeal === 'open') each.appeal = 'withdrawn'
  }
}
