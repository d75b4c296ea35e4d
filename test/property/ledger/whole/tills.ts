/** What tills ask: vouchers, payments by QR, items that are handed over; wallets that pay (docs/design/04, 17). */
import { canonical } from './canonical.ts'
import { showsRow } from './gone-state.ts'
import { charge, usedAsSeen } from './bridges.ts'
import { doWhatIsDue } from './closing.ts'
import { passOnFreed } from './carrying.ts'
import { comesBack } from './moves.ts'
import { keptOf, payWithShares, takingBack, type Progress } from './rules.ts'
import { isAtTurnoverLimit, whyNotOut } from './limits.ts'
import {
  actsFor,
  aside,
  available,
  dayMs,
  hourMs,
  least,
  meet,
  need,
  once,
  refused,
  spend,
  sum,
  tooLittle,
  type Asked,
  type Sold,
  type Tender,
  type Verdict,
  type Whole,
} from './state.ts'
import { qrSaleOf, type ShownSale } from './qr-sale.ts'
import { renew } from './renewals.ts'
import { withdraw } from './reviews.ts'
import { amountLeft, accountOfScheme, escrowOf, holding, leaves } from './slots.ts'
import {
  authorise,
  closeAppeals,
  closeDueLeases,
  file,
  freeWhenCovered,
  netMerchant,
  paidBeside,
  payBack,
  judgeFreed,
  refundVoucher,
  settle,
  settleWaiting,
  undoCaptured,
  whoPays,
  type Outcome,
} from './vouchers.ts'
import { mustMove } from './state.ts'

const heldAfterMs = 14 * dayMs

const nothingMoved = (arrival: string, code: string): Verdict => {
  return { arrival, state: 'refused', paidBy: null, amount: 0n, refusal: code, loss: null }
}
/** Another till's, or no such thing: nothing is said of it. */
const notYours = nothingMoved('exists', 'EXISTS_WITH_DIFFERENT_TERMS')

function slotFigures(whole: Whole, slotId: string | undefined): Verdict {
  if (slotId === undefined || !whole.slots.has(slotId)) return { slot: null }
  const { count, amount } = usedAsSeen(whole, slotId)
  return { slot: { countSpent: count, amountSpent: amount } }
}

function told(whole: Whole, tender: Tender, arrival: string): Verdict {
  // Nothing is decided of a QR that waits for its payer.
  if (tender.state === 'requested') return nothingMoved(arrival, 'EXISTS_WITH_DIFFERENT_TERMS')
  const { paidBy, refusal, loss, sold, asked } = tender
  const amount = sold?.amount ?? asked?.amount ?? 0n
  // Its merchant hears of a review, no till does.
  const state = tender.state === 'in_review' ? 'awaiting_funds' : tender.state
  return { arrival, state, paidBy, amount, refusal, loss, ...slotFigures(whole, sold?.slot) }
}

export const fresh = (whole: Whole, till: string, hash: string): Tender => {
  const nothing = { sold: null, asked: null, paidBy: null, refusal: null, loss: null, closedFor: null, presented: null }
  return { till, hash, ...nothing, isTombstone: false, state: 'requested', at: whole.now, presentedAt: 0 }
}

/** The row of the till's journal. @returns whether another row was seen at its place */
function isForked(whole: Whole, till: string, sequence: number, hash: string): boolean {
  const { rows } = need(whole.tills, till)
  const known = rows.get(sequence)
  if (known === undefined) rows.set(sequence, hash)
  if (known === undefined || known === hash) showsRow(whole, till, sequence)
  return known !== undefined && known !== hash
}

function fileFork(whole: Whole, till: string, tender: string | null, leaseId?: string): void {
  meet(whole, 'a forked journal')
  const named = leaseId === undefined ? {} : { leaseId }
  file(whole, { till, tender, code: 'CHAIN_BROKEN', owner: 'merchant', amount: 0n, ...named })
}

const termFields = [
  ['slot', 'payer_slot'],
  ['payee', 'payee_account'],
  ['amount', 'amount'],
  ['scheme', 'scheme_id'],
  ['saleHash', 'sale_hash'],
] as const

export function arrivalOf({ isTombstone, sold }: Tender, shown: Sold): string {
  if (isTombstone) return 'reversed_before_arrival'
  if (sold === null) return 'exists_with_different_payer_slot'
  const other = termFields.find(([field]) => sold[field] !== shown[field])
  return other === undefined ? 'exists' : `exists_with_different_${other[1]}`
}

/** @returns the tender of that id, made now if the id was free; undefined where it is another till's */
function claim(
  whole: Whole,
  till: string,
  sold: Sold,
): { readonly tender: Tender; readonly isNew: boolean } | undefined {
  const known = whole.tenders.get(sold.tender)
  if (known === undefined) {
    const tender = { ...fresh(whole, till, sold.saleHash), sold, state: 'refused' as const }
    whole.tenders.set(sold.tender, tender)
    return { tender, isNew: true }
  }
  return known.till === till ? { tender: known, isNew: false } : undefined
}

export function authorisation(whole: Whole, till: string, sold: Sold): Verdict {
  if (need(whole.tills, till).isSuspended) return refused('terminal_suspended')
  doWhatIsDue(whole, (scheme) => settleWaiting(whole, scheme))
  const claimed = claim(whole, till, sold)
  if (claimed === undefined) return notYours
  const { tender, isNew } = claimed
  if (!isNew) return told(whole, tender, arrivalOf(tender, sold))
  settle(whole, tender, authorise(whole, sold.tender, sold))
  return told(whole, tender, 'created')
}

/** The goods are given. @param hash of its row */
export function presentment(whole: Whole, till: string, sold: Sold, hash: string): Verdict {
  closeDueLeases(whole)
  const claimed = claim(whole, till, sold)
  if (claimed === undefined) return notYours
  const { tender, isNew } = claimed
  const arrival = isNew ? 'created' : arrivalOf(tender, sold)
  const { amount, leaseId } = sold
  if (arrival !== 'created' && arrival !== 'exists') {
    file(whole, { till, tender: sold.tender, code: arrival.toUpperCase(), owner: 'merchant', amount, leaseId })
    if (tender.isTombstone) meet(whole, 'a sale under an id that its till disowned')
    return told(whole, tender, arrival)
  }
  if (tender.sold !== null) tender.sold.lines ??= sold.lines
  if (!isNew && tender.state !== 'refused') return told(whole, tender, arrival)
  if (!isNew) meet(whole, 'goods are given after a refusal')
  tender.presented = sold
  tender.presentedAt = whole.now
  settle(whole, tender, judge(whole, till, sold, hash))
  return told(whole, tender, arrival)
}

function judge(whole: Whole, till: string, sold: Sold, hash: string): Outcome {
  const { amount, leaseId, tender } = sold
  const bears = (code: string): void => file(whole, { till, tender, code, owner: 'merchant', amount, leaseId })
  if (!isForked(whole, till, sold.sequence, hash)) return whoPays(whole, tender, sold, bears)
  bears('CHAIN_BROKEN')
  need(whole.tills, till).isSuspended = true
  meet(whole, 'a till is suspended')
  return { state: 'not_paid', paidBy: null, refusal: null, loss: 'CHAIN_BROKEN' }
}

export interface QrTerms {
  readonly tenderId: string
  readonly payeeAccount: string
  readonly amount: bigint
  readonly saleHash: string
  readonly expiresAt: number
}

/** A QR that nobody paid in time ends the first time that anybody asks. @returns how the tender stands */
export function standing(whole: Whole, tender: Tender): Tender {
  const { asked, state } = tender
  if (asked === null) return tender
  if (state === 'requested' && asked.expiresAt <= whole.now) {
    tender.closedFor = 'expired'
    settle(whole, tender, { state: 'reversed', paidBy: null, refusal: null, loss: null })
  }
  const isOver = state === 'held' && asked.expiresAt + heldAfterMs <= whole.now
  return isOver ? { ...tender, state: 'reversed', paidBy: null, refusal: null, loss: null } : tender
}

export function askForQr(whole: Whole, till: string, terms: QrTerms): Verdict {
  const { tenderId, payeeAccount: payee, amount, saleHash, expiresAt } = terms
  if (need(whole.tills, till).isSuspended) return refused('terminal_suspended')
  if (expiresAt > whole.now + hourMs) return refused('rule_violated')
  const known = whole.tenders.get(tenderId)
  if (known !== undefined && known.till !== till) return { kind: 'known', item: { result: notYours } }
  const tender = known ?? { ...fresh(whole, till, saleHash), asked: { payee, amount, expiresAt, lines: null } }
  whole.tenders.set(tenderId, tender)
  let arrival = known === undefined ? 'created' : 'exists'
  if (known?.isTombstone === true) arrival = 'reversed_before_arrival'
  else if (tender.asked === null) arrival = 'exists_with_different_payer_slot'
  else if (tender.asked.payee !== payee) arrival = 'exists_with_different_payee_account'
  else if (tender.asked.amount !== amount) arrival = 'exists_with_different_amount'
  else if (tender.hash !== saleHash) arrival = 'exists_with_different_sale_hash'
  else if (tender.asked.expiresAt !== expiresAt) arrival = 'exists_with_different_expiry'
  if (known === undefined && payee !== `merchant.${need(whole.tills, till).merchant}`)
    settle(whole, tender, { state: 'refused', paidBy: null, refusal: 'MERCHANT_NOT_ALLOWED', loss: null })
  const stands = standing(whole, tender)
  if (stands.state === 'requested' && ['created', 'exists'].includes(arrival)) return { kind: 'open' }
  return { kind: 'known', item: { result: told(whole, stands, arrival) } }
}

export function inquiry(whole: Whole, till: string, tenderId: string): Verdict {
  const tender = whole.tenders.get(tenderId)
  if (tender?.till !== till) return { kind: 'not_seen' }
  const stands = standing(whole, tender)
  if (stands.state === 'requested') return { kind: 'open' }
  return { kind: 'known', item: { result: told(whole, stands, 'exists') } }
}

interface WalletPayment extends Asked {
  readonly body: { readonly paymentId: string; readonly requestId: string; readonly payer: string }
}

export function payRequest(whole: Whole, asked: WalletPayment): Verdict {
  const { paymentId, requestId, payer } = asked.body
  return once(whole, asked, 'request-payment', paymentId, () => {
    if (!actsFor(whole, asked, payer)) return refused('not_found')
    const tender = whole.tenders.get(requestId)
    if (tender === undefined || tender.asked === null || tender.state === 'refused') return refused('not_found')
    const { amount, payee, expiresAt } = tender.asked
    const late = lateness(whole, tender)
    if (late === null) {
      if (available(whole, payer) < amount) return tooLittle(payer)
      const tooMuch = whyNotOut(whole, payer, amount)
      if (tooMuch !== undefined) return tooMuch
      whole.holds.set(requestId, { payer, amount, until: expiresAt + heldAfterMs, state: 'pending' })
      settle(whole, tender, { state: 'held', paidBy: null, refusal: null, loss: null })
      if (aside(whole, payer) > amount) meet(whole, `two holds of ${need(whole.accounts, payee).kind}s on one person`)
    } else meet(whole, `a late payment by QR: ${late}`)
    whole.requestPayments.set(paymentId, { tender: requestId, payer, maker: asked.by, lateFor: late })
    return { paymentId, state: late === null ? 'held' : 'paid_back', reason: late }
  })
}

function lateness(whole: Whole, tender: Tender): string | null {
  const { state, closedFor } = standing(whole, tender)
  if (state === 'requested') return need(whole.tills, tender.till).isSuspended ? 'released' : null
  if (state === 'held' || state === 'settled') return 'already_paid'
  return closedFor ?? 'expired'
}

interface Row {
  readonly sequence: number
  readonly hash: string
}

/** The sale is closed: what was set aside becomes the merchant's. */
export function capture(whole: Whole, till: string, id: string, { sequence, hash }: Row, shown?: ShownSale): Verdict {
  const tender = whole.tenders.get(id)
  if (tender?.till !== till || tender.sold !== null) return notYours
  if (isForked(whole, till, sequence, hash)) fileFork(whole, till, id)
  if (tender.isTombstone) return told(whole, tender, 'reversed_before_arrival')
  const { asked } = tender
  if (tender.state === 'held' && asked !== null) {
    settle(whole, tender, take(whole, till, id, tender, shown))
    return told(whole, tender, 'created')
  }
  const stands = standing(whole, tender)
  return stands.state === 'requested' ? nothingMoved('created', 'INSUFFICIENT_FUNDS') : told(whole, stands, 'exists')
}

function take(whole: Whole, till: string, id: string, tender: Tender, shown: ShownSale | undefined): Outcome {
  const hold = need(whole.holds, id)
  const { asked } = tender
  if (asked === null) throw new Error('no QR is taken')
  const { payee, amount } = asked
  if (hold.until <= whole.now) {
    hold.state = 'ended'
    meet(whole, 'a hold ended before its capture')
    file(whole, { till, tender: id, code: 'HOLD_ENDED', owner: 'merchant', amount })
    return { state: 'not_paid', paidBy: null, refusal: null, loss: 'HOLD_ENDED' }
  }
  if (isAtTurnoverLimit(whole, hold.payer)) meet(whole, 'a capture from who may spend no more')
  const { soldAt, lines } = qrSaleOf(whole, id, tender, shown)
  const paid = { paidAs: 'tender', id, payee, payer: hold.payer, amount, soldAt, lines } as const
  // What a bank gives is asked of what it has beside the payment, which itself is paid of what was set aside.
  hold.state = 'posted'
  const short = payWithShares(whole, paid, [hold.payer, payee, amount])
  if (short !== undefined) throw new Error(`in the model the hold ${id} was not covered`)
  asked.lines = lines
  spend(whole, hold.payer, amount)
  netMerchant(whole, payee, keptOf(whole, paid))
  return { state: 'settled', paidBy: 'individual', refusal: null, loss: null }
}

export function reversal(whole: Whole, till: string, id: string, { sequence, hash }: Row): Verdict {
  const known = whole.tenders.get(id)
  if (known !== undefined && known.till !== till) return notYours
  const tender = known ?? { ...fresh(whole, till, ''), state: 'reversed' as const, isTombstone: true }
  whole.tenders.set(id, tender)
  if (isForked(whole, till, sequence, hash)) fileFork(whole, till, id)
  if (known === undefined) return told(whole, tender, 'created')
  const refundedBefore = refundedOf(whole, id).amount
  takeBackAppeal(whole, tender, id, tender.state === 'not_paid' ? refundedBefore : 0n)
  closeAppeals(whole, id)
  if (tender.state === 'reversed') return told(whole, tender, 'exists')
  const was = tender.state
  undo(whole, tender, id, refundedBefore)
  settle(whole, tender, { state: 'reversed', paidBy: null, refusal: null, loss: null })
  if (tender.sold !== null && was !== 'refused') {
    judgeFreed(whole, false)
    settleWaiting(whole, tender.sold.scheme)
  }
  return told(whole, tender, 'created')
}

function undo(whole: Whole, tender: Tender, id: string, refundedBefore: bigint): void {
  const { asked, sold, state } = tender
  if (asked !== null) {
    tender.closedFor = 'released'
    const hold = whole.holds.get(id)
    if (state === 'held' && hold !== undefined) {
      const isOver = hold.until <= whole.now
      if (isOver && isAtTurnoverLimit(whole, hold.payer)) meet(whole, 'a hold ended while its payer may spend no more')
      hold.state = isOver ? 'ended' : 'voided'
    }
    if (state === 'settled' && hold !== undefined) {
      undoCaptured(whole, id, asked.payee, hold.payer, asked.amount - refundedBefore)
      comesBack(whole, hold.payer)
    }
  }
  if (sold === null) return
  const isDry = available(whole, accountOfScheme(sold.scheme)) < sold.amount
  if (state === 'settled') payBack(whole, id, sold, sold.amount - refundedBefore)
  if (state === 'in_review') withdraw(whole, id, tender)
  if (state === 'awaiting_funds') {
    meet(whole, 'a sale is reversed while it waits for money')
    freeWhenCovered(whole, id, sold.slot, accountOfScheme(sold.scheme), sold.amount)
  }
  const waits = [...whole.tenders.values()].some(
    (each) => each.state === 'awaiting_funds' && each.sold?.scheme === sold.scheme,
  )
  if (state === 'settled' && isDry && waits)
    meet(whole, 'a voucher is reversed while its agency is dry and another waits')
}

/** What an agency paid beside a slot goes back to it. @param refundedBefore has gone back with the goods */
function takeBackAppeal(whole: Whole, { till }: Tender, id: string, refundedBefore: bigint): void {
  const beside = paidBeside(whole, id)
  if (beside === undefined) return
  meet(whole, 'what an appeal paid goes back')
  const payee = `merchant.${need(whole.tills, till).merchant}`
  const agency = beside.agency ?? ''
  const amount = beside.amount - refundedBefore
  const taking = takingBack(whole, { paidAs: 'appeal', id: beside.id, payee, paid: beside.amount, progress: 'all' })
  const back = least(amount, taking.available)
  if (taking.post([payee, agency, back]) !== undefined) throw new Error('the merchant had it')
  if (back < amount) {
    const debt = { kind: 'appeal', reference: beside.id, debtor: payee, creditor: agency, at: whole.now } as const
    whole.debts.push({ ...debt, left: amount - back })
  }
  beside.appeal = 'given_back'
}

export interface Line {
  readonly line: number
  readonly amount: bigint
}

function refundedOf(whole: Whole, tender: string): Progress {
  const done = [...whole.refunds.values()].filter((each) => each.tender === tender && each.refusal === null)
  const byLine = new Map<number, bigint>()
  for (const each of done) for (const [line, amount] of each.byLine) byLine.set(line, (byLine.get(line) ?? 0n) + amount)
  return { amount: sum(done.map(({ amount }) => amount)), byLine }
}

export interface RefundItem {
  readonly refundId: string
  readonly tenderId: string
  readonly lines: readonly Line[]
}

export function refundItem(whole: Whole, till: string, item: RefundItem, { sequence, hash }: Row): Verdict {
  const { refundId, tenderId, lines } = item
  const amount = sum(lines.map((line) => line.amount))
  const known = whole.refunds.get(refundId)
  if (known !== undefined) {
    if (known.till !== till) return notYours
    const isOtherAmount = known.amount !== amount || known.lines !== canonical(lines)
    const arrival =
      known.tender !== tenderId
        ? 'exists_with_different_sale_hash'
        : isOtherAmount
          ? 'exists_with_different_amount'
          : 'exists'
    return toldOfRefund(whole, known.tender, known.amount, known.refusal, arrival)
  }
  const tender = whole.tenders.get(tenderId)
  if (isForked(whole, till, sequence, hash)) fileFork(whole, till, tender?.till === till ? tenderId : null)
  const before = refundedOf(whole, tenderId)
  const byLine = new Map<number, bigint>()
  for (const { line, amount: of } of lines) byLine.set(line, (byLine.get(line) ?? 0n) + of)
  const progress = { amount: before.amount + amount, byLine: new Map(before.byLine) }
  for (const [line, of] of byLine) progress.byLine.set(line, (before.byLine.get(line) ?? 0n) + of)
  const refusal = whyNoRefund(whole, till, item, progress) ?? giveBack(whole, item, progress, amount) ?? null
  whole.refunds.set(refundId, { till, tender: tenderId, lines: canonical(lines), amount, refusal, byLine })
  if (refusal === null && tender !== undefined && tender.sold !== null) {
    judgeFreed(whole, false)
    settleWaiting(whole, tender.sold.scheme)
  }
  return toldOfRefund(whole, tenderId, amount, refusal, 'created')
}

function toldOfRefund(whole: Whole, id: string, amount: bigint, refusal: string | null, arrival: string): Verdict {
  const slotId = refusal === 'REFUND_ORIGINAL_UNKNOWN' ? undefined : whole.tenders.get(id)?.sold?.slot
  const figures = slotFigures(whole, slotId)
  if (refusal !== null) return { arrival, state: 'refused', amount: 0n, refusal, ...figures }
  return { arrival, state: 'done', amount, refusal: null, ...figures }
}

function whyNoRefund(whole: Whole, till: string, { tenderId }: RefundItem, progress: Progress): string | undefined {
  const tender = whole.tenders.get(tenderId)
  const payee = tender?.sold?.payee ?? tender?.asked?.payee
  if (tender === undefined || payee !== `merchant.${need(whole.tills, till).merchant}`) return 'REFUND_ORIGINAL_UNKNOWN'
  const isBeside = tender.state === 'not_paid' && paidBeside(whole, tenderId) !== undefined
  if (tender.state !== 'settled' && !isBeside) return 'REFUND_ORIGINAL_NOT_PAID'
  const paid = tender.sold?.amount ?? tender.asked?.amount ?? 0n
  if (progress.amount > paid) return 'REFUND_ABOVE_ORIGINAL'
  const lines = tender.sold?.lines ?? tender.asked?.lines ?? null
  if (lines === null) return undefined
  if (tender.sold === null) meet(whole, 'a refund of a QR by its lines')
  const paidOf = (line: number): bigint => sum(lines.filter((one) => one.line === line).map(({ amount }) => amount))
  return [...progress.byLine].some(([line, of]) => of > paidOf(line)) ? 'REFUND_ABOVE_ORIGINAL' : undefined
}

function giveBack(whole: Whole, { refundId, tenderId }: RefundItem, progress: Progress, amount: bigint) {
  const { sold, asked } = need(whole.tenders, tenderId)
  if (sold !== null) return refundVoucher(whole, tenderId, sold, refundId, progress, amount)
  if (asked === null) throw new Error('a refund of nothing')
  const { payer } = need(whole.holds, tenderId)
  const { payee, amount: paid } = asked
  const taking = takingBack(whole, { paidAs: 'tender', id: tenderId, payee, paid, progress })
  if (taking.post([payee, payer, amount]) !== undefined) return 'INSUFFICIENT_FUNDS'
  if (isAtTurnoverLimit(whole, payer)) meet(whole, 'a refund to who may spend no more')
  comesBack(whole, payer)
  return undefined
}

export interface SurrenderItem {
  readonly surrenderId: string
  readonly leaseId: string
  readonly slotId: string
}

/** The till gives a slot back for good, from the lease of its own that holds it now. */
export function surrender(whole: Whole, till: string, item: SurrenderItem, { sequence, hash }: Row): Verdict {
  const { surrenderId, leaseId, slotId } = item
  closeDueLeases(whole)
  const known = whole.surrenders.get(surrenderId)
  if (known !== undefined) {
    if (known.till !== till) return notYours
    const isSame = known.slot === slotId && known.lease === leaseId
    return { ...(known['answer'] as Verdict), arrival: isSame ? 'exists' : 'exists_with_different_payer_slot' }
  }
  if (isForked(whole, till, sequence, hash)) fileFork(whole, till, null, leaseId)
  const answer = released(whole, till, item, sequence)
  whole.surrenders.set(surrenderId, { till, slot: slotId, lease: leaseId, answer })
  return { arrival: 'created', ...answer, ...slotFigures(whole, slotId) }
}

function released(whole: Whole, till: string, { leaseId, slotId }: SurrenderItem, sequence: number): Verdict {
  const named = whole.leases.get(leaseId)
  if (named?.till !== till || !named.slots.has(slotId))
    return { state: 'refused', amount: 0n, refusal: 'CARD_NOT_IN_LEASE' }
  need(whole.tills, till).surrendered.add(slotId)
  const done = (amount: bigint): Verdict => ({ state: 'done', amount, refusal: null })
  const slot = need(whole.slots, slotId)
  const lease = holding(whole, slotId)
  if (lease?.till !== till || slot.lease === null) return done(0n)
  const amount = amountLeft(whole, slot)
  mustMove(whole, [escrowOf(slot.lease), accountOfScheme(lease.scheme), amount])
  leaves(lease, slotId, 'surrendered', sequence)
  slot.lease = null
  settleWaiting(whole, lease.scheme)
  charge(whole, slotId)
  passOnFreed(whole, lease.scheme, [slotId])
  return done(amount)
}

/** The till's leases are renewed as its agency wants; which cards and slots that are is the package's to say. */
export function fetchPackage(whole: Whole, till: string): Verdict {
  if (need(whole.tills, till).isSuspended) return refused('terminal_suspended')
  renew(whole, till, (scheme) => settleWaiting(whole, scheme))
  need(whole.tills, till).fetchedAt = whole.now
  return {}
}
