/** A sale that was left for the next customer and comes back is the frozen one: nothing is rung up on it. */
import { expect, it } from 'vitest'
import { Till } from '../../../src/terminal/core/till.ts'
import type { PaymentWork } from '../../../src/terminal/payment/machine.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { saleTotal } from '../../../src/voucher/sale.ts'
import { settlePromises } from '../drivers/fake-scheduler.ts'
import { bench as engineBench } from '../sync/engine-bench.ts'
import { evidenceOf, intentOf, itemOf, packageOf, saleFrozen, saleOf, Seeded } from '../sync/world.ts'

const name = { kk: 'Bread', ru: 'Bread', en: 'Bread' }
const bread = { itemId: 'bread', name, category: 'food', unitPrice: tiyn(20_000n) }

it('a tile brings it to the screen and leaves its basket as it was paid for', async () => {
  const seeded = new Seeded('left-over sale')
  const { journal, engine, time, scheduler } = engineBench()
  const nothing = () => ({ dispose: () => undefined })
  const never = () => new Promise<never>(() => undefined)
  const till = new Till({
    terminalId: 'till-1',
    journal,
    engine,
    time,
    scheduler,
    randomness: { bytes: (length) => seeded.bytes(length), uuid: () => seeded.uuid() },
    reader: {
      onDidInsert: nothing,
      onDidRemove: nothing,
      onDidChangeStatus: nothing,
      status: () => ({ readers: [], trouble: null }),
      transmit: never,
      dispose: () => undefined,
    },
    printer: { onDidChangeStatus: nothing, status: never, print: never, dispose: () => undefined },
    activePackage: () => ({ package: packageOf(1, { catalogue: [bread] }), hash: '' }),
    printQueue: { nudge: () => undefined, trouble: { level: 'ok', code: 'ok', since: null, detail: '' } },
    onDidChange: () => undefined,
  })
  // A lunch that costs more than the scheme pays; the ledger's answer never came.
  const draft = saleOf(seeded)
  const lunch = { ...draft, lines: draft.lines.map((line) => ({ ...line, unitPrice: tiyn(200_000n) })) }
  const intent = intentOf(seeded, lunch, 'online')
  const { tenderId, amount } = intent.terms
  journal.commit(saleFrozen(lunch), intent)
  journal.commit({ kind: 'tender_unknown', tenderId, evidence: evidenceOf(intent) })
  const work = { voidTender: () => undefined, reverse: () => undefined, now: () => time.now() }
  till.start({
    identify: never,
    prepare: never,
    prove: never,
    authorise: never,
    acceptWithoutAnswer: never,
    ...work,
  } satisfies PaymentWork)
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
