/**
 * A programmable rule at the point of sale is data: versioned, hashed, with dates of force, never a program
 * (docs/design/19-rules.md). `split.ts` says what each kind does with a sale.
 */
import { z } from 'zod'
import { hashOf } from '../../src/sync/protocol/canonical.ts'
import { instantSchema, nameSchema, textsSchema, writtenTextsSchema, type Hash } from '../../src/voucher/identifiers.ts'
import { positiveTiynSchema } from '../../src/voucher/money.ts'

/** Hundredths of a percent. */
const basisPoints = (most: number) => z.int().min(1).max(most).describe('Hundredths of a percent.')

const common = {
  ruleId: nameSchema.describe('The rule, by an id that its writer gives it: one on the whole platform.'),
  version: z.int().min(1).max(1_000_000).describe('The first is 1, each later one rises by one; none is ever changed.'),
  name: textsSchema,
  from: instantSchema.describe("In force for sales from this moment on, until the next version's, or until `until`."),
  until: instantSchema.nullable(),
}

/** `zero-rated` and `exempt` both take nothing; a tax return tells them apart. */
const taxClassSchema = z.discriminatedUnion('treatment', [
  z.strictObject({ taxClass: nameSchema, treatment: z.literal('taxable'), basisPoints: basisPoints(3_000) }),
  z.strictObject({ taxClass: nameSchema, treatment: z.literal('zero-rated') }),
  z.strictObject({ taxClass: nameSchema, treatment: z.literal('exempt') }),
])

/** Value added tax that a price includes: its part of each payment goes to the tax authority. */
const vatRuleSchema = z.strictObject({
  kind: z.literal('vat'),
  ...common,
  taxAccount: nameSchema.describe('The account that gets the tax: the tax authority’s.'),
  classes: z.array(taxClassSchema).min(1).max(20),
})
export type VatRule = z.infer<typeof vatRuleSchema>

/** A bank gives its client part of a payment back, out of its own money. */
const cashbackRuleSchema = z.strictObject({
  kind: z.literal('cashback'),
  ...common,
  sponsorAccount: nameSchema.describe('The account that gives it: the bank’s own.'),
  basisPoints: basisPoints(5_000),
  mostPerPayment: positiveTiynSchema,
  mostPerPeriod: positiveTiynSchema.describe('To one payer.'),
  /** Months as instants, made where the rule is written: the ledger asks for no time zone (money-rules.md, "Time"). */
  periods: z
    .array(z.strictObject({ periodId: nameSchema, from: instantSchema, to: instantSchema }))
    .min(1)
    .max(120),
})
export type CashbackRule = z.infer<typeof cashbackRuleSchema>

export const ruleSchema = z.discriminatedUnion('kind', [vatRuleSchema, cashbackRuleSchema])
export type Rule = z.infer<typeof ruleSchema>
/** The same where it comes in. */
export const newRuleSchema = z.discriminatedUnion('kind', [
  vatRuleSchema.extend({ name: writtenTextsSchema }),
  cashbackRuleSchema.extend({ name: writtenTextsSchema }),
])

/** What an assignment adds for its merchant: here which of its categories are in which tax class. */
export const assignmentTermsSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('vat'),
    categories: z.array(z.strictObject({ category: nameSchema, taxClass: nameSchema })).max(500),
    otherwise: nameSchema.describe('Of every category that is not listed.'),
  }),
  z.strictObject({ kind: z.literal('cashback') }),
])
export type AssignmentTerms = z.infer<typeof assignmentTermsSchema>
export type VatTerms = Extract<AssignmentTerms, { kind: 'vat' }>

export function ruleHashOf(rule: Rule): Hash {
  return hashOf('tolem/rule/1', rule)
}

/** Why a rule cannot be meant, whoever wrote it; undefined when it can. */
export function contradictionIn(rule: Rule): string | undefined {
  if (rule.until !== null && rule.until <= rule.from) return 'it ends before it begins'
  switch (rule.kind) {
    case 'vat':
      return hasTwice(rule.classes.map(({ taxClass }) => taxClass)) ? 'a tax class is named twice' : undefined
    case 'cashback': {
      const periods = rule.periods.toSorted((a, b) => a.from - b.from)
      if (hasTwice(periods.map(({ periodId }) => periodId))) return 'a period is named twice'
      if (periods.some(({ from, to }) => to <= from)) return 'a period ends before it begins'
      const overlaps = periods.some(({ from }, index) => (periods[index - 1]?.to ?? 0) > from)
      return overlaps ? 'two periods overlap' : undefined
    }
    default:
      return rule satisfies never
  }
}

/** Why terms do not fit a version of their rule; undefined when they do. */
export function misfitOf(rule: Rule, terms: AssignmentTerms): string | undefined {
  if (rule.kind !== terms.kind) return `the terms are of ${terms.kind}, the rule is of ${rule.kind}`
  if (rule.kind !== 'vat' || terms.kind !== 'vat') return undefined
  if (hasTwice(terms.categories.map(({ category }) => category))) return 'a category is named twice'
  const known = new Set(rule.classes.map(({ taxClass }) => taxClass))
  const named = [terms.otherwise, ...terms.categories.map(({ taxClass }) => taxClass)]
  const unknown = named.find((taxClass) => !known.has(taxClass))
  return unknown === undefined ? undefined : `the rule has no tax class ${unknown}`
}

/**
 * Why a version may not follow another: merchants whose assignments name tax classes, and audits that follow a rule's
 * kind, must not find them gone.
 */
export function breachOf(former: Rule, next: Rule): string | undefined {
  if (former.kind !== next.kind) return 'a rule stays of its kind'
  if (next.from <= former.from) return 'a version is in force from a later moment than the one before'
  if (former.kind !== 'vat' || next.kind !== 'vat') return undefined
  const kept = new Set(next.classes.map(({ taxClass }) => taxClass))
  const lost = former.classes.find(({ taxClass }) => !kept.has(taxClass))
  return lost === undefined ? undefined : `tax class ${lost} is missing`
}

/** The version for a sale at that moment: the newest that had begun, unless it has ended. In any order. */
export function versionAt(versions: readonly Rule[], at: number): Rule | undefined {
  const begun = versions.filter(({ from }) => from <= at)
  const newest = begun.reduce<Rule | undefined>(
    (last, rule) => (last === undefined || rule.version > last.version ? rule : last),
    undefined,
  )
  return newest === undefined || (newest.until !== null && newest.until <= at) ? undefined : newest
}

function hasTwice(names: readonly string[]): boolean {
  return new Set(names).size !== names.length
}
