/** Digits to touch, and the fields that they are typed into: PINs are dots, amounts end in ₸. */
import type { RefObject } from 'react'
import { Button } from 'react-aria-components'
import { typeAmount } from '../input/keypad.ts'
import { useTexts } from '../texts/use-texts.ts'

interface NumberPadProps {
  readonly comma: boolean
  readonly onKey: (character: string) => void
  readonly onBackspace: () => void
}

export function NumberPad({ comma, onKey, onBackspace }: NumberPadProps) {
  const { say } = useTexts()
  return (
    <div className="keys number-pad" role="group" aria-label={say('pad.title')}>
      {['7', '8', '9', '4', '5', '6', '1', '2', '3', ',', '0'].map((character) => (
        <Button
          key={character}
          className="keypad-key"
          preventFocusOnPress
          isDisabled={character === ',' && !comma}
          {...(character === ',' ? { 'aria-label': say('keypad.comma') } : {})}
          onPress={() => onKey(character)}
        >
          {character}
        </Button>
      ))}
      <Button className="keypad-key" preventFocusOnPress aria-label={say('keypad.backspace')} onPress={onBackspace}>
        <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
          <path d="M8 5 h13 v14 h-13 l-6 -7 z M11 9 l6 6 M17 9 l-6 6" />
        </svg>
      </Button>
    </div>
  )
}

export type FieldKind = 'pin' | 'amount' | 'number' | 'name'

/** What a field makes of a text: the same by touch, by key and by paste. */
export function fieldText(kind: FieldKind, text: string): string {
  if (kind === 'pin') return text.replaceAll(/\D/g, '').slice(0, 8)
  if (kind === 'number') return text.replaceAll(/\D/g, '').slice(0, 2)
  if (kind === 'name') return text.replaceAll(/\p{C}/gu, '').slice(0, 16)
  return [...text].reduce((typed, character) => typeAmount(typed, character).text, '')
}

interface FieldProps {
  readonly label: string
  readonly kind: FieldKind
  readonly value: string
  readonly active: boolean
  readonly input?: RefObject<HTMLInputElement | null>
  readonly onFocus: () => void
  readonly onValue: (value: string) => void
}

export function Field({ label, kind, value, active, input, onFocus, onValue }: FieldProps) {
  return (
    <label className={active ? 'field field-active' : 'field'}>
      <span>{label}</span>
      <span className="field-box">
        <input
          type={kind === 'pin' ? 'password' : 'text'}
          inputMode="none"
          autoComplete="off"
          className="field-input"
          value={value}
          {...(input === undefined ? {} : { ref: input })}
          onFocus={onFocus}
          onChange={(event) => onValue(fieldText(kind, event.target.value))}
        />
        {kind === 'amount' ? <span aria-hidden="true">₸</span> : null}
      </span>
    </label>
  )
}
