/** Typing the number of a receipt: the last eight characters of the sale's id. */

export const receiptNumberLength = 8
export const receiptCharacters: readonly string[] = [...'0123456789abcdef']

/** @param character as `KeyboardEvent.key` has it; what is no character of a number changes nothing */
export function typeReceiptNumber(typed: string, character: string): string {
  if (character === 'Backspace') return typed.slice(0, -1)
  const next = character.toLowerCase()
  return receiptCharacters.includes(next) && typed.length < receiptNumberLength ? typed + next : typed
}

/** A receipt's code, as a scanner types it (`src/sync/protocol/receipt-presentment.ts`). */
export function isReceiptCode(scanned: string): boolean {
  return scanned.startsWith('TOLEM1.')
}
