/**
 * What a scanner means by a key. It types on the US layout and cannot know which one the system has: under the Kazakh
 * layout (RST 903-90) its `4870` arrives as `ңү.қ`. So a scan is read by places and Shift (`KeyboardEvent.code`, UI
 * Events KeyboardEvent code Values), and only what a person types by its letters.
 */

/** Where the keys of signs stand on the US layout: without and with Shift. */
const signs: Readonly<Record<string, string>> = {
  ...{ Digit1: '1!', Digit2: '2@', Digit3: '3#', Digit4: '4$', Digit5: '5%' },
  ...{ Digit6: '6^', Digit7: '7&', Digit8: '8*', Digit9: '9(', Digit0: '0)' },
  ...{ Backquote: '`~', Minus: '-_', Equal: '=+', BracketLeft: '[{', BracketRight: ']}', Backslash: '\\|' },
  ...{ Semicolon: ';:', Quote: `'"`, Comma: ',<', Period: '.>', Slash: '/?', Space: '  ' },
}

/** Whatever NumLock and Shift are: a scanner that types on the keypad means what is printed on it. */
const keypadSigns: Readonly<Record<string, string>> = {
  ...{ NumpadAdd: '+', NumpadSubtract: '-', NumpadMultiply: '*', NumpadDivide: '/' },
  ...{ NumpadDecimal: '.', NumpadComma: ',', NumpadEqual: '=' },
}

/**
 * One character, or null for a key that types none. Shift alone says which of a letter's two cases: Caps Lock, which
 * may turn the letter round, was pressed by the cashier and not by the scanner. A key without a place that is known
 * (a virtual keyboard) is taken by its letter.
 */
export function scannedCharacter({
  key,
  code,
  shiftKey,
}: Pick<KeyboardEvent, 'key' | 'code' | 'shiftKey'>): string | null {
  const letter = /^Key([A-Z])$/.exec(code)?.[1]
  if (letter !== undefined) return shiftKey ? letter : letter.toLowerCase()
  const onKeypad = /^Numpad(\d)$/.exec(code)?.[1] ?? keypadSigns[code]
  return onKeypad ?? signs[code]?.[shiftKey ? 1 : 0] ?? (key.length === 1 ? key : null)
}
