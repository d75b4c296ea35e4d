/**
 * Whole stories of cards that only say who they are (docs/design/24-card-profiles.md). Method: a real till with its
 * journal on the disk, the real ledger, virtual cards that share no code with either; what was paid is read from the
 * ledger's database, and what the card said from its own log.
 */
import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { VirtualNtag21x } from '../../../hardware-mocks/cards/ntag21x.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { demoPseudonym } from '../../../ledger-sim/scenarios/demo.ts'
import { demoAgency } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { registerCard } from '../../../ledger-sim/schemes/cards.ts'
import { printerProfiles } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { renderReceipt } from '../../../src/terminal/core/receipts.ts'
import { receiptCodeOf } from '../../../src/terminal/ui/input/receipt-number.ts'
import { readCardToEnrol } from '../../../src/voucher/cards/uid-enrolment.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import type { Scheme } from '../../../src/voucher/scheme.ts'
import { deskChannel, ntag21x, originalUids, uidCard } from '../../fixtures/identified-cards.ts'
import { PreparedWorld, worldSeed, type WalkWorld } from './prepared-world.ts'
import { enrolUid, issueNtag21x, publishNext, takesNtag21xCards, takesUidCards } from './identified-desk.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
afterEach(() => world.close())

const pupil = 'Pupil 01'
/** On whose label the cards of these stories are laid. */
const shown = 'Forged Pupil 01'
const family = 'Family 01'

/** A world in which this card is laid on the reader under the label `shown`. */
async function open(card: VirtualCard): Promise<void> {
  world = await prepared.open(undefined, (own, label) => (label === shown ? card : own))
}
const core = () => {
  const { core: alive } = world.station
  if (alive === undefined) throw new Error('the till is off')
  return alive
}
const snapshot = () => core().till.snapshot()
const command = (asked: Command) => core().till.command(asked)
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)

/** Held 5 ms longer each time until it pays; what the screen said each time. */
async function tapsLonger(itemId: string): Promise<readonly string[]> {
  const said: string[] = []
  for (let heldMs = 0; said.at(-1) !== 'settled'; heldMs += 5) {
    if (heldMs > 1_000) throw new Error(`it never pays: ${said.join(' ')}`)
    said.push(await taps(itemId, shown, heldMs))
  }
  return said
}

/** And the till has noticed. */
async function loseNetwork(): Promise<void> {
  world.network.all = 'refused'
  await pass(60_000)
}

/** Buys by a card, which is taken away again. How the sale stands, or the code of the refusal. */
async function taps(itemId = 'school-lunch', label = shown, heldMs = 4_000): Promise<string> {
  command({ command: 'cancel_payment' })
  command({ command: 'next_customer' })
  if (snapshot().sale === null) command({ command: 'add_item', itemId })
  command({ command: 'pay_by_card' })
  world.station.layCard(label)
  await pass(heldMs)
  world.station.pullCard()
  await pass(Math.max(500, 4_000 - heldMs))
  const { tap } = snapshot()
  return tap.state === 'approved' ? tap.look : tap.state === 'refused' ? tap.code : tap.state
}

function rows(sql: string): unknown[] {
  const database = new Database(world.ledgerFile, { readonly: true })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}
const evidence = () =>
  rows('SELECT content FROM evidence ORDER BY at').map(
    (row) =>
      (JSON.parse((row as { content: string }).content) as { evidence?: { cardProof: unknown } }).evidence?.cardProof,
  )

const publish = (...asked: [schemeId: string, change: (scheme: Scheme) => Partial<Scheme>]) =>
  publishNext(world, ...asked)
const takesUid = (caps?: Partial<Scheme['caps']>) => takesUidCards(world, caps)
const enrol = (card: VirtualCard, holder = pupil) => enrolUid(world, card, holder)

/** The text of the code on the one receipt, out of the bytes that go to a printer which draws it itself. */
function codeOnReceipt(): string {
  const [job, ...others] = [...core().journal.rows()].flatMap(({ row }) =>
    row.kind === 'receipt_requested' ? [{ ...row, of: { saleId: row.saleId }, started: false }] : [],
  )
  if (job === undefined || others.length > 0) throw new Error('there is not one receipt')
  const maker = {
    terminalId: 'till-1',
    terminalKey: world.station.keys.current.signing,
    profile: printerProfiles['epson-tm-t20iii'],
    typeface: loadTypeface(),
  }
  const bytes = renderReceipt(maker, core().journal, job, false, undefined)
  return /TOLEM\d+\.[\w-]+\.[\w-]+/.exec(Buffer.from(bytes).toString('latin1'))?.[0] ?? ''
}

const refundAll = async () => {
  const [{ saleId } = { saleId: '' }] = snapshot().recent
  command({ command: 'next_customer' })
  command({ command: 'show_refund', saleId })
  await refundShown()
}
async function refundShown(): Promise<void> {
  const { saleId = '', lines: shownLines = [] } = snapshot().refund ?? {}
  const lines = shownLines.map(({ line, voucherLeft }) => ({ line, amount: tiyn(voucherLeft) }))
  expect(command({ command: 'refund_sale', saleId, lines, reason: 'goods_returned' })).toEqual({ ok: true })
  await pass(2_000)
}

describe('a card that its holder carries already', () => {
  const bus = '04A1B2C3D4E5F6'

  it('is enrolled, pays with network, has a receipt with a code, and the lunch goes back', async () => {
    const { card, log } = uidCard(bus)
    await open(card)
    expect(await takesUid()).toBe('published')
    await enrol(card)
    expect(await taps()).toBe('settled')
    const pseudonym = rows("SELECT card FROM card WHERE profile = 'uid'")
    expect(pseudonym).toHaveLength(1)
    expect(evidence()).toEqual([{ profile: 'uid', ...(pseudonym[0] as object) }])
    expect(log.some((entry) => entry.kind === 'command' && entry.answer === `${bus}9000`)).toBe(true)
    const printed = [...core().journal.rows()].flatMap(({ row }) => (row.kind === 'receipt_requested' ? [row] : []))
    expect(printed).toHaveLength(1)
    await refundAll()
    expect(rows('SELECT state, amount FROM refund')).toEqual([{ state: 'done', amount: 115_000 }])
    expect(await taps()).toBe('settled')
  })

  it('has a receipt whose code, scanned, brings its goods back', async () => {
    const { card } = uidCard(bus)
    await open(card)
    await takesUid()
    await enrol(card)
    expect(await taps()).toBe('settled')
    const scanned = codeOnReceipt()
    expect(scanned).toMatch(/^TOLEM2\./)
    const receipt = receiptCodeOf(scanned)
    expect(receipt).toBe(scanned)
    const [{ saleId } = { saleId: '' }] = snapshot().recent
    command({ command: 'next_customer' })
    expect(command({ command: 'find_receipt', receipt: receipt ?? '' })).toEqual({ ok: true })
    expect(snapshot().refund).toMatchObject({ saleId, number: saleId.slice(-8), obstacles: [] })
    await refundShown()
    expect(rows('SELECT state, amount FROM refund')).toEqual([{ state: 'done', amount: 115_000 }])
  })

  it('pays without network where the agency has taken that risk, and escrow settles it', async () => {
    const { card } = uidCard('0A1B2C3D', 'classic')
    await open(card)
    await takesUid()
    await enrol(card)
    world.network.all = 'refused'
    expect(await taps()).toBe('pending')
    expect(await taps()).toBe('ALLOWANCE_USED')
    world.network.all = 'up'
    await pass(60_000)
    expect(rows('SELECT state, paid_by FROM tender')).toEqual([{ state: 'settled', paid_by: 'escrow' }])
    expect(evidence()).toMatchObject([{ profile: 'uid' }])
    expect(rows('SELECT * FROM discrepancy')).toEqual([])
  })

  it('has the smaller caps without network, and the scheme’s own with it', async () => {
    const { card } = uidCard(bus)
    await open(card)
    await takesUid({ terminalExposure: tiyn(0n) })
    await enrol(card)
    await loseNetwork()
    expect(await taps()).toBe('CAP_TERMINAL_EXPOSURE')
    world.network.all = 'up'
    await pass(60_000)
    expect(await taps()).toBe('settled')
  })

  it('tapped with network, whose answer is lost, is sold under the lease and the same id', async () => {
    const { card } = uidCard(bus)
    await open(card)
    await takesUid()
    await enrol(card)
    world.network.authorisations = 'lose_answer'
    expect(await taps()).toBe('pending')
    world.network.authorisations = null
    await pass(60_000)
    expect(rows('SELECT state FROM tender')).toEqual([{ state: 'settled' }])
  })

  it('is no way round a card that proves itself: a copy of its UID is unknown, with network and without', async () => {
    let copy: VirtualCard | undefined
    world = await prepared.open(undefined, (own, label) => {
      if (label !== shown) return own
      copy = uidCard(Buffer.from(own.uid).toString('hex').toUpperCase()).card
      return copy
    })
    await takesUid()
    expect(await taps()).toBe('CARD_UNKNOWN')
    await loseNetwork()
    expect(await taps()).toBe('CARD_NOT_IN_LEASE')
    await world.atLedger(async (work) => {
      if (copy === undefined) throw new Error('nothing was laid')
      const holder = demoPseudonym(worldSeed, 'holder', pupil)
      const again = await registerCard(work, { uid: copy.uid, holder, agencyId: demoAgency, profile: 'uid' })
      expect(again.outcome).toBe('exists_with_different_terms')
    })
    // The card itself still pays.
    expect(await taps('school-lunch', pupil)).toBe('pending')
  })

  it('that shows another UID each time is refused at the desk and at the till, by its own code', async () => {
    const { card } = uidCard(null)
    await open(card)
    await takesUid()
    expect(await readCardToEnrol(deskChannel(card))).toMatchObject({ kind: 'refused', code: 'CARD_RANDOM_UID' })
    expect(await taps()).toBe('CARD_RANDOM_UID')
  })

  it.each([
    ['makes up its number at each tap', null],
    ['has one of its own, which nobody can know', '4A1B2C3D'],
  ])('of type B is refused at the desk and at the till, with network and without, where it %s', async (_what, pupi) => {
    const { card } = uidCard(pupi, 'type-b')
    await open(card)
    await takesUid()
    expect(await readCardToEnrol(deskChannel(card))).toMatchObject({ kind: 'refused', code: 'CARD_RANDOM_UID' })
    expect(await taps()).toBe('CARD_RANDOM_UID')
    await loseNetwork()
    expect(await taps()).toBe('CARD_RANDOM_UID')
    expect(rows('SELECT * FROM tender')).toEqual([])
  })

  it('is no card of a scheme that does not take such cards', async () => {
    const { card } = uidCard(bus)
    await open(card)
    await enrol(card)
    expect(await taps()).toBe('CARD_UNKNOWN')
  })

  it('leaves its UID nowhere: not in the ledger, not in the journal', async () => {
    const { card } = uidCard(bus)
    await open(card)
    await takesUid()
    await enrol(card)
    expect(await taps()).toBe('settled')
    const { ledgerFile, journalFile } = world
    for (const file of [ledgerFile, `${ledgerFile}-wal`, journalFile, `${journalFile}-wal`]) {
      const bytes = readFileSync(file)
      for (const form of [Buffer.from(bus), Buffer.from(bus.toLowerCase()), Buffer.from(bus, 'hex')])
        expect([file, bytes.includes(form)]).toEqual([file, false])
    }
  })
})

describe('an NTAG21x', () => {
  const issue = (card: VirtualNtag21x) => issueNtag21x(world, card, family)

  it('is issued, pays with network, and the goods go back', async () => {
    const { card } = ntag21x()
    await open(card)
    expect(await takesNtag21xCards(world)).toBe('published')
    await issue(card)
    expect(await taps('bread')).toBe('settled')
    expect(evidence()).toMatchObject([{ profile: 'ntag21x' }])
    await refundAll()
    expect(rows('SELECT state FROM refund')).toEqual([{ state: 'done' }])
  })

  it('may leave once it was read', async () => {
    const { card } = ntag21x()
    await open(card)
    await takesNtag21xCards(world)
    await issue(card)
    expect(new Set(await tapsLonger('bread'))).toEqual(new Set(['tap', 'settled']))
    expect(rows('SELECT state FROM tender')).toEqual([{ state: 'settled' }])
  })

  it('pays at a reader that hands its commands on in a session', async () => {
    const { card, log } = ntag21x()
    await open(card)
    world.station.readerKind = 'part3'
    await takesNtag21xCards(world)
    await issue(card)
    const issuing = log.length
    expect(await taps('bread')).toBe('settled')
    expect(evidence()).toMatchObject([{ profile: 'ntag21x' }])
    // The signature of its maker came out of it, and no page was written.
    const said = log.slice(issuing).flatMap((entry) => (entry.kind === 'command' ? [entry.command] : []))
    expect(said).toContain('FF00000004D4423C00')
    expect(said.filter((one) => one.startsWith('FFD6'))).toEqual([])
  })

  it('at a reader that hands nothing on is refused for that, whatever else its UID could be', async () => {
    const { card } = ntag21x()
    await open(card)
    world.station.readerKind = 'plain'
    await takesNtag21xCards(world)
    await issue(card)
    expect(await taps('bread')).toBe('READER_HIDES_CARD')
    // Now its UID alone might do, and the ledger knows that it does not.
    await takesUid()
    expect(await taps()).toBe('READER_HIDES_CARD')
    expect(rows('SELECT * FROM tender')).toEqual([])
    world.station.readerKind = 'acr122u'
    expect(await taps('bread')).toBe('settled')
  })

  /** The one card is taken away after so long, and another laid in its place at once. */
  async function followedBy(second: string, heldMs: number, lyingMs = 8_000): Promise<void> {
    command({ command: 'next_customer' })
    if (snapshot().sale === null) command({ command: 'add_item', itemId: 'bread' })
    command({ command: 'pay_by_card' })
    world.station.layCard(shown)
    await pass(heldMs)
    world.station.pullCard()
    world.station.layCard(second)
    await pass(lyingMs)
  }

  it('that is refused makes way for the card that came meanwhile', async () => {
    const { card } = ntag21x()
    await open(card)
    await takesNtag21xCards(world)
    await issue(card)
    // The ledger's answer about the first is lost: it is refused when the second has been lying there for a second.
    world.network.all = 'lose_answer'
    await followedBy('Family 02', 200, 100)
    world.network.all = 'up'
    await pass(8_000)
    expect(snapshot().tap.state).toBe('approved')
  })

  it('that pays leaves nothing for the card that came meanwhile, in the next sale neither', async () => {
    const { card } = ntag21x()
    await open(card)
    await takesNtag21xCards(world)
    await issue(card)
    // As short as it can be: the ledger is still asked when the second one comes.
    await followedBy('Family 02', ((await tapsLonger('bread')).length - 1) * 5)
    expect(snapshot().tap.state).toBe('approved')
    command({ command: 'next_customer' })
    command({ command: 'add_item', itemId: 'bread' })
    command({ command: 'pay_by_card' })
    await pass(4_000)
    expect(snapshot().tap).toEqual({ state: 'tap', hint: 'remove_card_first' })
    expect(rows('SELECT state FROM tender')).toEqual([{ state: 'settled' }, { state: 'settled' }])
    // Both by the first one.
    expect(evidence()).toMatchObject([{ profile: 'ntag21x' }, { profile: 'ntag21x' }])
  })

  it('whose payment is not known yet leaves nothing for the card that came meanwhile', async () => {
    const { card } = ntag21x()
    await open(card)
    await takesNtag21xCards(world)
    await issue(card)
    world.network.authorisations = 'lose_answer'
    await followedBy('Family 02', 200, 3_000)
    expect(snapshot().tap.state).toBe('unknown')
    world.network.authorisations = null
    command({ command: 'serve_next_meanwhile' })
    command({ command: 'add_item', itemId: 'bread' })
    command({ command: 'pay_by_card' })
    await pass(10_000)
    expect(snapshot().tap).toEqual({ state: 'tap', hint: 'remove_card_first' })
    expect(rows('SELECT state FROM tender')).toEqual([{ state: 'settled' }])
  })

  it('is refused without network by its own code, and after a lost answer it is unknown', async () => {
    const { card } = ntag21x()
    await open(card)
    await takesNtag21xCards(world)
    await issue(card)
    await loseNetwork()
    expect(await taps('bread')).toBe('CARD_ONLINE_ONLY')
    world.network.all = 'up'
    await pass(60_000)
    world.network.authorisations = 'lose_answer'
    expect(await taps('bread')).toBe('unknown')
    world.network.authorisations = null
    await pass(60_000)
    expect(rows('SELECT state FROM tender')).toEqual([{ state: 'settled' }])
  })

  it('is no original with another chip’s signature, or with another card’s record', async () => {
    const { card } = ntag21x()
    await open(card)
    await takesNtag21xCards(world)
    await issue(card)
    const { pages } = card.state()
    const copied = (uid: string) => new VirtualNtag21x({ ...ntag21x(uid).card.state(), pages })
    for (const copy of [copied('04E10CDA993C81'), copied(originalUids[1])]) {
      await world.close()
      await open(copy)
      await takesNtag21xCards(world)
      expect(await taps('bread')).toBe('CARD_NOT_ORIGINAL')
    }
  })

  it('that nobody has issued belongs to no scheme', async () => {
    const { card } = ntag21x()
    await open(card)
    await takesNtag21xCards(world)
    expect(await taps('bread')).toBe('CARD_UNKNOWN')
  })

  it('cannot be published where tills sell without network', async () => {
    await open(ntag21x().card)
    expect(await publish('food-voucher', () => ({ cards: { accepts: ['ntag21x'] } }))).toMatchObject({
      unsafe: expect.stringContaining('never pay without network'),
    })
    expect(await publish('school-lunch', () => ({ cards: { accepts: ['uid'] } }))).toMatchObject({
      unsafe: expect.stringContaining('accepts that in writing'),
    })
  })
})
