import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { SerialPort } from 'serialport'
import type { Scheduler } from '../scheduler.ts'
import { refusalOf } from './line.ts'
import type { OpenedLine, PrinterLine, PrinterLineOpener } from './line.ts'
import type { SerialSettings } from './settings.ts'

/** A port that was given up is locked until the system has closed it and has ended what was under way on it. */
const closingMaxMs = 2_000
const closingPollMs = 20

/** 8 data bits, no parity, one start and one stop bit, as receipt printers leave the factory. */
const bitsPerByte = 10
/**
 * What is handed over is said to be taken when no more than this is left for the cable to carry. The system would take
 * some seconds' worth at once, and a drawer's pulse would wait behind that.
 */
const aheadMs = 100

/** A printer on a serial port. */
export function serialLineOpener(settings: SerialSettings): PrinterLineOpener {
  let givenUpAt = Number.NEGATIVE_INFINITY
  return {
    keepsOpen: true,
    open: async (scheduler) => {
      for (;;) {
        const opened = await openSerialLine(settings, scheduler, () => (givenUpAt = scheduler.now()))
        // Just given up, by ourselves: not by another program, so far as anybody can tell.
        const isInUse = opened.kind === 'refused' && opened.trouble === 'in-use'
        if (!isInUse || scheduler.now() - givenUpAt > closingMaxMs) return opened
        await new Promise<void>((resolve) => scheduler.setTimeout(resolve, closingPollMs))
      }
    },
  }
}

async function openSerialLine(
  { path, baudRate, flowControl }: SerialSettings,
  scheduler: Scheduler,
  onGivenUp: () => void,
): Promise<OpenedLine> {
  try {
    // The binding says the same in words only. On Windows a port is no file.
    if (process.platform !== 'win32') {
      const isDevice = (await stat(path)).isCharacterDevice()
      if (!isDevice) return { kind: 'refused', trouble: 'not-a-device', detail: `${path} is no serial port` }
      await access(path, constants.R_OK | constants.W_OK)
    }
  } catch (error) {
    return refusalOf(error as NodeJS.ErrnoException)
  }
  const xon = flowControl === 'xon-xoff'
  const port = new SerialPort({ path, baudRate, rtscts: flowControl === 'rts-cts', xon, xoff: xon, autoOpen: false })
  // An error is told by what failed: an open, a write, the end of the port.
  port.on('error', () => undefined)
  return new Promise((resolve) => {
    port.open((error) => {
      if (error === null) resolve({ kind: 'open', line: new SerialLine(port, scheduler, onGivenUp) })
      else resolve(refusalInWords(error.message))
    })
  })
}

/** What the binding says when a port cannot be opened (node-serialport's bindings: the system's words, no code). */
export function refusalInWords(message: string): OpenedLine {
  const code = ((): string => {
    if (/lock|temporarily unavailable|busy|access denied/iu.test(message)) return 'EBUSY'
    if (/permission denied/iu.test(message)) return 'EACCES'
    if (/inappropriate ioctl/iu.test(message)) return 'ENOTTY'
    return message
  })()
  return refusalOf(Object.assign(new Error(message), { code }))
}

class SerialLine implements PrinterLine {
  readonly answers = true
  readonly #port: SerialPort
  readonly #scheduler: Scheduler
  readonly #onGivenUp: () => void
  #onLost: () => void = () => undefined
  /** When the cable will have carried all that was handed over, at the earliest. */
  #carriedAt = Number.NEGATIVE_INFINITY

  constructor(port: SerialPort, scheduler: Scheduler, onGivenUp: () => void) {
    this.#port = port
    this.#scheduler = scheduler
    this.#onGivenUp = onGivenUp
  }

  listen({ onBytes, onLost }: Parameters<PrinterLine['listen']>[0]): void {
    this.#onLost = onLost
    this.#port.on('data', onBytes)
    this.#port.on('close', onLost)
  }

  write(bytes: Uint8Array, done: (outcome: 'taken' | 'lost') => void): void {
    const tookMs = (bytes.length * bitsPerByte * 1000) / this.#port.baudRate
    this.#carriedAt = Math.max(this.#carriedAt, this.#scheduler.now()) + tookMs
    const mayGoOnAt = this.#carriedAt - aheadMs
    this.#port.write(bytes, (error) => {
      if (error) {
        this.#onLost()
        return done('lost')
      }
      const waitMs = mayGoOnAt - this.#scheduler.now()
      if (waitMs <= 0) done('taken')
      else this.#scheduler.setTimeout(() => done('taken'), waitMs)
    })
  }

  /** A kept line is never hung up on for politeness: what was handed over has left. */
  close(): Promise<void> {
    this.discard()
    return Promise.resolve()
  }

  /** The system's buffer first: to close a port waits for what is in it. */
  discard(): void {
    this.#onGivenUp()
    if (!this.#port.isOpen) return
    this.#port.flush(() => {
      if (this.#port.isOpen) this.#port.close(() => undefined)
    })
  }
}
