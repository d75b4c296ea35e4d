/** What the checker says was paid and given back, and that it takes the paper of all tills together. */
import { spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkRun } from '../../checker/check-run.ts'
import { MadeUpRun } from './made-up-run.ts'

let run: MadeUpRun
beforeEach(() => void (run = new MadeUpRun()))
afterEach(() => run.remove())

const nothing = { voucher: '0', cash: '0', qr: '0' }
const totals = () => checkRun(run).totals

describe('the totals', () => {
  test('of a run without a sale are nothing', () => {
    expect(totals()).toEqual({ paid: nothing, givenBack: nothing, tills: {}, allowances: {} })
  })

  test('by voucher are those of settled tenders, and what refunds gave back, each at its till', () => {
    run.wholeSale(1)
    const refunded = run.wholeSale(2)
    run.refund(refunded, 50_000)
    run.tender(run.sale(3), 'settled', { terminal_id: 'till-2' })
    run.tender(run.sale(4), 'refused')
    run.tender(run.sale(5), 'reversed')
    run.tender(run.sale(6), 'awaiting_funds')
    expect(totals()).toMatchObject({
      paid: { ...nothing, voucher: '345000' },
      givenBack: { ...nothing, voucher: '50000' },
      tills: {
        'till-1': { paid: { voucher: '230000' }, givenBack: { voucher: '50000' } },
        'till-2': { paid: { voucher: '115000' }, givenBack: nothing },
      },
    })
  })

  test('by QR are those of settled requests, and what went back to their wallets', () => {
    const byQr = {
      terms: null,
      terms_hash: null,
      slot_id: null,
      scheme_id: null,
      amount: 35_000,
      paid_by: 'individual',
    }
    const sale = run.sale(1)
    run.tender(sale, 'settled', byQr)
    const request = { tender_id: sale.terms.tenderId, payee_account: 'canteen', amount: 35_000, sale_hash: 'x' }
    run.insert('payment_request', { ...request, hold_id: null, payer: null, closed_for: null, paid_lines: null })
    run.refund(sale, 20_000, 'agency-1')
    expect(totals()).toMatchObject({ paid: { ...nothing, qr: '35000' }, givenBack: { ...nothing, qr: '20000' } })
  })

  test('count against the allowances of their period, without what came back to them', () => {
    run.refund(run.wholeSale(1), 50_000)
    run.wholeSale(2)
    const slot = { slot_id: 'other', scheme_id: 'lunch', beneficiary: 'b', period_id: 'q', count_allowed: 1 }
    run.insert('slot', { ...slot, amount_allowed: 120_000, lease_id: null })
    run.wholeSale(3, { payerSlot: 'other' })
    expect(totals().allowances).toEqual({ 'lunch p': '180000', 'lunch q': '115000' })
  })

  test.each([
    ['Касса', 'Қолма-қол ақша', 'ҚАЙТАРУ', 'Қайтарылған қолма-қол ақша', 'КӨШІРМЕ'],
    ['Касса', 'Наличные', 'ВОЗВРАТ', 'Возвращено наличными', 'КОПИЯ'],
    ['Till', 'Cash', 'REFUND', 'Cash returned', 'COPY'],
  ])('in cash are those on original slips (%s, %s)', (till, cash, refund, cashReturned, copy) => {
    const head = `Swallow Canteen\n${till}          till-2`
    run.slip(`${head}\n${cash}        1 700,05 тг`, [])
    run.slip(`${head}\n${cash}          350,00 тг`, [])
    run.slip(`${head}\n${copy}\n${cash}          350,00 тг`, [])
    run.slip(`${head}\n${refund}\n${cashReturned}          200,00 тг`, [])
    run.slip(`${head}\n${refund}\n${copy}\n${cashReturned}          200,00 тг`, [])
    run.slip(`${head}\nPAYMENT CANCELLED\n${cashReturned}          100,00 тг`, [])
    expect(totals()).toEqual({
      paid: { ...nothing, cash: '205005' },
      givenBack: { ...nothing, cash: '30000' },
      tills: { 'till-2': { paid: { ...nothing, cash: '205005' }, givenBack: { ...nothing, cash: '30000' } } },
      allowances: {},
    })
  })
})

describe('the paper of a second printer', () => {
  const root = resolve(import.meta.dirname, '../../..')
  const second = () => join(run.folder, 'hardware-2')

  test('is looked at too: one sale has one original, whichever till printed it', () => {
    const sale = run.wholeSale(1)
    cpSync(run.hardwareFolder, second(), { recursive: true })
    expect(checkRun(run)).toMatchObject({ passed: true, paper: { slips: 1 } })
    const twice = [{ kind: 'original_printed_twice', place: sale.terms.saleHash, detail: 'slips 1, 10001' }]
    expect(checkRun({ ...run, otherHardwareFolders: [second()] })).toMatchObject({
      passed: false,
      duplicates: twice,
      paper: { slips: 2, originals: 2, tendersProved: 1 },
      cards: { messages: 1 },
    })
    const command = ['test/checker/main.ts', '--data', run.folder, '--json']
    const { status, stdout } = spawnSync(process.execPath, command, { encoding: 'utf8', cwd: root })
    expect([status, JSON.parse(stdout)]).toMatchObject([1, { duplicates: twice }])
  })
})
