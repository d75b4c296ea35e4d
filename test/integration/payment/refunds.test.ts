/**
 * Method: a real till with its journal on the disk, the real ledger, a network in the test's hand. Goods come back as a
 * cashier takes them back; what the ledger then holds is read from its database, not asked of the till.
 */
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { decideAppeal } from '../../../ledger-sim/payments/appeal-decisions.ts'
import { openAppeal } from '../../../ledger-sim/payments/appeals.ts'
import { claimTombstone } from '../../../ledger-sim/payments/tenders.ts'
import { useSlot } from '../../../ledger-sim/schemes/slots.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { tiyn, type Tiyn } from '../../../src/voucher/money.ts'
import { testPin } from '../../fixtures/open-shift.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
beforeEach(async () => {
  world = await prepared.open()
})
afterEach(() => world.close())

const core = () => {
  const { core: alive } = world.station
  if (alive === undefined) throw new Error('the till is off')
  return alive
}
const snapshot = () => core().till.snapshot()
const command = (asked: Command) => core().till.command(asked)
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
const lunchCard = 'Pupil 01'
/** Leased to no till. */
const onlineCard = 'Pupil 21'

/** Rings these items up; the card pays what it can, cash the rest. Returns the sale's id. */
async function sell(items: readonly string[], card: string | null): Promise<string> {
  for (const itemId of items) expect(command({ command: 'add_item', itemId })).toEqual({ ok: true })
  if (card !== null) {
    command({ command: 'pay_by_card' })
    world.station.layCard(card)
    await pass(4_000)
    world.station.pullCard()
  }
  if ((snapshot().sale?.leftToPay ?? 0n) > 0n) expect(command({ command: 'pay_cash' })).toEqual({ ok: true })
  await pass(1_000)
  const [last] = snapshot().recent
  if (last === undefined) throw new Error('nothing sold')
  command({ command: 'next_customer' })
  return last.saleId
}

const refundAll = (saleId: string) => {
  command({ command: 'show_refund', saleId })
  const lines = (snapshot().refund?.lines ?? []).flatMap(({ line, voucherLeft, cashLeft }) => {
    const amount = tiyn(voucherLeft + cashLeft)
    return amount > 0n ? [{ line, amount }] : []
  })
  return command({ command: 'refund_sale', saleId, lines, reason: 'goods_returned' })
}
const refundLunch = (saleId: string) => {
  command({ command: 'show_refund', saleId })
  const lines = [{ line: 1, amount: tiyn(115_000n) }]
  return command({ command: 'refund_sale', saleId, lines, reason: 'goods_returned' })
}
const returned = (saleId: string) => {
  command({ command: 'show_refund', saleId })
  return snapshot().refund?.returns ?? []
}

/** What the ledger has of refunds, and what it moved for them. */
function atLedger(): readonly { state: string; amount: number; moved: number }[] {
  const database = new Database(world.ledgerFile, { readonly: true })
  try {
    return database
      .prepare(
        `SELECT state, amount, (
           SELECT coalesce(sum(amount), 0) FROM transfer WHERE reference = refund_id AND kind = 'voucher-refund'
         ) AS moved FROM refund ORDER BY at`,
      )
      .all() as { state: string; amount: number; moved: number }[]
  } finally {
    database.close()
  }
}

/** Of every slip that was asked for, whether it is marked COPY. */
const slipCopies = (): readonly boolean[] =>
  [...core().journal.rows()].flatMap(({ row }) => (row.kind === 'refund_slip_requested' ? [row.copy] : []))
const slips = (): number => slipCopies().length

describe('a whole sale that a voucher paid', () => {
  it('goes back once, on paper, and its allowance can be used again, offline too', async () => {
    const saleId = await sell(['school-lunch'], lunchCard)
    expect(refundAll(saleId)).toEqual({ ok: true })
    await pass(1_000)
    expect(returned(saleId)).toMatchObject([{ cash: 0n, refunds: [{ state: 'done', code: null }], printed: 'printed' }])
    expect(atLedger()).toMatchObject([{ state: 'done', amount: 115_000, moved: 115_000 }])
    expect(slips()).toBe(1)
    expect(snapshot().recent[0]).toMatchObject({ refundable: false, voidable: false, wentBack: 115_000n })
    await pass(60_000)
    world.network.all = 'refused'
    const again = await sell(['school-lunch'], lunchCard)
    expect(snapshot().recent.find((sale) => sale.saleId === again)).toMatchObject({
      tenders: [{ kind: 'voucher', amount: 115_000n, state: 'pending' }],
    })
  })

  it('is neither refunded twice nor voided afterwards', async () => {
    const saleId = await sell(['school-lunch'], lunchCard)
    refundAll(saleId)
    const twice: Command = {
      command: 'refund_sale',
      saleId,
      lines: [{ line: 1, amount: tiyn(1n) }],
      reason: 'goods_returned',
    }
    expect(command(twice)).toEqual({ ok: false, fault: 'refund_too_much' })
    expect(command({ command: 'void_sale', saleId })).toEqual({ ok: false, fault: 'was_refunded' })
    await pass(1_000)
    expect(command(twice)).toEqual({ ok: false, fault: 'refund_too_much' })
    expect(command({ command: 'void_sale', saleId })).toEqual({ ok: false, fault: 'was_refunded' })
  })

  it('needs the ledger, and nothing is written without it', async () => {
    const saleId = await sell(['school-lunch'], lunchCard)
    world.network.all = 'refused'
    await pass(60_000)
    const { sequence } = core().journal.head
    expect(refundAll(saleId)).toEqual({ ok: false, fault: 'no_ledger' })
    expect(snapshot().refund).toMatchObject({ obstacles: ['no_ledger'] })
    expect(core().journal.head.sequence).toBe(sequence)
  })

  it.each(['lose_request', 'lose_answer'] as const)('is one refund when the network says %s', async (how) => {
    const saleId = await sell(['school-lunch'], lunchCard)
    world.network.all = how
    expect(refundAll(saleId)).toEqual({ ok: true })
    await pass(20_000)
    expect(returned(saleId)).toMatchObject([{ refunds: [{ state: 'waiting' }], printed: 'none' }])
    expect(snapshot().queue.waiting).toBe(1)
    world.network.all = 'up'
    await pass(60_000)
    expect(returned(saleId)).toMatchObject([{ refunds: [{ state: 'done' }], printed: 'printed' }])
    expect(atLedger()).toMatchObject([{ state: 'done', moved: 115_000 }])
    expect(snapshot().queue.waiting).toBe(0)
    expect(slips()).toBe(1)
  })

  it('is one refund with one slip when the till stops before or after the answer', async () => {
    const saleId = await sell(['school-lunch'], lunchCard)
    expect(refundAll(saleId)).toEqual({ ok: true })
    world.station.kill()
    world.station.start()
    await pass(30_000)
    expect(returned(saleId)).toMatchObject([{ refunds: [{ state: 'done' }] }])
    world.station.kill()
    world.station.start()
    await pass(30_000)
    expect(atLedger()).toMatchObject([{ state: 'done', moved: 115_000 }])
    expect(slips()).toBe(1)
  })

  it('has its slip after a stop between the answer and the row that asks for it, without a network too', async () => {
    await world.close()
    let isStopped = false
    world = await prepared.open(({ journal }) => {
      const commit = journal.commit.bind(journal)
      journal.commit = (...rows) => {
        if (isStopped || rows[0]?.kind !== 'refund_slip_requested') return commit(...rows)
        isStopped = true
        world.station.kill()
        return []
      }
    })
    const saleId = await sell(['school-lunch'], lunchCard)
    refundAll(saleId)
    await pass(5_000)
    expect(world.station.core).toBeUndefined()
    world.network.all = 'refused'
    world.station.start()
    await pass(100)
    expect(slips()).toBe(1)
    expect(returned(saleId)).toMatchObject([{ refunds: [{ state: 'done' }], printed: 'printed' }])
  })

  it('that the ledger has not heard of is voided, not refunded', async () => {
    world.network.all = 'refused'
    await pass(60_000)
    const saleId = await sell(['school-lunch'], lunchCard)
    expect(refundLunch(saleId)).toEqual({ ok: false, fault: 'refund_not_settled' })
    expect(snapshot().refund).toMatchObject({ obstacles: ['refund_not_settled'] })
    expect(command({ command: 'void_sale', saleId })).toEqual({ ok: true })
  })
})

describe('a sale that a voucher and cash paid together', () => {
  it('gives the voucher’s share back first, line by line, and the rest in cash, never more than was paid', async () => {
    const saleId = await sell(['school-lunch', 'juice', 'juice'], lunchCard)
    command({ command: 'show_refund', saleId })
    const [lunch, juice] = snapshot().refund?.lines ?? []
    expect(lunch).toMatchObject({ voucherLeft: 115_000n, cashLeft: 0n })
    expect(juice).toMatchObject({ quantity: 2, voucherLeft: 0n })
    const price = juice?.unitPrice ?? tiyn(0n)
    const one: Command = { command: 'refund_sale', saleId, lines: [{ line: 2, amount: price }], reason: 'not_as_sold' }
    world.network.all = 'refused'
    await pass(60_000)
    // Nothing of the juice was a voucher's: it needs no ledger.
    expect(command(one)).toEqual({ ok: true })
    expect(command(one)).toEqual({ ok: true })
    expect(command(one)).toEqual({ ok: false, fault: 'refund_too_much' })
    expect(returned(saleId)).toMatchObject([
      { cash: price, refunds: [] },
      { cash: price, refunds: [] },
    ])
    world.network.all = 'up'
    await pass(60_000)
    expect(refundAll(saleId)).toEqual({ ok: true })
    await pass(1_000)
    expect(atLedger()).toMatchObject([{ amount: 115_000, moved: 115_000 }])
    expect(snapshot().recent[0]).toMatchObject({ refundable: false })
    expect(slips()).toBe(3)
  })
})

describe('a sale of which the ledger did not pay the voucher', () => {
  const juicePrice = 35_000n
  /** Offline: a lunch by the card, a juice in cash. */
  async function soldOffline() {
    world.network.all = 'refused'
    await pass(60_000)
    const saleId = await sell(['school-lunch', 'juice'], lunchCard)
    const tender = core()
      .journal.tendersOfSale(saleId)
      .find(({ kind }) => kind === 'voucher')
    if (tender === undefined || tender.slotId === null) throw new Error('no voucher paid')
    return { saleId, tenderId: tender.tenderId, slotId: tender.slotId }
  }
  const synced = async () => {
    world.network.all = 'up'
    await pass(60_000)
  }
  const left = (saleId: string) => {
    command({ command: 'show_refund', saleId })
    return snapshot().refund?.lines.map(({ voucherLeft, cashLeft }) => [voucherLeft, cashLeft])
  }

  it('not yet: what cash alone paid goes back, the lunch waits and then goes to its scheme', async () => {
    const { saleId } = await soldOffline()
    expect(left(saleId)).toEqual([
      [0n, 0n],
      [0n, juicePrice],
    ])
    expect(refundLunch(saleId)).toEqual({ ok: false, fault: 'refund_not_settled' })
    expect(refundAll(saleId)).toEqual({ ok: true })
    expect(returned(saleId)).toMatchObject([{ cash: juicePrice, refunds: [] }])
    await synced()
    expect(refundAll(saleId)).toEqual({ ok: true })
    await pass(1_000)
    expect(atLedger()).toMatchObject([{ amount: 115_000, moved: 115_000 }])
  })

  it.each([
    ['reversed it since', 'reversed'],
    ['found the allowance used', 'not_paid'],
  ] as const)('and %s: its value is never given in cash, and the sale is no circle', async (_, state) => {
    const { saleId, tenderId, slotId } = await soldOffline()
    await world.atLedger(async (work) => {
      if (state === 'not_paid') await useSlot(work, slotId, saleId, tiyn(115_000n))
      else await claimTombstone(work, tenderId, 'till-1')
    })
    await synced()
    expect(core().journal.tender(tenderId)).toMatchObject({ state })
    expect(snapshot().discrepancies).toMatchObject([
      state === 'not_paid'
        ? { code: 'SLOT_ALREADY_USED', amount: 115_000n, standing: 'to_be_appealed', saleNumber: saleId.slice(-8) }
        : { code: 'REVERSED_BEFORE_ARRIVAL', standing: 'to_be_looked_into', saleNumber: saleId.slice(-8) },
    ])
    command({ command: 'close_shift', counted: tiyn(juicePrice) })
    command({ command: 'open_shift', cashier: 1, pin: testPin, openingFloat: tiyn(juicePrice) })
    expect(command({ command: 'void_sale', saleId })).toEqual({ ok: false, fault: 'other_shift' })
    expect(left(saleId)).toEqual([
      [0n, 0n],
      [0n, juicePrice],
    ])
    expect(snapshot().refund).toMatchObject({ obstacles: ['refund_not_paid'] })
    expect(refundLunch(saleId)).toEqual({ ok: false, fault: 'refund_not_paid' })
    expect(refundAll(saleId)).toEqual({ ok: true })
    expect(returned(saleId)).toMatchObject([{ cash: juicePrice, refunds: [] }])
    expect(left(saleId)).toEqual([
      [0n, 0n],
      [0n, 0n],
    ])
  })

  it('and its agency paid on an appeal: its value goes back to the agency, and the allowance stays used', async () => {
    const { saleId, slotId } = await soldOffline()
    await world.atLedger((work) => useSlot(work, slotId, saleId, tiyn(115_000n)))
    await synced()
    const discrepancyId = snapshot().discrepancies[0]?.discrepancyId ?? ''
    const agency = { role: 'agency', owner: 'almaly-education', keyId: 'agency' } as const
    await world.atLedger(async (work) => {
      await openAppeal(work, { role: 'terminal', owner: 'till-1' }, discrepancyId, 'the child ate here')
      expect(await decideAppeal(work, agency, discrepancyId, 'accepted', 'so it was')).toMatchObject({ kind: 'done' })
    })
    await synced()
    expect(snapshot().discrepancies).toMatchObject([{ standing: 'accepted' }])
    expect(left(saleId)).toEqual([
      [115_000n, 0n],
      [0n, juicePrice],
    ])
    expect(refundAll(saleId)).toEqual({ ok: true })
    await pass(1_000)
    expect(returned(saleId)).toMatchObject([{ cash: juicePrice, refunds: [{ state: 'done', code: null }] }])
    expect(atLedger()).toMatchObject([{ state: 'done', amount: 115_000, moved: 115_000 }])
    expect(left(saleId)).toEqual([
      [0n, 0n],
      [0n, 0n],
    ])
  })

  it('because it was given up before the end: cash paid all of it, and all of it goes back', async () => {
    world.network.authorisations = 'lose_answer'
    expect(command({ command: 'add_item', itemId: 'school-lunch' })).toEqual({ ok: true })
    command({ command: 'pay_by_card' })
    world.station.layCard(onlineCard)
    await pass(30_000)
    world.station.pullCard()
    const saleId = snapshot().sale?.saleId ?? ''
    const [tender] = core().journal.tendersOfSale(saleId)
    expect(core().journal.tendersOfSale(saleId)).toMatchObject([{ state: 'unknown' }])
    world.network.all = 'refused'
    expect(command({ command: 'cancel_unknown', tenderId: tender?.tenderId ?? '' })).toEqual({ ok: true })
    expect(command({ command: 'pay_cash' })).toEqual({ ok: true })
    expect(core().journal.tendersOfSale(saleId)).toMatchObject([{ state: 'reversing' }, { kind: 'cash' }])
    world.network.authorisations = null
    await synced()
    expect(core().journal.tendersOfSale(saleId)).toMatchObject([{ state: 'reversed' }, { kind: 'cash' }])
    command({ command: 'next_customer' })
    expect(left(saleId)).toEqual([[0n, 115_000n]])
    expect(snapshot().refund).toMatchObject({ obstacles: [] })
    expect(refundAll(saleId)).toEqual({ ok: true })
  })
})

describe('a refund of which the ledger does not say', () => {
  it('has a first slip when the customer will not wait, and a copy that says how it ended', async () => {
    const saleId = await sell(['school-lunch', 'juice'], lunchCard)
    world.network.all = 'lose_request'
    expect(refundAll(saleId)).toEqual({ ok: true })
    const [returnedNow] = returned(saleId)
    expect(returnedNow).toMatchObject({ refunds: [{ state: 'waiting' }], printed: 'none' })
    expect(command({ command: 'print_refund', returnId: returnedNow?.returnId ?? '' })).toEqual({ ok: true })
    await pass(1_000)
    expect(returned(saleId)).toMatchObject([{ printed: 'printed' }])
    expect(slips()).toBe(1)
    world.network.all = 'up'
    await pass(60_000)
    expect(returned(saleId)).toMatchObject([{ refunds: [{ state: 'done' }], printed: 'printed' }])
    expect(slipCopies()).toEqual([false, true])
  })

  it('because it was set aside is shown as that, with why, and has its slip', async () => {
    const saleId = await sell(['school-lunch', 'juice'], lunchCard)
    world.network.all = 'lose_request'
    expect(refundAll(saleId)).toEqual({ ok: true })
    const refundId = returned(saleId)[0]?.refunds[0]?.refundId ?? ''
    core().journal.commit({ kind: 'item_parked', itemId: refundId, why: 'rule_violated' })
    await pass(1_000)
    expect(returned(saleId)).toMatchObject([
      { refunds: [{ state: 'parked', code: 'rule_violated' }], printed: 'printed' },
    ])
    expect(slips()).toBe(1)
    world.network.all = 'up'
    core().journal.commit({ kind: 'parked_tried_again' })
    await pass(60_000)
    expect(returned(saleId)).toMatchObject([{ refunds: [{ state: 'done', code: null }], printed: 'printed' }])
    expect(slipCopies()).toEqual([false, true])
  })
})

describe('a refund that the ledger refuses', () => {
  it('says why, gives nothing back, and may be asked for again', async () => {
    const saleId = await sell(['school-lunch'], lunchCard)
    await world.emptyAccounts()
    expect(refundAll(saleId)).toEqual({ ok: true })
    await pass(1_000)
    expect(returned(saleId)).toMatchObject([{ refunds: [{ state: 'refused', code: 'INSUFFICIENT_FUNDS' }] }])
    expect(atLedger()).toMatchObject([{ state: 'refused', moved: 0 }])
    expect(snapshot().recent[0]).toMatchObject({ refundable: true, voidable: true, wentBack: 0n })
    expect(refundAll(saleId)).toEqual({ ok: true })
  })
})

describe('the shift in which goods come back', () => {
  const report = () => {
    const { report: shown } = snapshot().shift
    if (shown === null) throw new Error('no report is shown')
    return shown
  }

  it('counts what went back, its cash out of the drawer; what waited is a difference of the closed shift', async () => {
    const saleId = await sell(['school-lunch', 'juice'], lunchCard)
    command({ command: 'show_refund', saleId })
    const juice = snapshot().refund?.lines[1]?.unitPrice ?? tiyn(0n)
    const ofLine = (line: number, amount: Tiyn): Command => ({
      command: 'refund_sale',
      saleId,
      lines: [{ line, amount }],
      reason: 'goods_returned',
    })
    expect(command(ofLine(2, juice))).toEqual({ ok: true })
    world.network.all = 'lose_request'
    expect(command(ofLine(1, tiyn(115_000n)))).toEqual({ ok: true })
    command({ command: 'x_report' })
    const { drawer, ...x } = report().figures
    expect(x).toMatchObject({
      sales: { count: 1 },
      refunds: { count: 1, amount: juice },
      refundsWaiting: { count: 1, amount: 115_000n },
    })
    expect(drawer).toMatchObject({ taken: juice, refunded: juice, expected: drawer.openingFloat, beyond: 0n })
    expect(command({ command: 'close_shift', counted: drawer.expected })).toEqual({ ok: true })
    const { figures: z, differences } = report()
    expect(differences).toEqual([])
    world.network.all = 'up'
    await pass(60_000)
    expect(report().figures).toEqual(z)
    const [difference, ...others] = report().differences
    expect(others).toEqual([])
    expect(difference).toMatchObject({ kind: 'refund', was: 'waiting', is: 'done', amount: 115_000n, code: null })
    expect(core().journal.rowAt(difference?.row ?? 0).row).toMatchObject({ kind: 'item_answered' })
  })

  it('says how much was given beyond the drawer, when an earlier sale comes back to an empty one', async () => {
    const saleId = await sell(['juice'], null)
    command({ command: 'close_shift', counted: tiyn(0n) })
    expect(command({ command: 'open_shift', cashier: 1, pin: testPin, openingFloat: tiyn(0n) })).toEqual({ ok: true })
    expect(refundAll(saleId)).toEqual({ ok: true })
    command({ command: 'x_report' })
    const { drawer } = report().figures
    expect(drawer).toMatchObject({ expected: 0n, beyond: drawer.refunded })
    expect(drawer.refunded).toBeGreaterThan(0n)
  })
})

describe('the number on a receipt', () => {
  it('finds its sale, and says when there is none', async () => {
    const saleId = await sell(['juice'], null)
    expect(command({ command: 'find_receipt', receipt: saleId.slice(-8) })).toEqual({ ok: true })
    expect(snapshot().refund).toMatchObject({ saleId, number: saleId.slice(-8) })
    expect(command({ command: 'put_refund_away' })).toEqual({ ok: true })
    expect(snapshot().refund).toBeNull()
    const other = saleId.slice(-8) === '00000000' ? '00000001' : '00000000'
    expect(command({ command: 'find_receipt', receipt: other })).toEqual({ ok: false, fault: 'receipt_unknown' })
  })
})
