/**
 * What a till takes off its pool's sum (docs/design/23-pools.md, "What a till does"): all that the sum in its package
 * may not know of yet, and nothing that it does. Method: the journal alone, row by row.
 */
import { expect, it } from 'vitest'
import { printerProfiles } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import { hashOf } from '../../../src/sync/protocol/canonical.ts'
import { readReceiptPresentment } from '../../../src/sync/protocol/receipt-presentment.ts'
import { renderReceipt } from '../../../src/terminal/core/receipts.ts'
import {
  approvedOffline,
  intentOf,
  itemOf,
  journalInMemory,
  leaseId,
  packageOf,
  saleFrozen,
  saleOf,
  Seeded,
  sellOffline,
  terminalKey,
} from './world.ts'

function till() {
  const journal = journalInMemory()
  const activate = (version: number): string => {
    const next = packageOf(version)
    journal.activatePackage(next, hashOf('tolem/package/1', next))
    return next.packageId
  }
  return { journal, activate, seeded: new Seeded('pool') }
}

it('counts a sale until a package comes that was asked for after its answer', () => {
  const { journal, activate, seeded } = till()
  const first = activate(1)
  const { tenderId, amount } = sellOffline(journal, seeded).terms
  expect(journal.soldUnder(leaseId, first, null)).toBe(amount)
  // That is being decided again: it does not stand in its own way.
  expect(journal.soldUnder(leaseId, first, tenderId)).toBe(0n)
  // The package that comes before the answer does not know of it.
  const second = activate(2)
  expect(journal.soldUnder(leaseId, second, null)).toBe(amount)
  journal.commit({ kind: 'item_answered', item: itemOf(tenderId, 'settled'), by: 'batch' })
  expect(journal.soldUnder(leaseId, second, null)).toBe(amount)
  expect(journal.soldUnder(leaseId, activate(3), null)).toBe(0n)
  // A tap that has begun under the package before goes by the figure of that one.
  expect(journal.soldUnder(leaseId, second, null)).toBe(amount)
  expect(journal.soldUnder(leaseId, '019aaf00-0000-7000-8000-00000000ffff', null)).toBe(amount)
})

it.each(['settled', 'awaiting_funds', 'not_paid'] as const)(
  'counts what was answered %s since the package',
  (state) => {
    const { journal, activate, seeded } = till()
    const { tenderId, amount } = sellOffline(journal, seeded).terms
    const before = activate(1)
    journal.commit({ kind: 'item_answered', item: itemOf(tenderId, state), by: 'batch' })
    expect(journal.soldUnder(leaseId, before, null)).toBe(amount)
    expect(journal.soldUnder(leaseId, activate(2), null)).toBe(0n)
  },
)

it('counts a sale that is voided until a package comes after the ledger’s answer to that', () => {
  const { journal, activate, seeded } = till()
  const { tenderId, amount } = sellOffline(journal, seeded).terms
  journal.commit({ kind: 'reversal_requested', tenderId, reason: 'void' })
  const before = activate(1)
  expect(journal.soldUnder(leaseId, before, null)).toBe(amount)
  journal.commit({ kind: 'item_answered', item: itemOf(`reversal:${tenderId}`, 'reversed'), by: 'batch' })
  expect(journal.soldUnder(leaseId, before, null)).toBe(amount)
  expect(journal.soldUnder(leaseId, activate(2), null)).toBe(0n)
})

it('counts a card that left in the middle, and nothing that was refused or voided before the ledger could hear', () => {
  const { journal, activate, seeded } = till()
  const packageId = activate(1)
  const sale = saleOf(seeded)
  const intent = intentOf(seeded, sale, 'offline')
  const { tenderId, amount } = intent.terms
  journal.commit(saleFrozen(sale), intent)
  expect(journal.soldUnder(leaseId, packageId, null)).toBe(amount)
  journal.commit({ kind: 'tender_torn', tenderId, step: 'authenticate' })
  expect(journal.soldUnder(leaseId, packageId, null)).toBe(amount)
  journal.commit({ kind: 'tender_voided', tenderId, reason: 'card_not_returned' })
  expect(journal.soldUnder(leaseId, packageId, null)).toBe(0n)
})

it('counts under the lease by which a sale was accepted, whatever its intent named; other leases are not asked', () => {
  const { journal, activate, seeded } = till()
  const packageId = activate(1)
  const sale = saleOf(seeded)
  const intent = { ...intentOf(seeded, sale, 'online'), leaseId: null }
  journal.commit(saleFrozen(sale), intent)
  expect(journal.soldUnder(leaseId, packageId, null)).toBe(0n)
  journal.commit(approvedOffline(intent))
  expect(journal.soldUnder(leaseId, packageId, null)).toBe(intent.terms.amount)
  expect(journal.tender(intent.terms.tenderId)).toMatchObject({ leaseId })
  // So the code on its receipt can be claimed when the till is gone.
  const jobId = '019aaf00-0000-7000-8000-00000000aaaa'
  journal.commit(
    { kind: 'sale_closed', saleId: sale.saleId },
    { kind: 'receipt_requested', jobId, saleId: sale.saleId, copy: false, language: 'kk' },
  )
  const job = journal.waitingPrintJobs(1)[0]
  const maker = {
    terminalId: 'till-1',
    terminalKey,
    profile: printerProfiles['epson-tm-t20iii'],
    typeface: loadTypeface(),
  }
  const printed = Buffer.from(renderReceipt(maker, journal, job!, false, packageOf(1))).toString('latin1')
  const code = /TOLEM1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/.exec(printed)?.[0] ?? ''
  expect(readReceiptPresentment(code)).toMatchObject({ kind: 'presentment', presentment: { leaseId } })
  expect(journal.soldUnder('019aaf00-0000-7000-8000-00000000ffff', packageId, null)).toBe(0n)
})
