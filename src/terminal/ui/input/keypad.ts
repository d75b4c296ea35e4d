/** Typing an amount: tenge, then at most two digits of tiyn after a comma, never more than is plausible at a till. */
import { tiyn, type Tiyn } from '../../contract/index.ts'

/** 500 000 ₸: above any sale of a canteen or a shop, below a slip of two digits. The core has its own limit. */
export const amountCap: Tiyn = tiyn(50_000_000n)

export interface Typed {
  readonly text: string
  /** The character would have made an amount above `amountCap` and was not taken. */
  readonly aboveCap: boolean
}

export function isAmountCharacter(character: string): boolean {
  return /^[0-9.,]$/.test(character)
}

/** `text` is what was typed so far: '', '12', '12,' or '12,5'. Characters that do not fit change nothing. */
export function typeAmount(text: string, character: string): Typed {
  const unchanged = { text, aboveCap: false }
  const comma = text.includes(',')
  if (character === ',' || character === '.') return comma ? unchanged : { text: `${text || '0'},`, aboveCap: false }
  if (!/^\d$/.test(character)) return unchanged
  if (comma && text.length - text.indexOf(',') > 2) return unchanged
  const next = text === '0' ? character : text + character
  return (tiynOf(next) ?? 0n) > amountCap ? { text, aboveCap: true } : { text: next, aboveCap: false }
}

export function backspaceAmount(text: string): string {
  return text === '0,' ? '' : text.slice(0, -1)
}

/** Of a card's PIN, as of a cashier's. */
const pinLengthMost = 8

/** Whole: four to eight digits, of a card or of a cashier. */
export const isPin = (text: string): boolean => /^\d{4,8}$/.test(text)

export function isPinCharacter(character: string): boolean {
  return /^\d$/.test(character)
}

/** What does not fit changes nothing. */
export function typePin(text: string, character: string): string {
  return isPinCharacter(character) && text.length < pinLengthMost ? text + character : text
}

function tiynOf(text: string): bigint | null {
  const match = /^(\d+)(?:,(\d{0,2}))?$/.exec(text)
  if (match === null) return null
  return BigInt(match[1] ?? '0') * 100n + BigInt((match[2] ?? '').padEnd(2, '0'))
}

/** The amount typed, or null while it is nothing or zero. */
export function typedAmount(text: string): Tiyn | null {
  const amount = tiynOf(text)
  return amount === null || amount === 0n || amount > amountCap ? null : tiyn(amount)
}

/** As the keypad's display shows it: "1 150,5 ₸", with the groups of `formatTenge`. */
export function formatTyped(text: string): string {
  const [whole = '', fraction] = (text || '0').split(',')
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, '\u202F')
  return `${groups}${fraction === undefined ? '' : `,${fraction}`}\u00A0₸`
}
