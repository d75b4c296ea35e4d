/** A cashier made of code: uses the till by the same bridge as its window does, and sees only what is on the screen. */
import { WebSocket } from 'ws'
import {
  downFrameSchema,
  zeroTiyn,
  type Command,
  type CommandAnswer,
  type DeviceInput,
  type Snapshot,
} from '../../src/terminal/contract/index.ts'
import { toJson } from '../../src/sync/protocol/canonical.ts'

const stepWithinMs = 60_000
/** A command is answered at once, also where the core has died: what takes longer is a till that hangs. */
const answerWithinMs = 60_000

export class TillClient {
  /** What scanner and keypad said, for a screen to act on. */
  readonly heard: DeviceInput[] = []
  readonly #socket: WebSocket
  #snapshot: Snapshot | undefined
  #count = 0
  readonly #answers = new Map<string, (answer: CommandAnswer) => void>()
  readonly #watchers = new Set<() => void>()

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => this.#received(data.toString()))
  }

  /** @param tillUrl with its single-use token. */
  static async connect(tillUrl: string): Promise<TillClient> {
    const { origin, hash } = new URL(tillUrl)
    const session = await fetch(`${origin}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ token: hash.replace('#t=', '') }),
    })
    const cookie = session.headers.get('set-cookie')?.split(';')[0]
    if (!session.ok || cookie === undefined) throw new Error(`the till does not let us in: ${session.status}`)
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/bridge`, { headers: { cookie, origin } })
    const client = new TillClient(socket)
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    return client
  }

  get snapshot(): Snapshot {
    if (this.#snapshot === undefined) throw new Error('nothing on the screen yet')
    return this.#snapshot
  }

  /** Resolves when the screen shows it. */
  async sees(what: string, shown: (snapshot: Snapshot) => boolean, withinMs = stepWithinMs): Promise<Snapshot> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#snapshot === undefined || !shown(this.#snapshot)) return
        clearTimeout(timer)
        this.#watchers.delete(look)
        resolve(this.#snapshot)
      }
      const timer = setTimeout(() => {
        this.#watchers.delete(look)
        const { tap, lights, queue, actions } = this.#snapshot ?? {}
        reject(
          new Error(
            `the screen never showed: ${what}. It shows ${toJson({ tap, network: lights?.network, queue, actions })}`,
          ),
        )
      }, withinMs)
      this.#watchers.add(look)
      look()
    })
  }

  /** As a cashier comes to the till: makes the first cashier where there is none, and opens a shift. */
  async opensShift(pin = '1379'): Promise<void> {
    const { shift } = await this.sees('who may open a shift', () => true)
    if (shift.open !== null) return
    if (shift.cashiers.length === 0)
      await this.does({ command: 'set_cashier', cashier: { number: 1, name: 'Kassa' }, pin, merchantPin: null })
    await this.does({ command: 'open_shift', cashier: 1, pin, openingFloat: zeroTiyn })
    await this.sees('an open shift', (shown) => shown.shift.open !== null)
  }

  async does(command: Command): Promise<void> {
    const answer = await this.asks(command)
    if (!answer.ok)
      throw new Error(`the till answered ${answer.fault} to ${command.command}; tap ${toJson(this.#snapshot?.tap)}`)
  }

  /** Rejects when the till says nothing: a cashier who presses a button in vain does not stand there for ever. */
  asks(command: Command): Promise<CommandAnswer> {
    const id = String((this.#count += 1))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#answers.delete(id)
        const socket = ['connecting', 'open', 'closing', 'closed'][this.#socket.readyState]
        reject(new Error(`no answer to ${command.command} within ${answerWithinMs} ms; the connection is ${socket}`))
      }, answerWithinMs)
      this.#answers.set(id, (answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      this.#socket.send(toJson({ type: 'command', id, command }))
    })
  }

  close(): void {
    this.#socket.close()
  }

  #received(text: string): void {
    const frame = downFrameSchema.parse(JSON.parse(text))
    if (frame.type === 'snapshot') {
      this.#snapshot = frame.snapshot
      for (const watcher of [...this.#watchers]) watcher()
    }
    if (frame.type === 'input') this.heard.push(frame.input)
    if (frame.type === 'answer') {
      this.#answers.get(frame.id)?.(frame.answer)
      this.#answers.delete(frame.id)
    }
  }
}
