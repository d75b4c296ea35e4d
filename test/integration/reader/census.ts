/** What a running Node process holds: its files and threads as the system counts them, its listeners as V8 does. */
import { readdirSync, readFileSync } from 'node:fs'
import { WebSocket } from 'ws'

export interface Census {
  readonly fileDescriptors: number
  readonly threads: number
  /** All event emitters of the process, and the listeners on them, after a collection of garbage. */
  readonly emitters: number
  readonly listeners: number
  readonly heapBytes: number
  readonly residentBytes: number
}

const inspectorPort = 9229
/** Prototypes are among them: theirs have no listeners, and some of their getters throw. */
const countListeners = `function () {
  let listeners = 0
  for (const emitter of this) {
    if (!Object.hasOwn(emitter, '_events')) continue
    for (const name of emitter.eventNames()) listeners += emitter.listenerCount(name)
  }
  return { emitters: this.length, listeners }
}`

/** Watches one process by Node's own inspector, which stays open: what it costs is in every count alike. */
export class ProcessCensus {
  readonly #pid: number
  readonly #socket: WebSocket
  readonly #answers = new Map<number, (result: Record<string, unknown>) => void>()
  #asked = 0

  private constructor(pid: number, socket: WebSocket) {
    this.#pid = pid
    this.#socket = socket
    socket.on('message', (data: Buffer) => {
      const { id, result } = JSON.parse(data.toString()) as { id?: number; result?: Record<string, unknown> }
      if (id !== undefined) this.#answers.get(id)?.(result ?? {})
    })
  }

  /** For a process of this network namespace that opens its inspector on SIGUSR1, as Node does by itself. */
  static async open(pid: number): Promise<ProcessCensus> {
    process.kill(pid, 'SIGUSR1')
    const [target] = await inspectorTargets()
    const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '')
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    return new ProcessCensus(pid, socket)
  }

  async count(): Promise<Census> {
    await this.#ask('HeapProfiler.collectGarbage')
    const prototype = await this.#evaluate("process.getBuiltinModule('node:events').EventEmitter.prototype", false)
    const found = (await this.#ask('Runtime.queryObjects', {
      prototypeObjectId: prototype['objectId'],
      objectGroup: 'census',
    })) as { objects: { objectId: string } }
    const { result } = (await this.#ask('Runtime.callFunctionOn', {
      objectId: found.objects.objectId,
      functionDeclaration: countListeners,
      returnByValue: true,
    })) as { result: { value: Pick<Census, 'emitters' | 'listeners'> } }
    await this.#ask('Runtime.releaseObjectGroup', { objectGroup: 'census' })
    const heap = await this.#evaluate('process.memoryUsage().heapUsed', true)
    return {
      fileDescriptors: readdirSync(`/proc/${this.#pid}/fd`).length,
      threads: readdirSync(`/proc/${this.#pid}/task`).length,
      ...result.value,
      heapBytes: heap['value'] as number,
      residentBytes: this.#residentBytes(),
    }
  }

  /** Has the process evaluate an expression. */
  async run(expression: string): Promise<void> {
    const { exceptionDetails } = await this.#ask('Runtime.evaluate', { expression })
    if (exceptionDetails !== undefined) throw new Error(`in process ${this.#pid}: ${JSON.stringify(exceptionDetails)}`)
  }

  #residentBytes(): number {
    const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#pid}/status`, 'utf8'))?.[1]
    return Number(kibibytes) * 1024
  }

  close(): void {
    this.#socket.close()
  }

  async #evaluate(expression: string, returnByValue: boolean): Promise<Record<string, unknown>> {
    const answer = await this.#ask('Runtime.evaluate', { expression, returnByValue, objectGroup: 'census' })
    return answer['result'] as Record<string, unknown>
  }

  #ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = (this.#asked += 1)
    return new Promise((resolve) => {
      this.#answers.set(id, (result) => {
        this.#answers.delete(id)
        resolve(result)
      })
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }
}

/** The inspector opens a moment after the signal. */
async function inspectorTargets(): Promise<readonly { readonly webSocketDebuggerUrl: string }[]> {
  for (let tries = 0; ; tries += 1) {
    try {
      const answer = await fetch(`http://127.0.0.1:${inspectorPort}/json/list`)
      return (await answer.json()) as { webSocketDebuggerUrl: string }[]
    } catch (error) {
      if (tries > 1000) throw error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}
