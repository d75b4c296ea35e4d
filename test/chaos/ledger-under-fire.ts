/** The real ledger as a process on a real folder, killed (SIGKILL) when the chaos says so and started again. */
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { startProcess, type RunningProcess } from '../../tools/processes.ts'

const program = new URL('../../ledger-sim/main.ts', import.meta.url).pathname

export class LedgerUnderFire {
  readonly databaseFile: string
  readonly #folder: string
  #running: RunningProcess | undefined
  #port = 0
  #kills = 0
  #restarting: Promise<void> = Promise.resolve()

  constructor(folder: string) {
    this.#folder = folder
    this.databaseFile = join(folder, 'ledger.db')
  }

  /** Undefined while it is dead. */
  get port(): number | undefined {
    return this.#running === undefined ? undefined : this.#port
  }

  get kills(): number {
    return this.#kills
  }

  async start(): Promise<void> {
    const running = await startProcess('ledger', program, ['--data', this.#folder])
    this.#port = Number(new URL(String(running.ready['ledgerUrl'])).port)
    this.#running = running
  }

  /** Resolves when it is up again; at once when it was not killed. */
  async whenUp(): Promise<void> {
    await this.#restarting
  }

  /** @returns whether it lived. It is started again by itself. */
  kill(): boolean {
    const running = this.#running
    if (running === undefined) return false
    this.#running = undefined
    this.#kills += 1
    running.child.kill('SIGKILL')
    this.#restarting = running.ended.then(() => this.start())
    return true
  }

  /** Kills it as soon as its database has another version than now, unless `over` comes first. */
  async killAtNextCommit(over: Promise<unknown>): Promise<void> {
    let isOver = false
    void over.finally(() => (isOver = true))
    const database = new Database(this.databaseFile, { readonly: true })
    try {
      const version = (): unknown => database.pragma('data_version', { simple: true })
      const before = version()
      while (!isOver && this.#running !== undefined) {
        if (version() !== before) return void this.kill()
        await turn()
      }
    } finally {
      database.close()
    }
  }

  async killAfter(delayMs: number): Promise<void> {
    await wait(delayMs)
    this.kill()
  }

  async stop(): Promise<void> {
    await this.#restarting
    await this.#running?.stop()
  }
}
