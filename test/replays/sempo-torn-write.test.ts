/**
 * The peer's bugs: the check of a write compared a value with itself, and a server's flag booked a sale that the card
 * may not have taken; of interrupted cards only one could be remembered. SempoMobileApp@550fd39, src/sagas/nfcSaga.js
 * lines 280-286, 79-84, 347
 *
 * Ours: two cards are torn away in the middle of the write, each with the write executed and its answer lost. Neither
 * is booked; both are on the disk through a power cut; the one that comes back goes on under its own id; the other one,
 * given up by the cashier, is never charged for it, and pays another time like everybody.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PreparedWorld } from '../integration/payment/prepared-world.ts'
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

test.each(['online', 'offline'])('%s: two torn cards, and neither is booked as done', async (mode) => {
  const toBeTorn = new Set(['Pupil 01', 'Pupil 02'])
  const world = await prepared.open(undefined, (laid, label) =>
    // Gone when it has executed its first write, before it can answer.
    watchedCard(laid, (command, card) => {
      const answer = card.exchange(command)
      return isWriteData(command) && toBeTorn.delete(label) ? { kind: 'torn' } : answer
    }),
  )
  try {
    const { station } = world
    if (mode === 'offline') await goOffline(world)
    ringUpAndAskForCard(world)
    await tap(world, 'Pupil 01')
    expect(station.snapshot?.tap.state).toBe('torn')
    expect(tendersOf(world).map(({ state }) => state)).toEqual(['torn'])
    station.pullCard()
    for (const command of ['cancel_payment', 'cancel_sale'] as const)
      if (station.snapshot?.actions.includes(command) === true) station.command({ command })

    ringUpAndAskForCard(world)
    await tap(world, 'Pupil 02')
    expect(station.snapshot?.tap.state).toBe('torn')
    station.pullCard()
    station.kill()
    station.start()
    const [first, second] = tendersOf(world)
    expect([first?.state, second?.state]).toEqual(['voided', 'torn'])
    const rows = [...(station.core?.journal.rows() ?? [])].flatMap(({ row }) =>
      row.kind === 'tender_torn' ? [row.tenderId] : [],
    )
    expect(rows).toEqual([first?.tenderId, second?.tenderId])

    if (mode === 'offline') await goOffline(world)
    else await world.time.runUntil(world.time.now + 25_000)
    expect(station.snapshot?.tap.state).toBe('torn')
    await tap(world, 'Pupil 02')
    expect(station.snapshot?.tap.state).toBe('approved')
    expect(tendersOf(world).map(({ tenderId }) => tenderId)).toEqual([first?.tenderId, second?.tenderId])
    station.pullCard()
    station.command({ command: 'next_customer' })

    ringUpAndAskForCard(world)
    await tap(world, 'Pupil 01')
    expect(station.snapshot?.tap.state).toBe('approved')
    const [abandoned, resumed, later] = tendersOf(world)
    expect(abandoned).toMatchObject({ tenderId: first?.tenderId, state: 'voided' })
    expect(later?.tenderId).not.toBe(first?.tenderId)
    const paid = mode === 'offline' ? 'pending' : 'settled'
    expect([resumed?.state, later?.state]).toEqual([paid, paid])
    expect(await endedAndJudged(world)).toEqual([])
  } finally {
    await world.close()
  }
})
