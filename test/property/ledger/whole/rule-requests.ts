/** What those who write rules ask for in a story. */
import { pick } from './pick.ts'
import type { Request, Step, Telling } from './requests.ts'
import { dayMs, hourMs, need } from './state.ts'
import { firstFrom, merchants } from './world.ts'

const ruleIds = ['vat', 'cash-a', 'cash-b'] as const
const writerOf = { vat: 'tax-authority', 'cash-a': 'bank-a', 'cash-b': 'bank-b' } as const

/** @param number of the version, from 1 on */
export function ruleBody(ruleId: (typeof ruleIds)[number], number: number, from: number): Record<string, unknown> {
  const common = { ruleId, version: number, name: { kk: ruleId, ru: ruleId, en: ruleId }, from, until: null }
  if (ruleId === 'vat') {
    const classes = [
      { taxClass: 'standard', treatment: 'taxable', basisPoints: number % 2 === 0 ? 2_000 : 1_600 },
      { taxClass: 'reduced', treatment: 'taxable', basisPoints: 500 * number },
      { taxClass: 'free', treatment: 'exempt' },
    ]
    return { kind: 'vat', ...common, taxAccount: 'budget', classes }
  }
  const lasts = 10 * dayMs
  return {
    kind: 'cashback',
    ...common,
    sponsorAccount: writerOf[ruleId],
    basisPoints: ruleId === 'cash-a' ? 300 : 1_000,
    mostPerPayment: 150_000n,
    mostPerPeriod: 400_000n,
    periods: Array.from({ length: 30 }, (_, index) => {
      return { periodId: `c${index}`, from: firstFrom + index * lasts, to: firstFrom + (index + 1) * lasts }
    }),
  }
}

export function ofRules({ whole, id }: Telling, each: Step): Request | undefined {
  const { kind, who, whom, which } = each
  const ruleId = pick(ruleIds, who)
  const by = writerOf[ruleId]
  const from = whole.now + (which % 6) * hourMs
  if (kind === 'rule') {
    const versions = need(whole.rules, ruleId).versions.length
    return { by, path: '/v1/rules', body: ruleBody(ruleId, Math.min(4, versions + (whom % 2)), from) }
  }
  if (kind === 'assign') {
    const vat = {
      kind: 'vat',
      categories: [
        { category: 'lunch', taxClass: 'reduced' },
        { category: 'books', taxClass: 'free' },
      ],
      otherwise: 'standard',
    }
    const terms = ruleId === 'vat' ? vat : { kind: 'cashback' }
    const until = which % 4 === 0 ? from + 2 * dayMs : null
    const body = { assignmentId: id(each), ruleId, merchantId: pick(merchants, whom), terms, from: from + 1, until }
    return { by, path: '/v1/rule-assignments', body }
  }
  const [assignmentId, assignment] = [...whole.assignments].at(-1 - (whom % 3)) ?? []
  if (assignmentId === undefined || assignment === undefined) return undefined
  const path = '/v1/rule-assignment-endings'
  const owner = need(whole.rules, assignment.rule).owner
  return { by: owner, path, body: { endingId: id(each), assignmentId, until: from } }
}
