/**
 * Whole stories of cards that count themselves (docs/design/25-policy-card.md). Method: a real till with its journal on
 * the disk, the real ledger, virtual cards that share no code with either; what was debited is read from the card's own
 * log, what was paid from the ledger's database.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type CardFault } from '../../../hardware-mocks/cards/faults.ts'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { checkRun, type Report } from '../../checker/check-run.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'
import { chip, issueChip, pin, schemeId, type Issued } from './counting-chip.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
afterEach(() => world.close())

/** On whose label the card of these stories is laid. */
const shown = 'Forged Pupil 01'
let card: Issued

/** A world with the scheme, and a card that the agency's desk has made for a holder and given a PIN. */
async function open(): Promise<void> {
  card = chip()
  world = await prepared.open(undefined, (own, label) => (label === shown ? card.faulty : own))
  await issueChip(world, card)
}

const core = () => {
  const { core: alive } = world.station
  if (alive === undefined) throw new Error('the till is off')
  return alive
}
const snapshot = () => core().till.snapshot()
const command = (asked: Command) => core().till.command(asked)
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)

async function loseNetwork(): Promise<void> {
  world.network.all = 'refused'
  await pass(60_000)
}

async function findNetwork(): Promise<void> {
  world.network.all = 'up'
  await pass(60_000)
}

const said = (): string => {
  const { tap } = snapshot()
  return tap.state === 'approved' ? tap.look : tap.state === 'refused' ? tap.code : tap.state
}

function ringUp(items: readonly string[] = ['bread']): void {
  command({ command: 'cancel_payment' })
  command({ command: 'next_customer' })
  if (snapshot().sale === null) for (const itemId of items) command({ command: 'add_item', itemId })
  expect(command({ command: 'pay_by_card' })).toEqual({ ok: true })
}

/** Buys, and takes the card away again. What the screen says. */
async function taps(items: readonly string[] = ['bread'], fault?: { of: CardFault; at: number }): Promise<string> {
  ringUp(items)
  if (fault !== undefined) card.faulty.arm(fault.of, fault.at)
  return tapsAgain()
}

async function tapsAgain(label = shown): Promise<string> {
  world.station.layCard(label)
  await pass(8_000)
  const at = said()
  if (at !== 'pin') world.station.pullCard()
  card.faulty.disarm()
  await pass(500)
  return at === 'pin' ? at : said()
}

function rows(sql: string): unknown[] {
  const database = new Database(world.ledgerFile, { readonly: true })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}
const tenders = () =>
  rows(`SELECT state, paid_by, amount FROM tender WHERE scheme_id = '${schemeId}' ORDER BY tender_id`)
const debited = () => card.log.flatMap((entry) => (entry.kind === 'debit' ? [Number(entry.amount)] : []))
const inJournal = () =>
  core()
    .journal.tendersInState('settled', 'pending', 'maybe_debited', 'advised', 'reversing', 'reversed', 'voided')
    .filter(({ schemeId: of }) => of === schemeId)
    .map(({ state }) => state)

const bread = 18_000

/** What the independent checker finds in the card's own log and the ledger's database; nothing was printed. */
function checked(): Report {
  const hardwareFolder = join(dirname(world.ledgerFile), 'hardware')
  for (const folder of ['cards', 'slips']) mkdirSync(join(hardwareFolder, folder), { recursive: true })
  const lines = card.log.map((entry, index) => JSON.stringify({ sequence: index + 1, at: 0, ...entry }))
  writeFileSync(join(hardwareFolder, 'cards', 'card.log.jsonl'), `${lines.join('\n')}\n`)
  return checkRun({ ledgerFolder: dirname(world.ledgerFile), hardwareFolder })
}
const nothing = { lost: [], duplicates: [], paidWithoutCard: [], faults: [] }
const verdict = ({ lost, duplicates, paidWithoutCard, ledger }: Report) => ({
  ...{ lost, duplicates, paidWithoutCard },
  faults: ledger.faults,
})

describe('a card that counts itself', () => {
  it('fetches its allowance at the till, pays with network, and the ledger pays from its escrow at once', async () => {
    await open()
    expect(await taps()).toBe('settled')
    expect(debited()).toEqual([bread])
    expect(tenders()).toEqual([{ state: 'settled', paid_by: 'escrow', amount: bread }])
    expect(rows('SELECT * FROM discrepancy')).toEqual([])
    expect(verdict(checked())).toEqual(nothing)
    expect(rows('SELECT count(*) AS receipts FROM card_script WHERE receipt IS NOT NULL')).toEqual([{ receipts: 2 }])
    const printed = [...core().journal.rows()].filter(({ row }) => row.kind === 'receipt_requested')
    expect(printed).toHaveLength(1)
  })

  it('has nothing to pay with before it was at a till with network', async () => {
    await open()
    await loseNetwork()
    expect(await taps()).toBe('ALLOWANCE_NOT_ON_CARD')
    await findNetwork()
    expect(await taps()).toBe('settled')
    await loseNetwork()
    expect(await taps()).toBe('pending')
    expect(await taps()).toBe('pending')
    expect(debited()).toEqual([bread, bread, bread])
    await findNetwork()
    expect(tenders()).toEqual(Array.from({ length: 3 }, () => ({ state: 'settled', paid_by: 'escrow', amount: bread })))
    expect(rows('SELECT * FROM discrepancy')).toEqual([])
    expect(verdict(checked())).toEqual(nothing)
  })

  it('asks for its PIN above the scheme’s amount, and pays for the right one', async () => {
    await open()
    expect(await taps(['bread', 'bread'])).toBe('pin')
    expect(snapshot().tap).toMatchObject({ amount: BigInt(2 * bread), triesLeft: 5, wrong: false, cardLies: true })
    expect(command({ command: 'give_pin', pin: '1111' })).toEqual({ ok: true })
    await pass(3_000)
    expect(snapshot().tap).toMatchObject({ state: 'pin', triesLeft: 4, wrong: true })
    world.station.pullCard()
    await pass(500)
    expect(snapshot().tap).toMatchObject({ state: 'pin', cardLies: false })
    expect(command({ command: 'give_pin', pin })).toEqual({ ok: false, fault: 'not_now' })
    expect(await tapsAgain()).toBe('pin')
    expect(command({ command: 'give_pin', pin })).toEqual({ ok: true })
    await pass(5_000)
    expect(said()).toBe('settled')
    expect(debited()).toEqual([2 * bread])
    world.station.pullCard()
  })

  it('torn after the debit gives its record when it is back, and pays once', async () => {
    await open()
    expect(await taps()).toBe('settled')
    await loseNetwork()
    // Recognition 3, certificate, channel, identity 2, slots: SPEND is the ninth.
    expect(await taps(['bread'], { of: { kind: 'answer-lost' }, at: 9 })).toBe('torn')
    expect(snapshot().tap).toMatchObject({ mayBeDebited: true })
    expect(await tapsAgain('Pupil 02')).toBe('torn')
    expect(snapshot().tap).toMatchObject({ hint: 'other_card' })
    expect(await tapsAgain()).toBe('pending')
    expect(debited()).toEqual([bread, bread])
    await findNetwork()
    expect(tenders()).toHaveLength(2)
    expect(inJournal()).toEqual(['settled', 'settled'])
    expect(rows('SELECT * FROM discrepancy')).toEqual([])
    expect(verdict(checked())).toEqual(nothing)
  })

  it('torn, and the till killed before it was back: the same', async () => {
    await open()
    expect(await taps()).toBe('settled')
    await loseNetwork()
    expect(await taps(['bread'], { of: { kind: 'answer-lost' }, at: 9 })).toBe('torn')
    world.station.kill()
    world.station.start()
    await pass(3_000)
    expect(said()).toBe('torn')
    expect(await tapsAgain()).toBe('pending')
    expect(debited()).toEqual([bread, bread])
    await findNetwork()
    expect(inJournal()).toEqual(['settled', 'settled'])
    expect(rows('SELECT * FROM discrepancy')).toEqual([])
    expect(verdict(checked())).toEqual(nothing)
  })

  it('torn before the debit says so when it is back, and pays for the same sale', async () => {
    await open()
    expect(await taps()).toBe('settled')
    expect(await taps(['bread'], { of: { kind: 'lost-before' }, at: 9 })).toBe('torn')
    expect(await tapsAgain()).toBe('settled')
    expect(debited()).toEqual([bread, bread])
    expect(inJournal()).toEqual(['settled', 'voided', 'settled'])
    expect(tenders()).toHaveLength(2)
  })

  it('that never came back, and had paid: its next sale proves it at the ledger, and it is given back', async () => {
    await open()
    expect(await taps()).toBe('settled')
    await loseNetwork()
    expect(await taps(['bread'], { of: { kind: 'answer-lost' }, at: 9 })).toBe('torn')
    expect(command({ command: 'cancel_payment' })).toEqual({ ok: true })
    expect(command({ command: 'cancel_sale' })).toEqual({ ok: true })
    expect(inJournal()).toEqual(['settled', 'advised'])
    await findNetwork()
    expect(tenders()).toMatchObject([{ state: 'settled' }, { state: 'awaiting_proof' }])
    expect(inJournal()).toEqual(['settled', 'advised'])
    // The same card at the same till: it is asked about that payment before anything else.
    expect(await taps()).toBe('settled')
    await pass(60_000)
    expect(debited()).toEqual([bread, bread, bread])
    expect(inJournal()).toEqual(['settled', 'reversed', 'settled'])
    expect(tenders()).toMatchObject([{ state: 'settled' }, { state: 'reversed' }, { state: 'settled' }])
    expect(rows('SELECT * FROM discrepancy')).toEqual([])
    expect(verdict(checked())).toEqual(nothing)
  })

  it('that never came back, and had not paid, owes nobody anything', async () => {
    await open()
    expect(await taps()).toBe('settled')
    expect(await taps(['bread'], { of: { kind: 'lost-before' }, at: 9 })).toBe('torn')
    expect(command({ command: 'cancel_sale' })).toEqual({ ok: true })
    await pass(60_000)
    expect(inJournal()).toEqual(['settled', 'advised'])
    expect(await taps()).toBe('settled')
    await pass(60_000)
    expect(debited()).toEqual([bread, bread])
    expect(inJournal()).toEqual(['settled', 'reversed', 'settled'])
    expect(rows('SELECT * FROM discrepancy')).toEqual([])
    expect(verdict(checked())).toEqual(nothing)
  })

  it('is given back what a void took, by its next script', async () => {
    await open()
    await loseNetwork()
    await findNetwork()
    expect(await taps()).toBe('settled')
    const left = () => Number(snapshot().cardPays?.parts[0]?.amountLeft ?? 0n)
    const before = left()
    await loseNetwork()
    expect(await taps()).toBe('pending')
    const [{ saleId } = { saleId: '' }] = snapshot().recent
    expect(command({ command: 'void_sale', saleId })).toEqual({ ok: true })
    await findNetwork()
    expect(tenders()).toMatchObject([{ state: 'settled' }, { state: 'reversed' }])
    expect(await taps()).toBe('settled')
    // 180 ₸ of the voided sale are back; this one took 180 ₸.
    expect(left()).toBe(before - bread)
    expect(debited()).toEqual([bread, bread, bread])
  })

  it('that is blocked meanwhile is refused, and its script blocks the chip too', async () => {
    await open()
    expect(await taps()).toBe('settled')
    await world.atLedger(async (work) => void (await setCardStatus(work, card.name, 'blocked')))
    expect(await taps()).toBe('CARD_BLOCKED')
    await loseNetwork()
    expect(await taps()).toBe('CARD_BLOCKED')
    expect(debited()).toEqual([bread])
  })

  it('is no card of a till whose certificate is over, until that has another', async () => {
    await open()
    expect(await taps()).toBe('settled')
    await loseNetwork()
    await pass(8 * 24 * 3_600_000)
    expect(await taps()).toBe('TERMINAL_NOT_ACCEPTED')
    await findNetwork()
    expect(await taps()).toBe('settled')
  })

  it('whose presentment a broken till forgets is found by the checker, from the card’s own word', async () => {
    await open()
    expect(await taps()).toBe('settled')
    await loseNetwork()
    const { journal } = core()
    const real = journal.waitingItems.bind(journal)
    journal.waitingItems = (...asked) => real(...asked).filter((one) => !('item' in one))
    expect(await taps()).toBe('pending')
    await findNetwork()
    const [lost] = checked().lost
    expect(lost).toMatchObject({ amount: String(bread), atc: 2, reason: 'not_at_ledger' })
    journal.waitingItems = real
    await pass(60_000)
    expect(verdict(checked())).toEqual(nothing)
  })

  it('names nobody in the ledger and in the journal but by its pseudonym and its own records', async () => {
    await open()
    expect(await taps()).toBe('settled')
    expect(rows(`SELECT card FROM card WHERE card = '${card.name}'`)).toHaveLength(1)
    const intents = [...core().journal.rows()].flatMap(({ row }) => (row.kind === 'tender_intent' ? [row.card] : []))
    expect(intents).toEqual([card.name])
  })

  it('has a PIN that is nowhere: not in the journal, in no snapshot, in nothing that is logged', async () => {
    await open()
    const wrong = '85520937'
    const shows = vi.spyOn(core().till, 'snapshot')
    const writes = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')]
    const logs = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => vi.spyOn(console, name))
    try {
      expect(await taps(['bread', 'bread'])).toBe('pin')
      for (const [given, state] of [
        [wrong, 'pin'],
        [pin, 'settled'],
      ] as const) {
        expect(command({ command: 'give_pin', pin: given })).toEqual({ ok: true })
        await pass(5_000)
        expect(said()).toBe(state)
      }
      world.station.pullCard()
      await pass(60_000)
      const snapshots = shows.mock.results.map(({ value }) => value as unknown)
      expect(snapshots).toContainEqual(expect.objectContaining({ tap: expect.objectContaining({ wrong: true }) }))
      const kept = {
        rows: asText([...core().journal.rows()].map(({ row }) => row)),
        // Bytes of a row are numbers in the text above: here they are themselves.
        files: ['', '-wal']
          .map((end) => world.journalFile + end)
          .filter(existsSync)
          .map(bytesOf)
          .join(' '),
        snapshots: asText(snapshots),
        logged: asText([...writes, ...logs].map(({ mock }) => mock.calls.map((call) => call.map(String)))),
      }
      expect(kept.rows).toContain(card.name)
      expect(kept.files).toContain(card.name)
      for (const digits of [wrong, pin]) {
        const places = Object.entries(kept).flatMap(([place, text]) => (hasToken(text, digits) ? [place] : []))
        expect(places).toEqual([])
      }
    } finally {
      for (const spy of [shows, ...writes, ...logs]) spy.mockRestore()
    }
  })
})

const asText = (value: unknown): string =>
  JSON.stringify(value, (_name, of: unknown) => (typeof of === 'bigint' ? String(of) : of))
const bytesOf = (file: string): string => readFileSync(file, 'latin1')

/** These digits by themselves, quoted or not: not in the middle of a longer number. */
const hasToken = (text: string, digits: string): boolean => new RegExp(`(?<!\\d)${digits}(?!\\d)`).test(text)
