/**
 * The ledger's truth, added up again from its transfers alone: balances, sums, limits at every moment, issue, marked
 * money (money-rules.md, "Marked money"; architecture.md, "Ledger": the invariants).
 */
import type { LedgerRow, LedgerRows } from './ledger-database.ts'
import type { LedgerFault, LedgerFaultCode } from './ledger-faults.ts'

/** Decimal strings of tiyn. */
export interface LedgerSums {
  /** DT that the central bank has put into circulation and not taken back. */
  readonly dtIssued: string
  /** DT that everybody else holds. */
  readonly dtInCirculation: string
  /** On the schemes' accounts and in escrow. */
  readonly marked: string
  readonly escrow: string
  readonly merchants: string
  /** All non-cash accounts together: zero. */
  readonly nonCashSum: string
}

type Account = LedgerRow<'account'>
type Transfer = LedgerRow<'transfer'>

/** The accounts where money begins; every other one has a limit. */
const sources = ['central-bank-issue', 'non-cash-outside']
const issueKind = 'central-bank-issue'
export const markedKinds: readonly string[] = ['scheme', 'escrow']
/** Where marked money may go: a payment unmarks, a return to the agency is the end of its purpose. */
const markedTargets: readonly string[] = ['scheme', 'escrow', 'merchant', 'agency']

export function checkBooks(rows: LedgerRows): { readonly sums: LedgerSums; readonly faults: readonly LedgerFault[] } {
  const faults: LedgerFault[] = []
  const fault = (code: LedgerFaultCode, place: string, detail: string): void =>
    void faults.push({ code, place, detail })
  const accounts = new Map(rows.account.map((account) => [account.account_id, account]))
  const balances = addUp(rows, accounts, fault)

  for (const account of rows.account) {
    const added = balances.get(account.account_id) ?? 0n
    if (added !== account.balance) {
      fault('balance_differs', account.account_id, `keeps ${account.balance}, its transfers add up to ${added}`)
    }
    if (account.floor === null && !sources.includes(account.kind)) {
      fault('floor_missing', account.account_id, `an account of kind ${account.kind} without a limit`)
    }
  }
  const kept = (belongs: (account: Account) => boolean): bigint =>
    rows.account.filter(belongs).reduce((sum, account) => sum + account.balance, 0n)
  for (const currency of ['DT', 'KZT'] as const) {
    const sum = kept((account) => account.currency === currency)
    if (sum !== 0n) fault('currency_does_not_add_up', currency, `all accounts together hold ${sum}`)
  }
  const issued = issuedIn(rows.transfer, accounts)
  const inCirculation = kept((account) => account.currency === 'DT' && account.kind !== issueKind)
  if (issued !== inCirculation) fault('issue_differs', 'DT', `issued ${issued}, in circulation ${inCirculation}`)
  checkMarkedMoney(rows, accounts, fault)
  checkLeases(rows, accounts, fault)
  return {
    sums: {
      dtIssued: String(issued),
      dtInCirculation: String(inCirculation),
      marked: String(kept((account) => markedKinds.includes(account.kind))),
      escrow: String(kept((account) => account.kind === 'escrow')),
      merchants: String(kept((account) => account.kind === 'merchant')),
      nonCashSum: String(kept((account) => account.currency === 'KZT')),
    },
    faults,
  }
}

type Fault = (code: LedgerFaultCode, place: string, detail: string) => void
type Accounts = ReadonlyMap<string, Account>

/** Plays all transfers again; after each group every account it touched must be within its limit. */
function addUp(rows: LedgerRows, accounts: Accounts, fault: Fault): ReadonlyMap<string, bigint> {
  const escrows = new Set(rows.lease.map((lease) => lease.escrow_account))
  const balances = new Map<string, bigint>()
  const change = (id: string, amount: bigint): void => void balances.set(id, (balances.get(id) ?? 0n) + amount)
  const below = new Set<string>()
  for (const legs of groupsOf(rows.transfer)) {
    for (const leg of legs) {
      const debit = accounts.get(leg.debit)
      const credit = accounts.get(leg.credit)
      if (debit === undefined || credit === undefined || leg.amount <= 0n || leg.debit === leg.credit) {
        fault('transfer_malformed', leg.transfer_id, `${leg.amount} from ${leg.debit} to ${leg.credit}`)
      } else if (debit.currency !== credit.currency) {
        fault(
          'currencies_mixed',
          leg.transfer_id,
          `${leg.debit} (${debit.currency}) to ${leg.credit} (${credit.currency})`,
        )
      }
      change(leg.debit, -leg.amount)
      change(leg.credit, leg.amount)
    }
    for (const id of new Set(legs.map((leg) => leg.debit))) {
      const balance = balances.get(id) ?? 0n
      const floor = accounts.get(id)?.floor ?? null
      // An account that stays below is one finding, not one for each later transfer.
      if (below.has(id)) continue
      if (escrows.has(id) && balance < 0n) fault('escrow_negative', id, `${balance} after ${legs[0]?.group_id}`)
      else if (floor !== null && balance < floor) fault('below_floor', id, `${balance} after ${legs[0]?.group_id}`)
      else continue
      below.add(id)
    }
  }
  return balances
}

/** Legs that were booked at once, in the order in which they were booked. */
function groupsOf(transfers: readonly Transfer[]): readonly (readonly Transfer[])[] {
  return [...Map.groupBy(transfers, (transfer) => transfer.group_id).values()]
}

function issuedIn(transfers: readonly Transfer[], accounts: Accounts): bigint {
  const isIssue = (id: string): boolean => accounts.get(id)?.kind === issueKind
  return transfers.reduce((sum, { debit, credit, amount }) => {
    return sum + (isIssue(debit) ? amount : 0n) - (isIssue(credit) ? amount : 0n)
  }, 0n)
}

/** The scheme whose money an account holds, if it holds marked money. */
export function schemeByAccount(rows: LedgerRows): ReadonlyMap<string, string> {
  return new Map([
    ...rows.scheme.map((scheme) => [scheme.account_id, scheme.scheme_id] as const),
    ...rows.lease.map((lease) => [lease.escrow_account, lease.scheme_id] as const),
    ...rows.card_escrow.map((escrow) => [escrow.account_id, escrow.scheme_id] as const),
  ])
}

function checkMarkedMoney(rows: LedgerRows, accounts: Accounts, fault: Fault): void {
  const schemes = schemeByAccount(rows)
  for (const { transfer_id, debit, credit } of rows.transfer) {
    const from = accounts.get(debit)
    const to = accounts.get(credit)
    if (from === undefined || to === undefined || !markedKinds.includes(from.kind)) continue
    if (!markedTargets.includes(to.kind)) {
      fault('marked_money_left', transfer_id, `from ${debit} to ${credit}, an account of kind ${to.kind}`)
    } else if (markedKinds.includes(to.kind) && schemes.get(debit) !== schemes.get(credit)) {
      fault('marked_money_crossed', transfer_id, `from ${debit} to ${credit}`)
    }
  }
}

function checkLeases(rows: LedgerRows, accounts: Accounts, fault: Fault): void {
  const slotsByLease = Map.groupBy(rows.slot, (slot) => slot.lease_id)
  const usesBySlot = Map.groupBy(rows.slot_use, (use) => use.slot_id)
  for (const { lease_id, escrow_account, state } of rows.lease) {
    const escrow = accounts.get(escrow_account)
    if (escrow === undefined) {
      fault('escrow_short', lease_id, `there is no account ${escrow_account}`)
      continue
    }
    if (state === 'closed') {
      if (escrow.balance !== 0n) fault('escrow_not_returned', lease_id, `${escrow_account} holds ${escrow.balance}`)
      continue
    }
    const allowed = (slotsByLease.get(lease_id) ?? []).reduce((sum, slot) => {
      const used = (usesBySlot.get(slot.slot_id) ?? []).reduce((total, use) => total + use.amount, 0n)
      const allowed = slot.amount_allowed - slot.bridged_amount
      return sum + (used < allowed ? allowed - used : 0n)
    }, 0n)
    if (escrow.balance < allowed) {
      fault('escrow_short', lease_id, `${escrow_account} holds ${escrow.balance}, its slots still allow ${allowed}`)
    }
  }
}
