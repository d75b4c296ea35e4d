/**
 * The terminal's applet profile against the virtual applet: every fault at every command of personalisation, sale,
 * recovery and script, and a random year of a card. What the card's own log says it did has to be what the till ends up
 * believing, once.
 */
import { describe, expect, it } from 'vitest'
import type { CardFault } from '../../../hardware-mocks/cards/faults.ts'
import { toHex } from '../../../src/voucher/cards/bytes.ts'
import type { CardChannel } from '../../../src/voucher/cards/card-channel.ts'
import { verifyPin } from '../../../src/voucher/cards/tolem-applet/pin.ts'
import { personaliseApplet } from '../../../src/voucher/cards/tolem-applet/personalisation.ts'
import type { TerminalIdentity } from '../../../src/voucher/cards/tolem-applet/presence.ts'
import { recordHash, verifyRecord } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { update, verifyReceipt } from '../../../src/voucher/cards/tolem-applet/script.ts'
import { readSlots, type AppletSlot } from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { recover, spend, type SpendPlan } from '../../../src/voucher/cards/tolem-applet/spend.ts'
import {
  authority,
  cardId,
  debits,
  desk,
  issuedCard,
  nextAuthority,
  now,
  order,
  pin,
  present,
  scheme,
  script,
  slot,
  terminal,
  terminalRandom,
  testCard,
  till,
  trust,
  usualCard,
  type TestCard,
} from './applet-world.ts'
import { everyFault, ReaderBench } from './presence.ts'

import { contentOf, laid, opened, paid, planned, random, seed } from './applet-till.ts'

const nameOf = (fault: CardFault) => JSON.stringify(fault)

/** The commands of one presence, counted on a card that works. */
async function countCommands(work: (channel: CardChannel) => Promise<unknown>, made: TestCard): Promise<number> {
  const channel = laid(made)
  let count = 0
  await work({ atr: channel.atr, transmit: (command) => ((count += 1), channel.transmit(command)) })
  return count
}

describe('every fault at every command', () => {
  /** What the till did, and its intent, which is what a restart has. */
  async function sale(channel: CardChannel, intents: SpendPlan[]): Promise<{ readonly kind: string }> {
    const presence = await present(channel, till)
    if (presence.kind !== 'present') return presence
    const content = await readSlots(presence, now, [scheme])
    if (content.kind !== 'content') return content
    const verified = await verifyPin(presence, pin)
    if (verified.kind !== 'verified') return verified
    const plan = planned(presence, content, { amount: 115_000n, isPinVerified: true })
    intents.push(plan)
    return spend(presence, plan)
  }
  const commands = 9

  it('a sale has so many commands', async () => {
    expect(await countCommands((channel) => sale(channel, []), await usualCard())).toBe(commands)
  })

  const cases = everyFault.flatMap((fault) =>
    Array.from({ length: commands }, (_, index) => ({ fault, index, name: nameOf(fault) })),
  )
  it.each(cases)('of a sale: $name at command $index; RECOVER says what the card did', async ({ fault, index }) => {
    const bench = new ReaderBench()
    const made = await usualCard()
    const intents: SpendPlan[] = []
    const channel = bench.channel(bench.lay(made.faulty))
    made.faulty.arm(fault, index + 1)
    const outcome = await bench.settle(sale(channel, intents))
    made.faulty.disarm()

    const [plan] = intents
    if (plan === undefined) {
      expect(['torn', 'refused']).toContain(outcome.kind)
      expect(debits(made)).toEqual([])
    } else {
      if (outcome.kind === 'debited') expect(fault).toMatchObject({ kind: 'truncated' })
      else expect(outcome).toMatchObject({ kind: 'torn', step: 'spend' })
      // The till is started anew: it has the intent and nothing else.
      const presence = await opened(bench.channel(bench.lay(made.faulty)))
      const recovered = await bench.settle(recover(presence, plan, random(16)))
      const [debit] = debits(made)
      expect(recovered.kind).toBe(debit === undefined ? 'not-debited' : 'debited')
      if (outcome.kind === 'torn' && 'executed' in outcome && outcome.executed === 'no') expect(debit).toBeUndefined()
      if (recovered.kind === 'debited') expect(toHex(recovered.record)).toBe(debit?.record)
      if (recovered.kind !== 'not-debited') return
      // The same tender may be tried again under its own id.
      expect(await verifyPin(presence, pin)).toEqual({ kind: 'verified' })
      const again = planned(presence, await contentOf(presence), {
        amount: 115_000n,
        isPinVerified: true,
        tenderId: plan.tenderId,
      })
      expect((await spend(presence, again)).kind).toBe('debited')
    }
    expect(made.card.state().pinTries).toBeGreaterThanOrEqual(4)
    expect(debits(made).length).toBeLessThanOrEqual(1)
  })

  it.each(cases)('of a sale, never recovered: $name at command $index; the next record settles it', async (of) => {
    const bench = new ReaderBench()
    const made = await usualCard()
    const intents: SpendPlan[] = []
    const channel = bench.channel(bench.lay(made.faulty))
    made.faulty.arm(of.fault, of.index + 1)
    await bench.settle(sale(channel, intents))
    made.faulty.disarm()
    const [torn] = intents
    if (torn === undefined) return
    const wasDebited = debits(made).length === 1
    const next = await paid(await opened(bench.channel(bench.lay(made.faulty)), terminal('till-0008')))
    if (next.kind !== 'debited') throw new Error(JSON.stringify(next))
    const previous = toHex(next.record.subarray(38, 70))
    expect(previous).toBe(toHex(wasDebited ? recordHash(torn.expectedInput) : torn.before.headHash))
  })

  it.each(everyFault.flatMap((fault) => [5, 6].map((index) => ({ fault, index, name: nameOf(fault) }))))(
    'of RECOVER itself: $name at command $index; asked again it says the same',
    async ({ fault, index }) => {
      const bench = new ReaderBench()
      const made = await usualCard()
      const intents: SpendPlan[] = []
      expect((await sale(bench.channel(bench.lay(made.faulty)), intents)).kind).toBe('debited')
      const before = made.card.state()
      const channel = bench.channel(bench.lay(made.faulty))
      made.faulty.arm(fault, index + 1)
      const first = await bench.settle(recover(await opened(channel), intents[0]!, random(16)))
      made.faulty.disarm()
      if (first.kind !== 'debited') expect(first).toMatchObject({ kind: 'torn', step: 'recover' })
      const again = await recover(await opened(bench.channel(bench.lay(made.faulty))), intents[0]!, random(16))
      expect(again.kind).toBe('debited')
      expect(made.card.state()).toEqual(before)
    },
  )

  it.each(
    everyFault.flatMap((fault) => Array.from({ length: 8 }, (_, index) => ({ fault, index, name: nameOf(fault) }))),
  )('of a script: $name at command $index; the same bytes again give one receipt', async ({ fault, index }) => {
    const bench = new ReaderBench()
    const made = await usualCard()
    const loads = ['a', 'b', 'c'].map((name) => ({ kind: 'load-slot', slot: slot({ name }) }) as const)
    const more = script(2, [...loads, { kind: 'load-slot', slot: slot() }])
    const carry = async (channel: CardChannel) => {
      const presence = await present(channel, till)
      return presence.kind === 'present' ? update(presence, more) : presence
    }
    const channel = bench.channel(bench.lay(made.faulty))
    made.faulty.arm(fault, index + 1)
    const first = await bench.settle(carry(channel))
    made.faulty.disarm()
    expect(['torn', 'refused', 'applied']).toContain(first.kind)
    if (first.kind === 'torn' && first.executed === 'no') expect(made.card.state().scriptCounter).toBe(1)
    const again = await carry(bench.channel(bench.lay(made.faulty)))
    if (again.kind !== 'applied') throw new Error(JSON.stringify(again))
    if (first.kind === 'applied') expect(again.receipt).toEqual(first.receipt)
    expect(verifyReceipt(again.receipt, more, (await opened(laid(made))).card.publicKey)).not.toBeNull()
    const presence = await opened(bench.channel(bench.lay(made.faulty)))
    expect((await contentOf(presence)).slots[0]).toMatchObject({ countLeft: 40, amountLeft: 4_600_000n })
  })

  const personalisationCommands = 13
  it.each(
    everyFault.flatMap((fault) =>
      Array.from({ length: personalisationCommands }, (_, index) => ({ fault, index, name: nameOf(fault) })),
    ),
  )('of personalisation: $name at command $index; repeated it ends with this card', async ({ fault, index }) => {
    const bench = new ReaderBench()
    const made = testCard()
    const channel = bench.channel(bench.lay(made.faulty))
    made.faulty.arm(fault, index + 1)
    const first = await bench.settle(personaliseApplet(channel, order, desk, trust, terminalRandom))
    made.faulty.disarm()
    expect(['torn', 'refused', 'present']).toContain(first.kind)
    const again = await personaliseApplet(bench.channel(bench.lay(made.faulty)), order, desk, trust, terminalRandom)
    expect(again).toMatchObject({ kind: 'present', card: { cardId, keyEpoch: 1 } })
    expect(made.card.state().authorityKeys).toEqual([authority, nextAuthority].map((key) => toHex(key.publicKey)))
  })

  it('personalisation has so many commands', async () => {
    const work = (channel: CardChannel) => personaliseApplet(channel, order, desk, trust, terminalRandom)
    expect(await countCommands(work, testCard())).toBe(personalisationCommands)
  })
})

describe(`a year of a card, TOLEM_SEED=${seed}`, () => {
  it('two tills, faults and scripts at random: what tills believe is what the card did', async () => {
    const generous = (of: Partial<AppletSlot>) => slot({ ...of, pinAbove: 150_000n })
    const chance = (below: number): number => Buffer.from(random(4)).readUInt32BE() % below
    const bench = new ReaderBench()
    const made = await issuedCard([generous({ countLeft: 5, amountLeft: 500_000n })])
    const tills = [till, terminal('till-0008')]
    /** Open intents, and what was settled. */
    const torn = new Map<SpendPlan, TerminalIdentity>()
    const believed = new Map<string, bigint>()
    let loaded = { count: 5, amount: 500_000n }
    let counter = 1
    let faults = 0
    for (let step = 0; step < 400; step += 1) {
      const as = tills[chance(2)]!
      const channel = bench.channel(bench.lay(made.faulty))
      if (chance(2) === 0) made.faulty.arm(everyFault[chance(everyFault.length)]!, 1 + chance(12))
      const presence = await bench.settle(present(channel, as))
      const content = presence.kind === 'present' ? await bench.settle(readSlots(presence, now, [scheme])) : presence
      if (presence.kind === 'present' && content.kind === 'content') {
        for (const [plan, owner] of torn) {
          if (owner !== as) continue
          const recovered = await bench.settle(recover(presence, plan, random(16)))
          if (recovered.kind === 'debited') believed.set(toHex(plan.tenderId), 1n)
          expect(['other-record', 'refused']).not.toContain(recovered.kind)
          if (recovered.kind === 'debited' || recovered.kind === 'not-debited') torn.delete(plan)
        }
        const at = await bench.settle(readSlots(presence, now, [scheme]))
        const amount = BigInt(1 + chance(150_000))
        const from = at.kind === 'content' ? at.slots[0] : undefined
        if (at.kind === 'content' && from !== undefined && from.countLeft > 0 && from.amountLeft >= amount) {
          const plan = planned(presence, at, { amount }, from)
          const spent = await bench.settle(spend(presence, plan))
          if (spent.kind === 'debited') believed.set(toHex(plan.tenderId), 1n)
          else if (spent.kind === 'torn' && spent.executed === 'unknown') torn.set(plan, as)
          else expect(spent.kind).toBe('torn')
        } else if (at.kind === 'content') {
          const more = script(counter + 1, [
            { kind: 'load-slot', slot: generous({ countLeft: 3, amountLeft: 300_000n }) },
          ])
          made.faulty.disarm()
          expect((await bench.settle(update(presence, more))).kind).toBe('applied')
          counter += 1
          loaded = { count: loaded.count + 3, amount: loaded.amount + 300_000n }
        }
      } else faults += 1
      made.faulty.disarm()
    }
    for (const [plan, owner] of torn) {
      const presence = await opened(bench.channel(bench.lay(made.faulty)), owner)
      const recovered = await recover(presence, plan, random(16))
      expect(['debited', 'not-debited', 'forgotten']).toContain(recovered.kind)
      const hashes = debits(made).map(({ record }) => record.slice(0, 568))
      const wasDebited = hashes.includes(toHex(plan.expectedInput))
      if (recovered.kind !== 'forgotten') expect(recovered.kind === 'debited').toBe(wasDebited)
      if (wasDebited) believed.set(toHex(plan.tenderId), 1n)
    }
    const done = debits(made)
    expect([...believed.keys()].toSorted()).toEqual(done.map(({ tenderId }) => tenderId).toSorted())
    const spentAmount = done.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    const left = (await contentOf(await opened(bench.channel(bench.lay(made.faulty))))).slots[0]!
    expect(left.amountLeft + spentAmount).toBe(loaded.amount)
    expect(left.countLeft + done.length).toBe(loaded.count)
    const chain = (await opened(bench.channel(bench.lay(made.faulty)))).chain
    for (const { record } of done) {
      expect(verifyRecord(Buffer.from(record, 'hex'), chain, trust.rootKeys).kind).toBe('verified')
    }
    expect(faults).toBeGreaterThan(10)
    expect(done.length).toBeGreaterThan(50)
  })
})
