/**
 * The audit finds what was made wrong of rules, shares and direct payments behind the ledger's back
 * (docs/design/19-rules.md, "Audited"). Method: one balanced ledger with each kind of share, paid, given back and owed;
 * one damage a copy, each found by its rule. A damage that only moves numbers between rows keeps all balances.
 */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { balanceOf } from './demo-ledger.ts'
import { ask, capture, partsOf, saleOf, termsOfSale, Wallet } from './payment-by-qr.ts'
import { bought, done, rulesWorld, taxAccount, withCashback, withVat, type RulesWorld } from './rules-world.ts'

let world: RulesWorld
let copies = 0
/** Paid; given back in part; given back wholly. */
const [kept, part, whole] = ['kept', 'part', 'whole'] as const
const ids: Record<string, string> = {}

beforeAll(async () => {
  world = await rulesWorld('audit')
  await withVat(world)
  await withCashback(world)
  for (const name of [kept, part, whole]) {
    const paymentId = world.id()
    ids[name] = paymentId
    done(await world.pay([bought('food', 11_600n), bought('medicines', 1_050n)], paymentId))
  }
  done(await world.refund(ids[whole] ?? '', 12_650n))
  const till = await world.demo.till('till-1')
  await till.fetch()
  const decided = till.decide({ card: world.demo.card('Pupil 01') })
  ids['voucher'] = decided.terms.tenderId
  await till.present(decided)
  const sale = saleOf(till, [
    { category: 'drinks', unitPrice: 23_200n },
    { category: 'medicines', unitPrice: 4_200n },
  ])
  const terms = termsOfSale(till, sale, 27_400n)
  ids['qr'] = terms.tenderId
  await ask(till, terms)
  await new Wallet(world.customer, 'individual-1').pay(world.id(), terms.tenderId)
  const sold = { at: world.demo.clock.now, sale, paid: partsOf(23_200n, 4_200n) }
  world.demo.clock.now += 1_000
  await capture(till, terms.tenderId, sold)
  const leg = {
    debit: taxAccount,
    credit: 'almaly-education',
    amount: tiyn(await balanceOf(world.demo, taxAccount)),
    kind: 'payment',
  } as const
  await inTransaction(world.demo.ports, (work) => post(work, [leg], 'spent by the test'))
  done(await world.refund(ids[part] ?? '', 6_000n))
})
afterAll(() => world.close())

/** The names of the rules that find something wrong. */
function found(...statements: readonly string[]): readonly string[] {
  const path = join(world.folder, `copy-${(copies += 1)}.db`)
  const from = new Database(join(world.folder, 'ledger.db'))
  from.pragma('wal_checkpoint(TRUNCATE)')
  from.close()
  copyFileSync(join(world.folder, 'ledger.db'), path)
  const database = new Database(path)
  database.pragma('foreign_keys = off')
  for (const statement of statements)
    expect([statement, database.prepare(statement).run().changes > 0]).toEqual([statement, true])
  database.close()
  return auditFile(path)?.faults.map(({ rule }) => rule) ?? []
}

const of = (name: string, rule = 'vat') =>
  `share_id = (select share_id from rule_share where payment_id = '${ids[name]}' and rule_id = '${rule}')`

/** Each entry of an account has its own number. */
const elsewhere = 'credit_entry = credit_entry + 1000000'

test('as it is, nothing is wrong', async () => {
  expect(auditFile(join(world.folder, 'ledger.db'))?.text).toMatch(/^balanced/)
  expect((await world.demo.rows('rule_debt')).length).toBe(1)
})

test.each<[string, () => readonly string[]]>([
  [
    'each share of a rule moved once, with its payment, from its giver to its receiver',
    () => [
      `update transfer set group_id = 'another' where kind = 'rule-share' and reference = (select share_id from
      rule_share where payment_id = '${ids[kept]}' and rule_id = 'vat')`,
    ],
  ],
  [
    'each share of a rule moved once, with its payment, from its giver to its receiver',
    () => [`delete from rule_share where payment_id = '${ids[kept]}' and rule_id = 'dala-cashback'`],
  ],
  [
    'shares move between merchants, their rule’s account and their payer, and never touch marked money',
    () => [
      `update rule_share set receiver = 'dala-bank' where ${of(kept)}`,
      `update transfer set credit = 'dala-bank', ${elsewhere}
        where kind = 'rule-share'
          and reference = (select share_id from rule_share where payment_id = '${ids[kept]}' and rule_id = 'vat')`,
    ],
  ],
  [
    'shares move between merchants, their rule’s account and their payer, and never touch marked money',
    () => [
      `update transfer set credit = 'scheme.school-lunch', ${elsewhere}
      where kind = 'rule-share' and credit = '${taxAccount}'`,
    ],
  ],
  [
    'what went back of a share was booked for it, or is owed, and is never more than the share',
    () => [`update rule_debt set amount = 0`],
  ],
  [
    'what went back of a share was booked for it, or is owed, and is never more than the share',
    () => [`update rule_return set amount = amount + 1 where ${of(part)}`],
  ],
  [
    'a payment that is undone or refunded wholly has its shares back, one that is not has not',
    () => [`delete from rule_return where ${of(whole)}`],
  ],
  [
    'a payment that is undone or refunded wholly has its shares back, one that is not has not',
    () => [`insert into rule_return select share_id, 'refund', 'nothing', 1, 1 from rule_share where ${of(kept)}`],
  ],
  [
    'the parts of a share add up to it, and their bases to what was paid',
    () => [`update rule_share set parts = replace(parts, '"base":"1050"', '"base":"1051"') where ${of(kept)}`],
  ],
  [
    'the tax of each class is what the rate of its rule says of its sum, rounded once',
    () => [
      `update rule_share set parts =
        replace(replace(parts, '"share":"1600"', '"share":"1599"'), '"share":"50"', '"share":"51"') where ${of(kept)}`,
    ],
  ],
  [
    'a share is by the version of its rule that was in force at the sale, and by an assignment that was',
    () => [`update rule_share set rule_version = 2 where ${of(kept)}`],
  ],
  [
    'a share is by the version of its rule that was in force at the sale, and by an assignment that was',
    () => [`update rule_assignment set in_force_until = in_force_from where kind = 'cashback'`],
  ],
  [
    'where a tax rule is in force at the sale, what its merchant was paid has its share',
    () => [`delete from rule_share where payment_id = '${ids['voucher']}'`],
  ],
  ...[
    `update payment_request set paid_lines = replace(paid_lines, '"amount":"4200"', '"amount":"4199"')`,
    `update payment_request set sold_at = sold_at + 1`,
    // The same sums of other lines.
    `update payment_request set paid_lines = replace(paid_lines, '"line":2', '"line":3')`,
    `update payment_request set paid_lines = replace(paid_lines, '"line":2', '"line":1')`,
  ].map((statement): [string, () => readonly string[]] => [
    'a QR is taxed by the lines that it paid, which add up to its amount, when its sale was closed',
    () => [statement],
  ]),
  [
    'a QR is taxed by the lines that it paid, which add up to its amount, when its sale was closed',
    () => [
      `update rule_share set outcome = 'no_lines', amount = 0,
        parts = '[{"line":null,"taxClass":null,"base":"27400","share":"0"}]' where ${of('qr')}`,
    ],
  ],
  [
    'where a tax rule is in force at the sale, what its merchant was paid has its share',
    () => [`delete from rule_share where payment_id = '${ids['qr']}' and rule_id = 'vat'`],
  ],
  [
    'no cashback is above its caps',
    () => [
      `update rule_version set content = replace(content, '"mostPerPeriod":"100000"', '"mostPerPeriod":"100"')
      where kind = 'cashback'`,
    ],
  ],
  [
    'no cashback is above its caps',
    () => [
      `update rule_version set content = replace(content, '"basisPoints":300', '"basisPoints":299')
      where kind = 'cashback'`,
    ],
  ],
  [
    'each direct payment moved once from its payer to its payee, each refund of it back, and never more than it',
    () => [`update direct_payment set amount = amount - 1 where payment_id = '${ids[kept]}'`],
  ],
  [
    'each direct payment moved once from its payer to its payee, each refund of it back, and never more than it',
    () => [`delete from direct_refund where payment_id = '${ids[whole]}'`],
  ],
])('“%s”', (rule, statements) => {
  expect(found(...statements())).toContain(rule)
})
