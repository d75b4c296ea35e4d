/**
 * Whoever asks for whatever move, valid or not, under new ids and used ones, in whatever order: the ledger says and
 * moves what a model says and moves that was written without its code (docs/design/18-platform-api.md, "Moves").
 *
 * Method: random stories of signed requests against a real ledger. After each step the answer is held against the
 * model's, and so is every balance; after each story every statement, page by page, the status of every id to everybody
 * in turn, the settlement messages, and the audit. A second property books while a reader pages. `TOLEM_SEED` repeats a
 * run.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { post, type Leg } from '../../../ledger-sim/accounts/transfers.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { accountPseudonym } from '../../../ledger-sim/individuals/pseudonyms.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { hourMs } from '../../integration/ledger/demo-ledger.ts'
import { banks, clients, funds, movesWorld, type MovesWorld } from '../../integration/ledger/moves-world.ts'
import { MovesModel, type Method, type Verdict, type Wanted } from './moves-model.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? Date.now() % 2 ** 31)

const weights: Readonly<Record<Method, number>> = {
  issue: 3,
  'issue-return': 4,
  'sell-to-individual': 3,
  'sell-to-entity': 3,
  'buy-from-individual': 4,
  'buy-from-entity': 3,
  'cash-out': 4,
  'cash-in': 4,
  'cash-supply': 1,
  deposit: 2,
  'pay-entity': 5,
  'pay-individual': 7,
  'pay-out': 4,
  'pay-government': 7,
  reverse: 12,
  refund: 12,
}
const people = ['aru', 'berik', 'dana']
const owners = ['central-bank', 'auditor', ...banks, ...clients.map(({ owner }) => owner)]
const accounts = [...clients.map(({ owner }) => owner), 'scheme.lunch', 'escrow.lease-1', 'nobody', 'bank-a.reserve']
const amounts = [1n, 40_000n, 250_000n, 400_000n, 999_999n, 1_000_000n, 2_500_000n]

const step = fc.record({
  method: fc.oneof(
    ...Object.entries(weights).map(([method, weight]) => ({ weight, arbitrary: fc.constant(method as Method) })),
  ),
  /** Mostly whoever fits. */
  stray: fc.integer({ min: 0, max: 9 }),
  who: fc.nat(99),
  account: fc.nat(accounts.length - 1),
  payee: fc.nat(accounts.length - 1),
  id: fc.nat(99),
  of: fc.nat(99),
  amount: fc.constantFrom(...amounts),
  /** A day is some twenty steps. */
  waitHours: fc.oneof({ weight: 28, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(7, 26) }),
})
type Step = Parameters<Parameters<typeof step.map>[0]>[0]
const stories = fc.noBias(fc.array(step, { minLength: 30, maxLength: 70, size: 'max' }))

const pathOf: Readonly<Record<Method, string>> = {
  issue: '/v1/conversions/non-cash-to-dt/bank-central-bank',
  'issue-return': '/v1/conversions/dt-to-non-cash/bank-central-bank',
  'sell-to-individual': '/v1/conversions/non-cash-to-dt/individual-bank',
  'sell-to-entity': '/v1/conversions/non-cash-to-dt/legal-entity-bank',
  'buy-from-individual': '/v1/conversions/dt-to-non-cash/individual-bank',
  'buy-from-entity': '/v1/conversions/dt-to-non-cash/legal-entity-bank',
  'cash-out': '/v1/cash-withdrawals',
  'cash-in': '/v1/cash-deposits',
  'cash-supply': '/v1/cash-supplies',
  deposit: '/v1/non-cash-deposits',
  'pay-entity': '/v1/payments/legal-entity-legal-entity',
  'pay-individual': '/v1/payments/legal-entity-individual',
  'pay-out': '/v1/scenarios/government-to-customer',
  'pay-government': '/v1/scenarios/customer-to-government',
  reverse: '/v1/reversals',
  refund: '/v1/refunds',
}

function bodyOf(method: Method, { id, of, bank, account, payee, amount: whole }: Wanted): object {
  const amount = whole.toString()
  const named = { transferId: id, amount }
  switch (method) {
    case 'issue':
    case 'issue-return':
    case 'cash-supply':
      return { ...named, bank }
    case 'deposit':
      return { ...named, accountId: nonCashOf(account) }
    case 'pay-entity':
    case 'pay-individual':
      return { ...named, payer: account, payee, purpose: 'p' }
    case 'pay-government':
      return { ...named, payer: account, payee, purpose: 'tax', paymentReference: 'T' }
    case 'pay-out':
      return { payer: account, purpose: 'p', payments: [{ ...named, payee }] }
    case 'reverse':
      return { reversalId: id, transferId: of, reason: 'r' }
    case 'refund':
      return { refundId: id, transferId: of, amount, reason: 'r' }
    default:
      return { ...named, bank, accountId: account }
  }
}

/** A client's at its bank. */
function nonCashOf(account: string): string {
  const client = clients.find(({ owner }) => owner === account)
  return client === undefined ? account : `${client.bank}.client.${account}`
}

/** Who would ask for that, if everything was right. */
function fitting(
  method: Method,
  { who, account, payee }: Step,
): { by: string; bank: string; account: string; payee: string } {
  const pick = <One>(list: readonly One[], number: number): One => list[number % list.length] as One
  const bankOf = (name: string) => clients.find(({ owner }) => owner === name)?.bank ?? 'bank-a'
  const entities = ['education', 'farm', 'shop']
  const bank = pick(banks, who)
  switch (method) {
    case 'issue':
    case 'issue-return':
      return { by: bank, bank, account: 'aru', payee: 'aru' }
    case 'cash-supply':
    case 'deposit':
      return { by: 'central-bank', bank, account: pick([...people, 'bank-a.reserve'], account), payee: 'aru' }
    case 'sell-to-individual':
    case 'buy-from-individual':
    case 'cash-out':
    case 'cash-in': {
      const person = pick(people, account)
      return { by: bankOf(person), bank: bankOf(person), account: person, payee: 'aru' }
    }
    case 'sell-to-entity':
    case 'buy-from-entity': {
      const entity = pick(['farm', 'shop'], account)
      return { by: bankOf(entity), bank: bankOf(entity), account: entity, payee: 'aru' }
    }
    case 'pay-entity':
      return {
        by: pick(entities, account),
        bank,
        account: pick(entities, account),
        payee: pick(entities, account + 1 + (payee % 2)),
      }
    case 'pay-individual':
      return { by: pick(entities, account), bank, account: pick(entities, account), payee: pick(people, payee) }
    case 'pay-out':
      return { by: 'education', bank, account: 'education', payee: pick(people, payee) }
    case 'pay-government': {
      const person = pick(people, account)
      return { by: who % 2 === 0 ? person : bankOf(person), bank, account: person, payee: 'education' }
    }
    case 'reverse':
    case 'refund':
      return { by: pick(owners, who), bank, account: 'aru', payee: 'aru' }
    default:
      return method satisfies never
  }
}

interface Request {
  readonly method: Method
  readonly by: string
  readonly wanted: Wanted
}

/** What comes late under an id that was disowned, by who did that. */
const lateMethods: Readonly<Record<string, Method>> = {
  'bank-a': 'cash-in',
  'bank-b': 'issue',
  'central-bank': 'deposit',
  education: 'pay-out',
  farm: 'pay-individual',
  shop: 'refund',
  aru: 'pay-government',
  berik: 'pay-government',
  dana: 'reverse',
}

/** Ids are mostly new; returns are mostly of payments, by whoever may; now and then a former request comes again. */
function requestOf(
  each: Step,
  world: MovesWorld,
  model: MovesModel,
  ids: string[],
  former: readonly Request[],
): Request {
  const { method, stray, who, amount } = each
  const again = former[each.of % Math.max(1, former.length)]
  if (stray === 9 && again !== undefined) return again
  const gone = model.disowned[each.of % Math.max(1, model.disowned.length)]
  const late = gone === undefined ? undefined : lateMethods[gone.by]
  if (stray === 8 && gone !== undefined && late !== undefined)
    return { method: late, by: gone.by, wanted: { ...fitting(late, each), id: gone.id, of: gone.id, amount } }
  const used = ids[each.id % Math.max(1, ids.length)]
  const id = each.id % 5 === 0 && used !== undefined ? used : world.id()
  ids.push(id)
  const transfers = [...model.transfers].filter(([, { kind }]) => each.of % 7 === 0 || kind.startsWith('payment'))
  const [made, transfer] = transfers.at(-1 - (each.of % 4)) ?? transfers[0] ?? []
  const of = each.of % 5 === 0 ? (ids[each.of % ids.length] ?? id) : (made ?? world.id())
  if (!ids.includes(of)) ids.push(of)
  const wild = { by: owners[who % owners.length] ?? '', bank: banks[each.account % 2] ?? '' }
  const account = accounts[each.account] ?? ''
  const fits = fitting(method, each)
  // One thing is wrong, or all are.
  const strayed = { ...wild, account, payee: accounts[each.payee] ?? '' }
  const one = stray === 1 ? { ...fits, by: wild.by } : stray === 2 ? { ...fits, account } : fits
  const chosen = stray === 0 ? strayed : one
  const party = method === 'reverse' ? transfer?.maker : method === 'refund' ? transfer?.payee : undefined
  const by = stray > 1 && party !== undefined && owners.includes(party) ? party : chosen.by
  // A half and a third go back where a whole does not.
  const part = (transfer?.amount ?? 0n) / BigInt(1 + (each.payee % 3))
  const some = method === 'refund' && part > 0n ? part : amount
  return { method, by, wanted: { ...chosen, id, of, amount: some } }
}

async function play(world: MovesWorld, story: readonly Step[], heard: Map<string, number>): Promise<void> {
  const model = new MovesModel(await world.balances())
  const rows = await world.rows('account')
  const counted = new Map(rows.map((row) => [String(row['account_id']), Number(row['entries'])]))
  const told = (await world.rows('settlement_message')).length
  const ids: string[] = []
  const former: Request[] = []
  for (const each of story) {
    world.clock.now += each.waitHours * hourMs + 1
    const request = requestOf(each, world, model, ids, former)
    former.push(request)
    const { method, by, wanted } = request
    const expected = model.ask(method, by, wanted, world.clock.now)
    note(heard, method, expected)
    const answer = await world.as(by).post(pathOf[method], bodyOf(method, wanted))
    const isBatch = method === 'pay-out' && answer.status === 200
    const [body] = isBatch ? (answer.body['results'] as Record<string, unknown>[]) : [answer.body]
    expect({ method, by, ...body }).toMatchObject({ method, by, ...expected })
    expect(await world.balances()).toEqual(model.balances)
  }
  await compareQuestions(world, model, { ids: new Set(ids), counted, told })
}

function note(heard: Map<string, number>, method: Method, expected: Verdict): void {
  const said = expected as { readonly [field: string]: string | undefined }
  const words = [said['state'], said['arrival']].filter((word) => word !== undefined)
  const key = `${method}: ${said['code'] ?? words.join(' ')}`
  heard.set(key, (heard.get(key) ?? 0) + 1)
}

interface Former {
  readonly ids: ReadonlySet<string>
  /** How many entries each account had before. */
  readonly counted: ReadonlyMap<string, number>
  readonly told: number
}

interface StatementPage {
  readonly cursor: number
  readonly openingBalance: string
  readonly entries: readonly { amount: string; balance: string; kind: string; reference: string; entry: number }[]
}

async function compareQuestions(world: MovesWorld, model: MovesModel, { ids, counted, told }: Former): Promise<void> {
  for (const [index, id] of [...ids].entries()) {
    const maker = model.transfers.get(id)?.maker
    for (const by of maker === undefined ? ['farm'] : [owners[index % owners.length] ?? '', maker]) {
      const { body } = await world.as(by).get(`/v1/transfers?transferId=${id}`)
      expect(body).toMatchObject(model.status(id, by))
    }
  }
  for (const [account, expected] of model.entries) {
    const shown: string[] = []
    // Who watches all knows people by pseudonyms only, and their non-cash not at all.
    const owner = account.split('.client.')[1]
    const by = owner !== undefined && people.includes(owner) ? owner : 'auditor'
    const named = people.includes(account) ? accountPseudonym(world.ports.keys, account) : account
    let after = counted.get(account) ?? 0
    for (;;) {
      const { body } = await world.as(by).get(`/v1/statements?accountId=${named}&after=${after}&limit=9`)
      const { entries, cursor } = body as unknown as StatementPage
      if (entries.length === 0) break
      shown.push(...entries.map(({ amount, balance, kind, reference }) => `${amount} ${balance} ${kind} ${reference}`))
      after = cursor
    }
    expect(shown).toEqual(expected)
  }
  const { body } = await world.as('central-bank').get('/v1/settlement-messages')
  const messages = (body['messages'] as { transferId: string; bank: string; direction: string; amount: string }[])
    .slice(told)
    .map(({ transferId, bank, direction, amount }) => `${transferId} ${bank} ${direction} ${amount}`)
  expect(messages).toEqual(model.messages)
  for (const money of [
    /^(?!.*\.(reserve|non-cash|client|cash|outside)).*$/,
    /\.(reserve|non-cash|client|cash|outside)/,
  ]) {
    const sum = [...model.balances].filter(([account]) => money.test(account)).reduce((all, [, each]) => all + each, 0n)
    expect(sum).toBe(0n)
  }
}

test('the ledger says and moves what the model does, whoever asks for whatever', async () => {
  const heard = new Map<string, number>()
  const numRuns = 8
  console.info(`moves: ${numRuns} stories, TOLEM_SEED=${seed}`)
  // Chance may leave one of these out: then as many stories more are played, a few times.
  for (let round = 0; round === 0 || (round < roundsMost && unheard(heard).length > 0); round += 1)
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        const world = await movesWorld()
        try {
          await play(world, story, heard)
          world.audit()
        } finally {
          await world.close()
        }
      }),
      // A failing story is made smaller for as long as there is time.
      { numRuns, seed: seed + round, interruptAfterTimeLimit: 200_000, markInterruptAsFailure: true },
    )
  expect(unheard(heard)).toEqual([])
}, 240_000)

const roundsMost = 6

/** Stories that never come to these would prove little. */
function unheard(heard: ReadonlyMap<string, number>): readonly string[] {
  const outcomes = new Set([...heard.keys()].map((key) => key.replace(/^[a-z-]+: /, '')))
  const wanted = [
    'created',
    'exists',
    'reversed created',
    'reversed_before_arrival created',
    'reversed_before_arrival',
    'exists_with_different_terms',
    'rule_violated',
    'not_found',
    'insufficient_funds',
    'role_not_allowed',
  ]
  return wanted.filter((one) => !outcomes.has(one))
}

test('whoever pages through a statement while it is written to misses nothing and sees nothing twice', async () => {
  const world = await movesWorld()
  try {
    const paths: readonly (readonly string[])[] = [
      ['farm', 'aru'],
      ['aru', 'shop'],
      ['farm', 'aru', 'shop'],
      ['aru', 'farm', 'aru'],
      ['shop', 'aru', 'farm', 'aru'],
      ['shop', 'farm'],
    ]
    const act = fc.record({
      books: fc.array(fc.nat(paths.length - 1), { maxLength: 4 }),
      limit: fc.integer({ min: 1, max: 6 }),
      clock: fc.constantFrom(0, 0, 1, 5_000, -2_000),
    })
    let start = 1
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 25 }), async (acts) => {
        const booked: string[] = []
        const seen: string[] = []
        let [cursor, balance] = [start, (await world.balance('aru')).toString()]
        const page = async (limit: number): Promise<number> => {
          const { body } = await world.as('aru').get(`/v1/statements?accountId=aru&after=${cursor}&limit=${limit}`)
          const { entries, cursor: next, openingBalance } = body as unknown as StatementPage
          expect(openingBalance).toBe(balance)
          for (const { entry, amount, reference, balance: after } of entries) {
            expect(entry).toBe((cursor += 1))
            expect(BigInt(after)).toBe(BigInt(balance) + BigInt(amount))
            balance = after
            seen.push(`${amount} ${reference}`)
          }
          expect(next).toBe(cursor)
          return entries.length
        }
        for (const { books, limit, clock } of acts) {
          for (const number of books) {
            world.clock.now += clock
            const reference = world.id()
            const path = paths[number] ?? []
            const legs = path.slice(1).map((credit, index): Leg => {
              const debit = path[index] ?? ''
              for (const [account, sign] of [
                [debit, '-'],
                [credit, ''],
              ])
                if (account === 'aru') booked.push(`${sign ?? ''}1 ${reference}`)
              return { debit, credit, amount: tiyn(1n), kind: 'payment' }
            })
            await inTransaction(world.ports, (work) => post(work, legs, reference))
          }
          await page(limit)
        }
        while ((await page(5)) > 0);
        expect(seen).toEqual(booked)
        expect(BigInt(balance)).toBe(await world.balance('aru'))
        start = cursor
      }),
      { numRuns: 12, seed, interruptAfterTimeLimit: 220_000, markInterruptAsFailure: true },
    )
    world.audit()
    expect(await world.balance('aru')).toBeGreaterThan(funds / 2n)
  } finally {
    await world.close()
  }
}, 240_000)
