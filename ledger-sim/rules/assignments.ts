/**
 * Which merchants a rule is for, and from when until when. A merchant without an assignment has no rule, whatever rules
 * there are.
 */
import { toJson } from '../../src/sync/protocol/canonical.ts'
import type { Work } from '../context.ts'
import { findMerchant } from '../schemes/merchants.ts'
import { statement } from '../store/statement.ts'
import { assignmentTermsSchema, misfitOf, versionAt, type AssignmentTerms } from './rule.ts'
import { ruleOf, storedVersions } from './rule-book.ts'

export interface Assignment {
  readonly assignmentId: string
  readonly ruleId: string
  readonly merchantId: string
  readonly terms: AssignmentTerms
  /** In force for sales from this moment on … */
  readonly from: number
  /** … and before this one; null while nobody has said. */
  readonly until: number | null
}

export type Assigned =
  | { readonly kind: 'done' }
  | { readonly kind: 'not_found'; readonly what: 'rule' | 'merchant' | 'assignment' }
  | { readonly kind: 'rule_violated'; readonly detail: string }

/** @param owner of the rule: nobody else assigns it, to others there is no such rule */
export async function assignRule(work: Work, owner: string, assignment: Assignment): Promise<Assigned> {
  const { assignmentId, ruleId, merchantId, terms, from, until } = assignment
  const stored = await storedVersions(work, ruleId)
  if (stored[0]?.owner !== owner) return { kind: 'not_found', what: 'rule' }
  if ((await findMerchant(work, merchantId)) === undefined) return { kind: 'not_found', what: 'merchant' }
  if (from <= work.now) return violated('an assignment begins after now: no sale of before gets a rule by it')
  if (until !== null && until <= from) return violated('it ends before it begins')
  const versions = stored.map(ruleOf)
  // Later versions keep all tax classes of this one.
  const first = versionAt(versions, from) ?? versions.find((rule) => rule.from > from)
  if (first === undefined) return violated('the rule has ended by then')
  const misfit = misfitOf(first, terms)
  if (misfit !== undefined) return violated(misfit)
  const others = await storedAssignments(work, merchantId)
  const clash = others.find(
    (other) =>
      (other.ruleId === ruleId || (other.terms.kind === 'vat' && terms.kind === 'vat')) && overlap(other, assignment),
  )
  if (clash !== undefined) return violated(`${clash.ruleId} is in force there at that time: end it first`)
  await work.connection
    .insertInto('rule_assignment')
    .values({
      assignment_id: assignmentId,
      rule_id: ruleId,
      kind: terms.kind,
      merchant_id: merchantId,
      terms: toJson(terms),
      in_force_from: from,
      in_force_until: until,
      at: work.now,
    })
    .execute()
  return { kind: 'done' }
}

/** Ends an assignment after now, and before it would have ended. What was sold until then keeps its rule. */
export async function endAssignment(work: Work, owner: string, assignmentId: string, until: number): Promise<Assigned> {
  const row = await work.connection
    .selectFrom('rule_assignment')
    .innerJoin('rule_version', 'rule_version.rule_id', 'rule_assignment.rule_id')
    .select(['in_force_until', 'rule_assignment.in_force_from'])
    .where('assignment_id', '=', assignmentId)
    .where('rule_version.version', '=', 1n)
    .where('rule_version.owner', '=', owner)
    .executeTakeFirst()
  if (row === undefined) return { kind: 'not_found', what: 'assignment' }
  if (until <= work.now) return violated('an assignment ends after now: sales of before keep their rule')
  if (row.in_force_until !== null && row.in_force_until < BigInt(until)) return violated('it ends before that')
  await work.connection
    .updateTable('rule_assignment')
    // One that has not begun ends where it begins: it is never in force.
    .set({ in_force_until: row.in_force_from > BigInt(until) ? row.in_force_from : until })
    .where('assignment_id', '=', assignmentId)
    .execute()
  return { kind: 'done' }
}

function violated(detail: string): Assigned {
  return { kind: 'rule_violated', detail }
}

type Window = Pick<Assignment, 'from' | 'until'>

function overlap(first: Window, second: Window): boolean {
  const ends = ({ until }: Window): number => until ?? Infinity
  return first.from < ends(second) && second.from < ends(first)
}

/** In the order in which they begin; of one merchant or of all. */
export async function storedAssignments({ connection }: Work, merchantId?: string): Promise<readonly Assignment[]> {
  const all = connection.selectFrom('rule_assignment').selectAll().orderBy('in_force_from').orderBy('assignment_id')
  const rows = await (merchantId === undefined ? all : all.where('merchant_id', '=', merchantId)).execute()
  return rows.map(assignmentOf)
}

const begunAt = statement((connection, { account, now }: { account: string; now: bigint }) =>
  connection
    .selectFrom('account')
    .innerJoin('rule_assignment', 'rule_assignment.merchant_id', 'account.owner')
    .selectAll('rule_assignment')
    .where('account.account_id', '=', account)
    .where('account.kind', '=', 'merchant')
    .where('rule_assignment.in_force_from', '<=', now)
    .orderBy('rule_assignment.rule_id')
    .orderBy('rule_assignment.in_force_from'),
)

/** Of the merchant whose account it is: those that have begun by now, whether they still are in force or not. */
export async function assignmentsOfPayee(
  { connection, now }: Work,
  payeeAccount: string,
): Promise<readonly Assignment[]> {
  const rows = await begunAt(connection, { account: payeeAccount, now: BigInt(now) })
  return rows.map(assignmentOf)
}

export function isInForce({ from, until }: Window, at: number): boolean {
  return from <= at && (until === null || at < until)
}

function assignmentOf(row: {
  assignment_id: string
  rule_id: string
  merchant_id: string
  terms: string
  in_force_from: bigint
  in_force_until: bigint | null
}): Assignment {
  return {
    assignmentId: row.assignment_id,
    ruleId: row.rule_id,
    merchantId: row.merchant_id,
    terms: assignmentTermsSchema.parse(JSON.parse(row.terms)),
    from: Number(row.in_force_from),
    until: row.in_force_until === null ? null : Number(row.in_force_until),
  }
}
