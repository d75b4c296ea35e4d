/** One item, question or piece of news that the ledger cannot deal with, or the till not read, stops nothing else. */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { syncItemIdOf } from '../../../src/sync/protocol/messages.ts'
import { bench } from './engine-bench.ts'
import { settled, standardScripts, type Act, type ScriptedLedger } from './scripted-ledger.ts'
import { leaveUnknown, noon, sellOffline } from './world.ts'

/** What the ledger may do to a batch because of one item in it. */
const troubles: readonly (readonly [string, (results: readonly unknown[]) => Act])[] = [
  ['fails on it', () => ({ problem: 'internal', status: 500 })],
  ['says of it what a later version says', (results) => ({ answer: { results: [...results, { result: 'new' }] } })],
]

function troubledBy(ledger: ScriptedLedger, itemId: string, trouble: (results: readonly unknown[]) => Act): void {
  ledger.on('/v1/terminal/batches', ({ items }) => {
    const others = items.filter((item) => syncItemIdOf(item) !== itemId)
    return others.length === items.length
      ? standardScripts['/v1/terminal/batches']({ items })
      : trouble(others.map(settled))
  })
}

describe.each(troubles)('an item that is not answered because the ledger %s', (_what, trouble) => {
  it('keeps its place, holds up nothing else, and is taken when the ledger is well again', async () => {
    const { journal, seeded, ledger, firstRound, scheduler, engine } = bench({ settings: { batchSize: 3 } })
    const sold = Array.from({ length: 7 }, () => sellOffline(journal, seeded).terms.tenderId)
    troubledBy(ledger, sold[1]!, trouble)
    await firstRound()
    const expected = sold.map((_id, index) => (index === 1 ? 'pending' : 'settled'))
    expect(sold.map((id) => journal.tender(id)?.state)).toEqual(expected)
    expect(journal.queue()).toMatchObject({ waiting: 1, parked: 0 })
    // The rest of the round went on: packages, head, and with them the right to sell on.
    expect(engine.connectivity.kind).toBe('reached')
    expect(engine.lastSyncAt).toBeGreaterThanOrEqual(noon)
    expect(journal.lastRow('head_countersigned')).toBeDefined()
    delete ledger.scripts['/v1/terminal/batches']
    await scheduler.advance(60_000)
    expect(journal.tender(sold[1]!)?.state).toBe('settled')
  })
})

describe.each([
  ['fails', { problem: 'internal', status: 500 }],
  ['answers in a form of later versions', { answer: { kind: 'later', events: [{ kind: 'new' }] } }],
] as const)('a ledger that %s', (_what, act) => {
  it('when asked about one tender is asked about the next', async () => {
    const { journal, seeded, ledger, firstRound, engine } = bench()
    const [first, second] = [leaveUnknown(journal, seeded).terms.tenderId, leaveUnknown(journal, seeded).terms.tenderId]
    ledger.on('/v1/terminal/inquiries', ({ tenderId }) =>
      tenderId === first ? act : standardScripts['/v1/terminal/inquiries']({ tenderId }),
    )
    await firstRound()
    expect(ledger.bodies('/v1/terminal/inquiries').map(({ tenderId }) => tenderId)).toEqual([first, second])
    expect(journal.tender(first)?.state).toBe('unknown')
    expect(engine.connectivity.kind).toBe('reached')
  })

  it('when asked for news still gives packages and countersigns', async () => {
    const { journal, ledger, firstRound, engine } = bench()
    ledger.on('/v1/terminal/events', () => act)
    await firstRound()
    expect(journal.fact('events_cursor')).toBeUndefined()
    expect(ledger.bodies('/v1/terminal/packages')).toHaveLength(1)
    expect(engine.connectivity.kind).toBe('reached')
  })
})

describe('a suspended terminal', () => {
  it('is not taken for a free one because the ledger still takes what it sold and tells it news', async () => {
    const { journal, seeded, ledger, firstRound, engine, scheduler } = bench()
    ledger.on('/v1/terminal/packages', () => ({ problem: 'terminal_suspended' }))
    await firstRound()
    expect(engine.suspended).toBe(true)
    sellOffline(journal, seeded)
    const seen: boolean[] = []
    ledger.on('/v1/terminal/events', ({ after }) => {
      seen.push(engine.suspended)
      return { answer: { events: [], cursor: after } }
    })
    await engine.syncNow()
    expect(journal.queue().waiting).toBe(0)
    expect(seen).toEqual([true])
    delete ledger.scripts['/v1/terminal/packages']
    await scheduler.advance(60_000)
    expect(engine.suspended).toBe(false)
  })
})

describe('what a person asks for', () => {
  it('parked items wait again, keep their order, and are taken once the ledger can read them', async () => {
    const { journal, seeded, ledger, firstRound, engine } = bench()
    const sold = [sellOffline(journal, seeded).terms.tenderId, sellOffline(journal, seeded).terms.tenderId]
    ledger.on('/v1/terminal/batches', () => ({ problem: 'schema_mismatch' }))
    await firstRound()
    expect(journal.queue()).toMatchObject({ waiting: 0, parked: 2 })
    delete ledger.scripts['/v1/terminal/batches']
    journal.commit({ kind: 'parked_tried_again' })
    expect(journal.queue()).toMatchObject({ waiting: 2, parked: 0 })
    await engine.syncNow()
    expect(sold.map((id) => journal.tender(id)?.state)).toEqual(['settled', 'settled'])
  })
})

it('a suspension is a row: it outlives a restart, and a row ends it', async () => {
  const database = new Database(':memory:')
  const { ledger, firstRound, engine } = bench({ database })
  ledger.on('/v1/terminal/packages', () => ({ problem: 'terminal_suspended' }))
  await firstRound()
  engine.stop()
  const next = bench({ database })
  expect(next.engine.suspended).toBe(true)
  await next.firstRound()
  expect(next.engine.suspended).toBe(false)
  expect(bench({ database }).engine.suspended).toBe(false)
})
