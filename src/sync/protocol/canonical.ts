/**
 * One byte form for everything that is hashed or signed: JSON Canonicalization Scheme (RFC 8785), amounts as decimal
 * strings, a domain tag in front so that a hash of one kind never passes for another.
 */
import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Hash } from '../../voucher/identifiers.ts'
import type { Sale } from '../../voucher/sale.ts'
import type { Scheme } from '../../voucher/scheme.ts'
import type { TenderTerms } from '../../voucher/tender.ts'

/** What a hash or signature is about. A new meaning gets a new tag. */
export type DomainTag =
  | 'tolem/sale/1'
  | 'tolem/tender-terms/1'
  | 'tolem/payment-request-terms/1'
  | 'tolem/journal-payload/1'
  | 'tolem/journal-row/1'
  | 'tolem/decision-record/1'
  | 'tolem/issuer-record/1'
  | 'tolem/package/1'
  | 'tolem/package-without-keys/1'
  | 'tolem/hotlist/1'
  | 'tolem/lease/1'
  | 'tolem/item-result/1'
  | 'tolem/receipt-presentment/1'
  | 'tolem/journal-head/1'
  | 'tolem/status-event/1'
  | 'tolem/terminal-export/1'
  | 'tolem/key-rotation/1'
  | 'tolem/role-key/1'
  | 'tolem/appeal-decision/1'
  | 'tolem/rule/1'
  | 'tolem/scheme/1'

/** JSON text with bigint as decimal string. Not canonical: for bodies and columns that are parsed again. */
export function toJson(value: unknown): string {
  return JSON.stringify(withoutBigints(value))
}

/** @throws Error for what JSON cannot carry: a broken invariant, since only parsed or typed values come here. */
export function canonicalText(value: unknown): string {
  const text = canonicalize(withoutBigints(value))
  if (text === undefined) throw new TypeError('value has no JSON form')
  return text
}

/** JSON knows no bigint. A copy takes about half of what a replacer takes, which is called for each member. */
function withoutBigints(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutBigints)
  if ('toJSON' in value && typeof value.toJSON === 'function') return value
  const copy: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) {
    const written = withoutBigints(member)
    // A member of that name is one like any other; assigned, it would be the copy's prototype.
    if (name === '__proto__') Object.defineProperty(copy, name, { value: written, enumerable: true })
    else copy[name] = written
  }
  return copy
}

/**
 * The same of an object of which one member's canonical text is at hand, for it is large and in many others too. Names
 * are sorted by UTF-16 code units (RFC 8785 §3.2.3).
 */
export function canonicalTextWith(value: Readonly<Record<string, unknown>>, member: string, text: string): string {
  const names = Object.keys({ ...value, [member]: null }).toSorted((a, b) => (a < b ? -1 : 1))
  const members = names.flatMap((name) => {
    if (name === member) return [`${JSON.stringify(name)}:${text}`]
    // As JSON does it: what is undefined is not there.
    return value[name] === undefined ? [] : [`${JSON.stringify(name)}:${canonicalText(value[name])}`]
  })
  return `{${members.join(',')}}`
}

export function canonicalBytes(value: unknown): Uint8Array {
  return Buffer.from(canonicalText(value))
}

/** The bytes under a signature: tag, one zero byte, canonical JSON. */
export function taggedBytes(tag: DomainTag, value: unknown): Uint8Array {
  return taggedBytesOfText(tag, canonicalText(value))
}

/** The same of a value whose canonical text is at hand. */
export function taggedBytesOfText(tag: DomainTag, text: string): Uint8Array {
  return Buffer.from(`${tag}\0${text}`)
}

/** SHA-256 over `taggedBytes`, lower-case hex. */
export function hashOf(tag: DomainTag, value: unknown): Hash {
  return hashOfText(tag, canonicalText(value))
}

/** The same of a value whose canonical text is at hand. */
export function hashOfText(tag: DomainTag, text: string): Hash {
  return hash('sha256', `${tag}\0${text}`)
}

export function saleHashOf(sale: Sale): Hash {
  return hashOf('tolem/sale/1', sale)
}

/** One version of a scheme: two files that say the same have one hash, however they are set. */
export function schemeHashOf(scheme: Scheme): Hash {
  return hashOf('tolem/scheme/1', scheme)
}

/** What the card's proof is bound to (docs/design/02-sale-bound-sun.md, "The binding"). */
export function termsHashOf(terms: TenderTerms): Hash {
  return hashOf('tolem/tender-terms/1', terms)
}
