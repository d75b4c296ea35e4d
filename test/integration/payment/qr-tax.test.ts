/**
 * The VAT of what a QR pays, from the basket at the till to the tax authority's account (docs/design/19-rules.md, "A
 * payment by QR"): a real till and a real ledger with a tax rule in force. Method: `qr-bench.ts`, figures by hand.
 */
import { beforeEach, expect, it } from 'vitest'
import { openAccount } from '../../../ledger-sim/accounts/accounts.ts'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { newId } from '../../../ledger-sim/context.ts'
import { assignRule } from '../../../ledger-sim/rules/assignments.ts'
import { registerRule } from '../../../ledger-sim/rules/rule-book.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { canteen, taxAccount, vatRule, vatTerms } from '../ledger/rules-world.ts'
import { day, juice, qrBench } from './qr-bench.ts'

const bench = qrBench()
const { screen, does, pass, asksByQr, scanned, pays, rows, spent, tapsLunch, saleOf, tendersOf } = bench

/** 35 000 × 16/116 = 4 827.6 */
const taxOfJuice = 4_828

beforeEach(async () => {
  await bench.world.atLedger(async (work) => {
    const owner = 'tax-authority'
    await openAccount(work, {
      accountId: taxAccount,
      owner,
      name: 'State budget (demo)',
      kind: 'legal-entity',
      currency: 'DT',
    })
    await registerRule(work, { keyId: '', role: 'legal-entity', owner }, vatRule(1))
    const assignment = { assignmentId: newId(work), ruleId: 'vat', merchantId: canteen, terms: vatTerms }
    expect((await assignRule(work, owner, { ...assignment, from: work.now + 1, until: null })).kind).toBe('done')
  })
  await pass(1_000)
})

const budget = () => Number(rows(`SELECT balance FROM account WHERE account_id = '${taxAccount}'`)[0]?.['balance'])
const sharesOf = (kind: 'voucher' | 'qr') =>
  rows(`SELECT outcome, parts, sale_at FROM rule_share JOIN tender ON tender_id = payment_id
    WHERE (tender.terms IS NULL) = ${kind === 'qr' ? 1 : 0}`).map(({ outcome, parts, sale_at }) => {
    return { outcome, parts: JSON.parse(String(parts)) as unknown, saleAt: Number(sale_at) }
  })
const audited = () => auditFile(bench.world.ledgerFile)?.faults

it('beside a voucher: each pays the tax of its own lines, and goods that come back bring it back', async () => {
  does({ command: 'add_item', itemId: 'school-lunch' })
  does({ command: 'add_item', itemId: 'juice' })
  await tapsLunch()
  await asksByQr()
  await pays(scanned())
  await pass(25_000)
  expect(tendersOf()).toEqual(['voucher settled', 'qr settled'])
  const standard = { line: 2, taxClass: 'standard', base: String(juice), share: String(taxOfJuice) }
  expect(sharesOf('qr')).toMatchObject([{ outcome: 'split', parts: [standard] }])
  const ofLunch = 15_862
  expect(budget()).toBe(ofLunch + taxOfJuice)
  const back = (amount: number) =>
    does({
      command: 'refund_sale',
      saleId: saleOf(),
      lines: [{ line: 2, amount: tiyn(amount) }],
      reason: 'not_as_sold',
    })
  back(10_000)
  await pass(20_000)
  // 4 828 × 10 000/35 000 = 1 379.4.
  expect([budget(), spent()]).toEqual([ofLunch + taxOfJuice - 1_379, juice - 10_000])
  back(juice - 10_000)
  await pass(20_000)
  expect([budget(), spent(), audited()]).toEqual([ofLunch, 0, []])
})

it('closed while the network is gone: the tax of the day on which it was closed', async () => {
  await asksByQr()
  bench.goesOffWhenHeld()
  await pays(scanned())
  await pass(1_300)
  const closed = bench.world.time.now
  await pass(3 * day)
  bench.comesBack()
  await pass(120_000)
  expect(tendersOf()).toEqual(['qr settled'])
  const [share] = sharesOf('qr')
  expect(share?.outcome).toBe('split')
  expect(Math.abs((share?.saleAt ?? 0) - closed)).toBeLessThan(1_500)
  expect([budget(), audited()]).toEqual([taxOfJuice, []])
})

it('voided: the tax is back with the money', async () => {
  await asksByQr()
  await pays(scanned())
  await pass(25_000)
  expect(budget()).toBe(taxOfJuice)
  does({ command: 'void_sale', saleId: saleOf() })
  await pass(20_000)
  expect([tendersOf(), budget(), spent(), audited()]).toEqual([['qr reversed'], 0, 0, []])
  expect(screen().queue.waiting).toBe(0)
})
