/**
 * The sync engine against a ledger that signs, in virtual time: what it hands over, takes, asks and refuses to believe.
 */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { HttpResponse } from '../../../src/sync/protocol/http-signature.ts'
import type { SyncItem } from '../../../src/sync/protocol/messages.ts'
import { syncItemIdOf } from '../../../src/sync/protocol/messages.ts'
import type { ProblemCode } from '../../../src/sync/protocol/problems.ts'
import { settlePromises } from '../drivers/fake-scheduler.ts'
import { bench } from './engine-bench.ts'
import { countersigned, settled, standardScripts, type Act } from './scripted-ledger.ts'
import { itemOf, leaseId, leaveUnknown, noon, otherLedgerKey, packageOf, sellOffline, signedPackage } from './world.ts'

const lost: Act = { instead: { kind: 'no_answer', detail: 'lost' } }
const unreachable: Act = { instead: { kind: 'not_sent', detail: 'ECONNREFUSED' } }

describe('batches', () => {
  it('are cut to size, oldest first, and each item is taken by its own answer', async () => {
    const { journal, seeded, ledger, firstRound } = bench({ settings: { batchSize: 3 } })
    const sold = Array.from({ length: 7 }, () => sellOffline(journal, seeded).terms.tenderId)
    await firstRound()
    const batches = ledger.bodies('/v1/terminal/batches').map(({ items }) => items.map(syncItemIdOf))
    expect(batches).toEqual([sold.slice(0, 3), sold.slice(3, 6), sold.slice(6)])
    expect(sold.map((id) => journal.tender(id)?.state)).toEqual(sold.map(() => 'settled'))
    expect(journal.queue()).toEqual({ waiting: 0, parked: 0, oldestAt: null })
  })

  it('are acknowledged item by item, whatever the order of the answers', async () => {
    const { journal, seeded, ledger, firstRound } = bench()
    const sold = Array.from({ length: 3 }, () => sellOffline(journal, seeded).terms.tenderId)
    const states = ['not_paid', 'awaiting_funds', 'settled'] as const
    ledger.on('/v1/terminal/batches', ({ items }) => ({
      answer: { results: items.map((item, index) => itemOf(syncItemIdOf(item), states[index]!)).toReversed() },
    }))
    await firstRound()
    expect(sold.map((id) => journal.tender(id)?.state)).toEqual(states)
  })

  it.each(['schema_mismatch', 'rule_violated', 'body_too_large'] as const)(
    'one item at fault (%s) is found and parked, and the others go on',
    async (problem) => {
      const { journal, seeded, ledger, firstRound } = bench()
      const sold = Array.from({ length: 5 }, () => sellOffline(journal, seeded).terms.tenderId)
      ledger.on('/v1/terminal/batches', ({ items }) =>
        items.some((item) => syncItemIdOf(item) === sold[2])
          ? { problem }
          : standardScripts['/v1/terminal/batches']({ items }),
      )
      await firstRound()
      expect(sold.map((id) => journal.tender(id)?.state)).toEqual([
        'settled',
        'settled',
        'pending',
        'settled',
        'settled',
      ])
      expect(journal.parkedItems()).toMatchObject([{ itemId: sold[2], why: expect.stringContaining(problem) }])
      // Still shown to the ledger as not handed over.
      expect(ledger.bodies('/v1/terminal/heads').at(-1)?.unsynced).toBe(1)
    },
  )

  const passing: readonly ProblemCode[] = [
    'not_json',
    'signature_missing',
    'content_digest_mismatch',
    'not_found',
    'rate_limited',
    'terminal_suspended',
    'internal',
    'nonce_replayed',
    'dated_before_restart',
  ]
  it.each(passing)('a problem of the way or of the terminal (%s) costs no item its place', async (problem) => {
    const { journal, seeded, ledger, firstRound, scheduler } = bench()
    const sold = Array.from({ length: 3 }, () => sellOffline(journal, seeded).terms.tenderId)
    ledger.on('/v1/terminal/batches', () => ({ problem }))
    await firstRound()
    expect(journal.queue()).toMatchObject({ waiting: 3, parked: 0 })
    delete ledger.scripts['/v1/terminal/batches']
    await scheduler.advance(60_000)
    expect(sold.map((id) => journal.tender(id)?.state)).toEqual(['settled', 'settled', 'settled'])
  })

  const unbelievable: readonly (readonly [string, (item: SyncItem) => unknown[]])[] = [
    ['nothing', () => []],
    ['the word of another signer', (item) => [itemOf(syncItemIdOf(item), 'settled', {}, otherLedgerKey)]],
    [
      'a word that was changed',
      (item) => {
        const genuine = settled(item)
        return [{ ...genuine, result: { ...genuine.result, state: 'reversed' } }]
      },
    ],
    ['another item', () => [itemOf('019aaf6e-1c00-7000-8000-00000000a11d', 'settled')]],
    [
      'the word that the terms differ',
      (item) => [itemOf(syncItemIdOf(item), 'settled', { arrival: 'exists_with_different_amount' })],
    ],
  ]
  it.each(unbelievable)('an item that is answered with %s is parked, not believed', async (_what, results) => {
    const { journal, seeded, ledger, firstRound } = bench()
    const [doubtful, fine] = [sellOffline(journal, seeded).terms.tenderId, sellOffline(journal, seeded).terms.tenderId]
    ledger.on('/v1/terminal/batches', ({ items }) => ({
      answer: { results: [...results(items[0]!), settled(items[1]!)] },
    }))
    await firstRound()
    expect(journal.tender(doubtful)?.state).toBe('pending')
    expect(journal.tender(fine)?.state).toBe('settled')
    expect(journal.parkedItems().map(({ itemId }) => itemId)).toEqual([doubtful])
  })

  it('an item whose row is damaged is parked, and the others go on', async () => {
    const database = new Database(':memory:')
    const { journal, seeded, firstRound } = bench({ database })
    const [damaged, fine] = [sellOffline(journal, seeded).terms.tenderId, sellOffline(journal, seeded).terms.tenderId]
    database.exec('DROP TRIGGER payload_is_final')
    const { sequence } = journal.outcomeRowOf(damaged, ['approved_offline'])!
    database
      .prepare(`UPDATE payload SET json = replace(json, ?, ?) WHERE sequence = ?`)
      .run(leaseId, leaseId.replace('ea', 'eb'), sequence)
    await firstRound()
    expect(journal.parkedItems()).toMatchObject([{ itemId: damaged }])
    expect(journal.tender(fine)?.state).toBe('settled')
  })

  it('a reversal that the ledger answers with anything but "reversed" stays somebody’s business', async () => {
    const { journal, seeded, ledger, firstRound } = bench()
    const { tenderId } = sellOffline(journal, seeded).terms
    journal.commit({ kind: 'reversal_requested', tenderId, reason: 'void' })
    ledger.on('/v1/terminal/batches', ({ items }) => ({
      answer: { results: items.map((item) => itemOf(syncItemIdOf(item), 'settled')) },
    }))
    await firstRound()
    expect(journal.tender(tenderId)?.state).toBe('reversing')
    expect(journal.parkedItems()).toMatchObject([{ itemId: `reversal:${tenderId}` }])
  })

  it('hands over a surrender once', async () => {
    const { journal, seeded, ledger, firstRound, engine } = bench()
    const surrenderId = seeded.uuid()
    journal.commit({ kind: 'slot_surrendered', surrenderId, leaseId, slotId: 'school-lunch/x/2026-11-23' })
    await firstRound()
    await engine.syncNow()
    expect(ledger.bodies('/v1/terminal/batches')).toHaveLength(1)
    expect(journal.queue().waiting).toBe(0)
  })

  it('after a lost answer the same items go again, under the same ids', async () => {
    const { journal, seeded, ledger, firstRound, scheduler } = bench()
    const { tenderId } = sellOffline(journal, seeded).terms
    ledger.on('/v1/terminal/batches', () => lost)
    await firstRound()
    ledger.on('/v1/terminal/batches', ({ items }) => ({
      answer: { results: items.map((item) => itemOf(syncItemIdOf(item), 'settled', { arrival: 'exists' })) },
    }))
    await scheduler.advance(2_000)
    const [first, second] = ledger.bodies('/v1/terminal/batches')
    expect(second).toEqual(first)
    expect(journal.tender(tenderId)?.state).toBe('settled')
  })
})

describe('answers that are not the ledger’s word on this request', () => {
  const believedNever: readonly (readonly [
    string,
    (response: HttpResponse, earlier: () => HttpResponse) => HttpResponse,
  ])[] = [
    ['without a signature', (response) => ({ ...response, headers: { ...response.headers, signature: '' } })],
    ['with a changed body', (response) => ({ ...response, body: response.body.replace('settled', 'reversed') })],
    ['with another status', (response) => ({ ...response, status: 201 })],
    ['to another request', (_response, earlier) => earlier()],
    ['of a proxy', () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: '<html>Bad gateway</html>' })],
    ['of nobody', () => ({ status: 200, headers: {}, body: '' })],
  ]
  it.each(believedNever)('%s: nothing is recorded, and it is asked again', async (_what, change) => {
    const { journal, seeded, ledger, scheduler, firstRound, engine } = bench()
    const first = sellOffline(journal, seeded).terms.tenderId
    await firstRound()
    expect(journal.tender(first)?.state).toBe('settled')
    const { tenderId } = sellOffline(journal, seeded).terms
    ledger.on('/v1/terminal/batches', (body) => ({
      answer: (standardScripts['/v1/terminal/batches'](body) as { answer: unknown }).answer,
      onItsWay: (response) => change(response, () => ledger.lastResponse),
    }))
    const rows = journal.head.sequence
    await engine.syncNow()
    expect(journal.tender(tenderId)?.state).toBe('pending')
    expect([...journal.rows(rows + 1)].map(({ row }) => row.kind)).toEqual(['connectivity'])
    expect(engine.connectivity).toMatchObject({ kind: 'not_reached' })
    delete ledger.scripts['/v1/terminal/batches']
    await scheduler.advance(5_000)
    expect(journal.tender(tenderId)?.state).toBe('settled')
  })

  const unreadable = [
    ['is no JSON', '{"results":'],
    ['does not fit', { results: 'all fine' }],
    ['is null', 'null'],
  ] as const
  it.each(unreadable)('signed, but %s: nothing is recorded', async (_what, answer) => {
    const { journal, seeded, ledger, firstRound, engine } = bench()
    const { tenderId } = sellOffline(journal, seeded).terms
    ledger.on('/v1/terminal/batches', () => ({ answer }))
    await firstRound()
    expect(journal.tender(tenderId)?.state).toBe('pending')
    expect(journal.queue()).toMatchObject({ waiting: 1, parked: 0 })
    // The ledger is there: what is not about this item goes on.
    expect(engine.connectivity.kind).toBe('reached')
  })

  it('a false ledger is heard by nobody, and its clock by nobody', async () => {
    const { ledger, firstRound, engine, time } = bench()
    ledger.key = otherLedgerKey
    ledger.now = () => noon + 3_600_000
    await firstRound()
    expect(engine.connectivity.kind).toBe('not_reached')
    expect(time.now()).toBe(noon)
  })

  it('a request that arrived twice says nothing about what its first copy did', async () => {
    const { client, ledger } = bench()
    ledger.on('/v1/terminal/inquiries', () => ({ problem: 'nonce_replayed' }))
    const reply = await client.call(
      '/v1/terminal/inquiries',
      { tenderId: '019aaf6e-1c00-7000-8000-00000000a11d' },
      1_000,
    )
    expect(reply).toMatchObject({ kind: 'no_answer', malformed: false })
  })
})

describe('a ledger that was just started, and wants a later signature', () => {
  it('is told from a network that is away, for whoever looks why', async () => {
    const { client, ledger, time } = bench()
    ledger.on('/v1/terminal/packages', () => ({ problem: 'dated_before_restart', status: 425 }))
    const ask = () => client.call('/v1/terminal/packages', { haveVersion: 0 }, 1_000)
    const away = { kind: 'no_answer', malformed: false, signed: false }
    expect(await ask()).toEqual({ ...away, detail: 'dated_before_restart', wantsLater: true })
    expect(time.ledgerAt).toBe(noon)
    // Anybody on the way can write such an answer, and only the ledger can sign it.
    ledger.key = otherLedgerKey
    expect(await ask()).toMatchObject({ kind: 'no_answer', malformed: true, signed: false })
    expect(await ask()).not.toHaveProperty('wantsLater')
  })

  it('is one that is away: what it said is about no question, and no list is sent apart for it', async () => {
    const { journal, seeded, ledger, firstRound, engine, scheduler } = bench()
    const sold = Array.from({ length: 3 }, () => sellOffline(journal, seeded).terms.tenderId)
    ledger.on('/v1/terminal/batches', () => ({ problem: 'dated_before_restart', status: 425 }))
    await firstRound()
    expect(ledger.bodies('/v1/terminal/batches').map(({ items }) => items.length)).toEqual([3])
    expect(engine.connectivity.kind).toBe('not_reached')
    delete ledger.scripts['/v1/terminal/batches']
    await scheduler.advance(60_000)
    const [first, again] = ledger.heard.filter(({ path }) => path === '/v1/terminal/batches')
    expect(again?.body).toEqual(first?.body)
    expect(sold.map((id) => journal.tender(id)?.state)).toEqual(['settled', 'settled', 'settled'])
  })
})

describe('clock', () => {
  it('that is wrong is set by the ledger’s signed answer, and the same is sent again', async () => {
    const { journal, seeded, ledger, firstRound, time, engine } = bench({ clockAheadMs: 86_400_000 })
    const { tenderId } = sellOffline(journal, seeded).terms
    ledger.on('/v1/terminal/heads', (body, { created }) =>
      Math.abs(created * 1_000 - noon) > 60_000
        ? { problem: 'clock_skew' }
        : standardScripts['/v1/terminal/heads'](body),
    )
    await firstRound()
    const [first, second] = ledger.heard.filter(({ path }) => path === '/v1/terminal/heads')
    expect(second?.body).toEqual(first?.body)
    expect(second?.request.headers['signature']).not.toBe(first?.request.headers['signature'])
    expect(first?.created).toBe((noon + 86_400_000) / 1_000)
    expect(second?.created).toBe(noon / 1_000)
    expect(time.now()).toBe(noon)
    expect(journal.tender(tenderId)?.state).toBe('settled')
    expect(engine.connectivity.kind).toBe('reached')
  })

  it('skew without end is given up until the next round', async () => {
    const { ledger, firstRound } = bench()
    ledger.on('/v1/terminal/events', () => ({ problem: 'clock_skew' }))
    await firstRound()
    expect(ledger.bodies('/v1/terminal/events')).toHaveLength(2)
  })
})

describe('backoff', () => {
  /** Each wait is between half of the doubled step and the whole of it, by the jitter byte. */
  it.each([
    [0, 0.5],
    [255, 1],
    [51, 0.6],
  ])(
    'with jitter byte %i waits %f of 500, 1000, 2000 … 30000 ms, and starts over after a good round',
    async (jitter, part) => {
      const { ledger, scheduler, engine } = bench({ jitter })
      const asked: number[] = []
      let answers = false
      ledger.on('/v1/terminal/events', (body) => {
        asked.push(scheduler.now())
        return answers ? standardScripts['/v1/terminal/events'](body) : unreachable
      })
      engine.start()
      await scheduler.advance(130_000)
      const waits = asked.slice(1).map((at, index) => at - asked[index]!)
      const steps = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
      expect(waits.slice(0, 8)).toEqual(steps.slice(0, waits.slice(0, 8).length).map((step) => Math.floor(step * part)))
      expect(waits.length).toBeGreaterThanOrEqual(7)
      answers = true
      await scheduler.advance(40_000)
      answers = false
      const first = asked.length
      await scheduler.advance(15_000)
      expect(asked[first + 1]! - asked[first]!).toBe(Math.floor(500 * part))
    },
  )

  it('is not hurried by callers who wait for the same failing round', async () => {
    const { ledger, scheduler, engine } = bench({ jitter: 255 })
    ledger.on('/v1/terminal/events', () => unreachable)
    engine.start()
    await Promise.all([engine.syncNow(), engine.syncNow(), engine.syncNow()])
    const heard = ledger.heard.length
    await scheduler.advance(499)
    expect(ledger.heard).toHaveLength(heard)
    await scheduler.advance(1)
    expect(ledger.heard).toHaveLength(heard + 1)
  })

  it('a good round is followed by the next after the interval', async () => {
    const { ledger, scheduler, firstRound } = bench()
    await firstRound()
    const heard = ledger.heard.length
    await scheduler.advance(4_999)
    expect(ledger.heard).toHaveLength(heard)
    await scheduler.advance(1)
    expect(ledger.heard).toHaveLength(heard * 2)
  })

  it('one round at a time; who asks during a round gets another after it', async () => {
    const { journal, seeded, ledger, engine, scheduler } = bench()
    let release: () => void = () => {}
    ledger.on('/v1/terminal/events', async (body) => {
      await new Promise<void>((resolve) => (release = resolve))
      return standardScripts['/v1/terminal/events'](body)
    })
    engine.start()
    await scheduler.advance(0)
    const { tenderId } = sellOffline(journal, seeded).terms
    const asked = engine.syncNow()
    await settlePromises()
    expect(ledger.bodies('/v1/terminal/batches')).toHaveLength(0)
    delete ledger.scripts['/v1/terminal/events']
    release()
    await asked
    expect(journal.tender(tenderId)?.state).toBe('settled')
  })
})

describe('connectivity', () => {
  it('changes are rows, once each', async () => {
    const { ledger, firstRound, scheduler, kinds, journal, engine } = bench()
    await firstRound()
    ledger.on('/v1/terminal/heads', () => unreachable)
    await scheduler.advance(60_000)
    delete ledger.scripts['/v1/terminal/heads']
    await scheduler.advance(60_000)
    const probes = [...journal.rows()].flatMap(({ row }) => (row.kind === 'connectivity' ? [row.ledger] : []))
    expect(probes).toEqual(['reached', 'not_reached', 'reached'])
    expect(kinds().filter((kind) => kind === 'connectivity')).toHaveLength(3)
    expect(engine.worthAsking).toBe(true)
  })

  it('two taps without an answer close the way until a round is through', async () => {
    const { firstRound, engine, scheduler } = bench()
    await firstRound()
    expect(engine.worthAsking).toBe(true)
    engine.tapAsked({ kind: 'no_answer', detail: 'slow', malformed: false, signed: false })
    expect(engine.worthAsking).toBe(true)
    engine.tapAsked({ kind: 'no_answer', detail: 'slow', malformed: false, signed: false })
    expect(engine.worthAsking).toBe(false)
    await scheduler.advance(500)
    expect(engine.worthAsking).toBe(true)
    engine.tapAsked({ kind: 'not_sent', detail: 'ECONNREFUSED' })
    expect(engine.worthAsking).toBe(false)
  })

  it('a suspended terminal knows it until the ledger answers again', async () => {
    const { ledger, firstRound, engine, scheduler } = bench()
    await firstRound()
    expect(engine.suspended).toBe(false)
    ledger.on('/v1/terminal/events', () => ({ problem: 'terminal_suspended' }))
    await engine.syncNow()
    expect(engine.connectivity).toMatchObject({ kind: 'refused' })
    expect(engine.suspended).toBe(true)
    expect(engine.worthAsking).toBe(false)
    delete ledger.scripts['/v1/terminal/events']
    await scheduler.advance(60_000)
    expect(engine.suspended).toBe(false)
    engine.tapAsked({ kind: 'problem', code: 'terminal_suspended', detail: '' })
    expect(engine.suspended).toBe(true)
  })
})

describe('a full disk', () => {
  it('is a round that failed: nothing is lost, and the next one goes on', async () => {
    const database = new Database(':memory:')
    const { journal, seeded, firstRound, scheduler } = bench({ database })
    const sold = Array.from({ length: 20 }, () => sellOffline(journal, seeded).terms.tenderId)
    database.pragma(`max_page_count = ${database.pragma('page_count', { simple: true }) as number}`)
    await firstRound()
    await scheduler.advance(120_000)
    expect(journal.queue().waiting).toBeGreaterThan(0)
    database.pragma('max_page_count = 1000000')
    await scheduler.advance(60_000)
    expect(sold.map((id) => journal.tender(id)?.state)).toEqual(sold.map(() => 'settled'))
  })

  it('does not end a payment over a row that says that the ledger is away', async () => {
    const database = new Database(':memory:')
    const { firstRound, engine, journal } = bench({ database })
    await firstRound()
    database.pragma(`max_page_count = ${database.pragma('page_count', { simple: true }) as number}`)
    const filler = () => journal.commit({ kind: 'rollback_detected', by: 'ledger', seen: null })
    expect(() => {
      for (;;) filler()
    }).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }))
    engine.tapAsked({ kind: 'not_sent', detail: 'ECONNREFUSED' })
    expect(engine.connectivity.kind).toBe('not_reached')
  })
})

describe('stop', () => {
  it('in the middle of a round leaves the closed journal alone', async () => {
    const { journal, seeded, ledger, engine, scheduler } = bench()
    sellOffline(journal, seeded)
    let release: () => void = () => {}
    ledger.on('/v1/terminal/batches', async (body) => {
      await new Promise<void>((resolve) => (release = resolve))
      return standardScripts['/v1/terminal/batches'](body)
    })
    engine.start()
    await scheduler.advance(0)
    const round = engine.syncNow()
    engine.stop()
    journal.close()
    release()
    await round
    engine.tapAsked({ kind: 'not_sent', detail: 'ECONNREFUSED' })
    await scheduler.advance(60_000)
    expect(ledger.bodies('/v1/terminal/batches')).toHaveLength(1)
    expect(scheduler.pendingCount).toBe(0)
  })
})

describe('an unknown tender', () => {
  it('is authorised again under its id while the customer waits', async () => {
    const { journal, seeded, ledger, firstRound, waitingCustomers } = bench()
    const intent = leaveUnknown(journal, seeded)
    const { tenderId } = intent.terms
    waitingCustomers.add(tenderId)
    await firstRound()
    expect(ledger.bodies('/v1/terminal/authorisations')).toMatchObject([
      { terms: { tenderId }, evidence: { record: { part: 0 } } },
    ])
    expect(ledger.bodies('/v1/terminal/inquiries')).toEqual([])
    expect(journal.tender(tenderId)?.state).toBe('settled')
  })

  it.each(['settled', 'refused', 'reversed'] as const)(
    'is only asked about otherwise, and ends as the ledger says: %s',
    async (state) => {
      const { journal, seeded, ledger, firstRound } = bench()
      const { tenderId } = leaveUnknown(journal, seeded).terms
      ledger.on('/v1/terminal/inquiries', (asked) => ({
        answer: { kind: 'known', item: itemOf(asked.tenderId, state, { arrival: 'exists' }) },
      }))
      await firstRound()
      expect(ledger.bodies('/v1/terminal/authorisations')).toEqual([])
      expect(journal.tender(tenderId)?.state).toBe(state)
    },
  )

  it('stays unknown while the ledger has not seen it: that is no outcome', async () => {
    const { journal, seeded, ledger, firstRound, scheduler } = bench()
    const { tenderId } = leaveUnknown(journal, seeded).terms
    await firstRound()
    await scheduler.advance(30_000)
    expect(ledger.bodies('/v1/terminal/inquiries').length).toBeGreaterThan(3)
    expect(journal.tender(tenderId)?.state).toBe('unknown')
    expect(journal.queue().waiting).toBe(0)
  })

  it('that lost its evidence in a crash is disowned, so that nothing late can pay', async () => {
    const { journal, seeded, ledger, firstRound, waitingCustomers } = bench()
    const { tenderId } = leaveUnknown(journal, seeded, false).terms
    waitingCustomers.add(tenderId)
    await firstRound()
    expect(ledger.bodies('/v1/terminal/batches')).toMatchObject([
      { items: [{ kind: 'reversal', tenderId, reason: 'interrupted' }] },
    ])
    expect(journal.tender(tenderId)?.state).toBe('reversed')
    expect(ledger.bodies('/v1/terminal/authorisations')).toEqual([])
  })

  it('that the ledger has after all is not disowned', async () => {
    const { journal, seeded, ledger, firstRound } = bench()
    const { tenderId } = leaveUnknown(journal, seeded, false).terms
    ledger.on('/v1/terminal/inquiries', () => ({ answer: { kind: 'known', item: itemOf(tenderId, 'settled') } }))
    await firstRound()
    expect(journal.tender(tenderId)?.state).toBe('settled')
  })

  const doubtful: readonly (readonly [string, (tenderId: string) => unknown])[] = [
    ['a false signature', (tenderId) => itemOf(tenderId, 'settled', {}, otherLedgerKey)],
    ['other terms', (tenderId) => itemOf(tenderId, 'settled', { arrival: 'exists_with_different_payer_slot' })],
    ['another tender', () => itemOf('019aaf6e-1c00-7000-8000-00000000a11d', 'refused')],
  ]
  it.each(doubtful)('is not ended by %s', async (_what, item) => {
    const { journal, seeded, ledger, firstRound } = bench()
    const { tenderId } = leaveUnknown(journal, seeded).terms
    ledger.on('/v1/terminal/inquiries', () => ({ answer: { kind: 'known', item: item(tenderId) } }))
    await firstRound()
    expect(journal.tender(tenderId)?.state).toBe('unknown')
    expect(journal.lastRow('item_answered')).toBeUndefined()
  })

  it('that the cashier cancels while the answer is on its way stays cancelled', async () => {
    const { journal, seeded, ledger, engine, scheduler, waitingCustomers } = bench()
    const { tenderId } = leaveUnknown(journal, seeded).terms
    waitingCustomers.add(tenderId)
    ledger.on('/v1/terminal/authorisations', () => {
      journal.commit({ kind: 'reversal_requested', tenderId, reason: 'cashier_cancelled' })
      return { answer: itemOf(tenderId, 'settled') }
    })
    engine.start()
    await scheduler.advance(0)
    expect(journal.tender(tenderId)?.state).toBe('reversing')
    expect(journal.lastRow('item_answered')).toBeUndefined()
    await scheduler.advance(5_000)
    expect(journal.tender(tenderId)?.state).toBe('reversed')
  })

  it('that the ledger cannot even read does not keep the rest from it', async () => {
    const { journal, seeded, ledger, firstRound, engine } = bench()
    leaveUnknown(journal, seeded)
    ledger.on('/v1/terminal/inquiries', () => ({ problem: 'schema_mismatch' }))
    await firstRound()
    expect(ledger.bodies('/v1/terminal/heads')).toHaveLength(1)
    expect(engine.connectivity.kind).toBe('reached')
  })
})

describe('events', () => {
  it('are applied once, in order, page by page, with the cursor in the same commit', async () => {
    const { journal, seeded, ledger, firstRound, engine } = bench()
    const sold = Array.from({ length: 3 }, () => sellOffline(journal, seeded).terms.tenderId)
    ledger.on('/v1/terminal/batches', ({ items }) => ({
      answer: { results: items.map((item) => itemOf(syncItemIdOf(item), 'awaiting_funds')) },
    }))
    const feed = sold.map((id, index) => ({
      cursor: (index + 1) * 10,
      at: noon,
      event: { kind: 'item', item: itemOf(id, 'settled') },
    }))
    ledger.on('/v1/terminal/events', ({ after }) => {
      const events = feed.filter(({ cursor }) => cursor > after).slice(0, 2)
      return { answer: { events, cursor: events.at(-1)?.cursor ?? after } }
    })
    await firstRound()
    await engine.syncNow()
    expect(ledger.bodies('/v1/terminal/events').map(({ after }) => after)).toEqual([0, 20, 30, 30])
    expect(sold.map((id) => journal.tender(id)?.state)).toEqual(['settled', 'settled', 'settled'])
    const news = [...journal.rows()].filter(({ row }) => row.kind === 'item_answered' && row.by === 'status_feed')
    expect(news).toHaveLength(3)
  })

  it('that come again, of strangers, or with a false signature change nothing', async () => {
    const { journal, seeded, ledger, firstRound } = bench()
    const { tenderId } = sellOffline(journal, seeded).terms
    const item = (one: unknown, cursor: number) => ({ cursor, at: noon, event: { kind: 'item', item: one } })
    const events = [
      item(itemOf(tenderId, 'settled'), 1),
      item(itemOf('019aaf6e-1c00-7000-8000-00000000a11d', 'settled'), 2),
      item(itemOf(tenderId, 'not_paid', {}, otherLedgerKey), 3),
      { cursor: 4, at: noon, event: { kind: 'package_available', version: 2 } },
    ]
    ledger.on('/v1/terminal/events', ({ after }) => ({
      answer: after < 4 ? { events, cursor: 4 } : { events: [], cursor: 4 },
    }))
    await firstRound()
    expect(journal.tender(tenderId)?.state).toBe('settled')
    expect([...journal.rows()].filter(({ row }) => row.kind === 'item_answered')).toHaveLength(1)
    expect(journal.fact('events_cursor')).toBe(4)
  })

  it('a cursor that does not move ends the round, not the disk', async () => {
    const { journal, seeded, ledger, firstRound, engine } = bench()
    const { tenderId } = sellOffline(journal, seeded).terms
    const events = [{ cursor: 1, at: noon, event: { kind: 'item', item: itemOf(tenderId, 'not_paid') } }]
    ledger.on('/v1/terminal/events', () => ({ answer: { events, cursor: 0 } }))
    await firstRound()
    expect(ledger.bodies('/v1/terminal/events')).toHaveLength(1)
    expect(engine.connectivity.kind).toBe('reached')
  })

  it('do not bring back a tender that is being reversed, nor one that was', async () => {
    const { journal, seeded, ledger, firstRound, scheduler } = bench()
    const { tenderId } = sellOffline(journal, seeded).terms
    journal.commit({ kind: 'reversal_requested', tenderId, reason: 'void' })
    let cursor = 0
    ledger.on('/v1/terminal/events', ({ after }) => {
      if (after === cursor) cursor += 1
      const event = { cursor, at: noon, event: { kind: 'item', item: itemOf(tenderId, 'settled') } }
      return { answer: after < cursor && cursor < 4 ? { events: [event], cursor } : { events: [], cursor: after } }
    })
    ledger.on('/v1/terminal/batches', ({ items }) => {
      // The presentment's answer arrives, the reversal is lost the first time.
      const presentments = items.filter((item) => item.kind === 'presentment')
      return presentments.length === items.length ? { answer: { results: items.map(settled) } } : lost
    })
    await firstRound()
    expect(journal.tender(tenderId)?.state).toBe('reversing')
    delete ledger.scripts['/v1/terminal/batches']
    await scheduler.advance(60_000)
    expect(journal.fact('events_cursor')).toBe(3)
    expect(journal.tender(tenderId)?.state).toBe('reversed')
    expect(journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
  })
})

describe('packages', () => {
  it('the next one is taken whole', async () => {
    const { journal, ledger, firstRound, engine } = bench()
    ledger.on('/v1/terminal/packages', ({ haveVersion }) => ({
      answer: haveVersion < 3 ? { kind: 'newer', signed: signedPackage(packageOf(3)) } : { kind: 'current' },
    }))
    await firstRound()
    await engine.syncNow()
    expect(journal.activePackage()?.package).toEqual(packageOf(3))
    expect(ledger.bodies('/v1/terminal/packages')).toEqual([{ haveVersion: 0 }, { haveVersion: 3, haveHotlist: 1 }])
  })

  const refusedPackages = [
    ['lower version', signedPackage(packageOf(2))],
    ['same version, other contents', signedPackage(packageOf(3, { issuedAt: noon + 1 }))],
    ['another terminal’s', signedPackage(packageOf(4, { terminalId: 'till-2' }))],
    ['false signature', signedPackage(packageOf(4), otherLedgerKey)],
    [
      'changed after it was signed',
      { ...signedPackage(packageOf(4)), package: packageOf(4, { leases: [], issuedAt: noon + 1 }) },
    ],
    ['unknown engine', signedPackage(packageOf(4, { engineVersion: 2 }))],
    ['an id that named another package', signedPackage(packageOf(4, { packageId: packageOf(3).packageId }))],
    ['in a form of later versions', { ...signedPackage(packageOf(4)), package: { ...packageOf(4), novelty: true } }],
  ] as const
  it.each(refusedPackages)('is not taken: %s', async (_what, signed) => {
    const { journal, ledger, firstRound, engine } = bench()
    ledger.on('/v1/terminal/packages', () => ({ answer: { kind: 'newer', signed: signedPackage(packageOf(3)) } }))
    await firstRound()
    ledger.on('/v1/terminal/packages', () => ({ answer: { kind: 'newer', signed } }))
    await engine.syncNow()
    expect(journal.activePackage()?.package).toEqual(packageOf(3))
    expect([...journal.rows()].filter(({ row }) => row.kind === 'package_activated')).toHaveLength(1)
    // And the round goes on to the head.
    expect(ledger.bodies('/v1/terminal/heads')).toHaveLength(2)
    expect(engine.connectivity.kind).toBe('reached')
  })
})

describe('head', () => {
  it('is countersigned and kept, not written again while nothing happens, and renewed after ten minutes', async () => {
    const { journal, firstRound, scheduler, engine } = bench()
    await firstRound()
    const { length } = [...journal.rows()]
    await scheduler.advance(300_000)
    expect([...journal.rows()].length - length).toBeLessThanOrEqual(1)
    await scheduler.advance(600_000)
    expect([...journal.rows()].length - length).toBeLessThanOrEqual(3)
    expect(journal.lastRow('head_countersigned')!.at).toBeGreaterThan(noon + 300_000)
    expect(engine.lastSyncAt).toBeGreaterThan(noon + 890_000)
  })

  it('a false countersignature is not kept', async () => {
    const { journal, ledger, firstRound } = bench()
    ledger.on('/v1/terminal/heads', ({ head }) => ({ answer: countersigned({ ...head, sequence: head.sequence + 1 }) }))
    await firstRound()
    expect(journal.lastRow('head_countersigned')).toBeUndefined()
  })

  it('a rollback that the ledger sees begins a new epoch; offline sales wait for a countersigned head', async () => {
    const { journal, ledger, firstRound, engine } = bench()
    const seen = { epoch: 4, sequence: 900, hash: 'ab'.repeat(32) }
    ledger.on('/v1/terminal/heads', () => ({ answer: { kind: 'rollback_detected', seen } }))
    await firstRound()
    expect(journal.head.epoch).toBe(5)
    expect(journal.lastRow('rollback_detected')?.row).toEqual({ kind: 'rollback_detected', by: 'ledger', seen })
    expect(engine.rollbackOpen).toBe(true)
    delete ledger.scripts['/v1/terminal/heads']
    await engine.syncNow()
    expect(ledger.bodies('/v1/terminal/heads').at(-1)?.head.epoch).toBe(5)
    expect(engine.rollbackOpen).toBe(false)
    expect(journal.head.epoch).toBe(5)
  })

  it('is shown with the row that the ledger saw last, and with another one that the ledger asks for', async () => {
    const { journal, ledger, firstRound } = bench()
    const { head } = journal
    ledger.on('/v1/terminal/heads', ({ head: shown, before }) => ({
      answer: before?.sequence === 1 ? countersigned(shown) : { kind: 'show_row', at: { epoch: 1, sequence: 1 } },
    }))
    const { signature } = countersigned(head)
    journal.commit({ kind: 'head_countersigned', head: { ...head, sequence: 7 }, signature })
    await firstRound()
    expect(ledger.bodies('/v1/terminal/heads').map(({ before }) => before)).toEqual([
      { epoch: 1, sequence: 7, hash: journal.hashAt({ epoch: 1, sequence: 7 }) },
      { epoch: 1, sequence: 1, hash: journal.hashAt({ epoch: 1, sequence: 1 }) },
    ])
    expect(journal.hashAt({ epoch: 1, sequence: 1 })).toMatch(/^[0-9a-f]{64}$/)
    expect(journal.hashAt({ epoch: 2, sequence: 1 })).toBeNull()
  })

  it('goes before the rows that wait after a start, since those of a copy would hide it', async () => {
    const { journal, seeded, ledger, engine, firstRound } = bench()
    sellOffline(journal, seeded)
    const seen = { epoch: 1, sequence: 900, hash: 'ab'.repeat(32) }
    ledger.on('/v1/terminal/heads', ({ head }) => ({
      answer: head.epoch === 1 ? { kind: 'rollback_detected', seen } : countersigned(head),
    }))
    await firstRound()
    const paths = ledger.heard.map(({ path }) => path.slice('/v1/terminal/'.length))
    expect(paths.filter((path) => path === 'heads' || path === 'batches')).toEqual(['heads', 'batches', 'heads'])
    expect(journal.head.epoch).toBe(2)
    sellOffline(journal, seeded)
    await engine.syncNow()
    const later = ledger.heard.slice(paths.length).map(({ path }) => path)
    expect(later[0]).toBe('/v1/terminal/batches')
  })

  it.each([
    ['nonce_replayed', 409],
    ['internal', 500],
  ] as const)('is shown again before any row that waits when the ledger said %s', async (problem, status) => {
    const { journal, seeded, ledger, firstRound, scheduler } = bench()
    sellOffline(journal, seeded)
    const seen = { epoch: 1, sequence: 900, hash: 'ab'.repeat(32) }
    let asked = 0
    ledger.on('/v1/terminal/heads', ({ head }) => {
      asked += 1
      // The first answer, that this is a copy, was lost: the network brought the request twice.
      if (asked === 1) return { problem, status }
      return { answer: head.epoch === 1 ? { kind: 'rollback_detected', seen } : countersigned(head) }
    })
    await firstRound()
    expect(ledger.bodies('/v1/terminal/batches')).toEqual([])
    await scheduler.advance(1_000)
    expect(journal.head.epoch).toBe(2)
    expect(journal.queue().waiting).toBe(0)
  })

  it('holds up nothing for longer than three rounds when the ledger fails on heads alone', async () => {
    const { journal, seeded, ledger, firstRound, scheduler } = bench()
    sellOffline(journal, seeded)
    ledger.on('/v1/terminal/heads', () => ({ problem: 'internal', status: 500 }))
    await firstRound()
    await scheduler.advance(5_000)
    expect(journal.queue().waiting).toBe(0)
  })

  it('the age since the last sync survives a restart', async () => {
    const database = new Database(':memory:')
    const first = bench({ database })
    await first.firstRound()
    first.engine.stop()
    const second = bench({ database, clockAheadMs: 7_200_000 })
    expect(second.engine.lastSyncAt).toBe(noon)
    expect(second.engine.connectivity.kind).toBe('not_asked_yet')
  })
})

it('a round ends at whatever await the engine is stopped: its journal may be closed by then', async () => {
  for (let turns = 0; turns < 40; turns += 1) {
    const { engine, journal, firstRound } = bench()
    await firstRound()
    const round = engine.syncNow()
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
    engine.stop()
    journal.close()
    await expect(round, `after ${turns} turns`).resolves.toBeUndefined()
  }
})
