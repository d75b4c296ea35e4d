/**
 * Payments by a card that counts itself, through the payment machine (docs/design/22-tolem-applet.md, "One presence at
 * the till"). Method: a virtual card that shares no code with the till; what was debited is read from the card's own
 * log, what the till says it has from its journal.
 */
import { describe, expect, it } from 'vitest'
import { recordLayout } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { pin, root, testCard } from './applet-world.ts'
import {
  amount,
  cardName,
  cardPackage,
  certificateOf,
  heldBy,
  paidBy,
  payingCard,
  PayingTill,
} from './paying-applet.ts'
import { noon } from '../../unit/sync/world.ts'
import { blankApplet } from '../../../hardware-mocks/cards/applet-state.ts'

describe('a sale', () => {
  it('without network: the card has paid, and its record waits for the ledger', async () => {
    const till = await PayingTill.start()
    const card = await payingCard()
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    expect(till.context).toMatchObject({ look: 'pending', amount: amount.toString() })
    expect(heldBy(till)).toEqual(paidBy(card))
    expect(paidBy(card)).toHaveLength(1)
    expect(till.journal.waitingItems(9)).toMatchObject([{ item: { kind: 'presentment' } }])
    const [waiting] = till.journal.waitingItems(9)
    expect(waiting !== undefined && 'item' in waiting && 'leaseId' in waiting.item).toBe(false)
    expect(till.journal.tender(till.context.tenderId!)).toMatchObject({
      state: 'pending',
      card: cardName,
      leaseId: null,
    })
    expect(till.sync.ledger.heard).toEqual([])
  })

  it('with network: presented at once, never authorised', async () => {
    const till = await PayingTill.start({ online: true })
    const card = await payingCard()
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    expect(till.context.look).toBe('settled')
    expect(till.sync.ledger.heard.map(({ path }) => path)).toEqual([
      '/v1/terminal/card-scripts',
      '/v1/terminal/batches',
    ])
    expect(till.journal.waitingItems(9)).toEqual([])
    const [record] = paidBy(card)
    expect(recordLayout.decode(Buffer.from(record!, 'hex').subarray(0, 284))?.mode).toBe(1)
  })

  it('whose presentment nobody answers is approved all the same, and goes up later', async () => {
    const till = await PayingTill.start({ online: true })
    till.sync.ledger.on('/v1/terminal/batches', () => ({ instead: { kind: 'no_answer', detail: 'lost' } }))
    const card = await payingCard()
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    expect(till.context.look).toBe('pending')
    expect(till.journal.waitingItems(9)).toHaveLength(1)
  })

  it('of more than the PIN is for asks for it, and the record says that the holder agreed', async () => {
    const till = await PayingTill.start({ amount: 115_000n })
    const card = await payingCard()
    till.pay()
    expect(await till.tap(card)).toBe('askingPin')
    expect(till.context).toMatchObject({ amount: '115000', schemeId: 'school-lunch', pinTriesLeft: 5, tenderId: null })
    expect(till.rows('tender_intent')).toEqual([])
    expect(await till.givePin('9999')).toBe('askingPin')
    expect(till.context).toMatchObject({ hint: 'pin_wrong', pinTriesLeft: 4 })
    expect(await till.givePin(pin)).toBe('approved')
    const [record] = paidBy(card)
    expect(recordLayout.decode(Buffer.from(record!, 'hex').subarray(0, 284))?.flags).toBe(1)
    expect(
      JSON.stringify(
        [...till.journal.rows()].map(({ row }) => row),
        bigints,
      ),
    ).not.toMatch(new RegExp(`"(${pin}|9999)"`))
  })

  it('whose card is lifted while its PIN is asked goes on when it is back', async () => {
    const till = await PayingTill.start({ amount: 115_000n })
    const card = await payingCard()
    till.pay()
    await till.tap(card)
    till.bench.reader.pull()
    // Typed into the air: the card has to be there to hear it, and it costs no try.
    expect(await till.givePin(pin)).toBe('awaitingCard')
    expect(await till.tap(card)).toBe('askingPin')
    expect(till.context.pinTriesLeft).toBe(5)
    expect(await till.tap(card)).toBe('askingPin')
    expect(await till.givePin(pin)).toBe('approved')
  })

  it('is refused when the PIN is blocked, by the fifth wrong one and from then on', async () => {
    const till = await PayingTill.start({ amount: 115_000n })
    const card = await payingCard()
    till.pay()
    await till.tap(card)
    for (const left of [4, 3, 2, 1]) {
      expect(await till.givePin('0000')).toBe('askingPin')
      expect(till.context.pinTriesLeft).toBe(left)
    }
    expect(await till.givePin('0000')).toBe('refused')
    expect(till.context.code).toBe('CARD_PIN_BLOCKED')
    expect(await till.tap(card)).toBe('refused')
    expect(till.context.code).toBe('CARD_PIN_BLOCKED')
    expect(paidBy(card)).toEqual([])
    expect(till.rows('tender_intent')).toEqual([])
  })

  it('takes what is left on the card, and then finds it used', async () => {
    const till = await PayingTill.start()
    const card = await payingCard({ amountLeft: 100_000n })
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    till.nextSale('second')
    till.pay()
    expect(await till.tap(card)).toBe('collectingRest')
    expect(till.context).toMatchObject({ amount: '10000', rest: '80000' })
    expect(await till.leaveRest()).toBe('approved')
    expect(till.context.amount).toBe('10000')
    till.nextSale('third')
    till.pay()
    expect(await till.tap(card)).toBe('refused')
    expect(till.context.code).toBe('ALLOWANCE_USED')
    expect(heldBy(till)).toEqual(paidBy(card))
  })

  it.each([
    [
      'a slot of another period',
      { validFrom: noon - 100 * 3_600_000, validUntil: noon - 90 * 3_600_000 },
      'ALLOWANCE_NOT_ON_CARD',
    ],
    ['a cap of its own', { maxPerSpend: 0n }, 'CAP_PER_SALE'],
    ['no uses left', { countLeft: 0 }, 'CAP_COUNT_PER_BENEFICIARY'],
  ] as const)('is refused of a card with %s', async (_what, of, code) => {
    const till = await PayingTill.start()
    const card = await payingCard(of)
    till.pay()
    expect(await till.tap(card)).toBe('refused')
    expect(till.context.code).toBe(code)
    expect(paidBy(card)).toEqual([])
  })

  it.each([
    ['no root of its issuer', { rootKeys: [Buffer.alloc(64, 7).toString('base64url')] }, 'CARD_PROOF_FORGED'],
    ['no certificate', { terminalCertificate: null }, 'TERMINAL_NOT_ACCEPTED'],
    [
      'a certificate that is over',
      { terminalCertificate: certificateOf(undefined, { notAfter: noon - 1 }) },
      'TERMINAL_NOT_ACCEPTED',
    ],
  ] as const)('is refused at a till with %s', async (_what, cards, code) => {
    const rootKeys = [Buffer.from(root.publicKey).toString('base64url')]
    const active = cardPackage({
      cards: {
        terminalCertificate: certificateOf(),
        ...cards,
        rootKeys: [...('rootKeys' in cards ? cards.rootKeys : rootKeys)],
      },
    })
    const till = await PayingTill.start({ active })
    const card = await payingCard()
    till.pay()
    expect(await till.tap(card)).toBe('refused')
    expect(till.context.code).toBe(code)
    expect(paidBy(card)).toEqual([])
  })

  it('is refused of a card on the hotlist, and at a till that takes no such cards', async () => {
    const card = await payingCard()
    const prefix = Buffer.from(cardName, 'hex').subarray(0, 7).toString('base64url')
    const hotlist = { version: 2, issuedAt: noon, prefixBytes: 7, cards: prefix }
    const { cards: _none, ...without } = cardPackage()
    for (const [active, code] of [
      [cardPackage({ hotlist }), 'CARD_BLOCKED'],
      [without, 'CARD_UNKNOWN'],
    ] as const) {
      const till = await PayingTill.start({ active })
      till.pay()
      expect(await till.tap(card)).toBe('refused')
      expect(till.context.code).toBe(code)
      till.stop()
    }
    expect(paidBy(card)).toEqual([])
  })

  it('is refused at a till that the ledger has suspended: it is not asked before the card pays', async () => {
    const till = await PayingTill.start()
    till.sync.engine.tapAsked({ kind: 'problem', code: 'terminal_suspended', detail: '' })
    const card = await payingCard()
    till.pay()
    expect(await till.tap(card)).toBe('refused')
    expect(till.context.code).toBe('TERMINAL_SUSPENDED')
  })

  it('a card that was not personalised takes no till', async () => {
    const till = await PayingTill.start()
    till.pay()
    expect(await till.tap(testCard(blankApplet({ uid: null, cardKind: 1 })))).toBe('refused')
    expect(till.context.code).toBe('TERMINAL_NOT_ACCEPTED')
  })
})

const bigints = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
