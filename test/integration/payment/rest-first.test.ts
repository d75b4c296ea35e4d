/**
 * What a card that counts itself leaves to pay is collected before the card is debited (money-rules.md, "One payment";
 * docs/design/26, "The rest first"). Method: a real till with its journal on the disk, the real ledger, a virtual card
 * that shares no code with either; what was debited is read from the card's own log.
 */
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../../../ledger-sim/context.ts'
import { payRequest } from '../../../ledger-sim/payments/request-payments.ts'
import type { CardFault } from '../../../hardware-mocks/cards/faults.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { cardFood, chip, issueChip, issued, openScheme, pin, schemeId, type Issued } from './counting-chip.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

/** On whose labels the cards of these stories are laid. */
const label = 'Forged Pupil 01'
const otherLabel = 'Pupil 02'
const [bread, juice, lunch] = [18_000, 35_000, 115_000]
let world: WalkWorld
let card: Issued
/** Of somebody who has food and drinks on one card. */
let other: Issued

beforeEach(async () => {
  card = chip()
  other = chip()
  const chips: Record<string, Issued> = { [label]: card, [otherLabel]: other }
  world = await prepared.open(undefined, (own, of) => chips[of]?.faulty ?? own)
  await issueChip(world, card)
})
afterEach(() => world.close())

const core = () => {
  const { core: alive } = world.station
  if (alive === undefined) throw new Error('the till is off')
  return alive
}
const screen = () => core().till.snapshot()
const does = (command: Command) => expect(core().till.command(command), command.command).toEqual({ ok: true })
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
const debited = (of = card) => of.log.flatMap((entry) => (entry.kind === 'debit' ? [Number(entry.amount)] : []))
const onScreen = () => screen().sale?.tenders.map(({ kind, state }) => `${kind} ${state}`)
const tenders = () => screen().recent[0]?.tenders.map(({ kind, amount, state }) => `${kind} ${amount} ${state}`)

async function lays(whose = label): Promise<void> {
  world.station.pullCard()
  world.station.layCard(whose)
  await pass(8_000)
}

async function asksForRest(...items: readonly string[]): Promise<void> {
  for (const itemId of items) does({ command: 'add_item', itemId })
  does({ command: 'pay_by_card' })
  await lays()
  expect(screen().tap.state).toBe('rest')
}

function shownRequest(): string {
  const { tap } = screen()
  const id = tap.state === 'qr' ? /0136([0-9a-f-]{36})/.exec(tap.text ?? '')?.[1] : undefined
  if (id === undefined) throw new Error(`the screen shows ${tap.state}, and no QR`)
  return id
}

async function walletPays(requestId: string): Promise<string> {
  let word = ''
  await world.atLedger(async (work) => {
    const caller = { keyId: '', role: 'individual', owner: 'individual-1' } as const
    const paid = await payRequest(work, caller, { paymentId: newId(work), requestId, payer: 'individual-1' })
    word = paid.kind === 'paid_back' ? `paid back: ${paid.reason}` : paid.kind
  })
  await pass(3_000)
  return word
}

/** What the wallet has, in tiyn, without what is set aside. */
function wallet(): number {
  const database = new Database(world.ledgerFile, { readonly: true })
  try {
    const sql = `SELECT balance - (SELECT coalesce(sum(amount), 0) FROM hold
      WHERE debit = account_id AND state = 'pending' AND expires_at > ?) AS has
      FROM account WHERE account_id = 'individual-1'`
    return Number((database.prepare(sql).get(world.time.now) as { has: number }).has)
  } finally {
    database.close()
  }
}

describe('what a card that counts itself leaves', () => {
  it('is taken in cash before the card is debited, and both close the sale', async () => {
    await asksForRest('bread', 'juice')
    expect(screen().tap).toMatchObject({ amount: BigInt(bread), rest: BigInt(juice) })
    expect(screen().actions).toEqual(expect.arrayContaining(['rest_by_cash', 'rest_by_qr', 'rest_later']))
    expect(debited()).toEqual([])
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(screen().tap).toMatchObject({ state: 'approved', look: 'settled' })
    expect(debited()).toEqual([bread])
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })

  it('is nothing where the card pays for all of it', async () => {
    does({ command: 'add_item', itemId: 'bread' })
    does({ command: 'pay_by_card' })
    await lays()
    expect(screen().tap.state).toBe('approved')
    expect(debited()).toEqual([bread])
  })

  it('is asked for once: the card may be taken away meanwhile, and asks for its PIN when it is back', async () => {
    await asksForRest('bread', 'bread', 'juice')
    world.station.pullCard()
    await pass(500)
    does({ command: 'rest_by_cash' })
    await pass(500)
    expect(screen().tap).toEqual({ state: 'tap', hint: 'card_again' })
    await lays()
    expect(screen().tap).toMatchObject({ state: 'pin', amount: BigInt(2 * bread) })
    does({ command: 'give_pin', pin })
    await pass(8_000)
    expect(debited()).toEqual([2 * bread])
    expect(tenders()).toEqual([`voucher ${2 * bread} settled`, `cash ${juice} settled`])
  })

  it('is paid after the card where the cashier says so', async () => {
    await asksForRest('bread', 'juice')
    does({ command: 'rest_later' })
    await pass(8_000)
    expect(debited()).toEqual([bread])
    expect(screen().sale).toMatchObject({ leftToPay: BigInt(juice), open: false })
    does({ command: 'pay_cash' })
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })

  it('and is not there: nothing is debited, and nothing is written down', async () => {
    const { sequence } = core().journal.head
    await asksForRest('bread', 'juice')
    does({ command: 'cancel_payment' })
    does({ command: 'cancel_sale' })
    await pass(5_000)
    expect(debited()).toEqual([])
    const kinds = [...core().journal.rows()].filter((row) => row.sequence > sequence).map(({ row }) => row.kind)
    expect(kinds.filter((kind) => /^(sale|tender|cash)/.test(kind))).toEqual([])
  })

  it('is the customer’s again while a torn card is looked for, and is asked for when it has paid', async () => {
    await asksForRest('bread', 'juice')
    const lost: CardFault = { kind: 'answer-lost' }
    // It lies there in its presence still: slots are read again, and SPEND is the second of its commands.
    card.faulty.arm(lost, 2)
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(screen().tap).toMatchObject({ state: 'torn', mayBeDebited: true })
    expect(onScreen()).toEqual(['voucher maybe_debited'])
    card.faulty.disarm()
    await lays()
    expect(debited()).toEqual([bread])
    expect(onScreen()).toEqual(['voucher settled'])
    does({ command: 'pay_cash' })
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })

  it('is nobody’s word any more after a stop: the paid part stands, and the rest is asked for', async () => {
    await asksForRest('bread', 'juice')
    card.faulty.arm({ kind: 'answer-lost' }, 2)
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    card.faulty.disarm()
    world.station.kill()
    world.station.start()
    await pass(3_000)
    await lays()
    expect(debited()).toEqual([bread])
    expect(screen().sale).toMatchObject({ leftToPay: BigInt(juice) })
    does({ command: 'pay_cash' })
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })
})

describe('by QR, what the card leaves', () => {
  it('is held first, then the card is wanted, and the sale is closed with both', async () => {
    const had = wallet()
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    expect(screen().tap).toMatchObject({ state: 'qr', amount: BigInt(juice) })
    world.station.pullCard()
    expect(await walletPays(shownRequest())).toBe('held')
    expect(screen().tap).toEqual({ state: 'tap', hint: 'card_again' })
    expect(debited()).toEqual([])
    await lays()
    expect(debited()).toEqual([bread])
    await pass(20_000)
    expect(tenders()).toEqual([`qr ${juice} settled`, `voucher ${bread} settled`])
    expect(had - wallet()).toBe(juice)
  })

  it('is held, and the card that lies there still pays by itself', async () => {
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    // Nobody is told to move it, and it is asked for nothing.
    expect(screen().tap).toMatchObject({ state: 'qr', card: null })
    expect(await walletPays(shownRequest())).toBe('held')
    await pass(20_000)
    expect(debited()).toEqual([bread])
    expect(tenders()).toEqual([`qr ${juice} settled`, `voucher ${bread} settled`])
  })

  it('goes back to the wallet whole where the card does not come', async () => {
    const had = wallet()
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    world.station.pullCard()
    expect(await walletPays(shownRequest())).toBe('held')
    expect(had - wallet()).toBe(juice)
    does({ command: 'cancel_sale' })
    await pass(20_000)
    expect([had - wallet(), debited(), screen().sale]).toEqual([0, [], null])
  })

  it('that nobody pays leaves card and sale as they were', async () => {
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(5 * 60_000 + 5_000)
    expect(screen().tap).toEqual({ state: 'refused', code: 'QR_NOT_PAID' })
    does({ command: 'pay_by_card' })
    await lays()
    expect(screen().tap).toMatchObject({ state: 'rest', rest: BigInt(juice) })
    expect(debited()).toEqual([])
  })

  it('without network is refused, and the card is not debited', async () => {
    await asksForRest('bread', 'juice')
    world.network.all = 'refused'
    await pass(60_000)
    does({ command: 'rest_by_qr' })
    await pass(3_000)
    expect(screen().tap).toEqual({ state: 'refused', code: 'LEDGER_UNREACHABLE' })
    expect(debited()).toEqual([])
  })

  it('is held over a stop: the sale is on the screen again, and the card pays its part', async () => {
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    world.station.pullCard()
    await walletPays(shownRequest())
    world.station.kill()
    world.station.start()
    await pass(3_000)
    expect(screen().sale).toMatchObject({ leftToPay: BigInt(bread), open: false })
    does({ command: 'pay_by_card' })
    await lays()
    expect(debited()).toEqual([bread])
    await pass(20_000)
    expect(tenders()).toEqual([`qr ${juice} settled`, `voucher ${bread} settled`])
  })

  it('is not paid twice: a card that comes in its place and would pay more than is left is refused', async () => {
    const had = wallet()
    await asksForRest('bread', 'school-lunch')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    world.station.pullCard()
    expect(await walletPays(shownRequest())).toBe('held')
    // A pupil's only lunch, 1 150 ₸, where 180 ₸ are left: it would be used up for them.
    await lays('Pupil 01')
    expect(screen().tap).toEqual({ state: 'refused', code: 'QR_LEAVES_LESS' })
    expect(onScreen()).toEqual(['qr held'])
    does({ command: 'cancel_sale' })
    await pass(20_000)
    expect([had - wallet(), debited()]).toEqual([0, []])
  })
})

describe('a card that pays at several taps', () => {
  const drinks = 'card-drinks'
  beforeEach(async () => {
    await world.atLedger(async (work) => {
      const food = cardFood(work.now)
      const goods: Scheme['goods'] = [
        { goods: { by: 'category', categories: ['drinks'] }, unitsPerPiece: 1, pays: { kind: 'whole' } },
      ]
      const offline = { ...food.offline, pinAbove: null }
      // Before food: it pays first.
      await openScheme(work, { ...food, schemeId: drinks, order: 8, goods, offline } as Scheme)
      await issued(work, other, 'Another card holder', [schemeId, drinks])
    })
    await pass(60_000)
  })

  it('leaves what none of its taps pays: the cashier is asked once, and the cash is taken after the last', async () => {
    for (const itemId of ['bread', 'juice', 'school-lunch']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    expect(screen().tap).toMatchObject({ state: 'rest', amount: BigInt(bread + juice), rest: BigInt(lunch) })
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(screen().tap).toMatchObject({ state: 'approved', amount: BigInt(juice) })
    expect(onScreen()).toEqual(['voucher settled'])
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    expect(debited(other)).toEqual([juice, bread])
    expect(tenders()).toEqual([`voucher ${juice} settled`, `voucher ${bread} settled`, `cash ${lunch} settled`])
  })

  it('is another card than the one of which the rest was asked: its own rest is asked for', async () => {
    for (const itemId of ['bread', 'juice', 'school-lunch']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    world.station.pullCard()
    await pass(500)
    does({ command: 'rest_by_cash' })
    await lays(label)
    expect(screen().tap).toMatchObject({ state: 'rest', amount: BigInt(bread), rest: BigInt(juice + lunch) })
    // And laid in its place while the rest is asked for.
    await lays(otherLabel)
    expect(screen().tap).toMatchObject({ state: 'rest', rest: BigInt(lunch) })
    expect([debited(), debited(other)]).toEqual([[], []])
  })

  it('pays no more than a QR leaves, also where that is less than its first scheme would pay', async () => {
    await asksForRest('bread', 'juice')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    world.station.pullCard()
    expect(await walletPays(shownRequest())).toBe('held')
    await lays(otherLabel)
    expect(screen().tap).toEqual({ state: 'refused', code: 'QR_LEAVES_LESS' })
    expect(debited(other)).toEqual([])
    does({ command: 'pay_by_card' })
    await lays()
    expect(debited()).toEqual([bread])
  })

  it('is asked anew where what it leaves changes while its PIN is typed', async () => {
    for (const itemId of ['bread', 'bread', 'juice', 'school-lunch']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(debited(other)).toEqual([juice])
    does({ command: 'pay_by_card' })
    await lays(otherLabel)
    expect(screen().tap.state).toBe('pin')
    world.network.all = 'refused'
    const { till } = core()
    const real = till.currentSale.bind(till)
    // As if a tiyn of it had been paid meanwhile.
    till.currentSale = () => ({ ...real(), left: tiyn(real().left - 1n) })
    does({ command: 'give_pin', pin })
    await pass(3_000)
    till.currentSale = real
    expect(debited(other)).toEqual([juice])
  })
})

describe('the cashier’s word', () => {
  it('is not heard before anybody can have read what it is about', async () => {
    for (const itemId of ['bread', 'juice']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    world.station.layCard(label)
    while (screen().tap.state !== 'rest') await pass(20)
    for (const word of ['rest_by_cash', 'rest_by_qr', 'rest_later'] as const)
      expect(core().till.command({ command: word }), word).toEqual({ ok: false, fault: 'not_now' })
    expect(screen().tap.state).toBe('rest')
    await pass(700)
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })

  it('is not asked for where the card cannot pay: its PIN is blocked', async () => {
    for (const itemId of ['bread', 'bread']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays()
    for (let tries = 0; tries < 5; tries += 1) {
      does({ command: 'give_pin', pin: '1111' })
      await pass(3_000)
    }
    expect(screen().tap).toEqual({ state: 'refused', code: 'CARD_PIN_BLOCKED' })
    does({ command: 'cancel_sale' })
    for (const itemId of ['bread', 'bread', 'juice']) does({ command: 'add_item', itemId })
    does({ command: 'pay_by_card' })
    await lays()
    expect(screen().tap).toEqual({ state: 'refused', code: 'CARD_PIN_BLOCKED' })
  })

  it('is given once: cash that a full disk could not take is taken by the cashier, and never by itself', async () => {
    await asksForRest('bread', 'juice')
    const { journal } = core()
    const real = journal.commit.bind(journal)
    journal.commit = (...rows) => {
      if (rows.some(({ kind }) => kind === 'cash_taken'))
        throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
      return real(...rows)
    }
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(screen().lights.till.code).toBe('journal_not_writable')
    expect(screen().sale).toMatchObject({ leftToPay: BigInt(juice), open: false })
    journal.commit = real
    await pass(10 * 60_000)
    expect(onScreen()).toEqual(['voucher settled'])
    does({ command: 'pay_cash' })
    expect(tenders()).toEqual([`voucher ${bread} settled`, `cash ${juice} settled`])
  })
})
