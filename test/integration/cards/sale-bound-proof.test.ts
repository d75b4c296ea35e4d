/** The terminal's NTAG 424 profile against an independent card, through every fault at every command. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { publishedChips } from '../../../hardware-mocks/cards/ntag424-originality.ts'
import { factoryCard } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { desfireEv3Card, garbageCard, mifareClassicCard, muteCard } from '../../../hardware-mocks/cards/otherCards.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { CardChannel } from '../../../src/voucher/cards/card-channel.ts'
import { ev2Complete, ev2Part2 } from '../../../src/voucher/cards/ev2.ts'
import { takeSaleBoundProof } from '../../../src/voucher/cards/ntag424.ts'
import {
  keyHolder,
  masterKeyHolder,
  relayedAuthenticator,
  type CardAuthenticator,
} from '../../../src/voucher/cards/ntag424-authentication.ts'
import { recogniseCard } from '../../../src/voucher/cards/ntag424-recognition.ts'
import { personaliseCard } from '../../../src/voucher/cards/personalisation.ts'
import {
  blank,
  cardKeys,
  everyFault,
  faultyCard,
  masters,
  openAtLedger,
  personalised,
  ReaderBench,
  uid,
} from './presence.ts'

const random = seededRandom('terminal')
const termsHash = createHash('sha256').update('a tender').digest()
const otherTermsHash = createHash('sha256').update('another tender').digest()

/** The ledger's half of a relayed authentication: it keeps the key and gives session keys. */
function relay(): CardAuthenticator {
  const states = new Map<string, Extract<ReturnType<typeof ev2Part2>, { kind: 'part2' }>>()
  return relayedAuthenticator({
    async challenge(ofUid, encRndB) {
      expect(Buffer.from(ofUid)).toEqual(uid)
      const part2 = ev2Part2(cardKeys[3], encRndB, random(16))
      if (part2.kind !== 'part2') return { kind: 'refused', reason: part2.kind }
      states.set('handle', part2)
      return { kind: 'part2', part2: part2.part2, handle: 'handle' }
    },
    async complete(handle, part3) {
      const completion = ev2Complete(cardKeys[3], states.get(handle)!.state, part3)
      if (completion.kind !== 'session') return { kind: 'not-authentic' }
      const { transactionId: ti, encKey, macKey } = completion.session
      return { kind: 'keys', ti, encKey, macKey }
    },
  })
}

const authenticators: readonly (readonly [string, () => CardAuthenticator])[] = [
  ['the lease’s key on the till', () => keyHolder(() => cardKeys[3])],
  ['the master key', () => masterKeyHolder(masters.till)],
  ['the ledger', relay],
]

describe.each(authenticators)('a proof with %s', (_who, authenticator) => {
  it('opens at the ledger as this card, these terms, a counter that rises', async () => {
    const bench = new ReaderBench()
    const { faulty, log } = faultyCard(personalised)
    for (const [counter, hash] of [termsHash, otherTermsHash, termsHash].entries()) {
      const channel = bench.channel(bench.lay(faulty))
      const recognised = await recogniseCard(channel)
      if (recognised.kind !== 'ntag424') throw new Error(recognised.kind)
      expect(Buffer.from(recognised.uid)).toEqual(uid)
      const proof = await takeSaleBoundProof(channel, authenticator(), hash, random, recognised)
      if (proof.kind !== 'proof') throw new Error(JSON.stringify(proof))
      const opened = openAtLedger(proof.sun)
      expect(opened).toMatchObject({ kind: 'opened', counter: counter + 1 })
      if (opened.kind === 'opened') {
        expect(Buffer.from(opened.uid)).toEqual(uid)
        expect(Buffer.from(opened.termsHash)).toEqual(hash)
      }
    }
    // The card's own log tells the same.
    const suns = log.flatMap((entry) => (entry.kind === 'sun' ? [entry] : []))
    expect(suns.map(({ counter }) => counter)).toEqual([1, 2, 3])
    expect(suns.map(({ bindingHex }) => bindingHex)).toEqual(
      [termsHash, otherTermsHash, termsHash].map((hash) => hash.toString('hex').toUpperCase()),
    )
  })

  it('of one sale does not open as another’s', async () => {
    const bench = new ReaderBench()
    const channel = bench.channel(bench.lay(faultyCard(personalised).faulty))
    const proof = await takeSaleBoundProof(channel, authenticator(), termsHash, random)
    if (proof.kind !== 'proof') throw new Error(proof.kind)
    expect(openAtLedger({ ...proof.sun, b: otherTermsHash.toString('hex').toUpperCase() })).toEqual({
      kind: 'refused',
      code: 'SUN_MAC_WRONG',
    })
  })

  /** Select, GetVersion ×3, authenticate ×2, write, select ×2, read. */
  const steps = [
    'select-application',
    'get-version',
    'get-version',
    'get-version',
    'authenticate',
    'authenticate',
    'write-binding',
    'select-again',
    'select-again',
    'read-message',
  ]
  const faults = everyFault.flatMap((fault) =>
    steps.map((step, index) => ({ fault, step, index, name: JSON.stringify(fault) })),
  )
  it.each(faults)(
    '$name at command $index ($step): a typed outcome, and the same tender on the next presence',
    async ({ fault, step, index }) => {
      const bench = new ReaderBench()
      const { faulty, card, log } = faultyCard(personalised)
      const presence = bench.lay(faulty)
      faulty.arm(fault, index + 1)
      const outcome = await bench.settle(
        takeSaleBoundProof(bench.channel(presence), authenticator(), termsHash, random),
      )
      if (
        fault.kind === 'lost-before' ||
        fault.kind === 'answer-lost' ||
        fault.kind === 'mute' ||
        (fault.kind === 'truncated' && fault.bytes < 2)
      ) {
        expect(outcome).toMatchObject({ kind: 'torn', step })
      } else if (outcome.kind === 'proof') {
        // A fault that changed nothing: the answer had no more bytes than were left.
        expect(fault).toMatchObject({ kind: 'truncated' })
      } else {
        expect(outcome.kind).toBe('refused')
        expect(outcome).toMatchObject({ code: expect.stringMatching(/^CARD_[A-Z_]+$/), detail: expect.any(String) })
      }
      expect(authentications(log)).toBeLessThanOrEqual(1)
      faulty.disarm()
      const again = await bench.settle(
        takeSaleBoundProof(bench.channel(bench.lay(faulty)), authenticator(), termsHash, random),
      )
      if (again.kind !== 'proof') throw new Error(JSON.stringify(again))
      const opened = openAtLedger(again.sun)
      expect(opened.kind).toBe('opened')
      if (opened.kind !== 'opened') return
      expect(Buffer.from(opened.termsHash)).toEqual(termsHash)
      expect(opened.counter).toBe(card.state().files[2].readCounter)
      if (outcome.kind === 'proof') expect(opened.counter).toBeGreaterThan(1)
      // At most one wrong authentication; a till must never brick a card.
      expect(card.state().keys[3].totalFailures).toBeLessThanOrEqual(1)
    },
  )

  it('with a card that knows another key is refused, and tried once', async () => {
    const bench = new ReaderBench()
    const keys = personalised.keys.map((key) => ({ ...key, value: 'AB'.repeat(16) }))
    const { faulty, log } = faultyCard({ ...personalised, keys: keys as never })
    const outcome = await takeSaleBoundProof(bench.channel(bench.lay(faulty)), authenticator(), termsHash, random)
    expect(outcome).toMatchObject({ kind: 'refused', step: 'authenticate', code: 'CARD_AUTHENTICATION_FAILED' })
    expect(authentications(log)).toBe(1)
  })
})

describe('other cards', () => {
  const others = [
    ['MIFARE Classic', mifareClassicCard({ uid: uid.subarray(0, 4) })],
    ['DESFire EV3', desfireEv3Card({ uid })],
    ['garbage', garbageCard({ uid, random: seededRandom('garbage') })],
  ] as const
  it.each(others)('%s is refused as unknown or torn, never proved', async (_name, card) => {
    const bench = new ReaderBench()
    for (let presence = 0; presence < 20; presence += 1) {
      const outcome = await bench.settle(takeSaleBoundProof(bench.channel(bench.lay(card)), relay(), termsHash, random))
      expect(['refused', 'torn']).toContain(outcome.kind)
      if (_name !== 'garbage') expect(outcome).toMatchObject({ kind: 'refused', code: 'CARD_UNKNOWN' })
    }
  })

  it('a mute card is torn after the reader’s time-out', async () => {
    const bench = new ReaderBench()
    const outcome = await bench.settle(
      takeSaleBoundProof(bench.channel(bench.lay(muteCard({ uid }))), relay(), termsHash, random),
    )
    expect(outcome).toMatchObject({ kind: 'torn', step: 'select-application', reason: 'timed-out' })
  })

  it('a factory card is recognised and gives no proof', async () => {
    const bench = new ReaderBench()
    const outcome = await takeSaleBoundProof(
      bench.channel(bench.lay(faultyCard(blank).faulty)),
      relay(),
      termsHash,
      random,
    )
    expect(outcome).toMatchObject({ kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' })
  })
})

describe('a factory card', () => {
  const order = (masterKeyOnCard: 'factory' | 'ours') => ({
    keysOf: () => ({
      applicationMaster: cardKeys[0],
      metaRead: cardKeys[1],
      fileRead: cardKeys[2],
      till: cardKeys[3],
      reserved: cardKeys[4],
    }),
    keyVersion: 1,
    masterKeyOnCard,
  })

  it('is personalised as docs/design/02 says, and then used', async () => {
    const bench = new ReaderBench()
    const { faulty, card } = faultyCard(blank)
    const outcome = await personaliseCard(bench.channel(bench.lay(faulty)), order('factory'), random)
    expect(outcome).toMatchObject({ kind: 'personalised', counterWasReset: true })
    // Against the card that the virtual hardware makes by itself.
    const state = card.state()
    expect(state.keys.map(({ value }) => value)).toEqual(personalised.keys.map(({ value }) => value))
    expect(state.files[2].settings).toEqual(personalised.files[2].settings)
    expect(state.files[2].content).toBe(personalised.files[2].content)
    const proof = await takeSaleBoundProof(
      bench.channel(bench.lay(faulty)),
      keyHolder(() => cardKeys[3]),
      termsHash,
      random,
    )
    if (proof.kind !== 'proof') throw new Error(JSON.stringify(proof))
    expect(openAtLedger(proof.sun)).toMatchObject({ kind: 'opened', counter: 1 })
    // The factory's key is gone.
    const stranger = await personaliseCard(bench.channel(bench.lay(faulty)), order('factory'), random)
    expect(stranger).toMatchObject({ kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' })
  })

  /** Select, GetVersion ×3, Read_Sig, authenticate ×2, settings, content, keys ×8, settings ×2, key 0, its proof ×4. */
  const commands = 24
  const signatureCommand = 4
  it(`takes ${commands} commands`, async () => {
    const bench = new ReaderBench()
    const { faulty, log } = faultyCard(blank)
    await personaliseCard(bench.channel(bench.lay(faulty)), order('factory'), random)
    const sent = log.flatMap((entry) => (entry.kind === 'command' ? [entry.command] : []))
    expect(sent).toHaveLength(commands)
    expect(sent[signatureCommand]).toBe('903C0000010000')
  })

  it.each(everyFault.map((fault) => ({ fault, name: JSON.stringify(fault) })))(
    'has lost nothing where $name comes at Read_Sig',
    async ({ fault }) => {
      const bench = new ReaderBench()
      const { faulty, card, log } = faultyCard(blank)
      faulty.arm(fault, signatureCommand + 1)
      const outcome = await bench.settle(personaliseCard(bench.channel(bench.lay(faulty)), order('factory'), random))
      expect(outcome).toMatchObject({ step: 'read-signature' })
      if (outcome.kind === 'refused') expect(outcome.code).toBe('CARD_ANSWER_MALFORMED')
      else expect(outcome.kind).toBe('torn')
      expect(authentications(log)).toBe(0)
      expect(card.state()).toEqual(blank)
      const again = await personaliseCard(bench.channel(bench.lay(faulty)), order('factory'), random)
      expect(again).toMatchObject({ kind: 'personalised', counterWasReset: true })
    },
  )

  const [signature = '', another = ''] = Object.values(publishedChips)
  it.each([
    ['another chip’s signature', { ...blank, signature: another }, 'CARD_NOT_ORIGINAL'],
    ['nobody’s signature', factoryCard({ uid: Buffer.from('04518DFAA96181', 'hex') }), 'CARD_NOT_ORIGINAL'],
    ['half a signature', { ...blank, signature: signature.slice(0, 56) }, 'CARD_ANSWER_MALFORMED'],
  ])('with %s is refused before it is authenticated, and as it was', async (_whose, state, code) => {
    for (const masterKeyOnCard of ['factory', 'ours'] as const) {
      const bench = new ReaderBench()
      const { faulty, card, log } = faultyCard(state)
      const outcome = await personaliseCard(bench.channel(bench.lay(faulty)), order(masterKeyOnCard), random)
      expect(outcome).toMatchObject({ kind: 'refused', step: 'read-signature', code })
      expect(authentications(log)).toBe(0)
      expect(card.state()).toEqual(state)
    }
  })

  it('that does not know Read_Sig is refused before it is authenticated', async () => {
    const bench = new ReaderBench()
    const { faulty, card, log } = faultyCard(blank)
    const channel = bench.channel(bench.lay(faulty))
    const deaf: CardChannel = {
      ...channel,
      transmit: async (command) =>
        command[1] === 0x3c
          ? { kind: 'answered', response: Buffer.from('911C', 'hex') }
          : await channel.transmit(command),
    }
    expect(await personaliseCard(deaf, order('factory'), random)).toEqual({
      kind: 'refused',
      step: 'read-signature',
      code: 'CARD_ANSWER_MALFORMED',
      detail: 'ILLEGAL_COMMAND_CODE (911C)',
    })
    expect(authentications(log)).toBe(0)
    expect(card.state()).toEqual(blank)
  })

  const faults = everyFault.flatMap((fault) =>
    Array.from({ length: commands }, (_, index) => ({ fault, index, name: JSON.stringify(fault) })),
  )
  it.each(faults)('survives $name at command $index of its personalisation', async ({ fault, index }) => {
    const bench = new ReaderBench()
    const { faulty } = faultyCard(blank)
    faulty.arm(fault, index + 1)
    let outcome = await bench.settle(personaliseCard(bench.channel(bench.lay(faulty)), order('factory'), random))
    faulty.disarm()
    // As the issuing desk does it: with our key first, and once with the factory's.
    for (const masterKeyOnCard of ['ours', 'factory'] as const) {
      if (outcome.kind === 'personalised') break
      outcome = await bench.settle(personaliseCard(bench.channel(bench.lay(faulty)), order(masterKeyOnCard), random))
    }
    expect(outcome.kind).toBe('personalised')
    const proof = await takeSaleBoundProof(
      bench.channel(bench.lay(faulty)),
      keyHolder(() => cardKeys[3]),
      termsHash,
      random,
    )
    if (proof.kind !== 'proof') throw new Error(JSON.stringify(proof))
    expect(openAtLedger(proof.sun).kind).toBe('opened')
  })
})

/** AuthenticateEV2First in the card's log. */
function authentications(log: readonly { kind: string; command?: string }[]): number {
  return log.filter(({ command }) => command?.startsWith('9071')).length
}
