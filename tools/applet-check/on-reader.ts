/**
 * A process of its own (applet-check.ts), because a mute card keeps hold of it: takes the first card that comes, checks
 * it, and prints one line of JSON for each step and one at the end.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { createNfcPcscReader } from '../../src/drivers/card-reader/nfc-pcsc-reader.ts'
import type { CardPresence } from '../../src/drivers/ports.ts'
import { systemScheduler } from '../../src/drivers/scheduler.ts'
import { checkApplet, type CommandTimes } from './check.ts'

export type CheckLine =
  | { readonly kind: 'step'; readonly step: string; readonly fault: string | null }
  | { readonly kind: 'no-card'; readonly why: string }
  | { readonly kind: 'end'; readonly passed: boolean; readonly times: readonly CommandTimes[] }

/** A card that makes a key may take its time; a silent one is given up then. */
const commandTimeoutMs = 10_000
const cardWithinMs = 30_000

function tell(line: CheckLine): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()))
}

const reader = createNfcPcscReader({ scheduler: systemScheduler, createPresenceId: randomUUID })
const presence = await new Promise<CardPresence | null>((resolve) => {
  reader.onDidInsert(resolve)
  setTimeout(() => resolve(null), cardWithinMs)
})
if (presence === null) {
  const { readers, trouble } = reader.status()
  await tell({ kind: 'no-card', why: trouble?.detail ?? readers.join(', ') })
} else {
  const { presenceId, atr } = presence
  const result = await checkApplet({
    channel: { atr, transmit: (command) => reader.transmit(presenceId, command, commandTimeoutMs) },
    now: () => Date.now(),
    elapsed: () => performance.now(),
    random: (length) => randomBytes(length),
    onDidCheck: (step, fault) => void tell({ kind: 'step', step, fault }),
  })
  await tell({ kind: 'end', ...result })
}
process.kill(process.pid, 'SIGKILL')
