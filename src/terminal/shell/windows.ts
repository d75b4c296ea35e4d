/**
 * The windows of one till: commands up from the first of them, snapshots down to all. A window is whatever shows the
 * UI: a page of Electron or a WebSocket of the browser host. Nothing that a window sends is believed.
 */
import { z } from 'zod'
import { upFrameSchema, type DownFrame } from '../contract/bridge.ts'
import type { CommandFault } from '../contract/commands.ts'

/** A down frame as it travels: amounts are decimal strings, and what the core said is passed on as it came. */
export type DownFrameOnTheWire =
  | { readonly type: 'snapshot'; readonly snapshot: unknown }
  | { readonly type: 'answer'; readonly id: string; readonly answer: unknown }
  | { readonly type: 'input'; readonly input: unknown }
  | Extract<DownFrame, { type: 'shell' }>

/** The shell's end of one window. */
export interface WindowPort {
  post(frame: DownFrameOnTheWire): void
}

/** What the transport of one window calls. */
export interface AttachedWindow {
  /** Takes one frame from the window, whatever it is. */
  receive(frame: unknown): void
  /** The window is gone. The next one in line may command from now on. */
  detach(): void
}

/** What the shell has to know of a frame of the core; the window reads the rest. */
const fromCoreFrameSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('snapshot'), snapshot: z.unknown() }),
  z.strictObject({ type: z.literal('answer'), id: z.string(), answer: z.unknown() }),
  z.strictObject({ type: z.literal('input'), input: z.unknown() }),
])

/** More unanswered commands than any cashier gives: a window that floods is refused, the core is spared. */
const unansweredMax = 64

export class Windows {
  readonly #sendToCore: (frame: unknown) => void
  /** In the order of their coming: the first one commands. */
  readonly #attached: WindowPort[] = []
  readonly #unanswered = new Map<string, { readonly window: WindowPort; readonly id: string }>()
  #commandsSent = 0
  #snapshot: { readonly type: 'snapshot'; readonly snapshot: unknown } | null = null
  /**
   * 'starting' until the core runs for the first time: windows are told nothing then, and show that they connect.
   * 'running' when this core has said that it is ready *and* shown a snapshot: what a window shows is then of today.
   */
  #core: 'starting' | 'running' | 'restarting' = 'starting'
  #ready = false
  #shown = false

  /** `sendToCore` takes an up frame as a JSON value. */
  constructor(sendToCore: (frame: unknown) => void) {
    this.#sendToCore = sendToCore
  }

  get count(): number {
    return this.#attached.length
  }

  /** Tells the window at once the newest snapshot, if there is one, and where the core stands. */
  attach(window: WindowPort): AttachedWindow {
    this.#attached.push(window)
    if (this.#snapshot !== null) window.post(this.#snapshot)
    this.#tellState(window)
    return { receive: (frame) => this.#receive(window, frame), detach: () => this.#detach(window) }
  }

  coreIsReady(): void {
    this.#ready = true
    this.#runIfSo()
  }

  /**
   * Unanswered commands are answered `core_down`: the core may have carried one out before it died; the next snapshot,
   * made from the journal, says what is so.
   */
  coreIsAway(): void {
    this.#core = 'restarting'
    this.#ready = false
    this.#shown = false
    for (const { window, id } of this.#unanswered.values()) refuse(window, id, 'core_down')
    this.#unanswered.clear()
    for (const window of this.#attached) this.#tellState(window)
  }

  /** Passes a frame of the core on. False when it is no frame. */
  coreSaid(body: unknown): boolean {
    const frame = fromCoreFrameSchema.safeParse(body)
    if (!frame.success) return false
    if (frame.data.type === 'snapshot') {
      this.#snapshot = frame.data
      for (const window of this.#attached) window.post(frame.data)
      this.#shown = true
      this.#runIfSo()
      return true
    }
    if (frame.data.type === 'input') {
      // One basket: a window that only watches would ring it up as well.
      this.#attached[0]?.post(frame.data)
      return true
    }
    const asked = this.#unanswered.get(frame.data.id)
    this.#unanswered.delete(frame.data.id)
    asked?.window.post({ type: 'answer', id: asked.id, answer: frame.data.answer })
    return true
  }

  #runIfSo(): void {
    if (this.#core === 'running' || !this.#ready || !this.#shown) return
    this.#core = 'running'
    for (const window of this.#attached) this.#tellState(window)
  }

  #receive(window: WindowPort, frame: unknown): void {
    if (!this.#attached.includes(window)) return
    const parsed = upFrameSchema.safeParse(frame)
    if (!parsed.success) return refuse(window, idOf(frame), 'malformed')
    const { id } = parsed.data
    if (this.#attached[0] !== window) return refuse(window, id, 'read_only')
    if (this.#core !== 'running') return refuse(window, id, 'core_down')
    if (this.#unanswered.size >= unansweredMax) return refuse(window, id, 'not_now')
    // An id of the shell's own: two windows may choose the same one, and the first may leave with one unanswered.
    this.#commandsSent += 1
    const ownId = `shell-${this.#commandsSent}`
    this.#unanswered.set(ownId, { window, id })
    this.#sendToCore({ ...(frame as object), id: ownId })
  }

  #detach(window: WindowPort): void {
    const place = this.#attached.indexOf(window)
    if (place === -1) return
    this.#attached.splice(place, 1)
    for (const [ownId, asked] of this.#unanswered) if (asked.window === window) this.#unanswered.delete(ownId)
    const next = this.#attached[0]
    if (place === 0 && next !== undefined) this.#tellState(next)
  }

  #tellState(window: WindowPort): void {
    if (this.#core === 'starting') return
    window.post({ type: 'shell', core: this.#core, readOnly: this.#attached[0] !== window })
  }
}

function refuse(window: WindowPort, id: string, fault: CommandFault): void {
  window.post({ type: 'answer', id, answer: { ok: false, fault } })
}

/** The id of a frame that is otherwise malformed, so that the sender learns which one it was; '' when it has none. */
function idOf(frame: unknown): string {
  const named = z.looseObject({ id: z.string().min(1).max(64) }).safeParse(frame)
  return named.success ? named.data.id : ''
}
