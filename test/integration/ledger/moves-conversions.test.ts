/**
 * Method: signed requests of each role to a small ledger; after each test the audit recomputes everything. What is
 * refused must have moved nothing, so balances are compared whole.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { demoIndividuals } from '../../../ledger-sim/scenarios/demo.ts'
import { inTransaction, newId } from '../../../ledger-sim/context.ts'
import { depositNonCash, openBank } from '../../../ledger-sim/accounts/conversions.ts'
import { limitsOf } from '../../../ledger-sim/individuals/tiers.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { p256, TestSigner } from './demo-ledger.ts'
import { enrich, escrowAccount, movesWorld, schemeAccount, type MovesWorld } from './moves-world.ts'
import { ask, qrWorld, termsOf, Wallet } from './payment-by-qr.ts'

let world: MovesWorld
beforeAll(async () => {
  world = await movesWorld()
})
afterEach(() => world.audit())
afterAll(() => world.close())

const perBank = { bank: 'bank-a', amount: '1000' }
const toNonCash = '/v1/conversions/dt-to-non-cash'
const fromNonCash = '/v1/conversions/non-cash-to-dt'

/** What a request moved, by account. */
async function movedBy(play: () => Promise<unknown>): Promise<Record<string, bigint>> {
  const before = await world.balances()
  await play()
  const after = await world.balances()
  const moved = [...after].map(([account, balance]) => [account, balance - (before.get(account) ?? 0n)] as const)
  return Object.fromEntries(moved.filter(([, difference]) => difference !== 0n))
}

/** The code of what was refused, or what it moved all the same. */
const refusal = async (by: string, path: string, body: object): Promise<unknown> => {
  let code: unknown
  const moved = await movedBy(async () => {
    code = (await world.as(by).post(path, { transferId: world.id(), ...body })).body['code']
  })
  return Object.keys(moved).length === 0 ? code : moved
}

describe('a conversion moves DT against tenge', () => {
  const amount = 1000n
  test.each<[string, string, object, Record<string, bigint>]>([
    [
      'of a bank at the central bank',
      `${fromNonCash}/bank-central-bank`,
      {},
      { 'bank-a': amount, 'central-bank.issue': -amount, 'bank-a.reserve': -amount, 'central-bank.non-cash': amount },
    ],
    [
      'back, of a bank at the central bank',
      `${toNonCash}/bank-central-bank`,
      {},
      { 'bank-a': -amount, 'central-bank.issue': amount, 'bank-a.reserve': amount, 'central-bank.non-cash': -amount },
    ],
    [
      'of an individual at its bank',
      `${fromNonCash}/individual-bank`,
      { accountId: 'aru' },
      { 'bank-a': -amount, aru: amount, 'bank-a.client.aru': -amount, 'bank-a.non-cash': amount },
    ],
    [
      'back, of an individual at its bank',
      `${toNonCash}/individual-bank`,
      { accountId: 'aru' },
      { 'bank-a': amount, aru: -amount, 'bank-a.client.aru': amount, 'bank-a.non-cash': -amount },
    ],
    [
      'of a legal entity at its bank',
      `${fromNonCash}/legal-entity-bank`,
      { accountId: 'farm' },
      { 'bank-a': -amount, farm: amount, 'bank-a.client.farm': -amount, 'bank-a.non-cash': amount },
    ],
    [
      'back, of a legal entity at its bank',
      `${toNonCash}/legal-entity-bank`,
      { accountId: 'farm' },
      { 'bank-a': amount, farm: -amount, 'bank-a.client.farm': amount, 'bank-a.non-cash': -amount },
    ],
    [
      'into cash',
      '/v1/cash-withdrawals',
      { accountId: 'aru' },
      { 'bank-a': amount, aru: -amount, 'bank-a.cash': -amount, 'cash.outside': amount },
    ],
    [
      'out of cash',
      '/v1/cash-deposits',
      { accountId: 'aru' },
      { 'bank-a': -amount, aru: amount, 'bank-a.cash': amount, 'cash.outside': -amount },
    ],
  ])('%s, once', async (_what, path, more, moves) => {
    const request = { transferId: world.id(), ...perBank, ...more }
    const bank = world.as('bank-a')
    const created = { status: 200, body: { transferId: request.transferId, arrival: 'created' } }
    expect(await movedBy(async () => expect(await bank.post(path, request)).toEqual(created))).toEqual(moves)
    const again = await movedBy(async () => {
      expect(await bank.post(path, request)).toMatchObject({ status: 200, body: { arrival: 'exists' } })
      const otherwise = await bank.post(path, { ...request, amount: '1001' })
      expect(otherwise).toMatchObject({ status: 409, body: { code: 'exists_with_different_terms' } })
    })
    expect(again).toEqual({})
  })

  test('cash is supplied to a vault by the central bank, to banks only', async () => {
    const supply = { transferId: world.id(), bank: 'bank-b', amount: '7' }
    const moved = await movedBy(() => world.as('central-bank').post('/v1/cash-supplies', supply))
    expect(moved).toEqual({ 'bank-b.cash': 7n, 'cash.outside': -7n })
    expect(await refusal('central-bank', '/v1/cash-supplies', { bank: 'farm', amount: '7' })).toBe('not_found')
    expect(await refusal('bank-b', '/v1/cash-supplies', { bank: 'bank-b', amount: '7' })).toBe('role_not_allowed')
  })
})

const desks = [
  `${fromNonCash}/individual-bank`,
  `${toNonCash}/individual-bank`,
  '/v1/cash-withdrawals',
  '/v1/cash-deposits',
]
const entityDesks = [`${fromNonCash}/legal-entity-bank`, `${toNonCash}/legal-entity-bank`]

describe('two tiers', () => {
  test.each([...desks, ...entityDesks])('%s: a bank serves its own clients, and only as itself', async (path) => {
    const own = entityDesks.includes(path) ? 'farm' : 'aru'
    expect(await refusal('bank-b', path, { bank: 'bank-b', accountId: own, amount: '1' })).toBe('not_found')
    expect(await refusal('bank-b', path, { bank: 'bank-a', accountId: own, amount: '1' })).toBe('role_not_allowed')
    expect(await refusal(own, path, { bank: 'bank-a', accountId: own, amount: '1' })).toBe('role_not_allowed')
    expect(await refusal('bank-a', path, { bank: 'bank-a', accountId: 'nobody', amount: '1' })).toBe('not_found')
    // The platform's own accounts are nobody's client: that of another bank, the issue, a reserve.
    for (const accountId of ['bank-a', 'bank-b', 'central-bank.issue', 'bank-a.reserve'])
      expect(await refusal('bank-a', path, { bank: 'bank-a', accountId, amount: '1' })).toBe('not_found')
  })

  test('another bank’s client is answered like one that is not there', async () => {
    const answer = async (accountId: string) => {
      const request = { transferId: world.id(), bank: 'bank-b', accountId, amount: '1' }
      const { body, status } = await world.as('bank-b').post('/v1/cash-withdrawals', request)
      return JSON.stringify({ body, status }).replaceAll(accountId, '?')
    }
    expect(await answer('aru')).toBe(await answer('nobody'))
    expect(await answer(schemeAccount)).toBe(await answer('nobody'))
  })

  test('only a bank converts at the central bank, for itself', async () => {
    for (const path of [`${fromNonCash}/bank-central-bank`, `${toNonCash}/bank-central-bank`]) {
      expect(await refusal('bank-b', path, perBank)).toBe('role_not_allowed')
      expect(await refusal('central-bank', path, perBank)).toBe('role_not_allowed')
      expect(await refusal('farm', path, perBank)).toBe('role_not_allowed')
    }
  })

  test('methods of individuals are not for legal entities, and the other way round', async () => {
    const request = { ...perBank, amount: '1' }
    expect(await refusal('bank-a', `${toNonCash}/individual-bank`, { ...request, accountId: 'farm' })).toBe(
      'rule_violated',
    )
    expect(await refusal('bank-a', `${fromNonCash}/individual-bank`, { ...request, accountId: 'farm' })).toBe(
      'rule_violated',
    )
    expect(await refusal('bank-a', `${toNonCash}/legal-entity-bank`, { ...request, accountId: 'aru' })).toBe(
      'rule_violated',
    )
    expect(await refusal('bank-a', `${fromNonCash}/legal-entity-bank`, { ...request, accountId: 'aru' })).toBe(
      'rule_violated',
    )
  })

  test('the bank that opens an account serves it, and another cannot open it again', async () => {
    const account = { accountId: 'erlan', owner: 'erlan', name: 'Erlan' }
    expect(await world.as('bank-b').post('/v1/accounts/individuals', account)).toMatchObject({ status: 200 })
    expect(await world.as('bank-b').post('/v1/accounts/individuals', account)).toMatchObject({
      body: { arrival: 'exists' },
    })
    expect(await world.as('bank-a').post('/v1/accounts/individuals', account)).toMatchObject({
      body: { code: 'exists_with_different_terms' },
    })
    expect(await refusal('bank-a', '/v1/cash-deposits', { bank: 'bank-a', accountId: 'erlan', amount: '1' })).toBe(
      'not_found',
    )
    const cash = { transferId: world.id(), bank: 'bank-b', accountId: 'erlan', amount: '1' }
    expect(await world.as('bank-b').post('/v1/cash-deposits', cash)).toMatchObject({ status: 200 })
  })

  test.each(['bank-c.cash', 'cash.outside', 'bank-a.client.x', 'scheme.x', 'bank-c.reserve'])(
    'nobody takes %s, which the platform opens when it needs it',
    async (accountId) => {
      const request = { accountId, owner: 'erlan', name: 'Erlan' }
      const opened = await world.as('bank-b').post('/v1/accounts/individuals', request)
      expect(opened).toMatchObject({ body: { code: 'rule_violated' } })
    },
  )
})

describe('marked money', () => {
  const marked = [schemeAccount, escrowAccount]
  test.each([...desks, ...entityDesks])('is refused by %s', async (path) => {
    for (const accountId of marked)
      expect(await refusal('bank-a', path, { bank: 'bank-a', accountId, amount: '1' })).toBe('rule_violated')
  })

  test('and what an agency has not yet paid out leaves by none either; it is not called marked', async () => {
    for (const path of [`${toNonCash}/legal-entity-bank`, `${toNonCash}/individual-bank`, '/v1/cash-withdrawals']) {
      const request = { transferId: world.id(), bank: 'bank-a', accountId: 'education', amount: '1' }
      const { body } = await world.as('bank-a').post(path, request)
      expect(body).toMatchObject({ code: 'rule_violated', detail: expect.stringContaining('is an agency’s') })
      expect(body['detail']).not.toContain('marked')
    }
  })
})

describe('the limits of an individual', () => {
  const { single, balance } = limitsOf.simplified
  const depositFor = (owner: string, amount: bigint) =>
    inTransaction(world.ports, async (work) => {
      await depositNonCash(work, `bank-a.client.${owner}`, tiyn(amount), newId(work))
    })
  const opened = async (accountId: string, tier: string) => {
    const account = { accountId, owner: accountId, name: accountId, tier }
    expect(await world.as('bank-a').post('/v1/accounts/individuals', account)).toMatchObject({ status: 200 })
    return { bank: 'bank-a', accountId }
  }

  test.each([
    [`${fromNonCash}/individual-bank`, 'in'],
    ['/v1/cash-deposits', 'in'],
    [`${toNonCash}/individual-bank`, 'out'],
    ['/v1/cash-withdrawals', 'out'],
  ])('bind %s, to the tiyn, whoever has the money', async (path, way) => {
    const client = await opened(`limited-${desks.indexOf(path)}`, 'simplified')
    const max = way === 'in' ? balance : single
    // Who has none is told so, and nothing of a limit.
    expect(await refusal('bank-a', path, { ...client, amount: (10n * max).toString() })).toBe('insufficient_funds')
    await enrich(world, 'bank-a', client.accountId, single + 1n)
    if (way === 'in') await enrich(world, 'bank-a', 'aru', balance)
    const left = way === 'in' ? max - single - 1n : max
    if (way === 'in' && path.includes('non-cash')) await depositFor(client.accountId, left + 1n)
    expect(await refusal('bank-a', path, { ...client, amount: (left + 1n).toString() })).toBe('limit_exceeded')
    const asked = { transferId: world.id(), ...client, amount: left.toString() }
    expect(await world.as('bank-a').post(path, asked)).toMatchObject({ body: { arrival: 'created' } })
  })

  test('who is not known brings cash, and takes neither cash nor non-cash', async () => {
    const client = { ...(await opened('unknown-1', 'anonymous')), amount: '5' }
    const brought = { transferId: world.id(), ...client }
    expect(await world.as('bank-a').post('/v1/cash-deposits', brought)).toMatchObject({ status: 200 })
    for (const path of ['/v1/cash-withdrawals', `${toNonCash}/individual-bank`])
      expect(await refusal('bank-a', path, client)).toBe('limit_exceeded')
    expect(await world.balance('unknown-1')).toBe(5n)
  })
})

describe('too little', () => {
  const much = '9000000000'
  test.each<[string, object]>([
    [`${fromNonCash}/bank-central-bank`, {}],
    [`${toNonCash}/bank-central-bank`, {}],
    [`${fromNonCash}/individual-bank`, { accountId: 'aru' }],
    [`${toNonCash}/individual-bank`, { accountId: 'aru' }],
    ['/v1/cash-withdrawals', { accountId: 'aru' }],
    ['/v1/cash-deposits', { accountId: 'aru' }],
  ])('%s moves nothing, and the id stays free', async (path, more) => {
    const request = { transferId: world.id(), bank: 'bank-a', ...more }
    const bank = world.as('bank-a')
    const answers: unknown[] = []
    expect(await movedBy(async () => answers.push(await bank.post(path, { ...request, amount: much })))).toEqual({})
    expect(answers).toMatchObject([{ status: 409, body: { code: 'insufficient_funds' } }])
    expect(await bank.post(path, { ...request, amount: '1' })).toMatchObject({ body: { arrival: 'created' } })
  })

  test('the vault is empty though the client has DT, and no DT moved', async () => {
    const client = { bank: 'bank-a', accountId: 'berik' }
    const vault = await world.balance('bank-a.cash')
    const has = await world.balance('berik')
    const more = vault + 1n - has
    if (more > 0n) {
      const sale = { transferId: world.id(), ...client, amount: more.toString() }
      await world.as('bank-a').post(`${fromNonCash}/individual-bank`, sale)
    }
    expect(await refusal('bank-a', '/v1/cash-withdrawals', { ...client, amount: (vault + 1n).toString() })).toBe(
      'insufficient_funds',
    )
  })
})

describe('each conversion at the central bank leaves a settlement message', () => {
  const messages = async (by: string, query = '') => {
    const { body, status } = await world.as(by).get(`/v1/settlement-messages${query}`)
    expect(status).toBe(200)
    return body as { messages: { transferId: string; bank: string; document: string }[]; cursor: string | null }
  }

  test('with an ISO 20022 document of the non-cash leg', async () => {
    const [issued, redeemed] = [world.id(), world.id()]
    const request = { bank: 'bank-b', amount: '12345' }
    await world.as('bank-b').post(`${fromNonCash}/bank-central-bank`, { ...request, transferId: issued })
    await world.as('bank-b').post(`${toNonCash}/bank-central-bank`, { ...request, transferId: redeemed })
    const { messages: own } = await messages('bank-b')
    expect(own.slice(-2)).toMatchObject([
      { transferId: issued, bank: 'bank-b', direction: 'issue', amount: '12345', at: world.clock.now },
      { transferId: redeemed, bank: 'bank-b', direction: 'redemption', amount: '12345' },
    ])
    const [issue, redemption] = own.slice(-2).map(({ document }) => document)
    expect(issue).toContain('<TtlIntrBkSttlmAmt Ccy="KZT">123.45</TtlIntrBkSttlmAmt>')
    expect(issue).toContain(`<EndToEndId>${issued.replaceAll('-', '')}</EndToEndId>`)
    expect(issue).toMatch(/<DbtrAcct>.*bank-b\.reserve.*<CdtrAcct>.*central-bank\.non-cash/)
    expect(redemption).toMatch(/<DbtrAcct>.*central-bank\.non-cash.*<CdtrAcct>.*bank-b\.reserve/)
  })

  test('and none when nothing moved, or when it came again', async () => {
    const before = (await messages('central-bank')).messages.length
    expect(await refusal('bank-a', `${toNonCash}/bank-central-bank`, { bank: 'bank-a', amount: '9000000000' })).toBe(
      'insufficient_funds',
    )
    const request = { transferId: world.id(), bank: 'bank-a', amount: '1' }
    await world.as('bank-a').post(`${toNonCash}/bank-central-bank`, request)
    await world.as('bank-a').post(`${toNonCash}/bank-central-bank`, request)
    expect((await messages('central-bank')).messages).toHaveLength(before + 1)
  })

  test('page by page: all for the central bank and the auditor, a bank its own', async () => {
    const all = (await messages('central-bank')).messages
    expect(new Set(all.map(({ bank }) => bank))).toEqual(new Set(['bank-a', 'bank-b']))
    expect((await messages('auditor')).messages).toEqual(all)
    const paged: typeof all = []
    let query = '?limit=2'
    for (;;) {
      const page = await messages('bank-a', query)
      if (page.messages.length === 0) break
      paged.push(...page.messages)
      query = `?limit=2&after=${page.cursor ?? ''}`
    }
    expect(paged).toEqual(all.filter(({ bank }) => bank === 'bank-a'))
    const foreign = all.find(({ bank }) => bank === 'bank-b')?.transferId ?? ''
    expect(await world.as('bank-a').get(`/v1/settlement-messages?after=${foreign}`)).toMatchObject({ status: 404 })
    expect(await world.as('farm').get('/v1/settlement-messages')).toMatchObject({ status: 403 })
    for (const limit of ['0', '501', 'many', '-1', ''])
      expect(await world.as('bank-a').get(`/v1/settlement-messages?limit=${limit}`)).toMatchObject({ status: 422 })
  })
})

test('a bank pays a QR from accounts of its own clients only', async () => {
  const { demo, till } = await qrWorld({})
  try {
    const other = p256('other-bank')
    await inTransaction(demo.ports, async (work) => {
      await openBank(work, 'other-bank', 'Other bank')
      const row = { key_id: other.keyId, jwk: JSON.stringify(other.jwk), role: 'bank', owner: 'other-bank' } as const
      await work.connection
        .insertInto('principal')
        .values({ ...row, status: 'active' })
        .execute()
    })
    await till.fetch()
    const terms = termsOf(till, 100n)
    expect(await ask(till, terms)).toBe('open')
    const account = demoIndividuals[0]
    const stranger = new Wallet(new TestSigner(demo.ledger, demo.clock, demo.random, other), account)
    expect(await stranger.pay(till.id(), terms.tenderId)).toMatchObject({ code: 'not_found' })
    const bank = new Wallet(demo.role('bank'), account)
    expect(await bank.pay(till.id(), terms.tenderId)).toMatchObject({ state: 'held' })
  } finally {
    await demo.close()
  }
})

describe('non-cash from outside', () => {
  const comesTo = (accountId: string) => refusal('central-bank', '/v1/non-cash-deposits', { accountId, amount: '7' })

  test('opens the account at the bank that serves the client, with the first of it', async () => {
    const account = { accountId: 'new-farm', owner: 'new-farm', name: 'New farm', kind: 'legal-entity' }
    expect(await world.as('bank-a').post('/v1/accounts/legal-entities', account)).toMatchObject({ status: 200 })
    const first = { transferId: world.id(), accountId: 'bank-a.client.new-farm', amount: '7' }
    for (const arrival of ['created', 'exists'])
      expect((await world.as('central-bank').post('/v1/non-cash-deposits', first)).body).toMatchObject({ arrival })
    expect((await world.balances()).get('bank-a.client.new-farm')).toBe(7n)
  })

  test('finds no account of nobody, of a client of another bank, of a bank, and opens none', async () => {
    const before = [...(await world.balances()).keys()]
    for (const wrong of [
      'bank-a.client.nobody',
      'bank-b.client.new-farm',
      'bank-a.client.bank-a',
      'bank-a.client.',
      'x',
    ])
      expect(['not_found', 'schema_mismatch'], wrong).toContain(await comesTo(wrong))
    expect([...(await world.balances()).keys()]).toEqual(before)
  })
})
