/** A sale that was left for the next customer and comes back is the frozen one: nothing is rung up on it. */
import { expect, it } from 'vitest'
import { tiyn } from '../../../src/voucher/money.ts'
import { saleTotal } from '../../../src/voucher/sale.ts'
import { settlePromises } from '../drivers/fake-scheduler.ts'
import { evidenceOf, intentOf, itemOf, saleFrozen, saleOf } from '../sync/world.ts'
import { tillBench } from './till-bench.ts'

it('a tile brings it to the screen and leaves its basket as it was paid for', async () => {
  const { till, journal, seeded, start } = tillBench('left-over sale')
  // A lunch that costs more than the scheme pays; the ledger's answer never came.
  const draft = saleOf(seeded)
  const lunch = { ...draft, lines: draft.lines.map((line) => ({ ...line, unitPrice: tiyn(200_000n) })) }
  const intent = intentOf(seeded, lunch, 'online')
  const { tenderId, amount } = intent.terms
  journal.commit(saleFrozen(lunch), intent)
  journal.commit({ kind: 'tender_unknown', tenderId, evidence: evidenceOf(intent) })
  start()
  await settlePromises()

  expect(till.command({ command: 'serve_next_meanwhile' })).toEqual({ ok: true })
  expect(till.command({ command: 'add_item', itemId: 'bread' })).toEqual({ ok: true })
  expect(till.command({ command: 'pay_cash' })).toEqual({ ok: true })
  // Now the ledger says that the lunch was paid, in part.
  journal.commit({ kind: 'item_answered', item: itemOf(tenderId, 'settled'), by: 'inquiry' })
  await settlePromises()
  expect(till.command({ command: 'add_item', itemId: 'bread' })).toEqual({ ok: false, fault: 'not_now' })
  expect(till.snapshot().sale).toMatchObject({
    saleId: lunch.saleId,
    lines: [{ itemId: 'lunch' }],
    total: saleTotal(lunch),
    leftToPay: saleTotal(lunch) - amount,
  })
  till.stop()
})
