/**
 * A torn payment is put aside, the next customer is served, and its card comes back or never does. Method: a real till
 * with the real ledger; a virtual NTAG 424 pays by its proof, a counting card by its own debit. What was paid is read
 * from the ledger's database and the card's log.
 */
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { setLeasePolicy } from '../../../ledger-sim/leases/policy.ts'
import { demoPseudonym } from '../../../ledger-sim/scenarios/demo.ts'
import type { Command } from '../../../src/terminal/contract/index.ts'
import { chip, issueChip, type Issued } from './counting-chip.ts'
import { PreparedWorld, worldSeed, type WalkWorld } from './prepared-world.ts'

/** The demonstration's policies lend no till its allowance. */
const unleasedFamily = 'Family 05'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
afterEach(() => world.close())

const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
const core = () => {
  const { core: alive } = world.station
  if (alive === undefined) throw new Error('the till is off')
  return alive
}
const snapshot = () => core().till.snapshot()
const command = (asked: Command) => core().till.command(asked)
const done = (asked: Command) => expect(command(asked)).toEqual({ ok: true })
const tap = () => snapshot().tap.state
const torn = () => snapshot().torn.map(({ state }) => state)
const tenders = () => {
  const database = new Database(world.ledgerFile, { readonly: true })
  try {
    return database.prepare('SELECT state, paid_by FROM tender ORDER BY tender_id').all()
  } finally {
    database.close()
  }
}

/** Rings up and pays by a card that is held for so long; what the screen says then. */
async function taps(itemId: string, label: string, heldMs = 8_000): Promise<string> {
  done({ command: 'add_item', itemId })
  done({ command: 'pay_by_card' })
  return tapsAgain(label, heldMs)
}

async function tapsAgain(label: string, heldMs = 8_000): Promise<string> {
  world.station.layCard(label)
  await pass(heldMs)
  world.station.pullCard()
  await pass(2_000)
  return tap()
}

/** Holds the card a little longer each time, until it is torn. */
async function tears(itemId: string, label: string): Promise<void> {
  for (let heldMs = 10; (await taps(itemId, label, heldMs)) !== 'torn'; heldMs += 10) {
    if (heldMs > 600) throw new Error('the card is never torn')
    command({ command: 'cancel_payment' })
    done({ command: 'cancel_sale' })
  }
}

/** The next customer, in cash. */
function servesAnother(): void {
  done({ command: 'serve_next_meanwhile' })
  expect(snapshot().sale).toBeNull()
  done({ command: 'add_item', itemId: 'juice' })
  done({ command: 'pay_cash' })
  done({ command: 'next_customer' })
}

describe('a card that proves', () => {
  it('pays for its own sale when that is taken up again, once', async () => {
    world = await prepared.open()
    await tears('school-lunch', 'Pupil 01')
    const { sale } = snapshot()
    servesAnother()
    const [open] = snapshot().unresolved
    expect(open).toMatchObject({ saleId: sale?.saleId, state: 'torn' })
    expect(snapshot().torn.at(0)).toMatchObject({ saleNumber: sale?.saleId.slice(-8), state: 'torn' })
    // Nothing is rung up over it, and nothing that is rung up is lost by it.
    done({ command: 'add_item', itemId: 'juice' })
    expect(snapshot().actions).not.toContain('take_up_torn')
    const tenderId = open?.tenderId ?? ''
    expect(command({ command: 'take_up_torn', tenderId })).toEqual({ ok: false, fault: 'not_now' })
    done({ command: 'cancel_sale' })

    done({ command: 'take_up_torn', tenderId })
    expect(snapshot()).toMatchObject({ tap: { state: 'torn' }, sale: { saleId: sale?.saleId }, unresolved: [] })
    // Another card does not pay for it.
    expect(await tapsAgain('Pupil 02')).toBe('torn')
    expect(await tapsAgain('Pupil 01')).toBe('approved')
    await pass(60_000)
    expect(tenders()).toEqual([{ state: 'settled', paid_by: 'escrow' }])
    expect(torn().at(0)).toBe('settled')
    // It is no torn payment any more.
    done({ command: 'next_customer' })
    expect(command({ command: 'take_up_torn', tenderId })).toEqual({ ok: false, fault: 'not_now' })
  })

  it('that is put aside counts as spent, over a restart too, until it is given up', async () => {
    world = await prepared.open()
    await tears('school-lunch', 'Pupil 01')
    servesAnother()
    expect(await taps('school-lunch', 'Pupil 01')).toBe('refused')
    done({ command: 'cancel_sale' })
    world.station.kill()
    world.station.start()
    await pass(5_000)
    // As any torn sale of before the stop it is on the screen, and can be put aside again.
    expect(tap()).toBe('torn')
    done({ command: 'serve_next_meanwhile' })
    const [open] = snapshot().unresolved
    done({ command: 'cancel_unknown', tenderId: open?.tenderId ?? '' })
    await pass(1_000)
    expect(torn().at(0)).toBe('voided')
    expect(core().journal.sale(open?.saleId ?? '')?.state).toBe('cancelled')
    expect(await taps('school-lunch', 'Pupil 01')).toBe('approved')
    await pass(60_000)
    expect(tenders()).toEqual([{ state: 'settled', paid_by: 'escrow' }])
  })

  it('is not another one that was left lying while its sale was put aside', async () => {
    world = await prepared.open()
    world.network.all = 'refused'
    done({ command: 'sync_now' })
    await pass(5_000)
    await tears('school-lunch', 'Pupil 01')
    world.station.layCard('Pupil 02')
    await pass(8_000)
    expect(snapshot().tap).toMatchObject({ state: 'torn', hint: 'other_card' })
    servesAnother()
    world.network.all = 'up'
    await pass(60_000)
    done({ command: 'take_up_torn', tenderId: snapshot().unresolved[0]?.tenderId ?? '' })
    await pass(8_000)
    expect(tap()).toBe('torn')
    world.station.pullCard()
    await pass(1_000)
    expect(await tapsAgain('Pupil 01')).toBe('approved')
    await pass(60_000)
    expect(tenders()).toEqual([{ state: 'settled', paid_by: 'escrow' }])
  })

  it('that comes back when its slot lies in a later lease is paid from that one', async () => {
    world = await prepared.open()
    const minuteMs = 60_000
    await world.atLedger((work) =>
      setLeasePolicy(work, {
        terminalId: 'till-1',
        schemeId: 'food-voucher',
        beneficiaries: [demoPseudonym(worldSeed, 'food-voucher', unleasedFamily)],
        sellForMs: 4 * minuteMs,
        presentForMs: minuteMs,
        periods: 1,
      }),
    )
    await pass(minuteMs)
    const leaseOf = () => {
      const leases = core().journal.activePackage()?.package.leases ?? []
      return leases.findLast(({ schemeId, sellUntil }) => schemeId === 'food-voucher' && sellUntil > world.time.now)
    }
    const noNetwork = async () => {
      world.network.all = 'refused'
      done({ command: 'sync_now' })
      await pass(5_000)
    }
    await noNetwork()
    await tears('bread', unleasedFamily)
    const first = leaseOf()?.leaseId
    const [{ tenderId } = { tenderId: '' }] = core().journal.tendersInState('torn')
    servesAnother()
    world.network.all = 'up'
    await pass(10 * minuteMs)
    await noNetwork()
    const later = leaseOf()?.leaseId
    expect(new Set([first, later, undefined]).size).toBe(3)
    done({ command: 'take_up_torn', tenderId })
    expect(await tapsAgain(unleasedFamily)).toBe('approved')
    expect(core().journal.lastRow('approved_offline')?.row.leaseId).toBe(later)
    world.network.all = 'up'
    await pass(minuteMs)
    expect(tenders()).toEqual([{ state: 'settled', paid_by: 'escrow' }])
  })

  it('is refused without network when this till has meanwhile heard that it is blocked', async () => {
    world = await prepared.open()
    world.network.all = 'refused'
    done({ command: 'sync_now' })
    await pass(5_000)
    await tears('school-lunch', 'Pupil 01')
    servesAnother()
    await world.blockCard('Pupil 01')
    world.network.all = 'up'
    await pass(10 * 60_000)
    world.network.all = 'refused'
    done({ command: 'sync_now' })
    await pass(5_000)
    done({ command: 'take_up_torn', tenderId: snapshot().unresolved[0]?.tenderId ?? '' })
    expect(await tapsAgain('Pupil 01')).toBe('refused')
    expect(snapshot().tap).toMatchObject({ code: 'CARD_BLOCKED' })
    expect(tenders()).toEqual([])
  })
})

describe('a card that counts itself', () => {
  const label = 'Forged Pupil 01'
  let card: Issued
  async function open(): Promise<void> {
    card = chip()
    world = await prepared.open(undefined, (own, of) => (of === label ? card.faulty : own))
    await issueChip(world, card)
    expect(await taps('bread', label)).toBe('approved')
    done({ command: 'next_customer' })
    card.faulty.arm({ kind: 'answer-lost' }, 9)
    expect(await taps('bread', label)).toBe('torn')
    card.faulty.disarm()
    servesAnother()
    expect(snapshot().unresolved).toMatchObject([{ state: 'maybe_debited' }])
  }
  const debits = () => card.log.filter(({ kind }) => kind === 'debit').length

  it('gives its record when its sale is taken up again, and pays once', async () => {
    await open()
    done({ command: 'take_up_torn', tenderId: snapshot().unresolved[0]?.tenderId ?? '' })
    expect(await tapsAgain(label)).toBe('approved')
    await pass(60_000)
    expect(debits()).toBe(2)
    expect(tenders()).toMatchObject([{ state: 'settled' }, { state: 'settled' }])
    expect(torn()).toEqual(['settled'])
  })

  it('gives it too when it is held for something else: that closes it, and nothing more is taken unasked', async () => {
    await open()
    const [{ saleId, tenderId } = { saleId: '', tenderId: '' }] = snapshot().unresolved
    expect(await taps('bread', label)).toBe('refused')
    expect(snapshot().tap).toMatchObject({ code: 'CARD_PAID_EARLIER' })
    expect(debits()).toBe(2)
    expect(core().journal.sale(saleId)?.state).toBe('closed')
    // Other goods: the card is held again.
    done({ command: 'pay_by_card' })
    expect(await tapsAgain(label)).toBe('approved')
    await pass(60_000)
    expect(snapshot().recent.find((sale) => sale.saleId === saleId)?.receipt).not.toBe('none')
    expect(debits()).toBe(3)
    expect(tenders()).toMatchObject([{ state: 'settled' }, { state: 'settled' }, { state: 'settled' }])
    expect(snapshot().unresolved).toEqual([])
    expect(core().journal.tender(tenderId)?.state).toBe('settled')
    // Nobody but the cashier knows whether its first goods were given, and a restart does not forget the question.
    const asked = { saleId, saleNumber: saleId.slice(-8), goods: [{ en: 'Bread' }], back: 'void' }
    expect(snapshot().goodsAsked).toMatchObject([asked])
    world.station.kill()
    world.station.start()
    await pass(5_000)
    expect(snapshot().goodsAsked).toMatchObject([asked])
    done({ command: 'goods_given', saleId })
    expect(snapshot().goodsAsked).toEqual([])
    expect(command({ command: 'goods_given', saleId })).toEqual({ ok: false, fault: 'not_now' })
  })

  it('is given back what it paid for goods that nobody has', async () => {
    await open()
    const [{ saleId } = { saleId: '' }] = snapshot().unresolved
    expect(await taps('bread', label)).toBe('refused')
    done({ command: 'cancel_sale' })
    done({ command: 'void_sale', saleId })
    expect(snapshot().goodsAsked).toEqual([])
    await pass(60_000)
    expect(tenders()).toMatchObject([{ state: 'settled' }, { state: 'reversed' }])
  })

  it('that pays its sale on the screen leaves nothing to ask', async () => {
    await open()
    done({ command: 'take_up_torn', tenderId: snapshot().unresolved[0]?.tenderId ?? '' })
    expect(await tapsAgain(label)).toBe('approved')
    done({ command: 'next_customer' })
    expect(snapshot().goodsAsked).toEqual([])
  })

  it('that never comes back stays on the list after it was given up, until the ledger knows', async () => {
    await open()
    const [{ saleId, tenderId } = { saleId: '', tenderId: '' }] = snapshot().unresolved
    done({ command: 'cancel_unknown', tenderId })
    await pass(60_000)
    expect(snapshot().unresolved).toEqual([])
    expect(core().journal.sale(saleId)?.state).toBe('cancelled')
    expect(snapshot().torn).toMatchObject([
      { tenderId, state: 'advised', cardLastFour: expect.stringMatching(/^.{4}$/) },
    ])
    // Its next record proves it: its sale is over, so it is given back.
    expect(await taps('bread', label)).toBe('approved')
    await pass(60_000)
    expect(torn()).toEqual(['reversed'])
  })
})
