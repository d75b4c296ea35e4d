/**
 * What cards with a tolem-applet say they debited: the record of each SPEND, read anew from the bytes that the card
 * signed (docs/design/22 "SPEND"). The words that stand beside them in the log are believed in nothing.
 */
import { createHash } from 'node:crypto'
import type { Duplicate } from './duplicates.ts'

/** One SPEND. Hashes and references in upper-case hex. */
export interface CardDebit {
  /** The log's name: one card. */
  readonly card: string
  /** Number of the SPEND on this card, from 1; later ones have higher numbers. */
  readonly atc: number
  /** The tender's UUID, as the ledger writes it. */
  readonly tenderId: string
  /** Tiyn. */
  readonly amount: bigint
  readonly schemeRef: string
  readonly slotRef: string
  /** What is left in the slot after it; of an account there is nothing to count. */
  readonly left: { readonly count: number; readonly amount: bigint }
  readonly merchantRef: string
  readonly terminalRef: string
  readonly termsHash: string
  readonly mode: 'offline' | 'online'
  readonly isWithPin: boolean
  /** SHA-256 of the record that this card made before: 64 zeros when this is its first. */
  readonly previousHash: string
  /** SHA-256 of the 284 signed bytes. */
  readonly hash: string
}

const recordBytes = 348
const signedBytes = 284
const tag = Buffer.from('TLMSPD01', 'ascii')
/** ISO 4217 number of the tenge, as the record writes it. */
const tenge = '0398'

/** Null when these bytes are no record. */
export function debitIn(card: string, recordHex: string): CardDebit | null {
  const record = Buffer.from(recordHex, 'hex')
  if (record.length !== recordBytes || !/^[0-9A-F]+$/.test(recordHex) || !record.subarray(0, 8).equals(tag)) return null
  const mode = record.readUInt8(282)
  const flags = record.readUInt8(283)
  if (record.toString('hex', 142, 144) !== tenge || mode > 1 || flags > 1) return null
  const hex = (from: number, to: number): string => record.toString('hex', from, to).toUpperCase()
  return {
    card,
    atc: record.readUInt32BE(34),
    tenderId: record.toString('hex', 70, 86).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    amount: record.readBigUInt64BE(134),
    schemeRef: hex(86, 102),
    slotRef: hex(102, 118),
    left: { count: record.readUInt16BE(144), amount: record.readBigUInt64BE(146) },
    merchantRef: hex(154, 170),
    terminalRef: hex(170, 186),
    termsHash: hex(250, 282),
    mode: mode === 1 ? 'online' : 'offline',
    isWithPin: flags === 1,
    previousHash: hex(38, 70),
    hash: createHash('sha256').update(record.subarray(0, signedBytes)).digest('hex').toUpperCase(),
  }
}

/** What is odd in one card's debits, in the order of its log: a number left out or used again, a broken chain. */
export function oddDebits(debits: readonly CardDebit[]): readonly string[] {
  return debits.flatMap((debit, index) => {
    const before = debits[index - 1]
    const name = `card ${debit.card}: debit ${debit.atc}`
    const number = before === undefined || debit.atc === before.atc + 1 ? [] : [`${name} comes after ${before.atc}`]
    const follows =
      before === undefined ? debit.atc !== 1 || /^0+$/.test(debit.previousHash) : debit.previousHash === before.hash
    return follows ? number : [...number, `${name} does not name the one before`]
  })
}

/** Tenders that were debited more than once, by one card or by several. */
export function debitedTwice(debits: readonly CardDebit[]): readonly Duplicate[] {
  return [...Map.groupBy(debits, (debit) => debit.tenderId)].flatMap(([tenderId, own]): Duplicate[] => {
    if (own.length < 2) return []
    const detail = own.map(({ card, atc, amount }) => `${card} number ${atc}, ${amount}`).join('; ')
    return [{ kind: 'tender_debited_twice', place: tenderId, tenders: [tenderId], detail }]
  })
}
