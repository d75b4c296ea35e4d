/** Method: the real client and the real serving side over an in-memory channel; time moves only by hand. */
import { describe, expect, it } from 'vitest'
import { createAbsentHid } from '../../../src/drivers/host/absent-devices.ts'
import { createChannelPair } from '../../../src/drivers/host/channel.ts'
import { connectDevices } from '../../../src/drivers/host/client.ts'
import type { ConnectOptions } from '../../../src/drivers/host/client.ts'
import { serveDevices } from '../../../src/drivers/host/serve.ts'
import { EventSource } from '../../../src/drivers/event-source.ts'
import type {
  CardPresence,
  DrawerResult,
  HidPort,
  HidStatus,
  KeypadPress,
  PrinterStatus,
  PrintResult,
  ReaderStatus,
  Scan,
  TransmitResult,
} from '../../../src/drivers/ports.ts'
import { FakeScheduler, settlePromises } from './fake-scheduler.ts'

const well: ReaderStatus = { readers: ['Test reader'], trouble: null }
const ready: PrinterStatus = { online: true, trouble: null, paperNearEnd: false }
const ok: TransmitResult = { kind: 'answered', response: Uint8Array.of(0x90, 0) }
const never = new Promise<never>(() => undefined)

/** A device host in this process whose devices do what the test says. */
class TestHost {
  readonly #inserted = new EventSource<CardPresence>()
  readonly #removed = new EventSource<{ presenceId: string }>()
  readonly #printerStatus = new EventSource<PrinterStatus>()
  readonly pair = createChannelPair()
  readonly malformed: string[] = []
  answer: () => Promise<TransmitResult> = () => Promise.resolve(ok)
  print: () => Promise<PrintResult> = () => Promise.resolve({ kind: 'printed' })
  openDrawer: () => Promise<DrawerResult> = () => Promise.resolve({ kind: 'opened' })
  readonly commands: string[] = []
  readonly scanned = new EventSource<Scan>()
  readonly pressed = new EventSource<KeypadPress>()
  readonly hidChanged = new EventSource<HidStatus>()
  hidStatus: HidStatus = { devices: [], trouble: null }
  readonly shown: string[] = []
  readonly hid: HidPort = {
    onDidScan: this.scanned.event,
    onDidPress: this.pressed.event,
    onDidChangeStatus: this.hidChanged.event,
    watch: createAbsentHid().watch,
    status: () => this.hidStatus,
    show: (rows) => void this.shown.push(rows.map(({ left, right }) => `${left}|${right}`).join('/')),
    dispose: () => undefined,
  }

  constructor(hostId: string, serving: boolean | (() => number) = true) {
    if (serving === false) return
    const nothing = { dispose: () => undefined }
    const reader = {
      onDidInsert: this.#inserted.event,
      onDidRemove: this.#removed.event,
      onDidChangeStatus: () => nothing,
      status: () => well,
      transmit: (_presenceId: string, command: Uint8Array) => {
        this.commands.push(Buffer.from(command).toString('hex'))
        return this.answer()
      },
      dispose: () => undefined,
    }
    const printer = {
      onDidChangeStatus: this.#printerStatus.event,
      status: () => Promise.resolve(ready),
      print: () => this.print(),
      openDrawer: () => this.openDrawer(),
      dispose: () => undefined,
    }
    const reportMalformed = (why: string) => void this.malformed.push(why)
    serveDevices({ reader, printer, hid: this.hid }, this.pair.far, {
      hostId,
      reportMalformed,
      ...(serving === true ? {} : { now: serving }),
    })
  }

  insert(presenceId: string, activationMs?: number) {
    const presence = { presenceId, readerName: 'Test reader', atr: Uint8Array.of(0x3b, 0x81) }
    this.#inserted.fire(activationMs === undefined ? presence : { ...presence, activationMs })
  }
  remove(presenceId: string) {
    this.#removed.fire({ presenceId })
  }
  tellPrinter(status: PrinterStatus) {
    this.#printerStatus.fire(status)
  }
}

async function connected(options: Partial<ConnectOptions> & { hosts?: TestHost[]; first?: TestHost } = {}) {
  const scheduler = new FakeScheduler()
  const { first = new TestHost('first') } = options
  const later = options.hosts ?? [new TestHost('second'), new TestHost('third')]
  const log: string[] = []
  const restarted: TestHost[] = []
  const endsTold: number[] = []
  const devices = connectDevices(first.pair.near, {
    scheduler,
    life: 'only',
    restartHost: (endsInARow) => {
      log.push('restart')
      endsTold.push(endsInARow)
      const host = later.shift()
      if (host === undefined) return Promise.reject(new Error('no more hosts'))
      restarted.push(host)
      return Promise.resolve(host.pair.near)
    },
    ...options,
  })
  devices.reader.onDidInsert(({ presenceId }) => log.push(`in ${presenceId}`))
  devices.reader.onDidRemove(({ presenceId }) => log.push(`out ${presenceId}`))
  devices.reader.onDidChangeStatus(({ trouble }) => log.push(trouble === null ? 'well' : trouble.code))
  devices.onDidFailHost(({ failure }) => log.push(failure))
  await scheduler.advance(0)
  return { scheduler, first, devices, log, restarted, endsTold }
}

const select = Uint8Array.of(0x00, 0xa4, 0x04, 0x00)

describe('a device host with a clock', () => {
  it('times each command beside the reader, and tells how long the card took to be connected', async () => {
    let time = 1_000
    const host = new TestHost('first', () => (time += 4))
    const { scheduler, devices } = await connected({ first: host })
    const seen: CardPresence[] = []
    devices.reader.onDidInsert((presence) => seen.push(presence))
    host.insert('p1', 31)
    await scheduler.advance(0)
    expect(seen).toMatchObject([{ presenceId: 'p1', activationMs: 31 }])
    host.answer = () => Promise.resolve(ok)
    const sent = devices.reader.transmit('p1', select, 100)
    await scheduler.advance(0)
    expect(await sent).toEqual({ ...ok, tookMs: 4 })
  })
})

describe('the devices of a device host', () => {
  it('are as they are when the core attaches: cards that lie there already included', async () => {
    const scheduler = new FakeScheduler()
    const host = new TestHost('first')
    host.insert('early')
    const devices = connectDevices(host.pair.near, { scheduler, life: 'only', restartHost: () => never })
    const seen: CardPresence[] = []
    devices.reader.onDidInsert((presence) => seen.push(presence))
    expect(devices.reader.status().trouble?.code).toBe('host-restarting')
    expect(await devices.reader.transmit('early', select, 100)).toMatchObject({ kind: 'notSent', reason: 'host-down' })
    await scheduler.advance(0)
    const early = { presenceId: 'early', readerName: 'Test reader', atr: Uint8Array.of(0x3b, 0x81) }
    expect(seen).toEqual([{ ...early, wasThere: 'since-start' }])
    expect(devices.reader.status()).toEqual(well)
  })

  it('pass commands, prints and printer status through', async () => {
    const { first, devices, log } = await connected()
    first.insert('p1')
    await settlePromises()
    expect(await devices.reader.transmit('p1', select, 100)).toEqual(ok)
    expect(first.commands).toEqual(['00a40400'])
    expect(await devices.printer.print(Uint8Array.of(1, 2))).toEqual({ kind: 'printed' })
    expect(await devices.printer.status()).toEqual(ready)
    const told: PrinterStatus[] = []
    devices.printer.onDidChangeStatus((status) => told.push(status))
    first.tellPrinter({ ...ready, paperNearEnd: true })
    first.remove('p1')
    await settlePromises()
    expect(told).toEqual([{ ...ready, paperNearEnd: true }])
    expect(log).toEqual(['well', 'in p1', 'out p1'])
  })

  it('hear no answer that was meant for an earlier life of the core', async () => {
    const { scheduler, first, devices } = await connected({ life: 'before' })
    first.insert('p1')
    await settlePromises()
    const answers: ((result: TransmitResult) => void)[] = []
    const prints: ((result: PrintResult) => void)[] = []
    first.answer = () => new Promise((resolve) => answers.push(resolve))
    first.print = () => new Promise((resolve) => prints.push(resolve))
    void devices.reader.transmit('p1', select, 100)
    void devices.printer.print(Uint8Array.of(1))
    await settlePromises()
    // The core dies with both under way; the host lives on and a new core attaches to it.
    devices.dispose()
    const next = connectDevices(first.pair.near, { scheduler, life: 'after', restartHost: () => never })
    await scheduler.advance(0)
    let answered: TransmitResult | undefined
    let printed: PrintResult | undefined
    void next.reader.transmit('p1', Uint8Array.of(0x90, 0x60, 0, 0, 0), 100).then((result) => (answered = result))
    void next.printer.print(Uint8Array.of(2)).then((result) => (printed = result))
    await settlePromises()
    answers[0]?.(ok)
    prints[0]?.({ kind: 'printed' })
    await settlePromises()
    expect([answered, printed]).toEqual([undefined, undefined])
    answers[1]?.({ kind: 'answered', response: Uint8Array.of(0x91, 0xaf) })
    prints[1]?.({ kind: 'failed', trouble: 'paper-out', paper: 'uncertain', detail: '' })
    await settlePromises()
    expect(answered).toEqual({ kind: 'answered', response: Uint8Array.of(0x91, 0xaf) })
    expect(printed).toMatchObject({ kind: 'failed' })
  })

  it('drop what does not fit, both ways, and go on', async () => {
    const malformed: string[] = []
    const { first, devices } = await connected({ reportMalformed: (why) => malformed.push(why) })
    first.pair.far.post({ type: 'inserted', presence: { presenceId: 4 } })
    first.pair.near.post('nonsense')
    await settlePromises()
    expect(malformed).toHaveLength(1)
    expect(first.malformed).toHaveLength(1)
    expect(await devices.printer.status()).toEqual(ready)
  })

  it('survive a repeated attach without doubling a presence', async () => {
    const { first, log } = await connected()
    first.insert('p1')
    await settlePromises()
    first.pair.near.post({ type: 'attach', version: 1 })
    await settlePromises()
    expect(log).toEqual(['well', 'in p1'])
  })
})

describe('the watchdog', () => {
  it('replaces a host that does not bring a transmit back: unknown, presences over, the next tap works', async () => {
    const { scheduler, first, devices, log, restarted } = await connected()
    first.insert('p1')
    await scheduler.advance(0)
    first.answer = () => never
    let result: TransmitResult | null = null
    void devices.reader.transmit('p1', select, 1000).then((value) => (result = value))
    let queued: TransmitResult | null = null
    void devices.reader.transmit('p1', select, 5000).then((value) => (queued = value))
    await scheduler.advance(1299)
    expect(result).toBeNull()
    expect(log).not.toContain('restart')
    await scheduler.advance(1)
    expect(result).toMatchObject({ kind: 'unknown', reason: 'timed-out' })
    expect(queued).toMatchObject({ kind: 'unknown', reason: 'host-died' })
    expect(log).toEqual(['well', 'in p1', 'out p1', 'host-restarting', 'transmit-timed-out', 'restart', 'well'])
    restarted[0]?.insert('p2')
    await scheduler.advance(0)
    expect(await devices.reader.transmit('p2', select, 100)).toEqual(ok)
  })

  it('does so too when the host itself reports the time-out', async () => {
    const { scheduler, first, devices, log } = await connected()
    first.insert('p1')
    await scheduler.advance(0)
    first.answer = () => Promise.resolve({ kind: 'unknown', reason: 'timed-out', detail: '' })
    expect(await devices.reader.transmit('p1', select, 1000)).toMatchObject({ reason: 'timed-out' })
    await scheduler.advance(0)
    expect(log).toContain('restart')
  })

  it('replaces it at once each time, however often: a mute card says nothing against a host', async () => {
    const hosts = Array.from({ length: 6 }, (_, index) => new TestHost(`host ${index}`))
    const { scheduler, first, devices, log, restarted, endsTold } = await connected({ hosts: [...hosts] })
    for (const host of [first, ...hosts.slice(0, 5)]) {
      host.answer = () => Promise.resolve({ kind: 'unknown', reason: 'timed-out', detail: '' })
      await devices.reader.transmit('p1', select, 1000)
      await scheduler.advance(0)
    }
    expect(restarted).toHaveLength(6)
    expect(endsTold).toEqual([1, 1, 1, 1, 1, 1])
    expect(log.at(-1)).toBe('well')
  })

  it('hears nothing more from a host that it gave up', async () => {
    const { scheduler, first, devices, log } = await connected()
    first.insert('p1')
    await scheduler.advance(0)
    let release: (result: TransmitResult) => void = () => undefined
    first.answer = () => new Promise((resolve) => (release = resolve))
    const result = devices.reader.transmit('p1', select, 1000)
    await scheduler.advance(1300)
    release(ok)
    first.insert('ghost')
    await scheduler.advance(0)
    expect(await result).toMatchObject({ kind: 'unknown' })
    expect(log).not.toContain('in ghost')
  })

  it('leaves a host alone that answers, also after the whole machine slept', async () => {
    const { scheduler, log } = await connected()
    await scheduler.advance(60_000)
    await scheduler.sleep(3_600_000)
    await scheduler.advance(60_000)
    expect(log).toEqual(['well'])
  })

  it('takes a host that dies for what it is, and replaces a replacement that never answers', async () => {
    const dumb = new TestHost('dumb', false)
    const { scheduler, first, log } = await connected({ hosts: [dumb, new TestHost('third')] })
    first.pair.close()
    await scheduler.advance(19_000)
    expect(log).toEqual(['well', 'host-restarting', 'channel-closed', 'restart'])
    await scheduler.advance(2_000)
    expect(log.slice(4)).toEqual(['host-restarting', 'start-failed', 'restart', 'well'])
  })

  it('says which card left, and which it only lost sight of', async () => {
    const { scheduler, first, devices } = await connected()
    const removals: unknown[] = []
    devices.reader.onDidRemove((removal) => removals.push(removal))
    for (const presenceId of ['p1', 'p2']) first.insert(presenceId)
    first.remove('p1')
    await scheduler.advance(0)
    first.pair.close()
    expect(removals).toEqual([{ presenceId: 'p1' }, { presenceId: 'p2', isUnseen: true }])
  })

  it('counts missed pings', async () => {
    const scheduler = new FakeScheduler()
    const pair = createChannelPair()
    let pings = 0
    pair.far.onMessage((message) => {
      const { type } = message as { type: string }
      if (type === 'attach') {
        pair.far.post({ type: 'attached', version: 1, hostId: 'h', readerStatus: well, presences: [] })
      }
      if (type === 'ping') pings += 1
    })
    const failures: string[] = []
    const devices = connectDevices(pair.near, { scheduler, life: 'only', restartHost: () => never })
    devices.onDidFailHost(({ failure }) => failures.push(failure))
    await scheduler.advance(2499)
    expect([pings, failures]).toEqual([4, []])
    await scheduler.advance(501)
    expect(failures).toEqual(['silent'])
  })

  it('starts again with growing delays when hosts die at once, and never gives up', async () => {
    const { scheduler, first, log, endsTold } = await connected({ hosts: [] })
    first.pair.close()
    await scheduler.advance(0)
    expect(log.filter((entry) => entry === 'restart')).toHaveLength(1)
    await scheduler.advance(500)
    expect(log.filter((entry) => entry === 'restart')).toHaveLength(2)
    await scheduler.advance(3000)
    expect(log.filter((entry) => entry === 'restart')).toHaveLength(4)
    expect(endsTold).toEqual([1, 2, 3, 4])
    await scheduler.advance(50_000)
    expect(log.filter((entry) => entry === 'restart')).toHaveLength(14)
  })

  it('fails a print that was under way, and says so of the printer', async () => {
    const { scheduler, first, devices } = await connected({ hosts: [] })
    first.print = () => never
    const printed = devices.printer.print(Uint8Array.of(1))
    await scheduler.advance(0)
    first.pair.close()
    // What the host had handed over still comes out of the printer.
    expect(await printed).toMatchObject({ kind: 'failed', trouble: 'error', paper: 'uncertain' })
    const refused = { kind: 'failed', trouble: 'unreachable', paper: 'untouched' }
    expect(await devices.printer.print(Uint8Array.of(1))).toMatchObject(refused)
    expect(await devices.printer.status()).toMatchObject({ online: false, trouble: 'unreachable' })
  })

  it('leaves no timer behind', async () => {
    const { scheduler, devices } = await connected()
    const asked = devices.reader.transmit('p1', select, 1000)
    devices.dispose()
    devices.dispose()
    await asked
    expect(scheduler.pendingCount).toBe(0)
  })
})

describe('scanner, keypad and display', () => {
  const scanner = { use: 'scanner', name: 'Voyager', trouble: null } as const

  it('say codes and keys in their order, and how they are from the first moment', async () => {
    const scheduler = new FakeScheduler()
    const host = new TestHost('first')
    host.hidStatus = { devices: [scanner], trouble: null }
    // Nobody is there yet: a code of before must not come to the next basket.
    host.scanned.fire({ code: 'too early', symbology: null, at: 1 })
    const devices = connectDevices(host.pair.near, { scheduler, life: 'only', restartHost: () => never })
    const heard: string[] = []
    devices.hid.onDidScan(({ code, symbology, at }) => heard.push(`${symbology} ${code} ${at}`))
    devices.hid.onDidPress(({ key, at }) => heard.push(`${key} ${at}`))
    await scheduler.advance(0)
    expect(devices.hid.status()).toEqual(host.hidStatus)
    host.scanned.fire({ code: '4870000000067', symbology: ']E0', at: 1_001 })
    host.pressed.fire({ key: '5', at: 1_002 })
    host.pressed.fire({ key: 'Enter', at: 1_003 })
    await settlePromises()
    expect([heard, host.malformed]).toEqual([[']E0 4870000000067 1001', '5 1002', 'Enter 1003'], []])
  })

  it('are shown to be away with the host, and a new host shows what the old one showed', async () => {
    const { scheduler, first, devices, restarted } = await connected()
    first.hidStatus = { devices: [scanner], trouble: null }
    first.hidChanged.fire(first.hidStatus)
    devices.hid.show([{ left: 'Bread', right: '1,00' }])
    await settlePromises()
    expect(first.shown).toEqual(['Bread|1,00'])
    first.pair.close()
    expect(devices.hid.status()).toEqual({
      devices: [scanner],
      trouble: { code: 'host-restarting', detail: 'the device host ended' },
    })
    devices.hid.show([{ left: 'Milk', right: '2,00' }])
    await scheduler.advance(1_000)
    expect(restarted[0]?.shown).toEqual(['Milk|2,00'])
    expect(devices.hid.status()).toEqual({ devices: [], trouble: null })
  })
})
