/** What the ledger keeps of rules at the point of sale, and of payments that individuals make at merchants directly. */
import type { ColumnType } from 'kysely'
import { text, whole, wholeOrNull, type IndexPlan, type TablePlan } from '../store/table-plans.ts'

type Whole = ColumnType<bigint, bigint | number, bigint | number>
type WholeOrNull = ColumnType<bigint | null, bigint | number | null | undefined, bigint | number | null>

/** One version of a rule; none is ever changed. */
interface RuleVersionTable {
  rule_id: string
  version: Whole
  kind: string
  /** Who registered it: the tax authority, the central bank, a bank. */
  owner: string
  hash: string
  content: string
  in_force_from: Whole
  at: Whole
}

interface RuleAssignmentTable {
  assignment_id: string
  rule_id: string
  kind: string
  merchant_id: string
  terms: string
  in_force_from: Whole
  in_force_until: WholeOrNull
  at: Whole
}

/**
 * What an id of a payment names: a tender (voucher or QR), a direct payment, or the discrepancy whose appeal is paid
 * beside the slots. Each comes from another hand, so one id may name one of each.
 */
export type PaidAs = 'tender' | 'direct' | 'appeal'

/** What an id of a return names: a refund, or the tender or discrepancy that is undone. */
export type ReturnedAs = 'refund' | 'reversal'

/** What one rule took of one payment, or added to it. */
interface RuleShareTable {
  share_id: string
  paid_as: PaidAs
  payment_id: string
  rule_id: string
  rule_version: Whole
  assignment_id: string
  merchant_id: string
  giver: string
  receiver: string
  amount: Whole
  outcome: 'split' | 'no_lines'
  /** `[{ line, taxClass, base, share }]` */
  parts: string
  /** The sale's time: by it the version was chosen. */
  sale_at: Whole
  at: Whole
}

/** What of a share went back, or is owed, with one refund or reversal. */
interface RuleReturnTable {
  share_id: string
  returned_as: ReturnedAs
  return_id: string
  amount: Whole
  at: Whole
}

/** What a receiver could not give back: netted from what rules give it next. */
interface RuleDebtTable {
  share_id: string
  returned_as: ReturnedAs
  return_id: string
  debtor: string
  creditor: string
  amount: Whole
  at: Whole
}

/** What an individual paid at a merchant without a till. */
interface DirectPaymentTable {
  payment_id: string
  payer: string
  /** The individual or its bank. */
  made_by: string
  merchant_id: string
  payee_account: string
  amount: Whole
  lines: string
  at: Whole
}

interface DirectRefundTable {
  refund_id: string
  payment_id: string
  amount: Whole
  /** `[{ line, amount }]`: they add up to the amount. */
  lines: string
  at: Whole
}

export interface RuleTables {
  rule_version: RuleVersionTable
  rule_assignment: RuleAssignmentTable
  rule_share: RuleShareTable
  rule_return: RuleReturnTable
  rule_debt: RuleDebtTable
  direct_payment: DirectPaymentTable
  direct_refund: DirectRefundTable
}

export const ruleTables: readonly TablePlan[] = [
  {
    name: 'rule_version',
    columns: [
      text('rule_id'),
      whole('version'),
      text('kind'),
      text('owner'),
      text('hash'),
      text('content'),
      whole('in_force_from'),
      whole('at'),
    ],
    key: ['rule_id', 'version'],
  },
  {
    name: 'rule_assignment',
    columns: [
      text('assignment_id'),
      text('rule_id'),
      text('kind'),
      text('merchant_id'),
      text('terms'),
      whole('in_force_from'),
      wholeOrNull('in_force_until'),
      whole('at'),
    ],
    key: ['assignment_id'],
    references: [['merchant_id', 'merchant', 'merchant_id']],
  },
  {
    name: 'rule_share',
    columns: [
      text('share_id'),
      text('paid_as'),
      text('payment_id'),
      text('rule_id'),
      whole('rule_version'),
      text('assignment_id'),
      text('merchant_id'),
      text('giver'),
      text('receiver'),
      whole('amount'),
      text('outcome'),
      text('parts'),
      whole('sale_at'),
      whole('at'),
    ],
    key: ['share_id'],
    unique: [['payment_id', 'paid_as', 'rule_id']],
    references: [
      ['assignment_id', 'rule_assignment', 'assignment_id'],
      ['giver', 'account', 'account_id'],
      ['receiver', 'account', 'account_id'],
    ],
    checks: ['amount >= 0', "paid_as in ('tender', 'direct', 'appeal')"],
  },
  {
    name: 'rule_return',
    columns: [text('share_id'), text('returned_as'), text('return_id'), whole('amount'), whole('at')],
    key: ['share_id', 'return_id', 'returned_as'],
    references: [['share_id', 'rule_share', 'share_id']],
    checks: ['amount > 0', "returned_as in ('refund', 'reversal')"],
  },
  {
    name: 'rule_debt',
    columns: [
      text('share_id'),
      text('returned_as'),
      text('return_id'),
      text('debtor'),
      text('creditor'),
      whole('amount'),
      whole('at'),
    ],
    key: ['share_id', 'return_id', 'returned_as'],
    references: [['share_id', 'rule_share', 'share_id']],
    checks: ['amount >= 0', "returned_as in ('refund', 'reversal')"],
  },
  {
    name: 'direct_payment',
    columns: [
      text('payment_id'),
      text('payer'),
      text('made_by'),
      text('merchant_id'),
      text('payee_account'),
      whole('amount'),
      text('lines'),
      whole('at'),
    ],
    key: ['payment_id'],
    references: [
      ['payer', 'account', 'account_id'],
      ['payee_account', 'account', 'account_id'],
    ],
    checks: ['amount > 0'],
  },
  {
    name: 'direct_refund',
    columns: [text('refund_id'), text('payment_id'), whole('amount'), text('lines'), whole('at')],
    key: ['refund_id'],
    references: [['payment_id', 'direct_payment', 'payment_id']],
    checks: ['amount > 0'],
  },
]

export const ruleIndexes: readonly IndexPlan[] = [
  ['rule_assignment_merchant', 'rule_assignment', ['merchant_id', 'in_force_from']],
  ['rule_share_receiver', 'rule_share', ['receiver', 'rule_id', 'sale_at']],
  ['rule_share_rule', 'rule_share', ['rule_id', 'share_id']],
  ['rule_share_merchant', 'rule_share', ['merchant_id', 'share_id']],
  ['rule_debt_debtor', 'rule_debt', ['debtor', 'amount']],
  ['direct_refund_payment', 'direct_refund', ['payment_id']],
]
