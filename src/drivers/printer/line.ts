/** What carries bytes to a printer and back: a TCP connection, a serial port, a device file. Nothing here throws. */
import type { PrinterTrouble } from '../ports.ts'
import type { Scheduler } from '../scheduler.ts'

export interface PrinterLine {
  /** `false`: no byte ever comes back. Known when it is opened: a printer that could answer and does not is a fault. */
  readonly answers: boolean
  /** What comes back, from the next turn of the event loop on. Set once. */
  listen(listener: { readonly onBytes: (bytes: Uint8Array) => void; readonly onLost: () => void }): void
  /** Hands bytes over, in order; calls back when the system has taken them all, or never will. */
  write(bytes: Uint8Array, done: (outcome: 'taken' | 'lost') => void): void
  /** Hangs up after what was handed over, and waits for the other side at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
  /** Hangs up, and discards what has not left yet: it is not printed once there is paper again. */
  discard(): void
}

export type OpenedLine =
  | { readonly kind: 'open'; readonly line: PrinterLine }
  | { readonly kind: 'refused'; readonly trouble: PrinterTrouble; readonly detail: string }

export interface PrinterLineOpener {
  /**
   * `false`: one line for each job and each look, because many printers serve one client, and its end ends a command
   * that broke off. `true`: one line for all, on a cable that is ours alone, where nothing but bytes ends a command.
   */
  readonly keepsOpen: boolean
  open(scheduler: Scheduler, timeoutMs: number): Promise<OpenedLine>
}

/** What an error of the system says about the line, with its code (`ENOENT`, `EACCES`, …) as the detail. */
export function refusalOf(error: NodeJS.ErrnoException): Extract<OpenedLine, { kind: 'refused' }> {
  const { code, message } = error
  const trouble = ((): PrinterTrouble => {
    if (code === 'EACCES' || code === 'EPERM') return 'no-access'
    if (code === 'EBUSY' || code === 'EAGAIN') return 'in-use'
    if (code === 'EISDIR' || code === 'ENOTDIR' || code === 'ENOTTY') return 'not-a-device'
    return 'unreachable'
  })()
  return { kind: 'refused', trouble, detail: code ?? message }
}

/** The same line, of which no answer is expected: what comes back all the same is dropped. */
export function withoutAnswers(line: PrinterLine): PrinterLine {
  return {
    answers: false,
    listen: ({ onLost }) => line.listen({ onBytes: () => undefined, onLost }),
    write: (bytes, done) => line.write(bytes, done),
    close: (timeoutMs) => line.close(timeoutMs),
    discard: () => line.discard(),
  }
}
