/**
 * Method: signed requests of each role to a small ledger: payments, the government's scenarios, what became of them,
 * and what gives them back. After each test the audit recomputes everything.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { accountPseudonym } from '../../../ledger-sim/individuals/pseudonyms.ts'
import { limitsOf } from '../../../ledger-sim/individuals/tiers.ts'
import { dayMs, hourMs } from './demo-ledger.ts'
import { enrich, escrowAccount, movesWorld, schemeAccount, type MovesWorld } from './moves-world.ts'

let world: MovesWorld
beforeAll(async () => {
  world = await movesWorld()
})
afterEach(() => world.audit())
afterAll(() => world.close())

const toIndividual = '/v1/payments/legal-entity-individual'
const toLegalEntity = '/v1/payments/legal-entity-legal-entity'
const toCustomers = '/v1/scenarios/government-to-customer'
const toGovernment = '/v1/scenarios/customer-to-government'

/** Pays, and gives the id. */
async function paid(by: string, payer: string, payee: string, amount: number): Promise<string> {
  const transferId = world.id()
  const payerIsPerson = ['aru', 'berik', 'dana'].includes(payer)
  const path = payerIsPerson ? toGovernment : ['aru', 'berik', 'dana'].includes(payee) ? toIndividual : toLegalEntity
  const more = payerIsPerson ? { purpose: 'tax', paymentReference: 'T-1' } : { purpose: 'wages' }
  const request = { transferId, payer, payee, amount: amount.toString(), ...more }
  expect(await world.as(by).post(path, request)).toEqual({ status: 200, body: { transferId, arrival: 'created' } })
  return transferId
}
const status = (by: string, transferId: string) => world.as(by).get(`/v1/transfers?transferId=${transferId}`)
const code = (name: string) => ({ body: { code: name } })
/** As of an id that nobody used. */
const noTransfer = (transferId: string) => ({
  status: 404,
  body: { code: 'not_found', detail: `there is no transfer ${transferId}` },
})
const whoMay = {
  status: 409,
  body: { code: 'rule_violated', detail: expect.stringContaining('whoever made a payment reverses it') },
}
const reverse = (by: string, transferId: string, reversalId = world.id()) =>
  world.as(by).post('/v1/reversals', { reversalId, transferId, reason: 'by mistake' })
const refund = (by: string, transferId: string, amount: number, refundId = world.id()) =>
  world.as(by).post('/v1/refunds', { refundId, transferId, amount: amount.toString(), reason: 'too much' })

describe('a legal entity pays an individual', () => {
  test('of any bank, from its own account', async () => {
    const before = await world.balance('dana')
    await paid('farm', 'farm', 'dana', 500)
    expect(await world.balance('dana')).toBe(before + 500n)
  })

  test.each([
    ['farm', 'shop', 'aru'],
    ['farm', 'farm', 'shop'],
    ['farm', 'farm', 'nobody'],
    ['farm', 'farm', escrowAccount],
    ['education', schemeAccount, 'aru'],
    ['education', escrowAccount, 'aru'],
    ['farm', 'farm', 'bank-a.client.aru'],
  ])('%s not from %s to %s', async (by, payer, payee) => {
    const request = { transferId: world.id(), payer, payee, amount: '1', purpose: '' }
    expect(await world.as(by).post(toIndividual, request)).toMatchObject(code('not_found'))
  })

  test('who is paid by another method is answered like a name that nobody has; the method is named', async () => {
    const answer = async (path: string, payee: string) => {
      const request = { transferId: world.id(), payer: 'farm', payee, amount: '1', purpose: '' }
      return JSON.stringify((await world.as('farm').post(path, request)).body).replaceAll(payee, '?')
    }
    expect(await answer(toLegalEntity, 'aru')).toContain(`people are paid by POST ${toIndividual}`)
    expect(await answer(toIndividual, 'shop')).toContain(`legal entities are paid by POST ${toLegalEntity}`)
    expect(await answer(toLegalEntity, 'aru')).toBe(await answer(toLegalEntity, 'nobody'))
    expect(await answer(toIndividual, 'shop')).toBe(await answer(toIndividual, 'nobody'))
  })

  test('an individual does not pay by it, nor a bank', async () => {
    const request = { transferId: world.id(), payer: 'aru', payee: 'berik', amount: '1', purpose: '' }
    for (const by of ['aru', 'bank-a'])
      expect(await world.as(by).post(toIndividual, request)).toMatchObject(code('role_not_allowed'))
  })
})

describe('an agency pays many', () => {
  const pay = async (payments: object[], by = 'education', payer = by) => {
    const answer = await world.as(by).post(toCustomers, { payer, purpose: 'stipends', payments })
    return answer as { status: number; body: { results: { state: string; code?: string; arrival?: string }[] } }
  }

  test('and sends the same twice at once: each is paid once, and whoever paid it is told so', async () => {
    const known = { transferId: await paid('education', 'education', 'aru', 3), payee: 'aru', amount: '3' }
    const payment = () => ({ transferId: world.id(), payee: 'dana', amount: '2' })
    const before = await world.balance('dana')
    for (const payments of [[payment()], [payment(), known, payment()]]) {
      const answers = await Promise.all([pay(payments), pay(payments), pay(payments.slice(-1))])
      const arrivals = answers.map(({ body }) => body.results.map(({ arrival, code: why }) => arrival ?? why))
      const made = payments.map((one) => (one === known ? 'exists_with_different_terms' : 'created'))
      const there = made.map((one) => (one === 'created' ? 'exists' : one))
      expect(arrivals).toEqual([made, there, there.slice(-1)])
    }
    expect((await world.balance('dana')) - before).toBe(6n)
    expect(world.recovered).toEqual([])
  })

  test('each under its own id: one that is refused stops no other', async () => {
    const before = await world.balances()
    const first = { transferId: world.id(), payee: 'aru', amount: '11' }
    const payments = [
      first,
      { transferId: world.id(), payee: 'nobody', amount: '1' },
      { transferId: world.id(), payee: 'shop', amount: '1' },
      { transferId: world.id(), payee: 'berik', amount: '900000000' },
      first,
      { ...first, amount: '12' },
      { transferId: world.id(), payee: 'dana', amount: '5' },
    ]
    const { body } = await pay(payments)
    expect(body.results.map(({ state, code: why, arrival }) => why ?? `${state} ${arrival ?? ''}`)).toEqual([
      'done created',
      'not_found',
      'not_found',
      'insufficient_funds',
      'done exists',
      'exists_with_different_terms',
      'done created',
    ])
    const after = await world.balances()
    const moved = (account: string) => (after.get(account) ?? 0n) - (before.get(account) ?? 0n)
    expect(['education', 'aru', 'berik', 'dana', 'shop'].map(moved)).toEqual([-16n, 11n, 0n, 5n, 0n])
    const again = await pay(payments.toReversed())
    expect(again.body.results.map(({ arrival }) => arrival)).toContain('exists')
    expect(await world.balance('aru')).toBe(after.get('aru'))
  })

  test('in another cut it is the same payment', async () => {
    const transferId = world.id()
    await pay([{ transferId, payee: 'aru', amount: '3' }])
    const single = { transferId, payer: 'education', payee: 'aru', amount: '3', purpose: 'stipends' }
    expect(await world.as('education').post(toIndividual, single)).toMatchObject({ body: { arrival: 'exists' } })
  })

  test('a thousand at once, and no more', async () => {
    const payment = { transferId: world.id(), payee: 'dana', amount: '1' }
    expect(await pay(Array.from({ length: 1_001 }, () => payment))).toMatchObject({ status: 422 })
    const before = await world.balance('dana')
    const { body } = await pay(Array.from({ length: 1_000 }, () => payment))
    expect(body.results.map(({ arrival }) => arrival)).toEqual(['created', ...Array(999).fill('exists')])
    expect(await world.balance('dana')).toBe(before + 1n)
  })

  test('from its free money only, and nobody else so', async () => {
    const payments = [{ transferId: world.id(), payee: 'aru', amount: '1' }]
    expect((await pay(payments, 'education', schemeAccount)).body.results).toMatchObject([{ code: 'not_found' }])
    expect((await pay(payments, 'education', 'farm')).body.results).toMatchObject([{ code: 'not_found' }])
    expect(await pay(payments, 'farm')).toMatchObject({ status: 403 })
  })
})

describe('a customer pays the government', () => {
  test('itself or by its bank, with what the body finds it by', async () => {
    const request = { payee: 'education', amount: '70', purpose: 'fine', paymentReference: 'FINE-2026/11' }
    const own = { ...request, transferId: world.id(), payer: 'aru' }
    expect(await world.as('aru').post(toGovernment, own)).toMatchObject({ status: 200 })
    const byBank = { ...request, transferId: world.id(), payer: 'dana' }
    expect(await world.as('bank-b').post(toGovernment, byBank)).toMatchObject({ status: 200 })
    expect(await status('education', own.transferId)).toMatchObject({
      body: { payer: null, payee: 'education', purpose: 'fine', paymentReference: 'FINE-2026/11', amount: '70' },
    })
  })

  test('not from another’s account, not by another’s bank, not to a shop', async () => {
    const request = { amount: '70', purpose: 'tax', paymentReference: 'T-1' }
    for (const [by, payer, payee] of [
      ['aru', 'berik', 'education'],
      ['bank-b', 'aru', 'education'],
      ['bank-a', 'farm', 'education'],
      ['aru', 'aru', 'shop'],
      ['aru', 'aru', schemeAccount],
    ] as const) {
      const asked = { ...request, transferId: world.id(), payer, payee }
      expect(await world.as(by).post(toGovernment, asked)).toMatchObject(code('not_found'))
    }
    const asked = { ...request, transferId: world.id(), payer: 'aru', payee: 'education' }
    for (const reference of ['', 'x'.repeat(36)])
      expect(await world.as('aru').post(toGovernment, { ...asked, paymentReference: reference })).toMatchObject({
        status: 422,
      })
  })
})

test('the limits of an individual bind who pays it and what it pays, to the tiyn', async () => {
  const limited = 'limited'
  const { single, balance } = limitsOf.anonymous
  const opening = { accountId: limited, owner: limited, name: limited, tier: 'anonymous' }
  expect(await world.as('bank-a').post('/v1/accounts/individuals', opening)).toMatchObject({ status: 200 })
  const answers = async (by: string, path: string, more: object, max: bigint) => {
    const found = []
    for (const amount of [max + 1n, max]) {
      const asked = { transferId: world.id(), amount: amount.toString(), purpose: 'tax', ...more }
      found.push((await world.as(by).post(path, asked)).body)
    }
    return found
  }
  const cannotTake = { code: 'limit_exceeded', detail: 'the payee’s account cannot take this amount' }
  const done = { arrival: 'created' }
  const wages = { payer: 'farm', payee: limited }
  // Who has not got the money hears nothing of what somebody may hold.
  expect(await answers('farm', toIndividual, wages, 10n * balance)).toMatchObject([
    { code: 'insufficient_funds' },
    { code: 'insufficient_funds' },
  ])
  await enrich(world, 'bank-a', 'farm', balance + 1n)
  expect(await answers('farm', toIndividual, wages, balance)).toMatchObject([cannotTake, done])
  const tax = { payer: limited, payee: 'education', paymentReference: 'T-1' }
  const above = { code: 'limit_exceeded', detail: expect.stringContaining('limit single of tier anonymous') }
  expect(await answers('bank-a', toGovernment, tax, single)).toMatchObject([above, done])
  await enrich(world, 'bank-a', 'education', single)
  const payments = [{ transferId: world.id(), payee: limited, amount: (single + 1n).toString() }]
  const { body } = await world.as('education').post(toCustomers, { payer: 'education', purpose: '', payments })
  expect(body['results']).toMatchObject([{ state: 'refused', ...cannotTake }])
})

describe('what became of a transfer', () => {
  test('is for payer, payee, who made it, the central bank and the auditor', async () => {
    const transferId = await paid('bank-a', 'aru', 'education', 40)
    const told = { transferId, kind: 'payment-to-government', state: 'done', amount: '40', refunded: '0' }
    for (const by of ['aru', 'bank-a'])
      expect(await status(by, transferId)).toMatchObject({ body: { ...told, payer: 'aru', payee: 'education' } })
    const pseudonym = accountPseudonym(world.ports.keys, 'aru')
    const wages = await paid('farm', 'farm', 'aru', 40)
    for (const by of ['central-bank', 'auditor']) {
      expect(await status(by, transferId)).toMatchObject({ body: { ...told, payer: pseudonym, payee: 'education' } })
      expect(await status(by, wages)).toMatchObject({ body: { payer: 'farm', payee: pseudonym } })
    }
    expect(await status('education', transferId)).toMatchObject({ body: { ...told, payer: null } })
    const nothing = JSON.stringify((await status('farm', world.id())).body)
    for (const by of ['berik', 'bank-b', 'farm']) {
      const { body } = await status(by, transferId)
      expect(JSON.stringify(body).length).toBe(nothing.length)
      expect(body).toMatchObject({ code: 'not_found' })
    }
  })

  test('of a conversion, a deposit and a scheme’s funding too', async () => {
    const bank = world.as('bank-a')
    const ids = Array.from({ length: 4 }, () => world.id())
    const [sale, cash, deposit, issue] = ids
    const perBank = { bank: 'bank-a', amount: '1' }
    const client = { ...perBank, accountId: 'aru' }
    await bank.post('/v1/conversions/non-cash-to-dt/individual-bank', { ...client, transferId: sale })
    await bank.post('/v1/cash-withdrawals', { ...client, transferId: cash })
    const asked = { transferId: deposit, accountId: 'bank-a.client.aru', amount: '1' }
    await world.as('central-bank').post('/v1/non-cash-deposits', asked)
    await bank.post('/v1/conversions/non-cash-to-dt/bank-central-bank', { ...perBank, transferId: issue })
    const kinds = ['sale-of-dt', 'cash-withdrawal', 'non-cash-deposit']
    for (const [index, kind] of kinds.entries())
      expect(await status('aru', ids[index] ?? '')).toMatchObject({ body: { kind, state: 'done', amount: '1' } })
    expect(await status('bank-a', issue ?? '')).toMatchObject({ body: { kind: 'issue' } })
    expect(await status('aru', issue ?? '')).toMatchObject({ status: 404 })
  })
})

describe('a reversal', () => {
  test('gives everything back, once, whoever repeats it', async () => {
    const before = await world.balances()
    const transferId = await paid('farm', 'farm', 'aru', 100)
    const reversalId = world.id()
    const answer = { reversalId, transferId, state: 'reversed', returned: '100', arrival: 'created' }
    expect(await reverse('farm', transferId, reversalId)).toEqual({ status: 200, body: answer })
    expect(await reverse('farm', transferId, reversalId)).toMatchObject({ body: { ...answer, arrival: 'exists' } })
    expect(await reverse('farm', transferId)).toMatchObject({ body: { state: 'reversed', returned: '0' } })
    expect(await world.balances()).toEqual(before)
    expect(await status('aru', transferId)).toMatchObject({ body: { state: 'reversed', refunded: '0' } })
    expect(await refund('aru', transferId, 1)).toMatchObject(code('rule_violated'))
    // The transfer itself, sent once more, is what it was.
    const again = { transferId, payer: 'farm', payee: 'aru', amount: '100', purpose: 'wages' }
    expect(await world.as('farm').post(toIndividual, again)).toMatchObject({ body: { arrival: 'exists' } })
    expect(await world.balances()).toEqual(before)
  })

  test('is its maker’s alone: other parties hear whose it is, to everybody else there is none', async () => {
    const transferId = await paid('farm', 'farm', 'aru', 100)
    expect(await reverse('aru', transferId)).toMatchObject(whoMay)
    for (const by of ['bank-a', 'shop', 'central-bank'])
      expect(await reverse(by, transferId)).toMatchObject(noTransfer(transferId))
    const byBank = await paid('bank-a', 'aru', 'education', 10)
    for (const by of ['aru', 'education']) expect(await reverse(by, byBank)).toMatchObject(whoMay)
    expect(await reverse('farm', byBank)).toMatchObject(noTransfer(byBank))
    expect(await reverse('bank-a', byBank)).toMatchObject({ body: { returned: '10' } })
  })

  test('comes within 24 hours', async () => {
    const [intime, late] = [await paid('farm', 'farm', 'aru', 1), await paid('farm', 'farm', 'aru', 1)]
    world.clock.now += dayMs
    expect(await reverse('farm', intime)).toMatchObject({ body: { returned: '1' } })
    world.clock.now += 1
    expect(await reverse('farm', late)).toMatchObject(code('rule_violated'))
  })

  test('of a payee who has too little moves nothing, and can be asked again', async () => {
    const transferId = await paid('farm', 'farm', 'dana', 100)
    await paid('dana', 'dana', 'education', Number((await world.balance('dana')) - 99n))
    const reversalId = world.id()
    expect(await reverse('farm', transferId, reversalId)).toMatchObject(code('insufficient_funds'))
    expect(await world.balance('dana')).toBe(99n)
    expect(await status('farm', transferId)).toMatchObject({ body: { state: 'done' } })
    await paid('farm', 'farm', 'dana', 1)
    expect(await reverse('farm', transferId, reversalId)).toMatchObject({ body: { returned: '100' } })
  })

  test('of what was refunded in part gives back the rest', async () => {
    const transferId = await paid('farm', 'farm', 'aru', 100)
    await refund('aru', transferId, 30)
    expect(await reverse('farm', transferId)).toMatchObject({ body: { returned: '70' } })
    const whole = await paid('farm', 'farm', 'aru', 5)
    await refund('aru', whole, 5)
    expect(await reverse('farm', whole)).toMatchObject({ body: { returned: '0', state: 'reversed' } })
  })

  test('is of no conversion, no deposit, and not of itself', async () => {
    const transferId = world.id()
    const issue = { transferId, bank: 'bank-a', amount: '1' }
    await world.as('bank-a').post('/v1/conversions/non-cash-to-dt/bank-central-bank', issue)
    expect(await reverse('bank-a', transferId)).toMatchObject(code('rule_violated'))
    const [payment, reversalId] = [await paid('farm', 'farm', 'aru', 1), world.id()]
    await reverse('farm', payment, reversalId)
    expect(await reverse('farm', reversalId)).toMatchObject(code('rule_violated'))
    const own = world.id()
    expect(await reverse('farm', own, own)).toMatchObject(code('rule_violated'))
  })
})

describe('an id is reversed and used, in both orders', () => {
  const payment = (transferId: string) => ({ transferId, payer: 'farm', payee: 'aru', amount: '100', purpose: '' })

  test('first the payment: it is given back', async () => {
    const before = await world.balances()
    const transferId = world.id()
    await world.as('farm').post(toIndividual, payment(transferId))
    expect(await reverse('farm', transferId)).toMatchObject({ body: { state: 'reversed', returned: '100' } })
    expect(await world.balances()).toEqual(before)
  })

  test('first the reversal: whatever comes later moves nothing, under any method and terms', async () => {
    const before = await world.balances()
    const transferId = world.id()
    const disowned = { state: 'reversed_before_arrival', returned: '0', arrival: 'created' }
    expect(await reverse('farm', transferId)).toMatchObject({ status: 200, body: disowned })
    expect(await reverse('farm', transferId)).toMatchObject({ status: 200, body: disowned })
    const late = { status: 409, body: { code: 'reversed_before_arrival' } }
    expect(await world.as('farm').post(toIndividual, payment(transferId))).toMatchObject(late)
    expect(await world.as('farm').post(toIndividual, { ...payment(transferId), amount: '1' })).toMatchObject(late)
    expect(await world.as('farm').post(toLegalEntity, payment(transferId))).toMatchObject(late)
    expect(await refund('farm', world.id(), 1, transferId)).toMatchObject(late)
    expect(await status('farm', transferId)).toMatchObject(late)
    expect(await status('aru', transferId)).toMatchObject({ status: 404 })
    expect(await world.balances()).toEqual(before)
  })

  test('an item of an agency’s batch is disowned like any other', async () => {
    const transferId = world.id()
    await reverse('education', transferId)
    const payments = [{ transferId, payee: 'aru', amount: '1' }]
    const { body } = await world.as('education').post(toCustomers, { payer: 'education', purpose: '', payments })
    expect(body['results']).toMatchObject([{ state: 'refused', code: 'reversed_before_arrival' }])
  })

  test('disowned by one, it is another’s to nobody', async () => {
    const transferId = world.id()
    await reverse('shop', transferId)
    expect(await world.as('farm').post(toIndividual, payment(transferId))).toMatchObject(
      code('exists_with_different_terms'),
    )
    expect(await reverse('farm', transferId)).toMatchObject(code('not_found'))
  })

  test('refused for money it stays free, so it can be disowned', async () => {
    const transferId = world.id()
    const much = { ...payment(transferId), amount: '900000000' }
    expect(await world.as('farm').post(toIndividual, much)).toMatchObject(code('insufficient_funds'))
    expect(await reverse('farm', transferId)).toMatchObject({ body: { state: 'reversed_before_arrival' } })
  })
})

describe('a refund', () => {
  test('comes in parts, and never to more than was paid', async () => {
    const transferId = await paid('farm', 'farm', 'aru', 100)
    const before = await world.balance('farm')
    const first = world.id()
    expect(await refund('aru', transferId, 60, first)).toMatchObject({ body: { amount: '60', arrival: 'created' } })
    expect(await refund('aru', transferId, 60, first)).toMatchObject({ body: { arrival: 'exists' } })
    expect(await refund('aru', transferId, 61, first)).toMatchObject(code('exists_with_different_terms'))
    expect(await status('farm', transferId)).toMatchObject({ body: { state: 'partly_refunded', refunded: '60' } })
    expect(await refund('aru', transferId, 41)).toMatchObject(code('rule_violated'))
    expect(await refund('aru', transferId, 40)).toMatchObject({ status: 200 })
    expect(await status('farm', transferId)).toMatchObject({ body: { state: 'refunded', refunded: '100' } })
    expect(await refund('aru', transferId, 1)).toMatchObject(code('rule_violated'))
    expect(await world.balance('farm')).toBe(before + 100n)
  })

  test('is the payee’s, or of the bank that serves an individual who is', async () => {
    const transferId = await paid('farm', 'farm', 'aru', 100)
    world.clock.now += 30 * hourMs
    expect(await refund('farm', transferId, 1)).toMatchObject(whoMay)
    for (const by of ['berik', 'bank-b', 'shop'])
      expect(await refund(by, transferId, 1)).toMatchObject(noTransfer(transferId))
    expect(await refund('bank-a', transferId, 1)).toMatchObject({ status: 200 })
    const tax = await paid('aru', 'aru', 'education', 10)
    expect(await refund('education', tax, 10)).toMatchObject({ status: 200 })
    for (const by of ['aru', 'bank-a'])
      expect(await refund(by, tax, 1)).toMatchObject(by === 'aru' ? whoMay : noTransfer(tax))
    const unknown = world.id()
    expect(await refund('aru', unknown, 1)).toMatchObject(noTransfer(unknown))
  })

  test('of a conversion is none to its parties, and nothing to others', async () => {
    const cash = { transferId: world.id(), bank: 'bank-a', accountId: 'aru', amount: '1' }
    await world.as('bank-a').post('/v1/cash-withdrawals', cash)
    const stands = { status: 409, body: { detail: expect.stringContaining('neither reversed nor refunded') } }
    for (const give of [(by: string) => refund(by, cash.transferId, 1), (by: string) => reverse(by, cash.transferId)]) {
      for (const by of ['aru', 'bank-a']) expect(await give(by)).toMatchObject(stands)
      expect(await give('bank-b')).toMatchObject(noTransfer(cash.transferId))
    }
  })

  test('of a payee who has too little moves nothing; of a conversion there is none', async () => {
    const transferId = await paid('education', 'education', 'dana', 100)
    await paid('dana', 'dana', 'education', Number((await world.balance('dana')) - 99n))
    const cash = { transferId: world.id(), bank: 'bank-b', accountId: 'dana', amount: '1' }
    expect(await world.as('bank-b').post('/v1/cash-withdrawals', cash)).toMatchObject({ status: 200 })
    expect(await refund('dana', transferId, 100)).toMatchObject(code('insufficient_funds'))
    expect(await status('dana', transferId)).toMatchObject({ body: { state: 'done', refunded: '0' } })
    expect(await refund('bank-b', cash.transferId, 1)).toMatchObject(code('rule_violated'))
  })
})
