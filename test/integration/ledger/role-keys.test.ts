/** A role's key changes: who is heard until when, who may change it, what a lost answer does. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signTagged, type SigningKey } from '../../../src/sync/protocol/keys.ts'
import { demoLedger, p256, TestSigner, type DemoLedger } from './demo-ledger.ts'

let demo: DemoLedger
let present: SigningKey
const next = p256('the next key of the bank')
const day = 86_400
const owner = 'dala-bank'

beforeEach(async () => {
  demo = await demoLedger()
  present = demo.role('bank').key
})
afterEach(() => demo.close())

interface Change {
  readonly from?: SigningKey
  readonly to?: SigningKey
  readonly provedBy?: SigningKey
  readonly provedFor?: string
  readonly after?: number
}

const by = (key: SigningKey): TestSigner => new TestSigner(demo.ledger, demo.clock, demo.random, key)

function change(of: Change = {}, signer = of.from ?? present) {
  const { from = present, to = next, provedBy = to, provedFor = owner, after = day } = of
  const named = { formerKey: from.keyId, nextKey: to.jwk, formerEndsAfterSeconds: after }
  const proof = signTagged(provedBy, 'tolem/role-key/1', { role: 'bank', owner: provedFor, ...named })
  return by(signer).post('/v1/role-keys', { ...named, proof })
}

const heard = async (key: SigningKey) => {
  const { status, body } = await by(key).get('/v1/role-keys')
  return status === 200 ? 'heard' : body['code']
}

describe('after a change', () => {
  test('both keys are heard until the former one’s time is over, however often the next one was used', async () => {
    const until = demo.clock.now + day * 1_000
    expect(await change()).toEqual({
      status: 200,
      body: { keyId: next.keyId, formerHeardUntil: until, arrival: 'created' },
    })
    expect([await heard(next), await heard(present), await heard(next), await heard(present)]).toEqual(
      Array.from({ length: 4 }, () => 'heard'),
    )
    expect((await by(next).get('/v1/role-keys')).body['keys']).toEqual([
      { keyId: present.keyId, state: 'ending', heardUntil: until, registeredAt: null },
      { keyId: next.keyId, state: 'present', heardUntil: null, registeredAt: demo.clock.now },
    ])
    demo.clock.now = until
    expect(await heard(present)).toBe('heard')
    demo.clock.now += 1
    expect(await heard(present)).toBe('key_unknown')
    expect((await by(next).get('/v1/role-keys')).body['keys']).toMatchObject([{ state: 'ended' }, { state: 'present' }])
  })

  test('the former one is heard no more at all where somebody else may have it', async () => {
    expect(await change({ after: 0 })).toMatchObject({ status: 200 })
    demo.clock.now += 1
    expect(await heard(present)).toBe('key_unknown')
  })

  test('the same again is answered the same, by either key; another time is another change', async () => {
    const first = await change()
    demo.clock.now += 1_000
    const again = { status: 200, body: { ...first.body, arrival: 'exists' } }
    expect(await change()).toEqual(again)
    expect(await change({}, next)).toEqual(again)
    expect(await change({ after: 60 })).toMatchObject({ status: 409, body: { code: 'exists_with_different_terms' } })
  })

  test('the next one is followed by one of its own, and the one before by none', async () => {
    await change()
    const third = p256('the third key of the bank')
    expect(await change({ to: third })).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    expect(await heard(third)).toBe('key_unknown')
    demo.clock.now += day * 1_000
    expect(await change({ from: next, to: third })).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    demo.clock.now += 1
    expect(await change({ from: next, to: third })).toMatchObject({ status: 200 })
    expect(await heard(third)).toBe('heard')
  })

  test('no more than two are heard at once, however many are named; a stolen one still ends at once', async () => {
    const keys = [present, next, ...['third', 'fourth', 'fifth'].map((name) => p256(`the ${name} key of the bank`))]
    await change({ after: 7 * day })
    for (const [index, from] of keys.entries()) {
      const to = keys[index + 1]
      if (index === 0 || to === undefined) continue
      demo.clock.now += 1_000
      expect(await change({ from, to, after: 1 })).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
      expect(await change({ from, to, after: 0 })).toMatchObject({ status: 200 })
      demo.clock.now += 1
      expect((await Promise.all(keys.map(heard))).filter((answer) => answer === 'heard')).toHaveLength(2)
    }
  })
})

describe('nothing changes', () => {
  afterEach(async () => {
    expect(await demo.rows('principal')).not.toContainEqual(expect.objectContaining({ follows: expect.any(String) }))
  })
  test.each<[string, Change]>([
    ['the next key has not signed', { provedBy: p256('somebody') }],
    ['it has signed for another owner', { provedFor: 'steppe-bank' }],
    ['the key is the present one', { to: undefined as never }],
  ])('when %s', async (_name, of) => {
    const to = of.to ?? ('to' in of ? present : next)
    expect(await change({ ...of, to })).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
  })
  test('when the key is another institution’s', async () => {
    expect(await change({ to: demo.role('agency').key })).toMatchObject({
      status: 409,
      body: { code: 'rule_violated', detail: 'the key is in use' },
    })
  })
  test('when the request is signed by another key than the one that goes', async () => {
    expect(await change({ from: demo.role('agency').key }, present)).toMatchObject({
      status: 409,
      body: { code: 'rule_violated' },
    })
  })
  test('when a private key is sent, a grace is too long, or a point is on no curve', async () => {
    const asked = { formerKey: present.keyId, nextKey: next.jwk, formerEndsAfterSeconds: day, proof: 'x'.repeat(86) }
    const post = async (more: object) => (await by(present).post('/v1/role-keys', { ...asked, ...more })).body['code']
    expect(await post({ nextKey: { ...next.jwk, d: 'x'.repeat(43) } })).toBe('schema_mismatch')
    expect(await post({ formerEndsAfterSeconds: 7 * day + 1 })).toBe('schema_mismatch')
    expect(await post({ nextKey: { ...next.jwk, x: 'A'.repeat(43) } })).toBe('rule_violated')
  })
  test('by a terminal: it has a way of its own', async () => {
    const till = await demo.till('till-1')
    expect(await till.get('/v1/role-keys')).toMatchObject({ status: 403 })
  })
})
