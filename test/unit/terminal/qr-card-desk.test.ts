/**
 * Which card under a QR is asked, and what is said of it. Method: the desk with the cards that lie there, and work that
 * ends when the test says so; the whole way to the ledger is in test/integration/cards/cbdc-card.test.ts.
 */
import { beforeEach, expect, it } from 'vitest'
import { LyingCards } from '../../../src/terminal/core/lying-cards.ts'
import { QrCardDesk, type ShownRequest } from '../../../src/terminal/core/qr-card-desk.ts'
import type { RequestCardOutcome, RequestCardWork } from '../../../src/terminal/payment/work.ts'
import { settlePromises } from '../drivers/fake-scheduler.ts'

const presence = (presenceId: string, readerName = 'one', atr = 1) => ({
  presenceId,
  readerName,
  atr: Uint8Array.of(atr),
})
const qr = (requestId: string, saleId = 'sale', waiting: string | null = null): ShownRequest => {
  return { requestId, saleId, waiting }
}

let cards: LyingCards
let shown: ShownRequest | null
let mayAsk: boolean
let asked: {
  readonly presenceId: string
  readonly requestId: string
  end(outcome: RequestCardOutcome): Promise<void>
}[]
let desk: QrCardDesk
const work: RequestCardWork = {
  mayAsk: () => mayAsk,
  payRequest: (presenceId, requestId) =>
    new Promise((resolve) => {
      const end = (outcome: RequestCardOutcome) => {
        resolve(outcome)
        return settlePromises()
      }
      asked.push({ presenceId, requestId, end })
    }),
}
const askedOf = () => asked.map(({ presenceId, requestId }) => `${presenceId} ${requestId}`)

beforeEach(() => {
  cards = new LyingCards()
  shown = qr('request')
  mayAsk = true
  asked = []
  desk = new QrCardDesk({ cards, shown: () => shown, onDidChange: () => undefined })
  desk.follow(work)
})

it('of two cards one is asked, and the other, on another reader, when it was laid on anew', async () => {
  cards.add(presence('first'), null)
  cards.add(presence('second', 'two'), null)
  desk.follow(work)
  desk.follow(work)
  expect([askedOf(), desk.card]).toEqual([['first request'], { state: 'asking' }])
  await asked[0]!.end({ kind: 'refused', code: 'CARD_SUM_NOT_ALLOWED' })
  desk.follow(work)
  expect([asked.length, desk.card]).toEqual([1, { state: 'refused', code: 'CARD_SUM_NOT_ALLOWED' }])
  cards.remove({ presenceId: 'second' })
  cards.add(presence('second anew', 'two'), null)
  desk.follow(work)
  expect(askedOf()).toEqual(['first request', 'second anew request'])
})

it('a card laid in the place of one that is being asked is asked next', async () => {
  cards.add(presence('first'), null)
  desk.follow(work)
  cards.remove({ presenceId: 'first' })
  cards.add(presence('second'), null)
  desk.follow(work)
  await asked[0]!.end({ kind: 'refused', code: 'CARD_BLOCKED' })
  expect(askedOf()).toEqual(['first request', 'second request'])
  await asked[1]!.end({ kind: 'card_left' })
  desk.follow(work)
  expect([asked.length, desk.card]).toEqual([2, { state: 'left' }])
})

it.each([
  [{ kind: 'held' }, { state: 'awaiting_answer' }],
  [{ kind: 'over' }, { state: 'awaiting_answer' }],
  [{ kind: 'no_answer' }, { state: 'awaiting_answer' }],
  [{ kind: 'card_left' }, { state: 'left' }],
  [
    { kind: 'refused', code: 'CARD_BLOCKED' },
    { state: 'refused', code: 'CARD_BLOCKED' },
  ],
] as const)('after %o it says %o', async (outcome, said) => {
  cards.add(presence('card'), null)
  desk.follow(work)
  await asked[0]!.end(outcome)
  expect(desk.card).toEqual(said)
})

it('asks nobody while no card could be answered, and the one that lies there when one can', () => {
  mayAsk = false
  cards.add(presence('card'), null)
  desk.follow(work)
  expect([askedOf(), desk.card]).toEqual([[], null])
  mayAsk = true
  desk.follow(work)
  expect(askedOf()).toEqual(['card request'])
})

it('asks no card that was tried for a sale, be it this one, nor one that came under the QR before', () => {
  for (const [reader, sale] of [
    ['one', 'sale before'],
    ['two', 'sale'],
  ] as const) {
    cards.add(presence(reader, reader), null)
    cards.tried(reader, sale)
  }
  mayAsk = false
  cards.add(presence('third', 'three'), null)
  desk.follow(work)
  shown = null
  desk.follow(work)
  shown = qr('next request', 'next sale')
  mayAsk = true
  desk.follow(work)
  expect(askedOf()).toEqual([])
})

it('says nothing of a QR that has gone, and asks for the next one only when the work for that is over', async () => {
  cards.add(presence('card'), null)
  desk.follow(work)
  shown = qr('next request', 'next sale')
  desk.follow(work)
  expect(desk.card).toBeNull()
  cards.add(presence('another', 'two'), null)
  desk.follow(work)
  expect(askedOf()).toEqual(['card request'])
  await asked[0]!.end({ kind: 'refused', code: 'CARD_BLOCKED' })
  expect([askedOf(), desk.card]).toEqual([['card request', 'another next request'], { state: 'asking' }])
})

it('under a QR from before a restart asks no card that lay there then, before it is laid on anew', () => {
  shown = qr('request')
  cards.add({ ...presence('lay there'), wasThere: 'since-start' }, 'sale')
  desk.follow(work)
  expect([askedOf(), desk.card]).toEqual([[], { state: 'left' }])
  cards.remove({ presenceId: 'lay there' })
  cards.add(presence('laid anew'), 'sale')
  desk.follow(work)
  expect(askedOf()).toEqual(['laid anew request'])
})

it('asks no card that lay there before the QR was shown: nobody who laid it down had seen the sum', () => {
  shown = null
  desk.follow(work)
  cards.add(presence('laid while the goods were rung up'), null)
  shown = qr('next request')
  desk.follow(work)
  expect([askedOf(), desk.card]).toEqual([[], { state: 'left' }])
  cards.remove({ presenceId: 'laid while the goods were rung up' })
  cards.add(presence('held again'), null)
  desk.follow(work)
  expect(askedOf()).toEqual(['held again next request'])
})

it('asks a card no second time that only the device host forgot: a mute one would end it again and again', async () => {
  cards.add(presence('mute'), null)
  desk.follow(work)
  cards.remove({ presenceId: 'mute', isUnseen: true })
  await asked[0]!.end({ kind: 'card_left' })
  cards.add({ ...presence('mute with a new device host'), wasThere: 'unseen' }, null)
  desk.follow(work)
  expect([asked.length, desk.card]).toEqual([1, { state: 'left' }])
})
