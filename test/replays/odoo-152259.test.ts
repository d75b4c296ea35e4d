/**
 * The peer's bug: two tabs of one till each sent the same waiting orders: two syncs, two charges.
 * https://github.com/odoo/odoo/issues/152259
 *
 * Ours: a second core on the same data folder is refused. And were there two all the same, both sending the whole
 * queue at the same time, each order would be one charge.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockDataFolder } from '../../src/sync/journal/data-folder.ts'
import { allWell, copyOfDisk, openShop, queuedAs, rowsOf } from './shop.ts'

test('a second core on the same data is refused, and hears who has it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-replay-'))
  const owner = { name: 'the first window', pid: process.pid, startedAt: new Date(0).toISOString() }
  const first = lockDataFolder(folder, owner)
  expect(() => lockDataFolder(folder, { ...owner, name: 'the second' })).toThrow(
    expect.objectContaining({ code: 'FOLDER_IN_USE', message: expect.stringContaining('the first window') }),
  )
  first.release()
  lockDataFolder(folder, owner).release()
  rmSync(folder, { recursive: true, force: true })
})

test('two syncs of one queue at the same time are one charge for each order', async () => {
  const shop = await openShop()
  try {
    const orders = Array.from({ length: 12 }, () => shop.till.nextSale())
    const first = shop.open()
    first.journal.commit(...orders.flatMap(rowsOf))
    const second = shop.open({ file: copyOfDisk(shop.journalFile, join(shop.folder, 'the-other-window')) })
    await Promise.all([first.engine.syncNow(), second.engine.syncNow(), first.engine.syncNow()])
    for (const { journal } of [first, second]) {
      expect(journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
      expect(journal.tendersInState('settled')).toHaveLength(12)
    }
    first.close()
    second.close()
    expect(shop.judge(orders.map((order) => queuedAs(order)))).toEqual(allWell)
  } finally {
    await shop.close()
  }
})
