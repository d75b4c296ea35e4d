/**
 * A card at a till that does not hold its slot (money-rules.md, "Offline": `LEASED_ELSEWHERE` unless the first,
 * reachable, surrenders it). Method: two real tills with a journal each, one real ledger, one virtual card that is
 * carried from one to the other. Who was paid, and from where, is read from the ledger's database.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { demoPseudonym } from '../../../ledger-sim/scenarios/demo.ts'
import { entitle } from '../../../ledger-sim/schemes/beneficiaries.ts'
import { openBridges } from '../../../ledger-sim/schemes/bridges.ts'
import { findScheme, publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import type { TillStation } from '../../simulation/till-station.ts'
import { buys, coreOf, ledgerRows } from './customers.ts'
import { PreparedWorld, worldSeed, type WalkWorld } from './prepared-world.ts'

const prepared = new PreparedWorld()
beforeAll(() => prepared.prepare())
afterAll(() => prepared.remove())

let world: WalkWorld
let first: TillStation
let second: TillStation
beforeEach(async () => {
  world = await prepared.open()
  first = world.station
  ;({ station: second } = await world.secondTill())
})
afterEach(() => world.close())

const pass = (ms: number) => world.time.runUntil(world.time.now + ms)
/** Leased to the first till. */
const card = 'Pupil 01'

const taps = (station: TillStation, itemId = 'school-lunch', by = card) => buys(world, station, by, itemId)
const rows = (sql: string) => ledgerRows(world, sql)
const paid = () => rows(`SELECT terminal_id, state, paid_by FROM tender WHERE state <> 'refused' ORDER BY at`)
const slotOfCard = () =>
  rows(`SELECT lease_slot.state FROM lease_slot JOIN lease_card USING (lease_id, slot_id) WHERE wanted_at IS NOT NULL`)
const kindsOf = (station: TillStation): string[] => [...coreOf(station).journal.rows()].map(({ row }) => row.kind)
const surrenders = (station: TillStation): number =>
  kindsOf(station).filter((kind) => kind === 'slot_surrendered').length

describe('a slot that is leased to another till', () => {
  it('is given up by that till, and pays here at the second tap; there it sells nothing any more', async () => {
    expect(await taps(second)).toBe('LEASED_ELSEWHERE')
    await pass(25_000)
    expect([surrenders(first), slotOfCard()]).toEqual([1, [{ state: 'surrendered' }]])
    expect(await taps(second)).toBe('settled')
    expect(paid()).toEqual([{ terminal_id: 'till-2', state: 'settled', paid_by: 'agency' }])
    world.network.all = 'refused'
    await pass(60_000)
    expect(await taps(first)).toBe('CARD_NOT_IN_LEASE')
  })

  it('stays with a till that sold on it and has not been answered, and the sale is paid to that one', async () => {
    world.network.all = 'refused'
    await pass(60_000)
    expect(await taps(first)).toBe('pending')
    expect(await taps(second)).toBe('LEASED_ELSEWHERE')
    world.network.all = 'lose_answer'
    await pass(20_000)
    world.network.all = 'up'
    await pass(60_000)
    expect(await taps(second)).toBe('ALLOWANCE_USED')
    expect(paid()).toEqual([{ terminal_id: 'till-1', state: 'settled', paid_by: 'escrow' }])
  })

  it('stays with a till that cannot be reached', async () => {
    world.network.all = 'refused'
    expect(await taps(second)).toBe('LEASED_ELSEWHERE')
    await pass(300_000)
    expect(await taps(second)).toBe('LEASED_ELSEWHERE')
    expect(await taps(first)).toBe('pending')
    world.network.all = 'up'
    await pass(60_000)
    expect(await taps(second)).toBe('ALLOWANCE_USED')
    expect(paid()).toEqual([{ terminal_id: 'till-1', state: 'settled', paid_by: 'escrow' }])
  })

  it('is advanced here to who got another card meanwhile, once, and the first till is paid what it sold', async () => {
    world.network.all = 'refused'
    await world.atLedger(async (work) => {
      const scheme = await findScheme(work, 'school-lunch')
      if (scheme === undefined) throw new Error('no scheme')
      await publishScheme(work, { ...scheme, version: scheme.version + 1, bridge: { kind: 'count', count: 1 } })
      await openBridges(work, demoPseudonym(worldSeed, 'holder', card))
    })
    expect(await taps(second)).toBe('settled')
    expect(await taps(second)).toBe('LEASED_ELSEWHERE')
    expect(await taps(first)).toBe('pending')
    world.network.all = 'up'
    await pass(60_000)
    expect(await taps(second)).toBe('ALLOWANCE_USED')
    expect(paid()).toEqual([
      { terminal_id: 'till-2', state: 'settled', paid_by: 'agency' },
      { terminal_id: 'till-1', state: 'settled', paid_by: 'escrow' },
    ])
  })

  it('is not given up by a till that was started anew before the ledger has compared its journal', async () => {
    world.network.all = 'refused'
    await taps(second)
    first.kill()
    first.start()
    world.network.all = 'up'
    await pass(60_000)
    expect([surrenders(first), kindsOf(first).filter((kind) => kind === 'events_read').length > 1]).toEqual([0, true])
    expect(await taps(second)).toBe('LEASED_ELSEWHERE')
    await pass(25_000)
    expect(surrenders(first)).toBe(1)
  })

  it('is asked for once, however often the card is tapped, and again after half a minute', async () => {
    world.network.all = 'refused'
    const asked = () => rows(`SELECT 1 FROM event WHERE content LIKE '%surrender_wanted%'`).length
    for (let tap = 0; tap < 4; tap += 1) await taps(second)
    expect(asked()).toBe(1)
    await pass(30_000)
    await taps(second)
    expect(asked()).toBe(2)
    world.network.all = 'up'
    await pass(60_000)
    expect(surrenders(first)).toBe(1)
    expect(coreOf(first).journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
  })

  it('is not asked for when nothing is left in it: this till says so', async () => {
    expect(await taps(first)).toBe('settled')
    expect(await taps(second)).toBe('ALLOWANCE_USED')
    expect(slotOfCard()).toEqual([])
  })

  it('is not asked for by who only names the card', async () => {
    second.layCard(`Forged ${card}`)
    const { till } = coreOf(second)
    till.command({ command: 'add_item', itemId: 'school-lunch' })
    till.command({ command: 'pay_by_card' })
    await pass(20_000)
    expect(till.snapshot().tap).toMatchObject({ state: 'refused' })
    expect(slotOfCard()).toEqual([])
    expect(surrenders(first)).toBe(0)
  })
})

describe('a slot of which a payment was torn at the till that holds it, and put aside', () => {
  /** Holds the card a little longer each time, until it is torn. @returns the tender's id */
  async function tears(): Promise<string> {
    const { till } = coreOf(first)
    for (let heldMs = 10; (await buys(world, first, card, 'school-lunch', heldMs)) !== 'torn'; heldMs += 10) {
      if (heldMs > 600) throw new Error('the card is never torn')
      till.command({ command: 'cancel_payment' })
      till.command({ command: 'cancel_sale' })
    }
    till.command({ command: 'serve_next_meanwhile' })
    return till.snapshot().unresolved[0]?.tenderId ?? ''
  }
  /** Its card is back where it was torn. */
  async function comesBack(tenderId: string) {
    const { till } = coreOf(first)
    expect(till.command({ command: 'take_up_torn', tenderId })).toEqual({ ok: true })
    first.layCard(card)
    await pass(8_000)
    first.pullCard()
    await pass(2_000)
    return till.snapshot().tap
  }
  const torn = () => coreOf(first).journal.tendersInState('torn').length
  const paidOnceAt = (terminal_id: string, paid_by: string) => [{ terminal_id, state: 'settled', paid_by }]

  async function isGivenUp(): Promise<void> {
    expect(await taps(second)).toBe('LEASED_ELSEWHERE')
    await pass(25_000)
    expect([surrenders(first), torn()]).toEqual([1, 1])
  }

  it('is given up as soon as the card is elsewhere, and pays there; off line it sells nothing here', async () => {
    const tenderId = await tears()
    await isGivenUp()
    expect(await taps(second)).toBe('settled')
    world.network.all = 'refused'
    await pass(60_000)
    expect(await comesBack(tenderId)).toMatchObject({ state: 'refused', code: 'LEDGER_UNREACHABLE' })
    world.network.all = 'up'
    await pass(60_000)
    expect(paid()).toEqual(paidOnceAt('till-2', 'agency'))
  })

  it('pays the torn sale by the ledger when it is still free, and then nothing elsewhere', async () => {
    const tenderId = await tears()
    await isGivenUp()
    expect(await comesBack(tenderId)).toMatchObject({ state: 'approved', look: 'settled' })
    expect(await taps(second)).toBe('ALLOWANCE_USED')
    expect(paid()).toEqual(paidOnceAt('till-1', 'agency'))
  })

  it('pays no torn sale that was decided without network, and the next tap on line', async () => {
    world.network.all = 'refused'
    await pass(60_000)
    const tenderId = await tears()
    world.network.all = 'up'
    await pass(60_000)
    await isGivenUp()
    expect(await comesBack(tenderId)).toMatchObject({ state: 'refused', code: 'CARD_NOT_IN_LEASE' })
    coreOf(first).till.command({ command: 'cancel_sale' })
    expect(await taps(first)).toBe('settled')
    expect(await taps(second)).toBe('ALLOWANCE_USED')
    expect(paid()).toEqual(paidOnceAt('till-1', 'agency'))
  })

  it('sells nothing between the row that gives it up and the ledger’s answer to it', async () => {
    world.network.all = 'refused'
    await pass(60_000)
    const tenderId = await tears()
    world.network.all = 'up'
    await pass(60_000)
    coreOf(first).journal.onDidCommit(() => {
      if (surrenders(first) > 0) world.network.all = 'refused'
    })
    expect(await taps(second)).toBe('LEASED_ELSEWHERE')
    await pass(25_000)
    expect(coreOf(first).journal.queue()).toMatchObject({ waiting: 1 })
    // The key that would hear the card's proof goes with the slot.
    expect(await comesBack(tenderId)).toMatchObject({ state: 'refused', code: 'LEDGER_UNREACHABLE' })
    coreOf(first).till.command({ command: 'cancel_sale' })
    await pass(60_000)
    expect(await taps(first)).toBe('CARD_NOT_IN_LEASE')
    first.kill()
    first.start()
    world.network.all = 'up'
    await pass(60_000)
    expect(await taps(second)).toBe('settled')
    expect(paid()).toEqual(paidOnceAt('till-2', 'agency'))
    expect(coreOf(first).journal.queue()).toMatchObject({ waiting: 0, parked: 0 })
  })

  it('stays when the card was back first, and its sale is not answered', async () => {
    const tenderId = await tears()
    world.network.all = 'refused'
    await pass(60_000)
    expect(await comesBack(tenderId)).toMatchObject({ state: 'approved', look: 'pending' })
    expect(await taps(second)).toBe('LEASED_ELSEWHERE')
    world.network.all = 'up'
    await pass(60_000)
    expect(await taps(second)).toBe('ALLOWANCE_USED')
    expect(paid()).toEqual(paidOnceAt('till-1', 'escrow'))
  })
})

describe('a card of two schemes', () => {
  const family = 'Family 01'
  /** Whoever has that food voucher, which is leased to the first till, has lunch as well. */
  beforeEach(async () => {
    const [found] = rows(
      `SELECT holder FROM slot JOIN entitlement USING (scheme_id, beneficiary) JOIN lease_slot USING (slot_id)
       WHERE slot.scheme_id = 'food-voucher' AND lease_slot.state = 'live'`,
    ) as { holder: string }[]
    const { holder } = found ?? { holder: '' }
    const lunch = { schemeId: 'school-lunch', beneficiary: 'ab'.repeat(16), holder }
    await world.atLedger(async (work) => void (await entitle(work, lunch)))
  })

  it('pays by the slot that another till gives up, though it has one here', async () => {
    expect(await taps(second, 'school-lunch', family)).toBe('settled')
    expect(await taps(second, 'bread', family)).toBe('LEASED_ELSEWHERE')
    await pass(25_000)
    expect(surrenders(first)).toBe(1)
    expect(await taps(second, 'bread', family)).toBe('settled')
  })

  it('takes no slot from another till that would not pay for the basket', async () => {
    expect(await taps(second, 'school-lunch', family)).toBe('settled')
    expect(await taps(second, 'school-lunch', family)).toBe('ALLOWANCE_USED')
    await pass(25_000)
    expect([surrenders(first), slotOfCard()]).toEqual([0, []])
  })

  it('pays through the ledger by a scheme of which the till holds no slot, beside one that it holds', async () => {
    expect(await taps(first, 'school-lunch', family)).toBe('settled')
    expect(paid()).toEqual([{ terminal_id: 'till-1', state: 'settled', paid_by: 'agency' }])
  })
})
