/**
 * What a card's records say together (docs/design/22, "What is proved"; money-rules.md, "Offline": the ledger's view of
 * a card that counts is loaded − presented). Tills present in any order, late, twice, or never: the verdict is the same
 * for every order, and is made anew with each record that arrives.
 *
 * Records and receipts come here verified (`verifyRecord`, `verifyReceipt`), all of one card.
 */
import { equalBytes, toHex } from '../bytes.ts'
import { recordHash, recordLayout, type SpendRecord } from './record.ts'
import { slotFlag, type AppletSlot } from './slots.ts'

export interface CardRecords {
  /** The signed bytes of each record, 284. The same one twice counts once. */
  readonly recordInputs: readonly Uint8Array[]
  /** What the receipts of applied scripts prove, in the order of their counters. */
  readonly loads: readonly CardLoad[]
  /**
   * The expected bytes of intents that were torn and never recovered: what a till *would* have presented. They count
   * only where a later record's previous hash proves them.
   */
  readonly tornInputs: readonly Uint8Array[]
}

/** One item of an applied script that changed what a slot allows. */
export interface CardLoad {
  readonly slotRef: Uint8Array
  /** ATC in the receipt: after that many records, and before the next. */
  readonly atc: number
  readonly change:
    | { readonly kind: 'loaded'; readonly slot: AppletSlot }
    | { readonly kind: 'removed'; readonly count: number; readonly amount: bigint }
}

export type CardFinding =
  /** Two records of one number: the card was copied or restored. Each of them is genuine; one history is not. */
  | { readonly kind: 'forked'; readonly atc: number; readonly inputs: readonly Uint8Array[] }
  /** The record does not follow from the one before it, which is here: the same, with the fork further back. */
  | { readonly kind: 'chain-broken'; readonly atc: number }
  /** What is left in the slot is not what was left, plus what was loaded, less what was paid. */
  | { readonly kind: 'balance-differs'; readonly atc: number; readonly slotRef: Uint8Array }
  /** Debited, as later records prove, and never presented: waits for its till, or is lost to its merchant. */
  | { readonly kind: 'missing'; readonly fromAtc: number; readonly toAtc: number }

export interface SlotStanding {
  readonly slotRef: Uint8Array
  readonly presented: { readonly count: number; readonly amount: bigint }
  /**
   * Loaded and not presented: what the card may still hold, with what is missing. Negative where more was presented
   * than was loaded, which takes a copy of the card. Null: an account, or a slot of which no load is known.
   */
  readonly left: { readonly count: number; readonly amount: bigint } | null
}

export interface CardHistory {
  /** By ATC, then by kind. Empty for an honest card of which everything is here. */
  readonly findings: readonly CardFinding[]
  readonly slots: readonly SlotStanding[]
  /** Torn intents that a later record proves: they are debits, and count as presented. */
  readonly proved: readonly Uint8Array[]
}

interface Entry {
  readonly input: Uint8Array
  readonly hash: string
  readonly value: SpendRecord
}

/** @throws RangeError for bytes that are no record: they were to be verified before. */
export function judgeHistory({ recordInputs, loads, tornInputs }: CardRecords): CardHistory {
  const presented = distinct(recordInputs)
  const proved = provedAmong(distinct(tornInputs), presented)
  const entries = [...presented, ...proved].toSorted((a, b) => a.value.atc - b.value.atc)
  const byAtc = Map.groupBy(entries, ({ value }) => value.atc)
  const findings = [...byAtc].flatMap(([atc, here]): readonly CardFinding[] => {
    if (here.length > 1) return [{ kind: 'forked', atc, inputs: here.map(({ input }) => input) }]
    return here.flatMap((entry) => findingsOf(entry, entries, byAtc, loads))
  })
  return {
    findings,
    slots: standings(entries, loads),
    proved: proved.map(({ input }) => input),
  }
}

function findingsOf(
  { value }: Entry,
  entries: readonly Entry[],
  byAtc: ReadonlyMap<number, readonly Entry[]>,
  loads: readonly CardLoad[],
): readonly CardFinding[] {
  const { atc } = value
  const before = byAtc.get(atc - 1)
  const missing = atc === 1 || before !== undefined ? [] : missingBefore(atc, byAtc)
  if (atc === 1 && !isFirst(value)) return [{ kind: 'chain-broken', atc }]
  if (before !== undefined && before.every(({ hash }) => hash !== toHex(value.previousHash))) {
    return [{ kind: 'chain-broken', atc }]
  }
  return balances(value, entries, byAtc, loads)
    ? missing
    : [...missing, { kind: 'balance-differs', atc, slotRef: value.slotRef }]
}

function missingBefore(atc: number, byAtc: ReadonlyMap<number, unknown>): readonly CardFinding[] {
  const earlier = [...byAtc.keys()].filter((known) => known < atc)
  return [{ kind: 'missing', fromAtc: Math.max(0, ...earlier) + 1, toAtc: atc - 1 }]
}

const isFirst = ({ previousHash }: SpendRecord): boolean => previousHash.every((byte) => byte === 0)

/**
 * Asked only where one record of each number since this slot's last one is here: another may have been of this slot.
 * Account slots count nothing.
 */
function balances(
  value: SpendRecord,
  entries: readonly Entry[],
  byAtc: ReadonlyMap<number, readonly Entry[]>,
  loads: readonly CardLoad[],
): boolean {
  const { atc, slotRef } = value
  const ofSlot = entries.filter((entry) => equalBytes(entry.value.slotRef, slotRef) && entry.value.atc < atc)
  const last = ofSlot.at(-1)?.value
  const since = last?.atc ?? 1
  for (let number = atc - 1; number >= since; number -= 1) {
    if (byAtc.get(number)?.length !== 1) return true
  }
  const between = loads.filter(
    (load) => equalBytes(load.slotRef, slotRef) && load.atc >= (last?.atc ?? 0) && load.atc < atc,
  )
  const start = last === undefined ? { count: 0, amount: 0n } : { count: last.countAfter, amount: last.amountAfter }
  const held = between.reduce(applied, start)
  if (between.some(isAccount) || (last !== undefined && last.amountAfter === accountAmount)) return true
  return value.countAfter === held.count - 1 && value.amountAfter === held.amount - value.amount
}

const accountAmount = (1n << 64n) - 1n
const isAccount = ({ change }: CardLoad): boolean =>
  change.kind === 'loaded' && (change.slot.flags & slotFlag.account) !== 0

interface Held {
  readonly count: number
  readonly amount: bigint
}

function applied(held: Held, { change }: CardLoad): Held {
  return change.kind === 'loaded'
    ? { count: held.count + change.slot.countLeft, amount: held.amount + change.slot.amountLeft }
    : { count: 0, amount: 0n }
}

/** Each torn intent whose hash a later record, or a proved one, names as its previous. */
function provedAmong(torn: readonly Entry[], presented: readonly Entry[]): readonly Entry[] {
  const known = new Set(presented.map(({ hash }) => hash))
  const open = torn.filter(({ hash }) => !known.has(hash))
  const proved: Entry[] = []
  const wanted = presented.map(({ value }) => toHex(value.previousHash))
  for (let hash = wanted.pop(); hash !== undefined; hash = wanted.pop()) {
    const entry = open.find((candidate) => candidate.hash === hash)
    if (entry === undefined || proved.includes(entry)) continue
    proved.push(entry)
    wanted.push(toHex(entry.value.previousHash))
  }
  return proved
}

function standings(entries: readonly Entry[], loads: readonly CardLoad[]): readonly SlotStanding[] {
  const refs = new Map<string, Uint8Array>()
  for (const { slotRef } of [...loads, ...entries.map(({ value }) => value)]) refs.set(toHex(slotRef), slotRef)
  return [...refs.values()].map((slotRef) => {
    const spent = entries.filter(({ value }) => equalBytes(value.slotRef, slotRef))
    const presented = {
      count: spent.length,
      amount: spent.reduce((sum, { value }) => sum + value.amount, 0n),
    }
    const own = loads.filter((load) => equalBytes(load.slotRef, slotRef))
    const loaded = own.reduce(
      (sum, { change }) =>
        change.kind === 'loaded'
          ? { count: sum.count + change.slot.countLeft, amount: sum.amount + change.slot.amountLeft }
          : { count: sum.count - change.count, amount: sum.amount - change.amount },
      { count: 0, amount: 0n },
    )
    const left = { count: loaded.count - presented.count, amount: loaded.amount - presented.amount }
    return { slotRef, presented, left: own.length === 0 || own.some(isAccount) ? null : left }
  })
}

function distinct(inputs: readonly Uint8Array[]): readonly Entry[] {
  const entries = new Map<string, Entry>()
  for (const input of inputs) {
    const value = recordLayout.decode(input)
    if (value === null) throw new RangeError('not the signed bytes of a record')
    const hash = toHex(recordHash(input))
    entries.set(hash, { input, hash, value })
  }
  return [...entries.values()]
}
