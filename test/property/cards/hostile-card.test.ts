/**
 * Method: recorded honest presences (test/fixtures/vectors/ntag424-presences.json, and one of a re-keying that is made
 * here), whose answers are replaced, flipped, cut, lengthened, reordered or torn at random. Whatever a card does, the
 * profile answers with a value, never throws, authenticates at most once, and never gives a proof for other terms than
 * those asked for. TOLEM_MUTATIONS=1000000 for a long run.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deriveKeys } from '../../../hardware-mocks/cards/key-diversification.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { fromHex, toHex } from '../../../src/voucher/cards/bytes.ts'
import type { CardChannel, ChannelAnswer } from '../../../src/voucher/cards/card-channel.ts'
import { keyHolder } from '../../../src/voucher/cards/ntag424-authentication.ts'
import { readNdefFile } from '../../../src/voucher/cards/ntag424-layout.ts'
import { takeSaleBoundProof } from '../../../src/voucher/cards/ntag424.ts'
import { personaliseCard } from '../../../src/voucher/cards/personalisation.ts'
import { rekeyCard } from '../../../src/voucher/cards/rekeying.ts'
import { openSun } from '../../../src/voucher/cards/sun.ts'
import { deskChannel } from '../../fixtures/identified-cards.ts'
import presences from '../../fixtures/vectors/ntag424-presences.json' with { type: 'json' }
import { masters, personalised, uid } from '../../integration/cards/presence.ts'
import { playbackCard, scriptedRandom } from '../../unit/cards/scripted-card.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? 424)
const numRuns = Number(process.env['TOLEM_MUTATIONS'] ?? 2_000)
const runs = { seed, numRuns }
const timeout = Math.max(60_000, numRuns * 20)

const { sale } = presences
const { blank } = presences.personalisation
const bytes = (maxLength: number) => fc.uint8Array({ maxLength })

type Mutation = (response: Uint8Array) => ChannelAnswer
const answered = (response: Uint8Array): ChannelAnswer => ({ kind: 'answered', response })

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([place, flip]) => (response: Uint8Array) => {
    const index = place % Math.max(response.length, 1)
    return answered(response.length === 0 ? response : response.with(index, (response[index] ?? 0) ^ flip))
  }),
  fc.nat().map((length) => (response: Uint8Array) => answered(response.slice(0, length % (response.length + 1)))),
  bytes(40).map((more) => (response: Uint8Array) => answered(Uint8Array.from([...response, ...more]))),
  bytes(300).map((other) => () => answered(other)),
  fc.tuple(bytes(160), fc.constantFrom('9000', '9100', '91AF', '91AE', '919D', '911E', '6A82', '6700')).map(
    ([data, status]) =>
      () =>
        answered(Uint8Array.from([...data, ...fromHex(status)])),
  ),
  fc.constant(() => ({ kind: 'unknown', reason: 'card-left' }) as const),
  fc.constant(() => ({ kind: 'notSent', reason: 'no-card' }) as const),
)

/** Mutations at some places of a recording, and sometimes another recorded answer in its place. */
const hostility = (length: number) =>
  fc.record({
    mutations: fc.array(fc.tuple(fc.nat({ max: length - 1 }), mutation), { minLength: 1, maxLength: 4 }),
    swaps: fc.array(fc.tuple(fc.nat({ max: length - 1 }), fc.nat({ max: length - 1 })), { maxLength: 2 }),
  })

function hostileCard(
  exchanges: readonly { readonly response: string }[],
  {
    mutations,
    swaps,
  }: { mutations: readonly (readonly [number, Mutation])[]; swaps: readonly (readonly [number, number])[] },
) {
  const responses = exchanges.map(({ response }) => fromHex(response))
  for (const [to, from] of swaps) responses[to] = responses[from] ?? new Uint8Array(0)
  const mutationAt = new Map(mutations)
  return playbackCard((index) => {
    const response = responses[index]
    if (response === undefined) return undefined
    return mutationAt.get(index)?.(response) ?? answered(response)
  })
}

const localKey = keyHolder(() => fromHex(sale.tillKey))
const openedByLedger = (sun: Parameters<typeof openSun>[0]) =>
  openSun(sun, { metaReadKey: fromHex(sale.metaReadKey), fileReadKeyOf: () => fromHex(sale.fileReadKey) })

function keysOfBlank() {
  const [applicationMaster, metaRead, fileRead, till, reserved] = blank.keys.map(fromHex)
  if (!applicationMaster || !metaRead || !fileRead || !till || !reserved) throw new Error('five keys expected')
  const keys = { applicationMaster, metaRead, fileRead, till, reserved }
  return { keysOf: () => keys }
}

describe(`a hostile card, TOLEM_SEED=${seed}, TOLEM_MUTATIONS=${numRuns}`, { timeout }, () => {
  test('the honest recording is accepted, so the property below can fail', async () => {
    const card = hostileCard(sale.exchanges, { mutations: [], swaps: [] })
    expect((await takeSaleBoundProof(card, localKey, fromHex(sale.termsHash), scriptedRandom(sale.rndA))).kind).toBe(
      'proof',
    )
  })

  test('never throws, and never gives a proof with another binding', async () => {
    const terms = fc.oneof(fc.constant(fromHex(sale.termsHash)), fc.uint8Array({ minLength: 32, maxLength: 32 }))
    let proofs = 0
    await fc.assert(
      fc.asyncProperty(hostility(sale.exchanges.length), terms, async (hostile, termsHash) => {
        const card = hostileCard(sale.exchanges, hostile)
        const taken = await takeSaleBoundProof(card, localKey, termsHash, scriptedRandom(sale.rndA))
        expect(card.sent.filter((command) => command.startsWith('9071')).length).toBeLessThanOrEqual(1)
        if (taken.kind !== 'proof') return
        proofs += 1
        expect(taken.sun.b).toBe(toHex(termsHash))
        // Whatever else was mutated, the ledger refuses it or reads what the honest card said.
        const opened = openedByLedger(taken.sun)
        const honest = { kind: 'opened', termsHash, uid: fromHex(sale.uid), counter: sale.counter }
        expect([honest, { kind: 'refused', code: expect.any(String) }]).toContainEqual(opened)
      }),
      runs,
    )
    expect(proofs).toBeGreaterThan(0)
  })

  test('with a fresh RndA no answers of an old presence, however mutated, ever authenticate', async () => {
    await fc.assert(
      fc.asyncProperty(
        hostility(sale.exchanges.length),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        async (hostile, rndA) => {
          fc.pre(toHex(rndA) !== sale.rndA)
          const card = hostileCard(sale.exchanges, hostile)
          const taken = await takeSaleBoundProof(card, localKey, fromHex(sale.termsHash), scriptedRandom(toHex(rndA)))
          expect(taken.kind).not.toBe('proof')
          expect(card.sent.some((command) => command.startsWith('908D'))).toBe(false)
        },
      ),
      { ...runs, numRuns: numRuns / 4 },
    )
  })

  test('at the issuing desk: never throws, and personalises only what it could verify', async () => {
    const order = { ...keysOfBlank(), keyVersion: blank.keyVersion, masterKeyOnCard: 'factory' } as const
    await fc.assert(
      fc.asyncProperty(hostility(blank.exchanges.length), async (hostile) => {
        const card = hostileCard(blank.exchanges, hostile)
        const result = await personaliseCard(card, order, scriptedRandom(...blank.random))
        if (result.kind !== 'personalised') return
        // Mutations of what is not secured (version bytes, 9100 for 9190) may pass; then every command was sent.
        expect(card.sent).toEqual(blank.exchanges.map(({ command }) => command))
      }),
      runs,
    )
  })

  test('at the issuing desk: with any other answer to Read_Sig is neither authenticated nor written to', async () => {
    const asked = blank.exchanges.findIndex(({ command }) => command.startsWith('903C'))
    const honest = fromHex(blank.exchanges[asked]?.response ?? '')
    const statuses = ['9190', '9100']
    const wholeSignature = fc.tuple(fc.uint8Array({ minLength: 56, maxLength: 56 }), fc.constantFrom(...statuses)).map(
      ([signature, status]) =>
        () =>
          answered(Uint8Array.from([...signature, ...fromHex(status)])),
    )
    const order = { ...keysOfBlank(), keyVersion: blank.keyVersion, masterKeyOnCard: 'factory' } as const
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutation, wholeSignature), async (mutate) => {
        const answer = mutate(honest)
        const said = answer.kind === 'answered' ? toHex(answer.response) : ''
        fc.pre(!statuses.some((status) => said === toHex(honest).slice(0, -4) + status))
        const card = playbackCard((at) =>
          at === asked ? answer : answered(fromHex(blank.exchanges[at]?.response ?? '')),
        )
        const result = await personaliseCard(card, order, scriptedRandom(...blank.random))
        expect(result).toMatchObject({ step: 'read-signature' })
        expect(card.sent).toHaveLength(asked + 1)
      }),
      runs,
    )
  })

  test('at the issuing desk: is re-keyed only where every key was proven', async () => {
    const keysOf = (generation: number) => () => {
      const { 0: applicationMaster, 2: fileRead, 3: tillKey, 4: reserved } = deriveKeys({ masters, uid, generation })
      return { applicationMaster, fileRead, till: tillKey, reserved }
    }
    const generations = { keysOf: keysOf(2), keyVersion: 2, formerKeysOf: keysOf(1), formerKeyVersion: 1 }
    const order = { ...generations, masterKeyOnCard: 'former' } as const
    const honest: { readonly command: string; readonly response: string }[] = []
    const { atr, transmit } = deskChannel(VirtualNtag424.fromState(personalised, { random: seededRandom('card') }))
    const recording: CardChannel = {
      atr,
      transmit: async (command) => {
        const answer = await transmit(command)
        if (answer.kind === 'answered') honest.push({ command: toHex(command), response: toHex(answer.response) })
        return answer
      },
    }
    expect(await rekeyCard(recording, order, seededRandom('desk'))).toMatchObject({ kind: 'rekeyed' })
    await fc.assert(
      fc.asyncProperty(hostility(honest.length), async (hostile) => {
        const card = hostileCard(honest, hostile)
        const result = await rekeyCard(card, order, seededRandom('desk'))
        expect(card.sent.filter((command) => command.startsWith('9071')).length).toBeLessThanOrEqual(2)
        if (result.kind === 'rekeyed') expect(card.sent).toEqual(honest.map(({ command }) => command))
      }),
      runs,
    )
  })
})

describe(`the ledger, TOLEM_SEED=${seed}, TOLEM_MUTATIONS=${numRuns}`, { timeout }, () => {
  test('opens no message with any change in it', () => {
    const hexDigit = fc.constantFrom(...'0123456789ABCDEF')
    fc.assert(
      fc.property(fc.constantFrom('e', 'b', 'm'), fc.nat(), hexDigit, (field, place, digit) => {
        const text = sale.sun[field]
        const index = place % text.length
        fc.pre(text[index] !== digit)
        const changed = { ...sale.sun, [field]: text.slice(0, index) + digit + text.slice(index + 1) }
        expect(openedByLedger(changed).kind).toBe('refused')
      }),
      runs,
    )
  })

  test('never throws on arbitrary text', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789ABCDEFabcdef'), maxLength: 80 }))
    fc.assert(
      fc.property(text, text, text, (e, b, m) => {
        expect(openedByLedger({ e, b, m }).kind).toBe('refused')
      }),
      runs,
    )
  })

  test('a file of arbitrary bytes is never thrown on', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(300), fc.uint8Array({ minLength: 143, maxLength: 143 })), (file) => {
        expect(readNdefFile(file).kind).toBe('malformed')
      }),
      runs,
    )
  })
})
