/**
 * A refund: a new payment back, against a completed sale (money-rules.md, "Words" and "Marked money"). Voucher value
 * goes back to the scheme's line and period, never to cash; when the period is over, or an appeal was paid beside the
 * slot, to the agency's free account. What was paid by QR goes back to its payer. What was paid, in all and for each
 * line, is the most that goes back.
 */
import { toJson } from '../../src/sync/protocol/canonical.ts'
import type { Refund, SignedItemResult } from '../../src/sync/protocol/messages.ts'
import { addTiyn, smallestTiyn, subtractTiyn, tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { RefusalCode } from '../../src/voucher/reasons.ts'
import type { TenderTerms } from '../../src/voucher/tender.ts'
import { accountOfOwner } from '../accounts/accounts.ts'
import type { Leg } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { changeFunds, escrowOfHolding, holdingOfTender, type Holding } from '../applet/holdings.ts'
import { findLease } from '../leases/leases.ts'
import { takingBack, type Progress } from '../rules/returns.ts'
import { slotAsSeen } from '../schemes/bridges.ts'
import { findMerchant } from '../schemes/merchants.ts'
import { findScheme, schemeAccountOf } from '../schemes/schemes.ts'
import { findSlot, freeSlot, reduceSlotUse } from '../schemes/slots.ts'
import { recordPosition } from '../terminals/heads.ts'
import type { Terminal } from '../terminals/terminals.ts'
import { paidBesideOf, type PaidBeside } from './appeal-payments.ts'
import { settleWaiting } from './awaiting-funds.ts'
import { fileDiscrepancy } from './discrepancies.ts'
import { refundRequest } from './payment-requests.ts'
import { paidLinesOf } from './qr-sale.ts'
import { notYoursResult, signResult } from './results.ts'
import { findTender, type Tender } from './tenders.ts'

/** @param created the signer's time in seconds of the request that carried it */
export async function refund(work: Work, terminal: Terminal, item: Refund, created: number): Promise<SignedItemResult> {
  const { connection, now } = work
  const inserted = await connection
    .insertInto('refund')
    .values({
      refund_id: item.refundId,
      tender_id: item.tenderId,
      terminal_id: terminal.terminalId,
      amount: item.amount,
      lines: toJson(item.lines),
      reason: item.reason,
      state: 'refused',
      refusal: null,
      at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('refund_id')
    .executeTakeFirst()
  if (inserted === undefined) return refundAgain(work, terminal, item)
  const tender = await findTender(work, item.tenderId)
  if ((await recordPosition(work, terminal.terminalId, item.position, created)) === 'conflict') {
    // The money goes back to the agency, which harms nobody; that the journal forked is on file. About no tender of
    // which a loss may still have to be filed under this code.
    await fileDiscrepancy(work, {
      terminalId: terminal.terminalId,
      tenderId: tender?.terminalId === terminal.terminalId ? item.tenderId : null,
      code: 'CHAIN_BROKEN',
      owner: 'merchant',
      amount: 0n,
      evidence: { position: item.position, refundId: item.refundId, tenderId: item.tenderId },
    })
  }
  const refusal = await refusalOf(work, terminal, item, tender)
  const refused = refusal ?? (await giveBack(work, item, tender))
  if (refused !== undefined) {
    await connection.updateTable('refund').set({ refusal: refused }).where('refund_id', '=', item.refundId).execute()
    return refundResult(work, item, 'created', refused, now)
  }
  await connection.updateTable('refund').set({ state: 'done' }).where('refund_id', '=', item.refundId).execute()
  if (tender !== undefined && tender.terms !== null) {
    await work.judgeFreed()
    await settleWaiting(work, tender.terms.schemeId)
  }
  return refundResult(work, item, 'created', undefined, now)
}

async function refundAgain(work: Work, terminal: Terminal, item: Refund): Promise<SignedItemResult> {
  const first = await work.connection
    .selectFrom('refund')
    .selectAll()
    .where('refund_id', '=', item.refundId)
    .executeTakeFirstOrThrow()
  if (first.terminal_id !== terminal.terminalId) return notYoursResult(work, item.refundId)
  const original = { ...item, tenderId: first.tender_id, amount: tiyn(first.amount) }
  const arrival =
    first.tender_id !== item.tenderId
      ? 'exists_with_different_sale_hash'
      : first.amount !== item.amount || first.lines !== toJson(item.lines)
        ? 'exists_with_different_amount'
        : 'exists'
  const refusal = first.state === 'done' ? undefined : (first.refusal as RefusalCode)
  return refundResult(work, original, arrival, refusal, Number(first.at))
}

async function refusalOf(
  work: Work,
  terminal: Terminal,
  item: Refund,
  tender: Tender | undefined,
): Promise<RefusalCode | undefined> {
  const terms = tender?.terms ?? tender?.request
  if (tender === undefined || terms === null || terms === undefined) return 'REFUND_ORIGINAL_UNKNOWN'
  const merchant = await findMerchant(work, terminal.merchantId)
  // Another merchant's sale: the same answer as for one that is not there.
  if (merchant?.merchant.accountId !== terms.payeeAccount) return 'REFUND_ORIGINAL_UNKNOWN'
  if (tender.state !== 'settled' && (await besideOf(work, tender)) === undefined) return 'REFUND_ORIGINAL_NOT_PAID'
  if (addTiyn(...item.lines.map((line) => line.amount)) !== item.amount) return 'REFUND_ABOVE_ORIGINAL'
  const earlier = await refundedBefore(work, item.tenderId)
  if (earlier.amount + item.amount > tender.amount) return 'REFUND_ABOVE_ORIGINAL'
  const lines = await paidLinesOf(work, tender)
  if (lines === null) return undefined
  const paid = new Map(lines.map(({ line, amount }) => [line, amount]))
  // A line may be named twice: what counts is its sum.
  const wanted = sumsByLine(item.lines)
  const isAbove = [...wanted].some(([line, sum]) => (earlier.byLine.get(line) ?? 0n) + sum > (paid.get(line) ?? 0n))
  return isAbove ? 'REFUND_ABOVE_ORIGINAL' : undefined
}

export interface RefundedBefore {
  readonly amount: Tiyn
  readonly byLine: ReadonlyMap<number, bigint>
}

/** What went back of a tender so far. */
export async function refundedBefore({ connection }: Work, tenderId: string): Promise<RefundedBefore> {
  const rows = await connection
    .selectFrom('refund')
    .select(['amount', 'lines'])
    .where('tender_id', '=', tenderId)
    .where('state', '=', 'done')
    .execute()
  const lines = rows.flatMap((row) => JSON.parse(row.lines) as { line: number; amount: string }[])
  return { amount: addTiyn(...rows.map((row) => tiyn(row.amount))), byLine: sumsByLine(lines) }
}

function sumsByLine(
  lines: readonly { readonly line: number; readonly amount: string | bigint }[],
): ReadonlyMap<number, bigint> {
  const sums = new Map<number, bigint>()
  for (const { line, amount } of lines) sums.set(line, (sums.get(line) ?? 0n) + BigInt(amount))
  return sums
}

/** @returns why not, when neither the merchant nor the agency can cover the slot now; of a QR, the merchant alone */
async function giveBack(work: Work, item: Refund, tender: Tender | undefined): Promise<RefusalCode | undefined> {
  const terms = tender?.terms
  const progress = await progressWith(work, item)
  if (tender?.request) return refundRequest(work, tender.request, item, progress)
  if (tender === undefined || terms === null || terms === undefined) throw new Error('a refund of nothing')
  const { refundId, amount, tenderId } = item
  const { payeeAccount } = terms
  const beside = await besideOf(work, tender)
  const ids =
    beside === undefined
      ? ({ paidAs: 'tender', paymentId: tenderId } as const)
      : ({ paidAs: 'appeal', paymentId: beside.discrepancyId } as const)
  const taken = { ...ids, returnedAs: 'refund', returnId: refundId, payeeAccount, paid: tender.amount } as const
  const taking = await takingBack(work, { ...taken, progress })
  const back = smallestTiyn(amount, taking.available)
  const owed = subtractTiyn(amount, back)
  const target: Target =
    beside === undefined
      ? await targetOf(work, tenderId, terms)
      : { credit: beside.account, creditor: beside.account, freesSlot: false }
  const cover = target.creditor === target.credit || owed === 0n ? zeroTiyn : owed
  const legs: Leg[] = [
    { debit: terms.payeeAccount, credit: target.credit, amount: back, kind: 'voucher-refund' },
    // What the merchant owes the agency, the agency puts in: an escrow always covers its slots.
    { debit: target.creditor, credit: target.credit, amount: cover, kind: 'lease-funding' },
  ]
  if ((await taking.post(legs.filter((leg) => leg.amount > 0n))).kind === 'short') return 'INSUFFICIENT_FUNDS'
  if (owed > 0n) {
    await work.connection
      .insertInto('merchant_debt')
      .values({
        kind: 'refund',
        reference: refundId,
        account_id: terms.payeeAccount,
        creditor: target.creditor,
        amount: owed,
        at: work.now,
      })
      .execute()
  }
  if (!target.freesSlot) return undefined
  if (target.holding !== undefined) await changeFunds(work, target.holding, amount)
  const isWhole = progress.amount === tender.amount
  if (isWhole) await freeSlot(work, tender.tenderId)
  else await reduceSlotUse(work, tender.tenderId, amount)
  return undefined
}

/** What has gone back of the tender, with this refund. */
async function progressWith(work: Work, { tenderId, amount, lines }: Refund): Promise<Progress> {
  const earlier = await refundedBefore(work, tenderId)
  const byLine = new Map(earlier.byLine)
  for (const [line, sum] of sumsByLine(lines)) byLine.set(line, (byLine.get(line) ?? 0n) + sum)
  return { amount: earlier.amount + amount, byLine }
}

/** Whose money comes back where no slot paid. Beside a slot's payment an appeal of a former version may stand. */
async function besideOf(work: Work, { state, tenderId }: Tender): Promise<PaidBeside | undefined> {
  return state === 'not_paid' ? paidBesideOf(work, tenderId) : undefined
}

interface Target {
  /** Where the money goes. */
  readonly credit: string
  /** Whom the merchant owes what it cannot give back now. */
  readonly creditor: string
  /** Of a card that counts itself: in its escrow. */
  readonly holding?: Holding
  /** False when the period is over, or no slot paid: the allowance does not come back, the agency's money does. */
  readonly freesSlot: boolean
}

async function targetOf(work: Work, tenderId: string, { schemeId, payerSlot: slotId }: TenderTerms): Promise<Target> {
  const scheme = await findScheme(work, schemeId)
  const state = await findSlot(work, slotId)
  if (scheme === undefined || state === undefined) throw new Error(`slot ${slotId} of ${schemeId} vanished`)
  const marked = schemeAccountOf(schemeId)
  const period = scheme.periods.find(({ periodId }) => periodId === state.slot.periodId)
  if (period === undefined || period.to <= work.now) {
    const free = (await accountOfOwner(work, scheme.agencyId, 'agency')) ?? marked
    return { credit: free, creditor: free, freesSlot: false }
  }
  const holding = await holdingOfTender(work, tenderId)
  if (holding !== undefined)
    return { credit: await escrowOfHolding(work, holding), creditor: marked, freesSlot: true, holding }
  const lease = state.leaseId === null ? undefined : await findLease(work, state.leaseId)
  return { credit: lease?.escrowAccount ?? marked, creditor: marked, freesSlot: true }
}

async function refundResult(
  work: Work,
  item: Pick<Refund, 'refundId' | 'tenderId' | 'amount'>,
  arrival: SignedItemResult['result']['arrival'],
  refusal: RefusalCode | undefined,
  at: number,
): Promise<SignedItemResult> {
  const tender = await findTender(work, item.tenderId)
  const isOurs = refusal !== 'REFUND_ORIGINAL_UNKNOWN'
  const slot = isOurs && tender?.terms ? await slotAsSeen(work, tender.terms.payerSlot) : undefined
  return signResult(work, {
    itemId: item.refundId,
    arrival,
    state: refusal === undefined ? 'done' : 'refused',
    paidBy: null,
    amount: refusal === undefined ? item.amount : zeroTiyn,
    refusal: refusal ?? null,
    loss: null,
    slot: slot ?? null,
    at,
  })
}
