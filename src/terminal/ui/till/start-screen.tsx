/** The till without a shift: who sells types a PIN, and selling begins. Lists and lights stay within reach. */
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode, type RefObject } from 'react'
import { ToggleButton } from 'react-aria-components'
import { zeroTiyn, type CommandFault, type Snapshot } from '../../contract/index.ts'
import { formatSince } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton } from './command-button.tsx'
import { amountOf, onKey, useForm, type Ask } from './form-state.ts'
import { hearKeys } from '../input/keyboard.ts'
import { isPin } from '../input/keypad.ts'
import { Field, NumberPad } from './number-pad.tsx'

interface StartScreenProps {
  readonly snapshot: Snapshot
  readonly working: boolean
  readonly onAsk: Ask
  /** What the window has to say. */
  readonly children?: ReactNode
}

export function StartScreen({ snapshot, working, onAsk, children }: StartScreenProps) {
  const { say } = useTexts()
  const { cashiers, closed } = snapshot.shift
  const [asked, setAsked] = useState<number | null>(closed[0]?.cashier.number ?? null)
  const form = useForm({ pin: 'pin', float: 'amount' }, 'pin')
  const cashier = cashiers.find(({ number }) => number === asked) ?? cashiers[0]
  const choose = (number: number): void => {
    setAsked(number)
    form.set('pin', '')
  }
  const step = (by: number): void => {
    const at = cashiers.findIndex(({ number }) => number === cashier?.number)
    const next = cashiers[(at + by + cashiers.length) % cashiers.length]
    if (next !== undefined) choose(next.number)
  }
  const open = (): void => {
    if (cashier === undefined || !working || !isPin(form.values.pin)) return
    const openingFloat = amountOf(form.values.float) ?? zeroTiyn
    form.send(
      onAsk,
      { command: 'open_shift', cashier: cashier.number, pin: form.values.pin, openingFloat },
      () => undefined,
    )
  }
  useKeysAnywhere(form.first, open)
  const keys = (event: KeyboardEvent<HTMLElement>): void => {
    onKey('Enter', open)(event)
    onKey('ArrowDown', () => step(1))(event)
    onKey('ArrowUp', () => step(-1))(event)
  }
  const field = (name: 'pin' | 'float', label: string) => (
    <Field
      label={label}
      kind={name === 'pin' ? 'pin' : 'amount'}
      value={form.values[name]}
      active={form.active === name}
      {...(name === 'pin' ? { input: form.first } : {})}
      onFocus={() => form.activate(name)}
      onValue={(value) => form.set(name, value)}
    />
  )
  return (
    <main className="start" onKeyDown={keys}>
      <section className="start-who" aria-label={say('start.cashier')}>
        <h2 className="start-title">{say('start.title')}</h2>
        <p>
          {say('start.cashier')} <kbd className="key">↑ ↓</kbd>
        </p>
        <div className="start-cashiers" role="group" aria-label={say('start.cashier')}>
          {cashiers.map(({ number, name }) => (
            <ToggleButton
              key={number}
              className="button start-cashier"
              preventFocusOnPress
              isSelected={number === cashier?.number}
              onPress={() => choose(number)}
            >
              <span className="button-word">
                {number} · {name}
              </span>
            </ToggleButton>
          ))}
        </div>
      </section>
      <section className="start-form" aria-label={say('start.title')}>
        {field('pin', say('start.pin'))}
        {field('float', say('start.float'))}
        <PinTrouble {...{ snapshot, fault: form.fault }} waitUntil={cashier?.waitUntil ?? null} />
        <CommandButton
          look="primary"
          keyShown="Enter"
          isDisabled={!working || !isPin(form.values.pin) || form.busy}
          onPress={open}
        >
          {say('start.open')}
        </CommandButton>
      </section>
      <NumberPad comma={form.active === 'float'} onKey={form.key} onBackspace={form.backspace} />
      {children}
    </main>
  )
}

/**
 * Digits go to the PIN and Enter opens, wherever a sheet that was closed has left the keyboard: nowhere, or on the
 * button that had opened it. A control that the cashier went to by Tab keeps its keys.
 */
function useKeysAnywhere(field: RefObject<HTMLInputElement | null>, open: () => void): void {
  const latest = useRef(open)
  useLayoutEffect(() => {
    latest.current = open
  })
  useEffect(
    () =>
      hearKeys((event, way) => {
        if (document.querySelector('[role="dialog"]') !== null) {
          // Where Tab went on a sheet is over with the sheet.
          way.byTab = false
          return
        }
        const { activeElement, body } = document
        const isOwn = way.byTab && activeElement !== null && activeElement !== body
        if (isOwn || field.current?.closest('.start')?.contains(activeElement) === true) return
        if (/^\d$/.test(event.key)) field.current?.focus()
        if (event.key !== 'Enter' || event.repeat || event.isComposing) return
        event.preventDefault()
        event.stopPropagation()
        latest.current()
      }),
    [field],
  )
}

interface PinTroubleProps {
  readonly snapshot: Snapshot
  readonly fault: CommandFault | null
  readonly waitUntil: number | null
}

/** What was refused, what to do, and until when nothing is taken. */
export function PinTrouble({ snapshot, fault, waitUntil }: PinTroubleProps) {
  const { say, codes } = useTexts()
  const { now } = snapshot.time
  // The core says it when it changes; that the time is over is no change.
  const waits = waitUntil !== null && (fault === 'pin_wait' || waitUntil > now)
  return (
    <p className="form-trouble" role="alert">
      {fault === null ? null : `${codes.faults[fault].what} ${codes.faults[fault].todo} `}
      {waits ? say('start.wait', { time: formatSince(waitUntil + 59_999, now) }) : null}
      {fault === null && !waits ? <span className="hint">{say('start.pinShort')}</span> : null}
    </p>
  )
}
