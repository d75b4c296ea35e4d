/**
 * What a virtual printer hangs on besides TCP: the other end of a pseudo-terminal, which is a serial port to the till
 * (and a character device that goes both ways, as `/dev/usb/lp0` is), or a FIFO, which goes one way.
 */
import { spawn, spawnSync } from 'node:child_process'
import { constants, existsSync, openSync, rmSync, symlinkSync } from 'node:fs'
import { Socket } from 'node:net'

/** Bytes both ways, and a tap to turn off when the printer's buffer is full. */
export interface Wire {
  write(bytes: Uint8Array): void
  pause(): void
  resume(): void
  /** Ends it as a pulled plug does. */
  cut(): void
}

/** @param link a name that stays when the plug is pulled and put in again; the device behind it is another one then */
export async function openPseudoTerminal(link: string, onBytes: (bytes: Uint8Array) => void): Promise<Wire> {
  // script(1) is essential on Debian; what is written to its standard input comes out of the terminal, and back.
  // Its shell looks whether we are still there: nothing is left of a printer that was killed.
  const command = `stty raw -echo && tty && while kill -0 ${process.pid} 2>/dev/null; do sleep 1; done`
  const child = spawn('script', ['-qfc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const device = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error('script(1) gave no pseudo-terminal')))
    child.stdout.once('data', (line: Buffer) => resolve(line.toString('latin1').trim()))
  })
  rmSync(link, { force: true })
  symlinkSync(device, link)
  child.removeAllListeners('exit')
  // A write to a terminal that has gone is a pulled plug, and no fault.
  child.stdin.on('error', () => undefined)
  child.stdout.on('data', onBytes)
  return {
    write: (bytes) => void child.stdin.write(bytes),
    pause: () => void child.stdout.pause(),
    resume: () => void child.stdout.resume(),
    cut: () => {
      rmSync(link, { force: true })
      child.kill('SIGKILL')
    },
  }
}

/** A FIFO at `path`; made where there is none. */
export function openFifo(path: string, onBytes: (bytes: Uint8Array) => void): Wire {
  if (!existsSync(path)) spawnSync('mkfifo', ['-m', '600', path])
  // Opened for writing too: else the first writer who goes would end it.
  const file = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const socket = new Socket({ fd: file, readable: true, writable: false })
  socket.on('error', () => undefined)
  socket.on('data', onBytes)
  return {
    write: () => undefined,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    cut: () => {
      rmSync(path, { force: true })
      socket.destroy()
    },
  }
}
