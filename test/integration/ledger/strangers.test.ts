/**
 * What a bank or an agency may not do to another's merchants, terminals and accounts (architecture.md, "Ledger": a role
 * sees and does only its own). Each is first done by a stranger, who is answered as for what is not there, and nothing
 * has changed; then by whom it belongs to.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { issueEnrolmentCode } from '../../../ledger-sim/terminals/enrolment.ts'
import { registerTerminal } from '../../../ledger-sim/terminals/terminals.ts'
import { demoAgency, demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { demoLedger, p256, TestSigner, type DemoLedger } from './demo-ledger.ts'

let demo: DemoLedger
beforeEach(async () => {
  demo = await demoLedger()
})
afterEach(() => demo.close())

/** Another bank, another agency: known to the ledger, and with nothing of the first. */
async function stranger(role: 'bank' | 'agency'): Promise<TestSigner> {
  const key = p256(`stranger/${role}`)
  await inTransaction(demo.ports, async ({ connection }) => {
    await connection
      .insertInto('principal')
      .values({ key_id: key.keyId, jwk: JSON.stringify(key.jwk), role, owner: `other-${role}`, status: 'active' })
      .execute()
  })
  return new TestSigner(demo.ledger, demo.clock, demo.random, key)
}
const merchantRow = async () => (await demo.rows('merchant')).find((row) => row['merchant_id'] === demoCanteen)
const statusOf = async (terminalId: string) =>
  (await demo.rows('terminal')).find((row) => row['terminal_id'] === terminalId)?.['status']

describe('a merchant', () => {
  test('keeps the account to which its tills are paid, whoever registers it again', async () => {
    const till = await demo.till('till-1')
    const { merchant, catalogue, categories } = await till.fetch()
    const before = await merchantRow()
    const otherBank = await stranger('bank')
    const tiles = { catalogue, categories }
    for (const accountId of ['merchant.elsewhere', merchant.accountId]) {
      const asked = await otherBank.post('/v1/merchants', { merchant: { ...merchant, accountId }, ...tiles })
      expect(asked.body['code']).toBe('exists_with_different_terms')
    }
    const own = await demo
      .role('bank')
      .post('/v1/merchants', { merchant: { ...merchant, accountId: 'another' }, ...tiles })
    expect(own.body['code']).toBe('exists_with_different_terms')
    expect(await merchantRow()).toEqual(before)
    expect((await demo.role('bank').post('/v1/merchants', { merchant, ...tiles })).status).toBe(200)
  })
})

describe('a merchant’s account', () => {
  test('that its bank has opened is taken, whatever name it has, and the merchant’s names can change', async () => {
    const till = await demo.till('till-1')
    const { merchant, catalogue, categories } = await till.fetch()
    const [bank, otherBank] = [demo.role('bank'), await stranger('bank')]
    const register = (asker: TestSigner, more: object) =>
      asker.post('/v1/merchants', { merchant: { ...merchant, ...more }, catalogue, categories })
    const account = { accountId: 'merchant.dukenshi', owner: 'dukenshi', kind: 'merchant', name: '«Дүкенші» ЖШС' }
    expect((await bank.post('/v1/accounts/legal-entities', account)).status).toBe(200)
    const own = { merchantId: 'dukenshi', accountId: account.accountId }
    const refused = { status: 409, body: { code: 'exists_with_different_terms' } }
    expect(await register(otherBank, own)).toMatchObject(refused)
    expect(await register(bank, { ...own, merchantId: 'another' })).toMatchObject(refused)
    expect((await register(bank, own)).status).toBe(200)
    const renamed = { ...own, name: { kk: 'Дүкен', ru: 'Лавка', en: 'The shop' } }
    expect((await register(bank, renamed)).status).toBe(200)
    const row = (await demo.rows('merchant')).find((one) => one['merchant_id'] === own.merchantId)
    expect(JSON.parse(String(row?.['content']))).toMatchObject(renamed)
    expect(await bank.post('/v1/accounts/legal-entities', account)).toMatchObject({ body: { arrival: 'exists' } })
    for (const [kind, owner] of [
      ['legal-entity', 'lawyer'],
      ['agency', 'bureau'],
    ]) {
      const other = { accountId: `of.${owner}`, owner, kind, name: 'no merchant' }
      expect((await bank.post('/v1/accounts/legal-entities', other)).status).toBe(200)
      expect(await register(bank, { merchantId: owner, accountId: other.accountId })).toMatchObject(refused)
    }
  })
})

describe('a terminal', () => {
  test('is ended by the agency that registered it or its merchant’s bank, by no other', async () => {
    await demo.till('till-1')
    const ending = { terminalId: 'till-1', reason: 'stolen' }
    for (const role of ['bank', 'agency'] as const)
      expect((await (await stranger(role)).post('/v1/terminal-revocations', ending)).body['code']).toBe('not_found')
    expect(await statusOf('till-1')).toBe('active')
    expect((await demo.role('bank').post('/v1/terminal-revocations', ending)).body['arrival']).toBe('created')
    expect((await demo.role('agency').post('/v1/terminal-revocations', ending)).body['arrival']).toBe('exists')
  })

  test('gets its codes from them alone: who enrols it has its leases and card keys', async () => {
    const till = await demo.till('till-1')
    const wanted = { terminalId: 'till-1' }
    for (const role of ['bank', 'agency'] as const)
      expect((await (await stranger(role)).post('/v1/terminal-enrolment-codes', wanted)).body['code']).toBe('not_found')
    expect((await till.fetch()).leases.length).toBeGreaterThan(0)
    for (const role of ['bank', 'agency'])
      expect((await demo.role(role).post('/v1/terminal-enrolment-codes', wanted)).status).toBe(200)
  })

  test('is one agency’s: another one registers its own, and not that one', async () => {
    const other = await stranger('agency')
    const register = (terminalId: string) => other.post('/v1/terminals', { terminalId, merchantId: demoCanteen })
    expect((await register('till-1')).body['code']).toBe('exists_with_different_terms')
    expect((await register('till-of-another')).body['arrival']).toBe('created')
    const code = await other.post('/v1/terminal-enrolment-codes', { terminalId: 'till-of-another' })
    expect(code.status).toBe(200)
    expect(
      (await demo.role('agency').post('/v1/terminal-enrolment-codes', { terminalId: 'till-of-another' })).body['code'],
    ).toBe('not_found')
  })

  test('gets no code while its agency has very many open, and another agency’s does', async () => {
    await inTransaction(demo.ports, async (work) => {
      for (let number = 0; number < 500; number += 1) {
        await registerTerminal(work, `till-${number}-of-many`, demoCanteen, demoAgency)
        await issueEnrolmentCode(work, `till-${number}-of-many`)
      }
    })
    const ask = (signer: TestSigner, terminalId: string) => signer.post('/v1/terminal-enrolment-codes', { terminalId })
    expect((await ask(demo.role('agency'), 'till-1')).body['code']).toBe('rate_limited')
    const other = await stranger('agency')
    await other.post('/v1/terminals', { terminalId: 'till-of-another', merchantId: demoCanteen })
    expect((await ask(other, 'till-of-another')).status).toBe(200)
    demo.clock.now += 10 * 60_000 + 1
    expect((await ask(demo.role('agency'), 'till-1')).status).toBe(200)
  })
})

test('an agency’s account, to which its money comes back, is opened by no second bank', async () => {
  const account = { accountId: 'aaa', owner: demoAgency, name: 'Aaa', kind: 'agency' }
  const otherBank = await stranger('bank')
  expect((await otherBank.post('/v1/accounts/legal-entities', account)).body['code']).toBe('rule_violated')
  expect((await demo.role('bank').post('/v1/accounts/legal-entities', account)).status).toBe(200)
})
