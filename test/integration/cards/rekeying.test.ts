/**
 * Method: the desk's re-keying against an independent card, whose keys are read out of it afterwards and held against
 * those that the virtual hardware derives by itself; through every fault at every command.
 */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { deriveKeys } from '../../../hardware-mocks/cards/key-diversification.ts'
import type { Ntag424State } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { cardKeyNumber, diversifyCardKey } from '../../../src/voucher/cards/card-keys.ts'
import { takeSaleBoundProof } from '../../../src/voucher/cards/ntag424.ts'
import { keyHolder } from '../../../src/voucher/cards/ntag424-authentication.ts'
import { rekeyCard, type Rekeying, type RekeyingOrder } from '../../../src/voucher/cards/rekeying.ts'
import { openSun } from '../../../src/voucher/cards/sun.ts'
import { blank, cardKeys, everyFault, faultyCard, masters, personalised, ReaderBench, uid } from './presence.ts'

const random = seededRandom('desk')
const termsHash = createHash('sha256').update('a tender').digest()
const nextKeys = deriveKeys({ masters, uid, generation: 2 })

const keysOfGeneration = (generation: number) => (of: Uint8Array) => ({
  applicationMaster: diversifyCardKey(masters.application, of, cardKeyNumber.applicationMaster, generation),
  fileRead: diversifyCardKey(masters.fileRead, of, cardKeyNumber.fileRead, generation),
  till: diversifyCardKey(masters.till, of, cardKeyNumber.till, generation),
  reserved: diversifyCardKey(masters.reserved, of, cardKeyNumber.reserved, generation),
})
const order = (masterKeyOnCard: RekeyingOrder['masterKeyOnCard'], from = 1, to = 2): RekeyingOrder => ({
  keysOf: keysOfGeneration(to),
  keyVersion: to,
  formerKeysOf: keysOfGeneration(from),
  formerKeyVersion: from,
  masterKeyOnCard,
})
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()
const keysIn = (state: Ntag424State) => state.keys.map(({ value, version }) => `${value} ${version}`)
const rekeyedKeys = [2, 1, 2, 2, 2].map((version, at) => `${hex(nextKeys[at as 0 | 1 | 2 | 3 | 4])} ${version}`)
/** AuthenticateEV2First in the card's log. */
const authentications = (log: readonly { kind: string; command?: string }[]): number =>
  log.filter(({ command }) => command?.startsWith('9071')).length
/** ChangeKey in the card's log. */
const keyChanges = (log: readonly { kind: string; command?: string }[]): number =>
  log.filter(({ command }) => command?.startsWith('90C4')).length

function openUnder(fileRead: Uint8Array, sun: { e: string; b: string; m: string }) {
  return openSun(sun, { metaReadKey: masters.metaRead, fileReadKeyOf: () => fileRead })
}

/** As docs/design/30 "Torn" has it: which key 0 is tried first follows from the step at which it was torn. */
async function complete(bench: ReaderBench, card: ReturnType<typeof faultyCard>, torn: Rekeying): Promise<Rekeying> {
  const isInDoubt = torn.kind !== 'rekeyed' && ['change-master-key', 'verify'].includes(torn.step)
  let outcome = torn
  for (const masterKeyOnCard of isInDoubt ? (['ours', 'former'] as const) : (['former'] as const)) {
    if (outcome.kind === 'rekeyed') break
    const presence = bench.lay(card.faulty)
    outcome = await bench.settle(rekeyCard(bench.channel(presence), order(masterKeyOnCard), random))
  }
  return outcome
}

describe('a card that is re-keyed', () => {
  it('has the keys that the virtual hardware derives, its counter and its file, and pays with them', async () => {
    const bench = new ReaderBench()
    const card = faultyCard(personalised)
    const pay = (till: Uint8Array) =>
      takeSaleBoundProof(
        bench.channel(bench.lay(card.faulty)),
        keyHolder(() => till),
        termsHash,
        random,
      )
    const before = await pay(cardKeys[3])
    if (before.kind !== 'proof') throw new Error(JSON.stringify(before))
    const { files } = card.card.state()
    card.log.length = 0
    const outcome = await rekeyCard(bench.channel(bench.lay(card.faulty)), order('former'), random)
    expect(outcome).toMatchObject({ kind: 'rekeyed' })
    expect(authentications(card.log)).toBe(2)
    expect(keysIn(card.card.state())).toEqual(rekeyedKeys)
    expect(card.card.state().files).toEqual(files)

    // The key that a lost till held authenticates nothing any more.
    const stolen = await pay(cardKeys[3])
    expect(stolen).toMatchObject({ kind: 'refused', step: 'authenticate', code: 'CARD_AUTHENTICATION_FAILED' })
    const after = await pay(nextKeys[3])
    if (after.kind !== 'proof') throw new Error(JSON.stringify(after))
    expect(openUnder(nextKeys[2], after.sun)).toMatchObject({ kind: 'opened', counter: 2 })
    expect(openUnder(cardKeys[2], after.sun)).toMatchObject({ kind: 'refused', code: 'SUN_MAC_WRONG' })
    expect(openUnder(cardKeys[2], before.sun)).toMatchObject({ kind: 'opened', counter: 1 })
  })

  it('is re-keyed again, to the last generation', async () => {
    const bench = new ReaderBench()
    const { faulty, card } = faultyCard(personalised)
    for (const [from, to] of [
      [1, 2],
      [2, 255],
    ] as const) {
      const outcome = await rekeyCard(bench.channel(bench.lay(faulty)), order('former', from, to), random)
      expect(outcome.kind).toBe('rekeyed')
    }
    const last = deriveKeys({ masters, uid, generation: 255 })
    expect(keysIn(card.state())[3]).toBe(`${hex(last[3])} 255`)
  })

  it('and is asked for it once more is checked, with one authentication', async () => {
    const bench = new ReaderBench()
    const { faulty, card, log } = faultyCard(personalised)
    await rekeyCard(bench.channel(bench.lay(faulty)), order('former'), random)
    log.length = 0
    expect(await rekeyCard(bench.channel(bench.lay(faulty)), order('ours'), random)).toMatchObject({ kind: 'rekeyed' })
    expect(authentications(log)).toBe(1)
    expect(keysIn(card.state())).toEqual(rekeyedKeys)
  })

  /** Select, GetVersion ×3, authenticate ×2, settings, (version, key) ×3, key 0, select, authenticate ×2, settings. */
  const commands = 18
  const faults = everyFault.flatMap((fault) =>
    Array.from({ length: commands }, (_, index) => ({ fault, index, name: JSON.stringify(fault) })),
  )
  it.each(faults)('survives $name at command $index', async ({ fault, index }) => {
    const bench = new ReaderBench()
    const card = faultyCard(personalised)
    card.faulty.arm(fault, index + 1)
    const torn = await bench.settle(rekeyCard(bench.channel(bench.lay(card.faulty)), order('former'), random))
    if (fault.kind === 'lost-before') expect(torn.kind).toBe('torn')
    card.faulty.disarm()
    const failedBefore = card.card.state().keys[0].totalFailures
    expect(await complete(bench, card, torn)).toMatchObject({ kind: 'rekeyed' })
    expect(keysIn(card.card.state())).toEqual(rekeyedKeys)
    // Two of the torn call, one wrong and two right ones of its repetition; of them one can have failed.
    expect(authentications(card.log)).toBeLessThanOrEqual(5)
    expect(card.card.state().keys[0].totalFailures - failedBefore).toBeLessThanOrEqual(1)
    const proof = await takeSaleBoundProof(
      bench.channel(bench.lay(card.faulty)),
      keyHolder(() => nextKeys[3]),
      termsHash,
      random,
    )
    if (proof.kind !== 'proof') throw new Error(JSON.stringify(proof))
    expect(openUnder(nextKeys[2], proof.sun).kind).toBe('opened')
  })

  it('counts eighteen commands', async () => {
    const bench = new ReaderBench()
    const { faulty, log } = faultyCard(personalised)
    await rekeyCard(bench.channel(bench.lay(faulty)), order('former'), random)
    expect(log.filter((entry) => 'command' in entry)).toHaveLength(commands)
  })
})

describe('is refused, and nothing changes', () => {
  const refusedAs = async (state: Ntag424State, asked = order('former')) => {
    const bench = new ReaderBench()
    const { faulty, card, log } = faultyCard(state)
    const outcome = await rekeyCard(bench.channel(bench.lay(faulty)), asked, random)
    expect(keysIn(card.state())).toEqual(keysIn(state))
    return { outcome, log }
  }
  const withKey = (at: number, of: { value?: string; version?: number }): Ntag424State => {
    const keys = personalised.keys.map((key, number) => (number === at ? { ...key, ...of } : key))
    return { ...personalised, keys: keys as never }
  }

  it('a card of another issuer, after one attempt', async () => {
    const { outcome, log } = await refusedAs(withKey(0, { value: 'AB'.repeat(16) }))
    expect(outcome).toMatchObject({ code: 'CARD_AUTHENTICATION_FAILED' })
    expect(authentications(log)).toBe(1)
  })

  it('a card that was never wholly personalised', async () => {
    const state = { ...personalised, files: { ...personalised.files, 2: blank.files[2] } }
    expect((await refusedAs(state)).outcome).toMatchObject({ code: 'CARD_NOT_AS_ISSUED', detail: 'file-2-settings' })
  })

  it('a key of a version of neither generation', async () => {
    const { outcome, log } = await refusedAs(withKey(2, { version: 7 }))
    expect(outcome).toMatchObject({ code: 'CARD_NOT_AS_ISSUED', detail: 'key-2-version-7' })
    expect(keyChanges(log)).toBe(0)
  })

  it('a key that says it is the new one and is not', async () => {
    const { outcome } = await refusedAs(withKey(2, { version: 2, value: 'AB'.repeat(16) }))
    expect(outcome).toMatchObject({ step: 'change-keys', code: 'CARD_NOT_AS_ISSUED' })
  })

  it.each([
    [1, 1],
    [0, 1],
    [1, 256],
  ])('an order from generation %i to %i: a broken invariant', async (from, to) => {
    const bench = new ReaderBench()
    const channel = bench.channel(bench.lay(faultyCard(personalised).faulty))
    await expect(rekeyCard(channel, order('former', from, to), random)).rejects.toThrow(RangeError)
  })
})
