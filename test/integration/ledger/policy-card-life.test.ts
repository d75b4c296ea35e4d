/**
 * What becomes of a card that counts under the policy `card`: torn payments, what comes back, a lost card, scripts that
 * are lost, an agency without money, and what is refused. Method: as in policy-card.test.ts.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { fundScheme } from '../../../ledger-sim/schemes/funding.ts'
import { publishScheme } from '../../../ledger-sim/schemes/schemes.ts'
import { demoAgency } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { signTagged } from '../../../src/sync/protocol/keys.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { balanceOf, dayMs, drain, p256, TestTill } from './demo-ledger.ts'
import { countingWorld, onCards, type CountingCard, type CountingWorld } from './counting-card-world.ts'
import { beneficiary, dailyFood, schemeId } from './period-world.ts'

let world: CountingWorld
let card: CountingCard
let till: TestTill
let other: TestTill
afterEach(() => world.end())

async function begin(change: Parameters<typeof countingWorld>[0] = {}, funded?: bigint): Promise<void> {
  world = await countingWorld(change, funded)
  ;({ 'till-1': till, 'till-2': other } = world.tills)
  card = await world.issue()
  await world.carry(till, card)
}
const amountLeft = async (of = card) => (await world.content(till, of)).slots[0]?.amountLeft
const inScheme = () => balanceOf(world.demo, `scheme.${schemeId}`)
const itemsTold = async (to: TestTill) => {
  const { events } = await to.call('/v1/terminal/events', { after: 0, limit: 100 })
  return events.flatMap(({ event }) => (event.kind === 'item' ? [event.item.result] : []))
}
const food = async (status: 'active' | 'ended', version: number) =>
  inTransaction(world.demo.ports, (work) => publishScheme(work, { ...dailyFood, ...onCards, version, status }))

describe('a torn payment', () => {
  test('waits, and is paid when the next record of the card proves it, whichever till that is at', async () => {
    await begin()
    const torn = await world.sell(till, card, 300n)
    const advice = world.torn(till, torn)
    expect(await world.present(till, advice)).toMatchObject({ arrival: 'created', state: 'awaiting_proof' })
    expect(await world.present(till, advice)).toMatchObject({ arrival: 'exists', state: 'awaiting_proof' })
    expect(await world.held(card)).toMatchObject({ 'day-1': { debited: 0n, funds: 1_000n } })
    expect(await world.present(other, await world.sell(other, card, 100n))).toMatchObject({ state: 'settled' })
    const { tenderId } = torn.sale.terms
    expect(await itemsTold(till)).toMatchObject([{ itemId: tenderId, state: 'settled', paidBy: 'escrow' }])
    expect(await world.held(card)).toMatchObject({ 'day-1': { debited: 400n, funds: 600n } })
    // The card came back after all, and showed its record: it was that one.
    expect(await world.present(till, torn)).toMatchObject({ arrival: 'exists', state: 'settled' })
  })

  test('is paid at once when that record had come before', async () => {
    await begin()
    const torn = await world.sell(till, card, 300n)
    await world.present(other, await world.sell(other, card, 100n))
    expect(await world.present(till, world.torn(till, torn))).toMatchObject({ state: 'settled', amount: 300n })
  })

  test('is paid by its own record when the card came back', async () => {
    await begin()
    const torn = await world.sell(till, card, 300n)
    await world.present(till, world.torn(till, torn))
    expect(await world.present(till, torn)).toMatchObject({ arrival: 'exists', state: 'settled' })
  })

  test('that never happened is not paid, however much the card does after it', async () => {
    await begin()
    const never = await world.sell(till, card, 300n, { isSpent: false })
    await world.present(till, world.torn(till, never))
    await world.present(other, await world.sell(other, card, 100n))
    await world.present(other, await world.sell(other, card, 100n))
    expect(await till.inquire(never.sale.terms.tenderId)).toMatchObject({ state: 'awaiting_proof' })
    world.demo.clock.now += 16 * dayMs
    await other.call('/v1/terminal/card-scripts', { card: card.name, scriptCounter: 1 })
    expect(await till.inquire(never.sale.terms.tenderId)).toMatchObject({ state: 'not_paid', loss: 'PROOF_NEVER_CAME' })
  })

  test('that is told of when its money has gone back does not wait any more', async () => {
    await begin()
    const torn = await world.sell(till, card, 300n)
    world.demo.clock.now += 16 * dayMs
    const unproved = { state: 'not_paid', loss: 'PROOF_NEVER_CAME' }
    expect(await world.present(till, world.torn(till, torn))).toMatchObject({ arrival: 'created', ...unproved })
    expect(await world.present(till, world.torn(till, torn))).toMatchObject({ arrival: 'exists', ...unproved })
    expect(await world.present(till, torn)).toMatchObject({ state: 'settled', paidBy: 'agency' })
  })

  test('that a copy of the card proves, above what it was given, is not paid', async () => {
    await begin()
    const copy = world.copy(card)
    const torn = await world.sell(till, copy, 600n)
    const after = await world.sell(till, copy, 100n)
    await world.sell(other, card, 10n)
    for (const amount of [10n, 10n]) await world.sell(other, card, amount)
    expect(await world.present(till, world.torn(till, torn))).toMatchObject({ state: 'awaiting_proof' })
    expect(await world.present(other, await world.sell(other, card, 900n))).toMatchObject({ state: 'settled' })
    expect(await world.present(till, after)).toMatchObject({ state: 'settled' })
    expect(await till.inquire(torn.sale.terms.tenderId)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
  })

  test('whose proof comes when its money has gone back is a late sale', async () => {
    await begin()
    const torn = await world.sell(till, card, 300n)
    await world.present(till, world.torn(till, torn))
    world.demo.clock.now += 16 * dayMs
    await other.call('/v1/terminal/card-scripts', { card: card.name, scriptCounter: 1 })
    expect(await till.inquire(torn.sale.terms.tenderId)).toMatchObject({ loss: 'PROOF_NEVER_CAME' })
    expect(await world.present(till, torn)).toMatchObject({ arrival: 'exists', state: 'settled', paidBy: 'agency' })
    const filed = (await world.demo.rows('discrepancy')).map((row) => [row['code'], row['owner'], row['appeal']])
    expect(filed).toEqual([
      ['PROOF_NEVER_CAME', 'merchant', 'closed'],
      ['PRESENTED_TOO_LATE', 'agency', 'closed'],
    ])
  })

  test('that its till disowns is not paid, and the card is owed it when it happened after all', async () => {
    await begin()
    const torn = await world.sell(till, card, 300n)
    await world.present(till, world.torn(till, torn))
    expect(await till.reverse(torn.sale.terms.tenderId)).toMatchObject({ state: 'reversed' })
    await world.present(other, await world.sell(other, card, 100n))
    expect(await till.inquire(torn.sale.terms.tenderId)).toMatchObject({ state: 'reversed' })
    expect(await world.carry(till, card)).toBe(1)
    expect(await amountLeft()).toBe(900n)
  })
})

describe('what comes back', () => {
  test('a void goes to the escrow of the card, and the allowance with the next script', async () => {
    await begin()
    const before = await inScheme()
    const sold = await world.sell(till, card, 300n)
    const results = await till.batch(till.presentment(sold.sale), till.reversal(sold.sale.terms.tenderId))
    expect(results).toMatchObject([{ state: 'settled' }, { state: 'reversed' }])
    expect(await world.held(card)).toMatchObject({ 'day-1': { loaded: 1_000n, debited: 300n, funds: 1_000n } })
    expect(await amountLeft()).toBe(700n)
    expect(await world.carry(other, card)).toBe(1)
    expect(await amountLeft()).toBe(1_000n)
    expect(await world.held(card)).toMatchObject({ 'day-1': { loaded: 1_300n, funds: 1_000n } })
    expect(await inScheme()).toBe(before)
  })

  test('a part is refunded, and loaded again as that part', async () => {
    await begin()
    const sold = await world.sell(till, card, 300n)
    await world.present(till, sold)
    const { tenderId } = sold.sale.terms
    const [refunded] = await till.batch(till.refund(tenderId, [{ line: 1, amount: tiyn(120n) }]))
    expect(refunded).toMatchObject({ state: 'done', amount: 120n })
    await world.carry(till, card)
    expect(await amountLeft()).toBe(820n)
  })

  test('after the period to its agency: nothing is loaded for it', async () => {
    await begin()
    const sold = await world.sell(till, card, 300n)
    await world.present(till, sold)
    world.goToDay(2)
    const free = await balanceOf(world.demo, demoAgency)
    await till.batch(till.refund(sold.sale.terms.tenderId, [{ line: 1, amount: tiyn(300n) }]))
    expect(await balanceOf(world.demo, demoAgency)).toBe(free + 300n)
    expect(await world.held(card)).toMatchObject({ 'day-1': { funds: 700n } })
  })

  test('a reversal that came before the sale moves nothing, and the card is owed what it counted down', async () => {
    await begin()
    const sold = await world.sell(till, card, 300n)
    await till.reverse(sold.sale.terms.tenderId)
    expect(await world.present(till, sold)).toMatchObject({ arrival: 'reversed_before_arrival', state: 'reversed' })
    await world.carry(till, card)
    expect(await amountLeft()).toBe(1_000n)
    expect(await world.held(card)).toMatchObject({ 'day-1': { loaded: 1_300n, debited: 300n, funds: 1_000n } })
  })

  test('of a merchant who is short to the scheme, and is loaded from there', async () => {
    await begin()
    const sold = await world.sell(till, card, 300n)
    await world.present(till, sold)
    await drain(world.demo, till.package?.merchant.accountId ?? '')
    await till.reverse(sold.sale.terms.tenderId)
    await world.carry(till, card)
    expect(await amountLeft()).toBe(1_000n)
  })
})

describe('a lost card', () => {
  test('keeps what it holds in its escrow; the new one gets the rest now, and the next periods', async () => {
    await begin()
    await world.present(till, await world.sell(till, card, 300n))
    const unsold = await world.sell(other, card, 250n)
    const next = await world.issue({ insteadOf: card })
    // What the former card may still have spent is the exposure, and nothing of it is given twice.
    expect(await world.carry(till, next)).toBe(0)
    expect(await world.escrow(card)).toBe(1_700n)
    world.goToDay(3)
    await till.fetch()
    expect(await world.carry(till, next)).toBe(1)
    expect(await amountLeft(next)).toBe(1_000n)
    expect(await world.present(other, unsold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
    expect(await world.held(card)).toMatchObject({ 'day-1': { funds: 450n }, 'day-2': { funds: 1_000n } })
  })

  test('that is found and laid on a till gives up what it holds, and the new one has it at once', async () => {
    await begin()
    await world.present(till, await world.sell(till, card, 300n))
    const next = await world.issue({ insteadOf: card })
    // One slot in each script.
    expect(await world.carry(till, card)).toBe(2)
    expect(await world.content(till, card)).toMatchObject({ state: 'blocked', slots: [] })
    expect(await world.escrow(card)).toBe(0n)
    await world.carry(till, next)
    expect(await amountLeft(next)).toBe(700n)
    expect(await world.escrow(next)).toBe(1_700n)
  })

  test('of which the last sales were not heard of keeps as much', async () => {
    await begin()
    const unsold = await world.sell(other, card, 250n)
    const next = await world.issue({ insteadOf: card })
    await world.carry(till, card)
    expect(await world.held(card)).toMatchObject({ 'day-1': { funds: 250n }, 'day-2': { funds: 0n } })
    await world.carry(till, next)
    expect(await amountLeft(next)).toBe(750n)
    expect(await world.present(other, unsold)).toMatchObject({ state: 'settled', paidBy: 'escrow' })
  })
})

describe('scripts', () => {
  test('whose receipts never come are made good by what the card says next', async () => {
    await begin()
    const sold = await world.sell(till, card, 300n)
    await till.batch(till.presentment(sold.sale), till.reversal(sold.sale.terms.tenderId))
    expect(await world.carry(till, card, false)).toBe(1)
    world.goToDay(2)
    expect(await world.carry(till, card)).toBe(1)
    expect(await world.carry(till, card)).toBe(0)
    const scripts = await world.demo.rows('card_script')
    expect(scripts.map((row) => [row['counter'], row['receipt'] === null])).toEqual([
      [1n, false],
      [2n, true],
      [3n, false],
    ])
  })

  test('that took a slot away are said again until the card’s receipt is there', async () => {
    await begin()
    await world.agency('/v1/entitlement-endings', { schemeId, beneficiary, holder: world.holder })
    expect(await world.carry(till, card, false)).toBe(1)
    expect(await world.held(card)).toMatchObject({ 'day-1': { funds: 1_000n }, 'day-2': { funds: 1_000n } })
    expect(await world.carry(other, card)).toBe(2)
    expect(await world.escrow(card)).toBe(0n)
  })

  test('that took a slot away and whose receipt was lost are said again, until the receipt is here', async () => {
    await begin()
    await world.present(till, await world.sell(till, card, 300n))
    const next = await world.issue({ insteadOf: card })
    expect(await world.carry(till, card, false)).toBe(1)
    expect(await world.escrow(card)).toBe(1_700n)
    // The first once more, for its receipt, then the second day's.
    expect(await world.carry(other, card)).toBe(2)
    expect(card.log.filter(({ kind }) => kind === 'script')).toHaveLength(3)
    expect(await world.escrow(card)).toBe(0n)
    await world.carry(till, next)
    expect(await amountLeft(next)).toBe(700n)
    expect(await world.escrow(next)).toBe(1_700n)
  })

  test('no other card’s receipt is taken, and the same one twice', async () => {
    await begin()
    const [script] = await world.demo.rows('card_script')
    const receipt = String(script?.['receipt'])
    expect(await till.call('/v1/terminal/card-receipts', { card: card.name, receipt })).toEqual({ arrival: 'exists' })
    const bytes = Buffer.from(receipt, 'base64url')
    bytes[107] = 9
    const changed = { card: card.name, receipt: bytes.toString('base64url') }
    expect(await till.post('/v1/terminal/card-receipts', changed)).toMatchObject({ status: 409 })
    const unknown = { card: 'f'.repeat(32), receipt }
    expect(await till.post('/v1/terminal/card-receipts', unknown)).toMatchObject({ status: 404 })
    expect(await till.call('/v1/terminal/card-scripts', { card: 'f'.repeat(32), scriptCounter: 0 })).toEqual({
      kind: 'refused',
      code: 'CARD_UNKNOWN',
    })
    // A counter that the ledger has not reached is no card of this ledger.
    const ahead = { card: card.name, scriptCounter: 7 }
    expect(await till.call('/v1/terminal/card-scripts', ahead)).toEqual({ kind: 'none' })
  })

  test('take away what the holder is not entitled to any more, and what of it is free goes back', async () => {
    await begin()
    await world.agency('/v1/entitlement-endings', { schemeId, beneficiary, holder: world.holder })
    expect(await world.carry(till, card)).toBe(2)
    expect(await world.content(till, card)).toMatchObject({ state: 'active', slots: [] })
    expect(await inScheme()).toBe(1_000_000n)
  })

  test('so does a scheme that has ended', async () => {
    await begin()
    expect(await food('ended', 2)).toBe('published')
    expect(await world.carry(till, card)).toBe(2)
    expect(await world.escrow(card)).toBe(0n)
  })

  test('tell a card new bounds of what it holds', async () => {
    await begin()
    const caps = { ...dailyFood.caps, perSale: tiyn(400n) }
    const offline = { ...onCards.offline, policy: 'card' as const, pinAbove: tiyn(200n) }
    const scheme = { ...dailyFood, ...onCards, caps, offline, version: 2 }
    expect(await inTransaction(world.demo.ports, (work) => publishScheme(work, scheme))).toBe('published')
    await till.fetch()
    expect(await world.carry(till, card)).toBe(1)
    expect(await world.content(till, card)).toMatchObject({
      slots: [{ amountLeft: 1_000n, maxPerSpend: 400n, pinAbove: 200n }],
    })
    await expect(world.sell(till, card, 300n)).rejects.toThrow('CARD_PIN_NOT_SET')
    // The desk lets the holder set one, by a script for that desk; the ledger never hears it.
    await world.setPin(card, '4071')
    await expect(world.sell(till, card, 300n)).rejects.toThrow('CARD_PIN_NEEDED')
    await expect(world.sell(till, card, 300n, { pin: '0000' })).rejects.toThrow('CARD_PIN_WRONG')
    expect(await world.present(till, await world.sell(till, card, 300n, { pin: '4071' }))).toMatchObject({
      state: 'settled',
    })
    // And gives a blocked one its tries back when the agency says so.
    for (let wrong = 0; wrong < 5; wrong += 1)
      await expect(world.sell(till, card, 300n, { pin: '0000' })).rejects.toThrow('CARD_PIN')
    await expect(world.sell(till, card, 300n, { pin: '4071' })).rejects.toThrow('CARD_PIN_BLOCKED')
    expect(await world.carry(till, card)).toBe(0)
    await world.agency('/v1/card-pin-orders', { card: card.name, order: { kind: 'unblock' } })
    expect(await world.carry(till, card)).toBe(1)
    expect(await world.present(till, await world.sell(till, card, 300n, { pin: '4071' }))).toMatchObject({
      state: 'settled',
    })
  })

  test('give no more than there is, and the rest when there is more', async () => {
    await begin({}, 1_400n)
    expect(await world.held(card)).toMatchObject({ 'day-1': { loaded: 1_000n }, 'day-2': { loaded: 400n } })
    expect(await world.carry(till, card)).toBe(0)
    await inTransaction(world.demo.ports, (work) => fundScheme(work, demoAgency, schemeId, tiyn(200n), 'more'))
    expect(await world.carry(till, card)).toBe(1)
    expect(await world.held(card)).toMatchObject({ 'day-2': { loaded: 600n } })
  })

  test('of payments that are counted load whole ones', async () => {
    await begin({ benefit: { kind: 'count', perPeriod: 3, maximumPerTap: tiyn(500n) } }, 1_200n)
    expect(await world.content(till, card)).toMatchObject({
      slots: [{ countLeft: 2, amountLeft: 1_000n, maxPerSpend: 500n }],
    })
    await world.present(till, await world.sell(till, card, 450n))
    await inTransaction(world.demo.ports, (work) => fundScheme(work, demoAgency, schemeId, tiyn(10_000n), 'more'))
    await world.carry(till, card)
    expect(await world.content(till, card)).toMatchObject({ slots: [{ countLeft: 2, amountLeft: 1_050n }] })
  })
})

describe('certificates', () => {
  test('a till has a new one half-way through the life of the former', async () => {
    await begin()
    const first = till.package?.cards?.terminalCertificate
    world.demo.clock.now += 3 * dayMs
    expect((await till.fetch()).cards?.terminalCertificate).toBe(first)
    world.demo.clock.now += dayMs
    const second = (await till.fetch()).cards?.terminalCertificate
    expect(second).not.toBe(first)
    world.goToDay(5)
    await world.carry(till, card)
    expect(await world.present(till, await world.sell(till, card, 300n))).toMatchObject({ state: 'settled' })
  })

  test('a till has another one for another key', async () => {
    await begin()
    const former = till.package?.cards?.terminalCertificate
    const key = p256('the next key of till-1')
    const named = { formerKey: till.key.keyId, terminalKey: key.jwk, encryptionKey: till.encryption.jwk }
    const proof = signTagged(key, 'tolem/key-rotation/1', { terminalId: 'till-1', ...named })
    expect(await till.post('/v1/terminal/key-rotations', { ...named, proof })).toMatchObject({ status: 200 })
    const { ledger, clock, random } = world.demo
    const changed = new TestTill(ledger, clock, random, 'till-1', key)
    expect((await changed.fetch()).cards?.terminalCertificate).not.toBe(former)
    expect(await world.present(changed, await world.sell(changed, card, 300n))).toMatchObject({ state: 'settled' })
  })

  test('a package without such schemes says nothing of cards', async () => {
    await begin()
    const certified = await world.demo.rows('terminal_certificate')
    expect(certified.map((row) => [row['owner'], row['role']]).toSorted()).toEqual([
      [demoAgency, 'desk'],
      ['till-1', 'till'],
      ['till-2', 'till'],
    ])
    const elsewhere = { ...dailyFood, ...onCards, version: 2, merchants: ['shop-2'] }
    expect(await inTransaction(world.demo.ports, (work) => publishScheme(work, elsewhere))).toBe('published')
    expect(Object.keys(await till.fetch())).not.toContain('cards')
  })
})

describe('pairs that cannot be safe are refused', () => {
  test('a second card of a beneficiary, whichever comes last', async () => {
    await begin()
    await expect(world.issue()).rejects.toThrow('CARD_NOT_CERTIFIED')
    const member = 'e'.repeat(32)
    await world.issue({ holder: member })
    const joining = { schemeId, beneficiary, holder: member, member: world.holder }
    expect(await world.agency('/v1/household-members', joining)).toMatchObject({ status: 409 })
    // Blocked, it holds nobody up; unblocked beside another one, it is refused.
    await world.agency('/v1/card-blocks', { card: card.name })
    const next = await world.issue()
    expect(await world.agency('/v1/card-unblocks', { card: card.name })).toMatchObject({ status: 409 })
    await world.agency('/v1/card-blocks', { card: next.name })
    expect(await world.agency('/v1/card-unblocks', { card: card.name })).toMatchObject({ status: 200 })
  })

  test('another policy for the same scheme, leases of it, and a till’s order', async () => {
    await begin()
    const atTill = { ...dailyFood, version: 2 }
    expect(await inTransaction(world.demo.ports, (work) => publishScheme(work, atTill))).toMatchObject({
      unsafe: expect.stringContaining('whole life') as string,
    })
    expect(await world.lease(till, [1])).toBe(409)
    const order = {
      terminalId: 'till-1',
      schemeId,
      beneficiaries: [beneficiary],
      sellForMs: dayMs,
      presentForMs: dayMs,
    }
    expect(await world.agency('/v1/lease-policies', { ...order, periods: 1 })).toMatchObject({ status: 409 })
  })
})
