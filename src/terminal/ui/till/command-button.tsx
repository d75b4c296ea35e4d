/** A button that shows its key. Touching it does not take the keyboard's focus, so that Enter keeps meaning "pay". */
import type { ReactNode } from 'react'
import { Button } from 'react-aria-components'

export interface CommandButtonProps {
  readonly children: ReactNode
  /** As shown: "F4", "Enter". */
  readonly keyShown?: string
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
      {keyShown === undefined ? null : <kbd className="key">{keyShown}</kbd>}
    </Button>
  )
}

const shownKeys: Readonly<Record<string, string>> = { Enter: 'Enter ↵', Escape: 'Esc', Delete: 'Del' }

export function shownKey(key: string): string {
  return shownKeys[key] ?? key
}
