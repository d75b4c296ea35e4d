/**
 * The virtual HID devices in a process of their own, used from another, as `reader/remote.ts` does it for cards: one
 * JSON object a line over a loopback socket, bytes as hex. `serveVirtualHid` runs where the devices are; the default
 * export is what the device host loads in place of node-hid.
 */
import { connect, type Socket } from 'node:net'
import { z } from 'zod'
import type { HidBus, HidFailure, OpenHidDevice } from '../../src/drivers/ports.ts'
import { LoopbackListener } from '../loopback-listener.ts'
import { Emitter } from '../reader/emitter.ts'
import { fromHex, onLines, sendLine, toHex } from '../reader/remote-protocol.ts'
import { realScheduler, type Scheduler } from '../reader/scheduler.ts'
import type { BusDevice, VirtualHid } from './virtual-hid.ts'

const hex = z.string().regex(/^([0-9a-f]{2})*$/)
const device = z.object({
  path: z.string(),
  vendorId: z.int(),
  productId: z.int(),
  name: z.string(),
  usagePage: z.int(),
  usage: z.int(),
  access: z.enum(['free', 'denied', 'in-use']),
})
const fromHardware = z.discriminatedUnion('type', [
  z.object({ type: z.literal('devices'), devices: z.array(device) }),
  z.object({ type: z.literal('report'), path: z.string(), report: hex }),
  z.object({ type: z.literal('written'), id: z.int(), taken: z.boolean() }),
])
const fromTill = z.object({ type: z.literal('write'), id: z.int(), path: z.string(), report: hex })
type FromHardware = z.infer<typeof fromHardware>

const reconnectMs = 100
/** The first listing waits so long for the first word of the hardware. */
const firstWordMaxMs = 1_000

/** Serves the devices on the loopback interface to as many tills as ask. */
export async function serveVirtualHid(hid: VirtualHid, of: { readonly port: number }): Promise<LoopbackListener> {
  const listener = new LoopbackListener(of.port, (socket) => {
    const say = (message: FromHardware): void => sendLine(socket, message)
    hid.tills += 1
    say({ type: 'devices', devices: [...hid.devices()] })
    const subscriptions = [
      hid.onDidChange((devices) => say({ type: 'devices', devices: [...devices] })),
      hid.onDidReport(({ path, report }) => say({ type: 'report', path, report: toHex(report) })),
    ]
    onLines(socket, fromTill, ({ id, path, report }) => {
      say({ type: 'written', id, taken: hid.write(path, fromHex(report)) })
    })
    socket.on('close', () => {
      hid.tills -= 1
      for (const subscription of subscriptions) subscription.dispose()
    })
  })
  await listener.open()
  return listener
}

export interface RemoteHidBusOptions {
  /** Where {@link serveVirtualHid} listens on the loopback interface. */
  readonly port: number
  /** The process's own timers unless given. */
  readonly scheduler?: Scheduler
}

/** The devices behind that port as a bus. Connects by itself, again and again, until disposed. */
export default function createHidBus(options: RemoteHidBusOptions): HidBus {
  return new RemoteHidBus(options)
}

class RemoteHidBus implements HidBus {
  readonly #port: number
  readonly #scheduler: Scheduler
  readonly #reported = new Emitter<{ readonly path: string; readonly report: Uint8Array }>()
  readonly #gone = new Emitter<(path: string) => boolean>()
  readonly #writes = new Map<number, (taken: boolean) => void>()
  readonly #firstWord: Promise<void>
  #heard: () => void = () => undefined
  #devices: readonly BusDevice[] | null = null
  #socket: Socket | null = null
  #retry: unknown = null
  #lastId = 0
  #isDisposed = false

  constructor(options: RemoteHidBusOptions) {
    this.#port = options.port
    this.#scheduler = options.scheduler ?? realScheduler
    this.#firstWord = new Promise((resolve) => {
      const timer = this.#scheduler.setTimeout(resolve, firstWordMaxMs)
      this.#heard = () => {
        this.#scheduler.clearTimeout(timer)
        resolve()
      }
    })
    this.#connect()
  }

  async list(): ReturnType<HidBus['list']> {
    await this.#firstWord
    return this.#devices === null ? this.#unreachable() : { kind: 'listed', devices: this.#devices }
  }

  open(path: string): ReturnType<HidBus['open']> {
    const found = this.#devices?.find((candidate) => candidate.path === path)
    if (found === undefined) return Promise.resolve({ kind: 'failed', trouble: 'unplugged', detail: path })
    if (found.access !== 'free') {
      const trouble = found.access === 'denied' ? 'no-access' : 'in-use'
      return Promise.resolve({ kind: 'failed', trouble, detail: path })
    }
    return Promise.resolve({ kind: 'opened', device: this.#openDevice(path) })
  }

  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.#scheduler.clearTimeout(this.#retry)
    this.#heard()
    this.#socket?.destroy()
    this.#lose()
    this.#reported.dispose()
    this.#gone.dispose()
  }

  #openDevice(path: string): OpenHidDevice {
    const reports = new Emitter<Uint8Array>()
    const fails = new Emitter<string>()
    const subscriptions = [
      this.#reported.event((from) => (from.path === path ? reports.fire(from.report) : undefined)),
      this.#gone.event((isGone) => (isGone(path) ? fails.fire('pulled') : undefined)),
    ]
    return {
      onDidReport: reports.event,
      onDidFail: fails.event,
      write: (report) => this.#write(path, report),
      close: () => {
        for (const subscription of subscriptions) subscription.dispose()
        return Promise.resolve()
      },
    }
  }

  #write(path: string, report: Uint8Array): ReturnType<OpenHidDevice['write']> {
    const socket = this.#socket
    if (socket === null || this.#devices === null) return Promise.resolve(this.#unreachable())
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve) => {
      this.#writes.set(id, (taken) => {
        this.#writes.delete(id)
        resolve(taken ? { kind: 'written' } : { kind: 'failed', trouble: 'unplugged', detail: path })
      })
      sendLine(socket, { type: 'write', id, path, report: toHex(report) })
    })
  }

  #unreachable(): HidFailure {
    return { kind: 'failed', trouble: 'failed', detail: `no virtual hardware on 127.0.0.1:${this.#port}` }
  }

  #connect(): void {
    const socket = connect({ host: '127.0.0.1', port: this.#port })
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => {})
    onLines(socket, fromHardware, (message) => this.#receive(message))
    socket.on('close', () => {
      if (this.#isDisposed) return
      this.#lose()
      this.#retry = this.#scheduler.setTimeout(() => this.#connect(), reconnectMs)
    })
  }

  #receive(message: FromHardware): void {
    if (message.type === 'devices') {
      this.#devices = message.devices
      this.#heard()
      const free = new Set(message.devices.filter(({ access }) => access === 'free').map(({ path }) => path))
      this.#gone.fire((path) => !free.has(path))
    } else if (message.type === 'report') {
      this.#reported.fire({ path: message.path, report: fromHex(message.report) })
    } else this.#writes.get(message.id)?.(message.taken)
  }

  #lose(): void {
    this.#socket = null
    this.#devices = null
    for (const settle of [...this.#writes.values()]) settle(false)
    this.#gone.fire(() => true)
  }
}
