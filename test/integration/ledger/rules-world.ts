/** A tax authority, its VAT rule and a bank's cashback in the demonstration's ledger (docs/design/19-rules.md). */
import { join } from 'node:path'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { depositNonCash, issueToBank } from '../../../ledger-sim/accounts/conversions.ts'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import type { BoughtLine } from '../../../ledger-sim/rules/direct-payments.ts'
import type { AssignmentTerms, CashbackRule, VatRule } from '../../../ledger-sim/rules/rule.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { v7 } from 'uuid'
import { balanceOf, demoLedger, p256, temporaryFolder, TestSigner, type DemoLedger } from './demo-ledger.ts'

export const canteen = 'school-7-canteen'
export const canteenAccount = `merchant.${canteen}`
export const taxAccount = 'state-budget'
/** 2027 begins in Almaty. */
export const newYear = Date.UTC(2026, 11, 31, 19)

/** 16 % since 2026, medicines 5 %, from 2027 on 10 %. */
export function vatRule(version: 1 | 2, over: Partial<VatRule> = {}): VatRule {
  return {
    kind: 'vat',
    ruleId: 'vat',
    version,
    name: { kk: 'ҚҚС', ru: 'НДС', en: 'VAT' },
    from: version === 1 ? Date.UTC(2025, 11, 31, 19) : newYear,
    until: null,
    taxAccount,
    classes: [
      { taxClass: 'standard', treatment: 'taxable', basisPoints: 1_600 },
      { taxClass: 'medicines', treatment: 'taxable', basisPoints: version === 1 ? 500 : 1_000 },
      { taxClass: 'export', treatment: 'zero-rated' },
      { taxClass: 'free', treatment: 'exempt' },
    ],
    ...over,
  }
}

export const vatTerms: AssignmentTerms = {
  kind: 'vat',
  categories: [
    { category: 'medicines', taxClass: 'medicines' },
    { category: 'school-lunch', taxClass: 'standard' },
    { category: 'books', taxClass: 'free' },
    { category: 'export', taxClass: 'export' },
  ],
  otherwise: 'standard',
}

/** 3 %, at most 300 ₸ of a payment and 1 000 ₸ in a month. */
export function cashbackRule(over: Partial<CashbackRule> = {}): CashbackRule {
  return {
    kind: 'cashback',
    ruleId: 'dala-cashback',
    version: 1,
    name: { kk: 'Кэшбэк', ru: 'Кэшбэк', en: 'Cashback' },
    from: 0,
    until: null,
    sponsorAccount: 'dala-bank',
    basisPoints: 300,
    mostPerPayment: tiyn(30_000n),
    mostPerPeriod: tiyn(100_000n),
    periods: [10, 11, 12, 13].map((month) => ({
      periodId: new Date(Date.UTC(2026, month, 1)).toISOString().slice(0, 7),
      from: Date.UTC(2026, month, 1) - 5 * 3_600_000,
      to: Date.UTC(2026, month + 1, 1) - 5 * 3_600_000,
    })),
    ...over,
  }
}

export interface RulesWorld {
  readonly demo: DemoLedger
  /** Holds its database. */
  readonly folder: string
  readonly tax: TestSigner
  readonly bank: TestSigner
  readonly merchant: TestSigner
  readonly customer: TestSigner
  id(): string
  /** @returns its id; a millisecond later it is in force */
  assign(signer: TestSigner, ruleId: string, terms: AssignmentTerms, merchantId?: string): Promise<string>
  pay(lines: readonly BoughtLine[], paymentId?: string): Promise<Answer>
  refund(
    paymentId: string,
    amount: bigint,
    lines?: readonly { line: number; amount: bigint }[],
    refundId?: string,
  ): Promise<Answer>
  /** @throws with its text when the audit finds a fault */
  audit(): void
  close(): Promise<void>
}
type Answer = Awaited<ReturnType<TestSigner['post']>>

export const bought = (category: string, unitPrice: bigint, quantity = 1): BoughtLine => {
  return { itemId: `some-${category}`, category, quantity, unitPrice: tiyn(unitPrice) }
}

/** Without rules yet: with the tax authority, its account, and DT in the bank. */
export async function rulesWorld(seed = 'rules'): Promise<RulesWorld> {
  const folder = temporaryFolder()
  const path = join(folder.path, 'ledger.db')
  const demo = await demoLedger({ path, seed })
  const { clock } = demo
  const bank = demo.role('bank')
  const tax = await signerOf(demo, 'legal-entity', 'tax-authority')
  const customer = demo.role('individual', 'individual-1')
  const merchant = demo.role('merchant', canteen)
  const id = () => v7({ msecs: clock.now, random: demo.random(16) })
  await bank.post('/v1/accounts/legal-entities', {
    accountId: taxAccount,
    owner: 'tax-authority',
    name: 'State budget (demo)',
    kind: 'legal-entity',
  })
  await inTransaction(demo.ports, async (work) => {
    const amount = tiyn(10_000_000n)
    await depositNonCash(work, 'dala-bank.reserve', amount, id())
    await issueToBank(work, 'dala-bank', amount, id())
  })
  return {
    demo,
    folder: folder.path,
    tax,
    bank,
    merchant,
    customer,
    id,
    assign: async (signer, ruleId, terms, merchantId = canteen) => {
      const assignmentId = id()
      const from = clock.now + 1
      const assignment = { assignmentId, ruleId, merchantId, terms, from, until: null }
      done(await signer.post('/v1/rule-assignments', assignment))
      clock.now = from
      return assignmentId
    },
    pay: (lines, paymentId = id()) => {
      const amount = lines.reduce((sum, line) => sum + line.unitPrice * BigInt(line.quantity), 0n)
      const wanted = { paymentId, payer: 'individual-1', merchantId: canteen, amount, lines }
      return customer.post('/v1/payments/individual-merchant', wanted)
    },
    refund: (paymentId, amount, lines, refundId = id()) =>
      merchant.post('/v1/payments/individual-merchant/refunds', {
        refundId,
        paymentId,
        amount,
        ...(lines === undefined ? {} : { lines }),
      }),
    audit: () => {
      const report = auditFile(path)
      if (report?.balanced !== true) throw new Error(report?.text)
    },
    close: async () => {
      await demo.close()
      folder.remove()
    },
  }
}

/** @throws when the ledger did not do it */
export function done(answer: Answer): Answer['body'] {
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
  return answer.body
}

/** Somebody new who speaks to the ledger. */
export async function signerOf(demo: DemoLedger, role: string, owner: string): Promise<TestSigner> {
  const key = p256(`${role}/${owner}`)
  await inTransaction(demo.ports, ({ connection }) =>
    connection
      .insertInto('principal')
      .values({ key_id: key.keyId, jwk: JSON.stringify(key.jwk), role, owner, status: 'active' })
      .execute(),
  )
  return new TestSigner(demo.ledger, demo.clock, demo.random, key)
}

/** The tax authority's rule, both versions, in force at the canteen from now on. */
export async function withVat(world: RulesWorld): Promise<string> {
  for (const version of [1, 2] as const) done(await world.tax.post('/v1/rules', vatRule(version)))
  return world.assign(world.tax, 'vat', vatTerms)
}

/** The bank's rule, in force at the canteen from now on. */
export async function withCashback(world: RulesWorld, over: Partial<CashbackRule> = {}): Promise<string> {
  const rule = cashbackRule(over)
  done(await world.bank.post('/v1/rules', rule))
  return world.assign(world.bank, rule.ruleId, { kind: 'cashback' })
}

export async function taxAndMerchant({ demo }: RulesWorld) {
  return { tax: await balanceOf(demo, taxAccount), merchant: await balanceOf(demo, canteenAccount) }
}

/** Takes money out of an account, so that it is short of it. */
export function spendElsewhere({ demo }: RulesWorld, debit: string, amount: bigint) {
  return inTransaction(demo.ports, (work) =>
    post(work, [{ debit, credit: 'almaly-education', amount: tiyn(amount), kind: 'payment' }], 'spent by the test'),
  )
}

/** Of the merchant's statement, each entry that gives something back: its kind, and of which payment it says it is. */
export async function returnsIn({ merchant }: RulesWorld): Promise<readonly (readonly [string, string | null])[]> {
  const { body } = await merchant.get(`/v1/statements?accountId=${canteenAccount}`)
  const entries = body['entries'] as readonly { readonly kind: string; readonly returnOf: string | null }[]
  return entries.flatMap(({ kind, returnOf }) =>
    /^(voucher|payment|merchant)-(refund|reversal)$/.test(kind) ? [[kind, returnOf] as const] : [],
  )
}
