/**
 * The hand of the customers who pay by QR: reads what a QR asks for, pays it from one of the demonstration's wallets,
 * and asks what became of it. A payment's id is on the disk before it goes to the ledger, and an attempt without an
 * answer is repeated under the same id (docs/integrator.md, "Ids").
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { RandomSource } from '../cards/random.ts'
import type { EventLog } from '../event-log.ts'
import { LedgerDoor } from './ledger-door.ts'
import type { LedgerWord } from './ledger-door.ts'
import { readPaymentQr } from './payment-qr.ts'
import type { QrRefusal } from './payment-qr.ts'
import { ledgerJwk, ledgerKeyOf, walletJwk, walletKeyOf } from './signed-exchange.ts'
import type { WalletKey } from './signed-exchange.ts'

/** The demonstration's role keys; of them, those of individuals are wallets. */
const roleKeys = z.array(z.object({ role: z.string(), owner: z.string(), privateJwk: z.looseObject({}) }))

/** A decimal number of tiyn (1/100 tenge). */
const tiyn = z.string().regex(/^(0|[1-9]\d{0,15})$/)
const shownRequest = z.object({
  requestId: z.string(),
  merchantName: z.object({ kk: z.string(), ru: z.string(), en: z.string() }),
  amount: tiyn,
  expiresAt: z.int(),
  state: z.enum(['open', 'paid', 'released', 'expired']),
})
const paid = z.object({ paymentId: z.string(), state: z.enum(['held', 'paid_back']), reason: z.string().nullable() })
const becameOfIt = z.object({
  state: z.enum(['held', 'settled', 'paid_back']),
  reason: z.string().nullable(),
  owed: tiyn,
})

const payment = z.object({
  paymentId: z.string(),
  requestId: z.string(),
  wallet: z.string(),
  merchant: z.string(),
  amount: tiyn,
  /** `unsure`: no answer yet, it may have been paid. `refused`: the ledger did nothing, the id is free. */
  state: z.enum(['unsure', 'refused', 'held', 'settled', 'paid_back']),
  /** Why it was refused or came back, by the ledger's code. */
  reason: z.string().nullable(),
  /** What the merchant still owes of what was paid back. */
  owed: tiyn,
  at: z.int(),
})

export type ShownRequest = z.infer<typeof shownRequest>
export type WalletPayment = z.infer<typeof payment>

export interface WalletState {
  /** Owners of the wallets. */
  readonly wallets: readonly string[]
  /** What was read last and is not paid yet. */
  readonly request: ShownRequest | null
  /** The newest payments, oldest first. */
  readonly payments: readonly WalletPayment[]
}

export type WalletRefusal =
  | QrRefusal
  | 'no-such-wallet'
  | 'no-such-payment'
  /** A request is paid only after it was read: nobody pays what they have not seen. */
  | 'request-not-read'
  | 'ledger-refused'
  | 'ledger-unreachable'
  | 'ledger-not-believed'

export type WalletAnswer<Done> =
  | { readonly kind: 'done'; readonly details: Done }
  | { readonly kind: 'refused'; readonly code: WalletRefusal; readonly detail: string }

export interface WalletDeskOptions {
  /** Holds `payments.json`. */
  readonly folder: string
  /** File of role keys, and of the ledger's public key as a JWK. */
  readonly keysFile: string
  readonly ledgerKeyFile: string
  readonly ledgerPort: () => number
  readonly log: EventLog
  readonly now: () => number
  readonly random: RandomSource
}

const path = '/v1/payment-requests'
const shownPayments = 6

export class WalletDesk {
  readonly log: EventLog
  readonly #keys: ReadonlyMap<string, WalletKey>
  readonly #door: LedgerDoor
  readonly #now: () => number
  readonly #random: RandomSource
  readonly #file: string
  #request: ShownRequest | null = null
  #payments: readonly WalletPayment[]

  /** @throws when a file cannot be read, or is not of its form */
  constructor(options: WalletDeskOptions) {
    const { folder, keysFile, ledgerKeyFile, ledgerPort, log, now, random } = options
    const ledgerKey = ledgerKeyOf(ledgerJwk.parse(JSON.parse(readFileSync(ledgerKeyFile, 'utf8'))))
    const individuals = roleKeys
      .parse(JSON.parse(readFileSync(keysFile, 'utf8')))
      .filter(({ role }) => role === 'individual')
    this.#keys = new Map(individuals.map(({ owner, privateJwk }) => [owner, walletKeyOf(walletJwk.parse(privateJwk))]))
    this.#door = new LedgerDoor({ port: ledgerPort, ledgerKey, now, random })
    this.log = log
    this.#now = now
    this.#random = random
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#file = join(folder, 'payments.json')
    this.#payments = existsSync(this.#file) ? z.array(payment).parse(JSON.parse(readFileSync(this.#file, 'utf8'))) : []
  }

  state(): WalletState {
    return { wallets: [...this.#keys.keys()], request: this.#request, payments: this.#payments.slice(-shownPayments) }
  }

  /** What a QR's text, or a request's id, asks for: the ledger's word. */
  async read(wallet: string, text: string): Promise<WalletAnswer<{ readonly request: ShownRequest }>> {
    const key = this.#keys.get(wallet)
    if (key === undefined) return noWallet(wallet)
    this.#request = null
    const qr = readPaymentQr(text)
    if (qr.kind === 'refused') return this.#refused(qr.code, sentences[qr.code])
    const word = await this.#door.get(path, { requestId: qr.requestId }, key, shownRequest)
    if (word.kind !== 'answer') return this.#refused(...refusalOf(word))
    this.#request = word.answer
    this.log.write('read', { wallet, ...word.answer, merchantName: word.answer.merchantName.en })
    return { kind: 'done', details: { request: word.answer } }
  }

  /** Pays the request that was read. */
  async pay(wallet: string, requestId: string): Promise<WalletAnswer<{ readonly payment: WalletPayment }>> {
    const key = this.#keys.get(wallet)
    if (key === undefined) return noWallet(wallet)
    const request = this.#request
    if (request === null || request.requestId !== requestId)
      return this.#refused('request-not-read', 'read the QR first: what is paid is what the ledger has shown')
    const open = this.#payments.find(
      (earlier) =>
        earlier.wallet === wallet && earlier.requestId === requestId && ['unsure', 'refused'].includes(earlier.state),
    )
    const { paymentId } = this.#keep({
      paymentId: open?.paymentId ?? uuidV7(this.#now(), this.#random(10)),
      requestId,
      wallet,
      merchant: request.merchantName.en,
      amount: request.amount,
      state: 'unsure',
      reason: null,
      owed: '0',
      at: this.#now(),
    })
    const word = await this.#door.post(`${path}/payments`, { paymentId, requestId, payer: wallet }, key, paid)
    if (word.kind === 'answer') {
      const { state, reason } = word.answer
      this.#request = null
      return { kind: 'done', details: { payment: this.#became(paymentId, { state, reason }) } }
    }
    if (word.kind === 'refused') this.#became(paymentId, { state: 'refused', reason: word.code })
    return this.#refused(...refusalOf(word))
  }

  /** Asks the ledger what became of a payment. */
  async look(paymentId: string): Promise<WalletAnswer<{ readonly payment: WalletPayment }>> {
    const known = this.#payments.find((candidate) => candidate.paymentId === paymentId)
    const key = this.#keys.get(known?.wallet ?? '')
    if (known === undefined || key === undefined)
      return { kind: 'refused', code: 'no-such-payment', detail: `no payment ${paymentId} was made here` }
    const word = await this.#door.get(`${path}/payments`, { paymentId }, key, becameOfIt)
    if (word.kind === 'answer') return { kind: 'done', details: { payment: this.#became(paymentId, word.answer) } }
    // Not logged: the page asks again and again.
    const [code, detail] = refusalOf(word)
    return { kind: 'refused', code, detail }
  }

  #became(paymentId: string, news: Partial<WalletPayment>): WalletPayment {
    const known = this.#payments.find((candidate) => candidate.paymentId === paymentId)
    if (known === undefined) throw new Error(`payment ${paymentId} was never kept`)
    const next = { ...known, ...news }
    if (JSON.stringify(next) === JSON.stringify(known)) return known
    return this.#keep(next)
  }

  /** On the disk before anybody else hears of it. */
  #keep(kept: WalletPayment): WalletPayment {
    const others = this.#payments.filter(({ paymentId }) => paymentId !== kept.paymentId)
    this.#payments = [...others, kept].toSorted((one, other) => one.at - other.at)
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(this.#payments, null, 1)}\n`, { mode: 0o600 })
    renameSync(`${this.#file}.new`, this.#file)
    const { paymentId, requestId, wallet, amount, state, reason } = kept
    this.log.write(state === 'unsure' ? 'pays' : state, { wallet, amount, reason, paymentId, requestId })
    return kept
  }

  #refused(code: WalletRefusal, detail: string) {
    this.log.write('failed', { code, detail })
    return { kind: 'refused', code, detail } as const
  }
}

function refusalOf(word: Exclude<LedgerWord<unknown>, { kind: 'answer' }>): readonly [WalletRefusal, string] {
  switch (word.kind) {
    case 'refused':
      return ['ledger-refused', `the ledger refused: ${word.detail} (${word.code})`]
    case 'unreachable':
      return ['ledger-unreachable', `the ledger does not answer: ${word.detail}`]
    case 'not-believed':
      return ['ledger-not-believed', `the answer is not believed: ${word.detail}`]
    default:
      return word satisfies never
  }
}

const sentences: Readonly<Record<QrRefusal, string>> = {
  'not-a-payment-qr': 'this is neither the text of a payment QR nor the id of a request',
  'qr-malformed': 'the QR is cut off or not well made',
  'qr-checksum-wrong': 'the checksum of the QR is wrong: it was misread or changed',
  'qr-of-another-scheme': 'this QR is not for one payment in Digital Tenge',
  'qr-without-request': 'the QR names no payment request',
}

const noWallet = (wallet: string) =>
  ({ kind: 'refused', code: 'no-such-wallet', detail: `there is no wallet of ${wallet}` }) as const

/** RFC 9562 §5.7. @param random ten bytes */
function uuidV7(now: number, random: Uint8Array): string {
  const bytes = Buffer.alloc(16)
  bytes.writeUIntBE(now, 0, 6)
  bytes.set(random, 6)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
