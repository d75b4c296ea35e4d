/**
 * A process of its own (card-readers.ts), because PC/SC may keep hold of it: prints the reader's status as the till's
 * own driver has it, one line of JSON.
 */
import { randomUUID } from 'node:crypto'
import { createNfcPcscReader } from '../src/drivers/card-reader/nfc-pcsc-reader.ts'
import { systemScheduler } from '../src/drivers/scheduler.ts'

/** PC/SC names its readers one by one, some milliseconds after it answers. */
const namesWithinMs = 1_000

const reader = createNfcPcscReader({ scheduler: systemScheduler, createPresenceId: randomUUID })
function tell(): void {
  process.stdout.write(`${JSON.stringify(reader.status())}\n`, () => process.kill(process.pid, 'SIGKILL'))
}
function lookForService(): void {
  if (reader.status().trouble?.code === 'no-service') tell()
}
reader.onDidChangeStatus(lookForService)
setTimeout(tell, namesWithinMs)
lookForService()
