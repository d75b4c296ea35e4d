/** What a key means now. Pure: the screen's situation in, one intent out; `keyboard.ts` carries it out. */
import type { Offer, Offers } from './offers.ts'
import { receiptCharacters } from './receipt-number.ts'

export interface Key {
  readonly key: string
  /** The place of the key, the same under every layout. */
  readonly code: string
  readonly alt: boolean
  readonly control: boolean
  readonly repeat: boolean
}

export interface Situation {
  /**
   * A sheet is open: it has its own buttons, and nothing behind it moves. `form`: what is typed is the form's own;
   * `start`: so it is on the screen that opens a shift, where the lists can be opened too; `pin`: the customer types
   * the card's PIN.
   */
  readonly sheet:
    | 'none'
    | 'start'
    | 'pin'
    | 'form'
    | 'question'
    | 'light'
    | 'recent'
    | 'unresolved'
    | 'shift'
    | 'report'
    | 'refund'
    | 'receipt_number'
  /** Where the keyboard's focus is: a control reached by Tab wants Enter and Space for itself. */
  readonly focus: 'page' | 'control' | 'search'
  readonly typing: 'nothing' | 'amount' | 'search'
  readonly offers: Offers
  readonly editable: boolean
  readonly lineSelected: boolean
  readonly noticeShown: boolean
}

export type Intent =
  | { readonly kind: 'offer'; readonly offer: Offer }
  | { readonly kind: 'add_amount' }
  | { readonly kind: 'take_first_found' }
  | { readonly kind: 'clear_amount' }
  | { readonly kind: 'clear_search' }
  | { readonly kind: 'clear_line' }
  | { readonly kind: 'dismiss_notice' }
  | { readonly kind: 'backspace' }
  | { readonly kind: 'move_line'; readonly by: 1 | -1 }
  | { readonly kind: 'change_quantity'; readonly by: 1 | -1 }
  | { readonly kind: 'remove_line' }
  | { readonly kind: 'move_category'; readonly by: 1 | -1 }
  | { readonly kind: 'confirm' }
  /** The next light, or another row of the open list. */
  | { readonly kind: 'step_sheet'; readonly by: 1 | -1 }
  /** For the open list's row; `sync_now` for the whole till. */
  | { readonly kind: 'sheet_action'; readonly action: SheetAction }
  /** A character of a receipt's number, `Backspace`, or `Enter` for looking it up. */
  | { readonly kind: 'receipt_number'; readonly key: string }
  | { readonly kind: 'give_pin' }
  | { readonly kind: 'pin_backspace' }
  | { readonly kind: 'focus_search' }
  | { readonly kind: 'open'; readonly sheet: 'status' | 'unresolved' | 'recent' | 'shift' }
  | { readonly kind: 'next_language' | 'toggle_sound' | 'toggle_theme' | 'open_bench' }
  | { readonly kind: 'swallow' }

export type SheetAction =
  | 'print_again'
  | 'void_sale'
  | 'wait_for_answer'
  | 'cancel_unknown'
  | 'take_up_torn'
  | 'goods_given'
  | 'goods_not_given'
  | 'show_torn'
  | 'sync_now'
  | 'show_refund'
  | 'find_receipt'
  | 'refund_sale'
  | 'x_report'
  | 'z_report'
  | 'close_shift'
  | 'set_cashier'
  | 'print_report'
  | 'confirm_time'

/** What cannot be taken back asks first, and not on the key that answers: a key pressed twice must not be a yes. */
export const sheetKeys: Readonly<Record<SheetAction, string>> = {
  print_again: 'F5',
  wait_for_answer: 'F5',
  sync_now: 'F5',
  void_sale: 'Delete',
  cancel_unknown: 'Delete',
  take_up_torn: 'F9',
  goods_given: 'F6',
  goods_not_given: 'F4',
  show_torn: 'F3',
  show_refund: 'F6',
  find_receipt: 'F2',
  refund_sale: 'F9',
  x_report: 'F5',
  z_report: 'F7',
  close_shift: 'F6',
  set_cashier: 'F2',
  print_report: 'F5',
  confirm_time: 'F9',
}

const sheetActions: Readonly<Record<Situation['sheet'], readonly SheetAction[]>> = {
  none: [],
  start: [],
  pin: [],
  form: [],
  question: [],
  light: ['sync_now', 'confirm_time', 'show_torn'],
  recent: ['print_again', 'void_sale', 'show_refund', 'find_receipt'],
  refund: ['refund_sale'],
  receipt_number: [],
  unresolved: ['wait_for_answer', 'cancel_unknown', 'take_up_torn', 'goods_given', 'goods_not_given'],
  shift: ['x_report', 'z_report', 'close_shift', 'set_cashier', 'confirm_time'],
  report: ['print_report'],
}

/** The key that answers yes to a question: never Enter, which closes nothing that cannot be taken back. */
export const confirmKey = 'F8'

export const screenKeys = { status: 'F1', search: 'F2', unresolved: 'F3', recent: 'F7', shift: 'F10' } as const

/** Alt and this key, wherever it stands in the layout, opens the test bench. */
export const benchKey = 'Alt B'

/** Null: the key is not ours, the browser and the focused control may have it. */
export function intentOf(key: Key, now: Situation): Intent | null {
  if (key.control) return null
  if (key.alt) return altIntent(key)
  if (now.sheet === 'start') return startIntent(key, now)
  if (now.sheet === 'pin') return pinIntent(key, now)
  if (now.sheet !== 'none') return sheetIntent(key, now)
  if (key.key === 'Enter') return enterIntent(key, now)
  if (key.key === 'Escape') return escapeIntent(now)
  const opened = openIntent(key)
  if (opened !== null) return opened
  // Delete belongs to what is being written in the search field; the function keys are nobody else's.
  if (now.focus === 'search' && !/^F\d+$/.test(key.key)) return null
  const offer = everyOffer(now.offers).find((candidate) => candidate.key === key.key)
  if (offer !== undefined) return key.repeat ? null : { kind: 'offer', offer }
  return editIntent(key, now)
}

function altIntent(key: Key): Intent | null {
  if (key.code === 'KeyL') return { kind: 'next_language' }
  if (key.code === 'KeyM') return { kind: 'toggle_sound' }
  if (key.code === 'KeyB') return key.repeat ? null : { kind: 'open_bench' }
  return key.code === 'KeyT' ? { kind: 'toggle_theme' } : null
}

/** The form has its own keys; only what opens a sheet is not its own. */
function startIntent(key: Key, now: Situation): Intent | null {
  if (key.key === 'Escape') return now.noticeShown ? { kind: 'dismiss_notice' } : null
  const opened = openIntent(key)
  return opened?.kind === 'open' ? opened : null
}

/**
 * Digits are typed by the way of all characters (`keyboard.ts`); a control reached by Tab has Enter for itself. Esc
 * cancels at once: what was typed or selected before lies hidden behind the pad.
 */
function pinIntent(key: Key, now: Situation): Intent | null {
  if (key.key === 'Enter')
    return now.focus === 'control' ? null : key.repeat ? { kind: 'swallow' } : { kind: 'give_pin' }
  if (key.key === 'Backspace') return { kind: 'pin_backspace' }
  if (key.key === 'Escape') return now.noticeShown ? { kind: 'dismiss_notice' } : cancelIntent(now)
  const opened = openIntent(key)
  return opened?.kind === 'open' ? opened : null
}

function sheetIntent(key: Key, now: Situation): Intent | null {
  if (now.sheet === 'question') return key.key === confirmKey && !key.repeat ? { kind: 'confirm' } : null
  if (now.sheet === 'receipt_number') return receiptNumberIntent(key, now)
  if (now.sheet === 'refund' && (key.key === '+' || key.key === '-'))
    return { kind: 'change_quantity', by: key.key === '+' ? 1 : -1 }
  const along = now.sheet === 'light' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown']
  if (along.includes(key.key)) return { kind: 'step_sheet', by: key.key === along[0] ? -1 : 1 }
  const action = sheetActions[now.sheet].find((candidate) => sheetKeys[candidate] === key.key)
  return action === undefined || key.repeat ? null : { kind: 'sheet_action', action }
}

function receiptNumberIntent({ key }: Key, { focus }: Situation): Intent | null {
  if (key === 'Enter' && focus === 'control') return null
  const isForUs = key === 'Enter' || key === 'Backspace' || receiptCharacters.includes(key.toLowerCase())
  return isForUs ? { kind: 'receipt_number', key } : null
}

/** Enter pays only when nothing is being typed and no control reached by Tab waits for it (ui.md, "Till"). */
function enterIntent(key: Key, now: Situation): Intent | null {
  if (now.typing === 'search' && now.focus !== 'control') return { kind: 'take_first_found' }
  if (now.focus === 'control') return null
  if (now.typing === 'amount') return { kind: 'add_amount' }
  if (now.focus === 'search' || key.repeat) return { kind: 'swallow' }
  const primary = now.offers.primary
  return primary !== null && primary.key === 'Enter' ? { kind: 'offer', offer: primary } : { kind: 'swallow' }
}

/** One step back, the nearest first. It never cancels a sale. */
function escapeIntent(now: Situation): Intent | null {
  if (now.noticeShown) return { kind: 'dismiss_notice' }
  if (now.typing === 'amount') return { kind: 'clear_amount' }
  if (now.typing === 'search' || now.focus === 'search') return { kind: 'clear_search' }
  if (now.lineSelected) return { kind: 'clear_line' }
  return cancelIntent(now)
}

function cancelIntent(now: Situation): Intent | null {
  const cancel = everyOffer(now.offers).find((offer) => offer.key === 'Escape')
  return cancel === undefined ? null : { kind: 'offer', offer: cancel }
}

function openIntent(key: Key): Intent | null {
  switch (key.key) {
    case screenKeys.status:
      return { kind: 'open', sheet: 'status' }
    case screenKeys.search:
      return { kind: 'focus_search' }
    case screenKeys.unresolved:
      return { kind: 'open', sheet: 'unresolved' }
    case screenKeys.recent:
      return { kind: 'open', sheet: 'recent' }
    case screenKeys.shift:
      return { kind: 'open', sheet: 'shift' }
    default:
      return null
  }
}

function editIntent(key: Key, now: Situation): Intent | null {
  if (key.key === 'Backspace') return now.typing === 'amount' ? { kind: 'backspace' } : null
  if (!now.editable) return null
  if (now.typing === 'amount' && key.key === 'ArrowDown') return { kind: 'move_category', by: 1 }
  if (now.typing === 'amount' && key.key === 'ArrowUp') return { kind: 'move_category', by: -1 }
  if (key.key === 'ArrowDown') return { kind: 'move_line', by: 1 }
  if (key.key === 'ArrowUp') return { kind: 'move_line', by: -1 }
  if (key.key === '+') return { kind: 'change_quantity', by: 1 }
  if (key.key === '-') return { kind: 'change_quantity', by: -1 }
  return key.key === 'Delete' ? { kind: 'remove_line' } : null
}

function everyOffer(offers: Offers): readonly Offer[] {
  return offers.primary === null ? offers.others : [offers.primary, ...offers.others]
}
