/** `npm run till -- export`: writes what a stopped till has not handed over into a file, and reads it back. */
import { coverageOf } from '../../src/sync/export/covers.ts'
import { linesOfFile, writeExport } from '../../src/sync/export/export-file.ts'
import { exportParts } from '../../src/sync/export/make-export.ts'
import type { SignedExportPart } from '../../src/sync/protocol/terminal-export.ts'
import { keysOf, openStoppedTill } from '../../src/terminal/core/stopped-till.ts'
import { formatTenge, tiyn } from '../../src/voucher/money.ts'

export async function makeExport(folder: string, file: string): Promise<number> {
  const now = Date.now()
  const till = openStoppedTill(folder, new Date(now).toISOString())
  try {
    const key = keysOf(till).signing
    const { journal } = till
    const enrolment = journal.enrolment()
    if (enrolment === undefined) throw new Error('a till with keys and no enrolment')
    const madeAt = Math.max(now, journal.latestAt())
    const sums = { presentments: 0, amount: 0n, reversals: 0, surrenders: 0, refunds: 0, parts: 0 }
    const unreadable: string[] = []
    const counted = function* (parts: Iterable<SignedExportPart>): Generator<SignedExportPart> {
      for (const part of parts) {
        const { presentments, amount, reversals, surrenders, refunds = 0 } = part.content.sums
        sums.presentments += presentments
        sums.amount += amount
        sums.reversals += reversals
        sums.surrenders += surrenders
        sums.refunds += refunds
        sums.parts += 1
        unreadable.push(...part.content.unreadable)
        yield part
      }
    }
    writeExport(file, counted(exportParts({ journal, enrolment, key, madeAt })))
    const coverage = await coverageOf(journal, linesOfFile(file), enrolment.terminalId, [key])
    const { open } = journal.unsynced()
    const lines = [
      `Till ${enrolment.terminalId} of ${enrolment.merchantId}: written to ${file}, ${sums.parts} part(s).`,
      `  sales       ${sums.presentments}, ${formatTenge(tiyn(sums.amount))}`,
      `  reversals   ${sums.reversals}`,
      `  surrenders  ${sums.surrenders}`,
      `  refunds     ${sums.refunds}`,
      ...open.map(({ tenderId, state }) => `  unresolved  ${tenderId} (${state}): named in it`),
      ...unreadable.map((itemId) => `  UNREADABLE  ${itemId}: its row is damaged; claim it with its receipt`),
      coverage.kind === 'everything'
        ? 'Read back: it holds everything that the ledger has not answered. The folder is unchanged.'
        : `Read back: it does NOT hold everything: ${coverage.detail}. Keep the folder.`,
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
    return coverage.kind === 'everything' ? 0 : 1
  } finally {
    till.close()
  }
}
