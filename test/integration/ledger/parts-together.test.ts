/**
 * What arises only where two parts of the platform's API meet: limits and what goes back, direct payments and
 * statements, cashback and what a merchant sees, accounts of people and what the auditor sees. Method: each story over
 * the signed door, as a hostile reader found it; the audit after each.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bought, canteenAccount, done, rulesWorld, withCashback, withVat, type RulesWorld } from './rules-world.ts'

let world: RulesWorld
beforeEach(async () => {
  world = await rulesWorld()
})
afterEach(async () => {
  try {
    world.audit()
  } finally {
    await world.close()
  }
})

test('who pays a person and takes it back does not use up what that person may spend', async () => {
  const agency = world.demo.role('agency', 'almaly-education')
  const { bank } = world
  const account = { accountId: 'wallet-of-aru', owner: 'aru', name: 'Invented Aru', tier: 'simplified' }
  done(await bank.post('/v1/accounts/individuals', account))
  const amount = '12000000'
  for (let turn = 0; turn < 8; turn += 1) {
    const transferId = world.id()
    const payment = { transferId, payer: 'almaly-education', payee: 'wallet-of-aru', amount, purpose: 'wages' }
    done(await agency.post('/v1/payments/legal-entity-individual', payment))
    done(await agency.post('/v1/reversals', { reversalId: world.id(), transferId, reason: 'a mistake' }))
  }
  const wages = { payer: 'almaly-education', payee: 'wallet-of-aru', amount: '500000', purpose: 'wages' }
  done(await agency.post('/v1/payments/legal-entity-individual', { transferId: world.id(), ...wages }))
  const tax = {
    payer: 'wallet-of-aru',
    payee: 'almaly-education',
    amount: '100000',
    purpose: 'tax',
    paymentReference: '1',
  }
  const paid = await bank.post('/v1/scenarios/customer-to-government', { transferId: world.id(), ...tax })
  expect(paid).toMatchObject({ status: 200, body: { arrival: 'created' } })
})

test('a merchant that gives a part back does not learn from its statement who had paid', async () => {
  const paymentId = world.id()
  done(await world.pay([bought('food', 18_000n, 2)], paymentId))
  done(await world.refund(paymentId, 100n))
  const { body } = await world.merchant.get(`/v1/statements?accountId=${canteenAccount}`)
  const [paid, back] = [
    { amount: '36000', reference: paymentId },
    { amount: '-100', returnOf: paymentId },
  ]
  expect(body).toMatchObject({ entries: [paid, back] })
  expect(JSON.stringify(body)).not.toContain('individual-1')
})

test('nor from shares of rules whose client its customer is', async () => {
  await withVat(world)
  await withCashback(world)
  done(await world.pay([bought('food', 18_000n, 2)], world.id()))
  world.demo.clock.now += 1
  const { body } = await world.merchant.get('/v1/rule-shares')
  const rules = (body['shares'] as readonly { readonly ruleId: string }[]).map(({ ruleId }) => ruleId)
  expect(rules).toEqual(['vat'])
})

test('a wallet in a merchant’s name hides none of the merchant’s accounts from who watches', async () => {
  const account = { accountId: 'wallet-of-canteen', owner: 'school-7-canteen', name: 'Invented' }
  done(await world.bank.post('/v1/accounts/individuals', account))
  const auditor = world.demo.role('auditor', 'auditor')
  for (const query of ['', '?owner=school-7-canteen']) {
    const { body } = await auditor.get(`/v1/balances${query}`)
    const names = (body['balances'] as readonly { readonly accountId: string }[]).map(({ accountId }) => accountId)
    expect(names).toContain(canteenAccount)
    expect(names).not.toContain('wallet-of-canteen')
  }
})

test('a cashback is a payment in the feed of who gets it, and no conversion', async () => {
  await withCashback(world)
  done(await world.pay([bought('food', 18_000n, 2)], world.id()))
  const { body } = await world.customer.get('/v1/events?after=0&limit=100')
  const told = (body['events'] as readonly { readonly event: Readonly<Record<string, unknown>> }[])
    .map(({ event }) => event)
    .filter(({ movement }) => movement === 'rule-share')
  expect(told).toMatchObject([{ kind: 'payment_received', accountId: 'individual-1' }])
})
