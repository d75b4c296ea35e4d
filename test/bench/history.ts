/**
 * A journal with a long past: a million rows of offline sales that were printed, presented and settled, and the
 * ledger's signature under the last of them. It belongs to no terminal yet. Written by the journal itself, once for a
 * machine, and copied from then on.
 */
import { constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { realRandomness } from '../../src/terminal/core/real-ports.ts'
import { Journal } from '../../src/sync/journal/journal.ts'
import type { JournalRow } from '../../src/sync/journal/rows.ts'
import { schemaVersion } from '../../src/sync/journal/schema.ts'
import type { SignedItemResult } from '../../src/sync/protocol/messages.ts'
import { slotIdOf } from '../../src/voucher/slot.ts'
import { ledgerInProcess } from './bench-ledger.ts'
import { BenchTill, type OfflineSale } from './bench-till.ts'

const cache = join(resolve(import.meta.dirname, '../..'), 'node_modules', '.cache', 'tolem-bench')
/** So many sales in one commit: only how fast the past is written, not what it is. */
const salesPerCommit = 250

/** Puts a journal with so many rows at `file`. */
export async function copyHistory(rows: number, file: string): Promise<void> {
  const kept = join(cache, `journal-${rows}-rows-schema-${schemaVersion}.sqlite`)
  if (!existsSync(kept)) {
    process.stderr.write(`writing a journal of ${rows} rows, once for this machine …\n`)
    mkdirSync(cache, { recursive: true })
    const folder = mkdtempSync(join(cache, 'making-'))
    try {
      await writeHistory(rows, join(folder, 'journal.sqlite'), folder)
      renameSync(join(folder, 'journal.sqlite'), kept)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  copyFileSync(kept, file, constants.COPYFILE_FICLONE)
}

async function writeHistory(rows: number, file: string, folder: string): Promise<void> {
  const world = await ledgerInProcess(1)
  const till = await BenchTill.enrol(world, { folder, ledgerUrl: 'http://127.0.0.1', transport: world.transport })
  const journal = new Journal(file, { now: Date.now })
  const sale = till.nextSale()
  const sales = Math.ceil((rows - journal.head.sequence) / rowsOf(sale, 0).length)
  for (let done = 0; done < sales; done += salesPerCommit) {
    const chunk = Math.min(salesPerCommit, sales - done)
    journal.commit(...Array.from({ length: chunk }, (_, index) => rowsOf(sale, done + index)).flat())
  }
  journal.commit({ kind: 'head_countersigned', head: journal.head, signature: anySignature })
  journal.close()
}

/** In the form of one; nobody verifies again what was verified when it was recorded. */
const anySignature = 'A'.repeat(86)

/** The rows of one sale of the past. Signatures are those of the model: what was once verified is only kept. */
function rowsOf({ frozen, intent, approved }: OfflineSale, index: number): JournalRow[] {
  const [saleId, tenderId, jobId] = [realRandomness.uuid(), realRandomness.uuid(), realRandomness.uuid()]
  const beneficiary = index.toString(16).padStart(32, '0')
  const payerSlot = slotIdOf(intent.terms.schemeId, beneficiary, intent.part.periodId)
  const item: SignedItemResult = {
    result: {
      itemId: tenderId,
      arrival: 'created',
      state: 'settled',
      paidBy: 'escrow',
      amount: intent.terms.amount,
      refusal: null,
      loss: null,
      slot: null,
      at: approved.decidedAt,
    },
    signature: anySignature,
  }
  return [
    { ...frozen, sale: { ...frozen.sale, saleId } },
    { ...intent, saleId, terms: { ...intent.terms, tenderId, payerSlot } },
    { ...approved, tenderId },
    { kind: 'sale_closed', saleId },
    { kind: 'receipt_requested', jobId, saleId, copy: false, language: 'kk' },
    { kind: 'receipt_started', jobId },
    { kind: 'receipt_printed', jobId },
    { kind: 'item_answered', item, by: 'batch' },
  ]
}
