/**
 * Method: a legal history and every question that the till asks of its journal while it starts, sells and drains are
 * played on a database that tells each statement; SQLite then explains its plan. With a million rows a scan of one of
 * these tables is the difference between a start in a blink and a queue at the till (docs/performance.md).
 */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { migrations, schemaVersion } from '../../../src/sync/journal/schema.ts'
import { playLegalHistory } from './legal-history.ts'
import { journalInMemory, sellOffline, Seeded } from './world.ts'

/** They grow with every sale; `outbox` does not, its rows go as they are answered. */
const growing = ['row', 'payload', 'sale', 'tender', 'print_job', 'goods_return', 'refund', 'discrepancy']

/** The newest rows by their key: SQLite calls it a scan and stops after the first. */
const isOfTheNewest = (sql: string): boolean => sql.endsWith('FROM row ORDER BY sequence DESC LIMIT 1')

/** Played once, when a journal of an older version is opened, on tables that may be gone afterwards. */
const isOfMigration = (sql: string): boolean =>
  migrations.some((migration) => migration.includes(sql.trim())) || /^DELETE FROM \w+$/.test(sql)

/** Indexes of what is open or waits, and the order in which the newest are asked for, so many and no more. */
const isShort = (detail: string, sql: string): boolean =>
  /USING INDEX (sale_open|print_job_to_print|goods_return_without_slip)$/.test(detail) ||
  (/USING INDEX (sale|discrepancy)_by_sequence$/.test(detail) && / LIMIT \+?[\d.]+$/.test(sql))

const isScan = (detail: string, sql: string): boolean =>
  growing.some((table) => new RegExp(`^SCAN ${table}\\b`).test(detail)) && !isShort(detail, sql)

function statementsOf(play: (database: Database.Database) => void): readonly string[] {
  const said = new Set<string>()
  const database = new Database(':memory:', { verbose: (sql) => said.add(String(sql)) })
  play(database)
  const statements = [...said].filter(
    (sql) => /^\s*(SELECT|UPDATE|DELETE|INSERT)/i.test(sql) && !isOfTheNewest(sql) && !isOfMigration(sql),
  )
  const explain = (sql: string): readonly string[] =>
    (database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]).map(({ detail }) => detail)
  return statements.flatMap((sql) =>
    explain(sql)
      .filter((detail) => isScan(detail, sql))
      .map((detail) => `${detail}: ${sql.replaceAll(/\s+/g, ' ').slice(0, 160)}`),
  )
}

describe('the plan of every statement', () => {
  it('scans no table that grows with the sales', () => {
    const scans = statementsOf((database) => {
      const journal = journalInMemory({ database })
      const seeded = new Seeded('query plans')
      playLegalHistory(journal, seeded, 200)
      const { saleId, terms } = sellOffline(journal, seeded)
      const again = journalInMemory({ database })
      again.waitingItems(100)
      again.waitingItems(100, 5)
      again.queue()
      again.parkedItems()
      again.openSales()
      again.recentSales(20)
      again.tendersInState('unknown', 'torn')
      again.tendersInState('not_paid', 'refused', 'pending')
      again.exposure()
      again.spentOnSlot(terms.payerSlot)
      again.isPresentmentWaiting(terms.tenderId)
      again.sale(saleId)
      again.tendersOfSale(saleId)
      again.intentOf(terms.tenderId)
      again.evidenceOf(terms.tenderId)
      again.lastSequence('head_countersigned')
      again.latestAt()
      again.times.ledgerAt()
      again.times.confirmedSince()
      again.lastRow('time_contradicted')
      again.tears.newest(60)
      again.receiptsWaiting()
      again.waitingPrintJobs(50)
      again.waitingPrintJobsOf(saleId)
      again.receiptState(saleId)
      again.isSurrendered(terms.payerSlot)
      again.discrepancies(50)
      again.closedSaleByNumber(saleId.slice(-8))
      again.returns.ofSale(saleId)
      again.returns.ofShift(saleId)
      again.returns.get(saleId)
      again.returns.printed(saleId)
      again.returns.wentBackOf(saleId)
      again.returns.endedWithoutSlip()
    })
    expect(scans).toEqual([])
  })

  it('scans none of a journal of the first version either, once it was opened', () => {
    const scans = statementsOf((database) => {
      database.exec(migrations[0] ?? '')
      database.pragma('user_version = 1')
      const journal = journalInMemory({ database })
      playLegalHistory(journal, new Seeded('first version'), 100)
      expect(journal.receiptsWaiting()).toBeGreaterThan(0)
      expect(database.pragma('user_version', { simple: true })).toBe(schemaVersion)
    })
    expect(scans).toEqual([])
  })

  it('would be found out where it does', () => {
    const scans = statementsOf((database) => {
      journalInMemory({ database })
      database.prepare('SELECT * FROM tender WHERE amount > 5').all()
    })
    expect(scans).toEqual(['SCAN tender: SELECT * FROM tender WHERE amount > 5'])
  })
})
