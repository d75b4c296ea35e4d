/**
 * The bridge in a browser. The one-time token comes in the address (`#t=…`), is exchanged for a cookie that scripts
 * cannot read, and leaves the address at once; frames then travel over a WebSocket of the same host. A dropped
 * connection is tried again, more and more slowly. A host that answers but takes no socket has refused the session:
 * only a new address helps, and the screen says so.
 */
import { z } from 'zod'
import {
  downFrameSchema,
  upFrameSchema,
  type Bridge,
  type BridgeView,
  type Command,
  type CommandAnswer,
  type DeviceInput,
  type DownFrame,
} from '../../contract/index.ts'
import { nothingYet, viewAfter } from './frames.ts'

/** What the bridge needs of the browser; a test gives its own. */
export interface BrowserWorld {
  readonly location: Pick<Location, 'protocol' | 'host' | 'hash' | 'pathname' | 'search'>
  readonly replaceAddress: (address: string) => void
  readonly fetch: (path: string, init: RequestInit) => Promise<unknown>
  readonly openSocket: (address: string, ears: SocketEars) => BridgeSocket
  readonly after: (milliseconds: number, act: () => void) => void
}

/** What the bridge hears from a socket. A socket that cannot open is only `closed`. */
export interface SocketEars {
  readonly opened: () => void
  readonly received: (data: unknown) => void
  readonly closed: () => void
}

export interface BridgeSocket {
  readonly send: (text: string) => void
  readonly close: () => void
}

const firstRetryMs = 250
const lastRetryMs = 5_000
/** So many refusals in a row are no host in the middle of its start. */
const refusalsMin = 2

/** Starts at once. The promise of `send` is answered `core_down` when the connection drops before the answer. */
export function createBrowserBridge(world: BrowserWorld): Bridge {
  const listeners = new Set<(view: BridgeView) => void>()
  const inputListeners = new Set<(input: DeviceInput) => void>()
  const waiting = new Map<string, (answer: CommandAnswer) => void>()
  let view = nothingYet
  let socket: BridgeSocket | null = null
  let lastCommand = 0
  let refusals = 0

  const show = (next: BridgeView): void => {
    view = next
    for (const listener of listeners) listener(view)
  }

  /**
   * Exchanges the token of the address, if there is one, for the cookie. A host that is away is asked again. A new
   * address that is opened in the window of a lost one changes only its token: the page is not loaded again.
   */
  const openSession = async (retryMs: number): Promise<void> => {
    const token = new URLSearchParams(world.location.hash.slice(1)).get('t')
    if (token === null) return connect(retryMs)
    const answered = await hostAnswers('/session', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })
    if (!answered) return world.after(retryMs, () => void openSession(slower(retryMs)))
    world.replaceAddress(world.location.pathname + world.location.search)
    // A used token is refused, yet a reloaded window may still hold its cookie: the socket decides.
    return connect(firstRetryMs)
  }

  const connect = (retryMs: number): void => {
    const scheme = world.location.protocol === 'https:' ? 'wss' : 'ws'
    let alive = false
    const opened = world.openSocket(`${scheme}://${world.location.host}/bridge`, {
      opened: () => {
        alive = true
        refusals = 0
        socket = opened
      },
      received: (data) => {
        const frame = readFrame(data)
        if (frame === null) return opened.close()
        if (frame.type === 'input') return inputListeners.forEach((listener) => listener(frame.input))
        if (frame.type !== 'answer') return show(viewAfter(view, frame))
        waiting.get(frame.id)?.(frame.answer)
        waiting.delete(frame.id)
      },
      closed: () => {
        socket = null
        for (const answer of waiting.values()) answer({ ok: false, fault: 'core_down' })
        waiting.clear()
        if (alive) show({ ...view, connection: 'connecting' })
        void retry(alive ? firstRetryMs : retryMs, alive)
      },
    })
  }

  /** A browser does not say why a socket could not open, so the host is asked whether it is there at all. */
  const retry = async (retryMs: number, wasOpen: boolean): Promise<void> => {
    const refused = !wasOpen && (await hostAnswers('/session', { method: 'GET', credentials: 'same-origin' }))
    refusals = refused ? refusals + 1 : 0
    if (!wasOpen) show({ ...view, connection: refusals >= refusalsMin ? 'lost' : 'connecting' })
    world.after(retryMs, () => void openSession(slower(retryMs)))
  }

  /** Any answer, a refusal too, comes from a host that is there. */
  const hostAnswers = async (path: string, init: RequestInit): Promise<boolean> => {
    try {
      await world.fetch(path, init)
      return true
    } catch {
      return false
    }
  }

  void openSession(firstRetryMs)

  return {
    subscribe: (listener) => {
      listeners.add(listener)
      listener(view)
      return () => void listeners.delete(listener)
    },
    onInput: (listener) => {
      inputListeners.add(listener)
      return () => void inputListeners.delete(listener)
    },
    send: (command: Command) => {
      const open = socket
      if (open === null) return Promise.resolve({ ok: false, fault: 'core_down' })
      lastCommand += 1
      const id = `c${lastCommand}`
      return new Promise((resolve) => {
        waiting.set(id, resolve)
        open.send(JSON.stringify(z.encode(upFrameSchema, { type: 'command', id, command })))
      })
    },
  }
}

function slower(retryMs: number): number {
  return Math.min(retryMs * 2, lastRetryMs)
}

function readFrame(data: unknown): DownFrame | null {
  if (typeof data !== 'string') return null
  try {
    const frame = downFrameSchema.safeParse(JSON.parse(data))
    return frame.success ? frame.data : null
  } catch {
    return null
  }
}
