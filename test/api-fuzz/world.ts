/** The ledger that generated requests meet: one in which what the examples speak of is there. */
import { readPart } from '../../ledger-sim/http/examples.ts'
import { termsOf } from '../integration/ledger/payment-by-qr.ts'
import { demoLedger, type DemoLedger } from '../integration/ledger/demo-ledger.ts'

/** @param path of its database */
export async function fuzzWorld(path: string): Promise<DemoLedger> {
  const demo = await demoLedger({ path, seed: 'demo' })
  const [till, other] = [await demo.till('till-1'), await demo.till('till-2')]
  await till.fetch()
  await other.fetch()
  for (const { operation, as, request, status } of readPart('accounts')) {
    const [method, address = ''] = operation.split(' ')
    if (method === 'POST' && status === 200 && as !== null) await demo.role(as.role, as.owner).post(address, request)
  }
  for (const { operation, request } of readPart('wallets')) {
    const { requestId } = request
    if (operation !== 'POST /v1/payment-requests/payments' || typeof requestId !== 'string') continue
    const terms = { ...termsOf(till, 35_000n, requestId), expiresAt: demo.clock.now + 3_600_000 }
    await till.post('/v1/terminal/payment-requests', { terms: { ...terms, amount: terms.amount.toString() } })
  }
  return demo
}
