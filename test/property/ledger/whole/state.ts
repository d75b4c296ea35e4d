/**
 * What a ledger has to know to answer everything, said a second time: plain maps, and how money moves between them. It
 * shares nothing with the ledger. The functions of `moves.ts`, `people.ts`, `rules.ts`,
 * `vouchers.ts` and `tills.ts` are one for each operation; `whole.test.ts` asks both and compares.
 */
export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs
export const monthMs = 30 * dayMs

import { canonical } from './canonical.ts'
import type { Entitled } from './households.ts'
import type { Card, Lease, Place, Policy, Scheme, Slot } from './allowances.ts'
import type { Gone } from './gone-state.ts'

export type * from './allowances.ts'

/** `marked`: of a scheme or of escrow. The last seven are tenge, all others DT. */
export type AccountKind =
  | 'issue'
  | 'bank'
  | 'legal-entity'
  | 'agency'
  | 'merchant'
  | 'individual'
  | 'marked'
  | 'reserve'
  | 'taken'
  | 'own-non-cash'
  | 'client-non-cash'
  | 'vault'
  | 'non-cash-outside'
  | 'cash-outside'

const tenge: readonly AccountKind[] = [
  'reserve',
  'taken',
  'own-non-cash',
  'client-non-cash',
  'vault',
  'non-cash-outside',
  'cash-outside',
]
const unlimited: readonly AccountKind[] = ['issue', 'non-cash-outside', 'cash-outside']
export const entities: readonly AccountKind[] = ['legal-entity', 'agency', 'merchant']

export interface Account {
  readonly kind: AccountKind
  readonly owner: string
  /** Of marked money: the one that serves its agency. */
  readonly bank: string
  /** For what makes two openings the same. */
  readonly name: string
  balance: bigint
}

export type Tier = 'anonymous' | 'simplified' | 'full'

export interface Person {
  tier: Tier
  readonly openedAs: Tier
  /** What went out and is not given back by that: what was paid, taken out, captured. */
  readonly spent: { readonly at: number; readonly amount: bigint }[]
  /** Text of the QR by which the account is paid. */
  code: string | null
}

export interface Hold {
  readonly payer: string
  readonly amount: bigint
  readonly until: number
  state: 'pending' | 'posted' | 'voided' | 'ended'
}

/** What an answer has to say. A problem has a `code`. */
export type Verdict = Readonly<Record<string, unknown>>
export interface Asked {
  /** Owner of the key. */
  readonly by: string
  /** The key's id. */
  readonly key: string
  readonly role: string
  readonly body: Readonly<Record<string, unknown>>
}

interface Known {
  readonly kind: string
  readonly by: string
  readonly terms: string
  readonly answer: Verdict
}

export interface Transfer {
  readonly kind: string
  readonly maker: string
  readonly payer: string
  readonly payee: string
  readonly amount: bigint
  refunded: bigint
  reversed: boolean
  readonly at: number
}

/** A payment between people, or what left through a bank: what rules about laundering look at. */
export interface Watched {
  readonly id: string
  readonly maker: string
  readonly from: string
  readonly to: string
  readonly amount: bigint
  readonly at: number
}
export interface Alert {
  readonly rule: string
  readonly account: string
  readonly evidence: readonly string[]
  readonly at: number
}

export type RuleVersion =
  | { readonly kind: 'vat'; readonly from: number; readonly classes: Readonly<Record<string, bigint>> }
  | {
      readonly kind: 'cashback'
      readonly from: number
      readonly sponsor: string
      readonly basisPoints: bigint
      readonly mostPerPayment: bigint
      readonly mostPerPeriod: bigint
      /** Each begins where the one before ends. */
      readonly periods: readonly number[]
    }
export interface Rule {
  readonly owner: string
  readonly versions: (RuleVersion & { readonly text: string })[]
}
export interface Assignment {
  readonly rule: string
  readonly merchant: string
  readonly from: number
  until: number | null
}
export interface SoldLine {
  readonly line: number
  readonly category: string
  readonly amount: bigint
}
export interface SharePart {
  readonly line: number | null
  readonly base: bigint
  readonly share: bigint
}
/** What a rule took or gave with a payment. */
export interface Share {
  readonly rule: string
  readonly giver: string
  readonly receiver: string
  readonly amount: bigint
  readonly parts: readonly SharePart[]
  readonly soldAt: number
  back: bigint
}
/** A merchant owes, or who got a share does. Oldest first. */
export interface Debt {
  readonly kind: 'appeal' | 'refund' | 'reversal' | 'share'
  readonly reference: string
  readonly debtor: string
  readonly creditor: string
  left: bigint
  readonly at: number
}
export interface DirectPayment {
  readonly payer: string
  readonly maker: string
  readonly merchant: string
  readonly amount: bigint
  readonly lines: readonly SoldLine[]
  readonly refunded: Map<number, bigint>
}

/** What a till agreed to with a card, as it hands it over: the fixture's word, for the model decides no proofs. */
export interface Sold {
  readonly tender: string
  readonly slot: string
  readonly payee: string
  readonly amount: bigint
  readonly scheme: string
  readonly saleHash: string
  readonly card: string
  readonly leaseId: string
  readonly decidedAt: number
  readonly packageAt: number
  readonly isAllowedOffline: boolean
  /** Null as long as only a receipt says it. */
  lines: readonly SoldLine[] | null
  readonly sequence: number
}
export interface AskedByQr {
  readonly payee: string
  readonly amount: bigint
  readonly expiresAt: number
  /** What was paid of which line; null as long as nobody knows. */
  lines: readonly SoldLine[] | null
}
export interface Tender {
  readonly till: string
  /** Of a voucher. */
  readonly sold: Sold | null
  /** Of a payment by QR. */
  readonly asked: AskedByQr | null
  readonly hash: string
  isTombstone: boolean
  state: 'requested' | 'held' | 'settled' | 'refused' | 'awaiting_funds' | 'in_review' | 'not_paid' | 'reversed'
  paidBy: string | null
  refusal: string | null
  loss: string | null
  closedFor: string | null
  /** Of its last change: who waits longest is paid first. */
  at: number
  /** When it was first presented. */
  presentedAt: number
  /** What was sold, as it was shown when the goods were given. */
  presented: Sold | null
}
export interface Refund {
  readonly till: string
  readonly tender: string
  readonly lines: string
  readonly amount: bigint
  readonly refusal: string | null
  readonly byLine: ReadonlyMap<number, bigint>
}
export interface Discrepancy {
  id: string
  readonly till: string
  readonly tender: string | null
  readonly code: string
  readonly owner: 'merchant' | 'agency'
  readonly amount: bigint
  readonly agency: string | null
  isClosed: boolean
  appeal: 'open' | 'accepted' | 'refused' | 'withdrawn' | 'given_back' | null
  paidFrom: 'slot' | 'agency' | null
}
export interface Till {
  readonly merchant: string
  isSuspended: boolean
  /** Its last package. */
  fetchedAt: number
  readonly surrendered: Set<string>
  /** Sequence of each row of its journal that was shown. */
  readonly rows: Map<number, string>
}
/** A key of a role, and the one that follows it. */
export interface Key {
  readonly owner: string
  /** Until then it is heard beside the one that follows it; null while none does. */
  heardUntil: number | null
  readonly follows: string | null
  readonly graceMs: number
}

export interface Whole {
  now: number
  readonly keys: Map<string, Key>
  readonly accounts: Map<string, Account>
  readonly people: Map<string, Person>
  readonly holds: Map<string, Hold>
  readonly ids: Map<string, Known>
  readonly transfers: Map<string, Transfer>
  /** Whose a number is, and who has asked for it. */
  readonly numbers: Map<string, string>
  readonly numbersAsked: Map<string, Set<string>>
  readonly lookups: Map<string, number>
  readonly watched: Watched[]
  readonly alerts: Alert[]
  readonly rules: Map<string, Rule>
  readonly assignments: Map<string, Assignment>
  /** By `tender`, `direct` or `appeal` and the payment's id. */
  readonly shares: Map<string, Share[]>
  readonly debts: Debt[]
  readonly directPayments: Map<string, DirectPayment>
  readonly schemes: Map<string, Scheme>
  readonly entitled: Entitled[]
  /** Of each merchant. */
  readonly places: Map<string, Place>
  /** Schemes with those who have activated them. */
  readonly activated: Set<string>
  /** Whose each holder is that was ever named. */
  readonly agencyOf: Map<string, string>
  readonly cards: Map<string, Card>
  /** What the ledger calls the card of each UID, hex: the fixture's word, for the model has no keys. */
  readonly cardNames: ReadonlyMap<string, string>
  readonly slots: Map<string, Slot>
  /** That have room again, and about which nobody has thought yet. */
  readonly freed: Set<string>
  readonly leases: Map<string, Lease>
  readonly policies: Map<string, Policy>
  readonly tills: Map<string, Till>
  readonly tenders: Map<string, Tender>
  readonly refunds: Map<string, Refund>
  readonly surrenders: Map<string, { readonly till: string; readonly slot: string; readonly lease: string } & Verdict>
  readonly requestPayments: Map<
    string,
    { readonly tender: string; readonly payer: string; readonly maker: string; readonly lateFor: string | null }
  >
  readonly discrepancies: Discrepancy[]
  readonly gone: Gone
  /** What met in this story, by name, and how often. */
  readonly met: Map<string, number>
}

export function meet(whole: Whole, name: string): void {
  whole.met.set(name, (whole.met.get(name) ?? 0) + 1)
}

export function refused(code: string, detail?: string): Verdict {
  return detail === undefined ? { code } : { code, detail }
}

export const sum = (amounts: Iterable<bigint>): bigint => [...amounts].reduce((total, amount) => total + amount, 0n)
export const least = (one: bigint, other: bigint): bigint => (one < other ? one : other)
export const most = (one: bigint, other: bigint): bigint => (one > other ? one : other)

/** @throws Error when there is none: the model never asks for what it does not know */
export function need<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const found = map.get(key)
  if (found === undefined) throw new Error(`the model knows no ${String(key)}`)
  return found
}

/** What is set aside of an account now. */
export function aside({ holds, now }: Whole, account: string): bigint {
  return sum(
    [...holds.values()]
      .filter((hold) => hold.payer === account && hold.state === 'pending' && hold.until > now)
      .map(({ amount }) => amount),
  )
}

export function available(whole: Whole, account: string): bigint {
  return need(whole.accounts, account).balance - aside(whole, account)
}

export type Leg = readonly [from: string, to: string, amount: bigint]

/** @returns the account that has too little for all of it */
export function shortIn(whole: Whole, legs: readonly Leg[]): string | undefined {
  for (const [account, difference] of changesBy(whole, legs)) {
    const isBound = !unlimited.includes(need(whole.accounts, account).kind)
    if (isBound && difference < 0n && available(whole, account) + difference < 0n) return account
  }
  return undefined
}

/** All of it or nothing. @returns undefined, or the account that has too little */
export function move(whole: Whole, ...legs: readonly Leg[]): string | undefined {
  const short = shortIn(whole, legs)
  if (short !== undefined) return short
  for (const [account, difference] of changesBy(whole, legs)) need(whole.accounts, account).balance += difference
  return undefined
}

function changesBy(whole: Whole, legs: readonly Leg[]): ReadonlyMap<string, bigint> {
  const change = new Map<string, bigint>()
  for (const [from, to, amount] of legs) {
    if (isTenge(whole, from) !== isTenge(whole, to)) throw new Error(`${from} → ${to} mixes DT and tenge`)
    change.set(from, (change.get(from) ?? 0n) - amount)
    change.set(to, (change.get(to) ?? 0n) + amount)
  }
  return change
}

/** What cannot be short. */
export function mustMove(whole: Whole, ...legs: readonly Leg[]): void {
  const short = move(whole, ...legs)
  if (short !== undefined) throw new Error(`in the model ${short} is short of what it has to have`)
}

export function isTenge(whole: Whole, account: string): boolean {
  return tenge.includes(need(whole.accounts, account).kind)
}

export function tooLittle(account: string): Verdict {
  return refused('insufficient_funds', `${account} has too little`)
}

/** DT that went out count for a month, whatever comes back of them. */
export function spend(whole: Whole, account: string, amount: bigint): void {
  whole.people.get(account)?.spent.push({ at: whole.now, amount })
}

/** Whether the caller moves that person's money: the person, or the bank that serves the account. */
export function actsFor(whole: Whole, { by, role }: Asked, account: string): boolean {
  const found = whole.accounts.get(account)
  if (found?.kind !== 'individual') return false
  return role === 'bank' ? found.bank === by : role === 'individual' && found.owner === by
}

/** Under an id that the client made: the same again is answered again, a problem leaves the id free. */
export function once(whole: Whole, { by, body }: Asked, kind: string, id: string, act: () => Verdict): Verdict {
  const terms = canonical(body)
  const known = whole.ids.get(id)
  if (known !== undefined) {
    if (known.kind === 'disowned' && known.by === by) {
      meet(whole, 'a request under an id that was disowned')
      return refused('reversed_before_arrival')
    }
    if (known.kind !== kind || known.by !== by || known.terms !== terms) return refused('exists_with_different_terms')
    return { ...known.answer, arrival: 'exists' }
  }
  const answer = act()
  if ('code' in answer) return answer
  whole.ids.set(id, { kind, by, terms, answer })
  return { ...answer, arrival: 'created' }
}
