/**
 * Method: the real client and the real serving side over an in-memory channel, with a reader and a printer that do what
 * the test says; time moves only by hand. docs/design/08-reader.md, "What an outage leaves behind".
 */
import { describe, expect, it } from 'vitest'
import { createAbsentHid, createAbsentPrinter } from '../../../src/drivers/host/absent-devices.ts'
import { createChannelPair } from '../../../src/drivers/host/channel.ts'
import { connectDevices } from '../../../src/drivers/host/client.ts'
import { serveDevices } from '../../../src/drivers/host/serve.ts'
import { EventSource } from '../../../src/drivers/event-source.ts'
import type { CardReaderPort, PrintResult, ReaderStatus } from '../../../src/drivers/ports.ts'
import { FakeScheduler, settlePromises } from './fake-scheduler.ts'

const well: ReaderStatus = { readers: ['Test reader'], trouble: null }
const away: ReaderStatus = { readers: [], trouble: { code: 'no-service', detail: 'PC/SC does not answer' } }
const nothing = { dispose: () => undefined }

/** A device host in this process: whatever the core says of its end, this one runs on. */
class TestHost {
  readonly pair = createChannelPair()
  readonly #statusChanged = new EventSource<ReaderStatus>()
  #status = well
  isWornOut = false
  endPrint: () => void = () => undefined

  constructor(hostId: string) {
    const reader: CardReaderPort = {
      onDidInsert: () => nothing,
      onDidRemove: () => nothing,
      onDidChangeStatus: this.#statusChanged.event,
      status: () => this.#status,
      transmit: () => Promise.resolve({ kind: 'answered', response: Uint8Array.of(0x90, 0) }),
      isWornOut: () => this.isWornOut,
      dispose: () => undefined,
    }
    const print = () =>
      new Promise<PrintResult>((resolve) => {
        this.endPrint = () => resolve({ kind: 'printed' })
      })
    const printer = { ...createAbsentPrinter(), print }
    serveDevices({ reader, printer, hid: createAbsentHid() }, this.pair.far, {
      hostId,
      reportMalformed: () => undefined,
    })
  }

  tellReader(status: ReaderStatus): void {
    this.#status = status
    this.#statusChanged.fire(status)
  }
}

async function connected() {
  const scheduler = new FakeScheduler()
  const hosts = ['first', 'second', 'third'].map((hostId) => new TestHost(hostId)) as [TestHost, TestHost, TestHost]
  const [first, ...later] = hosts
  const endsTold: number[] = []
  const devices = connectDevices(first.pair.near, {
    scheduler,
    life: 'only',
    restartHost: (endsInARow) => {
      endsTold.push(endsInARow)
      const next = later.shift()
      return next === undefined ? Promise.reject(new Error('no more hosts')) : Promise.resolve(next.pair.near)
    },
  })
  await settlePromises()
  return { scheduler, hosts, endsTold, devices }
}

describe('a device host that is worn out', () => {
  it('is replaced at once when PC/SC is away, and not before', async () => {
    const { hosts, endsTold, scheduler, devices } = await connected()
    const [host] = hosts
    const tells = async (status: ReaderStatus): Promise<void> => {
      host.tellReader(status)
      await scheduler.advance(0)
    }
    await tells(away)
    host.isWornOut = true
    await tells(well)
    expect(endsTold).toEqual([])
    await tells(away)
    await tells(away)
    expect(endsTold).toEqual([0])
    expect(devices.reader.status()).toEqual(well)
  })

  it('ends what it was asked first: a receipt is printed to its end', async () => {
    const { hosts, endsTold, scheduler, devices } = await connected()
    const [host] = hosts
    const printed = devices.printer.print(Uint8Array.of(1))
    await settlePromises()
    host.isWornOut = true
    host.tellReader(away)
    await scheduler.advance(0)
    expect(endsTold).toEqual([])
    host.endPrint()
    await expect(printed).resolves.toEqual({ kind: 'printed' })
    await scheduler.advance(0)
    expect(endsTold).toEqual([0])
  })

  it('has not failed: the next one that does is the first', async () => {
    const { hosts, endsTold, scheduler } = await connected()
    const [first, second] = hosts
    first.isWornOut = true
    first.tellReader(away)
    await scheduler.advance(0)
    second.pair.close()
    await scheduler.advance(0)
    expect(endsTold).toEqual([0, 1])
  })
})
