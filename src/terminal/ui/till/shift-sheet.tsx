/** The sheet of shifts: the open one, its X-report and closing, the closed ones' Z-reports, and who may sell. */
import { useState } from 'react'
import type { Command, Snapshot } from '../../contract/index.ts'
import { confirmKey, sheetKeys } from '../input/intent.ts'
import { isPin } from '../input/keypad.ts'
import type { Sheet } from '../input/screen-state.ts'
import { formatDateTime } from '../texts/time.ts'
import { useTexts } from '../texts/use-texts.ts'
import { CommandButton, shownKey } from './command-button.tsx'
import { amountOf, onKey, useForm, type Ask } from './form-state.ts'
import { Field, NumberPad, type FieldKind } from './number-pad.tsx'
import { ConfirmTime, Row, rowKey, SheetHead, type ContentProps } from './sheet-parts.tsx'
import { PinTrouble } from './start-screen.tsx'

type ShiftSheetState = Sheet & { readonly kind: 'shift' }

interface ShiftSheetProps extends ContentProps {
  readonly sheet: ShiftSheetState
  readonly onSheet: (sheet: Sheet | null) => void
  readonly onAsk: Ask
}

export function ShiftSheet(props: ShiftSheetProps) {
  const { sheet, snapshot, close, onSheet, onAsk } = props
  if (sheet.view === 'close') return <CloseForm {...{ close, onAsk }} done={() => onSheet(null)} />
  if (sheet.view === 'cashier' || snapshot.shift.cashiers.length === 0)
    return (
      <CashierForm
        {...{ snapshot, close, onAsk }}
        done={() => onSheet(snapshot.shift.cashiers.length === 0 ? null : { ...sheet, view: 'menu' })}
      />
    )
  return <Menu {...props} />
}

function Menu({ sheet, snapshot, readOnly, close, onCommand, onSheet }: ShiftSheetProps) {
  const { say } = useTexts()
  const { open, closed } = snapshot.shift
  const show = (command: Command): void => {
    onSheet(null)
    onCommand(command)
  }
  const view = (next: ShiftSheetState['view']): void => onSheet({ ...sheet, view: next })
  return (
    <>
      <SheetHead title={open === null ? say('shift.button') : say('shift.of', headOf(open))} close={close} />
      <p className="sheet-what">
        {open === null ? say('shift.none') : say('shift.since', { time: formatDateTime(open.openedAt) })}
      </p>
      <div className="shift-buttons">
        {open === null ? (
          <CommandButton
            keyShown={shownKey(sheetKeys.set_cashier)}
            isDisabled={readOnly}
            onPress={() => view('cashier')}
          >
            {say('cashier.title')}
          </CommandButton>
        ) : (
          <>
            <CommandButton
              keyShown={shownKey(sheetKeys.x_report)}
              isDisabled={readOnly}
              onPress={() => show({ command: 'x_report' })}
            >
              {say('shift.x')}
            </CommandButton>
            <CommandButton
              keyShown={shownKey(sheetKeys.close_shift)}
              isDisabled={readOnly || !snapshot.actions.includes('close_shift')}
              onPress={() => view('close')}
            >
              {say('shift.close')}
            </CommandButton>
          </>
        )}
        <ConfirmTime {...{ snapshot, readOnly }} onCommand={onCommand} />
      </div>
      {closed.length === 0 ? null : <h2>{say('shift.closed')}</h2>}
      <ul className="sheet-list">
        {closed.map((shift) => (
          <Row
            key={shift.shiftId}
            chosen={shift.shiftId === sheet.chosen}
            buttons={
              <CommandButton
                {...rowKey(shift.shiftId === sheet.chosen, 'z_report')}
                isDisabled={readOnly}
                onPress={() => show({ command: 'z_report', shiftId: shift.shiftId })}
              >
                {say('shift.z')}
              </CommandButton>
            }
          >
            <p>{say('shift.of', headOf(shift))}</p>
            <p className="hint">{formatDateTime(shift.closedAt ?? shift.openedAt)}</p>
          </Row>
        ))}
      </ul>
    </>
  )
}

type Shift = NonNullable<Snapshot['shift']['open']>

export const headOf = ({ number, cashier }: Pick<Shift, 'number' | 'cashier'>) => ({ number, cashier: cashier.name })

interface FormProps {
  readonly close: () => void
  readonly onAsk: Ask
  readonly done: () => void
}

/** On the key that answers questions, not on Enter: a closed shift stays closed. */
function CloseForm({ close, onAsk, done }: FormProps) {
  const { say, codes } = useTexts()
  const form = useForm({ counted: 'amount' }, 'counted')
  const counted = amountOf(form.values.counted)
  const send = (): void => {
    if (counted !== null) form.send(onAsk, { command: 'close_shift', counted }, done)
  }
  return (
    <div className="form" onKeyDown={onKey(confirmKey, send)}>
      <SheetHead title={say('close.title')} close={close} />
      <div className="form-body">
        <div className="form-fields">
          <p>{say('close.detail')}</p>
          <Field
            label={say('close.counted')}
            kind="amount"
            value={form.values.counted}
            active
            input={form.first}
            onFocus={() => form.activate('counted')}
            onValue={(value) => form.set('counted', value)}
          />
          {form.fault === null ? null : (
            <p className="form-trouble" role="alert">
              {codes.faults[form.fault].what} {codes.faults[form.fault].todo}
            </p>
          )}
          <CommandButton look="warning" keyShown={confirmKey} isDisabled={counted === null || form.busy} onPress={send}>
            {say('shift.close')}
          </CommandButton>
        </div>
        <NumberPad comma onKey={form.key} onBackspace={form.backspace} />
      </div>
    </div>
  )
}

const cashierFields = {
  name: 'name',
  number: 'number',
  pin: 'pin',
  again: 'pin',
  merchant: 'pin',
} as const satisfies Readonly<Record<string, FieldKind>>
type CashierField = keyof typeof cashierFields

/** The first cashier is the merchant, number 1; with that PIN the others are made, and PINs changed. */
function CashierForm({ snapshot, close, onAsk, done }: FormProps & { readonly snapshot: Snapshot }) {
  const { say } = useTexts()
  const { cashiers } = snapshot.shift
  const [isFirst] = useState(cashiers.length === 0)
  const free = Array.from({ length: 99 }, (_, at) => at + 1).find((one) =>
    cashiers.every(({ number }) => number !== one),
  )
  // Without a keyboard nobody types a name: there is one to leave as it is.
  const standardName = say('cashier.standardName', { number: free ?? '' })
  const form = useForm(cashierFields, 'pin', { number: String(free ?? ''), name: standardName })
  const { name, number, pin, again, merchant } = form.values
  const complete =
    name.trim() !== '' && Number(number) >= 1 && isPin(pin) && again !== '' && (isFirst || isPin(merchant))
  const differ = again !== '' && again.length >= pin.length && pin !== again
  const send = (): void => {
    if (!complete || pin !== again) return
    const cashier = { number: Number(number), name: name.trim() }
    form.send(onAsk, { command: 'set_cashier', cashier, pin, merchantPin: isFirst ? null : merchant }, done)
  }
  const field = (of: CashierField, label: string) => (
    <Field
      label={label}
      kind={cashierFields[of]}
      value={form.values[of]}
      active={form.active === of}
      {...(of === 'pin' ? { input: form.first } : {})}
      onFocus={() => form.activate(of)}
      onValue={(value) => form.set(of, value)}
    />
  )
  const merchantWaits = isFirst ? null : (cashiers.find((one) => one.number === 1)?.waitUntil ?? null)
  return (
    <div className="form" onKeyDown={onKey('Enter', send)}>
      <SheetHead title={say(isFirst ? 'cashier.first' : 'cashier.title')} close={close} />
      {isFirst ? <p>{say('shift.without')}</p> : null}
      <div className="form-body">
        <div className="form-fields">
          {field('name', say('cashier.name'))}
          {isFirst ? null : field('number', say('cashier.number'))}
          {field('pin', say('cashier.pin'))}
          {field('again', say('cashier.pinAgain'))}
          {isFirst ? null : field('merchant', say('cashier.merchantPin'))}
          {differ ? (
            <p className="form-trouble" role="alert">
              {say('cashier.pinsDiffer')}
            </p>
          ) : (
            <PinTrouble snapshot={snapshot} fault={form.fault} waitUntil={merchantWaits} />
          )}
          <CommandButton look="primary" keyShown="Enter" isDisabled={!complete || differ || form.busy} onPress={send}>
            {say('cashier.save')}
          </CommandButton>
        </div>
        <NumberPad comma={false} onKey={form.key} onBackspace={form.backspace} />
      </div>
    </div>
  )
}
