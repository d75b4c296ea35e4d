/** The bench's keys: each panel has its own while it is open, and the screen the rest. */
import { useEffect, useLayoutEffect, useRef } from 'react'
import { hearKeys } from '../input/keyboard.ts'

/**
 * What each key (`KeyboardEvent.key`) does. A part of the screen hears a key before what it stands in, and keeps it; an
 * absent one is left to that, or to the field that has the focus.
 */
export function useKeys(keys: Readonly<Record<string, (() => void) | null>>): void {
  const latest = useRef(keys)
  // With the screen itself: a key means what is shown now.
  useLayoutEffect(() => {
    latest.current = keys
  })
  useEffect(
    () =>
      hearKeys((event) => {
        if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
        const act = latest.current[event.key] ?? null
        if (act === null) return
        event.preventDefault()
        event.stopImmediatePropagation()
        if (!event.repeat) act()
      }),
    [],
  )
}
