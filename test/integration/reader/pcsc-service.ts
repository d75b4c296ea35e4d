/** The pcscd of this namespace: started, killed, and started again without its readers. */
import { spawn, type ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class PcscService {
  #child: ChildProcess | null = null

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error('pcscd does not run')
    return pid
  }

  /**
   * @param readers 2, as Debian configures vpcd; 0: as if every reader were unplugged, because vpcd cannot take one
   *   away alone; up to 16, on ports that follow each other
   */
  start(readers = 2): void {
    mkdirSync('/run/pcscd', { recursive: true })
    const configuration = readers === 2 ? [] : ['--config', folderWith(readers)]
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

/** Each entry is one vpcd with its two readers, as Debian's own file with another port. */
function folderWith(readers: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'tolem-readers-'))
  const entry = readFileSync('/etc/reader.conf.d/vpcd', 'utf8')
  for (let first = 0; first < readers; first += 2) {
    const port = `0x${(0x8c7b + first).toString(16).toUpperCase()}`
    const name = `Virtual PCD ${String(first / 2).padStart(2, '0')}`
    const text = entry.replaceAll('0x8C7B', port).replace('"Virtual PCD"', `"${name}"`)
    writeFileSync(join(folder, `vpcd-${first}`), text)
  }
  return folder
}
