/**
 * Exports of tills that sold to cards which count themselves (docs/design/13-export.md, 25-policy-card.md). Method: the
 * journal is a real file, cards are virtual ones that were really debited, the ledger is whole, and the audit looks at
 * each world when it ends.
 */
import { afterEach, expect, test } from 'vitest'
import { coverageOf } from '../../../src/sync/export/covers.ts'
import { ClosedJournal } from '../../../src/sync/journal/closed-journal.ts'
import { verifyingKey } from '../../../src/sync/protocol/keys.ts'
import { checkExportPart, signExportPart, type ExportPart } from '../../../src/sync/protocol/terminal-export.ts'
import { journalFileIn } from '../../../src/terminal/core/stopped-till.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { saleTotal } from '../../../src/voucher/sale.ts'
import { linesOf } from '../../unit/sync/export-bench.ts'
import {
  countingWorld,
  type CardSale,
  type CountingCard,
  type CountingWorld,
  type Sold,
} from './counting-card-world.ts'
import { balanceOf, temporaryFolder, type TestSigner, type TestTill } from './demo-ledger.ts'
import { JournalingTill } from './journaling-till.ts'

let world: CountingWorld
let till: TestTill
let other: TestTill
let card: CountingCard
let merchant: TestSigner
let journaling: JournalingTill
let folder: ReturnType<typeof temporaryFolder>
afterEach(async () => {
  journaling.stops()
  folder.remove()
  await world.end()
})

async function begin(): Promise<void> {
  world = await countingWorld()
  ;({ 'till-1': till, 'till-2': other } = world.tills)
  card = await world.issue()
  await world.carry(till, card)
  merchant = world.demo.role('merchant', till.package?.merchant.merchantId ?? '')
  folder = temporaryFolder()
  journaling = new JournalingTill(world.demo, till, folder.path)
  await journaling.showsHead()
}

const idOf = ({ sale }: Sold): string => sale.terms.tenderId
const account = () => balanceOf(world.demo, till.package?.merchant.accountId ?? '')

/**
 * The rows of a payment until SPEND was sent.
 *
 * @param unpaid what the sale costs besides
 */
function intends(sold: Sold, unpaid = 0n): CardSale {
  const { terms, evidence } = sold.sale
  const { record } = evidence
  const { sale } = record.input
  const part = record.decision.verdict === 'approve' ? record.decision.parts[record.part] : undefined
  const torn = world.torn(till, sold)
  const { cardProof: debit } = torn.evidence
  if (part === undefined || debit.profile !== 'tolem-applet') throw new Error('no debit')
  const [tenderId, saleId] = [terms.tenderId, sale.saleId]
  journaling.journal.commit(
    { kind: 'sale_frozen', sale, total: tiyn(saleTotal(sale) + unpaid) },
    { kind: 'tender_intent', terms, saleId, mode: 'offline', card: card.name, leaseId: null, part, record, debit },
  )
  expect(journaling.journal.tender(tenderId)?.state).toBe('in_progress')
  return torn
}
function pays(sold: Sold, unpaid = 0n): void {
  intends(sold, unpaid)
  const { evidence, decidedAt } = sold.sale
  journaling.journal.commit({ kind: 'approved_by_card', tenderId: idOf(sold), evidence, decidedAt })
}
const voids = (sold: Sold) =>
  journaling.journal.commit({ kind: 'reversal_requested', tenderId: idOf(sold), reason: 'void' })
function isTorn(sold: Sold): CardSale {
  const torn = intends(sold)
  journaling.journal.commit({ kind: 'tender_torn', tenderId: idOf(sold), step: 'spend', mayBeDebited: true })
  return torn
}

async function imported(parts = journaling.exported()) {
  const became: Record<string, string> = {}
  const open: Record<string, string> = {}
  for (const part of parts) {
    const { status, body } = await merchant.post('/v1/terminal-exports', part)
    if (status !== 200) throw new Error(JSON.stringify(body))
    for (const { itemId, state } of body['results'] as { itemId: string; state: string }[]) became[itemId] = state
    for (const { tenderId, state } of body['open'] as { tenderId: string; state: string }[]) open[tenderId] = state
  }
  return { became, open }
}
const isEnded = () =>
  world.demo.role('agency', 'almaly-education').post('/v1/terminal-revocations', {
    terminalId: 'till-1',
    reason: 'destroyed',
  })
const left = async () => (await world.content(other, card)).slots.map(({ amountLeft }) => amountLeft)

test('what cards have paid is paid from it, what was voided is back on the card, and a torn one waits', async () => {
  await begin()
  const paid = await world.sell(till, card, 100n)
  pays(paid)
  const voided = await world.sell(till, card, 200n)
  pays(voided)
  voids(voided)
  const given = await world.sell(till, card, 50n)
  const { evidence, decidedAt } = isTorn(given)
  journaling.journal.commit({ kind: 'debit_advised', tenderId: idOf(given), evidence, decidedAt })
  const before = await account()
  const states = {
    [idOf(paid)]: 'settled',
    [idOf(voided)]: 'settled',
    [`reversal:${idOf(voided)}`]: 'reversed',
    [idOf(given)]: 'awaiting_proof',
  }
  // It goes up as an advice, and is named: nobody knows yet whether the card has paid it.
  const open = { [idOf(voided)]: 'reversed', [idOf(given)]: 'awaiting_proof' }
  expect(await imported()).toEqual({ became: states, open })
  expect(await imported()).toEqual({ became: { ...states, [idOf(voided)]: 'reversed' }, open })
  expect((await account()) - before).toBe(100n)
  expect(await world.demo.rows('discrepancy')).toEqual([])
  expect(await world.carry(other, card)).toBe(1)
  expect(await left()).toEqual([850n])
})

test('in the middle of a debit a till that was destroyed owes the card, as soon as the card proves it', async () => {
  await begin()
  const [middle, torn] = [await world.sell(till, card, 100n), await world.sell(till, card, 200n)]
  intends(middle)
  isTorn(torn)
  const never = await world.sell(till, card, 25n, { isSpent: false })
  isTorn(never)
  const parts = journaling.exported()
  const open = (state: string) => Object.fromEntries([middle, torn, never].map((one) => [idOf(one), state]))
  // A till in service asks the card itself.
  expect(await imported(parts)).toEqual({ became: {}, open: open('not_seen') })
  await isEnded()
  const before = await account()
  expect(await imported(parts)).toEqual({ became: {}, open: open('awaiting_proof') })
  expect(await imported(parts)).toEqual({ became: {}, open: open('awaiting_proof') })
  expect(await world.present(other, await world.sell(other, card, 300n))).toMatchObject({ state: 'settled' })
  expect(await imported(parts)).toEqual({
    became: {},
    open: { [idOf(middle)]: 'reversed', [idOf(torn)]: 'reversed', [idOf(never)]: 'awaiting_proof' },
  })
  expect(await account()).toBe(before + 300n)
  expect(await world.carry(other, card)).toBe(1)
  expect(await left()).toEqual([700n])
  expect(await world.demo.rows('discrepancy')).toEqual([])
})

test('what was given up at a till that was destroyed pays nobody: its sale went on without it', async () => {
  await begin()
  const [early, late] = [await world.sell(till, card, 100n), await world.sell(till, card, 200n)]
  for (const sold of [early, late]) {
    const { evidence, decidedAt } = isTorn(sold)
    journaling.journal.commit({ kind: 'debit_advised', tenderId: idOf(sold), evidence, decidedAt })
  }
  const [first] = journaling.waiting()
  expect(await till.batch(first!)).toMatchObject([{ state: 'awaiting_proof' }])
  await isEnded()
  const before = await account()
  expect(await world.present(other, await world.sell(other, card, 300n))).toMatchObject({ state: 'settled' })
  // The one proves the other.
  await imported()
  expect((await imported()).became).toEqual({ [idOf(early)]: 'reversed', [idOf(late)]: 'reversed' })
  expect(await account()).toBe(before + 300n)
  expect(await world.carry(other, card)).toBe(1)
  expect(await left()).toEqual([700n])
})

test('what a card paid of a sale that was never completed goes back to it, and nobody is paid', async () => {
  await begin()
  const [part, whole] = [await world.sell(till, card, 100n), await world.sell(till, card, 200n)]
  pays(part, 50n)
  pays(whole)
  const parts = journaling.exported()
  expect(parts.flatMap(({ content }) => content.open)).toMatchObject([
    { tenderId: idOf(part), state: 'sale_open', amount: 100n, advice: { terms: part.sale.terms } },
  ])
  // A till in service may still complete it.
  expect(await imported(parts)).toEqual({ became: { [idOf(whole)]: 'settled' }, open: { [idOf(part)]: 'not_seen' } })
  const before = await account()
  await isEnded()
  // The card has paid the second sale after it, and that record is there: it proves the first.
  expect((await imported(parts)).open).toEqual({ [idOf(part)]: 'reversed' })
  expect(await account()).toBe(before)
  expect(await world.carry(other, card)).toBe(1)
  expect(await left()).toEqual([800n])
  expect(await world.demo.rows('discrepancy')).toEqual([])
})

test('completed after all, a newer export of it is paid, though the older one was handed over first', async () => {
  await begin()
  const part = await world.sell(till, card, 100n)
  pays(part, 50n)
  const older = journaling.exported()
  const { saleId } = part.sale.evidence.record.input.sale
  journaling.journal.commit({ kind: 'cash_taken', tenderId: till.id(), saleId, amount: tiyn(50n) })
  const newer = journaling.exported()
  await isEnded()
  const before = await account()
  expect((await imported(older)).open).toEqual({ [idOf(part)]: 'awaiting_proof' })
  expect(await imported(newer)).toEqual({ became: { [idOf(part)]: 'settled' }, open: {} })
  expect(await account()).toBe(before + 100n)
})

/** Once while it is torn, and once more when the card was back and has paid; then the till is gone. */
async function exportedTwice() {
  await begin()
  const sold = await world.sell(till, card, 100n)
  isTorn(sold)
  const older = journaling.exported()
  const { evidence, decidedAt } = sold.sale
  journaling.journal.commit({ kind: 'approved_by_card', tenderId: idOf(sold), evidence, decidedAt })
  const newer = journaling.exported()
  await isEnded()
  return { sold, older, newer }
}

test('an older export before a newer one takes nothing from a sale that the card has paid since', async () => {
  const { sold, older, newer } = await exportedTwice()
  const before = await account()
  expect((await imported(older)).open).toEqual({ [idOf(sold)]: 'awaiting_proof' })
  expect((await imported(newer)).became).toEqual({ [idOf(sold)]: 'settled' })
  expect(await account()).toBe(before + 100n)
  expect(await world.carry(other, card)).toBe(0)
})

test('but where the card has it back already the merchant may appeal: no allowance is paid twice', async () => {
  const { sold, older, newer } = await exportedTwice()
  await imported(older)
  expect(await world.present(other, await world.sell(other, card, 300n))).toMatchObject({ state: 'settled' })
  expect(await world.carry(other, card)).toBe(1)
  expect(await left()).toEqual([700n])
  const before = await account()
  expect((await imported(newer)).became).toEqual({ [idOf(sold)]: 'not_paid' })
  expect(await account()).toBe(before)
  expect(await world.present(other, await world.sell(other, card, 700n))).toMatchObject({ state: 'settled' })
  const filed = (await world.demo.rows('discrepancy')).map((row) => [row['code'], row['owner'], row['appeal']])
  expect(filed).toEqual([['SLOT_ALREADY_USED', 'merchant', 'open']])
})

test('what the ledger has heard of such a tender stands', async () => {
  await begin()
  const sold = await world.sell(till, card, 100n)
  isTorn(sold)
  const parts = journaling.exported()
  const heard = { ...till.presentment(sold.sale), position: journaling.journal.head }
  expect(await till.batch(heard)).toMatchObject([{ state: 'settled' }])
  await isEnded()
  const before = await account()
  expect(await imported(parts)).toEqual({ became: {}, open: { [idOf(sold)]: 'settled' } })
  expect(await account()).toBe(before)
})

test('an advice of another tender is found out, whoever signed, and one that is missing', async () => {
  await begin()
  isTorn(await world.sell(till, card, 100n))
  isTorn(await world.sell(till, card, 200n))
  const [part] = journaling.exported()
  const [one, two] = part!.content.open
  const { key } = till
  const signed = (open: ExportPart['open']) => signExportPart({ ...part!.content, open }, key)
  expect(checkExportPart(signed([one!, two!])).kind).toBe('part')
  const other = { ...one!.advice!, terms: { ...one!.advice!.terms, amount: two!.amount } }
  for (const advice of [two!.advice!, other])
    expect(checkExportPart(signed([{ ...one!, advice }]))).toMatchObject({ kind: 'fault', code: 'item_not_in_chain' })
  const { advice: _left, ...without } = one!
  const journal = new ClosedJournal(journalFileIn(folder.path))
  const covers = (open: ExportPart['open']) =>
    coverageOf(journal, linesOf([signed(open)]), 'till-1', [verifyingKey(key.jwk)])
  expect(await covers([one!, two!])).toEqual({ kind: 'everything' })
  expect(await covers([without, two!])).toMatchObject({ kind: 'not_all' })
  journal.close()
})
