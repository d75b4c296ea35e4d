/**
 * What is to be settled with a card that counts itself beside the payment that it lies there for: what its issuer has
 * to say to it, and payments that were given up while nobody knew whether it had paid. Method as in
 * applet-payment.test.ts.
 */
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { tiyn } from '../../../src/voucher/money.ts'
import { itemOf, noon } from '../../unit/sync/world.ts'
import { pin, script } from './applet-world.ts'
import {
  amount,
  appletSlot,
  cardName,
  cardPackage,
  cardScheme,
  heldBy,
  paidBy,
  payingCard,
  PayingTill,
} from './paying-applet.ts'

/** The ledger has these for the card, by the counter that the card says. */
function hasScripts(till: PayingTill, scripts: Readonly<Record<number, Uint8Array>>): void {
  till.sync.ledger.on('/v1/terminal/card-scripts', (body) => {
    const next = scripts[(body as { readonly scriptCounter: number }).scriptCounter]
    return {
      answer:
        next === undefined ? { kind: 'none' } : { kind: 'script', script: Buffer.from(next).toString('base64url') },
    }
  })
}

/** From now on the disk has no room for rows of a kind, until what is returned is called. */
function fullFor({ journal }: PayingTill, kind: string): () => void {
  const commit = journal.commit.bind(journal)
  journal.commit = (...rows) => {
    if (rows.some((row) => row.kind === kind)) throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL')
    return commit(...rows)
  }
  return () => void (journal.commit = commit)
}

describe('what its issuer has to say', () => {
  const more = () => script(2, [{ kind: 'load-slot', slot: appletSlot({ amountLeft: 50_000n, countLeft: 1 }) }])

  it('is carried to the card before it pays, and the receipt goes to the ledger', async () => {
    const till = await PayingTill.start({ online: true })
    hasScripts(till, { 1: more() })
    const card = await payingCard({ amountLeft: 40_000n })
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    // 400 ₸ that it had and 500 ₸ that came.
    expect(till.context.amount).toBe('90000')
    expect(till.sync.ledger.bodies('/v1/terminal/card-scripts')).toEqual(
      [1, 2].map((scriptCounter) => ({ card: cardName, scriptCounter })),
    )
    expect(till.sync.ledger.bodies('/v1/terminal/card-receipts')).toMatchObject([{ card: cardName }])
  })

  it('is carried to its end in one presence: a card that was blocked after its load pays nothing', async () => {
    const till = await PayingTill.start({ online: true })
    hasScripts(till, { 1: more(), 2: script(3, [{ kind: 'block' }]) })
    const card = await payingCard({ amountLeft: 40_000n })
    till.pay()
    expect(await till.tap(card)).toBe('refused')
    expect(till.context.code).toBe('CARD_BLOCKED')
    expect(paidBy(card)).toEqual([])
  })

  it.each([
    ['does not come', { instead: { kind: 'no_answer', detail: 'lost' } }],
    ['is none of this card', { answer: { kind: 'script', script: Buffer.alloc(150, 1).toString('base64url') } }],
    ['is refused', { answer: { kind: 'refused', code: 'CARD_UNKNOWN' } }],
  ] as const)('changes nothing when it %s', async (_what, act) => {
    const till = await PayingTill.start({ online: true })
    till.sync.ledger.on('/v1/terminal/card-scripts', () => act)
    const card = await payingCard()
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    expect(heldBy(till)).toEqual(paidBy(card))
    expect(till.sync.ledger.bodies('/v1/terminal/card-receipts')).toEqual([])
  })
})

describe('a payment that was given up', () => {
  /** Torn after the debit, and the payment ended; the sale is still on the screen. */
  async function tornAndCancelled() {
    const till = await PayingTill.start()
    const card = await payingCard()
    card.faulty.arm({ kind: 'answer-lost' }, 9)
    till.pay()
    expect(await till.tap(card)).toBe('torn')
    const { tenderId } = till.context
    till.sync.ledger.on('/v1/terminal/batches', () => ({ instead: { kind: 'no_answer', detail: 'lost' } }))
    till.cancel()
    expect(till.journal.tender(tenderId!)?.state).toBe('advised')
    return { till, card, tenderId: tenderId! }
  }

  /** Torn after the debit, and the cashier goes on without it. */
  async function givenUp(of: { readonly isDebited: boolean }) {
    const till = await PayingTill.start()
    const card = await payingCard()
    card.faulty.arm(of.isDebited ? { kind: 'answer-lost' } : { kind: 'lost-before' }, 9)
    till.pay()
    expect(await till.tap(card)).toBe('torn')
    const { tenderId } = till.context
    till.sync.ledger.on('/v1/terminal/batches', () => ({ instead: { kind: 'no_answer', detail: 'lost' } }))
    till.cancel()
    till.journal.commit({ kind: 'sale_cancelled', saleId: till.sale.saleId })
    till.nextSale('the next')
    return { till, card, tenderId: tenderId! }
  }

  it('is settled by the card’s next tap: its record goes up, and then back', async () => {
    const { till, card, tenderId } = await givenUp({ isDebited: true })
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    expect(till.journal.tender(tenderId)?.state).toBe('reversing')
    const items = till.journal.waitingItems(9).flatMap((waiting) => ('item' in waiting ? [waiting.item] : []))
    expect(items.map((item) => [item.kind, 'tenderId' in item ? item.tenderId : ''])).toEqual([
      ['presentment', ''],
      ['reversal', tenderId],
      ['presentment', ''],
    ])
    expect(heldBy(till)).toEqual(paidBy(card))
  })

  it('that the card has not paid is disowned', async () => {
    const { till, card, tenderId } = await givenUp({ isDebited: false })
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    expect(till.journal.tender(tenderId)?.state).toBe('reversing')
    expect(heldBy(till)).toEqual(paidBy(card))
  })

  it('by the card that is held again for the same sale: it has paid, and the sale is approved', async () => {
    const { till, card, tenderId } = await tornAndCancelled()
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    expect(till.context).toMatchObject({ tenderId, look: 'pending', amount: amount.toString() })
    expect(till.journal.tendersOfSale(till.sale.saleId)).toMatchObject([{ tenderId, state: 'pending' }])
    expect(heldBy(till)).toEqual(paidBy(card))
    expect(paidBy(card)).toHaveLength(1)
  })

  it('goes back where something else may have paid the sale meanwhile', async () => {
    const { till, card, tenderId } = await tornAndCancelled()
    const qr = '01975e4c-2f00-7000-8000-00000000aaaa'
    const { saleId } = till.sale
    till.journal.commit({
      kind: 'payment_requested',
      saleId,
      terms: {
        tenderId: qr,
        amount,
        payeeAccount: 'merchant.canteen-1',
        saleHash: 'a'.repeat(64),
        expiresAt: noon + 300_000,
      },
    })
    till.journal.commit({ kind: 'payment_request_open', tenderId: qr })
    till.nextSale('the next')
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    expect(till.journal.tender(tenderId)?.state).toBe('reversing')
    expect(heldBy(till)).toEqual(paidBy(card))
  })

  it('goes back where another card has paid for the same goods meanwhile, though the sum would have room', async () => {
    const till = await PayingTill.start()
    const card = await payingCard()
    const [lunch] = till.sale.lines
    const juice = { ...lunch!, line: 2, itemId: 'juice', category: 'drinks', unitPrice: tiyn(2n * amount) }
    till.sale = { ...till.sale, lines: [lunch!, juice] }
    // Its slots are read once more, and then it is debited.
    card.faulty.arm({ kind: 'answer-lost' }, 10)
    till.pay()
    expect(await till.tap(card)).toBe('collectingRest')
    expect(await till.leaveRest()).toBe('torn')
    const { tenderId } = till.context
    till.sync.ledger.on('/v1/terminal/batches', () => ({ instead: { kind: 'no_answer', detail: 'lost' } }))
    till.cancel()
    const { row: intent } = till.journal.intentOf(tenderId!)
    const other = '01975e4c-2f00-7000-8000-00000000bbbb'
    till.journal.commit({ ...intent, terms: { ...intent.terms, tenderId: other } })
    till.journal.commit({ kind: 'item_answered', item: itemOf(other, 'settled'), by: 'status_feed' })
    till.nextSale('the next')
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    expect(till.journal.tender(tenderId!)?.state).toBe('reversing')
    expect(heldBy(till)).toEqual(paidBy(card))
  })

  it('is not settled on a full disk, and is when there is room again', async () => {
    const { till, card, tenderId } = await givenUp({ isDebited: true })
    const makesRoom = fullFor(till, 'approved_by_card')
    till.pay()
    expect(await till.tap(card)).toBe('refused')
    expect(till.context.code).toBe('JOURNAL_NOT_WRITABLE')
    expect(till.journal.tender(tenderId)?.state).toBe('advised')
    makesRoom()
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    expect(till.journal.tender(tenderId)?.state).toBe('reversing')
    expect(heldBy(till)).toEqual(paidBy(card))
  })

  it('is no tender of a sale when the ledger finds that nobody pays it', async () => {
    const { till, tenderId } = await givenUp({ isDebited: true })
    const item = itemOf(tenderId, 'not_paid')
    till.sync.ledger.on('/v1/terminal/batches', ({ items }) => ({ answer: { results: items.map(() => item) } }))
    void till.sync.engine.syncNow()
    await till.sync.scheduler.advance(1_000)
    expect(till.journal.tender(tenderId)?.state).toBe('reversing')
    expect(till.rows('reversal_requested')).toMatchObject([{ tenderId, reason: 'interrupted' }])
  })

  it('is voided where the card was lifted before the debit was sent: it cannot have paid', async () => {
    const till = await PayingTill.start({ amount: 115_000n })
    const card = await payingCard()
    const real = till.journal.commit.bind(till.journal)
    till.journal.commit = (...rows) => {
      const written = real(...rows)
      if (rows.some((row) => row.kind === 'tender_intent')) till.bench.reader.pull()
      return written
    }
    till.pay()
    await till.tap(card)
    expect(await till.givePin(pin)).toBe('torn')
    const { tenderId } = till.context
    expect(till.journal.tender(tenderId!)?.state).toBe('torn')
    till.cancel()
    expect(till.journal.tender(tenderId!)?.state).toBe('voided')
    expect(till.journal.waitingItems(9)).toEqual([])
    expect(paidBy(card)).toEqual([])
  })

  it.each([
    ['the status feed', 'status_feed'],
    ['the batch', 'batch'],
  ] as const)('and that the ledger finds paid, by %s, goes back', async (_name, by) => {
    const { till, tenderId } = await givenUp({ isDebited: true })
    const { ledger, engine, scheduler } = till.sync
    const item = itemOf(tenderId, 'settled')
    if (by === 'batch')
      ledger.on('/v1/terminal/batches', ({ items }) => ({ answer: { results: items.map(() => item) } }))
    else {
      ledger.on('/v1/terminal/batches', ({ items }) => ({
        answer: { results: items.map(() => itemOf(tenderId, 'awaiting_proof')) },
      }))
      ledger.on('/v1/terminal/events', ({ after }) => ({
        answer:
          after > 0
            ? { events: [], cursor: after }
            : { events: [{ cursor: 1, at: noon, event: { kind: 'item', item } }], cursor: 1 },
      }))
    }
    void engine.syncNow()
    await scheduler.advance(1_000)
    expect(['reversing', 'reversed']).toContain(till.journal.tender(tenderId)?.state)
    expect(till.rows('reversal_requested')).toMatchObject([{ tenderId, reason: 'interrupted' }])
  })
})

describe('with network', () => {
  it('a ledger’s answer that a full disk does not take leaves the sale approved, and comes again', async () => {
    const till = await PayingTill.start({ online: true })
    const makesRoom = fullFor(till, 'item_answered')
    const card = await payingCard()
    till.pay()
    expect(await till.tap(card)).toBe('approved')
    expect(till.context.look).toBe('pending')
    expect(till.journal.waitingItems(9)).toHaveLength(1)
    makesRoom()
    void till.sync.engine.syncNow()
    await till.sync.scheduler.advance(1_000)
    expect(till.journal.waitingItems(9)).toEqual([])
    expect(till.journal.tender(till.context.tenderId!)?.state).toBe('settled')
  })

  it('nothing is paid that the rules without it would not allow: the network may go after the debit', async () => {
    const { caps } = cardScheme
    const scheme = { ...cardScheme, caps: { ...caps, terminalExposure: tiyn(amount - 1n) } }
    const till = await PayingTill.start({ online: true, active: cardPackage({ schemes: [scheme] }) })
    const card = await payingCard()
    till.pay()
    expect(await till.tap(card)).toBe('collectingRest')
    expect(till.context.rest).toBe('1')
    expect(await till.leaveRest()).toBe('approved')
    expect(till.context.amount).toBe(String(amount - 1n))
    expect(paidBy(card)).toHaveLength(1)
  })
})
