/**
 * What the screen itself remembers: what is being typed, the open sheet, the selected line. Nothing about money
 * (architecture.md, "Processes"): that is in the snapshot.
 */
import type { Command, CommandFault, Snapshot, TenderView } from '../../contract/index.ts'
import { nothingChosen, piecesLeft, type RefundChoice } from './refund-choice.ts'
import { endedBurst, extendBurst, isScanner, noBurst, type Burst } from './scanner-burst.ts'
import { backspaceAmount, isAmountCharacter, isPin, typeAmount, typePin } from './keypad.ts'

export const lightNames = ['reader', 'hid', 'printer', 'network', 'queue', 'till'] as const
export type LightName = (typeof lightNames)[number]

/** The lights that this till has, in their order on the row. */
export const shownLights = (lights: Snapshot['lights']): readonly LightName[] =>
  lightNames.filter((light) => lights[light] !== null)

/** What is asked before a command that cannot be taken back. */
export type Question = 'cancel_sale' | 'cancel_unknown' | 'void_sale' | 'goods_not_given' | 'refund_sale'

export type Sheet =
  | { readonly kind: 'light'; readonly light: LightName }
  /**
   * The sale or payment that the sheet's keys act on, by its id: rows move when another one is resolved meanwhile, and
   * a key must not act on what has come to lie under it. Null, or an id that is gone: no row has the keys.
   */
  | { readonly kind: 'recent' | 'unresolved'; readonly chosen: string | null }
  /** The sale is the one of the snapshot: the core was asked for it. */
  | ({ readonly kind: 'refund' } & RefundChoice)
  | { readonly kind: 'receipt_number'; readonly typed: string }
  /** `chosen`: the closed shift that has the keys. */
  | { readonly kind: 'shift'; readonly view: 'menu' | 'close' | 'cashier'; readonly chosen: string | null }
  /** Open while the snapshot shows a report; the core remembers which. */
  | { readonly kind: 'report' }
  /** A time that is not trusted, for a manager to say that it is right. */
  | { readonly kind: 'time' }
  | { readonly kind: 'question'; readonly question: Question; readonly command: Command; readonly behind: Sheet | null }

export interface UnresolvedGroup {
  readonly state: 'unknown' | 'maybe_debited' | 'torn'
  readonly tenders: readonly TenderView[]
}

/**
 * Unresolved payments under a title each: what may have been paid must not be charged again; of a torn card nothing was
 * sent (docs/design/01), and "do not charge again" over it would be wrong, unless the card may have paid by itself. The
 * doubtful ones stand first.
 */
export function unresolvedGroups(unresolved: readonly TenderView[]): readonly UnresolvedGroup[] {
  const groups: readonly UnresolvedGroup[] = [
    { state: 'unknown', tenders: unresolved.filter(({ state }) => state !== 'torn' && state !== 'maybe_debited') },
    { state: 'maybe_debited', tenders: unresolved.filter(({ state }) => state === 'maybe_debited') },
    { state: 'torn', tenders: unresolved.filter(({ state }) => state === 'torn') },
  ]
  return groups.filter(({ tenders }) => tenders.length > 0)
}

/** The ids of a list's rows, from the top. */
export function rowIds(kind: Sheet['kind'] | undefined, snapshot: Snapshot): readonly string[] {
  const { recent, unresolved, goodsAsked, shift, refund, lights } = snapshot
  if (kind === 'light') return shownLights(lights)
  if (kind === 'refund')
    return (refund?.lines ?? []).flatMap((line) => (piecesLeft(line) > 0 ? [String(line.line)] : []))
  if (kind === 'recent') return recent.map(({ saleId }) => saleId)
  if (kind === 'shift') return shift.closed.map(({ shiftId }) => shiftId)
  if (kind !== 'unresolved') return []
  const payments = unresolvedGroups(unresolved).flatMap(({ tenders }) => tenders.map(({ tenderId }) => tenderId))
  return [...payments, ...goodsAsked.map(({ saleId }) => saleId)]
}

/** The list of what is not over would be empty. */
export const isNothingToTell = ({ unresolved, torn, goodsAsked }: Snapshot): boolean =>
  unresolved.length + torn.length + goodsAsked.length === 0

/** The sheet of a return as it opens: nothing is taken back yet. */
export const newRefund: Sheet = { kind: 'refund', ...nothingChosen }

/** A list as it opens: the first row has the keys. */
export function openList(kind: 'recent' | 'unresolved', snapshot: Snapshot): Sheet {
  return { kind, chosen: rowIds(kind, snapshot)[0] ?? null }
}

/** The shifts as they open. */
export function openShifts(snapshot: Snapshot): Sheet {
  return { kind: 'shift', view: 'menu', chosen: rowIds('shift', snapshot)[0] ?? null }
}

/** Another row of a list, or the next light: the same sheet, one step on. `ids`: of the rows, or of the lights. */
export function sheetStepped(sheet: Sheet | null, by: 1 | -1, ids: readonly string[]): Sheet | null {
  if (sheet?.kind === 'light') {
    const shown = lightNames.filter((light) => ids.includes(light))
    const at = shown.indexOf(sheet.light) + by + shown.length
    return { kind: 'light', light: shown[at % shown.length] ?? sheet.light }
  }
  if (sheet === null || !('chosen' in sheet)) return sheet
  const at = ids.indexOf(sheet.chosen ?? '')
  const next = at === -1 ? 0 : Math.max(0, Math.min(ids.length - 1, at + by))
  return { ...sheet, chosen: ids[next] ?? null }
}

export type Notice =
  | { readonly kind: 'fault'; readonly fault: CommandFault }
  | { readonly kind: 'barcode_unknown'; readonly barcode: string }
  | { readonly kind: 'amount_above_cap' }
  /** A scanner's code without an end, or with a pause in it. */
  | { readonly kind: 'scan_broken' }
  /** The core says so by itself, some seconds after the cash perhaps. */
  | { readonly kind: 'drawer_shut' }

interface Typing {
  readonly amount: string
  readonly search: string
  /** Of the customer's card. Once it is sent or asked for no more, no digit of it is anywhere in this state. */
  readonly pin: string
}

export interface ScreenState {
  readonly typing: Typing
  readonly burst: Burst
  /** What was typed before the present burst: put back when the burst turns out to be a scanner's. */
  readonly beforeBurst: Typing
  /** The category of typed amounts that Enter takes; null is the first one. */
  readonly category: string | null
  readonly selectedLine: number | null
  readonly sheet: Sheet | null
  readonly notice: Notice | null
}

const nothingTyped: Typing = { amount: '', search: '', pin: '' }

export const emptyScreen: ScreenState = {
  typing: nothingTyped,
  burst: noBurst,
  beforeBurst: nothingTyped,
  category: null,
  selectedLine: null,
  sheet: null,
  notice: null,
}

export type ScreenEvent =
  /**
   * A key from the keyboard that types something: `character` under the system's layout, where `into` says, `scanned`
   * if a scanner pressed it. A text field takes its characters by itself.
   */
  | {
      readonly type: 'character'
      readonly character: string
      readonly scanned: string
      readonly at: number
      readonly into: 'amount' | 'pin' | 'nowhere'
    }
  /** By a key that came at that time. */
  | { readonly type: 'burst_ended'; readonly at: number }
  /** A touch on the keypad: no scanner touches keys. */
  | { readonly type: 'keypad'; readonly character: string }
  | { readonly type: 'backspace' }
  | { readonly type: 'amount_cleared' }
  /** What the PIN is now: by touch, erased or wiped. No digit of what it was before stays, in the burst neither. */
  | { readonly type: 'pin'; readonly text: string }
  | { readonly type: 'search'; readonly text: string }
  | { readonly type: 'category'; readonly category: string }
  | { readonly type: 'line'; readonly line: number | null }
  | { readonly type: 'sheet'; readonly sheet: Sheet | null }
  | { readonly type: 'notice'; readonly notice: Notice | null }

export function screenAfter(state: ScreenState, event: ScreenEvent): ScreenState {
  switch (event.type) {
    case 'character': {
      const burst = extendBurst(state.burst, event.scanned, event.at)
      const begins = burst.characters.length === 1 && !isScanner(burst)
      const beforeBurst = begins ? state.typing : state.beforeBurst
      const next = { ...state, burst, beforeBurst }
      if (isScanner(burst)) return { ...next, typing: beforeBurst }
      if (event.into === 'pin')
        return { ...next, typing: { ...next.typing, pin: typePin(next.typing.pin, event.character) } }
      return event.into === 'amount' && isAmountCharacter(event.character) ? typed(next, event.character) : next
    }
    case 'burst_ended':
      return { ...state, typing: state.beforeBurst, burst: endedBurst(event.at) }
    case 'keypad':
      return typed(state, event.character)
    case 'backspace':
      return { ...state, typing: { ...state.typing, amount: backspaceAmount(state.typing.amount) }, notice: null }
    case 'amount_cleared':
      return { ...state, typing: { ...state.typing, amount: '' }, notice: null }
    case 'pin':
      return pinIs(state, event.text)
    case 'search':
      return { ...state, typing: { ...state.typing, search: event.text } }
    case 'category':
      return { ...state, category: event.category }
    case 'line':
      return { ...state, selectedLine: event.line }
    case 'sheet':
      return { ...state, sheet: event.sheet }
    case 'notice':
      return { ...state, notice: event.notice }
  }
}

/** The burst keeps its length: the rest of a scanner's code stays one, and is neither an amount nor a payment. */
function pinIs(state: ScreenState, pin: string): ScreenState {
  return {
    ...state,
    typing: { ...state.typing, pin },
    beforeBurst: { ...state.beforeBurst, pin },
    burst: { ...state.burst, characters: '•'.repeat(state.burst.characters.length) },
  }
}

function typed(state: ScreenState, character: string): ScreenState {
  const { text, aboveCap } = typeAmount(state.typing.amount, character)
  const notice: Notice | null = aboveCap ? { kind: 'amount_above_cap' } : null
  return { ...state, typing: { ...state.typing, amount: text }, notice }
}

/**
 * The PIN that was typed, for sending it once: the screen has forgotten it before anybody answers.
 *
 * @returns null while it is not whole; then it stays
 */
export function takePin(store: ScreenStore): string | null {
  const { pin } = store.get().typing
  if (!isPin(pin)) return null
  store.dispatch({ type: 'pin', text: '' })
  return pin
}

/** The screen's memory with its listeners. Changes are seen at once: a scanner's keys come faster than frames. */
export interface ScreenStore {
  readonly get: () => ScreenState
  readonly subscribe: (listener: () => void) => () => void
  readonly dispatch: (event: ScreenEvent) => void
}

export function createScreenStore(initial: ScreenState = emptyScreen): ScreenStore {
  let state = initial
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    dispatch: (event) => {
      state = screenAfter(state, event)
      for (const listener of listeners) listener()
    },
  }
}
