/**
 * The drawer behind a slow receipt. Method: the real driver on a cable of 9,600 (or 4,800) baud in virtual time, with a
 * printer that answers `DLE EOT` when its bytes have come over. What came over is cut into commands by the virtual
 * printer's grammar: the pulse must be a command of its own between two lines, and the job whole without it.
 */
import { expect, it } from 'vitest'
import { CommandCutter } from '../../../hardware-mocks/printer/grammar.ts'
import type { DrawerResult } from '../../../src/drivers/ports.ts'
import { encodeDocument } from '../../../src/drivers/printer/encode.ts'
import type { PrinterLine, PrinterLineOpener } from '../../../src/drivers/printer/line.ts'
import { lineEndsOf } from '../../../src/drivers/printer/line-ends.ts'
import { createPrinter } from '../../../src/drivers/printer/printer.ts'
import { printerProfiles } from '../../../src/drivers/printer/profile.ts'
import type { PrinterProfileId } from '../../../src/drivers/printer/profile.ts'
import { loadTypeface } from '../../../src/drivers/printer/raster.ts'
import { selfTestDocument } from '../../../src/drivers/printer/self-test.ts'
import { FakeScheduler } from './fake-scheduler.ts'

const typeface = loadTypeface()
const well = [0x12, 0x12, 0x12, 0x12]
const noPaper = [0x1a, 0x32, 0x12, 0x72]
const drawerLateMs = 5_000

/** A cable that carries so many bytes a second, and the printer at its end. */
class SlowCable implements PrinterLine {
  readonly answers: boolean
  replies = well
  holdsOff = false
  readonly came: number[] = []
  readonly #scheduler: FakeScheduler
  readonly #bytesPerSecond: number
  #onBytes: (bytes: Uint8Array) => void = () => undefined
  #freeAt = 0
  isOver = false

  constructor(scheduler: FakeScheduler, bytesPerSecond: number, answers: boolean) {
    this.#scheduler = scheduler
    this.#bytesPerSecond = bytesPerSecond
    this.answers = answers
  }

  listen({ onBytes }: Parameters<PrinterLine['listen']>[0]): void {
    this.#onBytes = onBytes
  }

  write(bytes: Uint8Array, done: (outcome: 'taken' | 'lost') => void): void {
    const now = this.#scheduler.now()
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes.length / this.#bytesPerSecond) * 1000
    const copy = Uint8Array.from(bytes)
    this.#scheduler.setTimeout(() => {
      if (this.isOver || this.holdsOff) return
      this.came.push(...copy)
      if (copy.length === 3 && copy[0] === 0x10 && copy[1] === 0x04)
        this.#onBytes(Uint8Array.of(this.replies[(copy[2] ?? 1) - 1] ?? 0))
      done('taken')
    }, this.#freeAt - now)
  }

  close(): Promise<void> {
    this.isOver = true
    return Promise.resolve()
  }

  discard(): void {
    this.isOver = true
  }
}

function start(id: PrinterProfileId, baudRate: number, { answers = true } = {}) {
  const scheduler = new FakeScheduler()
  const cables: SlowCable[] = []
  const opener: PrinterLineOpener = {
    keepsOpen: true,
    open: async () => {
      const cable = new SlowCable(scheduler, baudRate / 10, answers)
      cable.replies = cables.at(-1)?.replies ?? well
      cables.push(cable)
      return { kind: 'open', line: cable }
    },
  }
  const profile = printerProfiles[id]
  const printer = createPrinter({ opener, profile, scheduler, timing: { pollIntervalMs: 0 } })
  const job = encodeDocument(selfTestDocument(profile), profile, typeface).bytes
  const came = () => Buffer.concat(cables.map((cable) => Uint8Array.from(cable.came)))
  return {
    scheduler,
    printer,
    job,
    cables,
    came,
    pulses: () => new CommandCutter().push(came()).filter(({ name }) => name === 'ESC p' || name === 'DLE DC4').length,
    /** Settled when time has moved on. */
    asks: () => {
      const askedAt = scheduler.now()
      const answer: { result?: DrawerResult; afterMs?: number } = {}
      void printer.openDrawer().then((result) => Object.assign(answer, { result, afterMs: scheduler.now() - askedAt }))
      return answer
    },
    /** The zeros before the first job of a driver's life, and the question before each, are over. */
    async isReady() {
      const ready = printer.print(Uint8Array.of(0x0a))
      await scheduler.advance(60_000)
      expect(await ready).toMatchObject({ kind: expect.stringMatching(/^(printed|handed-over)$/u) })
      for (const cable of cables) cable.came.length = 0
    },
  }
}

it.each([
  ['generic-58mm', 9_600, true],
  ['generic-80mm', 9_600, true],
  ['generic-80mm', 9_600, false],
  // Its pictures are 128 rows high: 8.5 s each at 9,600 baud.
  ['epson-tm-t88iv', 19_200, true],
] as const)('opens between two lines of a slow receipt (%s, %d baud, answers: %s)', async (id, baudRate, answers) => {
  const till = start(id, baudRate, { answers })
  await till.isReady()
  const printed = till.printer.print(till.job)
  const words: ReturnType<typeof till.asks>[] = []
  // Each word at another moment of a picture's command.
  const stepMs = Math.floor(((till.job.length / baudRate) * 10_000) / 8)
  for (let word = 0; word < 7; word += 1) {
    await till.scheduler.advance(stepMs)
    words.push(till.asks())
  }
  expect(till.came().length).toBeLessThan(till.job.length)
  await till.scheduler.advance(drawerLateMs)
  expect(words.map(({ result }) => result)).toEqual(words.map(() => ({ kind: 'opened' })))
  for (const { afterMs } of words) expect(afterMs).toBeLessThan(drawerLateMs)
  await till.scheduler.advance(120_000)
  expect(await printed).toEqual({ kind: answers ? 'printed' : 'handed-over' })

  const commands = new CommandCutter().push(till.came())
  expect(commands.filter(({ known }) => !known)).toEqual([])
  const pulsesAt = commands.flatMap(({ name }, index) => (name === 'ESC p' ? [index] : []))
  expect(pulsesAt).toHaveLength(words.length)
  const jobOnly = commands.filter(({ name }) => !['ESC p', 'DLE EOT', 'GS r'].includes(name))
  expect(Buffer.concat(jobOnly.map(({ bytes }) => bytes)).equals(till.job)).toBe(true)
  // Nothing waits in the printer's line: questions and another pulse aside, a line feed stands before each.
  for (const at of pulsesAt) {
    const before = commands.slice(0, at).findLast(({ name }) => !['DLE EOT', 'ESC p'].includes(name))
    expect(before?.name).toBe('LF')
  }
})

it('says that it is too late the moment that it is, and never opens for that word', async () => {
  const till = start('generic-80mm', 4_800)
  await till.isReady()
  const printed = till.printer.print(till.job)
  // At the beginning of a picture, whose command takes ten seconds.
  await till.scheduler.advance(500)
  const word = till.asks()
  await till.scheduler.advance(drawerLateMs - 1)
  expect(word.result).toBe(undefined)
  await till.scheduler.advance(1)
  expect(word.result).toMatchObject({ kind: 'failed', trouble: 'busy' })
  await till.scheduler.advance(300_000)
  expect(await printed).toEqual({ kind: 'printed' })
  expect(till.pulses()).toBe(0)
})

it.each([
  ['generic-80mm', 'failed'],
  ['epson-tm-t88iv', 'opened'],
] as const)('no pulse lies in a printer whose paper ran out in the middle: %s, %s', async (id, kind) => {
  const till = start(id, 38_400)
  await till.isReady()
  const printed = till.printer.print(till.job)
  await till.scheduler.advance(3_000)
  for (const cable of till.cables) cable.replies = noPaper
  const before = till.came().length
  const word = till.asks()
  await till.scheduler.advance(60_000)
  expect(await printed).toMatchObject({ kind: 'failed', trouble: 'paper-out', paper: 'uncertain' })
  expect(word.result).toMatchObject(kind === 'opened' ? { kind } : { kind, trouble: 'paper-out' })
  // In real time only, where the printer has that.
  const since = till.came().subarray(before)
  expect(since.includes(Buffer.of(0x10, 0x14, 0x01, 0, 1))).toBe(kind === 'opened')
  expect(since.includes(Buffer.of(0x1b, 0x70, 0, 50, 250))).toBe(false)
})

it('a printer that falls silent between two lines gives up the receipt, as it does behind one', async () => {
  const till = start('generic-58mm', 9_600)
  await till.isReady()
  const printed = till.printer.print(till.job)
  await till.scheduler.advance(10_000)
  const word = till.asks()
  await till.scheduler.advance(100)
  for (const cable of till.cables) cable.replies = []
  const [cable] = till.cables
  cable!.holdsOff = true
  await till.scheduler.advance(60_000)
  expect(await printed).toMatchObject({ kind: 'failed', paper: 'uncertain' })
  expect(word.result).toMatchObject({ kind: 'failed' })
  expect(till.pulses()).toBe(0)
})

it('the lines of a page end soon enough for the drawer: at 9,600 baud, or at 19,200 where pictures are high', () => {
  for (const profile of Object.values(printerProfiles)) {
    const job = encodeDocument(selfTestDocument(profile), profile, typeface).bytes
    const ends = lineEndsOf(job, profile.language)
    const longest = Math.max(...[0, ...ends].map((from, index) => (ends[index] ?? job.length) - from))
    const bytesPerSecond = profile.rasterRowsMax === 128 ? 1_920 : 960
    expect([profile.id, longest / bytesPerSecond < 4.9]).toEqual([profile.id, true])
  }
})
