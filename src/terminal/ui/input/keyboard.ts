/**
 * Hears every key before any control does, so that a scanner works anywhere and its Enter presses nothing. What a key
 * means is decided by `intent.ts`; this only listens, asks and stops what must go no further.
 */
import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react'
import { intentOf, type Intent, type Situation } from './intent.ts'
import { isAmountCharacter, isPinCharacter } from './keypad.ts'
import type { Offers } from './offers.ts'
import { isScanner, isWithinBurst, readEnter } from './scanner-burst.ts'
import type { ScreenStore, Sheet } from './screen-state.ts'

interface Listening {
  readonly store: ScreenStore
  readonly searchField: RefObject<HTMLInputElement | null>
  readonly offers: Offers
  readonly editable: boolean
  /** What has the keys while no sheet of the screen's own is open. */
  readonly beneath: 'none' | 'start' | 'pin' | 'report'
  /** The customer's PIN is asked for, whatever lies over the pad: nothing is scanned. */
  readonly asksPin: boolean
  readonly onIntent: (intent: Intent) => void
  /** `at`: when its Enter came, by `event.timeStamp`. */
  readonly onBarcode: (barcode: string, at: number) => void
}

export function useKeyboard(listening: Listening): void {
  const latest = useRef(listening)
  // With the screen itself, not after it was painted: a key means what the screen offers now.
  useLayoutEffect(() => {
    latest.current = listening
  })
  useEffect(() => {
    return hearKeys((event, { byTab }) => hear(event, latest.current, byTab))
  }, [])
}

/**
 * Every key, before any control hears it. A control that was touched may still hold the focus: Enter is its own only
 * when Tab brought the cashier there.
 *
 * @returns ends it
 */
export function hearKeys(heard: (event: KeyboardEvent, way: { byTab: boolean }) => void): () => void {
  const way = { byTab: false }
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === 'Tab') way.byTab = true
    heard(event, way)
  }
  const touched = (): void => {
    way.byTab = false
  }
  window.addEventListener('keydown', pressed, { capture: true })
  window.addEventListener('pointerdown', touched, { capture: true })
  return () => {
    window.removeEventListener('keydown', pressed, { capture: true })
    window.removeEventListener('pointerdown', touched, { capture: true })
  }
}

/** What one key does. Public for the tests: every key comes by `useKeyboard`. */
export function hear(event: KeyboardEvent, now: Listening, byTab: boolean): void {
  if (event.isComposing) return
  const stop = (): void => {
    event.preventDefault()
    event.stopPropagation()
  }
  const { store } = now
  if (event.key === 'Enter') {
    const reading = readEnter(store.get().burst, event.timeStamp)
    if (reading.kind !== 'key') {
      stop()
      store.dispatch({ type: 'burst_ended' })
      if (now.asksPin) store.dispatch({ type: 'pin', text: '' })
      else if (reading.kind === 'barcode') now.onBarcode(reading.barcode, event.timeStamp)
      return
    }
  }
  const situation = situationOf(now, byTab)
  // Short codes and slow scanners are no burst, and a wrong PIN costs the card a try: no hand is so fast with Enter.
  if (event.key === 'Enter' && situation.sheet === 'pin' && isWithinBurst(store.get().burst, event.timeStamp)) {
    stop()
    return store.dispatch({ type: 'pin', text: '' })
  }
  const intent = intentOf(
    {
      key: event.key,
      code: event.code,
      alt: event.altKey,
      control: event.ctrlKey || event.metaKey,
      repeat: event.repeat,
    },
    situation,
  )
  if (isCharacter(event)) {
    const typable = situation.sheet === 'none' && situation.focus !== 'search' && now.editable
    const ofPin = situation.sheet === 'pin' && isPinCharacter(event.key) ? 'pin' : 'nowhere'
    const into = typable && isAmountCharacter(event.key) ? 'amount' : ofPin
    if (!event.repeat) store.dispatch({ type: 'character', character: event.key, at: event.timeStamp, into })
    const { burst } = store.get()
    // The rest of a scanner's burst reaches no field and presses no button.
    if (isScanner(burst) || (event.key === ' ' && burst.characters.length > 1 && situation.focus !== 'search'))
      return stop()
  }
  if (intent === null) return
  stop()
  // A scanned − or + would change the basket before the burst is known as one: only the first of a burst may act.
  if (isCharacter(event) && store.get().burst.characters.length > 1) return
  now.onIntent(intent)
}

function isCharacter(event: KeyboardEvent): boolean {
  return event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey
}

function situationOf({ store, searchField, offers, editable, beneath }: Listening, byTab: boolean): Situation {
  const { typing, sheet, selectedLine, notice } = store.get()
  const focused = document.activeElement
  const onSearch = focused !== null && focused === searchField.current
  const onControl = byTab && focused !== null && focused !== document.body
  return {
    sheet: sheet === null ? beneath : sheetOf(sheet),
    focus: onSearch ? 'search' : onControl ? 'control' : 'page',
    typing: typing.amount !== '' ? 'amount' : typing.search !== '' ? 'search' : 'nothing',
    offers,
    editable,
    lineSelected: selectedLine !== null,
    noticeShown: notice !== null,
  }
}

/** What is typed on a form is the form's own. */
function sheetOf(sheet: Sheet): Situation['sheet'] {
  if (sheet.kind === 'time' || (sheet.kind === 'shift' && sheet.view !== 'menu')) return 'form'
  return sheet.kind
}
