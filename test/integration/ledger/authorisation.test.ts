/** Signed authorisations against the demonstration's ledger: the ledger pays, refuses with a code, and pays once. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startHttp } from '../../../ledger-sim/http/fastify.ts'
import { toJson, termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { verifyAnswer } from '../../../src/sync/protocol/http-signature.ts'
import { signRequest } from '../../../src/sync/protocol/http-signature.ts'
import { slotIdOf } from '../../../src/voucher/slot.ts'
import { balanceOf, dayMs, demoLedger, readCard, type DemoLedger, type TestTill } from './demo-ledger.ts'

const merchant = 'merchant.school-7-canteen'
let demo: DemoLedger
let till: TestTill

beforeEach(async () => {
  demo = await demoLedger()
  till = await demo.till('till-1')
  await till.fetch()
})
afterEach(() => demo.close())

describe('an authorisation under the till’s own lease', () => {
  test('pays the merchant from escrow, over HTTP, signed both ways', async () => {
    const http = await startHttp({ ledger: demo.ledger, port: 0 })
    try {
      const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
      const created = Math.floor(demo.clock.now / 1000)
      const request = signRequest(
        { method: 'POST', url: `${http.url}/v1/terminal/authorisations`, body: toJson({ terms: decided.terms, evidence: decided.evidence }) },
        till.key,
        { created, expires: created + 60, nonce: 'nonce-of-the-first-test' },
      )
      const { host: _host, ...headers } = request.headers as Record<string, string>
      const response = await fetch(request.url, { method: 'POST', headers, body: request.body })
      const body = await response.text()
      const verified = verifyAnswer(
        { status: response.status, headers: Object.fromEntries(response.headers), body },
        request,
        demo.ports.keys.signing,
      )
      expect(verified).toMatchObject({ kind: 'valid', moment: { created } })
      expect(JSON.parse(body)).toMatchObject({ result: { state: 'settled', paidBy: 'escrow', amount: '115000', arrival: 'created' } })
      expect(await balanceOf(demo, merchant)).toBe(115_000n)
    } finally {
      await http.close()
    }
  })

  test('the same request again answers exists and pays nothing', async () => {
    const decided = till.decide({ card: demo.card('Pupil 01') }, 'online')
    expect(await till.authorise(decided)).toMatchObject({ arrival: 'created', state: 'settled' })
    expect(await till.authorise(decided)).toMatchObject({ arrival: 'exists', state: 'settled', paidBy: 'escrow' })
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
  })

  test('the second lunch of the day is refused, finally', async () => {
    const card = demo.card('Pupil 01')
    await till.authorise(till.decide({ card }, 'online'))
    const second = till.decide({ card }, 'online')
    expect(await till.authorise(second)).toMatchObject({ state: 'refused', refusal: 'ALLOWANCE_USED', amount: 115_000n })
    expect(await till.authorise(second)).toMatchObject({ arrival: 'exists', state: 'refused' })
    expect(await balanceOf(demo, merchant)).toBe(115_000n)
  })
})
