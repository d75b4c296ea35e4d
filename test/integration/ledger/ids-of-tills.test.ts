/**
 * What a till named is never answered as disowned to a wallet, a merchant or an agency that reverses it: it is here and
 * stays (ledger-sim/transfers/other-ids.ts). Method: a QR and a voucher in the demonstration's ledger, each reversed
 * by its parties and by others; the audit looks after each.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { demoCanteen, demoShop } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { temporaryFolder, type TestSigner, type TestTill } from './demo-ledger.ts'
import { ask, capture, qrWorld, termsOf, type QrWorld, type Wallet } from './payment-by-qr.ts'

let folder: ReturnType<typeof temporaryFolder>
let world: QrWorld
let till: TestTill
let wallet: Wallet
let other: Wallet

beforeEach(async () => {
  folder = temporaryFolder()
  world = await qrWorld({ path: join(folder.path, 'ledger.db') })
  ;({ till } = world)
  const [first, second] = world.wallets
  if (first === undefined || second === undefined) throw new Error('no wallets')
  wallet = first
  other = second
})
afterEach(async () => {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
  } finally {
    await world.demo.close()
    folder.remove()
  }
})

describe('an id of a till is nobody’s to disown', () => {
  const merchant = () => world.demo.role('merchant', demoCanteen)
  const reverse = async (signer: TestSigner, transferId: string): Promise<unknown> =>
    (await signer.post('/v1/reversals', { reversalId: till.id(), transferId, reason: 'no answer' })).body['code']
  const tombstones = async () =>
    (await world.demo.rows('operation')).filter(({ kind }) => kind === 'reversed-before-arrival')
  afterEach(async () => expect(await tombstones()).toEqual([]))

  test('that of a QR, from when it is shown: it is here to who paid it, their bank and whose till it is', async () => {
    const terms = termsOf(till, 115_000n)
    const { tenderId } = terms
    expect(await ask(till, terms)).toBe('open')
    expect(await reverse(wallet.signer, tenderId)).toBe('not_found')
    const paymentId = till.id()
    expect(await wallet.pay(paymentId, tenderId)).toMatchObject({ state: 'held' })
    for (const id of [tenderId, paymentId]) {
      for (const signer of [wallet.signer, world.demo.role('bank'), merchant()])
        expect(await reverse(signer, id)).toBe('rule_violated')
      for (const signer of [other.signer, world.demo.role('agency')])
        expect(await reverse(signer, id)).toBe('not_found')
    }
    expect(await capture(till, tenderId)).toMatchObject({ state: 'settled' })
    const back = till.refund(tenderId, [{ line: 1, amount: tiyn(1n) }])
    expect(await till.batch(back)).toMatchObject([{ state: 'done' }])
    const [{ refund_id: refundId } = {}] = await world.demo.rows('refund')
    expect(await reverse(wallet.signer, String(refundId))).toBe('rule_violated')
    expect(await reverse(other.signer, String(refundId))).toBe('not_found')
  })

  test('that of a voucher: to the merchant and the agency it is here', async () => {
    await till.fetch()
    const decided = till.decide({ card: world.demo.card('Pupil 01') })
    expect(await till.present(decided)).toMatchObject({ state: 'settled' })
    const { tenderId } = decided.terms
    const refund = { transferId: tenderId, amount: '1', reason: 'stale' }
    const giveBack = async (signer: TestSigner) =>
      (await signer.post('/v1/refunds', { refundId: till.id(), ...refund })).body
    for (const signer of [merchant(), world.demo.role('agency')]) {
      expect(await reverse(signer, tenderId)).toBe('rule_violated')
      const atTill = { code: 'rule_violated', detail: expect.stringContaining('given back at a till') }
      expect(await giveBack(signer)).toMatchObject(atTill)
    }
    for (const signer of [wallet.signer, world.demo.role('bank'), world.demo.role('merchant', demoShop)]) {
      expect(await reverse(signer, tenderId)).toBe('not_found')
      expect(await giveBack(signer)).toMatchObject({ code: 'not_found', detail: `there is no transfer ${tenderId}` })
    }
    const [{ transfer_id: leg } = {}] = await world.demo.rows('transfer')
    expect(await reverse(merchant(), String(leg))).toBe('not_found')
  })
})
