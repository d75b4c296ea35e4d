/** A terminal's keys change at the ledger: who is heard when, what stays valid, what is sealed anew, who is refused. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { issueEnrolmentCode } from '../../../ledger-sim/terminals/enrolment.ts'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { signingKey, signTagged, type SigningKey } from '../../../src/sync/protocol/keys.ts'
import { encryptionKey, tillKeyContext, unseal } from '../../../src/sync/protocol/sealed-box.ts'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { demoLedger, hourMs, p256, TestSigner, TestTill, type DemoLedger } from './demo-ledger.ts'

let demo: DemoLedger
let till: TestTill
const next = p256('next')
const nextEncryption = encryptionKey(new Uint8Array(32).fill(8))

beforeEach(async () => {
  demo = await demoLedger()
  till = await demo.till('till-1')
  await till.fetch()
})
afterEach(() => demo.close())

interface Change {
  readonly to?: SigningKey
  readonly provedBy?: SigningKey
  readonly sealing?: typeof nextEncryption
  readonly from?: SigningKey
}

function body({ to = next, provedBy = to, sealing = nextEncryption, from = till.key }: Change = {}) {
  const named = { formerKey: from.keyId, terminalKey: to.jwk, encryptionKey: sealing.jwk }
  return { ...named, proof: signTagged(provedBy, 'tolem/key-rotation/1', { terminalId: 'till-1', ...named }) }
}

const by = (key: SigningKey): TestSigner => new TestSigner(demo.ledger, demo.clock, demo.random, key)
const change = (of?: Change, signer = till.key) => by(signer).post('/v1/terminal/key-rotations', body(of))
const inquire = async (key: SigningKey) => {
  const { status, body: answer } = await by(key).post('/v1/terminal/inquiries', { tenderId: till.id() })
  return status === 200 ? 'heard' : answer['code']
}
const done = (arrival: 'created' | 'exists') => ({ status: 200, body: { arrival, keyId: next.keyId } })
/** The first sealed card key of the till's package, opened. */
function opens(key: KeyObject): boolean {
  const [lease] = till.package?.leases ?? []
  const card = lease?.slots[0]?.cards[0]
  if (lease === undefined || card?.sealedTillKey === undefined) throw new Error('nothing is leased')
  return unseal(card.sealedTillKey, key, tillKeyContext(lease.leaseId, card.card)) !== undefined
}

describe('who is heard', () => {
  test('both keys, until the new one was used; then it alone', async () => {
    expect(await change()).toEqual(done('created'))
    expect(await inquire(till.key)).toBe('heard')
    expect(await inquire(next)).toBe('heard')
    expect(await inquire(till.key)).toBe('key_unknown')
    expect(await inquire(next)).toBe('heard')
  })

  test('the former one for a day at most, though the new one was never used', async () => {
    await change()
    demo.clock.now += 24 * hourMs
    expect(await inquire(till.key)).toBe('heard')
    demo.clock.now += 1
    expect(await inquire(till.key)).toBe('key_unknown')
    expect(await change({}, next)).toEqual(done('exists'))
  })

  test('the same change again is answered the same, whichever of the two asks', async () => {
    await change()
    expect(await change()).toEqual(done('exists'))
    expect(await change({}, next)).toEqual(done('exists'))
    expect(await change()).toMatchObject({ body: { code: 'key_unknown' } })
  })

  test('a till that lost the new keys before it heard the answer changes to others', async () => {
    await change()
    const other = p256('other')
    expect(await change({ to: other })).toMatchObject({ body: { arrival: 'created', keyId: other.keyId } })
    expect(await inquire(next)).toBe('key_unknown')
    expect(await inquire(other)).toBe('heard')
  })

  test('neither, once the terminal is revoked', async () => {
    await change()
    const revoked = await demo.role('agency').post('/v1/terminal-revocations', {
      terminalId: 'till-1',
      reason: 'stolen',
    })
    expect(revoked.status).toBe(200)
    expect([await inquire(till.key), await inquire(next)]).toEqual(['key_unknown', 'key_unknown'])
  })
})

test('what the former key signed before is paid when it is presented later', async () => {
  const sold = till.decide({ card: demo.card('Pupil 01') })
  await change()
  const later = new TestTill(demo.ledger, demo.clock, demo.random, 'till-1', next)
  expect(await later.present(sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
})

describe('card keys of live leases', () => {
  test('are sealed to the new key, in a package of a higher version, and the till is told', async () => {
    const { version } = till.package ?? { version: 0 }
    const { cursor } = await till.call('/v1/terminal/events', { after: 0, limit: 100 })
    expect([opens(till.encryption.privateKey), opens(nextEncryption.privateKey)]).toEqual([true, false])
    await change()
    const { events } = await till.call('/v1/terminal/events', { after: cursor, limit: 100 })
    expect(events.map(({ event }) => event)).toEqual([{ kind: 'package_available', version: version + 1 }])
    expect((await till.fetch()).version).toBe(version + 1)
    expect([opens(till.encryption.privateKey), opens(nextEncryption.privateKey)]).toEqual([false, true])
  })

  test('are sealed to a till that is enrolled in the place of another', async () => {
    const { code } = await inTransaction(demo.ports, (work) => issueEnrolmentCode(work, 'till-1'))
    const enrolled = await by(next).post('/v1/terminal-enrolments', {
      code,
      terminalKey: next.jwk,
      encryptionKey: nextEncryption.jwk,
    })
    expect(enrolled.status).toBe(200)
    const replacing = new TestTill(demo.ledger, demo.clock, demo.random, 'till-1', next)
    till.package = await replacing.fetch()
    expect(opens(nextEncryption.privateKey)).toBe(true)
  })
})

describe('refused, and nothing changes', () => {
  const ed25519 = signingKey(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }))

  test.each<[string, Change, SigningKey | undefined, string]>([
    ['a key that has not signed for itself', { provedBy: p256('thief') }, undefined, 'rule_violated'],
    ['a key of another kind', { to: ed25519 }, undefined, 'rule_violated'],
    ['a former key that does not sign the request', { from: p256('somebody') }, undefined, 'rule_violated'],
    ['a request by the new key alone', {}, next, 'key_unknown'],
  ])('%s', async (_what, of, signer, code) => {
    expect(await change(of, signer)).toMatchObject({ body: { code } })
    expect([await inquire(till.key), await inquire(next)]).toEqual(['heard', 'key_unknown'])
  })

  test('the terminal’s present key, one that it had before, and another till’s', async () => {
    await change()
    await inquire(next)
    const former = till.key
    const second = await demo.till('till-2')
    for (const to of [former, second.key])
      expect(await change({ to, from: next }, next)).toMatchObject({ body: { code: 'rule_violated' } })
    const same = { to: next, from: next, sealing: encryptionKey(new Uint8Array(32).fill(9)) }
    expect(await change(same, next)).toMatchObject({ body: { code: 'exists_with_different_terms' } })
    expect([await inquire(former), await inquire(next)]).toEqual(['key_unknown', 'heard'])
  })

  test('a recorded change, byte for byte, at once and after the keys were changed on', async () => {
    const recorded = till.sign('POST', '/v1/terminal/key-rotations', toJson(body()))
    const play = async () => JSON.parse((await demo.ledger.handle(recorded)).body) as Record<string, unknown>
    expect(await play()).toMatchObject({ arrival: 'created' })
    expect(await play()).toMatchObject({ code: 'nonce_replayed' })
    const third = p256('third')
    expect(await change({ to: third, from: next }, next)).toMatchObject({ status: 200 })
    expect(await inquire(third)).toBe('heard')
    expect(await play()).toMatchObject({ code: 'key_unknown' })
    // The same change, signed anew by who may speak for the till now: `next` was in use before.
    expect(await change({}, third)).toMatchObject({ body: { code: 'rule_violated' } })
    expect([await inquire(next), await inquire(third)]).toEqual(['key_unknown', 'heard'])
  })

  test('a change by a till that was revoked, with either key', async () => {
    await demo.role('agency').post('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'lost' })
    expect(await change()).toMatchObject({ status: 401, body: { code: 'key_unknown' } })
    expect(await change({}, next)).toMatchObject({ status: 401, body: { code: 'key_unknown' } })
    expect((await demo.rows('principal')).filter((row) => row['key_id'] === next.keyId)).toEqual([])
  })

  test('a proof for another terminal', async () => {
    const named = { formerKey: till.key.keyId, terminalKey: next.jwk, encryptionKey: nextEncryption.jwk }
    const proof = signTagged(next, 'tolem/key-rotation/1', { terminalId: 'till-2', ...named })
    const { body: answer } = await till.post('/v1/terminal/key-rotations', { ...named, proof })
    expect(answer).toMatchObject({ code: 'rule_violated' })
  })
})
