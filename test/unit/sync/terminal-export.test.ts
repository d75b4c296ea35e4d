/**
 * The form of a terminal's export, on journals that were really written. Method: whole exports are changed in one place
 * after another, and each change must be found and named; nothing may throw but the reader's own typed error.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { coverageOf } from '../../../src/sync/export/covers.ts'
import { ExportFileError, readExport } from '../../../src/sync/export/read-export.ts'
import { ClosedJournal } from '../../../src/sync/journal/closed-journal.ts'
import { syncItemIdOf } from '../../../src/sync/protocol/messages.ts'
import { signTagged, verifyingKey } from '../../../src/sync/protocol/keys.ts'
import {
  checkExportPart,
  exportLineOf,
  readExportLine,
  signExportPart,
  type ExportPart,
  type SignedExportPart,
} from '../../../src/sync/protocol/terminal-export.ts'
import { linesOf, stoppedTill, type StoppedTill } from './export-bench.ts'
import {
  itemOf,
  leaseId,
  leaveUnknown,
  ledgerKey,
  otherLedgerKey,
  Seeded,
  sellOffline,
  slotOf,
  terminalKey,
} from './world.ts'

let till: StoppedTill
const seeded = new Seeded('export')
const key = verifyingKey(terminalKey.jwk)

beforeEach(() => void (till = stoppedTill()))
afterEach(() => till.remove())

const idsOf = (parts: readonly SignedExportPart[]) =>
  parts.flatMap(({ content }) => content.items.map((item) => syncItemIdOf(item)))

async function readAll(lines: AsyncIterable<string> | Iterable<string>): Promise<string> {
  try {
    for await (const _part of readExport(lines, [key]));
    return 'whole'
  } catch (error) {
    if (!(error instanceof ExportFileError)) throw error
    return error.code
  }
}

/** Three sales, of which one is parked and one voided, a surrender and an unknown tender. */
function aDay(): { readonly sold: readonly string[]; readonly surrenderId: string; readonly unknown: string } {
  const surrenderId = seeded.uuid()
  let sold: string[] = []
  let unknown = ''
  till.works((journal) => {
    sold = [1, 2, 3].map(() => sellOffline(journal, seeded).terms.tenderId)
    journal.commit({ kind: 'item_parked', itemId: sold[0]!, why: 'the ledger failed on it' })
    journal.commit({ kind: 'reversal_requested', tenderId: sold[1]!, reason: 'void' })
    journal.commit({ kind: 'slot_surrendered', surrenderId, leaseId, slotId: slotOf('ab'.repeat(16)).slotId })
    unknown = leaveUnknown(journal, seeded).terms.tenderId
  })
  return { sold, surrenderId, unknown }
}

describe('an export', () => {
  it('holds what waits and is parked, a voided sale as its reversal alone, and names what is unresolved', async () => {
    const { sold, surrenderId, unknown } = aDay()
    const parts = till.exported()
    expect(parts).toHaveLength(1)
    expect(idsOf(parts)).toEqual([sold[0], sold[2], `reversal:${sold[1]}`, surrenderId])
    const [{ content }] = parts as [SignedExportPart]
    expect(content.open.map(({ tenderId, state }) => `${tenderId} ${state}`)).toEqual([
      `${sold[1]} reversing`,
      `${unknown} unknown`,
    ])
    expect(content).toMatchObject({ part: 1, isLast: true, after: null, unreadable: [] })
    expect(content.sums).toMatchObject({ presentments: 2, reversals: 1, surrenders: 1 })
    expect(await readAll(linesOf(parts))).toBe('whole')
  })

  it('is made without a change of the journal', () => {
    aDay()
    const print = () => createHash('sha256').update(readFileSync(till.file)).digest('hex')
    const before = print()
    till.exported()
    expect(print()).toBe(before)
  })

  it('begins after the newest countersigned head that stands before its first item', () => {
    let heads: { sequence: number }[] = []
    till.works((journal) => {
      const settled = sellOffline(journal, seeded)
      journal.commit({ kind: 'item_answered', item: itemOf(settled.terms.tenderId, 'settled'), by: 'batch' })
      heads = [journal.head]
      const sign = () => {
        const head = journal.head
        const signature = signTagged(ledgerKey, 'tolem/journal-head/1', { terminalId: 'till-1', head })
        journal.commit({ kind: 'head_countersigned', head, signature })
      }
      sign()
      sellOffline(journal, seeded)
      sign()
    })
    const [{ content }] = till.exported() as [SignedExportPart]
    expect(content.after).toEqual(heads[0])
    expect(content.items).toHaveLength(1)
  })

  it('is cut into parts that say the same, and that follow each other', async () => {
    aDay()
    const whole = till.exported()
    const parts = till.exported({ items: 1, rows: 4, bytes: 1_000_000 })
    expect(parts.length).toBeGreaterThan(3)
    expect(idsOf(parts)).toEqual(idsOf(whole))
    expect(parts.flatMap(({ content }) => content.rows)).toEqual(whole.flatMap(({ content }) => content.rows))
    expect(await readAll(linesOf(parts))).toBe('whole')
    expect(idsOf(till.exported({ items: 200, rows: 10_000, bytes: 1 }))).toEqual(idsOf(whole))
    const lines = parts.map(exportLineOf)
    expect(await readAll(lines.slice(1))).toBe('incomplete')
    expect(await readAll(lines.slice(0, -1))).toBe('incomplete')
    expect(await readAll(lines.toSpliced(1, 1))).toBe('incomplete')
    expect(await readAll([...lines, lines.at(-1) ?? ''])).toBe('incomplete')
    expect(await readAll([])).toBe('not_an_export')
  })

  it('names an item whose row can no longer be read, and holds all others', () => {
    const { sold } = aDay()
    const database = new Database(till.file)
    database.exec(`DROP TRIGGER payload_is_final;
      UPDATE payload SET json = replace(json, 'school-lunch', 'school-dinner') WHERE sequence =
        (SELECT sequence FROM outbox WHERE item_id = '${sold[2]}')`)
    database.close()
    const parts = till.exported()
    expect(parts.flatMap(({ content }) => content.unreadable)).toEqual([sold[2]])
    expect(idsOf(parts)).toContain(sold[0])
  })
})

describe('a changed export is found out', () => {
  const changes: readonly [name: string, fault: string, change: (content: ExportPart) => void][] = [
    ['a row left out', 'chain_broken', ({ rows }) => void rows.splice(2, 1)],
    ['two rows changed round', 'chain_broken', ({ rows }) => void rows.splice(2, 2, rows[3]!, rows[2]!)],
    ['another time of a row', 'chain_broken', ({ rows }) => void (rows[1]!.at += 1)],
    ['another kind of a row', 'chain_broken', ({ rows }) => void (rows[1]!.kind = 'cash_taken')],
    ['another payload', 'chain_broken', ({ rows }) => void (rows[1]!.payloadHash = 'ab'.repeat(32))],
    ['another beginning', 'chain_broken', (content) => void (content.after = positionAt(content, 3))],
    ['another amount', 'sums_wrong', ({ items }) => void (amountOf(items[0]!).amount += 1n)],
    ['an item twice', 'item_not_in_chain', ({ items }) => void items.push(items[0]!)],
    ['items in another order', 'item_not_in_chain', (content) => void (content.items = content.items.toReversed())],
    ['an item at another row', 'item_not_in_chain', ({ items }) => void (items[0]!.position = items[1]!.position)],
    ['another time of a sale', 'item_not_in_chain', ({ items }) => void (presentmentOf(items[0]!).decidedAt += 1)],
    ['an item left out', 'sums_wrong', ({ items }) => void items.pop()],
    ['another sum', 'sums_wrong', ({ sums }) => void (sums.reversals += 1)],
  ]
  const presentmentOf = (item: ExportPart['items'][number]) => item as Extract<typeof item, { kind: 'presentment' }>
  const amountOf = (item: ExportPart['items'][number]) => presentmentOf(item).terms as unknown as { amount: bigint }
  const positionAt = ({ rows }: ExportPart, place: number) => {
    const { epoch, sequence, hash } = rows[place]!
    return { epoch, sequence, hash }
  }

  it.each(changes)('%s, even with a signature of the till’s own: %s', (_name, fault, change) => {
    aDay()
    const [{ content }] = till.exported() as [SignedExportPart]
    const changed = structuredClone(content)
    change(changed)
    const signed = signExportPart(changed, terminalKey)
    expect(checkExportPart(signed)).toMatchObject({ kind: 'fault', code: fault })
    expect(readExportLine(exportLineOf(signed))).toMatchObject({ kind: 'fault', code: fault })
  })

  it.each<[string, (content: ExportPart) => void]>([
    ['another terminal', (content) => void (content.terminalId = 'till-2')],
    ['another merchant', (content) => void (content.merchantId = 'canteen-2')],
    ['another time', (content) => void (content.madeAt += 1)],
    ['not the last', (content) => void (content.isLast = false)],
    ['unresolved ones left out', (content) => void (content.open = [])],
    ['an unreadable one more', (content) => void content.unreadable.push('x')],
  ])('%s, by its signature', async (_name, change) => {
    aDay()
    const [signed] = till.exported() as [SignedExportPart]
    const changed = structuredClone(signed)
    change(changed.content)
    expect(await readAll([exportLineOf(changed)])).toBe('signature_wrong')
  })

  it('signed by somebody else', async () => {
    aDay()
    const [{ content }] = till.exported() as [SignedExportPart]
    expect(await readAll([exportLineOf(signExportPart(content, otherLedgerKey))])).toBe('signature_wrong')
  })

  it('of a later version, and text that is none', () => {
    aDay()
    const line = exportLineOf(till.exported()[0]!)
    const later = line.replace('"version":1', '"version":2')
    expect(readExportLine(later)).toMatchObject({ code: 'version_not_known' })
    for (const text of ['', '{}', 'null', '[]', 'TOLEM1.x', line.slice(1), line.slice(0, -1)])
      expect(readExportLine(text), text.slice(0, 20)).toMatchObject({ code: 'not_an_export' })
    expect(readExportLine(` ${line}`)).toMatchObject({ code: 'damaged' })
    expect(readExportLine(line.replace('"part":1', '"part":"1"'))).toMatchObject({ code: 'damaged' })
  })
})

describe('whether an export covers a folder', () => {
  async function coverage(parts: readonly SignedExportPart[]) {
    const journal = new ClosedJournal(till.file)
    try {
      return await coverageOf(journal, linesOf(parts), 'till-1', [key])
    } finally {
      journal.close()
    }
  }

  it('everything, only as long as the till stands still', async () => {
    aDay()
    const parts = till.exported({ items: 2, rows: 5, bytes: 1_000_000 })
    expect(await coverage(parts)).toEqual({ kind: 'everything' })
    till.works((journal) => journal.commit({ kind: 'language_set', language: 'kk' }))
    expect(await coverage(parts)).toMatchObject({ kind: 'not_all', detail: expect.stringContaining('went on') })
  })

  it('not when items or unresolved payments were left out, although the till itself signed it', async () => {
    aDay()
    const [{ content }] = till.exported() as [SignedExportPart]
    const items = content.items.slice(1)
    const sums = { ...content.sums, presentments: 1, amount: amountOfLast(items) }
    expect(await coverage([signExportPart({ ...content, items, sums }, terminalKey)])).toMatchObject({
      kind: 'not_all',
      detail: expect.stringContaining('1 items'),
    })
    expect(await coverage([signExportPart({ ...content, open: [] }, terminalKey)])).toMatchObject({ kind: 'not_all' })
    const other = signExportPart({ ...content, terminalId: 'till-2' }, terminalKey)
    expect(await coverage([other])).toMatchObject({ kind: 'not_all', detail: expect.stringContaining('till-2') })
  })

  const amountOfLast = (items: ExportPart['items']) =>
    items.flatMap((item) => (item.kind === 'presentment' ? [item.terms.amount] : []))[0]!
})
