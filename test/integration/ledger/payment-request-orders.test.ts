/**
 * Method: every order of what can happen to one payment by QR (it is paid, paid by another, cancelled, captured,
 * its time runs out), each of it twice, is played against a ledger and against a model of a few lines; the audit looks
 * after each.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { heldAfterExpiryMs } from '../../../ledger-sim/payments/payment-requests.ts'
import { balanceOf, temporaryFolder } from './demo-ledger.ts'
import { ask, capture, inquire, merchantAccount, qrWorld, termsOf, walletFunds, type QrWorld } from './payment-by-qr.ts'
import { RequestModel } from './request-model.ts'

const amount = 115_000n
let folder: ReturnType<typeof temporaryFolder>
let world: QrWorld
beforeEach(async () => {
  folder = temporaryFolder()
  world = await qrWorld({ path: join(folder.path, 'ledger.db') })
})
afterEach(async () => {
  await world.demo.close()
  folder.remove()
})

const acts = ['pay', 'pay_as_another', 'cancel', 'capture'] as const
const waits = ['expire', 'hold_ends'] as const
type Act = (typeof acts)[number] | (typeof waits)[number]

function ordersOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length === 0) return [[]]
  return items.flatMap((first, index) => ordersOf(items.toSpliced(index, 1)).map((rest) => [first, ...rest]))
}

describe('in every order, each of it twice', () => {
  const played = async (order: readonly Act[], model: RequestModel): Promise<void> => {
    const { till, demo } = world
    const { clock } = demo
    const [wallet, other] = world.wallets
    if (wallet === undefined || other === undefined) throw new Error('no wallets')
    const terms = termsOf(till, amount)
    const { tenderId } = terms
    const ids = { pay: till.id(), pay_as_another: till.id() }
    expect(await ask(till, terms)).toBe(model.ask(tenderId, terms, clock.now))
    for (const act of order.flatMap((one) => [one, one])) {
      clock.now += 1
      switch (act) {
        case 'pay':
        case 'pay_as_another': {
          const payer = act === 'pay' ? wallet : other
          const expected = model.pay(ids[act], tenderId, payer.account, clock.now)
          expect(await payer.pay(ids[act], tenderId), order.join(', ')).toMatchObject(expected)
          break
        }
        case 'cancel':
          expect(await till.reverse(tenderId), order.join(', ')).toMatchObject(model.reverse(tenderId, clock.now))
          break
        case 'capture':
          expect(await capture(till, tenderId), order.join(', ')).toMatchObject(model.capture(tenderId, clock.now))
          break
        case 'expire':
          clock.now = Math.max(clock.now, terms.expiresAt)
          break
        case 'hold_ends':
          clock.now = Math.max(clock.now, terms.expiresAt + heldAfterExpiryMs)
          break
        default:
          act satisfies never
      }
    }
    const merchant = await balanceOf(demo, merchantAccount)
    expect(merchant, order.join(', ')).toBe(model.merchant)
    for (const { account } of [wallet, other])
      expect(await balanceOf(demo, account), order.join(', ')).toBe(model.balances.get(account))
    const end = await inquire(till, tenderId)
    const expected = model.inquire(tenderId, clock.now)
    if (typeof expected === 'string') throw new Error(`${order.join(', ')}: ends ${expected}`)
    expect(end, order.join(', ')).toMatchObject(expected)
    expect(auditFile(join(folder.path, 'ledger.db'))?.text, order.join(', ')).toMatch(/^balanced/)
  }

  for (const wait of waits) {
    test(`${acts.join(', ')}, ${wait}`, async () => {
      const model = new RequestModel(
        world.wallets.map(({ account }) => account),
        walletFunds,
      )
      const orders = ordersOf<Act>([...acts, wait])
      expect(orders).toHaveLength(120)
      for (const order of orders) await played(order, model)
    }, 120_000)
  }
})
