/**
 * What an ACR122U is told and asked without a card, byte by byte (ACS, ACR122U API V2.04, §6.3 to §6.5 and §6.7), and
 * when. Method: the class alone at a virtual reader, time moved by hand; and at readers that answer as a test says.
 */
import { expect, test } from 'vitest'
import { VirtualReader } from '../../../hardware-mocks/reader/virtual-reader.ts'
import { EventSource } from '../../../src/drivers/event-source.ts'
import type {
  CardPresence,
  CardReaderPort,
  CardRemoval,
  EscapeResult,
  ReaderStatus,
} from '../../../src/drivers/ports.ts'
import { ReaderSetUp } from '../../../src/terminal/core/reader-set-up.ts'
import { uidCard } from '../../fixtures/identified-cards.ts'
import { VirtualTime } from '../hardware-mocks/virtual-time.ts'

const acr122u = 'ACS ACR122U PICC Interface 00 00'
const silence = 'FF00520000'
const askFirmware = 'FF00480000'
const askParameter = 'FF00500000'

function plugged(of: { readonly name?: string; readonly parameter?: number; readonly takesEscapes?: boolean } = {}) {
  const time = new VirtualTime()
  const reader = new VirtualReader({ scheduler: time, name: of.name ?? acr122u, delayMs: 20 })
  reader.commands.takesEscapes = of.takesEscapes ?? true
  reader.commands.piccParameter = of.parameter ?? 0xff
  const sent: string[] = []
  const escape = reader.escape.bind(reader)
  reader.escape = (readerName, command, timeoutMs) => {
    sent.push(Buffer.from(command).toString('hex').toUpperCase())
    return escape(readerName, command, timeoutMs)
  }
  let changes = 0
  const setUp = new ReaderSetUp({ reader, beepsOnDetection: false, onDidChange: () => (changes += 1) })
  const lay = () => reader.lay(uidCard('0A1B2C3D', 'classic').card)
  /** In steps, each of which is gone on from. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5) {
      await time.pass(5)
      await new Promise((resolve) => void setImmediate(resolve))
    }
  }
  return { reader, sent, setUp, lay, changes: () => changes, pass }
}

test('a reader as its maker sends it out is silenced and asked, and nothing else is changed', async () => {
  const { reader, sent, setUp, pass, changes } = plugged()
  await pass(200)
  expect(sent).toEqual([silence, askFirmware, askParameter])
  expect(setUp.settings).toEqual([{ readerName: acr122u, firmware: 'ACR122U201', pollingMs: 250, trouble: null }])
  expect(setUp.wasTold(acr122u)).toBe(true)
  expect(reader.commands.beepsOnDetection).toBe(false)
  expect(changes()).toBe(2)
  await pass(5_000)
  expect(sent).toHaveLength(3)
})

test.each([
  ['each 500 ms', 0xdf, 0xff],
  ['not at all', 0x7f, 0xff],
  ['without part 4 of type A', 0xbf, 0xff],
  ['for type A only, FeliCa and Topaz left out', 0xe1, 0xe3],
  ['for type B only', 0xe2, 0xe3],
])('one that looks for cards %s is set to what the till needs, its other bits as they were', async (_, from, to) => {
  const { reader, sent, setUp, pass } = plugged({ parameter: from })
  await pass(200)
  expect(sent.at(-1)).toBe(`FF0051${to.toString(16).toUpperCase()}00`)
  expect(reader.commands.piccParameter).toBe(to)
  expect(setUp.settings).toMatchObject([{ pollingMs: 250, trouble: null }])
})

test('one whose driver takes no such commands is left as it is, until it is plugged in anew', async () => {
  const { reader, sent, setUp, pass } = plugged({ parameter: 0xdf, takesEscapes: false })
  await pass(5_000)
  expect(sent).toEqual([silence])
  expect(setUp.wasTold(acr122u)).toBe(false)
  expect(setUp.settings).toEqual([{ readerName: acr122u, firmware: null, pollingMs: null, trouble: 'refused' }])
  expect(reader.commands.piccParameter).toBe(0xdf)
  reader.commands.takesEscapes = true
  reader.unplug()
  expect(setUp.settings).toEqual([])
  reader.plug()
  await pass(200)
  expect(setUp.settings).toMatchObject([{ pollingMs: 250, trouble: null }])
})

test('with a card on it nothing is sent; when it has left, it is', async () => {
  const { reader, sent, setUp, lay, pass } = plugged()
  lay()
  await pass(25)
  // The command that was under way has ended, and the card is seen after it; the next one finds the card.
  expect(reader.presence).not.toBeNull()
  expect(setUp.settings).toMatchObject([{ trouble: 'card-there' }])
  await pass(10_000)
  expect(sent).toEqual([silence, askFirmware])
  reader.pull()
  await pass(200)
  expect(sent.slice(2)).toEqual([silence, askFirmware, askParameter])
  expect(setUp.settings).toMatchObject([{ firmware: 'ACR122U201', pollingMs: 250, trouble: null }])
})

test('no other reader is told anything, nor one whose till has stopped', async () => {
  const other = plugged({ name: 'ACS ACR1252 Dual Reader 00 00' })
  await other.pass(200)
  expect(other.sent).toEqual([])
  expect(other.setUp.settings).toEqual([])
  const stopped = plugged()
  stopped.setUp.dispose()
  await stopped.pass(200)
  stopped.reader.unplug()
  stopped.reader.plug()
  await stopped.pass(200)
  expect(stopped.sent).toEqual([silence])
  expect(stopped.changes()).toBe(0)
})

/** A reader that is unplugged, or lost with its host, and back, as the test says. */
function scripted(...answers: readonly (EscapeResult | string)[]) {
  const inserted = new EventSource<CardPresence>()
  const removed = new EventSource<CardRemoval>()
  const changed = new EventSource<ReaderStatus>()
  const sent: string[] = []
  let readers: readonly string[] = [acr122u]
  let trouble: ReaderStatus['trouble'] = null
  const becomes = (next: readonly string[], of: ReaderStatus['trouble'] = null) => {
    readers = next
    trouble = of
    changed.fire({ readers, trouble })
  }
  const reader: CardReaderPort = {
    onDidInsert: inserted.event,
    onDidRemove: removed.event,
    onDidChangeStatus: changed.event,
    status: () => ({ readers, trouble }),
    transmit: () => Promise.reject(new Error('no card was to be asked')),
    escape: async (_name, command) => {
      const answer = answers[sent.push(Buffer.from(command).toString('hex').toUpperCase()) - 1] ?? '9000'
      return typeof answer === 'string' ? { kind: 'answered', response: Buffer.from(answer, 'hex') } : answer
    },
    dispose: () => undefined,
  }
  const setUp = new ReaderSetUp({ reader, beepsOnDetection: true, onDidChange: () => undefined })
  const replug = () => {
    becomes([])
    becomes([acr122u])
  }
  const hostRestarts = () => {
    becomes([], { code: 'host-restarting', detail: '' })
    becomes([acr122u])
  }
  const cardComesAndGoes = () => {
    inserted.fire({ presenceId: 'a card', readerName: acr122u, atr: Uint8Array.of(0x3b, 0x81) })
    removed.fire({ presenceId: 'a card' })
  }
  const settled = () => new Promise((resolve) => void setImmediate(resolve))
  return { sent, setUp, replug, hostRestarts, cardComesAndGoes, settled }
}
const firmware = Buffer.from('ACR122U215', 'latin1').toString('hex')
const failed = (reason: Extract<EscapeResult, { kind: 'failed' }>['reason']): EscapeResult => ({
  kind: 'failed',
  reason,
  detail: '',
})

test('one that did not answer is not asked again', async () => {
  const { sent, setUp, replug, settled } = scripted('9000', failed('timed-out'))
  await settled()
  expect(sent).toEqual(['FF0052FF00', askFirmware])
  replug()
  await settled()
  expect(sent).toHaveLength(2)
  expect(setUp.settings).toMatchObject([{ trouble: 'timed-out' }])
})

test('a device host that dies says nothing against a reader: it keeps what it was told', async () => {
  const { sent, setUp, hostRestarts, settled } = scripted('9000', firmware, '90FF')
  await settled()
  hostRestarts()
  await settled()
  expect(sent).toHaveLength(3)
  expect(setUp.settings).toMatchObject([{ firmware: 'ACR122U215', trouble: null }])
})

test('one that was lost with the device host is asked again when a card has left', async () => {
  const { sent, setUp, hostRestarts, cardComesAndGoes, settled } = scripted(
    '9000',
    failed('host-down'),
    '9000',
    firmware,
    '90FF',
  )
  await settled()
  hostRestarts()
  cardComesAndGoes()
  await settled()
  expect(sent.slice(2)).toEqual(['FF0052FF00', askFirmware, askParameter])
  expect(setUp.settings).toMatchObject([{ firmware: 'ACR122U215' }])
})

test.each([
  ['says nothing of its setting', ['9000', firmware, '6300'], { firmware: 'ACR122U215', pollingMs: null }],
  ['does not take the setting', ['9000', firmware, '90DF', '6300'], { firmware: 'ACR122U215', pollingMs: 500 }],
  ['keeps another setting', ['9000', firmware, '90DF', '90DF'], { firmware: 'ACR122U215', pollingMs: 500 }],
])('one that %s is told so of', async (_, answers, known) => {
  const { setUp, settled } = scripted(...answers)
  await settled()
  expect(setUp.settings).toEqual([{ readerName: acr122u, ...known, trouble: 'not-taken' }])
})

test('what is no firmware is not taken for one', async () => {
  const { setUp, settled } = scripted('6300', '6300', '90FF')
  await settled()
  expect(setUp.wasTold(acr122u)).toBe(false)
  expect(setUp.settings).toEqual([{ readerName: acr122u, firmware: null, pollingMs: 250, trouble: null }])
})
