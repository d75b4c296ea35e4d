/**
 * The hotlist as what has changed: the till makes the whole package of it, takes it by the ledger's signature over the
 * whole, and asks for the whole where that fails. Whatever is answered, and wherever the till stops, there is one whole
 * package: the old one or the new one.
 */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { applyDelta, isListed, packCards, type HotlistDelta, type PackedHotlist } from '../../../src/voucher/hotlist.ts'
import type { TerminalPackage } from '../../../src/voucher/package.ts'
import { bench } from './engine-bench.ts'
import type { Act } from './scripted-ledger.ts'
import { ledgerKey, noon, otherLedgerKey, packageOf, signedPackage } from './world.ts'

const [former, blocked, stranger] = ['aa'.repeat(16), 'bb'.repeat(16), 'cc'.repeat(16)] as const
const listOf = (version: number, ...cards: string[]): PackedHotlist => ({
  version,
  issuedAt: noon,
  prefixBytes: 7,
  cards: packCards(cards, 7),
})
const old = packageOf(1, { hotlist: listOf(4, former) })
const next = packageOf(2, { hotlist: listOf(6, blocked) })
const delta: HotlistDelta = {
  from: 4,
  version: 6,
  issuedAt: noon,
  prefixBytes: 7,
  added: packCards([blocked], 7),
  removed: packCards([former], 7),
}

const whole = (of: TerminalPackage, key = ledgerKey): Act => ({
  answer: { kind: 'newer', signed: signedPackage(of, key) },
})
/** The signature of the whole package, over less. */
const byDelta = (hotlist: unknown, of: TerminalPackage = next, key = ledgerKey): Act => {
  const { package: signed, signature } = signedPackage(of, key)
  return { answer: { kind: 'newer_by_delta', signed: { package: { ...signed, hotlist }, signature } } }
}

/** A till that has the old package, and then hears this in turn. */
async function tillThatHears(...acts: readonly Act[]) {
  const till = bench()
  till.ledger.on('/v1/terminal/packages', () => whole(old))
  await till.firstRound()
  const left = [...acts]
  till.ledger.on('/v1/terminal/packages', () => left.shift() ?? { answer: { kind: 'current' } })
  await till.engine.syncNow()
  const asked = till.ledger.bodies('/v1/terminal/packages').slice(1)
  return { ...till, asked, active: () => till.journal.activePackage()?.package }
}

const namingIt = { haveVersion: 1, haveHotlist: 4 }
const namingNone = { haveVersion: 1 }

describe('what has changed of the hotlist', () => {
  it('makes the package that the ledger signed, and the next request names its list', async () => {
    const till = await tillThatHears(byDelta(delta))
    expect(till.active()).toEqual(next)
    expect([former, blocked, stranger].map((card) => isListed(till.active()!.hotlist, card))).toEqual([
      false,
      true,
      false,
    ])
    expect(till.asked).toEqual([namingIt])
    await till.engine.syncNow()
    expect(till.ledger.bodies('/v1/terminal/packages').at(-1)).toEqual({ haveVersion: 2, haveHotlist: 6 })
  })

  it.each<[string, object]>([
    ['adds another card', { added: packCards([stranger], 7) }],
    ['adds none', { added: '' }],
    ['removes none', { removed: '' }],
    ['says another version', { version: 7 }],
    ['says another moment', { issuedAt: noon + 1 }],
    ['is of another list', { from: 3 }],
    ['adds what is listed', { added: packCards([former, blocked], 7), removed: '' }],
    ['removes what is not', { removed: packCards([stranger], 7) }],
    ['has other prefixes', { prefixBytes: 8, added: '', removed: '' }],
  ])('that %s is not used: the till asks once more, for the whole', async (_what, change) => {
    const till = await tillThatHears(byDelta({ ...delta, ...change }), whole(next))
    expect(till.asked).toEqual([namingIt, namingNone])
    expect(till.active()).toEqual(next)
    expect(till.engine.connectivity.kind).toBe('reached')
  })

  it.each<[string, readonly [Act, ...Act[]]]>([
    ['twice wrong', [byDelta({ ...delta, added: '' }), byDelta({ ...delta, added: '' })]],
    ['right, but nobody named a list', [byDelta({ ...delta, added: '' }), byDelta(delta)]],
    ['with a false signature', [byDelta(delta, next, otherLedgerKey), whole(next, otherLedgerKey)]],
    ['no list of prefixes', [byDelta({ ...delta, added: 'A' })]],
    ['to another till’s package', [byDelta(delta, { ...next, terminalId: 'till-2' })]],
    ['to an older package', [byDelta(delta, { ...next, version: 1 })]],
    ['to an engine that is not known', [byDelta(delta, { ...next, engineVersion: 2 })]],
  ])('%s: the old package stays whole, and the round goes on', async (_what, acts) => {
    const till = await tillThatHears(...acts)
    expect(till.asked).toHaveLength(acts.length)
    expect(till.active()).toEqual(old)
    expect(till.kinds().filter((kind) => kind === 'package_activated')).toHaveLength(1)
    expect(till.ledger.bodies('/v1/terminal/heads')).toHaveLength(2)
    expect(till.engine.connectivity.kind).toBe('reached')
  })

  it('is not asked for by a till that holds a list in the former form', async () => {
    const till = bench()
    const before = packageOf(1, { hotlist: { version: 4, issuedAt: noon, cards: [former] } })
    till.ledger.on('/v1/terminal/packages', ({ haveVersion }) => whole(haveVersion === 0 ? before : next))
    await till.firstRound()
    await till.engine.syncNow()
    expect(till.ledger.bodies('/v1/terminal/packages')).toEqual([{ haveVersion: 0 }, namingNone])
    expect(till.journal.activePackage()?.package).toEqual(next)
  })

  it.each<[string, Act]>([
    ['with the delta in its hands', byDelta(delta)],
    ['between a wrong delta and the question for the whole', byDelta({ ...delta, added: '' })],
  ])('a till that stops %s has the old list, and gets the new one after its start', async (_what, act) => {
    const database = new Database(':memory:')
    const till = bench({ database })
    till.ledger.on('/v1/terminal/packages', () => whole(old))
    await till.firstRound()
    till.ledger.on('/v1/terminal/packages', () => {
      till.engine.stop()
      return act
    })
    await till.engine.syncNow()
    expect(till.journal.activePackage()?.package).toEqual(old)

    const again = bench({ database })
    again.ledger.on('/v1/terminal/packages', () => byDelta(delta))
    await again.firstRound()
    expect(again.ledger.bodies('/v1/terminal/packages')).toEqual([namingIt])
    expect(again.journal.activePackage()?.package).toEqual(next)
  })

  it('is what the two lists differ in', () => {
    expect(applyDelta(old.hotlist as PackedHotlist, delta)).toEqual({ kind: 'applied', hotlist: next.hotlist })
  })
})
