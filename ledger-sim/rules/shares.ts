/**
 * Applies the rules that are in force for a merchant to one payment: their shares are legs of the same set as the
 * payment, so that either all of it is booked or nothing (docs/design/19-rules.md, "Applied").
 */
import { toJson } from '../../src/sync/protocol/canonical.ts'
import { subtractTiyn, tiyn, zeroTiyn, type Tiyn } from '../../src/voucher/money.ts'
import { availableIn, type Leg } from '../accounts/transfers.ts'
import { newId, type Work } from '../context.ts'
import { findPerson } from '../individuals/people.ts'
import { assignmentsOfPayee, isInForce, type Assignment } from './assignments.ts'
import { netRuleDebts } from './debts.ts'
import { versionAt, type Rule } from './rule.ts'
import { ruleOf, storedVersions } from './rule-book.ts'
import type { Party, Share, SoldLine } from './share.ts'
import { countingWindowAt, split } from './split.ts'
import type { PaidAs } from './tables.ts'

/** When it was sold, and which lines this payment pays; null where nobody knows them. */
export interface SaleSeen {
  readonly at: number
  readonly lines: readonly SoldLine[] | null
}

export interface PaymentAtSale {
  readonly paidAs: PaidAs
  readonly paymentId: string
  readonly payeeAccount: string
  /** The individual's account; null where a voucher pays. */
  readonly payer: string | null
  readonly amount: Tiyn
  /** Asked only where the merchant has rules. */
  readonly sale: () => Promise<SaleSeen>
}

export interface Shares {
  /** To be booked in the set of the payment. */
  readonly legs: readonly Leg[]
  readonly merchantKeeps: Tiyn
  /** Once the set is booked. */
  keep(): Promise<void>
}

export async function sharesOf(work: Work, payment: PaymentAtSale): Promise<Shares> {
  const { amount, payeeAccount } = payment
  const begun = await assignmentsOfPayee(work, payeeAccount)
  if (begun.length === 0) return { legs: [], merchantKeeps: amount, keep: () => Promise.resolve() }
  const seen = await payment.sale()
  // Nobody has sold in the future, whatever a till's clock says: rules are changed only after now.
  const sale = { ...seen, at: Math.min(seen.at, work.now) }
  const due: DueShare[] = []
  for (const assignment of begun.filter((candidate) => isInForce(candidate, sale.at))) {
    const share = await dueBy(work, assignment, payment, sale, due)
    if (share !== undefined) due.push(share)
  }
  const given = due.filter(({ giver }) => giver === payeeAccount).reduce((sum, share) => sum + share.amount, 0n)
  if (given > amount) throw new Error(`the rules take ${given} of ${amount} from ${payeeAccount}`)
  return {
    legs: due.map(({ giver, receiver, amount: part, shareId }) => {
      return { debit: giver, credit: receiver, amount: part, kind: 'rule-share', reference: shareId }
    }),
    merchantKeeps: subtractTiyn(amount, tiyn(given)),
    keep: () => keepShares(work, payment, sale.at, due),
  }
}

interface DueShare {
  readonly shareId: string
  readonly rule: Rule
  readonly assignment: Assignment
  readonly giver: string
  readonly receiver: string
  readonly amount: Tiyn
  readonly share: Exclude<Share, { readonly outcome: 'nothing' }>
}

async function dueBy(
  work: Work,
  assignment: Assignment,
  payment: PaymentAtSale,
  { at, lines }: SaleSeen,
  before: readonly DueShare[],
): Promise<DueShare | undefined> {
  const stored = await storedVersions(work, assignment.ruleId)
  const rule = versionAt(stored.map(ruleOf), at)
  if (rule === undefined || !(await isFor(work, rule, stored[0]?.owner ?? '', payment.payer))) return undefined
  const { terms } = assignment
  const givenBefore = await givenTo(work, rule, payment.payer, at)
  const share = split({ rule, terms, lines, amount: payment.amount, at, givenBefore })
  if (share.outcome === 'nothing') return undefined
  const giver = accountOf(share.giver, payment)
  const receiver = accountOf(share.receiver, payment)
  const { amount } = share
  // Whoever gives of its own and has not got it gives nothing: a customer's payment does not fail for it.
  if (giver !== payment.payeeAccount && !(await covers(work, giver, amount, before))) return undefined
  return { shareId: newId(work), rule, assignment, giver, receiver, amount, share }
}

/** A cashback is for clients of its bank, and where the payer is known. */
async function isFor(work: Work, rule: Rule, owner: string, payer: string | null): Promise<boolean> {
  switch (rule.kind) {
    case 'vat':
      return true
    case 'cashback':
      return payer !== null && (await findPerson(work, payer))?.bank === owner
    default:
      return rule satisfies never
  }
}

async function givenTo({ connection }: Work, rule: Rule, payer: string | null, at: number): Promise<Tiyn> {
  const window = countingWindowAt(rule, at)
  if (window === undefined || payer === null) return zeroTiyn
  const shares = await connection
    .selectFrom('rule_share')
    .select(['share_id', 'amount'])
    .where('receiver', '=', payer)
    .where('rule_id', '=', rule.ruleId)
    .where('sale_at', '>=', BigInt(window.from))
    .where('sale_at', '<', BigInt(window.to))
    .execute()
  if (shares.length === 0) return zeroTiyn
  const returns = await connection
    .selectFrom('rule_return')
    .select('amount')
    .where(
      'share_id',
      'in',
      shares.map(({ share_id }) => share_id),
    )
    .execute()
  const sum = (rows: readonly { readonly amount: bigint }[]): bigint => rows.reduce((all, row) => all + row.amount, 0n)
  return tiyn(sum(shares) - sum(returns))
}

async function covers(work: Work, giver: string, amount: Tiyn, before: readonly DueShare[]): Promise<boolean> {
  const available = await availableIn(work, giver)
  const promised = before.filter((share) => share.giver === giver).reduce((sum, share) => sum + share.amount, 0n)
  return available === null || available - promised >= amount
}

function accountOf(party: Party, { payeeAccount, payer }: PaymentAtSale): string {
  if (party === 'merchant') return payeeAccount
  if (party !== 'payer') return party.account
  if (payer === null) throw new Error('a share of a payer whom nobody knows')
  return payer
}

async function keepShares(
  work: Work,
  { paidAs, paymentId }: PaymentAtSale,
  saleAt: number,
  due: readonly DueShare[],
): Promise<void> {
  for (const { shareId, rule, assignment, giver, receiver, amount, share } of due) {
    await work.connection
      .insertInto('rule_share')
      .values({
        share_id: shareId,
        paid_as: paidAs,
        payment_id: paymentId,
        rule_id: rule.ruleId,
        rule_version: rule.version,
        assignment_id: assignment.assignmentId,
        merchant_id: assignment.merchantId,
        giver,
        receiver,
        amount,
        outcome: share.outcome,
        parts: toJson(share.parts),
        sale_at: saleAt,
        at: work.now,
      })
      .execute()
    await netRuleDebts(work, receiver, amount)
  }
}
