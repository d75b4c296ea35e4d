/**
 * Many operations in one request: each has its own result, one that breaks the ledger harms none, commits are shared.
 * That a batch is the same as its items alone is test/property/ledger/batches.test.ts.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { v7 } from 'uuid'
import { createLedger } from '../../../ledger-sim/ledger.ts'
import type { Store } from '../../../ledger-sim/store/open-store.ts'
import { balanceOf, demoLedger, TestSigner, type DemoLedger } from './demo-ledger.ts'

let demo: DemoLedger
beforeEach(async () => {
  demo = await demoLedger()
})
afterEach(() => demo.close())

const id = () => v7({ msecs: demo.clock.now, random: demo.random(16) })
const funding = (amount: string, transferId = id()) => ({
  method: 'POST',
  path: '/v1/scheme-fundings',
  body: { transferId, accountId: 'almaly-education', schemeId: 'school-lunch', amount },
})
interface Result {
  readonly status: number
  readonly body: Record<string, unknown>
}
const pointerOf = ({ pointer }: { readonly pointer: string }) => pointer
async function batch(signer: TestSigner, items: readonly unknown[]): Promise<readonly Result[]> {
  const { status, body } = await signer.post('/v1/batches', { items })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body['results'] as readonly Result[]
}

describe('an item', () => {
  test('with half of a character is refused alone, and it is said where in the whole body', async () => {
    const payment = (purpose: string) => ({
      method: 'POST',
      path: '/v1/payments/legal-entity-legal-entity',
      body: { transferId: id(), payer: 'almaly-education', payee: 'merchant.kokbazar-shop', amount: '100', purpose },
    })
    const cut = payment('milk \u{1F95B}'.slice(0, -1))
    const torn = { method: 'POST', path: '/v1/x\uD83D', body: { 'a/b': ['\uDC00', 1, '\uDC00'] } }
    const agency = demo.role('agency')
    const results = await batch(agency, [payment('bread \u{1F35E}'), cut, torn, 'x\uD800', payment('tea')])
    expect(results.map(({ status }) => status)).toEqual([200, 422, 422, 422, 200])
    const pointers = results.map(({ body }) => (body['errors'] as { pointer: string }[] | undefined)?.map(pointerOf))
    expect(pointers.slice(1, 4)).toEqual([
      ['/items/1/body/purpose'],
      ['/items/2/path', '/items/2/body/a~1b/0', '/items/2/body/a~1b/2'],
      ['/items/3'],
    ])
    expect(results[1]?.body).toMatchObject({ code: 'schema_mismatch' })
    const { status: mended } = await agency.post('/v1/batches', {
      items: [{ ...cut, body: { ...cut.body, purpose: '' } }],
    })
    expect(mended, 'its id is free').toBe(200)
    expect(await agency.post('/v1/batches', { items: [payment('tea')], '\uD800': 1 })).toMatchObject({
      status: 400,
      body: { code: 'not_json', errors: [{ pointer: '' }] },
    })
  })
  test('has the answer or the problem that it has alone', async () => {
    const [transferId, agency] = [id(), demo.role('agency')]
    const results = await batch(agency, [
      funding('100', transferId),
      funding('100', transferId),
      funding('200', transferId),
      funding('99999999999'),
      funding('0'),
      { method: 'POST', path: '/v1/nothing', body: {} },
      { method: 'GET', path: '/v1/balances', body: {} },
      { method: 'POST', path: '/v1/scheme-fundings' },
      { method: 'POST', path: '/v1/scheme-fundings', body: [], more: 1 },
      null,
      { method: 'POST', path: '/v1/accounts/individuals', body: {} },
      { method: 'POST', path: '/v1/batches', body: { items: [funding('1')] } },
      funding('300'),
    ])
    expect(results.map(({ status, body }) => `${status} ${String(body['arrival'] ?? body['code'])}`)).toEqual([
      '200 created',
      '200 exists',
      '409 exists_with_different_terms',
      '409 insufficient_funds',
      '422 schema_mismatch',
      '404 not_found',
      '422 schema_mismatch',
      '422 schema_mismatch',
      '422 schema_mismatch',
      '422 schema_mismatch',
      '403 role_not_allowed',
      '409 rule_violated',
      '200 created',
    ])
    expect(await balanceOf(demo, 'scheme.school-lunch')).toBe(100_000_400n)
  })

  test('of the same batch once more is the same, and nothing moves twice', async () => {
    const items = [funding('100'), funding('200')]
    await batch(demo.role('agency'), items)
    expect(await batch(demo.role('agency'), items)).toMatchObject(items.map(() => ({ body: { arrival: 'exists' } })))
    expect(await balanceOf(demo, 'scheme.school-lunch')).toBe(100_000_300n)
  })

  test('that breaks the ledger is answered so, and the others of its commit stand', async () => {
    const broken = demo.ledger.operations.find(({ path }) => path === '/v1/scheme-fundings')
    if (broken === undefined) throw new Error('no such operation')
    const { perform } = broken
    const asked = funding('666')
    Object.assign(broken, {
      perform: async (given: Parameters<typeof perform>[0]) => {
        const outcome = await perform(given)
        if ((given.request as { transferId: string }).transferId === asked.body.transferId)
          throw new Error('a row broke the rules of its table')
        return outcome
      },
    })
    try {
      const results = await batch(demo.role('agency'), [funding('100'), asked, funding('200'), funding('x')])
      expect(results.map(({ status }) => status)).toEqual([200, 500, 200, 422])
      expect(results[1]?.body).toMatchObject({ code: 'internal' })
    } finally {
      Object.assign(broken, { perform })
    }
    expect(demo.recovered.length).toBeGreaterThan(0)
    expect(await balanceOf(demo, 'scheme.school-lunch')).toBe(100_000_300n)
    expect(await batch(demo.role('agency'), [asked])).toMatchObject([{ status: 200, body: { arrival: 'created' } }])
  })
})

describe('items that are done together', () => {
  const path = '/v1/payments/legal-entity-legal-entity'
  const payment = (amount: string) => ({
    method: 'POST',
    path,
    body: { transferId: id(), payer: 'almaly-education', payee: 'merchant.kokbazar-shop', amount, purpose: 'milk' },
  })

  const told = async () => (await demo.rows('feed_event')).map(({ content }) => String(content))

  /** While `body` runs, whatever is done together with that id breaks the ledger. @returns how many were together */
  async function breakingAt(transferId: string, body: () => Promise<void>): Promise<readonly number[]> {
    const operation = demo.ledger.operations.find((one) => one.path === path)
    if (operation?.performEach === undefined) throw new Error('no such operation')
    const { perform, performEach } = operation
    const together: number[] = []
    const isBroken = ({ request }: { readonly request: unknown }) =>
      (request as { transferId: string }).transferId === transferId
    Object.assign(operation, {
      perform: (asked: Parameters<typeof perform>[0]) =>
        isBroken(asked) ? Promise.reject(new Error('a row broke the rules of its table')) : perform(asked),
      performEach: async (...given: Parameters<typeof performEach>) => {
        together.push(given[1].length)
        const outcomes = await performEach(...given)
        if (given[1].some(isBroken)) throw new Error('a row broke the rules of its table')
        return outcomes
      },
    })
    try {
      await body()
    } finally {
      Object.assign(operation, { perform, performEach })
    }
    return together
  }

  test('one that breaks the ledger is answered so; the others are done once, and told once', async () => {
    const asked = payment('666')
    const [before, had] = [await told(), await balanceOf(demo, 'merchant.kokbazar-shop')]
    const items = [payment('100'), asked, payment('200'), payment('x')]
    await breakingAt(asked.body.transferId, async () => {
      expect((await batch(demo.role('agency'), items)).map(({ status }) => status)).toEqual([200, 500, 200, 422])
    })
    expect(demo.recovered.length).toBeGreaterThan(0)
    expect((await balanceOf(demo, 'merchant.kokbazar-shop')) - had).toBe(300n)
    const news = (await told()).slice(before.length)
    expect(news.filter((content) => content.includes(asked.body.transferId))).toEqual([])
    for (const { body } of [items[0], items[2]].filter((item) => item !== undefined))
      expect(news.filter((content) => content.includes(body.transferId))).toHaveLength(2)
    expect(await batch(demo.role('agency'), [asked])).toMatchObject([{ status: 200, body: { arrival: 'created' } }])
  })

  test('so are payments that come singly at once: those of one commit, and each of the others by itself', async () => {
    const agency = demo.role('agency')
    const all = Array.from({ length: 150 }, (_, index) => payment(String(index + 1)))
    const send = () => Promise.allSettled(all.map(({ body }) => agency.post(path, body)))
    const [before, had] = [await told(), await balanceOf(demo, 'merchant.kokbazar-shop')]
    const broken = all[70]?.body.transferId ?? ''
    let answers: Awaited<ReturnType<typeof send>> = []
    const together = await breakingAt(broken, async () => {
      answers = await send()
    })
    expect(together.toSorted((a, b) => a - b).at(-1)).toBe(64)
    expect(answers.map(arrivalIn)).toEqual(all.map((_, index) => (index === 70 ? 'broken' : 'created')))
    expect(demo.recovered.length).toBeGreaterThan(0)
    expect((await balanceOf(demo, 'merchant.kokbazar-shop')) - had).toBe(BigInt((150 * 151) / 2 - 71))
    const news = (await told()).slice(before.length)
    expect(news).toHaveLength(2 * 149)
    expect((await send()).map(arrivalIn)).toEqual(all.map((_, index) => (index === 70 ? 'created' : 'exists')))
  })

  test('of different clients each is judged, and known again, as its own', async () => {
    const clients = [
      { signer: demo.role('agency'), from: 'almaly-education', to: 'merchant.kokbazar-shop' },
      { signer: demo.role('merchant', 'kokbazar-shop'), from: 'merchant.kokbazar-shop', to: 'almaly-education' },
    ] as const
    const [agency, merchant] = clients
    await agency.signer.post(path, payment('1000').body)
    const wanted = Array.from({ length: 6 }, (_, index) => {
      const { signer, from: payer, to: payee } = index % 2 === 0 ? agency : merchant
      return { signer, body: { ...payment('10').body, payer, payee } }
    })
    const operation = demo.ledger.operations.find((one) => one.path === path)
    if (operation?.performEach === undefined) throw new Error('no such operation')
    const { performEach } = operation
    const together = vi.fn<typeof performEach>(performEach)
    Object.assign(operation, { performEach: together })
    const send = (all: readonly { signer: TestSigner; body: object }[]) =>
      Promise.all(all.map(({ signer, body }) => signer.post(path, body)))
    try {
      expect((await send(wanted)).map(({ body }) => body['arrival'])).toEqual(wanted.map(() => 'created'))
    } finally {
      Object.assign(operation, { performEach })
    }
    expect(together.mock.calls.some(([, all]) => new Set(all.map(({ caller }) => caller.owner)).size === 2)).toBe(true)
    expect((await send(wanted)).map(({ body }) => body['arrival'])).toEqual(wanted.map(() => 'exists'))
    const byTheOther = wanted.map(({ signer, body }) => {
      return { signer: signer === agency.signer ? merchant.signer : agency.signer, body }
    })
    expect((await send(byTheOther)).map(({ body }) => body['code'])).toEqual(
      wanted.map(() => 'exists_with_different_terms'),
    )
    const makers = (await demo.rows('client_transfer')).map((row) => [row['made_by'], row['payer']])
    expect(makers.filter(([maker, payer]) => (maker === 'kokbazar-shop') !== (payer === merchant.from))).toEqual([])
  })

  test('and nobody waits for ever when the commit they shared never began', async () => {
    let isGone = false
    const store: Store = {
      transaction: (work) => {
        if (!isGone) return demo.ports.store.transaction(work)
        isGone = false
        return Promise.reject(new Error('the disk is gone'))
      },
      read: (work) => demo.ports.store.read(work),
      isAwaited: () => demo.ports.store.isAwaited(),
      close: async () => undefined,
    }
    const ledger = createLedger({ ...demo.ports, store })
    const agency = new TestSigner(ledger, demo.clock, demo.random, demo.role('agency').key)
    // From here on no moment of this second is to be kept: the commit that fails is that of the payments.
    await agency.get('/v1/role-keys')
    isGone = true
    const answers = await Promise.all(['1', '2', '3'].map((amount) => agency.post(path, payment(amount).body)))
    expect(answers.map(({ body }) => body['arrival'])).toEqual(['created', 'created', 'created'])
  })
})

describe('a batch', () => {
  test('of eight thousand shares its commits; one more item is too many, none too few', async () => {
    let commits = 0
    const store: Store = {
      transaction: (work) => {
        commits += 1
        return demo.ports.store.transaction(work)
      },
      read: (work) => demo.ports.store.read(work),
      isAwaited: () => demo.ports.store.isAwaited(),
      close: async () => undefined,
    }
    const ledger = createLedger({ ...demo.ports, store })
    const agency = new TestSigner(ledger, demo.clock, demo.random, demo.role('agency').key)
    // Every twentieth moves money; what the rest asks for costs nothing but its place.
    const nothing = { method: 'POST', path: '/v1/nothing', body: {} }
    const items = Array.from({ length: 8_000 }, (_, index) => (index % 20 === 0 ? funding('1') : nothing))
    const results = await batch(agency, items)
    expect(results.map(({ status }) => status)).toEqual(items.map((item) => (item === nothing ? 404 : 200)))
    expect(commits).toBeLessThan(250)
    expect(await balanceOf(demo, 'scheme.school-lunch')).toBe(100_000_400n)
    expect((await agency.post('/v1/batches', { items: [...items, items[0]] })).body['code']).toBe('schema_mismatch')
    expect((await agency.post('/v1/batches', { items: [] })).body['code']).toBe('schema_mismatch')
  })

  test('is nothing for a terminal', async () => {
    const till = await demo.till('till-1')
    expect((await till.post('/v1/batches', { items: [funding('1')] })).body['code']).toBe('role_not_allowed')
  })
})

/** The ledger in process rejects what its door answers with 500. */
function arrivalIn(answer: PromiseSettledResult<{ readonly body: Record<string, unknown> }>): unknown {
  return answer.status === 'fulfilled' ? answer.value.body['arrival'] : 'broken'
}
