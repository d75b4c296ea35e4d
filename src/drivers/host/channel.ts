import type { Event } from '../ports.ts'
import { EventSource } from '../event-source.ts'

/**
 * Two ends that pass structured messages. What arrives before the first listener waits for it: a process that is still
 * opening its devices misses nothing. Nothing is promised about delivery once an end has closed.
 */
export interface MessageChannelPort {
  /** Sends; without effect once the channel is closed. Never throws. */
  post(message: unknown): void
  readonly onMessage: Event<unknown>
  readonly onDidClose: Event<void>
}

class Inbox {
  readonly #source = new EventSource<unknown>()
  #waiting: unknown[] = []

  readonly event: Event<unknown> = (listener) => {
    const subscription = this.#source.event(listener)
    const waiting = this.#waiting
    this.#waiting = []
    for (const message of waiting) this.#source.fire(message)
    return subscription
  }

  fire(message: unknown): void {
    if (this.#source.listenerCount === 0) this.#waiting.push(message)
    else this.#source.fire(message)
  }
}

/** What Node's `process` (in a child with IPC) and `ChildProcess` (in its parent) have in common. */
export interface ProcessWithIpc {
  readonly connected?: boolean
  send?(message: unknown, callback?: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
}

/** Node's child-process IPC, either end. */
export function channelOverProcessIpc(peer: ProcessWithIpc): MessageChannelPort {
  const received = new Inbox()
  const closed = new EventSource<void>()
  peer.on('message', (message) => received.fire(message))
  peer.on('disconnect', () => closed.fire())
  return {
    post: (message) => {
      if (peer.connected !== true) return
      // The callback takes the error of a peer that died meanwhile; its `disconnect` tells the rest.
      peer.send?.(message, () => undefined)
    },
    onMessage: received.event,
    onDidClose: closed.event,
  }
}

/** Electron's `MessagePortMain`: messages come wrapped, and it must be started. */
export interface ElectronPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  start(): void
}

/** Electron's `process.parentPort`, in a utility process. */
export interface ElectronParentPort {
  once(event: 'message', listener: (event: { readonly ports: readonly ElectronPort[] }) => void): unknown
}

/**
 * From a utility process to its shell: by the port that the shell hands over with its only message
 * (utility-processes.ts says why there is no second one). What is posted before the port is here waits for it.
 */
export function channelToElectronShell(parentPort: ElectronParentPort): MessageChannelPort {
  const received = new Inbox()
  const closed = new EventSource<void>()
  let waiting: unknown[] = []
  let send = (message: unknown): void => void waiting.push(message)
  parentPort.once('message', ({ ports: [port] }) => {
    if (port === undefined) return closed.fire()
    port.on('message', (event) => received.fire(event.data))
    port.on('close', () => {
      send = () => undefined
      closed.fire()
    })
    send = (message) => port.postMessage(message)
    for (const message of waiting) send(message)
    waiting = []
    port.start()
  })
  return { post: (message) => send(message), onMessage: received.event, onDidClose: closed.event }
}

/** From a child to whoever started it as one: a shell of either kind. Null where nobody listens. */
export function parentChannel(): MessageChannelPort | null {
  const { parentPort } = process as unknown as { parentPort?: ElectronParentPort }
  if (parentPort !== undefined) return channelToElectronShell(parentPort)
  return process.send === undefined ? null : channelOverProcessIpc(process)
}

/** Two connected ends within one process, for tests and for the simulator. Messages arrive in a later microtask. */
export function createChannelPair(): { near: MessageChannelPort; far: MessageChannelPort; close: () => void } {
  const ends = [createEnd(), createEnd()] as const
  let open = true
  const connect = (from: 0 | 1): MessageChannelPort => ({
    post: (message) => {
      const copy = structuredClone(message)
      queueMicrotask(() => {
        if (open) ends[from === 0 ? 1 : 0].received.fire(copy)
      })
    },
    onMessage: ends[from].received.event,
    onDidClose: ends[from].closed.event,
  })
  return {
    near: connect(0),
    far: connect(1),
    close: () => {
      if (!open) return
      open = false
      for (const end of ends) end.closed.fire()
    },
  }
}

const createEnd = () => ({ received: new Inbox(), closed: new EventSource<void>() })
