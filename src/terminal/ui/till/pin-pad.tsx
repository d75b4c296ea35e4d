/**
 * The pad on which the card's holder types its PIN: in the place of tiles and keypad, for whoever stands on the other
 * side of the counter. Digits stand as on every PIN pad, 1 2 3 on top, and are never shown.
 */
import { Button } from 'react-aria-components'
import { isPin, typePin } from '../input/keypad.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton, enterArrow } from './command-button.tsx'

interface PinPadProps {
  readonly typed: string
  /** The card lies there and waits for it. */
  readonly canGive: boolean
  readonly onType: (text: string) => void
  readonly onGive: () => void
}

export function PinPad({ typed, canGive, onType, onGive }: PinPadProps) {
  const { say } = useTexts()
  return (
    <section className="pin-pad" aria-label={say('pin.title')}>
      <div className="pin-shown">
        <h2>{say('pin.title')}</h2>
        <output className="pin-dots" aria-label={say('pin.title')} data-digits={typed.length}>
          {typed === '' ? <span className="hint">{say('pin.hint')}</span> : '●'.repeat(typed.length)}
        </output>
        <CommandButton look="primary" keyShown={enterArrow} isDisabled={!canGive || !isPin(typed)} onPress={onGive}>
          {say('pin.enter')}
        </CommandButton>
      </div>
      <div className="keys pin-keys" role="group" aria-label={say('pin.title')}>
        {['1', '2', '3', '4', '5', '6', '7', '8', '9', '', '0'].map((digit) =>
          digit === '' ? (
            <span key="gap" />
          ) : (
            <Button
              key={digit}
              className="keypad-key"
              preventFocusOnPress
              onPress={() => onType(typePin(typed, digit))}
            >
              <span className="pin-digit">{digit}</span>
            </Button>
          ),
        )}
        <Button
          className="keypad-key"
          preventFocusOnPress
          aria-label={say('pin.backspace')}
          onPress={() => onType(typed.slice(0, -1))}
        >
          <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d="M8 5 h13 v14 h-13 l-6 -7 z M11 9 l6 6 M17 9 l-6 6" />
          </svg>
        </Button>
      </div>
    </section>
  )
}
