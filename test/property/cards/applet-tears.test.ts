/**
 * Method: random commands to a virtual applet, each of which the power may leave before or after any APDU, or before or
 * after any step in which the card's memory is written. A book of this test's own says, from docs/design/22 alone, how
 * the card must stand after each command; after a tear it stands as before the command or as after it. Always: loaded −
 * spent − taken away = left, slot by slot; ATC counts the debits; each record names the hash of the one before; and
 * RECOVER answers what SPEND answered, or would have. TOLEM_SEED repeats a run, TOLEM_RUNS makes it longer.
 */
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VirtualApplet } from '../../../hardware-mocks/cards/applet.ts'
import type { AppletState } from '../../../hardware-mocks/cards/applet-state.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { activeApplet } from '../../unit/hardware-mocks/applet-card.ts'
import {
  CARD_ID,
  Terminal,
  ascii,
  digest,
  isSigned,
  item,
  keyPair,
  number,
  openChannel,
  pinBlock,
  schemeRef,
  script,
  slotBytes,
  slotRef,
  spendBytes,
  update,
  type Channel,
} from '../../unit/hardware-mocks/applet-terminal.ts'
import { bytes, hex } from '../../unit/hardware-mocks/reader-side.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 22)
const numRuns = Number(process.env['TOLEM_RUNS'] ?? 40)

const RING = 8
const CAP = 150_000
const PIN = '4071'
/** `careful` asks for the PIN above 100 000. */
const slotNames = ['plain', 'careful', 'late'] as const
type SlotName = (typeof slotNames)[number]
const settings = (name: SlotName) => ({
  slot: name,
  maxPerSpend: CAP,
  ...(name === 'careful' ? { pinAbove: 100_000 } : {}),
})
const till = new Terminal()
const cardPublic = keyPair('card').public

/** Where the power goes: at an APDU of the command, or at a write to the card's memory. */
type Tear =
  | { readonly at: 'apdu'; readonly count: number; readonly isExecuted: boolean }
  | { readonly at: 'write'; readonly count: number; readonly isKept: boolean }

class PowerLost extends Error {}

type Step =
  | { readonly kind: 'spend'; readonly slot: SlotName; readonly amount: number; readonly tender: number }
  | { readonly kind: 'verify'; readonly isRight: boolean }
  | { readonly kind: 'load'; readonly slot: SlotName; readonly count: number; readonly amount: number }
  | { readonly kind: 'remove'; readonly slot: SlotName }
  | { readonly kind: 'unblock' }
  | { readonly kind: 'script again' }
  | { readonly kind: 'recover'; readonly tender: number }
  | { readonly kind: 'leave' }

const slot = fc.constantFrom(...slotNames)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('spend' as const),
      slot,
      amount: fc.integer({ min: 0, max: CAP + 9 }),
      tender: fc.nat({ max: 15 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('verify' as const), isRight: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('load' as const),
      slot,
      count: fc.nat({ max: 4 }),
      amount: fc.nat({ max: 400_000 }),
    }),
  },
  fc.record({ kind: fc.constant('remove' as const), slot }),
  fc.record({ kind: fc.constant('unblock' as const) }),
  fc.record({ kind: fc.constant('script again' as const) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('recover' as const), tender: fc.nat({ max: 15 }) }) },
  fc.record({ kind: fc.constant('leave' as const) }),
)
const tear: fc.Arbitrary<Tear | null> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  fc.record({ at: fc.constant('apdu' as const), count: fc.integer({ min: 1, max: 6 }), isExecuted: fc.boolean() }),
  fc.record({ at: fc.constant('write' as const), count: fc.integer({ min: 1, max: 2 }), isKept: fc.boolean() }),
)

/** What must stand in the EEPROM. */
interface Book {
  readonly slots: Readonly<Record<string, { readonly count: number; readonly amount: number }>>
  readonly atc: number
  readonly headHash: string
  /** The last eight, the oldest first: what the card signed, 284 bytes each. */
  readonly ring: readonly { readonly tender: string; readonly signed: string }[]
  readonly tries: number
  readonly scriptCounter: number
}

function bookOf({ slots, atc, headHash, ring, pinTries, scriptCounter }: AppletState): Book {
  const named = new Map(slotNames.map((name) => [hex(slotRef(name)), name]))
  const entries = slots.flatMap((entry): [string, { count: number; amount: number }][] => {
    if (entry === null) return []
    const content = bytes(entry)
    const left = { count: content.readUInt16BE(48), amount: Number(content.readBigUInt64BE(50)) }
    return [[named.get(hex(content.subarray(16, 32))) ?? 'unknown', left]]
  })
  return {
    slots: Object.fromEntries(entries.toSorted()),
    atc,
    headHash,
    ring: ring.map((record) => ({ tender: record.slice(140, 172), signed: record.slice(0, 568) })),
    tries: pinTries,
    scriptCounter,
  }
}

const tenderId = (index: number): Buffer => digest(ascii(`tender ${index}`)).subarray(0, 16)
const sorted = (slots: Book['slots']): Book['slots'] => Object.fromEntries(Object.entries(slots).toSorted())

/** A card whose memory outlives it, and a till that speaks to it until the power goes. */
class Bench {
  #stored: AppletState = activeApplet({ pin: pinBlock(PIN) })
  #card: VirtualApplet | null = null
  #channel: Channel | null = null
  #tear: Tear | null = null
  #presences = 0
  isPinVerified = false
  lastScript: Buffer | null = null
  readonly loaded = new Map<string, { count: number; amount: number }>()
  readonly gone = new Map<string, { count: number; amount: number }>()
  debits = 0
  tears = 0

  book(): Book {
    return bookOf(this.#stored)
  }

  /** The records of the ring as they are kept. */
  records(): readonly string[] {
    return this.#stored.ring
  }

  leave(): void {
    this.#card = null
    this.#channel = null
    this.isPinVerified = false
  }

  /** What `ask` returns, or null when the power went before it came to its end. */
  try<T>(tearAt: Tear | null, ask: (channel: Channel) => T): T | null {
    this.#tear = tearAt
    try {
      this.#channel ??= this.#open()
      return ask(this.#channel)
    } catch (error) {
      if (!(error instanceof PowerLost)) throw error
      this.tears += 1
      this.leave()
      return null
    } finally {
      this.#tear = null
    }
  }

  #open(): Channel {
    this.#presences += 1
    const memory = { save: (state: AppletState) => this.#save(state), append: () => {} }
    const card = VirtualApplet.fromState(this.#stored, { random: seededRandom(`presence ${this.#presences}`), memory })
    card.enterField()
    this.#card = card
    return openChannel((command) => this.#air(command), till)
  }

  #air(command: Buffer): Buffer {
    const strikes = this.#strikes('apdu')
    if (strikes?.at === 'apdu' && !strikes.isExecuted) throw new PowerLost()
    const answer = this.#card!.exchange(command)
    if (strikes !== null) throw new PowerLost()
    if (answer.kind !== 'answered') throw new Error(answer.kind)
    return Buffer.from(answer.response)
  }

  #save(state: AppletState): void {
    const strikes = this.#strikes('write')
    // As JSON, so that nothing is kept which a file would not keep.
    if (strikes?.at !== 'write' || strikes.isKept) this.#stored = JSON.parse(JSON.stringify(state)) as AppletState
    if (strikes !== null) throw new PowerLost()
  }

  #strikes(at: Tear['at']): Tear | null {
    if (this.#tear?.at !== at) return null
    const { count } = this.#tear
    const tearAt = this.#tear
    this.#tear = count === 1 ? null : { ...tearAt, count: count - 1 }
    return count === 1 ? tearAt : null
  }
}

/** The word with which SPEND must be answered, and the record that it must make. */
function spendOutcome(before: Book, isPinVerified: boolean, of: { slot: SlotName; amount: number; tender: number }) {
  const id = tenderId(of.tender)
  const left = before.slots[of.slot]
  if (before.ring.some(({ tender }) => tender === hex(id))) return { word: '6A89' } as const
  if (of.amount === 0) return { word: '6A80' } as const
  if (left === undefined) return { word: '6A88' } as const
  if (of.amount > CAP) return { word: '9A07' } as const
  if (left.count === 0) return { word: '9A08' } as const
  if (of.amount > left.amount) return { word: '9A09' } as const
  if (of.slot === 'careful' && of.amount > 100_000 && !isPinVerified)
    return { word: before.tries === 0 ? '6983' : '9A0A' } as const
  const after = { count: left.count - 1, amount: left.amount - of.amount }
  const sent = spendBytes({ tenderId: id, slot: of.slot, amount: of.amount })
  const signed = Buffer.concat([
    ascii('TLMSPD01'),
    CARD_ID,
    number(0xc, 8),
    number(1, 2),
    number(before.atc + 1, 4),
    bytes(before.headHash),
    id,
    schemeRef(),
    slotRef(of.slot),
    slotBytes().subarray(32, 48),
    number(of.amount, 8),
    bytes('0398'),
    number(after.count, 2),
    number(after.amount, 8),
    till.merchantRef,
    till.terminalRef,
    till.serial,
    sent.subarray(40, 128),
    Buffer.of(0, isPinVerified ? 1 : 0),
  ])
  const book: Book = {
    ...before,
    slots: sorted({ ...before.slots, [of.slot]: after }),
    atc: before.atc + 1,
    headHash: hex(digest(signed)),
    ring: [...before.ring, { tender: hex(id), signed: hex(signed) }].slice(-RING),
  }
  return { word: '9000', signed, book } as const
}

const add = (
  to: Map<string, { count: number; amount: number }>,
  name: string,
  by: { count: number; amount: number },
) => {
  const old = to.get(name) ?? { count: 0, amount: 0 }
  to.set(name, { count: old.count + by.count, amount: old.amount + by.amount })
}

/** The card stands as after, or, if the power went, as before. True: as after. */
function settle(bench: Bench, isWhole: boolean, before: Book, after: Book): boolean {
  const stands = bench.book()
  if (isDeepStrictEqual(stands, after)) return true
  if (isWhole) expect(stands).toEqual(after)
  expect(stands).toEqual(before)
  return false
}

function play(bench: Bench, step: Step, tearAt: Tear | null): void {
  const before = bench.book()
  switch (step.kind) {
    case 'leave':
      return bench.leave()
    case 'spend': {
      // A channel that has to be opened first knows no PIN; one that is torn will know none.
      const outcome = spendOutcome(before, bench.isPinVerified, step)
      const sent = spendBytes({ tenderId: tenderId(step.tender), slot: step.slot, amount: step.amount })
      const said = bench.try(tearAt, (channel) => channel.ask(0x40, 0, 0, sent))
      if (outcome.word !== '9000') {
        if (said !== null) expect(said.status).toBe(outcome.word)
        expect(bench.book()).toEqual(before)
        return
      }
      if (said !== null) {
        expect(hex(said.data.subarray(0, 285))).toBe(`01${hex(outcome.signed)}`)
        bench.isPinVerified = false
      }
      if (!settle(bench, said !== null, before, outcome.book)) return
      bench.debits += 1
      add(bench.gone, step.slot, { count: 1, amount: step.amount })
      const kept = bytes(bench.records().at(-1)!)
      expect(isSigned(cardPublic, kept.subarray(0, 284), kept.subarray(284))).toBe(true)
      if (said !== null) expect(hex(said.data.subarray(1))).toBe(hex(kept))
      return
    }
    case 'verify': {
      const said = bench.try(tearAt, (channel) => channel.ask(0x20, 0, 0, pinBlock(step.isRight ? PIN : '0000')))
      const taken = { ...before, tries: Math.max(0, before.tries - 1) }
      const after = step.isRight && before.tries > 0 ? { ...before, tries: 5 } : taken
      const isTorn = said === null
      if (!isTorn) {
        const word = before.tries === 0 ? '6983' : step.isRight ? '9000' : `63C${before.tries - 1}`
        expect(said.status).toBe(word)
        bench.isPinVerified = word === '9000' || (bench.isPinVerified && word === '6983')
      }
      const stands = bench.book()
      const mayStand = isTorn ? [before, taken, after] : [after]
      expect(mayStand).toContainEqual(stands)
      return
    }
    case 'recover': {
      const id = tenderId(step.tender)
      const said = bench.try(tearAt, (channel) => channel.ask(0x42, 0, 0, Buffer.concat([id, Buffer.alloc(16, 9)])))
      expect(bench.book()).toEqual(before)
      if (said === null) return
      const known = bench.records().find((record) => record.slice(140, 172) === hex(id))
      if (known !== undefined) return void expect(hex(said.data)).toBe(`01${known}`)
      const statement = Buffer.concat([
        ascii('TLMNOD01'),
        CARD_ID,
        number(0xc, 8),
        number(1, 2),
        id,
        Buffer.alloc(16, 9),
        number(before.atc, 4),
        number(Math.max(0, before.atc - RING + 1) || Math.min(before.atc, 1), 4),
        bytes(before.headHash),
        till.serial,
      ])
      expect(hex(said.data.subarray(0, 115))).toBe(`02${hex(statement)}`)
      expect(isSigned(cardPublic, statement, said.data.subarray(115))).toBe(true)
      return
    }
    case 'script again': {
      if (bench.lastScript === null) return
      const whole = bench.lastScript
      const said = bench.try(tearAt, (channel) => update(channel, whole, 120))
      if (said !== null) expect(said.status).toBe('9000')
      expect(bench.book()).toEqual(before)
      return
    }
    default:
      return playScript(bench, step, tearAt, before)
  }
}

function playScript(
  bench: Bench,
  step: Extract<Step, { kind: 'load' | 'remove' | 'unblock' }>,
  tearAt: Tear | null,
  before: Book,
): void {
  const counted = { ...before, scriptCounter: before.scriptCounter + 1 }
  let [content, after, word] = [item(0x03), { ...counted, tries: 5 } as Book, '9000']
  if (step.kind === 'load') {
    const left = before.slots[step.slot] ?? { count: 0, amount: 0 }
    const sum = { count: left.count + step.count, amount: left.amount + step.amount }
    content = item(0x01, slotBytes({ ...settings(step.slot), count: step.count, amount: step.amount }))
    after = { ...counted, slots: sorted({ ...before.slots, [step.slot]: sum }) }
  }
  if (step.kind === 'remove') {
    const { [step.slot]: taken, ...others } = before.slots
    content = item(0x02, slotRef(step.slot))
    if (taken === undefined) [after, word] = [before, '6A88']
    else after = { ...counted, slots: sorted(others) }
  }
  const whole = script({ counter: counted.scriptCounter, items: [content] })
  const said = bench.try(tearAt, (channel) => update(channel, whole, 120))
  if (said !== null) expect(said.status).toBe(word)
  if (!settle(bench, said !== null, before, after) || word !== '9000') return
  bench.lastScript = whole
  if (step.kind === 'load') add(bench.loaded, step.slot, step)
  if (step.kind === 'remove') add(bench.gone, step.slot, before.slots[step.slot]!)
}

function invariants(bench: Bench): void {
  const { slots, atc, headHash, ring } = bench.book()
  expect(atc).toBe(bench.debits)
  expect(ring).toHaveLength(Math.min(atc, RING))
  for (const name of slotNames) {
    const [loaded, gone] = [bench.loaded.get(name), bench.gone.get(name)]
    const left = slots[name] ?? { count: 0, amount: 0 }
    expect({ count: left.count + (gone?.count ?? 0), amount: left.amount + (gone?.amount ?? 0) }).toEqual(
      loaded ?? { count: 0, amount: 0 },
    )
  }
  const hashes = ring.map(({ signed }) => hex(digest(bytes(signed))))
  expect(hashes.at(-1) ?? '00'.repeat(32)).toBe(headHash)
  for (const [index, { signed }] of ring.entries()) {
    expect(bytes(signed).readUInt32BE(34)).toBe(atc - ring.length + index + 1)
    if (index > 0) expect(signed.slice(76, 140)).toBe(hashes[index - 1])
  }
}

describe(`an applet that loses its power, TOLEM_SEED=${seed}`, () => {
  test(
    'stands before or after each step, and never loses or invents a tiyn',
    { timeout: 120_000 + numRuns * 2_000 },
    () => {
      const seen = { debits: 0, tears: 0 }
      fc.assert(
        fc.property(fc.array(fc.tuple(step, tear), { minLength: 10, maxLength: 40 }), (steps) => {
          const bench = new Bench()
          // Something to spend, so that most of a short run is about money.
          for (const name of slotNames) play(bench, { kind: 'load', slot: name, count: 6, amount: 600_000 }, null)
          for (const [one, tearAt] of steps) {
            play(bench, one, tearAt)
            invariants(bench)
          }
          seen.debits += bench.debits
          seen.tears += bench.tears
        }),
        { seed, numRuns },
      )
      // A run in which nothing is debited or torn shows nothing.
      expect(seen.debits).toBeGreaterThan(numRuns)
      expect(seen.tears).toBeGreaterThan(numRuns)
      console.info(`TOLEM_SEED=${seed}: ${numRuns} runs, ${seen.debits} debits, ${seen.tears} tears`)
    },
  )
})
