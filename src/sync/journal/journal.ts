/**
 * The terminal's journal: the only truth of a till. One writer, one chain; a commit returns after the data is on the
 * disk (`journal_mode=WAL`, `synchronous=FULL`: architecture.md, "One tap, as data", step 3).
 */
import { dirname } from 'node:path'
import type Database from 'better-sqlite3'
import {
  discrepancySchema,
  type Discrepancy,
  type Evidence,
  type JournalPosition,
  type PaymentRequestTerms,
  type SyncItem,
} from '../protocol/messages.ts'
import { canonicalText, hashOfText, toJson } from '../protocol/canonical.ts'
import { genesisHash, rowHashOf } from '../protocol/journal-chain.ts'
import type { TerminalPackage } from '../../voucher/package.ts'
import { tiyn, zeroTiyn, type Tiyn } from '../../voucher/money.ts'
import { isFailedSync, isStorageFault, type Anchor } from './data-folder.ts'
import {
  asFolderError,
  emptyLogUnlessRead,
  isLong,
  migrate,
  openFile,
  refuseNewer,
  takeOverWholeLog,
} from './journal-file.ts'
import {
  project,
  projectedTables,
  quoted,
  spentStates,
  unansweredStates,
  type JournalTenderState,
} from './projection.ts'
import {
  chainedRow,
  damagedAt,
  isOwnHash,
  isPayload,
  positionOf,
  printJobOf,
  receiptStateOf,
  saleRecord,
  syncItemOf,
  tenderRecord,
  type PrintJob,
  type QueueFigures,
  type ReceiptState,
  type RecentSale,
  type SaleRecord,
  type StoredOutbox,
  type StoredPrintJob,
  type StoredRow,
  type StoredSale,
  type StoredTender,
  type TenderRecord,
  type ParkedItem,
  type WaitingItem,
} from './records.ts'
import { journalRowSchema, type ChainedRow, type JournalRow, type JournalRowKind, type RowOf } from './rows.ts'
import { JournalCardAttempts } from './card-attempts.ts'
import { JournalGoodsQuestions } from './goods-questions.ts'
import { JournalReturns } from './returns.ts'
import { JournalShifts } from './shifts.ts'
import { JournalTimes } from './times.ts'
import { erasing, packageIn, packageLeftBy } from './stored-package.ts'
import { JournalTears } from './torn-tenders.ts'
import { refuseDamaged, WholeCheck } from './whole-check.ts'

export type { PrintJob, QueueFigures, SaleRecord, TenderRecord, WaitingItem } from './records.ts'

/** About 1 000 pages, which is SQLite's own measure. */
const commitsPerCheckpoint = 80

/** Where the bytes are: a file on disk, or a database that the simulator carries through a crash. */
export type JournalFile = string | Database.Database

/** The rows that ask for paper. */
type PrintRequestKind = 'receipt_requested' | 'shift_report_requested' | 'refund_slip_requested'

interface JournalOptions {
  /** Trusted time, for the `at` of rows. */
  readonly now: () => number
  readonly anchor?: Anchor
  /** A larger file is looked through while it is open already, and before the first row. */
  readonly checkedAtOnceBytes?: number
}

export class Journal {
  readonly #database: Database.Database
  #now: () => number
  readonly #anchor: Anchor | undefined
  readonly #statements = new Map<string, Database.Statement>()
  readonly #listeners = new Set<() => void>()
  readonly #distrustListeners = new Set<() => void>()
  #head: { epoch: number; sequence: number; hash: string }
  readonly #tables = {
    get: (sql: string, ...values: readonly unknown[]) => this.#get(sql, ...values),
    all: (sql: string, ...values: readonly unknown[]) => this.#all(sql, ...values),
    rowAt: (sequence: number) => this.rowAt(sequence),
  }
  readonly shifts = new JournalShifts(this.#tables)
  readonly returns = new JournalReturns(this.#tables)
  readonly times = new JournalTimes(this.#tables)
  readonly tears = new JournalTears(this.#tables)
  readonly goodsQuestions = new JournalGoodsQuestions(this.#tables, this.returns)
  readonly cardAttempts = new JournalCardAttempts({
    isOpen: () => this.#database.open,
    now: () => this.#now(),
    get: this.#tables.get,
    run: (sql, ...values) => this.#run(sql, ...values),
    write: (work) => this.#transact(work),
  })
  /** The fsync that failed in this life of the journal. */
  #failedSync: unknown
  #commitsSinceCheckpoint = 0
  /** The log has pages of before something was erased. */
  #logHoldsErased = false
  #wholeCheck: WholeCheck | undefined

  /**
   * Opens or makes the journal, checks its chain from the last checkpoint to the head, and starts a new epoch when the
   * anchor has seen a later head than this file holds.
   * @throws DataFolderError JOURNAL_CORRUPT, JOURNAL_NEWER, DISK_FAILED, DISK_FULL, FOLDER_READ_ONLY, FOLDER_IN_USE
   */
  constructor(file: JournalFile, options: JournalOptions) {
    this.#now = options.now
    this.#anchor = options.anchor
    this.#head = { epoch: 1, sequence: 0, hash: genesisHash }
    this.#database = typeof file === 'string' ? openFile(file) : file
    try {
      refuseNewer(this.#database)
      this.#database.pragma('journal_mode = WAL')
      this.#database.pragma('synchronous = FULL')
      this.#database.pragma('foreign_keys = ON')
      // What is erased is overwritten: sealed card keys would else stay in free pages (docs/adr/0041).
      this.#database.pragma('secure_delete = ON')
      // Taken over by this class: SQLite's own checkpoint takes no notice of an fsync that fails.
      this.#database.pragma('wal_autocheckpoint = 0')
      const isChecked = !isLong(this.#database, options.checkedAtOnceBytes)
      if (isChecked) refuseDamaged(this.#database)
      migrate(this.#database, () => this.rebuildProjection())
      this.#head = this.#readHead()
      this.#checkChain()
      // What was read may lie in the system's memory alone, as after an fsync that failed: written anew and synced, it
      // is on the disk before anything is built on it (docs/design/09-disk-proof.md, "A failed fsync").
      takeOverWholeLog(this.#database)
      if (!isChecked) this.#wholeCheck = new WholeCheck(this.#database)
      // The till's time is made of the newest row, and is not known before these: they are no earlier than that one.
      const latestAt = this.latestAt()
      this.#now = () => Math.max(options.now(), latestAt)
      this.#startEpoch()
      this.#now = options.now
    } catch (error) {
      if (typeof file !== 'string') throw error
      this.close()
      throw asFolderError(dirname(file), error)
    }
  }

  get head(): JournalPosition {
    return { ...this.#head }
  }

  /**
   * False from the first fsync that failed: what the disk holds is not known, and the system may have forgotten that it
   * owes something. No row is taken any more, and the next start reads the disk anew.
   */
  get isDiskTrusted(): boolean {
    return this.#failedSync === undefined
  }

  /**
   * Undefined once the whole file is known to be whole. Until then nothing is written, so nothing should be begun that
   * writes: it would stand still (docs/adr/0034). Rejects where the file is damaged, or cannot be read.
   */
  get wholeCheck(): Promise<void> | undefined {
    return this.#wholeCheck?.done.catch((error: unknown) => {
      throw asFolderError(dirname(this.#database.name), error)
    })
  }

  /**
   * Called after every commit, within it: the rows are on the disk. A listener may commit in turn. What it throws is a
   * broken invariant of its own and ends the process; it cannot make the commit look as if it had failed.
   */
  onDidCommit(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Called when the first fsync has failed, within the commit that it was for: this one may commit nothing. */
  onDidDistrustDisk(listener: () => void): void {
    this.#distrustListeners.add(listener)
  }

  /** Commits rows as one unit. When it returns they are on the disk; when it throws none of them is. */
  commit(...rows: readonly JournalRow[]): readonly ChainedRow[] {
    return this.#write(() => rows.map((row) => this.#append(row)))
  }

  /**
   * Stores a package and makes it the active one, in one commit (architecture.md, "Trust": swapped whole or not
   * at all).
   */
  activatePackage(terminalPackage: TerminalPackage, packageHash: string): void {
    const { packageId, version } = terminalPackage
    this.#write(() => {
      this.#run(
        'INSERT INTO package (package_id, version, hash, json, received_at) VALUES (?, ?, ?, ?, ?)',
        packageId,
        version,
        packageHash,
        canonicalText(terminalPackage),
        this.#now(),
      )
      // Older packages carry sealed card keys; their hash stays, for the record.
      this.#run(`UPDATE package SET json = '' WHERE version < ?`, version)
      this.#append({ kind: 'package_activated', packageId, version, packageHash })
    })
    this.#logHoldsErased = true
    this.emptyLogOfErased()
  }

  /**
   * Blanks the sealed card keys of these leases in the active package, for good, and with a row that vouches for the
   * text that is left: rules, prices and hotlist stay as the ledger signed them.
   * @throws DataFolderError JOURNAL_CORRUPT: what has changed on the disk is vouched for by nobody
   */
  eraseCardKeys(leaseIds: ReadonlySet<string>): void {
    const active = this.activePackage()
    if (active === undefined) return
    const { packageId } = active.package
    const { text, row } = erasing(active.package, leaseIds, this.#erasedOf(packageId))
    this.#write(() => {
      this.#run('UPDATE package SET json = ? WHERE package_id = ?', text, packageId)
      this.#append(row)
    })
    this.#logHoldsErased = true
    this.emptyLogOfErased()
  }

  /** Whatever was erased is gone from the log too; not yet, where another program reads an older state. */
  emptyLogOfErased(): void {
    if (this.#logHoldsErased) this.#takeOverLog()
  }

  #erasedOf(packageId: string): RowOf<'card_keys_erased'> | undefined {
    const erased = this.lastRow('card_keys_erased')?.row
    return erased?.packageId === packageId ? erased : undefined
  }

  /** Whether this package was ever stored here: an id or a version names one package for ever. */
  knowsPackage({ packageId, version }: { readonly packageId: string; readonly version: number }): boolean {
    return this.#get('SELECT 1 FROM package WHERE package_id = ? OR version = ?', packageId, version) !== undefined
  }

  /**
   * The package to decide under, exactly as it was activated, but for card keys that were erased; its hash is that of
   * what the ledger signed.
   * @throws DataFolderError JOURNAL_CORRUPT: no rule or price is taken from a package that has changed on the disk
   */
  activePackage(): { package: TerminalPackage; hash: string } | undefined {
    const activated = this.lastRow('package_activated')?.row
    if (activated === undefined) return undefined
    const { packageId, packageHash: hash } = activated
    const stored = this.#get('SELECT json FROM package WHERE package_id = ?', packageId) as { json: string } | undefined
    const json = stored?.json ?? ''
    const erased = this.#erasedOf(packageId)
    const found = erased === undefined ? packageIn(json, hash) : packageLeftBy(erased, json)
    if (found === undefined) throw damagedAt(this.lastSequence(erased?.kind ?? 'package_activated'))
    return { package: found, hash }
  }

  fact<T>(name: string): T | undefined {
    const stored = this.#get('SELECT json FROM fact WHERE name = ?', name) as { json: string } | undefined
    return stored === undefined ? undefined : (JSON.parse(stored.json) as T)
  }

  /** Where the newest row of a kind stands; 0 when there is none. */
  lastSequence(kind: JournalRowKind): number {
    return (
      (this.#get('SELECT max(sequence) AS sequence FROM row WHERE kind = ?', kind) as { sequence: number | null })
        .sequence ?? 0
    )
  }

  /** The newest row of a kind. */
  lastRow<Kind extends JournalRowKind>(kind: Kind): { row: RowOf<Kind>; at: number } | undefined {
    const found = this.#get('SELECT sequence FROM row WHERE kind = ? ORDER BY sequence DESC LIMIT 1', kind) as
      | { sequence: number }
      | undefined
    if (found === undefined) return undefined
    const chained = this.rowAt(found.sequence)
    return { row: chained.row as RowOf<Kind>, at: chained.at }
  }

  /** Of the row at that place; null when this journal has none there. */
  hashAt({ epoch, sequence }: Pick<JournalPosition, 'epoch' | 'sequence'>): string | null {
    const row = this.#get('SELECT hash FROM row WHERE sequence = ? AND epoch = ?', sequence, epoch) as
      | { hash: string }
      | undefined
    return row?.hash ?? null
  }

  rowAt(sequence: number): ChainedRow {
    const stored = this.#get(
      'SELECT row.*, payload.json FROM row JOIN payload USING (sequence) WHERE sequence = ?',
      sequence,
    ) as StoredRow
    return chainedRow(stored)
  }

  /**
   * All rows from that one on, none left out. In pages, not with an open cursor: a cursor would make every commit fail
   * for as long as the reader takes.
   * @throws DataFolderError JOURNAL_CORRUPT at the first row that is missing or damaged
   */
  *rows(fromSequence = 1): Generator<ChainedRow> {
    for (let next = fromSequence; ;) {
      const page = this.#all(
        `SELECT row.*, payload.json FROM row LEFT JOIN payload USING (sequence)
         WHERE sequence >= ? ORDER BY sequence LIMIT 500`,
        next,
      ) as StoredRow[]
      if (page.length === 0 && next <= this.#head.sequence) throw damagedAt(next)
      if (page.length === 0) return
      for (const stored of page) {
        if (stored.sequence !== next) throw damagedAt(next)
        yield chainedRow(stored)
        next += 1
      }
    }
  }

  /**
   * The time of the newest row; a restart starts from it (money-rules.md, "Time"). Not the greatest of all: rows
   * written under a clock that ran years ahead, which the ledger has since set right, would make every later start
   * distrust a clock that is right.
   */
  latestAt(): number {
    return (this.#get('SELECT at FROM row ORDER BY sequence DESC LIMIT 1') as { at: number } | undefined)?.at ?? 0
  }

  tender(tenderId: string): TenderRecord | undefined {
    const stored = this.#get('SELECT * FROM tender WHERE tender_id = ?', tenderId)
    return stored === undefined ? undefined : tenderRecord(stored as StoredTender)
  }

  tendersOfSale(saleId: string): readonly TenderRecord[] {
    return this.#tenders('WHERE sale_id = ? ORDER BY intent_sequence', saleId)
  }

  tendersInState(...states: readonly JournalTenderState[]): readonly TenderRecord[] {
    return this.#tenders(`WHERE state IN (${states.map((state) => `'${state}'`).join(', ')}) ORDER BY intent_sequence`)
  }

  /** Everything of this till that counts as spent against a slot; not what has gone back whole. */
  spentOnSlot(slotId: string): readonly TenderRecord[] {
    return this.#tenders(
      `WHERE slot_id = ? AND state IN (${quoted(spentStates)}) AND amount > (
         SELECT coalesce(sum(amount), 0) FROM refund WHERE refund.tender_id = tender.tender_id AND state = 'done'
       ) ORDER BY intent_sequence`,
      slotId,
    )
  }

  /** Sold offline and not yet answered by the ledger, by scheme: the terminal's exposure. */
  exposure(): readonly { schemeId: string; amount: Tiyn }[] {
    const rows = this.#all(
      `SELECT scheme_id AS schemeId, sum(amount) AS amount FROM tender
       WHERE kind = 'voucher' AND state IN ('pending', 'unknown') GROUP BY scheme_id ORDER BY scheme_id`,
    ) as { schemeId: string; amount: number }[]
    return rows.map((row) => ({ schemeId: row.schemeId, amount: tiyn(row.amount) }))
  }

  /**
   * What was sold under a lease and may not be taken off its sum in that package yet: what the ledger has not answered,
   * and what it answered after the package had come. A round asks for the package when all its answers are rows, so
   * what it answered before is in the package's figure, whatever has become of it.
   *
   * @param without a tender that is not to be counted: the one that is being decided again
   */
  soldUnder(leaseId: string, packageId: string, without: string | null): Tiyn {
    const { amount } = this.#get(
      `SELECT coalesce(sum(amount), 0) AS amount FROM tender
       WHERE lease_id = ? AND tender_id IS NOT ? AND state NOT IN ('refused', 'voided') AND (
         state IN (${quoted(unansweredStates)}) OR outcome_sequence > coalesce((
           SELECT sequence FROM row JOIN payload USING (sequence)
           WHERE kind = 'package_activated' AND json_extract(json, '$.packageId') = ?
           ORDER BY sequence DESC LIMIT 1), 0))`,
      leaseId,
      without,
      packageId,
    ) as { amount: number }
    return tiyn(amount)
  }

  isSurrendered(slotId: string): boolean {
    return this.#get('SELECT 1 FROM surrendered WHERE slot_id = ?', slotId) !== undefined
  }

  /** It was given up, and the row that says so to the ledger was set aside. */
  isSurrenderParked(slotId: string): boolean {
    const found = this.#get(
      `SELECT 1 FROM surrendered JOIN outbox USING (sequence) WHERE slot_id = ? AND outbox.state = 'parked'`,
      slotId,
    )
    return found !== undefined
  }

  sale(saleId: string): SaleRecord | undefined {
    const stored = this.#get('SELECT * FROM sale WHERE sale_id = ?', saleId)
    return stored === undefined ? undefined : saleRecord(stored as StoredSale)
  }

  /** @param number the last eight characters of the id, as its receipt has it; of two that share them the newer */
  closedSaleByNumber(number: string): string | undefined {
    const found = this.#get(
      `SELECT sale_id AS saleId FROM sale WHERE substr(sale_id, -8) = ? AND state = 'closed'
       ORDER BY sequence DESC LIMIT 1`,
      number,
    )
    return (found as { saleId: string } | undefined)?.saleId
  }

  /** Frozen and not ended, newest first. */
  openSales(): readonly SaleRecord[] {
    return (this.#all(`SELECT * FROM sale WHERE state = 'open' ORDER BY sequence DESC`) as StoredSale[]).map(saleRecord)
  }

  /** The last sales that ended, newest first, with what the screen says of each: four statements for all of them. */
  recentSales(limit: number): readonly RecentSale[] {
    const sales = this.#all(
      `SELECT sale_id AS saleId, total, at, state, shift_id AS shiftId FROM sale
       WHERE state <> 'open' ORDER BY sequence DESC LIMIT ?`,
      limit,
    ) as (Pick<RecentSale, 'saleId' | 'at' | 'state' | 'shiftId'> & { total: number })[]
    const ids = toJson(sales.map(({ saleId }) => saleId))
    const ofThese = 'sale_id IN (SELECT value FROM json_each(?))'
    const tenders = Map.groupBy(this.#tenders(`WHERE ${ofThese} ORDER BY intent_sequence`, ids), ({ saleId }) => saleId)
    const jobs = this.#all(`SELECT sale_id AS saleId, state FROM print_job WHERE ${ofThese}`, ids)
    const receipts = Map.groupBy(jobs as (Pick<StoredPrintJob, 'state'> & { saleId: string })[], ({ saleId }) => saleId)
    const wentBack = this.returns.wentBackOfEach(sales.map(({ saleId }) => saleId))
    return sales.map((sale) => ({
      ...sale,
      total: tiyn(sale.total),
      tenders: tenders.get(sale.saleId) ?? [],
      wentBack: wentBack.get(sale.saleId) ?? zeroTiyn,
      receipt: receiptStateOf(receipts.get(sale.saleId) ?? []),
    }))
  }

  intentOf(tenderId: string): { row: RowOf<'tender_intent'>; position: JournalPosition } {
    const stored = this.#get('SELECT intent_sequence AS sequence FROM tender WHERE tender_id = ?', tenderId) as {
      sequence: number
    }
    const chained = this.rowAt(stored.sequence)
    return { row: chained.row as RowOf<'tender_intent'>, position: positionOf(chained) }
  }

  /** What a tender by QR asks for. */
  requestOf(tenderId: string): PaymentRequestTerms {
    const { sequence } = this.#get('SELECT intent_sequence AS sequence FROM tender WHERE tender_id = ?', tenderId) as {
      sequence: number
    }
    return (this.rowAt(sequence).row as RowOf<'payment_requested'>).terms
  }

  /** The evidence of a tender that was sent or accepted, from the newest row that carries it. */
  evidenceOf(tenderId: string): Evidence | undefined {
    return this.acceptedAs(tenderId)?.evidence
  }

  /** The same with the place of that row: for a sale accepted without network, the place of its presentment. */
  acceptedAs(tenderId: string): { readonly evidence: Evidence; readonly position: JournalPosition } | undefined {
    const kinds = ['approved_offline', 'approved_online', 'approved_by_card', 'tender_unknown'] as const
    const chained = this.outcomeRowOf(tenderId, kinds)
    if (chained === undefined || !('evidence' in chained.row) || chained.row.evidence === null) return undefined
    return { evidence: chained.row.evidence, position: positionOf(chained) }
  }

  outcomeRowOf(tenderId: string, kinds: readonly JournalRowKind[]): ChainedRow | undefined {
    const from = (
      this.#get('SELECT intent_sequence AS sequence FROM tender WHERE tender_id = ?', tenderId) as { sequence: number }
    ).sequence
    const found = this.#get(
      `SELECT row.*, payload.json FROM row JOIN payload USING (sequence)
       WHERE sequence > ? AND kind IN (${quoted(kinds)}) AND json_extract(json, '$.tenderId') = ?
       ORDER BY sequence DESC LIMIT 1`,
      from,
      tenderId,
    )
    return found === undefined ? undefined : chainedRow(found as StoredRow)
  }

  queue(): QueueFigures {
    const figures = this.#get(
      `SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'parked') AS parked,
              min(at) AS oldestAt FROM outbox`,
    )
    return figures as QueueFigures
  }

  /**
   * The oldest waiting items as the ledger takes them. An item that cannot be made is returned as a fault, alone.
   *
   * @param after only items of later rows than this one
   */
  waitingItems(limit: number, after = 0): readonly WaitingItem[] {
    const waiting = this.#all(
      `SELECT * FROM outbox WHERE state = 'waiting' AND sequence > ? ORDER BY sequence LIMIT ?`,
      after,
      limit,
    ) as StoredOutbox[]
    return waiting.map((stored) => this.#waitingItem(stored))
  }

  /** One of them by its id. */
  waitingItem(itemId: string): WaitingItem | undefined {
    const stored = this.#get(`SELECT * FROM outbox WHERE state = 'waiting' AND item_id = ?`, itemId)
    return stored === undefined ? undefined : this.#waitingItem(stored as StoredOutbox)
  }

  /** The sale itself is still to be handed over, and was not set aside: the ledger has not answered for it. */
  isPresentmentWaiting(tenderId: string): boolean {
    const found = this.#get(
      `SELECT 1 FROM outbox WHERE item_id = ? AND kind = 'presentment' AND state = 'waiting'`,
      tenderId,
    )
    return found !== undefined
  }

  /** What the ledger could not take as it is, oldest first. It waits for people, and nothing waits for it. */
  parkedItems(countMax = 100): readonly ParkedItem[] {
    const stored = this.#all(
      `SELECT item_id AS itemId, outbox.kind, outbox.at, why, coalesce(refund.amount, tender.amount) AS amount
       FROM outbox LEFT JOIN tender USING (tender_id) LEFT JOIN refund ON refund_id = item_id
       WHERE outbox.state = 'parked' ORDER BY outbox.sequence LIMIT ?`,
      countMax,
    ) as (Omit<ParkedItem, 'amount'> & { amount: number | null })[]
    return stored.map((item) => ({ ...item, amount: item.amount === null ? null : tiyn(item.amount) }))
  }

  /** The merchant bore it, and its agency has paid on an appeal, by the ledger's newest word. */
  isPaidByAppeal(tenderId: string): boolean {
    const found = this.#get(
      `SELECT 1 FROM discrepancy WHERE json ->> '$.tenderId' = ? AND json ->> '$.appeal' = 'accepted' LIMIT 1`,
      tenderId,
    )
    return found !== undefined
  }

  /** Where the ledger disagrees with this till: those of which it was told last, first. */
  discrepancies(countMax: number): readonly Discrepancy[] {
    const stored = this.#all('SELECT json FROM discrepancy ORDER BY sequence DESC LIMIT ?', countMax)
    return (stored as { json: string }[]).map(({ json }) => discrepancySchema.parse(JSON.parse(json)))
  }

  /** How many receipts and slips are still to be printed. */
  receiptsWaiting(): number {
    const [row] = this.#all(`SELECT count(*) AS waiting FROM print_job WHERE state <> 'printed'`)
    return (row as { waiting: number }).waiting
  }

  /** What is still to be printed, in the order in which it was asked for: the first `countMax`. */
  waitingPrintJobs(countMax: number): readonly PrintJob[] {
    const sql = `SELECT * FROM print_job WHERE state <> 'printed' ORDER BY sequence LIMIT ?`
    return (this.#all(sql, countMax) as StoredPrintJob[]).map(printJobOf)
  }

  /** What is still to be printed of one sale, of the reports of one shift, or of one return. */
  waitingPrintJobsOf(id: string): readonly PrintJob[] {
    const sql = `SELECT * FROM print_job WHERE (sale_id = ? OR shift_id = ? OR return_id = ?) AND state <> 'printed'
         ORDER BY sequence`
    return (this.#all(sql, id, id, id) as StoredPrintJob[]).map(printJobOf)
  }

  /** The row that asked for this job. */
  printRequest(jobId: string): RowOf<PrintRequestKind> {
    const { sequence } = this.#get('SELECT sequence FROM print_job WHERE job_id = ?', jobId) as { sequence: number }
    return this.rowAt(sequence).row as RowOf<PrintRequestKind>
  }

  receiptState(saleId: string): ReceiptState {
    return receiptStateOf(this.#all('SELECT state FROM print_job WHERE sale_id = ?', saleId) as StoredPrintJob[])
  }

  /** Empties what follows from the rows and makes it again. */
  rebuildProjection(): void {
    this.#database.transaction(() => {
      for (const table of projectedTables) this.#database.exec(`DELETE FROM ${table}`)
      for (const chained of this.rows()) project((sql) => this.#statement(sql), chained)
    })()
  }

  /** The tables that follow from the rows, for comparing before and after a rebuild. */
  dumpProjection(): Record<string, unknown[]> {
    return Object.fromEntries(projectedTables.map((table) => [table, this.#all(`SELECT * FROM ${table} ORDER BY 1`)]))
  }

  close(): void {
    this.#wholeCheck?.stop()
    this.#database.close()
  }

  #transact<Result>(work: () => Result): Result {
    this.#awaitWholeCheck()
    this.#checkpoint()
    if (this.#failedSync !== undefined) throw this.#failedSync
    const before = this.#head
    let result: Result
    try {
      result = this.#database
        .transaction(() => {
          this.cardAttempts.writeSuccesses()
          return work()
        })
        .immediate()
    } catch (error) {
      this.#head = before
      if (isFailedSync(error)) this.#distrustDisk(error)
      throw error
    }
    this.#commitsSinceCheckpoint += 1
    this.cardAttempts.successesAreWritten()
    return result
  }

  #write<Result>(work: () => Result): Result {
    const result = this.#transact(work)
    // From here on the rows are on the disk, and nothing that fails may look like a commit that failed: the caller
    // would give up a tender that exists, and the next row would take a sequence that is taken.
    try {
      this.#anchor?.write(this.head)
    } catch {
      // An anchor that lags behind can miss a restored copy, never invent one; the ledger's head still catches it.
    }
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
    return result
  }

  /** @throws DataFolderError JOURNAL_CORRUPT, DISK_FAILED: no row is put into a file that is not whole */
  #awaitWholeCheck(): void {
    if (this.#wholeCheck === undefined) return
    try {
      this.#wholeCheck.wait()
      this.#wholeCheck = undefined
    } catch (error) {
      throw asFolderError(dirname(this.#database.name), error)
    }
  }

  /**
   * Takes the log over into the database, now and then, and before a commit: one that has returned is followed by
   * nothing that can fail. What fails is tried again, for the log keeps its pages; but not an fsync.
   */
  #checkpoint(): void {
    if (this.#commitsSinceCheckpoint >= commitsPerCheckpoint) this.#takeOverLog()
  }

  #takeOverLog(): void {
    if (!this.isDiskTrusted) return
    this.#commitsSinceCheckpoint = 0
    try {
      if (this.#logHoldsErased) this.#logHoldsErased = !emptyLogUnlessRead(this.#database)
      else this.#database.pragma('wal_checkpoint(PASSIVE)')
    } catch (error) {
      if (isFailedSync(error)) this.#distrustDisk(error)
      else if (!isStorageFault(error)) throw error
    }
  }

  #distrustDisk(error: unknown): void {
    this.#failedSync = error
    for (const listener of this.#distrustListeners) listener()
  }

  #append(row: JournalRow): ChainedRow {
    const { epoch } = this.#head
    const sequence = this.#head.sequence + 1
    const previous = this.#head.hash
    const at = this.#now()
    const json = canonicalText(row)
    // What could not be read again is refused now: afterwards it would stop every start of this till.
    journalRowSchema.parse(JSON.parse(json))
    const payloadHash = hashOfText('tolem/journal-payload/1', json)
    const hash = rowHashOf({ epoch, sequence, previous, kind: row.kind, at, payloadHash })
    this.#run(
      'INSERT INTO row (sequence, epoch, kind, at, previous, payload_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?)',
      sequence,
      epoch,
      row.kind,
      at,
      previous,
      payloadHash,
      hash,
    )
    this.#run('INSERT INTO payload (sequence, json) VALUES (?, ?)', sequence, json)
    const chained = { epoch, sequence, at, previous, payloadHash, hash, row }
    project((sql) => this.#statement(sql), chained)
    this.#head = { epoch, sequence, hash }
    return chained
  }

  #readHead(): { epoch: number; sequence: number; hash: string } {
    const last = this.#get('SELECT epoch, sequence, hash FROM row ORDER BY sequence DESC LIMIT 1')
    return (
      (last as { epoch: number; sequence: number; hash: string } | undefined) ?? {
        epoch: 1,
        sequence: 0,
        hash: genesisHash,
      }
    )
  }

  /** @throws DataFolderError when a row does not follow from the one before it, back to the last countersigned one. */
  #checkChain(): void {
    const countersigned = this.fact<{ head: JournalPosition }>('countersigned_head')?.head
    const checked = countersigned?.sequence ?? 1
    let next = checked
    let previous = genesisHash
    for (const stored of this.#database
      .prepare(
        'SELECT row.*, payload.json FROM row LEFT JOIN payload USING (sequence) WHERE sequence >= ? ORDER BY sequence',
      )
      .iterate(checked)) {
      const { sequence, hash, previous: claimed, payload_hash: payloadHash, json } = stored as StoredRow
      const follows =
        sequence === next && (sequence === countersigned?.sequence ? hash === countersigned.hash : claimed === previous)
      if (!follows || !isOwnHash(stored as StoredRow) || (json !== null && !isPayload(json, payloadHash)))
        throw damagedAt(sequence)
      previous = hash
      next = sequence + 1
    }
    if (countersigned !== undefined && next === checked) throw damagedAt(checked)
  }

  #startEpoch(): void {
    const seen = this.#anchor?.read()
    // Also an empty journal: its file was deleted, and the rows that this machine has seen went with it.
    if (seen !== undefined && this.#isAhead(seen)) this.startEpochAfterRollback('anchor', seen)
    else if (this.#head.sequence === 0) this.commit({ kind: 'epoch_started', reason: 'first' })
  }

  /**
   * Nothing sold under the old epoch's leases may be sold again: the caller refuses offline sales until the next sync.
   */
  startEpochAfterRollback(by: 'anchor' | 'ledger', seen: JournalPosition): void {
    const before = this.#head
    this.#head = { ...this.#head, epoch: Math.max(this.#head.epoch, seen.epoch) + 1 }
    try {
      this.commit({ kind: 'epoch_started', reason: 'rollback_detected' }, { kind: 'rollback_detected', by, seen })
    } catch (error) {
      this.#head = before
      throw error
    }
  }

  #isAhead(seen: JournalPosition): boolean {
    if (seen.epoch !== this.#head.epoch) return seen.epoch > this.#head.epoch
    if (seen.sequence > this.#head.sequence) return true
    return this.hashAt(seen) !== seen.hash
  }

  #waitingItem(stored: StoredOutbox): WaitingItem {
    const { item_id: itemId, sequence } = stored
    try {
      return { itemId, sequence, item: this.#syncItem(stored) }
    } catch (error) {
      return { itemId, sequence, fault: error instanceof Error ? error.message : String(error) }
    }
  }

  #syncItem(stored: StoredOutbox): SyncItem {
    return syncItemOf(this.rowAt(stored.sequence), (tenderId) => this.intentOf(tenderId).row)
  }

  #tenders(where: string, ...values: readonly unknown[]): readonly TenderRecord[] {
    return (this.#all(`SELECT * FROM tender ${where}`, ...values) as StoredTender[]).map(tenderRecord)
  }

  /**
   * SQLite plans a statement anew at each run when its plan might hang on a value that was bound
   * (https://sqlite.org/c3ref/prepare.html): with STAT4 and with partial indexes, which takes several times what the
   * statement itself takes. Behind a plus a value says nothing to the planner.
   */
  #statement(sql: string): Database.Statement {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql.replaceAll('?', '+?'))
    this.#statements.set(sql, known)
    return known
  }

  #run(sql: string, ...values: readonly unknown[]): void {
    this.#statement(sql).run(...values)
  }

  #get(sql: string, ...values: readonly unknown[]): unknown {
    return this.#statement(sql).get(...values)
  }

  #all(sql: string, ...values: readonly unknown[]): unknown[] {
    return this.#statement(sql).all(...values)
  }
}
