/**
 * A till whose keys are in hostile hands, with cards that help it, beside an honest till of the same canteen. Method:
 * the attacks of the list in an order made of a seed, on the ledger as it is. Each must end as the table "Who pays for
 * a presented sale" says (money-rules.md). The simulator's auditor, which reads the ledger's file and shares nothing
 * with the ledger, must find nothing: no slot oversold, no escrow below zero, nothing paid without a card that signed
 * it, every sale of the honest till paid. Prints its seed; `SEED=` replays.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inTransaction } from '../../ledger-sim/context.ts'
import { setCardStatus } from '../../ledger-sim/schemes/cards.ts'
import { termsHashOf } from '../../src/sync/protocol/canonical.ts'
import { tiyn } from '../../src/voucher/money.ts'
import type { ItemResult } from '../../src/sync/protocol/messages.ts'
import {
  demoLedger,
  temporaryFolder,
  type Decided,
  type DemoLedger,
  type TestCard,
  type TestTill,
} from '../integration/ledger/demo-ledger.ts'
import { readCard } from '../integration/ledger/sun-message.ts'
import { audit } from './auditor.ts'
import { SeededRandom } from './random.ts'

const seed = process.env['SEED'] ?? '1'
const folder = temporaryFolder()
const ledgerFile = join(folder.path, 'ledger.sqlite')
const random = new SeededRandom(`hostile/${seed}`)
const bindings = new Set<string>()
const hostileTenders = new Set<string>()
const honestSales: Decided[] = []
let demo: DemoLedger
let hostile: TestTill
let honest: TestTill

beforeAll(async () => {
  process.stdout.write(`hostile till: SEED=${seed}\n`)
  demo = await demoLedger({ path: ledgerFile, seed })
  hostile = await demo.till('till-1')
  honest = await demo.till('till-2')
  await hostile.fetch()
  await honest.fetch()
})
afterAll(async () => {
  await demo.close()
  folder.remove()
})

const pupils = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `Pupil ${String(first + index).padStart(2, '0')}`)
/** Their slots are leased to the hostile till: one for each attack, and one more for the fork. */
const leased = inAnyOrder(pupils(1, 20))
/** Leased to nobody: the honest till sells to them on line. */
const free = inAnyOrder(pupils(21, 29))

/** What the card said itself counts as its word, whoever holds it. */
function proved(decided: Decided): Decided {
  bindings.add(termsHashOf(decided.terms).toUpperCase())
  return decided
}

function sold(card: TestCard): Decided {
  const decided = proved(hostile.decide({ card }))
  hostileTenders.add(decided.terms.tenderId)
  return decided
}

/** The same evidence, signed anew for other terms; the card helps and signs them too, or does not. */
function withTerms(decided: Decided, changed: Partial<Decided['terms']>, card: TestCard | undefined): Decided {
  const terms = { ...decided.terms, tenderId: hostile.id(), ...changed }
  hostileTenders.add(terms.tenderId)
  const { record, cardProof } = decided.evidence
  if (cardProof.profile !== 'ntag424') throw new Error('another card')
  const sun = card === undefined ? cardProof.sun : readCard(card, termsHashOf(terms))
  const forged = { ...decided, terms, evidence: hostile.evidence(record, terms, sun) }
  return card === undefined ? forged : proved(forged)
}

const attacks: Readonly<Record<string, (card: TestCard) => Promise<void>>> = {
  'sells a slot twice': async (card) => {
    const [first, second] = [sold(card), sold(card)]
    expect(await hostile.present(first)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await hostile.present(second)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
  },
  'asks for more than the rules decided, and the card helps': async (card) => {
    const decided = sold(card)
    const more = withTerms(decided, { amount: tiyn(decided.terms.amount + 5_000n) }, card)
    expectForged(await hostile.present(more))
  },
  'asks for the money on another account': async (card) => {
    const decided = sold(card)
    expectForged(await hostile.present(withTerms(decided, { payeeAccount: 'almaly-education' }, card)))
  },
  'invents a card proof': async (card) => {
    const stranger = { ...card, fileReadKey: random.bytes(16) }
    const decided = sold(card)
    const { record } = decided.evidence
    const sun = readCard(stranger, termsHashOf(decided.terms), card.counter + 1)
    bindings.delete(termsHashOf(decided.terms).toUpperCase())
    expectForged(await hostile.present({ ...decided, evidence: hostile.evidence(record, decided.terms, sun) }))
  },
  'lets a card repeat what it said for a paid sale': async (card) => {
    const decided = sold(card)
    expect((await hostile.present(decided)).state).toBe('settled')
    expectForged(await hostile.present(withTerms(decided, {}, undefined)))
  },
  'takes a card with the number of another and keys of its own': async (card) => {
    const clone: TestCard = { ...card, fileReadKey: random.bytes(16), metaReadKey: random.bytes(16) }
    const decided = hostile.decide({ card: clone })
    hostileTenders.add(decided.terms.tenderId)
    expectForged(await hostile.present(decided))
  },
  'sells from the slot of another pupil': async (card) => {
    const [other] = leased
    const slot = other === undefined ? undefined : hostile.leased(demo.card(other))?.slot
    if (slot === undefined) throw new Error('no slot left')
    const decided = sold(card)
    expectForged(await hostile.present(withTerms(decided, { payerSlot: slot.slotId }, card)))
  },
  'hands over a sale of the honest till as its own': async () => {
    const sale = await honestSale()
    const again = await hostile.present(sale)
    expect(again.state).not.toBe('settled')
    expectForged(await hostile.present(withTerms(sale, {}, undefined)))
  },
  'disowns a sale of the honest till': async () => {
    const sale = await honestSale()
    expect((await hostile.reverse(sale.terms.tenderId)).state).not.toBe('reversed')
    expect((await honest.inquire(sale.terms.tenderId))?.state).toBe('settled')
  },
  'dates a sale back to before its card was blocked: one slot is paid, as escrow was for': async (card) => {
    await inTransaction(demo.ports, async (work) => void (await setCardStatus(work, card.pseudonym, 'blocked')))
    const { now } = demo.clock
    demo.clock.now -= 60_000
    const [decided, another] = [sold(card), sold(card)]
    demo.clock.now = now
    expect(await hostile.present(decided)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await hostile.present(another)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
  },
  'takes one lunch back under two ids': async (card) => {
    const { terms } = await paidSale(card)
    const lines = [{ line: 1, amount: terms.amount }]
    const [first, second] = await hostile.batch(
      hostile.refund(terms.tenderId, lines),
      hostile.refund(terms.tenderId, lines),
    )
    expect(first).toMatchObject({ state: 'done', amount: terms.amount })
    expect(second).toMatchObject({ state: 'refused', refusal: 'REFUND_ABOVE_ORIGINAL', amount: 0n })
  },
  'takes more back than a line was worth, by lines that there were not': async (card) => {
    const { terms } = await paidSale(card)
    const lines = [
      { line: 1, amount: tiyn(1n) },
      { line: 7, amount: tiyn(terms.amount - 1n) },
    ]
    const [result] = await hostile.batch(hostile.refund(terms.tenderId, lines))
    expect(result).toMatchObject({ state: 'refused', refusal: 'REFUND_ABOVE_ORIGINAL', amount: 0n })
  },
  'takes back what was never sold': async () => {
    const [result] = await hostile.batch(hostile.refund(hostile.id(), [{ line: 1, amount: tiyn(1n) }]))
    expect(result).toMatchObject({ state: 'refused', refusal: 'REFUND_ORIGINAL_UNKNOWN', amount: 0n })
  },
  'disowns a lunch whose value it has given back': async (card) => {
    const { terms } = await paidSale(card)
    await hostile.batch(hostile.refund(terms.tenderId, [{ line: 1, amount: terms.amount }]))
    await hostile.reverse(terms.tenderId)
  },
  'shows two rows at one place of its journal': async (card) => {
    const position = hostile.position()
    expect((await hostile.present(sold(card), position)).state).toBe('settled')
    const fork = { ...position, hash: 'f'.repeat(64) }
    expect(await hostile.present(sold(nextOf(leased)), fork)).toMatchObject({ state: 'not_paid', loss: 'CHAIN_BROKEN' })
  },
}

async function paidSale(card: TestCard): Promise<Decided> {
  const decided = sold(card)
  expect(await hostile.present(decided)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  return decided
}

const order = inAnyOrder(Object.keys(attacks))

describe(`a hostile till, SEED=${seed}`, () => {
  test.each(order)('%s', async (name) => {
    const attack = attacks[name]
    expect(attack).toBeDefined()
    await attack?.(nextOf(leased))
    if (free.length > 3) await honestSale()
  })

  test('took nothing that was not a slot’s, and the honest till is paid in full', () => {
    expect(honestSales.length).toBeGreaterThan(5)
    const sales = honestSales.map(({ terms: { saleHash, tenderId, amount } }) => ({
      saleId: saleHash,
      goods: 'given' as const,
      tenders: [{ tenderId, amount }],
    }))
    // The ledger accuses the hostile till of two journals, and is right.
    expect(
      audit({ ledgerFile, bindingsOnCards: bindings, sales, forgotten: hostileTenders, copied: new Set(['till-1']) }),
    ).toEqual([])
  })
})

async function honestSale(): Promise<Decided> {
  const card = nextOf(free)
  const answer = await honest.call('/v1/terminal/card-sessions', {
    cardSessionId: honest.id(),
    card: card.pseudonym,
    encryptedRndB: '00'.repeat(16),
  })
  if (answer.kind !== 'open' || answer.slots[0] === undefined) throw new Error(JSON.stringify(answer))
  const sale = proved(honest.decide({ card, slot: answer.slots[0] }, 'online'))
  expect((await honest.authorise(sale)).state).toBe('settled')
  honestSales.push(sale)
  return sale
}

function nextOf(labels: string[]): TestCard {
  const label = labels.pop()
  if (label === undefined) throw new Error('no card left')
  return demo.card(label)
}

function inAnyOrder(texts: readonly string[]): string[] {
  return texts
    .map((text) => ({ text, place: random.fraction() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ text }) => text)
}

function expectForged(result: ItemResult): void {
  expect(result).toMatchObject({ state: 'not_paid', paidBy: null, loss: 'PROOF_MISSING_OR_FORGED' })
}
