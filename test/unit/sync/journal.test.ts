/** The journal in memory: its chain, its commits, and the tables that follow from its rows. */
import Database from 'better-sqlite3'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Anchor } from '../../../src/sync/journal/data-folder.ts'
import { journalRowSchema, type JournalRow } from '../../../src/sync/journal/rows.ts'
import { genesisHash } from '../../../src/sync/protocol/journal-chain.ts'
import { hashOf } from '../../../src/sync/protocol/canonical.ts'
import type { JournalPosition } from '../../../src/sync/protocol/messages.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { playLegalHistory } from './legal-history.ts'
import {
  approvedOffline,
  evidenceOf,
  intentOf,
  itemOf,
  journalInMemory,
  leaseId,
  leaveUnknown,
  noon,
  packageOf,
  printedSeed,
  saleFrozen,
  saleOf,
  Seeded,
  sellOffline,
} from './world.ts'

const kazakh: JournalRow = { kind: 'language_set', language: 'kk' }
const russian: JournalRow = { kind: 'language_set', language: 'ru' }

afterEach(() => vi.restoreAllMocks())

describe('chain', () => {
  it('links every row to the one before, over everything that the row says', () => {
    const journal = journalInMemory()
    playLegalHistory(journal, new Seeded('chain'), 150)
    let previous = genesisHash
    let sequence = 0
    for (const { epoch, at, payloadHash, hash, row, ...rest } of journal.rows()) {
      expect(rest.sequence).toBe((sequence += 1))
      expect(rest.previous).toBe(previous)
      expect(payloadHash).toBe(hashOf('tolem/journal-payload/1', row))
      expect(hash).toBe(hashOf('tolem/journal-row/1', { epoch, sequence, previous, kind: row.kind, at, payloadHash }))
      previous = hash
    }
    expect(sequence).toBeGreaterThan(100)
    expect(journal.head).toEqual({ epoch: journal.head.epoch, sequence, hash: previous })
  })

  it('is synchronous FULL in WAL, with foreign keys', () => {
    const database = new Database(':memory:')
    database.pragma('synchronous = OFF')
    journalInMemory({ database })
    expect(database.pragma('synchronous', { simple: true })).toBe(2)
    expect(database.pragma('foreign_keys', { simple: true })).toBe(1)
  })

  it.each(['row', 'payload'])('lets nobody change a %s', (table) => {
    const database = new Database(':memory:')
    const journal = journalInMemory({ database })
    journal.commit(kazakh)
    const change = table === 'row' ? 'UPDATE row SET at = 1' : `UPDATE payload SET json = '{}'`
    expect(() => database.exec(change)).toThrow('journal rows are final')
  })

  const damages: readonly (readonly [string, string])[] = [
    ['a payload', `UPDATE payload SET json = replace(json, '"ru"', '"en"') WHERE json LIKE '%"ru"%'`],
    ['a payload that is no JSON any more', `UPDATE payload SET json = substr(json, 2) WHERE sequence = 3`],
    ['a time', 'UPDATE row SET at = at + 1 WHERE sequence = 2'],
    ['a kind', `UPDATE row SET kind = 'connectivity' WHERE sequence = 3`],
    [
      'a row that is gone from the middle',
      'DELETE FROM payload WHERE sequence = 3; DELETE FROM row WHERE sequence = 3',
    ],
    ['a first row that is gone', 'DELETE FROM payload WHERE sequence = 1; DELETE FROM row WHERE sequence = 1'],
  ]
  it.each(damages)('finds at start: %s', (_what, sql) => {
    const database = new Database(':memory:')
    journalInMemory({ database }).commit(kazakh, russian, kazakh, russian)
    database.exec(`PRAGMA foreign_keys = OFF; DROP TRIGGER row_is_final; DROP TRIGGER payload_is_final; ${sql}`)
    expect(() => journalInMemory({ database })).toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT' }))
  })

  it('starts its check at the last countersigned row, and misses that row when it is not there', () => {
    const database = new Database(':memory:')
    const journal = journalInMemory({ database })
    journal.commit(kazakh, russian)
    journal.commit({ kind: 'head_countersigned', head: journal.head, signature: 'A'.repeat(86) })
    database.exec('DROP TRIGGER row_is_final; DROP TRIGGER payload_is_final')
    database.exec('UPDATE row SET at = 1 WHERE sequence = 1')
    journalInMemory({ database })
    database.exec('UPDATE row SET at = 1 WHERE sequence = 3')
    expect(() => journalInMemory({ database })).toThrow('damaged at row 3')
  })
})

describe('commit', () => {
  it('writes all rows or none', () => {
    const journal = journalInMemory()
    const seeded = new Seeded('atomic')
    const { head } = journal
    const before = journal.dumpProjection()
    // The second row points to a sale that nobody froze.
    expect(() => journal.commit(kazakh, intentOf(seeded, saleOf(seeded), 'online'))).toThrow('FOREIGN KEY')
    expect(journal.head).toEqual(head)
    expect(journal.dumpProjection()).toEqual(before)
    expect([...journal.rows()]).toHaveLength(1)
    journal.commit(kazakh)
    expect(journal.head.sequence).toBe(2)
  })

  it('stays whole when the disk fills up in the middle', () => {
    const database = new Database(':memory:')
    const journal = journalInMemory({ database })
    const seeded = new Seeded('full')
    const pages = database.pragma('page_count', { simple: true }) as number
    let faults = 0
    // Each limit stops a commit at another of its writes.
    for (let limit = pages; limit < pages + 40; limit += 1) {
      database.pragma(`max_page_count = ${limit}`)
      try {
        for (;;) sellOffline(journal, seeded)
      } catch (error) {
        expect(error).toMatchObject({ code: 'SQLITE_FULL' })
        faults += 1
      }
      const [last] = [...journal.rows(journal.head.sequence)]
      expect(last).toMatchObject(journal.head)
      // A sale that is frozen has its intent: they are one commit.
      for (const { sale } of journal.openSales()) expect(journal.tendersOfSale(sale.saleId)).toHaveLength(1)
    }
    expect(faults).toBe(40)
    database.pragma('max_page_count = 1000000')
    sellOffline(journal, seeded)
    journalInMemory({ database })
  })

  it('refuses a row that could not be read again, before it is written', () => {
    const database = new Database(':memory:')
    const journal = journalInMemory({ database })
    const sale = saleOf(new Seeded('unreadable'))
    const tooMany = { ...sale, lines: sale.lines.map((line) => ({ ...line, quantity: 10_000 })) }
    expect(() => journal.commit({ kind: 'sale_frozen', sale: tooMany, total: tiyn(1n) })).toThrow('quantity')
    expect(journal.openSales()).toEqual([])
    expect(journal.head.sequence).toBe(1)
    journalInMemory({ database })
  })

  it('has happened, whatever a listener throws', () => {
    const later: (() => void)[] = []
    vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((callback) => void later.push(callback))
    const journal = journalInMemory()
    const heard: string[] = []
    journal.onDidCommit(() => {
      throw new Error('a broken listener')
    })
    journal.onDidCommit(() => heard.push('second'))
    expect(journal.commit(kazakh)[0]?.sequence).toBe(2)
    expect(journal.head.sequence).toBe(2)
    expect(heard).toEqual(['second'])
    journal.activatePackage(packageOf(1), hashOf('tolem/package/1', packageOf(1)))
    expect(journal.commit(russian)[0]?.sequence).toBe(4)
    // The fault is not swallowed: it ends the process.
    expect(later).toHaveLength(3)
    expect(later[0]).toThrow('a broken listener')
  })

  it('lets a listener commit in turn', () => {
    const journal = journalInMemory()
    let left = 2
    journal.onDidCommit(() => {
      if (left-- > 0) journal.commit({ kind: 'events_read', cursor: left + 1 })
    })
    const [first] = journal.commit(kazakh, russian)
    expect(first?.sequence).toBe(2)
    expect([...journal.rows()].map(({ row }) => row.kind)).toEqual([
      'epoch_started',
      'language_set',
      'language_set',
      'events_read',
      'events_read',
    ])
    expect(journal.head.sequence).toBe(5)
    expect(journal.commit(kazakh)[0]?.sequence).toBe(6)
  })

  it('has happened, although the anchor could not be written', () => {
    let fails = false
    const anchor: Anchor = {
      read: () => undefined,
      write() {
        if (fails) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      },
    }
    const journal = journalInMemory({ anchor })
    fails = true
    expect(journal.commit(kazakh)[0]?.sequence).toBe(2)
    expect(journal.commit(russian)[0]?.sequence).toBe(3)
  })

  it('goes on while somebody reads all rows', () => {
    const journal = journalInMemory()
    for (let count = 0; count < 1_200; count += 1) journal.commit(kazakh)
    const kinds: string[] = []
    for (const { row, sequence } of journal.rows()) {
      kinds.push(row.kind)
      if (sequence === 600) journal.commit(russian)
    }
    expect(kinds).toHaveLength(1_202)
  })
})

describe('tables', () => {
  it('are the same after a rebuild, whatever legal history there was', () => {
    const seeded = printedSeed('rebuild of the journal tables')
    const database = new Database(':memory:')
    let now = noon
    const journal = journalInMemory({ database, now: () => (now += 1) })
    const counts = playLegalHistory(journal, seeded, 2_000)
    const before = journal.dumpProjection()
    journal.rebuildProjection()
    expect(journal.dumpProjection()).toEqual(before)
    expect(Object.values(before).every((rows) => rows.length > 0)).toBe(true)
    // A new row kind must join the histories here.
    const never = ['enrolled']
    const kinds = journalRowSchema.options
      .map((option) => option.shape.kind.value)
      .filter((kind) => !never.includes(kind))
    const seen = new Set(counts.keys())
    // One history may miss a rare one.
    for (let more = 0; more < 5 && kinds.some((kind) => !seen.has(kind)); more += 1) {
      const another = journalInMemory({ now: () => (now += 1) })
      for (const kind of playLegalHistory(another, seeded, 2_000).keys()) seen.add(kind)
    }
    expect(kinds.filter((kind) => !seen.has(kind))).toEqual([])
    // And the file opens again, at the same head.
    expect(journalInMemory({ database }).head).toEqual(journal.head)
  })

  it('a late word on a presentment does not bring a reversing or reversed tender back', () => {
    const journal = journalInMemory()
    const { tenderId } = sellOffline(journal, new Seeded('late')).terms
    journal.commit({ kind: 'reversal_requested', tenderId, reason: 'void' })
    expect(journal.queue()).toMatchObject({ waiting: 2 })
    journal.commit({ kind: 'item_answered', item: itemOf(tenderId, 'settled'), by: 'batch' })
    expect(journal.tender(tenderId)?.state).toBe('reversing')
    journal.commit({ kind: 'item_answered', item: itemOf(`reversal:${tenderId}`, 'reversed'), by: 'batch' })
    journal.commit({ kind: 'item_answered', item: itemOf(tenderId, 'settled'), by: 'status_feed' })
    expect(journal.tender(tenderId)?.state).toBe('reversed')
    expect(journal.spentOnSlot(journal.tender(tenderId)!.slotId!)).toEqual([])
    expect(journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
  })

  it('a reversal that is through takes the presentment off the queue', () => {
    const journal = journalInMemory()
    const { tenderId } = sellOffline(journal, new Seeded('off')).terms
    journal.commit({ kind: 'reversal_requested', tenderId, reason: 'void' })
    journal.commit({ kind: 'item_answered', item: itemOf(`reversal:${tenderId}`, 'reversed'), by: 'batch' })
    expect(journal.queue().waiting).toBe(0)
  })

  it('a torn card that is back is no longer a tender for which nothing was sent', () => {
    const journal = journalInMemory()
    const seeded = new Seeded('torn')
    const sale = saleOf(seeded)
    const intent = intentOf(seeded, sale, 'online')
    const { tenderId } = intent.terms
    journal.commit(saleFrozen(sale), intent, { kind: 'tender_torn', tenderId, step: 'authenticate' })
    expect(journal.tender(tenderId)?.state).toBe('torn')
    journal.commit({ kind: 'tender_resumed', tenderId })
    expect(journal.tender(tenderId)?.state).toBe('in_progress')
  })

  it('count what is spent: everything but refused, reversed and voided', () => {
    const journal = journalInMemory()
    const seeded = new Seeded('spent')
    const unknown = leaveUnknown(journal, seeded)
    expect(journal.spentOnSlot(unknown.terms.payerSlot)).toHaveLength(1)
    journal.commit({ kind: 'item_answered', item: itemOf(unknown.terms.tenderId, 'refused'), by: 'inquiry' })
    expect(journal.spentOnSlot(unknown.terms.payerSlot)).toEqual([])
    const offline = sellOffline(journal, seeded)
    expect(journal.exposure()).toEqual([{ schemeId: 'school-lunch', amount: offline.terms.amount }])
    journal.commit({ kind: 'item_answered', item: itemOf(offline.terms.tenderId, 'settled'), by: 'batch' })
    expect(journal.exposure()).toEqual([])
  })
})

describe('queue', () => {
  it('goes on past a parked item, which keeps its payload', () => {
    const journal = journalInMemory()
    const seeded = new Seeded('parked')
    const [first, second] = [sellOffline(journal, seeded), sellOffline(journal, seeded)]
    journal.commit({ kind: 'item_parked', itemId: first.terms.tenderId, why: 'schema_mismatch' })
    expect(journal.waitingItems(10).map(({ itemId }) => itemId)).toEqual([second.terms.tenderId])
    expect(journal.queue()).toEqual({ waiting: 1, parked: 1, oldestAt: noon })
    expect(journal.parkedItems()).toEqual([
      {
        itemId: first.terms.tenderId,
        kind: 'presentment',
        at: noon,
        amount: first.terms.amount,
        why: 'schema_mismatch',
      },
    ])
    expect(journal.outcomeRowOf(first.terms.tenderId, ['approved_offline'])?.row).toEqual(asSold(first))
    expect(journal.evidenceOf(first.terms.tenderId)).toMatchObject({ record: first.record })
  })

  it('gives an item whose row is damaged as a fault, alone', () => {
    const database = new Database(':memory:')
    const journal = journalInMemory({ database })
    const seeded = new Seeded('damaged')
    const [first, second, third] = [
      sellOffline(journal, seeded),
      sellOffline(journal, seeded),
      sellOffline(journal, seeded),
    ]
    database.exec('DROP TRIGGER payload_is_final')
    const { sequence } = journal.intentOf(first.terms.tenderId).position
    database
      .prepare(`UPDATE payload SET json = replace(json, 'canteen-1-dt', 'canteen-2-dt') WHERE sequence = ?`)
      .run(sequence)
    const broken = journal.outcomeRowOf(third.terms.tenderId, ['approved_offline'])!.sequence
    database.prepare(`UPDATE payload SET json = substr(json, 5) WHERE sequence = ?`).run(broken)
    expect(journal.waitingItems(10)).toMatchObject([
      { itemId: first.terms.tenderId, fault: expect.stringContaining('damaged') },
      { itemId: second.terms.tenderId, item: { kind: 'presentment' } },
      { itemId: third.terms.tenderId, fault: expect.any(String) },
    ])
  })

  it('holds surrenders, reversals and presentments in the order of their rows', () => {
    const journal = journalInMemory()
    const seeded = new Seeded('order')
    const surrenderId = seeded.uuid()
    const sold = sellOffline(journal, seeded)
    journal.commit({ kind: 'slot_surrendered', surrenderId, leaseId, slotId: 'a' })
    journal.commit({ kind: 'reversal_requested', tenderId: sold.terms.tenderId, reason: 'void' })
    const items = journal.waitingItems(10).map((entry) => ('item' in entry ? entry.item : entry))
    expect(items).toMatchObject([
      { kind: 'presentment', terms: sold.terms, leaseId, evidence: evidenceWithoutSignature(sold) },
      { kind: 'surrender', surrenderId, slotId: 'a' },
      { kind: 'reversal', tenderId: sold.terms.tenderId, reason: 'void' },
    ])
    expect(journal.isSurrendered('a')).toBe(true)
  })
})

describe('rollback', () => {
  function rememberingAnchor(): Anchor & { seen: JournalPosition | undefined } {
    return {
      seen: undefined,
      read() {
        return this.seen
      },
      write(head) {
        this.seen = head
      },
    }
  }

  it('a restored copy starts a new epoch, and says so in a row', () => {
    const anchor = rememberingAnchor()
    const database = new Database(':memory:')
    const journal = journalInMemory({ database, anchor })
    journal.commit(kazakh)
    const old = new Database(database.serialize())
    journal.commit(russian)
    const seen = journal.head
    const restored = journalInMemory({ database: old, anchor })
    expect(restored.head).toMatchObject({ epoch: 2, sequence: 4 })
    expect([...restored.rows()].slice(-2).map(({ row }) => row)).toEqual([
      { kind: 'epoch_started', reason: 'rollback_detected' },
      { kind: 'rollback_detected', by: 'anchor', seen },
    ])
    // Not again at the next start.
    expect(journalInMemory({ database: old, anchor }).head).toEqual(restored.head)
  })

  it('is told no earlier than the newest row, by whatever clock: the till’s time would begin there', () => {
    const anchor = rememberingAnchor()
    const database = new Database(':memory:')
    const journal = journalInMemory({ database, anchor })
    const { at } = journal.commit(kazakh)[0] ?? { at: 0 }
    const old = new Database(database.serialize())
    journal.commit(russian)
    const restored = journalInMemory({ database: old, anchor, now: () => 0 })
    expect([...restored.rows()].slice(-2).map((row) => row.at)).toEqual([at, at])
    expect(restored.latestAt()).toBe(at)
    expect(restored.commit(russian)[0]?.at).toBe(0)
  })

  it('a copy that went its own way past the anchor is caught by the hash', () => {
    const anchor = rememberingAnchor()
    const database = new Database(':memory:')
    const journal = journalInMemory({ database, anchor })
    journal.commit(kazakh)
    const fork = new Database(database.serialize())
    journal.commit(russian)
    journalInMemory({ database: fork }).commit(kazakh, kazakh, kazakh)
    expect(journalInMemory({ database: fork, anchor }).head.epoch).toBe(2)
  })

  it('a journal that was deleted is a rollback too', () => {
    const anchor = rememberingAnchor()
    journalInMemory({ anchor }).commit(kazakh)
    expect(journalInMemory({ anchor }).head.epoch).toBe(2)
  })

  it('an anchor that lags behind is no rollback', () => {
    const anchor = rememberingAnchor()
    const database = new Database(':memory:')
    const journal = journalInMemory({ database, anchor })
    const { seen } = anchor
    journal.commit(kazakh)
    anchor.seen = seen
    expect(journalInMemory({ database, anchor }).head).toEqual(journal.head)
  })
})

describe('package', () => {
  it('is kept whole, and the one before loses its sealed keys', () => {
    const database = new Database(':memory:')
    const journal = journalInMemory({ database })
    journal.activatePackage(packageOf(1), hashOf('tolem/package/1', packageOf(1)))
    journal.activatePackage(packageOf(2), hashOf('tolem/package/1', packageOf(2)))
    expect(journal.activePackage()).toEqual({
      package: packageOf(2),
      hash: hashOf('tolem/package/1', packageOf(2)),
    })
    expect(database.prepare('SELECT json, hash FROM package WHERE version = 1').get()).toEqual({
      json: '',
      hash: hashOf('tolem/package/1', packageOf(1)),
    })
  })

  it.each([
    ['another version', `replace(json, '"version":1', '"version":7')`],
    ['half of it', 'substr(json, 1, length(json) / 2)'],
    ['nothing', `''`],
  ])('is refused when the disk gives %s', (_, json) => {
    const database = new Database(':memory:')
    const journal = journalInMemory({ database })
    journal.activatePackage(packageOf(1), hashOf('tolem/package/1', packageOf(1)))
    expect(journal.activePackage()?.package).toEqual(packageOf(1))
    database.exec(`UPDATE package SET json = ${json}`)
    expect(() => journal.activePackage()).toThrow(/damaged at row 2/)
  })

  it('leaves the active one as it is when it cannot be stored', () => {
    const journal = journalInMemory()
    journal.activatePackage(packageOf(1), hashOf('tolem/package/1', packageOf(1)))
    const { head } = journal
    expect(() =>
      journal.activatePackage({ ...packageOf(2), packageId: packageOf(1).packageId }, 'bb'.repeat(32)),
    ).toThrow('UNIQUE')
    expect(journal.activePackage()?.package).toEqual(packageOf(1))
    expect(journal.head).toEqual(head)
  })
})

it('starts again from the time of the newest row, which the ledger may have set back', () => {
  let now = noon + 100 * 86_400_000
  const journal = journalInMemory({ now: () => now })
  now = noon
  journal.commit(kazakh)
  expect(journal.latestAt()).toBe(noon)
})

/** Signatures differ from time to time (ECDSA), so evidence is compared without. */
function asSold(intent: Parameters<typeof approvedOffline>[0]) {
  return { ...approvedOffline(intent), evidence: evidenceWithoutSignature(intent) }
}
function evidenceWithoutSignature(intent: Parameters<typeof evidenceOf>[0]) {
  return { ...evidenceOf(intent), signature: expect.any(String) }
}
