/**
 * Who got a share and cannot give its part back owes it: the tax authority to a merchant, a client to its bank. It is
 * netted from what rules give the debtor next.
 */
import { smallestTiyn, subtractTiyn, tiyn, type Tiyn } from '../../src/voucher/money.ts'
import { post } from '../accounts/transfers.ts'
import type { Work } from '../context.ts'

/** Takes what the owner of an account owes from the share that it just got; oldest first. */
export async function netRuleDebts(work: Work, debtor: string, received: Tiyn): Promise<void> {
  if (received === 0n) return
  const { connection } = work
  const debts = await connection
    .selectFrom('rule_debt')
    .selectAll()
    .where('debtor', '=', debtor)
    .where('amount', '>', 0n)
    .orderBy('at')
    .orderBy('share_id')
    .orderBy('return_id')
    .orderBy('returned_as')
    .execute()
  let left = received
  for (const debt of debts) {
    const amount = smallestTiyn(tiyn(debt.amount), left)
    if (amount === 0n) return
    const leg = { debit: debtor, credit: debt.creditor, amount, kind: 'rule-netting' } as const
    if ((await post(work, [leg], debt.share_id)).kind === 'short') return
    left = subtractTiyn(left, amount)
    await connection
      .updateTable('rule_debt')
      .set({ amount: debt.amount - amount })
      .where('share_id', '=', debt.share_id)
      .where('return_id', '=', debt.return_id)
      .where('returned_as', '=', debt.returned_as)
      .execute()
  }
}
