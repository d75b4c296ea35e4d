/**
 * A request is answered once, also by a ledger that was killed (docs/adr/0044). Method: the process on a real disk is
 * killed with SIGKILL and started again on its folder; what was captured before is sent again as it was, to the same
 * port, while it is fresh enough to be taken.
 */
import { createServer, type AddressInfo } from 'node:net'
import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { v7 } from 'uuid'
import type { RoleKey } from '../../../ledger-sim/scenarios/demo.ts'
import { signRequest, type HttpRequest } from '../../../src/sync/protocol/http-signature.ts'
import { signingKey } from '../../../src/sync/protocol/keys.ts'
import { makeRequestToken } from '../../../src/sync/protocol/request-token.ts'
import { startProcess, type RunningProcess } from '../../../tools/processes.ts'
import { temporaryFolder } from './demo-ledger.ts'

const program = join(import.meta.dirname, '../../../ledger-sim/main.ts')
let folder: ReturnType<typeof temporaryFolder>
let port: number
let ledger: RunningProcess

/** A captured request names its address, so each start has the same. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return address.port
}

async function start(): Promise<void> {
  const parameters = ['--data', join(folder.path, 'data'), '--seed', 'demo', '--port', String(port)]
  ledger = await startProcess('ledger', program, parameters)
}

async function killAndStart(): Promise<void> {
  ledger.child.kill('SIGKILL')
  await ledger.ended
  await start()
}

beforeEach(async () => {
  folder = temporaryFolder()
  port = await freePort()
  await start()
})
afterEach(async () => {
  await ledger.stop()
  folder.remove()
})

type Asked = readonly [method: 'GET' | 'POST', path: string, body: string]

async function proved(by: 'signature' | 'token', [method, path, body]: Asked): Promise<HttpRequest> {
  const keys = JSON.parse(readFileSync(join(folder.path, 'data/issuing/role-keys.json'), 'utf8')) as RoleKey[]
  const { privateJwk } = keys.find(({ role }) => role === 'agency') ?? {}
  if (privateJwk === undefined) throw new Error('the agency has no key')
  const created = Math.floor(Date.now() / 1_000)
  const moment = { created, expires: created + 120, nonce: randomBytes(16).toString('base64url') }
  const request = { method, url: `http://127.0.0.1:${port}${path}`, body }
  if (by === 'signature') return signRequest(request, signingKey(privateJwk), moment)
  return { ...request, headers: { authorization: `Bearer ${await makeRequestToken(request, privateJwk, moment)}` } }
}

/** Status, and the code of a problem; of a stream nothing is read. */
async function sent({ method, url, headers, body }: HttpRequest): Promise<string> {
  const stopped = new AbortController()
  const answer = await fetch(url, {
    method,
    headers,
    signal: stopped.signal,
    ...(method === 'POST' && { body }),
  })
  const { code } = answer.status === 200 ? {} : ((await answer.json()) as { code?: string })
  stopped.abort()
  return `${answer.status} ${code ?? ''}`.trim()
}

const funding = () =>
  JSON.stringify({ transferId: v7(), accountId: 'almaly-education', schemeId: 'school-lunch', amount: '100' })
const asked = (): readonly Asked[] => [
  ['POST', '/v1/scheme-fundings', funding()],
  ['GET', '/v1/role-keys', ''],
  ['GET', '/v1/event-stream', ''],
]

test('what was answered before a kill is refused after it, and what is signed then is not', async () => {
  const captured: HttpRequest[] = []
  for (const by of ['signature', 'token'] as const)
    for (const request of asked()) captured.push(await proved(by, request))
  for (const request of captured) expect(await sent(request)).toBe('200')
  for (const request of captured) expect(await sent(request)).toBe('401 nonce_replayed')
  await killAndStart()
  for (const request of captured) expect(await sent(request)).toBe('425 dated_before_restart')
  await new Promise((done) => setTimeout(done, 1_000))
  for (const by of ['signature', 'token'] as const)
    for (const request of asked()) expect(await sent(await proved(by, request))).toBe('200')
  // The horizon stays where it was: what was refused is refused for as long as this process lives.
  for (const request of captured) expect(await sent(request)).toBe('425 dated_before_restart')
}, 120_000)

test('killed at any moment, it answers no request twice', async () => {
  const answers = new Map<HttpRequest, string[]>()
  const send = async (request: HttpRequest): Promise<void> => {
    const answer = await sent(request).catch(() => undefined)
    if (answer !== undefined) answers.set(request, [...(answers.get(request) ?? []), answer])
  }
  for (let round = 0; round < 4; round += 1) {
    const requests: HttpRequest[] = []
    const until = performance.now() + randomInt(150, 400)
    const clients = Array.from({ length: 4 }, async (_, client) => {
      while (performance.now() < until && ledger.child.exitCode === null) {
        const request = await proved(client % 2 === 0 ? 'signature' : 'token', asked()[client % 3] as Asked)
        requests.push(request)
        await send(request)
      }
    })
    // The kill cuts off what each of them has on its way.
    const killed = new Promise((done) => setTimeout(done, until - performance.now() - 50)).then(killAndStart)
    await Promise.all([...clients, killed])
    for (const request of requests) await send(request)
  }
  const all = [...answers.values()]
  const taken = all.map((some) => some.filter((answer) => answer === '200').length)
  process.stdout.write(`${all.length} requests, ${taken.filter((times) => times === 1).length} answered once\n`)
  expect(Math.max(...taken)).toBe(1)
  expect(taken.filter((times) => times === 1).length).toBeGreaterThan(10)
}, 240_000)
