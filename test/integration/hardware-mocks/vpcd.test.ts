/** A virtual card in a real pcscd: Debian's pcscd and vpcd in namespaces of their own, pcsc-mini as the program. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, expect, it, type TestContext } from 'vitest'
import { FaultyCard } from '../../../hardware-mocks/cards/faults.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { realScheduler } from '../../../hardware-mocks/reader/scheduler.ts'
import { VpcdSlot } from '../../../hardware-mocks/reader/vpcd.ts'
import { KEYS, PERSONALISED, UID } from '../../unit/hardware-mocks/demo-card.ts'
import { bytes, hex, openSun } from '../../unit/hardware-mocks/reader-side.ts'

const fileOf = (path: string): string => new URL(path, import.meta.url).pathname

/** What `pcscd-session.ts` tells. */
interface Session {
  readonly message: string
  readonly last: string
  readonly readMs: number
}

/** What a scenario beside a pcscd of its own has seen; undefined, and the test skipped, where that cannot be. */
function seenIn<Seen>(scenario: string, context: TestContext): Seen | undefined {
  const run = spawnSync(fileOf('../../../hardware-mocks/reader/with-pcscd.sh'), [process.execPath, fileOf(scenario)], {
    encoding: 'utf8',
    timeout: 50_000,
    killSignal: 'SIGKILL',
  })
  if (run.status === 77) {
    console.warn(`SKIPPED, not proven on this machine: ${run.stderr}`)
    context.skip(run.stderr)
    return undefined
  }
  expect(run.stderr).toBe('')
  expect(run.status).toBe(0)
  return JSON.parse(run.stdout) as Seen
}

describe('through a real pcscd', () => {
  it('is laid down by the panel of npm run mocks, for any program, and pulled', (context) => {
    expect(seenIn<object>('mocks-at-pcscd-scenario.ts', context)).toEqual({
      ready: expect.objectContaining({ event: 'ready', vpcdPort: 35_963 }),
      uids: { carried: '04A1B2C3D4E5F69000', tag: expect.stringMatching(/^04[0-9A-F]{12}9000$/) },
      afterTear: expect.objectContaining({ card: null, plugged: true }),
      cable: 'this-reader-has-no-cable',
    })
  })

  it('reads SUN messages, and shows a tear and a mute card as real ones do', (context) => {
    const seen = seenIn<Session>('pcscd-session.ts', context)
    if (seen === undefined) return
    expect(seen).toMatchObject({
      atr: '3B8180018080',
      uid: `${hex(UID)}9000`,
      selected: '9000',
      torn: '',
      early: 'silence',
      pulled: '',
    })
    const sun = (answer: string) =>
      openSun(bytes(answer).subarray(7, 143).toString('latin1'), { metaRead: KEYS[1], fileRead: KEYS[2] })
    expect(sun(seen.message)).toEqual({ uid: hex(UID), counter: 1, binding: '0'.repeat(64), isGenuine: true })
    // Read again by the torn command, which was the same read session for the card; then once more after the pulls.
    expect(sun(seen.last)).toMatchObject({ counter: 2, isGenuine: true })
    console.info(`one ISOReadBinary through pcscd and vpcd: ${seen.readMs.toFixed(2)} ms`)
  })
})

describe('VpcdSlot', () => {
  async function fakeDaemon(): Promise<{ port: number; connected: Promise<Socket>; close: () => void }> {
    const server = createServer()
    const connected = once(server, 'connection').then(([socket]) => socket as Socket)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return { port: address.port, connected, close: () => void server.close() }
  }

  it('answers frames in one piece, also when they arrive byte by byte, and none to power commands', async () => {
    const daemon = await fakeDaemon()
    const slot = new VpcdSlot({ scheduler: realScheduler, port: daemon.port })
    await slot.lay(VirtualNtag424.fromState(PERSONALISED, { random: seededRandom('frames') }))
    const socket = await daemon.connected
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    for (const byte of bytes('0001 01 0001 04 0001 02 0005 FFCA000000 0001 00')) {
      socket.write(Buffer.of(byte))
    }
    while (Buffer.concat(chunks).length < 8 + 11) await once(socket, 'data')
    expect(hex(Buffer.concat(chunks))).toBe(`00063B8180018080${'0009'}${hex(UID)}9000`)
    slot.dispose()
    await once(socket, 'close')
    daemon.close()
  })

  it.each([
    ['acr122u', 261, true],
    ['acr122u', 262, false],
    ['part3', 262, true],
  ] as const)('of kind %s hands a command of %d bytes on to the card: %s', async (kind, length, isHandedOn) => {
    const daemon = await fakeDaemon()
    const slot = new VpcdSlot({ scheduler: realScheduler, port: daemon.port })
    slot.commands.kind = kind
    const reached: number[] = []
    const card = VirtualNtag424.fromState(PERSONALISED, { random: seededRandom('long') })
    const exchange = card.exchange.bind(card)
    card.exchange = (command) => {
      reached.push(command.length)
      return exchange(command)
    }
    await slot.lay(card)
    const socket = await daemon.connected
    const frame = Buffer.alloc(2 + length)
    frame.writeUInt16BE(length)
    frame.set(bytes('00D6000000'), 2)
    socket.write(frame)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(reached).toEqual(isHandedOn ? [length] : [])
    if (!isHandedOn) expect(hex(answer)).toBe('00026700')
    slot.dispose()
    await once(socket, 'close')
    daemon.close()
  })

  it('never sends an empty frame: what would be one is a removal', async () => {
    const daemon = await fakeDaemon()
    const slot = new VpcdSlot({ scheduler: realScheduler, port: daemon.port })
    const card = new FaultyCard(VirtualNtag424.fromState(PERSONALISED, { random: seededRandom('empty') }), {
      random: seededRandom('faults'),
    })
    let pulls = 0
    slot.onDidRemove(() => {
      pulls += 1
    })
    await slot.lay(card)
    card.arm({ kind: 'truncated', bytes: 0 }, 1)
    const socket = await daemon.connected
    const heard: Buffer[] = []
    socket.on('data', (chunk: Buffer) => heard.push(chunk))
    socket.write(bytes('0005 9060000000'))
    await once(socket, 'close')
    expect([heard, pulls, slot.pull()]).toEqual([[], 1, null])
    daemon.close()
  })

  it('says so when no vpcd listens', async () => {
    const daemon = await fakeDaemon()
    daemon.close()
    const slot = new VpcdSlot({ scheduler: realScheduler, port: daemon.port })
    await expect(slot.lay(VirtualNtag424.fromState(PERSONALISED, { random: seededRandom('none') }))).rejects.toThrow(
      'ECONNREFUSED',
    )
  })
})
