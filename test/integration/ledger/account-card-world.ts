/** Cards that pay from the accounts of the demonstration's people (docs/design/29-cbdc-card.md), for tests. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { demoBank } from '../../../ledger-sim/scenarios/demo.ts'
import { requestTermsHashOf } from '../../../src/sync/protocol/request-terms-hash.ts'
import type { PaymentRequestTerms } from '../../../src/sync/protocol/messages.ts'
import { toHex } from '../../../src/voucher/cards/bytes.ts'
import type { Sun } from '../../../src/voucher/tender.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import {
  balanceOf,
  temporaryFolder,
  type DemoLedger,
  type TestCard,
  type TestSigner,
  type TestTill,
} from './demo-ledger.ts'
import { freshCardOf } from './fresh-card.ts'
import { ask, merchantAccount, qrWorld, termsOf, walletFunds, type QrWorld, type Wallet } from './payment-by-qr.ts'
import { readCard } from './sun-message.ts'

/** What one tap may take in most tests, tiyn. */
export const tapMax = 3_000_000n

/** Binds a new card. @param number which one, 0 to 255 */
export async function accountCard(
  demo: DemoLedger,
  number: number,
  accountId: string,
  most = tapMax,
): Promise<TestCard> {
  const card = freshCardOf(demo, number)
  const { status, body } = await bind(demo.role('bank', demoBank), card, accountId, most)
  if (status !== 200 || body['card'] !== card.pseudonym) throw new Error(`not bound: ${JSON.stringify(body)}`)
  return card
}

export function bind(bank: TestSigner, card: TestCard, accountId: string, most = tapMax, bindingId = newId(bank)) {
  return bank.post('/v1/account-cards', { bindingId, uid: toHex(card.uid), accountId, tapMax: most })
}

function newId(signer: TestSigner): string {
  const hex = Buffer.from(signer.random(16)).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}

export function setBlocked(bank: TestSigner, card: TestCard, blocked: boolean) {
  return bank.post(blocked ? '/v1/account-card-blocks' : '/v1/account-card-unblocks', { card: card.pseudonym })
}

/** The card is held to the reader: a message for these terms, with the next counter. */
export function tapFor(card: TestCard, terms: PaymentRequestTerms): Sun {
  return readCard(card, requestTermsHashOf(terms))
}

export const cardPayments = '/v1/terminal/payment-requests/card-payments'

/** `held`, `over`, or why it is refused. */
export async function show(till: TestTill, requestId: string, sun: Sun): Promise<string> {
  const answer = await till.call(cardPayments, { requestId, proof: { profile: 'ntag424', sun } })
  return answer.kind === 'refused' ? answer.code : answer.kind
}

/** A tap and what the ledger says to it. */
export function payByCard(till: TestTill, card: TestCard, terms: PaymentRequestTerms): Promise<string> {
  return show(till, terms.tenderId, tapFor(card, terms))
}

export interface CardWorld extends QrWorld {
  /** Of the database. */
  readonly path: string
  readonly bank: TestSigner
  /** Of the account that the card pays from. */
  readonly owner: Wallet
  readonly other: Wallet
  readonly card: TestCard
  /** A QR is on the screen of a till. */
  opened(sum?: bigint, at?: TestTill): Promise<PaymentRequestTerms>
  /** A QR that the card has paid. */
  held(sum?: bigint): Promise<PaymentRequestTerms>
  money(): Promise<Readonly<Record<'owner' | 'other' | 'merchant', bigint>>>
  /** Past all limits. @returns whether it was there */
  move(debit: string, credit: string, sum: bigint): Promise<'posted' | 'short'>
  /** How many there are, and how many holds. */
  kept(): Promise<readonly [payments: number, holds: number]>
  /** The audit looks, and the world is gone. */
  end(): Promise<void>
}

/** What a QR asks for in most tests, tiyn. */
export const amount = 115_000n
export const untouched = { owner: walletFunds, other: walletFunds, merchant: 0n }

export async function cardWorld(): Promise<CardWorld> {
  const folder = temporaryFolder()
  const path = join(folder.path, 'ledger.db')
  const world = await qrWorld({ path })
  const { demo, till, wallets } = world
  const [owner, other] = wallets
  if (owner === undefined || other === undefined) throw new Error('no wallets')
  const card = await accountCard(demo, 1, owner.account)
  const opened = async (sum = amount, at = till) => {
    const terms = termsOf(at, sum)
    expect(await ask(at, terms)).toBe('open')
    return terms
  }
  return {
    ...world,
    path,
    bank: demo.role('bank', demoBank),
    owner,
    other,
    card,
    opened,
    held: async (sum) => {
      const terms = await opened(sum)
      expect(await payByCard(till, card, terms)).toBe('held')
      return terms
    },
    money: async () => ({
      owner: await balanceOf(demo, owner.account),
      other: await balanceOf(demo, other.account),
      merchant: await balanceOf(demo, merchantAccount),
    }),
    move: async (debit, credit, sum) => {
      const leg = { debit, credit, amount: tiyn(sum), kind: 'payment' } as const
      return (await inTransaction(demo.ports, (work) => post(work, [leg], 'moved by the test'))).kind
    },
    kept: async () => [(await demo.rows('request_payment')).length, (await demo.rows('hold')).length],
    end: async () => {
      try {
        const report = auditFile(path)
        if (report?.balanced !== true) throw new Error(report?.text)
        expect(demo.recovered).toEqual([])
      } finally {
        await demo.close()
        folder.remove()
      }
    },
  }
}

export function openSession(till: TestTill, card: TestCard, paymentRequest?: string, cardSessionId = till.id()) {
  const request = paymentRequest === undefined ? {} : { paymentRequest }
  const asked = { cardSessionId, card: card.pseudonym, encryptedRndB: '11'.repeat(16), ...request }
  return till.call('/v1/terminal/card-sessions', asked)
}
