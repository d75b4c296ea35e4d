/**
 * The auditor's queue and the auditor's questions: real payments complete a pattern, an alert stands beside them and
 * stops nothing; an identity is told only together with a row that stays.
 *
 * Method: one ledger on disk for all, people of their own for each test. For the row that stays, somebody with the
 * database in their hands tries to delete it, and the audit looks at what they managed.
 */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { tellAfterMs } from '../../../ledger-sim/individuals/legal-bases.ts'
import { limitsOf } from '../../../ledger-sim/individuals/tiers.ts'
import { dayMs, hourMs, temporaryFolder, type TestSigner } from './demo-ledger.ts'
import { peopleWorld, type PeopleWorld } from './people.ts'

const folder = temporaryFolder()
const path = join(folder.path, 'ledger.db')
let world: PeopleWorld
beforeAll(async () => {
  world = await peopleWorld({ path })
})
afterAll(async () => {
  await world.demo.close()
  folder.remove()
})

async function pay(payer: string, payee: string, amount: bigint) {
  const transferId = world.id()
  const to = { kind: 'account', accountId: payee }
  const wanted = { transferId, payer, to, amount: amount.toString(), purpose: '', shows: 'nothing' }
  const { status, body } = await world.bank.post('/v1/transfers/individual-individual', wanted)
  return { status, transferId, code: body['code'] }
}

interface Alert extends Record<string, unknown> {
  readonly cursor: string
  readonly alertId: string
  readonly rule: string
  readonly account: string
  readonly evidence: readonly string[]
}

async function alertsSince(after: string): Promise<readonly Alert[]> {
  return (await world.auditor.get(`/v1/alerts?after=${after}`)).body['alerts'] as Alert[]
}

async function newest(): Promise<string> {
  return (await alertsSince('0')).at(-1)?.cursor ?? '0'
}

describe('an alert', () => {
  test('of three payments just under the limit stands with the third, stops none, names each once', async () => {
    await world.person('near-1', 'simplified')
    await world.person('near-2')
    const { single, balance } = limitsOf.simplified
    await world.fund('near-1', balance * 2n)
    const before = await newest()
    const paid: string[] = []
    const next = async (days: number) => {
      const { status, transferId } = await pay('near-1', 'near-2', (single * 9n) / 10n)
      expect(status).toBe(200)
      paid.push(transferId)
      world.demo.clock.now += days * dayMs
      return (await alertsSince(before)).length
    }
    expect(await next(1)).toBe(0)
    // By the third payment the first is too long ago.
    expect(await next(7)).toBe(0)
    expect(await next(1)).toBe(0)
    expect(await next(1)).toBe(0)
    expect((await pay('near-1', 'near-2', single + 1n)).code).toBe('limit_exceeded')
    expect((await pay('near-1', 'near-2', (single * 9n) / 10n - 1n)).status).toBe(200)
    expect(await alertsSince(before)).toEqual([])
    world.demo.clock.now += dayMs
    expect(await next(1)).toBe(1)
    const named = { rule: 'just_under_limit', version: 2, evidence: paid.slice(2, 5) }
    expect(await alertsSince(before)).toMatchObject([named])
    expect(await next(1)).toBe(1)
    expect(await next(1)).toBe(1)
    expect(await next(1)).toBe(2)
    expect((await alertsSince(before)).at(-1)).toMatchObject({ evidence: paid.slice(5) })
  })

  test('of the same sum to and fro: which rule, its version, whose account and the payments', async () => {
    await world.person('loop-1')
    await world.person('loop-2')
    await world.fund('loop-1', 2_000n)
    await world.fund('loop-2', 2_000n)
    const before = await newest()
    const paid: string[] = []
    const ways: readonly (readonly [string, string])[] = [
      ['loop-1', 'loop-2'],
      ['loop-2', 'loop-1'],
      ['loop-1', 'loop-2'],
      ['loop-2', 'loop-1'],
    ]
    for (const [payer, payee] of ways) {
      world.demo.clock.now += 1000
      paid.push((await pay(payer, payee, 1_000n)).transferId)
    }
    const alerts = await alertsSince(before)
    expect(alerts).toMatchObject([
      { rule: 'reversal_loop', version: 2, evidence: paid, state: 'open', reason: null, at: world.demo.clock.now },
    ])
    const disclosed = await disclose({ kind: 'account', account: alerts[0]?.account ?? '' })
    expect(disclosed.body).toMatchObject({ identity: { accountId: 'loop-2' } })
    // The other account has its own; then what was named of one account is not named of it again.
    const counts: number[] = []
    for (const [payer, payee] of ways) {
      world.demo.clock.now += 1000
      await pay(payer, payee, 1_000n)
      counts.push((await alertsSince(before)).length)
    }
    expect(counts).toEqual([2, 2, 2, 3])
    // Slowly it is no loop.
    world.demo.clock.now += dayMs
    for (const [payer, payee] of [...ways, ...ways]) {
      world.demo.clock.now += 13 * hourMs
      await pay(payer, payee, 1_000n)
    }
    expect(await alertsSince(before)).toHaveLength(3)
  })

  test('of what many pay to one, and of what is passed on', async () => {
    await world.person('hub-1')
    await world.person('hub-2')
    const share = (limitsOf.simplified.single + 9n) / 10n
    const before = await newest()
    for (let count = 0; count < 10; count += 1) {
      await world.person(`spoke-${count}`)
      await world.fund(`spoke-${count}`, share)
      expect(await alertsSince(before)).toEqual([])
      await pay(`spoke-${count}`, 'hub-1', share)
    }
    expect(await alertsSince(before)).toMatchObject([{ rule: 'many_payers' }])
    world.demo.clock.now += 1000
    expect((await pay('hub-1', 'hub-2', share * 10n)).status).toBe(200)
    const alerts = await alertsSince(before)
    expect(alerts).toMatchObject([{ rule: 'many_payers' }, { rule: 'pass_through' }])
    expect(alerts[1]?.account).toBe(alerts[0]?.account)
    expect(alerts[0]?.evidence).toHaveLength(10)
    expect(alerts[1]?.evidence).toHaveLength(11)
  })

  test('of what is passed on as cash and as non-cash', async () => {
    const [payer, payee] = ['cash-1', 'cash-2'] as const
    for (const person of [payer, payee]) await world.person(person)
    await world.fund(payee, 200n)
    const sum = limitsOf.simplified.single
    await world.fund(payer, sum)
    const before = await newest()
    expect((await pay(payer, payee, sum)).status).toBe(200)
    const desk = { bank: 'dala-bank', amount: ((sum * 9n) / 20n).toString() }
    await world.centralBank.post('/v1/cash-supplies', { ...desk, transferId: world.id() })
    for (const path of ['/v1/cash-withdrawals', '/v1/conversions/dt-to-non-cash/individual-bank']) {
      world.demo.clock.now += 1000
      const taken = { ...desk, transferId: world.id(), accountId: payee }
      expect(await world.bank.post(path, taken)).toMatchObject({ status: 200 })
    }
    expect(await alertsSince(before)).toEqual([])
    world.demo.clock.now += 1000
    expect((await pay(payee, payer, 100n)).status).toBe(200)
    const [alert] = await alertsSince(before)
    expect(alert).toMatchObject({ rule: 'pass_through' })
    expect(alert?.evidence).toHaveLength(4)
  })

  test('is told in the auditor’s feed when it is written, by its id, and in no other feed', async () => {
    const told = (await world.demo.rows('feed_event')).flatMap(({ stream, content }) => {
      const { kind, ...about } = JSON.parse(String(content)) as Record<string, unknown>
      return kind === 'alert' ? [{ stream, ...about }] : []
    })
    const alerts = await alertsSince('0')
    expect(alerts.length).toBeGreaterThan(4)
    expect(told).toEqual(
      alerts.map(({ alertId }) => ({ stream: 'role:auditor', code: 'UNUSUAL_MOVEMENTS', subject: alertId })),
    )
  })

  test('is the auditor’s alone, and decided once', async () => {
    for (const signer of [world.bank, world.centralBank, world.demo.role('agency')])
      expect(await signer.get('/v1/alerts')).toMatchObject({ status: 403 })
    const [alert] = await alertsSince('0')
    const decision = {
      decisionId: world.id(),
      alertId: alert?.alertId,
      decision: 'escalated',
      reason: 'looks circular',
    }
    expect(await world.centralBank.post('/v1/alert-decisions', decision)).toMatchObject({ status: 403 })
    for (const arrival of ['created', 'exists'])
      expect(await world.auditor.post('/v1/alert-decisions', decision)).toMatchObject({
        body: { state: 'escalated', arrival },
      })
    const again = { ...decision, decisionId: world.id(), decision: 'cleared' }
    expect(await world.auditor.post('/v1/alert-decisions', again)).toMatchObject({ body: { code: 'rule_violated' } })
    const unknown = { ...again, alertId: world.id() }
    expect(await world.auditor.post('/v1/alert-decisions', unknown)).toMatchObject({ status: 404 })
    expect(await alertsSince('0')).toContainEqual(
      expect.objectContaining({ alertId: alert?.alertId, state: 'escalated', reason: 'looks circular' }),
    )
    const page = (await world.auditor.get('/v1/alerts?limit=1')).body['alerts']
    expect(page).toMatchObject([{ alertId: alert?.alertId }])
  })
})

type Subject = { readonly kind: 'account'; readonly account: string } | { kind: 'transfer'; transferId: string }

function disclose(subject: Subject, legalBasis = 'court_order', signer: TestSigner = world.auditor) {
  const disclosure = { disclosureId: world.id(), subject, legalBasis, reason: 'order 2 of an invented court' }
  return signer.post('/v1/disclosures', disclosure)
}

async function listed(signer: TestSigner, query = ''): Promise<Record<string, unknown>[]> {
  return (await signer.get(`/v1/disclosures${query}`)).body['disclosures'] as Record<string, unknown>[]
}

describe('a disclosure', () => {
  test('is the auditor’s, about somebody who exists, and is listed for auditor and central bank', async () => {
    await world.person('told-1', 'full', 'Qarlygash Synaq')
    await world.person('told-2')
    await world.fund('told-1', 10n)
    const { transferId } = await pay('told-1', 'told-2', 1n)
    const before = (await listed(world.auditor)).length
    for (const signer of [world.bank, world.centralBank])
      expect(await disclose({ kind: 'transfer', transferId }, 'court_order', signer)).toMatchObject({ status: 403 })
    expect(await disclose({ kind: 'transfer', transferId: world.id() })).toMatchObject({ status: 404 })
    expect(await disclose({ kind: 'account', account: 'told-1' })).toMatchObject({ status: 404 })
    expect(await disclose({ kind: 'transfer', transferId }, 'curiosity')).toMatchObject({ status: 422 })
    expect(await listed(world.auditor)).toHaveLength(before)
    const told = await disclose({ kind: 'transfer', transferId })
    expect(told.body).toMatchObject({
      identity: { accountId: 'told-1', owner: 'told-1', name: 'Qarlygash Synaq', bank: 'dala-bank' },
    })
    for (const signer of [world.auditor, world.centralBank]) {
      const all = await listed(signer)
      expect(all).toHaveLength(before + 1)
      expect(all.at(-1)).toMatchObject({ transferId, legalBasis: 'court_order', by: 'auditor' })
      expect(JSON.stringify(all)).not.toMatch(/told-1|Qarlygash/)
      expect(await listed(signer, `?after=${String(all.at(-2)?.['disclosureId'])}`)).toEqual(all.slice(-1))
      expect(await listed(signer, '?limit=1')).toEqual(all.slice(0, 1))
    }
  })

  test('about a client is shown to that client’s bank when its time has come, in that order', async () => {
    await world.person('later-1', 'full', 'Later One', world.otherBank)
    await world.person('later-2', 'full', 'Later Two', world.otherBank)
    const pseudonyms = await Promise.all(['later-1', 'later-2'].map(pseudonymOf))
    await disclose({ kind: 'account', account: pseudonyms[0] ?? '' }, 'financial_monitoring')
    await disclose({ kind: 'account', account: pseudonyms[1] ?? '' }, 'court_order')
    world.demo.clock.now += tellAfterMs.court_order - 1
    expect(await listed(world.otherBank)).toEqual([])
    world.demo.clock.now += 1
    const [first] = await listed(world.otherBank)
    expect(first).toMatchObject({ account: 'later-2', reason: null, legalBasis: 'court_order' })
    world.demo.clock.now += tellAfterMs.financial_monitoring
    const second = await listed(world.otherBank, `?after=${String(first?.['disclosureId'])}`)
    expect(second).toMatchObject([{ account: 'later-1' }])
    expect(JSON.stringify(await listed(world.bank))).not.toContain('later-')
    const foreign = await world.bank.get(`/v1/disclosures?after=${String(first?.['disclosureId'])}`)
    expect(foreign).toMatchObject({ status: 404 })
  })

  test('leaves a row that the database refuses to delete; without its rules the audit finds the gap', async () => {
    expect((await listed(world.auditor)).length).toBeGreaterThan(2)
    expect(auditFile(path)?.faults).toEqual([])
    const database = new Database(path)
    database.pragma('foreign_keys = ON')
    const ids = database.prepare('select disclosure_id from disclosure').pluck().all() as string[]
    for (const id of ids)
      expect(() => database.prepare('delete from disclosure where disclosure_id = ?').run(id)).toThrow('FOREIGN KEY')
    database.pragma('foreign_keys = OFF')
    for (const which of ['min', 'max']) {
      database.exec('begin')
      database.exec(`delete from disclosure where number = (select ${which}(number) from disclosure)`)
      database.exec('commit')
      const rules = auditFile(path)?.faults.map(({ rule }) => rule) ?? []
      expect(new Set(rules)).toEqual(
        new Set(['disclosures stand in one chain, to its head, as many as were asked for']),
      )
    }
    database.close()
  })
})

/** As the auditor meets it, in an alert or a list: here in that of balances, by a sum that nobody else has. */
async function pseudonymOf(accountId: string): Promise<string> {
  const sum = BigInt(accountId.at(-1) ?? '0') + 987_654n
  await world.fund(accountId, sum)
  const balances = (await world.auditor.get('/v1/balances')).body['balances'] as Record<string, string>[]
  return balances.find(({ balance }) => balance === sum.toString())?.['accountId'] ?? ''
}
