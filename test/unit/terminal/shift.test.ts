/**
 * The till and its shift on a real journal in memory: PINs, what may be sold and voided when, the figures of X and Z,
 * and what changes after the closing, each change by the row that brought it. A restart opens the same journal again.
 */
import { expect, it } from 'vitest'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { tiyn, zeroTiyn } from '../../../src/voucher/money.ts'
import { testPin } from '../../fixtures/open-shift.ts'
import { settlePromises } from '../drivers/fake-scheduler.ts'
import { approvedOffline, evidenceOf, intentOf, itemOf, saleFrozen, saleOf } from '../sync/world.ts'
import { tillBench } from './till-bench.ts'

type Bench = ReturnType<typeof tillBench>

function started(seed: string): Bench & { does: (command: Command) => void; fault: (command: Command) => string } {
  const bench = tillBench(seed)
  bench.start()
  const answer = (command: Command) => bench.till.command(command)
  return {
    ...bench,
    does: (command) => expect([command.command, answer(command)]).toEqual([command.command, { ok: true }]),
    fault: (command) => {
      const told = answer(command)
      return told.ok ? 'none' : told.fault
    },
  }
}

function sellsBread({ does, till }: ReturnType<typeof started>): string {
  does({ command: 'add_item', itemId: 'bread' })
  does({ command: 'pay_cash' })
  const { saleId } = till.snapshot().recent[0]!
  does({ command: 'next_customer' })
  return saleId
}

it('balances its drawer: float and what was taken, less what a void gave back', () => {
  const bench = started('drawer')
  const { till, does } = bench
  does({ command: 'close_shift', counted: zeroTiyn })
  does({ command: 'open_shift', cashier: 1, pin: testPin, openingFloat: tiyn(500_000n) })
  const voided = sellsBread(bench)
  sellsBread(bench)
  does({ command: 'void_sale', saleId: voided })
  does({ command: 'close_shift', counted: tiyn(519_000n) })
  expect(till.snapshot().shift).toMatchObject({
    open: null,
    report: {
      differences: [],
      figures: {
        number: 2,
        cashier: { number: 1 },
        sales: { count: 1, amount: 20_000n },
        voids: { count: 1, amount: 20_000n },
        tenders: [{ schemeId: null, state: 'settled', count: 1, amount: 20_000n }],
        drawer: { taken: 40_000n, returned: 20_000n, expected: 520_000n, counted: 519_000n },
      },
    },
  })
  till.stop()
})

it('sells nothing without a shift, and voids no sale of an earlier one', () => {
  const bench = started('no shift')
  const { does, fault, till } = bench
  const saleId = sellsBread(bench)
  does({ command: 'close_shift', counted: tiyn(20_000n) })
  expect(fault({ command: 'add_item', itemId: 'bread' })).toBe('no_shift')
  expect(fault({ command: 'void_sale', saleId })).toBe('no_shift')
  expect(till.snapshot().actions).toEqual(['print_again', 'open_shift', 'open_bench'])
  does({ command: 'open_shift', cashier: 1, pin: testPin, openingFloat: zeroTiyn })
  expect(fault({ command: 'void_sale', saleId })).toBe('other_shift')
  expect(till.snapshot().recent[0]).toMatchObject({ saleId, voidable: false })
  till.stop()
})

it('is not closed over a sale that is on the screen', () => {
  const { does, fault, till } = started('sale open')
  does({ command: 'add_item', itemId: 'bread' })
  expect(fault({ command: 'close_shift', counted: zeroTiyn })).toBe('sale_open')
  does({ command: 'cancel_sale' })
  does({ command: 'close_shift', counted: zeroTiyn })
  till.stop()
})

it('lets nobody try PINs for long, and a restart gives no new tries', () => {
  const { does, fault, till, journal } = started('wrong PINs')
  does({ command: 'close_shift', counted: zeroTiyn })
  const wrong: Command = { command: 'open_shift', cashier: 1, pin: '0000', openingFloat: zeroTiyn }
  for (let tries = 0; tries < 5; tries += 1) expect(fault(wrong)).toBe('pin_wrong')
  expect(fault(wrong)).toBe('pin_wait')
  expect(fault({ ...wrong, pin: testPin })).toBe('pin_wait')
  expect(till.snapshot().shift.cashiers[0]?.waitUntil).toBeGreaterThan(till.snapshot().time.now)
  journal.rebuildProjection()
  expect(fault({ ...wrong, pin: testPin })).toBe('pin_wait')
  till.stop()
})

it('keeps the PIN as a hash alone, and takes the merchant’s for another cashier', () => {
  const { does, fault, till, journal } = started('cashiers')
  const aigul: Command = {
    command: 'set_cashier',
    cashier: { number: 2, name: 'Second' },
    pin: '24680',
    merchantPin: null,
  }
  expect(fault(aigul)).toBe('not_now')
  does({ command: 'close_shift', counted: zeroTiyn })
  expect(fault(aigul)).toBe('pin_wrong')
  does({ ...aigul, merchantPin: testPin })
  expect(fault({ command: 'open_shift', cashier: 2, pin: testPin, openingFloat: zeroTiyn })).toBe('pin_wrong')
  does({ command: 'open_shift', cashier: 2, pin: '24680', openingFloat: zeroTiyn })
  expect(till.snapshot().shift.open?.cashier).toEqual({ number: 2, name: 'Second' })
  expect(toJson([...journal.rows()])).not.toContain('24680')
  till.stop()
})

it('explains after the sync, tender by tender, what the Z-report could not know yet', async () => {
  const { does, till, journal, seeded } = started('differences')
  const sold = ['pending to settled', 'pending to not paid', 'unknown to reversed'].map(() => {
    const sale = saleOf(seeded)
    return { sale, intent: intentOf(seeded, sale, 'offline') }
  })
  const [settles, notPaid, doubt] = sold as [(typeof sold)[0], (typeof sold)[0], (typeof sold)[0]]
  for (const { sale, intent } of [settles, notPaid]) {
    journal.commit(saleFrozen(sale), intent)
    journal.commit(approvedOffline(intent), { kind: 'sale_closed', saleId: sale.saleId })
  }
  journal.commit(saleFrozen(doubt.sale), doubt.intent)
  const idOf = ({ intent }: (typeof sold)[0]): string => intent.terms.tenderId
  journal.commit({ kind: 'tender_unknown', tenderId: idOf(doubt), evidence: evidenceOf(doubt.intent) })
  does({ command: 'close_shift', counted: zeroTiyn })
  const atClose = till.snapshot().shift.report!.figures
  expect(atClose).toMatchObject({
    sales: { count: 2 },
    open: { count: 1 },
    tenders: [{ state: 'pending', count: 2 }],
    unfinished: [{ tenderId: idOf(doubt), state: 'unknown' }],
  })

  // Nobody needs a shift to give up a payment in doubt.
  does({ command: 'cancel_unknown', tenderId: idOf(doubt) })
  journal.commit({ kind: 'item_answered', item: itemOf(idOf(settles), 'settled'), by: 'batch' })
  journal.commit({ kind: 'item_answered', item: itemOf(idOf(notPaid), 'not_paid'), by: 'batch' })
  journal.commit({ kind: 'item_answered', item: itemOf(`reversal:${idOf(doubt)}`, 'reversed'), by: 'batch' })
  await settlePromises()
  const { report } = till.snapshot().shift
  expect(report?.figures).toEqual(atClose)
  expect(report?.differences).toMatchObject([
    { kind: 'tender', tenderId: idOf(settles), was: 'pending', is: 'settled' },
    { kind: 'tender', tenderId: idOf(notPaid), was: 'pending', is: 'not_paid' },
    { kind: 'tender', tenderId: idOf(doubt), was: 'unknown', is: 'reversed' },
    { kind: 'sale', saleId: doubt.sale.saleId, was: 'open', is: 'cancelled' },
  ])
  for (const difference of report?.differences ?? []) {
    const { row } = journal.rowAt(difference.row)
    expect(row.kind).toBe(difference.kind === 'sale' ? 'sale_cancelled' : 'item_answered')
  }
  const before = journal.dumpProjection()
  journal.rebuildProjection()
  expect(journal.dumpProjection()).toEqual(before)
  till.stop()
})
