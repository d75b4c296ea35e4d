/**
 * The peer's bug: the card was debited before the purchase was written: a crash, or a list of blocked cards that was
 * refreshed in that gap, left a debited card and no record. humansis/vendor-app@0a0fdc5, CheckoutViewModel.payByCard
 *
 * Ours: at the moment when the first command that writes reaches the card, a second reader of the journal's file finds
 * the intent committed; and when the power fails with that command executed, the next start knows the tender.
 */
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PreparedWorld, type WalkWorld } from '../integration/payment/prepared-world.ts'
import {
  endedAndJudged,
  goOffline,
  isWriteData,
  ringUpAndAskForCard,
  tap,
  tendersOf,
  watchedCard,
} from './card-stories.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

function intentsOnDisk({ journalFile }: WalkWorld): number {
  const disk = new Database(journalFile, { readonly: true })
  const count = disk.prepare(`SELECT count(*) FROM row WHERE kind = 'tender_intent'`).pluck().get() as number
  disk.close()
  return count
}

test.each(['online', 'offline'])('%s: no card is written to before the intent is on the disk', async (mode) => {
  const seen: { isWrite: boolean; intents: number }[] = []
  const world = await prepared.open(undefined, (laid) =>
    watchedCard(laid, (command, card) => {
      seen.push({ isWrite: isWriteData(command), intents: intentsOnDisk(world) })
      return card.exchange(command)
    }),
  )
  try {
    if (mode === 'offline') await goOffline(world)
    ringUpAndAskForCard(world)
    await tap(world, 'Pupil 01')
    expect(world.station.snapshot?.tap.state).toBe('approved')
    const writes = seen.filter(({ isWrite }) => isWrite)
    expect(writes).toEqual([expect.objectContaining({ intents: 1 })])
    // The card was spoken to before, without a trace.
    expect(seen.filter(({ intents }) => intents === 0).length).toBeGreaterThan(0)
    expect(await endedAndJudged(world)).toEqual([])
  } finally {
    await world.close()
  }
})

test.each(['online', 'offline'])('%s: the power fails with the card written to: the tender is known', async (mode) => {
  let isArmed = true
  const world = await prepared.open(undefined, (laid) =>
    watchedCard(laid, (command, card) => {
      const answer = card.exchange(command)
      if (isArmed && isWriteData(command)) {
        isArmed = false
        world.station.kill()
      }
      return answer
    }),
  )
  try {
    if (mode === 'offline') await goOffline(world)
    ringUpAndAskForCard(world)
    await tap(world, 'Pupil 01')
    expect(isArmed).toBe(false)
    world.station.pullCard()
    world.station.start()
    const [tender, ...more] = tendersOf(world)
    expect(more).toEqual([])
    // Offline nothing can have been sent; on line the ledger is asked, and the tender disowned.
    expect(tender?.state).toBe(mode === 'offline' ? 'voided' : 'unknown')
    expect(world.station.snapshot?.sale === null).toBe(false)
    world.network.all = 'up'
    await world.time.runUntil(world.time.now + 60_000)
    expect(['voided', 'reversed']).toContain(tendersOf(world)[0]?.state)
    expect(await endedAndJudged(world)).toEqual([])
  } finally {
    await world.close()
  }
})
