/**
 * "Who pays for a presented sale" (money-rules.md) where a till is not the only one of its kind any more, as whole
 * stories of a canteen: a clone, an older copy of its folder, and a till of which only its receipts are left. Real
 * cores and journals, the real ledger, virtual cards; what the ledger paid is read from its database, and the auditor
 * compares it with the cards' logs and with what the cashiers saw.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { printerProfiles } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import { renderReceipt } from '../../../src/terminal/core/receipts.ts'
import type { TillStation } from '../../simulation/till-station.ts'
import { CanteenTills } from './canteen-tills.ts'

const lunch = 115_000n
const ofEscrow = { state: 'settled', paid_by: 'escrow', loss: null }
const ofMerchant = { state: 'not_paid', paid_by: null, loss: 'SLOT_ALREADY_USED' }
const copied = new Set(['till-1'])

let canteen: CanteenTills
beforeEach(async () => void (canteen = await CanteenTills.open('copied tills')))
afterEach(() => canteen.close())

/** What the till tells its merchant of sums that nobody paid. */
const lossesAt = (till: TillStation) => till.snapshot?.discrepancies.filter(({ amount }) => amount > 0n) ?? []
const accusationsAt = (till: TillStation) =>
  till.snapshot?.discrepancies.filter(({ code }) => code === 'ROLLBACK_DETECTED').length
/** As each sale of the list on the screen stands, the newest first. */
const statesAt = (till: TillStation) =>
  till.snapshot?.recent.flatMap(({ tenders }) => tenders.map(({ state, code }) => code ?? state))

test('a clone and its original sell one slot without network: one lunch is paid, one is not', async () => {
  const original = await canteen.enrolled('original', canteen.firstCode)
  canteen.networkIsUp = false
  const clone = await canteen.copied(original, 'clone')
  expect(await canteen.sellsLunch(original, 'Pupil 02')).toBe('approved')
  expect(await canteen.sellsLunch(clone, 'Pupil 02')).toBe('approved')
  expect(await canteen.sellsLunch(original, 'Pupil 03')).toBe('approved')
  expect(await canteen.sellsLunch(clone, 'Pupil 04')).toBe('approved')

  canteen.networkIsUp = true
  await canteen.pass(600)
  for (const till of [original, clone]) expect(till.core?.journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
  // Whichever of the two came to the ledger first; here it was the clone.
  expect(await canteen.tenders()).toEqual([ofMerchant, ofEscrow, ofEscrow, ofEscrow])
  expect(statesAt(original)).toEqual(['settled', 'SLOT_ALREADY_USED'])
  expect(statesAt(clone)).toEqual(['settled', 'settled'])
  const [sold] = original.snapshot?.recent.slice(-1) ?? []
  const loss = { code: 'SLOT_ALREADY_USED', amount: lunch, standing: 'to_be_appealed' }
  expect(lossesAt(original)).toMatchObject([{ ...loss, saleNumber: sold?.saleId.slice(-8) }])
  // One of the merchant's machines knows of the other's loss, and of no sale of its own that it belongs to.
  expect(lossesAt(clone)).toMatchObject([{ ...loss, saleNumber: null }])
  // They find each other's rows at each sync, and that is told once.
  expect(accusationsAt(original)).toBe(1)
  expect(await canteen.audited({ copied })).toEqual([])
})

/** A till without network on a folder from before it sold Pupil 02 a lunch, which the ledger has paid. */
async function putBack(onThisMachine: boolean): Promise<TillStation> {
  const till = await canteen.enrolled('till', canteen.firstCode)
  const backup = till.disk.image()
  expect(await canteen.sellsLunch(till, 'Pupil 02')).toBe('approved')
  await canteen.pass(60)
  canteen.networkIsUp = false
  till.restore(backup, onThisMachine)
  till.start()
  await canteen.pass(30)
  return till
}

test('a folder that was put back sells a used slot again: the merchant bears it, and is told', async () => {
  // On another machine: nothing that lay outside of the folder tells it.
  const till = await putBack(false)
  expect(await canteen.sellsLunch(till, 'Pupil 02')).toBe('approved')
  expect(await canteen.sellsLunch(till, 'Pupil 03')).toBe('approved')

  canteen.networkIsUp = true
  await canteen.pass(120)
  expect(till.core?.journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
  expect(await canteen.tenders()).toEqual([ofEscrow, ofMerchant, ofEscrow])
  expect(statesAt(till)).toEqual(['settled', 'SLOT_ALREADY_USED'])
  expect(lossesAt(till)).toMatchObject([{ amount: lunch, standing: 'to_be_appealed' }])
  expect(accusationsAt(till)).toBe(1)
  // It goes on, in a new epoch, and knows the slots again as the ledger does.
  expect(await canteen.sellsLunch(till, 'Pupil 04')).toBe('approved')
  expect(await canteen.audited({ copied })).toEqual([])
})

test('put back where it was, the till sells by no card until the ledger has told it where it stands', async () => {
  const till = await putBack(true)
  expect(till.snapshot?.lights.till.code).toBe('rollback_detected')
  expect(await canteen.sellsLunch(till, 'Pupil 02')).toBe('refused')
  expect(till.snapshot?.tap).toMatchObject({ code: 'ROLLBACK_DETECTED' })
  till.command({ command: 'cancel_sale' })

  canteen.networkIsUp = true
  await canteen.pass(120)
  expect(till.snapshot?.lights.till.code).toBe('ok')
  expect(await canteen.sellsLunch(till, 'Pupil 02')).toBe('refused')
  till.command({ command: 'cancel_sale' })
  expect(await canteen.sellsLunch(till, 'Pupil 03')).toBe('approved')
  await canteen.pass(60)
  expect(await canteen.tenders()).toEqual([ofEscrow, ofEscrow])
  expect(lossesAt(till)).toEqual([])
  expect(await canteen.audited({ copied })).toEqual([])
})

test('a till burns with two sales that nobody else knows: the one of which a receipt is left is paid', async () => {
  const burnt = await canteen.enrolled('burnt', canteen.firstCode)
  canteen.networkIsUp = false
  expect(await canteen.sellsLunch(burnt, 'Pupil 02')).toBe('approved')
  expect(await canteen.sellsLunch(burnt, 'Pupil 03')).toBe('approved')
  const [withoutPaper] = burnt.snapshot?.recent.flatMap(({ tenders }) => tenders.map(({ tenderId }) => tenderId)) ?? []
  const [, kept] = codesPrintedBy(burnt).toReversed()
  burnt.kill()

  canteen.networkIsUp = true
  const merchant = canteen.role('merchant')
  const claim = () => merchant.post('/v1/receipt-claims', { text: kept })
  // As long as its till may still come and present it, it is not paid by its paper.
  expect(await claim()).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
  const revocation = { terminalId: 'till-1', reason: 'destroyed' }
  expect(await canteen.role('agency').post('/v1/terminal-revocations', revocation)).toMatchObject({ status: 200 })
  expect(await claim()).toMatchObject({ status: 200, body: { state: 'settled', amount: String(lunch) } })
  expect(await claim()).toMatchObject({ status: 200, body: { state: 'settled', arrival: 'exists' } })
  expect(await canteen.tenders()).toEqual([ofEscrow])
  const forgotten = new Set(withoutPaper === undefined ? [] : [withoutPaper])
  expect(await canteen.audited({ forgotten })).toEqual([])
})

/** The texts of the codes on the receipts, out of the bytes for a printer that draws codes itself, oldest first. */
function codesPrintedBy({ core, keys }: TillStation): readonly string[] {
  if (core === undefined) throw new Error('the till is off')
  const { journal } = core
  const maker = {
    terminalId: 'till-1',
    terminalKey: keys.current.signing,
    profile: printerProfiles['epson-tm-t20iii'],
    typeface: loadTypeface(),
  }
  return [...journal.rows()].flatMap(({ row }) => {
    if (row.kind !== 'receipt_requested') return []
    const bytes = renderReceipt(
      maker,
      journal,
      { ...row, of: { saleId: row.saleId }, started: false },
      false,
      undefined,
    )
    return /TOLEM\d+\.[\w-]+\.[\w-]+/.exec(Buffer.from(bytes).toString('latin1')) ?? []
  })
}
