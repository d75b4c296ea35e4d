/** How often one may ask, with all its keys, and what is kept of what was refused: both by the ledger's clock alone. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { limits, usualRates, type Rates } from '../../../ledger-sim/http/limits.ts'
import { signTagged } from '../../../src/sync/protocol/keys.ts'
import { TokenBucket } from '../../../ledger-sim/http/token-bucket.ts'
import { createLedger } from '../../../ledger-sim/ledger.ts'
import { demoLedger, p256, TestSigner, type DemoLedger } from './demo-ledger.ts'

let demo: DemoLedger
beforeEach(async () => {
  demo = await demoLedger()
})
afterEach(() => demo.close())

/** The same ledger, behind a door with other rates. */
function behind(rates: Partial<Rates>, role: string): TestSigner {
  const ledger = createLedger(demo.ports, { ...usualRates, ...rates })
  return new TestSigner(ledger, demo.clock, demo.random, demo.role(role).key)
}

describe('a key that asks too often', () => {
  test('hears when it may again, is heard then, and keeps no other key from being heard', async () => {
    const agency = behind({ read: { burst: 3, perSecond: 0.5 } }, 'agency')
    for (let count = 0; count < 3; count += 1) expect((await agency.get('/v1/balances')).status).toBe(200)
    const response = await agency.send(agency.sign('GET', '/v1/balances', ''))
    expect([response.status, response.headers['retry-after']]).toEqual([429, '2'])
    expect(JSON.parse(response.body)).toMatchObject({ code: 'rate_limited' })
    const bank = new TestSigner(agency.ledger, demo.clock, demo.random, demo.role('bank').key)
    expect((await bank.get('/v1/balances')).status).toBe(200)
    // Another class of operations has a bucket of its own.
    expect((await agency.post('/v1/lease-closings', {})).status).toBe(200)
    demo.clock.now += 1_999
    expect((await agency.get('/v1/balances')).status).toBe(429)
    demo.clock.now += 1
    expect((await agency.get('/v1/balances')).status).toBe(200)
  })

  test('has no more of it by another key of the same owner', async () => {
    const bank = behind({ read: { burst: 2, perSecond: 1 }, 'batch-item': { burst: 2, perSecond: 1 } }, 'bank')
    const key = p256('the next key of the bank')
    const named = { formerKey: bank.key.keyId, nextKey: key.jwk, formerEndsAfterSeconds: 60 }
    const proof = signTagged(key, 'tolem/role-key/1', { role: 'bank', owner: 'dala-bank', ...named })
    expect((await bank.post('/v1/role-keys', { ...named, proof })).status).toBe(200)
    const next = new TestSigner(bank.ledger, demo.clock, demo.random, key)
    const items = [{}]
    for (const signer of [bank, next]) {
      expect((await signer.get('/v1/balances')).status).toBe(200)
      expect((await signer.post('/v1/batches', { items })).status).toBe(200)
    }
    for (const signer of [bank, next]) {
      expect((await signer.get('/v1/balances')).status).toBe(429)
      expect((await signer.post('/v1/batches', { items })).status).toBe(429)
    }
  })

  test('is refused before it is told what there is, and after it was proved who it is', async () => {
    const agency = behind({ read: { burst: 1, perSecond: 1 } }, 'agency')
    const request = agency.sign('GET', '/v1/balances', '')
    expect((await agency.send(request)).status).toBe(200)
    expect(JSON.parse((await agency.send(request)).body)).toMatchObject({ code: 'nonce_replayed' })
    expect((await agency.get('/v1/nothing')).body['code']).toBe('rate_limited')
  })

  test('a batch counts by its items, and waits whole', async () => {
    const agency = behind({ 'batch-item': { burst: 5, perSecond: 1 } }, 'agency')
    const items = (count: number) => ({
      items: Array.from({ length: count }, () => ({ method: 'POST', path: '/v1/lease-closings', body: {} })),
    })
    expect((await agency.post('/v1/batches', items(4))).status).toBe(200)
    const response = await agency.send(agency.sign('POST', '/v1/batches', JSON.stringify(items(3))))
    expect([response.status, response.headers['retry-after']]).toEqual([429, '2'])
    demo.clock.now += 2_000
    expect((await agency.post('/v1/batches', items(3))).status).toBe(200)
  })

  test('a clock that was set back neither refills nor takes', () => {
    const bucket = new TokenBucket({ burst: 2, perSecond: 1 }, 10_000)
    expect(bucket.take(2, 10_000).kind).toBe('taken')
    expect(bucket.take(1, 1_000).kind).toBe('too_many')
    expect(bucket.take(1, 10_999)).toEqual({ kind: 'too_many', retryAfterSeconds: 1 })
    expect(bucket.take(1, 11_000).kind).toBe('taken')
  })

  test('the limits are told to anyone, signed', async () => {
    const { body, status } = await demo.role('auditor').get('/v1/limits')
    expect(status).toBe(200)
    expect(body).toEqual({ limits, rates: usualRates })
  })
})

describe('what was refused', () => {
  const list = async (query = '') => (await demo.role('auditor').get(`/v1/refusals${query}`)).body

  test('is told to the auditor and the central bank: code, key, where, when; never a body or a query', async () => {
    const agency = demo.role('agency')
    await agency.get('/v1/balances?owner=dala-bank')
    const forged = agency.sign('POST', '/v1/cards', '{"uid":"04A1B2C3D4E5F6"}')
    await demo.ledger.handle({ ...forged, body: '{"uid":"04A1B2C3D4E5F7"}' })
    const unsigned = { method: 'GET', url: 'http://127.0.0.1:1/v1/balances', headers: {}, body: '' } as const
    await demo.ledger.handle(unsigned)
    const at = demo.clock.now
    const { keyId } = agency.key
    const row = { at, missed: 0 }
    expect(await list()).toEqual({
      refusals: [
        { ...row, sequence: 1, code: 'role_not_allowed', keyId, proved: true, method: 'GET', path: '/v1/balances' },
        {
          ...row,
          sequence: 2,
          code: 'content_digest_mismatch',
          keyId,
          proved: false,
          method: 'POST',
          path: '/v1/cards',
        },
        {
          ...row,
          sequence: 3,
          code: 'signature_missing',
          keyId: '',
          proved: false,
          method: 'GET',
          path: '/v1/balances',
        },
      ],
      cursor: 3,
    })
    expect(JSON.stringify(await demo.rows('refusal'), (_name, value: unknown) => String(value))).not.toMatch(
      /04A1|dala/,
    )
    expect(await list('?after=1&limit=1')).toMatchObject({ refusals: [{ sequence: 2 }], cursor: 2 })
    expect(await list('?after=3')).toEqual({ refusals: [], cursor: 3 })
    expect((await demo.role('central-bank').get('/v1/refusals')).status).toBe(200)
    expect((await agency.get('/v1/refusals')).status).toBe(403)
    for (const query of ['?limit=0', '?limit=501', '?limit=1e2', '?after=-1', '?more=1'])
      expect((await demo.role('auditor').get(`/v1/refusals${query}`)).body['code'], query).toBe('schema_mismatch')
  })

  test('says of a batch which of its items', async () => {
    const items = [{ method: 'POST', path: '/v1/nothing', body: {} }]
    await demo.role('bank').post('/v1/batches', { items })
    expect(await list()).toMatchObject({ refusals: [{ code: 'not_found', path: '/v1/nothing', proved: true }] })
  })

  test('a flood neither grows the database without bound nor writes for each of its requests', async () => {
    const unsigned = { method: 'GET', url: `http://127.0.0.1:1/v1/${'x'.repeat(500)}`, headers: {}, body: '' } as const
    for (let count = 0; count < 1_000; count += 1) await demo.ledger.handle(unsigned)
    // A hundred are written at once, two hundred wait, the rest is counted.
    expect(await demo.rows('refusal')).toHaveLength(100)
    const { refusals, cursor } = (await list()) as { refusals: { path: string; missed: number }[]; cursor: number }
    expect([refusals.length, cursor, refusals.at(-1)?.missed]).toEqual([300, 300, 700])
    expect(refusals[0]?.path).toHaveLength(200)
  })

  test('the oldest make room in their ring; what proves nothing pushes out nothing that was proved', async () => {
    const half = limits.refusalsKept / 2
    const row = { code: 'not_found', key_id: '', method: 'GET', path: '/v1/x', at: 0, missed: 0 } as const
    // The first ring is full, its newest in its last place; the second has two.
    const unproved = [0, 1, half - 1].map((slot) => ({ ...row, proved: 0, slot, sequence: slot + 3 }))
    const proved = [0, 1].map((index) => ({ ...row, proved: 1, slot: half + index, sequence: index + 1 }))
    await demo.ports.store.transaction((connection) =>
      connection
        .insertInto('refusal')
        .values([...unproved, ...proved])
        .execute(),
    )
    await demo.ledger.handle({ method: 'GET', url: 'http://127.0.0.1:1/v1/y', headers: {}, body: '' })
    await demo.role('agency').get('/v1/nothing')
    const { refusals } = (await list()) as { refusals: { sequence: number; proved: boolean }[] }
    expect(refusals.map(({ sequence }) => sequence)).toEqual([1, 2, 4, half + 2, half + 3, half + 4])
    expect(refusals.map((one) => one.proved)).toEqual([true, true, false, false, false, true])
    const slots = (await demo.rows('refusal')).map(({ slot }) => Number(slot)).toSorted((x, y) => x - y)
    expect(slots).toEqual([0, 1, half - 1, half, half + 1, half + 2])
  })

  test('a proved one is kept while a flood of others waits', async () => {
    for (let count = 0; count < 1_000; count += 1)
      await demo.ledger.handle({ method: 'GET', url: 'http://127.0.0.1:1/v1/x', headers: {}, body: '' })
    await demo.role('agency').get('/v1/mine')
    const { refusals } = (await list()) as { refusals: { path: string; proved: boolean }[] }
    expect(refusals.filter(({ proved }) => proved)).toMatchObject([{ path: '/v1/mine' }])
  })

  test('cannot be written: whoever was refused hears why all the same', async () => {
    const ledger = createLedger({
      ...demo.ports,
      store: { ...demo.ports.store, transaction: () => Promise.reject(new Error('disk full')) },
    })
    const response = await ledger.handle({ method: 'GET', url: 'http://127.0.0.1:1/v1/x', headers: {}, body: '' })
    expect(response.status).toBe(401)
    expect(demo.recovered).toMatchObject([{ message: 'disk full' }])
  })
})
