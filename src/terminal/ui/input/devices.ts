/**
 * Scanners and keypads that the till reads itself: what they say means what the same means when it is typed. Such a
 * device may type as well, where the system was not told to leave it alone: then one scan must not be two.
 */
import { useEffect, useLayoutEffect, useRef } from 'react'
import type { Bridge, DeviceInput } from '../../contract/index.ts'
import { DeviceGate } from './device-gate.ts'
import { eventClockNow, onEventClock } from './window-clock.ts'

interface Listening {
  readonly bridge: Bridge
  /** The customer's PIN is asked for: nothing is scanned. */
  readonly asksPin: boolean
  readonly onBarcode: (barcode: string) => void
  /** A digit of the PIN came too late and was dropped: without it, it is another PIN. */
  readonly onLatePin: () => void
}

/**
 * Hears scanners and keypads, and the keyboard for echoes of a keypad.
 *
 * @returns takes a barcode that was typed, unless it is the echo of a scanned one; `at` is its Enter's `timeStamp`
 */
export function useDevices(listening: Listening): (barcode: string, at: number) => void {
  const { bridge, asksPin } = listening
  const latest = useRef(listening)
  const gate = useRef(new DeviceGate())
  useLayoutEffect(() => {
    latest.current = listening
  })
  useLayoutEffect(() => gate.current.asks(asksPin, eventClockNow()), [asksPin])
  useEffect(() => bridge.onInput((input) => hearDevice(input, latest.current, gate.current)), [bridge])
  useEffect(() => {
    const typed = (event: KeyboardEvent): void => {
      if (!event.isTrusted || event.repeat) return
      if (gate.current.typedKey({ key: event.key, code: event.code, at: event.timeStamp })) return
      event.preventDefault()
      event.stopImmediatePropagation()
    }
    window.addEventListener('keydown', typed, { capture: true })
    return () => window.removeEventListener('keydown', typed, { capture: true })
  }, [])
  return (barcode, at) => {
    if (gate.current.typedCode(barcode, at)) latest.current.onBarcode(barcode)
  }
}

function hearDevice(input: DeviceInput, { asksPin, onBarcode, onLatePin }: Listening, gate: DeviceGate): void {
  const at = onEventClock(input.at)
  if (input.kind === 'code') {
    if (gate.scanned(input.code, at, eventClockNow()) === 'take') onBarcode(input.code)
    return
  }
  const verdict = gate.pressed(input.key, at, eventClockNow())
  if (verdict === 'take') pressKey(input.key, at)
  else if (verdict === 'late' && asksPin) onLatePin()
}

/**
 * Presses a key where the keyboard is, so that it means what it means there: no part of the screen knows keypads.
 *
 * @param at when it was pressed, on the clock of the window's events: keys that come in a bunch are no scanner's burst
 */
function pressKey(key: string, at: number): void {
  const target = document.activeElement ?? document.body
  const pressed = { key, code: codeOf(key), bubbles: true, cancelable: true }
  const down = new KeyboardEvent('keydown', pressed)
  Object.defineProperty(down, 'timeStamp', { value: at })
  const isTaken = !target.dispatchEvent(down)
  const field = document.activeElement
  field?.dispatchEvent(new KeyboardEvent('keyup', pressed))
  // What a program presses writes nothing by itself.
  if (isTaken || key === 'Enter' || !(field instanceof HTMLInputElement)) return
  if (key === 'Backspace') document.execCommand('delete')
  else document.execCommand('insertText', false, key)
}

function codeOf(key: string): string {
  if (key === 'Enter') return 'NumpadEnter'
  if (key === 'Backspace') return key
  return key === ',' ? 'NumpadDecimal' : `Numpad${key}`
}
