/**
 * Method: the demonstration's ledger in memory; the report's stories are played by signed requests, and each party's
 * feed is read by its own signed requests. What it must hear stands here word for word; what it must not hear is asked
 * for as well.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { demoCanteen, demoShop } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { suspendTerminal } from '../../../ledger-sim/terminals/terminals.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { feedEventSchema } from '../../../ledger-sim/feed/events.ts'
import { tell } from '../../../ledger-sim/feed/outbox.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { dayMs, demoLedger, drain, type DemoLedger, type TestSigner, type TestTill } from './demo-ledger.ts'

let demo: DemoLedger
let till: TestTill
let other: TestTill

beforeAll(async () => {
  demo = await demoLedger()
  till = await demo.till('till-1')
  other = await demo.till('till-2')
  await till.fetch()
  await other.fetch()
})
afterAll(() => demo.close())

const pupil = (number: number) => demo.card(`Pupil ${String(number).padStart(2, '0')}`)

function fail(): never {
  throw new Error('nothing was decided')
}

interface Heard {
  readonly cursor: number
  readonly eventId: string
  readonly event: Record<string, unknown>
}

async function read(reader: TestSigner, after: number): Promise<readonly Heard[]> {
  const { status, body } = await reader.get(`/v1/events?after=${after}&limit=1000`)
  expect(status).toBe(200)
  const events = body['events'] as Heard[]
  for (const event of events) feedEventSchema.parse(event)
  return events
}

/** What these readers hear while something happens: `kind` and the fields named. */
async function heardDuring(readers: readonly TestSigner[], play: () => Promise<unknown>) {
  const before: number[] = []
  for (const reader of readers) before.push((await reader.get('/v1/events')).body['last'] as number)
  await play()
  const heard: Record<string, unknown>[][] = []
  for (const [index, reader] of readers.entries()) {
    const events = await read(reader, before[index] ?? 0)
    events.forEach(({ cursor }, place) => expect(cursor).toBe((before[index] ?? 0) + place + 1))
    heard.push(events.map(({ event }) => event))
  }
  return heard
}

const agency = () => demo.role('agency')
const canteen = () => demo.role('merchant', demoCanteen)
const shop = () => demo.role('merchant', demoShop)
const bank = () => demo.role('bank')
const centralBank = () => demo.role('central-bank')
const auditor = () => demo.role('auditor')
const individual = () => demo.role('individual', 'individual-1')
const parties = () => [agency(), canteen(), shop(), bank(), centralBank(), auditor(), individual()]

describe('money', () => {
  test('a voucher sale: the merchant received, the agency sent, nobody else hears', async () => {
    const decided = till.decide({ card: pupil(1) })
    const heard = await heardDuring(parties(), () => till.present(decided))
    const { tenderId: reference, amount } = decided.terms
    const about = { reference, amount: String(amount), movement: 'voucher-payment' }
    expect(heard[0]).toEqual([expect.objectContaining({ kind: 'payment_sent', ...about })])
    expect(heard[1]).toEqual([
      expect.objectContaining({ kind: 'payment_received', accountId: decided.terms.payeeAccount, ...about }),
    ])
    expect(heard.slice(2)).toEqual([[], [], [], [], []])
  })

  test('a sale that is shown again, or refused, tells nothing', async () => {
    const decided = till.decide({ card: pupil(2) })
    await till.present(decided)
    expect((await heardDuring(parties(), () => till.present(decided))).flat()).toEqual([])
    const again = till.decide({ card: pupil(2) }, 'online')
    expect((await heardDuring(parties(), () => till.authorise(again))).flat()).toEqual([])
  })

  test('a conversion is one event for each side, the non-cash legs none', async () => {
    const [heardByBank, heardByCentralBank] = await heardDuring([bank(), centralBank()], async () => {
      await centralBank().post('/v1/non-cash-deposits', {
        transferId: till.id(),
        accountId: 'dala-bank.reserve',
        amount: '1000',
      })
      await bank().post('/v1/conversions/non-cash-to-dt/bank-central-bank', {
        transferId: till.id(),
        bank: 'dala-bank',
        amount: '1000',
      })
    })
    const converted = { kind: 'conversion_done', direction: 'into_dt', amount: '1000', movement: 'issue' }
    expect(heardByBank).toEqual([
      expect.objectContaining({ kind: 'settlement', direction: 'received', accountId: 'dala-bank.reserve' }),
      expect.objectContaining({ ...converted, accountId: 'dala-bank' }),
    ])
    expect(heardByCentralBank).toEqual([expect.objectContaining({ ...converted, accountId: 'central-bank.issue' })])
  })

  test('a client and its bank hear of a redemption, out of DT, under the id that it was asked for with', async () => {
    const transferId = till.id()
    const [client, itsBank] = await heardDuring([individual(), bank()], () =>
      bank().post('/v1/conversions/dt-to-non-cash/individual-bank', {
        transferId,
        bank: 'dala-bank',
        accountId: 'individual-1',
        amount: '700',
      }),
    )
    const redeemed = { kind: 'conversion_done', direction: 'out_of_dt', amount: '700', movement: 'redemption-of-dt' }
    expect(client).toEqual([expect.objectContaining({ ...redeemed, accountId: 'individual-1' })])
    expect(itsBank).toEqual([expect.objectContaining({ ...redeemed, accountId: 'dala-bank' })])
    const [entry, other] = [client?.[0], itsBank?.[0]] as Record<string, unknown>[]
    expect([entry?.['reference'], other?.['reference']]).toEqual([transferId, transferId])
    expect(entry?.['entryId']).toBe(other?.['entryId'])
    expect(entry).not.toHaveProperty('transferId')
  })

  test('what a problem undoes is not told', async () => {
    const heard = await heardDuring(parties(), async () => {
      const { body } = await bank().post('/v1/conversions/dt-to-non-cash/individual-bank', {
        transferId: till.id(),
        bank: 'dala-bank',
        accountId: 'individual-1',
        amount: '99999999',
      })
      expect(body['code']).toBe('insufficient_funds')
      const broken = inTransaction(demo.ports, async (work) => {
        tell(work, ['role:auditor'], { kind: 'alert', code: 'TEST', subject: 'never' })
        throw new Error('broken')
      })
      await expect(broken).rejects.toThrow('broken')
    })
    expect(heard.flat()).toEqual([])
  })
})

describe('disputes', () => {
  test('a discrepancy, its appeal and the decision reach merchant, agency and both watchers', async () => {
    const twice = [14, 14].map((number) => till.decide({ card: pupil(number) }))
    await till.present(twice[0] ?? fail())
    const heard = await heardDuring([agency(), canteen(), shop(), centralBank(), auditor()], async () => {
      await till.present(twice[1] ?? fail())
      const { body } = await canteen().get('/v1/discrepancies')
      const [newest] = body['discrepancies'] as { discrepancyId: string }[]
      const discrepancyId = newest?.discrepancyId
      await canteen().post('/v1/appeals', { discrepancyId, reason: 'the child ate it' })
      await agency().post('/v1/appeal-decisions', { discrepancyId, verdict: 'refused', reason: 'it ate twice' })
    })
    const kinds = heard.map((events) => events.map(({ kind }) => kind))
    const all = ['discrepancy_filed', 'appeal_opened', 'appeal_decided']
    expect(kinds).toEqual([all, all, [], all, all])
    expect(heard[1]?.[2]).toMatchObject({ code: 'SLOT_ALREADY_USED', verdict: 'refused', terminalId: 'till-1' })
  })
})

describe('schemes, leases, tills', () => {
  test('a lease that is renewed with the package is told to agency and merchant', async () => {
    demo.clock.now += dayMs
    const [heardByAgency, heardByMerchant] = await heardDuring([agency(), canteen()], () => till.fetch())
    const granted = (heardByAgency ?? []).filter(({ kind }) => kind === 'lease_granted')
    expect(granted.length).toBeGreaterThan(0)
    expect(granted[0]).toMatchObject({ terminalId: 'till-1', slots: expect.any(Number) })
    // Money that only changes its place within the agency's own accounts is no payment.
    expect((heardByAgency ?? []).filter(({ kind }) => kind !== 'lease_granted' && kind !== 'lease_closed')).toEqual([])
    expect(heardByMerchant).toEqual(heardByAgency)
  })

  test('a presentment that waits, the funding, and the payment: in this order', async () => {
    const sold = till.decide({ card: pupil(11) })
    demo.clock.now += 20 * dayMs
    await agency().post('/v1/lease-closings', {})
    await drain(demo, 'scheme.school-lunch')
    const [heardByAgency, heardByMerchant] = await heardDuring([agency(), canteen()], async () => {
      expect(await till.present(sold)).toMatchObject({ state: 'awaiting_funds' })
      await inTransaction(demo.ports, (work) =>
        fundScheme(work, 'almaly-education', 'school-lunch', tiyn(500_000n), till.id()),
      )
    })
    const { tenderId } = sold.terms
    expect(heardByAgency?.map(({ kind }) => kind)).toEqual([
      'discrepancy_filed',
      'presentment_awaiting_funds',
      'scheme_funded',
      'payment_sent',
      'presentment_paid',
    ])
    expect(heardByAgency?.[2]).toMatchObject({ schemeId: 'school-lunch', amount: '500000' })
    expect(heardByMerchant).toEqual([
      expect.objectContaining({ kind: 'discrepancy_filed', code: 'PRESENTED_TOO_LATE', owner: 'agency', tenderId }),
      expect.objectContaining({ kind: 'presentment_awaiting_funds', tenderId }),
      expect.objectContaining({ kind: 'payment_received', reference: tenderId }),
      expect.objectContaining({ kind: 'presentment_paid', tenderId, schemeId: 'school-lunch' }),
    ])
  })

  test('a till that is suspended, once; and revoked', async () => {
    const heard = await heardDuring(parties(), async () => {
      await inTransaction(demo.ports, (work) => suspendTerminal(work, 'till-2'))
      await inTransaction(demo.ports, (work) => suspendTerminal(work, 'till-2'))
      await agency().post('/v1/terminal-revocations', { terminalId: 'till-2', reason: 'retired' })
    })
    const told = [
      { kind: 'terminal_suspended', terminalId: 'till-2', merchantId: demoCanteen },
      { kind: 'terminal_revoked', terminalId: 'till-2', merchantId: demoCanteen, reason: 'retired' },
    ]
    const [, merchant, otherMerchant, , watcher, secondWatcher] = heard
    expect([merchant, watcher, secondWatcher]).toEqual([told, told, told])
    expect(otherMerchant).toEqual([])
  })
})

describe('reading', () => {
  test('pages join without a seam, ids are stable and differ, the end says where it is', async () => {
    const whole = await read(canteen(), 0)
    expect(whole.length).toBeGreaterThan(10)
    const joined: Heard[] = []
    for (;;) {
      const { body } = await canteen().get(`/v1/events?after=${joined.at(-1)?.cursor ?? 0}&limit=3`)
      const page = body['events'] as Heard[]
      if (page.length === 0) {
        expect(body).toMatchObject({ cursor: joined.length, last: joined.length })
        break
      }
      joined.push(...page)
    }
    expect(joined).toEqual(whole)
    expect(new Set(whole.map(({ eventId }) => eventId)).size).toBe(whole.length)
  })

  test('a cursor that the ledger never gave is refused aloud', async () => {
    const { status, body } = await shop().get('/v1/events?after=7')
    expect([status, body['code']]).toEqual([409, 'rule_violated'])
  })

  test.each(['after=-1', 'after=1.5', 'after=x', 'limit=0', 'limit=1001', 'of=agency'])('refuses %s', async (query) => {
    expect((await canteen().get(`/v1/events?${query}`)).status).toBe(422)
  })

  test('a till is no reader here, not even one with a party’s name', async () => {
    await agency().post('/v1/terminals', { terminalId: 'almaly-education', merchantId: demoCanteen })
    expect((await till.get('/v1/events')).body).toMatchObject({ code: 'role_not_allowed' })
    expect((await till.get('/v1/event-stream')).body).toMatchObject({ code: 'role_not_allowed' })
    expect((await till.get('/v1/webhooks')).body).toMatchObject({ code: 'role_not_allowed' })
  })

  test('no event names a counterparty', async () => {
    const text = JSON.stringify(await read(canteen(), 0))
    expect(text).not.toMatch(/escrow\.|scheme\.school|individual-/)
    expect(text).toContain('payment_received')
  })
})
