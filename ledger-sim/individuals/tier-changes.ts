/**
 * A bank learns more about its client, or less, and says so. What an account holds above a lower tier's limit stays its
 * owner's: the bank has to say that it knows, and nothing more comes in until it is below.
 */
import { tiyn, type Tiyn } from '../../src/voucher/money.ts'
import type { Work } from '../context.ts'
import type { Caller } from '../http/operation.ts'
import { personOfCaller } from './people.ts'
import { limitsOf, type Tier } from './tiers.ts'

export interface WantedTier {
  readonly changeId: string
  readonly accountId: string
  readonly tier: Tier
  readonly acknowledgesExcess: boolean
}

export type TierChanged =
  | { readonly kind: 'changed'; readonly former: Tier; readonly excess: Tiyn }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'holds_more'; readonly excess: Tiyn }

export async function changeTier(work: Work, caller: Caller, wanted: WantedTier): Promise<TierChanged> {
  const { changeId, accountId, tier, acknowledgesExcess } = wanted
  const person = await personOfCaller(work, caller, accountId)
  if (person === undefined) return { kind: 'not_found' }
  const max = limitsOf[tier].balance
  const excess = tiyn(person.balance > max ? person.balance - max : 0n)
  if (excess > 0n && !acknowledgesExcess) return { kind: 'holds_more', excess }
  await work.connection.updateTable('individual').set({ tier }).where('account_id', '=', accountId).execute()
  await work.connection
    .insertInto('tier_change')
    .values({
      change_id: changeId,
      account_id: accountId,
      former: person.tier,
      tier,
      excess,
      made_by: caller.owner,
      at: work.now,
    })
    .execute()
  return { kind: 'changed', former: person.tier, excess }
}
