/** An allowance that waits for its beneficiary's first payment with network (docs/adr/0030, "Activation"). */
import { meet, need, type Whole } from './state.ts'

const nameOf = (scheme: string, beneficiary: string): string => `${scheme} ${beneficiary}`

export function isActivated({ schemes, activated }: Whole, scheme: string, beneficiary: string): boolean {
  return need(schemes, scheme).activateUntil === null || activated.has(nameOf(scheme, beneficiary))
}

/** Who has not done it by then gets nothing any more. */
export function hasLapsed(whole: Whole, scheme: string, beneficiary: string): boolean {
  const until = need(whole.schemes, scheme).activateUntil
  return !isActivated(whole, scheme, beneficiary) && until !== null && until <= whole.now
}

/** Stays, whatever becomes of the payment that did it. */
export function activate(whole: Whole, scheme: string, beneficiary: string): void {
  if (isActivated(whole, scheme, beneficiary)) return
  whole.activated.add(nameOf(scheme, beneficiary))
  meet(whole, 'a beneficiary activates')
}
