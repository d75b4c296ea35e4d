/**
 * The readers that PC/SC knows. Looked at by a process of its own, because PC/SC may keep hold of it. Unlike the till's
 * driver it connects to no card: a till in the middle of a payment is not disturbed.
 */
import { Client, ReaderStatus, type Reader } from 'pcsc-mini'
import type { PcscLook, SeenReader } from '../doctor/machine.ts'

/** PC/SC names its readers one by one, some milliseconds after it answers; vpcd's poll takes 400. */
const namesWithinMs = 1_000

/** PC/SC may keep this process from ending by itself afterwards. */
export function readersSeen(): Promise<PcscLook> {
  const seen = new Map<string, SeenReader['card']>()
  const follow = (reader: Reader): void => {
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
  return new Promise((tell) => {
    const refused = (error: unknown): void =>
      tell({ kind: 'refused', code: String((error as { code?: unknown }).code ?? error) })
    const client = new Client()
    client.on('reader', follow)
    client.on('error', refused)
    try {
      client.start()
      const named = (): void => tell({ kind: 'readers', readers: [...seen].map(([name, card]) => ({ name, card })) })
      setTimeout(named, namesWithinMs)
    } catch (error) {
      refused(error)
    }
  })
}
