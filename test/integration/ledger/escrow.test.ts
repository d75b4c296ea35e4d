/** A leased slot never allows more than its escrow holds, whatever is taken back while it is leased. */
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { closeDueLeases } from '../../../ledger-sim/leases/close.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { tiyn, type Tiyn } from '../../../src/voucher/money.ts'
import { balanceOf, dayMs, demoLedger, drain, temporaryFolder, type DemoLedger } from './demo-ledger.ts'

/** Tuesday 2026-12-01, 10:00 in Almaty: a month's voucher is whole. */
const firstOfMonth = Date.UTC(2026, 11, 1, 5)
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db'), now: firstOfMonth })
})
afterEach(async () => {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
  } finally {
    await demo.close()
    folder.remove()
  }
})

const fund = (amount: Tiyn, reference: string) =>
  inTransaction(demo.ports, (work) => fundScheme(work, 'almaly-education', 'food-voucher', amount, reference))

test('a sale that waited for money and is taken back frees its slot only together with the money for it', async () => {
  const till = await demo.till('till-1')
  const first = await till.fetch()
  const card = demo.card('Family 01')
  const bread = first.catalogue.find(({ itemId }) => itemId === 'bread')?.unitPrice ?? tiyn(0n)
  const quantity = Number(2_000_000n / bread)
  const sold = till.decide({ card, item: 'bread', quantity })
  // Late: the lease is closed, the agency takes it over, and has nothing.
  demo.clock.now += 17 * dayMs
  await inTransaction(demo.ports, closeDueLeases)
  await drain(demo, 'scheme.food-voucher')
  expect(await till.present(sold)).toMatchObject({ state: 'awaiting_funds' })
  // Too little for the sale, enough for what the slot still allows: it is leased again.
  await fund(tiyn(600_000n), 'some')
  await till.fetch()
  const leased = till.leased(card)
  expect(leased?.slot.amountSpent).toBe(sold.terms.amount)

  await till.reverse(sold.terms.tenderId)
  // Until then it is used, and the audit knows why.
  expect(auditFile(join(folder.path, 'ledger.db'))?.faults).toEqual([])
  await till.fetch()
  const slot = till.leased(card)?.slot
  const left = (slot?.amountAllowed ?? 0n) - (slot?.amountSpent ?? 0n)
  expect(left).toBeLessThanOrEqual(await balanceOf(demo, `escrow.${till.leased(card)?.lease.leaseId ?? ''}`))
  // Whatever the slot still allows is paid.
  const next = till.decide({ card, item: 'bread', quantity: Number(left / bread) })
  expect(await till.present(next)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  // And the rest comes back with the agency's next money.
  await fund(tiyn(5_000_000n), 'more')
  await till.fetch()
  expect(till.leased(card)?.slot.amountSpent).toBe(next.terms.amount)
})
