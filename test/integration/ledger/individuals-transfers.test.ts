/**
 * A person pays a person over the signed door: by phone, card, QR and account, once for each id, within both sides'
 * limits, and without telling anybody more than the payer chose.
 *
 * Method: one ledger on disk for all, people of their own for each test; the audit looks at the end. That two refusals
 * take the same time is shown by the statements that the database was asked, which have to be the same.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { lookupsPerAccountMax } from '../../../ledger-sim/individuals/lookups.ts'
import { accountPseudonym } from '../../../ledger-sim/individuals/pseudonyms.ts'
import { limitsOf } from '../../../ledger-sim/individuals/tiers.ts'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { balanceOf, dayMs, hourMs, temporaryFolder, type TestSigner } from './demo-ledger.ts'
import { closeBalanced, peopleWorld, type PeopleWorld } from './people.ts'

const folder = temporaryFolder()
const path = join(folder.path, 'ledger.db')
const said: string[] = []
let world: PeopleWorld
beforeAll(async () => {
  world = await peopleWorld({ path, onDidRun: (statement) => said.push(statement) })
})
afterAll(() => closeBalanced(world, folder))

const transfers = '/v1/transfers/individual-individual'
const transfer = (payer: string, to: object, amount: bigint | string, more: object = {}) => ({
  transferId: world.id(),
  payer,
  to,
  amount: amount.toString(),
  purpose: 'for the excursion',
  shows: 'nothing',
  ...more,
})
const account = (accountId: string) => ({ kind: 'account', accountId })
const phone = (number: string) => ({ kind: 'phone', number })
const balance = (accountId: string) => balanceOf(world.demo, accountId)

async function register(accountId: string, number: { readonly kind: string; readonly number: string }): Promise<void> {
  const alias = { aliasId: world.id(), accountId, ...number }
  const answer = await world.bank.post('/v1/aliases', alias)
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}

async function received(signer: TestSigner, query = ''): Promise<Record<string, unknown>[]> {
  return (await signer.get(`/v1/received${query}`)).body['received'] as Record<string, unknown>[]
}

function payee(signer: TestSigner, payer: string, kind: string, to: string) {
  return signer.get(`${transfers}/payee?payer=${payer}&kind=${kind}&to=${encodeURIComponent(to)}`)
}

describe('a payment', () => {
  test('reaches its payee by phone, card, QR and account, and moves money once for each id', async () => {
    const [payer, other] = [await world.person('way-1'), await world.person('way-2')]
    await world.fund('way-1', 100n)
    await register('way-2', phone('+77020000001'))
    await register('way-2', { kind: 'card', number: '4000001234567899' })
    const code = await other.post('/v1/receive-codes', { codeId: world.id(), accountId: 'way-2' })
    const ways = [
      phone('+77020000001'),
      { kind: 'card', number: '4000001234567899' },
      { kind: 'qr', text: code.body['text'] },
      account('way-2'),
    ]
    for (const to of ways) {
      const wanted = transfer('way-1', to, 10n)
      const { transferId } = wanted
      expect(await payer.post(transfers, wanted)).toEqual({ status: 200, body: { transferId, arrival: 'created' } })
      expect(await payer.post(transfers, wanted)).toEqual({ status: 200, body: { transferId, arrival: 'exists' } })
      for (const otherwise of [{ amount: '11' }, { to: account('individual-1') }, { shows: 'name' }])
        expect(await payer.post(transfers, { ...wanted, ...otherwise })).toMatchObject({
          body: { code: 'exists_with_different_terms' },
        })
    }
    expect(await balance('way-1')).toBe(60n)
    expect(await balance('way-2')).toBe(40n)
    expect((await received(other)).map(({ cursor, amount }) => [cursor, amount])).toEqual(
      ['1', '2', '3', '4'].map((cursor) => [cursor, '10']),
    )
  })

  test('is made by its payer or their bank, and by nobody else', async () => {
    const [payer, other] = [await world.person('who-1'), await world.person('who-2')]
    await world.fund('who-1', 100n)
    const wanted = transfer('who-1', account('who-2'), 1n)
    expect(await other.post(transfers, wanted)).toMatchObject({ status: 404 })
    expect(await world.otherBank.post(transfers, wanted)).toMatchObject({ status: 404 })
    expect(await world.demo.role('merchant').post(transfers, wanted)).toMatchObject({ status: 403 })
    expect(await world.bank.post(transfers, wanted)).toMatchObject({ status: 200 })
    // The id is the bank's now.
    expect(await payer.post(transfers, wanted)).toMatchObject({ body: { code: 'exists_with_different_terms' } })
    expect(await payer.post(transfers, transfer('who-1', account('who-1'), 1n))).toMatchObject({
      body: { code: 'rule_violated' },
    })
    expect(await payer.post(transfers, transfer('who-1', account('who-2'), 0n))).toMatchObject({ status: 422 })
    expect(await payer.post(transfers, transfer('who-1', account('almaly-education'), 1n))).toMatchObject({
      status: 404,
    })
    expect(await payer.post(transfers, transfer('almaly-education', account('who-1'), 1n))).toMatchObject({
      status: 404,
    })
    const long = { purpose: 'x'.repeat(141) }
    expect(await payer.post(transfers, transfer('who-1', account('who-2'), 1n, long))).toMatchObject({ status: 422 })
    expect(await balance('who-1')).toBe(99n)
  })

  test('is within the payer’s limits and the payee’s, and says of the payee’s only that it is', async () => {
    const payer = await world.person('lim-1', 'simplified')
    await world.person('lim-2', 'simplified')
    const { single, balance: most } = limitsOf.simplified
    await world.fund('lim-1', most)
    await world.fund('lim-2', most - 5n)
    expect(await payer.post(transfers, transfer('lim-1', account('lim-2'), single + 1n))).toMatchObject({
      body: { code: 'limit_exceeded', detail: expect.stringContaining(`limit single of tier simplified`) },
    })
    const refused = await payer.post(transfers, transfer('lim-1', account('lim-2'), 6n))
    expect(refused.body).toMatchObject({
      code: 'limit_exceeded',
      detail: 'the payee’s account cannot take this amount',
    })
    expect(await payer.post(transfers, transfer('lim-1', account('lim-2'), 5n))).toMatchObject({ status: 200 })
    const anonymous = await world.person('lim-3', 'anonymous')
    await world.fund('lim-3', 10n)
    expect(await anonymous.post(transfers, transfer('lim-3', account('lim-1'), 1n))).toMatchObject({
      body: { code: 'limit_exceeded', detail: expect.stringContaining('person_to_person') },
    })
    expect(await payer.post(transfers, transfer('lim-1', account('individual-1'), most))).toMatchObject({ status: 409 })
  })

  test('of a payer who has too little finds out nothing about a number', async () => {
    const payer = await world.person('poor-1')
    await world.person('poor-2')
    await register('poor-2', phone('+77020000002'))
    for (const number of ['+77020000002', '+77029999999'])
      expect(await payer.post(transfers, transfer('poor-1', phone(number), 1n))).toMatchObject({
        body: { code: 'insufficient_funds', detail: 'poor-1 has too little' },
      })
  })
})

describe('a QR of a person', () => {
  test('is ended by the next one, and is nobody else’s to make', async () => {
    const [payer, other] = [await world.person('code-1'), await world.person('code-2')]
    await world.fund('code-1', 100n)
    const make = async (signer: TestSigner) =>
      signer.post('/v1/receive-codes', { codeId: world.id(), accountId: 'code-2' })
    const first = await make(other)
    const second = await make(world.bank)
    expect(await make(payer)).toMatchObject({ status: 404 })
    expect(await make(world.otherBank)).toMatchObject({ status: 404 })
    expect(first.body['text']).not.toContain('code-2')
    const pay = (text: unknown) => payer.post(transfers, transfer('code-1', { kind: 'qr', text }, 1n))
    expect(await pay(first.body['text'])).toMatchObject({ status: 404 })
    expect(await pay(second.body['text'])).toMatchObject({ status: 200 })
    expect(await pay('hello')).toMatchObject({ status: 404 })
    expect(await payee(payer, 'code-1', 'qr', String(second.body['text']))).toMatchObject({ status: 200 })
  })
})

describe('whom one is about to pay', () => {
  test('is shown masked; a number that nobody has and one that may not be paid are refused alike', async () => {
    const payer = await world.person('look-1')
    await world.person('look-2', 'full', 'Qarlygash Synaq')
    const anonymous = await world.person('look-3', 'anonymous', 'Botakoz Ulgi')
    await world.fund('look-1', 100n)
    await register('look-2', phone('+77020000004'))
    await register('look-3', phone('+77020000005'))
    expect(await payee(payer, 'look-1', 'phone', '+77020000004')).toEqual({
      status: 200,
      body: { name: 'Q***** S.' },
    })
    const statementsOf = async (ask: () => Promise<unknown>) => {
      said.length = 0
      const answer = await ask()
      const statements = said.map((statement) => statement.replaceAll(/'[^']*'|\b\d[\d.]*\b/g, '?'))
      return { answer, statements }
    }
    const look = (number: string) => statementsOf(() => payee(payer, 'look-1', 'phone', number))
    const [barred, unknown] = [await look('+77020000005'), await look('+77029999998')]
    expect(barred.answer).toMatchObject({ status: 404, body: { detail: 'nobody can be paid there' } })
    expect(unknown).toEqual(barred)
    const pay = (number: string) => statementsOf(() => payer.post(transfers, transfer('look-1', phone(number), 1n)))
    const [barredPay, unknownPay] = [await pay('+77020000005'), await pay('+77029999998')]
    expect(barredPay.answer).toMatchObject({ status: 404, body: { detail: 'nobody can be paid there' } })
    expect(unknownPay).toEqual(barredPay)
    // Who pays nobody, or has nothing, looks nobody up.
    expect(await payee(anonymous, 'look-3', 'phone', '+77020000004')).toMatchObject({
      body: { code: 'insufficient_funds' },
    })
    await world.fund('look-3', 1n)
    expect(await payee(anonymous, 'look-3', 'phone', '+77020000004')).toMatchObject({
      body: { code: 'limit_exceeded' },
    })
    expect(await payee(payer, 'look-1', 'phone', '7020000005')).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/to', detail: expect.stringMatching(/^expected: %2B/) }] },
    })
    // A + in a query is a blank.
    const unspelled = await payer.get(`${transfers}/payee?payer=look-1&kind=phone&to=+77020000004`)
    expect(unspelled).toMatchObject({
      status: 422,
      body: { detail: 'that is no phone', errors: [{ pointer: '/to', detail: expect.stringContaining('a blank') }] },
    })
    expect(await payee(payer, 'look-2', 'phone', '+77020000004')).toMatchObject({ status: 404 })
  })

  test('can be asked so often an hour, whether by looking or by paying, and a retry is no question', async () => {
    const [payer, other] = [await world.person('often-1'), await world.person('often-2')]
    await world.fund('often-1', 100n)
    const wanted = transfer('often-1', account('often-2'), 1n)
    expect(await payer.post(transfers, wanted)).toMatchObject({ status: 200 })
    const statuses: number[] = []
    for (let asked = 1; asked < lookupsPerAccountMax; asked += 1) {
      const number = `+7703${asked.toString().padStart(7, '0')}`
      const { status } = await (asked % 2 === 0
        ? payee(payer, 'often-1', 'phone', number)
        : payer.post(transfers, transfer('often-1', phone(number), 1n)))
      statuses.push(status)
    }
    expect(new Set(statuses)).toEqual(new Set([404]))
    expect(await payee(payer, 'often-1', 'account', 'often-2')).toMatchObject({ body: { code: 'rate_limited' } })
    const next = transfer('often-1', account('often-2'), 1n)
    expect(await payer.post(transfers, next)).toMatchObject({ body: { code: 'rate_limited' } })
    const { clock } = world.demo
    const nextHour = Math.ceil((clock.now + 1) / hourMs) * hourMs
    const told = await world.demo.ledger.handle(payer.sign('POST', transfers, toJson(next)))
    expect(told.headers['retry-after']).toBe(String(Math.ceil((nextHour - clock.now) / 1_000)))
    const item = { method: 'POST', path: transfers, body: next }
    const { body: batch } = await payer.post('/v1/batches', { items: [item] })
    const inTime = { detail: expect.stringContaining(new Date(nextHour).toISOString()) }
    expect(batch['results']).toMatchObject([{ status: 429, body: inTime }])
    // Its bank asks for the same account, a stranger used up nobody's questions.
    expect(await payee(world.bank, 'often-1', 'account', 'often-2')).toMatchObject({ status: 429 })
    for (let asked = 0; asked <= lookupsPerAccountMax; asked += 1) await payee(payer, 'often-2', 'account', 'often-1')
    expect(await payee(other, 'often-2', 'account', 'often-1')).toMatchObject({ status: 200 })
    expect(await payer.post(transfers, wanted)).toMatchObject({ body: { arrival: 'exists' } })
    // To the second.
    clock.now += (Number(told.headers['retry-after']) - 1) * 1_000
    expect(await payer.post(transfers, next)).toMatchObject({ status: 429 })
    clock.now += 1_000
    expect(await payer.post(transfers, next)).toMatchObject({ status: 200 })
  })
})

describe('who asks by its id after no answer came', () => {
  const status = async (signer: TestSigner, transferId: string) =>
    (await signer.get(`/v1/transfers?transferId=${transferId}`)).body

  test('hears that it is done: the payer’s side and whom it paid, the payee’s side what the payer chose', async () => {
    const [payer, other] = [await world.person('ask-1', 'full', 'Torgai Synaq'), await world.person('ask-2')]
    const stranger = await world.person('ask-3')
    await world.fund('ask-1', 100n)
    for (const [shows, seen] of [
      ['nothing', { shows: 'nothing' }],
      ['pseudonym', { shows: 'pseudonym', pseudonym: expect.any(String) }],
      ['name', { shows: 'name', name: 'Torgai Synaq' }],
    ] as const) {
      const wanted = transfer('ask-1', account('ask-2'), 7n, { shows })
      const { transferId, purpose } = wanted
      expect(await status(payer, transferId)).toMatchObject({ code: 'not_found' })
      await payer.post(transfers, wanted)
      const done = { transferId, kind: 'individual-transfer', state: 'done', amount: '7', refunded: '0', purpose }
      expect(await status(payer, transferId)).toMatchObject({ ...done, payer: 'ask-1', payee: 'ask-2', from: null })
      const [told] = (await received(other)).slice(-1)
      for (const signer of [other, world.bank]) {
        const answer = await status(signer, transferId)
        expect(answer).toMatchObject({ ...done, payer: null, payee: 'ask-2', from: seen })
        expect(answer['from']).toEqual(told?.['from'])
      }
      for (const signer of [stranger, world.otherBank, world.demo.role('merchant'), world.demo.role('agency')])
        expect(await status(signer, transferId)).toMatchObject({ code: 'not_found' })
      const { keys } = world.demo.ports
      const [pays, takes] = [accountPseudonym(keys, 'ask-1'), accountPseudonym(keys, 'ask-2')]
      for (const signer of [world.auditor, world.centralBank])
        expect(await status(signer, transferId)).toMatchObject({ payer: pays, payee: takes, purpose: null, from: null })
    }
  })

  test('and can neither disown nor refund it: its parties hear that it is here, others that nothing is', async () => {
    const [payer, other] = [await world.person('own-1'), await world.person('own-2')]
    await world.fund('own-1', 100n)
    const wanted = transfer('own-1', account('own-2'), 7n)
    const { transferId } = wanted
    await payer.post(transfers, wanted)
    const terms = { transferId, reason: 'no answer' }
    const reverse = async (signer: TestSigner) =>
      (await signer.post('/v1/reversals', { reversalId: world.id(), ...terms })).body
    const refund = async (signer: TestSigner) =>
      (await signer.post('/v1/refunds', { refundId: world.id(), ...terms, amount: '7' })).body
    const isHere = { code: 'rule_violated', detail: expect.stringContaining('a person who was paid by a person pays') }
    for (const signer of [payer, other, world.bank])
      for (const giveBack of [reverse, refund]) expect(await giveBack(signer)).toMatchObject(isHere)
    const isNot = { code: 'not_found', detail: `there is no transfer ${transferId}` }
    for (const signer of [world.otherBank, world.centralBank, world.demo.role('merchant')])
      expect(await reverse(signer)).toMatchObject(isNot)
    for (const signer of [world.otherBank, world.demo.role('merchant')])
      expect(await refund(signer)).toMatchObject(isNot)
    expect(await payer.post(transfers, wanted)).toMatchObject({ body: { arrival: 'exists' } })
    expect(await balance('own-2')).toBe(7n)
  })
})

describe('the payee sees', () => {
  test('nothing, a pseudonym that is this payee’s own, or the name: as the payer chose', async () => {
    const [first, second] = [await world.person('see-1', 'full', 'Qarlygash Synaq'), await world.person('see-2')]
    const [firstPayee, secondPayee] = [await world.person('see-3'), await world.person('see-4')]
    await world.fund('see-1', 100n)
    await world.fund('see-2', 100n)
    const pay = (signer: TestSigner, payer: string, to: string, shows: string) =>
      signer.post(transfers, transfer(payer, account(to), 1n, { shows }))
    await pay(first, 'see-1', 'see-3', 'nothing')
    await pay(first, 'see-1', 'see-3', 'pseudonym')
    await pay(first, 'see-1', 'see-3', 'pseudonym')
    await pay(second, 'see-2', 'see-3', 'pseudonym')
    await pay(first, 'see-1', 'see-3', 'name')
    await pay(first, 'see-1', 'see-4', 'pseudonym')
    const shown = (await received(firstPayee)).map(({ from }) => from as Record<string, string>)
    const [nothing, pseudonym, again, others, name] = shown
    expect(nothing).toEqual({ shows: 'nothing' })
    expect(name).toEqual({ shows: 'name', name: 'Qarlygash Synaq' })
    expect(again).toEqual(pseudonym)
    expect(others?.['shows']).toBe('pseudonym')
    const [elsewhere] = (await received(secondPayee)).map(({ from }) => from as Record<string, string>)
    const pseudonyms = new Set([pseudonym, others, elsewhere].map((from) => from?.['pseudonym']))
    expect(pseudonyms.size).toBe(3)
  })

  test('its own, page by page; its bank the same, no other bank and no other person', async () => {
    const [payer, other] = [await world.person('page-1'), await world.person('page-2')]
    await world.fund('page-1', 100n)
    const amounts = [1n, 2n, 3n, 4n, 5n]
    for (const amount of amounts) await payer.post(transfers, transfer('page-1', account('page-2'), amount))
    const all = await received(other)
    expect(all.map(({ amount }) => amount)).toEqual(amounts.map(String))
    const pages: unknown[] = []
    for (let after = '0'; ;) {
      const page = await received(other, `?after=${after}&limit=2`)
      if (page.length === 0) break
      expect(page.length).toBeLessThanOrEqual(2)
      pages.push(...page)
      after = String(page.at(-1)?.['cursor'])
    }
    expect(pages).toEqual(all)
    expect(await received(world.bank, '?accountId=page-2')).toEqual(all)
    expect(await world.bank.get('/v1/received')).toMatchObject({ status: 404 })
    for (const stranger of [payer, world.otherBank])
      expect(await stranger.get('/v1/received?accountId=page-2')).toMatchObject({ status: 404 })
    expect(await other.get('/v1/received?limit=501')).toMatchObject({ status: 422 })
    expect(await received(payer)).toEqual([])
  })
})

test('no statement of a payment goes through a table row by row', async () => {
  const payer = await world.person('plan-1')
  await world.person('plan-2')
  await world.fund('plan-1', 100n)
  await register('plan-2', phone('+77020000009'))
  world.demo.clock.now += dayMs
  said.length = 0
  await payer.post(transfers, transfer('plan-1', phone('+77020000009'), 1n))
  await payee(payer, 'plan-1', 'phone', '+77020000009')
  const database = new Database(path, { readonly: true })
  const scans = said
    .filter((statement) => /^\s*(select|update|delete|insert)/i.test(statement))
    .flatMap((statement) => database.prepare(`EXPLAIN QUERY PLAN ${statement}`).all() as { detail: string }[])
    .filter(
      ({ detail }) =>
        /^SCAN (?!\d+-ROW VALUES|\d+ CONSTANT ROWS|moved$)/.test(detail) && !detail.includes('USING COVERING INDEX'),
    )
    .map(({ detail }) => detail)
  database.close()
  expect(scans).toEqual([])
})

test('the audit finds a payment between people that nobody asked for, and one that moved another sum', async () => {
  const payer = await world.person('audit-1')
  await world.person('audit-2')
  await world.fund('audit-1', 100n)
  const wanted = transfer('audit-1', account('audit-2'), 10n)
  await payer.post(transfers, wanted)
  const { transferId } = wanted
  const rulesFor = (change: string, back: string) => {
    run(change)
    const rules = new Set(auditFile(path)?.faults.map(({ rule }) => rule))
    run(back)
    return [...rules].toSorted()
  }
  const moved = 'each payment between people moved its amount once, from its payer to its payee'
  const asked = 'what moved between people was asked for, and moved between people'
  const set = (amount: number) =>
    `update individual_transfer set amount = ${amount} where transfer_id = '${transferId}'`
  expect(rulesFor(set(9), set(10))).toEqual([moved, asked].toSorted())
  const kind = (from: string, to: string) =>
    `update transfer set kind = '${to}' where reference = '${transferId}' and kind = '${from}'`
  expect(rulesFor(kind('individual-transfer', 'payment'), kind('payment', 'individual-transfer'))).toEqual([moved])
  const become = (other: string) => `update account set kind = '${other}' where account_id = 'audit-2'`
  expect(rulesFor(become('merchant'), become('individual'))).toEqual(
    ['an account is an individual’s exactly when somebody says how well that person is known', asked].toSorted(),
  )
  const named = `insert into alert select 'x', coalesce(max(number), 0) + 1, 'many_payers', 1, 'audit-2',
    '["${transferId}", "unknown"]', 0, 'open', null, null, null from alert`
  expect(rulesFor(named, `delete from alert where alert_id = 'x'`)).toEqual([
    'an alert names what moved money of its person',
  ])
  const number = (change: string) =>
    `update individual_transfer set received_number = received_number ${change} where transfer_id = '${transferId}'`
  expect(rulesFor(number('+ 1'), number('- 1'))).toEqual([
    'payments between people are numbered without a gap, in all and for each payee',
  ])
})

/** As somebody would who changes the database behind the ledger's back. */
function run(statement: string): void {
  const database = new Database(path)
  database.exec(statement)
  database.close()
}
