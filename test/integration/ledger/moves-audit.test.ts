/**
 * Method: a few of each move are played; then one thing at a time is made wrong in a copy of the database, as a bug
 * would leave it, and the audit has to name the rule.
 */
import { copyFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { movesWorld } from './moves-world.ts'

let world: Awaited<ReturnType<typeof movesWorld>>
beforeAll(async () => {
  world = await movesWorld()
  const ask = async (by: string, path: string, body: object) => {
    const { status } = await world.as(by).post(path, body)
    if (status !== 200) throw new Error(`${path}: ${status}`)
  }
  const client = { bank: 'bank-a', accountId: 'aru', amount: '100' }
  const central = { bank: 'bank-a', amount: '100' }
  await ask('bank-a', '/v1/cash-withdrawals', { transferId: world.id(), ...client })
  await ask('bank-a', '/v1/conversions/dt-to-non-cash/individual-bank', { transferId: world.id(), ...client })
  await ask('bank-a', '/v1/conversions/dt-to-non-cash/bank-central-bank', { transferId: world.id(), ...central })
  const payment = { payer: 'farm', payee: 'aru', amount: '100', purpose: '' }
  for (const give of ['refund', 'reverse']) {
    const transferId = world.id()
    await ask('farm', '/v1/payments/legal-entity-individual', { transferId, ...payment })
    await (give === 'refund'
      ? ask('aru', '/v1/refunds', { refundId: world.id(), transferId, amount: '40', reason: 'r' })
      : ask('farm', '/v1/reversals', { reversalId: world.id(), transferId, reason: 'r' }))
  }
  world.audit()
  // All of it into the one file that is copied.
  const database = new Database(world.path)
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
})
afterAll(() => world.close())
let copies = 0

const touched = 'each kind of transfer moves between accounts that it may touch'
const conversion = 'a conversion gives on one side what it takes on the other'
const numbered = 'the entries of an account are numbered without gaps, and each says what was in it then'
const asked = 'each transfer of a client was booked once, as it was asked'
const back = 'what a client’s transfer gave back goes from its payee to its payer, and is no more than it was'
const once = 'a return is kept under an id that was asked once'
const reserve = 'settlement messages add up to what conversions moved at each reserve'
const message = 'each settlement message is of one leg between that reserve and the central bank, in one order'

test.each<[string, string, string]>([
  [
    'marked money was paid out as cash',
    touched,
    `update transfer set debit = 'scheme.lunch' where kind = 'cash-withdrawal'`,
  ],
  [
    'DT went to a bank’s client by an issue',
    touched,
    `update transfer set credit = 'aru', credit_entry = null where kind = 'issue'`,
  ],
  [
    'a refund came out of an escrow',
    touched,
    `update transfer set debit = 'escrow.lease-1' where kind = 'transfer-refund'`,
  ],
  ['cash did not leave the vault', conversion, `delete from transfer where kind = 'cash-withdrawal-cash'`],
  ['less came than went', conversion, `update transfer set amount = 99 where kind = 'redemption-of-dt-non-cash'`],
  [
    'two entries have changed places',
    numbered,
    `update transfer set credit_balance = 1 where kind = 'transfer-refund'`,
  ],
  ['an entry has no number', numbered, `update transfer set debit_entry = null where kind = 'transfer-refund'`],
  ['an account counts one too many', numbered, `update account set entries = entries + 1 where account_id = 'aru'`],
  ['a client’s transfer never moved', asked, `delete from transfer where kind = 'cash-withdrawal'`],
  ['another amount was booked', asked, `update client_transfer set amount = 101 where kind = 'payment-to-individual'`],
  ['cash that no client asked for', asked, `delete from client_transfer where kind = 'cash-withdrawal'`],
  ['a refund was counted twice', back, `update client_transfer set refunded = 80 where refunded = 40`],
  ['a reversal was forgotten', back, `update client_transfer set state = 'done' where state = 'reversed'`],
  ['a reversal gave back nothing', back, `delete from transfer where kind = 'transfer-reversal'`],
  ['a refund went to somebody else', back, `update transfer set credit = 'shop' where kind = 'transfer-refund'`],
  ['money came back for nothing', back, `update transfer set reference = 'x' where kind = 'transfer-refund'`],
  ['a return has no id', once, `delete from operation where kind = 'refund'`],
  ['a message is missing', reserve, `delete from settlement_message where direction = 'redemption'`],
  [
    'a message says more than moved',
    reserve,
    `update settlement_message set amount = 101 where direction = 'redemption'`,
  ],
  ['a message went the other way', reserve, `update settlement_message set direction = 'issue'`],
  [
    'a message is another bank’s',
    message,
    `update settlement_message set bank = 'bank-b' where direction = 'redemption'`,
  ],
  ['a number was left out', message, `update settlement_message set sequence = 90 where direction = 'redemption'`],
])('when %s, the audit says so', (_what, rule, wrong) => {
  const copy = `${world.path}.${(copies += 1)}`
  copyFileSync(world.path, copy)
  expect(auditFile(copy)?.faults).toEqual([])
  const database = new Database(copy)
  database.pragma('foreign_keys = OFF')
  database.pragma('ignore_check_constraints = ON')
  const { changes } = database.prepare(wrong).run()
  database.close()
  expect(changes).toBeGreaterThan(0)
  expect(auditFile(copy)?.faults.map((fault) => fault.rule)).toContain(rule)
})
