/**
 * Every operation asked by a stranger (architecture.md, "Ledger": a role sees and does only its own). Method: the
 * examples of the OpenAPI document are played; before each request that is answered, and again after it, a copy of the
 * ledger hears the very same request from another bank, agency, person, firm, merchant or till. It is refused and
 * changes nothing, or stands in the table below with its reason. `strangers.test.ts` has the stories.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { inTransaction, type LedgerPorts } from '../../../ledger-sim/context.ts'
import type { Example } from '../../../ledger-sim/http/examples.ts'
import type { Role } from '../../../ledger-sim/http/operation.ts'
import { createLedger, type Ledger } from '../../../ledger-sim/ledger.ts'
import { canteen, canteenTiles } from '../../../ledger-sim/scenarios/demo-merchants.ts'
import { seededRandom } from '../../../ledger-sim/scenarios/seeded-random.ts'
import { registerMerchant } from '../../../ledger-sim/schemes/merchants.ts'
import { openStore } from '../../../ledger-sim/store/open-store.ts'
import { issueEnrolmentCode } from '../../../ledger-sim/terminals/enrolment.ts'
import { registerTerminal } from '../../../ledger-sim/terminals/terminals.ts'
import { quickFolder } from '../../fixtures/quick-folder.ts'
import { rowsOf } from './all-rows.ts'
import { p256, TestSigner, TestTill } from './demo-ledger.ts'
import { Stage, type Story } from './examples/stage.ts'

/** There is one central bank, and an auditor may see all. */
const strangers: readonly Role[] = ['bank', 'legal-entity', 'agency', 'merchant', 'terminal', 'individual']

/**
 * What a stranger is answered all the same.
 *
 * - `own`: makes something of their own, where the id is free; what others have stays as it is
 * - `empty`: lists what is theirs, which is nothing
 * - `unseen`: was never heard of
 * - `due`: does what every request does, where its time has come
 * - `carried`: any till carries what a card's issuer says to it, and brings its receipt: who names it gets its script
 * - `shown`: whoever reads a QR asks what it wants
 */
const answered: Readonly<Record<string, 'own' | 'empty' | 'unseen' | 'due' | 'carried' | 'shown'>> = {
  'POST /v1/accounts/legal-entities': 'own',
  'POST /v1/accounts/individuals': 'own',
  'POST /v1/batches': 'own',
  'POST /v1/desk-certificates': 'own',
  'POST /v1/merchants': 'own',
  'POST /v1/reversals': 'own',
  'POST /v1/scenarios/government-to-customer': 'own',
  'POST /v1/terminals': 'own',
  'POST /v1/webhooks': 'own',
  'GET /v1/card-issuers': 'own',
  'GET /v1/role-keys': 'own',
  'POST /v1/terminal/authorisations': 'own',
  'POST /v1/terminal/batches': 'own',
  'POST /v1/terminal/card-session-keys': 'own',
  'POST /v1/terminal/card-sessions': 'own',
  'POST /v1/terminal/events': 'empty',
  'POST /v1/terminal/heads': 'own',
  'POST /v1/terminal/inquiries': 'unseen',
  'POST /v1/terminal/packages': 'own',
  'POST /v1/terminal/payment-requests': 'own',
  'GET /v1/accounts': 'empty',
  'GET /v1/balances': 'empty',
  'GET /v1/disclosures': 'empty',
  'GET /v1/discrepancies': 'empty',
  'GET /v1/events': 'empty',
  'GET /v1/monitoring': 'empty',
  'GET /v1/reviews': 'empty',
  'GET /v1/rule-shares': 'empty',
  'GET /v1/rules': 'empty',
  'GET /v1/settlement-messages': 'empty',
  'GET /v1/webhooks': 'empty',
  'POST /v1/lease-closings': 'due',
  'GET /v1/payment-requests': 'shown',
  'POST /v1/terminal/card-receipts': 'carried',
  'POST /v1/terminal/card-scripts': 'carried',
}

/** Tables in which that may write what has no stranger's name in it. */
const writes: Partial<Record<(typeof answered)[string], readonly string[]>> = {
  own: ['individual', 'merchant', 'operation', 'issuer_certificate', 'evidence', 'card_counter', 'payment_request'],
  due: ['account', 'transfer', 'slot', 'lease', 'lease_slot', 'feed_counter', 'feed_event'],
  carried: ['account', 'transfer', 'slot', 'card_slot', 'card_script', 'card_load'],
}

const random = seededRandom('strangers')
const folder = join(import.meta.dirname, 'examples')
const parts = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'stage.ts')
  .map((file) => file.slice(0, -'.ts'.length))

const heard = new Set<string>()

describe('what others ask a stranger may not', () => {
  test.each(parts)('%s', async (part) => {
    const { story } = (await import(join(folder, `${part}.ts`))) as { readonly story: Story }
    const stage = await Stage.open(part)
    const faults: string[] = []
    stage.watch = async (example, answer) => {
      const { as, operation, title, status } = example
      const asked = stage.demo.ledger.operations.find((one) => `${one.method} ${one.path}` === operation)
      if (as === null || !strangers.includes(as.role) || status !== 200 || asked?.streams === true) return
      const when = `${as.role}, ${operation} «${title}» ${answer === undefined ? 'before' : 'after'} its own`
      const wrong = await askedByStranger(stage, example, as.role)
      if (wrong !== undefined) faults.push(`${when}: ${wrong}`)
    }
    await story(stage)
    await stage.demo.close()
    expect(faults).toEqual([])
  })

  test('and each operation that is answered to them is asked here', () => {
    expect(Object.keys(answered).filter((operation) => !heard.has(operation))).toEqual([])
  })
})

/** @returns what is wrong with how a copy of the ledger answers a stranger */
async function askedByStranger(
  stage: Stage,
  example: Omit<Example, 'answer'>,
  role: Role,
): Promise<string | undefined> {
  const copy = await copyOf(stage.demo.ports)
  try {
    const signer = await strangerIn(copy, stage, role)
    const before = await rowsOf(copy.ports)
    const { status, body } = await send(signer, example)
    const after = await rowsOf(copy.ports)
    const way = answered[example.operation]
    if (status === 200) heard.add(example.operation)
    if (status === 200 && way === undefined) return `is answered ${JSON.stringify(body).slice(0, 200)}`
    if (status === 200 && way === 'empty' && !isEmpty(body)) return `sees ${JSON.stringify(body).slice(0, 200)}`
    if (status === 200 && way === 'unseen' && !JSON.stringify(body).includes('not_seen')) return 'is told'
    const isOthers = (row: string): boolean => !row.includes('other-')
    const tables = status === 200 && way !== undefined ? (writes[way] ?? []) : []
    const isAllowed = (row: string): boolean => tables.some((table) => row.startsWith(`${table} `))
    const mayChange = way === 'due' || way === 'carried'
    const gone = [...before].find((row) => !after.has(row) && isOthers(row) && !(mayChange && isAllowed(row)))
    if (gone !== undefined) return `changes ${gone.slice(0, 200)}`
    const isNew = (row: string): boolean => !before.has(row) && !row.startsWith('refusal ')
    const made = [...after].find((row) => isNew(row) && isOthers(row) && !isAllowed(row))
    return made === undefined ? undefined : `leaves ${made.slice(0, 200)}`
  } finally {
    await copy.ports.store.close()
  }
}

interface Copy {
  readonly ledger: Ledger
  readonly ports: LedgerPorts
}

async function copyOf(ports: LedgerPorts): Promise<Copy> {
  const at = quickFolder('tolem-copy-')
  try {
    const file = join(at.path, 'copy.db')
    await ports.store.read((database) => sql`vacuum into ${file}`.execute(database))
    const copied = { ...ports, random, store: await openStore(readFileSync(file)) }
    return { ledger: createLedger(copied), ports: copied }
  } finally {
    at.remove()
  }
}

/** All that is a stranger's has a name that begins with `other-`. */
async function strangerIn({ ledger, ports }: Copy, { demo }: Stage, role: Role): Promise<TestSigner> {
  if (role === 'terminal') {
    const merchant = { ...canteen, merchantId: 'other-merchant', accountId: 'other-merchant.account' }
    const { code } = await inTransaction(ports, async (work) => {
      await registerMerchant(work, merchant, canteenTiles, 'other-bank')
      await registerTerminal(work, 'other-till', 'other-merchant', 'other-agency')
      return issueEnrolmentCode(work, 'other-till')
    })
    const till = new TestTill(ledger, demo.clock, random, 'other-till', p256('stranger/till'))
    await till.enrol(code)
    return till
  }
  const key = p256(`stranger/${role}`)
  await inTransaction(ports, async ({ connection }) => {
    await connection
      .insertInto('principal')
      .values({ key_id: key.keyId, jwk: JSON.stringify(key.jwk), role, owner: `other-${role}`, status: 'active' })
      .execute()
  })
  return new TestSigner(ledger, demo.clock, random, key)
}

async function send(signer: TestSigner, { operation, request }: Omit<Example, 'answer'>) {
  const [method, path = ''] = operation.split(' ')
  const query = new URLSearchParams(request as Record<string, string>).toString()
  const signed =
    method === 'GET'
      ? signer.sign('GET', query === '' ? path : `${path}?${query}`, '')
      : signer.sign('POST', path, JSON.stringify(request))
  const { status, body } = await signer.send(signed)
  return { status, body: JSON.parse(body) as unknown }
}

/** No list in it has anything. */
function isEmpty(body: unknown): boolean {
  if (Array.isArray(body)) return body.length === 0
  return typeof body !== 'object' || body === null || Object.values(body).every(isEmpty)
}
