/** Tells the core whether the panel of HID devices is open: only then are raw reports read and kept. */
import { useEffect } from 'react'
import type { Bridge } from '../../contract/index.ts'

/** Far within what the core waits for (`core/bench/hid-bench.ts`), also where a system slows timers down. */
const sayAgainMs = 30_000

interface HidWatch {
  readonly bridge: Bridge
  /** This window may ask for something, and the core is there. */
  readonly working: boolean
  /** The panel is open in this window. */
  readonly isOpen: boolean
  /** The core takes it for open. */
  readonly isWatched: boolean
}

export function useHidWatch({ bridge, working, isOpen, isWatched }: HidWatch): void {
  useEffect(() => {
    if (!working || !isOpen) return
    const say = (): void => void bridge.send({ command: 'watch_hid' })
    say()
    const timer = setInterval(say, sayAgainMs)
    return () => clearInterval(timer)
  }, [bridge, working, isOpen])
  // Also of a window that is gone: this one came after it.
  useEffect(() => {
    if (working && !isOpen && isWatched) void bridge.send({ command: 'unwatch_hid' })
  }, [bridge, working, isOpen, isWatched])
}
