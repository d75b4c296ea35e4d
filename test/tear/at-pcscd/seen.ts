/** What stands in the journal's file and in the ledger's, while both are at work. */
import Database from 'better-sqlite3'
import { databasePath } from '../../../ledger-sim/data-folder.ts'
import type { Evidence } from '../../../src/sync/protocol/messages.ts'
import type { Station } from '../../integration/reader/station.ts'
import type { SeenSale } from '../judge.ts'
import type { Proofs } from '../proofs.ts'

export const ledgerFileOf = ({ demo }: Station): string => databasePath(demo.world.folders.ledger)

/** As `Journal.evidenceOf` finds it. */
const evidenceSql = `
  SELECT json FROM row JOIN payload USING (sequence)
  WHERE sequence > ? AND kind IN ('approved_offline', 'approved_online', 'approved_by_card', 'tender_unknown')
    AND json_extract(json, '$.tenderId') = ?
  ORDER BY sequence DESC LIMIT 1`

/** @param paid those of them that were closed */
export function seenSales(
  station: Station,
  saleIds: Iterable<string>,
  paid: ReadonlySet<string>,
  { heldIn }: Pick<Proofs, 'heldIn'>,
): readonly SeenSale[] {
  const journal = new Database(station.demo.journalFile, { readonly: true })
  const ledger = new Database(ledgerFileOf(station), { readonly: true })
  try {
    const ofSale = journal.prepare<[string], { tender_id: string; state: string; intent_sequence: number }>(
      'SELECT tender_id, state, intent_sequence FROM tender WHERE sale_id = ? ORDER BY intent_sequence',
    )
    const outcome = journal.prepare<[number, string], { json: string }>(evidenceSql)
    const atLedger = ledger.prepare<[string], { state: string }>('SELECT state FROM tender WHERE tender_id = ?')
    return [...saleIds].map((saleId) => ({
      isPaid: paid.has(saleId),
      tenders: ofSale.all(saleId).map(({ tender_id: tenderId, state, intent_sequence: from }) => {
        const { evidence } = JSON.parse(outcome.get(from, tenderId)?.json ?? '{}') as { evidence?: Evidence | null }
        return {
          state,
          atLedger: atLedger.get(tenderId)?.state ?? 'none',
          held: evidence === undefined || evidence === null ? undefined : heldIn(evidence),
        }
      }),
    }))
  } finally {
    journal.close()
    ledger.close()
  }
}

/** The codes of all that the ledger has filed against the till. */
export function filedAtLedger(station: Station): readonly string[] {
  const ledger = new Database(ledgerFileOf(station), { readonly: true })
  try {
    return ledger.prepare<[], string>('SELECT code FROM discrepancy').pluck().all()
  } finally {
    ledger.close()
  }
}
