/**
 * What of a scanner's codes and a keypad's keys may act. They come by two ways, at their own pace, and late: each is
 * taken by when it was pressed, and not by when it came. All times are milliseconds of the window's event clock.
 */
import { extendBurst, isWithinBurst, noBurst } from './scanner-burst.ts'

/** So far apart are the two of one press at the most. No hand scans or presses the same twice in this time. */
export const echoMs = 500
/** What was pressed longer ago was meant for a screen that is gone. */
export const lateMs = 500
/** After a PIN was asked for, the keypad is still in the customer's hand until it was quiet for so long. */
export const pinTailMs = 3_000
/** How long an echo is waited for: the two ways are not equally late. */
const rememberedMs = 10_000

type Way = 'typed' | 'device'

/** Tells the second of two that came by both ways. */
export class EchoFilter {
  #heard: readonly { readonly way: Way; readonly what: string; readonly at: number }[] = []

  /**
   * True for what has come by the other way already; each is taken for the echo of one only.
   *
   * @param at when it was pressed
   */
  isEcho(way: Way, what: string, at: number): boolean {
    const recent = this.#heard.filter((heard) => at - heard.at < rememberedMs)
    const twin = recent.find((one) => one.way !== way && one.what === what && Math.abs(at - one.at) < echoMs)
    this.#heard = twin === undefined ? [...recent, { way, what, at }] : recent.filter((heard) => heard !== twin)
    return twin !== undefined
  }

  /** It acts for nobody: what comes by the other way is no echo of it. */
  forget(way: Way, what: string, at: number): void {
    this.#heard = this.#heard.filter((one) => one.way !== way || one.what !== what || one.at !== at)
  }
}

/** `take`: it acts. `late`: a key of a line is missing, and what was typed before it is no line. */
type Verdict = 'take' | 'drop' | 'late'

interface TypedKey {
  readonly key: string
  /** `KeyboardEvent.code`: the key's place, which NumLock and the layout do not change. */
  readonly code: string
  readonly at: number
}

/** Keys of one keyboard, one keypad and any scanners, in the order in which the window hears of them. */
export class DeviceGate {
  readonly #echoes = new EchoFilter()
  #typed = noBurst
  #asksPin = false
  /** The rest of a line that nobody asks for any more: its keys mean nothing until Enter, or until it was quiet. */
  #tail: { readonly until: number; readonly ofPin: boolean } | null = null
  /** The keypad types as well: an echo of one of its keys was heard. */
  #keypadTypes = false

  /** @param asksPin the customer's PIN is asked for, from `now` on or no more */
  asks(asksPin: boolean, now: number): void {
    if (this.#asksPin && !asksPin) this.#tail = { until: now + pinTailMs, ofPin: true }
    if (!this.#asksPin && asksPin) this.#tail = null
    this.#asksPin = asksPin
  }

  /** @param at when it was scanned */
  scanned(code: string, at: number, now: number): Verdict {
    if (this.#echoes.isEcho('device', `code ${code}`, at)) return 'drop'
    if (now - at > lateMs) return this.#late('code', code, at)
    return this.#asksPin ? 'drop' : 'take'
  }

  /** A keypad's key. @param key as `KeyboardEvent.key` has it @param at when it was pressed */
  pressed(key: string, at: number, now: number): Verdict {
    if (this.#echoes.isEcho('device', `key ${key}`, at)) {
      this.#keypadTypes = true
      return 'drop'
    }
    if (now - at > lateMs) {
      this.#tail = key === 'Enter' ? null : { until: now + pinTailMs, ofPin: this.#tail?.ofPin ?? false }
      return this.#late('key', key, at)
    }
    return this.#isOfTail(key, at) ? 'drop' : 'take'
  }

  /** True for a code that a scanner typed, unless the same has been scanned. @param at when its Enter came */
  typedCode(code: string, at: number): boolean {
    return !this.#echoes.isEcho('typed', `code ${code}`, at)
  }

  /** False for a key from the keyboard that goes no further. */
  typedKey({ key, code, at }: TypedKey): boolean {
    const before = this.#typed
    if (key.length === 1) this.#typed = extendBurst(before, key, at)
    const what = keypadKeyAt(code)
    if (what === null || isOfScan(before, what, at)) return true
    if (this.#echoes.isEcho('typed', `key ${what}`, at)) {
      this.#keypadTypes = true
      return false
    }
    return !(this.#keypadTypes && this.#tail?.ofPin === true && this.#isOfTail(what, at))
  }

  #isOfTail(key: string, at: number): boolean {
    const tail = this.#tail
    if (tail === null || at >= tail.until) {
      this.#tail = null
      return false
    }
    this.#tail = key === 'Enter' ? null : { ...tail, until: Math.max(tail.until, at + pinTailMs) }
    return true
  }

  /** By the other way it may still come in time. */
  #late(kind: 'code' | 'key', what: string, at: number): Verdict {
    this.#echoes.forget('device', `${kind} ${what}`, at)
    return 'late'
  }
}

/** A scanner is in the middle of a code: of a hand come three keys so fast only from a keypad's 00 and 000. */
function isOfScan(before: typeof noBurst, what: string, at: number): boolean {
  if (!isWithinBurst(before, at) || before.characters.length < 2) return false
  return what !== '0' || !/^0+$/.test(before.characters)
}

/** The keypad's key at a place of the keyboard (UI Events KeyboardEvent code Values); null for no key of a keypad. */
function keypadKeyAt(code: string): string | null {
  const digit = /^(?:Numpad|Digit)(\d)$/.exec(code)?.[1]
  if (digit !== undefined) return digit
  if (['NumpadDecimal', 'NumpadComma', 'Comma', 'Period'].includes(code)) return ','
  if (code === 'Enter' || code === 'NumpadEnter') return 'Enter'
  return code === 'Backspace' || code === 'NumpadBackspace' ? 'Backspace' : null
}
