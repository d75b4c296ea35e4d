/**
 * The story of a canteen whose till breaks: a new one is enrolled in its place by a new code, fetches the package, and
 * the network goes. The pupils' slots are still leased to this till, so it must read their cards' keys and sell; what
 * both sold is paid. Real cores and journals, the real ledger, virtual cards; the auditor judges ledger and cards.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CanteenTills } from './canteen-tills.ts'

let canteen: CanteenTills
beforeEach(async () => void (canteen = await CanteenTills.open('in another’s place')))
afterEach(() => canteen.close())

test('a till in another’s place sells off line under the leases that are there, and both are paid', async () => {
  const broken = await canteen.enrolled('first', canteen.firstCode)
  expect(await canteen.sellsLunch(broken, 'Pupil 01')).toBe('approved')
  await canteen.pass(60)
  broken.kill()

  const next = await canteen.enrolled('second', await canteen.nextCode())
  canteen.networkIsUp = false
  await canteen.pass(60)
  expect(next.core?.engine.connectivity.kind).toBe('not_reached')
  expect(await canteen.sellsLunch(next, 'Pupil 02')).toBe('approved')
  expect(next.core?.journal.queue()).toMatchObject({ waiting: 1, parked: 0 })
  // The same slot is not given twice: this pupil ate at the till that broke.
  expect(await canteen.sellsLunch(next, 'Pupil 01')).toBe('refused')
  next.command({ command: 'cancel_sale' })

  canteen.networkIsUp = true
  await canteen.pass(120)
  expect(next.core?.journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
  expect(await canteen.tenders()).toEqual([
    { state: 'settled', paid_by: 'escrow', loss: null },
    { state: 'settled', paid_by: 'escrow', loss: null },
  ])
  // Its journal begins anew where the ledger has seen rows: that is on file as a journal put back would be.
  expect(await canteen.audited({ copied: new Set(['till-1']) })).toEqual([])
})
