/** Which commands lamps and buzzer get, byte by byte (ACS, ACR122U API V2.04, §6.2 and §6.7), and when. */
import { expect, test } from 'vitest'
import { VirtualReader } from '../../../hardware-mocks/reader/virtual-reader.ts'
import { ReaderSignals, type ReaderBeeps } from '../../../src/terminal/core/reader-signals.ts'
import { quietTill } from '../../../src/terminal/ui/gallery/made-up.ts'
import type { Snapshot } from '../../../src/terminal/contract/snapshot.ts'
import { uidCard } from '../../fixtures/identified-cards.ts'
import { VirtualTime } from '../hardware-mocks/virtual-time.ts'

const approved: Snapshot['tap'] = {
  state: 'approved',
  look: 'settled',
  amount: 100n as never,
  schemeName: { kk: 'Түскі ас', ru: 'Обеды', en: 'Lunches' },
}
const refused: Snapshot['tap'] = { state: 'refused', code: 'CARD_UNKNOWN' }
const idle: Snapshot['tap'] = { state: 'idle' }

function watched(beeps: ReaderBeeps, name = 'ACS ACR122U PICC Interface 00 00') {
  const time = new VirtualTime()
  const reader = new VirtualReader({ scheduler: time, name })
  const sent: string[] = []
  const transmit = reader.transmit.bind(reader)
  reader.transmit = (presenceId, command, timeoutMs) => {
    sent.push(Buffer.from(command).toString('hex').toUpperCase())
    return transmit(presenceId, command, timeoutMs)
  }
  const signals = new ReaderSignals(reader, beeps, { wasTold: () => false })
  const show = (tap: Snapshot['tap']): void => signals.follow({ ...quietTill, tap })
  const lay = (): void => {
    reader.pull()
    reader.lay(uidCard('0A1B2C3D', 'classic').card)
  }
  return { reader, sent, signals, show, lay, pass: (ms: number) => time.pass(ms) }
}

test('a reader is told once when to beep, and again after it was unplugged', async () => {
  const { reader, sent, lay, pass } = watched('result')
  lay()
  await pass(10)
  lay()
  await pass(10)
  expect(sent).toEqual(['FF00520000'])
  reader.unplug()
  reader.plug()
  await pass(10)
  expect(sent).toEqual(['FF00520000', 'FF00520000'])
})

test('a card that left before the reader had heard it leaves that to the next one', async () => {
  const { reader, sent, lay, pass } = watched('result')
  reader.delayMs = 20
  lay()
  await pass(5)
  lay()
  await pass(100)
  lay()
  await pass(100)
  expect(sent).toEqual(['FF00520000', 'FF00520000'])
})

test.each([
  ['result', ['FF00520000', 'FF0040A00402010101', 'FF0040500401010201']],
  ['detection', ['FF0052FF00', 'FF0040A00402010100', 'FF0040500401010200']],
  ['never', ['FF00520000', 'FF0040A00402010100', 'FF0040500401010200']],
] as const)('beeping %s: paid is green once, refused is red twice', async (beeps, commands) => {
  const { sent, show, lay, pass } = watched(beeps)
  lay()
  for (const tap of [approved, approved, idle, refused, refused, idle]) {
    show(tap)
    await pass(500)
  }
  expect(sent).toEqual(commands)
})

test('nothing is shown without a card, nor by another reader, nor by a till that has stopped', async () => {
  const lifted = watched('result')
  lifted.lay()
  await lifted.pass(10)
  lifted.reader.pull()
  lifted.show(approved)
  expect(lifted.sent).toEqual(['FF00520000'])
  const other = watched('result', 'HID Global OMNIKEY 5022 Smart Card Reader 00 00')
  other.lay()
  other.show(refused)
  expect(other.sent).toEqual([])
  const stopped = watched('result')
  stopped.signals.dispose()
  stopped.lay()
  stopped.show(approved)
  expect(stopped.sent).toEqual([])
})
