/**
 * Presentment from an export, as whole stories: a till cut off, destroyed, stolen; the export twice, in parts, beside
 * receipts and beside the till itself. Journals are real files, the ledger is whole, and the audit looks after each.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import {
  signExportPart,
  sumsOf,
  type ExportPart,
  type SignedExportPart,
} from '../../../src/sync/protocol/terminal-export.ts'
import { balanceOf, demoLedger, p256, temporaryFolder, type DemoLedger, type TestSigner } from './demo-ledger.ts'
import { JournalingTill, type SoldOffline } from './journaling-till.ts'

const merchantAccount = 'merchant.school-7-canteen'
const lunch = 115_000n
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let till: JournalingTill
let agency: TestSigner
let merchant: TestSigner

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  const enrolled = await demo.till('till-1')
  await enrolled.fetch()
  till = new JournalingTill(demo, enrolled, folder.path)
  await till.showsHead()
  agency = demo.role('agency', 'almaly-education')
  merchant = demo.role('merchant', 'school-7-canteen')
})
afterEach(async () => {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
  } finally {
    till.stops()
    await demo.close()
    folder.remove()
  }
})

const sold = (place: number): SoldOffline => till.sells(demo.card(demo.world.cards[place]?.label ?? ''))
const revoke = (reason: string) => agency.post('/v1/terminal-revocations', { terminalId: 'till-1', reason })
const claim = ({ receipt }: SoldOffline) => merchant.post('/v1/receipt-claims', { text: receipt })
const hand = (part: SignedExportPart, by = merchant) => by.post('/v1/terminal-exports', part)
const paidFrom = async (before: bigint) => ((await balanceOf(demo, merchantAccount)) - before) / lunch

/** Hands over all parts; what became of each item, by its id. */
async function imported(parts: readonly SignedExportPart[]): Promise<Map<string, string>> {
  const became = new Map<string, string>()
  for (const part of parts) {
    const { status, body } = await hand(part)
    if (status !== 200) throw new Error(JSON.stringify(body))
    for (const { itemId, state, arrival } of body['results'] as { itemId: string; state: string; arrival: string }[])
      became.set(itemId, `${state} ${arrival}`)
  }
  return became
}

/** A part of the same till, signed by it, in which something is different. */
function resigned(
  part: SignedExportPart,
  change: (content: ExportPart) => void,
  key = till.till.key,
): SignedExportPart {
  const content = structuredClone(part.content)
  change(content)
  return signExportPart(content, key)
}

describe('a till that is only cut off', () => {
  test('is paid by its export, and hears `exists` when it comes back itself', async () => {
    const sales = [sold(0), sold(1), sold(2)]
    const before = await balanceOf(demo, merchantAccount)
    const parts = till.exported()
    expect(await imported(parts)).toEqual(new Map(sales.map(({ tenderId }) => [tenderId, 'settled created'])))
    expect(await imported(parts)).toEqual(new Map(sales.map(({ tenderId }) => [tenderId, 'settled exists'])))
    expect(await till.handsOver()).toMatchObject(sales.map(() => ({ state: 'settled', arrival: 'exists' })))
    expect(await paidFrom(before)).toBe(3n)
    await till.showsHead()
    const [terminal] = (await demo.rows('terminal')).filter(({ terminal_id: id }) => id === 'till-1')
    expect(terminal?.['status']).toBe('active')
  })

  test('a message that it had signed before the export arrives late, and is no restored journal', async () => {
    const head = till.journal.head
    const late = till.till.sign('POST', '/v1/terminal/heads', JSON.stringify({ head, unsynced: 0 }))
    demo.clock.now += 1_000
    sold(0)
    await imported(till.exported())
    expect(JSON.parse((await till.till.send(late)).body)).toMatchObject({ kind: 'countersigned' })
  })

  test('in parts, handed over twice: the same, and no part before the one that it goes on from', async () => {
    const sales = [sold(0), sold(1), sold(2), sold(3)]
    const before = await balanceOf(demo, merchantAccount)
    const parts = till.exported({ items: 1, rows: 100, bytes: 1_000_000 })
    expect(parts.length).toBeGreaterThan(3)
    expect(await hand(parts[1]!)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('earlier') } })
    await imported(parts)
    expect([...(await imported(parts)).values()]).toEqual(sales.map(() => 'settled exists'))
    expect(await paidFrom(before)).toBe(4n)
  })

  test('gives back what came back, once, though the till says it again itself', async () => {
    const sale = sold(0)
    const { results } = await till.till.call('/v1/terminal/batches', { items: till.waiting() })
    till.journal.commit(...results.map((item) => ({ kind: 'item_answered' as const, item, by: 'batch' as const })))
    const before = await balanceOf(demo, merchantAccount)
    const refundId = till.takesGoodsBack(sale)
    const parts = till.exported()
    expect(parts[0]?.content.sums).toMatchObject({ presentments: 0, refunds: 1 })
    expect(await imported(parts)).toEqual(new Map([[refundId, 'done created']]))
    expect(await till.handsOver()).toMatchObject([{ itemId: refundId, state: 'done', arrival: 'exists' }])
    expect(await paidFrom(before)).toBe(-1n)
  })

  test('what was voided is not paid, whether its sale is in the export or not', async () => {
    const [kept, voided] = [sold(0), sold(1)]
    const withSale = till.waiting()
    till.voids(voided)
    const before = await balanceOf(demo, merchantAccount)
    const [part] = till.exported()
    const both = resigned(part!, (content) => {
      content.items = [...withSale, ...content.items.filter(({ kind }) => kind === 'reversal')]
      content.sums = sumsOf(content.items)
    })
    expect(await imported([both])).toEqual(
      new Map([
        [`reversal:${voided.tenderId}`, 'reversed created'],
        [kept.tenderId, 'settled created'],
        [voided.tenderId, 'reversed reversed_before_arrival'],
      ]),
    )
    expect(await imported([part!])).toEqual(
      new Map([
        [`reversal:${voided.tenderId}`, 'reversed exists'],
        [kept.tenderId, 'settled exists'],
      ]),
    )
    expect(await paidFrom(before)).toBe(1n)
  })

  test('a slot that it gave back goes to the agency; the sale that stands before it is still paid', async () => {
    const { tenderId } = sold(0)
    const [sale] = till.waiting()
    if (sale?.kind !== 'presentment') throw new Error('no sale')
    const surrenderId = till.till.id()
    const { leaseId = '', terms } = sale
    till.journal.commit({ kind: 'slot_surrendered', surrenderId, leaseId, slotId: terms.payerSlot })
    expect(await imported(till.exported())).toEqual(
      new Map([
        [tenderId, 'settled created'],
        [surrenderId, 'done created'],
      ]),
    )
  })
})

describe('a till that was destroyed', () => {
  test('is paid by its export after it was ended, and once with the receipts of the same sales', async () => {
    const [first, second, third] = [sold(0), sold(1), sold(2)] as const
    const parts = till.exported()
    await revoke('destroyed')
    const before = await balanceOf(demo, merchantAccount)
    expect(await claim(first)).toMatchObject({ body: { state: 'settled', arrival: 'created' } })
    expect(await imported(parts)).toEqual(
      new Map([
        [first.tenderId, 'settled exists'],
        [second.tenderId, 'settled created'],
        [third.tenderId, 'settled created'],
      ]),
    )
    for (const sale of [first, second, third])
      expect(await claim(sale)).toMatchObject({ body: { state: 'settled', arrival: 'exists' } })
    expect(await paidFrom(before)).toBe(3n)
  })

  test('two sales of one slot: the first is paid, the other is the merchant’s, with an open appeal', async () => {
    const [first, second] = [sold(0), sold(0)]
    await revoke('destroyed')
    const became = await imported(till.exported())
    expect([became.get(first.tenderId), became.get(second.tenderId)]).toEqual(['settled created', 'not_paid created'])
    expect(await demo.rows('discrepancy')).toMatchObject([
      { code: 'SLOT_ALREADY_USED', owner: 'merchant', appeal: 'open', tender_id: second.tenderId },
    ])
  })
})

describe('a till that was stolen', () => {
  test('is paid for what stands below its last head; the rest waits, in any cut, however often', async () => {
    const below = [sold(0), sold(1)]
    await till.showsHead()
    const above = [sold(2), sold(3)]
    await revoke('stolen')
    const before = await balanceOf(demo, merchantAccount)
    const expected = (arrival: string) =>
      new Map([
        ...below.map(({ tenderId }) => [tenderId, `settled ${arrival}`] as const),
        ...above.map(({ tenderId }) => [tenderId, `in_review ${arrival}`] as const),
      ])
    // In parts, with the later sale first in the second run: what was handed over must not move the head.
    expect(await imported(till.exported({ items: 1, rows: 100, bytes: 1_000_000 }))).toEqual(expected('created'))
    expect(await imported(till.exported())).toEqual(expected('exists'))
    expect(await claim(above[0]!)).toMatchObject({ body: { state: 'in_review', arrival: 'exists' } })
    expect(await paidFrom(before)).toBe(2n)
    expect((await agency.get('/v1/reviews')).body['reviews']).toHaveLength(2)
    for (const [place, verdict] of (['paid', 'refused'] as const).entries()) {
      const { tenderId } = above[place]!
      await agency.post('/v1/review-decisions', { tenderId, verdict, reason: 'looked at with the school' })
    }
    const again = await imported(till.exported())
    expect(above.map(({ tenderId }) => again.get(tenderId))).toEqual(['settled exists', 'not_paid exists'])
    expect(await paidFrom(before)).toBe(3n)
  })

  test('a void that only its export knows of ends the review of a sale that was claimed by its receipt', async () => {
    const sale = sold(0)
    await revoke('lost')
    expect(await claim(sale)).toMatchObject({ body: { state: 'in_review' } })
    till.voids(sale)
    expect(await imported(till.exported())).toEqual(new Map([[`reversal:${sale.tenderId}`, 'reversed created']]))
    expect((await agency.get('/v1/reviews')).body['reviews']).toEqual([])
    const { tenderId } = sale
    expect(await agency.post('/v1/review-decisions', { tenderId, verdict: 'paid', reason: 'too late' })).toMatchObject({
      status: 409,
    })
    expect(await demo.rows('slot_use')).toEqual([])
  })

  test('a sale whose slot a voided one had used is judged again, and waits for the agency too', async () => {
    const [voided, other] = [sold(0), sold(0)]
    await revoke('lost')
    const [part] = till.exported()
    const became = await imported([part!])
    expect([became.get(voided.tenderId), became.get(other.tenderId)]).toEqual(['in_review created', 'not_paid created'])
    till.voids(voided)
    await imported(till.exported())
    expect((await agency.get('/v1/reviews')).body['reviews']).toMatchObject([{ tenderId: other.tenderId }])
  })
})

describe('what is no export of this merchant’s till moves nothing', () => {
  test('another merchant, another role, another key, another chain, another sum', async () => {
    sold(0)
    const [part] = till.exported()
    const fresh = part!
    const other = demo.world.roleKeys.find(({ role, owner }) => role === 'merchant' && owner !== 'school-7-canteen')
    if (other === undefined) throw new Error('the demonstration has one merchant only')
    expect(await hand(fresh, demo.role('merchant', other.owner))).toMatchObject({ status: 409 })
    expect(await hand(fresh, agency)).toMatchObject({ status: 403 })
    expect(await hand(fresh, till.till)).toMatchObject({ status: 403 })
    const refusals: readonly [SignedExportPart, string][] = [
      [resigned(fresh, () => undefined, p256('somebody else')), 'did not sign'],
      [{ ...fresh, content: { ...fresh.content, madeAt: fresh.content.madeAt + 1 } }, 'did not sign'],
      [resigned(fresh, (content) => void (content.terminalId = 'till-9')), 'another merchant'],
      [resigned(fresh, (content) => void (content.terminalId = 'till-2')), 'did not sign'],
      [resigned(fresh, (content) => void (content.merchantId = other.owner)), 'another merchant'],
      [resigned(fresh, ({ rows }) => void rows.splice(1, 1)), 'damaged'],
      [resigned(fresh, ({ rows }) => void (rows[0]!.at += 1)), 'damaged'],
      [resigned(fresh, ({ items }) => void (items[0]!.position = { ...items[0]!.position, epoch: 2 })), 'damaged'],
      [resigned(fresh, ({ sums }) => void (sums.surrenders += 1)), 'damaged'],
      [
        resigned(fresh, (content) => void (content.after = { epoch: 1, sequence: 1, hash: 'ab'.repeat(32) })),
        'damaged',
      ],
    ]
    for (const [changed, words] of refusals) {
      const { status, body } = await hand(changed)
      expect({ status, detail: body['detail'] }, words).toMatchObject({
        status: 409,
        detail: expect.stringContaining(words),
      })
    }
    expect(await merchant.post('/v1/terminal-exports', { content: {} })).toMatchObject({ status: 422 })
    expect(await demo.rows('tender')).toEqual([])
    expect(await demo.rows('discrepancy')).toEqual([])
  })

  test('a journal that was begun anew with the same keys: nothing paid, on file, the till suspended', async () => {
    sold(0)
    await till.showsHead()
    const second = temporaryFolder()
    const begunAnew = new JournalingTill(demo, till.till, second.path)
    try {
      for (let place = 1; place < 4; place += 1) begunAnew.sells(demo.card(demo.world.cards[place]?.label ?? ''))
      const [part] = begunAnew.exported()
      expect(await hand(part!)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('restored') } })
    } finally {
      begunAnew.stops()
      second.remove()
    }
    expect(await demo.rows('tender')).toEqual([])
    expect(await demo.rows('discrepancy')).toMatchObject([{ code: 'CHAIN_BROKEN', owner: 'merchant' }])
    expect((await demo.rows('terminal')).find(({ terminal_id: id }) => id === 'till-1')?.['status']).toBe('suspended')
  })

  test('a journal from its beginning, of a till of which the ledger has seen only later rows', async () => {
    const other = await demo.till('till-2')
    await other.fetch()
    const [first, second] = [temporaryFolder(), temporaryFolder()]
    const journals = [
      new JournalingTill(demo, other, first.path),
      new JournalingTill(demo, other, second.path),
    ] as const
    try {
      const [whole] = journals[1].exported()
      expect((await hand(whole!)).status).toBe(200)
      const nowhere = resigned(
        whole!,
        (content) => {
          content.rows = []
          content.after = { epoch: 1, sequence: 2, hash: 'ab'.repeat(32) }
        },
        other.key,
      )
      expect((await hand(nowhere)).body).toMatchObject({ detail: expect.stringContaining('earlier parts first') })
      journals[0].journal.commit({ kind: 'language_set', language: 'kk' }, { kind: 'language_set', language: 'ru' })
      await journals[0].showsHead()
      await inTransaction(demo.ports, async ({ connection }) => {
        await connection.deleteFrom('journal_position').where('sequence', '=', 1n).execute()
      })
      expect((await hand(whole!)).body).toMatchObject({ detail: expect.stringContaining('earlier parts first') })
    } finally {
      for (const journal of journals) journal.stops()
      first.remove()
      second.remove()
    }
  })

  test('what was unresolved at the till is answered with what the ledger has of it', async () => {
    const online = till.till.decide({ card: demo.card(demo.world.cards[0]?.label ?? '') }, 'online')
    await till.till.authorise(online)
    sold(1)
    const [part] = till.exported()
    const never = till.till.id()
    const named = resigned(part!, (content) => {
      content.open = [online.terms.tenderId, never].map((tenderId) => ({
        tenderId,
        state: 'unknown',
        amount: online.terms.amount,
      }))
    })
    expect((await hand(named)).body['open']).toEqual([
      { tenderId: online.terms.tenderId, state: 'settled' },
      { tenderId: never, state: 'not_seen' },
    ])
  })
})
