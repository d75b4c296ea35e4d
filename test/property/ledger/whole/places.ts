/** Where a scheme pays: at merchants that it names, and at those of its regions and kinds (docs/adr/0030). */
import { meet, need, refused, type Asked, type Place, type Scheme, type Verdict, type Whole } from './state.ts'

/** Two digits, two, two and three; where a level is zero, so are those below, and the code is all of what is above. */
function levelsOf(code: string): readonly string[] {
  const levels = [code.slice(0, 2), code.slice(2, 4), code.slice(4, 6), code.slice(6)]
  const last = levels.findLastIndex((level) => /[1-9]/.test(level))
  return levels.slice(0, last + 1)
}

/** By the merchant's place now. */
export function isMerchantIn(whole: Whole, { merchants, where }: Scheme, merchant: string): boolean {
  if (merchants.includes(merchant)) return true
  if (where === null) return false
  const { region, kind } = need(whole.places, merchant)
  const isWithin = (one: string): boolean => {
    const own = region === undefined ? [] : levelsOf(region)
    return levelsOf(one).every((level, index) => own[index] === level)
  }
  return where.regions.some(isWithin) && kind !== undefined && where.kinds.includes(kind)
}

interface Moving extends Asked {
  readonly body: { readonly merchant: { readonly merchantId: string; readonly accountId: string } & Place } & Verdict
}

/** Its bank says where it is and what it deals in. */
export function registerMerchant(whole: Whole, { by, body }: Moving): Verdict {
  const { merchantId, accountId, region, kind } = body.merchant
  if (need(whole.accounts, accountId).bank !== by) return refused('exists_with_different_terms')
  whole.places.set(merchantId, { ...(region !== undefined && { region }), ...(kind !== undefined && { kind }) })
  meet(whole, 'a merchant moves')
  return { merchantId }
}
