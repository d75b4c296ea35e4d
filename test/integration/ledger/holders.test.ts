/**
 * Whose a holder is (docs/adr/0043-whose-a-holder-is.md). Method: the pupil of a card is the demonstration's agency's;
 * another agency entitles the same pupil in a scheme of its own, and then tries whatever acts upon the card. It is
 * answered as for a card that is not there, no row of any table has changed, and the pupil's agency does the same.
 */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inTransaction } from '../../../ledger-sim/context.ts'
import { demoAgency } from '../../../ledger-sim/scenarios/demo-schemes.ts'
import { rowsOf } from './all-rows.ts'
import { countingWorld } from './counting-card-world.ts'
import { p256, TestSigner } from './demo-ledger.ts'
import { beneficiary, judgedWorld, schemeId, type JudgedWorld } from './period-world.ts'

const otherAgency = 'medeu-education'
const unknownCard = 'f'.repeat(32)
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

let world: JudgedWorld
let holder: string
let own: TestSigner
let other: TestSigner

beforeEach(async () => {
  world = await judgedWorld({ agencyId: otherAgency })
  own = world.demo.role('agency', demoAgency)
  other = await agencyIn(world)
  holder = await holderOf(world.card.pseudonym)
})
afterEach(() => world.end())

/** Another agency, which the ledger hears. */
async function agencyIn({ demo }: JudgedWorld): Promise<TestSigner> {
  const key = p256('another agency')
  const heard = { key_id: key.keyId, jwk: JSON.stringify(key.jwk), role: 'agency', status: 'active' } as const
  await inTransaction(demo.ports, async ({ connection }) => {
    await connection
      .insertInto('principal')
      .values({ ...heard, owner: otherAgency })
      .execute()
  })
  return new TestSigner(demo.ledger, demo.clock, demo.random, key)
}

async function holderOf(card: string): Promise<string> {
  const row = (await world.demo.rows('card')).find((one) => one['card'] === card)
  return String(row?.['holder'])
}

const ownerOf = async (name: string) =>
  (await world.demo.rows('holder')).find((row) => row['holder'] === name)?.['agency_id']

const pointOf = (name: string): string => {
  const { jwk } = p256(name)
  const parts = [jwk.x, 'y' in jwk ? jwk.y : ''].map((part) => Buffer.from(part, 'base64url'))
  return Buffer.concat(parts).toString('base64url')
}

describe('an agency that entitles another’s holder', () => {
  /** In an order in which their own agency may do all. @param uid of the card that is named */
  const actsUpon = (card: string, uid: string): readonly (readonly [path: string, body: object])[] => [
    ['/v1/card-rekeyings', { uid, generation: 2 }],
    ['/v1/card-rekeyings/done', { uid, generation: 2 }],
    ['/v1/card-blocks', { card }],
    ['/v1/card-unblocks', { card }],
    ['/v1/card-reissues', { card, uid: '04FFFFFFFFFFF1' }],
  ]
  const actsUponCounting = (card: string): readonly (readonly [path: string, body: object])[] => [
    ['/v1/card-scripts', { card, scriptCounter: 0 }],
    ['/v1/card-pin-orders', { card, order: { kind: 'unblock' } }],
    ['/v1/card-receipts', { card, receipt: Buffer.alloc(244).toString('base64url') }],
    ['/v1/applet-card-reissues', { card, cardId: 'e'.repeat(32), publicKey: pointOf('new chip') }],
  ]

  /** @returns what it was answered, without the name of the card */
  async function refusedWithoutTrace(path: string, body: object): Promise<string> {
    const before = await rowsOf(world.demo.ports)
    const answered = await other.post(path, body)
    expect([path, answered.body['code']]).toEqual([path, 'not_found'])
    const after = await rowsOf(world.demo.ports)
    const differ = [...after, ...before].filter((row) => !(after.has(row) && before.has(row)))
    expect(differ.filter((row) => !row.startsWith('refusal '))).toEqual([])
    return JSON.stringify(answered).replaceAll(/\b[0-9a-f]{32}\b/gu, 'a card')
  }

  test('acts upon none of the holder’s cards, as if they were not there', async () => {
    const { pseudonym, uid } = world.card
    const registered = await own.post('/v1/applet-cards', {
      ...{ cardId: '9'.repeat(32), publicKey: pointOf('chip'), holder },
    })
    const counting = String(registered.body['card'])
    const acts = [...actsUpon(pseudonym, hexOf(uid)), ...actsUponCounting(counting)]
    const actsUponNone = [...actsUpon(unknownCard, '04FFFFFFFFFFFF'), ...actsUponCounting(unknownCard)]
    for (const [index, [path, body]] of acts.entries()) {
      const [, ofNone = {}] = actsUponNone[index] ?? []
      expect(await refusedWithoutTrace(path, body)).toBe(await refusedWithoutTrace(path, ofNone))
    }
    for (const [path, body] of acts) {
      const { status } = await own.post(path, body)
      // The receipt is of no card.
      expect([path, status]).toEqual([path, path === '/v1/card-receipts' ? 404 : 200])
    }
  })

  test('makes no card for the holder, new or known, whatever it is of', async () => {
    const made = { uid: '04FFFFFFFFFFF2', holder }
    await refusedWithoutTrace('/v1/cards', made)
    await refusedWithoutTrace('/v1/cards', { ...made, uid: hexOf(world.card.uid) })
    const chip = { cardId: 'd'.repeat(32), publicKey: pointOf('chip'), holder }
    await refusedWithoutTrace('/v1/applet-cards', chip)
    expect((await own.post('/v1/cards', made)).body['arrival']).toBe('created')
    expect((await own.post('/v1/applet-cards', chip)).body['arrival']).toBe('created')
  })

  test('pays from the card as its own agency does, and ends that by ending the entitlement', async () => {
    const { 'till-1': till } = world.tills
    const schemesOf = async (): Promise<readonly string[]> => {
      const asked = { cardSessionId: till.id(), card: world.card.pseudonym, encryptedRndB: '00'.repeat(16) }
      const session = await till.call('/v1/terminal/card-sessions', asked)
      return session.kind === 'open' ? session.slots.map((slot) => slot.schemeId).toSorted() : []
    }
    const sale = await world.online(till, 400n)
    if (sale === undefined) throw new Error('the other agency’s scheme pays nothing')
    expect(await till.authorise(sale)).toMatchObject({ state: 'settled' })
    expect(await world.reissue()).toMatchObject({ status: 200 })
    expect(await schemesOf()).toEqual([schemeId, 'school-lunch'])
    const ending = { schemeId, beneficiary, holder }
    expect((await own.post('/v1/entitlement-endings', ending)).body['code']).toBe('not_found')
    expect((await other.post('/v1/entitlement-endings', ending)).status).toBe(200)
    expect(await schemesOf()).toEqual(['school-lunch'])
  })
})

describe('a holder whom nobody has named', () => {
  const fresh = 'e'.repeat(32)
  const entitled = { schemeId, beneficiary: 'd'.repeat(32), holder: fresh }

  test.each([
    ['a card', '/v1/cards', { uid: '04FFFFFFFFFFF3', holder: fresh }],
    [
      'a card that counts itself',
      '/v1/applet-cards',
      { cardId: 'd'.repeat(32), publicKey: pointOf('c'), holder: fresh },
    ],
    ['an entitlement', '/v1/beneficiaries', entitled],
  ])('is the agency’s that names it by %s', async (_, path, body) => {
    expect((await other.post(path, body)).status).toBe(200)
    expect(await ownerOf(fresh)).toBe(otherAgency)
    expect((await own.post('/v1/cards', { uid: '04FFFFFFFFFFF4', holder: fresh })).status).toBe(404)
  })

  test('is the agency’s into whose household it comes, and stays so when it leaves', async () => {
    const joining = { ...entitled, beneficiary, member: holder }
    expect((await other.post('/v1/household-members', joining)).status).toBe(200)
    expect((await other.post('/v1/entitlement-endings', { ...entitled, beneficiary })).status).toBe(200)
    expect(await ownerOf(fresh)).toBe(otherAgency)
    expect((await own.post('/v1/cards', { uid: '04FFFFFFFFFFF4', holder: fresh })).status).toBe(404)
    expect((await other.post('/v1/cards', { uid: '04FFFFFFFFFFF4', holder: fresh })).status).toBe(200)
  })

  test('is nobody’s still when what named it was refused', async () => {
    const taken = { uid: hexOf(world.card.uid), holder: fresh }
    expect((await other.post('/v1/cards', taken)).body['code']).toBe('exists_with_different_terms')
    expect((await other.post('/v1/beneficiaries', { ...entitled, beneficiary })).status).toBe(409)
    expect(await ownerOf(fresh)).toBeUndefined()
  })

  test('is one agency’s of two that name it at once', async () => {
    const counts = new Map<unknown, number>()
    for (let turn = 0; turn < 20; turn += 1) {
      const name = randomBytes(16).toString('hex')
      const signers = turn % 2 === 0 ? [own, other] : [other, own]
      const answers = await Promise.all(
        signers.map((signer, index) =>
          signer.post('/v1/cards', { uid: `04EE${hexOf(randomBytes(4))}0${index}`, holder: name }),
        ),
      )
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 404])
      const winner = signers[answers.findIndex(({ status }) => status === 200)]
      const agency = await ownerOf(name)
      expect(agency).toBe(winner === own ? demoAgency : otherAgency)
      counts.set(agency, (counts.get(agency) ?? 0) + 1)
      const cards = (await world.demo.rows('card')).filter((card) => card['holder'] === name)
      expect(cards.map((card) => card['registered_by'])).toEqual([agency])
    }
    expect([...counts.keys()].toSorted()).toEqual([demoAgency, otherAgency].toSorted())
  })
})

test('a card that another agency’s scheme forbids is refused without the name of that scheme', async () => {
  const counting = await countingWorld({ agencyId: otherAgency })
  await counting.issue()
  const second = { cardId: 'd'.repeat(32), publicKey: pointOf('chip'), holder: counting.holder }
  const refused = await counting.agency('/v1/applet-cards', second)
  expect(refused.body['code']).toBe('rule_violated')
  expect(JSON.stringify(refused)).not.toContain(schemeId)
  await counting.end()
})

describe('the audit finds', () => {
  const nobodys = 'who has a card of an agency, or was ever entitled, is an agency’s holder'
  const changed = 'a holder is an agency’s that named it, and has its cards from no other one'

  test.each([
    ['a card whose holder is nobody’s', (name: string) => `delete from holder where holder = '${name}'`, nobodys],
    [
      'an entitlement whose holder is nobody’s',
      (name: string) => `update card set registered_by = null; delete from holder where holder = '${name}'`,
      nobodys,
    ],
    [
      'a holder that went to another agency',
      (name: string) => `update holder set agency_id = '${otherAgency}' where holder = '${name}'`,
      changed,
    ],
    [
      'a holder whose card another agency has registered',
      (name: string) => `update card set registered_by = '${otherAgency}' where holder = '${name}'`,
      changed,
    ],
    [
      'a holder whose agency never named it',
      () => `insert into holder (holder, agency_id, since) values ('${'e'.repeat(32)}', '${otherAgency}', 1)`,
      changed,
    ],
  ])('%s', async (_, change, rule) => {
    expect(await world.faultsAfter(change(holder))).toContain(rule)
  })

  test('and nothing where nothing is wrong', async () => {
    expect(await world.faultsAfter('')).toEqual([])
  })
})
