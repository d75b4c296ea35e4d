/**
 * A bank binds cards to its clients' accounts, and nobody else does anything with them (docs/design/29-cbdc-card.md,
 * "At the ledger"). Method: a real ledger behind its signed door, asked by two banks and by every operation of agencies
 * and tills that names a card or a UID, and a look into its tables. The audit looks after each story.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { auditFile } from '../../../ledger-sim/audit.ts'
import { limitsOf } from '../../../ledger-sim/individuals/tiers.ts'
import { demoBank } from '../../../ledger-sim/scenarios/demo.ts'
import { hotlistAt } from '../../../ledger-sim/schemes/hotlist.ts'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { canonicalBytes, termsHashOf, toJson } from '../../../src/sync/protocol/canonical.ts'
import { isListed } from '../../../src/voucher/hotlist.ts'
import { toHex } from '../../../src/voucher/cards/bytes.ts'
import { accountCard, bind, openSession, payByCard, setBlocked, tapMax } from './account-card-world.ts'
import { temporaryFolder, type TestCard, type TestSigner, type TestTill } from './demo-ledger.ts'
import { freshCardOf } from './fresh-card.ts'
import { ask, termsOf } from './payment-by-qr.ts'
import { peopleWorld, signerOf, type PeopleWorld } from './people.ts'
import { readCard } from './sun-message.ts'

const client = 'individual-1'
let folder: ReturnType<typeof temporaryFolder>
let world: PeopleWorld
let bank: TestSigner
let agency: TestSigner
let till: TestTill

beforeEach(async () => {
  folder = temporaryFolder()
  world = await peopleWorld({ path: join(folder.path, 'ledger.db') })
  bank = world.demo.role('bank', demoBank)
  agency = world.demo.role('agency', 'almaly-education')
  till = await world.demo.till('till-1')
  await till.fetch()
})
afterEach(async () => {
  try {
    const report = auditFile(join(folder.path, 'ledger.db'))
    if (report?.balanced !== true) throw new Error(report?.text)
    expect(world.demo.recovered).toEqual([])
  } finally {
    await world.demo.close()
    folder.remove()
  }
})

const listed = async (accountId = client, after?: string) => {
  const more = after === undefined ? '' : `&after=${after}`
  const { body } = await bank.get(`/v1/account-cards?accountId=${accountId}${more}`)
  return body['cards'] as Record<string, unknown>[]
}
const tablesOf = async () => {
  const tables = ['card', 'account_card', 'card_status', 'operation', 'entitlement', 'lease_card', 'hotlist_change']
  return Object.fromEntries(await Promise.all(tables.map(async (name) => [name, await world.demo.rows(name)])))
}

describe('a bank binds a card', () => {
  test('to the account of its client, once: the same again is the same card', async () => {
    const card = freshCardOf(world.demo, 1)
    const bindingId = world.id()
    const bound = { bindingId, card: card.pseudonym }
    expect(await bind(bank, card, client, tapMax, bindingId)).toEqual({
      status: 200,
      body: { ...bound, arrival: 'created' },
    })
    expect(await bind(bank, card, client, tapMax, bindingId)).toMatchObject({ body: { ...bound, arrival: 'exists' } })
    expect(await bind(bank, card, client)).toMatchObject({ status: 200, body: { card: card.pseudonym } })
    const other = freshCardOf(world.demo, 2)
    for (const again of [
      bind(bank, other, client, tapMax, bindingId),
      bind(bank, card, 'individual-2', tapMax, bindingId),
      bind(bank, card, client, tapMax - 1n, bindingId),
    ])
      expect(await again).toMatchObject({ status: 409, body: { code: 'exists_with_different_terms' } })
    expect(await listed()).toEqual([
      { card: card.pseudonym, tapMax: String(tapMax), status: 'active', at: world.demo.clock.now },
    ])
  })

  test('a client has several, listed in pages by their pseudonyms', async () => {
    const cards = [await accountCard(world.demo, 1, client), await accountCard(world.demo, 2, client, 1n)]
    const names = cards.map(({ pseudonym }) => pseudonym).toSorted()
    expect((await listed()).map(({ card }) => card)).toEqual(names)
    expect((await listed(client, names[0])).map(({ card }) => card)).toEqual(names.slice(1))
    expect(await listed('individual-2')).toEqual([])
  })

  test('that is a card already, of a scheme or another account, or with another limit: nothing changes', async () => {
    const card = await accountCard(world.demo, 1, client)
    const before = await tablesOf()
    const taken = { status: 409, body: { code: 'rule_violated' } }
    expect(await bind(bank, world.demo.card('Pupil 01'), client)).toMatchObject(taken)
    expect(await bind(bank, card, 'individual-2')).toMatchObject(taken)
    expect(await bind(bank, card, client, tapMax - 1n)).toMatchObject(taken)
    await world.person('theirs', 'full', 'Their client', world.otherBank)
    expect(await bind(world.otherBank, card, 'theirs')).toMatchObject(taken)
    expect(await tablesOf()).toEqual(before)
  })

  test('only to an account of a client of its own', async () => {
    await world.person('theirs', 'full', 'Their client', world.otherBank)
    const card = freshCardOf(world.demo, 1)
    for (const account of ['theirs', 'nobody', 'almaly-education', 'merchant.school-7-canteen', demoBank])
      expect(await bind(bank, card, account), account).toMatchObject({ status: 404, body: { code: 'not_found' } })
    for (const role of ['agency', 'merchant', 'individual', 'auditor', 'central-bank'])
      expect(await bind(world.demo.role(role), card, client), role).toMatchObject({ status: 403 })
    expect(await bind(till, card, client)).toMatchObject({ status: 403 })
    expect(await world.demo.rows('account_card')).toEqual([])
    expect(await bind(world.otherBank, card, 'theirs')).toMatchObject({ status: 200 })
  })

  test('with a limit for one tap that is no more than the account may pay at once', async () => {
    await world.person('purse', 'anonymous')
    const { single } = limitsOf.anonymous
    const [card, other] = [freshCardOf(world.demo, 1), freshCardOf(world.demo, 2)]
    expect(await bind(bank, card, 'purse', single + 1n)).toMatchObject({
      status: 409,
      body: { code: 'limit_exceeded' },
    })
    expect(await bind(bank, card, 'purse', single)).toMatchObject({ status: 200 })
    for (const none of [0n, -1n]) expect(await bind(bank, other, 'purse', none)).toMatchObject({ status: 422 })
  })

  test('and the ledger keeps neither its UID nor anything that it could be tried out against', async () => {
    const card = freshCardOf(world.demo, 1)
    const [bindingId, uid] = [world.id(), toHex(card.uid)]
    await bind(bank, card, client, tapMax, bindingId)
    const rows = toJson(await tablesOf()).toLowerCase()
    expect(rows).toContain(client)
    expect(rows).not.toContain(uid.toLowerCase())
    const asked = { bindingId, uid, accountId: client, tapMax }
    expect(rows).not.toContain(createHash('sha256').update(canonicalBytes(asked)).digest('hex'))
  })
})

describe('a card of an account is blocked and unblocked', () => {
  test('by its bank: the hotlist carries it, and takes it off', async () => {
    const card = await accountCard(world.demo, 1, client)
    const isOnList = async () => {
      const version = Math.max(...(await world.demo.rows('hotlist')).map((row) => Number(row['version'])))
      const list = await inTransaction(world.demo.ports, (work) => hotlistAt(work, version))
      return isListed(list, card.pseudonym)
    }
    expect(await isOnList()).toBe(false)
    const blocked = { card: card.pseudonym, status: 'blocked' }
    expect(await setBlocked(bank, card, true)).toEqual({ status: 200, body: blocked })
    expect(await setBlocked(bank, card, true)).toEqual({ status: 200, body: blocked })
    expect(await isOnList()).toBe(true)
    expect(await listed()).toMatchObject([blocked])
    expect(await bind(bank, card, client)).toMatchObject({ status: 200 })
    expect(await listed(), 'bound again it is blocked as it was').toMatchObject([blocked])
    expect(await setBlocked(bank, card, false)).toMatchObject({ status: 200, body: { status: 'active' } })
    expect(await isOnList()).toBe(false)
  })

  test('by nobody else, who hears that there is no such card, as there is none', async () => {
    const card = await accountCard(world.demo, 1, client)
    const nothing = freshCardOf(world.demo, 9)
    await setBlocked(bank, card, true)
    const before = await tablesOf()
    const others = [world.otherBank, await signerOf(world.demo, 'bank', 'third-bank')]
    for (const other of others) {
      for (const blocked of [true, false])
        for (const one of [card, nothing])
          expect(await setBlocked(other, one, blocked)).toMatchObject({ status: 404, body: { code: 'not_found' } })
      expect(await other.get(`/v1/account-cards?accountId=${client}`)).toMatchObject({ status: 404 })
    }
    expect(await setBlocked(bank, world.demo.card('Pupil 01'), true), 'a scheme’s').toMatchObject({ status: 404 })
    for (const role of ['agency', 'merchant', 'individual', 'auditor', 'central-bank']) {
      const other = world.demo.role(role)
      expect(await setBlocked(other, card, false), role).toMatchObject({ status: 403 })
      expect(await other.get(`/v1/account-cards?accountId=${client}`), role).toMatchObject({ status: 403 })
    }
    expect(await tablesOf()).toEqual(before)
  })

  test('a card that is replaced: the new one pays at once, the former no more', async () => {
    const former = await accountCard(world.demo, 1, client)
    const next = await accountCard(world.demo, 2, client)
    await setBlocked(bank, former, true)
    const terms = termsOf(till, 1_000n)
    await ask(till, terms)
    expect(await payByCard(till, former, terms)).toBe('CARD_BLOCKED')
    expect(await payByCard(till, next, terms)).toBe('held')
  })
})

describe('an agency', () => {
  /** With the answers that a card gets which is not there. */
  const asAgency = async (card: TestCard): Promise<readonly unknown[]> => {
    const named = { card: card.pseudonym }
    const point = 'A'.repeat(86)
    const [schemeId, beneficiary] = ['school-lunch', 'b'.repeat(32)]
    const onDesk = { uid: toHex(card.uid), generation: 2 }
    const answers = [
      await agency.post('/v1/card-blocks', named),
      await agency.post('/v1/card-unblocks', named),
      await agency.post('/v1/card-reissues', { ...named, uid: toHex(freshCardOf(world.demo, 200).uid) }),
      await agency.post('/v1/card-rekeyings', onDesk),
      await agency.post('/v1/card-rekeyings/done', onDesk),
      await agency.post('/v1/applet-card-reissues', { ...named, cardId: '7'.repeat(32), publicKey: point }),
      await agency.post('/v1/card-pin-orders', { ...named, order: { kind: 'unblock' } }),
      await agency.post('/v1/card-scripts', { ...named, scriptCounter: 0 }),
      await agency.post('/v1/card-receipts', { ...named, receipt: 'A'.repeat(200) }),
      await agency.get(`/v1/activations?schemeId=${schemeId}&after=${beneficiary}`),
    ]
    return answers.map(({ status, body }) => [status, toJson(body).replaceAll(card.pseudonym, 'the card')])
  }

  test('does nothing with it by any operation that names a card: it hears what it hears of no card', async () => {
    const card = await accountCard(world.demo, 1, client)
    const before = await tablesOf()
    const answers = await asAgency(card)
    expect(answers).toEqual(await asAgency(freshCardOf(world.demo, 9)))
    expect(answers.map((answer) => (answer as unknown[])[0])).toEqual([
      404, 404, 404, 404, 404, 404, 404, 404, 422, 200,
    ])
    expect(await tablesOf()).toEqual(before)
  })

  test('neither, where it was told whose card that is and has entitled that holder', async () => {
    const card = await accountCard(world.demo, 1, client)
    const [row] = (await world.demo.rows('card')).filter((one) => one['card'] === card.pseudonym)
    const entitlement = { schemeId: 'school-lunch', beneficiary: 'b'.repeat(32), holder: row?.['holder'] }
    expect(await agency.post('/v1/beneficiaries', entitlement)).toMatchObject({ status: 200 })
    const named = { card: card.pseudonym }
    for (const path of ['/v1/card-blocks', '/v1/card-unblocks'])
      expect(await agency.post(path, named), path).toMatchObject({ status: 404 })
    const onDesk = { uid: toHex(card.uid), generation: 2 }
    expect(await agency.post('/v1/card-rekeyings', onDesk)).toMatchObject({ status: 404 })
    const next = { ...named, uid: toHex(freshCardOf(world.demo, 2).uid) }
    expect(await agency.post('/v1/card-reissues', next)).toMatchObject({ status: 404 })
    expect(await openSession(till, card)).toEqual({ kind: 'refused', code: 'CARD_OF_ACCOUNT' })
    expect(auditFile(join(folder.path, 'ledger.db'))?.faults.map(({ rule }) => rule)).toEqual([
      'a card of an account proves each sale, is its own bank’s, and its holder is in no scheme',
    ])
    expect(await agency.post('/v1/entitlement-endings', entitlement)).toMatchObject({ status: 200 })
    await world.demo.ports.store.transaction((connection) =>
      connection
        .deleteFrom('former_entitlement')
        .where('holder', '=', entitlement.holder as string)
        .execute(),
    )
  })

  test('does not register it, for a holder or in the place of a card, nor take it into a scheme', async () => {
    const card = await accountCard(world.demo, 1, client)
    const before = await tablesOf()
    const uid = toHex(card.uid)
    const differs = { status: 409, body: { code: 'exists_with_different_terms' } }
    for (const profile of [undefined, 'uid', 'ntag21x', 'ntag424'])
      expect(
        await agency.post('/v1/cards', { uid, holder: 'a'.repeat(32), ...(profile === undefined ? {} : { profile }) }),
      ).toMatchObject(differs)
    const lost = { card: world.demo.card('Pupil 01').pseudonym, uid }
    expect(await agency.post('/v1/card-reissues', lost)).toMatchObject(differs)
    expect(await tablesOf()).toEqual(before)
  })

  test('and a till have no other operation that names a card: whoever adds one looks here', () => {
    const naming = world.demo.ledger.operations
      .filter(({ roles, requestSchema }) => {
        const shape = (requestSchema as { readonly shape?: object }).shape ?? {}
        return roles !== 'anyone' && ['card', 'uid', 'cardId'].some((name) => name in shape)
      })
      .map(({ roles, path }) => `${String(roles)}: ${path}`)
    expect(naming).toEqual([
      'bank: /v1/account-cards',
      'bank: /v1/account-card-blocks',
      'bank: /v1/account-card-unblocks',
      'agency: /v1/cards',
      'agency: /v1/card-blocks',
      'agency: /v1/card-unblocks',
      'agency: /v1/card-reissues',
      'agency: /v1/card-rekeyings',
      'agency: /v1/card-rekeyings/done',
      // Named by an id that the card has made, which is no UID.
      'agency: /v1/applet-cards',
      'agency: /v1/applet-card-reissues',
      'agency: /v1/card-pin-orders',
      'agency: /v1/card-scripts',
      'agency: /v1/card-receipts',
      'terminal: /v1/terminal/card-sessions',
      'terminal: /v1/terminal/card-scripts',
      'terminal: /v1/terminal/card-receipts',
    ])
  })

  test('whose card it was first keeps it: a bank does not bind it', async () => {
    const card = freshCardOf(world.demo, 1)
    expect(await agency.post('/v1/cards', { uid: toHex(card.uid), holder: 'a'.repeat(32) })).toMatchObject({
      status: 200,
    })
    expect(await bind(bank, card, client)).toMatchObject({ status: 409, body: { code: 'rule_violated' } })
    expect(await world.demo.rows('account_card')).toEqual([])
  })
})

test('a card of an account buys no voucher: neither a session nor a message for one helps', async () => {
  const card = await accountCard(world.demo, 1, client)
  expect(await openSession(till, card)).toEqual({ kind: 'refused', code: 'CARD_OF_ACCOUNT' })
  const counting = { card: card.pseudonym, scriptCounter: 0 }
  expect(await till.call('/v1/terminal/card-scripts', counting)).toEqual({ kind: 'refused', code: 'CARD_UNKNOWN' })
  const { terms, evidence } = till.decide({ card: world.demo.card('Pupil 01') }, 'online')
  const shown = till.evidence(evidence.record, terms, readCard(card, termsHashOf(terms)))
  expect(await till.authorise({ terms, evidence: shown })).toMatchObject({ state: 'refused', paidBy: null })
  const later = till.decide({ card: world.demo.card('Pupil 02') })
  const presented = till.evidence(later.evidence.record, later.terms, readCard(card, termsHashOf(later.terms)))
  expect(await till.present({ ...later, evidence: presented })).toMatchObject({ state: 'not_paid' })
  expect((await world.demo.rows('slot_use')).length).toBe(0)
})
