/** What the console remembers while another panel is looked at: what is being typed, and what was sent before. */
export interface ConsoleMemory {
  readonly text: string
  /** Oldest first. */
  readonly history: readonly string[]
  /** The place in the history that is shown; its length: the text is new. */
  readonly at: number
  /** The new text, while an older one is shown. */
  readonly draft: string
}

export const emptyMemory: ConsoleMemory = { text: '', history: [], at: 0, draft: '' }

const historyMost = 100

export function typedText(memory: ConsoleMemory, text: string): ConsoleMemory {
  return { ...memory, text, at: memory.history.length, draft: text }
}

/** What was sent twice in a row stands there once. */
export function sentText({ text, history }: ConsoleMemory): ConsoleMemory {
  const next = history.at(-1) === text ? history : [...history, text].slice(-historyMost)
  return { text: '', history: next, at: next.length, draft: '' }
}

/** An older text, or a newer one; after the newest stands what was being typed. */
export function recalled(memory: ConsoleMemory, by: -1 | 1): ConsoleMemory {
  const at = Math.max(0, Math.min(memory.history.length, memory.at + by))
  return { ...memory, at, text: memory.history[at] ?? memory.draft }
}
