/** Is it now this time? The machine's clock, large, beside the last that the till knows, and the PIN that says yes. */
import { useEffect, useState } from 'react'
import type { Snapshot, TimeToConfirm } from '../../contract/index.ts'
import { confirmKey } from '../input/intent.ts'
import { isPin } from '../input/keypad.ts'
import { formatDate, formatDateTime, formatTime } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton } from './command-button.tsx'
import { onKey, useForm, type Ask } from './form-state.ts'
import { Field, NumberPad } from './number-pad.tsx'
import { Fact, SheetHead } from './sheet-parts.tsx'
import { PinTrouble } from './start-screen.tsx'

interface TimeSheetProps {
  readonly snapshot: Snapshot
  readonly readOnly: boolean
  readonly close: () => void
  readonly onAsk: Ask
}

export function TimeSheet(props: TimeSheetProps) {
  const { say } = useTexts()
  const { toConfirm } = props.snapshot.time
  if (toConfirm !== null) return <TimeForm {...props} toConfirm={toConfirm} />
  return (
    <>
      <SheetHead title={say('action.confirm_time')} close={props.close} />
      <p className="sheet-what">{say('time.confirmed')}</p>
    </>
  )
}

/** On the key that answers questions, not on Enter, which ends a PIN elsewhere. */
function TimeForm({ snapshot, toConfirm, readOnly, close, onAsk }: TimeSheetProps & { toConfirm: TimeToConfirm }) {
  const { say, codes } = useTexts()
  const form = useForm({ pin: 'pin' }, 'pin')
  const shown = useRunning(toConfirm.wall)
  const { journalAt, ledgerAt, goesBack, obstacle } = toConfirm
  const { pin } = form.values
  const isReady = !readOnly && obstacle === null && isPin(pin) && !form.busy
  const send = (): void => {
    if (isReady) form.send(onAsk, { command: 'confirm_time', pin, shown }, close)
  }
  const known = (instant: number | null): string => (instant === null ? say('time.never') : formatDateTime(instant))
  const manager = snapshot.shift.cashiers.find(({ number }) => number === 1)
  return (
    <div className="form" onKeyDown={onKey(confirmKey, send)}>
      <SheetHead title={say('action.confirm_time')} close={close} />
      <div className="form-body">
        <div className="form-fields">
          <p className="time-ask">{say(obstacle === null ? 'time.ask' : 'time.wall')}</p>
          <p className="time-shown">
            <strong>{formatTime(shown)}</strong> <span>{formatDate(shown)}</span>
          </p>
          <dl className="facts">
            <Fact term={say('time.journal')}>{known(journalAt)}</Fact>
            <Fact term={say('time.ledger')}>{known(ledgerAt)}</Fact>
          </dl>
          {obstacle === null ? (
            <>
              <Field
                label={say('cashier.merchantPin')}
                kind="pin"
                value={pin}
                active
                input={form.first}
                onFocus={() => form.activate('pin')}
                onValue={(value) => form.set('pin', value)}
              />
              <PinTrouble snapshot={snapshot} fault={form.fault} waitUntil={manager?.waitUntil ?? null} />
            </>
          ) : (
            <p className="sheet-what" role="alert">
              {codes.faults[obstacle].what} {codes.faults[obstacle].todo}
            </p>
          )}
        </div>
        <div className="form-fields">
          {obstacle === null ? <NumberPad comma={false} onKey={form.key} onBackspace={form.backspace} /> : null}
          {obstacle === null ? (
            <CommandButton look="warning" keyShown={confirmKey} isDisabled={!isReady} onPress={send}>
              {say('time.yes')}
            </CommandButton>
          ) : null}
        </div>
      </div>
      {obstacle === null ? (
        <p className="hint">
          {goesBack ? <strong>{say('time.back')} </strong> : null}
          {say('time.otherClock')}
        </p>
      ) : null}
    </div>
  )
}

/**
 * A clock that runs on from the core's last word. Should the machine's own be set meanwhile, this one does not follow:
 * the command carries what was seen, and the core refuses it.
 */
function useRunning(from: number): number {
  const [run, setRun] = useState({ from, ms: 0 })
  useEffect(() => {
    let start: number | undefined
    const look = (at: number): void => {
      start ??= at
      setRun({ from, ms: Math.floor(at - start) })
    }
    let frame = requestAnimationFrame(look)
    const timer = setInterval(() => {
      cancelAnimationFrame(frame)
      frame = requestAnimationFrame(look)
    }, 1_000)
    return () => {
      clearInterval(timer)
      cancelAnimationFrame(frame)
    }
  }, [from])
  return run.from === from ? from + run.ms : from
}
