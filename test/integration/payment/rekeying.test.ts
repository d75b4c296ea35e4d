/**
 * The whole till and a card that is re-keyed meanwhile (docs/design/30-rekeying.md). Method: a real till, its journal
 * on the disk, the real ledger, a virtual card that shares no code with either; what was paid is read from the ledger's
 * database.
 */
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import type { Work } from '../../../ledger-sim/context.ts'
import { beginRekeying, finishRekeying } from '../../../ledger-sim/schemes/rekeying.ts'
import type { Command } from '../../../src/terminal/contract/commands.ts'
import { cardKeyNumber, type DiversifiedKeyNumber } from '../../../src/voucher/cards/card-keys.ts'
import { rekeyCard, type RekeyingOrder } from '../../../src/voucher/cards/rekeying.ts'
import { deskChannel } from '../../fixtures/identified-cards.ts'
import { PreparedWorld, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

const family = 'Family 01'
let world: WalkWorld
let card: VirtualCard
let pseudonym: string

beforeEach(async () => {
  world = await prepared.open(undefined, (own, label) => {
    if (label === family) card = own
    return own
  })
  pseudonym = prepared.secrets.pseudonyms[family] ?? ''
})
afterEach(() => world.close())

const core = () => {
  const { core: alive } = world.station
  if (alive === undefined) throw new Error('the till is off')
  return alive
}
const command = (asked: Command) => core().till.command(asked)
const pass = (ms: number) => world.time.runUntil(world.time.now + ms)

/** How the sale stands, or the code of the refusal. */
async function taps(): Promise<string> {
  command({ command: 'cancel_payment' })
  command({ command: 'next_customer' })
  if (core().till.snapshot().sale === null) command({ command: 'add_item', itemId: 'milk' })
  command({ command: 'pay_by_card' })
  world.station.layCard(family)
  await pass(4_000)
  world.station.pullCard()
  await pass(500)
  const { tap } = core().till.snapshot()
  return tap.state === 'approved' ? tap.look : tap.state === 'refused' ? tap.code : tap.state
}

/** And the till has noticed, and fetched or handed over what there is. */
async function network(state: 'up' | 'refused'): Promise<void> {
  world.network.all = state
  await pass(60_000)
}

/** As if another till that once held its key were lost. */
const expose = () =>
  world.atLedger(async ({ connection, now }) => {
    await connection.updateTable('card').set({ exposed_at: now }).where('card', '=', pseudonym).execute()
  })

/** The desk, which has the issuer's masters: begin, the card, done. */
async function rekey(): Promise<void> {
  const keys: { of?: Work['keys'] } = {}
  await world.atLedger(async (work) => {
    keys.of = work.keys
    expect(await beginRekeying(work, pseudonym, 2)).toEqual({ kind: 'done', arrival: 'created' })
  })
  const keysOf =
    (generation: number): RekeyingOrder['keysOf'] =>
    (uid) => {
      const key = (slot: DiversifiedKeyNumber) => {
        if (keys.of === undefined) throw new Error('no masters')
        return keys.of.diversify(uid, slot, generation)
      }
      const { applicationMaster, fileRead, till, reserved } = cardKeyNumber
      const own = { fileRead: key(fileRead), till: key(till), reserved: key(reserved) }
      return { applicationMaster: key(applicationMaster), ...own }
    }
  const generations = { keysOf: keysOf(2), keyVersion: 2, formerKeysOf: keysOf(1), formerKeyVersion: 1 }
  const order = { ...generations, masterKeyOnCard: 'former' } as const
  expect(await rekeyCard(deskChannel(card), order, seededRandom('desk'))).toMatchObject({ kind: 'rekeyed' })
  card.leaveField()
  await world.atLedger(async (work) => {
    expect(await finishRekeying(work, card.uid, 2)).toEqual({ kind: 'done', arrival: 'created' })
  })
}

function rows(sql: string): unknown[] {
  const database = new Database(world.ledgerFile, { readonly: true })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}

describe('a card that was exposed', () => {
  it('pays with network only, is re-keyed, and pays without network again', async () => {
    await expose()
    await network('up')
    expect(await taps()).toBe('settled')
    await network('refused')
    expect(await taps()).toBe('CARD_NOT_IN_LEASE')
    await rekey()
    await network('up')
    await network('refused')
    expect(await taps()).toBe('pending')
    await network('up')
    expect(rows('SELECT state, paid_by FROM tender')).toEqual([
      { state: 'settled', paid_by: 'escrow' },
      { state: 'settled', paid_by: 'escrow' },
    ])
    expect(rows('SELECT epoch FROM card_counter ORDER BY 1')).toEqual([{ epoch: 1 }, { epoch: 2 }])
  })

  it('and had paid without network before, at a till that hears of it only afterwards', async () => {
    await network('refused')
    expect(await taps()).toBe('pending')
    await expose()
    await rekey()
    // The till has the former key still: the card does not answer to it, however often it is tried.
    for (const _time of [1, 2, 3]) expect(await taps()).toBe('CARD_AUTHENTICATION_FAILED')
    await network('up')
    await network('refused')
    expect(await taps()).toBe('pending')
    await network('up')
    expect(rows('SELECT state, paid_by FROM tender')).toEqual([
      { state: 'settled', paid_by: 'escrow' },
      { state: 'settled', paid_by: 'escrow' },
    ])
    expect(rows('SELECT epoch FROM card_counter ORDER BY 1')).toEqual([{ epoch: 1 }, { epoch: 2 }])
    expect(rows('SELECT * FROM discrepancy')).toEqual([])
  })
})
