/**
 * A CBDC card under a QR (docs/design/29-cbdc-card.md, "At the till"). Method: the real core with its journal on the
 * disk, independent virtual cards, and a ledger that keeps what was taken for each request (`cbdc-bench.ts`). Whether a
 * customer paid is read from that ledger, and what a card was asked from its own log.
 */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { VirtualCard } from '../../../hardware-mocks/cards/virtual-card.ts'
import { cardPseudonym } from '../../../src/sync/protocol/card-pseudonym.ts'
import { ntag21x, uidCard } from '../../fixtures/identified-cards.ts'
import { packageOf } from '../../unit/sync/world.ts'
import { cbdcBench, paths, type CardCall, type CbdcBench } from './cbdc-bench.ts'
import { everyFault } from './presence.ts'

let bench: CbdcBench
beforeEach(async () => {
  bench = await cbdcBench(
    new Map<string, VirtualCard>([
      ['bus', uidCard('04A1B2C3D4E5AA').card],
      ['ntag21x', ntag21x().card],
    ]),
  )
})
afterEach(() => bench.close())

const uidOf = (label: 'cbdc' | 'second cbdc' | 'voucher') => bench.cards[label].uid.toString('hex').toUpperCase()

/** Paid once, by this card, and the sale is closed. */
function expectPaidOnce(requestId: string, label: 'cbdc' | 'second cbdc' = 'cbdc'): void {
  expect(bench.taken).toEqual([{ requestId, uid: uidOf(label) }])
  expect(bench.screen().tap).toMatchObject({ state: 'approved', look: 'settled' })
  expect(bench.screen().recent[0]?.tenders).toMatchObject([{ kind: 'qr' }])
}
/** Nobody paid; the QR stands, and a telephone may still pay it. */
function expectOpen(requestId: string): void {
  expect(bench.taken).toEqual([])
  expect(bench.requests.get(requestId)?.state).toBe('open')
  expect(bench.screen().tap).toMatchObject({ state: 'qr', doing: 'waiting_for_payer' })
}

describe('a card that is laid down under the QR', () => {
  it('pays what the QR asks for, once, however long it lies there', async () => {
    const requestId = await bench.asksByQr()
    expect(bench.underQr()).toBeNull()
    bench.lay('cbdc')
    await bench.pass(120)
    expect(bench.underQr()).toEqual({ state: 'asking' })
    await bench.pass(3_000)
    expectPaidOnce(requestId)
    await bench.pass(30_000)
    expect(bench.authentications(bench.cards.cbdc)).toBe(1)
    // All of them, for the tears below.
    expect(bench.commandsTo(bench.cards.cbdc)).toBe(10)
  })

  it('that lay there before the QR was shown is held again: whoever laid it down had not seen the sum', async () => {
    bench.lay('cbdc')
    await bench.pass(500)
    const requestId = await bench.asksByQr('juice', 50)
    await bench.pass(3_000)
    expect([bench.taken, bench.underQr()]).toEqual([[], { state: 'left' }])
    await bench.holds('cbdc')
    expectPaidOnce(requestId)
  })

  it('is for that sale alone: the next customer’s QR is not paid by it before it is laid on anew', async () => {
    const first = await bench.asksByQr()
    await bench.holds('cbdc')
    expectPaidOnce(first)
    bench.does({ command: 'next_customer' })
    const second = await bench.asksByQr()
    await bench.pass(5_000)
    expect(bench.taken).toHaveLength(1)
    expect(bench.underQr()).toEqual({ state: 'left' })
    await bench.holds('cbdc')
    expect(bench.taken.map(({ requestId }) => requestId)).toEqual([first, second])
  })

  it('hears that the request is over, where a wallet was sooner', async () => {
    const requestId = await bench.asksByQr()
    bench.hearsNothingNew(true)
    let free = (): void => undefined
    bench.onItsWay('keys', new Promise<void>((resolve) => (free = resolve)))
    bench.lay('cbdc')
    await bench.pass(1_000)
    bench.requests.get(requestId)!.state = 'held'
    free()
    await bench.pass(1_000)
    expect([bench.taken, bench.underQr()]).toEqual([[], { state: 'awaiting_answer' }])
    bench.hearsNothingNew(false)
    await bench.pass(2_000)
    expect(bench.screen().tap).toMatchObject({ state: 'approved' })
  })

  it('hears it at the session too', async () => {
    const requestId = await bench.asksByQr()
    bench.hearsNothingNew(true)
    bench.requests.get(requestId)!.state = 'held'
    await bench.holds('cbdc', 1_000)
    expect([bench.taken, bench.underQr()]).toEqual([[], { state: 'awaiting_answer' }])
    bench.hearsNothingNew(false)
    await bench.pass(2_000)
    expect(bench.screen().tap).toMatchObject({ state: 'approved' })
  })

  it('is refused with its code, the QR stands, and another card pays', async () => {
    bench.refusals.set(uidOf('cbdc'), 'CARD_SUM_NOT_ALLOWED')
    const requestId = await bench.asksByQr()
    await bench.holds('cbdc')
    expect(bench.underQr()).toEqual({ state: 'refused', code: 'CARD_SUM_NOT_ALLOWED' })
    expectOpen(requestId)
    await bench.holds('second cbdc')
    expectPaidOnce(requestId, 'second cbdc')
  })

  it.each([
    ['voucher', 'CARD_OF_NO_ACCOUNT'],
    ['bus', 'CARD_OF_NO_ACCOUNT'],
    ['ntag21x', 'CARD_UNKNOWN'],
  ])('%s is no such card: %s', async (label, code) => {
    const requestId = await bench.asksByQr()
    await bench.holds(label)
    expect(bench.underQr()).toEqual({ state: 'refused', code })
    expectOpen(requestId)
  })

  it('that does not show the binding which was written is refused, and no message of it is sent', async () => {
    const requestId = await bench.asksByQr()
    await bench.holds('other binding')
    expect(bench.underQr()).toEqual({ state: 'refused', code: 'CARD_BINDING_MISMATCH' })
    expectOpen(requestId)
    expect(bench.ledger.bodies(paths.payment)).toEqual([])
  })

  it('after a scheme’s card was refused, the sale is paid by that card when it is laid on anew', async () => {
    await bench.asksByQr('lunch')
    await bench.holds('voucher')
    bench.cancelsQr()
    await bench.pass(1_000)
    bench.does({ command: 'pay_by_card' })
    await bench.pass(1_000)
    expect(bench.screen().tap).toEqual({ state: 'tap', hint: 'remove_card_first' })
    await bench.holds('voucher')
    expect(bench.screen().tap).toMatchObject({ state: 'approved' })
  })
})

describe('a card that leaves', () => {
  /** Recognition ×4, authentication ×2, binding, select ×2, message. */
  const commands = Array.from({ length: 10 }, (_, index) => index + 1)
  it.each(everyFault.map((fault) => [JSON.stringify(fault), fault] as const))(
    'or falls silent, %s, at any command: it costs nothing but time',
    async (_name, fault) => {
      const { faulty } = bench.cards.cbdc
      for (const command of commands) {
        const requestId = await bench.asksByQr()
        faulty.arm(fault, command)
        await bench.holds('cbdc', 5_000)
        if (bench.taken.length === 0) {
          expectOpen(requestId)
          expect(bench.underQr()).toMatchObject({ state: expect.stringMatching(/^(left|refused)$/) })
        }
        faulty.disarm()
        await bench.holds('cbdc', 5_000)
        expectPaidOnce(requestId)
        bench.taken.length = 0
        bench.pull()
        bench.does({ command: 'next_customer' })
      }
    },
  )

  it('between session and message is asked to be held again, and pays then', async () => {
    for (const call of ['session', 'keys'] as const) {
      const requestId = await bench.asksByQr()
      let free = (): void => undefined
      bench.onItsWay(call, new Promise<void>((resolve) => (free = resolve)))
      bench.lay('cbdc')
      await bench.pass(1_000)
      bench.pull()
      bench.onItsWay(call, undefined)
      free()
      await bench.pass(1_000)
      expect(bench.underQr()).toEqual({ state: 'left' })
      expectOpen(requestId)
      await bench.holds('cbdc')
      expectPaidOnce(requestId)
      bench.taken.length = 0
      bench.pull()
      bench.does({ command: 'next_customer' })
    }
  })

  it('after its message is needed no longer', async () => {
    const requestId = await bench.asksByQr()
    let free = (): void => undefined
    bench.onItsWay('payment', new Promise<void>((resolve) => (free = resolve)))
    bench.lay('cbdc')
    await bench.pass(1_000)
    bench.pull()
    free()
    await bench.pass(2_000)
    expectPaidOnce(requestId)
  })
})

describe('an answer that is lost', () => {
  it.each<CardCall>(['session', 'keys'])(
    'of the %s: nothing is paid, and the card pays when held again',
    async (call) => {
      const requestId = await bench.asksByQr()
      bench.onItsWay(call, 'lost')
      await bench.holds('cbdc')
      expect(bench.underQr()).toEqual({ state: 'refused', code: 'LEDGER_UNREACHABLE' })
      expectOpen(requestId)
      bench.onItsWay(call, undefined)
      await bench.holds('cbdc')
      expectPaidOnce(requestId)
    },
  )

  it('of the payment: the QR stays, the answer is awaited, and the sync shows it paid', async () => {
    const requestId = await bench.asksByQr()
    bench.hearsNothingNew(true)
    bench.onItsWay('payment', 'lost')
    await bench.holds('cbdc')
    expect(bench.screen().tap).toMatchObject({ state: 'qr', card: { state: 'awaiting_answer' } })
    // Held again meanwhile, and another one as well: the request is one payment.
    await bench.holds('cbdc')
    await bench.holds('second cbdc')
    expect(bench.taken).toEqual([{ requestId, uid: uidOf('cbdc') }])
    bench.hearsNothingNew(false)
    await bench.pass(2_000)
    expectPaidOnce(requestId)
  })

  it('of a payment that never arrived: it stands open, and the card held again pays it', async () => {
    const requestId = await bench.asksByQr()
    bench.onItsWay('payment', 'never_arrives')
    await bench.holds('cbdc')
    expect(bench.underQr()).toEqual({ state: 'awaiting_answer' })
    expectOpen(requestId)
    bench.onItsWay('payment', undefined)
    await bench.holds('cbdc')
    expectPaidOnce(requestId)
  })
})

describe('no card is asked', () => {
  it('without network, nor read; and it is when the network is back', async () => {
    const requestId = await bench.asksByQr()
    await bench.losesNetwork()
    bench.lay('cbdc')
    await bench.pass(20_000)
    expect(bench.screen().tap).toMatchObject({ state: 'qr', doing: 'waiting_for_network', card: null })
    expect(bench.commandsTo(bench.cards.cbdc)).toBe(0)
    await bench.hasNetworkAgain()
    expectPaidOnce(requestId)
  })

  it('that came under a QR without network and still lies there at the next sale', async () => {
    for (const goesOn of ['serve_next_meanwhile', 'cancel_sale'] as const) {
      await bench.asksByQr()
      await bench.losesNetwork()
      bench.lay('cbdc')
      await bench.pass(1_000)
      bench.does({ command: goesOn })
      await bench.hasNetworkAgain()
      await bench.asksByQr()
      await bench.pass(5_000)
      expect([bench.taken, bench.commandsTo(bench.cards.cbdc)]).toEqual([[], 0])
      bench.does({ command: 'cancel_sale' })
      bench.pull()
      await bench.pass(1_000)
    }
  })

  it('of the voucher part of the same sale, before it is laid on anew', async () => {
    bench.does({ command: 'add_item', itemId: 'lunch' })
    bench.does({ command: 'add_item', itemId: 'juice' })
    bench.does({ command: 'pay_by_card' })
    await bench.holds('voucher')
    expect(bench.screen().tap).toMatchObject({ state: 'approved' })
    const before = bench.authentications(bench.cards.voucher)
    const requestId = await bench.asksByQr()
    await bench.pass(5_000)
    expect([bench.underQr(), bench.authentications(bench.cards.voucher)]).toEqual([{ state: 'left' }, before])
    await bench.holds('voucher')
    expect(bench.underQr()).toEqual({ state: 'refused', code: 'CARD_OF_NO_ACCOUNT' })
    await bench.holds('cbdc')
    expect(bench.taken).toEqual([{ requestId, uid: uidOf('cbdc') }])
  })

  it('whose QR has run out', async () => {
    await bench.asksByQr()
    bench.hearsNothingNew(true)
    await bench.pass(5 * 60_000)
    await bench.holds('cbdc')
    expect([bench.taken, bench.commandsTo(bench.cards.cbdc)]).toEqual([[], 0])
  })

  it('a third time, when it failed twice: a till bricks no card', async () => {
    const requestId = await bench.asksByQr()
    for (let tap = 0; tap < 4; tap += 1) {
      await bench.holds('copy')
      expect(bench.underQr()).toEqual({ state: 'refused', code: 'CARD_AUTHENTICATION_FAILED' })
    }
    expect(bench.authentications(bench.cards.copy)).toBe(2)
    bench.does({ command: 'cancel_sale' })
    await bench.pass(1_000)
    // Its failures count for its vouchers too.
    bench.does({ command: 'add_item', itemId: 'lunch' })
    bench.does({ command: 'pay_by_card' })
    await bench.holds('copy')
    expect(bench.screen().tap).toEqual({ state: 'refused', code: 'CARD_AUTHENTICATION_FAILED' })
    expect(bench.authentications(bench.cards.copy)).toBe(2)
    expect(bench.requests.get(requestId)?.state).toBe('released')
  })
})

describe('the QR ends while the card is being asked', () => {
  it.each(['cancel_unknown', 'serve_next_meanwhile', 'cancel_sale'] as const)(
    '%s: what comes of the card is never shown for another sale, and nothing is sent any more',
    async (command) => {
      for (const call of ['session', 'keys'] as const) {
        await bench.asksByQr()
        let free = (): void => undefined
        bench.onItsWay(call, new Promise<void>((resolve) => (free = resolve)))
        bench.lay('cbdc')
        await bench.pass(1_000)
        if (command === 'cancel_unknown') bench.cancelsQr()
        else bench.does({ command })
        bench.onItsWay(call, undefined)
        const second = await bench.asksByQr()
        free()
        await bench.pass(2_000)
        // Nothing of the first one's card; what lies there is held again.
        expect([bench.underQr(), bench.taken]).toEqual([{ state: 'left' }, []])
        expect(bench.requests.get(second)?.state).toBe('open')
        bench.does({ command: 'cancel_sale' })
        bench.pull()
        await bench.pass(1_000)
      }
    },
  )

  it('while the payment is on its way: the ledger has it, and it comes back with the reversal', async () => {
    const requestId = await bench.asksByQr()
    bench.hearsNothingNew(true)
    let free = (): void => undefined
    bench.onItsWay('payment', new Promise<void>((resolve) => (free = resolve)))
    bench.lay('cbdc')
    await bench.pass(1_000)
    bench.cancelsQr()
    await bench.pass(500)
    free()
    await bench.pass(2_000)
    expect(bench.screen().tap).toEqual({ state: 'idle' })
    expect(bench.requests.get(requestId)?.state).toBe('released')
  })

  it('by its time: nothing is sent any more', async () => {
    const requestId = await bench.asksByQr()
    await bench.pass(5 * 60_000 - 2_500)
    let free = (): void => undefined
    bench.onItsWay('keys', new Promise<void>((resolve) => (free = resolve)))
    bench.lay('cbdc')
    await bench.pass(3_000)
    free()
    await bench.pass(1_000)
    expect([bench.taken, bench.requests.get(requestId)?.state]).toEqual([[], 'open'])
  })
})

describe('a core that is started again', () => {
  it.each<CardCall>(['session', 'keys', 'payment'])('while the %s is asked comes back with the QR', async (call) => {
    const requestId = await bench.asksByQr()
    bench.hearsNothingNew(true)
    bench.onItsWay(call, new Promise<void>(() => undefined))
    bench.lay('cbdc')
    await bench.pass(1_000)
    bench.onItsWay(call, undefined)
    await bench.restarts()
    expect(bench.screen().tap).toMatchObject({ state: 'qr', card: null })
    bench.hearsNothingNew(false)
    await bench.pass(2_000)
    if (call !== 'payment') await bench.holds('cbdc')
    expectPaidOnce(requestId)
  })

  it('takes the first card at once for a QR of its own', async () => {
    await bench.restarts()
    const requestId = await bench.asksByQr()
    await bench.holds('cbdc')
    expectPaidOnce(requestId)
  })
})

it('leaves the card nowhere: not in the journal, and on the screen only that one was there', async () => {
  await bench.asksByQr()
  await bench.holds('cbdc')
  const { journalFile, cards, taken } = bench
  expect(taken).toHaveLength(1)
  const pseudonym = cardPseudonym(packageOf(1).cardReferenceKey, cards.cbdc.uid)
  const uid = cards.cbdc.uid.toString('hex')
  const shown = JSON.stringify(bench.screen(), (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  const files = [journalFile, `${journalFile}-wal`].map((file) => readFileSync(file))
  const requestId = taken[0]!.requestId
  expect(files.some((bytes) => bytes.includes(requestId))).toBe(true)
  for (const bytes of [...files, Buffer.from(shown)])
    for (const form of [cards.cbdc.uid, uid, uid.toUpperCase(), pseudonym, pseudonym.toUpperCase()])
      expect(bytes.includes(form)).toBe(false)
})
