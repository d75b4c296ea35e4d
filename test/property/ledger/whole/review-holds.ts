/** Sets slot and money of a sale aside for its agency to look at (`reviews.ts`). */
import { accountOfScheme, escrowOf } from './slots.ts'
import { meet, move, need, type Sold, type Tender, type Whole } from './state.ts'

/** @param leaseId of the escrow that pays; null: the scheme's account does */
export function setAside(
  whole: Whole,
  id: string,
  { scheme, slot, amount }: Sold,
  leaseId: string | null,
): Pick<Tender, 'state' | 'paidBy' | 'refusal' | 'loss'> {
  const { agency } = need(whole.schemes, scheme)
  const account = `review.${agency}`
  const { bank } = need(whole.accounts, agency)
  if (!whole.accounts.has(account))
    whole.accounts.set(account, { kind: 'marked', owner: agency, bank, name: account, balance: 0n })
  need(whole.slots, slot).uses.set(id, amount)
  const payer = leaseId === null ? accountOfScheme(scheme) : escrowOf(leaseId)
  const isShort = move(whole, [payer, account, amount]) !== undefined
  meet(whole, isShort ? 'a sale without money waits for its agency’s word' : 'a sale waits for its agency’s word')
  const paidBy = leaseId === null ? 'agency' : 'escrow'
  whole.gone.reviews.set(id, { agency, heldIn: isShort ? null : account, paidBy, state: 'open' })
  return { state: 'in_review', paidBy: null, refusal: null, loss: null }
}
