/** Method: a real HTTP server behind the proxy, a real keep-alive client in front of it. */
import { Agent, createServer, request as httpRequest } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NetworkProxy } from '../../../hardware-mocks/network/network-proxy.ts'
import { RequestWatcher } from '../../../hardware-mocks/network/request-watcher.ts'

let ledger: Server
let seen: string[]
let proxy: NetworkProxy
let agent: Agent

beforeEach(async () => {
  seen = []
  ledger = createServer((incoming, outgoing) => {
    let body = ''
    incoming.on('data', (chunk) => {
      body += String(chunk)
    })
    incoming.on('end', () => {
      seen.push(`${incoming.method} ${incoming.url} ${body}`)
      outgoing.end(`answer to ${body}`)
    })
  })
  await new Promise<void>((resolve) => void ledger.listen(0, '127.0.0.1', resolve))
  proxy = new NetworkProxy({ ledgerPort: (ledger.address() as AddressInfo).port, now: () => Date.now() })
  await proxy.open()
  agent = new Agent({ keepAlive: true, maxSockets: 1 })
})

afterEach(async () => {
  agent.destroy()
  await proxy.close()
  ledger.closeAllConnections()
  await new Promise((resolve) => ledger.close(resolve))
})

type Outcome = { body: string; reused: boolean } | { error: string }

function post(path: string, body: string, timeoutMs = 30_000): Promise<Outcome> {
  return new Promise((resolve) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port: proxy.port, path, method: 'POST', agent }, (incoming) => {
      let text = ''
      incoming.on('data', (chunk) => {
        text += String(chunk)
      })
      incoming.on('end', () => resolve({ body: text, reused: outgoing.reusedSocket }))
      incoming.on('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }))
    })
    outgoing.setTimeout(timeoutMs, () => {
      resolve({ error: 'timeout' })
      outgoing.destroy()
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }))
    outgoing.end(body)
  })
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 5) {
    if (waited > 3000) throw new Error('waited in vain')
    await delay(5)
  }
}

const logged = (what: string) => proxy.log.entries().filter((entry) => entry.what === what)

describe('the network', () => {
  it('passes requests on over one kept-alive connection and counts them', async () => {
    expect(await post('/a', '1')).toEqual({ body: 'answer to 1', reused: false })
    expect(await post('/b', '2')).toEqual({ body: 'answer to 2', reused: true })
    expect(proxy.state()).toMatchObject({ mode: 'up', requests: 2, openConnections: 1 })
    expect(logged('request').map((entry) => entry.details['path'])).toEqual(['/a', '/b'])
    expect(logged('connection-opened')).toHaveLength(1)
  })

  it('cut: resets what is open, refuses what comes, and comes back on the same port', async () => {
    await post('/a', '1')
    const port = proxy.port
    expect(Object.keys(agent.freeSockets)).toHaveLength(1)
    await proxy.setMode('cut')
    await until(() => Object.keys(agent.freeSockets).length === 0)
    expect(await post('/a', '2')).toEqual({ error: 'ECONNREFUSED' })
    await proxy.setMode('up')
    expect(proxy.port).toBe(port)
    expect(await post('/a', '3')).toMatchObject({ body: 'answer to 3' })
    expect(seen).toEqual(['POST /a 1', 'POST /a 3'])
  })

  it('black hole: accepts and never answers; the swallowed request never arrives, not even later', async () => {
    await proxy.setMode('black-hole')
    expect(await post('/a', '1', 1000)).toEqual({ error: 'timeout' })
    await proxy.setMode('up')
    expect(await post('/a', '2')).toMatchObject({ body: 'answer to 2' })
    expect(seen).toEqual(['POST /a 2'])
    expect(logged('swallowed').length).toBeGreaterThan(0)
  })

  it('hold: the request arrives after its client has given up', async () => {
    await proxy.setMode('hold')
    expect(await post('/a', 'late', 1000)).toEqual({ error: 'timeout' })
    expect(seen).toEqual([])
    await proxy.setMode('up')
    await until(() => seen.length === 1)
    expect(seen).toEqual(['POST /a late'])
  })

  it('loses the answers of the next n requests: the ledger got each, the client got not a byte', async () => {
    await post('/a', '1')
    proxy.loseNextAnswers(2)
    expect(await post('/a', '2')).toEqual({ error: 'ECONNRESET' })
    expect(await post('/a', '3')).toEqual({ error: 'ECONNRESET' })
    expect(await post('/a', '4')).toMatchObject({ body: 'answer to 4' })
    expect(seen).toEqual(['POST /a 1', 'POST /a 2', 'POST /a 3', 'POST /a 4'])
    expect(proxy.state()).toMatchObject({ answersLost: 2, loseAnswers: { count: 0 } })
  })

  it('loses only answers under the path it was given', async () => {
    proxy.loseNextAnswers(1, '/payments')
    expect(await post('/feed', '1')).toMatchObject({ body: 'answer to 1' })
    expect(await post('/payments/7', '2')).toEqual({ error: 'ECONNRESET' })
    expect(logged('answer-lost').map((entry) => entry.details['path'])).toEqual(['/payments/7'])
  })

  it('delays there and back, and the order stays', async () => {
    proxy.setDelay(120)
    const started = performance.now()
    expect(await post('/a', 'x'.repeat(200_000))).toMatchObject({ body: `answer to ${'x'.repeat(200_000)}` })
    expect(performance.now() - started).toBeGreaterThanOrEqual(115)
  })

  it('ends the connection when the ledger is down, and recovers with it', async () => {
    const port = (ledger.address() as AddressInfo).port
    proxy.setLedgerPort(1)
    expect(await post('/a', '1')).toHaveProperty('error')
    expect(logged('ledger-trouble')).toHaveLength(1)
    proxy.setLedgerPort(port)
    expect(await post('/a', '2')).toMatchObject({ body: 'answer to 2' })
  })
})

describe('the request watcher', () => {
  it('finds each request whatever the cut, chunked bodies included', () => {
    const stream = Buffer.from(
      'POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\nGET /no HTTP/1.1\r\n' +
        'POST /two HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n' +
        'GET /three HTTP/1.1\r\nHost: x\r\n\r\n',
      'latin1',
    )
    for (let size = 1; size <= stream.length; size++) {
      const found: string[] = []
      const watcher = new RequestWatcher((request) => void found.push(`${request.method} ${request.path}`))
      for (let at = 0; at < stream.length; at += size) watcher.push(stream.subarray(at, at + size))
      expect(found, `pieces of ${size}`).toEqual(['POST /one', 'POST /two', 'GET /three'])
    }
  })
})
