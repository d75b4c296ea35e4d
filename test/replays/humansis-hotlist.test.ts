/**
 * The peer's bug: the list of blocked cards was refreshed by deleting all of it and inserting one by one, without a
 * version: a crash in between left an empty list, and everybody was trusted. humansis/vendor-app@0a0fdc5,
 * CardFacadeImpl.kt:29
 *
 * Ours: the list is part of a package that is swapped in one commit. The power is cut at every write of that swap (a
 * copy of the disk is made from within the transaction), and right after it. Each copy has one whole list: the old one
 * before, the new one after.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { Journal } from '../../src/sync/journal/journal.ts'
import { hashOf } from '../../src/sync/protocol/canonical.ts'
import { isListed, packCards, prefixBytesMin } from '../../src/voucher/hotlist.ts'
import { realRandomness } from '../../src/terminal/core/real-ports.ts'
import { copyOfDisk, openShop } from './shop.ts'

test('a power cut at any write of the swap leaves the old list or the new one whole', async () => {
  const shop = await openShop(3)
  try {
    const { package: old } = shop.till.active
    const [blocked] = old.leases.flatMap(({ slots }) => slots.flatMap(({ cards }) => cards.map(({ card }) => card)))
    // Long enough that it cannot be written in one go.
    const cards = Array.from({ length: 100_000 }, (_, index) => hashOf('tolem/sale/1', index).slice(0, 32))
    const hotlist = {
      version: old.hotlist.version + 1,
      issuedAt: old.hotlist.issuedAt,
      prefixBytes: prefixBytesMin,
      cards: packCards([...cards, blocked!], prefixBytesMin),
    }
    const next = { ...old, packageId: realRandomness.uuid(), version: old.version + 1, hotlist }

    const database = new Database(shop.journalFile)
    const journal = new Journal(database, { now: Date.now })
    // Small enough that the transaction has to write before its commit.
    database.pragma('cache_size = 1')
    const copies: string[] = []
    const cut = (): string => {
      copies.push(copyOfDisk(shop.journalFile, join(shop.folder, `cut-${copies.length}`)))
      return ''
    }
    database.function('power_cut', { deterministic: false, directOnly: false }, cut)
    for (const [table, event] of [
      ['package', 'INSERT'],
      ['package', 'UPDATE'],
      ['row', 'INSERT'],
      ['payload', 'INSERT'],
      ['fact', 'UPDATE'],
    ] as const)
      database.exec(
        `CREATE TEMP TRIGGER cut_${table}_${event} AFTER ${event} ON main.${table} BEGIN SELECT power_cut(); END`,
      )
    journal.activatePackage(next, hashOf('tolem/package/1', next))
    const during = copies.length
    cut()
    journal.close()

    expect(during).toBeGreaterThanOrEqual(5)
    const found = copies.map((copy) => {
      const afterwards = new Journal(copy, { now: Date.now })
      const active = afterwards.activePackage()
      afterwards.close()
      const list = active?.package.hotlist
      return { version: active?.package.version, hotlist: list, isListed: list && isListed(list, blocked!) }
    })
    const before = { version: old.version, hotlist: old.hotlist, isListed: false }
    const after = { version: next.version, hotlist, isListed: true }
    expect(found).toEqual([...Array.from({ length: during }, () => before), after])
  } finally {
    await shop.close()
  }
})
