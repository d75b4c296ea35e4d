/**
 * Method: the ledger as a process, as an integrator meets it. It hands out the operator's link, its courier posts to a
 * real server what a signed request brought about, and what was not taken before a stop comes after the next start,
 * under the same event id.
 */
import { spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { v7 } from 'uuid'
import type { RoleKey } from '../../../ledger-sim/scenarios/demo.ts'
import { signRequest, verifyRequest, type HttpRequest } from '../../../src/sync/protocol/http-signature.ts'
import { publicJwkSchema, signingKey, verifyingKey } from '../../../src/sync/protocol/keys.ts'
import { temporaryFolder } from './demo-ledger.ts'

const program = join(import.meta.dirname, '../../../ledger-sim/main.ts')
const folder = temporaryFolder()
const stops: (() => Promise<number>)[] = []

afterAll(async () => {
  for (const stop of stops) await stop()
  folder.remove()
})

async function start() {
  const parameters = [program, '--data', folder.path, '--seed', 'demo']
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number>((done) => child.once('exit', (code) => done(code ?? -1)))
  const lines: Record<string, unknown>[] = []
  await new Promise<void>((done, fail) => {
    void ended.then((code) => fail(new Error(`ended with ${code}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(JSON.parse(line) as Record<string, unknown>)
      if (lines.length === 2) done()
    })
  })
  const stop = () => {
    child.kill('SIGTERM')
    return ended
  }
  stops.push(stop)
  return { url: String(lines[0]?.['ledgerUrl']), lines, stop }
}

const readJson = (file: string) => JSON.parse(readFileSync(join(folder.path, file), 'utf8')) as unknown

async function post(url: string, owner: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const found = (readJson('issuing/role-keys.json') as RoleKey[]).find((key) => key.owner === owner)
  const created = Math.floor(Date.now() / 1000)
  const request = signRequest(
    { method: 'POST', url: `${url}${path}`, body: JSON.stringify(body) },
    signingKey(found?.privateJwk ?? {}),
    { created, expires: created + 60, nonce: v7() },
  )
  const answer = await fetch(request.url, { method: 'POST', headers: request.headers, body: request.body })
  const said = (await answer.json()) as Record<string, unknown>
  expect({ path, status: answer.status, said }).toMatchObject({ status: 200 })
  return said
}

test('the operator’s link, and webhooks across a stop', async () => {
  const heard: HttpRequest[] = []
  let status = 500
  const receiver = createServer((request: IncomingMessage, response) => {
    let body = ''
    request.on('data', (bytes) => (body += String(bytes)))
    request.on('end', () => {
      const headers = request.headers as Record<string, string>
      heard.push({ method: 'POST', url: `http://${headers['host']}${request.url}`, headers, body })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done))
  const eventually = async (isSo: () => boolean) => {
    for (let wait = 0; wait < 1_000 && !isSo(); wait += 1) await new Promise((done) => setTimeout(done, 10))
    expect(isSo()).toBe(true)
  }
  try {
    const first = await start()
    expect(first.lines.map(({ event }) => event)).toEqual(['ready', 'operator'])
    const link = (readJson('operator-link.json') as { operatorUrl: string }).operatorUrl
    expect(statSync(join(folder.path, 'operator-link.json')).mode & 0o077).toBe(0)
    for (const [index, address] of [String(first.lines[1]?.['operatorUrl']), link].entries()) {
      const [page, token] = address.split('#t=')
      expect(page).toBe(`${first.url}/operator`)
      const entered = await fetch(`${page}/session`, { method: 'POST', body: JSON.stringify({ token }) })
      expect([index, entered.status]).toEqual([index, 204])
    }
    // Each use makes the next one.
    expect(readJson('operator-link.json')).not.toEqual({ operatorUrl: link })
    expect((await fetch(`${first.url}/ready`)).status).toBe(200)
    expect(await (await fetch(`${first.url}/metrics`)).text()).toMatch(/^nodejs_eventloop_lag_seconds /m)

    const { port } = receiver.address() as AddressInfo
    const webhookId = v7()
    await post(first.url, 'dala-bank', '/v1/webhooks', { webhookId, url: `http://127.0.0.1:${port}/hook` })
    await post(first.url, 'central-bank', '/v1/non-cash-deposits', {
      transferId: v7(),
      accountId: 'dala-bank.reserve',
      amount: '100',
    })
    await eventually(() => heard.length > 0)
    expect(await first.stop()).toBe(0)
    status = 204
    const triedBefore = heard.length
    const second = await start()
    await eventually(() => heard.length > triedBefore)
    const ledgerKey = verifyingKey(publicJwkSchema.parse(readJson('issuing/ledger-key.json')))
    for (const request of heard)
      expect(verifyRequest(request, (keyId) => (keyId === ledgerKey.keyId ? ledgerKey : undefined)).kind).toBe('valid')
    const events = heard.map(({ body }) => (JSON.parse(body) as { event: { eventId: string; event: object } }).event)
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(1)
    expect(events.at(-1)?.event).toMatchObject({ kind: 'settlement', direction: 'received', amount: '100' })
    expect(await second.stop()).toBe(0)
  } finally {
    receiver.closeAllConnections()
    receiver.close()
  }
})
