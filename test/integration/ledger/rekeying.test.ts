/**
 * Cards that get the keys of their next generation (docs/design/30-rekeying.md), as whole stories at the ledger: what
 * they sold before is paid as ever, nothing is sold with the former keys after, and a card that was exposed is in
 * leases again. Method: tills in signed requests, cards that compute their own messages, once a virtual card that
 * shares no code with desk or ledger; the audit looks after each.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { personalisedCard } from '../../../hardware-mocks/cards/ntag424-state.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { makeReceiptPresentment } from '../../../src/sync/protocol/receipt-presentment.ts'
import { tillKeyContext, unseal } from '../../../src/sync/protocol/sealed-box.ts'
import { cardKeyNumber, type DiversifiedKeyNumber } from '../../../src/voucher/cards/card-keys.ts'
import { takeSaleBoundProof } from '../../../src/voucher/cards/ntag424.ts'
import { keyHolder } from '../../../src/voucher/cards/ntag424-authentication.ts'
import { rekeyCard } from '../../../src/voucher/cards/rekeying.ts'
import { ReaderBench } from '../cards/presence.ts'
import {
  balanceOf,
  dayMs,
  demoLedger,
  hourMs,
  p256,
  temporaryFolder,
  TestSigner,
  type DemoLedger,
  type TestCard,
  type TestTill,
} from './demo-ledger.ts'
import { poolWorld } from './pool-world.ts'

const canteen = 'merchant.school-7-canteen'
const lunch = 115_000n
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let agency: TestSigner
let till: TestTill
let other: TestTill
/** The first of them is in a lease of the first till, the second in none. */
let leased: TestCard
let card: TestCard

const file = (): string => join(folder.path, 'ledger.db')

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: file() })
  agency = demo.role('agency', 'almaly-education')
  till = await demo.till('till-1')
  other = await demo.till('till-2')
  await till.fetch()
  await other.fetch()
  leased = demo.card('Pupil 01')
  card = demo.card('Pupil 25')
})
afterEach(async () => {
  try {
    const report = auditFile(file())
    if (report?.balanced !== true) throw new Error(report?.text)
    expect(demo.recovered).toEqual([])
  } finally {
    await demo.close()
    folder.remove()
  }
})

const uidOf = (of: TestCard): string => Buffer.from(of.uid).toString('hex')
const begin = (of: TestCard, generation = 2, by = agency) =>
  by.post('/v1/card-rekeyings', { uid: uidOf(of), generation })
const done = (of: TestCard, generation = 2, by = agency) =>
  by.post('/v1/card-rekeyings/done', { uid: uidOf(of), generation })

/** The card as the desk leaves it. Its counter begins anew here, which the ledger has to take too. */
function withKeysOf(of: TestCard, generation: number): TestCard {
  const { keys } = demo.ports
  const [fileReadKey, tillKey] = [keys.diversify(of.uid, 2, generation), keys.diversify(of.uid, 3, generation)]
  return { ...of, fileReadKey, tillKey, counter: 0 }
}
async function rekey(of: TestCard, generation = 2): Promise<TestCard> {
  expect(await begin(of, generation)).toMatchObject({ status: 200, body: { arrival: 'created' } })
  expect(await done(of, generation)).toMatchObject({ status: 200, body: { arrival: 'created' } })
  return withKeysOf(of, generation)
}

async function lease(at: TestTill, of: TestCard) {
  const like = till.leased(leased)?.slot
  if (like === undefined) throw new Error('the first till has no lease')
  const holder = (await demo.rows('card')).find((row) => row['card'] === of.pseudonym)?.['holder']
  const { beneficiary } = (await demo.rows('entitlement')).find((row) => row['holder'] === holder) ?? {}
  const until = { sellUntil: demo.clock.now + 3 * hourMs, presentUntil: demo.clock.now + dayMs }
  const which = { schemeId: like.schemeId, beneficiaries: [beneficiary], periodIds: [like.periodId] }
  const granted = await agency.post('/v1/leases', { grantId: at.id(), terminalId: at.terminalId, ...which, ...until })
  await at.fetch()
  return granted
}
/** The second till has had the card's key, and nothing of it any more. */
async function wasAtOtherTill(of: TestCard): Promise<void> {
  await lease(other, of)
  const { lease: held, slot } = other.leased(of) ?? {}
  expect(await other.batch(other.surrender(held?.leaseId ?? '', slot?.slotId ?? ''))).toMatchObject([{ state: 'done' }])
}
const loseOtherTill = () => agency.post('/v1/terminal-revocations', { terminalId: 'till-2', reason: 'lost' })

async function sessionOf(of: TestCard, at = till) {
  const asked = { cardSessionId: at.id(), card: of.pseudonym, encryptedRndB: '00'.repeat(16) }
  return at.call('/v1/terminal/card-sessions', asked)
}
/** What lies sealed at the till for the card, opened with the till's own key. */
function keyAt(at: TestTill, of: TestCard): Uint8Array {
  const own = at.package?.leases.flatMap(({ leaseId, slots }) =>
    slots.flatMap(({ cards }) => cards.map((sealed) => ({ ...sealed, leaseId }))),
  )
  const sealed = own?.find((one) => one.card === of.pseudonym)
  const context = tillKeyContext(sealed?.leaseId ?? '', of.pseudonym)
  const key = unseal(sealed?.sealedTillKey ?? '', at.encryption.privateKey, context)
  if (key === undefined) throw new Error(`${at.terminalId} has no key of ${of.label}`)
  return key
}
const rowOf = async (of: TestCard) => (await demo.rows('card')).find((row) => row['card'] === of.pseudonym)

describe('an exposed card', () => {
  test('is on line only, is re-keyed on the desk, and pays off line with its new keys', async () => {
    await wasAtOtherTill(card)
    const stolen = keyAt(other, card)
    expect(await loseOtherTill()).toMatchObject({ body: { exposedCards: 1 } })
    expect(await lease(till, card)).toMatchObject({ status: 409 })
    expect(await sessionOf(card)).toMatchObject({ kind: 'open' })

    const random = seededRandom('desk and till')
    const bench = new ReaderBench()
    const bytes = (number: DiversifiedKeyNumber | 1) =>
      Buffer.from(demo.world.cards.find(({ label }) => label === card.label)?.keys[`${number}`] ?? '', 'hex')
    const keys = { 0: bytes(0), 1: bytes(1), 2: bytes(2), 3: bytes(3), 4: bytes(4) }
    const onReader = VirtualNtag424.fromState(personalisedCard({ uid: card.uid, keys }), { random })
    const channel = () => bench.channel(bench.lay(onReader))
    const keysOf = (generation: number) => (uid: Uint8Array) => {
      const key = (number: DiversifiedKeyNumber) => demo.ports.keys.diversify(uid, number, generation)
      const { applicationMaster, fileRead, till: tillKey, reserved } = cardKeyNumber
      return {
        applicationMaster: key(applicationMaster),
        fileRead: key(fileRead),
        till: key(tillKey),
        reserved: key(reserved),
      }
    }
    await begin(card)
    const generations = { keysOf: keysOf(2), keyVersion: 2, formerKeysOf: keysOf(1), formerKeyVersion: 1 }
    expect(await rekeyCard(channel(), { ...generations, masterKeyOnCard: 'former' }, random)).toMatchObject({
      kind: 'rekeyed',
    })
    await done(card)
    expect(await rowOf(card)).toMatchObject({ epoch: 2n, highest_counter: 0n, exposed_at: null, rekeying_since: null })

    expect(await lease(till, card)).toMatchObject({ status: 200 })
    const { lease: held, slot } = till.leased(card) ?? {}
    if (held === undefined || slot === undefined) throw new Error('the card is in no lease')
    const input = till.input(card, till.sale(), slot, 'offline', held)
    const { terms, record } = till.recorded(input, held.leaseId)
    const proofWith = (key: Uint8Array) =>
      takeSaleBoundProof(
        channel(),
        keyHolder(() => key),
        Buffer.from(termsHashOf(terms), 'hex'),
        random,
      )
    expect(await proofWith(stolen)).toMatchObject({ kind: 'refused', code: 'CARD_AUTHENTICATION_FAILED' })
    const proof = await proofWith(keyAt(till, card))
    if (proof.kind !== 'proof') throw new Error(JSON.stringify(proof))
    const { leaseId } = held
    const sold = { terms, evidence: till.evidence(record, terms, proof.sun), leaseId, decidedAt: input.trustedTime }
    expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await balanceOf(demo, canteen)).toBe(lunch)
  })

  test('is back in the lease that another till holds meanwhile, with its new key', async () => {
    await wasAtOtherTill(card)
    await lease(till, card)
    const { lease: held } = till.leased(card) ?? {}
    await loseOtherTill()
    await till.fetch()
    expect(till.leased(card)).toBeUndefined()
    const rekeyed = await rekey(card)
    const told = await till.call('/v1/terminal/events', { after: 0, limit: 100 })
    const version = (till.package?.version ?? 0) + 1
    expect(told.events.map(({ event }) => event)).toContainEqual({ kind: 'package_available', version })
    await till.fetch()
    expect(till.leased(card)?.lease.leaseId).toBe(held?.leaseId)
    expect(Buffer.from(keyAt(till, card))).toEqual(Buffer.from(rekeyed.tillKey))
    expect(await till.present(till.decide({ card: rekeyed }))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('is not exposed again by a lost till that held its former key only', async () => {
    await wasAtOtherTill(card)
    await rekey(card)
    expect(await loseOtherTill()).toMatchObject({ body: { exposedCards: 0 } })
    expect(await rowOf(card)).toMatchObject({ exposed_at: null })
    expect(await agency.post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'lost' })).toMatchObject({
      body: { exposedCards: expect.any(Number) },
    })
    expect(await rowOf(leased)).toMatchObject({ exposed_at: expect.any(BigInt) })
  })
})

describe('a card that a pool lists', () => {
  test('pays from it with its new key, and what it sold from it before is paid', async () => {
    const world = await poolWorld()
    try {
      const at = world.tills['till-1']
      await world.give(at, 5_000n)
      const sold = world.offline(at, 300n)
      const { keys } = world.demo.ports
      const onDesk = { uid: uidOf(world.card), generation: 2 }
      const desk = world.demo.role('agency', 'almaly-education')
      for (const path of ['/v1/card-rekeyings', '/v1/card-rekeyings/done'])
        expect(await desk.post(path, onDesk)).toMatchObject({ status: 200, body: { arrival: 'created' } })
      await at.fetch()
      const tillKey = keys.diversify(world.card.uid, 3, 2)
      expect(Buffer.from(keyAt(at, world.card))).toEqual(Buffer.from(tillKey))
      const { lease: pool, slot } = at.leased(world.card) ?? {}
      if (pool === undefined || slot === undefined) throw new Error('the pool lists nobody')
      const rekeyed = { ...world.card, fileReadKey: keys.diversify(world.card.uid, 2, 2), tillKey, counter: 0 }
      const after = at.decided(at.input(rekeyed, at.sale('bread'), slot, 'offline', pool), rekeyed, pool.leaseId)
      expect(await at.batch(at.presentment(after), at.presentment(sold))).toMatchObject([
        { state: 'settled', paidBy: 'escrow' },
        { state: 'settled', paidBy: 'escrow' },
      ])
    } finally {
      await world.end()
    }
  })
})

describe('what was sold before', () => {
  test('off line, and is presented after, is paid by the escrow, once', async () => {
    const sold = till.decide({ card: leased })
    await rekey(leased)
    demo.clock.now += hourMs
    expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'escrow', arrival: 'created' })
    expect(await till.present(sold)).toMatchObject({ state: 'settled', arrival: 'exists' })
    expect(await balanceOf(demo, canteen)).toBe(lunch)
    expect(await demo.rows('card_counter')).toMatchObject([{ card: leased.pseudonym, epoch: 1n, counter: 1n }])
    // It says nothing of the counter of the new epoch.
    expect(await rowOf(leased)).toMatchObject({ highest_counter: 0n })
  })

  test('two re-keyings ago', async () => {
    const sold = till.decide({ card: leased })
    await rekey(await rekey(leased), 3)
    expect(await till.present(sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await demo.rows('former_card_key')).toMatchObject([{ epoch: 1n }, { epoch: 2n }])
  })

  test('and the till was destroyed: the receipt is paid', async () => {
    const { terms, leaseId, decidedAt, evidence } = till.decide({ card: leased })
    const position = { epoch: 1, sequence: 1 }
    const { cardProof } = evidence
    const shown = { terms, leaseId, decidedAt, cardProof, terminalId: 'till-1', position }
    const text = makeReceiptPresentment(shown, till.key)
    await rekey(leased)
    await agency.post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'destroyed' })
    const merchant = demo.role('merchant', 'school-7-canteen')
    expect(await merchant.post('/v1/receipt-claims', { text })).toMatchObject({ body: { state: 'settled' } })
  })

  test('a message of then, used already, proves no other sale: it is nobody’s', async () => {
    const family = demo.card('Family 01')
    expect(await till.present(till.decide({ card: family, item: 'milk' }))).toMatchObject({ state: 'settled' })
    const before = { ...family, counter: 0 }
    await rekey(family)
    // The same counter under the former key, made for other terms: only who has that key could.
    expect(await till.present(till.decide({ card: before, item: 'bread' }))).toMatchObject({
      state: 'not_paid',
      loss: 'PROOF_MISSING_OR_FORGED',
    })
    expect(await demo.rows('discrepancy')).toMatchObject([{ evidence: expect.stringContaining('CARD_PROOF_REPLAYED') }])
  })

  test('and the same counter in the new epoch is another one', async () => {
    const family = demo.card('Family 01')
    const first = till.decide({ card: family, item: 'milk' })
    const rekeyed = await rekey(family)
    await till.fetch()
    const second = till.decide({ card: rekeyed, item: 'bread' })
    expect(await till.batch(till.presentment(second), till.presentment(first))).toMatchObject([
      { state: 'settled', paidBy: 'escrow' },
      { state: 'settled', paidBy: 'escrow' },
    ])
    const counters = (await demo.rows('card_counter')).map(({ epoch, counter }) => [epoch, counter])
    expect(counters.toSorted()).toEqual([
      [1n, 1n],
      [2n, 1n],
    ])
  })
})

describe('a message under a former key', () => {
  test('authorises nothing, and what was given after that refusal is judged', async () => {
    const wanted = till.decide({ card: leased }, 'online')
    await rekey(leased)
    expect(await till.authorise(wanted)).toMatchObject({ state: 'refused', refusal: 'CARD_PROOF_FORGED' })
    expect(await till.present(wanted)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('is none of a card that was never re-keyed', async () => {
    const forged = { ...leased, fileReadKey: demo.ports.keys.diversify(leased.uid, 2, 2) }
    expect(await till.authorise(till.decide({ card: forged }, 'online'))).toMatchObject({
      refusal: 'CARD_PROOF_FORGED',
    })
  })
})

describe('a re-keying that was begun', () => {
  test('and not done: the card pays nothing with network and its key leaves the packages', async () => {
    expect(await begin(leased)).toEqual({
      status: 200,
      body: { card: leased.pseudonym, generation: 2, arrival: 'created' },
    })
    expect(await sessionOf(leased)).toEqual({ kind: 'refused', code: 'CARD_BLOCKED' })
    const wanted = till.decide({ card: leased }, 'online')
    expect(await till.authorise(wanted)).toMatchObject({ state: 'refused', refusal: 'CARD_BLOCKED' })
    // With its new keys no more than with the former ones.
    const rekeyed = withKeysOf(leased, 2)
    const withNewKeys = till.decide({ card: rekeyed }, 'online')
    expect(await till.authorise(withNewKeys)).toMatchObject({ state: 'refused', refusal: 'CARD_BLOCKED' })
    await till.fetch()
    expect(till.leased(leased)).toBeUndefined()
    expect(await begin(leased)).toMatchObject({ body: { arrival: 'exists' } })
    expect(await done(leased)).toMatchObject({ body: { arrival: 'created' } })
    await till.fetch()
    expect(await till.present(till.decide({ card: rekeyed }))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('and a till that could not know yet sold to it: the escrow pays', async () => {
    await begin(leased)
    demo.clock.now += hourMs
    expect(await till.present(till.decide({ card: leased }))).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('and the card blocked meanwhile: it stays blocked when that is done', async () => {
    await begin(leased)
    expect(await agency.post('/v1/card-blocks', { card: leased.pseudonym })).toMatchObject({ status: 200 })
    expect(await done(leased)).toMatchObject({ status: 200 })
    const rekeyed = withKeysOf(leased, 2)
    expect(await till.authorise(till.decide({ card: rekeyed }, 'online'))).toMatchObject({ refusal: 'CARD_BLOCKED' })
    expect(await agency.post('/v1/card-unblocks', { card: leased.pseudonym })).toMatchObject({ status: 200 })
    expect(await sessionOf(leased)).toMatchObject({ kind: 'open' })
  })

  test('and done twice is done once; begun again after that it is the same one', async () => {
    await rekey(leased)
    const row = await rowOf(leased)
    expect(await done(leased)).toMatchObject({ status: 200, body: { generation: 2, arrival: 'exists' } })
    expect(await begin(leased)).toMatchObject({ status: 200, body: { generation: 2, arrival: 'exists' } })
    expect(await rowOf(leased)).toEqual(row)
    expect(await demo.rows('former_card_key')).toHaveLength(1)
  })
})

describe('is refused, and changes nothing', () => {
  test('what was not begun, and what leaves a generation out', async () => {
    const row = await rowOf(leased)
    expect(await done(leased)).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    expect(await begin(leased, 3)).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    await begin(card)
    expect(await done(card, 3)).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    for (const generation of [0, 1, 256, 1.5]) expect(await begin(leased, generation)).toMatchObject({ status: 422 })
    expect(await rowOf(leased)).toEqual(row)
  })

  test('a blocked card, and a card that has no keys', async () => {
    await agency.post('/v1/card-blocks', { card: leased.pseudonym })
    expect(await begin(leased)).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    const holder = (await rowOf(leased))?.['holder']
    const carried = { uid: '04AAAAAAAAAAAA', holder, profile: 'uid' }
    expect(await agency.post('/v1/cards', carried)).toMatchObject({ status: 200 })
    const asked = { uid: carried.uid, generation: 2 }
    expect(await agency.post('/v1/card-rekeyings', asked)).toMatchObject({ status: 409 })
  })

  test('a card of another agency’s, which is told from no card by nobody', async () => {
    const { keyId, jwk } = p256('other-agency')
    await demo.ports.store.transaction((connection) =>
      connection
        .insertInto('principal')
        .values({ key_id: keyId, jwk: JSON.stringify(jwk), role: 'agency', owner: 'other-agency', status: 'active' })
        .execute(),
    )
    const stranger = new TestSigner(demo.ledger, demo.clock, demo.random, p256('other-agency'))
    const none = { ...leased, uid: Uint8Array.of(4, 0, 0, 0, 0, 0, 1) }
    for (const act of [begin, done]) {
      expect(await act(leased, 2, stranger)).toMatchObject({ status: 404, body: { code: 'not_found' } })
      expect(await act(none, 2)).toMatchObject({ status: 404, body: { code: 'not_found' } })
      expect(await act(leased, 2, till)).toMatchObject({ status: 403 })
    }
    expect(await rowOf(leased)).toMatchObject({ epoch: 1n, rekeying_since: null })
  })
})

test('neither the UID nor a key of any generation is in the database', async () => {
  const rekeyed = await rekey(leased)
  await till.fetch()
  const bytes = Buffer.concat([readFileSync(file()), readFileSync(`${file()}-wal`)])
  const secrets = [leased, rekeyed].flatMap(({ uid, fileReadKey, tillKey }) => [uid, fileReadKey, tillKey])
  for (const secret of secrets) {
    const raw = Buffer.from(secret)
    const hex = raw.toString('hex')
    for (const form of [raw, hex, hex.toUpperCase(), raw.toString('base64url'), raw.toString('base64')])
      expect(bytes.includes(form)).toBe(false)
  }
  // What is looked for would be found.
  expect(bytes.includes(leased.pseudonym)).toBe(true)
})

test('the audit sees an epoch that the ledger has no key of, and a counter of none', async () => {
  await till.present(till.decide({ card: leased }))
  const { pseudonym } = leased
  const set = (values: { epoch?: number; highest_counter?: number }) =>
    demo.ports.store.transaction((connection) =>
      connection.updateTable('card').set(values).where('card', '=', pseudonym).execute(),
    )
  for (const wrong of [{ epoch: 2 }, { highest_counter: 7 }]) {
    await set(wrong)
    expect(auditFile(file())).toMatchObject({ balanced: false, text: expect.stringContaining(pseudonym) })
    await set({ epoch: 1, highest_counter: 1 })
  }
})
