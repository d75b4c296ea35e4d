/**
 * Scanners and keypads that the till reads itself: what they say means what the same means when it is typed. Such a
 * device may type as well, where the system was not told to leave it alone: then one scan must not be two.
 */
import { useEffect, useLayoutEffect, useRef } from 'react'
import type { Bridge, DeviceInput } from '../../contract/index.ts'

/** So far apart are the two of one press at the most. No hand scans or presses the same twice in this time. */
export const echoMs = 500

type Way = 'typed' | 'device'

/** Tells the second of two that came by both ways. Times are milliseconds of one clock. */
export class EchoFilter {
  #heard: readonly { readonly way: Way; readonly what: string; readonly at: number }[] = []

  /** True for what has come by the other way already; each is taken for the echo of one only. */
  isEcho(way: Way, what: string, at: number): boolean {
    const recent = this.#heard.filter((heard) => at - heard.at < echoMs)
    const twin = recent.find((heard) => heard.way !== way && heard.what === what)
    this.#heard = twin === undefined ? [...recent, { way, what, at }] : recent.filter((heard) => heard !== twin)
    return twin !== undefined
  }
}

/** The clock of the window's events, which a key that is typed is stamped with. */
const now = (): number => new Event('now').timeStamp

interface Listening {
  readonly bridge: Bridge
  /** The customer's PIN is asked for: nothing is scanned. */
  readonly asksPin: boolean
  readonly onBarcode: (barcode: string) => void
}

/**
 * Hears scanners and keypads, and the keyboard for echoes of a keypad.
 *
 * @returns takes a barcode that was typed, unless it is the echo of a scanned one
 */
export function useDevices(listening: Listening): (barcode: string) => void {
  const { bridge } = listening
  const latest = useRef(listening)
  useLayoutEffect(() => {
    latest.current = listening
  })
  const echoes = useRef(new EchoFilter())
  useEffect(() => bridge.onInput((input) => hearDevice(input, latest.current, echoes.current)), [bridge])
  useEffect(() => {
    const typed = (event: KeyboardEvent): void => {
      if (!event.isTrusted || event.repeat || !isKeypadKey(event.key)) return
      if (!echoes.current.isEcho('typed', `key ${event.key}`, event.timeStamp)) return
      event.preventDefault()
      event.stopImmediatePropagation()
    }
    window.addEventListener('keydown', typed, { capture: true })
    return () => window.removeEventListener('keydown', typed, { capture: true })
  }, [])
  return (barcode) => {
    if (!echoes.current.isEcho('typed', `code ${barcode}`, now())) latest.current.onBarcode(barcode)
  }
}

const isKeypadKey = (key: string): boolean => /^([0-9,.]|Enter|Backspace)$/.test(key)

function hearDevice(input: DeviceInput, { asksPin, onBarcode }: Listening, echoes: EchoFilter): void {
  if (input.kind === 'code') {
    if (!echoes.isEcho('device', `code ${input.code}`, now()) && !asksPin) onBarcode(input.code)
    return
  }
  if (!echoes.isEcho('device', `key ${input.key}`, now())) pressKey(input.key)
}

/** Presses a key where the keyboard is, so that it means what it means there: no part of the screen knows keypads. */
function pressKey(key: string): void {
  const target = document.activeElement ?? document.body
  const pressed = { key, code: codeOf(key), bubbles: true, cancelable: true }
  const isTaken = !target.dispatchEvent(new KeyboardEvent('keydown', pressed))
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
