/** A till that shows QRs and wallets that pay them, for tests of the ledger (docs/design/17-qr-payment.md). */
import { createHash } from 'node:crypto'
import { demoIndividuals } from '../../../ledger-sim/scenarios/demo.ts'
import { verifyTagged } from '../../../src/sync/protocol/keys.ts'
import { saleHashOf } from '../../../src/sync/protocol/canonical.ts'
import type { Capture, ItemResult, PaymentRequestTerms, SignedItemResult } from '../../../src/sync/protocol/messages.ts'
import { tiyn, type Tiyn } from '../../../src/voucher/money.ts'
import type { Sale } from '../../../src/voucher/sale.ts'
import { demoLedger, type DemoLedger, type TestSigner, type TestTill } from './demo-ledger.ts'

export const merchantAccount = 'merchant.school-7-canteen'
export const minuteMs = 60_000
export const openForMs = 5 * minuteMs
/** What every wallet of the demonstration begins with, tiyn. */
export const walletFunds = 5_000_000n

export interface QrWorld {
  readonly demo: DemoLedger
  readonly till: TestTill
  readonly wallets: readonly Wallet[]
}

export async function qrWorld(options: Parameters<typeof demoLedger>[0]): Promise<QrWorld> {
  const demo = await demoLedger(options)
  const till = await demo.till('till-1')
  const wallets = demoIndividuals.map((owner) => new Wallet(demo.role('individual', owner), owner))
  return { demo, till, wallets }
}

export function termsOf(till: TestTill, amount: bigint, tenderId = till.id()): PaymentRequestTerms {
  return {
    tenderId,
    payeeAccount: merchantAccount,
    amount: tiyn(amount),
    saleHash: createHash('sha256').update(tenderId).digest('hex'),
    expiresAt: till.clock.now + openForMs,
  }
}

export interface RungUp {
  readonly category: string
  readonly unitPrice: bigint
  readonly quantity?: number
}

/** A basket, as a till freezes it. */
export function saleOf(till: TestTill, lines: readonly RungUp[]): Sale {
  const some = lines.map(({ category, unitPrice, quantity = 1 }, index) => {
    const name = { kk: category, ru: category, en: category }
    return { line: index + 1, itemId: `some-${category}`, name, category, quantity, unitPrice: tiyn(unitPrice) }
  })
  return { saleId: till.id(), lines: some }
}

/** What a QR asks for of a sale: so many tiyn. */
export function termsOfSale(till: TestTill, sale: Sale, amount: bigint, tenderId = till.id()): PaymentRequestTerms {
  return { ...termsOf(till, amount, tenderId), saleHash: saleHashOf(sale) }
}

/** A part of each line in its order; nothing of those that get zero. */
export function partsOf(...amounts: readonly bigint[]): { line: number; amount: Tiyn }[] {
  return amounts.map((amount, index) => ({ line: index + 1, amount: tiyn(amount) })).filter((part) => part.amount > 0n)
}

/** The signed result, or `open`. */
export async function ask(till: TestTill, terms: PaymentRequestTerms): Promise<ItemResult | 'open'> {
  const answer = await till.call('/v1/terminal/payment-requests', { terms })
  return answer.kind === 'open' ? 'open' : believed(till, answer.item)
}

export async function inquire(till: TestTill, tenderId: string): Promise<ItemResult | 'open' | 'not_seen'> {
  const answer = await till.call('/v1/terminal/inquiries', { tenderId })
  return answer.kind === 'known' ? believed(till, answer.item) : answer.kind
}

/** @param sold absent as at an older till */
export async function capture(till: TestTill, tenderId: string, sold?: Capture['sold']): Promise<ItemResult> {
  const [result] = await till.batch(till.capture(tenderId, sold))
  if (result === undefined) throw new Error('no answer')
  return result
}

function believed(till: TestTill, { result, signature }: SignedItemResult): ItemResult {
  if (!verifyTagged(till.ledger.ports.keys.signing, 'tolem/item-result/1', result, signature))
    throw new Error('result not signed')
  return result
}

export class Wallet {
  readonly signer: TestSigner
  readonly account: string

  constructor(signer: TestSigner, account: string) {
    this.signer = signer
    this.account = account
  }

  /** What the ledger says: its body, or the code of its problem. */
  async pay(paymentId: string, requestId: string, payer = this.account): Promise<Record<string, unknown>> {
    const { body } = await this.signer.post('/v1/payment-requests/payments', { paymentId, requestId, payer })
    return body
  }

  async look(requestId: string): Promise<Record<string, unknown>> {
    return (await this.signer.get(`/v1/payment-requests?requestId=${requestId}`)).body
  }

  async find(paymentId: string): Promise<Record<string, unknown>> {
    return (await this.signer.get(`/v1/payment-requests/payments?paymentId=${paymentId}`)).body
  }
}
