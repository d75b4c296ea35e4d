/**
 * A hundred thousand blocked cards: how long a tap asks whether its card is one of them, how large they travel, and how
 * long a till takes to make such a package its active one.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Journal } from '../../src/sync/journal/journal.ts'
import { hashOf, toJson } from '../../src/sync/protocol/canonical.ts'
import { isListed, packCards, prefixBytesMin, type PackedHotlist } from '../../src/voucher/hotlist.ts'
import type { TerminalPackage } from '../../src/voucher/package.ts'
import { figureOf, type Figure } from './figures.ts'
import { packagesOfTills } from './hotlist-packages.ts'
import { alternate, median } from './measure.ts'

/** A megabyte, rounded down. */
const sizeMaxMebibytes = 0.95
const common = { bench: 'hotlist' } as const

const cardOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 32)

export async function benchHotlist(quick: boolean): Promise<readonly Figure[]> {
  const cards = Array.from({ length: quick ? 5_000 : 100_000 }, (_, index) => cardOf(`blocked ${index}`))
  const list: PackedHotlist = {
    version: 1,
    issuedAt: 1,
    prefixBytes: prefixBytesMin,
    cards: packCards(cards, prefixBytesMin),
  }
  return [
    await lookups(quick, cards, list),
    size(cards, list),
    await activation(quick, list, cards.length),
    await packagesOfTills(quick, cards),
  ]
}

/** Half of those that are asked about are on the list. */
async function lookups(quick: boolean, cards: readonly string[], list: PackedHotlist): Promise<Figure> {
  const perBlock = 2_000
  const set = new Set(cards)
  const asked = Array.from({ length: perBlock }, (_, index) =>
    index % 2 === 0 ? (cards[(index * 49) % cards.length] ?? '') : cardOf(`stranger ${index}`),
  )
  const count = (has: (card: string) => boolean): void => {
    const found = asked.filter(has).length
    if (found !== perBlock / 2) throw new Error(`${found} of ${perBlock / 2} found`)
  }
  const ours = () => count((card) => isListed(list, card))
  const raw = () => count((card) => set.has(card))
  // The first unpacks the list.
  ours()
  const { subject, baseline } = await alternate(quick ? 4 : 200, ours, raw)
  return figureOf({
    ...common,
    figure: `is a card one of ${cards.length} blocked ones`,
    value: (perBlock / median(subject)) * 1_000,
    unit: 'per s',
    baseline: (perBlock / median(baseline)) * 1_000,
    baselineIs: 'a JavaScript Set of the whole pseudonyms',
    aim: { atLeast: 10_000 },
    samples: subject.length * perBlock,
  })
}

function size(cards: readonly string[], list: PackedHotlist): Figure {
  const { version, issuedAt } = list
  return figureOf({
    ...common,
    figure: `${cards.length} blocked cards as they travel`,
    value: Buffer.byteLength(toJson(list)) / 1_048_576,
    unit: 'MiB',
    baseline: Buffer.byteLength(toJson({ version, issuedAt, cards })) / 1_048_576,
    baselineIs: 'the same as a list of pseudonyms in JSON',
    aim: { atMost: sizeMaxMebibytes },
    samples: 1,
  })
}

async function activation(quick: boolean, hotlist: PackedHotlist, cardCount: number): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-bench-hotlist-'))
  const journal = new Journal(join(folder, 'journal.sqlite'), { now: () => 1 })
  const raw = new Database(join(folder, 'raw.sqlite'))
  try {
    raw.pragma('journal_mode = WAL')
    raw.pragma('synchronous = FULL')
    raw.exec('CREATE TABLE package (json TEXT)')
    const insert = raw.prepare('INSERT INTO package VALUES (?)')
    let version = 0
    const activate = (): void => {
      version += 1
      const next = packageOf(version, hotlist)
      journal.activatePackage(next, hashOf('tolem/package/1', next))
    }
    const text = toJson(packageOf(1, hotlist))
    const { subject, baseline } = await alternate(quick ? 2 : 40, activate, () => void insert.run(text))
    return figureOf({
      ...common,
      figure: `a package with ${cardCount} blocked cards hashed and made the active one`,
      value: median(subject),
      unit: 'ms',
      baseline: median(baseline),
      baselineIs: 'one raw better-sqlite3 commit of the same text, WAL, synchronous=FULL',
      aim: null,
      samples: subject.length,
    })
  } finally {
    journal.close()
    raw.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function packageOf(version: number, hotlist: PackedHotlist): TerminalPackage {
  const name = { kk: 'x', ru: 'x', en: 'x' }
  return {
    packageId: `019aaf00-0000-7000-8000-${String(version).padStart(12, '0')}`,
    version,
    terminalId: 'till-1',
    engineVersion: 1,
    issuedAt: 1,
    merchant: { merchantId: 'canteen', accountId: 'canteen-dt', name, address: name },
    cardReferenceKey: 'ab'.repeat(32),
    schemes: [],
    leases: [],
    hotlist,
    catalogue: [],
    categories: [],
  }
}
