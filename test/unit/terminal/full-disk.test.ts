/** A disk that fills up between the outcome of a payment and the closing of its sale ends nothing and loses nothing. */
import { expect, it } from 'vitest'
import { settlePromises } from '../drivers/fake-scheduler.ts'
import { evidenceOf, intentOf, itemOf, saleFrozen, saleOf } from '../sync/world.ts'
import { tillBench } from './till-bench.ts'

it('a paid sale that could not be closed is closed, once, as soon as the disk takes rows again', async () => {
  const { till, journal, seeded, start } = tillBench('full disk')
  const sale = saleOf(seeded)
  const intent = intentOf(seeded, sale, 'online')
  const { tenderId } = intent.terms
  journal.commit(saleFrozen(sale), intent)
  journal.commit({ kind: 'tender_unknown', tenderId, evidence: evidenceOf(intent) })
  start()
  const commit = journal.commit.bind(journal)
  let isFull = true
  journal.commit = (...rows) => {
    if (isFull && rows.some((row) => row.kind === 'sale_closed'))
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    return commit(...rows)
  }
  journal.commit({ kind: 'item_answered', item: itemOf(tenderId, 'settled'), by: 'inquiry' })
  await settlePromises()
  expect(till.snapshot()).toMatchObject({
    tap: { state: 'approved' },
    lights: { till: { code: 'journal_not_writable' } },
  })
  expect(journal.sale(sale.saleId)?.state).toBe('open')

  isFull = false
  journal.commit({ kind: 'connectivity', ledger: 'reached' })
  await settlePromises()
  expect(journal.sale(sale.saleId)?.state).toBe('closed')
  expect([...journal.rows()].filter(({ row }) => row.kind === 'receipt_requested')).toHaveLength(1)
  expect(till.snapshot().lights.till.code).not.toBe('journal_not_writable')
  till.stop()
})
