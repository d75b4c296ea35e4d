/**
 * What becomes of torn payments that were given up, once the till that gave them up is ended (docs/design/25, "Advice
 * of a torn payment"). Method: virtual cards that were really debited, at the ledger's door, as in policy-card.test.ts;
 * the audit looks at each world when it ends.
 */
import { afterEach, expect, test } from 'vitest'
import {
  countingWorld,
  type CardSale,
  type CountingCard,
  type CountingWorld,
  type Sold,
} from './counting-card-world.ts'
import { balanceOf, type TestTill } from './demo-ledger.ts'

let world: CountingWorld
let till: TestTill
let other: TestTill
let card: CountingCard
afterEach(() => world.end())

/** A debit of 300 that was torn and given up at till 1, and proved by the card's next payment at till 2. */
async function paidOnAdvice(prove = true): Promise<Sold> {
  world = await countingWorld()
  ;({ 'till-1': till, 'till-2': other } = world.tills)
  card = await world.issue()
  await world.carry(till, card)
  const torn = await world.sell(till, card, 300n)
  expect(await world.present(till, world.torn(till, torn))).toMatchObject({ state: 'awaiting_proof' })
  if (prove) await proves()
  return torn
}
async function proves(): Promise<void> {
  expect(await world.present(other, await world.sell(other, card, 100n))).toMatchObject({ state: 'settled' })
}
const merchant = () => balanceOf(world.demo, till.package?.merchant.accountId ?? '')
const isEnded = async (reason: string) => {
  const done = await world.agency('/v1/terminal-revocations', { terminalId: 'till-1', reason })
  expect(done).toMatchObject({ status: 200 })
}
const stateOf = async ({ sale }: Sold) =>
  (await world.demo.rows('tender')).find((row) => row['tender_id'] === sale.terms.tenderId)?.['state']
const left = async () => (await world.content(other, card)).slots.map(({ amountLeft }) => amountLeft)
const filed = async () => (await world.demo.rows('discrepancy')).map((row) => row['code'])

test.each(['destroyed', 'retired', 'lost', 'stolen'])(
  'of a till that was %s nobody is paid, and the card has it back, though it was paid while the till was in service',
  async (reason) => {
    const torn = await paidOnAdvice()
    expect(await stateOf(torn)).toBe('settled')
    const before = await merchant()
    await isEnded(reason)
    expect(await stateOf(torn)).toBe('reversed')
    expect(await merchant()).toBe(before - 300n)
    expect(await world.held(card)).toMatchObject({ 'day-1': { debited: 400n, funds: 900n } })
    expect(await world.carry(other, card)).toBe(1)
    expect(await left()).toEqual([900n])
    expect(await filed()).toEqual([])
    // Told once more, nothing moves again.
    await isEnded(reason)
    expect(await merchant()).toBe(before - 300n)
  },
)

test('of a till in service it is paid: the card may be back there', async () => {
  const torn = await paidOnAdvice()
  expect(await stateOf(torn)).toBe('settled')
  expect(await world.present(till, torn)).toMatchObject({ arrival: 'exists', state: 'settled' })
})

test('what the card has paid by its own word stays paid when its till is ended', async () => {
  const torn = await paidOnAdvice()
  await world.present(till, torn)
  const before = await merchant()
  await isEnded('destroyed')
  expect(await stateOf(torn)).toBe('settled')
  expect(await merchant()).toBe(before)
  // Other sales of that card at this till have nothing to do with it.
  expect(await world.carry(other, card)).toBe(0)
})

test('a signature that is not the card’s keeps nothing', async () => {
  const torn = await paidOnAdvice()
  await world.present(till, withForgedSignature(torn.sale))
  await isEnded('destroyed')
  expect(await stateOf(torn)).toBe('reversed')
})

test('a sale beside it that was never torn stays paid', async () => {
  const torn = await paidOnAdvice(false)
  const sold = await world.sell(till, card, 50n)
  expect(await world.present(till, sold)).toMatchObject({ state: 'settled' })
  expect(await stateOf(torn)).toBe('settled')
  const before = await merchant()
  await isEnded('destroyed')
  expect([await stateOf(torn), await stateOf(sold)]).toEqual(['reversed', 'settled'])
  expect(await merchant()).toBe(before - 300n)
})

function withForgedSignature(sale: CardSale): CardSale {
  const { cardProof } = sale.evidence
  if (cardProof.profile !== 'tolem-applet') throw new Error('no debit')
  const bytes = Buffer.from(cardProof.record, 'base64url')
  bytes.writeUInt8(bytes.readUInt8(347) ^ 1, 347)
  const record = bytes.toString('base64url')
  return { ...sale, evidence: till.evidenceOf(sale.evidence.record, sale.terms, { ...cardProof, record }) }
}
