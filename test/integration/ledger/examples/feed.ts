/** Examples of the status feed, asked for, streamed and posted, and of how things stand. */
import { FeedBell } from '../../../../ledger-sim/feed/bell.ts'
import { FeedPruner } from '../../../../ledger-sim/feed/pruning.ts'
import { WebhookCourier, type Sent } from '../../../../ledger-sim/feed/webhook-courier.ts'
import { demoCanteen, demoShop } from '../../../../ledger-sim/scenarios/demo-schemes.ts'
import { dayMs } from '../demo-ledger.ts'
import { bought, done } from '../rules-world.ts'
import type { Stage, Story } from './stage.ts'

const merchant = demoCanteen
const farAhead = '999999'

export const story: Story = async (stage) => {
  await sell(stage, '35000')
  await sell(stage, '12000')
  await read(stage)
  await post(stage)
  await watch(stage)
  await forget(stage)
}

/** Something happens to the merchant's money. */
async function sell(stage: Stage, amount: string): Promise<void> {
  const payment = { paymentId: stage.id(), payer: 'individual-1', merchantId: merchant, amount }
  const lines = [bought('food', BigInt(amount))]
  const payer = stage.demo.role('individual', 'individual-1')
  done(await payer.post('/v1/payments/individual-merchant', { ...payment, lines }))
}

async function read(stage: Stage): Promise<void> {
  const reader = stage.as('merchant', merchant)
  const { cursor } = await reader.get('What happened, from the beginning', '/v1/events', { limit: '1' })
  await reader.get('What came after it', '/v1/events', { after: String(cursor), limit: '1' })
  await reader.get('The ledger never told what the cursor stands for', '/v1/events', { after: farAhead }, 409)
  await reader.get('The first event of a stream; it has no end', '/v1/event-stream', { after: String(cursor) })
  await reader.get('The ledger never told what the cursor stands for', '/v1/event-stream', { after: farAhead }, 409)
}

async function post(stage: Stage): Promise<void> {
  const reader = stage.as('merchant', merchant)
  const other = stage.as('merchant', demoShop)
  const webhooks = '/v1/webhooks'
  const webhook = { webhookId: stage.id(), url: 'http://127.0.0.1:9000/tolem' }
  await reader.post('What happens from now on is posted', webhooks, webhook)
  await reader.post('The same again changes nothing', webhooks, webhook)
  const anew = { ...webhook, webhookId: stage.id() }
  await reader.post('What the feed has from the second event on', webhooks, { ...anew, after: 1 })
  await reader.post('The id means another webhook', webhooks, { ...webhook, url: 'http://127.0.0.1:9001/' }, 409)
  const outside = { ...webhook, webhookId: stage.id(), url: 'http://203.0.113.7/hook' }
  await reader.post('The simulator posts to the loopback only', webhooks, outside, 409)
  await reader.disowned(webhooks, webhook, 'webhookId')

  await deliver(stage)
  const { webhookId } = anew
  const deliveries = '/v1/webhook-deliveries'
  await reader.get('One’s webhooks, and how far each has come', webhooks)
  await reader.get('What was posted', deliveries, { webhookId, limit: '1' })
  await other.get('Another’s webhook is not there', deliveries, { webhookId }, 404)
  const removals = '/v1/webhook-removals'
  await other.post('Another’s webhook is not there', removals, { webhookId }, 404)
  await reader.post('A webhook ends', removals, { webhookId })
}

/** A receiver takes what is posted to it. */
async function deliver({ demo: { ports } }: Stage): Promise<void> {
  const failures: unknown[] = []
  const send = (): Promise<Sent> => Promise.resolve({ kind: 'taken' })
  const scheduler = { setTimeout: () => undefined, clearTimeout: () => undefined }
  const onDidFail = (error: unknown) => failures.push(error)
  const courier = new WebhookCourier({ ports, bell: new FeedBell(), scheduler, send, onDidFail })
  courier.start()
  for (let turn = 0; turn < 60; turn += 1) await new Promise<void>((next) => setImmediate(next))
  await courier.stop()
  if (failures.length > 0) throw failures[0]
}

/** Three months later, and some days. */
async function forget(stage: Stage): Promise<void> {
  stage.demo.clock.now += 100 * dayMs
  await new FeedPruner(stage.demo.ports).prune()
  const reader = stage.as('merchant', merchant)
  const before = { after: '1' }
  await reader.get('What comes after the cursor is kept no more', '/v1/events', before, 410)
  await reader.get('What comes after the cursor is kept no more', '/v1/event-stream', before, 410)
  const webhook = { webhookId: stage.id(), url: 'http://127.0.0.1:9000/tolem', after: 1 }
  await reader.post('What comes after the cursor is kept no more', '/v1/webhooks', webhook, 410)
}

async function watch(stage: Stage): Promise<void> {
  const monitoring = '/v1/monitoring'
  await stage.as('central-bank').get('The central bank sees the whole', monitoring)
  await stage.as('bank').get('A bank counts its clients', monitoring)
  await stage.as('agency').get('An agency sees its schemes, and the tills with its leases', monitoring)
  await stage.as('merchant', merchant).get('A merchant sees its tills', monitoring)
}
