/**
 * The peer's bug: eight orders taken offline became nineteen charges when a new sale was made while the queue drained;
 * the SDK made its keys anew at each try. https://github.com/stripe/stripe-terminal-android/issues/747
 *
 * Ours: eight orders wait; the first answer is lost, a ninth is sold while the second try is under way, somebody
 * presses "sync now" twice, and the till restarts. Each key is the tender's, made and on the disk before it is sent.
 */
import { expect, test } from 'vitest'
import type { LedgerTransport } from '../../src/sync/engine/ports.ts'
import { allWell, idsIn, openShop, queuedAs, rowsOf } from './shop.ts'

test('eight orders and one made during the drain are nine charges, under nine keys', async () => {
  const shop = await openShop()
  try {
    const orders = Array.from({ length: 8 }, () => shop.till.nextSale())
    const ninth = shop.till.nextSale()
    const keys: string[] = []
    let tries = 0
    const shaky: LedgerTransport = async (request, deadlineMs) => {
      const ids = idsIn(request.url, request.body)
      keys.push(...ids)
      const answer = await shop.transport(request, deadlineMs)
      if (ids.length === 0) return answer
      tries += 1
      if (tries === 2) first.journal.commit(...rowsOf(ninth))
      return tries < 3 ? { kind: 'no_answer', detail: 'lost' } : answer
    }
    const first = shop.open({ transport: shaky })
    first.journal.commit(...orders.flatMap(rowsOf))
    await first.engine.syncNow()
    await Promise.all([first.engine.syncNow(), first.engine.syncNow()])
    first.close()
    const again = shop.open({ transport: shaky })
    await Promise.all([again.engine.syncNow(), again.engine.syncNow()])

    expect(again.journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
    expect(again.journal.tendersInState('settled')).toHaveLength(9)
    again.close()
    const all = [...orders, ninth]
    expect(keys.length).toBeGreaterThan(9)
    expect(new Set(keys)).toEqual(new Set(all.map(({ intent }) => intent.terms.tenderId)))
    expect(shop.judge(all.map((sale) => queuedAs(sale)))).toEqual(allWell)
  } finally {
    await shop.close()
  }
})
