/** A button that shows its key. Touching it does not take the keyboard's focus, so that Enter keeps meaning "pay". */
import type { ReactNode } from 'react'
import { Button } from 'react-aria-components'

/** Drawn, because the font has no such sign. */
export const enterArrow = Symbol('Enter')

export interface CommandButtonProps {
  readonly children: ReactNode
  /** As shown: "F4", "Enter"; where there is no room for the word, the arrow that keyboards have on it. */
  readonly keyShown?: string | typeof enterArrow
  readonly look?: 'primary' | 'plain' | 'quiet' | 'warning'
  readonly label?: string
  readonly isDisabled?: boolean
  readonly onPress: () => void
}

export function CommandButton({ children, keyShown, look = 'plain', label, isDisabled, onPress }: CommandButtonProps) {
  return (
    <Button
      className={`button button-${look}`}
      preventFocusOnPress
      isDisabled={isDisabled ?? false}
      onPress={onPress}
      {...(label === undefined ? {} : { 'aria-label': label })}
    >
      <span className="button-word">{children}</span>
      {keyShown === undefined ? null : <kbd className="key">{keyShown === enterArrow ? <EnterArrow /> : keyShown}</kbd>}
    </Button>
  )
}

function EnterArrow() {
  return (
    <svg className="enter-arrow" viewBox="0 0 16 16" role="img" aria-label="Enter">
      <path d="M13 3 v6 h-10 M6.5 5.5 l-3.5 3.5 l3.5 3.5" />
    </svg>
  )
}

const shownKeys: Readonly<Record<string, string>> = { Escape: 'Esc', Delete: 'Del', Insert: 'Ins' }

export function shownKey(key: string): string {
  return shownKeys[key] ?? key
}
