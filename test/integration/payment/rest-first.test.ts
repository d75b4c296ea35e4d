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
import { chip, issueChip, pin, type Issued } from './counting-chip.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

/** On whose label the card of these stories is laid. */
const label = 'Forged Pupil 01'
const [bread, juice, lunch] = [18_000, 35_000, 115_000]
let world: WalkWorld
let card: Issued

beforeEach(async () => {
  card = chip()
  world = await prepared.open(undefined, (own, of) => (of === label ? card.faulty : own))
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
const debited = () => card.log.flatMap((entry) => (entry.kind === 'debit' ? [Number(entry.amount)] : []))
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

  it('in the cashier’s hand is taken once the torn card has shown that it has paid', async () => {
    await asksForRest('bread', 'juice')
    const lost: CardFault = { kind: 'answer-lost' }
    // It lies there in its presence still: slots are read again, and SPEND is the second of its commands.
    card.faulty.arm(lost, 2)
    does({ command: 'rest_by_cash' })
    await pass(8_000)
    expect(screen().tap).toMatchObject({ state: 'torn', mayBeDebited: true })
    expect(tenders()?.some((tender) => tender.startsWith('cash'))).not.toBe(true)
    card.faulty.disarm()
    await lays()
    expect(debited()).toEqual([bread])
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

  it('bounds every other card too: what comes in its place pays no more than is left', async () => {
    const had = wallet()
    await asksForRest('bread', 'school-lunch')
    does({ command: 'rest_by_qr' })
    await pass(1_000)
    world.station.pullCard()
    expect(await walletPays(shownRequest())).toBe('held')
    // A pupil's voucher for the lunch, 1 150 ₸, where 180 ₸ are left.
    await lays('Pupil 01')
    await pass(20_000)
    expect(tenders()).toEqual([`qr ${lunch} settled`, `voucher ${bread} settled`])
    expect([had - wallet(), debited()]).toEqual([lunch, []])
  })
})
