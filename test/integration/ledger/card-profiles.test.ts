/**
 * What the ledger believes of cards that only say who they are (docs/design/24-card-profiles.md, ADR 33). Method: the
 * real ledger behind its signed requests, a till that says what it likes; the books are audited after each test.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { findScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { signIssuerRecord, verifyIssuerRecord } from '../../../src/sync/protocol/issuer-record.ts'
import { makeReceiptPresentment, readReceiptPresentment } from '../../../src/sync/protocol/receipt-presentment.ts'
import type { IdentificationProfile } from '../../../src/voucher/card-rules.ts'
import { schemeSchema, type Scheme } from '../../../src/voucher/scheme.ts'
import { fullSlot, type Slot } from '../../../src/voucher/slot.ts'
import type { CardProof } from '../../../src/voucher/tender.ts'
import { originalUids, riskTaken } from '../../fixtures/identified-cards.ts'
import {
  demoLedger,
  temporaryFolder,
  type Decided,
  type DemoLedger,
  type TestCard,
  type TestTill,
} from './demo-ledger.ts'
import { readCard } from './sun-message.ts'

let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let till: TestTill

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  till = await demo.till('till-1')
})
afterEach(async () => {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
    expect(demo.recovered).toEqual([])
  } finally {
    await demo.close()
    folder.remove()
  }
})

const agency = () => demo.role('agency', 'almaly-education')
const bus = '0A1B2C3D'

async function publish(schemeId: string, change: (scheme: Scheme) => Partial<Scheme>): Promise<number> {
  const scheme = await inTransaction(demo.ports, (work) => findScheme(work, schemeId))
  if (scheme === undefined || !('goods' in scheme)) throw new Error('no scheme')
  const next = { ...scheme, version: scheme.version + 1, ...change(scheme) }
  const { status } = await agency().post('/v1/schemes', schemeSchema.encode(next))
  return status
}
const takesUid = () =>
  publish('school-lunch', (scheme) => ({ cards: { accepts: ['uid', 'ntag424'], uidOffline: riskTaken(scheme.caps) } }))
const takesNtag21x = () =>
  publish('school-lunch', ({ offline }) => ({
    cards: { accepts: ['ntag21x', 'ntag424'] },
    offline: { ...offline, policy: 'deny' },
  }))

/** Registers another card for whoever holds this one. Returns it as the till names it. */
async function enrol(holderOf: string, uid: string, profile: IdentificationProfile) {
  const [row] = (await demo.rows('card')).filter((one) => one['card'] === demo.card(holderOf).pseudonym)
  const { status, body } = await agency().post('/v1/cards', { uid, holder: row?.['holder'], profile })
  expect([status, body]).toMatchObject([200, { arrival: 'created' }])
  const card: TestCard = { ...demo.card(holderOf), label: profile, pseudonym: body['card'] as string }
  return { card, record: body['record'] as string | undefined }
}

/** A sale whose record says that such a card paid it, and whose proof is what is given. */
function identified(
  decided: Decided,
  card: TestCard,
  said: IdentificationProfile | undefined,
  proof: CardProof,
): Decided {
  const { terms, evidence } = decided
  const { profile: _said, ...own } = evidence.record.input.card
  const input = {
    ...evidence.record.input,
    card: { ...own, card: card.pseudonym, ...(said === undefined ? {} : { profile: said }) },
  }
  return { ...decided, evidence: till.evidenceOf({ ...evidence.record, input }, terms, proof) }
}

async function slotOf(label: string): Promise<Slot> {
  const [row] = (await demo.rows('card')).filter((one) => one['card'] === demo.card(label).pseudonym)
  const entitled = (await demo.rows('entitlement')).find((one) => one['holder'] === row?.['holder'])
  const scheme = till.package?.schemes.find((one) => one.schemeId === 'school-lunch')
  if (scheme === undefined) throw new Error('no scheme at the till')
  return fullSlot(scheme, entitled?.['beneficiary'] as string, '2026-11-25')
}

describe('enrolment', () => {
  test('keeps the keyed hash of a UID of 4, 7 or 10 bytes, and answers the same again', async () => {
    for (const uid of [bus, '04A1B2C3D4E5F6', '04A1B2C3D4E5F6010203']) {
      const { card } = await enrol('Pupil 21', uid, 'uid')
      const [row] = (await demo.rows('card')).filter((one) => one['card'] === card.pseudonym)
      expect(row).toMatchObject({ profile: 'uid', file_read_key: '', till_key: '', status: 'active' })
      const again = await agency().post('/v1/cards', { uid, holder: row?.['holder'], profile: 'uid' })
      expect(again).toMatchObject({ status: 200, body: { arrival: 'exists', card: card.pseudonym } })
      const other = await agency().post('/v1/cards', { uid, holder: 'ab'.repeat(16), profile: 'uid' })
      expect(other).toMatchObject({ status: 409, body: { code: 'exists_with_different_terms' } })
    }
  })

  test('refuses a UID that the card makes up, one that no card has, and another length for other kinds', async () => {
    const ask = (uid: string, profile?: string) =>
      agency().post('/v1/cards', { uid, holder: 'ab'.repeat(16), ...(profile === undefined ? {} : { profile }) })
    expect(await ask('08A1B2C3', 'uid')).toMatchObject({
      status: 409,
      body: { code: 'rule_violated', detail: expect.stringContaining('CARD_RANDOM_UID') },
    })
    for (const [uid, profile] of [
      ['88A1B2C3', 'uid'],
      [bus, 'ntag21x'],
      [bus, undefined],
    ] as const)
      expect(await ask(uid, profile)).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    expect(await ask('A1B2C3', 'uid')).toMatchObject({ status: 422 })
  })

  test('gives an NTAG21x the issuer’s record, which is of this card alone', async () => {
    const { card, record } = await enrol('Pupil 21', originalUids[0], 'ntag21x')
    const key = demo.ports.keys.signing
    expect(verifyIssuerRecord(key, card.pseudonym, record ?? '')).toBe(true)
    expect(verifyIssuerRecord(key, demo.card('Pupil 21').pseudonym, record ?? '')).toBe(false)
  })

  test('a lost card is replaced by one of another kind, and the other way round', async () => {
    const former = demo.card('Pupil 21').pseudonym
    const issued = await agency().post('/v1/card-reissues', { card: former, uid: bus, profile: 'uid' })
    expect(issued).toMatchObject({ status: 200, body: { arrival: 'created' } })
    const back = await agency().post('/v1/card-reissues', { card: issued.body['card'], uid: '04A1B2C3D4E5F6' })
    expect(back).toMatchObject({ status: 200, body: { arrival: 'created' } })
    const random = await agency().post('/v1/card-reissues', {
      card: back.body['card'],
      uid: '08A1B2C3',
      profile: 'uid',
    })
    expect(random).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
  })
})

describe('a card session', () => {
  const ask = (card: string, profile: IdentificationProfile) =>
    till.call('/v1/terminal/card-sessions', { cardSessionId: till.id(), card, profile, schemes: ['school-lunch'] })

  test('of a card that is known by its UID names its slots, and authenticates nothing', async () => {
    await takesUid()
    const { card } = await enrol('Pupil 21', bus, 'uid')
    await till.fetch()
    expect(await ask(card.pseudonym, 'uid')).toMatchObject({
      kind: 'identified',
      slots: [{ schemeId: 'school-lunch' }],
    })
    expect(await ask(card.pseudonym, 'ntag21x')).toEqual({ kind: 'refused', code: 'CARD_UNKNOWN' })
  })

  test('is never a way round the card’s own proof, and needs a scheme that takes such cards', async () => {
    const { card } = await enrol('Pupil 21', bus, 'uid')
    expect(await ask(demo.card('Pupil 21').pseudonym, 'uid')).toEqual({ kind: 'refused', code: 'CARD_UNKNOWN' })
    expect(await ask(card.pseudonym, 'uid')).toEqual({ kind: 'refused', code: 'CARD_KIND_NOT_ACCEPTED' })
    const neither = { cardSessionId: till.id(), card: card.pseudonym }
    expect(await till.post('/v1/terminal/card-sessions', neither)).toMatchObject({ status: 422 })
    const both = { ...neither, profile: 'uid', encryptedRndB: '0'.repeat(32) }
    expect(await till.post('/v1/terminal/card-sessions', both)).toMatchObject({ status: 422 })
  })
})

describe('an authorisation', () => {
  test('by a card known by its UID pays, and by the same word for another kind of card it does not', async () => {
    await takesUid()
    const { card } = await enrol('Pupil 21', bus, 'uid')
    await till.fetch()
    const slot = await slotOf('Pupil 21')
    const sell = () => till.decide({ card: demo.card('Pupil 21'), slot }, 'online')
    const uid = { profile: 'uid', card: card.pseudonym } as const
    const proves = demo.card('Pupil 21')
    // Of the card that proves itself, only its message counts.
    const claimed = identified(sell(), proves, 'uid', { profile: 'uid', card: proves.pseudonym })
    expect(await till.authorise(claimed)).toMatchObject({ state: 'refused', refusal: 'CARD_UNKNOWN' })
    const unsaid = identified(sell(), card, undefined, uid)
    expect(await till.authorise(unsaid)).toMatchObject({ state: 'refused', refusal: 'DECISION_MISMATCH' })
    expect(await till.authorise(identified(sell(), card, 'uid', uid))).toMatchObject({ state: 'settled' })
  })

  test('by an NTAG21x needs the record that this ledger signed for it', async () => {
    await takesNtag21x()
    const { card, record = '' } = await enrol('Pupil 21', originalUids[0], 'ntag21x')
    await till.fetch()
    const slot = await slotOf('Pupil 21')
    const sell = (of: string) => {
      const proof = { profile: 'ntag21x', card: card.pseudonym, record: of } as const
      return identified(till.decide({ card: demo.card('Pupil 21'), slot }, 'online'), card, 'ntag21x', proof)
    }
    const other = signIssuerRecord(demo.ports.keys.signing, demo.card('Pupil 01').pseudonym)
    expect(await till.authorise(sell(other))).toMatchObject({ state: 'refused', refusal: 'CARD_NOT_ORIGINAL' })
    expect(await till.authorise(sell(record))).toMatchObject({ state: 'settled' })
  })

  test('after the scheme has stopped taking such cards is refused by the ledger’s own facts', async () => {
    await takesUid()
    const { card } = await enrol('Pupil 21', bus, 'uid')
    await till.fetch()
    const slot = await slotOf('Pupil 21')
    const decided = identified(till.decide({ card: demo.card('Pupil 21'), slot }, 'online'), card, 'uid', {
      profile: 'uid',
      card: card.pseudonym,
    })
    await publish('school-lunch', () => ({ cards: { accepts: ['ntag424'] } }))
    expect(await till.authorise(decided)).toMatchObject({ state: 'refused', refusal: 'CARD_KIND_NOT_ACCEPTED' })
  })
})

describe('a presentment', () => {
  const offline = (card: TestCard) =>
    identified(till.decide({ card: { ...demo.card('Pupil 01'), pseudonym: card.pseudonym } }), card, 'uid', {
      profile: 'uid',
      card: card.pseudonym,
    })

  test('by a card known by its UID is paid from escrow where the agency takes the risk', async () => {
    await takesUid()
    const { card } = await enrol('Pupil 01', bus, 'uid')
    await till.fetch()
    const decided = offline(card)
    expect(await till.present(decided)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    // A copy of the card at the same till finds the slot used: that sale is the merchant's.
    expect(await till.present(offline(card))).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
  })

  test('of a till that took such a card though nobody had taken the risk is nobody’s', async () => {
    const { card } = await enrol('Pupil 01', bus, 'uid')
    await till.fetch()
    const proof = { profile: 'uid', card: card.pseudonym } as const
    const decided = identified(till.decide({ card: demo.card('Pupil 01') }), card, 'uid', proof)
    expect(await till.present(decided)).toMatchObject({ state: 'not_paid', loss: 'PROOF_MISSING_OR_FORGED' })
  })

  test('that names a card which proves itself by its UID alone is forged, and ends the till', async () => {
    await takesUid()
    await till.fetch()
    const proves = demo.card('Pupil 01')
    const decided = identified(till.decide({ card: proves }), proves, 'uid', { profile: 'uid', card: proves.pseudonym })
    expect(await till.present(decided)).toMatchObject({ loss: 'PROOF_MISSING_OR_FORGED', refusal: 'CARD_UNKNOWN' })
    expect((await demo.rows('terminal')).find((one) => one['terminal_id'] === 'till-1')).toMatchObject({
      status: 'suspended',
    })
  })

  test('by an NTAG21x is refused, whatever the till decided', async () => {
    await till.fetch()
    const { card, record = '' } = await enrol('Pupil 01', originalUids[0], 'ntag21x')
    const proof = { profile: 'ntag21x', card: card.pseudonym, record } as const
    const decided = identified(till.decide({ card: demo.card('Pupil 01') }, 'online'), card, 'ntag21x', proof)
    expect(await till.present(decided)).toMatchObject({ loss: 'PROOF_MISSING_OR_FORGED', refusal: 'CARD_ONLINE_ONLY' })
  })

  test('is proved by its receipt when the till is destroyed, and looked at first when it was stolen', async () => {
    await takesUid()
    const { card } = await enrol('Pupil 01', bus, 'uid')
    const second = await enrol('Pupil 02', '0A1B2C3E', 'uid')
    await till.fetch()
    const receipt = ({ terms, leaseId, decidedAt, evidence }: Decided) => {
      const { epoch, sequence } = till.position()
      const { cardProof } = evidence
      const position = { epoch, sequence }
      return makeReceiptPresentment({ terms, leaseId, decidedAt, cardProof, terminalId: 'till-1', position }, till.key)
    }
    const first = receipt(offline(card))
    const other = identified(
      till.decide({ card: { ...demo.card('Pupil 02'), pseudonym: second.card.pseudonym } }),
      second.card,
      'uid',
      {
        profile: 'uid',
        card: second.card.pseudonym,
      },
    )
    expect(first.startsWith('TOLEM2.')).toBe(true)
    expect(readReceiptPresentment(first)).toMatchObject({
      presentment: { cardProof: { profile: 'uid', card: card.pseudonym } },
    })
    const merchant = demo.role('merchant', 'school-7-canteen')
    await agency().post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'destroyed' })
    expect(await merchant.post('/v1/receipt-claims', { text: first })).toMatchObject({ body: { state: 'settled' } })
    // The till's keys are in other hands: its word is all that such a sale stands on.
    await agency().post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'stolen' })
    expect(await merchant.post('/v1/receipt-claims', { text: receipt(other) })).toMatchObject({
      body: { state: 'in_review' },
    })
  })

  test('by a message of a card is not taken for one of a card without keys', async () => {
    await takesUid()
    await till.fetch()
    const decided = till.decide({ card: demo.card('Pupil 01') })
    const sun = readCard(demo.card('Pupil 01'), termsHashOf(decided.terms))
    const said = identified(decided, demo.card('Pupil 01'), 'uid', { profile: 'ntag424', sun })
    expect(await till.present(said)).toMatchObject({ loss: 'PROOF_MISSING_OR_FORGED' })
  })
})

test('a lost till exposes the keys of cards that have some, and no card that has none', async () => {
  await takesUid()
  const { card } = await enrol('Pupil 01', bus, 'uid')
  await till.fetch()
  await agency().post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'stolen' })
  const exposed = (await demo.rows('card')).filter((one) => one['exposed_at'] !== null)
  expect(exposed.length).toBeGreaterThan(0)
  expect(exposed.some((one) => one['card'] === card.pseudonym)).toBe(false)
})
