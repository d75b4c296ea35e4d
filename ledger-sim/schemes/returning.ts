/**
 * Money that returns (docs/design/21-unused-allowances.md): of a scheme that says so, what is neither spent nor
 * promised by a date goes back to its agency's free account, and what becomes free later goes back as soon as it is.
 */
import { tiyn } from '../../src/voucher/money.ts'
import { accountOfOwner } from '../accounts/accounts.ts'
import { availableIn, post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { closeDueHoldings } from '../applet/close.ts'
import { closeDueLeases } from '../leases/close.ts'
import { schemeAccountOf } from './schemes.ts'

/**
 * What is due by now: leases past their time are closed, so is what cards held of a period past its time, and what
 * schemes give back is given back. Cheap when there is nothing to do, so it is asked before a scheme's money is
 * promised.
 *
 * @returns how many leases and slots on cards were closed
 */
export async function doWhatIsDue(work: Work): Promise<number> {
  const closed = (await closeDueLeases(work)) + (await closeDueHoldings(work))
  await returnUnused(work)
  return closed
}

/** What is in escrow, in review or owed by a merchant is not in the scheme's account, and comes back to it first. */
async function returnUnused(work: Work): Promise<void> {
  const due = await work.connection
    .selectFrom('scheme')
    .innerJoin('account', 'account.account_id', 'scheme.account_id')
    .select(['scheme.scheme_id', 'scheme.agency_id'])
    .where('scheme.returns_by', '<=', BigInt(work.now))
    .where('account.balance', '>', 0n)
    .orderBy('scheme.scheme_id')
    .execute()
  for (const { scheme_id: schemeId, agency_id: agencyId } of due) await giveBack(work, schemeId, agencyId)
}

async function giveBack(work: Work, schemeId: string, agencyId: string): Promise<void> {
  const free = await accountOfOwner(work, agencyId, 'agency')
  const left = ((await availableIn(work, schemeAccountOf(schemeId))) ?? 0n) - (await promised(work, schemeId))
  if (free === undefined || left <= 0n) return
  const leg = { debit: schemeAccountOf(schemeId), credit: free, amount: tiyn(left), kind: 'scheme-return' } as const
  const posted = await post(work, [leg], schemeId)
  if (posted.kind === 'short') throw new Error(`${posted.account} gave less than it had`)
}

/** Accepted sales that its account still has to pay: they wait for the rest of the money, or for a review of theirs. */
async function promised({ connection }: Work, schemeId: string): Promise<bigint> {
  const rows = await connection
    .selectFrom('tender')
    .leftJoin('review', 'review.tender_id', 'tender.tender_id')
    .select('tender.amount')
    .where('tender.scheme_id', '=', schemeId)
    .where('tender.state', 'in', ['awaiting_funds', 'in_review'])
    .where('review.held_in', 'is', null)
    .execute()
  return rows.reduce((sum, row) => sum + row.amount, 0n)
}
