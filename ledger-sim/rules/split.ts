/**
 * What a rule does with a payment: a pure function of the rule, its merchant's terms, what was sold, and when
 * (docs/design/19-rules.md). A new kind of rule is a new case here and in `rule.ts`; the ledger's other files move
 * whatever share it names.
 */
import { zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { cashbackOf, cashbackPeriodAt } from './cashback.ts'
import type { AssignmentTerms, Rule } from './rule.ts'
import type { Share, SoldLine } from './share.ts'
import { vatOf } from './vat.ts'

export interface Split {
  readonly rule: Rule
  readonly terms: AssignmentTerms
  /** They add up to the amount; null where nobody knows them, of a receipt say. */
  readonly lines: readonly SoldLine[] | null
  readonly amount: Tiyn
  /** The sale's time: the tax point. */
  readonly at: number
  /** What the rule has given this payer in the window of `countingWindowAt`, less what was taken back. */
  readonly givenBefore: Tiyn
}

/** Never negative; what a merchant gives is at most the amount. Independent of the order of the lines. */
export function split({ rule, terms, lines, amount, at, givenBefore }: Split): Share {
  switch (rule.kind) {
    case 'vat': {
      if (terms.kind !== 'vat') throw new Error(`${rule.ruleId} has terms of ${terms.kind}`)
      const parties = { giver: 'merchant', receiver: { account: rule.taxAccount } } as const
      if (lines !== null) return { outcome: 'split', ...parties, ...vatOf(rule, terms, lines) }
      const parts = [{ line: null, taxClass: null, base: amount, share: zeroTiyn }]
      return { outcome: 'no_lines', ...parties, amount: zeroTiyn, parts }
    }
    case 'cashback': {
      const share = cashbackOf(rule, amount, at, givenBefore)
      if (share === 0n) return { outcome: 'nothing' }
      const parts = [{ line: null, taxClass: null, base: amount, share }]
      return {
        outcome: 'split',
        giver: { account: rule.sponsorAccount },
        receiver: 'payer',
        amount: share,
        parts,
      }
    }
    default:
      return rule satisfies never
  }
}

/** The window in which a rule counts what it has given to one payer; undefined where it does not count. */
export function countingWindowAt(rule: Rule, at: number): { readonly from: number; readonly to: number } | undefined {
  switch (rule.kind) {
    case 'vat':
      return undefined
    case 'cashback':
      return cashbackPeriodAt(rule, at)
    default:
      return rule satisfies never
  }
}
