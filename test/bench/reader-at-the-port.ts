/**
 * The bench's reader, as the device host loads it: the virtual reader of the bench's own process, with a note of when a
 * card came and how long each command was out of our hands. What lies behind the device host's port is not our
 * software.
 */
import { appendFileSync } from 'node:fs'
import createRemoteReader from '../../hardware-mocks/reader/remote.ts'
import type { CardReaderPort } from '../../src/drivers/ports.ts'

/** One presence of a card, written when it ends. Milliseconds of the machine's monotonic clock. */
export interface PresenceNote {
  readonly insertedAt: number
  readonly spans: readonly (readonly [from: number, to: number])[]
}

/** The same in every process of this machine, unlike `performance.now()`. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6

export default function createReader(options: { readonly port: number; readonly notesFile: string }): CardReaderPort {
  const reader = createRemoteReader({ port: options.port })
  let insertedAt = 0
  let spans: [from: number, to: number][] = []
  return {
    onDidInsert: (listener) =>
      reader.onDidInsert((presence) => {
        insertedAt = machineMs()
        spans = []
        listener(presence)
      }),
    onDidRemove: (listener) =>
      reader.onDidRemove((removed) => {
        listener(removed)
        appendFileSync(options.notesFile, `${JSON.stringify({ insertedAt, spans } satisfies PresenceNote)}\n`)
      }),
    onDidChangeStatus: (listener) => reader.onDidChangeStatus(listener),
    status: () => reader.status(),
    async transmit(...of) {
      const from = machineMs()
      const result = await reader.transmit(...of)
      spans.push([from, machineMs()])
      return result
    },
    dispose: () => reader.dispose(),
  }
}
