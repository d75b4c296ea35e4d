/**
 * Who pays for a sale under the policy `card`: each row of the table of docs/design/25. Method: as in
 * policy-card.test.ts; the audit looks at each world when it ends.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { present } from '../../../ledger-sim/payments/presentment.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { findTerminal } from '../../../ledger-sim/terminals/terminals.ts'
import { demoAgency } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import type { AppletProof } from '../../../src/voucher/tender.ts'
import { balanceOf, dayMs, drain, hourMs, type TestTill } from './demo-ledger.ts'
import {
  countingWorld,
  onCards,
  type CardSale,
  type CountingCard,
  type CountingWorld,
  type Sold,
} from './counting-card-world.ts'
import { dailyFood, schemeId } from './period-world.ts'

let world: CountingWorld
let card: CountingCard
let till: TestTill
let other: TestTill
afterEach(() => world.end())

async function begin(change: Parameters<typeof countingWorld>[0] = {}): Promise<void> {
  world = await countingWorld(change)
  ;({ 'till-1': till, 'till-2': other } = world.tills)
  card = await world.issue()
  await world.carry(till, card)
}
const filed = async () =>
  (await world.demo.rows('discrepancy')).map((row) => [row['code'], row['owner'], row['amount']] as const)
const statusOf = async (of: CountingCard) =>
  (await world.demo.rows('card')).find((row) => row['card'] === of.name)?.['status']
const statusOfTill = async ({ terminalId }: TestTill) =>
  (await world.demo.rows('terminal')).find((row) => row['terminal_id'] === terminalId)?.['status']
const waits = { allowedPolicyAgeMs: hourMs }
const impatient = { offline: { ...onCards.offline, ...waits } } as Parameters<typeof countingWorld>[0]

describe('a genuine sale is paid from the escrow of its card', () => {
  test('also when the card was blocked since and the package was young enough', async () => {
    await begin()
    const sold = await world.sell(till, card, 300n)
    await world.agency('/v1/card-blocks', { card: card.name })
    const after = await world.sell(till, card, 200n)
    expect(await world.present(till, sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await world.present(till, after)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })

  test('and when its scheme is suspended, or the agency has nothing left', async () => {
    await begin()
    const sold = await world.sell(till, card, 300n)
    await drain(world.demo, `scheme.${schemeId}`)
    const suspended = { ...dailyFood, ...onCards, version: 2, status: 'suspended' as const }
    expect(await inTransaction(world.demo.ports, (work) => publishScheme(work, suspended))).toBe('published')
    expect(await world.present(till, sold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    // Nothing more is loaded, and nothing that is there is taken away: it may be resumed.
    world.goToDay(2)
    expect(await world.carry(other, card)).toBe(0)
  })

  test('on line also where the rules without network would not have allowed it, but only at once', async () => {
    await begin({ caps: { ...dailyFood.caps, terminalExposure: dailyFood.caps.perSale } })
    const exposed = { schemeId, amount: dailyFood.caps.perSale }
    const change: NonNullable<Parameters<CountingWorld['sell']>[3]>['change'] = (input) => ({
      ...input,
      terminal: { ...input.terminal, exposure: [exposed] },
    })
    const atOnce = await world.sell(till, card, 300n, { mode: 'online', change })
    expect(await world.present(till, atOnce)).toMatchObject({ state: 'settled' })
    const late = await world.sell(till, card, 200n, { mode: 'online', change })
    world.demo.clock.now += hourMs
    expect(await world.present(till, late)).toMatchObject({ state: 'not_paid', loss: 'PROOF_MISSING_OR_FORGED' })
    expect(await statusOfTill(till)).toBe('active')
  })
})

describe('the merchant bears', () => {
  test('a sale to a blocked card by rules that were older than allowed', async () => {
    await begin(impatient)
    await world.agency('/v1/card-blocks', { card: card.name })
    world.demo.clock.now += 2 * hourMs
    const { package: own } = till
    // Its clock is right, and what it says of its package's age is not: the ledger has the package.
    const change: NonNullable<Parameters<CountingWorld['sell']>[3]>['change'] = (input) => ({
      ...input,
      mode: 'online',
    })
    const sold = await world.sell(till, card, 300n, { change, mode: 'online' })
    expect(own?.issuedAt).toBeLessThan(sold.sale.decidedAt - hourMs)
    expect(await world.present(till, sold)).toMatchObject({ state: 'not_paid', loss: 'BLOCKED_BEFORE_SALE' })
    expect(await filed()).toEqual([['BLOCKED_BEFORE_SALE', 'merchant', 300n]])
  })

  test('the second of two histories, whose card is blocked; the first that came is paid', async () => {
    await begin()
    const copy = world.copy(card)
    const [mine, copied] = [await world.sell(till, card, 300n), await world.sell(other, copy, 400n)]
    expect(await world.present(other, copied)).toMatchObject({ state: 'settled' })
    expect(await world.present(till, mine)).toMatchObject({ state: 'not_paid', loss: 'CARD_FORKED' })
    expect(await statusOf(card)).toBe('blocked')
    expect(await filed()).toEqual([['CARD_FORKED', 'merchant', 300n]])
    // What goes on from the history that came second is of it; what goes on from the first is paid.
    const [next, further] = [await world.sell(till, card, 100n), await world.sell(other, copy, 50n)]
    expect(await world.present(till, next)).toMatchObject({ state: 'not_paid', loss: 'CARD_FORKED' })
    expect(await world.present(other, further)).toMatchObject({ state: 'settled' })
    expect(await world.held(card)).toMatchObject({ 'day-1': { debited: 450n } })
    const records = await world.demo.rows('card_record')
    expect(records.map((row) => row['standing']).toSorted()).toEqual(['counts', 'counts', 'second', 'second'])
  })

  test('a fork further back, seen where one does not follow from the other', async () => {
    await begin()
    const copy = world.copy(card)
    const first = await world.sell(till, card, 100n)
    await world.sell(other, copy, 150n)
    const second = await world.sell(other, copy, 160n)
    expect(await world.present(till, first)).toMatchObject({ state: 'settled' })
    expect(await world.present(other, second)).toMatchObject({ state: 'not_paid', loss: 'CARD_FORKED' })
  })

  test('what is above that which the card was given, and the card is blocked', async () => {
    await begin()
    const copy = world.copy(card)
    const [a, b] = [await world.sell(till, card, 700n), await world.sell(till, card, 100n)]
    for (const amount of [50n, 60n, 10n]) await world.sell(other, copy, amount)
    const copied = await world.sell(other, copy, 880n)
    expect(await world.present(till, b)).toMatchObject({ state: 'settled' })
    // The record before it is not here, so nothing says that it is of another history.
    expect(await world.present(other, copied)).toMatchObject({ state: 'settled' })
    expect(await world.present(till, a)).toMatchObject({
      ...{ state: 'not_paid', loss: 'SLOT_ALREADY_USED', refusal: 'ALLOWANCE_USED' },
    })
    expect(await statusOf(card)).toBe('blocked')
    expect(await world.held(card)).toMatchObject({ 'day-1': { debited: 980n, funds: 20n } })
  })

  test('a sale that came too late, unless its agency has taken that over', async () => {
    await begin({ offline: { ...onCards.offline, lossBearer: { kind: 'merchant' } } } as never)
    const sold = await world.sell(till, card, 300n)
    world.demo.clock.now += 16 * dayMs
    expect(await world.present(till, sold)).toMatchObject({ state: 'not_paid', loss: 'PRESENTED_TOO_LATE' })
    expect(await world.escrow(card)).toBe(0n + (await world.held(card))['day-2']!.funds)
  })

  test('and the agency, where it has', async () => {
    await begin()
    const sold = await world.sell(till, card, 300n)
    world.demo.clock.now += 16 * dayMs
    expect(await world.present(till, sold)).toMatchObject({ state: 'settled', paidBy: 'agency' })
    expect(await filed()).toEqual([['PRESENTED_TOO_LATE', 'agency', 300n]])
  })
})

describe('nobody pays, and the till is suspended', () => {
  const proofOf = ({ evidence }: CardSale) => evidence.cardProof as AppletProof
  const withProof = ({ sale }: Sold, change: Partial<AppletProof>): CardSale => ({
    ...sale,
    evidence: till.evidenceOf(sale.evidence.record, sale.terms, { ...proofOf(sale), ...change }),
  })
  const answerTo = async (sale: CardSale) => {
    const { state, loss, refusal } = await world.present(till, sale)
    return [state, loss, refusal, await statusOfTill(till)]
  }
  const refused = (refusal: string) => ['not_paid', 'PROOF_MISSING_OR_FORGED', refusal, 'suspended']

  test('a record with another signature', async () => {
    await begin()
    const sold = await world.sell(till, card, 300n)
    const bytes = Buffer.from(proofOf(sold.sale).record, 'base64url')
    bytes[300] = (bytes[300] ?? 0) ^ 1
    expect(await answerTo(withProof(sold, { record: bytes.toString('base64url') }))).toEqual(
      refused('CARD_PROOF_FORGED'),
    )
  })

  test('the record of another tender', async () => {
    await begin()
    const [first, second] = [await world.sell(till, card, 300n), await world.sell(till, card, 300n)]
    expect(await answerTo(withProof(second, { record: proofOf(first.sale).record }))).toEqual(
      refused('CARD_BINDING_MISMATCH'),
    )
    expect(await world.held(card)).toMatchObject({ 'day-1': { debited: 0n } })
  })

  test('a record that another till took', async () => {
    await begin()
    const sold = await world.sell(other, card, 300n)
    const { record } = sold.sale.evidence
    const stolen = { ...record, packageId: till.package?.packageId ?? '', packageHash: till.packageHash }
    const evidence = till.evidenceOf(stolen, sold.sale.terms, proofOf(sold.sale))
    expect(await answerTo({ ...sold.sale, evidence })).toEqual(refused('CARD_BINDING_MISMATCH'))
  })

  test('a decision that is not the one that the card signed', async () => {
    await begin()
    const sold = await world.sell(till, card, 300n)
    const { record } = sold.sale.evidence
    const changed = { ...record, input: { ...record.input, trustedTime: record.input.trustedTime + 1 } }
    const evidence = till.evidenceOf(changed, sold.sale.terms, proofOf(sold.sale))
    expect(await answerTo({ ...sold.sale, evidence })).toEqual(refused('CARD_BINDING_MISMATCH'))
  })

  test('nor does the ledger authorise what such a card is to pay', async () => {
    await begin()
    const { sale } = await world.sell(till, card, 300n, { mode: 'online' })
    expect(await till.authorise(sale)).toMatchObject({ state: 'refused', refusal: 'CARD_KIND_NOT_ACCEPTED' })
    // The goods are given: what was refused there is presented all the same.
    expect(await world.present(till, sale)).toMatchObject({ arrival: 'exists', state: 'settled' })
  })
})

test('what a stolen till sold after its last head is set aside until its agency has looked', async () => {
  await begin()
  const [taken, left] = [await world.sell(till, card, 300n), await world.sell(till, card, 200n)]
  await world.agency('/v1/terminal-revocations', { terminalId: 'till-1', reason: 'stolen' })
  // As its export brings them: its own keys are heard no more.
  const states = await inTransaction(world.demo.ports, async (work) => {
    const gone = await findTerminal(work, 'till-1')
    if (gone === undefined) throw new Error('no till')
    const shown = []
    for (const { sale } of [taken, left])
      shown.push((await present(work, gone, till.presentment(sale), world.demo.clock.now / 1000)).result.state)
    return shown
  })
  expect(states).toEqual(['awaiting_funds', 'awaiting_funds'])
  expect(await world.held(card)).toMatchObject({ 'day-1': { debited: 500n, funds: 500n } })
  const decide = (sold: Sold, verdict: string) =>
    world.agency('/v1/review-decisions', { tenderId: sold.sale.terms.tenderId, verdict, reason: 'looked at' })
  expect(await decide(taken, 'paid')).toMatchObject({ status: 200, body: { state: 'settled' } })
  expect(await decide(left, 'refused')).toMatchObject({ status: 200, body: { state: 'not_paid' } })
  // What was not paid the card is given again.
  await world.carry(other, card)
  expect(await world.content(other, card)).toMatchObject({ slots: [{ amountLeft: 700n }] })
})

test('an agency sees in its monitoring what lies on cards', async () => {
  await begin()
  await world.present(till, await world.sell(till, card, 300n))
  const { body } = await world.demo.role('agency', demoAgency).get('/v1/monitoring')
  const schemes = body['schemes'] as { schemeId: string; onCards: string; spent: string; free: string }[]
  expect(schemes.find((one) => one.schemeId === schemeId)).toMatchObject({ onCards: '1700', spent: '300' })
  expect(await balanceOf(world.demo, `scheme.${schemeId}`)).toBe(998_000n)
})
