/**
 * Faults planted from outside into the handling of cards that count themselves, to see that the auditor finds them. The
 * product has no switch for any of them: see `planted-bugs.ts`.
 */
import type Database from 'better-sqlite3'
import type { JournalRow, RowOf } from '../../src/sync/journal/rows.ts'
import { signEvidence } from '../../src/sync/protocol/sign-evidence.ts'
import type { Core } from '../../src/terminal/core/core.ts'
import type { PlantedBug } from './planted-bugs.ts'
import type { TillStation } from './till-station.ts'

/** The till writes other rows than it should. */
function writingRows(wrong: (row: JournalRow, core: Core, station: TillStation) => readonly JournalRow[]) {
  return (core: Core, station: TillStation): void => {
    const { journal } = core
    const commit = journal.commit.bind(journal)
    journal.commit = (...rows) => commit(...rows.flatMap((row) => wrong(row, core, station)))
  }
}

export const plantedCardBugs = {
  /** What a stop interrupted is taken for void, although the card may have paid. */
  'torn-debit-forgotten': {
    till: ({ journal }) => {
      for (const { tenderId } of journal.tendersInState('maybe_debited'))
        journal.commit({ kind: 'tender_voided', tenderId, reason: 'interrupted' })
    },
  },
  /** A torn payment that is given up is void for the till, and the ledger never hears of it. */
  'advice-never-sent': {
    till: writingRows((row) =>
      row.kind === 'debit_advised'
        ? [{ kind: 'tender_voided', tenderId: row.tenderId, reason: 'card_not_returned' }]
        : [row],
    ),
  },
  /** What the card says of a torn payment is taken as it is, whichever payment its record is of. */
  'record-of-another': {
    till: writingRows((row, core, station) =>
      row.kind === 'approved_by_card' && core.journal.tender(row.tenderId)?.state === 'maybe_debited'
        ? [withRecordOfAnother(row, core, station)]
        : [row],
    ),
  },
  /** A card turns out to have paid a sale that went on without it, and nothing goes back to it. */
  'late-debit-kept': {
    till: ({ journal }) => {
      const commit = journal.commit.bind(journal)
      journal.commit = (...rows) => {
        const isLate = (row: JournalRow): boolean =>
          row.kind === 'reversal_requested' && journal.tender(row.tenderId)?.state === 'advised'
        return commit(...rows.filter((row) => !isLate(row)))
      }
    },
  },
  /** With its next script every card has all tries of its PIN again. */
  'tries-without-end': {
    ledger: (database) =>
      void database.prepare(`UPDATE applet_card SET pin_order = 'unblock' WHERE pin_order IS NULL`).run(),
  },
  /** A debit that was proved is paid under a second id as well. */
  'debit-paid-twice': {
    ledger: (database) => payAgain(database),
  },
} as const satisfies Record<string, PlantedBug>

export type PlantedCardBugName = keyof typeof plantedCardBugs
export const plantedCardBugNames = Object.keys(plantedCardBugs) as readonly PlantedCardBugName[]

/** In which a few dozen debits are made, and some of them torn. */
export const hoursOfCardBugs = 0.2

function withRecordOfAnother(
  row: RowOf<'approved_by_card'>,
  { journal }: Core,
  station: TillStation,
): RowOf<'approved_by_card'> {
  const before = [...journal.rows()].findLast((chained) => chained.row.kind === 'approved_by_card')?.row
  if (before?.kind !== 'approved_by_card') return row
  const { terms, record } = journal.intentOf(row.tenderId).row
  const evidence = signEvidence(station.keys.signing, { terms, record }, before.evidence.cardProof)
  return { ...row, evidence }
}

/** Once for each: the last settled tender of a card that counts itself is there again with other first digits. */
function payAgain(database: Database.Database): void {
  const paid = database
    .prepare(
      `SELECT * FROM tender WHERE state = 'settled' AND scheme_id IN ('card-food', 'card-lunch')
         AND substr(tender_id, 1, 8) <> '00000000' ORDER BY tender_id DESC LIMIT 1`,
    )
    .get() as Record<string, string | number | null> | undefined
  if (paid === undefined) return
  const { tender_id: id, terms } = paid
  const again = `00000000${String(id).slice(8)}`
  if (database.prepare('SELECT 1 FROM tender WHERE tender_id = ?').get(again) !== undefined) return
  const copy = { ...paid, tender_id: again, terms: String(terms).replaceAll(String(id), again) }
  const columns = Object.keys(copy)
  database
    .prepare(`INSERT INTO tender (${columns.join()}) VALUES (${columns.map((name) => `@${name}`).join()})`)
    .run(copy)
  const leg = database
    .prepare(`SELECT * FROM transfer WHERE reference = ? AND kind = 'voucher-payment' ORDER BY at LIMIT 1`)
    .get(id) as { debit: string; credit: string; amount: number; at: number } | undefined
  if (leg === undefined) return
  const { debit, credit, amount, at } = leg
  database
    .prepare(
      `INSERT INTO transfer (transfer_id, group_id, debit, credit, amount, kind, reference, at)
       VALUES (?, ?, ?, ?, ?, 'voucher-payment', ?, ?)`,
    )
    .run(again, again, debit, credit, amount, again, at)
  database.prepare('UPDATE account SET balance = balance - ? WHERE account_id = ?').run(amount, debit)
  database.prepare('UPDATE account SET balance = balance + ? WHERE account_id = ?').run(amount, credit)
}
