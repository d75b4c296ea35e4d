/** What several sheets are made of. */
import { useEffect, useRef, type ReactNode } from 'react'
import { Heading } from 'react-aria-components'
import type { Command, Snapshot } from '../../contract/index.ts'
import { sheetKeys, type SheetAction } from '../input/intent.ts'
import type { Sheet } from '../input/screen-state.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton, shownKey } from './command-button.tsx'

export interface ContentProps {
  readonly snapshot: Snapshot
  readonly readOnly: boolean
  readonly close: () => void
  readonly onCommand: (command: Command) => void
}

export type ListProps = ContentProps & { readonly chosen: string | null; readonly onSheet: (sheet: Sheet) => void }

export function SheetHead({ title, close }: { title: ReactNode; close: () => void }) {
  const { say } = useTexts()
  return (
    <div className="sheet-head">
      <Heading slot="title">{title}</Heading>
      <CommandButton keyShown={shownKey('Escape')} onPress={close}>
        {say('sheet.close')}
      </CommandButton>
    </div>
  )
}

export function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** A row of a list: what it says, and its buttons, which show their keys while the row has them. */
export function Row({ chosen, children, buttons }: { chosen: boolean; children: ReactNode; buttons: ReactNode }) {
  const row = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (chosen) row.current?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  return (
    <li ref={row} {...(chosen ? { 'aria-current': true } : {})}>
      <div className="sheet-item">{children}</div>
      <div className="sheet-buttons">{buttons}</div>
    </li>
  )
}

/** Leads to the sheet that asks for the time; nothing where it is not in doubt, or nobody may say so. */
export function ConfirmTime({ snapshot, readOnly, onCommand }: Omit<ContentProps, 'close'>) {
  const { say } = useTexts()
  if (!snapshot.actions.includes('confirm_time')) return null
  return (
    <CommandButton
      keyShown={shownKey(sheetKeys.confirm_time)}
      isDisabled={readOnly}
      onPress={() => onCommand({ command: 'show_time' })}
    >
      {say('action.confirm_time')}
    </CommandButton>
  )
}

/** The key of a row's button, for the row that has the keys. */
export function rowKey(chosen: boolean, action: SheetAction): { readonly keyShown?: string } {
  return chosen ? { keyShown: shownKey(sheetKeys[action]) } : {}
}
