/**
 * Runs inside a namespace of its own (escape.test.ts): commands for a reader itself at a real pcscd, and cards laid
 * down before, during and after them. Prints what came of it, one JSON line for each step. Its argument: a folder of
 * reader configuration for pcscd, whose reader takes such commands; without one the readers are vpcd's, which take
 * none.
 */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createNfcPcscReader } from '../../../src/drivers/card-reader/nfc-pcsc-reader.ts'
import type { CardPresence } from '../../../src/drivers/ports.ts'
import { systemScheduler } from '../../../src/drivers/scheduler.ts'
import { VpcdCard } from './vpcd-card.ts'

const atr = Buffer.from('3b8180018080', 'hex')
const cardPort = 35_963
const [, , configuration] = process.argv
const takesThem = configuration !== undefined
const readerName = takesThem ? 'ACS ACR122U PICC Interface 00 00' : 'Virtual PCD 00 00'
const toReader = (instruction: number, parameter = 0) => Uint8Array.of(0xff, 0x00, instruction, parameter, 0x00)
const ok = Uint8Array.of(0x90, 0x00)
const select = Uint8Array.of(0x00, 0xa4, 0x04, 0x00)
/** Cards laid down so many tenths of a second after the first of a row of commands: pcscd looks each 400 ms. */
const moments = [0, 1, 2, 3, 4, 5]

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
async function until<T>(look: () => T | null | undefined | false, withinMs = 20_000): Promise<T> {
  const endMs = performance.now() + withinMs
  for (;;) {
    const value = look()
    if (value !== null && value !== undefined && value !== false) return value
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${look.toString()}`)
    await sleep(5)
  }
}
const record = (step: string, value: unknown) => process.stdout.write(`${JSON.stringify({ step, value })}\n`)

const configured = takesThem ? ['--config', configuration] : []
const pcscd = spawn('pcscd', ['--foreground', ...configured], { stdio: 'ignore' })
let presenceCount = 0
const reader = createNfcPcscReader({
  scheduler: systemScheduler,
  createPresenceId: () => `presence-${++presenceCount}`,
})
const events: string[] = []
const presences: CardPresence[] = []
reader.onDidInsert((presence) => {
  presences.push(presence)
  events.push('in')
})
reader.onDidRemove(({ isUnseen }) => events.push(isUnseen === true ? 'out unseen' : 'out'))
const troubles: unknown[] = []
reader.onDidChangeStatus(({ trouble }) => troubles.push(trouble?.code ?? null))

/** Tells the reader something; an answer as hex. */
async function tell(command: Uint8Array, name = readerName, withinMs = 3_000): Promise<unknown> {
  const result = await reader.escape?.(name, command, withinMs)
  return result?.kind === 'answered' ? Buffer.from(result.response).toString('hex') : result
}
const firmware = toReader(0x48)

async function run(): Promise<void> {
  await until(() => reader.status().readers.length === 2)
  record('nobody there', await tell(firmware, 'No such reader'))
  record('empty', await tell(firmware))
  record('in turn', await Promise.all([toReader(0x50), toReader(0x51, 0xe3), toReader(0x50)].map((each) => tell(each))))
  record('refused by its driver', await tell(toReader(0x98)))
  record('events without a card', [...events])

  const card = new VpcdCard(cardPort, atr, () => ok)
  const { presenceId } = await until(() => presences[0])
  record('a card after it', (await reader.transmit(presenceId, select, 2_000)).kind)
  record('with a card', await tell(firmware))
  record('the card after that', (await reader.transmit(presenceId, select, 2_000)).kind)
  record('what the card was asked', card.commands)
  card.remove()
  await until(() => events.length === 2)

  const laid: unknown[] = []
  for (const moment of moments) {
    const seenBefore = presences.length
    const endAt = performance.now() + 900
    let asked = 0
    const asking = (async () => {
      while (performance.now() < endAt) {
        await tell(firmware)
        asked += 1
        await sleep(2)
      }
    })()
    await sleep(moment * 100)
    const next = new VpcdCard(cardPort, atr, () => ok)
    const presence = await until(() => presences[seenBefore])
    const answer = await reader.transmit(presence.presenceId, select, 2_000)
    await asking
    laid.push({ answer: answer.kind, wasThere: presence.wasThere ?? 'laid', askedSome: asked > 1 })
    const countBefore = events.length
    next.remove()
    await until(() => events.length > countBefore)
  }
  record('laid meanwhile', laid)
  record('events', events)
  record('troubles', troubles)

  const pcsc = createRequire(import.meta.resolve('@pokusew/pcsclite'))('pcsc-mini')
  const other = new pcsc.Client().start()
  const otherReader = await until(() => other.reader(readerName))
  const last = new VpcdCard(cardPort, atr, () => ok)
  await until(() => presences[moments.length + 1])
  last.remove()
  await until(() => events.at(-1) === 'out')
  const direct = await otherReader.connect(pcsc.CardMode.DIRECT, pcsc.Protocol.UNSET)
  record('beside another program', await tell(firmware))
  await direct.disconnect(pcsc.CardDisposition.LEAVE)
  other.stop()

  if (takesThem) {
    const lasting = tell(toReader(0x99), readerName, 300)
    const waiting = tell(firmware, readerName, 100)
    record('late', [await lasting, await waiting, troubles.at(-1)])
    await until(() => reader.status().trouble === null)
    record('back', await tell(firmware))
  }

  pcscd.kill('SIGKILL')
  await until(() => reader.status().readers.length === 0)
  record('without the service', await tell(firmware))
  record('end', true)
}

await run().catch((error: unknown) => record('failed', { error: String(error), presences, events, troubles }))
pcscd.kill('SIGKILL')
process.kill(process.pid, 'SIGKILL')
