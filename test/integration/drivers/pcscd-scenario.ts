/**
 * Runs inside a namespace of its own (pcscd.test.ts): starts and stops pcscd there, plays cards through vpcd, and
 * prints what the driver made of it, one JSON line for each step.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { createNfcPcscReader } from '../../../src/drivers/card-reader/nfc-pcsc-reader.ts'
import type { CardPresence } from '../../../src/drivers/ports.ts'
import { systemScheduler } from '../../../src/drivers/scheduler.ts'
import { VpcdCard } from './vpcd-card.ts'
import type { CardAnswer } from './vpcd-card.ts'

const atr = Buffer.from('3b8180018080', 'hex')
const cardPort = 35_963

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

let pcscd: ChildProcess | null = null
const startPcscd = () => {
  pcscd = spawn('pcscd', ['--foreground'], { stdio: 'ignore' })
}
const stopPcscd = async () => {
  const child = pcscd
  pcscd = null
  if (child === null) return
  await new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })
}

const answer = (command: Buffer): CardAnswer => {
  switch (command[1]) {
    case 0x10: // longer than the binding's own buffer
      return Buffer.concat([Buffer.alloc(256, 0x5a), Buffer.of(0x90, 0x00)])
    case 0x11:
      return 'leave'
    case 0x12:
      return 'mute'
    default:
      return Buffer.of(command[1] ?? 0, 0x90, 0x00)
  }
}
const command = (instruction: number) => Uint8Array.of(0x80, instruction, 0, 0)

let presenceCount = 0
const reader = createNfcPcscReader({
  scheduler: systemScheduler,
  createPresenceId: () => `presence-${++presenceCount}`,
})
const presences: CardPresence[] = []
const removed: string[] = []
const troubles: (string | null)[] = []
reader.onDidInsert((presence) => presences.push(presence))
reader.onDidRemove(({ presenceId }) => removed.push(presenceId))
reader.onDidChangeStatus(({ trouble }) => troubles.push(trouble?.code ?? null))
const nextPresence = async (count: number) =>
  (await until(() => presences.length === count && presences[count - 1])).presenceId

async function run(): Promise<void> {
  await until(() => reader.status().trouble?.code === 'no-service')
  record('without pcscd', reader.status().trouble?.code)

  startPcscd()
  await until(() => reader.status().readers.length === 2)
  record('pcscd started later', reader.status())

  let card = new VpcdCard(cardPort, atr, answer)
  const first = await nextPresence(1)
  record('inserted', { ...presences[0], atr: Buffer.from(presences[0]?.atr ?? []).toString('hex') })
  const answers = await Promise.all(
    [1, 2, 3, 4].map((instruction) => reader.transmit(first, command(instruction), 2000)),
  )
  record('concurrent', {
    answers: answers.map((result) => result.kind === 'answered' && result.response[0]),
    asked: card.commands,
  })
  const long = await reader.transmit(first, command(0x10), 2000)
  record('long response', long.kind === 'answered' ? long.response.length : long)
  record('too long', await reader.transmit(first, new Uint8Array(262), 2000))

  record('torn', await reader.transmit(first, command(0x11), 2000))
  await until(() => removed.length === 1)
  record('after the tear', await reader.transmit(first, command(1), 2000))
  card = new VpcdCard(cardPort, atr, answer)
  const second = await nextPresence(2)
  record('returned', { isNew: second !== first, old: await reader.transmit(first, command(1), 2000) })

  const pcsc = createRequire(import.meta.resolve('@pokusew/pcsclite'))('pcsc-mini')
  const otherProgram = new pcsc.Client().start()
  const readerName = presences[1]?.readerName ?? ''
  const otherReader = await until(() => otherProgram.reader(readerName))
  const intruder = await otherReader.connect(pcsc.CardMode.SHARED)
  await intruder.disconnect(pcsc.CardDisposition.RESET)
  record('reset by another', await reader.transmit(second, command(1), 2000))
  record('after the reset', (await reader.transmit(second, command(1), 2000)).kind)
  otherProgram.stop()

  const startMs = performance.now()
  const mute = await reader.transmit(second, command(0x12), 300)
  record('mute', { mute, tookMs: performance.now() - startMs })
  card.remove()
  await until(() => removed.length === 2)

  card = new VpcdCard(cardPort, atr, answer)
  await nextPresence(3)
  await stopPcscd()
  await until(() => removed.length === 3)
  record('pcscd killed', reader.status().trouble?.code)
  startPcscd()
  await until(() => reader.status().readers.length === 2)
  card = new VpcdCard(cardPort, atr, answer)
  record('pcscd back', (await reader.transmit(await nextPresence(4), command(1), 2000)).kind)
  record('troubles', troubles)
  reader.dispose()

  // The other program comes first, the driver second: a race would decide nothing.
  const holdingProgram = new pcsc.Client().start()
  const heldReader = await until(() => holdingProgram.reader(readerName))
  const holder = await heldReader.connect(pcsc.CardMode.EXCLUSIVE)
  const late = createNfcPcscReader({ scheduler: systemScheduler, createPresenceId: () => `late-${++presenceCount}` })
  late.onDidInsert((presence) => presences.push(presence))
  await until(() => late.status().trouble?.code === 'sharing-violation')
  record('held by another', late.status().trouble)
  await holder.disconnect(pcsc.CardDisposition.LEAVE)
  record('released', (await late.transmit(await nextPresence(5), command(1), 2000)).kind)
  record('trouble after the release', late.status().trouble)
  holdingProgram.stop()
  late.dispose()
  await stopPcscd()
  record('end', true)
}

await run().catch((error: unknown) =>
  record('failed', { error: String(error), presences, removed, troubles, status: reader.status() }),
)
await stopPcscd()
process.kill(process.pid, 'SIGKILL')
