/**
 * Method: a journal on a real disk is given packages with sealed card keys; their bytes are looked for in every file of
 * the folder, before and after they are erased. Each search must have found them before.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeyErasure } from '../../../src/sync/engine/key-erasure.ts'
import { TrustedTime } from '../../../src/sync/engine/trusted-time.ts'
import { Journal } from '../../../src/sync/journal/journal.ts'
import { migrations } from '../../../src/sync/journal/schema.ts'
import { holdsCardKeys } from '../../../src/sync/journal/stored-package.ts'
import { canonicalText, hashOf } from '../../../src/sync/protocol/canonical.ts'
import { recordSourcesOf } from '../../../src/sync/protocol/record-sources.ts'
import type { Lease, TerminalPackage } from '../../../src/voucher/package.ts'
import { foundInFiles, sealedKeysOf } from '../../fixtures/sealed-keys-in-files.ts'
import { FakeScheduler } from '../../unit/drivers/fake-scheduler.ts'
import { leaseOf, noon, packageOf, Seeded, sellOffline } from '../../unit/sync/world.ts'

let folder: string
let file: string
let journal: Journal
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-erased-'))
  file = join(folder, 'journal.sqlite')
  journal = open()
})
afterEach(() => {
  journal.close()
  rmSync(folder, { recursive: true, force: true })
})

const open = () => new Journal(file, { now: () => noon })
const found = (leases: readonly Lease[]): number => foundInFiles(folder, sealedKeysOf(leases))

const seeded = new Seeded('erased keys')
const leaseOfCards = (cards: number, sellUntil: number): Lease => ({
  ...leaseOf(seeded, sellUntil),
  slots: Array.from({ length: cards }, () => leaseOf(seeded, noon).slots).flat(),
})
/** The one is over by now. */
const leasesOf = (cards: number): [Lease, Lease] => [leaseOfCards(cards, noon - 1), leaseOfCards(cards, noon + 1)]
const hashOfPackage = (of: TerminalPackage) => hashOf('tolem/package/1', of)
const activate = (of: TerminalPackage) => journal.activatePackage(of, hashOfPackage(of))
const erase = (...leases: readonly Lease[]) => journal.eraseCardKeys(new Set(leases.map(({ leaseId }) => leaseId)))
/** What a package without its keys still says. */
const withoutKeys = (of: TerminalPackage | undefined) =>
  JSON.parse(canonicalText(of), (name, value: unknown) => (name === 'sealedTillKey' ? 'a key' : value)) as unknown

describe.each([
  ['a package in one page', 2],
  ['a package of many pages', 300],
])('%s', (_, cards) => {
  it('loses the keys of a lease that is over, and no others, from every file', () => {
    const [over, live] = leasesOf(cards)
    activate(packageOf(1, { leases: [over, live] }))
    expect([found([over]), found([live])]).toEqual([cards, cards])
    erase(over)
    expect([found([over]), found([live])]).toEqual([0, cards])
    for (let sale = 0; sale < 20; sale += 1) sellOffline(journal, seeded)
    journal.close()
    expect([found([over]), found([live])]).toEqual([0, cards])
    journal = open()
    expect([found([over]), found([live])]).toEqual([0, cards])
  })

  it.each(['a minute after the other has gone', 'at the next start'])(
    'loses them from the log, which another program was reading, %s',
    async (when) => {
      const [over] = leasesOf(cards)
      activate(packageOf(1, { leases: [over] }))
      const reader = new Database(file, { readonly: true })
      reader.exec('BEGIN')
      reader.prepare('SELECT count(*) FROM package').get()
      const scheduler = new FakeScheduler()
      const clock = { wall: () => noon, monotonic: () => scheduler.now() }
      const activePackage = () => journal.activePackage()
      const erasure = new KeyErasure({ journal, time: new TrustedTime(clock, noon), scheduler, activePackage })
      erasure.start()
      expect(journal.activePackage()?.package.leases.map(holdsCardKeys)).toEqual([false])
      // It still sees what was there before.
      expect(found([over])).toBe(cards)
      reader.close()
      if (when === 'at the next start') {
        journal.close()
        journal = open()
      } else await scheduler.advance(60_000)
      expect(found([over])).toBe(0)
      expect(statSync(`${file}-wal`).size).toBe(0)
    },
  )

  it('leaves nothing of itself in the files when a newer one arrives', () => {
    const former = leasesOf(cards)
    const next = leasesOf(cards)
    activate(packageOf(1, { leases: former }))
    sellOffline(journal, seeded)
    expect(found(former)).toBe(2 * cards)
    activate(packageOf(2, { leases: next }))
    expect([found(former), found(next)]).toEqual([0, 2 * cards])
    expect(statSync(`${file}-wal`).size).toBe(0)
  })

  it('leaves nothing in the files of an earlier version, once that is upgraded', () => {
    // More than the new ones take of the free pages.
    const former = [...leasesOf(cards), ...leasesOf(cards), ...leasesOf(cards)]
    const next = leasesOf(cards)
    journal.close()
    rmSync(file)
    const older = new Database(file)
    older.pragma('journal_mode = WAL')
    for (const sql of migrations.slice(0, 13)) older.exec(sql)
    older.pragma('user_version = 13')
    const insert = older.prepare('INSERT INTO package VALUES (?, ?, ?, ?, ?)')
    const store = (of: TerminalPackage) =>
      insert.run(of.packageId, of.version, hashOfPackage(of), canonicalText(of), noon)
    store(packageOf(1, { leases: former }))
    store(packageOf(2, { leases: next }))
    older.exec(`UPDATE package SET json = '' WHERE version = 1`)
    older.close()
    expect(found(former)).toBeGreaterThan(0)
    journal = open()
    expect([found(former), found(next)]).toEqual([0, 2 * cards])
  })
})

describe('a package whose keys were erased', () => {
  const leases = leasesOf(3)
  const signed = packageOf(1, { leases })

  it('is trusted, named by what the ledger signed, and says all else, also after a start and a second erasure', () => {
    activate(signed)
    for (const over of leases) {
      erase(over)
      for (const restart of [false, true]) {
        if (restart) {
          journal.close()
          journal = open()
        }
        const active = journal.activePackage()
        expect(active?.hash).toBe(hashOfPackage(signed))
        expect(active?.package).not.toEqual(signed)
        expect(withoutKeys(active?.package)).toEqual(withoutKeys(signed))
        // Else the ledger would not know the record of a sale under this lease.
        for (const { leaseId } of leases)
          expect(recordSourcesOf(active!.package, leaseId)).toEqual(recordSourcesOf(signed, leaseId))
      }
    }
    expect([...journal.rows()].filter(({ row }) => row.kind === 'card_keys_erased')).toHaveLength(2)
  })

  it('keeps its cards apart from those that only say who they are', () => {
    activate(signed)
    erase(...leases)
    const profiles = (of: TerminalPackage | undefined) =>
      of?.leases.flatMap(({ slots }) => slots.flatMap(({ cards }) => cards.map((card) => 'sealedTillKey' in card)))
    expect(new Set(profiles(signed))).toEqual(new Set([true, false]))
    expect(profiles(journal.activePackage()?.package)).toEqual(profiles(signed))
  })

  it.each([
    ['a price cap', `replace(json, '"perSale":"200000"', '"perSale":"900000"')`],
    ['a blank', `replace(json, '"sealedTillKey":"AAAA', '"sealedTillKey":"BAAA')`],
    ['half of it', 'substr(json, 1, length(json) / 2)'],
    ['nothing', `''`],
  ])('is damaged when the disk gives %s', (_, json) => {
    activate(signed)
    erase(leases[0])
    journal.close()
    const raw = new Database(file)
    const before = raw.prepare('SELECT json FROM package').pluck().get()
    raw.exec(`UPDATE package SET json = ${json}`)
    expect(raw.prepare('SELECT json FROM package').pluck().get()).not.toBe(before)
    raw.close()
    journal = open()
    expect(() => journal.activePackage()).toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT' }))
  })

  it('is damaged when its text is the one of before: nobody puts the keys back', () => {
    activate(signed)
    erase(leases[0])
    journal.close()
    const raw = new Database(file)
    raw.prepare('UPDATE package SET json = ?').run(canonicalText(signed))
    raw.close()
    journal = open()
    expect(() => journal.activePackage()).toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT' }))
  })

  it('is not vouched for when it was damaged before', () => {
    activate(signed)
    const raw = new Database(file)
    raw.exec(`UPDATE package SET json = replace(json, '"perSale":"200000"', '"perSale":"900000"')`)
    raw.close()
    const { head } = journal
    expect(() => erase(leases[0])).toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT' }))
    expect(journal.head).toEqual(head)
  })

  it('gives way to a newer one whole', () => {
    activate(signed)
    erase(...leases)
    const next = packageOf(2, { leases: leasesOf(3) })
    activate(next)
    expect(journal.activePackage()).toEqual({ package: next, hash: hashOfPackage(next) })
    journal.rebuildProjection()
    expect(journal.fact('active_package')).toEqual({ packageId: next.packageId, version: 2 })
  })
})
