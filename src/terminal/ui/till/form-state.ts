/** What a form of the till remembers while it is open: the texts of its fields, which has the keys, what failed. */
import { useEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react'
import { zeroTiyn, type Command, type CommandAnswer, type CommandFault, type Tiyn } from '../../contract/index.ts'
import { typedAmount } from '../input/keypad.ts'
import { fieldText, type FieldKind } from './number-pad.tsx'

export type Ask = (command: Command) => Promise<CommandAnswer>

export interface FormState<Name extends string> {
  readonly values: Readonly<Record<Name, string>>
  readonly active: Name
  readonly fault: CommandFault | null
  readonly busy: boolean
  /** The field that has the focus when the form opens, and again after a fault. */
  readonly first: RefObject<HTMLInputElement | null>
  readonly set: (name: Name, value: string) => void
  readonly activate: (name: Name) => void
  readonly key: (character: string) => void
  readonly backspace: () => void
  /** Sends; a refused PIN is wiped and typed again. */
  readonly send: (ask: Ask, command: Command, done: () => void) => void
}

export function useForm<Name extends string>(
  kinds: Readonly<Record<Name, FieldKind>>,
  firstField: NoInfer<Name>,
  initial: Partial<Record<NoInfer<Name>, string>> = {},
): FormState<Name> {
  const names = Object.keys(kinds) as Name[]
  const empty = Object.fromEntries(names.map((name) => [name, initial[name] ?? ''])) as Record<Name, string>
  const [values, setValues] = useState(empty)
  const [active, setActive] = useState<Name>(firstField)
  const [fault, setFault] = useState<CommandFault | null>(null)
  const [busy, setBusy] = useState(false)
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const set = (name: Name, value: string): void => {
    setFault(null)
    setValues((before) => ({ ...before, [name]: value }))
  }
  const change = (by: (before: string) => string): void => {
    setFault(null)
    setValues((before) => ({ ...before, [active]: fieldText(kinds[active], by(before[active])) }))
  }
  const wipePins = (): void =>
    setValues((before) => {
      const wiped = names.filter((name) => kinds[name] === 'pin').map((name) => [name, ''] as const)
      return { ...before, ...Object.fromEntries(wiped) }
    })
  return {
    values,
    active,
    fault,
    busy,
    first,
    set,
    activate: setActive,
    key: (character) => change((before) => before + character),
    backspace: () => change((before) => before.slice(0, -1)),
    send: (ask, command, done) => {
      if (busy) return
      setBusy(true)
      void ask(command).then((answer) => {
        setBusy(false)
        if (answer.ok) return done()
        setFault(answer.fault)
        wipePins()
        setActive(firstField)
        first.current?.focus()
      })
    },
  }
}

/** Zero is an amount too, once it was typed. */
export function amountOf(text: string): Tiyn | null {
  if (text === '') return null
  return typedAmount(text) ?? zeroTiyn
}

/** Calls `act` on this key, unless it belongs to a button that Tab has reached. */
export function onKey(key: string, act: () => void): (event: KeyboardEvent<HTMLElement>) => void {
  return (event) => {
    if (event.key !== key || event.repeat) return
    if (key === 'Enter' && (event.target as HTMLElement).closest('button') !== null) return
    event.preventDefault()
    act()
  }
}
