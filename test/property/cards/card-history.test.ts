/**
 * Method: virtual applet cards live random lives (payments, loads, removals, tears); what tills present of them is
 * dropped, doubled and shuffled at random. An honest card is never accused, whatever is missing; what is left is what
 * the card itself holds; a copied card is found as soon as both copies have presented one number, and a card that
 * forgets to count is found too. TOLEM_SEED repeats a run.
 */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { unhex, writeSlot, readSlot } from '../../../hardware-mocks/cards/applet-layout.ts'
import type { AppletState } from '../../../hardware-mocks/cards/applet-state.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { toHex } from '../../../src/voucher/cards/bytes.ts'
import type { CardChannel } from '../../../src/voucher/cards/card-channel.ts'
import { judgeHistory, type CardLoad } from '../../../src/voucher/cards/tolem-applet/card-history.ts'
import { recordLayout } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { update } from '../../../src/voucher/cards/tolem-applet/script.ts'
import { readSlots, type AppletSlot } from '../../../src/voucher/cards/tolem-applet/slots.ts'
import { planSpend, spend } from '../../../src/voucher/cards/tolem-applet/spend.ts'
import {
  issuedCard,
  now,
  present,
  scheme,
  script,
  slot,
  testCard,
  till,
  type TestCard,
} from '../../integration/cards/applet-world.ts'

const seed = process.env['TOLEM_SEED'] ?? '28'
const lives = Number(process.env['TOLEM_LIVES'] ?? 12)
const names = ['a', 'b', 'c']
const fresh = (name: string): AppletSlot => slot({ name, countLeft: 6, amountLeft: 600_000n, pinAbove: 150_000n })
const inputOf = (record: Uint8Array): Uint8Array => record.slice(0, recordLayout.length)

interface Life {
  readonly made: TestCard
  readonly loads: CardLoad[]
  /** In the order in which the card made them. */
  readonly inputs: Uint8Array[]
  counter: number
}

async function born(): Promise<Life> {
  const made = await issuedCard(names.map(fresh))
  const loads = names.map((name): CardLoad => {
    const loaded = fresh(name)
    return { slotRef: loaded.slotRef, atc: 0, change: { kind: 'loaded', slot: loaded } }
  })
  return { made, loads, inputs: [], counter: 1 }
}

function fieldOf({ faulty, card }: TestCard): CardChannel {
  faulty.leaveField()
  faulty.enterField()
  return {
    atr: card.atr,
    transmit: async (command) => {
      const answer = faulty.exchange(command)
      return answer.kind === 'answered' ? answer : { kind: 'unknown', reason: answer.kind }
    },
  }
}

async function live(life: Life, chance: (below: number) => number, random: (length: number) => Uint8Array) {
  const presence = await present(fieldOf(life.made), till)
  if (presence.kind !== 'present') throw new Error(JSON.stringify(presence))
  const content = await readSlots(presence, now, [scheme])
  if (content.kind !== 'content') throw new Error(JSON.stringify(content))
  const name = names[chance(names.length)] ?? 'a'
  if (chance(6) === 0) {
    const isRemoval =
      chance(3) === 0 && content.slots.some(({ slotRef }) => toHex(slotRef) === toHex(fresh(name).slotRef))
    const loaded = fresh(name)
    life.counter += 1
    const item = isRemoval
      ? ({ kind: 'remove-slot', slotRef: loaded.slotRef } as const)
      : ({ kind: 'load-slot', slot: loaded } as const)
    const done = await update(presence, script(life.counter, [item]))
    if (done.kind !== 'applied') throw new Error(JSON.stringify(done))
    const { atc, removedCount: count, removedAmount: amount } = done.said
    const change = isRemoval
      ? ({ kind: 'removed', count, amount } as const)
      : ({ kind: 'loaded', slot: loaded } as const)
    life.loads.push({ slotRef: loaded.slotRef, atc, change })
    return
  }
  const from = content.slots.find(({ slotRef }) => toHex(slotRef) === toHex(fresh(name).slotRef))
  const amount = BigInt(1 + chance(150_000))
  if (from === undefined || from.countLeft === 0 || from.amountLeft < amount) return
  const planned = planSpend(presence, content, {
    tenderId: random(16),
    slot: from,
    amount,
    challenge: random(16),
    terminalTime: now,
    decisionHash: createHash('sha256').update('decision').digest(),
    termsHash: createHash('sha256').update('terms').digest(),
    isOnline: chance(2) === 0,
    isPinVerified: false,
  })
  if (planned.kind !== 'planned') throw new Error(planned.detail)
  // A tear that nobody recovers: the card knows, the till does not.
  if (chance(5) === 0) life.made.faulty.arm({ kind: chance(2) === 0 ? 'answer-lost' : 'lost-before' }, 1)
  const spent = await spend(presence, planned.plan)
  if (spent.kind === 'refused') throw new Error(JSON.stringify(spent))
  const debited = life.made.card.state().ring.at(-1)
  const input = debited === undefined ? undefined : inputOf(unhex(debited))
  if (input !== undefined && toHex(input) === toHex(planned.plan.expectedInput)) life.inputs.push(input)
}

/** Until the card has made so many records. A card that makes none fails the test, not the run. */
async function liveUntil(
  life: Life,
  records: number,
  ...by: [(below: number) => number, (length: number) => Uint8Array]
) {
  for (let step = 0; life.inputs.length < records; step += 1) {
    if (step === 100) throw new Error(`${life.inputs.length} records in ${step} steps`)
    await live(life, ...by)
  }
}

function shuffled<Thing>(things: readonly Thing[], chance: (below: number) => number): Thing[] {
  const left = [...things]
  return things.map(() => left.splice(chance(left.length), 1)[0]!)
}

function cardHolds(state: AppletState): Map<string, { count: number; amount: bigint }> {
  const held = state.slots.flatMap((entry) => (entry === null ? [] : [readSlot(unhex(entry))!]))
  return new Map(
    held.map(({ slotRef, countLeft, amountLeft }) => [toHex(slotRef), { count: countLeft, amount: amountLeft }]),
  )
}

describe(`histories of cards, TOLEM_SEED=${seed}`, () => {
  const random = seededRandom(`histories ${seed}`)
  const chance = (below: number): number => Buffer.from(random(4)).readUInt32BE() % below

  test('an honest card, whole and shuffled: nothing is found, and what is left is what the card holds', async () => {
    let records = 0
    for (let count = 0; count < lives; count += 1) {
      const life = await born()
      for (let step = chance(25); step > 0; step -= 1) await live(life, chance, random)
      const doubled = life.inputs.filter(() => chance(4) === 0)
      const history = judgeHistory({
        recordInputs: shuffled([...life.inputs, ...doubled], chance),
        loads: life.loads,
        tornInputs: shuffled(doubled, chance),
      })
      expect(history.findings).toEqual([])
      expect(history.proved).toEqual([])
      const held = cardHolds(life.made.card.state())
      for (const { slotRef, left } of history.slots) {
        expect(left).toEqual(held.get(toHex(slotRef)) ?? { count: 0, amount: 0n })
      }
      records += life.inputs.length
    }
    expect(records).toBeGreaterThan(lives)
  })

  test('records are missing: only that is found, and torn intents are proved by later ones', async () => {
    let missing = 0
    let proved = 0
    for (let count = 0; count < lives; count += 1) {
      const life = await born()
      for (let step = 5 + chance(25); step > 0; step -= 1) await live(life, chance, random)
      const fate = life.inputs.map(() => chance(4))
      const kept = life.inputs.filter((_, index) => fate[index]! > 1)
      const torn = life.inputs.filter((_, index) => fate[index] === 1)
      const [first] = life.inputs
      // An intent that the card never saw: another tender.
      const never = first?.map((byte, index) => (index === 80 ? byte ^ 1 : byte))
      const tornInputs = never === undefined ? [] : shuffled([...torn, never], chance)
      const history = judgeHistory({ recordInputs: shuffled(kept, chance), loads: life.loads, tornInputs })
      // What follows backwards, without a break, from a record that is here.
      const expected: number[] = []
      const lost: number[] = []
      for (let index = life.inputs.length - 1, isReached = false; index >= 0; index -= 1) {
        if (fate[index]! > 1) isReached = true
        else if (fate[index] === 1 && isReached) expected.push(index)
        else isReached = false
      }
      const known = new Set([...expected, ...fate.flatMap((one, index) => (one > 1 ? [index] : []))])
      const last = Math.max(-1, ...known)
      for (let index = 0; index < last; index += 1) if (!known.has(index)) lost.push(index + 1)
      expect(history.proved.map(toHex).toSorted()).toEqual(
        expected.map((index) => toHex(life.inputs[index]!)).toSorted(),
      )
      const found = history.findings.flatMap((finding) => {
        expect(finding.kind).toBe('missing')
        if (finding.kind !== 'missing') return []
        return Array.from({ length: finding.toAtc - finding.fromAtc + 1 }, (_, index) => finding.fromAtc + index)
      })
      expect(found).toEqual(lost)
      missing += lost.length
      proved += expected.length
    }
    expect(missing).toBeGreaterThan(0)
    expect(proved).toBeGreaterThan(0)
  })

  test('a copied card is found once both copies have presented one number, in whatever order', async () => {
    for (let count = 0; count < lives; count += 1) {
      const life = await born()
      for (let step = chance(8); step > 0; step -= 1) await live(life, chance, random)
      const copy: Life = { ...life, made: testCard(life.made.card.state(), `copy ${count}`), inputs: [], loads: [] }
      const before = life.inputs.length
      for (let step = 40; step > 0 && life.inputs.length < before + 2; step -= 1) await live(life, chance, random)
      for (let step = 40; step > 0 && copy.inputs.length < 1; step -= 1) await live(copy, chance, random)
      if (copy.inputs.length === 0 || life.inputs.length === before) continue
      const recordInputs = shuffled([...life.inputs, ...copy.inputs], chance)
      const { findings } = judgeHistory({ recordInputs, loads: [...life.loads, ...copy.loads], tornInputs: [] })
      expect(findings).toContainEqual({ kind: 'forked', atc: before + 1, inputs: expect.any(Array) })
      // The one copy alone, with what it shares with the other, is an honest card.
      const alone = judgeHistory({ recordInputs: life.inputs, loads: life.loads, tornInputs: [] })
      expect(alone.findings).toEqual([])
    }
  })

  test('a copy whose conflicting record is never presented breaks the chain', async () => {
    const life = await born()
    await liveUntil(life, 2, chance, random)
    const state = life.made.card.state()
    const copy: Life = { ...life, made: testCard(state, 'other copy'), inputs: [], loads: [] }
    await liveUntil(life, 3, chance, random)
    await liveUntil(copy, 2, chance, random)
    const recordInputs = [...life.inputs, copy.inputs[1]!]
    const { findings } = judgeHistory({ recordInputs, loads: [...life.loads, ...copy.loads], tornInputs: [] })
    expect(findings).toEqual([{ kind: 'chain-broken', atc: 4 }])
  })

  test('a torn intent that both copies of a card prove is one debit', async () => {
    const life = await born()
    await liveUntil(life, 1, chance, random)
    const torn = life.inputs[0]!
    const copy: Life = { ...life, made: testCard(life.made.card.state(), 'a later copy'), inputs: [], loads: [] }
    await liveUntil(life, 2, chance, random)
    await liveUntil(copy, 1, chance, random)
    const recordInputs = [life.inputs[1]!, copy.inputs[0]!]
    const { proved } = judgeHistory({ recordInputs, loads: life.loads, tornInputs: [torn] })
    expect(proved.map(toHex)).toEqual([toHex(torn)])
  })

  test('a card that was given more without a script is found at its next record', async () => {
    const life = await born()
    await liveUntil(life, 1, chance, random)
    const state = life.made.card.state()
    const more = state.slots.map((entry) => {
      if (entry === null) return null
      const held = readSlot(unhex(entry))!
      return toHex(writeSlot({ ...held, countLeft: held.countLeft + 5, amountLeft: held.amountLeft + 500_000n }))
    })
    const richer: Life = { ...life, made: testCard({ ...state, slots: more }, 'richer') }
    await liveUntil(richer, 2, chance, random)
    const { findings } = judgeHistory({ recordInputs: richer.inputs, loads: richer.loads, tornInputs: [] })
    expect(findings).toMatchObject([{ kind: 'balance-differs', atc: 2 }])
  })

  test('bytes that are no record are not judged', () => {
    expect(() => judgeHistory({ recordInputs: [new Uint8Array(284)], loads: [], tornInputs: [] })).toThrow(RangeError)
  })
})
