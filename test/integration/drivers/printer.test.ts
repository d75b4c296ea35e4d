/** Method: the real driver over loopback TCP against a socket that does what one line of the test says. */
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { PrinterPort, PrinterStatus } from '../../../src/drivers/ports.ts'
import { createPrinter } from '../../../src/drivers/printer/printer.ts'
import type { PrinterTiming } from '../../../src/drivers/printer/printer.ts'
import { printerProfiles } from '../../../src/drivers/printer/profile.ts'
import { tcpLineOpener } from '../../../src/drivers/printer/tcp-line.ts'
import { systemScheduler } from '../../../src/drivers/scheduler.ts'

/** For a printer that answers, however late a busy machine lets it; a test of one that does not is less patient. */
const timing: PrinterTiming = {
  connectMaxMs: 20_000,
  replyMaxMs: 20_000,
  stallMaxMs: 20_000,
  finishMaxMs: 20_000,
  finishPollMs: 20,
  pollIntervalMs: 0,
}
const stallMaxMs = 250

const idle = [0x12, 0x12, 0x12, 0x12]
const paperOut = [0x1a, 0x32, 0x12, 0x72]
const coverOpen = [0x1a, 0x16, 0x12, 0x12]
/** The same unasked (`GS a`). */
const toldOpen = [0x38, 0x00, 0x00, 0x0f]
const toldWell = [0x10, 0x00, 0x00, 0x0f]

/** A printer that answers DLE EOT, keeps the rest as paper, and can be told to misbehave. */
class ScriptedPrinter {
  replies = idle
  answers = true
  /** Stops reading once so many bytes of jobs have come. */
  takesAtMost = Infinity
  /** Breaks the connection once so many bytes of jobs have come. */
  breaksAfter = Infinity
  onJobByte: () => void = () => undefined
  drainedAfterMs: number | null = null
  readonly paper: number[] = []
  connections = 0
  connectionsAtOnceMax = 0
  readonly open = new Set<Socket>()
  #round = idle
  #server: Server
  #owed: () => void = () => undefined

  /** Answers again, the question that waited first. */
  catchUp() {
    this.answers = true
    this.#owed()
  }

  constructor() {
    this.#server = createServer((socket) => {
      this.connections += 1
      this.open.add(socket)
      this.connectionsAtOnceMax = Math.max(this.connectionsAtOnceMax, this.open.size)
      socket.on('close', () => this.open.delete(socket))
      socket.on('error', () => undefined)
      socket.on('data', (data) => this.#take(socket, data))
    })
  }

  #take(socket: Socket, data: Buffer) {
    for (let at = 0; at < data.length; at++) {
      if (data[at] === 0x10 && data[at + 1] === 0x04) {
        const question = data[at + 2] ?? 1
        // It is as it was when it was asked first: no round mixes two states of a test.
        if (question === 1) this.#round = this.replies
        const reply = Uint8Array.of(this.#round[question - 1] ?? 0x12)
        if (this.answers) socket.write(reply)
        else this.#owed = () => socket.write(reply)
        at += 2
      } else if (data[at] === 0x1d && data[at + 1] === 0x72) {
        if (this.drainedAfterMs !== null) setTimeout(() => socket.write(Uint8Array.of(0)), this.drainedAfterMs)
        at += 2
      } else {
        this.paper.push(data[at] ?? 0)
        this.onJobByte()
        if (this.paper.length >= this.takesAtMost) {
          socket.pause()
          return
        }
        if (this.paper.length >= this.breaksAfter) {
          socket.resetAndDestroy()
          return
        }
      }
    }
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.open) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

let printer = new ScriptedPrinter()
let port: PrinterPort

async function start(options: { answersWhenDrained?: boolean; timing?: Partial<PrinterTiming> } = {}) {
  printer = new ScriptedPrinter()
  port = createPrinter({
    opener: tcpLineOpener({ host: '127.0.0.1', port: await printer.listen() }),
    profile: { ...printerProfiles['generic-80mm'], answersWhenDrained: options.answersWhenDrained ?? false },
    scheduler: systemScheduler,
    timing: { ...timing, ...options.timing },
  })
}

afterEach(async () => {
  port.dispose()
  await printer.close()
})

const job = (length: number, byte = 0x41) => new Uint8Array(length).fill(byte)

describe('a printer on TCP', () => {
  it('prints a job whole and hangs up', async () => {
    await start()
    expect(await port.print(job(10_000))).toEqual({ kind: 'printed' })
    expect(printer.paper).toHaveLength(10_000)
    await expect.poll(() => printer.open.size).toBe(0)
  })

  it('never interleaves jobs or status questions', async () => {
    await start()
    const results = await Promise.all([
      port.print(job(5000, 0x41)),
      port.status(),
      port.print(job(5000, 0x42)),
      port.print(job(5000, 0x43)),
    ])
    expect(results.map((result) => ('kind' in result ? result.kind : result.online))).toEqual([
      'printed',
      true,
      'printed',
      'printed',
    ])
    const runs = String.fromCharCode(...printer.paper).match(/(.)\1*/gu)
    expect(runs?.map((run) => [run[0], run.length])).toEqual([
      ['A', 5000],
      ['B', 5000],
      ['C', 5000],
    ])
    // Many printers serve one client only.
    expect(printer.connectionsAtOnceMax).toBe(1)
  })

  it.each([
    ['paper-out', paperOut],
    ['cover-open', coverOpen],
  ])('with %s gets no byte of the job', async (trouble, replies) => {
    await start()
    printer.replies = replies
    expect(await port.print(job(100))).toMatchObject({ kind: 'failed', trouble, paper: 'untouched' })
    expect(printer.paper).toEqual([])
    expect(await port.status()).toMatchObject({ online: false, trouble })
    printer.replies = idle
    expect(await port.print(job(100))).toEqual({ kind: 'printed' })
  })

  it('that runs out of paper during the job is not believed to have printed it', async () => {
    await start()
    printer.onJobByte = () => {
      if (printer.paper.length > 50) printer.replies = paperOut
    }
    expect(await port.print(job(100))).toMatchObject({ kind: 'failed', trouble: 'paper-out', paper: 'uncertain' })
  })

  it('that was opened and closed again during the job, and told so, is not believed either', async () => {
    await start()
    printer.onJobByte = () => {
      if (printer.paper.length !== 50) return
      for (const socket of printer.open) socket.write(Uint8Array.from([...toldOpen, ...toldWell]))
    }
    expect(await port.print(job(100))).toMatchObject({ kind: 'failed', trouble: 'cover-open', paper: 'uncertain' })
    expect(await port.print(job(100))).toEqual({ kind: 'printed' })
  })

  it('that stops taking bytes is asked why on a fresh connection', async () => {
    await start({ timing: { stallMaxMs } })
    printer.takesAtMost = 1000
    printer.onJobByte = () => {
      printer.replies = paperOut
    }
    const result = await port.print(job(20_000))
    expect(result).toMatchObject({ kind: 'failed', trouble: 'paper-out', paper: 'uncertain' })
    expect(printer.connections).toBe(2)
  })

  it('that stops taking bytes for no visible reason is timed out, also under a job beyond all buffers', async () => {
    await start({ timing: { stallMaxMs } })
    printer.takesAtMost = 1000
    const result = await port.print(job(30_000_000))
    expect(result).toMatchObject({
      kind: 'failed',
      trouble: 'timed-out',
      paper: 'uncertain',
      detail: expect.stringMatching(/^stopped after \d+ of 30000000/u),
    })
  })

  it('that is half open (connects, never answers) is timed out without a byte of the job', async () => {
    await start({ timing: { replyMaxMs: 150 } })
    printer.answers = false
    expect(await port.print(job(100))).toMatchObject({ kind: 'failed', trouble: 'timed-out', paper: 'untouched' })
    expect(printer.paper).toEqual([])
    expect(await port.status()).toMatchObject({ online: false, trouble: 'timed-out' })
  })

  it('that takes the job more slowly than a question may wait is not hung up on', async () => {
    const questionMaxMs = 1_000
    await start({ timing: { replyMaxMs: questionMaxMs, stallMaxMs: questionMaxMs } })
    // A small buffer: the question waits behind the rest of the job for longer than a stall.
    printer.onJobByte = () => {
      if (printer.paper.length !== 90) return
      printer.answers = false
      setTimeout(() => printer.catchUp(), 3 * questionMaxMs)
    }
    expect(await port.print(job(100))).toEqual({ kind: 'printed' })
    expect(printer.connections).toBe(1)
  })

  it('that breaks the connection, or is not there, is unreachable', async () => {
    await start()
    printer.breaksAfter = 50
    expect(await port.print(job(100))).toMatchObject({ kind: 'failed', trouble: 'unreachable', paper: 'uncertain' })
    await printer.close()
    const refused = { kind: 'failed', trouble: 'unreachable', paper: 'untouched', detail: 'ECONNREFUSED' }
    expect(await port.print(job(100))).toEqual(refused)
    expect(await port.status()).toMatchObject({ online: false, trouble: 'unreachable' })
  })

  it('is waited for until it says that it is done, where it can say that', async () => {
    await start({ answersWhenDrained: true })
    printer.drainedAfterMs = 200
    const startMs = performance.now()
    setTimeout(() => (printer.replies = paperOut), 100)
    expect(await port.print(job(100))).toMatchObject({ kind: 'failed', trouble: 'paper-out' })
    expect(performance.now() - startMs).toBeGreaterThan(90)
    printer.replies = idle
    expect(await port.print(job(100))).toEqual({ kind: 'printed' })
    expect(performance.now() - startMs).toBeGreaterThan(290)
  })

  it('tells of changes, once each, by polling', async () => {
    await start({ timing: { pollIntervalMs: 30 } })
    const told: PrinterStatus[] = []
    port.onDidChangeStatus((status) => told.push(status))
    await expect.poll(() => told.length).toBe(1)
    printer.replies = coverOpen
    await expect.poll(() => told.length).toBe(2)
    printer.replies = [0x12, 0x12, 0x12, 0x1e]
    await expect.poll(() => told.length).toBe(3)
    expect(told).toEqual([
      { online: true, trouble: null, paperNearEnd: false },
      { online: false, trouble: 'cover-open', paperNearEnd: false },
      { online: true, trouble: null, paperNearEnd: true },
    ])
  })
})
