/** The pcscd of this namespace: started, killed, and started again without its readers. */
import { spawn, type ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * pcscd looks at vpcd's readers each 400 ms. Whoever takes a card off and lays one down for something else is slower;
 * sooner, one like it counts as the one that lay there (docs/design/08-reader.md, "A presence").
 */
export const handMs = 600

export class PcscService {
  #child: ChildProcess | null = null
  readonly #noReaders = mkdtempSync(join(tmpdir(), 'tolem-no-readers-'))

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error('pcscd does not run')
    return pid
  }

  /** `readers: 'none'`: as if every reader were unplugged, because vpcd cannot take one away alone. */
  start(readers: 'vpcd' | 'none' = 'vpcd'): void {
    mkdirSync('/run/pcscd', { recursive: true })
    const configuration = readers === 'none' ? ['--config', this.#noReaders] : []
    this.#child = spawn('pcscd', ['--foreground', ...configuration], { stdio: 'ignore' })
  }

  /** Resolves when the service takes connections: the end of its absence, as a program sees it. */
  async isUp(): Promise<void> {
    while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  /** SIGKILL, as a crash: its socket stays behind, its clients hear nothing but the end of their connections. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null) return
    await new Promise((resolve) => {
      child.once('exit', resolve)
      child.kill('SIGKILL')
    })
  }
}

/** A socket file alone proves nothing: a killed pcscd leaves its own behind. */
function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect('/run/pcscd/pcscd.comm')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
