/** Debits in the logs of applet cards: read from signed bytes, never twice for a tender, never out of their chain. */
import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import vectors from '../../fixtures/vectors/tolem-applet.json' with { type: 'json' }
import { debitIn } from '../../checker/card-debits.ts'
import { readCardLogs } from '../../checker/card-logs.ts'
import { checkRun } from '../../checker/check-run.ts'
import { CheckerInputError } from '../../checker/input-error.ts'
import { reportInWords } from '../../checker/report-words.ts'
import { MadeUpRun, type Sale } from './made-up-run.ts'

let run: MadeUpRun
const lines = new Map<string, number>()
beforeEach(() => {
  run = new MadeUpRun()
  lines.clear()
})
afterEach(() => run.remove())

const cards = (): string => join(run.hardwareFolder, 'cards')
const sha256 = (of: Buffer): Buffer => createHash('sha256').update(of).digest()

function log(card: string, entry: object): void {
  const sequence = (lines.get(card) ?? 0) + 1
  lines.set(card, sequence)
  appendFileSync(join(cards(), `${card}.log.jsonl`), `${JSON.stringify({ sequence, at: sequence, ...entry })}\n`)
}

/** The example's record with another number, tender and previous hash; nobody checks its signature here. */
function record(atc: number, tender: string, previous: Buffer, termsHash?: string): Buffer {
  const made = Buffer.from(vectors.spend.record, 'hex')
  made.writeUInt32BE(atc, 34)
  previous.copy(made, 38)
  Buffer.from(tender.replaceAll('-', ''), 'hex').copy(made, 70)
  if (termsHash !== undefined) Buffer.from(termsHash, 'hex').copy(made, 250)
  return made
}
const hashOf = (of: Buffer): Buffer => sha256(of.subarray(0, 284))
const tenderId = (number: number): string => `019ac932-8d80-7000-8000-${String(number).padStart(12, '0')}`
const none: Buffer = Buffer.alloc(32)

/** Debits of one card, one after the other; returns the last one's hash. */
function debits(card: string, tenders: readonly number[], from = 1, previous = none): Buffer {
  return tenders.reduce((before, tender, index) => {
    const made = record(from + index, tenderId(tender), before)
    log(card, { kind: 'debit', atc: 999, tenderId: 'not looked at', record: made.toString('hex').toUpperCase() })
    return hashOf(made)
  }, previous)
}

/** Sales that the ledger has settled, each debited by this card. */
function sold(card: string, numbers: readonly number[]): readonly Sale[] {
  let previous = none
  return numbers.map((number, index) => {
    const sale = run.sale(number)
    run.tender(sale, 'settled')
    run.pay(sale)
    const made = record(index + 1, sale.terms.tenderId, previous, sale.hash)
    previous = hashOf(made)
    log(card, { kind: 'debit', atc: 999, tenderId: 'not looked at', record: made.toString('hex').toUpperCase() })
    return sale
  })
}

describe('a record', () => {
  test('of the worked examples says what it says there', () => {
    const { spend } = vectors
    expect(debitIn('Aisha', spend.record)).toEqual({
      card: 'Aisha',
      atc: 42,
      tenderId: '019ac932-8d80-7000-8000-000000000001',
      amount: 115_000n,
      schemeRef: vectors.slotBefore.slice(0, 32),
      slotRef: vectors.slotBefore.slice(32, 64),
      left: { count: 19, amount: 2_185_000n },
      merchantRef: vectors.terminalCertificate.slice(80, 112),
      terminalRef: vectors.terminalCertificate.slice(48, 80),
      termsHash: spend.termsHash,
      mode: 'offline',
      isWithPin: true,
      previousHash: spend.headHashBefore,
      hash: spend.recordHash,
    })
  })

  test.each([
    ['too short', vectors.spend.record.slice(2)],
    ['another tag', `00${vectors.spend.record.slice(2)}`],
    ['another currency', vectors.spend.record.replace('0398001300', '0643001300')],
    ['lower case', vectors.spend.record.toLowerCase()],
  ])('that is %s is none', (_name, text) => {
    expect(debitIn('Aisha', text)).toBeNull()
  })
})

describe('a run', () => {
  test('in which every tender is debited once passes, and counts them', () => {
    run.wholeSale(1)
    sold('aisha', [2, 3])
    sold('dias', [4])
    const report = checkRun(run)
    expect(report).toMatchObject({
      passed: true,
      paidWithoutCard: [],
      cards: { logs: 3, messages: 1, debits: 3 },
      duplicates: [],
      notes: [],
    })
    expect(reportInWords(report)).toContain('1 signed message and 3 debits in 3 logs')
  })

  test('finds a debit that the ledger does not have, or has otherwise, or does not pay', () => {
    debits('dias', [9])
    const [, other, refused, waits] = sold('aisha', [1, 2, 3, 4])
    const change = (sale: Sale | undefined, set: string) =>
      run.database.prepare(`UPDATE tender SET ${set} WHERE tender_id = ?`).run(sale?.terms.tenderId)
    change(other, 'amount = 1')
    change(refused, "state = 'refused'")
    change(waits, "state = 'awaiting_proof'")
    expect(checkRun(run).lost.map((one) => one.reason)).toEqual(['other_amount', 'refused', 'not_at_ledger'])
    expect(reportInWords(checkRun(run))).toContain('debit 1 of card dias: not_at_ledger')
  })

  test('finds a tender that one card debited twice', () => {
    debits('aisha', [1, 2, 1])
    const report = checkRun(run)
    expect(report.passed).toBe(false)
    expect(report.duplicates).toEqual([
      {
        kind: 'tender_debited_twice',
        place: tenderId(1),
        tenders: [tenderId(1)],
        detail: 'aisha number 1, 115000; aisha number 3, 115000',
      },
    ])
  })

  test('finds a tender that two cards debited', () => {
    debits('aisha', [1])
    debits('dias', [1])
    expect(checkRun(run).duplicates).toMatchObject([{ kind: 'tender_debited_twice', place: tenderId(1) }])
  })

  test('notes gaps, numbers used again and broken chains', () => {
    const head = debits('aisha', [1, 2])
    debits('aisha', [3], 4, head)
    debits('aisha', [4], 4, none)
    debits('dias', [5], 1, Buffer.alloc(32, 1))
    debits('new-to-this-run', [6], 17, Buffer.alloc(32, 1))
    expect(readCardLogs(cards()).notes).toEqual([
      'card aisha: debit 4 comes after 2',
      'card aisha: debit 4 comes after 4',
      'card aisha: debit 4 does not name the one before',
      'card dias: debit 1 does not name the one before',
    ])
  })

  test('cannot be checked with a debit whose record is none', () => {
    log('aisha', { kind: 'debit', record: '00' })
    expect(() => checkRun(run)).toThrow(CheckerInputError)
    expect(() => checkRun(run)).toThrow('holds no record of a debit')
  })
})
