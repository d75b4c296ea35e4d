/** Moves the money of voucher payments, and back. */
import { schemeAccountOf } from '../schemes/schemes.ts'
import { smallestTiyn, subtractTiyn, tiyn, type Tiyn } from '../../src/voucher/money.ts'
import { post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { changeFunds, escrowOfHolding, holdingOfTender } from '../applet/holdings.ts'
import { findLease } from '../leases/leases.ts'
import { takingBack } from '../rules/returns.ts'
import { sharesOf } from '../rules/shares.ts'
import { findSlot, freeSlot } from '../schemes/slots.ts'
import { statement } from '../store/statement.ts'
import { voucherSaleOf } from './voucher-sale.ts'

export interface VoucherPayment {
  readonly tenderId: string
  readonly payer: string
  readonly payeeAccount: string
  readonly amount: Tiyn
}

/**
 * Pays the merchant, with the shares of the rules that are in force for it (docs/design/19-rules.md), then takes from
 * what the merchant keeps what it owes (money-rules.md, "Marked money": netting).
 */
export async function pay(work: Work, payment: VoucherPayment): Promise<'paid' | 'short'> {
  const { payer, payeeAccount, amount, tenderId } = payment
  const sale = () => voucherSaleOf(work, tenderId)
  const shares = await sharesOf(work, {
    paidAs: 'tender',
    paymentId: tenderId,
    payeeAccount,
    payer: null,
    amount,
    sale,
  })
  const leg = { debit: payer, credit: payeeAccount, amount, kind: 'voucher-payment' } as const
  if ((await post(work, [leg, ...shares.legs], tenderId)).kind === 'short') return 'short'
  await shares.keep()
  await netDebts(work, payeeAccount, shares.merchantKeeps)
  return 'paid'
}

export interface PaidTender {
  readonly tenderId: string
  readonly slotId: string
  readonly schemeId: string
  readonly payeeAccount: string
  readonly amount: Tiyn
}

/**
 * Takes a payment back the way it came, with the shares of its rules: into the escrow of the card that paid it, or of
 * the lease that holds the slot now, else to the agency's scheme account, and frees the slot. Where a refund after the
 * period went elsewhere, less comes back than the slot uses: then the agency's own money must cover the slot before it
 * is freed. A merchant who has less than that owes the rest; then the agency's own money keeps the escrow whole, or the
 * slot stays used until the debt is netted.
 */
export async function payBack(work: Work, tender: PaidTender): Promise<void> {
  const scheme = schemeAccountOf(tender.schemeId)
  const escrow = await escrowHolding(work, tender.slotId)
  const { tenderId, payeeAccount } = tender
  const ids = { paidAs: 'tender', paymentId: tenderId, returnedAs: 'reversal', returnId: tenderId } as const
  const taking = await takingBack(work, { ...ids, payeeAccount, paid: tender.amount, progress: 'all' })
  const back = smallestTiyn(tender.amount, taking.available)
  const owed = subtractTiyn(tender.amount, back)
  const used = await usedBy(work, tender.tenderId)
  const isWhole = owed === 0n && used === tender.amount
  const holding = isWhole ? await holdingOfTender(work, tenderId) : undefined
  const ofCard = holding === undefined ? undefined : await escrowOfHolding(work, holding)
  const target = isWhole ? (ofCard ?? escrow ?? scheme) : scheme
  const leg = { debit: payeeAccount, credit: target, amount: back, kind: 'voucher-reversal' } as const
  if ((await taking.post([leg])).kind === 'short') throw new Error('the merchant had less than was available')
  if (holding !== undefined) await changeFunds(work, holding, back)
  if (isWhole) return freeSlot(work, tender.tenderId)
  if (owed > 0n) await oweRest(work, tender, scheme, owed)
  await freeWhenCovered(work, tender.tenderId, tender.slotId, scheme, used)
}

async function usedBy({ connection }: Work, tenderId: string): Promise<Tiyn> {
  const use = await connection
    .selectFrom('slot_use')
    .select('amount')
    .where('tender_id', '=', tenderId)
    .executeTakeFirst()
  return tiyn(use?.amount ?? 0n)
}

/** The merchant owes what it cannot give back now; it is netted from its next settlements. */
export async function oweRest(
  work: Work,
  tender: Pick<PaidTender, 'tenderId' | 'payeeAccount'>,
  creditor: string,
  amount: Tiyn,
): Promise<void> {
  await work.connection
    .insertInto('merchant_debt')
    .values({
      kind: 'reversal',
      reference: tender.tenderId,
      account_id: tender.payeeAccount,
      creditor,
      amount,
      at: work.now,
    })
    .execute()
}

async function escrowHolding(work: Work, slotId: string): Promise<string | undefined> {
  const state = await findSlot(work, slotId)
  if (state === undefined || state.leaseId === null) return undefined
  return (await findLease(work, state.leaseId))?.escrowAccount
}

/**
 * A leased slot gets its allowance back only together with the money for it: escrow is always funded. Without it the
 * slot stays used, and `freeGivenBack` tries again when there is money.
 */
export async function freeWhenCovered(
  work: Work,
  tenderId: string,
  slotId: string,
  scheme: string,
  amount: Tiyn,
): Promise<void> {
  const escrow = await escrowHolding(work, slotId)
  if (escrow !== undefined) {
    const topUp = { debit: scheme, credit: escrow, amount, kind: 'lease-funding' } as const
    if ((await post(work, [topUp], tenderId)).kind === 'short') return
  }
  await freeSlot(work, tenderId)
}

const nettingOf = { reversal: 'debt-netting', refund: 'refund-netting', appeal: 'appeal-netting' } as const

const debtsOf = statement((connection, { account }: { account: string }) =>
  connection
    .selectFrom('merchant_debt')
    .selectAll()
    .where('account_id', '=', account)
    .where('amount', '>', 0n)
    .orderBy('at')
    .orderBy('kind')
    .orderBy('reference'),
)

/** Takes what the owner of an account owes from what it just received. */
export async function netDebts(work: Work, account: string, received: Tiyn): Promise<void> {
  const debts = await debtsOf(work.connection, { account })
  let left = received
  for (const debt of debts) {
    const amount = smallestTiyn(tiyn(debt.amount), left)
    if (amount === 0n) return
    const leg = { debit: account, credit: debt.creditor, amount, kind: nettingOf[debt.kind] } as const
    if ((await post(work, [leg], debt.reference)).kind === 'short') return
    left = subtractTiyn(left, amount)
    await work.connection
      .updateTable('merchant_debt')
      .set({ amount: debt.amount - amount })
      .where('kind', '=', debt.kind)
      .where('reference', '=', debt.reference)
      .execute()
    if (amount === debt.amount && debt.kind === 'reversal') await freeRest(work, debt.reference, debt.creditor)
  }
}

/** The debt is paid: a slot that was kept used for want of money is freed. */
async function freeRest(work: Work, tenderId: string, scheme: string): Promise<void> {
  const use = await work.connection
    .selectFrom('slot_use')
    .select(['slot_id', 'amount'])
    .where('tender_id', '=', tenderId)
    .executeTakeFirst()
  if (use !== undefined) await freeWhenCovered(work, tenderId, use.slot_id, scheme, tiyn(use.amount))
}

/** Frees what is still used by payments of a scheme that were taken back and are owed by nobody. */
export async function freeGivenBack(work: Work, schemeId: string): Promise<void> {
  const uses = await work.connection
    .selectFrom('slot_use')
    .innerJoin('tender', 'tender.tender_id', 'slot_use.tender_id')
    .leftJoin('merchant_debt', (join) =>
      join.onRef('merchant_debt.reference', '=', 'slot_use.tender_id').on('merchant_debt.kind', '=', 'reversal'),
    )
    .select(['slot_use.tender_id', 'slot_use.slot_id', 'slot_use.amount'])
    .where('tender.scheme_id', '=', schemeId)
    .where('tender.state', '=', 'reversed')
    .where((expression) =>
      expression.or([expression('merchant_debt.amount', 'is', null), expression('merchant_debt.amount', '=', 0n)]),
    )
    .orderBy('slot_use.tender_id')
    .execute()
  for (const use of uses)
    await freeWhenCovered(work, use.tender_id, use.slot_id, schemeAccountOf(schemeId), tiyn(use.amount))
}
