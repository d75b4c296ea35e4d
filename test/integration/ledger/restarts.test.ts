/**
 * A request is answered once, also across a restart of the ledger (docs/adr/0044). Method: a restart is another ledger
 * on the same store; what a killed one had on its way is held back by a store that is let go by the test.
 * The same with a process and kill -9 is in restarts-process.test.ts.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLedger, type Ledger } from '../../../ledger-sim/ledger.ts'
import type { LedgerPorts } from '../../../ledger-sim/context.ts'
import type { Store } from '../../../ledger-sim/store/open-store.ts'
import { toJson } from '../../../src/sync/protocol/canonical.ts'
import { signRequest, type HttpRequest } from '../../../src/sync/protocol/http-signature.ts'
import { signTagged } from '../../../src/sync/protocol/keys.ts'
import { makeRequestToken } from '../../../src/sync/protocol/request-token.ts'
import { demoLedger, p256, temporaryFolder, TestSigner, type DemoLedger } from './demo-ledger.ts'
import { TokenSigner } from './token-signer.ts'

let demo: DemoLedger
beforeEach(async () => void (demo = await demoLedger()))
afterEach(() => demo.close())

const seconds = () => Math.floor(demo.clock.now / 1_000)
const signedBy = (signer: TestSigner, method: 'GET' | 'POST', path: string, body: string, moment = {}): HttpRequest =>
  signRequest({ method, url: `http://127.0.0.1:8080${path}`, body }, signer.key, {
    created: seconds(),
    expires: seconds() + 60,
    nonce: Buffer.from(demo.random(16)).toString('base64url'),
    ...moment,
  })

/** As a start of the process, which takes its time. */
function restarted(ports: LedgerPorts = demo.ports): Ledger {
  demo.clock.now += 1_000
  return createLedger(ports)
}

const funding = () =>
  toJson({
    transferId: `019aaf6e-1c00-7000-8000-${Buffer.from(demo.random(6)).toString('hex')}`,
    accountId: 'almaly-education',
    schemeId: 'school-lunch',
    amount: '100',
  })
const asked = [
  ['a write', 'POST', '/v1/scheme-fundings', funding],
  ['a read', 'GET', '/v1/role-keys', () => ''],
  ['an event stream', 'GET', '/v1/event-stream', () => ''],
  ['a refusal of the operation', 'GET', '/v1/role-keys?no=', () => ''],
  ['what is not there', 'GET', '/v1/nothing', () => ''],
] as const
const proofs = ['signature', 'token'] as const
const proved = (by: (typeof proofs)[number], method: 'GET' | 'POST', path: string, body: string) =>
  by === 'signature'
    ? Promise.resolve(signedBy(demo.role('agency'), method, path, body))
    : TokenSigner.of(demo, 'agency').sign(method, path, body)

const everyKind = proofs.flatMap((by) => asked.map(([what, ...request]) => ({ what, by, request })))

async function problemOf(ledger: Ledger, request: HttpRequest) {
  const { status, headers, body } = await ledger.handle(request)
  const { code } = (body === '' ? {} : JSON.parse(body)) as { code?: string }
  return { status, code, retryAfter: headers['retry-after'] }
}

const tooEarly = (retryAfter: number) => ({
  status: 425,
  code: 'dated_before_restart',
  retryAfter: String(retryAfter),
})

describe.each(everyKind)('$what, proved by a $by', ({ by, request: [method, path, body] }) => {
  test('is not answered again after a restart, nor after the next', async () => {
    const captured = await proved(by, method, path, body())
    const { status } = await demo.ledger.handle(captured)
    demo.clock.now += 5_000
    // Its nonce is not known any more, and it is still fresh enough.
    for (const ledger of [restarted(), restarted()])
      expect(await problemOf(ledger, captured)).toMatchObject(tooEarly(1))
    const again = await problemOf(restarted(), await proved(by, method, path, body()))
    expect(again).toMatchObject({ status })
  })

  test('is not answered before that is certain', async () => {
    let letGo: (() => void) | undefined
    let isFirst = true
    const held: Store = {
      ...demo.ports.store,
      transaction: async (work) => {
        // The first is that by which the moment is kept: it is asked for before anything is performed.
        if (isFirst) {
          isFirst = false
          await new Promise<void>((done) => (letGo = done))
        }
        return demo.ports.store.transaction(work)
      },
    }
    const ledger = createLedger({ ...demo.ports, store: held })
    const captured = await proved(by, method, path, body())
    let answered = 0
    const answer = ledger.handle(captured).then(() => (answered += 1))
    const beside = ledger.handle(await proved(by, method, path, body())).then(() => (answered += 1))
    for (let turn = 0; turn < 50; turn += 1) await new Promise((done) => setImmediate(done))
    expect(answered).toBe(0)
    // Killed now, it was never answered: the next one may do so.
    const next = restarted()
    expect(await problemOf(next, captured)).not.toMatchObject({ code: 'dated_before_restart' })
    letGo?.()
    await Promise.all([answer, beside])
    expect(answered).toBe(2)
  })
})

describe('a key that waits', () => {
  test('is heard from the second on after its last one, as Retry-After says', async () => {
    await demo.role('agency').get('/v1/role-keys')
    const ledger = createLedger(demo.ports)
    const agency = new TestSigner(ledger, demo.clock, demo.random, demo.role('agency').key)
    const sameSecond = agency.sign('GET', '/v1/role-keys', '')
    expect(await problemOf(ledger, sameSecond)).toMatchObject(tooEarly(1))
    demo.clock.now += 1_000
    expect((await agency.get('/v1/role-keys')).status).toBe(200)
    // One that was heard since is refused by its nonce alone.
    const heard = agency.sign('GET', '/v1/role-keys', '')
    expect((await agency.send(heard)).status).toBe(200)
    expect(await problemOf(ledger, heard)).toMatchObject({ code: 'nonce_replayed' })
    // And an older one that never came is heard, since this process knows all nonces of its own.
    demo.clock.now += 10_000
    expect((await agency.get('/v1/role-keys')).status).toBe(200)
    expect((await agency.send(signedBy(agency, 'GET', '/v1/role-keys', '', { created: seconds() - 5 }))).status).toBe(
      200,
    )
  })

  test('waits as long as its clock was ahead, and nobody else does', async () => {
    const [agency, bank] = [demo.role('agency'), demo.role('bank')]
    const ahead = { created: seconds() + 120, expires: seconds() + 180 }
    expect((await agency.send(signedBy(agency, 'GET', '/v1/role-keys', '', ahead))).status).toBe(200)
    expect((await bank.get('/v1/role-keys')).status).toBe(200)
    const ledger = restarted()
    const ask = (signer: TestSigner) => problemOf(ledger, signedBy(signer, 'GET', '/v1/role-keys', ''))
    expect(await ask(bank)).toMatchObject({ status: 200 })
    expect(await ask(agency)).toMatchObject(tooEarly(120))
    demo.clock.now += 119_000
    expect(await ask(agency)).toMatchObject(tooEarly(1))
    demo.clock.now += 1_000
    expect(await ask(agency)).toMatchObject({ status: 200 })
  })

  test('is heard within two minutes when the ledger’s own clock had run ahead by a year', async () => {
    const agency = demo.role('agency')
    const year = 365 * 86_400_000
    demo.clock.now += year
    expect((await agency.send(signedBy(agency, 'GET', '/v1/role-keys', ''))).status).toBe(200)
    demo.clock.now -= year
    const ledger = restarted()
    const first = signedBy(agency, 'GET', '/v1/role-keys', '')
    expect(await problemOf(ledger, first)).toMatchObject({ code: 'dated_before_restart', retryAfter: '121' })
    demo.clock.now += 121_000
    const later = signedBy(agency, 'GET', '/v1/role-keys', '')
    expect(await problemOf(ledger, later)).toMatchObject({ status: 200 })
    // And what was answered meanwhile is not answered by the next process.
    expect(await problemOf(restarted(), later)).toMatchObject({ code: 'dated_before_restart' })
  })

  test('waits for nothing that anybody else has said in its name, or at no time of the ledger’s', async () => {
    const agency = demo.role('agency')
    const other = p256('somebody else')
    const forged = signRequest({ method: 'GET', url: 'http://127.0.0.1:8080/v1/role-keys', body: '' }, other, {
      created: seconds(),
      expires: seconds() + 60,
      nonce: 'a-nonce-of-somebody',
    })
    const signature = (forged.headers['signature-input'] ?? '').replaceAll(other.keyId, agency.key.keyId)
    const inItsName = { ...forged, headers: { ...forged.headers, 'signature-input': signature } }
    expect(await problemOf(demo.ledger, inItsName)).toMatchObject({ code: 'signature_wrong' })
    const tooFar = signedBy(agency, 'GET', '/v1/role-keys', '', { created: seconds() + 121, expires: seconds() + 130 })
    expect(await problemOf(demo.ledger, tooFar)).toMatchObject({ code: 'clock_skew' })
    const request = { method: 'GET', url: 'http://127.0.0.1:8080/v1/role-keys', body: '' } as const
    const moment = { created: seconds(), expires: seconds() + 60, nonce: 'another-nonce-of-somebody' }
    const token = await makeRequestToken(request, { ...TokenSigner.of(demo, 'bank').privateJwk }, moment)
    const [head = '', , mac = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object
    const renamed = Buffer.from(JSON.stringify({ ...claims, iss: agency.key.keyId })).toString('base64url')
    const byToken = { ...request, headers: { authorization: `Bearer ${head}.${renamed}.${mac}` } }
    expect(await problemOf(demo.ledger, byToken)).toMatchObject({ code: 'signature_wrong' })
    const rows = await demo.rows('principal')
    expect(rows.find((row) => row['key_id'] === agency.key.keyId)).toMatchObject({ latest_signed: null })
  })

  test('is refused aloud: the refusal is on the list, the request’s own number for nothing', async () => {
    const captured = demo.role('agency').sign('GET', '/v1/role-keys', '')
    await demo.ledger.handle(captured)
    await restarted().handle(captured)
    const { body } = await demo.role('auditor').get('/v1/refusals?after=0&limit=10')
    expect(body['refusals']).toMatchObject([{ code: 'dated_before_restart', path: '/v1/role-keys' }])
  })
})

test('each key of an owner has a moment of its own, the one that follows another too', async () => {
  const agency = demo.role('agency')
  const next = new TestSigner(demo.ledger, demo.clock, demo.random, p256('the next key of the agency'))
  const named = { formerKey: agency.key.keyId, nextKey: next.key.jwk, formerEndsAfterSeconds: 3_600 }
  const proof = signTagged(next.key, 'tolem/role-key/1', { role: 'agency', owner: 'almaly-education', ...named })
  const change = agency.sign('POST', '/v1/role-keys', toJson({ ...named, proof }))
  expect((await agency.send(change)).status).toBe(200)
  demo.clock.now += 2_000
  const byNext = next.sign('GET', '/v1/role-keys', '')
  expect((await next.send(byNext)).status).toBe(200)
  const ledger = restarted()
  expect(await problemOf(ledger, change)).toMatchObject({ code: 'dated_before_restart' })
  expect(await problemOf(ledger, byNext)).toMatchObject({ code: 'dated_before_restart' })
  // The former one, which was silent meanwhile, is heard for its own last moment.
  const created = seconds() - 2
  const former = signedBy(agency, 'GET', '/v1/role-keys', '', { created, expires: created + 60 })
  expect(await problemOf(ledger, former)).toMatchObject({ status: 200 })
})

describe('what it costs', () => {
  test('one write for each key and second', async () => {
    const folder = temporaryFolder()
    let writes = 0
    const counted = await demoLedger({
      path: `${folder.path}/ledger.db`,
      onDidRun: (statement) => void (writes += statement.startsWith('update "principal" set "latest_signed"') ? 1 : 0),
    })
    try {
      const [agency, bank] = [counted.role('agency'), counted.role('bank')]
      await Promise.all([agency, agency, bank, agency].map((signer) => signer.get('/v1/role-keys')))
      for (let count = 0; count < 5; count += 1) await agency.get('/v1/role-keys')
      expect(writes).toBe(2)
      counted.clock.now += 1_000
      for (let count = 0; count < 5; count += 1) await agency.get('/v1/role-keys')
      expect(writes).toBe(3)
    } finally {
      await counted.close()
      folder.remove()
    }
  })

  test('no second commit for a tap', async () => {
    const folder = temporaryFolder()
    const writesByCommit: number[] = []
    let writes = 0
    const counted = await demoLedger({
      path: `${folder.path}/ledger.db`,
      // As the process does.
      gather: setImmediate,
      onDidRun: (statement) => {
        if (/^(insert|update|delete)/i.test(statement)) writes += 1
        if (!/^(begin|commit)/i.test(statement)) return
        if (writes > 0) writesByCommit.push(writes)
        writes = 0
      },
    })
    try {
      const till = await counted.till('till-1')
      await till.fetch()
      const decided = till.decide({ card: counted.card('Pupil 01') })
      counted.clock.now += 1_000
      writesByCommit.length = 0
      await till.authorise(decided)
      expect(writesByCommit).toHaveLength(1)
    } finally {
      await counted.close()
      folder.remove()
    }
  })
})

test('what could not be kept is not answered, and is tried again with the next request', async () => {
  let isGone = true
  const store: Store = {
    ...demo.ports.store,
    transaction: (work) =>
      isGone ? Promise.reject(new Error('the disk is full')) : demo.ports.store.transaction(work),
  }
  const ledger = createLedger({ ...demo.ports, store })
  const agency = new TestSigner(ledger, demo.clock, demo.random, demo.role('agency').key)
  await expect(agency.get('/v1/nothing')).rejects.toThrow('the disk is full')
  isGone = false
  const captured = agency.sign('GET', '/v1/role-keys', '')
  expect((await agency.send(captured)).status).toBe(200)
  expect(await problemOf(restarted(), captured)).toMatchObject({ code: 'dated_before_restart' })
})
