/**
 * Method: a real till is stopped in each state of the payment machine, by each transition that leads there, and starts
 * again on the journal's file. What it shows then is what the table "After a stop at any instant" says
 * (docs/design/01-payment-lifecycle.md); afterwards a cashier ends everything, and the auditor finds nothing.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JournalTenderState } from '../../../src/sync/journal/projection.ts'
import { inWords, walks, type Walk } from '../../fixtures/payment-graph.ts'
import { lifecycleRows } from '../../fixtures/lifecycle-rows.ts'
import { PreparedWorld } from './prepared-world.ts'
import { cannotHappen, stateOf, WalkedTill } from './walked-till.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

const stepsMax = 8
/** Each with another card, another half of the network, and so many events later in the state. */
const variants = [0, 1, 2, 3, 5]
const outcomeRows = ['approved_offline', 'approved_online', 'tender_refused', 'tender_unknown'] as const

/** The shortest walk by each row of the lifecycle document. */
function shortestWalks(): readonly Walk[] {
  const byRow = new Map<string, Walk>()
  for (let length = 1; length <= stepsMax; length += 1) {
    for (const walk of walks(length)) {
      const { row } = walk.at(-1)!
      if (!cannotHappen(walk) && !byRow.has(row)) byRow.set(row, walk)
    }
  }
  return [...byRow.values()]
}

/** The table, for the tender of the screen as the disk had it. */
function mustShow(
  onDisk: JournalTenderState | undefined,
  offline: boolean,
): readonly [string, JournalTenderState | undefined] {
  switch (onDisk) {
    case 'in_progress':
      return offline ? ['idle', 'voided'] : ['unknown', 'unknown']
    case 'torn':
    case 'unknown':
      return [onDisk, onDisk]
    default:
      return ['idle', onDisk]
  }
}

async function stopped(
  walk: Walk,
  variant: number,
  stopBefore: Parameters<typeof WalkedTill.begin>[3] = [],
): Promise<string> {
  const where = `${inWords(walk)}; variant ${variant}`
  const till = await WalkedTill.begin(prepared, walk, variant, stopBefore)
  try {
    await till.walk()
    const onDisk = await till.stopAndStart(variant)
    const [screen, tender] = mustShow(onDisk, till.decidedOffline)
    const { snapshot } = till
    expect([stateOf(snapshot), till.tenderState()], where).toEqual([screen, tender])
    // Nothing that was rung up without an intent comes back, and everything with one does, unless it is paid in full.
    if (onDisk === undefined) expect(snapshot.sale, where).toBeNull()
    else if (snapshot.sale === null)
      expect(
        snapshot.recent[0]?.tenders.map(({ state }) => state),
        where,
      ).toContain(onDisk)
    else expect(snapshot.sale.open, where).toBe(false)
    expect(await till.finishAndJudge(), where).toEqual([])
    return `${onDisk ?? 'no intent'}${till.decidedOffline ? ' offline' : ''} → ${screen}`
  } finally {
    await till.world.close()
  }
}

describe('a stop', () => {
  it(`in each state, by each way of at most ${stepsMax} steps`, async () => {
    const seen = new Map<string, number>()
    const all = shortestWalks()
    for (const walk of all) {
      const last = walk.at(-1)!
      // In `accepting` there is nothing to wait for: it stops before the row that would end it.
      const stopBefore = last.to === 'accepting' ? outcomeRows : []
      for (const variant of variants) {
        const what = await stopped(walk, variant, stopBefore)
        seen.set(what, (seen.get(what) ?? 0) + 1)
      }
    }
    process.stdout.write(
      `stops: ${all.length} ways × ${variants.length}; ${[...seen].map((one) => one.join(' ')).join(', ')}\n`,
    )
    expect(all).toHaveLength(lifecycleRows('cards').length - 2)
    // Each line of the table about a tender was met.
    for (const line of [
      'no intent → idle',
      'in_progress → unknown',
      'in_progress offline → idle',
      'torn → torn',
      'unknown → unknown',
      'settled → idle',
      'pending → idle',
      'refused → idle',
    ])
      expect(
        [...seen.keys()].some((what) => what.replace(/^(?!in_progress)(\w+) offline/, '$1') === line),
        line,
      ).toBe(true)
  }, 300_000)

  it('between the outcome and the closing: closed and printed at the next start', async () => {
    const approved = shortestWalks().find(
      (walk) => walk.at(-1)?.row.startsWith('authorising') && walk.at(-1)?.to === 'approved',
    )!
    for (const variant of [1, 3]) {
      const till = await WalkedTill.begin(prepared, approved, variant, ['sale_closed'])
      await till.walk()
      expect(till.world.station.core).toBeUndefined()
      expect(await till.stopAndStart(0)).toBe('settled')
      expect(till.snapshot.sale).toBeNull()
      expect(till.snapshot.recent[0]).toMatchObject({ voidable: true, tenders: [{ state: 'settled' }] })
      expect(till.snapshot.recent[0]?.receipt).not.toBe('none')
      expect(await till.finishAndJudge()).toEqual([])
    }
  })

  it('that lost the evidence: the ledger’s word if it has one, else reversed, and nothing is charged', async () => {
    const asked = shortestWalks().find((walk) => walk.at(-1)?.to === 'authorising')!
    const ends = new Map<string, number>()
    for (const variant of [0, 1, 2, 3, 4, 5]) {
      const till = await WalkedTill.begin(prepared, asked, variant)
      await till.walk()
      expect(await till.stopAndStart(variant % 2)).toBe('in_progress')
      await till.world.time.runUntil(till.world.time.now + 60_000)
      const state = stateOf(till.snapshot)
      const end = `${till.tenderState() ?? 'none'} → ${state}`
      ends.set(end, (ends.get(end) ?? 0) + 1)
      expect(await till.finishAndJudge()).toEqual([])
    }
    expect([...ends.keys()].toSorted()).toEqual(['reversed → idle', 'settled → approved'])
  })
})
