/**
 * What a till leaves behind that stops for good in the middle of a sale, or after a payment was given up
 * (docs/design/13-export.md; money-rules.md, "One payment"). Method: a real till with its journal on the disk, the real
 * ledger, virtual cards; after the till has stopped, the journal is read as reset and export read it, and the till is
 * ended at the ledger. What was paid is read from the ledger's database.
 */
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findTerminal } from '../../../ledger-sim/terminals/terminals.ts'
import { revokeTerminal } from '../../../ledger-sim/terminals/revocation.ts'
import { applyItem } from '../../../ledger-sim/payments/apply-items.ts'
import { withoutVoided } from '../../../src/sync/export/make-export.ts'
import { ClosedJournal, type Unsynced } from '../../../src/sync/journal/closed-journal.ts'
import { allowReset } from '../../../src/terminal/core/reset.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { chip, issueChip, schemeId, type Issued } from './counting-chip.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
let station: WalkWorld['station']
afterEach(() => world.close())

const counting = 'Forged Pupil 01'
const lunch = 115_000
const bread = 18_000
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
const till = () => {
  const { core } = station
  if (core === undefined) throw new Error('the till is off')
  return core.till
}
const does = (asked: Command) => expect(till().command(asked)).toEqual({ ok: true })

async function lays(label: string): Promise<string> {
  station.layCard(label)
  await pass(8_000)
  station.pullCard()
  await pass(2_000)
  return till().snapshot().tap.state
}
async function pays(label: string, ...items: readonly string[]): Promise<string> {
  for (const itemId of items) does({ command: 'add_item', itemId })
  does({ command: 'pay_by_card' })
  return lays(label)
}
const tenders = (of: string) => {
  const database = new Database(world.ledgerFile, { readonly: true })
  try {
    return database.prepare(`SELECT state, amount FROM tender WHERE scheme_id = ? ORDER BY decided_at`).all(of)
  } finally {
    database.close()
  }
}

/** The till is off for good. What its folder says, and whether that may be emptied just like that. */
async function stopsForGood() {
  station.close()
  const journal = new ClosedJournal(world.journalFile)
  try {
    const { items, open }: Unsynced = journal.unsynced()
    const stopped = { folder: dirname(world.journalFile), journal, close: () => undefined }
    const refused = await allowReset(stopped, undefined).catch((error: Error) => error.message)
    return {
      refused,
      open: open.map(({ state, amount }) => [state, Number(amount)]),
      kinds: items.map(({ kind }) => kind),
      toSend: withoutVoided(items).map((item) => journal.syncItem(item)),
    }
  } finally {
    journal.close()
  }
}

/** Then whoever has the export hands its items over. */
async function isEnded(items: Awaited<ReturnType<typeof stopsForGood>>['toSend'] = []): Promise<void> {
  await world.atLedger(async (work) => {
    expect(await revokeTerminal(work, 'till-1', 'destroyed')).toMatchObject({ kind: 'done' })
    const terminal = await findTerminal(work, 'till-1')
    if (terminal === undefined) throw new Error('no till')
    for (const item of items) await applyItem(work, terminal, item, Math.floor(work.now / 1_000))
  })
}

describe('a torn payment that was given up', () => {
  let card: Issued

  async function isGivenUpAndPaidInCash(): Promise<void> {
    card = chip()
    world = await prepared.open(undefined, (own, label) => (label === counting ? card.faulty : own))
    ;({ station } = world)
    await issueChip(world, card)
    expect(await pays(counting, 'bread')).toBe('approved')
    does({ command: 'next_customer' })
    // Recognition 3, certificate, channel, identity 2, slots: SPEND is the ninth.
    card.faulty.arm({ kind: 'answer-lost' }, 9)
    expect(await pays(counting, 'bread')).toBe('torn')
    card.faulty.disarm()
    does({ command: 'cancel_payment' })
    does({ command: 'pay_cash' })
    await pass(60_000)
    expect(tenders(schemeId)).toMatchObject([{ state: 'settled' }, { state: 'awaiting_proof' }])
  }
  async function paysElsewhere(): Promise<void> {
    ;({ station } = await world.secondTill())
    await pass(60_000)
    expect(await pays(counting, 'bread')).toBe('approved')
    await pass(60_000)
  }

  it('pays nobody once its till is ended, whenever the card has proved it', async () => {
    await isGivenUpAndPaidInCash()
    station.close()
    await paysElsewhere()
    const paid = { state: 'settled', amount: bread }
    expect(tenders(schemeId)).toEqual([paid, paid, paid])
    await isEnded()
    expect(tenders(schemeId)).toEqual([paid, { state: 'reversed', amount: bread }, paid])
    expect(card.log.filter(({ kind }) => kind === 'debit')).toHaveLength(3)
  })

  it('is not forgotten with the folder', async () => {
    await isGivenUpAndPaidInCash()
    const { open, kinds, refused } = await stopsForGood()
    expect({ open, kinds }).toEqual({ open: [['torn', bread]], kinds: [] })
    expect(refused).toContain('1 payments are unresolved')
  })
})

describe('a sale of which a voucher has paid a part, and nobody the rest', () => {
  async function isOpen(network: 'up' | 'refused'): Promise<void> {
    world = await prepared.open()
    ;({ station } = world)
    world.network.all = network
    does({ command: 'sync_now' })
    await pass(5_000)
    does({ command: 'add_item', itemId: 'juice' })
    await pays('Pupil 01', 'school-lunch')
    expect(till().snapshot().sale).not.toBeNull()
    await pass(60_000)
  }

  it('keeps its folder from being emptied, with what to do', async () => {
    await isOpen('up')
    const { refused, open, kinds } = await stopsForGood()
    expect({ open, kinds }).toEqual({ open: [['sale_open', lunch]], kinds: [] })
    expect(refused).toContain('1 of them paid a part of a sale that was never completed: start the till once more')
  })

  it('is no sale that an export presents, and pays nobody', async () => {
    await isOpen('refused')
    const { open, kinds, toSend } = await stopsForGood()
    expect({ open, kinds }).toEqual({ open: [['sale_open', lunch]], kinds: [] })
    await isEnded(toSend)
    expect(tenders('school-lunch')).toEqual([])
  })

  it('is presented like any other once the rest is paid', async () => {
    await isOpen('refused')
    does({ command: 'pay_cash' })
    const { refused, open, kinds, toSend } = await stopsForGood()
    expect({ open, kinds }).toEqual({ open: [], kinds: ['presentment'] })
    expect(refused).toContain('1 items wait')
    expect(refused).not.toContain('never completed')
    await isEnded(toSend)
    expect(tenders('school-lunch')).toEqual([{ state: 'settled', amount: lunch }])
  })

  it('goes back when its till is started once more and the sale is cancelled', async () => {
    await isOpen('up')
    station.kill()
    station.start()
    await pass(3_000)
    does({ command: 'cancel_sale' })
    await pass(60_000)
    const { refused, open, kinds } = await stopsForGood()
    expect({ refused, open, kinds }).toEqual({ refused: undefined, open: [], kinds: [] })
    expect(tenders('school-lunch')).toEqual([{ state: 'reversed', amount: lunch }])
  })
})
