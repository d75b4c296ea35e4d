/**
 * Which cards are blocked, as a package carries it: the first bytes of each pseudonym, sorted, without a gap. Of
 * pseudonyms that nobody has seen yet no list of this size could be exact; why this one is of all cards that the
 * ledger knows, and what that means at a till: docs/design/20-hotlist.md.
 */
import { z } from 'zod'
import { instantSchema, pseudonymSchema, type Pseudonym } from './identifiers.ts'

/** 100,000 cards × 7 bytes are 933,334 characters: more bytes would not be a megabyte any more. */
export const prefixBytesMin = 7
export const prefixBytesMax = 16

const packedShape = {
  version: z.int().min(1),
  issuedAt: instantSchema,
  prefixBytes: z
    .int()
    .min(prefixBytesMin)
    .max(prefixBytesMax)
    .describe('How many bytes of each pseudonym the list has.'),
}
const packedTextSchema = z.string().regex(/^[A-Za-z0-9_-]*$/)
const notPacked = 'is not a list of prefixes of that length, ascending, none twice'

export const packedHotlistSchema = z
  .strictObject({
    ...packedShape,
    cards: packedTextSchema.describe('The prefixes one after the other, base64url.'),
  })
  .refine(({ cards, prefixBytes }) => isPacked(cards, prefixBytes), notPacked)
export type PackedHotlist = z.infer<typeof packedHotlistSchema>

/** Packages of before 2026-11-28 carry whole pseudonyms. Journals and ledgers hold them, so they are still read. */
const pseudonymHotlistSchema = z.strictObject({
  version: z.int().min(1),
  issuedAt: instantSchema,
  cards: z.array(pseudonymSchema),
})

export const hotlistSchema = z.union([packedHotlistSchema, pseudonymHotlistSchema])
export type Hotlist = z.infer<typeof hotlistSchema>

/** What makes one version of another: for the way only. What it makes is proved by the signature over the whole. */
export const hotlistDeltaSchema = z
  .strictObject({
    from: z.int().min(1).describe('The version that it is to be applied to.'),
    ...packedShape,
    added: packedTextSchema,
    removed: packedTextSchema,
  })
  .refine(
    ({ added, removed, prefixBytes }) => isPacked(added, prefixBytes) && isPacked(removed, prefixBytes),
    notPacked,
  )
export type HotlistDelta = z.infer<typeof hotlistDeltaSchema>

export function isPackedHotlist(hotlist: Hotlist): hotlist is PackedHotlist {
  return typeof hotlist.cards === 'string'
}

/** What a list is looked up in. A list is immutable: made once, not at each tap. */
const lookups = new WeakMap<Hotlist, { has(card: Pseudonym): boolean }>()

/**
 * Whether the list holds the card. The first question about a list unpacks it, about a millisecond for 100,000 cards;
 * `prepareLookup` does that beforehand.
 */
export function isListed(hotlist: Hotlist, card: Pseudonym): boolean {
  return prepareLookup(hotlist).has(card)
}

/** Does beforehand what the first question about the list would have to wait for. */
export function prepareLookup(hotlist: Hotlist): { has(card: Pseudonym): boolean } {
  const known = lookups.get(hotlist)
  if (known !== undefined) return known
  const made = isPackedHotlist(hotlist)
    ? new Prefixes(bytesOf(hotlist.cards), hotlist.prefixBytes)
    : new Set(hotlist.cards)
  lookups.set(hotlist, made)
  return made
}

/**
 * The prefixes of these cards as `cards`, `added` and `removed` hold them.
 *
 * @param cards pseudonyms, or prefixes of them that are no shorter than wanted; in any order
 */
export function packCards(cards: readonly Pseudonym[], prefixBytes: number): string {
  const prefixes = new Set(cards.map((card) => card.slice(0, 2 * prefixBytes)))
  // Lower-case hex sorts as its bytes do.
  return Buffer.from([...prefixes].toSorted().join(''), 'hex').toString('base64url')
}

export type DeltaFault = 'other_version' | 'other_prefix_length' | 'adds_what_is_listed' | 'removes_what_is_not_listed'

export type AppliedDelta =
  | { readonly kind: 'applied'; readonly hotlist: PackedHotlist }
  | { readonly kind: 'does_not_fit'; readonly fault: DeltaFault }

/** The whole list that the delta makes of a former one. */
export function applyDelta(former: PackedHotlist, delta: HotlistDelta): AppliedDelta {
  const { from, added, removed, ...made } = delta
  const { prefixBytes } = made
  if (from !== former.version) return { kind: 'does_not_fit', fault: 'other_version' }
  if (prefixBytes !== former.prefixBytes) return { kind: 'does_not_fit', fault: 'other_prefix_length' }
  const list = new Prefixes(bytesOf(former.cards), prefixBytes)
  const changes = [
    ...prefixesIn(removed, prefixBytes).map((prefix) => ({ prefix, isAdded: false })),
    ...prefixesIn(added, prefixBytes).map((prefix) => ({ prefix, isAdded: true })),
  ].toSorted((first, second) => Buffer.compare(first.prefix, second.prefix))
  const parts: Buffer[] = []
  let next = 0
  for (const { prefix, isAdded } of changes) {
    const { place, isThere } = list.find(prefix)
    if (isAdded === isThere)
      return { kind: 'does_not_fit', fault: isAdded ? 'adds_what_is_listed' : 'removes_what_is_not_listed' }
    parts.push(list.between(next, place))
    if (isAdded) parts.push(prefix)
    next = isAdded ? place : place + 1
  }
  parts.push(list.between(next, list.length))
  return { kind: 'applied', hotlist: { ...made, cards: Buffer.concat(parts).toString('base64url') } }
}

/** Sorted prefixes of one length, one after the other. */
class Prefixes {
  readonly length: number
  readonly #bytes: Buffer
  readonly #prefixBytes: number

  constructor(bytes: Buffer, prefixBytes: number) {
    this.length = bytes.length / prefixBytes
    this.#bytes = bytes
    this.#prefixBytes = prefixBytes
  }

  has(card: Pseudonym): boolean {
    return this.find(Buffer.from(card.slice(0, 2 * this.#prefixBytes), 'hex')).isThere
  }

  /** Where the prefix is, or would have to stand. */
  find(prefix: Buffer): { readonly place: number; readonly isThere: boolean } {
    let [low, high] = [0, this.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      const order = this.#compare(middle, prefix)
      if (order === 0) return { place: middle, isThere: true }
      if (order < 0) low = middle + 1
      else high = middle
    }
    return { place: low, isThere: false }
  }

  between(first: number, end: number): Buffer {
    return this.#bytes.subarray(first * this.#prefixBytes, end * this.#prefixBytes)
  }

  isAscending(): boolean {
    for (let place = 1; place < this.length; place += 1)
      if (this.#compare(place - 1, this.#bytes, place * this.#prefixBytes) >= 0) return false
    return true
  }

  #compare(place: number, other: Buffer, from = 0): number {
    const start = place * this.#prefixBytes
    return this.#bytes.compare(other, from, from + this.#prefixBytes, start, start + this.#prefixBytes)
  }
}

function bytesOf(packed: string): Buffer {
  return Buffer.from(packed, 'base64url')
}

function prefixesIn(packed: string, prefixBytes: number): readonly Buffer[] {
  const bytes = bytesOf(packed)
  const list = new Prefixes(bytes, prefixBytes)
  return Array.from({ length: list.length }, (_, place) => list.between(place, place + 1))
}

/** One text for one list, so that a list cannot come under two hashes. */
function isPacked(packed: string, prefixBytes: number): boolean {
  const bytes = bytesOf(packed)
  return (
    bytes.length % prefixBytes === 0 &&
    bytes.toString('base64url') === packed &&
    new Prefixes(bytes, prefixBytes).isAscending()
  )
}
