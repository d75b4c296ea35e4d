/** What is asked about tills that are gone. */
import fc from 'fast-check'
import { isGone, revocationReasons } from './gone-state.ts'
import { pick } from './pick.ts'
import type { Request } from './requests.ts'
import { need, type Whole } from './state.ts'
import { banks, owners, tillIds } from './world.ts'

const kinds = { revoke: 1, claim: 5, review: 4, export: 4, head: 4 } as const
export type GoneKind = keyof typeof kinds

export const goneStep = fc.record({
  kind: fc.oneof(
    ...Object.entries(kinds).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind as GoneKind) })),
  ),
  who: fc.nat(999),
  whom: fc.nat(999),
  which: fc.nat(999),
  stray: fc.nat(29),
})
export type GoneStep = Parameters<Parameters<typeof goneStep.map>[0]>[0]

/** @returns undefined where there is nothing to ask for yet */
export function goneRequest(whole: Whole, each: GoneStep): Request | undefined {
  const fitting = fits(whole, each)
  return fitting === undefined || each.stray > 0 ? fitting : { ...fitting, by: pick(owners, each.which) }
}

function fits({ gone, tills, ...whole }: Whole, { kind, who, whom, which, stray }: GoneStep): Request | undefined {
  const terminalId = pick(tillIds, who)
  if (kind === 'revoke') {
    const by = which % 3 === 0 ? pick(banks, who) : 'education'
    return { by, path: '/v1/terminal-revocations', body: { terminalId, reason: pick(revocationReasons, whom) } }
  }
  if (kind === 'claim') {
    const all = [...gone.receipts]
    const fitting = all.filter(([, { till, sold }]) => isGone({ gone }, till) && !whole.tenders.has(sold.tender))
    const [text, receipt] = (which % 4 > 0 ? fitting : all).at(-1 - (whom % 3)) ?? all.at(-1) ?? []
    if (text === undefined || receipt === undefined) return undefined
    const body = { text: stray === 1 ? `${text}x` : text }
    return { by: need(tills, receipt.till).merchant, path: '/v1/receipt-claims', body }
  }
  const open = [...gone.reviews].filter(([, { state }]) => which % 5 === 0 || state === 'open')
  const [tenderId, review] = open.at(-1 - (whom % 2)) ?? open[0] ?? []
  if (tenderId === undefined || review === undefined) return undefined
  const body = { tenderId, verdict: which % 2 === 0 ? 'refused' : 'paid', reason: 'as it was' }
  return { by: review.agency, path: '/v1/review-decisions', body }
}
