/**
 * Commands for a reader itself, through the device host. Method: the real client and the real serving side over an
 * in-memory channel, a reader that answers as the test says; time moves only by hand.
 */
import { expect, test } from 'vitest'
import { EventSource } from '../../../src/drivers/event-source.ts'
import { createAbsentHid, createAbsentPrinter, createAbsentReader } from '../../../src/drivers/host/absent-devices.ts'
import { createChannelPair } from '../../../src/drivers/host/channel.ts'
import { connectDevices } from '../../../src/drivers/host/client.ts'
import { serveDevices } from '../../../src/drivers/host/serve.ts'
import type { CardPresence, CardReaderPort, CardRemoval, EscapeResult } from '../../../src/drivers/ports.ts'
import { FakeScheduler } from './fake-scheduler.ts'

const firmware = Uint8Array.of(0xff, 0x00, 0x48, 0x00, 0x00)
const answered: EscapeResult = { kind: 'answered', response: Uint8Array.of(0x41, 0x43, 0x52) }
const refused: EscapeResult = { kind: 'failed', reason: 'refused', detail: 'NotTransacted' }
const never = new Promise<never>(() => undefined)

async function connected(answer: () => Promise<EscapeResult>) {
  const scheduler = new FakeScheduler()
  const inserted = new EventSource<CardPresence>()
  const removed = new EventSource<CardRemoval>()
  const asked: string[] = []
  const log: string[] = []
  const start = (reader: CardReaderPort) => {
    const pair = createChannelPair()
    const devices = { reader, printer: createAbsentPrinter(), hid: createAbsentHid() }
    serveDevices(devices, pair.far, { hostId: 'host', reportMalformed: (why) => void log.push(why) })
    return pair.near
  }
  const first = start({
    ...createAbsentReader(),
    onDidInsert: inserted.event,
    onDidRemove: removed.event,
    escape: (readerName, command) => {
      asked.push(`${readerName} ${Buffer.from(command).toString('hex')}`)
      return answer()
    },
  })
  const restartHost = async () => {
    log.push('restart')
    return start(createAbsentReader())
  }
  const devices = connectDevices(first, { scheduler, life: 'only', restartHost })
  devices.onDidFailHost(({ failure }) => log.push(failure))
  devices.reader.onDidRemove(({ presenceId }) => log.push(`out ${presenceId}`))
  await scheduler.advance(0)
  const tell = () => {
    let result: EscapeResult | null = null
    void devices.reader.escape?.('ACR122U 00', firmware, 1_000).then((value) => (result = value))
    return () => result
  }
  const lay = (presenceId: string) =>
    inserted.fire({ presenceId, readerName: 'Another reader', atr: Uint8Array.of(0x3b, 0x81) })
  return { scheduler, asked, log, tell, lay, lift: (presenceId: string) => removed.fire({ presenceId }) }
}

test.each([answered, refused])('they reach the reader by its name, and what it says comes back: %o', async (said) => {
  const { scheduler, asked, log, tell } = await connected(async () => said)
  const result = tell()
  await scheduler.advance(0)
  expect(result()).toEqual(said)
  expect(asked).toEqual(['ACR122U 00 ff00480000'])
  await scheduler.advance(10_000)
  expect(log).toEqual([])
})

test('nothing is sent before there is a host', async () => {
  const scheduler = new FakeScheduler()
  const { near } = createChannelPair()
  const { reader } = connectDevices(near, { scheduler, life: 'only', restartHost: () => never })
  expect(await reader.escape?.('ACR122U 00', firmware, 1_000)).toMatchObject({ kind: 'failed', reason: 'host-down' })
})

test('what never comes back costs no card and no receipt: the host stays, and the next may be told', async () => {
  const { scheduler, log, tell, lay, lift } = await connected(() => never)
  lay('one')
  await scheduler.advance(0)
  const [first, second] = [tell(), tell()]
  await scheduler.advance(1_299)
  expect(first()).toBeNull()
  await scheduler.advance(1)
  expect([first(), second()]).toMatchObject([{ reason: 'timed-out' }, { reason: 'timed-out' }])
  lift('one')
  await scheduler.advance(60_000)
  expect(log).toEqual(['out one'])
})
