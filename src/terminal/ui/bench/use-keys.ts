/** The bench's keys: the open panel has them first, the screen around it the rest. */
import { createContext, useCallback, useContext, useLayoutEffect, useRef } from 'react'
import { hearKeys } from '../input/keyboard.ts'

/**
 * What each key (`KeyboardEvent.key`) does. Absent or null: left to the screen around, or to the field that has the
 * focus.
 */
export type Keys = Readonly<Record<string, (() => void) | null>>

/** How the open panel hands over its keys. */
export const PanelKeys = createContext<(keys: Keys) => void>(() => undefined)

/** For a panel. */
export function useKeys(keys: Keys): void {
  const hand = useContext(PanelKeys)
  // With the screen itself: a key means what is shown now.
  useLayoutEffect(() => {
    hand(keys)
    return () => hand({})
  })
}

/** For the screen that the panels are in. @returns what it gives them as `PanelKeys` */
export function useKeysAround(keys: Keys): (keys: Keys) => void {
  const ofPanel = useRef<Keys>({})
  const own = useRef(keys)
  useLayoutEffect(() => {
    own.current = keys
  })
  // Before the screen is painted: who sees it may press.
  useLayoutEffect(
    () =>
      hearKeys((event) => {
        if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
        const act = ofPanel.current[event.key] ?? own.current[event.key] ?? null
        if (act === null) return
        event.preventDefault()
        event.stopPropagation()
        if (!event.repeat) act()
      }),
    [],
  )
  return useCallback((given: Keys) => {
    ofPanel.current = given
  }, [])
}
