/**
 * Who gets in over loopback, and who does not (architecture.md, "Trust"). Raw requests, because no client of good
 * manners sends these.
 */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { BrowserShell } from '../../../src/terminal/shell-browser/browser-shell.ts'
import { tokenLifetimeMs } from '../../../src/terminal/shell-browser/access.ts'
import { thisMachine } from '../../../src/terminal/shell-browser/this-machine.ts'
import { openSession, start, tokenOf } from './start-shell.ts'

let shell: BrowserShell
let host: string
let cookie: string
/** Added to the shell's clock. */
let laterMs = 0

beforeAll(async () => {
  const { elapsedMs, after } = thisMachine.timers
  shell = await start({ timers: { elapsedMs: () => elapsedMs() + laterMs, after } })
  host = new URL(shell.origin).host
  cookie = (await openSession(shell)).cookie
})
afterAll(() => shell.stop())

/** Sends bytes, answers with the status line's number and the whole answer. 0: the connection was just closed. */
function raw(request: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(shell.origin).port), '127.0.0.1', () => socket.write(request))
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (part: string) => {
      text += part
      if (text.startsWith('HTTP/1.1 101')) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text }))
  })
}

const http = (line: string, headers: Record<string, string>, body = ''): Promise<{ status: number; text: string }> => {
  const all = { Connection: 'close', 'Content-Length': `${Buffer.byteLength(body)}`, ...headers }
  const fields = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return raw(`${line} HTTP/1.1\r\n${fields.join('')}\r\n${body}`)
}

const json = { 'Content-Type': 'application/json' }
const tokenBody = (): string => JSON.stringify({ token: tokenOf(shell.tillUrl()) })

describe('the token', () => {
  it('stands in the fragment, which a browser sends to nobody', () => {
    expect(shell.tillUrl()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#t=[\w-]{43}$/)
  })

  it('gives a cookie that no script reads and no other site sends', async () => {
    const { status, setCookie } = await openSession(shell)
    expect(status).toBe(204)
    const port = new URL(shell.origin).port
    expect(setCookie).toMatch(new RegExp(`^tolem-till-${port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`))
  })

  it('is refused when it was used before', async () => {
    const token = tokenOf(shell.tillUrl())
    expect((await openSession(shell, token)).status).toBe(204)
    expect(await openSession(shell, token)).toMatchObject({ status: 401, setCookie: '' })
  })

  it('is refused when it is older than a minute; the session that came from one is not', async () => {
    const token = tokenOf(shell.tillUrl())
    laterMs += tokenLifetimeMs + 1
    expect((await openSession(shell, token)).status).toBe(401)
    expect((await http('GET /session', { Host: host, Cookie: cookie })).status).toBe(204)
  })

  it('is refused from another origin, without one, as anything but JSON, and is still good afterwards', async () => {
    const body = tokenBody()
    const ours = { Host: host, Origin: shell.origin, ...json }
    const { Origin: _origin, ...without } = ours
    expect((await http('POST /session', { ...ours, Origin: 'http://evil.example' }, body)).status).toBe(403)
    expect((await http('POST /session', { ...ours, Origin: 'http://127.0.0.1:1' }, body)).status).toBe(403)
    expect((await http('POST /session', { ...ours, Origin: 'null' }, body)).status).toBe(403)
    expect((await http('POST /session', without, body)).status).toBe(403)
    // What a form or a fetch in mode no-cors of another page can send.
    expect((await http('POST /session', { ...ours, 'Content-Type': 'text/plain' }, body)).status).toBe(415)
    expect((await http('POST /session', ours, body)).status).toBe(204)
  })

  it('in a malformed or oversized request is answered, and the till goes on', async () => {
    const ours = { Host: host, Origin: shell.origin, ...json }
    for (const body of ['', '{', '[]', 'null', '{"token":7}', '{"token":"a","more":1}']) {
      expect(await http('POST /session', ours, body)).toMatchObject({ status: 400 })
    }
    expect((await http('POST /session', ours, JSON.stringify({ token: 'x'.repeat(2_000) }))).status).toBe(413)
    expect((await http('DELETE /session', ours)).status).toBe(405)
    expect((await openSession(shell)).status).toBe(204)
  })
})

describe('the Host header', () => {
  it('of another name is refused: a name that was rebound to 127.0.0.1 is no way in', async () => {
    for (const wrong of ['evil.example', `evil.example:${new URL(shell.origin).port}`, '127.0.0.1', 'localhost', '']) {
      expect(await http('GET /', { Host: wrong })).toMatchObject({ status: 421 })
      expect(
        (await http('POST /session', { Host: wrong, Origin: `http://${wrong}`, ...json }, tokenBody())).status,
      ).toBe(421)
    }
  })
})

describe('the WebSocket', () => {
  const upgrade = (headers: Record<string, string>, path = '/bridge'): Promise<{ status: number }> =>
    http(`GET ${path}`, {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      ...headers,
    })

  it('opens for our page with its cookie', async () => {
    expect((await upgrade({ Host: host, Origin: shell.origin, Cookie: cookie })).status).toBe(101)
    const among = `other=1; ${cookie}; tolem-till=2`
    expect((await upgrade({ Host: host, Origin: shell.origin, Cookie: among })).status).toBe(101)
  })

  it('stays shut for another Host, Origin, path, cookie, and without one', async () => {
    const good = { Host: host, Origin: shell.origin, Cookie: cookie }
    const { Origin: _origin, ...noOrigin } = good
    const { Cookie: _cookie, ...noCookie } = good
    const port = new URL(shell.origin).port
    const tries: [string, Record<string, string>, number][] = [
      ['rebound name', { ...good, Host: `evil.example:${port}` }, 421],
      ['page of the web', { ...good, Origin: 'https://evil.example' }, 403],
      ['page of another local server, which gets our cookie sent', { ...good, Origin: 'http://127.0.0.1:8080' }, 403],
      ['sandboxed frame', { ...good, Origin: 'null' }, 403],
      ['no page at all', noOrigin, 403],
      ['no cookie', noCookie, 401],
      ['invented cookie', { ...good, Cookie: `tolem-till-${port}=${'A'.repeat(43)}` }, 401],
      ['cookie of another till', { ...good, Cookie: cookie.replace(port, '1') }, 401],
      ['empty cookie', { ...good, Cookie: `tolem-till-${port}=` }, 401],
    ]
    const outcomes = await Promise.all(tries.map(async ([name, headers]) => [name, (await upgrade(headers)).status]))
    expect(outcomes).toEqual(tries.map(([name, , status]) => [name, status]))
    expect((await upgrade(good, '/other')).status).toBe(404)
  })

  it('answers nonsense as malformed, drops what is too large, and lives', async () => {
    const socket = new WebSocket(`ws://${host}/bridge`, { origin: shell.origin, headers: { cookie } })
    const answers: unknown[] = []
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as { type: string }
      if (frame.type === 'answer') answers.push(frame)
    })
    await new Promise((resolve) => socket.once('open', resolve))
    const nonsense = ['', '{', '[]', '"text"', '{"type":"command"}', '{"type":"command","id":"x","command":{}}']
    for (const text of nonsense) socket.send(text)
    socket.send(Buffer.from([1, 2, 3]))
    await expect.poll(() => answers.length).toBe(nonsense.length + 1)
    for (const answer of answers) expect(answer).toMatchObject({ answer: { ok: false, fault: 'malformed' } })
    const closed = new Promise<number>((resolve) => socket.once('close', resolve))
    socket.send('x'.repeat(20_000))
    expect(await closed).toBe(1009)
    expect((await upgrade({ Host: host, Origin: shell.origin, Cookie: cookie })).status).toBe(101)
  })
})

describe('the files', () => {
  it('come with their types and a policy that lets nothing in from elsewhere', async () => {
    const page = await fetch(`${shell.origin}/`)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toBe(
      `default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; ` +
        `connect-src 'self' ws://${host}; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; ` +
        `form-action 'none'`,
    )
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(page.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect((await fetch(`${shell.origin}/page.js`)).headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect((await fetch(`${shell.origin}/page.css?v=1`)).headers.get('content-type')).toBe('text/css; charset=utf-8')
  })

  it('are those of the folder and no others', async () => {
    for (const path of ['/../package.json', '/..%2fpackage.json', '/%2e%2e/page.js', '//page.js', '/nothing', '*']) {
      expect(await http(`GET ${path}`, { Host: host })).toMatchObject({ status: 404 })
    }
    expect((await http('PUT /page.js', { Host: host })).status).toBe(405)
  })

  it('are served to this machine only', async () => {
    const { networkInterfaces } = await import('node:os')
    const others = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    const port = Number(new URL(shell.origin).port)
    const answering: string[] = []
    for (const { address, family } of others) {
      const answered = await new Promise<boolean>((resolve) => {
        const socket = connect({ port, host: address, family: family === 'IPv6' ? 6 : 4, timeout: 1_000 })
        socket.once('connect', () => resolve(true))
        for (const event of ['error', 'timeout']) socket.once(event, () => resolve(false))
        socket.once('connect', () => socket.destroy())
      })
      if (answered) answering.push(address)
    }
    expect(answering).toEqual(['127.0.0.1'])
  })
})
