/**
 * A process of its own (doctor/readers.ts), because PC/SC may keep hold of it: prints the readers that PC/SC knows, one
 * line of JSON. Unlike the till's driver it connects to no card: a till in the middle of a payment is not disturbed.
 */
import { Client, ReaderStatus, type Reader } from 'pcsc-mini'
import type { PcscLook, SeenReader } from '../src/terminal/doctor/machine.ts'

/** PC/SC names its readers one by one, some milliseconds after it answers; vpcd's poll takes 400. */
const namesWithinMs = 1_000

const seen = new Map<string, SeenReader['card']>()

function tell(look: PcscLook): void {
  process.stdout.write(`${JSON.stringify(look)}\n`, () => process.kill(process.pid, 'SIGKILL'))
}

function refused(error: unknown): void {
  tell({ kind: 'refused', code: String((error as { code?: unknown }).code ?? error) })
}

function follow(reader: Reader): void {
  const name = reader.name()
  seen.set(name, 'none')
  reader.on('change', (status) => {
    if (!status.has(ReaderStatus.PRESENT)) seen.set(name, 'none')
    else if (status.has(ReaderStatus.EXCLUSIVE)) seen.set(name, 'exclusive')
    else if (status.has(ReaderStatus.MUTE)) seen.set(name, 'mute')
    else seen.set(name, status.has(ReaderStatus.IN_USE) ? 'in-use' : 'there')
  })
  reader.on('disconnect', () => seen.delete(name))
}

const client = new Client()
client.on('reader', follow)
client.on('error', refused)
try {
  client.start()
  setTimeout(() => tell({ kind: 'readers', readers: [...seen].map(([name, card]) => ({ name, card })) }), namesWithinMs)
} catch (error) {
  refused(error)
}
