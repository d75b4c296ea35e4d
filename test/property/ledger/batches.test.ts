/**
 * Method: random lists of items of one agency, with duplicates, other terms under one id, too little money and items of
 * no form, are sent to two ledgers that are the same: to one as batches in a random cut, to the other one by one. Each
 * item's status and answer, and every account, transfer, card and id afterwards, are the same on both.
 */
import fc from 'fast-check'
import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { demoLedger, type DemoLedger } from '../../integration/ledger/demo-ledger.ts'

const seed = Number(process.env['TOLEM_SEED'] ?? randomInt(2 ** 31))
const runs = 15

/** Ids that come up again and again. */
const transferId = fc.integer({ min: 0, max: 5 }).map((last) => `019aaf6e-1c00-7000-8000-00000000000${last}`)
const amount = fc.constantFrom('0', '1', '250', '30000000', '60000000', '9007199254740993', '1.5', '', 7)
const pseudonym = fc.constantFrom('a', 'b', 'c', 'g').map((letter) => letter.repeat(32))
const account = fc.constantFrom('almaly-education', 'merchant.kokbazar-shop', 'scheme.school-lunch', 'nobody')
const scheme = fc.constantFrom('school-lunch', 'food-voucher', 'none')
const post = (path: string, body: fc.Arbitrary<unknown>) =>
  fc.record({ method: fc.constant('POST'), path: fc.constant(path), body })

const item: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 4,
    arbitrary: post('/v1/scheme-fundings', fc.record({ transferId, accountId: account, schemeId: scheme, amount })),
  },
  {
    weight: 4,
    arbitrary: post(
      '/v1/payments/legal-entity-legal-entity',
      fc.record({ transferId, payer: account, payee: account, amount, purpose: fc.constantFrom('milk', 'bread') }),
    ),
  },
  {
    weight: 2,
    arbitrary: post('/v1/beneficiaries', fc.record({ schemeId: scheme, beneficiary: pseudonym, holder: pseudonym })),
  },
  {
    weight: 2,
    arbitrary: post('/v1/cards', fc.record({ uid: fc.constantFrom('04A1B2C3D4E5F6', '04'), holder: pseudonym })),
  },
  { weight: 1, arbitrary: post('/v1/accounts/individuals', fc.constant({})) },
  { weight: 1, arbitrary: post('/v1/nothing', fc.anything({ maxDepth: 1, withNullPrototype: false }).map(wireForm)) },
)

/** As it comes off the wire; what JSON cannot say is nothing. */
function wireForm(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_name, member: unknown) => (typeof member === 'bigint' ? 0 : member)) ?? '{}',
  )
}

const tables = ['account', 'transfer', 'card', 'entitlement', 'operation', 'hold'] as const
/** What the ledger's chance made: it goes on differently, since answers are signed with fresh nonces in between. */
const made: Partial<Record<(typeof tables)[number], readonly string[]>> = {
  transfer: ['transfer_id', 'group_id'],
  card: ['file_read_key', 'till_key'],
}

async function standing(demo: DemoLedger): Promise<unknown> {
  const rows = await Promise.all(tables.map((table) => demo.rows(table)))
  return tables.map((table, index) =>
    rows[index]?.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !made[table]?.includes(name)))),
  )
}

test('a batch in any cut does what its items do alone', async () => {
  console.log(`batches: ${runs} lists, TOLEM_SEED=${seed}`)
  const [together, alone] = await Promise.all([demoLedger({ seed: 'pair' }), demoLedger({ seed: 'pair' })])
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { minLength: 1, maxLength: 90 }),
        fc.integer({ min: 1, max: 90 }),
        async (items, cut) => {
          const results: { status: number; body: Record<string, unknown> }[] = []
          for (let first = 0; first < items.length; first += cut) {
            const { body } = await together
              .role('agency')
              .post('/v1/batches', { items: items.slice(first, first + cut) })
            results.push(...(body['results'] as typeof results))
          }
          for (const [index, one] of (items as { path: string; body: unknown }[]).entries()) {
            const expected = await alone.role('agency').post(one.path, one.body)
            expect(withFewErrors(results[index]), JSON.stringify(one)).toEqual(withFewErrors(expected))
          }
          expect(await standing(together)).toEqual(await standing(alone))
        },
      ),
      { seed, numRuns: runs },
    )
  } finally {
    await together.close()
    await alone.close()
  }
})

/** A batch names fewer places that are wrong. */
function withFewErrors(result: { status: number; body: Record<string, unknown> } | undefined): unknown {
  const errors = result?.body['errors']
  return Array.isArray(errors) ? { ...result, body: { ...result?.body, errors: errors.slice(0, 5) } } : result
}
