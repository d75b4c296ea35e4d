/**
 * The journal of a till that does not run, read and never written: no migration, no new epoch, no anchor. For whoever
 * wants to know what a stopped till still owes the ledger. The caller holds the folder's lock.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type Database from 'better-sqlite3'
import { enrolmentSchema, type Enrolment, type JournalPosition, type SyncItem } from '../protocol/messages.ts'
import { thumbprintOf } from '../protocol/keys.ts'
import { whereChainBreaks, type RowHead } from '../protocol/journal-chain.ts'
import { tiyn, type Tiyn } from '../../voucher/money.ts'
import { DataFolderError } from './data-folder.ts'
import { JournalGoodsQuestions } from './goods-questions.ts'
import { JournalReturns } from './returns.ts'
import { asFolderError, openFileToRead, refuseNewer, versionOf } from './journal-file.ts'
import { chainedRow, damagedAt, headOf, syncItemOf, type StoredOutbox, type StoredRow } from './records.ts'
import { paidStates, quoted } from './projection.ts'
import type { ChainedRow, RowOf } from './rows.ts'

/** A tender whose end is not known to this till, or of a sale that it did not end. */
export interface UnresolvedTender {
  readonly tenderId: string
  /** `sale_open`: paid, of a sale that was never completed. */
  readonly state: 'in_progress' | 'unknown' | 'torn' | 'held' | 'reversing' | 'sale_open'
  readonly amount: Tiyn
}

/**
 * A voucher has paid a part of a sale, and the rest was never paid: the goods were not given, so nobody presents it
 * (money-rules.md, "Words" and "One payment"). A sale whose tenders add up to its total is closed at the next start.
 */
const ofUnfinishedSale = `(tender.kind = 'voucher' AND tender.state IN (${quoted(paidStates)}) AND EXISTS (
  SELECT 1 FROM sale WHERE sale.sale_id = tender.sale_id AND sale.state = 'open' AND sale.total > (
    SELECT sum(paying.amount) FROM tender AS paying
    WHERE paying.sale_id = sale.sale_id AND paying.state IN (${quoted(paidStates)}))))`

/** What would be lost with the folder. */
export interface Unsynced {
  readonly items: readonly StoredOutbox[]
  readonly open: readonly UnresolvedTender[]
}

export class ClosedJournal {
  readonly #database: Database.Database
  readonly #folder: string
  /** A core that was killed at its first start may leave a file without tables. */
  readonly #isBegun: boolean

  /** @throws DataFolderError JOURNAL_MISSING, JOURNAL_CORRUPT, JOURNAL_NEWER */
  constructor(file: string) {
    this.#folder = dirname(file)
    if (!existsSync(file))
      throw new DataFolderError(
        'JOURNAL_MISSING',
        `There is no till's journal in ${this.#folder}. Name another folder.`,
      )
    this.#database = openFileToRead(file)
    try {
      refuseNewer(this.#database)
      this.#isBegun = versionOf(this.#database) > 0
    } catch (error) {
      this.#database.close()
      throw asFolderError(this.#folder, error)
    }
  }

  /** Whose journal it is; undefined before the first enrolment. */
  enrolment(): Enrolment | undefined {
    return this.#named(() => {
      const [stored] = this.#all(`SELECT json FROM fact WHERE name = 'enrolment'`) as { json: string }[]
      return stored === undefined ? undefined : enrolmentSchema.parse(JSON.parse(stored.json))
    })
  }

  /** The thumbprints of all keys that the till has signed with, the present one last; none before its enrolment. */
  signingKeys(): readonly string[] {
    const enrolment = this.enrolment()
    if (enrolment === undefined) return []
    return this.#named(() => {
      const changes = this.#all(
        `SELECT row.*, payload.json FROM row JOIN payload USING (sequence)
         WHERE kind = 'key_rotated' ORDER BY sequence`,
      ) as StoredRow[]
      const changedTo = changes.map((stored) => (chainedRow(stored).row as RowOf<'key_rotated'>).terminalKey)
      return [thumbprintOf(enrolment.terminalKey), ...changedTo]
    })
  }

  /** The time of the newest row; 0 when there is none. */
  latestAt(): number {
    return this.#named(() => {
      const [last] = this.#all('SELECT at FROM row ORDER BY sequence DESC LIMIT 1') as { at: number }[]
      return last?.at ?? 0
    })
  }

  head(): JournalPosition | undefined {
    return this.#named(() => {
      const [last] = this.#all('SELECT epoch, sequence, hash FROM row ORDER BY sequence DESC LIMIT 1')
      return last as JournalPosition | undefined
    })
  }

  unsynced(): Unsynced {
    return this.#named(() => {
      const open = this.#all(
        // Whether its card may have paid, that card's next record tells, also of one that was given up: the export
        // names it as torn.
        `SELECT tender_id AS tenderId, amount,
           CASE WHEN state IN ('maybe_debited', 'advised') THEN 'torn'
                WHEN state IN ('held', 'in_progress', 'unknown', 'torn', 'reversing') THEN state
                ELSE 'sale_open' END AS state
         FROM tender
         WHERE state IN ('in_progress', 'unknown', 'torn', 'maybe_debited', 'advised', 'reversing')
           -- Of a sale that was not closed yet: nothing in the queue asks for it.
           OR state = 'held' AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.tender_id = tender.tender_id)
           OR ${ofUnfinishedSale}
         ORDER BY intent_sequence`,
      ) as { tenderId: string; state: UnresolvedTender['state']; amount: number }[]
      return {
        items: this.#all(
          `SELECT item_id, outbox.kind, tender_id, sequence,
                  outbox.kind = 'presentment' AND lease_id IS NULL AS by_card
           FROM outbox LEFT JOIN tender USING (tender_id)
           WHERE (outbox.kind = 'presentment' AND ${ofUnfinishedSale}) IS NOT TRUE
           ORDER BY sequence, item_id`,
        ) as StoredOutbox[],
        open: open.map((tender) => ({ ...tender, amount: tiyn(tender.amount) })),
      }
    })
  }

  /** Paid sales of which no cashier has said whether their goods were given. An older journal asks of none. */
  goodsAsked(): readonly string[] {
    return this.#named(() => {
      const isThere = this.#all(`SELECT 1 FROM sqlite_schema WHERE name = 'goods_question'`).length > 0
      if (!isThere) return []
      const all = (sql: string, ...values: readonly unknown[]) => this.#all(sql, ...values)
      const rowAt = (sequence: number) => this.#rowAt(sequence)
      const returns = new JournalReturns({ all, rowAt, get: (sql, ...values) => all(sql, ...values)[0] })
      return new JournalGoodsQuestions({ all }, returns).open()
    })
  }

  /** The newest head that the ledger countersigned and that stands before this row. */
  countersignedBefore(sequence: number): JournalPosition | null {
    return this.#named(() => {
      if (!this.#isBegun) return null
      const signed = this.#database
        .prepare(
          `SELECT row.*, payload.json FROM row JOIN payload USING (sequence)
           WHERE kind = 'head_countersigned' ORDER BY sequence DESC`,
        )
        .iterate()
      for (const stored of signed as IterableIterator<StoredRow>) {
        const { row } = chainedRow(stored)
        if (row.kind === 'head_countersigned' && row.head.sequence < sequence) return row.head
      }
      return null
    })
  }

  /**
   * The heads of that many rows after this one, whose chain was checked.
   * @throws DataFolderError JOURNAL_CORRUPT
   */
  headsAfter(after: JournalPosition | null, countMax: number): RowHead[] {
    return this.#named(() => {
      const from = after?.sequence ?? 0
      const stored = this.#all(
        `SELECT * FROM row WHERE sequence > ? ORDER BY sequence LIMIT ?`,
        from,
        countMax,
      ) as StoredRow[]
      const heads = stored.map(headOf)
      const breaksAt = whereChainBreaks(after, heads)
      if (breaksAt !== undefined) throw damagedAt(breaksAt)
      return heads
    })
  }

  /** @throws DataFolderError JOURNAL_CORRUPT; Error when the row is no item for the ledger */
  syncItem({ sequence }: StoredOutbox): SyncItem {
    return this.#named(() => syncItemOf(this.#rowAt(sequence), (tenderId) => this.#intentOf(tenderId)))
  }

  /**
   * What a card was asked to pay by itself for an unresolved tender; undefined where none was, where the tender is
   * disowned already, by items of the queue, and where its row can no longer be read.
   */
  debitAsked({ tenderId, state }: UnresolvedTender):
    | (Pick<RowOf<'tender_intent'>, 'terms' | 'record'> & {
        readonly debit: NonNullable<RowOf<'tender_intent'>['debit']>
      })
    | undefined {
    if (state === 'reversing') return undefined
    const chained = this.#named(() => {
      try {
        return this.#intentRowOf(tenderId)
      } catch (error) {
        if (error instanceof DataFolderError && error.code === 'JOURNAL_CORRUPT') return undefined
        throw error
      }
    })
    if (chained?.row.kind !== 'tender_intent' || chained.row.debit === undefined) return undefined
    const { terms, record, debit } = chained.row
    return { terms, record, debit }
  }

  close(): void {
    this.#database.close()
  }

  #intentOf(tenderId: string): RowOf<'tender_intent'> {
    return this.#intentRowOf(tenderId).row as RowOf<'tender_intent'>
  }

  #intentRowOf(tenderId: string): ChainedRow {
    const [stored] = this.#all('SELECT intent_sequence AS sequence FROM tender WHERE tender_id = ?', tenderId) as {
      sequence: number
    }[]
    return this.#rowAt(stored?.sequence ?? 0)
  }

  #rowAt(sequence: number): ChainedRow {
    const [stored] = this.#all(
      'SELECT row.*, payload.json FROM row LEFT JOIN payload USING (sequence) WHERE sequence = ?',
      sequence,
    ) as StoredRow[]
    if (stored === undefined) throw damagedAt(sequence)
    return chainedRow(stored)
  }

  #all(sql: string, ...values: readonly unknown[]): unknown[] {
    return this.#isBegun ? this.#database.prepare(sql).all(...values) : []
  }

  #named<Result>(read: () => Result): Result {
    try {
      return read()
    } catch (error) {
      throw asFolderError(this.#folder, error)
    }
  }
}
