/**
 * What became of a payment at a till, asked by the id that a statement names it by. Method: sales of one till over the
 * signed door, each asked about by its parties and by everybody else, who hear what is said of an id that never was.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { temporaryFolder, type TestSigner, type TestTill } from './demo-ledger.ts'
import { ask, capture, merchantAccount, openForMs, qrWorld, termsOf, Wallet } from './payment-by-qr.ts'
import { otherBank, signerOf } from './people.ts'

const folder = temporaryFolder()
let world: Awaited<ReturnType<typeof qrWorld>>
let till: TestTill
let wallet: Wallet
const by: Record<string, TestSigner> = {}
beforeAll(async () => {
  world = await qrWorld({ path: `${folder.path}/ledger.db` })
  const { demo } = world
  till = world.till
  const [first] = world.wallets
  if (first === undefined) throw new Error('no wallet')
  wallet = first
  await till.fetch()
  Object.assign(by, {
    merchant: demo.role('merchant', demoCanteen),
    'other merchant': demo.role('merchant', 'kokbazar-shop'),
    agency: demo.role('agency'),
    bank: demo.role('bank'),
    'other bank': await signerOf(demo, 'bank', otherBank),
    payer: demo.role('individual', 'individual-1'),
    'other person': demo.role('individual', 'individual-2'),
    'central bank': demo.role('central-bank'),
    auditor: demo.role('auditor'),
  })
})
afterAll(async () => {
  await world.demo.close()
  folder.remove()
})

const ofQr = ['merchant', 'bank', 'payer', 'central bank', 'auditor']

async function heardBy(tenderId: string): Promise<Readonly<Record<string, unknown>>> {
  const heard: Record<string, unknown> = {}
  const unknown = till.id()
  for (const [who, signer] of Object.entries(by)) {
    const { status, body } = await signer.get(`/v1/tenders?tenderId=${tenderId}`)
    if (status === 200) {
      heard[who] = body
      continue
    }
    const never = await signer.get(`/v1/tenders?tenderId=${unknown}`)
    expect([status, body['code']]).toEqual([404, 'not_found'])
    expect(String(body['detail']).replace(tenderId, unknown)).toBe(never.body['detail'])
  }
  return heard
}

test('a voucher’s payment is its merchant’s and its agency’s to ask for, and of who watches', async () => {
  const sold = till.decide({ card: world.demo.card('Pupil 01') })
  await till.present(sold)
  const { tenderId, amount, schemeId } = sold.terms
  const paid = { tenderId, kind: 'voucher', state: 'settled', paidBy: 'escrow', amount: amount.toString(), schemeId }
  const heard = await heardBy(tenderId)
  expect(Object.keys(heard)).toEqual(['merchant', 'agency', 'central bank', 'auditor'])
  for (const body of Object.values(heard)) expect(body).toMatchObject({ ...paid, refunded: '0', terminalId: 'till-1' })

  const refund = till.refund(tenderId, [{ line: 1, amount: tiyn(100n) }])
  await till.batch(refund)
  // By the refund's id too, under which the money went back.
  const refundId = 'refundId' in refund ? String(refund.refundId) : ''
  expect((await heardBy(refundId))['merchant']).toMatchObject({ ...paid, refunded: '100' })
  await till.reverse(tenderId)
  expect((await heardBy(tenderId))['agency']).toMatchObject({ state: 'reversed', refunded: '100' })
})

test('what nobody pays says why; what was disowned before it came is a payment of nothing', async () => {
  const [first, second] = [1, 2].map(() => till.decide({ card: world.demo.card('Pupil 02') }))
  if (first === undefined || second === undefined) throw new Error('not sold')
  await till.present(first)
  await till.present(second)
  expect((await heardBy(second.terms.tenderId))['merchant']).toMatchObject({
    state: 'not_paid',
    loss: 'SLOT_ALREADY_USED',
    paidBy: null,
  })
  const unknown = till.id()
  await till.reverse(unknown)
  expect(await heardBy(unknown)).toMatchObject({ merchant: { state: 'reversed', amount: '0', schemeId: null } })
})

test('a sale that an appeal has paid says so, and its refund says what it is of', async () => {
  const [first, second] = [1, 2].map(() => till.decide({ card: world.demo.card('Pupil 05') }))
  if (first === undefined || second === undefined) throw new Error('not sold')
  await till.present(first)
  await till.present(second)
  const { tenderId } = second.terms
  const { merchant, agency } = by
  if (merchant === undefined || agency === undefined) throw new Error('nobody')
  const listed = (await merchant.get('/v1/discrepancies')).body['discrepancies'] as {
    discrepancyId: string
    tenderId: string
  }[]
  const discrepancyId = listed.find((one) => one.tenderId === tenderId)?.discrepancyId ?? ''
  await merchant.post('/v1/appeals', { discrepancyId, reason: 'The child ate here' })
  const decision = { discrepancyId, verdict: 'accepted', reason: 'Seen on the camera' }
  expect(await agency.post('/v1/appeal-decisions', decision)).toMatchObject({ status: 200 })
  expect((await heardBy(tenderId))['merchant']).toMatchObject({ state: 'not_paid', paidByAppeal: discrepancyId })
  expect((await heardBy(first.terms.tenderId))['merchant']).toMatchObject({ paidByAppeal: null })
  await till.batch(till.refund(tenderId, [{ line: 1, amount: tiyn(100n) }]))
  await till.reverse(tenderId)
  const { body } = await merchant.get(`/v1/statements?accountId=${merchantAccount}`)
  const entries = body['entries'] as { kind: string; reference: string; returnOf: string | null }[]
  const of = (kind: string) => entries.findLast((entry) => entry.kind === kind)
  expect(of('appeal-payment')).toMatchObject({ reference: discrepancyId, returnOf: null })
  expect(of('voucher-refund')).toMatchObject({ returnOf: tenderId })
  expect(of('appeal-reversal')).toMatchObject({ returnOf: discrepancyId })
})

test('a payment by QR is its payer’s too and its bank’s, by its own id and by the request’s', async () => {
  const terms = termsOf(till, 70_000n)
  expect(await ask(till, terms)).toBe('open')
  expect(await heardBy(terms.tenderId)).toMatchObject({ merchant: { kind: 'qr', state: 'requested' } })
  const paymentId = till.id()
  expect(await wallet.pay(paymentId, terms.tenderId)).toMatchObject({ state: 'held' })
  expect(Object.keys(await heardBy(terms.tenderId))).toEqual(ofQr)
  await capture(till, terms.tenderId)
  const heard = await heardBy(paymentId)
  expect(Object.keys(heard)).toEqual(ofQr)
  expect(heard['payer']).toMatchObject({ tenderId: terms.tenderId, state: 'settled', paidBy: 'individual' })
})

test('who came too late and was paid back learns nothing of the sale, and keeps its own id', async () => {
  const terms = termsOf(till, 60_000n)
  const { tenderId } = terms
  expect(await ask(till, terms)).toBe('open')
  const [paidId, lateId] = [till.id(), till.id()]
  const late = new Wallet(by['other person'] as TestSigner, 'individual-2')
  expect(await wallet.pay(paidId, tenderId)).toMatchObject({ state: 'held' })
  expect(await late.pay(lateId, tenderId)).toMatchObject({ state: 'paid_back', reason: 'already_paid' })
  await capture(till, tenderId)
  for (const id of [tenderId, paidId, lateId]) expect(Object.keys(await heardBy(id))).toEqual(ofQr)
  expect(await late.find(lateId)).toMatchObject({ state: 'paid_back', reason: 'already_paid' })

  // Nobody is told that an id never came which did; of what is another's nobody hears.
  const known = { status: 409, body: { code: 'rule_violated' } }
  const unknown = { status: 404, body: { code: 'not_found' } }
  const reversedBy = (who: string, transferId: string) =>
    by[who]?.post('/v1/reversals', { reversalId: till.id(), transferId, reason: 'no answer' })
  for (const who of ['other person', 'bank']) expect(await reversedBy(who, lateId)).toMatchObject(known)
  for (const id of [tenderId, paidId]) expect(await reversedBy('other person', id)).toMatchObject(unknown)
  for (const id of [tenderId, paidId]) expect(await reversedBy('bank', id)).toMatchObject(known)
  for (const id of [tenderId, paidId, lateId]) expect(await reversedBy('other bank', id)).toMatchObject(unknown)
})

test('a QR that only late ones paid is nobody’s but its merchant’s', async () => {
  const terms = termsOf(till, 50_000n)
  expect(await ask(till, terms)).toBe('open')
  world.demo.clock.now += openForMs + 1
  const paymentId = till.id()
  expect(await wallet.pay(paymentId, terms.tenderId)).toMatchObject({ state: 'paid_back', reason: 'expired' })
  expect(Object.keys(await heardBy(paymentId))).toEqual(['merchant', 'central bank', 'auditor'])
})
