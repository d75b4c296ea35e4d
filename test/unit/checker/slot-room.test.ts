/** How much room a slot has when goods came back: the checker counts it by the transfers, not by the ledger's count. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkRun } from '../../checker/check-run.ts'
import { MadeUpRun } from './made-up-run.ts'

let run: MadeUpRun
beforeEach(() => void (run = new MadeUpRun()))
afterEach(() => run.remove())

test('a slot that goods came back to has room again, once', () => {
  const partly = run.wholeSale(1)
  run.database.prepare('update slot set count_allowed = 3').run()
  run.refund(partly, 50_000)
  run.wholeSale(2, { amount: '55000', payerSlot: partly.terms.payerSlot })
  expect(checkRun(run)).toMatchObject({ passed: true, duplicates: [] })
  run.wholeSale(3, { amount: '1', payerSlot: partly.terms.payerSlot })
  expect(checkRun(run).duplicates).toMatchObject([{ kind: 'slot_oversold', detail: '3 of 3 times, 120001 of 120000' }])
})

test('a use of a slot that came back in full is none any more; what came back too late still is one', () => {
  const inTime = run.wholeSale(1)
  run.refund(inTime, 115_000)
  run.wholeSale(2, { payerSlot: inTime.terms.payerSlot })
  expect(checkRun(run)).toMatchObject({ passed: true, duplicates: [] })
  const tooLate = run.wholeSale(3, { payerSlot: 'other' })
  run.refund(tooLate, 115_000, 'agency-1')
  run.wholeSale(4, { payerSlot: 'other' })
  expect(checkRun(run).duplicates).toMatchObject([{ kind: 'slot_oversold', place: 'other' }])
})

test('a slot whose count was lowered without a refund is oversold all the same', () => {
  const first = run.wholeSale(1)
  run.wholeSale(2, { payerSlot: first.terms.payerSlot })
  run.database.prepare('delete from slot_use where tender_id = ?').run(first.terms.tenderId)
  expect(checkRun(run).duplicates).toMatchObject([{ kind: 'slot_oversold' }])
})

test('what a pool paid beyond a slot is not oversold; what came from elsewhere is', () => {
  const first = run.wholeSale(1, { amount: '40000' })
  run.wholeSale(2, { amount: '40000', payerSlot: first.terms.payerSlot })
  run.database.exec(`update lease set kind = 'pool'`)
  expect(checkRun(run)).toMatchObject({ passed: true, duplicates: [] })
  run.database.exec(`update transfer set debit = 'scheme.lunch' where kind = 'voucher-payment'`)
  expect(checkRun(run).duplicates).toMatchObject([{ kind: 'slot_oversold' }])
})
