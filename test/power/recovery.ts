/**
 * The product's own start on a folder that a power cut left: lock, identity, journal with its anchor, and the till's
 * recovery (`createCore`, as the core's process makes it), with devices and a ledger that never answer. For the many
 * cuts of a run in which no process is started (docs/design/09-disk-proof.md, "Two kinds of cuts").
 */
import { join } from 'node:path'
import { noBench } from '../fixtures/no-bench.ts'
import { createAbsentHid } from '../../src/drivers/host/absent-devices.ts'
import type { CardReaderPort, PrinterPort } from '../../src/drivers/ports.ts'
import { fileAnchor, lockDataFolder } from '../../src/sync/journal/data-folder.ts'
import { createCore } from '../../src/terminal/core/core.ts'
import { loadEnrolment } from '../../src/terminal/core/identity.ts'
import { loadTerminalKeys } from '../../src/terminal/core/key-file.ts'
import { quickPinHash } from '../fixtures/open-shift.ts'
import { SeededRandom } from '../simulation/random.ts'

export type Started =
  /** `anchored`: the anchor could be read, and names this journal. */
  | { readonly kind: 'started'; readonly anchored: boolean }
  /** There is no enrolment: the next start asks for a code. */
  | { readonly kind: 'not_enrolled' }
  | { readonly kind: 'refused'; readonly why: string }

const nothing = { dispose: () => undefined }
const silentReader: CardReaderPort = {
  onDidInsert: () => nothing,
  onDidRemove: () => nothing,
  onDidChangeStatus: () => nothing,
  status: () => ({ readers: [], trouble: null }),
  transmit: () => new Promise(() => undefined),
  dispose: () => undefined,
}
const silentPrinter: PrinterPort = {
  onDidChangeStatus: () => nothing,
  status: () => new Promise(() => undefined),
  print: () => new Promise(() => undefined),
  openDrawer: () => new Promise(() => undefined),
  dispose: () => undefined,
}

/** @param now in milliseconds, of the clock that the till had */
export async function startOn(folder: string, anchorFile: string, now: number, seed: string): Promise<Started> {
  try {
    const lock = lockDataFolder(folder, { name: 'power cut', pid: process.pid, startedAt: '' })
    try {
      const keys = loadTerminalKeys(folder)
      const enrolment = loadEnrolment(folder)
      if (enrolment === undefined) return { kind: 'not_enrolled' }
      const journalId = enrolment.terminalKey.crv === 'P-256' ? enrolment.terminalKey.x : enrolment.terminalId
      const anchor = fileAnchor(anchorFile, journalId)
      const anchored = anchor.read() !== undefined
      const chance = new SeededRandom(seed)
      const core = createCore({
        journalFile: join(folder, 'journal.sqlite'),
        anchor,
        enrolment,
        keys,
        ledgerUrl: 'http://127.0.0.1:9',
        transport: () => new Promise(() => undefined),
        reader: silentReader,
        printer: silentPrinter,
        hid: createAbsentHid(),
        clock: { wall: () => now, monotonic: () => 0 },
        scheduler: { setTimeout: () => undefined, clearTimeout: () => undefined },
        randomness: { bytes: (length) => chance.bytes(length), uuid: () => chance.uuid(now) },
        pinHash: quickPinHash,
        render: () => new Uint8Array(0),
        bench: noBench,
        onSnapshot: () => undefined,
      })
      // What the start has put off until its first step is over belongs to it.
      await new Promise((resolve) => setImmediate(resolve))
      core.till.snapshot()
      core.stop()
      return { kind: 'started', anchored }
    } finally {
      lock.release()
    }
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string }
    return { kind: 'refused', why: `${code} ${message}`.trim() }
  }
}
