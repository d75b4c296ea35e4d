/**
 * Method: random sets of cards with many that share bytes on purpose, against a plain Set of whole pseudonyms or of
 * prefixes. A list must say what the set says; what a delta between two random versions makes must be the next list, to
 * the letter; a delta that somebody has changed must fit nowhere, be no delta, or make another list, which the
 * signature over the whole then refuses.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  applyDelta,
  hotlistDeltaSchema,
  isListed,
  packCards,
  packedHotlistSchema,
  prefixBytesMax,
  prefixBytesMin,
  type HotlistDelta,
  type PackedHotlist,
} from '../../../src/voucher/hotlist.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 20_261_127)

/** Of few bytes, and equal ones in front, so that prefixes meet. */
const card = fc
  .tuple(fc.constantFrom('00', '7f', '80', 'ff'), fc.nat({ max: 15 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(([byte, same, bytes]) => `${byte.repeat(same)}${Buffer.from(bytes).toString('hex')}`.slice(0, 32))
const cards = fc.array(card, { maxLength: 60 })
const length = fc.integer({ min: prefixBytesMin, max: prefixBytesMax })

const prefixesOf = (of: readonly string[], bytes: number): Set<string> =>
  new Set(of.map((pseudonym) => pseudonym.slice(0, 2 * bytes)))

const without = (those: ReadonlySet<string>, these: ReadonlySet<string>): string[] =>
  [...those].filter((prefix) => !these.has(prefix))

function listOf(of: readonly string[], prefixBytes: number, version: number): PackedHotlist {
  return { version, issuedAt: version, prefixBytes, cards: packCards(of, prefixBytes) }
}

function deltaOf(former: readonly string[], next: readonly string[], prefixBytes: number): HotlistDelta {
  const [before, after] = [prefixesOf(former, prefixBytes), prefixesOf(next, prefixBytes)]
  return {
    from: 1,
    version: 2,
    issuedAt: 2,
    prefixBytes,
    added: packCards(without(after, before), prefixBytes),
    removed: packCards(without(before, after), prefixBytes),
  }
}

test(`a list says of every card what a set of its prefixes says; TOLEM_SEED=${seed}`, () => {
  const seen = { shared: 0, listed: 0, not: 0 }
  fc.assert(
    fc.property(cards, cards, length, (blocked, others, prefixBytes) => {
      const list = listOf(blocked, prefixBytes, 1)
      expect(packedHotlistSchema.parse(list)).toEqual(list)
      const prefixes = prefixesOf(blocked, prefixBytes)
      const whole = new Set(blocked)
      for (const asked of [...blocked, ...others]) {
        const expected = prefixes.has(asked.slice(0, 2 * prefixBytes))
        expect(isListed(list, asked)).toBe(expected)
        if (expected) seen.listed += 1
        else seen.not += 1
        if (expected && !whole.has(asked)) seen.shared += 1
      }
      // At full length it is the set itself.
      const exact = listOf(blocked, prefixBytesMax, 1)
      for (const asked of others) expect(isListed(exact, asked)).toBe(whole.has(asked))
    }),
    { seed, numRuns: 400 },
  )
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50)
})

test(`a delta between any two versions makes the next one; TOLEM_SEED=${seed}`, () => {
  fc.assert(
    fc.property(cards, cards, cards, length, (stay, go, come, prefixBytes) => {
      const [former, next] = [
        [...stay, ...go],
        [...come, ...stay],
      ]
      const delta = deltaOf(former, next, prefixBytes)
      expect(hotlistDeltaSchema.parse(delta)).toEqual(delta)
      const applied = applyDelta(listOf(former, prefixBytes, 1), delta)
      expect(applied).toEqual({ kind: 'applied', hotlist: listOf(next, prefixBytes, 2) })
    }),
    { seed, numRuns: 400 },
  )
})

test(`a delta that was changed never makes the list that was signed; TOLEM_SEED=${seed}`, () => {
  const seen = { noDelta: 0, doesNotFit: 0, anotherList: 0 }
  const change = fc.record({
    of: fc.constantFrom('added' as const, 'removed' as const),
    at: fc.nat({ max: 60 }),
    how: fc.oneof(
      fc.constantFrom('leave_out' as const, 'twice' as const),
      card.map((other) => ({ other })),
    ),
  })
  fc.assert(
    fc.property(cards, cards, length, change, (former, next, prefixBytes, { of, at, how }) => {
      const delta = deltaOf(former, next, prefixBytes)
      const signed = listOf(next, prefixBytes, 2)
      const bytes = Buffer.from(delta[of], 'base64url')
      const start = bytes.length === 0 ? 0 : (at % (bytes.length / prefixBytes)) * prefixBytes
      const one = bytes.subarray(start, start + prefixBytes)
      const put =
        how === 'leave_out'
          ? []
          : how === 'twice'
            ? [one, one]
            : [Buffer.from(how.other.slice(0, 2 * prefixBytes), 'hex')]
      const changed = Buffer.concat([bytes.subarray(0, start), ...put, bytes.subarray(start + one.length)])
      if (changed.equals(bytes)) return
      const sent = { ...delta, [of]: changed.toString('base64url') }
      const parsed = hotlistDeltaSchema.safeParse(sent)
      const applied = parsed.success ? applyDelta(listOf(former, prefixBytes, 1), parsed.data) : undefined
      if (applied === undefined) seen.noDelta += 1
      else if (applied.kind === 'does_not_fit') seen.doesNotFit += 1
      else seen.anotherList += 1
      if (applied?.kind === 'applied') expect(applied.hotlist.cards).not.toBe(signed.cards)
    }),
    { seed, numRuns: 1_000 },
  )
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20)
})
