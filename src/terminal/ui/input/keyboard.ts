/**
 * Hears every key before any control does, so that a scanner works anywhere and the Enter or Tab at its end presses
 * nothing. What a key means is decided by `intent.ts`; this only listens, asks and stops what must go no further.
 */
import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react'
import { intentOf, type Intent, type Situation } from './intent.ts'
import { isAmountCharacter, isPinCharacter } from './keypad.ts'
import type { Offers } from './offers.ts'
import { scannedCharacter } from './scanned-character.ts'
import { burstTailMs, isScanner, isWithinBurst, readEnd } from './scanner-burst.ts'
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
  /** `at`: when the key came that ended it, by `event.timeStamp`. */
  readonly onBarcode: (barcode: string, at: number) => void
}

export function useKeyboard(listening: Listening): void {
  const latest = useRef(listening)
  // With the screen itself, not after it was painted: a key means what the screen offers now.
  useLayoutEffect(() => {
    latest.current = listening
  })
  useEffect(() => {
    let waiting: number | undefined
    const stopHearing = hearKeys((event, { byTab }) => {
      hear(event, latest.current, byTab)
      const { burst } = latest.current.store.get()
      if (burst.lastAt !== event.timeStamp || !isScanner(burst)) return
      window.clearTimeout(waiting)
      waiting = window.setTimeout(() => hearSilence(latest.current, burst.lastAt), burstTailMs)
    })
    return () => {
      window.clearTimeout(waiting)
      stopHearing()
    }
  }, [])
}

/**
 * Nothing has come after a scanner's last character: a scanner that sends neither Enter nor Tab. It is said and not
 * taken for a code, because the half of one looks the same. The burst is left as it is: keys that only came late to a
 * busy window may still end it.
 *
 * @param lastAt of the burst that was waited for
 */
export function hearSilence({ store, asksPin }: Pick<Listening, 'store' | 'asksPin'>, lastAt: number): void {
  const { burst } = store.get()
  if (burst.lastAt === lastAt && isScanner(burst) && !asksPin)
    store.dispatch({ type: 'notice', notice: { kind: 'scan_broken' } })
}

/**
 * Every key, before any control hears it. A control that was touched may still hold the focus: Enter is its own only
 * when Tab brought the cashier there.
 *
 * @returns ends it
 */
export function hearKeys(heard: (event: KeyboardEvent, way: { byTab: boolean }) => void): () => void {
  let byTab = false
  let lastTab: KeyboardEvent | null = null
  const way = {
    /** A Tab that somebody has stopped, because it ended a scanner's code, has brought nobody anywhere. */
    get byTab() {
      return byTab || lastTab?.defaultPrevented === false
    },
    set byTab(now) {
      byTab = now
      lastTab = null
    },
  }
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === 'Tab') {
      byTab = way.byTab
      lastTab = event
    }
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
  const ends = endsCode(event)
  if (ends) {
    const reading = readEnd(store.get().burst, event.timeStamp)
    if (reading.kind !== 'key') {
      stop()
      store.dispatch({ type: 'burst_ended', at: event.timeStamp })
      if (now.asksPin) store.dispatch({ type: 'pin', text: '' })
      else if (reading.kind === 'barcode') now.onBarcode(reading.barcode, event.timeStamp)
      else if (reading.kind === 'broken') store.dispatch({ type: 'notice', notice: { kind: 'scan_broken' } })
      return
    }
  }
  const situation = situationOf(now, byTab)
  // Short codes and slow scanners are no burst, and a wrong PIN costs the card a try: no hand is so fast with Enter.
  if (ends && situation.sheet === 'pin' && isWithinBurst(store.get().burst, event.timeStamp)) {
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
  const scanned = isPlain(event) ? scannedCharacter(event) : null
  if (scanned !== null) {
    const typable = situation.sheet === 'none' && situation.focus !== 'search' && now.editable
    const ofPin = situation.sheet === 'pin' && isPinCharacter(event.key) ? 'pin' : 'nowhere'
    const into = typable && isAmountCharacter(event.key) ? 'amount' : ofPin
    if (!event.repeat) store.dispatch({ type: 'character', character: event.key, scanned, at: event.timeStamp, into })
    const { burst } = store.get()
    // The rest of a scanner's burst reaches no field and presses no button.
    if (isScanner(burst) || (event.key === ' ' && burst.characters.length > 1 && situation.focus !== 'search'))
      return stop()
  }
  if (intent === null) return
  stop()
  // A scanned − or + would change the basket before the burst is known as one: only the first of a burst may act.
  if (scanned !== null && event.key.length === 1 && store.get().burst.characters.length > 1) return
  now.onIntent(intent)
}

const isPlain = ({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean => !ctrlKey && !metaKey && !altKey

/** With Shift, Tab goes back among the controls: no scanner sends that. */
const endsCode = (event: KeyboardEvent): boolean =>
  event.key === 'Enter' || (event.key === 'Tab' && isPlain(event) && !event.shiftKey)

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
