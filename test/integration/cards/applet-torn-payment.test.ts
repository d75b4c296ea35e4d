/**
 * Payments by a card that counts itself, torn (docs/design/26-card-at-the-till.md). Method: every fault at every
 * command of a payment, of a PIN and of a script, and then the same card again, another one first, none any more, or
 * a restart in between; a till that is killed at each row. Card's own log and journal agree.
 */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import type { CardFault } from '../../../hardware-mocks/cards/faults.ts'
import { everyFault } from './presence.ts'
import { pin, script, testCard } from './applet-world.ts'
import { appletSlot, heldBy, paidBy, payingCard, PayingTill } from './paying-applet.ts'
import { itemOf } from '../../unit/sync/world.ts'
import { blankApplet } from '../../../hardware-mocks/cards/applet-state.ts'

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
