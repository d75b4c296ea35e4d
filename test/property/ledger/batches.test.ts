/**
 * Method: random lists of items of one agency, with duplicates, other terms under one id, too little money and items of
 * no form, are sent to three ledgers that are the same: to one as batches in a random cut, to one singly, but all that
 * ask for the same without waiting for each other, and to one one by one. Each item's status and answer, and every
 * account, transfer, card and id afterwards, are the same on all.
 */
import fc from 'fast-check'
import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { findAccount } from '../../../ledger-sim/accounts/accounts.ts'
import { post as book } from '../../../ledger-sim/accounts/transfers.ts'
import { tiyn } from '../../../src/voucher/money.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { demoLedger, type DemoLedger } from '../../integration/ledger/demo-ledger.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? randomInt(2 ** 31))
const runs = 12

/** Some come up again and again. */
const transferId = fc
  .oneof({ weight: 1, arbitrary: fc.integer({ max: 5, min: 0 }) }, { weight: 3, arbitrary: fc.nat(99_999) })
  .map((last) => `019aaf6e-1c00-7000-8000-0000000${String(last).padStart(5, '0')}`)
const amount = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('1', '250', '6000000', '12000000') },
  { weight: 1, arbitrary: fc.constantFrom('0', '9007199254740993', '1.5', '', 7) },
)
const pseudonym = fc.constantFrom('a', 'b', 'c', 'g').map((letter) => letter.repeat(32))
const account = fc.constantFrom('almaly-education', 'merchant.kokbazar-shop', 'scheme.school-lunch', 'nobody')
/** Of the first nobody knows who it is: it may have little. */
const person = fc.constantFrom('individual-1', 'individual-1', 'individual-2', 'nobody')
const scheme = fc.constantFrom('school-lunch', 'food-voucher', 'none')
const post = (path: string, body: fc.Arbitrary<unknown>) =>
  fc.record({ method: fc.constant('POST'), path: fc.constant(path), body })

/** Of most of them something comes. */
const payer = fc.oneof({ weight: 5, arbitrary: fc.constant('almaly-education') }, { weight: 1, arbitrary: account })
const shop = fc.oneof(
  { weight: 5, arbitrary: fc.constant('merchant.kokbazar-shop') },
  { weight: 1, arbitrary: account },
)
const payment = post(
  '/v1/payments/legal-entity-legal-entity',
  fc.record({ transferId, payer, payee: shop, amount, purpose: fc.constantFrom('milk', 'bread') }),
)
const payout = post(
  '/v1/payments/legal-entity-individual',
  fc.record({ transferId, payer, payee: person, amount, purpose: fc.constant('benefit') }),
)

const item: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 4,
    arbitrary: post('/v1/scheme-fundings', fc.record({ transferId, accountId: account, schemeId: scheme, amount })),
  },
  { weight: 4, arbitrary: payment },
  { weight: 2, arbitrary: payout },
  {
    weight: 2,
    arbitrary: post('/v1/beneficiaries', fc.record({ schemeId: scheme, beneficiary: pseudonym, holder: pseudonym })),
  },
  {
    weight: 2,
    arbitrary: post(
      '/v1/household-members',
      fc.record({ schemeId: scheme, beneficiary: pseudonym, holder: pseudonym, member: pseudonym }),
    ),
  },
  {
    weight: 1,
    arbitrary: post(
      '/v1/entitlement-endings',
      fc.record({ schemeId: scheme, beneficiary: pseudonym, holder: pseudonym }),
    ),
  },
  {
    weight: 2,
    arbitrary: post('/v1/cards', fc.record({ uid: fc.constantFrom('04A1B2C3D4E5F6', '04'), holder: pseudonym })),
  },
  { weight: 1, arbitrary: post('/v1/accounts/individuals', fc.constant({})) },
  { weight: 1, arbitrary: post('/v1/nothing', fc.anything({ maxDepth: 1, withNullPrototype: false }).map(wireForm)) },
)

/** What is done together stands beside each other. */
const together = (one: fc.Arbitrary<unknown>) => fc.array(one, { minLength: 2, maxLength: 15, size: 'max' })
const lists = fc.noBias(
  fc
    .array(fc.oneof(item.map(only), together(payment), together(payout)), { minLength: 1, maxLength: 20, size: 'max' })
    .map((runs) => runs.flat()),
)

const cuts = fc.noBias(fc.integer({ min: 1, max: 90 }))

function only(one: unknown): unknown[] {
  return [one]
}

/** As it comes off the wire; what JSON cannot say is nothing. */
function wireForm(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_name, member: unknown) => (typeof member === 'bigint' ? 0 : member)) ?? '{}',
  )
}

const tables = [
  'account',
  'transfer',
  'client_transfer',
  'card',
  'entitlement',
  'former_entitlement',
  'operation',
  'hold',
] as const
/** What the ledger's chance made: it goes on differently, since answers are signed with fresh nonces in between. */
const made: Partial<Record<(typeof tables)[number], readonly string[]>> = {
  transfer: ['transfer_id', 'group_id'],
  card: ['file_read_key', 'till_key'],
}

async function standing(demo: DemoLedger): Promise<unknown> {
  const rows = await Promise.all(tables.map((table) => demo.rows(table)))
  const kept = tables.map((table, index) =>
    rows[index]?.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !made[table]?.includes(name)))),
  )
  return [...kept, await told(demo)]
}

/** By reader, in order; without the ids that the ledger made of the transfers. */
async function told(demo: DemoLedger): Promise<readonly string[]> {
  const events = await demo.rows('feed_event')
  return events
    .map(({ stream, cursor, content }) => {
      const { entryId: _made, ...news } = JSON.parse(String(content)) as Record<string, unknown>
      return `${String(stream)} ${String(cursor).padStart(6, '0')} ${JSON.stringify(news)}`
    })
    .toSorted()
}

test('a batch in any cut, and clients who do not wait for each other, do what items do alone', async () => {
  console.log(`batches: ${runs} lists, TOLEM_SEED=${seed}`)
  const [batched, gathered, alone] = await Promise.all([same(), same(), same()])
  for (const demo of [batched, gathered, alone])
    await inTransaction(demo.ports, ({ connection }) =>
      connection
        .updateTable('individual')
        .set({ tier: 'anonymous' })
        .where('account_id', '=', 'individual-1')
        .execute(),
    )
  try {
    await fc.assert(
      fc.asyncProperty(lists, cuts, async (list, cut) => {
        for (const demo of [batched, gathered, alone]) await beginWithSome(demo)
        const results: { status: number; body: Record<string, unknown> }[] = []
        for (let first = 0; first < list.length; first += cut) {
          const { body } = await batched.role('agency').post('/v1/batches', { items: list.slice(first, first + cut) })
          results.push(...(body['results'] as typeof results))
        }
        const atOnce: unknown[] = []
        for (const beside of askingForTheSame(list as Item[]))
          atOnce.push(...(await Promise.all(beside.map(({ path, body }) => gathered.role('agency').post(path, body)))))
        for (const [index, one] of (list as Item[]).entries()) {
          const expected = await alone.role('agency').post(one.path, one.body)
          expect(withFewErrors(results[index]), JSON.stringify(one)).toEqual(withFewErrors(expected))
          expect(atOnce[index], JSON.stringify(one)).toEqual(expected)
        }
        const stands = await standing(alone)
        for (const demo of [batched, gathered]) {
          expect(demo.recovered).toEqual([])
          expect(await standing(demo)).toEqual(stands)
        }
      }),
      { seed, numRuns: runs },
    )
  } finally {
    await batched.close()
    await gathered.close()
    await alone.close()
  }
})

interface Item {
  readonly path: string
  readonly body: unknown
}

function same(): Promise<DemoLedger> {
  return demoLedger({ seed: 'the same' })
}

function askingForTheSame(list: readonly Item[]): readonly Item[][] {
  const runs: Item[][] = []
  for (const item of list) {
    const last = runs.at(-1)
    if (last?.[0]?.path === item.path) last.push(item)
    else runs.push([item])
  }
  return runs
}

/** So that it runs out of money, and a person of room for it, again and again. */
async function beginWithSome({ ports }: DemoLedger): Promise<void> {
  await inTransaction(ports, async (work) => {
    const moves = [
      ['almaly-education', 35_000_000n],
      ['individual-1', 0n],
    ] as const
    for (const [accountId, wanted] of moves) {
      const has = (await findAccount(work, accountId))?.balance ?? 0n
      const [debit, credit] = has > wanted ? [accountId, issue] : [issue, accountId]
      const amount = tiyn(has > wanted ? has - wanted : wanted - has)
      await book(work, [{ debit, credit, amount, kind: 'payment' }], 'as it begins')
    }
  })
}
const issue = 'central-bank.issue'

/** A batch names fewer places that are wrong. */
function withFewErrors(result: { status: number; body: Record<string, unknown> } | undefined): unknown {
  const errors = result?.body['errors']
  return Array.isArray(errors) ? { ...result, body: { ...result?.body, errors: errors.slice(0, 5) } } : result
}
