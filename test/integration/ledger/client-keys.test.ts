/**
 * A bank gives its client the first key: who may, to whom, once.
 *
 * Method: two banks and their clients over the door without sockets. What a name was given is tried with its key; after
 * each refusal the key that was offered is heard nowhere.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signTagged, type SigningKey } from '../../../src/sync/protocol/keys.ts'
import { p256, TestSigner } from './demo-ledger.ts'
import { movesWorld, type MovesWorld } from './moves-world.ts'

let world: MovesWorld
beforeEach(async () => {
  world = await movesWorld()
})
afterEach(async () => {
  world.audit()
  await world.close()
})

const path = '/v1/client-keys'
const own = p256('the mill’s own key')

const by = (key: SigningKey) => {
  const { ledger, clock, random } = world.as('bank-a')
  return new TestSigner(ledger, clock, random, key)
}
const heard = async (key: SigningKey) => {
  const { status, body } = await by(key).get('/v1/role-keys')
  return status === 200 ? 'heard' : body['code']
}

async function open(bank: 'bank-a' | 'bank-b', accountId: string, kind: string, owner = accountId) {
  const people = kind === 'individual'
  const named = { accountId, owner, name: `The account ${accountId}` }
  const where = people ? '/v1/accounts/individuals' : '/v1/accounts/legal-entities'
  const opened = await world.as(bank).post(where, people ? named : { ...named, kind })
  expect(opened).toMatchObject({ status: 200 })
}

/** What a bank asks for; without more, that its new client gets its own key. */
function ask(of: { bank?: string; accountId?: string; role?: string; jwk?: object; registrationId?: string } = {}) {
  const { bank = 'bank-a', accountId = 'mill', role = 'legal-entity', jwk = own.jwk } = of
  const registrationId = of.registrationId ?? world.id()
  return world.as(bank).post(path, { registrationId, accountId, role, jwk })
}

describe('a client with its first key', () => {
  test.each(['legal-entity', 'merchant', 'individual'])('is heard as %s, and sees what is its own', async (role) => {
    await open('bank-a', 'mill', role, 'millers')
    expect(await heard(own)).toBe('key_unknown')
    const registrationId = world.id()
    const body = { registrationId, role, owner: 'millers', keyId: own.keyId }
    const given = await ask({ role, registrationId })
    expect(given).toEqual({ status: 200, body: { ...body, arrival: 'created' } })
    expect((await by(own).get('/v1/role-keys')).body['keys']).toEqual([
      { keyId: own.keyId, state: 'present', heardUntil: null, registeredAt: world.clock.now },
    ])
    expect((await by(own).get('/v1/balances')).body['balances']).toMatchObject([{ accountId: 'mill', balance: '0' }])

    world.clock.now += 1_000
    expect(await ask({ role, registrationId })).toEqual({ status: 200, body: { ...body, arrival: 'exists' } })
    const other = await ask({ role, registrationId, jwk: p256('another').jwk })
    expect(other).toMatchObject({ status: 409, body: { code: 'exists_with_different_terms' } })
    expect((await world.rows('principal')).filter(({ owner }) => owner === 'millers')).toHaveLength(1)
  })

  test('sees an account of a kind in which it does not speak, pays nothing from it, gets no other key', async () => {
    await open('bank-a', 'mill', 'legal-entity', 'millers')
    expect(await ask()).toMatchObject({ status: 200 })
    await open('bank-a', 'miller', 'individual', 'millers')
    const { body } = await by(own).get('/v1/balances')
    expect(body['balances']).toMatchObject([{ accountId: 'mill' }, { accountId: 'miller' }])
    expect(await by(own).get('/v1/statements?accountId=miller')).toMatchObject({ status: 200 })
    const pay = { transferId: world.id(), payer: 'miller', payee: 'mill', amount: '1', purpose: '' }
    expect((await by(own).post('/v1/payments/legal-entity-legal-entity', pay)).body['code']).toBe('not_found')
    const other = await ask({ accountId: 'miller', role: 'individual', jwk: p256('the miller').jwk })
    expect(other).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
  })

  test('is heard also where a till has the same name: a terminal’s name is no owner’s', async () => {
    await open('bank-a', 'mill', 'legal-entity')
    const till = p256('a till')
    const row = { key_id: till.keyId, jwk: JSON.stringify(till.jwk), role: 'terminal', owner: 'mill' } as const
    await world.ports.store.transaction((connection) =>
      connection
        .insertInto('principal')
        .values({ ...row, status: 'active' })
        .execute(),
    )
    expect(await ask()).toMatchObject({ status: 200, body: { arrival: 'created' } })
  })

  test('changes it alone: its bank gives it no other one, before and after', async () => {
    await open('bank-a', 'mill', 'legal-entity')
    await ask()
    const [second, third] = [p256('the second'), p256('the third')]
    const notFirst = { status: 409, body: { code: 'rule_violated', detail: expect.stringMatching(/a key already/) } }
    expect(await ask({ jwk: second.jwk })).toMatchObject(notFirst)
    const named = { formerKey: own.keyId, nextKey: second.jwk, formerEndsAfterSeconds: 0 }
    const proof = signTagged(second, 'tolem/role-key/1', { role: 'legal-entity', owner: 'mill', ...named })
    expect(await by(own).post('/v1/role-keys', { ...named, proof })).toMatchObject({ status: 200 })
    world.clock.now += 1
    expect(await ask({ jwk: third.jwk })).toMatchObject(notFirst)
    expect(await ask({ jwk: own.jwk })).toMatchObject({ status: 409, body: { detail: 'the key is in use' } })
    expect([await heard(own), await heard(second), await heard(third)]).toEqual(['key_unknown', 'heard', 'key_unknown'])
  })
})

describe('nobody is heard by it', () => {
  const before = new Set<string>()
  beforeEach(async () => {
    await open('bank-a', 'mill', 'legal-entity')
    before.clear()
    for (const { key_id: keyId } of await world.rows('principal')) before.add(String(keyId))
  })
  afterEach(async () => {
    expect(await heard(own)).toBe('key_unknown')
    expect(new Set((await world.rows('principal')).map((row) => String(row['key_id'])))).toEqual(before)
  })

  test('another bank’s client is no client, word for word like one that is not there', async () => {
    const [foreign, nobody] = [await ask({ bank: 'bank-b' }), await ask({ bank: 'bank-b', accountId: 'nobody' })]
    const detail = (accountId: string) => `bank-b has no client account ${accountId}`
    expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found', detail: detail('mill') } })
    expect(nobody).toMatchObject({ status: 404, body: { code: 'not_found', detail: detail('nobody') } })
  })

  test.each(['education', 'farm', 'central-bank', 'auditor'])('the role of %s gives nobody a key', async (who) => {
    expect(await ask({ bank: who })).toMatchObject({ status: 403, body: { code: 'role_not_allowed' } })
  })

  test('the role is not that of the account; an agency’s key is the operator’s to register', async () => {
    expect(await ask({ role: 'merchant' })).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    await open('bank-a', 'fund', 'agency')
    expect(await ask({ accountId: 'fund' })).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    expect(await ask({ accountId: 'fund', role: 'agency' })).toMatchObject({ body: { code: 'schema_mismatch' } })
  })

  test('nor the name of an agency that is not heard yet, by another account of its', async () => {
    await open('bank-a', 'fund', 'agency')
    await open('bank-a', 'bait', 'legal-entity', 'fund')
    const refused = { code: 'rule_violated', detail: expect.stringMatching(/fund is an agency: the operator/) }
    expect(await ask({ accountId: 'bait' })).toMatchObject({ status: 409, body: refused })
  })

  test('the key is private, on no curve, or somebody else’s', async () => {
    expect(await ask({ jwk: { ...own.jwk, d: 'x'.repeat(43) } })).toMatchObject({ body: { code: 'schema_mismatch' } })
    const point = { ...own.jwk, x: 'A'.repeat(43) }
    expect(await ask({ jwk: point })).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    const used = await ask({ jwk: world.as('farm').key.jwk })
    expect(used).toMatchObject({ status: 409, body: { code: 'rule_violated', detail: 'the key is in use' } })
  })
})

/** A bank names the owner of an account that it opens as it likes. */
describe('a bank gets no voice in a name of others by opening an account under it:', () => {
  const refused = {
    status: 409,
    body: { code: 'rule_violated', detail: expect.stringMatching(/a key already, or is not a client of bank-b alone/) },
  }
  test.each(['farm', 'education', 'bank-a', 'central-bank', 'auditor'])('%s, who is heard', async (owner) => {
    await open('bank-b', 'bait', 'legal-entity', owner)
    expect(await ask({ bank: 'bank-b', accountId: 'bait' })).toMatchObject(refused)
    expect(await heard(own)).toBe('key_unknown')
  })
  test('one who is not heard yet and whom another bank serves', async () => {
    await open('bank-a', 'mill', 'legal-entity')
    await open('bank-b', 'bait', 'legal-entity', 'mill')
    expect(await ask({ bank: 'bank-b', accountId: 'bait' })).toMatchObject(refused)
    expect(await heard(own)).toBe('key_unknown')
  })
  test('one whose key has ended, and a bank that has none', async () => {
    const { keyId } = world.as('bank-a').key
    await world.ports.store.transaction((connection) =>
      connection.updateTable('principal').set({ status: 'revoked' }).where('key_id', '=', keyId).execute(),
    )
    await open('bank-b', 'bait', 'legal-entity', 'bank-a')
    expect(await ask({ bank: 'bank-b', accountId: 'bait' })).toMatchObject(refused)
    expect(await heard(own)).toBe('key_unknown')
  })
})
