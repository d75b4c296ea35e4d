/**
 * Method: statements of a small ledger whose bookings the test knows; the database tells each statement of it, and
 * SQLite explains the plans, since a statement of a bank goes through millions of entries.
 */
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { accountPseudonym } from '../../../ledger-sim/individuals/pseudonyms.ts'
import { createLedger } from '../../../ledger-sim/ledger.ts'
import { startHttp } from '../../../ledger-sim/http/fastify.ts'
import { signRequest, verifyAnswer, type HttpResponse } from '../../../src/sync/protocol/http-signature.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { hourMs } from './demo-ledger.ts'
import { funds, movesWorld, schemeAccount, type MovesWorld } from './moves-world.ts'

interface Entry {
  readonly entry: number
  readonly kind: string
  readonly amount: string
  readonly balance: string
  readonly counterparty: string | null
  readonly purpose: string | null
  readonly paymentReference: string | null
  readonly reference: string
  readonly returnOf: string | null
  readonly at: number
}
interface Statement {
  readonly openingBalance: string
  readonly entries: readonly Entry[]
  readonly cursor: number
}

let world: MovesWorld & { readonly path: string }
const said = new Set<string>()
let listening = false
let start = 0
beforeAll(async () => {
  world = await movesWorld({ onDidRun: (statement) => void (listening && said.add(statement)) })
  start = world.clock.now
  const pay = (path: string, by: string, body: object) =>
    world.as(by).post(path, { transferId: world.id(), amount: '100', ...body })
  const answers = []
  for (const hour of [1, 2, 3]) {
    world.clock.now = start + hour * hourMs
    const purpose = `=wages("${hour}"), in part`
    answers.push(await pay('/v1/payments/legal-entity-individual', 'farm', { payer: 'farm', payee: 'aru', purpose }))
  }
  world.clock.now += hourMs
  const tax = { payer: 'aru', payee: 'education', purpose: 'tax', paymentReference: '+7 000' }
  answers.push(await pay('/v1/scenarios/customer-to-government', 'aru', tax))
  const [{ transfer_id: taxId }] = (await world.rows('client_transfer')).filter(({ purpose }) => purpose === 'tax') as [
    { transfer_id: string },
  ]
  const refund = { refundId: world.id(), transferId: taxId, amount: '40', reason: 'overpaid' }
  answers.push(await world.as('education').post('/v1/refunds', refund))
  answers.push(await pay('/v1/cash-withdrawals', 'bank-a', { bank: 'bank-a', accountId: 'aru' }))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
  world.audit()
})
afterAll(() => world.close())

const statement = async (by: string, accountId: string, query = '') =>
  (await world.as(by).get(`/v1/statements?accountId=${accountId}${query}`)) as unknown as {
    status: number
    body: Statement
  }
const pseudonym = () => accountPseudonym(world.ports.keys, 'aru')
const all = [1_000_000, 100, 100, 100, -100, 40, -100]

describe('a statement', () => {
  test('has each entry with the balance after it', async () => {
    const { body } = await statement('aru', 'aru')
    expect(body).toMatchObject({ accountId: 'aru', currency: 'DT', openingBalance: '0', cursor: 7 })
    expect(body.entries.map(({ amount }) => Number(amount))).toEqual(all)
    expect(body.entries.map(({ entry }) => entry)).toEqual([1, 2, 3, 4, 5, 6, 7])
    let balance = 0
    for (const [index, amount] of all.entries()) expect(body.entries[index]?.balance).toBe(String((balance += amount)))
    expect(await world.balance('aru')).toBe(BigInt(balance))
    expect(body.entries.map(({ kind }) => kind).slice(-3)).toEqual([
      'payment-to-government',
      'transfer-refund',
      'cash-withdrawal',
    ])
    const [tax, refund] = body.entries.slice(4)
    expect(tax).toMatchObject({ counterparty: 'education', purpose: 'tax', paymentReference: '+7 000', returnOf: null })
    // A refund has an id of its own, and says what it is of.
    expect(refund?.reference).not.toBe(tax?.reference)
    expect(refund?.returnOf).toBe(tax?.reference)
  })

  test('goes on after any entry, with the balance before the next', async () => {
    const { body } = await statement('aru', 'aru', '&after=3&limit=2')
    expect(body.openingBalance).toBe(String(funds + 200n))
    expect(body.entries.map(({ entry }) => entry)).toEqual([4, 5])
    expect(body.cursor).toBe(5)
    const end = await statement('aru', 'aru', '&after=7')
    expect(end.body).toMatchObject({ entries: [], cursor: 7, openingBalance: String(await world.balance('aru')) })
    expect((await statement('aru', 'aru', '&after=900')).body).toMatchObject({ entries: [], cursor: 7 })
  })

  test('of a span of time: its first moment is in it, its end is not', async () => {
    const numbers = async (query: string) =>
      (await statement('aru', 'aru', query)).body.entries.map(({ entry }) => entry)
    const at = (hour: number) => start + hour * hourMs
    expect(await numbers(`&from=${at(2)}&to=${at(4)}`)).toEqual([3, 4])
    expect(await numbers(`&from=${at(2) + 1}&to=${at(4) + 1}`)).toEqual([4, 5, 6, 7])
    expect(await numbers(`&from=${at(2)}&after=3`)).toEqual([4, 5, 6, 7])
    expect(await numbers(`&from=0&to=${at(2)}`)).toEqual([1, 2])
    expect(await numbers(`&from=${at(9)}`)).toEqual([])
    const opened = await statement('aru', 'aru', `&from=${at(2)}&to=${at(4)}`)
    expect(opened.body.openingBalance).toBe(String(funds + 100n))
    const later = await statement('aru', 'aru', `&from=${at(9)}`)
    expect(later.body).toMatchObject({ openingBalance: String(await world.balance('aru')), cursor: 7 })
  })

  test('is the owner’s, of the bank that serves it, and by pseudonym of who watches all', async () => {
    const { body: own } = await statement('aru', 'aru')
    expect((await statement('bank-a', 'aru')).body.entries).toHaveLength(own.entries.length)
    for (const by of ['central-bank', 'auditor']) {
      expect((await statement(by, pseudonym())).body.entries).toHaveLength(own.entries.length)
      for (const account of ['aru', 'bank-a.client.aru'])
        expect(await statement(by, account)).toMatchObject({ status: 404, body: { code: 'not_found' } })
    }
    for (const [by, account] of [
      ['bank-b', 'aru'],
      ['berik', 'aru'],
      ['education', 'aru'],
      ['aru', 'bank-a'],
      ['aru', 'nobody'],
      ['aru', pseudonym()],
      ['bank-a', 'bank-b'],
      ['bank-a', 'shop'],
      ['farm', schemeAccount],
    ] as const)
      expect(await statement(by, account)).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect((await statement('education', schemeAccount)).body.entries).toMatchObject([{ counterparty: 'education' }])
    expect((await statement('aru', 'bank-a.client.aru')).body.entries.length).toBeGreaterThan(0)
  })

  test('shows whom one paid, and no person who paid, nor where money went back to', async () => {
    const counterparties = async (by: string, account: string) =>
      (await statement(by, account)).body.entries
        .filter(({ kind }) => !['sale-of-dt', 'scheme-funding'].includes(kind))
        .map(({ kind, counterparty }) => `${kind} ${counterparty ?? '?'}`)
    expect(await counterparties('education', 'education')).toEqual(['payment-to-government ?', 'transfer-refund ?'])
    const shown = ['payment-to-government aru', 'transfer-refund aru']
    const hidden = shown.map((entry) => entry.replace('aru', pseudonym()))
    expect(await counterparties('auditor', 'education')).toEqual(hidden)
    expect(await counterparties('central-bank', 'education')).toEqual(hidden)
    const sold = JSON.stringify((await statement('auditor', 'bank-a.non-cash')).body)
    expect(sold).toContain('bank-a.client.farm')
    expect(sold).not.toContain('bank-a.client.aru')
    expect(await counterparties('bank-a', 'education')).toEqual(shown)
    expect(await counterparties('farm', 'farm')).toEqual(Array(3).fill('payment-to-individual aru'))
    expect(await counterparties('aru', 'aru')).toContain('transfer-refund education')
    expect(await counterparties('bank-a', 'bank-a')).toContain('cash-withdrawal aru')
  })

  test.each(['&limit=0', '&limit=501', '&limit=x', '&after=-1', '&from=now', '&format=xml', '&other=1'])(
    'refuses %s',
    async (query) => {
      expect(await statement('aru', 'aru', query)).toMatchObject({ status: 422 })
    },
  )

  test('asks by index, on whatever page', async () => {
    said.clear()
    listening = true
    await statement('aru', 'aru', `&after=3&limit=2&from=${start + hourMs}`)
    await world.as('farm').get(`/v1/transfers?transferId=${world.id()}`)
    await world.as('bank-a').get('/v1/settlement-messages?limit=1')
    const request = { bank: 'bank-a', accountId: 'aru', amount: '1' }
    await world.as('bank-a').post('/v1/cash-deposits', { ...request, transferId: world.id() })
    await world.as('bank-a').post('/v1/conversions/dt-to-non-cash/bank-central-bank', {
      transferId: world.id(),
      bank: 'bank-a',
      amount: '1',
    })
    listening = false
    const database = new Database(world.path, { readonly: true })
    const asked = [...said].filter((sql) => /^\s*(select|update|insert)/i.test(sql))
    const scans = asked.filter((sql) =>
      (database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]).some(({ detail }) =>
        /^SCAN (?!CONSTANT|\d+-ROW VALUES|\d+ CONSTANT ROWS|moved$)|TEMP B-TREE/.test(detail),
      ),
    )
    database.close()
    expect(asked.length).toBeGreaterThan(20)
    // The newest message and the newest refusal are the end of an index, which SQLite calls a scan of it. The newest
    // of a ring lies at most the other ring before that, and is asked for once in a commit.
    const newest =
      /from "(settlement_message|refusal)"( where "slot" >= \+?\d+ and "slot" < \+?\d+)? order by "sequence" desc limit/
    expect(scans.filter((sql) => !newest.test(sql))).toEqual([])
  })
})

describe('a statement as CSV', () => {
  const csv = async (query = ''): Promise<HttpResponse> => {
    const signer = world.as('aru')
    return signer.send(signer.sign('GET', `/v1/statements?accountId=aru&format=csv${query}`, ''))
  }

  test('is signed like every answer, and says what it is', async () => {
    const { headers, status, body } = await csv()
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/csv; charset=utf-8')
    const [head, opening] = body.split('\r\n')
    expect(head).toBe(
      'entry,at,kind,amount,balance,currency,counterparty,counterpartyKind,reference,returnOf,purpose,paymentReference',
    )
    expect(opening).toBe('0,,opening-balance,,0,DT,,,,,,')
  })

  test('begins no cell with a formula, and quotes what RFC 4180 says', async () => {
    const { body } = await csv('&after=1&limit=4')
    const lines = body.trimEnd().split('\r\n')
    expect(lines).toHaveLength(7)
    expect(lines[6]).toMatch(/^5,,(closing-balance|more-entries),/)
    expect(lines[1]).toBe('1,,opening-balance,,1000000,DT,,,,,,')
    expect(lines[2]).toContain(`,,"'=wages(""1""), in part",`)
    expect(lines[2]).toContain(',100,1000100,DT,farm,legal-entity,')
    expect(lines[5]).toMatch(/,-100,1000200,DT,education,agency,[-0-9a-f]{36},,tax,'\+7 000$/)
  })

  test('is the whole, however long, with a closing balance; where it is cut it says so', async () => {
    const before = Number((await csv()).body.trimEnd().split('\r\n').at(-1)?.split(',')[0])
    for (let left = 1_200; left > 0; left -= 400) {
      const items = Array.from({ length: 400 }, () => ({
        method: 'POST',
        path: '/v1/payments/legal-entity-individual',
        body: { transferId: world.id(), payer: 'farm', payee: 'aru', amount: '1', purpose: 'many' },
      }))
      expect((await world.as('farm').post('/v1/batches', { items })).status).toBe(200)
    }
    const lines = (await csv()).body.trimEnd().split('\r\n')
    expect(lines).toHaveLength(1 + 1 + before + 1_200 + 1)
    const last = lines.at(-1)?.split(',') ?? []
    expect(last.slice(0, 3)).toEqual([String(before + 1_200), '', 'closing-balance'])
    expect(last[4]).toBe(lines.at(-2)?.split(',')[4])
    const cut = (await csv('&limit=2')).body.trimEnd().split('\r\n')
    expect([cut.length, cut.at(-1)]).toEqual([5, '2,,more-entries,,,DT,,,,,,'])
    const rest = (await csv(`&after=${before + 1_198}&limit=2`)).body.trimEnd().split('\r\n')
    expect(rest.at(-1)).toMatch(new RegExp(`^${before + 1_200},,closing-balance,`))
  })

  test('through the real door too, byte for byte as it was signed', async () => {
    // As after a start, which takes its time.
    world.clock.now += 1_000
    const ledger = createLedger(world.ports)
    const http = await startHttp({ ledger, port: 0 })
    try {
      const seconds = Math.floor(world.clock.now / 1000)
      const moment = { created: seconds, expires: seconds + 60, nonce: 'through-the-real-door-1' }
      const url = `${http.url}/v1/statements?accountId=aru&format=csv`
      const signed = signRequest({ method: 'GET', url, body: '' }, world.as('aru').key, moment)
      const response = await fetch(url, { headers: signed.headers })
      const answer = {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.text(),
      }
      expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8')
      expect(verifyAnswer(answer, signed, world.ports.keys.signing).kind).toBe('valid')
    } finally {
      await http.close()
    }
  })

  test('of more than ten thousand entries is ten thousand, and says that there are more', async () => {
    const last = async (query = '') => (await csv(query)).body.trimEnd().split('\r\n').at(-1)
    const count = Number((await last())?.split(',')[0])
    const leg = { debit: 'farm', credit: 'aru', amount: tiyn(1n), kind: 'payment-to-individual' } as const
    const more = (legs: number) =>
      inTransaction(world.ports, (work) =>
        post(
          work,
          Array.from({ length: legs }, () => leg),
          world.id(),
        ),
      )
    expect(await more(10_000 - count)).toEqual({ kind: 'posted' })
    expect(await last()).toMatch(/^10000,,closing-balance,/)
    expect(await more(1)).toEqual({ kind: 'posted' })
    expect(await last()).toBe('10000,,more-entries,,,DT,,,,,,')
    expect(await last('&after=10000')).toMatch(/^10001,,closing-balance,/)
  })
})
