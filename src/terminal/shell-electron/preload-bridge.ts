/** The bridge of the contract over the preload's IPC. Both directions are checked here, beside the page. */
import { z } from 'zod'
import {
  commandSchema,
  downFrameSchema,
  type Bridge,
  type BridgeView,
  type CommandAnswer,
  type DeviceInput,
} from '../contract/index.ts'
import { nothingYet, viewAfter } from '../ui/bridge/frames.ts'

/** The preload's end of the IPC, frames as JSON values. */
export interface FrameChannel {
  post(frame: unknown): void
  onFrame(listener: (frame: unknown) => void): void
}

export function createPreloadBridge(channel: FrameChannel): Bridge {
  const listeners = new Set<(view: BridgeView) => void>()
  const inputListeners = new Set<(input: DeviceInput) => void>()
  const waiting = new Map<string, (answer: CommandAnswer) => void>()
  let view = nothingYet
  let commandsSent = 0

  channel.onFrame((raw) => {
    const frame = downFrameSchema.safeParse(raw)
    // A core that says something else is of another version: what it shows cannot be trusted, and the page keeps
    // what it has. The main process has logged what it could not read.
    if (!frame.success) return
    if (frame.data.type === 'answer') {
      waiting.get(frame.data.id)?.(frame.data.answer)
      waiting.delete(frame.data.id)
      return
    }
    if (frame.data.type === 'input') {
      for (const listener of inputListeners) listener(frame.data.input)
      return
    }
    view = viewAfter(view, frame.data)
    for (const listener of listeners) listener(view)
  })

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
    send: (command) => {
      const encoded = z.safeEncode(commandSchema, command)
      if (!encoded.success) return Promise.resolve({ ok: false, fault: 'malformed' })
      commandsSent += 1
      const id = `c${commandsSent}`
      return new Promise((resolve) => {
        waiting.set(id, resolve)
        channel.post({ type: 'command', id, command: encoded.data })
      })
    },
  }
}
