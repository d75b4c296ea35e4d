/**
 * The virtual reader over a socket: from a process of its own, through its death, and through the death of its user.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { CardPresence, CardReaderPort } from '../../../src/drivers/ports.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import createReader, { serveVirtualReader, type ServedReader } from '../../../hardware-mocks/reader/remote.ts'
import { realScheduler } from '../../../hardware-mocks/reader/scheduler.ts'
import { VirtualReader } from '../../../hardware-mocks/reader/virtual-reader.ts'
import { KEYS, PERSONALISED, UID } from '../../unit/hardware-mocks/demo-card.ts'
import { bytes, hex, openSun, SELECT } from '../../unit/hardware-mocks/reader-side.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const end = Date.now() + 30_000
  while (!isTrue()) {
    if (Date.now() > end) throw new Error(`not within 30 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function client(port: number): { reader: CardReaderPort; inserted: CardPresence[]; removed: string[] } {
  const reader = createReader({ port })
  cleanups.push(() => reader.dispose())
  const inserted: CardPresence[] = []
  const removed: string[] = []
  reader.onDidInsert((presence) => inserted.push(presence))
  reader.onDidRemove(({ presenceId }) => removed.push(presenceId))
  return { reader, inserted, removed }
}

const newCard = (): VirtualNtag424 => VirtualNtag424.fromState(PERSONALISED, { random: seededRandom('remote') })

async function served(port = 0): Promise<{ virtual: VirtualReader; server: ServedReader }> {
  const virtual = new VirtualReader({ scheduler: realScheduler })
  const server = await serveVirtualReader(virtual, { port })
  cleanups.push(() => server.dispose())
  return { virtual, server }
}

async function readSunThrough(reader: CardReaderPort, presenceId: string): Promise<string> {
  let last = Buffer.alloc(0)
  for (const command of [SELECT, '00A4020C02E104', '00B000008F']) {
    const result = await reader.transmit(presenceId, bytes(command), 1000)
    if (result.kind !== 'answered') throw new Error(JSON.stringify(result))
    last = Buffer.from(result.response)
  }
  return last.subarray(7, 143).toString('latin1')
}

describe('hardware in a process of its own', () => {
  async function hardware(): Promise<{ process: ChildProcess; port: number; say: (line: string) => void }> {
    const child = spawn(process.execPath, [new URL('served-card.ts', import.meta.url).pathname], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    cleanups.push(() => child.kill('SIGKILL'))
    const [port] = (await once(child.stdout, 'data')) as [Buffer]
    return { process: child, port: Number(port), say: (line) => child.stdin.write(`${line}\n`) }
  }

  it('carries a SUN message, insertion and removal', async () => {
    const { port, say } = await hardware()
    const { reader, inserted, removed } = client(port)
    await until('the status is good', () => reader.status().trouble === null)
    expect(reader.status().readers).toEqual(['Virtual Reader 00 00'])
    say('lay')
    await until('a card', () => inserted.length === 1)
    expect(hex(inserted[0]!.atr)).toBe('3B8180018080')
    const message = await readSunThrough(reader, inserted[0]!.presenceId)
    expect(openSun(message, { metaRead: KEYS[1], fileRead: KEYS[2] })).toMatchObject({ uid: hex(UID), isGenuine: true })
    say('pull')
    await until('its removal', () => removed.length === 1)
    expect(removed).toEqual([inserted[0]!.presenceId])
    expect(await reader.transmit(removed[0]!, bytes(SELECT), 1000)).toMatchObject({
      kind: 'notSent',
      reason: 'no-card',
    })
  })

  it('killed during a command: unknown, host died, trouble, the presence over', async () => {
    const { process: child, port, say } = await hardware()
    const { reader, inserted, removed } = client(port)
    say('lay')
    say('mute')
    await until('a card', () => inserted.length === 1)
    const outstanding = reader.transmit(inserted[0]!.presenceId, bytes(SELECT), 30_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
    child.kill('SIGKILL')
    expect(await outstanding).toMatchObject({ kind: 'unknown', reason: 'host-died' })
    expect(reader.status()).toMatchObject({ readers: [], trouble: { code: 'no-service' } })
    expect(removed).toEqual([inserted[0]!.presenceId])
    expect(await reader.transmit(removed[0]!, bytes(SELECT), 1000)).toMatchObject({
      kind: 'notSent',
      reason: 'reader-gone',
    })
  })
})

describe('createReader', () => {
  it('is in trouble without a server, finds it when it comes, and again when it comes back', async () => {
    const first = await served()
    const { port } = first.server
    await first.server.dispose()
    const { reader, inserted, removed } = client(port)
    expect(reader.status().trouble?.code).toBe('no-service')
    const second = await served(port)
    second.virtual.lay(newCard())
    await until('the card', () => inserted.length === 1)
    await second.server.dispose()
    await until('its end', () => removed.length === 1)
    const third = await served(port)
    third.virtual.lay(newCard())
    await until('a new presence', () => inserted.length === 2)
    expect(inserted[0]!.presenceId).not.toBe(inserted[1]!.presenceId)
    expect(reader.status().trouble).toBeNull()
  })

  it('does not wait longer than asked, whatever the card does', async () => {
    const { virtual, server } = await served()
    const card = newCard()
    card.delayMs = 30_000
    virtual.lay(card)
    const { reader, inserted } = client(server.port)
    await until('the card', () => inserted.length === 1)
    const began = performance.now()
    expect(await reader.transmit(inserted[0]!.presenceId, bytes(SELECT), 100)).toMatchObject({ reason: 'timed-out' })
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  it('a user that dies leaves a reset card: the next one finds no session and no selection', async () => {
    const { virtual, server } = await served()
    virtual.lay(newCard())
    const first = client(server.port)
    await until('the card', () => first.inserted.length === 1)
    await first.reader.transmit(first.inserted[0]!.presenceId, bytes(SELECT), 1000)
    first.reader.dispose()
    const second = client(server.port)
    const before = first.inserted[0]!.presenceId
    await until('the card anew', () => ![undefined, before].includes(second.inserted.at(-1)?.presenceId))
    const presenceId = second.inserted.at(-1)!.presenceId
    expect(await second.reader.transmit(presenceId, bytes('00A4020C02E104'), 1000)).toEqual({
      kind: 'answered',
      response: Uint8Array.of(0x6a, 0x82),
    })
  })

  it('passes on trouble of the reader and a pull in the middle', async () => {
    const { virtual, server } = await served()
    const card = newCard()
    card.delayMs = 1000
    virtual.lay(card)
    const { reader, inserted } = client(server.port)
    await until('the card', () => inserted.length === 1)
    const underWay = reader.transmit(inserted[0]!.presenceId, bytes(SELECT), 5000)
    await new Promise((resolve) => setTimeout(resolve, 50))
    virtual.pull()
    expect(await underWay).toMatchObject({ kind: 'unknown', reason: 'card-left' })
    virtual.unplug()
    await until('trouble', () => reader.status().trouble?.code === 'no-reader')
  })

  it('a stranger who speaks another language is hung up on', async () => {
    const { server } = await served()
    const socket = connect(server.port, '127.0.0.1')
    socket.resume()
    await once(socket, 'connect')
    socket.write('{"type":"transmit","id":1,"presenceId":"x","command":"zz","timeoutMs":5}\n')
    await once(socket, 'close')
  })
})
