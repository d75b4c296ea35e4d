/**
 * Empties the data folder of a stopped till, for another till or for nobody (money-rules.md; issue "Exact truth":
 * nothing destroys unsynced rows). Refused as long as the folder is the only place where something stands.
 */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { coverageOf } from '../../sync/export/covers.ts'
import { linesOfFile } from '../../sync/export/export-file.ts'
import { shortId } from '../../voucher/receipt.ts'
import { exportKeysOf, type StoppedTill } from './stopped-till.ts'

/**
 * - `UNSYNCED`: the ledger has not answered for everything.
 * - `GOODS_ASKED`: nobody has said yet of some paid sales whether their goods were given.
 * - `EXPORT_DOES_NOT_COVER`: the export that was named is not all of it.
 */
export class ResetRefused extends Error {
  readonly code: 'UNSYNCED' | 'GOODS_ASKED' | 'EXPORT_DOES_NOT_COVER'
  constructor(code: ResetRefused['code'], message: string) {
    super(message)
    this.name = 'ResetRefused'
    this.code = code
  }
}

/**
 * What the till's identity and journal are kept in, in the order in which they go: whoever stops in between finds a
 * folder that is refused to another till, and can begin again. The journal comes last.
 */
const tillFiles = [
  'enrolment.json',
  'enrolment.json.new',
  'terminal-keys.json',
  'terminal-keys.json.new',
  'journal.sqlite',
  'journal.sqlite-wal',
  'journal.sqlite-shm',
] as const

/**
 * @param exportFile of everything that is unsynced; checked against the journal, row by row
 * @throws ResetRefused; ExportFileError when the export is not whole and genuine
 */
export async function allowReset(till: StoppedTill, exportFile: string | undefined): Promise<void> {
  const { journal } = till
  const { items, open } = journal.unsynced()
  const asked = journal.goodsAsked().map(shortId)
  if (asked.length > 0 && exportFile === undefined)
    throw new ResetRefused(
      'GOODS_ASKED',
      `${asked.length} sales were paid while nobody saw it, and no cashier has said whether their goods were given ` +
        `(${asked.join(', ')}). Nothing was deleted. Start the till and answer (F3); or make an export ` +
        '(npm run till -- export --data DIR --out FILE) and reset with --after-export FILE.',
    )
  if (items.length + open.length === 0) return
  const enrolment = journal.enrolment()
  const unfinished = open.filter(({ state }) => state === 'sale_open').length
  const what = `${items.length} items wait for the ledger and ${open.length} payments are unresolved`
  if (exportFile === undefined || enrolment === undefined) {
    throw new ResetRefused(
      'UNSYNCED',
      `${what}. Nothing was deleted. ` +
        (unfinished === 0
          ? ''
          : `${unfinished} of them paid a part of a sale that was never completed: start the till once more, and ` +
            'complete the sale or cancel it. ') +
        'Start the till and let it sync; or make an export ' +
        '(npm run till -- export --data DIR --out FILE) and reset with --after-export FILE.',
    )
  }
  const coverage = await coverageOf(journal, linesOfFile(exportFile), enrolment.terminalId, exportKeysOf(till))
  if (coverage.kind === 'everything') return
  throw new ResetRefused(
    'EXPORT_DOES_NOT_COVER',
    `${what}, and ${exportFile} does not hold all of it: ${coverage.detail}. Nothing was deleted.`,
  )
}

/** Deletes what is the till's, under its lock; names what it deleted and what it left. The journal is closed then. */
export function emptyFolder(till: StoppedTill): {
  readonly deleted: readonly string[]
  readonly left: readonly string[]
} {
  const { folder, journal } = till
  journal.close()
  const there = readdirSync(folder)
  const deleted = tillFiles.filter((name) => there.includes(name))
  for (const name of deleted) rmSync(join(folder, name), { force: true })
  return { deleted, left: readdirSync(folder) }
}
