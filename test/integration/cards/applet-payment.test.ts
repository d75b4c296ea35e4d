/**
 * Payments by a card that counts itself, through the payment machine (docs/design/22-tolem-applet.md, "One presence at
 * the till"). Method: a virtual card that shares no code with the till; what was debited is read from the card's own
 * log, what the till says it has from its journal. Every fault at every command of a payment, and then the same card
 * again, another one first, none any more, or a restart in between: card and till agree.
 */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { CardFault } from '../../../hardware-mocks/cards/faults.ts'
import { recordLayout } from '../../../src/voucher/cards/tolem-applet/record.ts'
import { everyFault } from './presence.ts'
import { pin, root, script, testCard } from './applet-world.ts'
import {
  amount,
  appletSlot,
  cardName,
  cardPackage,
  certificateOf,
  heldBy,
  paidBy,
  payingCard,
  PayingTill,
} from './paying-applet.ts'
import { itemOf, noon } from '../../unit/sync/world.ts'
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
    expect(await till.tap(card)).toBe('approved')
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

const named = (fault: CardFault): string =>
  fault.kind === 'truncated'
    ? `truncated to ${fault.bytes}`
    : fault.kind === 'mute'
      ? `mute ${fault.isExecuted}`
      : fault.kind

/** Of a payment without PIN: recognition 3, certificate, channel, identity 2, slots, debit 2. */
const commands = 10

describe('every fault at every command of a payment', () => {
  it(`of ${commands} commands`, async () => {
    const till = await PayingTill.start()
    const card = await payingCard()
    // Strikes at no command of it.
    card.faulty.arm({ kind: 'lost-before' }, commands + 1)
    till.pay()
    expect(await till.tap(card)).toBe('approved')
  })

  const cells = Array.from({ length: commands }, (_, index) => index + 1).flatMap((at) =>
    everyFault.map((fault) => [named(fault), at, fault] as const),
  )

  /** A payment torn at that command. */
  async function torn(fault: CardFault, at: number, database = new Database(':memory:')) {
    const till = await PayingTill.start({ database })
    const card = await payingCard()
    card.faulty.arm(fault, at)
    till.pay()
    await till.tap(card)
    card.faulty.disarm()
    return { till, card, database }
  }

  /** However it went: what the till holds as paid is what the card has paid, once, for this sale. */
  const paidOnce = { debits: 1, held: 'what the card has paid', paid: 1, open: [] }

  function standing(till: PayingTill, card: Awaited<ReturnType<typeof payingCard>>) {
    const states = till.journal.tendersOfSale(till.sale.saleId).map(({ state }) => state)
    const isSame = heldBy(till).join(' ') === paidBy(card).join(' ')
    return {
      debits: paidBy(card).length,
      held: isSame ? paidOnce.held : heldBy(till),
      // A till that a card does not take asks the ledger for a newer package, and has the network again by that.
      paid: states.filter((state) => state === 'pending' || state === 'settled').length,
      open: states.filter((state) => !['pending', 'settled', 'voided', 'refused'].includes(state)),
    }
  }

  /** Held again until it is approved, as a cashier does. */
  async function heldAgain(till: PayingTill, card: Awaited<ReturnType<typeof payingCard>>): Promise<void> {
    for (let taps = 0; till.state !== 'approved' && taps < 3; taps += 1) {
      if (till.state === 'refused' || till.state === 'idle') till.pay()
      await till.tap(card)
    }
    expect(till.state).toBe('approved')
  }

  it.each(cells)('%s at command %i, and the same card again', async (_name, at, fault) => {
    const { till, card } = await torn(fault, at)
    await heldAgain(till, card)
    expect(standing(till, card)).toEqual(paidOnce)
  })

  it.each(cells)('%s at command %i, another card, and then the same', async (_name, at, fault) => {
    const { till, card } = await torn(fault, at)
    if (till.state === 'torn') {
      const stranger = testCard(blankApplet({ uid: null, cardKind: 1 }), 'another')
      expect(await till.tap(stranger)).toBe('torn')
      expect(paidBy(stranger)).toEqual([])
    }
    await heldAgain(till, card)
    expect(standing(till, card)).toEqual(paidOnce)
  })

  it.each(cells)('%s at command %i, and the card never comes back', async (_name, at, fault) => {
    const { till, card } = await torn(fault, at)
    const wasTorn = till.state === 'torn'
    expect(till.journal.tendersInState('torn')).toEqual([])
    expect(till.journal.tendersInState('maybe_debited')).toHaveLength(wasTorn ? 1 : 0)
    till.cancel()
    const tenders = till.journal.tendersOfSale(till.sale.saleId)
    if (!wasTorn) {
      // It had paid, or there is no tender of which anybody could ask.
      expect(heldBy(till)).toEqual(paidBy(card))
      return
    }
    expect(tenders.map(({ state }) => state)).toEqual(['advised'])
    expect(till.rows('tender_voided')).toEqual([])
    const [waiting] = till.journal.waitingItems(9)
    if (waiting === undefined || !('item' in waiting) || waiting.item.kind !== 'presentment')
      throw new Error('no advice')
    const { cardProof } = waiting.item.evidence
    if (cardProof.profile !== 'tolem-applet') throw new Error(cardProof.profile)
    const expected = Buffer.from(cardProof.record, 'base64url').toString('hex').toUpperCase()
    expect(expected).toHaveLength(2 * 284)
    // What it would have signed is what it signed, if it did.
    for (const record of paidBy(card)) expect(record.slice(0, expected.length)).toBe(expected)
    till.journal.commit({ kind: 'item_answered', item: itemOf(tenders[0]!.tenderId, 'awaiting_proof'), by: 'batch' })
    expect(till.journal.tender(tenders[0]!.tenderId)?.state).toBe('advised')
    expect(till.journal.waitingItems(9)).toEqual([])
  })

  it.each(cells)('%s at command %i, a restart, and the same card again', async (_name, at, fault) => {
    const { till: before, card, database } = await torn(fault, at)
    before.stop()
    const till = await PayingTill.start({ database })
    if (before.state === 'torn') expect(till.state).toBe('torn')
    if (before.state !== 'approved') await heldAgain(till, card)
    expect(standing(till, card)).toEqual(paidOnce)
  })
})

describe('a PIN whose answer was lost', () => {
  const verify = 9

  it.each(everyFault.map((fault) => [named(fault), fault] as const))(
    'by %s is not sent again: it is asked for anew, and the card pays once',
    async (_name, fault) => {
      const till = await PayingTill.start({ amount: 115_000n })
      const card = await payingCard()
      card.faulty.arm(fault, verify)
      till.pay()
      await till.tap(card)
      expect(await till.givePin('9999')).not.toBe('approved')
      card.faulty.disarm()
      for (let taps = 0; till.state !== 'askingPin' && taps < 2; taps += 1) await till.tap(card)
      // One try at most is gone, for the one PIN that was typed.
      expect([4, 5]).toContain(till.context.pinTriesLeft)
      expect(await till.givePin(pin)).toBe('approved')
      expect(heldBy(till)).toEqual(paidBy(card))
      expect(paidBy(card)).toHaveLength(1)
    },
  )
})

describe('a script that is torn', () => {
  const cells = [9, 10].flatMap((at) => everyFault.map((fault) => [named(fault), at, fault] as const))

  it.each(cells)('by %s at command %i is applied once', async (_name, at, fault) => {
    const till = await PayingTill.start({ online: true })
    const bytes = script(2, [{ kind: 'load-slot', slot: appletSlot({ amountLeft: 50_000n, countLeft: 1 }) }])
    till.sync.ledger.on('/v1/terminal/card-scripts', (body) => {
      const { scriptCounter } = body as { scriptCounter: number }
      const next = { kind: 'script', script: Buffer.from(bytes).toString('base64url') }
      return { answer: scriptCounter === 1 ? next : { kind: 'none' } }
    })
    const card = await payingCard({ amountLeft: 40_000n })
    card.faulty.arm(fault, at)
    till.pay()
    await till.tap(card)
    card.faulty.disarm()
    for (let taps = 0; till.state !== 'approved' && taps < 2; taps += 1) await till.tap(card)
    expect(till.context.amount).toBe('90000')
    expect(paidBy(card)).toHaveLength(1)
    till.nextSale('nothing is left')
    till.pay()
    expect(await till.tap(card)).toBe('refused')
    expect(till.context.code).toBe('ALLOWANCE_USED')
  })
})

describe('a till that is killed', () => {
  /** The power goes with this row: before it is on the disk, or right after. */
  async function killedAt(kind: string, isWritten: boolean) {
    const database = new Database(':memory:')
    const before = await PayingTill.start({ database })
    const card = await payingCard()
    const { journal } = before
    const real = journal.commit.bind(journal)
    journal.commit = (...rows) => {
      const isLast = rows.some((row) => row.kind === kind)
      if (!isLast || isWritten) real(...rows)
      if (isLast) throw new Error('killed')
      return []
    }
    before.pay()
    await expect(before.tap(card)).rejects.toThrow('killed')
    before.stop()
    const till = await PayingTill.start({ database })
    return { till, card }
  }

  it('before the intent row: nothing happened', async () => {
    const { till, card } = await killedAt('tender_intent', false)
    expect(till.state).toBe('idle')
    expect(till.journal.openSales()).toEqual([])
    expect(paidBy(card)).toEqual([])
  })

  it('after it, before SPEND: the card says that it has not paid, and then it pays', async () => {
    const { till, card } = await killedAt('tender_intent', true)
    expect(till.state).toBe('torn')
    expect(paidBy(card)).toEqual([])
    expect(await till.tap(card)).toBe('approved')
    expect(till.rows('tender_not_debited')).toHaveLength(1)
    expect(heldBy(till)).toEqual(paidBy(card))
    expect(paidBy(card)).toHaveLength(1)
  })

  it('after SPEND, before the outcome row: the card gives its record, and is not debited again', async () => {
    const { till, card } = await killedAt('approved_by_card', false)
    expect(till.state).toBe('torn')
    expect(heldBy(till)).toEqual([])
    expect(await till.tap(card)).toBe('approved')
    expect(heldBy(till)).toEqual(paidBy(card))
    expect(paidBy(card)).toHaveLength(1)
    expect(till.journal.waitingItems(9)).toHaveLength(1)
  })

  it('after the outcome row: presented once, under the tender’s id', async () => {
    const { till, card } = await killedAt('approved_by_card', true)
    expect(till.journal.tendersInState('maybe_debited')).toEqual([])
    expect(heldBy(till)).toEqual(paidBy(card))
    expect(paidBy(card)).toHaveLength(1)
    // By the first round of the till that came up again.
    expect(till.rows('item_answered')).toHaveLength(1)
    expect(till.journal.tendersOfSale(till.sale.saleId)).toMatchObject([{ state: 'settled' }])
  })
})
