/**
 * A sale that is paid while nobody sees it at the till asks whether its goods were given. Method: a real till with its
 * journal, the real ledger, a network in the test's hand; by the ledger's late word, after a stop, over a shift, with
 * goods that go back in part, as a whole, or not because the ledger refuses. By a card's record: put-aside.test.ts.
 */
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Command } from '../../../src/terminal/contract/index.ts'
import { tiyn, zeroTiyn } from '../../../src/voucher/money.ts'
import { testPin } from '../../fixtures/open-shift.ts'
import { itemOf } from '../../unit/sync/world.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
beforeEach(async () => {
  world = await prepared.open()
})
afterEach(() => world.close())

/** Leased to no till: the ledger has to be asked. */
const card = 'Pupil 21'
const lunch = 115_000n
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
const core = () => {
  const { core: alive } = world.station
  if (alive === undefined) throw new Error('the till is off')
  return alive
}
const snapshot = () => core().till.snapshot()
const command = (asked: Command) => core().till.command(asked)
const done = (asked: Command) => expect(command(asked)).toEqual({ ok: true })
const asked = () => snapshot().goodsAsked.map(({ saleId, back }) => ({ saleId, back }))
const ledgerStates = () => {
  const database = new Database(world.ledgerFile, { readonly: true })
  try {
    return database.prepare('SELECT state FROM tender').pluck().all()
  } finally {
    database.close()
  }
}

/** A lunch is rung up and authorised, and the answer is lost: it is on the screen as unknown. */
async function losesAnAnswer(): Promise<{ readonly saleId: string; readonly tenderId: string }> {
  done({ command: 'add_item', itemId: 'school-lunch' })
  done({ command: 'pay_by_card' })
  world.network.authorisations = 'lose_answer'
  world.station.layCard(card)
  await pass(4_000)
  world.station.pullCard()
  world.network.all = 'refused'
  world.network.authorisations = null
  expect(snapshot().tap.state).toBe('unknown')
  const [tender] = snapshot().sale?.tenders ?? []
  return { saleId: tender?.saleId ?? '', tenderId: tender?.tenderId ?? '' }
}

/** The same, left for the next customer and paid by the ledger's late word. */
async function paidMeanwhile(): Promise<string> {
  const { saleId } = await losesAnAnswer()
  done({ command: 'serve_next_meanwhile' })
  expect(asked()).toEqual([])
  world.network.all = 'up'
  await pass(60_000)
  expect(ledgerStates()).toEqual(['settled'])
  expect(core().journal.sale(saleId)?.state).toBe('closed')
  return saleId
}

const givesBack = (saleId: string, amount: bigint) =>
  command({
    command: 'refund_sale',
    saleId,
    lines: [{ line: 1, amount: tiyn(amount) }],
    reason: 'not_as_sold',
  })

/** The next cashier's: what was sold before is refunded, and not voided. */
function anotherShift(): void {
  done({ command: 'close_shift', counted: zeroTiyn })
  done({ command: 'open_shift', cashier: 1, pin: testPin, openingFloat: zeroTiyn })
}

describe('the ledger’s late word', () => {
  it('on a payment that was left for the next customer asks, once, until the cashier says', async () => {
    const saleId = await paidMeanwhile()
    expect(asked()).toEqual([{ saleId, back: 'void' }])
    expect(snapshot().recent[0]).toMatchObject({ saleId, receipt: expect.stringMatching(/waiting|printed/) })
    // A no gives the payment back: as a mere word it is not taken.
    expect(command({ command: 'goods_not_given', saleId })).toEqual({ ok: false, fault: 'not_now' })
    done({ command: 'goods_given', saleId })
    expect(asked()).toEqual([])
    expect(command({ command: 'goods_given', saleId })).toEqual({ ok: false, fault: 'not_now' })
  })

  it('on one that the cashier waits for asks nothing: they see it', async () => {
    const { saleId } = await losesAnAnswer()
    world.network.all = 'up'
    await pass(60_000)
    expect(core().journal.sale(saleId)?.state).toBe('closed')
    expect(asked()).toEqual([])
  })

  it('on one of before a stop asks, unless the cashier has said to wait', async () => {
    for (const isWaitedFor of [false, true]) {
      const { saleId, tenderId } = await losesAnAnswer()
      world.station.kill()
      world.station.start()
      await pass(1_000)
      expect(snapshot().tap.state).toBe('unknown')
      if (isWaitedFor) done({ command: 'wait_for_answer', tenderId })
      world.network.all = 'up'
      await pass(60_000)
      expect(core().journal.sale(saleId)?.state).toBe('closed')
      expect(asked()).toEqual(isWaitedFor ? [] : [{ saleId, back: 'void' }])
      if (isWaitedFor) return
      done({ command: 'void_sale', saleId })
      expect(asked()).toEqual([])
      await pass(60_000)
    }
  })

  it('that a start finds asks too', async () => {
    const { saleId } = await losesAnAnswer()
    done({ command: 'serve_next_meanwhile' })
    world.network.all = 'up'
    const { till, journal } = core()
    // The answer becomes a row, and the till stops before it has closed the sale.
    journal.onDidCommit(() => {
      if (journal.tendersOfSale(saleId)[0]?.state === 'settled') till.stop()
    })
    await pass(60_000)
    expect(journal.sale(saleId)?.state).toBe('open')
    world.station.kill()
    world.station.start()
    await pass(5_000)
    expect(asked()).toEqual([{ saleId, back: 'void' }])
  })
})

describe('in a later shift the question', () => {
  it('is still there, and ends with a refund of all, not of a part', async () => {
    const saleId = await paidMeanwhile()
    anotherShift()
    expect(asked()).toEqual([{ saleId, back: 'refund' }])
    expect(givesBack(saleId, 100n)).toEqual({ ok: true })
    expect(asked()).toEqual([{ saleId, back: 'refund' }])
    expect(givesBack(saleId, lunch - 100n)).toEqual({ ok: true })
    expect(asked()).toEqual([])
    await pass(60_000)
    expect(asked()).toEqual([])
  })

  it('comes back when the ledger refuses the refund', async () => {
    const saleId = await paidMeanwhile()
    anotherShift()
    world.network.all = 'lose_request'
    expect(givesBack(saleId, lunch)).toEqual({ ok: true })
    expect(asked()).toEqual([])
    const [refund] = core().journal.returns.ofSale(saleId)[0]?.refunds ?? []
    core().journal.commit({ kind: 'item_answered', item: itemOf(refund?.refundId ?? '', 'refused'), by: 'batch' })
    expect(core().journal.returns.ofSale(saleId)[0]?.refunds).toMatchObject([{ state: 'refused' }])
    expect(asked()).toEqual([{ saleId, back: 'refund' }])
  })

  it('takes a no for an answer where nobody was paid', async () => {
    const saleId = await paidMeanwhile()
    anotherShift()
    const [tender] = core().journal.tendersOfSale(saleId)
    // The ledger takes its payment back, as after a till that was called lost: nothing of it is the merchant's.
    core().journal.commit({ kind: 'reversal_requested', tenderId: tender?.tenderId ?? '', reason: 'interrupted' })
    await pass(60_000)
    expect(ledgerStates()).toEqual(['reversed'])
    expect(asked()).toEqual([{ saleId, back: 'nothing' }])
    done({ command: 'goods_not_given', saleId })
    expect(asked()).toEqual([])
  })
})
