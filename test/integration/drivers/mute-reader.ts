/**
 * A card reader for tests of the device host, loaded by it as `module`: a card lies on it from the start. Command
 * `80 00` answers, `80 02` never does, `80 01` blocks the whole process, which is worse than what a mute card does.
 */
import type { CardReaderPort, Listener, CardPresence } from '../../../src/drivers/ports.ts'

export default function createReader(options: { card: string }): CardReaderPort {
  const nothing = { dispose: () => undefined }
  const presenceId = `${options.card}-${process.pid}`
  return {
    onDidInsert: (listener: Listener<CardPresence>) => {
      setTimeout(() => listener({ presenceId, readerName: 'Mute reader', atr: Uint8Array.of(0x3b, 0x80) }), 50)
      return nothing
    },
    onDidRemove: () => nothing,
    onDidChangeStatus: () => nothing,
    status: () => ({ readers: ['Mute reader'], trouble: null }),
    transmit: (id, command) => {
      if (id !== presenceId) return Promise.resolve({ kind: 'notSent', reason: 'another-presence', detail: '' })
      if (command[1] === 2) return new Promise(() => undefined)
      if (command[1] === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      return Promise.resolve({ kind: 'answered', response: Uint8Array.of(0x90, 0x00) })
    },
    dispose: () => undefined,
  }
}
