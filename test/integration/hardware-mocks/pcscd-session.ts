/**
 * Runs beside a pcscd of its own (with-pcscd.sh): lays virtual cards into vpcd and talks to them through PC/SC as any
 * program would. Prints one JSON line of what it saw.
 */
import pcsc from 'pcsc-mini'
import { FaultyCard } from '../../../hardware-mocks/cards/faults.ts'
import { VirtualNtag424 } from '../../../hardware-mocks/cards/ntag424.ts'
import { seededRandom } from '../../../hardware-mocks/cards/random.ts'
import { realScheduler } from '../../../hardware-mocks/reader/scheduler.ts'
import { VpcdSlot } from '../../../hardware-mocks/reader/vpcd.ts'
import { PERSONALISED } from '../../unit/hardware-mocks/demo-card.ts'
import { bytes, hex, SELECT } from '../../unit/hardware-mocks/reader-side.ts'

const slot = new VpcdSlot({ scheduler: realScheduler })
const card = new FaultyCard(VirtualNtag424.fromState(PERSONALISED, { random: seededRandom('pcscd') }), {
  random: seededRandom('faults'),
})

const client = new pcsc.Client()
let isPresent = false
const reader = await new Promise<InstanceType<typeof pcsc.Reader>>((resolve, reject) => {
  client.on('error', reject)
  client.on('reader', (found: InstanceType<typeof pcsc.Reader>) => {
    found.on('change', (status) => {
      if (found.name().endsWith('00 00')) isPresent = status.has(pcsc.ReaderStatus.PRESENT)
    })
    if (found.name().endsWith('00 00')) resolve(found)
  })
  client.start()
})

async function until(wanted: boolean): Promise<number> {
  const began = performance.now()
  while (isPresent !== wanted) await new Promise((resolve) => setTimeout(resolve, 10))
  return performance.now() - began
}

async function lay(): Promise<{ send: (command: string) => Promise<string>; end: () => Promise<void>; atr: string }> {
  await slot.lay(card)
  await until(true)
  const connection = await reader.connect(pcsc.CardMode.SHARED)
  return {
    send: async (command) => hex(await connection.transmit(bytes(command))),
    end: () => connection.disconnect(pcsc.CardDisposition.LEAVE),
    atr: hex((await connection.state()).atr),
  }
}

const first = await lay()
const uid = await first.send('FFCA000000')
const selected = await first.send(SELECT)
await first.send('00A4020C02E104')
const began = performance.now()
const message = await first.send('00B000008F')
const readMs = performance.now() - began
card.arm({ kind: 'answer-lost' }, 1)
const torn = await first.send('00B000008F').catch((error: { code?: string }) => `error ${error.code}`)
await first.end().catch(() => {})
await until(false)

const second = await lay()
await second.send(SELECT)
card.arm({ kind: 'mute', isExecuted: false }, 1)
const muted = second.send('9060000000').catch((error: { code?: string }) => `error ${error.code}`)
const early = await Promise.race([muted, new Promise<string>((resolve) => setTimeout(() => resolve('silence'), 500))])
slot.pull()
const pulled = await muted
await second.end().catch(() => {})
await until(false)

const third = await lay()
await third.send(SELECT)
await third.send('00A4020C02E104')
const last = await third.send('00B000008F')
await third.end()
process.stdout.write(
  `${JSON.stringify({ atr: first.atr, uid, selected, message, readMs, torn, early, pulled, last })}\n`,
)
slot.dispose()
client.stop()
