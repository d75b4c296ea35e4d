/**
 * The peer's bug: one bad record stopped all that waited behind it, until the user edited JSON by hand; or it was
 * dropped in silence. https://github.com/frappe/erpnext/issues/11000
 *
 * Ours: of seven orders the third lies damaged on the disk. It is parked and shown with why; the other six are paid in
 * the same round; nothing is dropped, and "try again" neither charges anything twice nor stops the queue.
 */
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { allWell, openShop, queuedAs, rowsOf } from './shop.ts'

test('a bad record is parked and shown, and the queue goes on', async () => {
  const shop = await openShop(8)
  try {
    const till = shop.open()
    const orders = Array.from({ length: 7 }, () => shop.till.nextSale())
    till.journal.commit(...orders.flatMap(rowsOf))
    const [, , damaged] = orders
    const { sequence } = till.journal.waitingItems(9)[2]!
    const disk = new Database(shop.journalFile)
    disk.exec('DROP TRIGGER payload_is_final')
    disk
      .prepare(`UPDATE payload SET json = replace(json, '"decidedAt":', '"decidedAt":1') WHERE sequence = ?`)
      .run(sequence)
    disk.close()

    await till.engine.syncNow()
    const id = damaged!.intent.terms.tenderId
    expect(till.journal.queue()).toMatchObject({ waiting: 0, parked: 1 })
    expect(till.journal.parkedItems()).toMatchObject([{ itemId: id, why: expect.stringMatching(/damaged/) }])
    expect(till.journal.tender(id)?.state).toBe('pending')
    const good = orders.filter((order) => order !== damaged)
    expect(shop.judge(good.map((order) => queuedAs(order)))).toEqual(allWell)

    till.journal.commit({ kind: 'parked_tried_again' })
    await till.engine.syncNow()
    expect(till.journal.queue()).toMatchObject({ waiting: 0, parked: 1 })
    till.close()
    expect(shop.judge(good.map((order) => queuedAs(order)))).toEqual(allWell)
  } finally {
    await shop.close()
  }
})
