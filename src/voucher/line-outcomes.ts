/** What a card's schemes pay of each line, and why not the rest: for whoever stands before a basket and asks. */
import { dueLines, type Decision, type DecisionInput } from './decide.ts'
import { eligibleLines, goodsRuleOf, type GoodsRule } from './goods.ts'
import { addTiyn, remainderTiyn, zeroTiyn, type Tiyn } from './money.ts'
import { goodsOf } from './scheme.ts'

/** The first that applies; each has a text for the cashier in three languages. */
export const lineReasons = [
  /** A scheme would pay more of it, but its allowance or a cap is used up. */
  'allowance_used',
  /** Dearer than a scheme pays. */
  'too_dear',
  /** A scheme pays its part, and this is the customer's. */
  'own_part',
  /** The schemes that name it exclude it. */
  'excluded',
  /** No scheme that pays names it. */
  'not_listed',
] as const
export type LineReason = (typeof lineReasons)[number]

export interface LineOutcome {
  readonly line: number
  /** By all schemes together. */
  readonly pays: Tiyn
  /** Why something is left to other tenders; null when nothing is. */
  readonly why: LineReason | null
}

/** In the order of the sale's lines; of lines that something is due for. */
export function lineOutcomes(
  input: Pick<DecisionInput, 'schemes' | 'sale' | 'covered'>,
  decision: Extract<Decision, { verdict: 'approve' }>,
): readonly LineOutcome[] {
  let due = dueLines(input)
  const pays = new Map<number, Tiyn>()
  const reasons = new Map<number, Set<LineReason>>()
  for (const part of decision.parts) {
    const scheme = input.schemes.find(({ schemeId }) => schemeId === part.schemeId)
    if (scheme === undefined) throw new Error(`the decision names ${part.schemeId}, which is not in its input`)
    const paid = new Map(part.lines.map(({ line, amount }) => [line, amount]))
    const eligible = new Map(eligibleLines(goodsOf(scheme), due).map((one) => [one.line.line, one.eligible]))
    for (const { line } of due) {
      const [wanted, got] = [eligible.get(line.line) ?? zeroTiyn, paid.get(line.line) ?? zeroTiyn]
      const reason = got < wanted ? 'allowance_used' : reasonOf(goodsRuleOf(goodsOf(scheme), line))
      reasons.set(line.line, (reasons.get(line.line) ?? new Set()).add(reason))
    }
    due = due.map(({ line, due: open }) => ({ line, due: remainderTiyn(open, paid.get(line.line) ?? zeroTiyn) }))
    for (const [line, amount] of paid) pays.set(line, addTiyn(pays.get(line) ?? zeroTiyn, amount))
  }
  const left = new Map(due.map(({ line, due: open }) => [line.line, open]))
  return dueLines(input)
    .filter(({ due: wasDue }) => wasDue > 0n)
    .map(({ line: { line } }) => ({
      line,
      pays: pays.get(line) ?? zeroTiyn,
      why: left.get(line) === 0n ? null : (lineReasons.find((one) => reasons.get(line)?.has(one)) ?? null),
    }))
}

/** Why a rule whose part is paid leaves something; whole prices leave nothing but by the allowance. */
function reasonOf(rule: GoodsRule | undefined): LineReason {
  if (rule === undefined) return 'not_listed'
  const { kind } = rule.pays
  switch (kind) {
    case 'nothing':
      return 'excluded'
    case 'up_to':
      return 'too_dear'
    case 'percent':
    case 'above':
      return 'own_part'
    case 'whole':
      return 'allowance_used'
    default:
      return kind satisfies never
  }
}
