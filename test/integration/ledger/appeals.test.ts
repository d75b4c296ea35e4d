/**
 * Appeals, as whole stories: the merchant bears a sale, asks the agency, and the agency says. After each story the
 * audit recomputes every balance; the stories say whose money moved, and that it moved once.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { post } from '../../../ledger-sim/accounts/transfers.ts'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { setCardStatus } from '../../../ledger-sim/schemes/cards.ts'
import { publishScheme, listSchemes } from '../../../ledger-sim/schemes/schemes.ts'
import { termsHashOf } from '../../../src/sync/protocol/canonical.ts'
import { verifyTagged } from '../../../src/sync/protocol/keys.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import {
  balanceOf,
  dayMs,
  demoLedger,
  hourMs,
  p256,
  temporaryFolder,
  TestSigner,
  type Decided,
  type DemoLedger,
  type TestTill,
} from './demo-ledger.ts'
import { readCard } from './sun-message.ts'

const agencyAccount = 'almaly-education'
const merchantAccount = 'merchant.school-7-canteen'
const lunch = 115_000n
let folder: ReturnType<typeof temporaryFolder>
let demo: DemoLedger
let till: TestTill
let agency: TestSigner
let merchant: TestSigner

beforeEach(async () => {
  folder = temporaryFolder()
  demo = await demoLedger({ path: join(folder.path, 'ledger.db') })
  till = await demo.till('till-1')
  await till.fetch()
  agency = demo.role('agency')
  merchant = demo.role('merchant', 'school-7-canteen')
})
afterEach(async () => {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
  } finally {
    await demo.close()
    folder.remove()
  }
})

interface Listed {
  readonly discrepancyId: string
  readonly tenderId: string | null
  readonly code: string
  readonly wayOut: string
  readonly appeal: Record<string, unknown> | null
}

async function listed(code: string, who: TestSigner = merchant): Promise<Listed> {
  const { body } = await who.get('/v1/discrepancies')
  const [found] = (body['discrepancies'] as Listed[]).filter((one) => one.code === code)
  if (found === undefined) throw new Error(`no discrepancy ${code}`)
  return found
}
const appeal = (discrepancyId: string, who: TestSigner = merchant) =>
  who.post('/v1/appeals', { discrepancyId, reason: 'the child ate here' })
const decide = (discrepancyId: string, verdict: string, who: TestSigner = agency) =>
  who.post('/v1/appeal-decisions', { discrepancyId, verdict, reason: 'looked at the camera' })
const tender = async ({ terms }: Decided) =>
  (await demo.rows('tender')).find((row) => row['tender_id'] === terms.tenderId)

async function balances(): Promise<{ readonly agency: bigint; readonly merchant: bigint }> {
  return { agency: await balanceOf(demo, agencyAccount), merchant: await balanceOf(demo, merchantAccount) }
}
/** What has moved since these balances. */
async function moved(before: Awaited<ReturnType<typeof balances>>) {
  const now = await balances()
  return { agency: now.agency - before.agency, merchant: now.merchant - before.merchant }
}

/** Two lunches of one slot: the first is paid, the second found it used. @returns both, and what is on file */
async function soldTwice(label = 'Pupil 01') {
  const [first, second] = [0, 1].map(() => till.decide({ card: demo.card(label) })) as [Decided, Decided]
  await till.present(first)
  expect(await till.present(second)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
  return { first, second, discrepancyId: (await listed('SLOT_ALREADY_USED')).discrepancyId }
}

describe('an appeal about a slot that was used', () => {
  test('accepted: the agency pays beside the slot, once, and its word is signed', async () => {
    const { second, discrepancyId } = await soldTwice()
    expect((await listed('SLOT_ALREADY_USED')).wayOut).toBe('appeal_to_agency')
    const before = await balances()
    expect(await appeal(discrepancyId)).toMatchObject({ status: 200, body: { arrival: 'created' } })
    expect(await appeal(discrepancyId)).toMatchObject({ status: 200, body: { arrival: 'exists' } })
    expect(await listed('SLOT_ALREADY_USED', agency)).toMatchObject({ wayOut: 'none', appeal: { state: 'open' } })
    expect(await moved(before)).toEqual({ agency: 0n, merchant: 0n })

    const { status, body } = await decide(discrepancyId, 'accepted')
    expect([status, body]).toMatchObject([200, { verdict: 'accepted', paidFrom: 'agency', arrival: 'created' }])
    const { arrival: _arrival, signature, ...decision } = body
    const said = { agencyId: agencyAccount, ...decision, amount: tiyn(BigInt(String(decision['amount']))) }
    expect(verifyTagged(demo.ports.keys.signing, 'tolem/appeal-decision/1', said, String(signature))).toBe(true)
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({
      body: { ...decision, signature, arrival: 'exists' },
    })
    expect(await decide(discrepancyId, 'refused')).toMatchObject({ body: { code: 'exists_with_different_terms' } })
    expect(await moved(before)).toEqual({ agency: -lunch, merchant: lunch })
    expect(await tender(second)).toMatchObject({ state: 'not_paid', loss: 'SLOT_ALREADY_USED' })
    const { appeal: shown } = await listed('SLOT_ALREADY_USED')
    expect(shown).toMatchObject({ state: 'accepted', answer: 'looked at the camera', paidFrom: 'agency', signature })
    const [row] = await demo.rows('appeal')
    expect(row).toMatchObject({ opened_by: 'school-7-canteen', decided_by: agency.key.keyId })
  })

  test('refused: it stands, and nothing moves; that is final', async () => {
    const { second, discrepancyId } = await soldTwice()
    const before = await balances()
    await appeal(discrepancyId)
    expect(await decide(discrepancyId, 'refused')).toMatchObject({ body: { paidFrom: null, arrival: 'created' } })
    expect(await decide(discrepancyId, 'refused')).toMatchObject({ body: { arrival: 'exists' } })
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ body: { code: 'exists_with_different_terms' } })
    expect(await appeal(discrepancyId)).toMatchObject({ body: { arrival: 'exists' } })
    expect(await moved(before)).toEqual({ agency: 0n, merchant: 0n })
    expect(await tender(second)).toMatchObject({ state: 'not_paid' })
  })

  test('accepted, then the slot has room again: the sale is not paid a second time', async () => {
    const { first, second, discrepancyId } = await soldTwice()
    await appeal(discrepancyId)
    await decide(discrepancyId, 'accepted')
    const before = await balances()
    await till.reverse(first.terms.tenderId)
    expect(await moved(before)).toEqual({ agency: 0n, merchant: -lunch })
    expect(await tender(second)).toMatchObject({ state: 'not_paid' })
  })

  test('refused, then the slot has room again: the table pays it, as it pays any', async () => {
    const { first, second, discrepancyId } = await soldTwice()
    await appeal(discrepancyId)
    await decide(discrepancyId, 'refused')
    await till.reverse(first.terms.tenderId)
    expect(await tender(second)).toMatchObject({ state: 'settled', paid_by: 'escrow' })
  })

  test('open, when the slot has room again: it is paid from there, and there is nothing left to decide', async () => {
    const { first, second, discrepancyId } = await soldTwice()
    await appeal(discrepancyId)
    await till.reverse(first.terms.tenderId)
    expect(await tender(second)).toMatchObject({ state: 'settled', paid_by: 'escrow' })
    const before = await balances()
    expect(await listed('SLOT_ALREADY_USED')).toMatchObject({ appeal: { state: 'withdrawn' } })
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ body: { code: 'exists_with_different_terms' } })
    expect(await moved(before)).toEqual({ agency: 0n, merchant: 0n })
  })

  test('accepted, and then the till reverses the sale: the agency has its money back, the answer stands', async () => {
    const { second, discrepancyId } = await soldTwice()
    await appeal(discrepancyId)
    const before = await balances()
    await decide(discrepancyId, 'accepted')
    await till.reverse(second.terms.tenderId)
    await till.reverse(second.terms.tenderId)
    expect(await moved(before)).toEqual({ agency: 0n, merchant: 0n })
    expect(await listed('SLOT_ALREADY_USED')).toMatchObject({ appeal: { state: 'given_back' } })
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ body: { arrival: 'exists' } })
    expect(await moved(before)).toEqual({ agency: 0n, merchant: 0n })
  })

  test('open, and then the till reverses the sale: there is nothing left to decide', async () => {
    const { second, discrepancyId } = await soldTwice()
    await appeal(discrepancyId)
    const before = await balances()
    await till.reverse(second.terms.tenderId)
    expect(await listed('SLOT_ALREADY_USED')).toMatchObject({ wayOut: 'none', appeal: { state: 'withdrawn' } })
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ body: { code: 'exists_with_different_terms' } })
    expect(await moved(before)).toEqual({ agency: 0n, merchant: 0n })
  })

  test('given back by a merchant who has less: it owes the rest, and the next payment is netted', async () => {
    const { second, discrepancyId } = await soldTwice()
    await appeal(discrepancyId)
    const before = await balances()
    await decide(discrepancyId, 'accepted')
    await spend(merchantAccount, 15_000n)
    await till.reverse(second.terms.tenderId)
    expect(await demo.rows('merchant_debt')).toMatchObject([{ reference: discrepancyId, amount: lunch - 15_000n }])
    await till.present(till.decide({ card: demo.card('Pupil 02') }))
    expect((await moved(before)).agency).toBe(0n)
  })

  test('accepted, and what the merchant owes is taken from it first', async () => {
    const { discrepancyId } = await soldTwice()
    await appeal(discrepancyId)
    const owed = till.decide({ card: demo.card('Pupil 02') })
    await till.present(owed)
    await spend(merchantAccount, 15_000n)
    await till.reverse(owed.terms.tenderId)
    const before = await balances()
    await decide(discrepancyId, 'accepted')
    expect(await moved(before)).toEqual({ agency: -lunch, merchant: 15_000n })
    expect(await demo.rows('merchant_debt')).toMatchObject([{ reference: owed.terms.tenderId, amount: 0n }])
  })

  test('and an agency without the money decides nothing, and can decide later', async () => {
    const { discrepancyId } = await soldTwice()
    await appeal(discrepancyId)
    const all = await balanceOf(demo, agencyAccount)
    await spend(agencyAccount, 0n)
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ body: { code: 'insufficient_funds' } })
    expect(await listed('SLOT_ALREADY_USED')).toMatchObject({ appeal: { state: 'open' } })
    await move('merchant.kokbazar-shop', agencyAccount, all)
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ body: { arrival: 'created' } })
  })
})

/** Leaves only so much in an account. */
async function spend(account: string, left: bigint): Promise<void> {
  await move(account, 'merchant.kokbazar-shop', (await balanceOf(demo, account)) - left)
}
async function move(debit: string, credit: string, amount: bigint): Promise<void> {
  const leg = { debit, credit, amount: tiyn(amount), kind: 'payment' } as const
  await inTransaction(demo.ports, (work) => post(work, [leg], 'moved by the test'))
}

/** A sale with a card that was blocked, under a package older than its scheme allows: proved, and the merchant's. */
async function soldBlocked(): Promise<Decided> {
  const card = demo.card('Pupil 01')
  await inTransaction(demo.ports, async (work) => {
    await setCardStatus(work, card.pseudonym, 'blocked')
    for (const scheme of await listSchemes(work))
      await publishScheme(work, {
        ...scheme,
        version: scheme.version + 1,
        offline: { ...scheme.offline, allowedPolicyAgeMs: 0 },
      })
  })
  demo.clock.now += hourMs
  const sold = till.decide({ card })
  expect(await till.present(sold)).toMatchObject({ state: 'not_paid', loss: 'BLOCKED_BEFORE_SALE' })
  return sold
}

test('the till hears that it was filed, and of each turn of its appeal, once', async () => {
  const turnsOf = async (discrepancyId: string) => {
    const { events } = await till.call('/v1/terminal/events', { after: 0, limit: 100 })
    return events.flatMap(({ event }) =>
      event.kind === 'discrepancy' && event.discrepancy.discrepancyId === discrepancyId
        ? [`${event.discrepancy.wayOut} ${event.discrepancy.appeal}`]
        : [],
    )
  }
  const asked = await soldTwice()
  for (let time = 0; time < 2; time += 1) await appeal(asked.discrepancyId)
  for (let time = 0; time < 2; time += 1) await decide(asked.discrepancyId, 'accepted')
  for (let time = 0; time < 2; time += 1) await till.reverse(asked.second.terms.tenderId)
  const filed = ['appeal_to_agency null', 'none open']
  expect(await turnsOf(asked.discrepancyId)).toEqual([...filed, 'none accepted', 'none given_back'])
  const paid = await soldTwice('Pupil 02')
  await appeal(paid.discrepancyId)
  await till.reverse(paid.first.terms.tenderId)
  expect(await turnsOf(paid.discrepancyId)).toEqual([...filed, 'none withdrawn'])
})

describe('an accepted appeal of a proved sale', () => {
  test('is paid from its slot while that has room, and the till hears of it', async () => {
    const sold = await soldBlocked()
    const before = await balances()
    const { cursor } = await till.call('/v1/terminal/events', { after: 0, limit: 100 })
    const { discrepancyId } = await listed('BLOCKED_BEFORE_SALE')
    await appeal(discrepancyId, till)
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ body: { paidFrom: 'slot' } })
    expect(await moved(before)).toEqual({ agency: 0n, merchant: lunch })
    expect(await tender(sold)).toMatchObject({ state: 'settled', paid_by: 'escrow', loss: null })
    const { events } = await till.call('/v1/terminal/events', { after: cursor, limit: 100 })
    expect(events.map(({ event }) => event).filter(({ kind }) => kind === 'item')).toMatchObject([
      { kind: 'item', item: { result: { itemId: sold.terms.tenderId, state: 'settled', paidBy: 'escrow' } } },
    ])
    await till.reverse(sold.terms.tenderId)
    expect(await moved(before)).toEqual({ agency: 0n, merchant: 0n })
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ body: { arrival: 'exists' } })
  })

  test('is paid beside it, when the slot is at another till by then', async () => {
    await demo.till('till-2')
    await soldBlocked()
    const leased = till.leased(demo.card('Pupil 01'))
    if (leased === undefined) throw new Error('not leased')
    await till.batch(till.surrender(leased.lease.leaseId, leased.slot.slotId))
    await inTransaction(demo.ports, (work) => setCardStatus(work, demo.card('Pupil 01').pseudonym, 'active'))
    const granted = await agency.post('/v1/leases', {
      grantId: till.id(),
      terminalId: 'till-2',
      schemeId: 'school-lunch',
      beneficiaries: [leased.slot.beneficiary],
      periodIds: [leased.slot.periodId],
      sellUntil: demo.clock.now + 3 * hourMs,
      presentUntil: demo.clock.now + 2 * dayMs,
    })
    expect(granted).toMatchObject({ status: 200, body: { slots: 1 } })
    const before = await balances()
    const { discrepancyId } = await listed('BLOCKED_BEFORE_SALE')
    await appeal(discrepancyId)
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ body: { paidFrom: 'agency' } })
    expect(await moved(before)).toEqual({ agency: -lunch, merchant: lunch })
  })
})

describe('an accepted appeal of a sale that is not proved', () => {
  test('leaves the slot alone: it may be a child’s who was never there', async () => {
    const sold = till.decide({ card: demo.card('Pupil 01') })
    const unsigned = { ...sold, evidence: { ...sold.evidence, signature: 'A'.repeat(86) } }
    expect(await till.present(unsigned)).toMatchObject({ state: 'not_paid', loss: 'PROOF_MISSING_OR_FORGED' })
    const before = await balances()
    const { discrepancyId } = await listed('PROOF_MISSING_OR_FORGED')
    await appeal(discrepancyId)
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ body: { paidFrom: 'agency' } })
    expect(await moved(before)).toEqual({ agency: -lunch, merchant: lunch })
    expect(await demo.rows('slot_use')).toEqual([])
  })
})

describe('what came under an id that means something else is no sale of that id', () => {
  const look = { wayOut: 'look_into_till', appeal: null }
  const refused = { status: 409, body: { code: 'rule_violated' } }

  test('so there is nothing to ask an agency for, whichever term differs; the first sale stays paid once', async () => {
    const card = demo.card('Pupil 01')
    const first = till.decide({ card })
    const { tenderId } = first.terms
    await till.present(first)
    const before = await balances()
    for (const [sale, code] of [
      [{ card, quantity: 2, tenderId }, 'EXISTS_WITH_DIFFERENT_AMOUNT'],
      [{ card, tenderId }, 'EXISTS_WITH_DIFFERENT_SALE_HASH'],
      [{ card: demo.card('Pupil 02'), tenderId }, 'EXISTS_WITH_DIFFERENT_PAYER_SLOT'],
    ] as const) {
      expect(await till.present(till.decide(sale))).toMatchObject({ arrival: code.toLowerCase(), state: 'settled' })
      const filed = await listed(code)
      expect(filed).toMatchObject(look)
      expect(await appeal(filed.discrepancyId)).toMatchObject(refused)
    }
    expect(await demo.rows('appeal')).toEqual([])
    expect(await moved(before)).toEqual({ agency: 0n, merchant: 0n })
    expect(await tender(first)).toMatchObject({ state: 'settled' })
  })

  test('nor is a sale that its till had disowned before it came', async () => {
    const sold = till.decide({ card: demo.card('Pupil 01') })
    await till.reverse(sold.terms.tenderId)
    expect(await till.present(sold)).toMatchObject({ arrival: 'reversed_before_arrival' })
    const filed = await listed('REVERSED_BEFORE_ARRIVAL')
    expect(filed).toMatchObject(look)
    expect(await appeal(filed.discrepancyId)).toMatchObject(refused)
  })

  test('nor is a forked journal, which stays to be looked into when the till reverses the sale', async () => {
    const sold = till.decide({ card: demo.card('Pupil 01') })
    const position = till.position()
    await till.present(sold, position)
    await till.batch(till.reversal(sold.terms.tenderId, { ...position, hash: 'f'.repeat(64) }))
    expect(await listed('CHAIN_BROKEN')).toMatchObject(look)
  })

  test('and what is filed beside a loss does not become a second claim', async () => {
    const { second, discrepancyId } = await soldTwice()
    const other = till.decide({ card: demo.card('Pupil 01'), quantity: 2, tenderId: second.terms.tenderId })
    await till.present(other)
    await appeal(discrepancyId)
    await decide(discrepancyId, 'accepted')
    expect(await appeal((await listed('EXISTS_WITH_DIFFERENT_AMOUNT')).discrepancyId)).toMatchObject(refused)
  })
})

describe('who may', () => {
  const stranger = async (role: string, owner: string): Promise<TestSigner> => {
    const key = p256(owner)
    await demo.ports.store.transaction(async (connection) => {
      const jwk = JSON.stringify(key.jwk)
      await connection
        .insertInto('principal')
        .values({ key_id: key.keyId, jwk, role, owner, status: 'active' })
        .execute()
    })
    return new TestSigner(demo.ledger, demo.clock, demo.random, key)
  }

  test('appeal: its merchant and its till; to others there is no such discrepancy', async () => {
    const { discrepancyId } = await soldTwice()
    const other = await demo.till('till-2')
    for (const who of [demo.role('merchant', 'kokbazar-shop'), other])
      expect(await appeal(discrepancyId, who)).toMatchObject({ status: 404 })
    for (const who of [agency, demo.role('auditor'), demo.role('bank')])
      expect(await appeal(discrepancyId, who)).toMatchObject({ status: 403 })
    expect(await demo.rows('appeal')).toEqual([])
    expect(await appeal(discrepancyId, till)).toMatchObject({ status: 200 })
    expect(await demo.rows('appeal')).toMatchObject([{ opened_by: 'till-1' }])
  })

  test('decide: its agency; to others there is no such appeal, nor is there one that nobody opened', async () => {
    const { discrepancyId } = await soldTwice()
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ status: 404 })
    await appeal(discrepancyId)
    expect(await decide(discrepancyId, 'accepted', await stranger('agency', 'other-agency'))).toMatchObject({
      status: 404,
    })
    for (const who of [merchant, till, demo.role('auditor'), demo.role('central-bank')])
      expect(await decide(discrepancyId, 'accepted', who)).toMatchObject({ status: 403 })
    expect(await demo.rows('appeal')).toMatchObject([{ state: 'open' }])
  })

  test('and what is no unpaid sale is not appealed: a tap that was refused, its decision does not replay', async () => {
    const card = demo.card('Pupil 01')
    const decided = till.decide({ card }, 'online')
    const { record } = decided.evidence
    const terms = { ...decided.terms, amount: tiyn(lunch + 1n) }
    if (record.decision.verdict !== 'approve') throw new Error('refused')
    const parts = record.decision.parts.map((part) => ({ ...part, amount: terms.amount }))
    const forged = { ...record, decision: { ...record.decision, parts } }
    const evidence = till.evidence(forged, terms, readCard(card, termsHashOf(terms)))
    expect(await till.authorise({ terms, evidence })).toMatchObject({ state: 'refused' })
    const { discrepancyId, wayOut } = await listed('DECISION_MISMATCH')
    expect(wayOut).toBe('look_into_till')
    expect(await appeal(discrepancyId)).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
  })
})

describe('goods of a sale that an appeal paid', () => {
  const back = (sold: Decided, amount: bigint) =>
    till.batch(till.refund(sold.terms.tenderId, [{ line: 1, amount: tiyn(amount) }]))

  test('come back: the agency has its money again, once', async () => {
    const { second, discrepancyId } = await soldTwice()
    const before = await balances()
    await appeal(discrepancyId)
    expect(await back(second, lunch)).toMatchObject([{ state: 'refused', refusal: 'REFUND_ORIGINAL_NOT_PAID' }])
    expect(await decide(discrepancyId, 'accepted')).toMatchObject({ body: { paidFrom: 'agency' } })
    expect(await back(second, lunch)).toMatchObject([{ state: 'done', amount: lunch }])
    expect(await moved(before)).toEqual({ agency: 0n, merchant: 0n })
    expect(await back(second, lunch)).toMatchObject([{ state: 'refused', refusal: 'REFUND_ABOVE_ORIGINAL' }])
  })

  test('come back in part, and then the till reverses the sale: the rest goes back', async () => {
    const { second, discrepancyId } = await soldTwice()
    const before = await balances()
    await appeal(discrepancyId)
    await decide(discrepancyId, 'accepted')
    expect(await back(second, 15_000n)).toMatchObject([{ state: 'done' }])
    expect(await moved(before)).toEqual({ agency: 15_000n - lunch, merchant: lunch - 15_000n })
    await till.reverse(second.terms.tenderId)
    expect(await moved(before)).toEqual({ agency: 0n, merchant: 0n })
  })
})

test('the audit finds what no appeal may have done', async () => {
  const { first, second, discrepancyId } = await soldTwice()
  await appeal(discrepancyId)
  await decide(discrepancyId, 'accepted')
  const file = join(folder.path, 'ledger.db')
  let copies = 0
  const faultsAfter = async (change: string): Promise<readonly string[]> => {
    const copy = join(folder.path, `copy-${(copies += 1)}.db`)
    const source = new Database(file, { readonly: true })
    await source.backup(copy)
    source.close()
    const database = new Database(copy)
    database.pragma('foreign_keys = OFF')
    database.exec(change)
    database.close()
    return (auditFile(copy)?.faults ?? []).map(({ rule }) => rule)
  }
  expect(await faultsAfter('delete from appeal')).toEqual(['every payment of an appeal belongs to one'])
  const once = 'each appeal beside the slots was paid once when it was accepted, and not otherwise'
  expect(await faultsAfter(`update appeal set state = 'refused'`)).toEqual([once])
  expect(await faultsAfter('update appeal set paid_from = null')).toEqual([once])
  const beside = 'no tender is paid by its slot and by an appeal beside it'
  const tooMuch = 'no tender is paid more than it is for, by its slot and by appeals together'
  const { tenderId } = second.terms
  expect(await faultsAfter(`update tender set state = 'settled' where tender_id = '${tenderId}'`)).toContain(beside)
  const asOf = `code = 'EXISTS_WITH_DIFFERENT_AMOUNT', tender_id`
  const ofFirst = await faultsAfter(`update discrepancy set ${asOf} = '${first.terms.tenderId}'`)
  expect(ofFirst).toEqual([beside, tooMuch])
  expect(await faultsAfter('update discrepancy set tender_id = null')).toEqual([beside])
  expect(await faultsAfter(`update tender set amount = 1 where tender_id = '${tenderId}'`)).toEqual([tooMuch])
  const twice = `
    insert into discrepancy (discrepancy_id, terminal_id, tender_id, code, owner, amount, evidence, appeal, at)
      select 'd', terminal_id, tender_id, 'CHAIN_BROKEN', owner, amount, evidence, appeal, at from discrepancy;
    insert into appeal (discrepancy_id, agency_id, opened_by, reason, at, state)
      select 'd', agency_id, opened_by, reason, at, 'open' from appeal`
  expect(await faultsAfter(twice)).toEqual(['no tender has more than one appeal that is open or was accepted'])
})
