/**
 * The QR code of a receipt, decoded by this checker's own hand. Text: `TOLEM1.` base64url(JSON array) `.`
 * base64url(signature); the array: tender id, slot without its scheme, payee account, amount, scheme, sale hash, lease
 * id or null, decided at, SUN `e`, SUN `m`, terminal id, epoch, sequence. `TOLEM2.` is of a card that only says who it
 * is: profile and keyed hash in place of `e` and `m`, and at the end the issuer's record or null.
 */
import { z } from 'zod'
import { canonicalText, isSignedBy, termsHash, type Terms } from './proof-bytes.ts'

export interface ReceiptCode {
  readonly terms: Terms
  /** Lower-case hex, rebuilt from the terms. */
  readonly termsHash: string
  readonly leaseId: string | null
  readonly decidedAt: number
  /** The MAC that the card is said to have made, upper-case hex; null of a card that makes none. */
  readonly mac: string | null
  readonly terminalId: string
  /** The array as signed. */
  readonly signed: readonly unknown[]
  readonly signature: Buffer
}

const base64url = (bytes: number) => z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((bytes * 4) / 3)}}$`))
const before = [
  base64url(16),
  z.string().min(1).max(120),
  z.string().min(1),
  z.string().regex(/^(0|[1-9]\d*)$/),
  z.string().min(1),
  base64url(32),
  base64url(16).nullable(),
  z.int().min(0),
] as const
const after = [z.string().min(1), z.int().min(1), z.int().min(1)] as const
const forms = {
  TOLEM1: z.tuple([...before, base64url(16), base64url(8), ...after]),
  TOLEM2: z.tuple([...before, z.enum(['uid', 'ntag21x']), base64url(16), ...after, base64url(64).nullable()]),
}

/** Whether a text claims to be the code of a receipt, of any version. */
export function claimsToBeReceipt(text: string): boolean {
  return /^TOLEM\d+\./.test(text)
}

/** @returns undefined when it cannot be read, or is not written in the one way that RFC 8785 allows. */
export function decodeReceiptCode(text: string): ReceiptCode | undefined {
  const parts = text.split('.')
  const [beginning, body, signature] = parts
  if (
    parts.length !== 3 ||
    (beginning !== 'TOLEM1' && beginning !== 'TOLEM2') ||
    body === undefined ||
    signature === undefined
  )
    return undefined
  if (!/^[A-Za-z0-9_-]{86}$/.test(signature) || !/^[A-Za-z0-9_-]+$/.test(body)) return undefined
  const json = Buffer.from(body, 'base64url').toString('utf8')
  const read = forms[beginning].safeParse(parsed(json))
  if (!read.success || canonicalText(read.data) !== json) return undefined
  const [tender, slot, payeeAccount, amount, schemeId, sale, lease, decidedAt, , mac, terminalId] = read.data
  const terms: Terms = {
    tenderId: uuid(tender),
    payerSlot: `${schemeId}/${slot}`,
    payeeAccount,
    amount,
    schemeId,
    saleHash: hex(sale),
  }
  return {
    terms,
    termsHash: termsHash(terms),
    leaseId: lease === null ? null : uuid(lease),
    decidedAt,
    mac: beginning === 'TOLEM1' ? hex(mac).toUpperCase() : null,
    terminalId,
    signed: read.data,
    signature: Buffer.from(signature, 'base64url'),
  }
}

/** @param keys every public key (JWK text) under which the ledger has known the terminal */
export function isGenuine(code: ReceiptCode, keys: readonly string[]): boolean {
  return keys.some((key) => isSignedBy(key, 'tolem/receipt-presentment/1', code.signed, code.signature))
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const hex = (text: string): string => Buffer.from(text, 'base64url').toString('hex')

function uuid(text: string): string {
  const digits = hex(text)
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => digits.slice(from, to))
    .join('-')
}
