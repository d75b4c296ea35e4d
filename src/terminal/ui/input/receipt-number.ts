/** Typing the number of a receipt: the last eight characters of the sale's id. */
import { isReceiptCode } from '../../contract/index.ts'

export const receiptNumberLength = 8
export const receiptCharacters: readonly string[] = [...'0123456789abcdef']

/** @param character as `KeyboardEvent.key` has it; what is no character of a number changes nothing */
export function typeReceiptNumber(typed: string, character: string): string {
  if (character === 'Backspace') return typed.slice(0, -1)
  const next = character.toLowerCase()
  return receiptCharacters.includes(next) && typed.length < receiptNumberLength ? typed + next : typed
}

/**
 * A receipt's code, or null for what is none. A scanner that makes up for Caps Lock, where the system does not have it
 * on, turns every letter's case round: the beginning tells it, and the code is turned back. What follows is base64url,
 * in which case matters.
 */
export function receiptCodeOf(scanned: string): string | null {
  if (isReceiptCode(scanned)) return scanned
  const turned = [...scanned].map(turnedCase).join('')
  return isReceiptCode(turned) ? turned : null
}

const turnedCase = (letter: string): string =>
  letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()
