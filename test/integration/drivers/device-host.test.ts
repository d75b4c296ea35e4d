/** Method: the device host as a real child process of this one, with a reader module that can be made to hang. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import { channelOverProcessIpc } from '../../../src/drivers/host/channel.ts'
import { connectDevices } from '../../../src/drivers/host/client.ts'
import type { ConnectedDevices } from '../../../src/drivers/host/client.ts'
import type { CardPresence } from '../../../src/drivers/ports.ts'
import { systemScheduler } from '../../../src/drivers/scheduler.ts'

const main = new URL('../../../src/drivers/host/main.ts', import.meta.url).pathname
const readerModule = new URL('./mute-reader.ts', import.meta.url).pathname

const children: ChildProcess[] = []
let devices: ConnectedDevices | null = null

const startHost = (): ChildProcess => {
  const configuration = {
    reader: { kind: 'module', path: readerModule, options: { card: 'card' } },
    printer: { kind: 'none' },
  }
  const child = fork(main, ['--devices', JSON.stringify(configuration)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  children.push(child)
  return child
}
const current = (): ChildProcess => children.at(-1) as ChildProcess
const ended = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })

function connect() {
  const presences: CardPresence[] = []
  const removed: string[] = []
  const failures: string[] = []
  devices = connectDevices(channelOverProcessIpc(startHost()), {
    scheduler: systemScheduler,
    life: 'only',
    restartHost: async () => {
      current().kill('SIGKILL')
      await ended(current())
      return channelOverProcessIpc(startHost())
    },
    watchdog: { pingIntervalMs: 100, missedPingsMax: 5, missedPingsMaxWhileStarting: 100, transmitGraceMs: 100 },
  })
  devices.reader.onDidInsert((presence) => presences.push(presence))
  devices.reader.onDidRemove(({ presenceId }) => removed.push(presenceId))
  devices.onDidFailHost(({ failure }) => failures.push(failure))
  return { devices, presences, removed, failures }
}

afterEach(async () => {
  devices?.dispose()
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    await ended(child)
  }
})

const works = Uint8Array.of(0x80, 0, 0, 0)
const blocks = Uint8Array.of(0x80, 1, 0, 0)
const staysMute = Uint8Array.of(0x80, 2, 0, 0)

async function firstPresence(presences: CardPresence[], count = 1): Promise<string> {
  await expect.poll(() => presences.length).toBe(count)
  return presences[count - 1]?.presenceId ?? ''
}

describe('the device host', () => {
  it.each([
    ['a mute card', staysMute, 'transmit-timed-out'],
    ['a blocked process', blocks, 'transmit-timed-out'],
  ])(
    'with %s is killed and replaced; this process lives on and the next tap works',
    async (_name, command, failure) => {
      const { devices, presences, removed, failures } = connect()
      const first = await firstPresence(presences)
      expect(await devices.reader.transmit(first, works, 1000)).toMatchObject({ kind: 'answered' })
      const host = current()

      let ticks = 0
      const ticking = setInterval(() => (ticks += 1), 10)
      const startMs = performance.now()
      const result = await devices.reader.transmit(first, command, 300)
      const tookMs = performance.now() - startMs
      clearInterval(ticking)

      expect(result).toMatchObject({ kind: 'unknown', reason: 'timed-out' })
      expect(tookMs).toBeLessThan(10_000)
      // A process that waited for it would have ticked once, or not at all.
      expect(ticks).toBeGreaterThan(2)
      expect(failures).toEqual([failure])
      expect(removed).toEqual([first])
      expect(devices.reader.status().trouble?.code).toBe('host-restarting')

      const second = await firstPresence(presences, 2)
      expect(host.signalCode).toBe('SIGKILL')
      expect(second).not.toBe(first)
      expect(await devices.reader.transmit(first, works, 1000)).toMatchObject({
        kind: 'notSent',
        reason: 'another-presence',
      })
      expect(await devices.reader.transmit(second, works, 1000)).toMatchObject({ kind: 'answered' })
    },
  )

  it('that blocks while nobody waits for it is found by its silence', async () => {
    const { devices, presences, failures } = connect()
    void devices.reader.transmit(await firstPresence(presences), blocks, 60_000)
    await firstPresence(presences, 2)
    expect(failures).toEqual(['silent'])
  })

  it('that dies by itself is replaced', async () => {
    const { presences, failures } = connect()
    await firstPresence(presences)
    current().kill('SIGKILL')
    await firstPresence(presences, 2)
    expect(failures).toEqual(['channel-closed'])
  })

  it('ends itself on SIGTERM and when its parent hangs up', async () => {
    const { devices, presences } = connect()
    await firstPresence(presences)
    devices.dispose()
    current().kill('SIGTERM')
    await ended(current())
    const second = startHost()
    second.disconnect()
    await ended(second)
    expect(second.connected).toBe(false)
  })

  it('refuses devices that it does not know, and says why', async () => {
    const child = fork(main, ['--devices', '{"reader":{"kind":"magic"},"printer":{"kind":"none"}}'], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    children.push(child)
    let log = ''
    child.stderr?.on('data', (data: Buffer) => (log += data.toString()))
    await ended(child)
    expect(log).toContain('reader')
    expect(log).toMatch(/device host ends/u)
  })
})
