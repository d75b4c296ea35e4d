/**
 * "Parked records" of a sale that is voided while its record is set aside (invariants/08, "Dependants"): a real core
 * with a damaged row on its disk, the real ledger, virtual cards.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CanteenTills } from './canteen-tills.ts'

let canteen: CanteenTills
beforeEach(async () => void (canteen = await CanteenTills.open('a parked sale')))
afterEach(() => canteen.close())

test('a sale whose record cannot be sent is voided: its reversal arrives alone, the lunch is free again', async () => {
  const till = await canteen.enrolled('till', canteen.firstCode)
  const queue = () => till.core?.journal.queue()
  canteen.networkIsUp = false
  await canteen.pass(60)
  expect(await canteen.sellsLunch(till, 'Pupil 01')).toBe('approved')
  expect(await canteen.sellsLunch(till, 'Pupil 02')).toBe('approved')
  const [, damaged] = till.snapshot?.recent ?? []
  const journal = till.disk.file
  journal.exec('DROP TRIGGER payload_is_final')
  const [first] = till.core?.journal.waitingItems(1) ?? []
  journal
    .prepare(`UPDATE payload SET json = replace(json, '"decidedAt":', '"decidedAt":1') WHERE sequence = ?`)
    .run(first?.sequence)

  canteen.networkIsUp = true
  await canteen.pass(60)
  expect(queue()).toMatchObject({ waiting: 0, parked: 1 })
  expect(await canteen.tenders()).toHaveLength(1)
  expect(till.snapshot?.queue.setAside).toMatchObject([{ kind: 'presentment', amount: 115_000n }])

  canteen.takesBack(till, damaged?.saleId ?? '')
  await canteen.pass(60)
  // The reversal took the place of what could not be sent, and the ledger had never heard of that.
  expect(queue()).toMatchObject({ waiting: 0, parked: 0 })
  const reversed = { state: 'reversed', paid_by: null, loss: null }
  const paid = { state: 'settled', paid_by: 'escrow', loss: null }
  expect(await canteen.tenders()).toEqual([reversed, paid])
  expect(await canteen.sellsLunch(till, 'Pupil 01')).toBe('approved')
  await canteen.pass(60)
  expect(await canteen.tenders()).toEqual([reversed, paid, paid])
  expect(await canteen.audited()).toEqual([])
})
