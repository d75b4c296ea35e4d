/** An agency marks money for a scheme; sales that waited for it are paid at once. */
import type { Tiyn } from '../../src/voucher/money.ts'
import { post, type Posted } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'
import { settleWaiting } from '../payments/awaiting-funds.ts'
import { schemeAccountOf } from './schemes.ts'

export async function fundScheme(
  work: Work,
  agencyAccount: string,
  schemeId: string,
  amount: Tiyn,
  reference: string,
): Promise<Posted> {
  const leg = { debit: agencyAccount, credit: schemeAccountOf(schemeId), amount, kind: 'scheme-funding' } as const
  const posted = await post(work, [leg], reference)
  if (posted.kind === 'posted') await settleWaiting(work, schemeId)
  return posted
}
