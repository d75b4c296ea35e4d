/**
 * A payment by QR that is undone in the moment in which that hurts most, a ledger or a journal that was put back, and
 * the power gone after each commit. Method: `qr-bench.ts`.
 */
import { copyFileSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { juice, qrBench } from './qr-bench.ts'

const bench = qrBench()
const { screen, does, pass, asksByQr, scanned, pays, rows, spent, atLedgerOf, tendersOf, tapsLunch, saleOf } = bench
const { goesOff, goesOffWhenHeld, comesBack } = bench

/** Paid, closed, its capture still in the queue; the network is gone. */
async function sold(): Promise<string> {
  await asksByQr()
  goesOffWhenHeld()
  const id = scanned()
  await pays(id)
  await pass(1_200)
  expect([screen().tap.state, atLedgerOf(id)]).toEqual(['approved', 'held'])
  return id
}

/** The ledger is put back to before the wallet paid. */
const forgetsPayment = (id: string) =>
  bench.world.atLedger(async ({ connection }) => {
    const request = { hold_id: null, payer: null }
    await connection.updateTable('payment_request').set(request).where('tender_id', '=', id).execute()
    await connection.deleteFrom('request_payment').where('tender_id', '=', id).execute()
    await connection.deleteFrom('hold').where('reference', '=', id).execute()
    await connection.updateTable('tender').set({ state: 'requested' }).where('tender_id', '=', id).execute()
  })

describe('a sale that is voided before its capture was sent', () => {
  it('frees the hold, whatever the merchant owes to others', async () => {
    await bench.world.atLedger(async ({ connection, now }) => {
      const debt = { reference: '00000000-0000-7000-8000-000000000001', amount: BigInt(juice), at: now }
      const between = { account_id: 'merchant.school-7-canteen', creditor: 'almaly-education' }
      await connection
        .insertInto('merchant_debt')
        .values({ kind: 'reversal', ...debt, ...between })
        .execute()
    })
    const id = await sold()
    does({ command: 'void_sale', saleId: saleOf() })
    comesBack()
    await pass(60_000)
    expect([tendersOf(), atLedgerOf(id), spent()]).toEqual([['qr reversed'], 'reversed', 0])
    expect(rows('SELECT count(*) AS debts FROM merchant_debt')).toEqual([{ debts: 1 }])
  })

  it('goes back in part to the scheme and in part to the wallet, and nothing in cash', async () => {
    does({ command: 'add_item', itemId: 'school-lunch' })
    does({ command: 'add_item', itemId: 'juice' })
    await tapsLunch()
    await asksByQr()
    await pays(scanned())
    await pass(25_000)
    does({ command: 'show_refund', saleId: saleOf() })
    const left = screen().refund?.lines ?? []
    const lines = left.map(({ line, voucherLeft, cashLeft }) => ({ line, amount: tiyn(voucherLeft + cashLeft) }))
    does({ command: 'refund_sale', saleId: saleOf(), lines, reason: 'not_as_sold' })
    await pass(20_000)
    const [back] = screen().refund?.returns ?? []
    expect(back).toMatchObject({ cash: 0n, refunds: [{ state: 'done' }, { amount: BigInt(juice), state: 'done' }] })
    expect(spent()).toBe(0)
  })
})

describe('a ledger that was put back to before the payment', () => {
  it('does not make a closed sale an unpaid one: its capture is set aside, and goes through when it can', async () => {
    const id = await sold()
    await forgetsPayment(id)
    comesBack()
    await pass(40_000)
    expect([tendersOf(), screen().queue.parked]).toEqual([['qr held'], 1])
    // The wallet sends again what was lost.
    expect(await pays(id)).toBe('held')
    does({ command: 'sync_now' })
    await pass(20_000)
    expect([tendersOf(), spent(), screen().queue.parked]).toEqual([['qr settled'], juice, 0])
  })

  it('and a void of it frees what the wallet has paid again', async () => {
    const id = await sold()
    await forgetsPayment(id)
    comesBack()
    await pass(40_000)
    expect(await pays(id)).toBe('held')
    does({ command: 'void_sale', saleId: saleOf() })
    await pass(30_000)
    expect([tendersOf(), spent(), screen().queue.parked]).toEqual([['qr reversed'], 0, 0])
  })
})

it('a journal put back to where the QR was being asked for takes no paid sale back', async () => {
  does({ command: 'add_item', itemId: 'juice' })
  does({ command: 'pay_by_qr' })
  const { journalFile } = bench.world
  const copy = `${journalFile}.copy`
  const database = new Database(journalFile)
  database.exec(`VACUUM INTO '${copy}'`)
  database.close()
  await pass(1_000)
  const id = scanned()
  await pays(id)
  await pass(25_000)
  expect(tendersOf()).toEqual(['qr settled'])
  bench.till.kill()
  for (const end of ['', '-wal', '-shm']) rmSync(journalFile + end, { force: true })
  copyFileSync(copy, journalFile)
  bench.till.start()
  await pass(60_000)
  expect([atLedgerOf(id), spent(), tendersOf()]).toEqual(['settled', juice, ['qr settled']])
})

describe('what the cashier is told', () => {
  it('a sale paid in part comes back when its QR is given up from the list, without the network too', async () => {
    does({ command: 'add_item', itemId: 'school-lunch' })
    does({ command: 'add_item', itemId: 'juice' })
    await tapsLunch()
    await asksByQr()
    const id = scanned()
    goesOff()
    does({ command: 'serve_next_meanwhile' })
    does({ command: 'cancel_unknown', tenderId: id })
    await pass(1_000)
    expect(screen().sale?.tenders.map(({ state }) => state)).toEqual(['settled', 'reversing'])
    expect(bench.till.command({ command: 'close_shift', counted: tiyn(0n) })).toBe(false)
    does({ command: 'pay_cash' })
    comesBack()
    await pass(60_000)
    expect([tendersOf(), spent()]).toEqual([['voucher settled', 'qr reversed', 'cash settled'], 0])
  })

  it('the ledger’s own reason, where it will not open the payment', async () => {
    await bench.world.atLedger(async ({ connection }) => {
      const merchants = await connection.selectFrom('merchant').selectAll().execute()
      for (const { merchant_id: merchantId, content } of merchants) {
        const moved = content.replaceAll('merchant.school-7-canteen', 'merchant.kokbazar-shop')
        await connection.updateTable('merchant').set({ content: moved }).where('merchant_id', '=', merchantId).execute()
      }
    })
    await asksByQr()
    expect(screen().tap).toEqual({ state: 'refused', code: 'MERCHANT_NOT_ALLOWED' })
  })

  it('that the QR is over, when it is, and when the ledger has stopped the till: it is shown no more', async () => {
    await asksByQr()
    goesOff()
    await pass(6 * 60_000)
    expect(screen().tap).toMatchObject({ state: 'qr', text: null, doing: 'time_over' })
    comesBack()
    await pass(40_000)
    expect(screen().tap).toEqual({ state: 'refused', code: 'QR_NOT_PAID' })
    await asksByQr()
    const id = scanned()
    await bench.world.suspendTill()
    await pass(10_000)
    expect(screen().tap).toMatchObject({ state: 'qr', text: null, doing: 'till_suspended' })
    expect(await pays(id)).toBe('paid back: released')
  })
})

/** Of the till's own rows between the QR and the end of its sale. */
const commitsOfStory = 8
const stories = ['sold', 'voided', 'left for the next', 'given up'] as const

describe.each(stories)('a stop after each commit of a sale that is %s', (story) => {
  it.each([true, false])('ends with all money where it belongs; the network is there afterwards: %s', async (isUp) => {
    for (let after = 1; after <= commitsOfStory; after += 1) {
      const before = spent()
      let commits = 0
      const { journal } = bench.till.core ?? {}
      const stop = journal?.onDidCommit(() => {
        commits += 1
        if (commits === after) bench.till.kill()
      })
      const tries = (command: Command): void => void bench.till.command(command)
      tries({ command: 'add_item', itemId: 'juice' })
      tries({ command: 'pay_by_qr' })
      await pass(1_000)
      const id = bench.till.snapshot?.tap.state === 'qr' ? scanned() : undefined
      if (story === 'left for the next') tries({ command: 'serve_next_meanwhile' })
      if (id !== undefined) await pays(id)
      if (!isUp) goesOff()
      if (story === 'given up') tries({ command: 'cancel_sale' })
      await pass(1_300)
      if (story === 'voided') tries({ command: 'void_sale', saleId: bench.till.snapshot?.recent[0]?.saleId ?? '' })
      await pass(3_000)
      stop?.()
      bench.till.kill()
      bench.till.start()
      await pass(3_000)
      comesBack()
      await pass(40_000)
      if (screen().tap.state === 'qr') await pays(scanned())
      await pass(40_000)
      const where = `${story}, stopped after commit ${after}`
      const { queue, unresolved, sale } = screen()
      expect([queue.waiting + queue.parked, unresolved.length], where).toEqual([0, 0])
      const ended = rows(`SELECT state FROM tender JOIN payment_request USING (tender_id)`).map(({ state }) => state)
      expect(
        ended.every((state) => state === 'settled' || state === 'reversed'),
        where,
      ).toBe(true)
      expect(spent(), where).toBe(ended.filter((state) => state === 'settled').length * juice)
      expect(spent() - before, where).toBeLessThanOrEqual(juice)
      const closed = screen().recent.filter(({ tenders }) => tenders.some(({ state }) => state === 'settled'))
      expect(closed.length * juice, where).toBe(spent())
      if (sale !== null) tries({ command: 'cancel_sale' })
      tries({ command: 'next_customer' })
      await pass(20_000)
    }
  })
})
