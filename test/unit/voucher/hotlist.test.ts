/** The list of blocked cards as a package carries it: by hand, at its limits, and what is not such a list. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import {
  applyDelta,
  hotlistDeltaSchema,
  hotlistSchema,
  isListed,
  packCards,
  type HotlistDelta,
  type PackedHotlist,
} from '../../../src/voucher/hotlist.ts'

const first = '000102030405060708090a0b0c0d0e0f'
const second = 'ff0102030405060708090a0b0c0d0e0f'
/** Shares seven bytes with the first, not eight. */
const near = '00010203040506ff08090a0b0c0d0e0f'

function listOf(cards: readonly string[], prefixBytes = 7, version = 1): PackedHotlist {
  return { version, issuedAt: 1_000, prefixBytes, cards: packCards(cards, prefixBytes) }
}

describe('a packed list', () => {
  it('has the first bytes of each card, sorted, in base64url', () => {
    // 00 01 02 03 04 05 06 ff 01 02 03 04 05 06, by hand in groups of six bits.
    expect(packCards([second, first], 7)).toBe('AAECAwQFBv8BAgMEBQY')
    expect(packCards([], 7)).toBe('')
    expect(packCards([first, near], 7)).toBe(packCards([first], 7))
    expect(packCards([first, near], 8)).not.toBe(packCards([first], 8))
  })

  it('knows its cards, and of others those that share the prefix only', () => {
    const list = listOf([first, second])
    expect([first, second, near].map((card) => isListed(list, card))).toEqual([true, true, true])
    expect(isListed(listOf([first, second], 8), near)).toBe(false)
    expect(isListed(list, '7f'.repeat(16))).toBe(false)
    expect(isListed(listOf([]), first)).toBe(false)
  })

  it.each<[string, object]>([
    ['a byte too many', { cards: `${packCards([first], 7)}AA` }],
    ['not ascending', { cards: Buffer.from(`ff01020304050600010203040506`, 'hex').toString('base64url') }],
    ['one twice', { cards: Buffer.from(`0001020304050600010203040506`, 'hex').toString('base64url') }],
    ['bits beyond its bytes', { cards: 'AAECAwQFBx' }],
    ['padding', { cards: `${packCards([first], 7)}==` }],
    ['letters of another alphabet', { cards: 'AAECAwQF+g' }],
    ['prefixes that two cards may well share', { prefixBytes: 6, cards: packCards([first], 6) }],
    ['prefixes longer than a pseudonym', { prefixBytes: 17, cards: '' }],
    ['no length', { prefixBytes: undefined }],
    ['no version', { version: 0 }],
    ['a member that is not known', { novelty: true }],
  ])('is none with %s', (_what, change) => {
    const list = listOf([first])
    expect(hotlistSchema.safeParse(list)).toMatchObject({ success: true, data: list })
    expect(hotlistSchema.safeParse({ ...list, ...change }).success).toBe(false)
  })

  it('is still read in the form of whole pseudonyms, and says the same', () => {
    const former = hotlistSchema.parse({ version: 3, issuedAt: 1_000, cards: [second, first] })
    expect([first, second, near].map((card) => isListed(former, card))).toEqual([true, true, false])
    expect(hotlistSchema.safeParse({ version: 3, issuedAt: 1_000, cards: ['00'] }).success).toBe(false)
  })
})

describe('a delta', () => {
  const list = listOf([first, second])
  const third = '55'.repeat(16)
  const delta: HotlistDelta = {
    from: 1,
    version: 2,
    issuedAt: 2_000,
    prefixBytes: 7,
    added: packCards([third], 7),
    removed: packCards([second], 7),
  }

  it('makes the next list', () => {
    expect(hotlistDeltaSchema.parse(delta)).toEqual(delta)
    const next = { ...listOf([first, third], 7, 2), issuedAt: 2_000 }
    expect(applyDelta(list, delta)).toEqual({ kind: 'applied', hotlist: next })
    const nothing = { ...delta, added: '', removed: '' }
    expect(applyDelta(list, nothing)).toMatchObject({ hotlist: { version: 2, cards: list.cards } })
  })

  it.each<[string, Partial<HotlistDelta>]>([
    ['other_version', { from: 2 }],
    ['other_prefix_length', { prefixBytes: 8, added: packCards([third], 8), removed: '' }],
    ['adds_what_is_listed', { added: packCards([first], 7) }],
    // Removed and added by one delta: it does not say which.
    ['adds_what_is_listed', { added: packCards([second], 7) }],
    ['removes_what_is_not_listed', { removed: packCards([third], 7), added: '' }],
  ])('does not fit: %s', (fault, change) => {
    expect(applyDelta(list, { ...delta, ...change })).toEqual({ kind: 'does_not_fit', fault })
  })

  it.each<[string, object]>([
    ['a byte too many', { added: `${delta.added}AA` }],
    ['not ascending', { removed: Buffer.from('ff01020304050600010203040506', 'hex').toString('base64url') }],
    ['not in base64url', { added: '?' }],
    ['no former version', { from: 0 }],
    ['a member that is not known', { cards: '' }],
  ])('is none with %s', (_what, change) => {
    expect(hotlistDeltaSchema.safeParse({ ...delta, ...change }).success).toBe(false)
  })
})

describe('a hundred thousand blocked cards', () => {
  const cards = Array.from({ length: 100_000 }, (_, index) =>
    createHash('sha256').update(`blocked ${index}`).digest('hex').slice(0, 32),
  )
  const list = listOf(cards)

  it('travel in a megabyte at most', () => {
    expect(Buffer.byteLength(toJson(list))).toBeLessThanOrEqual(1_000_000)
    expect(hotlistSchema.parse(list)).toEqual(list)
  })

  it('are looked up in less than a tenth of a millisecond', () => {
    const strangers = cards.map((card) => createHash('sha256').update(card).digest('hex').slice(0, 32))
    isListed(list, first)
    const started = performance.now()
    const found = [...cards, ...strangers].filter((card) => isListed(list, card))
    const each = (performance.now() - started) / 200_000
    expect(found).toEqual(cards)
    expect(each).toBeLessThan(0.1)
  })
})
