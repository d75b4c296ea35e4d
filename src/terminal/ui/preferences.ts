/** Sound and theme of this window: taste, not money, kept by the browser. */
import { useCallback, useEffect, useState } from 'react'

/** A switch that remembers itself where the browser allows it. */
export function usePreference(name: string, initially: boolean): readonly [boolean, () => void] {
  const [on, setOn] = useState(() => read(name) ?? initially)
  const toggle = useCallback(() => {
    setOn((before) => {
      write(name, !before)
      return !before
    })
  }, [name])
  return [on, toggle]
}

/** Light or dark, for the whole window. */
export function useTheme(): readonly [dark: boolean, toggle: () => void] {
  const [dark, toggle] = usePreference('dark', false)
  useEffect(() => {
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light'
  }, [dark])
  return [dark, toggle]
}

function read(name: string): boolean | null {
  try {
    const stored = window.localStorage.getItem(`tolem.${name}`)
    return stored === null ? null : stored === 'on'
  } catch {
    return null
  }
}

function write(name: string, on: boolean): void {
  try {
    window.localStorage.setItem(`tolem.${name}`, on ? 'on' : 'off')
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}
