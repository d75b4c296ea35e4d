/**
 * A printer as a device file: `/dev/usb/lp0`, or a FIFO to another program. Opened without blocking, and read and
 * written by looking again: a printer without paper takes nothing for hours, and a thread that waits for it could not
 * be ended.
 */
import { close, constants, open, read, write } from 'node:fs'
import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Scheduler, TimerHandle } from '../scheduler.ts'
import { refusalOf } from './line.ts'
import type { OpenedLine, PrinterLine, PrinterLineOpener } from './line.ts'

/** @param path `/dev/usb/lp0`, for example. */
export function deviceFileLineOpener(path: string): PrinterLineOpener {
  return { keepsOpen: true, open: (scheduler) => openDeviceFile(path, scheduler) }
}

/** Between two looks for bytes that came back, or for room: less than a printer needs for a line of text. */
const lookAgainMs = 15

async function openDeviceFile(path: string, scheduler: Scheduler): Promise<OpenedLine> {
  let stats: Stats
  try {
    stats = await stat(path)
  } catch (error) {
    return refusalOf(error as NodeJS.ErrnoException)
  }
  if (!stats.isCharacterDevice() && !stats.isFIFO())
    return { kind: 'refused', trouble: 'not-a-device', detail: `${path} is a file or a folder` }
  // What is written to a FIFO comes back to whoever reads it, ourselves included.
  if (stats.isCharacterDevice()) {
    const both = await openFile(path, constants.O_RDWR)
    if (typeof both === 'number') {
      if (await canBeRead(both)) return { kind: 'open', line: new DeviceFileLine(both, true, scheduler) }
      close(both, () => undefined)
    } else if (both.code !== 'EACCES') {
      return refusalOf(both)
    }
  }
  const oneWay = await openFile(path, constants.O_WRONLY)
  if (typeof oneWay !== 'number') return refusalOf(oneWay)
  return { kind: 'open', line: new DeviceFileLine(oneWay, false, scheduler) }
}

/** Linux' usblp refuses to read from a printer whose interface goes one way only. What lay there is of before us. */
function canBeRead(file: number): Promise<boolean> {
  const buffer = Buffer.alloc(256)
  return new Promise((resolve) =>
    read(file, buffer, 0, buffer.length, null, (error) => resolve(error === null || error.code === 'EAGAIN')),
  )
}

function openFile(path: string, access: number): Promise<number | NodeJS.ErrnoException> {
  const flags = access | constants.O_NONBLOCK | constants.O_NOCTTY
  return new Promise((resolve) => open(path, flags, (error, file) => resolve(error ?? file)))
}

class DeviceFileLine implements PrinterLine {
  readonly answers: boolean
  readonly #file: number
  readonly #scheduler: Scheduler
  #onBytes: (bytes: Uint8Array) => void = () => undefined
  #onLost: () => void = () => undefined
  #waiting: { rest: Uint8Array; readonly done: (outcome: 'taken' | 'lost') => void }[] = []
  #isWriting = false
  /** Reads and writes that the system has not answered yet: the file is closed after them. */
  #pending = 0
  #isClosed = false
  #timer: TimerHandle = null

  constructor(file: number, answers: boolean, scheduler: Scheduler) {
    this.#file = file
    this.answers = answers
    this.#scheduler = scheduler
  }

  listen({ onBytes, onLost }: Parameters<PrinterLine['listen']>[0]): void {
    this.#onBytes = onBytes
    this.#onLost = onLost
    if (this.answers) this.#lookLater()
  }

  write(bytes: Uint8Array, done: (outcome: 'taken' | 'lost') => void): void {
    this.#waiting.push({ rest: bytes, done })
    if (!this.#isWriting) this.#writeOn()
  }

  close(): Promise<void> {
    this.discard()
    return Promise.resolve()
  }

  discard(): void {
    this.#waiting = []
    this.#end()
  }

  #writeOn(): void {
    const first = this.#waiting[0]
    this.#isWriting = first !== undefined && !this.#isClosed
    if (first === undefined || this.#isClosed) return
    this.#pending += 1
    write(this.#file, first.rest, 0, first.rest.length, null, (error, count) => {
      this.#answered()
      if (this.#isClosed) return
      if (error?.code === 'EAGAIN') return void this.#scheduler.setTimeout(() => this.#writeOn(), lookAgainMs)
      if (error) return this.#lose()
      first.rest = first.rest.subarray(count)
      if (first.rest.length === 0) {
        this.#waiting.shift()
        first.done('taken')
      }
      this.#writeOn()
    })
  }

  #lookLater(): void {
    if (!this.#isClosed) this.#timer = this.#scheduler.setTimeout(() => this.#look(), lookAgainMs)
  }

  #look(): void {
    const buffer = Buffer.alloc(256)
    this.#pending += 1
    read(this.#file, buffer, 0, buffer.length, null, (error, count) => {
      this.#answered()
      if (this.#isClosed) return
      if (error && error.code !== 'EAGAIN') return this.#lose()
      // Nothing read is no end: a printer may send an empty packet, and one that has gone fails the next write.
      if (!error && count > 0) this.#onBytes(buffer.subarray(0, count))
      this.#lookLater()
    })
  }

  #lose(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#end()
    this.#onLost()
    for (const { done } of waiting) done('lost')
  }

  #end(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#scheduler.clearTimeout(this.#timer)
    if (this.#pending === 0) this.#closeFile()
  }

  #answered(): void {
    this.#pending -= 1
    if (this.#isClosed && this.#pending === 0) this.#closeFile()
  }

  #closeFile(): void {
    close(this.#file, () => undefined)
  }
}
