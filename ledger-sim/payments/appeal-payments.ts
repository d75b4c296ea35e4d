/**
 * Money of accepted appeals that moves beside the slots: from the agency's free account, since the sale's slot has no
 * room for it, or may not be its own. The tender stays `not_paid`, so no slot and no escrow is touched by it.
 */
import { smallestTiyn, subtractTiyn, tiyn, type Tiyn } from '../../src/voucher/money.ts'
import { accountOfOwner } from '../accounts/accounts.ts'
import { post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { takingBack } from '../rules/returns.ts'
import { sharesOf } from '../rules/shares.ts'
import { findMerchant } from '../schemes/merchants.ts'
import { findTerminal } from '../terminals/terminals.ts'
import { tellOfDiscrepancy } from './discrepancy-news.ts'
import { netDebts } from './settlement.ts'
import { voucherSaleOf } from './voucher-sale.ts'

interface Beside {
  readonly discrepancyId: string
  readonly agencyId: string
  readonly terminalId: string
  readonly amount: Tiyn
}

/**
 * The goods were sold, so the rules of the merchant take their shares as of any voucher's payment; the payment's id is
 * here the discrepancy's.
 *
 * @returns `short`: the agency has no free account, or not enough in it; nothing moved
 */
export async function payBeside(work: Work, beside: Beside, tenderId: string | null): Promise<'paid' | 'short'> {
  const { debit, credit } = await accountsOf(work, beside)
  if (debit === undefined) return 'short'
  const { amount, discrepancyId: paymentId } = beside
  const sale = async () => (tenderId === null ? { at: work.now, lines: null } : voucherSaleOf(work, tenderId))
  const shares = await sharesOf(work, { paidAs: 'appeal', paymentId, payeeAccount: credit, payer: null, amount, sale })
  const leg = { debit, credit, amount, kind: 'appeal-payment' } as const
  if ((await post(work, [leg, ...shares.legs], paymentId)).kind === 'short') return 'short'
  await shares.keep()
  await netDebts(work, credit, shares.merchantKeeps)
  return 'paid'
}

export interface PaidBeside {
  readonly discrepancyId: string
  /** The agency's free account. */
  readonly account: string
}

/** What paid the tender beside its slot; undefined where nothing did, or the agency has its money back. */
export async function paidBesideOf(work: Work, tenderId: string): Promise<PaidBeside | undefined> {
  const paid = await work.connection
    .selectFrom('appeal')
    .innerJoin('discrepancy', 'discrepancy.discrepancy_id', 'appeal.discrepancy_id')
    .select(['appeal.agency_id', 'appeal.discrepancy_id'])
    .where('discrepancy.tender_id', '=', tenderId)
    .where('appeal.state', '=', 'accepted')
    .where('appeal.paid_from', '=', 'agency')
    .executeTakeFirst()
  const account = paid === undefined ? undefined : await accountOfOwner(work, paid.agency_id, 'agency')
  return paid === undefined || account === undefined ? undefined : { discrepancyId: paid.discrepancy_id, account }
}

/**
 * The till disowned the sale after all: what the agency paid goes back; what the merchant has not, it owes.
 *
 * @param refunded has gone back with the goods already
 */
export async function takeBackAppeals(work: Work, tenderId: string, refunded: Tiyn): Promise<void> {
  const { connection } = work
  const paid = await connection
    .selectFrom('appeal')
    .innerJoin('discrepancy', 'discrepancy.discrepancy_id', 'appeal.discrepancy_id')
    .select(['appeal.discrepancy_id', 'appeal.agency_id', 'discrepancy.terminal_id', 'discrepancy.amount'])
    .where('discrepancy.tender_id', '=', tenderId)
    .where('appeal.state', '=', 'accepted')
    .where('appeal.paid_from', '=', 'agency')
    .execute()
  for (const row of paid) {
    const discrepancyId = row.discrepancy_id
    const amount = subtractTiyn(tiyn(row.amount), refunded)
    const of = { discrepancyId, agencyId: row.agency_id, terminalId: row.terminal_id, amount }
    const { debit: free, credit: merchant } = await accountsOf(work, of)
    if (free === undefined) throw new Error(`the account that paid ${discrepancyId} vanished`)
    const ids = { paidAs: 'appeal', paymentId: discrepancyId, returnedAs: 'reversal', returnId: discrepancyId } as const
    const undone = { payeeAccount: merchant, paid: tiyn(row.amount), progress: 'all' } as const
    const taking = await takingBack(work, { ...ids, ...undone })
    const back = smallestTiyn(amount, taking.available)
    const leg = { debit: merchant, credit: free, amount: back, kind: 'appeal-reversal' } as const
    if ((await taking.post([leg])).kind === 'short') throw new Error('the merchant had less than was available')
    const owed = subtractTiyn(amount, back)
    if (owed > 0n) {
      const debt = { account_id: merchant, creditor: free, amount: owed, at: work.now }
      await connection
        .insertInto('merchant_debt')
        .values({ kind: 'appeal', reference: discrepancyId, ...debt })
        .execute()
    }
    await connection
      .updateTable('appeal')
      .set({ state: 'given_back' })
      .where('discrepancy_id', '=', discrepancyId)
      .execute()
    await tellOfDiscrepancy(work, discrepancyId)
  }
}

async function accountsOf(
  work: Work,
  { agencyId, terminalId }: Beside,
): Promise<{ readonly debit: string | undefined; readonly credit: string }> {
  const terminal = await findTerminal(work, terminalId)
  const found = terminal === undefined ? undefined : await findMerchant(work, terminal.merchantId)
  if (found === undefined) throw new Error(`terminal ${terminalId} has no merchant`)
  return { debit: await accountOfOwner(work, agencyId, 'agency'), credit: found.merchant.accountId }
}
