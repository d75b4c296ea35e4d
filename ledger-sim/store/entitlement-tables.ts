/** Tables of who is entitled to a scheme, was so, has activated it, and in which groups (docs/adr/0027, 0030). */
import type { Whole } from './schema.ts'
import { text, whole, type TablePlan } from './table-plans.ts'

interface EntitlementTable {
  scheme_id: string
  holder: string
  beneficiary: string
  /** 0 for those from before the ledger kept it. */
  since: Whole
}

export interface EntitlementTables {
  /** Which beneficiary of a scheme a holder is, another pseudonym in each. Several holders of one: a household. */
  entitlement: EntitlementTable
  former_entitlement: EntitlementTable & { ended_at: Whole }
  activation: {
    scheme_id: string
    beneficiary: string
    card: string
    terminal_id: string
    tender_id: string
    at: Whole
  }
  /** What an agency calls some beneficiaries of a scheme together: a class, a village. */
  beneficiary_group: {
    scheme_id: string
    group_id: string
    /** In three languages, JSON. */
    name: string
  }
  group_member: {
    scheme_id: string
    group_id: string
    beneficiary: string
    since: Whole
  }
}

/** Named so while the former one is copied. */
export const entitlementTable: TablePlan = {
  name: 'entitlement_anew',
  columns: [text('scheme_id'), text('holder'), text('beneficiary'), whole('since')],
  key: ['scheme_id', 'holder'],
  references: [['scheme_id', 'scheme', 'scheme_id']],
}

export const formerEntitlementTable: TablePlan = {
  name: 'former_entitlement',
  columns: [...entitlementTable.columns, whole('ended_at')],
  key: ['scheme_id', 'holder', 'beneficiary', 'since', 'ended_at'],
  references: [['scheme_id', 'scheme', 'scheme_id']],
  checks: ['since <= ended_at'],
}

/** What a payment was that activated an entitlement; it may be taken back, and the act stays. */
export const activationTable: TablePlan = {
  name: 'activation',
  columns: [text('scheme_id'), text('beneficiary'), text('card'), text('terminal_id'), text('tender_id'), whole('at')],
  key: ['scheme_id', 'beneficiary'],
  references: [
    ['card', 'card', 'card'],
    ['tender_id', 'tender', 'tender_id'],
  ],
}

export const groupTable: TablePlan = {
  name: 'beneficiary_group',
  columns: [text('scheme_id'), text('group_id'), text('name')],
  key: ['scheme_id', 'group_id'],
  references: [['scheme_id', 'scheme', 'scheme_id']],
}

export const groupMemberTable: TablePlan = {
  name: 'group_member',
  columns: [text('scheme_id'), text('group_id'), text('beneficiary'), whole('since')],
  key: ['scheme_id', 'group_id', 'beneficiary'],
}
