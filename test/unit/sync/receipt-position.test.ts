/**
 * Where in the journal the code on a receipt says that its sale stands: the ledger asks whether a till that is gone had
 * shown a head after it (architecture.md, "Trust"). Method: the journal in memory, the receipt as the printer gets it.
 */
import { expect, it } from 'vitest'
import { printerProfiles } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import { readReceiptPresentment } from '../../../src/sync/protocol/receipt-presentment.ts'
import { renderReceipt } from '../../../src/terminal/core/receipts.ts'
import {
  approvedOffline,
  intentOf,
  itemOf,
  journalInMemory,
  packageOf,
  saleFrozen,
  saleOf,
  Seeded,
  terminalKey,
} from './world.ts'

const maker = {
  terminalId: 'till-1',
  terminalKey,
  profile: printerProfiles['epson-tm-t20iii'],
  typeface: loadTypeface(),
}
const seeded = new Seeded('receipt position')

it('is the row by which it was accepted, as in its presentment, however long after its intent, on a copy too', () => {
  const journal = journalInMemory()
  const sale = saleOf(seeded)
  const intent = intentOf(seeded, sale, 'offline')
  const { tenderId } = intent.terms
  journal.commit(saleFrozen(sale), intent)
  journal.commit({ kind: 'tender_torn', tenderId, step: 'authenticate' })
  const before = journal.head
  journal.commit({ kind: 'tender_resumed', tenderId })
  const [accepted] = journal.commit(approvedOffline(intent))
  const codeOnPaper = (copy: boolean) => {
    const jobId = seeded.uuid()
    const request = { kind: 'receipt_requested', jobId, saleId: sale.saleId, copy, language: 'kk' } as const
    journal.commit(request)
    const job = journal.waitingPrintJobs(9).find((waiting) => waiting.jobId === jobId)
    if (job === undefined) throw new Error('nothing is to be printed')
    const printed = Buffer.from(renderReceipt(maker, journal, job, copy, packageOf(1))).toString('latin1')
    const read = readReceiptPresentment(/TOLEM1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/.exec(printed)?.[0] ?? '')
    if (read.kind === 'fault') throw new Error(read.code)
    return read.presentment.position
  }
  journal.commit({ kind: 'sale_closed', saleId: sale.saleId })

  const item = journal.waitingItem(tenderId)
  if (item === undefined || !('item' in item) || item.item.kind !== 'presentment')
    throw new Error('nothing is presented')
  const { epoch, sequence } = item.item.position
  expect(codeOnPaper(false)).toEqual({ epoch, sequence })
  expect([sequence, sequence > before.sequence]).toEqual([accepted?.sequence, true])
  // The ledger's answer is a later row, and says nothing of when the goods were given.
  journal.commit({ kind: 'item_answered', item: itemOf(tenderId, 'settled'), by: 'batch' })
  expect(codeOnPaper(true)).toEqual({ epoch, sequence })
})
