/**
 * A small run, made up file by file as a real one leaves it: the ledger's database, the cards' own logs, the printer's
 * slips. It shares no code with the checker or the product, so that neither confirms itself. Each `sale` is a lunch of
 * one child at one canteen.
 */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'

export interface Terms {
  readonly tenderId: string
  readonly payerSlot: string
  readonly payeeAccount: string
  readonly amount: string
  readonly schemeId: string
  readonly saleHash: string
}

export interface Sale {
  readonly number: number
  readonly terms: Terms
  readonly hash: string
  readonly mac: string
}

const columns: Readonly<Record<string, string>> = {
  principal: 'key_id text, jwk text, role text, owner text, status text',
  account: 'account_id text, currency text, kind text, owner text, name text, balance bigint, floor bigint',
  transfer:
    'transfer_id text, group_id text, debit text, credit text, amount bigint, kind text, reference text, at bigint',
  scheme: 'scheme_id text, version bigint, agency_id text, account_id text, content text',
  card: 'card text, profile text',
  card_counter: 'card text, epoch bigint, counter bigint, tender_id text, mac text',
  slot:
    'slot_id text, scheme_id text, beneficiary text, period_id text, count_allowed bigint, amount_allowed bigint, ' +
    'bridged_amount bigint not null default 0, ' +
    'lease_id text',
  slot_use: 'slot_id text, tender_id text, amount bigint',
  lease:
    'lease_id text, scheme_id text, terminal_id text, escrow_account text, amount bigint, sell_until bigint, ' +
    'present_until bigint, state text, granted_at bigint, kind text',
  tender:
    'tender_id text, terminal_id text, terms text, terms_hash text, state text, paid_by text, refusal text, ' +
    'loss text, slot_id text, scheme_id text, amount bigint, sale_hash text, decided_at bigint, ' +
    'tombstone bigint, at bigint',
  evidence: 'tender_id text, content_hash text, kind text, content text, at bigint',
  refund:
    'refund_id text, tender_id text, terminal_id text, amount bigint, lines text, reason text, state text, ' +
    'refusal text, at bigint',
  payment_request:
    'tender_id text, payee_account text, amount bigint, sale_hash text, expires_at bigint, hold_id text, payer text, ' +
    'closed_for text, sold_at bigint, paid_lines text',
  hold:
    'hold_id text, debit text, credit text, amount bigint, posted bigint, state text, expires_at bigint, ' +
    'reference text',
  card_escrow: 'card text, scheme_id text, account_id text',
  merchant_debt: 'kind text, reference text, account_id text, creditor text, amount bigint, at bigint',
  direct_payment: 'payment_id text, payer text, payee_account text, amount bigint',
}

const lunch = 115_000
const allowed = 120_000
const lunchText = String(lunch)

const sha256 = (...parts: readonly (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
/** Canonical for flat objects of plain texts: the keys in order. */
const sorted = (value: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))))
const packed = (hex: string): string => Buffer.from(hex.replaceAll('-', ''), 'hex').toString('base64url')

export class MadeUpRun {
  readonly folder = mkdtempSync(join(tmpdir(), 'tolem-checker-'))
  readonly ledgerFolder = join(this.folder, 'ledger')
  readonly hardwareFolder = join(this.folder, 'hardware')
  readonly database: Database.Database
  readonly #key: KeyObject
  #transfers = 0
  #slips = 0

  constructor() {
    for (const name of [this.ledgerFolder, join(this.hardwareFolder, 'cards'), join(this.hardwareFolder, 'slips')]) {
      mkdirSync(name, { recursive: true })
    }
    this.database = new Database(join(this.ledgerFolder, 'ledger.sqlite'))
    // Nothing here has to outlive a power cut.
    this.database.pragma('synchronous = OFF')
    this.database.pragma('journal_mode = MEMORY')
    for (const [table, list] of Object.entries(columns)) this.database.exec(`create table "${table}" (${list})`)
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#key = privateKey
    const jwk = JSON.stringify(publicKey.export({ format: 'jwk' }))
    this.insert('principal', { key_id: 'key-1', jwk, role: 'terminal', owner: 'till-1', status: 'active' })
    this.#openAccounts()
    this.openScheme('lunch', 'scheme.lunch')
    // Issued to a bank, sold to the agency, marked for the scheme, half of it leased.
    this.transfer('central-bank', 'bank-1', 1_200_000, 'issue', 'issue-1')
    this.transfer('outside', 'reserve', 1_000_000, 'non-cash-deposit', 'deposit-1')
    this.transfer('bank-1', 'agency-1', 1_000_000, 'sale-of-dt', 'sale-of-dt-1')
    this.transfer('agency-1', 'scheme.lunch', 1_000_000, 'scheme-funding', 'funding-1')
    this.insert('lease', { lease_id: 'lease-1', scheme_id: 'lunch', escrow_account: 'escrow.lease-1', state: 'live' })
    this.transfer('scheme.lunch', 'escrow.lease-1', 4 * allowed, 'lease-funding', 'lease-1')
  }

  remove(): void {
    this.database.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  insert(table: string, row: Readonly<Record<string, string | number | null>>): void {
    const names = Object.keys(row)
    const places = names.map(() => '?').join(', ')
    this.database.prepare(`insert into "${table}" (${names.join(', ')}) values (${places})`).run(Object.values(row))
  }

  /** Books a transfer with both balances, as the ledger does. */
  transfer(debit: string, credit: string, amount: number, kind: string, reference: string): void {
    this.#transfers += 1
    const id = `transfer-${this.#transfers}`
    this.insert('transfer', {
      transfer_id: id,
      group_id: id,
      debit,
      credit,
      amount,
      kind,
      reference,
      at: this.#transfers,
    })
    const change = this.database.prepare('update account set balance = balance + ? where account_id = ?')
    change.run(-amount, debit)
    change.run(amount, credit)
  }

  /** Nothing of it is anywhere yet. The slot is the child's of that number. */
  sale(number: number, more: Partial<Terms> = {}): Sale {
    const terms: Terms = {
      tenderId: `019aaf6e-1c00-7000-8000-${String(number).padStart(12, '0')}`,
      payerSlot: `lunch/${String(number).padStart(32, 'b')}/2026-11-23`,
      payeeAccount: 'canteen',
      amount: lunchText,
      schemeId: 'lunch',
      saleHash: sha256(`sale ${number}`).toString('hex'),
      ...more,
    }
    const hash = sha256('tolem/tender-terms/1', Buffer.of(0), sorted(terms)).toString('hex')
    return { number, terms, hash, mac: sha256('mac', hash).toString('hex').slice(0, 16).toUpperCase() }
  }

  /** The card signs the sale's terms. */
  tap({ number, hash, mac }: Sale, counter = 1): void {
    const bindingHex = hash.toUpperCase()
    this.#log(number, { sequence: 1, at: 1, kind: 'field', isOn: true })
    this.#log(number, { sequence: 2, at: 2, kind: 'sun', counter, bindingHex, mac, macInput: `${bindingHex}&m=` })
  }

  #log(number: number, line: object): void {
    appendFileSync(join(this.hardwareFolder, 'cards', `card-${number}.log.jsonl`), `${JSON.stringify(line)}\n`)
  }

  /** The code of a receipt, signed by the run's terminal or by another key. */
  code({ terms, mac }: Sale, key: KeyObject = this.#key): string {
    const body = JSON.stringify([
      packed(terms.tenderId),
      terms.payerSlot.slice(terms.schemeId.length + 1),
      terms.payeeAccount,
      terms.amount,
      terms.schemeId,
      packed(terms.saleHash),
      null,
      1_795_417_500_000,
      packed('EF963FF7828658A599F3041510671E88'),
      packed(mac),
      'till-1',
      1,
      4_711,
    ])
    const signed = Buffer.concat([Buffer.from('tolem/receipt-presentment/1'), Buffer.of(0), Buffer.from(body)])
    const signature = sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' })
    return `TOLEM1.${Buffer.from(body).toString('base64url')}.${signature.toString('base64url')}`
  }

  receipt(sale: Sale, of: { readonly copy?: string; readonly code?: string } = {}): void {
    this.slip(`Swallow Canteen\n${of.copy ?? ''}\nTOTAL   1 150,00 тг`, [of.code ?? this.code(sale)])
  }

  voidSlip({ terms }: Sale): void {
    this.slip(`Swallow Canteen\n   PAYMENT CANCELLED\nPayment No.          ${terms.tenderId.slice(-8)}`, [])
  }

  /** As ESC/POS bytes and as what the printer made of them. */
  slip(words: string, codes: readonly string[]): void {
    this.#slips += 1
    const name = join(this.hardwareFolder, 'slips', String(this.#slips).padStart(4, '0'))
    writeFileSync(
      `${name}.bin`,
      Buffer.concat([Buffer.from(words), ...codes.map(qrBytes), Buffer.from('1d5601', 'hex')]),
    )
    const text = `${words}\n${codes.map((code) => `[QR ${code}]\n`).join('')}`
    const elements = [{ kind: 'line', text: words, height: 24 }]
    writeFileSync(`${name}.json`, JSON.stringify({ number: this.#slips, text, qrPayloads: codes, elements }))
  }

  /** The ledger's row of a tender, with its slot, its evidence and its card counter; no money moves. */
  tender(
    sale: Sale,
    state: string,
    more: Readonly<Record<string, string | number | null>> = {},
    shown: 'authorisation' | 'presentment' = 'presentment',
  ): void {
    const { terms, hash, mac, number } = sale
    const { tenderId, payerSlot, schemeId } = terms
    const amount = Number(terms.amount)
    this.insert('tender', {
      tender_id: tenderId,
      terminal_id: 'till-1',
      terms: JSON.stringify(terms),
      terms_hash: hash,
      state,
      paid_by: state === 'settled' ? 'escrow' : null,
      refusal: null,
      loss: null,
      slot_id: payerSlot,
      scheme_id: schemeId,
      amount,
      decided_at: 1,
      tombstone: 0,
      at: 1,
      ...more,
    })
    this.evidence(tenderId, shown, { terms, evidence: { cardProof: { profile: 'ntag424', sun: { m: mac } } } })
    this.insert('card_counter', { card: `pseudonym-${number}`, epoch: 1, counter: 1, tender_id: tenderId, mac })
    if (this.database.prepare('select 1 from slot where slot_id = ?').get(payerSlot) === undefined) {
      const slot = { count_allowed: 1, amount_allowed: allowed, lease_id: 'lease-1' }
      this.insert('slot', { slot_id: payerSlot, scheme_id: schemeId, beneficiary: 'b', period_id: 'p', ...slot })
    }
    if (state === 'settled' || state === 'awaiting_funds') {
      this.insert('slot_use', { slot_id: payerSlot, tender_id: tenderId, amount })
    }
  }

  evidence(tenderId: string, kind: string, content: object): void {
    this.insert('evidence', { tender_id: tenderId, content_hash: kind, kind, content: JSON.stringify(content), at: 1 })
  }

  pay({ terms }: Sale, payer = 'escrow.lease-1'): void {
    this.transfer(payer, terms.payeeAccount, Number(terms.amount), 'voucher-payment', terms.tenderId)
  }

  /** Tapped, printed, settled and paid: a whole sale. */
  wholeSale(number: number, more: Partial<Terms> = {}, shown?: 'authorisation'): Sale {
    const sale = this.sale(number, more)
    this.tap(sale)
    this.receipt(sale)
    this.tender(sale, 'settled', {}, shown)
    this.pay(sale)
    return sale
  }

  reverse(sale: Sale): void {
    const { tenderId, payeeAccount, amount } = sale.terms
    this.transfer(payeeAccount, 'escrow.lease-1', Number(amount), 'voucher-reversal', tenderId)
    this.database.prepare(`update tender set state = 'reversed', paid_by = null where tender_id = ?`).run(tenderId)
    this.database.prepare('delete from slot_use where tender_id = ?').run(tenderId)
    this.evidence(tenderId, 'reversal', { kind: 'reversal', tenderId, reason: 'void' })
  }

  /** Goods came back: this much is in the escrow again, and the slot has that much room. */
  refund({ terms }: Sale, amount: number, credit = 'escrow.lease-1'): string {
    const refundId = `refund-${this.#transfers}`
    const row = { refund_id: refundId, tender_id: terms.tenderId, amount, state: 'done' }
    this.insert('refund', { ...row, terminal_id: 'till-1', lines: '[]', reason: 'goods_returned', at: 1 })
    this.transfer(terms.payeeAccount, credit, amount, 'voucher-refund', refundId)
    if (credit === 'agency-1') return refundId
    this.database.prepare('update slot_use set amount = amount - ? where tender_id = ?').run(amount, terms.tenderId)
    this.database.prepare('delete from slot_use where tender_id = ? and amount = 0').run(terms.tenderId)
    return refundId
  }

  openAccount(account_id: string, currency: string, kind: string, floor: number | null = 0): void {
    this.insert('account', { account_id, currency, kind, owner: 'x', name: 'x', balance: 0, floor })
  }

  openScheme(scheme_id: string, account_id: string): void {
    this.openAccount(account_id, 'DT', 'scheme')
    this.insert('scheme', { scheme_id, version: 1, agency_id: 'agency', account_id, content: '{}' })
  }

  #openAccounts(): void {
    this.openAccount('central-bank', 'DT', 'central-bank-issue', null)
    this.openAccount('bank-1', 'DT', 'bank')
    this.openAccount('agency-1', 'DT', 'agency')
    this.openAccount('escrow.lease-1', 'DT', 'escrow')
    this.openAccount('canteen', 'DT', 'merchant')
    this.openAccount('outside', 'KZT', 'non-cash-outside', null)
    this.openAccount('reserve', 'KZT', 'bank-reserve')
  }
}

/** `GS ( k`: store the data of a QR code, then print it. */
function qrBytes(code: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16LE(code.length + 3)
  const store = Buffer.concat([Buffer.from('1d286b', 'hex'), length, Buffer.from('315030', 'hex'), Buffer.from(code)])
  return Buffer.concat([store, Buffer.from('1d286b0300315130', 'hex')])
}

export function foreignKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}
