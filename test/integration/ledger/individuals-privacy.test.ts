/**
 * What each role can and cannot see of a payment between people, over every GET operation that the ledger has: also
 * those of other parts, and those that are written later.
 *
 * Method: three payers pay one payee, showing nothing, a pseudonym, their name. Each role then asks every GET operation
 * with every value that it could know (accounts, the transfers' ids, the numbers) in every place where its form takes
 * one: once over the signed door, which has to turn away who may not, and then, for speed, behind it. All answers are
 * searched for the payers' names, accounts, numbers and sums; what stood in the question itself is no answer.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { inTransaction } from '../../../ledger-sim/context.ts'
import type { Operation, Role } from '../../../ledger-sim/http/operation.ts'
import { tellAfterMs } from '../../../ledger-sim/individuals/legal-bases.ts'
import { servicesOf } from '../../../ledger-sim/ledger.ts'
import { demoCanteen } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { toHex } from '../../../src/voucher/cards/bytes.ts'
import { accountCard, cardPayments, tapFor } from './account-card-world.ts'
import { TestTill, type TestSigner } from './demo-ledger.ts'
import { merchantAccount, termsOf } from './payment-by-qr.ts'
import { peopleWorld, signerOf, type PeopleWorld } from './people.ts'

interface Payer {
  readonly shows: 'nothing' | 'pseudonym' | 'name'
  readonly account: string
  readonly name: string
  readonly number: string
  readonly amount: string
}

const payers: readonly Payer[] = [
  { shows: 'nothing', account: 'quiet-payer', name: 'Qarlygash Synaq', number: '77040000001', amount: '7310001' },
  { shows: 'pseudonym', account: 'other-payer', name: 'Botakoz Ulgi', number: '77040000002', amount: '7310002' },
  { shows: 'name', account: 'open-payer', name: 'Sandugash Mysal', number: '77040000003', amount: '7310003' },
]
const payee = 'privacy-payee'
const minuteMs = 60_000
const payeeNumber = '77040000009'

let world: PeopleWorld
const signers = new Map<string, TestSigner>()
const transferIds: string[] = []
beforeAll(async () => {
  world = await peopleWorld()
  const { bank, demo, id } = world
  const thirdBank = await signerOf(demo, 'bank', 'third-bank')
  signers.set('payee', await world.person(payee, 'full', 'Payee Baqyt', world.otherBank))
  for (const { account, name, number, amount, shows } of payers) {
    await world.person(account, 'full', name)
    await world.fund(account, 10_000_000n)
    await bank.post('/v1/aliases', { aliasId: id(), accountId: account, kind: 'phone', number: `+${number}` })
    const transferId = id()
    transferIds.push(transferId)
    const to = { kind: 'account', accountId: payee }
    const wanted = { transferId, payer: account, to, amount, purpose: 'thanks', shows }
    expect(await bank.post('/v1/transfers/individual-individual', wanted)).toMatchObject({ status: 200 })
  }
  const number = { kind: 'phone', number: `+${payeeNumber}` }
  await world.otherBank.post('/v1/aliases', { aliasId: id(), accountId: payee, ...number })
  const others: Readonly<Record<string, TestSigner>> = {
    'bank of payer': bank,
    'bank of payee': world.otherBank,
    'other bank': thirdBank,
    'other person': await world.person('passer-by'),
    'legal entity': await signerOf(demo, 'legal-entity', 'stock-farm'),
    merchant: demo.role('merchant'),
    agency: demo.role('agency'),
    terminal: await demo.till('till-1'),
    auditor: world.auditor,
    'central bank': world.centralBank,
  }
  for (const [name, signer] of Object.entries(others)) signers.set(name, signer)
})
afterAll(() => world.demo.close())

/** Whatever somebody could put into a question. */
const known = () => [
  ...payers.flatMap(({ account, number }) => [account, `+${number}`]),
  ...transferIds,
  ...[payee, `+${payeeNumber}`, 'phone', 'account', '0'],
]

/** Every question that an operation's form takes, made of what is known; without what may be left out, and with it. */
function questionsOf(
  { requestSchema }: Operation,
  known: readonly string[],
): readonly Readonly<Record<string, string>>[] {
  const form = z.toJSONSchema(requestSchema, { io: 'input', unrepresentable: 'any' })
  let questions: Readonly<Record<string, string>>[] = [{}]
  for (const name of Object.keys(form.properties ?? {})) {
    const shape = (requestSchema as z.ZodObject).shape[name] as z.ZodType
    const values = known.filter((value) => shape.safeParse(value).success)
    const needed = form.required?.includes(name) === true
    questions = questions.flatMap((question) => [
      ...(needed ? [] : [question]),
      ...values.map((value) => ({ ...question, [name]: value })),
    ])
  }
  return questions.filter((question) => requestSchema.safeParse(question).success)
}

/** Asks every GET operation everything, and hands over what is answered, with the question. */
async function askAll(
  who: string,
  values: readonly string[],
  look: (path: string, answer: string, asked: string) => void,
): Promise<void> {
  const signer = signers.get(who)
  if (signer === undefined) throw new Error(`no ${who}`)
  const { keyId } = signer.key
  const caller = await inTransaction(world.demo.ports, ({ connection }) =>
    connection.selectFrom('principal').selectAll().where('key_id', '=', keyId).executeTakeFirstOrThrow(),
  ).then(({ role, owner }) => ({ keyId, role: role as Role, owner }))
  const services = servicesOf(world.demo.ports)
  for (const operation of world.demo.ledger.operations) {
    if (operation.method !== 'GET') continue
    const isTheirs = operation.roles === 'anyone' || operation.roles.includes(caller.role)
    const questions = questionsOf(operation, values)
    expect(questions.length, operation.path).toBeGreaterThan(0)
    const [first] = questions
    // A stream has no end that could be signed: its events are, and they are read behind the door.
    if (operation.streams !== true || !isTheirs) {
      const { status } = await signer.get(`${operation.path}?${new URLSearchParams(first).toString()}`)
      expect(isTheirs ? [200, 403, 404, 422] : [403], `${who} at ${operation.path}`).toContain(status)
    }
    for (const question of isTheirs ? questions : []) {
      // So slowly that no question is one too many.
      if (operation.path.endsWith('/payee')) world.demo.clock.now += 2 * minuteMs
      const request = operation.requestSchema.parse(question)
      const outcome = await operation.perform({ services, caller, request, created: 0 })
      const told = outcome.kind === 'stream' ? await outcome.stream.next(outcome.stream.after) : outcome
      const answer = toJson(told)
      expect(answer).not.toContain('rate_limited')
      look(operation.path, answer, JSON.stringify(question))
    }
  }
}

/** Which of the payers' secrets are in answers to whom: `path shows: name of …`. */
async function seenBy(who: string): Promise<readonly string[]> {
  const seen = new Set<string>()
  await askAll(who, known(), (path, answer, asked) => {
    for (const { shows, ...secrets } of payers) {
      for (const [secret, value] of Object.entries(secrets)) {
        const parts = secret === 'name' ? value.split(' ') : [value]
        if (parts.some((part) => answer.includes(part) && !asked.includes(part)))
          seen.add(`${path}: ${secret} of who shows ${shows}`)
      }
    }
  })
  return [...seen].toSorted()
}

const shown = ['name', 'nothing', 'pseudonym'] as const
/** An account's own statement and news: sums, and nobody's name. */
const sumsIn = (path: string) => shown.map((shows) => `${path}: amount of who shows ${shows}`)
const statements = sumsIn('/v1/statements')
const received = [
  '/v1/received: amount of who shows name',
  '/v1/received: amount of who shows nothing',
  '/v1/received: amount of who shows pseudonym',
  '/v1/received: name of who shows name',
]
/** A bank knows its clients. That they have paid somebody this does not say. */
const clients = ['account', 'name'].flatMap((secret) =>
  shown.map((shows) => `/v1/accounts: ${secret} of who shows ${shows}`),
)
/** By the id of one: to the payee's side what the payer shows; the bank that made it named the account itself. */
const status = [...sumsIn('/v1/transfers'), '/v1/transfers: name of who shows name']
const made = [...shown.map((shows) => `/v1/transfers: account of who shows ${shows}`), ...sumsIn('/v1/transfers')]
const watched = [...sumsIn('/v1/transfers/individual-individual'), ...sumsIn('/v1/transfers')]

const expected: Readonly<Record<string, readonly string[]>> = {
  payee: [...sumsIn('/v1/event-stream'), ...sumsIn('/v1/events'), ...received, ...statements, ...status],
  'bank of payee': [...received, ...statements, ...status],
  'bank of payer': [...clients, ...statements, ...made],
  'other bank': [],
  'other person': [],
  'legal entity': [],
  merchant: [],
  agency: [],
  terminal: [],
  auditor: watched,
  'central bank': watched,
}

test.each(Object.entries(expected))('%s sees of the payers what they may', async (who, sees) => {
  expect(await seenBy(who)).toEqual(sees)
})

test('every role is asked about, and every operation has a question', () => {
  expect(new Set(signers.keys())).toEqual(new Set(Object.keys(expected)))
})

test('a disclosure tells the auditor alone, and later the bank of the payer which of its clients it was', async () => {
  const disclosure = {
    disclosureId: world.id(),
    subject: { kind: 'transfer', transferId: transferIds[0] },
    legalBasis: 'court_order',
    reason: 'order 1 of an invented court',
  }
  expect(await world.auditor.post('/v1/disclosures', disclosure)).toMatchObject({
    body: { identity: { accountId: 'quiet-payer', name: 'Qarlygash Synaq', bank: 'dala-bank' } },
  })
  const before = expected['bank of payer'] ?? []
  expect(await seenBy('bank of payer')).toEqual(before)
  world.demo.clock.now += tellAfterMs.court_order
  expect(await seenBy('bank of payer')).toEqual(['/v1/disclosures: account of who shows nothing', ...before].toSorted())
  for (const who of ['auditor', 'central bank', 'bank of payee']) expect(await seenBy(who), who).toEqual(expected[who])
})

test('who watches balances sees people as pseudonyms, also when they ask for somebody by name', async () => {
  const balances = async (signer: TestSigner, query = '') =>
    (await signer.get(`/v1/balances${query}`)).body['balances'] as Record<string, string>[]
  for (const watcher of [world.auditor, world.centralBank]) {
    const all = await balances(watcher)
    const people = all.filter(({ kind }) => kind === 'individual')
    expect(people).toHaveLength(8)
    expect(JSON.stringify(people)).not.toMatch(/payer|payee|individual-/)
    expect(new Set(people.map(({ accountId }) => accountId)).size).toBe(8)
    // The sum of all is zero as before: nothing is left out.
    expect(
      all.filter(({ currency }) => currency === 'DT').reduce((sum, { balance }) => sum + BigInt(balance ?? 0), 0n),
    ).toBe(0n)
    expect(await balances(watcher, '?owner=quiet-payer')).toEqual([])
    expect((await balances(watcher, '?owner=dala-bank')).map(({ owner }) => owner)).toContain('dala-bank')
  }
  const [own] = await balances(signers.get('payee') ?? world.auditor)
  expect(own).toMatchObject({ accountId: payee, balance: '21930006' })
})

/**
 * A card pays a till's QR, which is captured. Whose account it was, its owner and the bank know; that there is such a
 * card, its bank alone: nobody else sees its pseudonym in any answer, and nobody at all its UID.
 */
test('the card of an account is seen by its bank alone, and what it paid by its owner too', async () => {
  const { demo, bank } = world
  const account = 'card-payer'
  const secrets = { account, name: 'Aqerke Ulgi', card: '', uid: '' }
  signers.set('card’s owner', await world.person(account, 'full', secrets.name))
  await world.fund(account, 10_000_000n)
  const card = await accountCard(demo, 1, account)
  Object.assign(secrets, { card: card.pseudonym, uid: toHex(card.uid) })
  const till = signers.get('terminal')
  if (!(till instanceof TestTill)) throw new Error('no till')
  const terms = termsOf(till, 100_000n)
  const { tenderId } = terms
  const session = { cardSessionId: till.id(), encryptedRndB: '11'.repeat(16), paymentRequest: tenderId }
  const proof = { profile: 'ntag424', sun: tapFor(card, terms) }
  const heard = [
    await till.post('/v1/terminal/payment-requests', { terms }),
    await till.post('/v1/terminal/card-sessions', { ...session, card: card.pseudonym }),
    await till.post(cardPayments, { requestId: tenderId, proof }),
    await till.post('/v1/terminal/inquiries', { tenderId }),
    await till.post('/v1/terminal/batches', { items: [till.capture(tenderId)] }),
    await till.post('/v1/terminal/events', { after: 0, limit: 1_000 }),
  ]
  expect(heard.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
  expect(toJson(heard)).toContain('settled')
  for (const [secret, value] of Object.entries(secrets)) expect(toJson(heard), secret).not.toContain(value)

  const values = [account, tenderId, card.pseudonym, 'account', 'phone', '0', demoCanteen, merchantAccount]
  const all: Record<string, readonly string[]> = {}
  for (const who of signers.keys()) {
    const seen = new Set<string>()
    await askAll(who, values, (path, answer, asked) => {
      for (const [secret, value] of Object.entries(secrets))
        if (answer.includes(value) && !asked.includes(value)) seen.add(`${path}: ${secret}`)
    })
    all[who] = [...seen].toSorted()
  }
  const { 'bank of payer': ofBank, 'card’s owner': ofOwner, ...others } = all
  // It serves the merchant as well, in whose statement it sees its own client.
  const payments = ['/v1/payment-requests/payments: account', '/v1/statements: account']
  expect(ofBank).toEqual(['/v1/account-cards: card', '/v1/accounts: account', '/v1/accounts: name', ...payments])
  expect(ofOwner).toContain('/v1/payment-requests/payments: account')
  expect(ofOwner?.filter((one) => /card$|uid$/.test(one))).toEqual([])
  expect(Object.values(others).flat()).toEqual([])
  expect(await bank.get(`/v1/account-cards?accountId=${account}`)).toMatchObject({ status: 200 })
})
