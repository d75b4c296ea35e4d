/** Method: the whole virtual hardware on free ports, driven through its JSON API as the demo does it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PNG } from 'pngjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import type { CardLogLine } from '../../../hardware-mocks/cards/card-file.ts'
import type { LogEntry } from '../../../hardware-mocks/event-log.ts'
import type { PanelState } from '../../../hardware-mocks/panel/panel-server.ts'
import createReader from '../../../hardware-mocks/reader/remote.ts'
import { startVirtualHardware } from '../../../hardware-mocks/virtual-hardware.ts'
import type { VirtualHardware } from '../../../hardware-mocks/virtual-hardware.ts'
import type { CardPresence, CardReaderPort } from '../../../src/drivers/ports.ts'

const key = (digit: string): string => digit.repeat(32)
const cards = [
  {
    label: 'Pupil 01',
    kind: 'ntag424' as const,
    uid: '04A1B2C3D4E5F6',
    keys: { 0: key('0'), 1: key('1'), 2: key('2'), 3: key('3'), 4: key('4') },
  },
  { label: 'Оқушы 02', kind: 'ntag424' as const },
  { label: 'Bus card', kind: 'mifare-classic' as const },
]
const selectApplication = '00A4040007D276000085010100'

interface Answer {
  readonly state: PanelState
  readonly added?: readonly string[]
  readonly code?: string
}

let folder: string
let hardware: VirtualHardware
const readers: CardReaderPort[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tolem-panel-'))
  hardware = await startVirtualHardware({ folder, cards, now: () => Date.now(), random: seededRandom('panel') })
})

afterEach(async () => {
  for (const reader of readers.splice(0)) reader.dispose()
  await hardware.close()
  rmSync(folder, { recursive: true, force: true })
})

async function post(path: string, body: unknown): Promise<{ status: number; body: Answer }> {
  const response = await fetch(new URL(path, hardware.panelUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Answer }
}

const fetched = async (path: string): Promise<unknown> => (await fetch(new URL(path, hardware.panelUrl))).json()
const stateNow = async (): Promise<PanelState> => (await fetched('/api/state')) as PanelState
const cardLog = async (): Promise<CardLogLine[]> => (await fetched('/api/cards/Pupil%2001/log')) as CardLogLine[]

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await condition()); waited += 5) {
    if (waited > 3000) throw new Error('waited in vain')
    await delay(5)
  }
}

/** A till's end of the reader: the presence of the moment and a way to speak to it. */
function till() {
  const reader = createReader({ port: hardware.readerPort })
  readers.push(reader)
  let presence: CardPresence | null = null
  reader.onDidInsert((next) => {
    presence = next
  })
  reader.onDidRemove(() => {
    presence = null
  })
  return {
    presence: () => presence,
    inserted: () => until(() => presence !== null),
    removed: () => until(() => presence === null),
    send: (hex: string) => reader.transmit(presence?.presenceId ?? 'none', Buffer.from(hex, 'hex'), 500),
  }
}

describe('cards on the reader', () => {
  it('lays a card, the till speaks to it, the card and the reader log it, and it is pulled', async () => {
    const one = till()
    expect((await post('/api/reader/lay', { card: 'Pupil 01' })).status).toBe(200)
    await one.inserted()
    expect(await one.send(selectApplication)).toMatchObject({ kind: 'answered', response: Uint8Array.of(0x90, 0x00) })
    expect((await stateNow()).reader).toMatchObject({ card: 'Pupil 01', commands: 1 })
    expect((await cardLog()).at(-1)).toMatchObject({ kind: 'command', command: selectApplication, answer: '9000' })
    expect((await post('/api/reader/pull', {})).body.state.reader.card).toBe(null)
    await one.removed()
    const log = (await fetched('/api/log')) as { reader: LogEntry[] }
    expect(log.reader.map((entry) => entry.what)).toEqual(['laid', 'command', 'pulled'])
  })

  it('a second card finds the place taken; an unknown one does not exist', async () => {
    await post('/api/reader/lay', { card: 'Pupil 01' })
    expect(await post('/api/reader/lay', { card: 'Pupil 01' })).toMatchObject({ status: 200 })
    expect(await post('/api/reader/lay', { card: 'Bus card' })).toMatchObject({
      status: 409,
      body: { code: 'another-card-lies-there' },
    })
    await post('/api/reader/pull', {})
    expect(await post('/api/reader/lay', { card: 'Nobody' })).toMatchObject({
      status: 409,
      body: { code: 'no-such-card' },
    })
  })

  it('pulls after so many commands, before the next one reaches the card', async () => {
    const one = till()
    await post('/api/reader/lay', { card: 'Pupil 01', pullAfterCommands: 2 })
    await one.inserted()
    expect(await one.send(selectApplication)).toMatchObject({ kind: 'answered' })
    expect(await one.send('9060000000')).toMatchObject({ kind: 'answered' })
    expect(await one.send('90AF000000')).toMatchObject({ kind: 'unknown', reason: 'card-left' })
    const commands = (await cardLog()).filter((line) => line.kind === 'command')
    expect(commands).toHaveLength(2)
  })

  it('loses one answer: the card executed, the till does not know', async () => {
    const one = till()
    await post('/api/reader/lay', { card: 'Pupil 01', fault: { kind: 'answer-lost', atCommand: 2 } })
    await one.inserted()
    await one.send(selectApplication)
    expect(await one.send('9060000000')).toMatchObject({ kind: 'unknown' })
    const commands = (await cardLog()).filter((line) => line.kind === 'command')
    expect(commands).toHaveLength(2)
    expect((await stateNow()).reader.card).toBe(null)
  })

  it('makes an applet card while it runs, and refuses one whose issuer does not fit', async () => {
    const one = till()
    const blank = { label: 'Applet 01', kind: 'tolem-applet', card: 'EF963FF7828658A599F3041510671E88' }
    expect(await post('/api/cards', [blank])).toMatchObject({ status: 200, body: { added: ['Applet 01'] } })
    expect((await stateNow()).cards.at(-1)).toEqual({ label: 'Applet 01', kind: 'tolem-applet', uid: null })
    const when = '2025-11-01T00:00:00Z'
    const issued = {
      ...{ validFrom: when, validUntil: '2026-11-01T00:00:00Z', activatedAt: when, issuerKey: key('1').repeat(2) },
      ...{ issuerCertificate: '00'.repeat(185), authorityKeys: ['11'.repeat(64)] },
    }
    expect(await post('/api/cards', [{ ...blank, label: 'Applet 02', issued }])).toMatchObject({
      status: 400,
      body: { code: 'invalid-body' },
    })
    expect((await stateNow()).cards.at(-1)).toMatchObject({ label: 'Applet 01' })
    await post('/api/reader/lay', { card: 'Applet 01', fault: { kind: 'answer-lost', atCommand: 3 } })
    await one.inserted()
    const answered = async (command: string): Promise<string> => {
      const answer = await one.send(command)
      return answer.kind === 'answered' ? Buffer.from(answer.response).toString('hex').toUpperCase() : answer.kind
    }
    expect(await answered('00A4040007F0544F4C454D0100')).toMatch(/^6F358407F0544F4C454D01A52A.{84}9000$/)
    expect(await answered('80E2010010C0FFEE00112233445566778899AABBCC')).toBe('9000')
    expect(await answered('80E6000000')).toBe('unknown')
    const log = (await fetched('/api/cards/Applet%2001/log')) as CardLogLine[]
    expect(log.map(({ kind }) => kind)).toEqual(['field', 'command', 'command', 'fault', 'command', 'field'])
  })

  it('pulls after a while, goes mute, and a pull forgets what was armed', async () => {
    const one = till()
    await post('/api/reader/lay', { card: 'Pupil 01', pullAfterMs: 60 })
    await one.inserted()
    await one.removed()
    await post('/api/reader/lay', { card: 'Pupil 01' })
    await one.inserted()
    await post('/api/reader/fault', { kind: 'mute' })
    await post('/api/reader/pull', {})
    await one.removed()
    await post('/api/reader/lay', { card: 'Pupil 01' })
    await one.inserted()
    expect(await one.send(selectApplication)).toMatchObject({ kind: 'answered' })
    await post('/api/reader/fault', { kind: 'mute' })
    expect(await one.send(selectApplication)).toMatchObject({ kind: 'unknown', reason: 'timed-out' })
  })

  it('keeps a card through a restart: counter, log and made-up UID', async () => {
    const one = till()
    await post('/api/reader/lay', { card: 'Pupil 01' })
    await one.inserted()
    const message = async (): Promise<string> => {
      await one.send(selectApplication)
      await one.send('00A4020C02E104')
      const answer = await one.send('00B000008F')
      return answer.kind === 'answered' ? Buffer.from(answer.response).toString('latin1') : answer.kind
    }
    const first = await message()
    const before = (await stateNow()).cards
    await hardware.close()
    hardware = await startVirtualHardware({
      folder,
      cards,
      readerPort: hardware.readerPort,
      now: () => Date.now(),
      random: seededRandom('other'),
    })
    expect((await stateNow()).cards).toEqual(before)
    await until(() => one.presence() === null)
    await post('/api/reader/lay', { card: 'Pupil 01' })
    await one.inserted()
    expect(await message()).not.toBe(first)
    const counters = (await cardLog()).flatMap((line) => (line.kind === 'sun' ? [line.counter] : []))
    expect(counters).toEqual([1, 2])
  })

  it('takes new cards while it runs, and leaves existing labels alone', async () => {
    const answer = await post('/api/cards', [
      { label: 'Mute one', kind: 'mute' },
      { label: 'Pupil 01', kind: 'mute' },
    ])
    expect(answer.body.added).toEqual(['Mute one'])
    expect(answer.body.state.cards.find((card) => card.label === 'Pupil 01')?.kind).toBe('ntag424')
  })
})

describe('printer and network through the API', () => {
  it('prints, shows the slip as picture, text and record, and takes the paper out', async () => {
    const socket = connect(hardware.printerPort, '127.0.0.1')
    socket.on('error', () => undefined) // switching the printer off resets it
    socket.write('Receipt\n\x1dV\0', 'latin1')
    await until(async () => hardware.printer.slipNumbers().length === 1)
    await until(async () => (await fetch(new URL('/api/slips/1.png', hardware.panelUrl))).status === 200)
    const picture = await fetch(new URL('/api/slips/1.png', hardware.panelUrl))
    expect(picture.headers.get('content-type')).toBe('image/png')
    expect(PNG.sync.read(Buffer.from(await picture.arrayBuffer())).width).toBe(576)
    expect(await (await fetch(new URL('/api/slips/1.txt', hardware.panelUrl))).text()).toBe('Receipt\n')
    expect(await fetched('/api/slips/1.json')).toMatchObject({ number: 1, ended: 'full' })
    expect(
      (await post('/api/printer', { paper: 'out', cover: 'open', drawer: 'open' })).body.state.printer,
    ).toMatchObject({ paper: 'out', cover: 'open', drawer: 'open', stalled: true })
    expect((await post('/api/printer', { power: 'off' })).body.state.printer.power).toBe('off')
    socket.destroy()
  })

  it('passes requests to the ledger and loses the answer it is told to lose', async () => {
    let served = 0
    const ledger = createServer((_, response) => response.end(String(++served)))
    await new Promise<void>((resolve) => void ledger.listen(0, '127.0.0.1', resolve))
    await post('/api/network', { ledgerPort: (ledger.address() as AddressInfo).port, loseNext: 1, path: '/payments' })
    const proxied = (path: string) =>
      fetch(`http://127.0.0.1:${hardware.proxyPort}${path}`).then(
        (answer) => answer.text(),
        () => 'lost',
      )
    expect(await proxied('/status')).toBe('1')
    expect(await proxied('/payments')).toBe('lost')
    expect(await proxied('/payments')).toBe('3')
    expect((await post('/api/network', { mode: 'cut' })).body.state.network).toMatchObject({
      mode: 'cut',
      answersLost: 1,
    })
    expect(await proxied('/status')).toBe('lost')
    ledger.closeAllConnections()
    await new Promise((resolve) => ledger.close(resolve))
  })

  it('refuses what it does not understand, whole', async () => {
    for (const [path, body] of [
      ['/api/printer', { paper: 'out', cover: 'ajar' }],
      ['/api/network', { mode: 'off' }],
      ['/api/network', { loseNxt: 1 }],
      ['/api/reader/fault', { kind: 'answer-lost', atCommand: 0 }],
      ['/api/cards', [{ label: 'x', kind: 'ntag424', uid: '04' }]],
    ] as const) {
      expect({ path, ...(await post(path, body)) }).toMatchObject({ path, status: 400, body: { code: 'invalid-body' } })
    }
    expect((await stateNow()).printer.paper).toBe('present')
    expect(await post('/api/nothing', {})).toMatchObject({ status: 404 })
  })

  it('tells watchers to look again when something happens', async () => {
    const stream = await fetch(new URL('/api/events', hardware.panelUrl))
    const reader = stream.body!.getReader()
    const next = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString()
    expect(await next()).toContain('data: look')
    await post('/api/printer', { cover: 'open' })
    expect(await next()).toBe('data: look\n\n')
    await reader.cancel()
  })
})

describe('other web pages', () => {
  /** A request with exactly these headers: `fetch` would not let us lie about Host. */
  function raw(
    method: string,
    path: string,
    headers: Record<string, string>,
    body = '{}',
  ): Promise<{ status: number; headers: IncomingHttpHeaders }> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        { host: '127.0.0.1', port: hardware.panelPort, method, path, headers },
        (incoming) => {
          incoming.resume()
          incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers }))
        },
      )
      outgoing.on('error', reject)
      outgoing.end(method === 'POST' ? body : undefined)
    })
  }
  const own = (): string => `127.0.0.1:${hardware.panelPort}`
  const json = { 'content-type': 'application/json' }

  it('its own page may drive it', async () => {
    const headers = { ...json, host: own(), origin: `http://${own()}`, 'sec-fetch-site': 'same-origin' }
    expect((await raw('POST', '/api/printer', headers, '{"cover":"open"}')).status).toBe(200)
    expect(hardware.printer.state().cover).toBe('open')
  })

  it.each([
    ['a rebound name', { host: 'panel.example:80' }, 403],
    ['its own address without its port', { host: '127.0.0.1' }, 403],
    ['a page on another port', { origin: 'http://127.0.0.1:1' }, 403],
    ['a page on localhost of another port', { origin: 'http://localhost:8080' }, 403],
    ['a sandboxed frame', { origin: 'null' }, 403],
    ['another site by fetch metadata', { 'sec-fetch-site': 'cross-site' }, 403],
    ['the same site on another port by fetch metadata', { 'sec-fetch-site': 'same-site' }, 403],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a form in plain text', { 'content-type': 'text/plain' }, 415],
    ['no content type', { 'content-type': '' }, 415],
  ])('refuses a POST of %s', async (_name, lie, status) => {
    const answer = await raw('POST', '/api/printer', { ...json, host: own(), ...lie }, '{"cover":"open"}')
    expect(answer.status).toBe(status)
    expect(hardware.printer.state().cover).toBe('closed')
  })

  it('refuses reading to foreign hosts and pages, slips and state alike', async () => {
    for (const path of ['/', '/api/state', '/api/slips/1.png', '/api/events']) {
      const foreignHost = await raw('GET', path, { host: 'evil.example' })
      const foreignPage = await raw('GET', path, { host: own(), 'sec-fetch-site': 'same-site' })
      expect([path, foreignHost.status, foreignPage.status]).toEqual([path, 403, 403])
    }
  })

  it('sends a strict policy with everything, and no page has anything inline', async () => {
    for (const path of ['/', '/page.js', '/page.css', '/api/state', '/nowhere']) {
      const { headers } = await raw('GET', path, { host: own() })
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
      expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|data:/)
      expect(headers['access-control-allow-origin']).toBeUndefined()
      expect(headers['cross-origin-resource-policy']).toBe('same-origin')
    }
    const page = await (await fetch(hardware.panelUrl)).text()
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)|\son\w+=|style=/i)
  })

  it('refuses bodies without end', async () => {
    const answer = await raw('POST', '/api/cards', { ...json, host: own() }, JSON.stringify('x'.repeat(400_000)))
    expect(answer.status).toBe(413)
  })
})
